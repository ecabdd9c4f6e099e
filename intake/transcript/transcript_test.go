package transcript

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/material"
	"unseal/reading"
)

func TestNamesSayWhatLiesBesideWhat(t *testing.T) {
	for _, c := range []struct {
		item, name string
		want       Side
	}{
		{"call.wav", "call.vtt", Side{"transcript", "", "vtt"}},
		{"call.wav", "call.wav.SRT", Side{"transcript", "", "srt"}},
		{"call.wav", "call.fr.txt", Side{"translation", "fr", "txt"}},
		{"call.wav", "call.wav.zh-Hant.txt", Side{"translation", "zh-Hant", "txt"}},
		{"call.wav", "call.transcript.pt-BR.json", Side{"transcript", "pt-BR", "json"}},
		{"a.b.wav", "a.b.txt", Side{"transcript", "", "txt"}},
	} {
		if got, ok := Of(c.item, c.name); !ok || got != c.want {
			t.Errorf("%s beside %s: %+v %v", c.name, c.item, got, ok)
		}
	}
	for _, c := range [][2]string{{"call.wav", "call.mp3"}, {"call.wav", "call2.txt"}, {"call.wav", "call.notes.txt"}, {"call.wav", "recall.txt"}, {"call.txt", "call.txt"}, {"call.wav", "call.zz-1.txt"}, {"call.wav", ".fr.txt"}} {
		if got, ok := Of(c[0], c[1]); ok {
			t.Errorf("%s belongs to %s: %+v", c[1], c[0], got)
		}
	}
}

// parse reads one text.
func parse(t *testing.T, form, s string) reading.Text {
	t.Helper()
	texts, err := Parse(Side{reading.Transcript, "", form}, []byte(s))
	if err != nil || len(texts) != 1 {
		t.Fatalf("%s: %d texts, %v", form, len(texts), err)
	}
	return texts[0]
}

