package leak

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	nethtml "golang.org/x/net/html"
)

// form is a reading of a text.
type form struct {
	text string
	how  []string
}

// step undoes one way of writing; it returns the text itself where there is
// none of it.
type step struct {
	name string
	undo func(string) string
}

// forms looks into a text in every reading: with quoted-printable undone or
// not, and behind that one way of writing after the other.
func (s *search) forms(name, t string, how []string, depth int) {
	starts := []form{{t, how}}
	if q := quotedPrintable(t); q != t {
		starts = append(starts, form{q, then(how, "quoted-printable")})
	}
	for _, f := range starts {
		list := s.readings(f)
		for _, f := range list {
			s.letters(name, f.text, f.how)
			s.runs(name, f.text, f.how, depth)
		}
	}
}

// readings are a text, and what comes out of it.
func (s *search) readings(f form) []form {
	list := []form{f}
	for _, c := range s.charsets {
		if t, ok := c.decode(f.text); ok {
			list = append(list, form{t, then(f.how, c.name)})
		}
	}
	for _, f := range slices.Clone(list) {
		if t := western(f.text); t != f.text {
			f.text = t
			list = append(list, f)
		}
		for range maxSteps {
			before := f.text
			var more []form
			if f, more = through(f, plainSteps...); len(list)+len(more) > maxForms {
				break
			}
			list = append(list, more...)
			for _, tags := range []step{{"tags", withoutTags}, {"comments", withoutComments}, {"shown strings", shownStrings}, {"control words", withoutControls}} {
				if t := tags.undo(f.text); t != f.text {
					inner := form{t, then(f.how, tags.name)}
					_, more = through(inner, lateSteps...)
					list = append(append(list, inner), more...)
				}
			}
			f, more = through(f, lateSteps...)
			if list = append(list, more...); f.text == before {
				break
			}
		}
	}
	return list
}

var plainSteps = []step{{"encoded words", encodedWords}, {"RFC 2231", joinedParameters}, {"escapes", escapes}}
var lateSteps = []step{{"entities", html.UnescapeString}, {"percents", percents}}

// through undoes one step after the other.
func through(f form, steps ...step) (form, []form) {
	var list []form
	for _, st := range steps {
		if t := western(st.undo(f.text)); t != f.text {
			f = form{t, then(f.how, st.name)}
			list = append(list, f)
		}
	}
	return f, list
}

var quotedCode = regexp.MustCompile(`=(?:[ \t]*\r?\n|[0-9A-Fa-f]{2})`)

func quotedPrintable(s string) string {
	if !strings.Contains(s, "=") {
		return s
	}
	return quotedCode.ReplaceAllStringFunc(s, func(code string) string {
		if v, err := strconv.ParseUint(code[1:], 16, 8); err == nil && len(code) == 3 {
			return string([]byte{byte(v)})
		}
		return ""
	})
}

var (
	wordForm = regexp.MustCompile(`=\?([^?\s*]+)(?:\*[\w-]+)?\?([bBqQ])\?([^?\n]*)\?=`)
	wordGap  = regexp.MustCompile(`\?=[ \t\r\n]+=\?`)
)

// encodedWords reads those of RFC 2047. The bytes of words that follow each
// other are joined if they are of one charset.
func encodedWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	s = wordGap.ReplaceAllString(s, "?==?")
	var out strings.Builder
	at := 0
	var pending []byte
	charsetName := ""
	flush := func() {
		out.WriteString(decodeAs(string(pending), charsetName))
		pending = nil
	}
	for _, m := range wordForm.FindAllStringSubmatchIndex(s, -1) {
		if cs := strings.ToLower(s[m[2]:m[3]]); m[0] > at || cs != charsetName {
			flush()
			charsetName = cs
		}
		out.WriteString(s[at:m[0]])
		if body := s[m[6]:m[7]]; s[m[4]]|0x20 == 'b' {
			pending = append(pending, unbase([]byte(body))...)
		} else {
			pending = append(pending, quotedPrintable(strings.ReplaceAll(body, "_", " "))...)
		}
		at = m[1]
	}
	flush()
	return out.String() + s[at:]
}

func decodeAs(s, name string) string {
	if enc := encodingOf(name); enc != nil && s != "" {
		if t, ok := (charset{name, enc}).decode(s); ok {
			return t
		}
	}
	return western(s)
}

