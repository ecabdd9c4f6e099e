package site

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"unseal/reading"
	"unseal/search"
	"unseal/trove"
)

// What a page of a document holds.
const (
	pagesOpen    = 10 // pages shown one below the other
	pagesInGrid  = 50
	pagesLinked  = 60 // links to pages; of more, those near and the first and last
	pagesFound   = 50
	snippetRunes = 80 // on each side of what was found
)

// The ways a document is shown, besides the text view.
const (
	viewPlain view = "text"
	viewGrid  view = "grid"
)

// pageText is the text of a page: its own, then what was read off its image.
func (it *item) pageText(pg *reading.Page) string {
	text := between(it.text, pg.From, pg.To)
	for _, i := range it.texts(reading.OCR) {
		for _, s := range it.read.Texts[i].Segments {
			if s.Page == pg.Number && !s.Hidden {
				text += "\n" + s.Text
			}
		}
	}
	return strings.Trim(text, "\n\f ")
}

// between is a piece of text by offsets that need not be good ones.
func between(text string, from, to int) string {
	if from < 0 || to > len(text) || from >= to {
		return ""
	}
	return strings.ToValidUTF8(text[from:to], "")
}

// pageAt is page n of the item, or nil.
func (it *item) pageAt(n int) *reading.Page {
	if it.read == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(it.read.Pages, n, func(p reading.Page, n int) int { return p.Number - n })
	if !ok {
		return nil
	}
	return &it.read.Pages[i]
}

// lastPage is the number of the last page.
func (it *item) lastPage() int { return it.read.Pages[len(it.read.Pages)-1].Number }

// pagePath is the address of a page of a document, from the root.
func (it *item) pagePath(n int) string {
	return itemPath(it.coll.Name, it.number) + "/p/" + strconv.Itoa(n)
}

// documentView writes a document in the way asked for.
func (p *page) documentView(it *item, r *http.Request, v view, all bool) {
	if it.rec.Kind == trove.Image && len(it.read.Pages) == 1 {
		p.pageBody(it, &it.read.Pages[0], bodyLimit)
		return
	}
	p.modes(it, v)
	p.pageStates(it)
	if q := strings.TrimSpace(r.FormValue("q")); q != "" || len(it.read.Pages) > 1 {
		p.searchInside(it, q)
		if q != "" {
			return
		}
	}
	switch v {
	case viewPlain:
		p.textView(it, false, all)
	case viewGrid:
		from, _ := strconv.Atoi(r.FormValue("from"))
		p.grid(it, from)
	default:
		p.outline(it)
		p.pagesView(it, all)
	}
}

// outline writes the document's own list of contents, closed.
func (p *page) outline(it *item) {
	list := it.read.Outline
	if len(list) == 0 {
		return
	}
	p.html("<details><summary>")
	p.say("doc.outline")
	p.html(`</summary><ul class="tree">`)
	limit := len(p.b) + bodyLimit/3
	for i := range list {
		if len(p.b) > limit {
			break
		}
		h := &list[i]
		p.html("<li>")
		for range min(max(h.Level-1, 0), threadDepth) {
			p.b = append(p.b, "\u2003"...)
		}
		if it.pageAt(h.Page) != nil {
			p.html("<a")
			p.href(it.pagePath(h.Page))
			p.html(">")
			p.value(it, cut(h.Title, nameMost))
			p.html("</a>")
		} else {
			p.value(it, cut(h.Title, nameMost))
		}
		p.html("</li>\n")
	}
	p.html("</ul></details>\n")
}

// modes writes the links to the ways a document is shown.
func (p *page) modes(it *item, here view) {
	p.html("<nav")
	p.sayAttr("aria-label", "doc.modes")
	p.html(`><ul class="links">`)
	for _, m := range [...]struct {
		v view
		w word
	}{{viewText, "doc.pages"}, {viewPlain, "view.text"}, {viewGrid, "doc.grid"}} {
		if m.v == viewGrid && (!it.hasImages() || len(it.read.Pages) == 1) || m.v == viewPlain && it.text == "" {
			continue
		}
		q := ""
		if m.v != viewText {
			q = "view=" + string(m.v)
		}
		p.option(it, q, m.v == here, func(p *page) { p.say(m.w) })
	}
	p.html("</ul></nav>\n")
}

// hasImages reports whether there is an image of a page.
func (it *item) hasImages() bool { return it.images() > 0 }

