package mail

import (
	"unicode/utf8"

	"github.com/gogs/chardet"
)

// Bounds of guessing a charset.
const (
	maxGuesses    = 20   // for one message, since a guess costs a millisecond
	guessSample   = 8192 // bytes looked at
	minForeign    = 20   // bytes beyond ASCII that a guess needs
	minConfidence = 45   // of 100, as the detector says
)

// guessCharset tells the charset of a text that does not say it, by how often
// letters follow each other, or "" when that is not clear. A text that is for
// the most part UTF-8 is not guessed at.
func guessCharset(b []byte) string {
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
