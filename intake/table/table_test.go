package table

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"unseal/intake/mail"
	"unseal/reading"
	"unseal/trove"
)

func rows(t testing.TB, s string, delim byte) (list [][]string) {
	t.Helper()
	r := NewRows(strings.NewReader(s), delim)
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, row)
	}
}

func TestRowsReadWhatRealFilesHold(t *testing.T) {
	for _, c := range []struct {
		in   string
		want [][]string
	}{
		{"a,b\r\nc,d\r\n", [][]string{{"a", "b"}, {"c", "d"}}},
		{"a,\"b,\"\"c\"\"\nd\"\n", [][]string{{"a", "b,\"c\"\nd"}}},
		{"a,b \"c\" d\n", [][]string{{"a", `b "c" d`}}},
		{"a\rb\r", [][]string{{"a"}, {"b"}}},
		{"\n\na,\n", [][]string{{"a", ""}}},
		{"a,\"never closed\nb", [][]string{{"a", "never closed\nb"}}},
		{"", nil},
	} {
		got := rows(t, c.in, ',')
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%q = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestARowIsReadWithinItsLimits(t *testing.T) {
	r := NewRows(io.MultiReader(strings.NewReader(strings.Repeat(",", maxFields+5)+"\n"), strings.NewReader("b,"+strings.Repeat("x", maxField+9)+"\nc")), ',')
	first, err := r.Next()
	if err != nil || len(first) != maxFields || !r.Cut {
		t.Fatalf("%d fields, %v, %v", len(first), r.Cut, err)
	}
	second, err := r.Next()
	if err != nil || len(second) != 2 || len(second[1]) != maxField {
		t.Fatalf("%d fields, %v", len(second), err)
	}
	if third, err := r.Next(); err != nil || third[0] != "c" {
		t.Fatalf("%q, %v", third, err)
	}
}

func TestTheDialectIsTold(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       byte
	}{
		{"a,b,c\n1,2,3\n4,5,6\n", "x.csv", ','},
		{"name;amount\nx;1,50\ny;2,75\n", "x.csv", ';'},
		{"a\tb\nc, d\te\nf\tg\n", "x", '\t'},
		{"a|b|c\n1|2|3\n", "x.txt", '|'},
		{"one\ntwo\nthree\n", "x.csv", 0},
		{"\"a;b\",c\n\"d;e\",f\n", "x.csv", ','},
	} {
		if got := Delimiter(c.text, c.name); got != c.want {
			t.Errorf("%q is divided by %q, want %q", c.text, got, c.want)
		}
	}
}

func TestCharsetsOfTablesAreRead(t *testing.T) {
	for _, c := range []struct{ bytes, want string }{
		{"name,ville\nR\xe9mi,Orl\xe9ans\n", "Rémi\tOrléans"},
		{"\xef\xbb\xbfname,town\nRémi,x\n", "name\ttown\nRémi\tx"},
		{"\xff\xfen\x00a\x00,\x00b\x00\n\x00\xe9\x00,\x00d\x00\n\x00", "na\tb\né\td"},
	} {
		res := Read(context.Background(), input("t.csv", []byte(c.bytes)))
		if !strings.Contains(res.Text, c.want) {
			t.Errorf("%q reads %q, want %q", c.bytes, res.Text, c.want)
		}
	}
}

func TestJSONTablesAreRead(t *testing.T) {
	for _, s := range []string{
		`[{"from":"a@b","n":1,"tags":["x","y"]},{"from":"c@d","extra":{"k":null},"n":null}]`,
		"{\"from\":\"a@b\",\"n\":1,\"tags\":[\"x\",\"y\"]}\n{\"from\":\"c@d\",\"extra\":{\"k\":null},\"n\":null}\n",
	} {
		if kind, typ := Detect([]byte(s), "t.json"); kind != trove.Table || !Takes(kind, typ) {
			t.Fatalf("%s is detected as %q, %q", s, kind, typ)
		}
		res := Read(context.Background(), input("t.json", []byte(s)))
		want := [][]string{{"from", "n", "tags", "extra"}, {"a@b", "1", "x; y"}, {"c@d", "", "", `{"k":null}`}}
		if got := res.Reading.Sheets[0].Cells; fmt.Sprint(got) != fmt.Sprint(want) || !res.Reading.Sheets[0].Head {
			t.Errorf("%s = %q, want %q", s, got, want)
		}
	}
	res := Read(context.Background(), input("t.json", []byte(`[{"a":1},{"a":`)))
	if res.Partly == "" || len(res.Reading.Sheets[0].Cells) != 2 {
		t.Errorf("a table that is cut off: %+v", res)
	}
}

func TestOtherTextIsNoTable(t *testing.T) {
	for name, s := range map[string]string{
		"a.txt": "Dear all,\nthe first, second and third.\nYours, Ann\n", "b.json": `{"messages":[]}`, "c.csv": "<!doctype html><p>", "d.json": `[1,2]`, "e": "",
		"f.txt": "a\tb\tc\nd\te\nf\tg\th\ni\tj\tk\nl\tm\tn\no\tp\tq\n",
	} {
		if kind, _ := Detect([]byte(s), name); kind != "" {
			t.Errorf("%s is a table", name)
		}
	}
}

func TestALongTableIsShownInPart(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,text\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "%d,%s\n", i, strings.Repeat("x", 8000))
	}
	res := Read(context.Background(), input("t.csv", []byte(b.String())))
	s := res.Reading.Sheets[0]
	if s.Rows != 3001 || len(s.Cells) > reading.MaxRows || len(s.Cells[1][1]) > MaxCell+10 || len(res.Text) > MaxText || res.Partly == "" {
		t.Fatalf("%d rows, %d shown, %d bytes of text, %q", s.Rows, len(s.Cells), len(res.Text), res.Partly)
	}
}

