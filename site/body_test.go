package site

import (
	"strings"
	"testing"
)

func written(t testing.TB, text string, limit int, ids bool) (string, bool) {
	t.Helper()
	p := newPage(english(t), "/")
	defer p.free()
	whole := p.writeBody(text, limit, ids, nil)
	return string(p.b), whole
}

func TestParagraphsHaveIdsAndDirections(t *testing.T) {
	got, whole := written(t, "\n \nDear all,\nsecond line\n\nمرحبا\n\n> quoted\n> more\n\nend\n", 0, true)
	want := `<p id="p1" dir="auto">Dear all,
second line</p>
<p id="p2" dir="auto">مرحبا</p>
<div class="q" dir="auto">&gt; quoted
&gt; more</div>
<p id="p3" dir="auto">end</p>
`
	if got != want || !whole {
		t.Errorf("whole %t, got\n%s\nwant\n%s", whole, got, want)
	}
}

func TestLongQuotesAreClosed(t *testing.T) {
	for lines, closed := range map[int]bool{longQuote: false, longQuote + 1: true} {
		got, _ := written(t, strings.Repeat("> old words\n", lines), 0, true)
		if strings.Contains(got, "<details>") != closed {
			t.Errorf("%d quoted lines: closed %t, want %t", lines, !closed, closed)
		}
	}
}

func TestBodyStopsAtItsLimitWhateverItHolds(t *testing.T) {
	const limit = 8 << 10
	for name, text := range map[string]string{
		"lines": strings.Repeat("some words on a line\n", 10_000), "one line": strings.Repeat("x", 1<<20),
		"escapes": strings.Repeat("<<<<>>>>&&&&\n\n", 10_000), "quotes": strings.Repeat("> <<<<<<<<\n", 10_000),
		"empty lines": strings.Repeat("a\n\n", 10_000), "marks": strings.Repeat("\u202E", 100_000),
	} {
		got, whole := written(t, text, limit, true)
		most := limit + 32*longLine // one line may still be written, each byte as a mark
		if whole || len(got) > most {
			t.Errorf("%s: whole %t, %d bytes, want %d at most", name, whole, len(got), most)
		}
	}
	if got, whole := written(t, strings.Repeat("line\n", 100), limit, true); !whole || strings.Count(got, "line") != 100 {
		t.Error("a text within the limit is not whole")
	}
}

func FuzzBody(f *testing.F) {
	f.Add("a\n\n> b\n\nc", 10)
	f.Add(">", 0)
	f.Add("\n\n\n", 1)
	f.Add("x\n>y\n\n\n>z\nw", 0)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		got, _ := written(t, text, limit, true)
		for _, tag := range []string{"p", "div", "details"} {
			open := strings.Count(got, "<"+tag+" ") + strings.Count(got, "<"+tag+">")
			if closed := strings.Count(got, "</"+tag+">"); open != closed {
				t.Fatalf("%d <%s>, %d closed, in %q", open, tag, closed, got)
			}
		}
	})
}
