package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"unseal/intake/container"
	"unseal/intake/office"
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
	e := rowExpansion{visit: visit, left: o.MaxEntries}
	err = container.ErrDocument // unless a sheet has the columns
	for _, s := range sheetsIn(&reader.Input{Request: reader.Request{Name: o.Name}, Content: r, Size: size}) {
		one := e.sheet(s, m)
		if errors.Is(one, table.ErrColumns) {
			continue
		}
		if err = one; err != nil {
			break
		}
	}
	return e.told(), err
}

// rowExpansion is a file of tables while messages are made of its rows.
type rowExpansion struct {
	visit  container.Visit
	left   int
	report container.Report
	made   table.Report
}

func (e *rowExpansion) sheet(s sheetIn, m table.Mapping) error {
	made, err := table.Expand(context.Background(), s.Input, m, func(msg table.Message) error {
		if e.left--; e.left < 0 {
			return errManyRows
		}
		e.report.Members++
		return e.visit(container.Member{Name: fmt.Sprintf("%srow-%d.eml", s.prefix, msg.Row), Rule: trove.Reconstructed}, bytes.NewReader(msg.Raw))
	})
	if !errors.Is(err, table.ErrColumns) {
		e.made.Add(made)
	}
	return err
}

// told is the report with what a person should know of the messages.
func (e *rowExpansion) told() container.Report {
	for _, n := range []struct {
		count int
		text  string
	}{
		{e.made.Zoneless, "%d messages made of rows state no time zone: their date is written with the zone -0000, not known"},
		{e.made.Undated, "%d messages made of rows have a date that cannot be read, or in two ways (dates=dmy or dates=mdy in the mapping decides)"},
		{e.made.Empty, "%d rows hold nothing in the columns of the mapping"},
	} {
		if n.count > 0 {
			e.report.Notes = append(e.report.Notes, trove.Warning{Code: "table-of-mails", Text: fmt.Sprintf(n.text, n.count)})
		}
	}
	if e.made.Cut {
		e.report.Problems = append(e.report.Problems, trove.Warning{Code: container.Damaged, Text: "fields or rows of the table are longer than is read"})
	}
	return e.report
}

// sheetIn is a table of a file, and what its messages are called by.
type sheetIn struct {
	*reader.Input
	prefix string
}

// sheetsIn are the tables of a file: itself, or the sheets of a workbook.
func sheetsIn(in *reader.Input) []sheetIn {
	head := make([]byte, min(in.Size, container.HeadSize))
	n, _ := in.Content.ReadAt(head, 0) // the end is no error
	if kind, typ := table.Detect(head[:n], in.Name); table.Takes(kind, typ) {
		return []sheetIn{{in, ""}}
	}
	var list []sheetIn
	for _, f := range office.Read(context.Background(), in).Files {
		number := strings.TrimSuffix(strings.TrimPrefix(f.Name, "s"), ".csv")
		list = append(list, sheetIn{&reader.Input{
			Request: reader.Request{Name: in.Name + ", sheet " + number}, Content: bytes.NewReader(f.Bytes), Size: int64(len(f.Bytes)),
		}, "sheet-" + number + "-"})
	}
	return list
}
