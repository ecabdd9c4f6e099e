package site

import (
	"net/http"
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
	s.searchOrBrowse(p)
}
