package main

import (
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"unseal/search"
)

// ftsEngine is SQLite's FTS5 in a table without content, so that it stores no
// text, with its default tokenizer; dates and senders lie in a table beside it.
type ftsEngine struct{}

func (ftsEngine) name() string { return "SQLite FTS5" }

const ftsTables = `
CREATE VIRTUAL TABLE words USING fts5(subject, body, sender, receivers, content='', tokenize='unicode61');
CREATE TABLE mail(id INTEGER PRIMARY KEY, date INTEGER, year TEXT, person TEXT, collection TEXT);
`

// openSQL opens a database for making or for reading only.
func openSQL(dir, pragmas string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.Join(dir, "fts.db")+"?"+pragmas)
}

func (ftsEngine) build(dir string, docs iter.Seq2[*search.Doc, error]) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	db, err := openSQL(dir, "_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-65536)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(ftsTables); err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := ftsFill(tx, docs); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if _, err := tx.Exec(`INSERT INTO words(words) VALUES('optimize')`); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func ftsFill(tx *sql.Tx, docs iter.Seq2[*search.Doc, error]) error {
	words, err := tx.Prepare(`INSERT INTO words(rowid, subject, body, sender, receivers) VALUES(?,?,?,?,?)`)
	if err != nil {
		return err
	}
	mail, err := tx.Prepare(`INSERT INTO mail VALUES(?,?,?,?,?)`)
	if err != nil {
		return err
	}
	for d, err := range docs {
		if err != nil {
			return err
		}
		b := toBleve(d)
		receivers := b.Text[2+len(b.From):]
		if _, err := words.Exec(d.Number, d.Subject, d.Body, strings.Join(b.From, " | "), strings.Join(receivers, " | ")); err != nil {
			return err
		}
		var date any
		if !d.Date.IsZero() {
			date = d.Date.Unix()
		}
		if _, err := mail.Exec(d.Number, date, b.Year, b.Person, b.Collection_); err != nil {
			return err
		}
	}
	return nil
}

func (ftsEngine) open(dir string) (index, error) {
	db, err := openSQL(dir, "mode=ro&_pragma=cache_size(-262144)&_pragma=mmap_size(1073741824)")
	if err != nil {
		return nil, err
	}
	return &ftsIndex{db}, nil
}

type ftsIndex struct{ *sql.DB }

func (x *ftsIndex) prepare(q *question, how variant) (func() (int, error), error) {
	match, where, err := ftsQuery(q.exact.Root)
	if err != nil || how == page || how == exact {
		return nil, errNoOperator
	}
	hits := "SELECT words.rowid FROM words" + where + " ORDER BY rank LIMIT 10"
	switch q.Class {
	case classNewest:
		hits = "SELECT words.rowid FROM words" + where + " ORDER BY words.rowid DESC LIMIT 10"
	case classDeep:
		hits = fmt.Sprintf("SELECT words.rowid FROM words%s ORDER BY words.rowid DESC LIMIT 10 OFFSET %d", where, deep)
	}
	list := []string{hits}
	if how == faceted {
		for _, f := range []string{"collection", "year", "person"} {
			list = append(list, fmt.Sprintf("SELECT count(*) AS n FROM words%s GROUP BY mail.%s ORDER BY n DESC LIMIT %d", joinMail(where), f, facetTop))
		}
	}
	return x.statements(append(list, "SELECT count(*) FROM words"+where), match)
}

// statements runs all of the queries and returns the number that the last gives.
func (x *ftsIndex) statements(list []string, match string) (func() (int, error), error) {
	var all []*sql.Stmt
	for _, q := range list {
		s, err := x.Prepare(q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q, err)
		}
		all = append(all, s)
	}
	return func() (n int, err error) {
		for _, s := range all {
			if n, err = lastNumber(s, match); err != nil {
				return 0, err
			}
		}
		return n, nil
	}, nil
}

// lastNumber reads all rows of a statement and returns the last.
func lastNumber(s *sql.Stmt, match string) (n int, err error) {
	rows, err := s.Query(match)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

func (x *ftsIndex) numbers(q *question) (list []int, err error) {
	match, where, err := ftsQuery(q.exact.Root)
	if err != nil {
		return nil, err
	}
	rows, err := x.Query("SELECT words.rowid FROM words"+where+" ORDER BY words.rowid", match)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// ftsQuery says a query in FTS5's words: what to match, and the clause after
// the table. Dates are a condition of the whole query only.
func ftsQuery(root search.Node) (match, where string, err error) {
	where = " WHERE words MATCH ?"
	list, ok := root.(search.And)
	if !ok {
		list = search.And{root}
	}
	var text search.And
	for _, n := range list {
		if d, ok := n.(*search.Dates); ok {
			where = joinMail(where) + ftsDates(d)
			continue
		}
		text = append(text, n)
	}
	match, err = ftsAnd(text)
	return match, where, err
}

const joining = " JOIN mail ON mail.id = words.rowid"

func joinMail(where string) string {
	if strings.HasPrefix(where, joining) {
		return where
	}
	return joining + where
}

func ftsDates(d *search.Dates) (where string) {
	if !d.From.IsZero() {
		where += fmt.Sprintf(" AND mail.date >= %d", d.From.Unix())
	}
	if !d.To.IsZero() {
		where += fmt.Sprintf(" AND mail.date < %d", d.To.Unix())
	}
	return where
}

func ftsAnd(list search.And) (string, error) {
	var yes, no []string
	for _, n := range list {
		not, minus := n.(search.Not)
		if minus {
			n = not.Node
		}
		s, err := ftsClause(n)
		if err != nil {
			return "", err
		}
		if minus {
			no = append(no, " NOT "+s)
		} else {
			yes = append(yes, s)
		}
	}
	return "(" + strings.Join(yes, " AND ") + ")" + strings.Join(no, ""), nil
}

func ftsClause(n search.Node) (string, error) {
	switch n := n.(type) {
	case search.And:
		return ftsAnd(n)
	case search.Or:
		var list []string
		for _, c := range n {
			s, err := ftsClause(c)
			if err != nil {
				return "", err
			}
			list = append(list, s)
		}
		return "(" + strings.Join(list, " OR ") + ")", nil
	case *search.Text:
		return ftsText(n)
	}
	return "", errNoOperator
}

var ftsFields = map[search.Field]string{search.Any: "", search.Subject: "subject:", search.From: "sender:"}

func ftsText(t *search.Text) (string, error) {
	field, ok := ftsFields[t.Field]
	quoted := field + `"` + strings.Join(wordsOf(t), " ") + `"`
	switch {
	case !ok:
	case t.Mode == search.Phrase:
		return quoted, nil
	case t.Mode == search.Prefix:
		return quoted + "*", nil
	}
	return "", errNoOperator
}
