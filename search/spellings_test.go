package search

import (
	"os"
	"slices"
	"strings"
	"testing"

	"unseal/search/spelling"
)

// families reads the labelled set: by language, the families of each word.
func families(t *testing.T) map[string]map[string][]int {
	t.Helper()
	b, err := os.ReadFile("testdata/families.tsv")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string][]int{}
	for i, line := range strings.Split(string(b), "\n") {
		lang, words, ok := strings.Cut(line, "\t")
		if !ok || line[0] == '#' {
			continue
		}
		if all[lang] == nil {
			all[lang] = map[string][]int{}
		}
		for _, w := range Words(words) {
			all[lang][w.Text] = append(all[lang][w.Text], i)
		}
	}
	return all
}

// expansions counts what the words of a language find among each other: forms
// of the same word, other words, and forms that are not found.
func expansions(t *testing.T, words map[string][]int, langs []string) (right, wrong, missed int) {
	t.Helper()
	for q, own := range words {
		text := &Text{Words: []Word{{Text: q}}}
		walker := spelling.NewWalker(text.Spellings(langs))
		for w, others := range words {
			if w == q {
				continue
			}
			same := slices.ContainsFunc(others, func(f int) bool { return slices.Contains(own, f) })
			switch fits := walker.Fits(w); {
			case fits && same:
				right++
			case fits:
				wrong++
				t.Logf("%v: %s finds %s", langs, q, w)
			case same:
				missed++
			}
		}
	}
	return right, wrong, missed
}

// TestFewWordsAreTakenForOthers holds expansions against words that look alike
// and are labelled: of what is found besides, less than two in a hundred is
// another word. Where the texts are in all the languages at once, it tells how
// many are.
func TestFewWordsAreTakenForOthers(t *testing.T) {
	all := families(t)
	langs := []string{"en", "fr", "es", "de", "ru", "ar", "fa"}
	for _, set := range [][]string{nil, langs} {
		right, wrong := 0, 0
		for _, lang := range langs {
			in := set
			if in == nil {
				in = []string{lang}
			}
			r, w, m := expansions(t, all[lang], in)
			t.Logf("%s in %v: %d right, %d wrong, %d forms missed", lang, in, r, w, m)
			if r+m < 20 || m*4 > r {
				t.Errorf("%s: %d forms found, %d missed", lang, r, m)
			}
			right, wrong = right+r, wrong+w
		}
		t.Logf("%d of %d expansions are other words (languages %v)", wrong, right+wrong, set)
		if set == nil && wrong*100 >= 2*(right+wrong) {
			t.Errorf("%d of %d expansions are other words", wrong, right+wrong)
		}
	}
}

// TestTablesAreFolded checks that the tables write words as texts are indexed.
func TestTablesAreFolded(t *testing.T) {
	for _, name := range []string{"stems.txt", "names.txt"} {
		b, err := os.ReadFile("spelling/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(b), "\n") {
			for _, f := range strings.Fields(line) {
				if f = strings.Trim(f, "<>^$|-"); line[0] != '#' && Fold(f) != f {
					t.Errorf("%s line %d: %s is %s once folded", name, i+1, f, Fold(f))
				}
			}
		}
	}
}

func TestQuotesAskForTheWordAsWritten(t *testing.T) {
	for query, want := range map[string]bool{
		"elections": true, `"elections"`: false, "subject:elections": true, `subject:"elections"`: false, "bs:elections": true, "election*": false,
		"elections~1": false, `"many elections"`: false, "e-elections": false, "from:putin": true, `from:"putin"`: false, "from:abc": false,
		"from:john.putin@example.org": false, "می\u200cروم": true, "\"می\u200cروم\"": false, "会议": false, "会": false,
	} {
		q, err := Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		var texts []*Text
		switch n := q.Root.(type) {
		case *Text:
			texts = append(texts, n)
		case Or:
			texts = append(texts, n[0].(*Text), n[1].(*Text))
		}
		for _, text := range texts {
			if got := len(text.Spellings([]string{"en", "fa"})) > 0; got != want {
				t.Errorf("%s: other spellings %v, want %v", query, got, want)
			}
		}
		again, err := Parse(q.String())
		if err != nil || again.String() != q.String() || !slices.EqualFunc([]Node{q.Root}, []Node{again.Root}, sameNode) {
			t.Errorf("%s reads back as %s (%v)", query, again, err)
		}
	}
}

// sameNode compares what spellings depend on.
func sameNode(a, b Node) bool {
	x, ok := a.(*Text)
	y, too := b.(*Text)
	return ok == too && (!ok || x.Quoted == y.Quoted && slices.Equal(x.Words, y.Words))
}