func (it *item) images() (n int) {
	for i := range it.read.Pages {
		if it.read.Pages[i].Image != "" {
			n++
		}
	}
	return n
}

// pageStates says which pages have no image.
func (p *page) pageStates(it *item) {
	switch n, of := it.images(), len(it.read.Pages); {
	case n == 0:
		p.paragraph("doc.no-images")
	case n < of:
		p.paragraph("doc.some-images", num("Ready", n), count(of))
	}
}

// pagesView writes the first pages, one below the other, and links to all.
func (p *page) pagesView(it *item, all bool) {
	p.pageLinks(it, 0)
	limit, shown := len(p.b)+bodyLimit, 0
	for i := range it.read.Pages {
		if shown == pagesOpen && !all || len(p.b) > limit && shown > 0 && !all {
			break
		}
		pg := &it.read.Pages[i]
		p.html(`<section class="pg"`)
		p.attrNum("id", "p", pg.Number)
		p.html("><h2><a")
		p.href(it.pagePath(pg.Number))
		p.html(">")
		p.pageName(it, pg)
		p.html("</a></h2>\n")
		left := 0
		if !all {
			left = max(1000, limit-len(p.b))
		}
		p.pageBody(it, pg, left)
		p.html("</section>\n")
		shown++
	}
	if shown < len(it.read.Pages) {
		p.html(`<p><a rel="next"`)
		p.href(it.pagePath(it.read.Pages[shown].Number))
		p.html(">")
		p.say("doc.go-on", num("Number", it.read.Pages[shown].Number))
		p.html("</a></p>\n")
	}
}

// pageName writes "Page 3 of 12", with the label that the file gives it.
func (p *page) pageName(it *item, pg *reading.Page) {
	p.say("doc.page-of", num("Number", pg.Number), num("Of", it.lastPage()))
	if pg.Label != "" && pg.Label != strconv.Itoa(pg.Number) {
		p.html(" ")
		p.say("doc.label", val("Label", cut(pg.Label, listName)))
	}
}

// pageBody writes the image of a page and its text, which stops after limit
// bytes unless that is 0.
func (p *page) pageBody(it *item, pg *reading.Page, limit int) {
	if pg.Image != "" {
		p.image(it, pg, it.lastPage(), false)
	}
	text := it.pageText(pg)
	if text == "" {
		p.paragraph("doc.page-empty")
		return
	}
	if w := confidence(pg.Confidence); w != "" {
		p.html(`<p class="small">`)
		p.say(w)
		p.html("</p>")
	}
	p.html(`<div class="msg"`)
	p.langAttr(it.rec.Lang)
	p.html(">\n")
	whole := p.writeBody(it.signedText(text), limit, false, it.rec.Redactions)
	p.html("</div>\n")
	if !whole {
		p.html("<p>")
		p.anchor(it.pagePath(pg.Number), "doc.rest")
		p.html("</p>\n")
	}
}

// confidence is the word for how sure the reading of an image is.
func confidence(c float64) word {
	switch {
	case !(c > 0):
		return ""
	case c >= 0.9:
		return "ocr.good"
	case c >= 0.7:
		return "ocr.fair"
	}
	return "ocr.poor"
}

// image writes the image of a page, which is loaded when it comes into view. In
// a grid it is small, and its page is the link around it. of is the number of
// the last page.
func (p *page) image(it *item, pg *reading.Page, of int, small bool) {
	width, height := pg.Width, pg.Height
	if small && width > thumbWidth {
		width, height = thumbWidth, max(1, height*thumbWidth/width)
	}
	if !small {
		p.html("<p>")
	}
	p.html(`<img loading="lazy"`)
	if width > 0 && height > 0 {
		p.attrNum("width", "", width)
		p.attrNum("height", "", height)
	}
	p.link("src", it.madePath(pg.Image), "")
	switch {
	case small:
		p.attr("alt", "") // the link says which page it is
	case it.rec.Kind == trove.Image:
		p.sayAttr("alt", "doc.alt-picture")
	default:
		p.sayAttr("alt", "doc.alt", num("Number", pg.Number), num("Of", of))
	}
	p.html(">")
	if !small {
		p.html(" <small>")
		if it.rec.Kind == trove.Image && len(it.read.Pages) == 1 {
			p.anchor(it.madePath(pg.Image), "doc.picture")
		} else {
			p.anchor(it.madePath(pg.Image), "doc.image", num("Number", pg.Number))
		}
		p.html("</small></p>\n")
	}
}

