package site

import (
	"cmp"
	"strconv"
	"time"

	"unseal/archive"
	"unseal/search"
	"unseal/trove"
)

// row is what lists show of an item, wherever it comes from: a search hit, or
// a record of the archive.
type row struct {
	Collection trove.CollectionName `json:"collection"`
	Number     int                  `json:"number"`
	Batch      int                  `json:"batch,omitempty"`
	Kind       trove.Kind           `json:"kind,omitempty"`
	Subject    string               `json:"subject,omitempty"`
	From       string               `json:"from,omitempty"`
	To         string               `json:"to,omitempty"`
	Receivers  int                  `json:"receivers,omitempty"`
	Date       time.Time            `json:"date,omitzero"`
	Files      int                  `json:"files,omitempty"`
	Verdict    trove.Verdict        `json:"verdict,omitempty"`
	Thread     string               `json:"thread,omitempty"`
	CopyOf     int                  `json:"copy_of,omitempty"`
	Copies     int                  `json:"copies,omitempty"`
	Answers    int                  `json:"answers,omitempty"` // further hits of its thread
	Size       int64                `json:"size,omitempty"`
	extent
	State    trove.State      `json:"state"`
	Reason   string           `json:"reason,omitempty"`
	Snippets []search.Snippet `json:"-"`
}

// hitRow is the row of a search hit. A segment stays as it was published, so
// what has been withdrawn since is a row without content.
func (s *site) hitRow(h *search.Hit) row {
	if st := s.stateOf(h); st.State != trove.Published {
		return row{Collection: h.Collection, Number: h.Number, Batch: st.Batch, State: st.State, Reason: st.Reason}
	}
	return row{
		Collection: h.Collection, Number: h.Number, Batch: h.Batch, Kind: h.Kind, Subject: h.Subject, From: h.From, To: h.To,
		Receivers: h.Receivers, Date: h.Date, Files: h.Files, Verdict: h.Verdict, Thread: h.Thread, CopyOf: h.CopyOf,
		Copies: h.Copies, Answers: h.Answers, Size: h.Size, State: trove.Published, Snippets: h.Snippets,
	}
}

// stateOf is what the log says of a hit; an index that holds more than the
// archive gets the zero state for the rest.
func (s *site) stateOf(h *search.Hit) archive.Status {
	c := s.byName[h.Collection]
	if c == nil {
		return archive.Status{}
	}
	st, _ := c.src.Status(h.Number)
	return st
}

// hitRows are the rows of hits.
func (s *site) hitRows(hits []search.Hit) []row {
	rows := make([]row, len(hits))
	for i := range hits {
		rows[i] = s.hitRow(&hits[i])
	}
	s.extents(rows)
	return rows
}

// displayName is how a list shows an address: the name, else the address.
func displayName(a []trove.Address) string {
	if len(a) == 0 {
		return ""
	}
	if a[0].Name != "" {
		return a[0].Name
	}
	return a[0].Addr
}

// itemPath is the address of an item's page, from the root.
func itemPath(c trove.CollectionName, n int) string {
	return "c/" + string(c) + "/" + strconv.Itoa(n)
}

// batchPath is the address of a batch's page, from the root.
func batchPath(c trove.CollectionName, k int) string {
	return "c/" + string(c) + "/batch/" + strconv.Itoa(k) + "/"
}

// hrefItem writes the attribute href to an item's page.
func (p *page) hrefItem(c trove.CollectionName, n int) {
	p.b = append(p.b, ` href="`...)
	p.b = append(p.b, p.root...)
	p.b = append(p.b, "c/"...)
	p.b = append(p.b, c...)
	p.b = append(p.b, '/')
	p.b = strconv.AppendInt(p.b, int64(n), 10)
	p.b = append(p.b, '"')
}

// listSubject is how many characters of a subject a list shows.
const (
	listSubject = 160
	listName    = 60
)

// subject writes a subject, or the words for an item without one.
func (p *page) subject(s string, kind trove.Kind, most int) {
	if s != "" {
		p.bdi(cut(s, most))
		return
	}
	if kind == trove.Mail || kind == "" {
		p.say("item.no-subject")
		return
	}
	p.say("item.no-title")
}

// rows writes a list of items; level is the heading element of each.
func (p *page) rows(rows []row) {
	p.html(`<ol class="hits">`)
	for i := range rows {
		p.row(&rows[i])
	}
	p.html("</ol>\n")
}

