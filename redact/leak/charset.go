package leak

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// charset is one that a file names.
type charset struct {
	name string
	enc  encoding.Encoding
}

var naming = regexp.MustCompile(`(?i)charset\*?\s*=\s*["']?([\w.:+-]{2,40})|=\?([\w.:+-]{2,40})(?:\*\w+)?\?[bq]\?|\*=([\w.:+-]{2,40})'`)

// namedCharsets are the charsets, beside UTF-8, whose names stand in b.
func namedCharsets(b []byte) []charset {
	if !bytes.Contains(b, []byte("=?")) && !bytes.Contains(b, []byte("*=")) && !bytes.Contains(b, []byte("harset")) && !bytes.Contains(b, []byte("HARSET")) {
		return nil
	}
	var list []charset
	seen := map[string]bool{"utf-8": true, "us-ascii": true}
	for _, m := range naming.FindAllSubmatch(b, 10_000) {
		name := strings.ToLower(string(m[1]) + string(m[2]) + string(m[3]))
		if seen[name] || len(list) == maxNames {
			continue
		}
		seen[name] = true
		if enc := encodingOf(name); enc != nil {
			list = append(list, charset{name, enc})
		}
	}
	return list
}

func encodingOf(name string) encoding.Encoding {
	switch name {
	case "utf-16", "ucs-2":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-7":
		return utf7{}
	}
	if enc, err := htmlindex.Get(name); err == nil && enc != encoding.Replacement {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != encoding.Replacement {
		return enc
	}
	return nil
}

// utf7 marks the one charset that is not in the library (RFC 2152).
type utf7 struct{ encoding.Encoding }

var shifted = regexp.MustCompile(`\+([A-Za-z0-9/+]*)-?`)

func readUTF7(s string) string {
	return shifted.ReplaceAllStringFunc(s, func(run string) string {
		b := unbase([]byte(strings.Trim(run, "+-")))
		if len(b) < 2 {
			return "+"
		}
		return units(b, binary.BigEndian)
	})
}

func units(b []byte, order binary.ByteOrder) string {
	list := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		list = append(list, order.Uint16(b[i:]))
	}
	return string(utf16.Decode(list))
}

// decode reads a text in a charset; where that says nothing new, ok is false.
func (c charset) decode(s string) (out string, ok bool) {
	if _, is := c.enc.(utf7); is {
		out = readUTF7(s)
		return out, out != s
	}
	if utf8.ValidString(s) && !strings.ContainsAny(s, "\x1b~\x00") {
		return "", false
	}
	out, err := c.enc.NewDecoder().String(s)
	return out, err == nil && out != s
}

// wideTexts are b read as UTF-16, in both byte orders, from both bytes on.
func wideTexts(b []byte) []string {
	var list []string
	for _, from := range []int{0, 1} {
		list = append(list, units(b[from:], binary.LittleEndian), units(b[from:], binary.BigEndian))
	}
	return list
}

// western reads what is no UTF-8 as windows-1252.
func western(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			r = charmap.Windows1252.DecodeByte(s[i])
		}
		b.WriteRune(r)
	}
	return b.String()
}
