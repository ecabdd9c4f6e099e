package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"unseal/house"
	"unseal/search"
	"unseal/trove"
)

type searchCmd struct {
	Query      []string `arg:"" help:"What to find."`
	Collection string   `short:"c" placeholder:"COLL" help:"Only this collection; the same as in:COLL."`
	N          int      `short:"n" default:"20" help:"At most this many rows."`
	Sort       string   `default:"newest" enum:"newest,oldest,relevance,number" help:"newest, oldest, relevance or number."`
	Cursor     string   `placeholder:"C" help:"Go on after an earlier page: its next cursor."`
	Facets     bool     `help:"Count the hits by type, person, batch, verification, language and year."`
	Fold       bool     `help:"Fold copies of one message."`
	Threads    bool     `help:"Fold the messages of a thread: one row for each thread."`
}

func (searchCmd) Help() string {
	return `Example: unseal search -C ./archive 'from:mary subject:"revised schedule" after:2015'

Space means AND. OR, -word, "phrase", word*, from: to: with: subject: body: own: quoted:
filename: has:attachment after: before: date:2015..2016 in: batch: thread: type: is: lang: no:
On a desk it also finds what is not published, and marks it.`
}

type foundItem struct {
	Name    string        `json:"name"`
	Kind    trove.Kind    `json:"kind"`
	Subject string        `json:"subject"`
	From    string        `json:"from"`
	To      string        `json:"to"`
	Date    *time.Time    `json:"date"`
	Batch   int           `json:"batch,omitempty"`
	Files   int           `json:"files"`
	Verdict trove.Verdict `json:"verdict"`
	Thread  string        `json:"thread"`
	Answers int           `json:"answers,omitempty"` // further hits of its thread, with --threads
	State   trove.State   `json:"state,omitempty"`
	SHA256  trove.Digest  `json:"sha256,omitzero"`
	Score   float64       `json:"score,omitempty"`
	Snippet string        `json:"snippet,omitempty"`
	Near    bool          `json:"near,omitempty"` // the words of a phrase stand close together in it, not side by side
}

type searchSummary struct {
	Query   string                  `json:"query"`
	Total   int                     `json:"total"`
	Shown   int                     `json:"shown"` // of total
	Near    int                     `json:"near,omitempty"`
	Partial bool                    `json:"partial,omitempty"`
	Next    string                  `json:"next,omitempty"`
	Notes   []string                `json:"notes,omitempty"`
	Also    []search.Also           `json:"also,omitempty"`   // other spellings that were searched
	Nearer  []search.Nearer         `json:"nearer,omitempty"` // where nothing is found: what finds something
	Facets  map[string]search.Facet `json:"facets,omitempty"`
	Years   []search.YearCount      `json:"years,omitempty"`
	Exit    int                     `json:"exit"`
}

func (c *searchCmd) Run(a *app) error {
	q, err := c.parse()
	if err != nil {
		return err
	}
	p := a.ui.progress("indexing")
	ix, err := house.OpenSearch(a.ctx, a.dir(), func(done, total int64) { p.show(done, total, "items") })
	if err != nil {
		return err
	}
	defer ix.Close()
	req := search.Request{Query: q, Sort: search.Sort(c.Sort), Limit: c.N, Cursor: c.Cursor, Snippets: 1, FoldCopies: c.Fold, FoldThreads: c.Threads}
	if c.Facets {
		req.Facets = []string{search.FacetType, search.FacetPerson, search.FacetBatch, search.FacetVerification,
			search.FacetLanguage, search.FacetYear}
		req.FacetSize = 20
	}
	res, err := ix.Search(a.ctx, req)
	if err != nil {
		return err
	}
	if err := search.AddNear(a.ctx, ix.Search, req, res); err != nil {
		return err
	}
	if err := a.found(ix, res); err != nil {
		return err
	}
	var nearer []search.Nearer
	if res.Total == 0 && !res.Partial {
		if nearer, err = search.FindNearer(a.ctx, ix, req); err != nil {
			return err
		}
	}
	return c.sum(a, q, res, nearer)
}

