package site

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Limits of the made-safe HTML of a mail (threats.md, "Hostile input").
const (
	maxHTMLIn   = 2 << 20 // bytes of a mail's HTML that are looked at
	maxHTMLOut  = 1 << 20 // bytes of the made-safe HTML that are shown
	maxHTMLOpen = 512     // open elements
)

// elements is what may stand in the made-safe HTML of a mail: text and its
// structure. No img, no style, no id, no class, no link, no form, nothing that
// loads, runs or is named.
var elements = []string{
	"a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
	"dd", "del", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
	"i", "ins", "kbd", "li", "main", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub",
	"sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
}

var (
	dirValue  = regexp.MustCompile(`^(?i:ltr|rtl|auto)$`)
	langValue = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)
	spanValue = regexp.MustCompile(`^[1-9][0-9]{0,2}$`)
)

// policy is our own allow-list. Addresses of links and alternative texts of
// pictures pass it only to be turned into text by [flatten].
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(elements...)
	p.AllowNoAttrs().OnElements(elements...)
	p.AllowAttrs("dir").Matching(dirValue).Globally()
	p.AllowAttrs("lang").Matching(langValue).Globally()
	p.AllowAttrs("colspan", "rowspan").Matching(spanValue).OnElements("td", "th")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	return p
}()

// safeHTML is the HTML of a mail made safe: only allowed elements, links and
// pictures turned into text. cut reports that not all of it is there. ok is
// false where no HTML could be made; the caller then shows the text.
// src is UTF-8; the result is a well-formed fragment.
func safeHTML(src string) (fragment string, cut, ok bool) {
	if len(src) > maxHTMLIn {
		src, cut = cutBytes(src, maxHTMLIn), true
	}
	if deep(src) {
		return "", cut, false
	}
	clean := policy.Sanitize(src)
	if len(clean) > maxHTMLOut {
		clean, cut = cutBytes(clean, maxHTMLOut), true
	}
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(clean), body)
	if err != nil {
		return "", cut, false
	}
	var out strings.Builder
	for _, n := range nodes {
		if err := render(&out, n, 0); err != nil {
			return "", cut, false
		}
	}
	return out.String(), cut, true
}

// cutBytes is the first n bytes of s, shortened to whole runes.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// deep reports whether src opens more elements than any mail written for
// people does, which costs parsers quadratic time.
func deep(src string) bool {
	open := 0
	z := html.NewTokenizer(strings.NewReader(src))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return false
		case html.StartTagToken:
			name, _ := z.TagName()
			if !voidElement[string(name)] {
				open++
			}
			if open > maxHTMLOpen {
				return true
			}
		case html.EndTagToken:
			open = max(0, open-1)
		}
	}
}

// voidElement lists elements that need no end tag: those without content, and
// those that mail often leaves open.
var voidElement = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true,
	"meta": true, "param": true, "source": true, "track": true, "wbr": true,
	"p": true, "li": true, "td": true, "th": true, "tr": true, "dd": true, "dt": true, "option": true, "font": true,
}

var allowed = func() map[string]bool {
	m := make(map[string]bool, len(elements))
	for _, e := range elements {
		m[e] = true
	}
	return m
}()

// render writes n again from the parsed tree, judging each element and
// attribute a second time, so that what bluemonday let through by mistake, or
// what parses otherwise the second time, does not come through.
func render(out *strings.Builder, n *html.Node, depth int) error {
	if depth > 2*maxHTMLOpen {
		return errDeep
	}
	switch n.Type {
	case html.TextNode:
		out.WriteString(html.EscapeString(n.Data))
		return nil
	case html.ElementNode:
	default:
		return nil
	}
	if n.DataAtom == atom.Img {
		if alt := attribute(n, "alt"); alt != "" {
			out.WriteString("[" + html.EscapeString(alt) + "]")
		}
		return nil
	}
	if n.Namespace != "" || !allowed[n.Data] {
		return renderChildren(out, n, depth)
	}
	return renderElement(out, n, depth)
}

type htmlError string

func (e htmlError) Error() string { return string(e) }

const errDeep = htmlError("html nested too deep")

func renderElement(out *strings.Builder, n *html.Node, depth int) error {
	name := n.Data
	if name == "a" {
		name = "u"
	}
	out.WriteString("<" + name)
	for _, a := range n.Attr {
		if safeAttribute(n.Data, a) {
			out.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
		}
	}
	out.WriteString(">")
	if n.DataAtom == atom.Br || n.DataAtom == atom.Hr {
		return nil
	}
	if n.DataAtom == atom.Pre {
		out.WriteString("\n") // the parser drops one line feed after <pre>
	}
	if err := renderChildren(out, n, depth); err != nil {
		return err
	}
	out.WriteString("</" + name + ">")
	if href := attribute(n, "href"); n.DataAtom == atom.A && href != "" {
		out.WriteString(" <small>[" + html.EscapeString(href) + "]</small>")
	}
	return nil
}

func renderChildren(out *strings.Builder, n *html.Node, depth int) error {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if err := render(out, c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func safeAttribute(element string, a html.Attribute) bool {
	if a.Namespace != "" {
		return false
	}
	switch a.Key {
	case "dir":
		return dirValue.MatchString(a.Val)
	case "lang":
		return langValue.MatchString(a.Val)
	case "colspan", "rowspan":
		return (element == "td" || element == "th") && spanValue.MatchString(a.Val)
	}
	return false
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Namespace == "" && a.Key == key {
			return a.Val
		}
	}
	return ""
}
