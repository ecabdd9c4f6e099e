package speech

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"unseal/intake/reader"
	"unseal/material"
	"unseal/reading"
)

// server starts a server for speech that answers by h and gives the sound and
// the fields that it was sent.
func server(t *testing.T, h func(w http.ResponseWriter, fields map[string]string, name string, sound []byte)) *Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/audio/transcriptions" || r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		if err := r.ParseMultipartForm(64 << 20); err != nil {
			t.Error(err)
			return
		}
		fields := map[string]string{}
		for k, v := range r.MultipartForm.Value {
			fields[k] = v[0]
		}
		f, head, err := r.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		b, _ := io.ReadAll(f)
		h(w, fields, head.Filename, b)
	}))
	t.Cleanup(srv.Close)
	s, err := New(Config{Address: srv.URL + "/v1", Model: "small"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func recording(b []byte, mediaType string) *reader.Input {
	in := &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b))}
	in.Stage, in.Name, in.Type = reader.Speech, "Call from Ada.wav", mediaType
	in.Reading.Sound = &reading.Sound{Seconds: 3}
	return in
}

func TestARecordingIsTranscribedAsMadeByMachine(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, fields map[string]string, name string, sound []byte) {
		if string(sound) != "sound" || name != "audio.wav" || fields["model"] != "small" || fields["response_format"] != "verbose_json" || fields["language"] != "pt" {
			t.Errorf("%q %s %v", sound, name, fields)
		}
		io.WriteString(w, `{"task":"transcribe","language":"portuguese","duration":3,"text":"Um dois","segments":[{"start":0,"end":1.5,"text":" Um","avg_logprob":-0.1},{"start":1.5,"end":29,"text":" dois","avg_logprob":-1}]}`)
	})
	in := recording([]byte("sound"), "audio/wav")
	in.Options = map[string]string{"lang": "pt-BR"}
	res := s.Read(context.Background(), in)
	if len(res.Reading.Texts) != 1 || res.Failed != "" || res.By != "small" {
		t.Fatalf("%+v", res)
	}
	got := res.Reading.Texts[0]
	want := []reading.Segment{{From: 0, To: 1.5, Text: "Um", Confidence: 0.905}, {From: 1.5, To: 3, Text: "dois", Confidence: 0.368}}
	if got.Made != reading.Machine || got.By != "small" || got.Lang != "pt-BR" || got.Kind != reading.Transcript || len(got.Segments) != 2 || got.Segments[0] != want[0] || got.Segments[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

func TestALanguageThatIsNotKnownIsTheServersWord(t *testing.T) {
	s := server(t, func(w http.ResponseWriter, fields map[string]string, _ string, _ []byte) {
		if _, ok := fields["language"]; ok {
			t.Errorf("a language was made up: %v", fields)
		}
		io.WriteString(w, `{"language":"arabic","text":"x","segments":[{"start":0,"end":1,"text":"x"}]}`)
	})
	in := recording([]byte("sound"), "audio/wav")
	in.Langs = []string{"en", "ar"}
	if res := s.Read(context.Background(), in); len(res.Reading.Texts) != 1 || res.Reading.Texts[0].Lang != "ar" {
		t.Errorf("%+v", res)
	}
}

func TestWhatGoesWrongIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		h               http.HandlerFunc
		failed, waiting bool
	}{
		"refused":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, true, false},
		"no transcript": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, true, false},
		"silence": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"text":"","segments":[]}`)
		}, false, false},
	} {
		srv := httptest.NewServer(c.h)
		s, err := New(Config{Address: srv.URL, Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		res := s.Read(context.Background(), recording([]byte("sound"), "audio/wav"))
		if (res.Failed != "") != c.failed || (res.Waiting != "") != c.waiting || len(res.Reading.Texts) != 0 {
			t.Errorf("%s: %+v", name, res)
		}
		srv.Close()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if res := s.Read(ctx, recording([]byte("sound"), "audio/wav")); res.Waiting == "" || strings.Contains(res.Waiting, "127.0.0.1") {
			t.Errorf("%s, then away: %+v", name, res)
		}
	}
	if _, err := New(Config{Address: "http://x"}); err == nil {
		t.Error("a server without a model was taken")
	}
}

func TestWhatAPersonCorrectedIsLeftAlone(t *testing.T) {
	s := server(t, func(http.ResponseWriter, map[string]string, string, []byte) { t.Error("the server was asked") })
	in := recording([]byte("sound"), "audio/wav")
	in.Reading.Texts = []reading.Text{{Kind: reading.Transcript, Made: reading.Corrected}}
	if res := s.Read(context.Background(), in); res.Failed != "" || len(res.Reading.Texts) != 0 {
		t.Errorf("%+v", res)
	}
}

// mp3 is so many frames of MPEG-2 layer III, 48 kbit/s at 24 kHz, as the stage
// Sound makes them: 144 bytes and 24 ms each.
func mp3(frames int) []byte {
	return bytes.Repeat(append([]byte{0xff, 0xf3, 0x64, 0xc4}, make([]byte, 140)...), frames)
}

func TestALongRecordingIsSentInClips(t *testing.T) {
	all := mp3(400_000) // 160 minutes, 58 MB
	sent := 0
	s := server(t, func(w http.ResponseWriter, _ map[string]string, name string, sound []byte) {
		if len(sound) > maxUpload || len(sound)%144 != 0 || name != "audio.mp3" || sound[0] != 0xff {
			t.Errorf("%s: %d bytes", name, len(sound))
		}
		fmt.Fprintf(w, `{"text":"x","segments":[{"start":1,"end":2,"text":"clip at %d"}]}`, sent)
		sent += len(sound)
	})
	in := recording(make([]byte, 100), "audio/amr")
	in.Reading.Sound.Seconds = 400_000 * 0.024
	in.Earlier = func(name string) ([]byte, error) { return all, nil }
	res := s.Read(context.Background(), in)
	if res.Failed != "" || sent != len(all) {
		t.Fatalf("%+v, %d of %d bytes", res, sent, len(all))
	}
	segments := res.Reading.Texts[0].Segments
	if len(segments) != 3 {
		t.Fatalf("%+v", segments)
	}
	for _, seg := range segments {
		var at int
		if _, err := fmt.Sscanf(seg.Text, "clip at %d", &at); err != nil || math.Abs(seg.From-1-float64(at/144)*0.024) > 0.001 {
			t.Errorf("%+v", seg)
		}
	}
	in.Earlier = func(string) ([]byte, error) { return nil, errors.New("none") }
	if res := s.Read(context.Background(), in); !strings.Contains(res.Failed, "ffmpeg") {
		t.Errorf("%+v", res)
	}
}

// TestARealRecognizerIsHeard sends synthetic speech through pocketsphinx behind
// a stand-in for a server. What it hears is often wrong; only the way is tested.
func TestARealRecognizerIsHeard(t *testing.T) {
	for _, program := range []string{"ffmpeg", "pocketsphinx_continuous"} {
		material.Program(t, program)
	}
	dir := t.TempDir()
	wav := filepath.Join(dir, "in.wav")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "flite=text='one two three four five'", "-ar", "16000", "-ac", "1", "-bitexact", wav).CombinedOutput(); err != nil {
		material.Missing(t, fmt.Sprintf("an ffmpeg that speaks (%v: %s)", err, out))
	}
	b, err := os.ReadFile(wav)
	if err != nil {
		t.Fatal(err)
	}
	s := server(t, func(w http.ResponseWriter, _ map[string]string, _ string, sound []byte) { recognize(t, w, sound) })
	in := recording(b, "audio/wav")
	in.Reading.Sound.Seconds = float64(len(b)) / 32000
	res := s.Read(context.Background(), in)
	if res.Failed != "" || len(res.Reading.Texts) != 1 {
		t.Fatalf("%+v", res)
	}
	t.Logf("heard %q", res.Reading.Spoken())
	for _, seg := range res.Reading.Texts[0].Segments {
		if seg.To <= seg.From || seg.To > in.Reading.Sound.Seconds {
			t.Errorf("%+v", seg)
		}
	}
}

// recognize is the stand-in: words with times and confidence, as segments.
func recognize(t *testing.T, w http.ResponseWriter, sound []byte) {
	file := filepath.Join(t.TempDir(), "in.wav")
	if err := os.WriteFile(file, sound, 0o600); err != nil {
		t.Error(err)
	}
	out, err := exec.Command("pocketsphinx_continuous", "-infile", file, "-time", "yes", "-logfn", "/dev/null").Output()
	if err != nil {
		t.Error(err)
	}
	type segment struct {
		Start float64 `json:"start"`
		End   float64 `json:"end"`
		Text  string  `json:"text"`
		Prob  float64 `json:"avg_logprob"`
	}
	answer := struct {
		Text     string    `json:"text"`
		Segments []segment `json:"segments"`
	}{}
	for line := range strings.Lines(string(out)) {
		var word string
		var from, to, p float64
		if n, _ := fmt.Sscanf(line, "%s %f %f %f", &word, &from, &to, &p); n == 4 && !strings.HasPrefix(word, "<") && !strings.HasPrefix(word, "[") {
			answer.Segments = append(answer.Segments, segment{from, to, word, math.Log(max(p, 1e-9))})
		}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		t.Error(err)
	}
}
