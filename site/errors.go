package site

import (
	"net/http"
	"strconv"

	"unseal/trove"
)

// problem is an error as JSON, after RFC 9457.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code,omitempty"`
}

// titles are the headings of error pages.
var titles = map[int]word{
	http.StatusBadRequest: "error.400", http.StatusNotFound: "error.404", http.StatusMethodNotAllowed: "error.405",
	http.StatusGone: "error.410", http.StatusRequestEntityTooLarge: "error.413", http.StatusInternalServerError: "error.500",
	http.StatusServiceUnavailable: "error.503",
}

// answerError writes what a reader sees of err. Faults are the reader's
// business; anything else is logged, without the address that was asked for.
func (s *site) answerError(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the reader has gone away
	}
	f := asFault(err)
	if f.status == http.StatusInternalServerError {
		s.log.ErrorContext(r.Context(), "page not made", "err", err)
	}
	if f.status == http.StatusServiceUnavailable {
		retryHeader(w.Header())
	}
	title := s.locale.plain(titles[f.status])
	if asJSON(r) {
		_ = sendJSON(w, r, f.status, problem{Status: f.status, Title: title, Detail: s.locale.plain(f.w, f.args...)}) // strings and a number always encode
		return
	}
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, head{title: title, noindex: true})
	p.heading(titles[f.status])
	p.paragraph(f.w, f.args...)
	s.waysOn(p, f.status)
	s.end(p)
	sendPage(w, r, f.status, p)
}

// waysOn writes where a reader may go from an error.
func (s *site) waysOn(p *page, status int) {
	if status == http.StatusServiceUnavailable || s.index == nil {
		p.html("<p>")
		p.anchor("browse", "error.browse")
		p.html("</p>\n")
		return
	}
	s.searchForm(p, "")
}

// notShown answers for a number that has no page: withheld, unreadable, not
// yet out, or withdrawn.
func (s *site) notShown(w http.ResponseWriter, r *http.Request, it *item) error {
	status := http.StatusNotFound
	if it.state == trove.Tombstone {
		status = http.StatusGone
	}
	if asJSON(r) {
		return sendJSON(w, r, status, it.asRow())
	}
	l := s.locale
	p := newPage(l, r.URL.Path)
	number := strconv.Itoa(it.number)
	s.begin(p, head{title: l.plain("gone.title", plain("Collection", it.coll.Title), plain("Number", number)), noindex: true, crumbs: []crumb{
		{"c/", l.plain("nav.collections")}, {"c/" + string(it.coll.Name) + "/", it.coll.Title},
		{"", l.plain("item.number", plain("Number", number))}}})
	p.heading("gone.title", val("Collection", it.coll.Title), val("Number", number))
	p.html("<p>")
	p.stateTag(it.state, "")
	p.html("</p>\n")
	s.stateMeans(p, it)
	p.html(`<dl class="kv">`)
	if it.reason != "" {
		p.term("gone.reason")
		p.reason(it.reason)
		p.html("</dd>")
	}
	if it.batch > 0 {
		p.term("item.batch")
		p.html("<a")
		p.href(batchPath(it.coll.Name, it.batch))
		p.html(">")
		p.say("batch.number", val("Number", strconv.Itoa(it.batch)))
		p.html("</a></dd>")
	}
	p.term("gone.range")
	p.say("gone.range-text", val("Collection", it.coll.Title), num("Total", it.coll.Committed))
	p.html("</dd></dl>\n")
	p.neighbours(it)
	s.end(p)
	sendPage(w, r, status, p)
	return nil
}

// stateMeans says what a state means.
func (s *site) stateMeans(p *page, it *item) {
	switch it.state {
	case trove.Tombstone:
		p.paragraph("gone.tombstone")
	case trove.Withheld:
		p.paragraph("gone.withheld")
	case trove.Unreadable:
		p.paragraph("gone.unreadable")
	default:
		p.paragraph("gone.committed")
	}
}
