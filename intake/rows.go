package intake

import (
	"context"
	"errors"
	"io"
	"strings"

	"unseal/catalog"
	"unseal/intake/container"
	"unseal/intake/reader"
	"unseal/intake/table"
	"unseal/trove"
)

// rowsMark stands in the type of a file that was looked into for tables of
// mails, so that a run without a mapping does not count on with its progress.
const rowsMark = "+mails"

// TableOfMails is a table whose rows look like mails.
type TableOfMails struct {
	Name    string // of the file, with its place in the trove
	Mapping string // guessed; see [Options.Mails]
}

// maxTables bounds how many of them a run tells.
const maxTables = 20

func (s *ReadSummary) table(t TableOfMails) {
	if t.Mapping != "" && len(s.Mails) < maxTables {
		s.Mails = append(s.Mails, t)
	}
}

// tableOfMails is what reading said of the item, if it is a table of mails.
func (j *job) tableOfMails(res *reader.Result) TableOfMails {
	for _, f := range res.Reading.Facts {
		if f.Name == table.Option && f.Part == "" && j.u.Kind == trove.Table {
			return TableOfMails{j.path, f.Value}
		}
	}
	return TableOfMails{}
}

// anew forgets how far earlier runs came with a file where this run finds more
// or less in it than they did. What is there already is not doubled.
func (s *source) anew(f catalog.File) catalog.File {
	marked := strings.HasSuffix(f.Type, rowsMark)
	if s.run.o.Mails != "" || marked && !f.Done {
		f.Progress, f.Done = 0, false
	}
	return f
}

// isRows reports whether a file is a table whose rows are to be messages.
func (s *source) isRows(head []byte, name string) bool {
	if s.run.o.Mails == "" {
		return false
	}
	kind, _ := s.run.o.KindOf(head, name)
	return kind == trove.Table
}

// rows takes in a table, and a message of each of its rows under the mapping
// that the operator confirmed. A table without the columns of the mapping stays
// a table, and its file says so.
func (s *source) rows(ctx context.Context, h *handed, l leaf, c *content, head []byte) error {
	if err := s.whole(ctx, h, l, c, head); err != nil {
		return err
	}
	o := container.Options{MaxEntries: h.entries, Mapping: s.run.o.Mails, Name: lastName(l.path)}
	var stop error
	report, err := s.run.pool.Expand(ctx, c.r, c.size, container.Rows, o, func(m container.Member, r io.Reader) error {
		h.entries--
		stop = s.member(ctx, h, l, m, r)
		return stop
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case stop != nil && !errors.Is(stop, errBomb):
		return stop
	case errors.Is(err, container.ErrDocument):
		h.warn("table-of-mails", "%s: it does not have the columns of the mapping, its rows were not taken in as messages", l.path)
		return nil
	}
	for _, w := range append(report.Notes, problems(report, err, stop)...) {
		h.warn(w.Code, "%s: %s", l.path, w.Text)
	}
	return nil
}