func (p *page) row(r *row) {
	p.html("<li><h3>")
	if r.State == trove.Published {
		p.html("<a")
		p.hrefItem(r.Collection, r.Number)
		p.html(">")
		p.rowSubject(r)
		p.html("</a>")
	} else {
		p.say("item.number", val("Number", strconv.Itoa(r.Number)))
	}
	p.html(`</h3><p class="small">`)
	p.rowFacts(r)
	p.html("</p>")
	for i := range r.Snippets {
		if r.Snippets[i].Field != search.Subject {
			p.snippet(r, &r.Snippets[i])
		}
	}
	p.html("</li>\n")
}

// rowSubject writes the subject of a row, with what matched marked.
func (p *page) rowSubject(r *row) {
	for i := range r.Snippets {
		if s := &r.Snippets[i]; s.Field == search.Subject {
			p.html("<bdi>")
			p.spans(s)
			p.html("</bdi>")
			return
		}
	}
	p.subject(cmp.Or(r.Subject, r.Name), r.Kind, listSubject)
}

// rowFacts writes the second line of a row.
func (p *page) rowFacts(r *row) {
	p.say("item.number", val("Number", strconv.Itoa(r.Number)))
	p.sep()
	if r.State != trove.Published {
		p.stateTag(r.State, r.Reason)
		return
	}
	if w := word("kind." + r.Kind); r.Kind != trove.Mail && p.loc.has(w) {
		p.say(w)
		p.sep()
	}
	p.fromTo(r)
	p.day(r.Date)
	p.sep()
	if r.Seconds > 0 {
		p.bdi(clock(r.Seconds))
		p.sep()
	}
	if r.Pages > 0 {
		p.say("row.pages", count(r.Pages))
		p.sep()
	}
	files := r.Files
	if r.Name != "" {
		files-- // one of them is the item itself
	}
	if files > 0 {
		p.say("row.files", count(files))
		p.sep()
	}
	if r.Copies > 0 {
		p.say("row.copies", count(r.Copies))
		p.sep()
	} else if r.CopyOf > 0 {
		p.say("row.copy-of", val("Number", strconv.Itoa(r.CopyOf)))
		p.sep()
	}
	if r.Answers > 0 {
		p.say("row.answers", count(r.Answers))
		p.sep()
	}
	p.verdictTag(r.Verdict)
}

func (p *page) fromTo(r *row) {
	from, to := cut(r.From, listName), cut(r.To, listName)
	switch {
	case from != "" && to != "" && r.Receivers > 1:
		p.say("row.from-to-more", val("From", from), val("To", to), count(r.Receivers-1))
	case from != "" && to != "":
		p.say("row.from-to", val("From", from), val("To", to))
	case from != "":
		p.bdi(from)
	default:
		return
	}
	p.sep()
}

// sep writes the sign between values of a line, which the language chooses.
func (p *page) sep() { p.say("list.separator") }

// snippet writes a piece of text with marks, and where in the item it stands if
// that is not its own text.
func (p *page) snippet(r *row, s *search.Snippet) {
	p.html("<p>")
	switch {
	case s.File > 0:
		name := val("Name", cut(s.Name, listSubject))
		if s.Name == "" {
			name = num("Name", s.File)
		}
		var w word = "row.in-file"
		if r.Kind == trove.Mail {
			w = "row.in-attachment"
		}
		p.say(w, name)
	case r.Kind == trove.Voice:
		p.say("row.in-transcript")
	case r.Kind == trove.Image:
		p.say("row.in-picture")
	}
	p.html("<bdi>")
	p.spans(s)
	p.html("</bdi></p>")
}

// spans writes the text of a snippet with what matched marked, and whether the
// text goes on before and after.
func (p *page) spans(s *search.Snippet) {
	if !s.Head {
		p.b = append(p.b, "… "...)
	}
	for _, span := range s.Spans {
		if span.Mark {
			p.html("<mark>")
		}
		p.b = appendEscaped(p.b, span.Text, inText)
		if span.Mark {
			p.html("</mark>")
		}
	}
	if !s.Tail {
		p.b = append(p.b, " …"...)
	}
}

// stateTag writes the tag of an item that is not to be read.
func (p *page) stateTag(state trove.State, reason string) {
	switch state {
	case trove.Tombstone:
		p.tag("bad", "state.tombstone")
	case trove.Withheld:
		p.tag("warn", "state.withheld")
	case trove.Unreadable:
		p.tag("none", "state.unreadable")
	default:
		p.tag("none", "state.committed")
	}
	if reason != "" && state != trove.Committed {
		p.html(" ")
		p.reason(reason)
	}
}

// reason writes a reason code in words, or the code where the catalogue has none.
func (p *page) reason(code string) {
	if w := word("reason." + code); p.loc.has(w) {
		p.say(w)
		return
	}
	p.bdi(code)
}