// thumbWidth is the width of a page in the grid, in pixels.
const thumbWidth = 150

// pageImages writes the images of all pages with what was read off them, for
// items that exist as pictures alone.
func (p *page) pageImages(it *item) {
	for i := range it.read.Pages {
		if pg := &it.read.Pages[i]; pg.Image != "" && i < pagesInGrid {
			p.image(it, pg, it.lastPage(), false)
		}
	}
}

// pageLinks writes links to the pages: all, or those near the page shown with
// the first and the last.
func (p *page) pageLinks(it *item, here int) {
	list := it.read.Pages
	if len(list) < 2 {
		return
	}
	p.html("<nav")
	p.sayAttr("aria-label", "nav.pages")
	p.html(`><ul class="links">`)
	at := max(0, slices.IndexFunc(list, func(pg reading.Page) bool { return pg.Number == here }))
	from := max(0, min(at-pagesLinked/2, len(list)-pagesLinked))
	for i := range list {
		near := i >= from && i < from+pagesLinked
		if !near && i != 0 && i != len(list)-1 {
			continue
		}
		if list[i].Number == here {
			p.html(`<li aria-current="page"><strong>`)
			p.num(here)
			p.html("</strong></li>")
			continue
		}
		p.html("<li><a")
		p.href(it.pagePath(list[i].Number))
		p.html(">")
		p.num(list[i].Number)
		p.html("</a></li>\n")
	}
	p.html("</ul></nav>\n")
}

// grid writes small images of the pages, a page of them.
func (p *page) grid(it *item, from int) {
	list := it.read.Pages
	from = max(0, min(from, len(list)-1))
	to := min(from+pagesInGrid, len(list))
	p.html(`<ul class="grid">`)
	for i := range list[from:to] {
		pg := &list[from+i]
		p.html("<li><a")
		p.href(it.pagePath(pg.Number))
		p.html(">")
		if pg.Image != "" {
			p.image(it, pg, it.lastPage(), true)
		}
		p.say("doc.page", num("Number", pg.Number))
		p.html("</a></li>\n")
	}
	p.html("</ul>\n")
	if len(list) <= pagesInGrid {
		return
	}
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "nav.pages")
	p.html("><span>")
	p.say("nav.range", num("From", from+1), num("To", to), count(len(list)))
	p.html("</span>")
	if from > 0 {
		p.pageLink("prev", itemPath(it.coll.Name, it.number), "view=grid&from", max(0, from-pagesInGrid), "nav.previous")
	}
	if to < len(list) {
		p.pageLink("next", itemPath(it.coll.Name, it.number), "view=grid&from", to, "nav.next")
	}
	p.html("</nav>\n")
}

// documentPage answers /c/doc/12/p/3: one page of a document.
func (s *site) documentPage(w http.ResponseWriter, r *http.Request, it *item, n int) error {
	pg := it.pageAt(n)
	if pg == nil {
		return missing("error.no-page")
	}
	p := newPage(s.locale, r.URL.Path)
	title := p.loc.plain("doc.page", num("Number", n))
	crumbs := s.itemCrumbs(it)
	crumbs[len(crumbs)-1].path = itemPath(it.coll.Name, it.number)
	s.begin(p, head{title: title + p.loc.plain("list.separator") + s.itemTitle(it), crumbs: append(crumbs, crumb{"", title})})
	p.html("<h1>")
	p.itemHeading(it)
	p.html("</h1>\n<p>")
	p.pageName(it, pg)
	p.html("</p>\n")
	p.pageLinks(it, n)
	p.html(`<article class="pg">`)
	limit := 0
	if r.FormValue("all") != "1" {
		limit = 2 * bodyLimit
	}
	p.onePage(it, pg, limit)
	p.findingsOn(it, n)
	p.besidePage(it, n)
	p.html("</article>\n")
	p.pagePager(it, n)
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// onePage writes a page that stands alone: more of its text, then a link to
// all of it.
func (p *page) onePage(it *item, pg *reading.Page, limit int) {
	text := it.pageText(pg)
	if limit > 0 && len(text) > limit {
		p.html("<p><a")
		p.hrefQuery(it.pagePath(pg.Number), "all=1")
		p.html(">")
		p.say("item.show-all", val("Size", p.loc.size(int64(len(text)))))
		p.html("</a></p>\n")
	}
	p.pageBody(it, pg, limit)
}

// besidePage writes the translations of a page.
func (p *page) besidePage(it *item, n int) {
	for _, i := range it.texts(reading.Translation) {
		t := &it.read.Texts[i]
		var b strings.Builder
		for _, s := range t.Segments {
			if s.Page == n && !s.Hidden {
				b.WriteString(s.Text + "\n\n")
			}
		}
		if b.Len() > 0 {
			p.translation(it, i, cutBytes(b.String(), bodyLimit))
		}
	}
}

// pagePager leads to the pages before and after.
func (p *page) pagePager(it *item, n int) {
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "doc.neighbours")
	p.html(">")
	at := slices.IndexFunc(it.read.Pages, func(pg reading.Page) bool { return pg.Number == n })
	if at > 0 {
		p.html(`<a rel="prev"`)
		p.href(it.pagePath(it.read.Pages[at-1].Number))
		p.html(">")
		p.say("doc.previous", num("Number", it.read.Pages[at-1].Number))
		p.html("</a>")
	}
	if at+1 < len(it.read.Pages) {
		p.html(`<a rel="next"`)
		p.href(it.pagePath(it.read.Pages[at+1].Number))
		p.html(">")
		p.say("doc.next", num("Number", it.read.Pages[at+1].Number))
		p.html("</a>")
	}
	p.html("</nav>\n")
}

