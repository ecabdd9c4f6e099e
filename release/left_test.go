package release

import (
	"math"
	"slices"
	"testing"

	"unseal/reading"
)

func TestWhichSegmentsGo(t *testing.T) {
	at := func(from, to float64, text string) reading.Segment {
		return reading.Segment{From: from, To: to, Text: text}
	}
	spans := []reading.Span{{From: 4, To: 6}, {From: 20, To: 21}}
	for name, x := range map[string]struct {
		segments []reading.Segment
		hidden   []bool
		gone     []string
	}{
		"single words": {
			[]reading.Segment{at(3, 4, "one"), at(4, 4.5, "two"), at(4.5, 5, "three"), at(5, 6, "four"), at(6, 7, "five"), at(20.5, 22, "six")},
			[]bool{false, true, true, true, false, true}, []string{"six", "two three four"}},
		"sentences": {
			[]reading.Segment{at(0, 4.1, "a first sentence"), at(4.1, 9, "a second sentence"), at(9, 12, "a third one")},
			[]bool{true, true, false}, []string{"a first sentence", "a first sentence a second sentence", "a second sentence"}},
		"without ends":  {[]reading.Segment{at(1, 0, "a"), at(3, 0, "b"), at(7, 0, "c"), at(22, 0, "d")}, []bool{false, true, true, false}, []string{"b c"}},
		"without times": {[]reading.Segment{at(0, 0, "all of it"), at(0, 0, "and more")}, []bool{true, true}, []string{"all of it", "all of it and more"}},
		"empty":         {[]reading.Segment{at(4, 5, " ")}, []bool{true}, nil},
	} {
		shown, gone := silence([]reading.Text{{Kind: reading.Transcript, Segments: x.segments}}, spans)
		if slices.Sort(gone); !slices.Equal(gone, x.gone) {
			t.Errorf("%s: gone %q", name, gone)
		}
		for i, s := range shown[0].Segments {
			if s.Hidden != x.hidden[i] || s.Hidden == (s.Text != "") || s.From != x.segments[i].From {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if x.segments[0].Hidden {
			t.Errorf("%s: the original was changed", name)
		}
	}
	if at := during([]reading.Segment{at(5, 2, "backwards")}, 0); at.From != 5 || !math.IsInf(at.To, 1) {
		t.Errorf("%v", at)
	}
}

func TestSpansAreJoined(t *testing.T) {
	got := joinSpans([]reading.Span{{From: 5, To: 6}, {From: 1, To: 3}, {From: 2, To: 2.5}, {From: 6, To: 7}})
	if !slices.Equal(got, []reading.Span{{From: 1, To: 3}, {From: 5, To: 7}}) {
		t.Errorf("%v", got)
	}
}