// parse reads the query. Where it cannot be read, the places that the error
// names are those of the query as it was typed.
func (c *searchCmd) parse() (*search.Query, error) {
	typed := strings.Join(c.Query, " ")
	if c.Collection == "" {
		return search.Parse(typed)
	}
	text := "in:" + c.Collection
	if strings.TrimSpace(typed) != "" {
		text += " (" + typed + ")"
	}
	q, err := search.Parse(text)
	if err == nil {
		return q, nil
	}
	bad, ok := errors.AsType[*search.SyntaxError](err)
	if _, alone := search.Parse(typed); ok && alone != nil && bad.Code != "too-long" {
		return nil, alone
	}
	return nil, err
}

// found writes the hits, and behind a line of their own those that are near.
func (a *app) found(ix *house.Search, res *search.Result) error {
	if err := a.hits(ix, res.Hits, false); err != nil || len(res.Near) == 0 {
		return err
	}
	if !a.ui.json {
		if err := a.ui.print("Close together, not word for word:"); err != nil {
			return err
		}
	}
	return a.hits(ix, res.Near, true)
}

func (a *app) hits(ix *house.Search, hits []search.Hit, near bool) (err error) {
	for i := range hits {
		f := newFound(&hits[i])
		f.Near = near
		if f.Name, f.State, f.SHA256, err = ix.Name(a.ctx, &hits[i]); err != nil {
			return err
		}
		if err := a.ui.item("search", f, f.lines()...); err != nil {
			return err
		}
	}
	return nil
}

func (c *searchCmd) sum(a *app, q *search.Query, res *search.Result, nearer []search.Nearer) error {
	sum := searchSummary{Query: q.String(), Total: res.Total, Shown: len(res.Hits), Near: res.NearTotal, Partial: res.Partial, Next: res.Next,
		Also: res.Also, Nearer: nearer, Facets: res.Facets, Years: res.Years}
	for _, n := range res.Notes {
		sum.Notes = append(sum.Notes, n.Text)
		a.ui.say("Note: %s", n.Text)
		if n.Query != "" {
			a.ui.say("      %s", n.Query)
		}
	}
	for _, also := range res.Also {
		a.ui.say("Also searched for %s: %s. Without them: add also:no", also.Word, strings.Join(also.Spellings, ", "))
	}
	if res.Partial {
		a.ui.say("Partial: stopped before all was searched; counts are of what was found so far.")
	}
	rows := [][2]string{{"found", count(res.Total)}}
	if !a.ui.json {
		for _, name := range []string{search.FacetType, search.FacetPerson, search.FacetBatch, search.FacetVerification, search.FacetLanguage} {
			for _, v := range res.Facets[name].Values {
				rows = append(rows, [2]string{name, fmt.Sprintf("%8s  %s", count(v.Count), v.Value)})
			}
		}
	}
	for _, n := range nearer {
		rows = append(rows, [2]string{"nearer", fmt.Sprintf("%8s  %s", count(n.Total), n.Query)})
	}
	next := "Next: unseal show NAME"
	switch {
	case res.Total == 0 && res.NearTotal == 0:
		next = "Nothing found. Try fewer words; see: unseal search --help"
	case res.Next != "":
		next = "More: add --cursor " + res.Next
	}
	return a.ui.summary("search", sum, rows, next)
}

func newFound(h *search.Hit) foundItem {
	f := foundItem{Kind: h.Kind, Subject: h.Subject,
		From: h.From, To: h.To, Batch: h.Batch, Files: h.Files, Verdict: h.Verdict, Thread: h.Thread, Answers: h.Answers, Score: h.Score}
	if !h.Date.IsZero() {
		f.Date = &h.Date
	}
	if len(h.Snippets) > 0 {
		var b strings.Builder
		for _, s := range h.Snippets[0].Spans {
			if s.Mark {
				b.WriteString("[" + s.Text + "]")
				continue
			}
			b.WriteString(s.Text)
		}
		f.Snippet = strings.Join(strings.Fields(b.String()), " ")
	}
	return f
}

func (f *foundItem) lines() []string {
	date := "undated   "
	if f.Date != nil {
		date = f.Date.Format("2006-01-02")
	}
	state := ""
	if f.State != "" && f.State != trove.Published {
		state = "  [" + string(f.State) + "]"
	}
	lines := []string{fmt.Sprintf("%-16s %s  %-22s %s%s", f.Name, date, cut(f.From, 22), cut(f.Subject, 70), state)}
	if f.Snippet != "" {
		lines = append(lines, "                 … "+f.Snippet+" …")
	}
	return lines
}