func TestWebVTTIsReadWithWhatItSaysOfItself(t *testing.T) {
	got := parse(t, "vtt", "\ufeffWEBVTT - calls\r\nLanguage: fr\r\n\r\nNOTE\r\nmade: corrected\r\nby: B. Editor\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n1 - one\r\n00:01.000 --> 00:02.500 align:start\r\n<v.loud Ada>Un &amp; <i>deux</i>\r\nlignes\r\n\r\n01:00:03.000 --> 01:00:04.000\r\n3 < 4\r\n")
	want := []reading.Segment{{From: 1, To: 2.5, Speaker: "Ada", Text: "Un & deux\nlignes"}, {From: 3603, To: 3604, Text: "3 < 4"}}
	if got.Lang != "fr" || got.Made != reading.Corrected || got.By != "B. Editor" || len(got.Segments) != 2 || got.Segments[0] != want[0] || got.Segments[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

func TestSubRipIsRead(t *testing.T) {
	got := parse(t, "srt", "1\n00:00:01,000 --> 00:00:02,000\n<i>One</i>\n\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n00:00:03,000 --> 00:00:04,000\nno blank line before\n\n5\n00:00:09,000 --> 00:00:08,000\nends before it begins\n")
	if len(got.Segments) != 3 || got.Segments[0].Text != "One" || got.Segments[2].Text != "no blank line before" || got.Made != reading.Supplied {
		t.Errorf("%+v", got.Segments)
	}
}

func TestPlainTextIsReadWithAndWithoutTimes(t *testing.T) {
	got := parse(t, "txt", "One paragraph\nof two lines.\n\nAnother: one.\n")
	if len(got.Segments) != 2 || got.Segments[0].Text != "One paragraph\nof two lines." || got.Segments[1].Speaker != "" {
		t.Errorf("%+v", got.Segments)
	}
	got = parse(t, "txt", "[00:12] Ada Example: yes\nand no\n[1:02:03.5] the end\n")
	if len(got.Segments) != 2 || got.Segments[0] != (reading.Segment{From: 12, To: 3723.5, Speaker: "Ada Example", Text: "yes\nand no"}) {
		t.Errorf("%+v", got.Segments)
	}
	// The end of the last one is not known here: it must not end too early,
	// or silenced words would stay.
	if last := got.Segments[1]; last.From != 3723.5 || last.To < last.From+3600 {
		t.Errorf("%+v", last)
	}
}

func TestJSONOfSpeechProgramsIsMadeByMachine(t *testing.T) {
	for name, s := range map[string]string{
		"openai":      `{"task":"transcribe","language":"english","duration":3,"text":"One two","segments":[{"id":0,"start":0,"end":1.5,"text":" One","avg_logprob":-0.2,"no_speech_prob":0.1},{"id":1,"start":1.5,"end":3,"text":" two"}]}`,
		"whisper.cpp": `{"model":{"type":"base"},"result":{"language":"en"},"transcription":[{"timestamps":{"from":"00:00:00,000","to":"00:00:01,500"},"offsets":{"from":0,"to":1500},"text":" One"},{"offsets":{"from":1500,"to":3000},"text":" two"}]}`,
	} {
		got := parse(t, "json", s)
		if got.Lang != "en" || got.Made != reading.Machine || len(got.Segments) != 2 || got.Segments[1].From != 1.5 || got.Segments[0].Text != "One" {
			t.Errorf("%s: %+v", name, got)
		}
		if want := map[string]float64{"openai": 0.819}[name]; got.Segments[0].Confidence != want {
			t.Errorf("%s: confidence %v, want %v", name, got.Segments[0].Confidence, want)
		}
	}
}

func TestOurJSONHoldsTranscriptAndTranslations(t *testing.T) {
	texts, err := Parse(Side{reading.Transcript, "", "json"}, []byte(`{"call":1,"transcript":{"lang":"ar","made":"person","by":"C","text":"[0:01] نعم"},"translations":[{"lang":"en","made":"machine","by":"M","segments":[{"from":1,"to":2,"text":"yes","confidence":7}]}]}`))
	if err != nil || len(texts) != 2 || texts[0].Made != reading.Corrected || texts[0].Segments[0].From != 1 || texts[1].Kind != reading.Translation || texts[1].Made != reading.Machine || texts[1].Segments[0].Confidence != 1 {
		t.Errorf("%+v %v", texts, err)
	}
	if texts, err := Parse(Side{reading.Transcript, "", "json"}, []byte(`{"call":1}`)); err != nil || len(texts) != 0 {
		t.Errorf("a call without words: %+v %v", texts, err)
	}
}

func TestWhatHoldsNoTextIsSaid(t *testing.T) {
	for form, s := range map[string]string{"vtt": "WEBVTT\n\nNOTE nothing", "srt": "no times", "txt": " \n", "json": `[1]`} {
		if _, err := Parse(Side{reading.Transcript, "", form}, []byte(s)); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", form, err)
		}
	}
	if _, err := Parse(Side{reading.Transcript, "", "txt"}, make([]byte, MaxBytes+1)); err == nil {
		t.Error("a file over the limit was read")
	}
}

func TestNumberOfSegmentsIsBounded(t *testing.T) {
	got := parse(t, "txt", strings.Repeat("x\n\n", maxSegments+10))
	if len(got.Segments) != maxSegments {
		t.Errorf("%d segments", len(got.Segments))
	}
}

func TestCaptionsOfTheCorporaAreRead(t *testing.T) {
	type expectation struct {
		Type string
		Cues int
	}
	dir, seen := material.Corpora(t), 0
	for name, want := range material.Truth[expectation](t, "") {
		if want.Type != "captions" {
			continue
		}
		seen++
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		texts, err := Parse(Side{reading.Transcript, "", strings.TrimPrefix(filepath.Ext(name), ".")}, b)
		if err != nil || len(texts) != 1 || len(texts[0].Segments) != want.Cues {
			t.Errorf("%s: %v, %+v; want %d cues", name, err, texts, want.Cues)
		}
	}
	if seen < 4 {
		t.Errorf("only %d files of captions", seen)
	}
}

// FuzzParse gives any bytes as any form; times are within reason.
func FuzzParse(f *testing.F) {
	f.Add("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v A>x")
	f.Add("srt", "1\n00:00:01,000 --> 00:00:02,000\nx")
	f.Add("txt", "[0:01] A: x\ny\n[0:02] z")
	f.Add("json", `{"call":1,"transcript":{"segments":[{"from":0,"to":1,"text":"x"}]},"segments":[{"start":1,"end":2,"text":"y","avg_logprob":-1}]}`)
	f.Fuzz(func(t *testing.T, form, s string) {
		texts, err := Parse(Side{reading.Transcript, "", form}, []byte(s))
		if err != nil {
			return
		}
		for _, text := range texts {
			if len(text.Segments) == 0 {
				t.Fatal("a text without segments")
			}
			for _, seg := range text.Segments {
				if seg.Text == "" || !(seg.From >= 0) || math.IsInf(seg.From+seg.To, 0) || !(seg.Confidence >= 0 && seg.Confidence <= 1) {
					t.Fatalf("%+v", seg)
				}
			}
		}
	})
}