// searchInside writes the box that searches the document, and what was found:
// the pages that hold all the words.
func (p *page) searchInside(it *item, q string) {
	p.html("<form")
	p.link("action", itemPath(it.coll.Name, it.number), "")
	p.html(`><label for="inside">`)
	p.say("doc.search")
	p.html(`</label><input id="inside" name="q" type="search" size="30" dir="auto"`)
	p.attr("value", cut(q, search.MaxQueryBytes))
	p.html("> <button>")
	p.say("search.button")
	p.html("</button></form>\n")
	if q == "" {
		return
	}
	words := wordsOf(q)
	found, shown := 0, len(p.b)
	p.section("found-pages", "", "doc.found")
	p.html(`<ol class="hits">`)
	for i := range it.read.Pages {
		pg := &it.read.Pages[i]
		text := search.Normal(it.pageText(pg))
		at, end, ok := findWords(text, words)
		if !ok {
			continue
		}
		if found++; found > pagesFound || len(p.b)-shown > bodyLimit {
			continue
		}
		p.html("<li><h3><a")
		p.href(it.pagePath(pg.Number))
		p.html(">")
		p.pageName(it, pg)
		p.html("</a></h3><p><bdi>")
		p.around(text, at, end)
		p.html("</bdi></p></li>\n")
	}
	p.html("</ol><p>")
	p.say("doc.found-count", count(found))
	p.html("</p></section>\n")
}

// wordsOf are the folded words of a query.
func wordsOf(q string) map[string]bool {
	words := map[string]bool{}
	var sc search.Scanner
	for sc.Reset(search.Normal(cutBytes(q, search.MaxQueryBytes))); sc.Next(); {
		words[string(sc.Word)] = true
	}
	return words
}

// findWords reports whether all words occur in text, and where the first of
// them stands.
func findWords(text string, words map[string]bool) (from, to int, ok bool) {
	seen := make(map[string]bool, len(words))
	var sc search.Scanner
	for sc.Reset(text); sc.Next() && len(seen) < len(words); {
		if !words[string(sc.Word)] {
			continue
		}
		if len(seen) == 0 {
			from, to = sc.Start, sc.End
		}
		seen[string(sc.Word)] = true
	}
	return from, to, len(words) > 0 && len(seen) == len(words)
}

// around writes the text around what was found, marked.
func (p *page) around(text string, from, to int) {
	before := lastRunes(text[:from], snippetRunes)
	if len(before) < from {
		p.b = append(p.b, "… "...)
	}
	p.b = appendEscaped(p.b, before, inText)
	p.html("<mark>")
	p.b = appendEscaped(p.b, text[from:to], inText)
	p.html("</mark>")
	p.b = appendEscaped(p.b, cut(text[to:], snippetRunes), inText)
}

// lastRunes are the last n runes of s.
func lastRunes(s string, n int) string {
	for i, seen := len(s), 0; i > 0; i-- {
		if isStart(s[i-1]) {
			if seen++; seen == n {
				return s[i-1:]
			}
		}
	}
	return s
}

// isStart reports whether b begins a character.
func isStart(b byte) bool { return b&0xC0 != 0x80 }
