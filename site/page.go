package site

import (
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// markup is HTML written by us. Only constants are converted to it, so that no
// value of an item can become markup (a test reads the source for this).
type markup string

// page is one answer being written. The zero page is not usable; see newPage.
// It is owned by one request.
type page struct {
	b    []byte
	loc  *locale
	root string // the relative way from this page to "/": "", "../", "../../"
}

// pages recycles buffers between requests.
var pages = sync.Pool{New: func() any { return &page{b: make([]byte, 0, 48<<10)} }}

// newPage starts the page at the URL path path.
func newPage(loc *locale, path string) *page {
	p := pages.Get().(*page)
	p.b, p.loc, p.root = p.b[:0], loc, rootOf(path)
	return p
}

// free gives the page back; its bytes must not be used after it.
func (p *page) free() {
	if cap(p.b) <= maxPooled {
		pages.Put(p)
	}
}

// maxPooled keeps one very long page from pinning its memory for ever.
const maxPooled = 256 << 10

// ups are the ways up from the depths that occur.
const ups = "../../../../../../../../"

// rootOf is the relative way from the page at path to the root.
func rootOf(path string) string {
	depth := strings.Count(path, "/") - 1
	if depth <= 0 {
		return "./"
	}
	if 3*depth <= len(ups) {
		return ups[:3*depth]
	}
	return strings.Repeat("../", depth)
}

// html writes markup of ours.
func (p *page) html(m markup) { p.b = append(p.b, m...) }

// bdi writes a value: the helper that every value of an item goes through.
func (p *page) bdi(s string) {
	p.b = append(p.b, "<bdi>"...)
	p.b = appendEscaped(p.b, s, inText)
	p.b = append(p.b, "</bdi>"...)
}

// code writes a value that is code: hashes, addresses, message ids. The style
// sheet isolates code and sets it left to right.
func (p *page) code(s string) {
	p.b = append(p.b, "<bdi><code>"...)
	p.b = appendEscaped(p.b, s, inText)
	p.b = append(p.b, "</code></bdi>"...)
}

// num writes a number with the language's separators.
func (p *page) num(n int) {
	p.b = append(p.b, "<bdi>"...)
	p.b = p.loc.appendNumber(p.b, n)
	p.b = append(p.b, "</bdi>"...)
}

// body writes running text of an item, which stands in an element with a
// direction of its own.
func (p *page) body(s string) { p.b = appendEscaped(p.b, s, inBody) }

// attr writes an attribute with a value.
func (p *page) attr(name markup, value string) {
	p.b = append(p.b, ' ')
	p.b = append(p.b, name...)
	p.b = append(p.b, '=', '"')
	p.b = appendEscaped(p.b, value, inAttr)
	p.b = append(p.b, '"')
}

// attrNum writes an attribute whose value is prefix and a number.
func (p *page) attrNum(name, prefix markup, n int) {
	p.b = append(p.b, ' ')
	p.b = append(p.b, name...)
	p.b = append(p.b, '=', '"')
	p.b = append(p.b, prefix...)
	p.b = strconv.AppendInt(p.b, int64(n), 10)
	p.b = append(p.b, '"')
}

// href writes the attribute href to the place at path, counted from the root
// without its slash: p.href("c/mail/5205"). Path segments that are values
// must be escaped by the caller (see pathEscape).
func (p *page) href(path string) { p.link("href", path, "") }

// hrefQuery is href with a query; q is already encoded.
func (p *page) hrefQuery(path, q string) { p.link("href", path, q) }

func (p *page) link(name markup, path, q string) {
	p.b = append(p.b, ' ')
	p.b = append(p.b, name...)
	p.b = append(p.b, '=', '"')
	if path == "" {
		p.b = append(p.b, p.root[:len(p.root)-1]...) // the home page: "..", which simple crawlers join rightly
	} else {
		p.b = append(p.b, p.root...)
	}
	p.b = appendEscaped(p.b, path, inAttr)
	if q != "" {
		p.b = append(p.b, '?')
		p.b = appendEscaped(p.b, q, inAttr)
	}
	p.b = append(p.b, '"')
}

// say writes the words of the catalogue under w, values in their places.
func (p *page) say(w word, args ...arg) { p.loc.write(p, w, inText, args...) }

// sayAttr writes an attribute whose value are words of the catalogue.
func (p *page) sayAttr(name markup, w word, args ...arg) {
	p.b = append(p.b, ' ')
	p.b = append(p.b, name...)
	p.b = append(p.b, '=', '"')
	p.loc.write(p, w, inAttr, args...)
	p.b = append(p.b, '"')
}

// pathEscape makes s one segment of a URL path.
func pathEscape(s string) string { return url.PathEscape(s) }
