package redact

import (
	"strings"
	"unicode"
)

// What a character of a hidden text adds at least to what somebody must guess
// who knows all that is around it. Shannon (Prediction and Entropy of Printed
// English, Bell System Technical Journal 30, 1951) lets people guess letter by
// letter: 0.6 to 1.3 bits each once 100 letters are known. The lower bound
// holds for every letter here, as those of the names and words that are hidden
// are no better.
const (
	letterBits = 0.6
	digitBits  = 3.3 // log2 10, rounded down
	yearBits   = 7   // of four digits that may be a year
)

// GuessBits is a low estimate of how many bits somebody lacks who knows all of
// an item but these texts: digits and letters of every word, each different
// word once. Punctuation, white space and letter case count nothing.
func GuessBits(removed []string) float64 {
	seen := map[string]bool{}
	bits := 0.0
	for _, s := range removed {
		for _, word := range strings.FieldsFunc(s, func(r rune) bool { return !wordRune(r) }) {
			if key := string(fold([]byte(word), false, false).b); !seen[key] {
				seen[key] = true
				bits += wordBits(key)
			}
		}
	}
	return bits
}

func wordBits(word string) float64 {
	if len(word) == 4 && (strings.HasPrefix(word, "19") || strings.HasPrefix(word, "20")) {
		return yearBits
	}
	bits := 0.0
	for _, r := range word {
		switch {
		case r >= '0' && r <= '9':
			bits += digitBits
		case unicode.IsLetter(r):
			bits += letterBits
		}
	}
	return bits
}
