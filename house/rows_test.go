package house

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"unseal/intake/container"
	"unseal/trove"
)

// TestRowsOfAWorkbookAreMessages opens both sheets of one: that without the
// columns of the mapping gives nothing.
func TestRowsOfAWorkbookAreMessages(t *testing.T) {
	f := excelize.NewFile()
	for cell, v := range map[string]string{"A1": "note", "A2": "nothing here"} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.NewSheet("Mails"); err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]any{{"From", "To", "Sent", "Text"}, {"Ann", "bob@ours.example", "2011-03-11 13:36", "The first."}, {"Bob", "ann@ours.example", "2011-03-12 08:00", "The second."}} {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Mails", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var book bytes.Buffer
	if err := f.Write(&book); err != nil {
		t.Fatal(err)
	}
	var names, mails []string
	o := container.Options{MaxEntries: 10, Mapping: "from=From,to=To,date=Sent,body=Text", Name: "answer.xlsx"}
	report, err := expand(bytes.NewReader(book.Bytes()), int64(book.Len()), container.Rows, o, func(m container.Member, r io.Reader) error {
		b, err := io.ReadAll(r)
		names, mails = append(names, m.Name), append(mails, string(b))
		if m.Rule != trove.Reconstructed {
			t.Errorf("rule %q", m.Rule)
		}
		return err
	})
	if err != nil || report.Members != 2 || len(report.Notes) != 1 || strings.Join(names, " ") != "sheet-2-row-1.eml sheet-2-row-2.eml" {
		t.Fatalf("%+v %v %v", report, names, err)
	}
	if !strings.Contains(mails[1], "X-Unseal-Source: row 2 of answer.xlsx, sheet 2\r\n") || !strings.Contains(mails[1], "\r\n\r\nThe second.\r\n") {
		t.Errorf("%s", mails[1])
	}
	o.Mapping = "from=Sender,to=To,body=Text"
	if _, err := expand(bytes.NewReader(book.Bytes()), int64(book.Len()), container.Rows, o, nil); !errors.Is(err, container.ErrDocument) {
		t.Errorf("a mapping that fits no sheet: %v", err)
	}
	o.MaxEntries, o.Mapping = 1, "from=From,to=To,date=Sent,body=Text"
	if _, err := expand(bytes.NewReader(book.Bytes()), int64(book.Len()), container.Rows, o, func(container.Member, io.Reader) error { return nil }); !errors.Is(err, errManyRows) {
		t.Errorf("more rows than allowed: %v", err)
	}
}
