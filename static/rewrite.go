package static

import (
	"bytes"
	"html"
	"strings"
)

// tag is a start tag of a page as the site writes them: names in lower case,
// values in double quotes. A tag that never ends is none.
type tag struct {
	from, to int // in the page: of "<" and behind ">"
	name     string
	attrs    []attr
}

// attr is an attribute of a tag; from is that of the space before its name.
type attr struct {
	name     string
	from, to int
	value    string // as it stands, escaped
}

// value is that of the attribute of that name, escaped; empty without it.
func (t *tag) value(name string) string {
	for i := range t.attrs {
		if t.attrs[i].name == name {
			return t.attrs[i].value
		}
	}
	return ""
}

// next reads the first start tag at or behind at into t.
func (t *tag) next(page []byte, at int) bool {
	for {
		i := bytes.IndexByte(page[at:], '<')
		if i < 0 {
			return false
		}
		at += i
		if at+1 < len(page) && isLetter(page[at+1]) {
			return t.read(page, at) // behind a tag that never ends there is nothing
		}
		at++
	}
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }

// read reads the tag that begins at from; false if it does not end.
func (t *tag) read(page []byte, from int) bool {
	*t = tag{from: from, attrs: t.attrs[:0]}
	i := from + 1
	for i < len(page) && !isSpace(page[i]) && page[i] != '>' {
		i++
	}
	t.name = string(page[from+1 : i])
	for i < len(page) && page[i] != '>' {
		if !isSpace(page[i]) {
			i++
			continue
		}
		i = t.readAttr(page, i)
	}
	t.to = i + 1
	return i < len(page)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

// readAttr reads the attribute behind the space at i and returns where it ends.
func (t *tag) readAttr(page []byte, i int) int {
	a := attr{from: i}
	for i++; i < len(page) && !isSpace(page[i]) && page[i] != '=' && page[i] != '>'; {
		i++
	}
	a.name = string(page[min(a.from+1, len(page)):i])
	if i+1 < len(page) && page[i] == '=' && page[i+1] == '"' {
		end := bytes.IndexByte(page[i+2:], '"')
		if end < 0 {
			return len(page)
		}
		a.value = string(page[i+2 : i+2+end])
		i += end + 3
	}
	a.to = i
	if a.name != "" {
		t.attrs = append(t.attrs, a)
	}
	return i
}

// isLink reports whether an attribute leads somewhere.
func isLink(name string) bool { return name == "href" || name == "src" || name == "action" }

// links calls fn for every link of a page.
func links(page []byte, fn func(t *tag, link string)) {
	var t tag
	for at := 0; t.next(page, at); at = t.to {
		for i := range t.attrs {
			if isLink(t.attrs[i].name) {
				fn(&t, t.attrs[i].value)
			}
		}
	}
}

// target is where a link leads from now on. The zero target is nowhere.
type target struct {
	to   string // not escaped
	save string // the name under which a browser shall save it, or empty
}

// rewrite is the page with every link changed to what to says, and head behind
// its first <meta>. A link to nowhere is left out and its words stay; a form
// goes as a whole.
func rewrite(page []byte, head string, to func(t *tag, link string) target) []byte {
	out := make([]byte, 0, len(page)+len(page)/8)
	var t tag
	done := 0
	for at := 0; t.next(page, at); at = t.to {
		out = append(out, page[done:t.from]...)
		if bytes.HasSuffix(out, []byte("<")) {
			out = append(out, ' ') // where the tag goes, what follows must not become one
		}
		done = t.to
		switch gone := t.gone(to); {
		case !gone:
			out = t.write(out, page, to)
		case t.name == "form":
			done = formEnd(page, t.to)
			t.to = done
		}
		if t.name == "meta" && head != "" {
			out, head = append(out, head...), ""
		}
	}
	return append(out, page[done:]...)
}

// gone reports whether the whole tag goes with its link: of forms, pictures and
// <link> elements.
func (t *tag) gone(to func(*tag, string) target) bool {
	for i := range t.attrs {
		a := &t.attrs[i]
		if isLink(a.name) && (t.name == "form" || t.name == "link" || t.name == "img") && to(t, a.value).to == "" {
			return true
		}
	}
	return false
}

// formEnd is the place behind the form that is open at at.
func formEnd(page []byte, at int) int {
	const end = "</form>"
	if i := bytes.Index(page[at:], []byte(end)); i >= 0 {
		return at + i + len(end)
	}
	return len(page)
}

// write writes the tag with its links changed.
func (t *tag) write(out, page []byte, to func(*tag, string) target) []byte {
	done := t.from
	for i := range t.attrs {
		a := &t.attrs[i]
		if !isLink(a.name) {
			continue
		}
		out = append(out, page[done:a.from]...)
		done = a.to
		if goal := to(t, a.value); goal.to != "" {
			out = appendAttr(out, a.name, goal.to)
			if goal.save != "" && t.name == "a" {
				out = appendAttr(out, "download", goal.save)
			}
		}
	}
	return append(out, page[done:t.to]...)
}

func appendAttr(out []byte, name, value string) []byte {
	out = append(out, ' ')
	out = append(out, name...)
	out = append(out, '=', '"')
	out = append(out, html.EscapeString(value)...)
	return append(out, '"')
}

// policyTag states the policy of a response in the page itself. "file:" stands
// beside 'self', which a page from disk has no match for; directives that only a
// header can give are left out.
func policyTag(policy string) string {
	var kept []string
	for d := range strings.SplitSeq(policy, ";") {
		d = strings.TrimSpace(d)
		if name, _, _ := strings.Cut(d, " "); name == "sandbox" || name == "frame-ancestors" || name == "" {
			continue
		}
		kept = append(kept, strings.ReplaceAll(d, "'self'", "'self' file:"))
	}
	tag := `<meta name="referrer" content="no-referrer">`
	if len(kept) > 0 {
		tag = `<meta http-equiv="Content-Security-Policy" content="` + html.EscapeString(strings.Join(kept, "; ")) + `">` + tag
	}
	return tag
}
