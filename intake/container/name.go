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

// nameCharsets are tried on names that are not UTF-8. Code page 437 reads any
// byte and is what the zip format means where it says nothing.
var nameCharsets = []encoding.Encoding{
	japanese.ShiftJIS, japanese.EUCJP, simplifiedchinese.GBK, charmap.CodePage866, charmap.KOI8R, charmap.CodePage437,
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
		if n := likely(s); best == "" || n > score {
			best, score = s, n
		}
	}
	return best
}

// likely scores a decoded name: letters of one living script count for it,
// signs and the mixing of cases against it.
func likely(s string) int {
	n := 0
	last := rune(0)
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
		case unicode.In(r, unicode.Han, unicode.Hiragana), unicode.Is(unicode.Katakana, r) && r < 0xff00:
			n += 4
		case unicode.Is(unicode.Cyrillic, r):
			n += 2
			if unicode.IsUpper(r) && unicode.IsLower(last) {
				n -= 3
			}
		case unicode.IsLetter(r):
			n--
		default:
			n -= 3
		}
		last = r
	}
	return n
}
