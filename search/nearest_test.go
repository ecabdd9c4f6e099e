package search

import "testing"

func TestNearestPutsThePhrasesWordsCloseTogether(t *testing.T) {
	for text, want := range map[string]string{
		`"schedule of payments"`:               `"schedule of payments"~10`,
		`from:mary "draft plan" -"last draft"`: `from:mary "draft plan"~10 -"last draft"`,
		`subject:"draft plan" OR budget`:       `subject:"draft plan"~10 OR budget`,
	} {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		before := q.String()
		n, ok := q.Nearest()
		if !ok {
			t.Errorf("%s has no nearest query", text)
			continue
		}
		if n.String() != want {
			t.Errorf("%s: %s, want %s", text, n.String(), want)
		}
		if q.String() != before {
			t.Errorf("%s was changed to %s", before, q.String())
		}
	}
	for _, text := range []string{"schedule", "schedule payments", `-"draft plan" budget`} {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := q.Nearest(); ok {
			t.Errorf("%s: %s", text, n)
		}
	}
}
