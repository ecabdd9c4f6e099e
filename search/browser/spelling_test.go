package browser

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"unseal/search/spelling"
)

// spellingLangs are all languages of the table.
func spellingLangs(t *testing.T) (langs []string) {
	t.Helper()
	b, err := os.ReadFile("../spelling/stems.txt")
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if tag, ok := strings.CutPrefix(line, "lang "); ok {
			langs = append(langs, strings.TrimSpace(tag))
		}
	}
	if len(langs) == 0 {
		t.Fatal("no languages in the table")
	}
	return langs
}

// spellingWords are words and names in all the writings.
func spellingWords(t *testing.T) []string {
	t.Helper()
	words := strings.Fields(`scheduling schedules schedule meetings met went children cities city studies running payments ran
		elections election chevaux cheval nationale nationaux reunions mangeaient finissons hafen hafens strassen haus hauser gegangen
		presupuestos reunion reuniones niños ciudades porto porti citta universita projecten werkte cidades acordos
		порт порта портов совета совет городами города новые новый договоры письма
		الانتخابات انتخابات كتاب كتب والكتاب بالكتاب مدينه المدينة مصري المصريين رساله بندر کتابها نامهها
		podesta putin zelensky zelenskyy mohamed muhammad omar haddad gorbachev chaikovsky wyszynski smith
		путин зеленский горбачев чаиковскии محمد بوتين زيلينسكي عمر حداد كلينتون x ab 2015 a2b`)
	for _, name := range []string{"../spelling/names.txt", "../spelling/stems.txt"} {
		b, err := os.ReadFile(name)
		must(t, err)
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] != "#" {
				words = append(words, f[1:]...)
			}
		}
	}
	return words
}

const spellAll = `([langs, words]) => words.map(w => {
	const raw = unsealSearch.rawOf(w), text = p => p.map(slot => slot.map(unsealSearch.textOfRaw));
	return { forms: unsealSearch.forms(raw, langs).map(text), names: unsealSearch.names(raw).map(text) };
})`

// TestWordsAreSpelledAsInGo compares the patterns of the same tables.
func TestWordsAreSpelledAsInGo(t *testing.T) {
	langs, words := spellingLangs(t), spellingWords(t)
	var got []struct{ Forms, Names []spelling.Pattern }
	node(t, spellAll, []any{langs, words}, &got)
	some := 0
	for i, w := range words {
		want := fmt.Sprintf("%q %q", spelling.Forms(w, langs), spelling.Names(w))
		if have := fmt.Sprintf("%q %q", got[i].Forms, got[i].Names); have != want {
			t.Errorf("%s:\n got %s\nwant %s", w, have, want)
		}
		if want != "[] []" {
			some++
		}
	}
	if some < 50 {
		t.Errorf("only %d of %d words have other spellings", some, len(words))
	}
}

const walkAll = `([patterns, froms]) => {
	const raw = p => p.map(slot => slot.map(unsealSearch.rawOf)), w = new unsealSearch.Walker(patterns.map(raw));
	return froms.map(from => { const next = w.next(unsealSearch.rawOf(from)); return next === null ? "-" : unsealSearch.textOfRaw(next) });
}`

func TestTheWalkerGoesAsInGo(t *testing.T) {
	patterns := append(append(spelling.Forms("schedule", []string{"en"}), spelling.Names("putin")...), spelling.Pattern{{"", "al"}, {"b", "ba"}, {"", "n", "na"}})
	froms := append(spellingWords(t), "", "a", "alb", "alba", "albana", "b", "bn", "пут", "путин", "ф", "يي", "\U0010FFFF")
	var got []string
	node(t, walkAll, []any{patterns, froms}, &got)
	walker := spelling.NewWalker(patterns)
	for i, from := range froms {
		want := "-"
		if next := walker.Next([]byte(from)); next != nil {
			want = string(next)
		}
		if got[i] != want {
			t.Errorf("from %q: %q, want %q", from, got[i], want)
		}
	}
}
