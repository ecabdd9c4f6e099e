package voice_test

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unseal/intake/reader"
	"unseal/intake/voice"
	"unseal/material"
	"unseal/reading"
	"unseal/trove"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type expectation struct {
	Type       string
	Codec      *string
	Rate       int     `json:"sample_rate"`
	Channels   int     `json:"channels"`
	Seconds    float64 `json:"duration_s"`
	Unreadable bool    `json:"unreadable_by_ffprobe"`
	Transcript string
	Audio      string
	Duration   string
}

// input is a file with what lies beside it under the same name.
func input(t testing.TB, file string) *reader.Input {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	in := &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b)), Dir: t.TempDir()}
	in.Stage, in.Kind, in.Name, in.Path = reader.Read, trove.Voice, filepath.Base(file), filepath.Base(file)
	stem := strings.TrimSuffix(file, filepath.Ext(file))
	for _, ext := range []string{".html", ".txt", ".json", ".vtt"} {
		if side, err := os.ReadFile(stem + ext); err == nil {
			in.Beside = append(in.Beside, reader.Beside{Name: filepath.Base(stem + ext), Bytes: side})
		}
	}
	return in
}

func TestRecordingsAreWhatTheTruthSays(t *testing.T) {
	dir := material.Corpora(t)
	full, partly, kept, all := 0, 0, 0, 0
	for name, want := range material.Truth[expectation](t, "audio/") {
		if want.Type != "audio" {
			continue
		}
		all++
		in := input(t, filepath.Join(dir, filepath.FromSlash(name)))
		head := make([]byte, min(4096, in.Size))
		_, err := in.Content.ReadAt(head, 0)
		must(t, err)
		if !voice.Detect(head, in.Name) {
			t.Errorf("%s: not detected", name)
		}
		res := voice.Read(context.Background(), in)
		s := res.Reading.Sound
		if want.Unreadable || want.Codec == nil {
			kept++
			if len(res.Record.Warnings) == 0 && res.Partly == "" {
				t.Errorf("%s: no warning", name)
			}
			continue
		}
		if s.Codec != *want.Codec || s.Rate != want.Rate || s.Channels != want.Channels || math.Abs(s.Seconds-want.Seconds) > 0.1 {
			t.Errorf("%s: %s %d Hz %d channels %.3f s, want %s %d %d %.2f", name, s.Codec, s.Rate, s.Channels, s.Seconds, *want.Codec, want.Rate, want.Channels, want.Seconds)
		}
		if res.By != "" {
			t.Errorf("%s: only %s could read it: %v", name, res.By, res.Record.Warnings)
		}
		if len(res.Record.Warnings) > 0 {
			partly++
			t.Logf("%s: %v", name, res.Record.Warnings)
		} else {
			full++
		}
	}
	t.Logf("%d recordings: %d fully, %d with warnings, %d kept only", all, full, partly, kept)
	if all < 100 {
		t.Errorf("only %d recordings", all)
	}
}

func TestTakeoutGivesRecordingsTheirCallsAndTranscripts(t *testing.T) {
	dir := material.Corpora(t)
	seen := 0
	for name, want := range material.Truth[expectation](t, "audio/gvoice-takeout/") {
		if want.Type != "voicemail" {
			continue
		}
		seen++
		in := input(t, filepath.Join(dir, filepath.Dir(filepath.FromSlash(name)), want.Audio))
		res := voice.Read(context.Background(), in)
		if len(res.Reading.Texts) != 1 {
			t.Fatalf("%s: %d texts", want.Audio, len(res.Reading.Texts))
		}
		text := res.Reading.Texts[0]
		var said []string
		for _, s := range text.Segments {
			said = append(said, s.Text)
		}
		if got := strings.Join(said, " "); got != want.Transcript {
			t.Errorf("%s says %q, want %q", want.Audio, got, want.Transcript)
		}
		call := res.Reading.Sound.Call
		if call == nil || call.Kind != "voicemail" || !strings.HasPrefix(call.From, "+1") || res.Record.From[0].Name != "Edson Arantes do Nascimento" {
			t.Errorf("%s: call %+v from %v", want.Audio, call, res.Record.From)
		}
		if !strings.Contains(want.Audio, res.Record.Date.Format("2006-01-02T15_04_05Z")) || res.Record.DateOffset != -420 {
			t.Errorf("%s: date %v %d", want.Audio, res.Record.Date, res.Record.DateOffset)
		}
		if !slices.ContainsFunc(res.Record.Warnings, func(w trove.Warning) bool { return w.Code == "duration-differs" }) {
			t.Errorf("%s: the stated duration %s is not held against the sound", want.Audio, want.Duration)
		}
		t.Logf("%s: %q %+v %v", want.Audio, res.Record.Subject, text.Segments, res.Reading.Facts)
	}
	if seen != 2 {
		t.Errorf("%d voicemails, want 2", seen)
	}
}

