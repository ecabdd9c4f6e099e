package mime

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// ToUTF8 converts b from the declared charset. The result is always valid
// UTF-8. An undeclared or unknown charset, ASCII and UTF-8 are read as UTF-8,
// and bytes that are not UTF-8 as windows-1252, which keeps mixed bodies
// readable; known is false when such bytes were met or the charset is unknown.
func ToUTF8(b []byte, charset string) (text string, known bool) {
	name := CharsetName(charset)
	switch name {
	case "", "us-ascii", "ascii", "utf-8", "utf8":
		if utf8.Valid(b) && bytes.IndexByte(b, 0x1b) < 0 {
			return string(b), true
		}
		return mixed(b), false
	case "utf-7", "unicode-1-1-utf-7":
		return decodeUTF7(b), true
	case "iso-2022-kr":
		return decode(korean.EUCKR, shiftedKorean(b)), true
	}
	enc := lookup(name)
	if enc == nil {
		return mixed(b), plain(b)
	}
	if plain(b) {
		return string(b), true
	}
	return decode(enc, b), true
}

// CharsetName normalises a declared charset: lower case, without quotes,
// white space or the language of RFC 2231 section 5.
func CharsetName(s string) string {
	s, _, _ = strings.Cut(s, "*")
	s = strings.ToLower(strings.Trim(s, " \t\r\n\"'<>;,"))
	return strings.TrimPrefix(s, "charset=")
}

// aliases are names of real mail that neither the WHATWG nor the IANA index
// has, or that the first maps to something narrower.
var aliases = map[string]encoding.Encoding{
	"hz-gb-2312": simplifiedchinese.HZGB2312, "hz": simplifiedchinese.HZGB2312,
	"gb2312": simplifiedchinese.GB18030, "gbk": simplifiedchinese.GB18030, "cp936": simplifiedchinese.GB18030, "euc-cn": simplifiedchinese.GB18030,
	"cp932": japanese.ShiftJIS, "iso-2022-jp-1": japanese.ISO2022JP, "iso-2022-jp-2": japanese.ISO2022JP, "iso-2022-jp-ms": japanese.ISO2022JP,
	"cp949": korean.EUCKR, "uhc": korean.EUCKR, "mac": charmap.Macintosh, "tis-620": charmap.Windows874,
	"utf-16": unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "ucs-2": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	"utf-32": utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
}

// prefixes turn the many spellings of code pages into the indexed one.
var prefixes = [][2]string{
	{"cp-", "windows-"}, {"cp125", "windows-125"}, {"cp874", "windows-874"}, {"windows125", "windows-125"},
	{"win-", "windows-"}, {"win125", "windows-125"}, {"ms-", "windows-"}, {"x-cp", "cp"}, {"x-windows", "windows"},
	{"iso8859_", "iso-8859-"}, {"iso8859-", "iso-8859-"}, {"iso88591", "iso-8859-1"}, {"iso-8859_", "iso-8859-"},
	{"8859_", "iso-8859-"}, {"8859-", "iso-8859-"}, {"iso_8859_", "iso-8859-"}, {"latin-", "latin"},
	{"cp", "ibm"}, {"x-ibm", "ibm"}, {"x-", ""},
}

// lookup finds a charset by its lower-case name, or nil.
func lookup(name string) encoding.Encoding {
	if enc := Charset(name); enc != nil {
		return enc
	}
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(name, p[0]); ok {
			if enc := Charset(p[1] + rest); enc != nil {
				return enc
			}
		}
	}
	return nil
}

// Charset finds a charset by one of its own names, in lower case, or nil.
func Charset(name string) encoding.Encoding {
	if enc := aliases[name]; enc != nil {
		return enc
	}
	if enc, err := htmlindex.Get(name); err == nil && enc != encoding.Replacement {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil && enc != encoding.Replacement {
		return enc
	}
	return nil
}

func decode(enc encoding.Encoding, b []byte) string {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return mixed(b)
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

// mixed reads what is UTF-8 as UTF-8 and every other byte as windows-1252.
func mixed(b []byte) string {
	if bytes.Contains(b, []byte("\x1b$")) { // undeclared ISO-2022-JP
		if s := decode(japanese.ISO2022JP, b); !strings.Contains(s, "\uFFFD") {
			return s
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	out.Grow(len(b) + len(b)/8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(b[0])
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// plain reports whether b means the same in every charset: no byte beyond
// ASCII, and none that shifts to other letters.
func plain(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf || c == 0 || c == 0x1b || c == '~' {
			return false
		}
	}
	return true
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeUTF7 reads RFC 2152.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for s := mixed(b); ; {
		text, rest, found := strings.Cut(s, "+")
		out.WriteString(text)
		if !found {
			return out.String()
		}
		s = strings.TrimLeft(rest, base64Alphabet)
		if run := rest[:len(rest)-len(s)]; run != "" {
			out.WriteString(utf16Text(run))
		} else {
			out.WriteByte('+')
		}
		s = strings.TrimPrefix(s, "-")
	}
}

func utf16Text(run string) string {
	raw, _ := base64.RawStdEncoding.DecodeString(run)
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// shiftedKorean turns ISO-2022-KR (RFC 1557) into EUC-KR.
func shiftedKorean(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\x1b$)C"), nil)
	out := make([]byte, 0, len(b))
	shifted := false
	for _, c := range b {
		switch {
		case c == 0x0e:
			shifted = true
		case c == 0x0f:
			shifted = false
		case shifted && c > ' ':
			out = append(out, c|0x80)
		default:
			out = append(out, c)
		}
	}
	return out
}
