package redact

import (
	"bytes"
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"unseal/mime"
)

// undoing reads one kind of writing, and reports whether there was any.
type undoing func(t text) (text, bool)

// forms are the ways in which a text in UTF-8 is read: as it stands, and with
// one kind of writing after the other undone: at most 15.
func forms(t text) []text {
	list := []text{t}
	for range 2 {
		if !bytes.ContainsAny(t.b, "=\\%&<") {
			break
		}
		again := twice(t.b)
		var changed bool
		if t, changed = through(t, encodedWords, softBreaks, backslashes); changed {
			list = append(list, t)
		}
		for _, tags := range []undoing{withoutTags, withComments} {
			if s, ok := tags(t); ok {
				list = late(list, s, true)
			}
		}
		list = late(list, t, false)
		if t = list[len(list)-1]; !again {
			break
		}
	}
	return list
}

// late adds a text with entities undone, and if there is any of it, the same
// as in an address of the web. itself says that t is not in the list yet.
func late(list []text, t text, itself bool) []text {
	t, changed := through(t, entities)
	if itself || changed {
		list = append(list, t)
	}
	if t, changed = through(t, percents, pluses); changed {
		list = append(list, t)
	}
	return list
}

// through undoes one kind of writing after the other.
func through(t text, steps ...undoing) (text, bool) {
	changed := false
	for _, undo := range steps {
		if s, ok := undo(t); ok {
			t, changed = s, true
		}
	}
	return t, changed
}

// twice reports whether a text may be written twice: with entities of
// ampersands or tags, percent signs or equal signs that are themselves written.
func twice(b []byte) bool {
	for _, mark := range [][]byte{[]byte("&lt;"), []byte("%25"), []byte("=3D3D"), []byte("=3F"), []byte("\\u003")} {
		if bytes.Contains(b, mark) {
			return true
		}
	}
	for {
		_, after, ok := bytes.Cut(b, []byte("&amp;"))
		if !ok {
			return false
		}
		n := 0
		for n < min(len(after), maxName) && nameByte(after[n]) {
			n++
		}
		if n > 0 && n < len(after) && after[n] == ';' {
			return true
		}
		b = after
	}
}

// encodedWords reads those of RFC 2047, tolerantly, wherever they stand.
// Adjacent words of one charset are joined before they are converted, as
// letters may be cut between them. Every letter came from all of its word or
// words but the two characters that begin it: these stand in the segment of
// what is before them, such as the name of the field.
func encodedWords(t text) (text, bool) {
	i := bytes.Index(t.b, wordMark)
	if i < 0 {
		return t, false
	}
	w := rewrite(t)
	found := false
	for {
		if run := wordsAt(t.b, i); len(run) == 0 {
			i += 2
		} else {
			found = true
			putWords(w, run)
			i = run[len(run)-1].to
		}
		n := bytes.Index(t.b[i:], wordMark)
		if n < 0 {
			return w.end(), found
		}
		i += n
	}
}

var wordMark = []byte("=?")

// word is an encoded word that stands at [from, to).
type word struct {
	from, to int
	charset  string
	bytes    []byte
}

// wordsAt reads the adjacent words of one charset that begin at i.
func wordsAt(b []byte, i int) []word {
	var run []word
	for i < len(b) {
		w := encodedWord(b[i:])
		if w.to == 0 || len(run) > 0 && w.charset != run[0].charset {
			break
		}
		w.from, w.to = i, i+w.to
		run = append(run, w)
		for i = w.to; i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n'); i++ {
		}
	}
	return run
}

// putWords writes the letters of adjacent words. Where no letter is cut
// between two of them, each came from its own word, else from all.
func putWords(w *writer, run []word) {
	var all []byte
	single := ""
	for _, x := range run {
		all = append(all, x.bytes...)
		s, _ := mime.ToUTF8(x.bytes, x.charset)
		single += s
	}
	joined, _ := mime.ToUTF8(all, run[0].charset)
	if single != joined {
		w.put(run[0].from, run[0].from+2)
		w.put(run[0].from+2, run[len(run)-1].to, []byte(joined)...)
		return
	}
	for k, x := range run {
		from := x.from
		if k > 0 {
			from = run[k-1].to // white space between words is none
		}
		w.put(from, x.from+2)
		s, _ := mime.ToUTF8(x.bytes, x.charset)
		w.put(x.from+2, x.to, []byte(s)...)
	}
}

// maxName bounds the names of charsets and entities.
const maxName = 80

// encodedWord reads "=?charset?B?text?=" at the beginning of b; to is its
// length, or 0 where there is none.
func encodedWord(b []byte) word {
	if !bytes.HasPrefix(b, wordMark) {
		return word{}
	}
	q := bytes.IndexByte(b[2:min(len(b), maxName)], '?') + 2
	if q < 3 || q+2 >= len(b) || b[q+2] != '?' || bytes.ContainsAny(b[2:q], " \t\r\n") {
		return word{}
	}
	kind, rest := b[q+1]|0x20, b[q+3:]
	if kind != 'b' && kind != 'q' {
		return word{}
	}
	end, closing := wordText(rest, kind)
	w := word{to: q + 3 + end + closing, charset: mime.CharsetName(string(b[2:q]))}
	if w.bytes = mime.DecodeBase64(rest[:end]); kind == 'q' {
		w.bytes = underscored(rest[:end])
	}
	return w
}

