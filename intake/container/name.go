package container

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// maxName bounds a name as it is shown, in bytes.
const maxName = 1024

// CleanName makes a member's name fit to be shown: UTF-8, parts joined by "/",
// without parts that lead out of the folder, without control characters and
// signs that turn the direction of text. safe is false where the name as it
// stands would have left its folder. The result is never used as a path; it
// may be empty.
func CleanName(raw string) (clean string, safe bool) {
	name := decodeName(raw)
	safe = true
	if len(name) > 1 && name[1] == ':' { // a drive of Windows
		name, safe = name[2:], false
	}
	if strings.HasPrefix(name, "/") || strings.HasPrefix(name, `\`) {
		safe = false
	}
	var parts []string
	for _, p := range strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		switch p {
		case ".":
		case "..":
			safe = false
		default:
			parts = append(parts, p)
		}
	}
	clean = strings.Map(visible, strings.Join(parts, "/"))
	for len(clean) > maxName {
		_, n := utf8.DecodeLastRuneInString(clean)
		clean = clean[:len(clean)-n]
	}
	return clean, safe
}

// visible replaces what cannot be seen or plays tricks with the line.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
		return unicode.ReplacementChar
	}
	return r
}

// nameCharset is a charset that names are tried in.
type nameCharset struct {
	encoding.Encoding
	east     bool // of two bytes a letter
	from, to byte // leading bytes of its common letters in two-byte order, where east
	order    encoding.Encoding
}

// nameCharsets are tried on names that are not UTF-8. Code page 437 reads any
// byte and is what the zip format means where it says nothing. The common
// letters are the first levels of JIS X 0208 and GB 2312.
var nameCharsets = []nameCharset{
	{japanese.ShiftJIS, true, 0xa4, 0xcf, japanese.EUCJP},
	{japanese.EUCJP, true, 0xa4, 0xcf, japanese.EUCJP},
	{simplifiedchinese.GBK, true, 0xb0, 0xd7, simplifiedchinese.GBK},
	{Encoding: charmap.CodePage866},
	{Encoding: charmap.KOI8R},
	{Encoding: charmap.CodePage437},
}

// decodeName reads a name of unknown charset. It is decoded before anything is
// looked for in it: in Shift JIS the second byte of a letter may be a backslash.
func decodeName(raw string) string {
	if utf8.ValidString(raw) {
		return raw
	}
	best, score := "", 0
	for _, cs := range nameCharsets {
		s, err := cs.NewDecoder().String(raw)
		if err != nil || strings.ContainsRune(s, utf8.RuneError) {
			continue
		}
		if n := cs.likely(s); best == "" || n > score {
			best, score = s, n
		}
	}
	return best
}

func isLatin(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) }

// likely scores a decoded name: letters of one living script count for it,
// signs and the mixing of cases and scripts within a word against it.
func (cs nameCharset) likely(s string) int {
	const common, rare, letter, odd = 4, 1, 3, -3
	n := 0
	last := rune(0)
	for _, r := range s {
		if isLatin(r) && unicode.Is(unicode.Cyrillic, last) || isLatin(last) && unicode.Is(unicode.Cyrillic, r) {
			n += odd
		}
		switch {
		case r < utf8.RuneSelf:
		case cs.east && cs.common(r):
			n += common
		case cs.east && unicode.Is(unicode.Han, r):
			n += rare
		case !cs.east && unicode.Is(unicode.Cyrillic, r):
			n += letter
			if unicode.IsUpper(r) && unicode.IsLower(last) {
				n += odd
			}
		case unicode.IsLetter(r):
			n--
		default:
			n += odd
		}
		last = r
	}
	return n
}

func (cs nameCharset) common(r rune) bool {
	b, err := cs.order.NewEncoder().String(string(r))
	return err == nil && len(b) == 2 && b[0] >= cs.from && b[0] <= cs.to && b[1] >= 0xa1
}
