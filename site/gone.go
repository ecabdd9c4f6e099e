package site

import (
	"net/http"
	"strconv"
	"time"

	"unseal/trove"
)

// goneJSON is the answer for a number that has no page.
type goneJSON struct {
	row
	LogIndex     int64     `json:"log_index,omitempty"` // of the entry that says so
	Time         time.Time `json:"time,omitzero"`       // as the publisher states it
	TlogProofURL string    `json:"tlog_proof_url,omitempty"`
	HistoryURL   string    `json:"history_url"`
}

// notShown answers for a number that has no page: withheld, unreadable, not
// yet out, or withdrawn.
func (s *site) notShown(w http.ResponseWriter, r *http.Request, it *item) error {
	status := http.StatusNotFound
	var when time.Time
	if it.state == trove.Tombstone {
		status = http.StatusGone
		list, err := s.history(r.Context(), it)
		if err != nil {
			return err
		}
		if n := len(list); n > 0 {
			when = list[n-1].Time
		}
	}
	path := itemPath(it.coll.Name, it.number)
	if asJSON(r) {
		out := goneJSON{row: it.asRow(), LogIndex: it.index, Time: when, HistoryURL: "/" + path + "/history"}
		if it.index > 0 {
			out.TlogProofURL = "/" + path + ".tlog-proof"
		}
		return sendJSON(w, r, status, out)
	}
	p := newPage(s.locale, r.URL.Path)
	s.beginGone(p, it, "")
	p.html("<p>")
	p.stateTag(it.state, "")
	p.html("</p>\n")
	p.stateMeans(it)
	p.html(`<dl class="kv">`)
	p.goneFacts(it, when)
	p.html("</dl>\n<p>")
	p.anchor(path+"/history", "history.all")
	p.html("</p>\n")
	if it.index > 0 {
		p.goneProof(it)
	}
	p.neighbours(it)
	s.end(p)
	sendPage(w, r, status, p)
	return nil
}

// beginGone begins the page of a number without content; here is what stands
// last on the way to it, if not the number.
func (s *site) beginGone(p *page, it *item, here string) {
	l, number := s.locale, strconv.Itoa(it.number)
	crumbs := []crumb{{"c/", l.plain("nav.collections")}, {"c/" + string(it.coll.Name) + "/", it.coll.Title}}
	name := l.plain("item.number", plain("Number", number))
	if here != "" {
		crumbs, name = append(crumbs, crumb{itemPath(it.coll.Name, it.number), name}), here
	}
	s.begin(p, head{title: l.plain("gone.title", plain("Collection", it.coll.Title), plain("Number", number)), noindex: true, crumbs: append(crumbs, crumb{"", name})})
	p.heading("gone.title", val("Collection", it.coll.Title), val("Number", number))
}

// goneFacts writes why, since when, and where the log says so.
func (p *page) goneFacts(it *item, when time.Time) {
	if it.reason != "" {
		p.term("gone.reason")
		p.reason(it.reason)
		p.html("</dd>")
	}
	if it.state == trove.Tombstone {
		p.term("gone.when")
		p.moment(when)
		p.html(". ")
		p.say("verify.stated-time")
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
	if it.index > 0 {
		p.term("verify.log")
		p.say("gone.entry", val("Index", strconv.FormatInt(it.index, 10)))
		p.html("</dd>")
	}
	p.term("gone.range")
	p.say("gone.range-text", val("Collection", it.coll.Title), num("Total", it.coll.Committed))
	p.html("</dd>")
}

// stateMeans says what a state means.
func (p *page) stateMeans(it *item) {
	switch it.state {
	case trove.Tombstone:
		p.paragraph("gone.tombstone")
		p.paragraph("gone.kept")
	case trove.Withheld:
		p.paragraph("gone.withheld")
	case trove.Unreadable:
		p.paragraph("gone.unreadable")
	default:
		p.paragraph("gone.committed")
	}
}

// goneProof writes how anyone proves what the log says of the number.
func (p *page) goneProof(it *item) {
	base := it.fileBase()
	p.section("prove", "", "gone.prove")
	p.paragraph("gone.prove-text")
	p.html("<p>")
	p.anchor(itemPath(it.coll.Name, it.number)+".tlog-proof", "verify.get-entry")
	p.html("</p>\n")
	p.commands("tool.log", logCommands(base))
	p.commands("gone.prove-unseal", proveCommand(it))
	p.html("</section>\n")
}

// logCommands checks the entry of a proof with torchwood's tool.
func logCommands(base string) string {
	return "sed -n 's/^extra //p' " + base + ".tlog-proof | openssl base64 -d -A > entry\n" +
		"sed 1,2d " + base + ".tlog-proof > entry.spicy\n" + spicyTool + " -verify KEY entry\ncat entry"
}

// proveCommand makes the proof of the number's entry from a copy of the archive.
func proveCommand(it *item) string {
	return "unseal -C ./archive log prove " + strconv.FormatInt(it.index, 10) + " --log-key KEY"
}

// otherEdition answers for an edition of a published item that is not the one
// that is out.
func (s *site) otherEdition(w http.ResponseWriter, r *http.Request, it *item, ed int) error {
	if ed < 1 || ed > it.edition {
		return missing("error.no-edition")
	}
	path := itemPath(it.coll.Name, it.number)
	if asJSON(r) {
		return sendJSON(w, r, http.StatusGone, map[string]any{"name": trove.Name{Collection: it.coll.Name, Number: it.number, Edition: ed}.String(),
			"edition": ed, "replaced_by": it.edition, "url": "/" + path, "history_url": "/" + path + "/history"})
	}
	p := newPage(s.locale, r.URL.Path)
	s.beginGone(p, it, s.locale.plain("item.edition", num("Edition", ed)))
	p.html("<p>")
	p.tag("none", "gone.replaced", num("Edition", ed))
	p.html("</p>\n<p>")
	if it.rec.Verdict == trove.Redacted {
		p.say("history.replaced-redacted", num("Edition", ed))
	} else {
		p.say("history.replaced")
	}
	p.html("</p><p>")
	p.anchor(path, "gone.current", num("Edition", it.edition))
	p.sep()
	p.anchor(path+"/history", "history.all")
	p.html("</p>\n")
	s.end(p)
	sendPage(w, r, http.StatusGone, p)
	return nil
}
