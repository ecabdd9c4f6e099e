package reading

import (
	"reflect"
	"slices"
	"testing"
)

func TestAWordThatIsHiddenIsNotSpoken(t *testing.T) {
	r := Reading{Texts: []Text{
		{Kind: Transcript, Segments: []Segment{{Text: "one"}, {Text: "gone", Hidden: true}, {Text: "two"}}},
		{Kind: OCR, Segments: []Segment{{Text: "three"}}},
	}}
	if got := r.Spoken(); got != "one\ntwo\nthree\n" {
		t.Errorf("%q", got)
	}
	if got := new(Reading).Spoken(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestListsAreJoined(t *testing.T) {
	r := Reading{Facts: []Fact{{Name: "title"}}, Findings: []Finding{{Code: "gps"}}, Sheets: []Sheet{{Name: "a"}}}
	r.Merge(Reading{Facts: []Fact{{Name: "author"}}, Findings: []Finding{{Code: "macro"}}, Sheets: []Sheet{{Name: "b"}}})
	if len(r.Facts) != 2 || r.Facts[1].Name != "author" || len(r.Findings) != 2 || r.Findings[1].Code != "macro" || len(r.Sheets) != 2 || r.Sheets[1].Name != "b" {
		t.Errorf("%+v", r)
	}
}

func TestAChainAndAnOutlineAreReplacedByOthersOnly(t *testing.T) {
	r := Reading{Chain: &Chain{Platform: "a"}, Outline: []Heading{{Title: "a"}}}
	r.Merge(Reading{})
	if r.Chain.Platform != "a" || r.Outline[0].Title != "a" {
		t.Errorf("nothing took the place of something: %+v", r)
	}
	r.Merge(Reading{Chain: &Chain{Platform: "b"}, Outline: []Heading{{Title: "b"}}})
	if r.Chain.Platform != "b" || len(r.Outline) != 1 || r.Outline[0].Title != "b" {
		t.Errorf("%+v", r)
	}
}

func TestPagesOfTheSameNumberAreCompleted(t *testing.T) {
	r := Reading{Pages: []Page{{Number: 1, Label: "i", From: 0, To: 5}, {Number: 2, From: 5, To: 9}}}
	r.Merge(Reading{Pages: []Page{{Number: 2, Image: "2.png", Width: 7, Height: 8}, {Number: 3}}})
	r.Merge(Reading{Pages: []Page{{Number: 2, Confidence: 0.5}, {Number: 1, Confidence: 0.25}}})
	want := []Page{
		{Number: 1, Label: "i", From: 0, To: 5, Confidence: 0.25},
		{Number: 2, From: 5, To: 9, Image: "2.png", Width: 7, Height: 8, Confidence: 0.5}, {Number: 3},
	}
	if !slices.Equal(r.Pages, want) {
		t.Errorf("%+v", r.Pages)
	}
}

// What a stage before made is not changed in its place: others may hold it.
func TestASoundIsCompleted(t *testing.T) {
	first := &Sound{Seconds: 3, Codec: "mp3", Rate: 8000, Channels: 1, Call: &Call{Kind: "missed"}}
	r := Reading{Sound: first}
	r.Merge(Reading{})
	if r.Sound != first {
		t.Error("nothing took the place of a sound")
	}
	r.Merge(Reading{Sound: &Sound{Play: []string{"a.mp3"}, Silenced: []Span{{1, 2}}}})
	want := Sound{Seconds: 3, Codec: "mp3", Rate: 8000, Channels: 1, Call: first.Call, Play: []string{"a.mp3"}, Silenced: []Span{{1, 2}}}
	if !reflect.DeepEqual(*r.Sound, want) {
		t.Errorf("%+v", r.Sound)
	}
	r.Merge(Reading{Sound: &Sound{Seconds: 4, Call: &Call{Kind: "placed"}}})
	if r.Sound.Seconds != 4 || r.Sound.Call.Kind != "placed" || r.Sound.Codec != "mp3" {
		t.Errorf("%+v", r.Sound)
	}
	if first.Play != nil || first.Seconds != 3 || first.Call.Kind != "missed" {
		t.Errorf("the first was changed: %+v", first)
	}
}

func TestTextsOfOneMakerAreReplaced(t *testing.T) {
	text := func(kind, lang, made, by, says string) Text {
		return Text{kind, lang, made, by, []Segment{{Text: says}}}
	}
	r := Reading{Texts: []Text{text(Transcript, "en", Machine, "a", "old")}}
	r.Merge(Reading{Texts: []Text{text(Transcript, "en", Machine, "a", "new"), text(Transcript, "en", Machine, "b", "other maker"),
		text(Transcript, "fr", Machine, "a", "other language"), text(Transcript, "en", Corrected, "a", "other making"), text(OCR, "en", Machine, "a", "other kind")}})
	if got, want := r.Spoken(), "new\nother maker\nother language\nother making\nother kind\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFilesOfTheSamePartAreCompleted(t *testing.T) {
	r := Reading{Files: []File{{Part: "2", Lang: "en", Text: "letter", Reading: Reading{Facts: []Fact{{Name: "title"}}}}}}
	r.Merge(Reading{Files: []File{
		{Part: "2", Reading: Reading{Facts: []Fact{{Name: "author"}}, Pages: []Page{{Number: 1}}}},
		{Part: "3", Text: "note"},
	}})
	if len(r.Files) != 2 || r.Files[0].Text != "letter" || r.Files[0].Lang != "en" || len(r.Files[0].Facts) != 2 || len(r.Files[0].Pages) != 1 || r.Files[1].Text != "note" {
		t.Errorf("%+v", r.Files)
	}
	r.Merge(Reading{Files: []File{{Part: "2", Lang: "fr", Text: "lettre"}}})
	if r.Files[0].Text != "lettre" || r.Files[0].Lang != "fr" || len(r.Files[0].Facts) != 2 {
		t.Errorf("%+v", r.Files[0])
	}
}
