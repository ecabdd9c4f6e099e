package site

import (
	"net/http"
	"strconv"

	"unseal/trove"
)

// signatureResults are the words for what was found of a signature.
var signatureResults = map[string]word{"pass": "signature.pass", "fail": "signature.fail", "nokey": "signature.nokey"}

// verifyPanel writes what was checked of an item, in four steps, and what that
// does not show.
func (s *site) verifyPanel(p *page, it *item) {
	p.section("verify", "panel "+verdictClass(it.rec.Verdict), "verify.this")
	p.html("<p>")
	p.verdictTag(it.rec.Verdict)
	p.html("</p><p>")
	p.verdictMeans(it.rec.Verdict)
	p.html(`</p><dl class="kv">`)
	p.signatures(it)
	p.term("verify.sha256")
	p.code(it.row.SHA256.String())
	p.html("</dd>")
	p.term("verify.log")
	p.say("verify.place", val("Number", p.loc.number(it.number)), val("Total", p.loc.number(it.coll.Committed)))
	p.html("</dd>")
	p.term("verify.released")
	p.say("batch.number", val("Number", strconv.Itoa(it.batch)))
	p.sep()
	p.moment(it.published)
	p.html("</dd></dl><p>")
	p.anchor(itemPath(it.coll.Name, it.number)+"/verify", "verify.more")
	p.html("</p></section>\n")
}

// verdictMeans says in a sentence what a verdict shows, and no more.
func (p *page) verdictMeans(v trove.Verdict) {
	switch v {
	case trove.Valid:
		p.say("means.valid")
	case trove.KeptKey:
		p.say("means.kept-key")
	case trove.Unchecked:
		p.say("means.unchecked")
	case trove.Unsigned:
		p.say("means.unsigned")
	case trove.Mismatch:
		p.say("means.mismatch")
	case trove.Redacted:
		p.say("means.redacted")
	default:
		p.say("means.none")
	}
}

// signatures writes the sender's signatures and what was found of each.
func (p *page) signatures(it *item) {
	list := it.rec.Signatures
	for i := range list[:min(len(list), signsMost)] {
		sig := &list[i]
		p.term("verify.signature")
		p.code(cut(sig.Domain, nameMost))
		p.sep()
		if w, ok := signatureResults[sig.Result]; ok {
			p.say(w)
		} else {
			p.bdi(cut(sig.Result, nameMost))
		}
		if sig.Cause != "" {
			p.html(" <small>")
			p.bdi(cut(sig.Cause, nameMost))
			p.html("</small>")
		}
		if sig.Selector != "" {
			p.sep()
			p.say("verify.key", code("Selector", cut(sig.Selector, listName)))
		}
		p.html("</dd>")
	}
}

// itemVerify answers the page of an item's proof: the panel, what it does not
// show, and how anyone checks the same without us.
func (s *site) itemVerify(w http.ResponseWriter, r *http.Request, it *item) error {
	p := newPage(s.locale, r.URL.Path)
	number := strconv.Itoa(it.number)
	crumbs := s.itemCrumbs(it)
	crumbs[len(crumbs)-1].path = itemPath(it.coll.Name, it.number)
	title := p.loc.plain("verify.item-title", plain("Collection", it.coll.Title), plain("Number", number))
	s.begin(p, head{title: title, crumbs: append(crumbs, crumb{"", p.loc.plain("verify.this")})})
	p.heading("verify.item-title", val("Collection", it.coll.Title), val("Number", number))
	s.verifyPanel(p, it)
	p.section("not", "", "verify.not-heading")
	p.html("<ul><li>")
	p.say("verify.not-typed")
	p.html("</li><li>")
	p.say("verify.not-complete")
	p.html("</li><li>")
	p.say("verify.not-true")
	p.html("</li></ul></section>\n")
	p.section("yourself", "", "verify.yourself")
	p.html("<p>")
	p.say("verify.yourself-text")
	p.html("</p><ul><li>")
	path := itemPath(it.coll.Name, it.number)
	p.anchor(path+it.suffix(), "verify.get-file")
	p.html("</li><li>")
	p.anchor(path+".proof", "verify.get-proof")
	p.html("</li></ul><pre><code>")
	p.body("unseal verify " + number + it.suffix() + " --proof " + number + ".proof")
	p.html("</code></pre><p>")
	p.say("verify.log-key")
	p.html("</p></section>\n")
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}