var (
	pieceGap = regexp.MustCompile(`"?;\s*[A-Za-z-]+\*[0-9]+\*?="?`)
	pieceSet = regexp.MustCompile(`\*=([\w.:+-]+)'[\w-]*'([^;\s]*)`)
)

// joinedParameters reads parameters cut or encoded after RFC 2231.
func joinedParameters(s string) string {
	if !strings.Contains(s, "*") {
		return s
	}
	s = pieceGap.ReplaceAllString(s, "")
	return pieceSet.ReplaceAllStringFunc(s, func(p string) string {
		m := pieceSet.FindStringSubmatch(p)
		return "=" + decodeAs(percents(m[2]), strings.ToLower(m[1]))
	})
}

var escaped = regexp.MustCompile(`\\(?:u[0-9a-fA-F]{4}(?:\\u[0-9a-fA-F]{4})?|'[0-9a-fA-F]{2}|[0-7]{3}|["\\/nrtbf()'])`)

// escapes reads those of JSON, of quoted strings and of RTF.
func escapes(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return escaped.ReplaceAllStringFunc(s, func(e string) string {
		switch {
		case e[1] == 'u':
			if t, err := strconv.Unquote(`"` + e + `"`); err == nil && len(e) == 6 {
				return t
			}
			return pairs(e)
		case e[1] == '\'' && len(e) == 4:
			v, _ := strconv.ParseUint(e[2:], 16, 8)
			return string([]byte{byte(v)})
		case e[1] <= '7' && e[1] >= '0':
			v, _ := strconv.ParseUint(e[1:], 8, 16)
			return string([]byte{byte(v)})
		case strings.IndexByte("nrtbf", e[1]) >= 0:
			return " "
		}
		return e[1:]
	})
}

// pairs reads one or two units of UTF-16.
func pairs(e string) string {
	var b []byte
	for _, u := range strings.Split(e, `\u`)[1:] {
		v, _ := strconv.ParseUint(u, 16, 16)
		b = append(b, byte(v>>8), byte(v))
	}
	return units(b, bigEndian)
}

var percentCode = regexp.MustCompile(`%[0-9a-fA-F]{2}`)

// percents reads those of URLs. A plus sign in a query string is a space.
func percents(s string) string {
	if strings.Contains(s, "+") {
		s = queryString.ReplaceAllStringFunc(s, func(q string) string { return strings.ReplaceAll(q, "+", " ") })
	}
	return percentCode.ReplaceAllStringFunc(s, func(code string) string {
		t, _ := url.PathUnescape(code)
		return t
	})
}

var queryString = regexp.MustCompile(`=[^\s"'<>&]*\+[^\s"'<>]*`)

// inWords are tags that part no words.
const inWords = " a abbr b bdi bdo big code data em font i ins kbd label mark nobr o:p q s samp small span strike strong sub sup time tt u var wbr "

func withoutTags(s string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(stretch)
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			out.Write(z.Raw())
			return out.String()
		case nethtml.TextToken:
			out.Write(z.Text())
		case nethtml.StartTagToken, nethtml.EndTagToken, nethtml.SelfClosingTagToken:
			if name, _ := z.TagName(); !strings.Contains(inWords, " "+string(name)+" ") {
				out.WriteByte('\n')
			}
		}
	}
}

// withoutComments reads comments as text.
func withoutComments(s string) string {
	if !strings.Contains(s, "<!") {
		return s
	}
	return withoutTags(strings.NewReplacer("<!--", "", "-->", "").Replace(s))
}

var shownString = regexp.MustCompile(`\((?:[^()\\]|\\.)*\)`)

// shownStrings are those that the content of a PDF page shows.
func shownStrings(s string) string {
	if !strings.Contains(s, "Tj") && !strings.Contains(s, "TJ") {
		return s
	}
	var out strings.Builder
	for _, m := range shownString.FindAllString(s, -1) {
		out.WriteString(escapes(m[1:len(m)-1]) + "\n")
	}
	return out.String()
}

var control = regexp.MustCompile(`\\[a-z]+-?\d* ?|[{}]`)

// withoutControls reads RTF.
func withoutControls(s string) string {
	if !strings.HasPrefix(s, `{\rtf`) {
		return s
	}
	return control.ReplaceAllString(s, "")
}
