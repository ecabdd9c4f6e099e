package spelling

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTablesMakeSense(t *testing.T) {
	if _, err := readStems(stemsText); err != nil {
		t.Error(err)
	}
	if _, err := readSounds(namesText); err != nil {
		t.Error(err)
	}
}

func TestLinesThatMakeNoSenseAreRefused(t *testing.T) {
	for _, line := range []string{"endings 3 - s", "lang en\nending 3 - s", "lang en\nendings x - s", "lang en\nendings 3 s", "lang en\nstrip 3", "lang en\napart a", "lang en\nlang en"} {
		if _, err := readStems(line); err == nil {
			t.Errorf("stems: %q is read", line)
		}
	}
	for _, line := range []string{"name x", "vowel a | b", "least greek 3", "least latin x", "between latin greek a", "after x a", "sound a | b | c"} {
		if _, err := readSounds(line); err == nil {
			t.Errorf("names: %q is read", line)
		}
	}
}

// expression is a pattern as a regular expression.
func expression(p Pattern) *regexp.Regexp {
	var b strings.Builder
	for _, slot := range p {
		quoted := make([]string, len(slot))
		for i, s := range slot {
			quoted[i] = regexp.QuoteMeta(s)
		}
		b.WriteString("(?:" + strings.Join(quoted, "|") + ")")
	}
	return regexp.MustCompile("^(?:" + b.String() + ")$")
}

// all lists the words of a small pattern, sorted.
func all(p Pattern) []string {
	words := []string{""}
	for _, slot := range p {
		var next []string
		for _, w := range words {
			for _, s := range slot {
				next = append(next, w+s)
			}
		}
		words = next
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func TestWalkerFindsEveryWordInOrder(t *testing.T) {
	p := Pattern{{"", "wa", "w"}, {"ab", "a"}, {"", "b", "c\u00e9"}, {"", "s"}}
	w := NewWalker([]Pattern{p, {{"zoo"}}})
	var got []string
	for next := w.Next(nil); next != nil; next = w.Next(append(bytes.Clone(next), 0)) {
		got = append(got, string(next))
	}
	if want := append(all(p), "zoo"); !slices.Equal(got, want) {
		t.Errorf("finds %q, want %q", got, want)
	}
	if NewWalker(nil).Next(nil) != nil {
		t.Error("finds a word of no pattern")
	}
}

// FuzzSpellings makes patterns of any word, and holds the walker against a
// regular expression on any other word and on what comes next.
func FuzzSpellings(f *testing.F) {
	for _, s := range []string{"elections", "mueller", "выборами", "والكتاب", "میروم", "путин", "محمد", "\xff", "aeaeaeaeaeaeaeaeaeaeaeaeaeaeae", "'"} {
		f.Add(s, "election")
	}
	langs := []string{"ar", "de", "en", "es", "fa", "fr", "it", "nl", "pt", "ru", "xx"}
	f.Fuzz(func(t *testing.T, word, other string) {
		if !utf8.ValidString(word) || !utf8.ValidString(other) {
			return // no folded words
		}
		for _, p := range append(Forms(word, langs), Names(word)...) {
			re, w := expression(p), NewWalker([]Pattern{p})
			if w.Fits(other) != (re.MatchString(other) && other != "") {
				t.Errorf("%q of %q: the walker says %v", other, p, w.Fits(other))
			}
			next := string(w.Next([]byte(other)))
			if next != "" && (next < other || !re.MatchString(next)) {
				t.Errorf("behind %q of %q comes %q", other, p, next)
			}
		}
	})
}
