package main

import (
	"fmt"
	"strings"
	"time"

	"unseal/catalog"
	"unseal/evidence"
	"unseal/house"
)

// shownKey is a key as list and show --json tell it.
type shownKey struct {
	Name string `json:"name"`
	*evidence.Key
	Bits      int      `json:"bits"`      // 0: the record is no usable key
	BuiltIn   bool     `json:"built_in"`  // comes with the program
	Recovered bool     `json:"recovered"` // from signatures alone: not known whose
	Witnesses []string `json:"witnesses"` // sources that do not visibly depend on each other
	Fault     string   `json:"fault,omitempty"`
}

func newShownKey(k *evidence.Key, all, builtIn *evidence.Keys) shownKey {
	s := shownKey{Name: k.Name(), Key: k, Bits: k.Bits(), BuiltIn: builtIn.Has(k), Recovered: k.Recovered(), Witnesses: orEmpty(all.Witnesses(k))}
	if err := k.Fault(); err != nil {
		s.Fault = err.Error()
	}
	return s
}

type keysListCmd struct{}

func (keysListCmd) Help() string { return "Example: unseal keys archive list" }

func (c *keysListCmd) Run(a *app) error {
	shown, err := shownKeys(a, "")
	if err != nil {
		return err
	}
	sum := struct {
		Keys    int `json:"keys"`
		BuiltIn int `json:"built_in"`
		Exit    int `json:"exit"`
	}{Keys: len(shown)}
	for _, k := range shown {
		if k.BuiltIn {
			sum.BuiltIn++
		}
		if err := a.ui.item("keys", k, k.row()); err != nil {
			return err
		}
	}
	rows := [][2]string{{"keys", fmt.Sprintf("%s, %s of them built in", count(sum.Keys), count(sum.BuiltIn))}}
	return a.ui.summary("keys", sum, rows, "Next: unseal keys archive show NAME; add more: unseal keys archive import FILE")
}

type keysShowCmd struct {
	Name string `arg:"" help:"A key (20120113._domainkey.gmail.com), or a domain."`
}

func (keysShowCmd) Help() string {
	return `Example: unseal keys archive show 20120113._domainkey.gmail.com
Example: unseal keys archive show gmail.com

A second witness is another source that has the same key under the same name. Whether one
copied from the other, no program can tell.`
}

func (c *keysShowCmd) Run(a *app) error {
	shown, err := shownKeys(a, strings.ToLower(strings.TrimSuffix(c.Name, ".")))
	if err != nil {
		return err
	}
	if len(shown) == 0 {
		return exitError{code: exitFailed, word: "not-there", err: fmt.Errorf("no key of %s is known: %w", c.Name, catalog.ErrNotFound),
			hint: "Import what you have: unseal keys archive import FILE"}
	}
	var rows [][2]string
	for i, k := range shown {
		if a.ui.json {
			if err := a.ui.line("keys", "item", k); err != nil {
				return err
			}
		}
		if i > 0 {
			rows = append(rows, [2]string{})
		}
		rows = append(rows, k.rows()...)
	}
	sum := struct {
		Keys int `json:"keys"`
		Exit int `json:"exit"`
	}{Keys: len(shown)}
	return a.ui.summary("keys", sum, rows, "Judge what is not published with these: unseal keys judge")
}

// shownKeys are the keys of a name or a domain, or all.
func shownKeys(a *app, name string) ([]shownKey, error) {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return nil, err
	}
	defer desk.Close()
	all, err := desk.AllKeys()
	if err != nil {
		return nil, err
	}
	builtIn := house.BuiltInKeys()
	var shown []shownKey
	for _, k := range all.All() {
		if name == "" || name == k.Name() || name == k.Domain {
			shown = append(shown, newShownKey(k, all, builtIn))
		}
	}
	return shown, nil
}

// row is a key on one line.
func (k shownKey) row() string {
	var where []string
	for _, s := range k.Seen {
		where = append(where, s.Where)
	}
	if k.Record == "" {
		where = append(where, "gone since "+day(k.Gone))
	}
	row := fmt.Sprintf("%-50s %5d bits  %s", k.Name, k.Bits, strings.Join(where, ", "))
	for _, mark := range []struct {
		is   bool
		text string
	}{{k.BuiltIn, "built in"}, {k.Recovered, "recovered"}, {k.Fault != "", k.Fault}} {
		if mark.is {
			row += "  (" + mark.text + ")"
		}
	}
	return row
}

// rows tells a key in words.
func (k shownKey) rows() [][2]string {
	rows := [][2]string{{"name", k.Name}}
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, [2]string{name, text})
		}
	}
	if k.Record != "" {
		add("key", k.kind())
		add("record", k.Record)
	}
	for _, s := range k.Seen {
		add("seen", strings.TrimSpace(day(s.When)+"  "+s.Where))
	}
	switch {
	case k.Record == "":
	case k.Recovered:
		add("second witness", "none: it was seen nowhere, but computed from signatures")
	case len(k.Witnesses) > 1:
		add("second witness", fmt.Sprintf("yes, %d sources: %s", len(k.Witnesses), strings.Join(k.Witnesses, ", ")))
	default:
		add("second witness", "none: one source only")
	}
	if k.Record != "" {
		add("published", k.window())
	}
	if !k.Gone.IsZero() {
		add("gone since", day(k.Gone))
	}
	if k.BuiltIn {
		add("built in", "yes")
	}
	add("note", k.Note)
	return rows
}

func (k shownKey) kind() string {
	if k.Bits == 0 {
		if k.Fault != "" {
			return "none: " + k.Fault
		}
		return "revoked"
	}
	return fmt.Sprintf("%d bits", k.Bits)
}

func (k shownKey) window() string {
	if k.From.IsZero() && k.Until.IsZero() {
		return "not known from when to when"
	}
	open := func(t time.Time) string {
		if t.IsZero() {
			return "not known"
		}
		return day(t)
	}
	return "from " + open(k.From) + " to " + open(k.Until)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 Jan 2006")
}
