package redact

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"unseal/redact/leak"
	"unseal/trove"
)

// shop makes mails at random, of words that are all different, so that every
// one of them can be looked for.
type shop struct {
	*rapid.T
	words []string
}

// syllables begin with no digit of hex, so that what is not decoded makes no words.
var syllables = []string{"za", "ke", "yo", "mi", "tu", "ra", "ne", "so", "vé", "lü", "ño", "pa"}

// word is a new word of at least seven letters.
func (s *shop) word() string {
	n, w := len(s.words), ""
	for _, k := range []int{n, n/len(syllables) + 3, 7*n + 5, 5*n + 1} {
		w += syllables[k%len(syllables)]
	}
	w += []string{"", "xt", "n"}[rapid.IntRange(0, 2).Draw(s.T, "ending")]
	s.words = append(s.words, w)
	return w
}

// prose is some words, in lines.
func (s *shop) prose() string {
	var b strings.Builder
	for i := range rapid.IntRange(3, 12).Draw(s.T, "words") {
		if i > 0 {
			b.WriteString(rapid.SampledFrom([]string{" ", " ", " ", "\r\n", ", ", "\r\n> "}).Draw(s.T, "gap"))
		}
		b.WriteString(s.word())
	}
	return b.String()
}

var charsets = map[string]encoding.Encoding{
	"utf-8": encoding.Nop, "windows-1252": charmap.Windows1252, "iso-8859-1": charmap.ISO8859_1, "macintosh": charmap.Macintosh,
	"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"shift_jis": japanese.ShiftJIS,
}

// text is a part with its header.
func (s *shop) text() string {
	body, kind := s.prose(), "text/plain"
	if rapid.Bool().Draw(s.T, "html") {
		body, kind = s.html(body), "text/html"
	}
	name := rapid.SampledFrom([]string{"utf-8", "utf-8", "windows-1252", "iso-8859-1", "macintosh", "utf-16le", "utf-16be"}).Draw(s.T, "charset")
	encoded, err := charsets[name].NewEncoder().String(body)
	if err != nil {
		s.Fatal(err)
	}
	transfer := rapid.SampledFrom([]string{"8bit", "quoted-printable", "base64"}).Draw(s.T, "encoding")
	switch {
	case transfer == "base64" || strings.HasPrefix(name, "utf-16"):
		transfer, encoded = "base64", b64(encoded)
	case transfer == "quoted-printable":
		encoded = qp(encoded)
	}
	return fmt.Sprintf("Content-Type: %s; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s\r\n", kind, name, transfer, encoded)
}

// html marks up some letters of a text.
func (s *shop) html(body string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(body, "\r\n> ", " ") {
		switch rapid.IntRange(0, 30).Draw(s.T, "markup") {
		case 0:
			fmt.Fprintf(&b, "&#%d;", r)
		case 1:
			b.WriteString("<b>" + string(r) + "</b>")
		case 2:
			b.WriteString("&shy;" + string(r))
		case 3:
			b.WriteString("<!-- -->" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return "<html><body><p>" + b.String() + "</p></body></html>"
}

// entity is a text, a packed file, an embedded message or a multipart.
func (s *shop) entity(depth int) string {
	kind := rapid.IntRange(0, 9).Draw(s.T, "kind")
	switch {
	case depth > 0 && kind < 3:
		var b strings.Builder
		mark := fmt.Sprintf("=_%d_%d", depth, len(s.words))
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n", mark)
		for range rapid.IntRange(1, 3).Draw(s.T, "parts") {
			fmt.Fprintf(&b, "--%s\r\n%s\r\n", mark, s.entity(depth-1))
		}
		return b.String() + "--" + mark + "--\r\n"
	case depth > 0 && kind == 3:
		return "Content-Type: message/rfc822\r\n\r\n" + s.mail(depth-1)
	case kind == 4:
		return "Content-Type: application/zip; name*=utf-8''" + percent(s.word()) + ".zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			b64(zipped(s.T, map[string]string{s.word() + ".txt": s.prose()})) + "\r\n"
	case kind == 5:
		return "Content-Type: text/plain; name=\"=?utf-8?Q?" + strings.ReplaceAll(percent(s.word()), "%", "=") + "?=\"\r\n\r\n" + s.prose() + "\r\n"
	}
	return s.text()
}

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 0x80 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (s *shop) mail(depth int) string {
	subject := s.word()
	if rapid.Bool().Draw(s.T, "encoded subject") {
		subject = "=?utf-8?B?" + b64(subject) + "?="
	}
	return "From: " + s.word() + " <a@example.org>\r\nSubject: " + subject + "\r\nMIME-Version: 1.0\r\n" + s.entity(depth)
}

// A word hidden in a random mail is gone from it in every reading, and of the
// others only those go that share a unit with it: an encoded word, a packed file.
func TestAHiddenWordIsGoneAndTheOthersStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shop{T: t}
		raw := s.mail(3)
		word := rapid.SampledFrom(s.words).Draw(t, "hidden")
		f, err := Find([]byte(raw), trove.Mail, Selection{Words: []string{word}})
		if err != nil {
			t.Fatalf("%q: %v in\n%s", word, err, raw)
		}
		left := string(hide([]byte(raw), f.Places))
		hunt := func(b string, words ...string) map[string]string {
			found := map[string]string{}
			if err := leak.New(words, nil).In("x", []byte(b), func(l leak.Leak) { found[l.Needle] = l.File + " read through: " + l.How }); err != nil {
				t.Fatal(err)
			}
			return found
		}
		if how := hunt(left, word)[word]; how != "" {
			t.Fatalf("%q is still there (%s):\n%s\nplaces %+v of\n%s", word, how, left, f.Places, raw)
		}
		hidden := ""
		for _, p := range f.Places {
			hidden += raw[p.From:p.To] + "\n"
		}
		was, stays := hunt(raw, s.words...), hunt(left, s.words...)
		var gone, unseen []string
		for _, w := range s.words {
			if was[w] == "" {
				unseen = append(unseen, w)
			} else if w != word && stays[w] == "" {
				gone = append(gone, w)
			}
		}
		if len(unseen) > 0 {
			t.Fatalf("package leak does not see %q in\n%s", unseen, raw)
		}
		if packed := len(f.Files) > 0; !packed && len(gone) > 3 || len(gone) > 14 {
			t.Fatalf("gone with %q: %q, hidden is %q in\n%s", word, gone, hidden, raw)
		}
	})
}
