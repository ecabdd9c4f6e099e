package redact

import (
	"bytes"
	"strings"
)

// withoutTags reads what stands between the tags of HTML or XML. Comments are
// no text; a tag that begins a line or a cell is a line break.
func withoutTags(t text) (text, bool) {
	i := bytes.IndexByte(t.b, '<')
	if i < 0 {
		return t, false
	}
	w := rewrite(t)
	r := tagReader{patience: maxBadQuotes}
	found := false
	for i < len(t.b) {
		n, breaks := r.tag(t.b[i:])
		switch {
		case n == 0:
			n = 1
		case breaks:
			w.put(i, i+n, '\n')
			found = true
		default:
			w.put(i, i+n)
			found = true
		}
		next := bytes.IndexByte(t.b[i+n:], '<')
		if next < 0 {
			break
		}
		i += n + next
	}
	return w.end(), found
}

// withComments reads the text in comments as well, as mail programs that obey
// conditional comments do.
func withComments(t text) (text, bool) {
	if !bytes.Contains(t.b, openComment) {
		return t, false
	}
	w := rewrite(t)
	for i := 0; i < len(t.b); i++ {
		switch {
		case t.b[i] == '<' && bytes.HasPrefix(t.b[i:], openComment):
			w.put(i, i+len(openComment))
			i += len(openComment) - 1
		case t.b[i] == '-' && bytes.HasPrefix(t.b[i:], closeComment):
			w.put(i, i+len(closeComment))
			i += len(closeComment) - 1
		}
	}
	s, _ := withoutTags(w.end())
	return s, true
}

var openComment, closeComment = []byte("<!--"), []byte("-->")

// maxBadQuotes bounds how often the end of a tag is looked for in vain behind
// quotes in it, which takes as long as the text is.
const maxBadQuotes = 16

type tagReader struct {
	patience int
}

// tag measures the tag or comment at the beginning of b, which is a '<'; 0
// means that it is neither. breaks says that it ends a line of text.
func (r *tagReader) tag(b []byte) (n int, breaks bool) {
	if len(b) < 3 {
		return 0, false
	}
	if bytes.HasPrefix(b, openComment) {
		if i := bytes.Index(b, closeComment); i >= 0 {
			return i + len(closeComment), false
		}
		return len(b), false // HTML: it goes on to the end
	}
	c := b[1]
	if c != '/' && c != '!' && c != '?' && (c|0x20 < 'a' || c|0x20 > 'z') {
		return 0, false
	}
	if n = r.end(b); n == 0 {
		return 0, false
	}
	return n, !inline[tagName(b[:n])]
}

// end finds the '>' of a tag, which may have others in quoted values before it.
func (r *tagReader) end(b []byte) int {
	plain := bytes.IndexByte(b, '>') + 1
	if plain == 0 || r.patience == 0 || !bytes.ContainsAny(b[:plain], `"'`) {
		return plain
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '>':
			return i + 1
		case '"', '\'':
			n := bytes.IndexByte(b[i+1:], c)
			if n < 0 {
				i = len(b)
			}
			i += n + 1
		}
	}
	r.patience--
	return plain
}

func tagName(tag []byte) string {
	tag = bytes.TrimLeft(tag, "</")
	i := bytes.IndexAny(tag, " \t\r\n/>")
	if i < 0 {
		i = len(tag)
	}
	return strings.ToLower(string(tag[:min(i, maxName)]))
}

// inline are the tags that stand in the midst of words.
var inline = func() map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(`a abbr acronym b bdi bdo big blink cite code data del dfn em font i ins kbd label
		mark nobr o:p q ruby s samp small span strike strong sub sup time tt u var wbr ![endif] ![if v:shape`) {
		set[name] = true
	}
	return set
}()
