package text

import (
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/net/html/charset"

	"unseal/mime"
)

// Bounds of guessing a charset.
const (
	guessSample   = 8192 // bytes looked at
	minForeign    = 20   // bytes beyond ASCII that a guess needs
	minConfidence = 45   // of 100, as the detector says
)

// GuessCharset tells the charset of a text that does not say it, by how often
// letters follow each other, or "" when that is not clear. A text that is for
// the most part UTF-8 is not guessed at.
func GuessCharset(b []byte) string {
	b = b[:min(len(b), guessSample)]
	foreign, letters := 0, 0 // bytes that are no UTF-8, letters that are
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			foreign++
		} else if n > 1 {
			letters++
		}
		i += n
	}
	if foreign < minForeign || letters > foreign {
		return ""
	}
	found, err := chardet.NewTextDetector().DetectAll(b)
	if err != nil {
		return ""
	}
	best, second := chardet.Result{}, 0
	for _, f := range found { // in no fixed order among equals
		switch {
		case f.Charset == best.Charset:
			best.Confidence = max(best.Confidence, f.Confidence)
		case f.Confidence > best.Confidence:
			best, second = f, best.Confidence
		default:
			second = max(second, f.Confidence)
		}
	}
	if best.Confidence < minConfidence || best.Confidence == second {
		return ""
	}
	return best.Charset
}

// HTMLCharset is the charset of HTML, which may name it itself; "" if neither
// it nor declared does.
func HTMLCharset(b []byte, declared string) string {
	if declared != "" || utf8.Valid(b) {
		return declared
	}
	if _, name, _ := charset.DetermineEncoding(b, ""); name != "windows-1252" { // its last resort
		return name
	}
	return ""
}

// Lines gives s "\n" line ends and takes a byte order mark off.
func Lines(s string) string {
	s = strings.TrimPrefix(s, "\uFEFF")
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// Decode converts a text that need not say which charset it is written in: by
// its byte order mark, the declared charset, or a guess. charset names how it
// was read where that had to be found out, and sure is false where it is a
// guess or none fits.
func Decode(b []byte, declared string) (s, charset string, sure bool) {
	if wide := wideCharset(b); wide != "" {
		s, _ = mime.ToUTF8(b, wide)
		return Lines(s), wide, true
	}
	if s, known := mime.ToUTF8(b, declared); known {
		return Lines(s), mime.CharsetName(declared), true
	}
	if guess := GuessCharset(b); guess != "" {
		s, _ = mime.ToUTF8(b, guess)
		return Lines(s), strings.ToLower(guess), false
	}
	s, _ = mime.ToUTF8(b, "")
	return Lines(s), "", false
}

// wideCharset tells a text of two or four bytes a letter by its byte order
// mark, or, of two, by where its zeros stand.
func wideCharset(b []byte) string {
	switch {
	case strings.HasPrefix(string(b[:min(len(b), 4)]), "\xff\xfe\x00\x00"):
		return "utf-32le"
	case strings.HasPrefix(string(b[:min(len(b), 4)]), "\x00\x00\xfe\xff"):
		return "utf-32be"
	case strings.HasPrefix(string(b[:min(len(b), 2)]), "\xff\xfe"):
		return "utf-16le"
	case strings.HasPrefix(string(b[:min(len(b), 2)]), "\xfe\xff"):
		return "utf-16be"
	}
	var zeros [2]int
	b = b[:min(len(b), guessSample)]
	for i, c := range b {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch half := len(b) / 2; {
	case half >= 8 && zeros[1]*4 > half*3 && zeros[0]*20 < half:
		return "utf-16le"
	case half >= 8 && zeros[0]*4 > half*3 && zeros[1]*20 < half:
		return "utf-16be"
	}
	return ""
}
