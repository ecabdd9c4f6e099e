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
func CleanName(raw string) (clean string, safe bool) { return cleanDecoded(decodeName(raw)) }

func cleanDecoded(name string) (clean string, safe bool) {
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
	s, _ := namesDecoder([]string{raw})(raw)
	return s
}

// namesDecoder decides over all names of an archive in which charset those are
// that are not UTF-8: one name alone is often too short to tell. Of names that
// do not fit it, ok is false.
func namesDecoder(names []string) func(raw string) (s string, ok bool) {
	var best *nameCharset
	score := 0
	for i := range nameCharsets {
		cs := &nameCharsets[i]
		if n, fits := cs.all(names); fits && (best == nil || n > score) {
			best, score = cs, n
		}
	}
	return func(raw string) (string, bool) {
		if utf8.ValidString(raw) || best == nil {
			return strings.ToValidUTF8(raw, "\uFFFD"), best != nil
		}
		return best.read(raw)
	}
}

// maxJudged bounds the names that decide on a charset.
const maxJudged = 2000

// all scores the charset over names; it fits if all can be read in it.
func (cs *nameCharset) all(names []string) (score int, fits bool) {
	for _, raw := range names[:min(len(names), maxJudged)] {
		if utf8.ValidString(raw) {
			continue
		}
		s, ok := cs.read(raw)
		if !ok {
			return 0, false
		}
		score += cs.likely(s)
	}
	return score, true
}

func (cs *nameCharset) read(raw string) (string, bool) {
	s, err := cs.NewDecoder().String(raw)
	return s, err == nil && !strings.ContainsRune(s, utf8.RuneError)
}

func isLatin(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) }

// likely scores a decoded name: letters of one living script count for it,
// signs and the mixing of cases and scripts within a word against it.
func (cs *nameCharset) likely(s string) int {
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

func (cs *nameCharset) common(r rune) bool {
	b, err := cs.order.NewEncoder().String(string(r))
	return err == nil && len(b) == 2 && b[0] >= cs.from && b[0] <= cs.to && b[1] >= 0xa1
}
