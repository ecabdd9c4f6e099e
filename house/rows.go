package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"unseal/intake/container"
	"unseal/intake/reader"
	"unseal/intake/table"
	"unseal/trove"
)

// errManyRows says that a table has more rows than are taken in.
var errManyRows = errors.New("more rows than are taken in")

// ErrMapping says that a mapping of a table to mails cannot be read: write it
// anew.
var ErrMapping = errors.New("the mapping of the table")

func checkMapping(s string) error {
	if s == "" {
		return nil
	}
	m, err := table.ParseMapping(s)
	if err == nil && !m.Mails() {
		err = errors.New("messages need body or subject, and date or from and to")
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMapping, err)
	}
	return nil
}

// expand opens a container in a child; the rows of a table are messages under
// the mapping that the operator confirmed.
func expand(r io.ReaderAt, size int64, f container.Format, o container.Options, visit container.Visit) (container.Report, error) {
	if f != container.Rows {
		return container.Expand(r, size, f, o, visit)
	}
	m, err := table.ParseMapping(o.Mapping)
	if err != nil {
		return container.Report{}, err
	}
	var report container.Report
	in := &reader.Input{Request: reader.Request{Name: o.Name}, Content: r, Size: size}
	made, err := table.Expand(context.Background(), in, m, func(msg table.Message) error {
		if report.Members++; report.Members > o.MaxEntries {
			return errManyRows
		}
		return visit(container.Member{Name: fmt.Sprintf("row-%d.eml", msg.Row), Rule: trove.Reconstructed}, bytes.NewReader(msg.Raw))
	})
	if errors.Is(err, table.ErrColumns) {
		return report, container.ErrDocument
	}
	for _, n := range []struct {
		count int
		text  string
	}{
		{made.Zoneless, "%d messages made of rows state no time zone: their date is written with the zone -0000, not known"},
		{made.Undated, "%d messages made of rows have a date that cannot be read, or in two ways (dates=dmy or dates=mdy in the mapping decides)"},
		{made.Empty, "%d rows hold nothing in the columns of the mapping"},
	} {
		if n.count > 0 {
			report.Notes = append(report.Notes, trove.Warning{Code: "table-of-mails", Text: fmt.Sprintf(n.text, n.count)})
		}
	}
	if made.Cut {
		report.Problems = append(report.Problems, trove.Warning{Code: container.Damaged, Text: "fields or rows of the table are longer than is read"})
	}
	return report, err
}