// wordText finds where the text of a word ends and how long what closes it is.
// A word that is not closed ends at the first byte that cannot be in it.
func wordText(b []byte, kind byte) (end, closing int) {
	for i, c := range b {
		switch {
		case c == '?' && i+1 < len(b) && b[i+1] == '=':
			return i, 2
		case c == '?' && (kind == 'b' || i+1 == len(b)):
			return i, 1
		case c == '\n' && kind == 'q':
			return i, 0
		case kind == 'b' && (sextets[c] > 64 || c == '-' || c == '_') && c != ' ' && c != '\t':
			return i, 0
		case c == '=' && i+1 < len(b) && b[i+1] == '?' && (i+2 == len(b) || b[i+2] != '='):
			return i, 0 // the next word begins
		}
	}
	return len(b), 0
}

// underscored decodes the Q encoding of RFC 2047 section 4.2.
func underscored(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if v, ok := triplet(b[i:]); ok {
			out = append(out, v)
			i += 2
		} else if b[i] == '_' {
			out = append(out, ' ')
		} else {
			out = append(out, b[i])
		}
	}
	return out
}

// softBreaks reads quoted-printable in a text that does not say that it is.
func softBreaks(t text) (text, bool) {
	for i, c := range t.b {
		if c != '=' {
			continue
		}
		_, code := triplet(t.b[i:])
		if code || i+1 < len(t.b) && (t.b[i+1] == '\n' || t.b[i+1] == '\r') {
			return mixed(unquote(t)), true
		}
	}
	return t, false
}

// backslashes reads the escapes of JSON (RFC 8259 section 7), of quoted strings
// (RFC 5322 section 3.2.4) and of RTF's \'e9.
func backslashes(t text) (text, bool) {
	if bytes.IndexByte(t.b, '\\') < 0 {
		return t, false
	}
	w := rewrite(t)
	for i := 0; i+1 < len(t.b); i++ {
		if t.b[i] != '\\' {
			continue
		}
		s, n := escape(t.b[i:])
		if n > 0 {
			w.put(i, i+n, s...)
			i += n - 1
		}
	}
	return mixed(w.end()), true
}

// escape reads what stands behind a backslash: its bytes, and its length.
func escape(b []byte) ([]byte, int) {
	switch c := b[1]; {
	case c == 'n' || c == 'r' || c == 't':
		return []byte(" "), 2
	case c == 'u' && len(b) >= 6:
		return unicodeEscape(b)
	case c == '\'' && len(b) >= 4:
		if v, ok := mime.HexByte(b[2], b[3]); ok {
			return []byte{v}, 4
		}
	case c == '"' || c == '\\' || c == '/' || c == '\'' || c == '(' || c == ')':
		return []byte{c}, 2
	}
	return nil, 0
}

func unicodeEscape(b []byte) ([]byte, int) {
	r, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return nil, 0
	}
	if utf16.IsSurrogate(rune(r)) && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if low, err := strconv.ParseUint(string(b[8:12]), 16, 16); err == nil {
			return utf8.AppendRune(nil, utf16.DecodeRune(rune(r), rune(low))), 12
		}
	}
	return utf8.AppendRune(nil, rune(r)), 6
}

// entities reads those of HTML and XML.
func entities(t text) (text, bool) {
	i := bytes.IndexByte(t.b, '&')
	if i < 0 {
		return t, false
	}
	w := rewrite(t)
	found := false
	for i < len(t.b) {
		j := i + 1
		for j < len(t.b) && j < i+maxName && nameByte(t.b[j]) {
			j++
		}
		if j < len(t.b) && t.b[j] == ';' {
			j++
		}
		if raw := string(t.b[i:j]); j > i+1 {
			if s := html.UnescapeString(raw); s != raw {
				w.put(i, j, []byte(s)...)
				found = true
			}
		}
		n := bytes.IndexByte(t.b[j:], '&')
		if n < 0 {
			break
		}
		i = j + n
	}
	return w.end(), found
}

func nameByte(c byte) bool {
	return c == '#' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// percents reads those of URLs (RFC 3986 section 2.1).
func percents(t text) (text, bool) {
	if bytes.IndexByte(t.b, '%') < 0 {
		return t, false
	}
	s := percentBytes(t)
	return mixed(s), len(s.b) < len(t.b)
}

func percentBytes(t text) text {
	w := rewrite(t)
	for i := 0; i+2 < len(t.b); i++ {
		if t.b[i] != '%' {
			continue
		}
		if v, ok := mime.HexByte(t.b[i+1], t.b[i+2]); ok {
			w.put(i, i+3, v)
			i += 2
		}
	}
	return w.end()
}

// pluses reads the plus signs of query strings as spaces.
func pluses(t text) (text, bool) {
	i := bytes.IndexByte(t.b, '+')
	if i < 0 || bytes.IndexByte(t.b, '=') < 0 {
		return t, false
	}
	w := rewrite(t)
	for ; i < len(t.b); i++ {
		if t.b[i] == '+' {
			w.put(i, i+1, ' ')
		}
	}
	return w.end(), true
}