func TestTakeoutPagesAreCallsAndChains(t *testing.T) {
	dir := material.Corpora(t)
	pages, err := filepath.Glob(filepath.Join(dir, "audio/gvoice-takeout/Takeout/Voice/Calls/*.html"))
	must(t, err)
	chains, calls, messages, missing := 0, map[string]int{}, 0, 0
	for _, page := range pages {
		in := input(t, page)
		b, err := in.Bytes(1 << 20)
		must(t, err)
		res := voice.ReadTakeout(context.Background(), in)
		name := filepath.Base(page)
		if res.Failed != "" || res.Record.Kind != voice.Takeout(b) || res.Record.Date.IsZero() || res.Record.Subject == "" {
			t.Errorf("%s: %q %+v", name, res.Failed, res.Record)
		}
		switch res.Record.Kind {
		case trove.Chain:
			chains++
			messages += len(res.Reading.Chain.Messages)
			checkChain(t, name, &res, bytes.Count(b, []byte(`<div class="message">`)), bytes.Count(b, []byte("<img "))+bytes.Count(b, []byte(`<a class="vcard"`)))
		case trove.Doc:
			for _, f := range res.Reading.Facts {
				if f.Name == "call" {
					calls[f.Value]++
				}
				if f.Name == "phone" {
					missing++
				}
			}
		}
	}
	want := map[string]int{"voicemail": 2, "recorded": 1, "missed": 1, "placed": 4, "received": 2}
	for k, n := range want {
		if calls[k] != n {
			t.Errorf("%d calls of the kind %s, want %d", calls[k], k, n)
		}
	}
	// Its own documents count 62 text messages: some have several files.
	t.Logf("%d pages: %d chains with %d messages, calls %v", len(pages), chains, messages, calls)
	if chains != 10 {
		t.Errorf("%d chains, want 10", chains)
	}
}

func checkChain(t *testing.T, name string, res *reader.Result, messages, media int) {
	t.Helper()
	c := res.Reading.Chain
	files, selves := 0, 0
	for _, m := range c.Members {
		if m.Self {
			selves++
			if m.Handle != "+17323210011" {
				t.Errorf("%s: the owner is %+v", name, m)
			}
		}
	}
	for _, m := range c.Messages {
		files += len(m.Media)
		if m.By < 0 || m.When == "" || !strings.Contains(res.Text[m.From:m.To], m.Text) {
			t.Errorf("%s: message %+v at %q", name, m, res.Text[m.From:m.To])
		}
	}
	if len(c.Messages) != messages || files != media || selves > 1 || c.Platform != "google-voice" {
		t.Errorf("%s: %d of %d messages, %d of %d files, %d owners", name, len(c.Messages), messages, files, media, selves)
	}
}

func TestTranscriptsBesideRecordingsAreRead(t *testing.T) {
	dir := material.Corpora(t)
	seen := 0
	for name, want := range material.Truth[expectation](t, "audio/fleurs/") {
		if want.Type != "audio" {
			continue
		}
		seen++
		res := voice.Read(context.Background(), input(t, filepath.Join(dir, filepath.FromSlash(name))))
		if len(res.Reading.Texts) != 1 || !slices.Equal(strings.Fields(res.Reading.Spoken()), strings.Fields(want.Transcript)) || res.Reading.Texts[0].Made != reading.Supplied {
			t.Errorf("%s: %+v, want %q", name, res.Reading.Texts, want.Transcript)
		}
	}
	if seen < 30 {
		t.Errorf("only %d recordings", seen)
	}
}

// TestNothingElseIsTakenForARecording looks at every file of the corpora.
func TestNothingElseIsTakenForARecording(t *testing.T) {
	dir := material.Corpora(t)
	others, voices := 0, 0
	for name := range material.Truth[expectation](t, "") {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			continue
		}
		head := make([]byte, 4096)
		n, _ := io.ReadFull(f, head)
		f.Close()
		got := voice.Type(head[:n], filepath.Base(name))
		want := slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
		switch {
		case (got != "") != want:
			t.Errorf("%s: %q", name, got)
		case want:
			voices++
		default:
			others++
		}
	}
	t.Logf("%d recordings, %d others", voices, others)
}

// endings of recordings in the corpora.
var endings = []string{".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".aif", ".aiff", ".amr", ".gsm", ".m4a", ".mp4", ".spx", ".3gp", ".mov", ".au", ".wma"}