func TestABookMakesFilesThatReadBack(t *testing.T) {
	book := Book{CSV: true}
	book.Open("A", false)
	want := [][]string{{"x", "a,b"}, {`say "hi"`, "two\nlines"}}
	for _, r := range want {
		book.Row(r)
	}
	book.Open("B", true)
	book.Row([]string{""})
	book.Close()
	got, err := csv.NewReader(strings.NewReader(string(book.Files[0].Bytes))).ReadAll()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || book.Files[0].Name != "s1.csv" || !book.Sheets[1].Hidden {
		t.Fatalf("%q, %v, %+v", got, err, book.Sheets)
	}
}

// header and rows of the table of mails that the State Department's answer was
// brought into, as it is handed around.
var stateHeader = strings.Split("Id,DocNumber,MetadataSubject,MetadataTo,MetadataFrom,SenderPersonId,MetadataDateSent,MetadataDateReleased,MetadataPdfLink,MetadataCaseNumber,MetadataDocumentClass,ExtractedSubject,ExtractedTo,ExtractedFrom,ExtractedCc,ExtractedDateSent,ExtractedCaseNumber,ExtractedDocNumber,ExtractedDateReleased,ExtractedReleaseInPartOrFull,ExtractedBodyText,RawText", ",")

func stateRow(n int) []string {
	body := strings.Repeat("words of the mail ", 10+n)
	return []string{fmt.Sprint(n), fmt.Sprintf("C0573954%d", n), "WOW", "Doe, Jane", "Sullivan, Jacob J", "87", "2012-09-12T04:00:00+00:00", "2015-05-22T04:00:00+00:00", "DOCUMENTS/x.pdf", "F-2015-04841", "HRC", "FW: Wow", "", "Sullivan, Jacob J <Sullivan@state.example>", "", "Wednesday, September 12, 2012 10:16 AM", "F-2015-04841", "C0573954", "05/13/2015", "RELEASE IN FULL", body, "UNCLASSIFIED " + body}
}

func TestMappingsAreGuessed(t *testing.T) {
	var state [][]string
	for n := range 5 {
		state = append(state, stateRow(n))
	}
	for _, c := range []struct {
		header []string
		rows   [][]string
		want   string
	}{
		{stateHeader, state, "from=MetadataFrom,to=MetadataTo,cc=ExtractedCc,subject=MetadataSubject,date=MetadataDateSent,body=ExtractedBodyText,id=DocNumber"},
		{[]string{"Message-ID", "Date", "From", "To", "Subject", "Body"}, [][]string{{"<a@b>", "13/02/2011 10:00", "a@b", "c@d", "hi", strings.Repeat("text ", 20)}}, "from=From,to=To,subject=Subject,date=Date,body=Body,id=Message-ID,dates=dmy"},
		{[]string{"Absender", "Empfänger", "Betreff", "Datum", "Text"}, [][]string{{"Ann", "Bob", "Hallo", "13.02.2011", strings.Repeat("Wort ", 20)}}, "from=Absender,to=Empfänger,subject=Betreff,date=Datum,body=Text"},
		{[]string{"id", "name", "price"}, [][]string{{"1", "x", "2"}}, "id=id"},
		{[]string{"page", "line", "text"}, [][]string{{"1", "2", "U.S. Department of Justice, Attorney"}}, "body=text"},
	} {
		m := Guess(c.header, c.rows)
		if m.String() != c.want {
			t.Errorf("%v: %s, want %s", c.header, m, c.want)
		}
		if want := strings.Contains(c.want, "date"); m.Mails() != want {
			t.Errorf("%s: mails %v", m, m.Mails())
		}
	}
}

