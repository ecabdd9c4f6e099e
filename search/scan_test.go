package search

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func words(s string) (out []string) {
	var sc Scanner
	for sc.Reset(Normal(s)); sc.Next(); {
		out = append(out, string(sc.Word))
	}
	return out
}

func TestWordsFoldAsTheTableSays(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Élection Cœur Straße Œuvre ŁÓDŹ", "election coeur strasse oeuvre lodz"},
		{"e\u0301lection", "election"},
		{"ﬁnance ½ x²", "finance 12 x2"},
		{"Ελλάς άνθρωπος", "ελλασ ανθρωποσ"},
		{"Ёлка ещё Йод", "елка еще иод"},
		{"جَدْوَل كتـــاب الإنتخابات أإآٱ", "جدول كتاب الانتخابات اااا"},
		{"مؤتمر رئيس", "مؤتمر رئيس"},
		{"ﻻ ﻷ ﻣﺤﻤﺪ", "لا لا محمد"},
		{"٢٠١٥ ۲۰۱۵ a٣", "2015 2015 a3"},
		{"l’élection d'un qu'il aujourd'hui Aujourd’hui j'ai", "election un il aujourd'hui aujourd'hui ai"},
		{"dell'arte un'altra O'Brien don't the C's 'quoted'", "arte altra o brien don t the c s quoted"},
		{"ma\u200brie\u200d x\u200cy soft\u00adhyphen \u202eabc\u202c", "marie x y softhyphen abc"},
		{"ｆｒｏｍ：ＭＡＲＹ", "from mary"},
		{"会议记录", "会 会议 议 议记 记 记录 录"},
		{"R言語x", "r 言 言語 語 x"},
		{"ｶﾅ", "カ カナ ナ"},
		{"한국어", "한 한국 국 국어 어"},
		{"हिन्दी ไทย שלום", "हिन्दी ไทย שלום"},
		{"john.podesta@gmail.com", "john podesta gmail com"},
		{"my_var-name 1,234.50", "my var name 1 234 50"},
		{"a\x00b\xffc", "a b c"},
		{"", ""},
	} {
		if got := strings.Join(words(c.in), " "); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestWordsKnowTheirPlaces(t *testing.T) {
	type word struct {
		text           string
		start, end, at int
		inRun          bool
	}
	var got []word
	var sc Scanner
	for sc.Reset("l'eau, 会议x 会"); sc.Next(); {
		got = append(got, word{string(sc.Word), sc.Start, sc.End, sc.At, sc.InRun})
	}
	want := []word{{"eau", 2, 5, 0, false}, {"会", 7, 10, 1, true}, {"会议", 7, 13, 1, false}, {"议", 10, 13, 2, true},
		{"x", 13, 14, 3, false}, {"会", 15, 18, 4, false}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestLongWordsAreCutAlike(t *testing.T) {
	long := strings.Repeat("é", 4000)
	got := words(long + "x")
	if len(got) != 1 || got[0] != strings.Repeat("e", maxWord) {
		t.Errorf("%d words, first %d bytes", len(got), len(got[0]))
	}
	if w := words(strings.Repeat("ж", 4000)); len(w) != 1 || !utf8.ValidString(w[0]) || len(w[0]) > maxWord {
		t.Errorf("cut inside a character: %q", w)
	}
}

func TestFoldingTwiceChangesNothing(t *testing.T) {
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		once := strings.Join(words("x"+string(r)+"y"), " ")
		if twice := strings.Join(words(once), " "); twice != once && !paired(r) {
			t.Errorf("%U: %q folds again to %q", r, once, twice)
		}
		if f := Fold(string(r)); Fold(f) != f {
			t.Errorf("%U: Fold %q folds again to %q", r, f, Fold(f))
		}
	}
}

func FuzzScanner(f *testing.F) {
	f.Add("l'été 会议记录 don't ａ\u200b")
	f.Fuzz(func(t *testing.T, s string) {
		n := Normal(s)
		last := 0
		var sc Scanner
		for sc.Reset(n); sc.Next(); {
			if sc.Start < last || sc.End <= sc.Start || sc.End > len(n) || len(sc.Word) == 0 || len(sc.Word) > maxWord {
				t.Fatalf("%q: word %q at [%d,%d) after %d", s, sc.Word, sc.Start, sc.End, last)
			}
			last = sc.Start
		}
	})
}

func BenchmarkScanner(b *testing.B) {
	text := strings.Repeat("The quick brown fox jumps over the lazy dog's back, and all is well. ", 1000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		var sc Scanner
		for sc.Reset(text); sc.Next(); {
		}
	}
}
