package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"unseal/trove"
)

// Quotes looks for removed texts and files in other items. It is safe for
// concurrent use.
type Quotes struct {
	texts *patterns
	files map[trove.Digest]bool
	short []string
}

// NewQuotes prepares a search for texts and files that were removed: of each
// text all of it, and of one of several lines also each line of at least 20
// characters, wherever it is quoted, broken or spelled with other letter case
// or marks. A text of fewer than four letters and digits is looked for nowhere,
// one of fewer than six only as words of its own.
func NewQuotes(removed []string, files []trove.Digest) *Quotes {
	q := &Quotes{texts: newPatterns(nil), files: map[trove.Digest]bool{}}
	for _, f := range files {
		q.files[f] = true
	}
	delete(q.files, trove.Sum(nil))
	for _, s := range removed {
		if !q.add(s) {
			q.short = append(q.short, s)
		}
		if !strings.ContainsAny(s, "\r\n") {
			continue
		}
		for line := range strings.Lines(s) {
			if line = strings.Trim(line, "> \t\r\n"); utf8.RuneCountInString(line) >= minLine {
				q.add(line)
			}
		}
	}
	return q
}

// add takes a text into the search unless it is too short.
func (q *Quotes) add(s string) bool {
	n := 0
	for _, r := range s {
		if wordRune(r) {
			n++
		}
	}
	if n < minQuote {
		return false
	}
	p := newPattern(s)
	p.bounded = n < minBare
	q.texts.add(p)
	return true
}

// Short are the removed texts that are too short to be looked for.
func (q *Quotes) Short() []string { return q.short }

// Holds reports whether a text in UTF-8, such as a file name, holds any of
// the removed texts, in whatever writing.
func (q *Quotes) Holds(s string) bool {
	for _, f := range forms(blindly([]byte(s))) {
		if q.texts.holds(f.b) {
			return true
		}
	}
	return false
}

// Find finds what must be hidden in another item so that it quotes nothing
// that was removed. An item that quotes nothing gives a Found without places.
func (q *Quotes) Find(raw []byte, kind trove.Kind) (Found, error) {
	if len(raw) > MaxItem {
		return Found{}, ErrTooLarge
	}
	s := q.scan(raw, kind)
	if len(s.hits) == 0 {
		return Found{Opaque: s.opaque}, nil
	}
	return finish(raw, kind, q, s, false)
}

// Beside reports whether an item, one that [Quotes.Find] takes, holds anything
// of it beside places that are hidden already.
func (q *Quotes) Beside(raw []byte, kind trove.Kind, hidden []Place) bool {
	painted := bytes.Clone(raw)
	for _, p := range hidden {
		paint(painted[p.From:p.To], p.Base64)
	}
	return len(q.scan(painted, kind).hits) > 0
}

func (q *Quotes) scan(raw []byte, kind trove.Kind) *scanner {
	s := newScanner(q.texts)
	s.digests = q.files
	s.item(raw, kind)
	return s
}