func TestMappingsReadBackToThemselves(t *testing.T) {
	m := Mapping{From: "Sender", Subject: `Re, "what"`, Date: "a=b", Dates: "mdy"}
	got, err := ParseMapping(m.String())
	if err != nil || got.String() != m.String() || got[Subject] != m[Subject] {
		t.Fatalf("%s reads back as %s, %v", m, got, err)
	}
	for _, s := range []string{"", "from", "from=", "sender=X", "from=A,from=B", "dates=ymd"} {
		if _, err := ParseMapping(s); err == nil {
			t.Errorf("%q passes", s)
		}
	}
	if m, err := ParseMapping(" From = Sender , body=Text"); err != nil || m[From] != "Sender" || m[Body] != "Text" {
		t.Errorf("what a person writes: %v, %v", m, err)
	}
}

func expand(t testing.TB, table, mapping string) (mails []string, report Report, err error) {
	t.Helper()
	m, err := ParseMapping(mapping)
	if err != nil {
		t.Fatal(err)
	}
	report, err = Expand(context.Background(), input("t.csv", []byte(table)), m, func(msg Message) error {
		mails = append(mails, string(msg.Raw))
		return nil
	})
	return mails, report, err
}

func TestWhatATableDoesNotSayIsNotInvented(t *testing.T) {
	mails, report, err := expand(t, "From,To,When,Text,Ref\n\"Doe, Jane\",a@b.example; Bob <c@d.example>,2011-03-11 13:36,Salut é,R 7\nx@y.example,,03/04/2011,hi,\n,,,,\n", "from=From,to=To,date=When,body=Text,id=Ref")
	if err != nil || report != (Report{Mails: 2, Undated: 1, Zoneless: 1, Empty: 1}) {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, want := range []string{
		"X-Unseal-Source: row 1 of t.csv\r\n", "From: \"Doe, Jane\"\r\n", "To: a@b.example, \"Bob\" <c@d.example>\r\n",
		"Date: Fri, 11 Mar 2011 13:36:00 -0000 (the table states no zone)\r\n", "X-Unseal-ID: R 7\r\n", "\r\n\r\nSalut é\r\n",
	} {
		if !strings.Contains(mails[0], want) {
			t.Errorf("no %q in\n%s", want, mails[0])
		}
	}
	if strings.Contains(mails[0], "Message-ID") || strings.Contains(mails[1], "\nDate:") || !strings.Contains(mails[1], "X-Unseal-Date: 03/04/2011") {
		t.Errorf("invented:\n%s\n%s", mails[0], mails[1])
	}
	rec, text := mail.Parse([]byte(mails[0]))
	if rec.From[0].Name != "Doe, Jane" || rec.From[0].Addr != "" || len(rec.To) != 2 || strings.TrimSpace(text) != "Salut é" {
		t.Errorf("%+v %q", rec, text)
	}
}

func TestTheSameTableGivesTheSameMails(t *testing.T) {
	table := "From,To,Date,Body\na@b,c@d,2011-01-02," + strings.Repeat("long ", 300) + "\n"
	first, _, err := expand(t, table, "from=From,to=To,date=Date,body=Body")
	second, _, _ := expand(t, table, "from=From,to=To,date=Date,body=Body")
	if err != nil || !slices.Equal(first, second) || !strings.Contains(first[0], "quoted-printable") {
		t.Fatalf("%v\n%s", err, first)
	}
}

func TestAMappingThatDoesNotFitIsRefused(t *testing.T) {
	if _, _, err := expand(t, "a,b\n1,2\n", "from=a,to=c,body=b"); err == nil || !strings.Contains(err.Error(), `no column "c"`) {
		t.Fatal(err)
	}
	if _, _, err := expand(t, "a,b\n1,2\n", "from=a"); err == nil {
		t.Fatal("a mapping without text passes")
	}
}

func TestDatesReadInTwoWaysNeedAnAnswer(t *testing.T) {
	for _, c := range []struct{ in, order, want string }{
		{"03/04/2011 10:00", "", ""}, {"03/04/2011 10:00", "dmy", "2011-04-03T10:00"}, {"03/04/2011 10:00", "mdy", "2011-03-04T10:00"},
		{"Friday, March 11, 2011 1:36 PM", "", "2011-03-11T13:36"}, {"2011-03-11T05:00:00+02:00", "", "2011-03-11T05:00"}, {"99", "dmy", ""}, {"", "dmy", ""},
	} {
		m, ok := parseDate(c.in, c.order)
		if got := m.time.Format("2006-01-02T15:04"); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%q (%s) = %s, %v, want %s", c.in, c.order, got, ok, c.want)
		}
	}
	if got := dayOrder([][]string{{"01/02/2011"}, {"13/02/2011"}}, 0); got != "dmy" {
		t.Errorf("order %q", got)
	}
	if got := dayOrder([][]string{{"01/02/2011"}, {"03/04/2011"}}, 0); got != "" {
		t.Errorf("undecidable order %q", got)
	}
}
