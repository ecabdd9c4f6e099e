package site

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"

	"unseal/trove"
)

//go:embed style.css
var styleSheet []byte

// styleName is the style sheet's address: its name carries its digest, so that
// it may be kept for ever.
var styleName = func() string {
	sum := sha256.Sum256(styleSheet)
	return "style-" + hex.EncodeToString(sum[:4]) + ".css"
}()

// titleMost is how many characters of a subject stand in the title of a page.
const titleMost = 120

// head says what a page is, before its main part begins.
type head struct {
	title   string      // plain text; the site's name follows it
	feed    func(*page) // further <link> elements, or nil
	noindex bool        // machines shall not list the page
	crumbs  []crumb     // the way to the page; the last is the page itself
}

// crumb is a step on the way to a page.
type crumb struct {
	path string // from the root; empty for the page itself
	text string // plain text
}

// navigation is the bar on every page; help stands last (WCAG 3.2.6).
var navigation = [...]struct {
	path string
	w    word
}{
	{"c/", "nav.collections"}, {"search", "nav.search"}, {"browse", "nav.browse"}, {"verify", "nav.verify"}, {"about", "nav.about"}, {"search/help", "nav.help"},
}

// begin writes the page up to the inside of <main>.
func (s *site) begin(p *page, h head) {
	p.html("<!doctype html>\n<html")
	p.attr("lang", p.loc.lang)
	p.attr("dir", p.loc.dir)
	p.html(`><head><meta charset="utf-8"><title>`)
	p.loc.write(p, "page.title", inAttr, plain("Page", cut(h.title, titleMost)), plain("Site", s.name))
	p.html(`</title><meta name="viewport" content="width=device-width"><link rel="stylesheet"`)
	p.href(styleName)
	p.html(">")
	if h.noindex {
		p.html(`<meta name="robots" content="noindex">`)
	}
	if h.feed != nil {
		h.feed(p)
	}
	p.html("</head>\n<body>\n" + `<a class="skip" href="#main">`)
	p.say("nav.skip")
	p.html(`</a><header class="bar"><a class="name"`)
	p.href("")
	p.html(">")
	p.bdi(s.name)
	p.html("</a><nav")
	p.sayAttr("aria-label", "nav.site")
	p.html(">")
	for _, n := range navigation {
		p.html("<a")
		p.href(n.path)
		p.html(">")
		p.say(n.w)
		p.html("</a>\n")
	}
	p.html("</nav></header>\n" + `<main id="main" tabindex="-1">`)
	p.crumbs(h.crumbs)
}

func (p *page) crumbs(way []crumb) {
	if len(way) == 0 {
		return
	}
	p.html("<nav")
	p.sayAttr("aria-label", "nav.way")
	p.html(`><ol class="crumbs">`)
	for _, c := range way {
		if c.path == "" {
			p.html(`<li aria-current="page">`)
			p.bdi(c.text)
			p.html("</li>")
			continue
		}
		p.html("<li><a")
		p.href(c.path)
		p.html(">")
		p.bdi(c.text)
		p.html("</a></li>")
	}
	p.html("</ol></nav>\n")
}

// end closes the page: every page names its source of truth.
func (s *site) end(p *page) {
	cp := s.archive.Checkpoint()
	p.html("</main>\n<footer><p>")
	p.say("footer.log", code("Root", cp.Root.String()), count(int(cp.Size)), val("Origin", cp.Origin))
	p.html(` <a`)
	p.href("log")
	p.html(">")
	p.say("footer.look")
	p.html("</a></p></footer>\n</body></html>\n")
}

// heading writes the only <h1> of a page.
func (p *page) heading(w word, args ...arg) {
	p.html("<h1>")
	p.say(w, args...)
	p.html("</h1>\n")
}

// section begins a section with a heading of its own; close it with "</section>".
func (p *page) section(id markup, class markup, w word, args ...arg) {
	p.html("<section")
	if class != "" {
		p.b = append(p.b, ` class="`...)
		p.html(class)
		p.html(`"`)
	}
	p.b = append(p.b, ` aria-labelledby="`...)
	p.html(id)
	p.html(`"><h2 id="`)
	p.html(id)
	p.html(`">`)
	p.say(w, args...)
	p.html("</h2>\n")
}

// anchor writes a link whose text are words of the catalogue.
func (p *page) anchor(path string, w word, args ...arg) {
	p.html("<a")
	p.href(path)
	p.html(">")
	p.say(w, args...)
	p.html("</a>")
}

// term writes the <dt> of a list of facts and opens its <dd>.
func (p *page) term(w word) {
	p.html("<dt>")
	p.say(w)
	p.html("</dt><dd>")
}

// verdictClass is the look of each verdict: word, border and colour together.
func verdictClass(v trove.Verdict) markup {
	switch v {
	case trove.Valid, trove.KeptKey:
		return "ok"
	case trove.Mismatch:
		return "bad"
	case trove.Redacted:
		return "warn"
	}
	return "none"
}

// verdictWord is the word for a verdict, the same in tag, row, facet and panel.
func verdictWord(v trove.Verdict) word {
	switch v {
	case trove.Valid:
		return "verdict.valid"
	case trove.KeptKey:
		return "verdict.kept-key"
	case trove.Unchecked:
		return "verdict.unchecked"
	case trove.Unsigned:
		return "verdict.unsigned"
	case trove.Mismatch:
		return "verdict.mismatch"
	case trove.Redacted:
		return "verdict.redacted"
	}
	return "verdict.none"
}

// verdictTag writes the tag of a verdict.
func (p *page) verdictTag(v trove.Verdict) { p.tag(verdictClass(v), verdictWord(v)) }

// tag writes a state: a word in a bordered box.
func (p *page) tag(class markup, w word, args ...arg) {
	p.html(`<span class="tag `)
	p.html(class)
	p.html(`">`)
	p.say(w, args...)
	p.html("</span>")
}
