package voice

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"unseal/intake/reader"
	"unseal/intake/tool"
	"unseal/material"
	"unseal/reading"
)

func inputOf(t testing.TB, name string, b []byte) *reader.Input {
	in := &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b)), Dir: t.TempDir()}
	in.Name, in.Path = name, "calls/"+name
	return in
}

func TestAToneStandsForWhatIsSilenced(t *testing.T) {
	for _, f := range []struct {
		name string
		args []string
	}{{"a.wav", []string{"-ac", "2"}}, {"a.mp3", []string{"-ar", "44100"}}, {"a.m4a", []string{"-c:a", "aac"}}, {"a.opus", []string{"-c:a", "libopus"}}} {
		b := encode(t, secret, f.name, f.args...)
		plain := Sound(context.Background(), inputOf(t, f.name, b))
		if plain.Failed != "" || plain.Partly != "" || len(plain.Files) != 2 || !strings.HasPrefix(plain.By, "ffmpeg ") {
			t.Fatalf("%s: %q %q %d files by %q", f.name, plain.Failed, plain.Partly, len(plain.Files), plain.By)
		}
		in := inputOf(t, f.name, b)
		in.Silenced = []reading.Span{{From: secret.From - 0.06, To: secret.To + 0.06}} // windows of lossy codecs overlap
		res := Sound(context.Background(), in)
		if res.Failed != "" || len(res.Files) != 2 || !slices.Equal(res.Reading.Sound.Silenced, in.Silenced) {
			t.Fatalf("%s: %q, %+v", f.name, res.Failed, res.Reading.Sound)
		}
		for i, file := range res.Files {
			if loud := heard(decode(t, plain.Files[i].Bytes, file.Name), high); loud < 2000 {
				t.Errorf("%s: control: %s has no high tone: %.0f", f.name, file.Name, loud)
			}
			samples := decode(t, file.Bytes, file.Name)
			if math.Abs(float64(len(samples))/rate-length) > 0.15 {
				t.Errorf("%s: %s lasts %.2f s", f.name, file.Name, float64(len(samples))/rate)
			}
			if loud := heard(samples, high); loud > 60 {
				t.Errorf("%s: %s still has what was silenced: %.0f", f.name, file.Name, loud)
			}
			if loud := heard(samples, toneHertz); loud < 1000 {
				t.Errorf("%s: %s has no tone in its place: %.0f", f.name, file.Name, loud)
			}
		}
	}
}

func TestTheSameBytesMakeTheSameSound(t *testing.T) {
	b := encode(t, secret, "a.mp3", "-metadata", "title=Marlowe")
	one, two := Sound(context.Background(), inputOf(t, "a.mp3", b)), Sound(context.Background(), inputOf(t, "b.mp3", b))
	for i := range one.Files {
		if !bytes.Equal(one.Files[i].Bytes, two.Files[i].Bytes) {
			t.Errorf("%s differs", one.Files[i].Name)
		}
		if bytes.Contains(one.Files[i].Bytes, []byte("Marlowe")) {
			t.Errorf("%s holds the title", one.Files[i].Name)
		}
	}
}

// A day in court has no time for two files: MP3, which is made faster, is one
// that browsers play and that a server for speech takes.
func TestOfVeryLongRecordingsMP3AloneIsMade(t *testing.T) {
	if _, err := tool.Find("ffmpeg"); err != nil {
		material.Missing(t, "ffmpeg")
	}
	in := inputOf(t, "a.wav", wave(secret))
	var res reader.Result
	if err := convert(context.Background(), in, &track{format: "wav", seconds: tooLong + 1}, &res); err != nil {
		t.Fatal(err)
	}
	if len(res.Files) != 1 || !slices.Equal(res.Reading.Sound.Play, []string{PlayMP3}) || heard(decode(t, res.Files[0].Bytes, PlayMP3), high) < 2000 {
		t.Errorf("%+v", res.Reading.Sound)
	}
	if _, err := Cut(res.Files[0].Bytes, 5000); err != nil {
		t.Error(err)
	}
}

// A playlist is no recording: ffmpeg must not follow it to other files.
func TestPlaylistsAreNotFollowed(t *testing.T) {
	for _, b := range []string{"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile '/etc/passwd'\n"} {
		if res := Sound(context.Background(), inputOf(t, "a.wav", []byte(b))); res.Failed == "" && res.Partly == "" || len(res.Files) > 0 {
			t.Errorf("%q made %+v", b, res.Files)
		}
	}
}

func TestSoundOfNothingIsSaid(t *testing.T) {
	if res := Sound(context.Background(), inputOf(t, "a.mp3", []byte("ID3\x04\x00\x00\x00\x00\x00\x00"))); res.Failed == "" && res.Partly == "" {
		t.Errorf("no sound, and nothing said: %+v", res)
	}
	in := inputOf(t, "a.wav", wave(secret))
	in.Silenced = make([]reading.Span, maxSilenced+1)
	if res := Sound(context.Background(), in); res.Failed == "" {
		t.Error("too many spans were taken")
	}
}

func TestWithoutFFmpegARecordingPlaysAsItCame(t *testing.T) {
	b := wave(secret)
	in := inputOf(t, "a.wav", b)
	tr, err := scan(in.Content, in.Size, false)
	if err != nil {
		t.Fatal(err)
	}
	res := asItCame(in, tr)
	if len(res.Files) != 1 || !bytes.Equal(res.Files[0].Bytes, b) || res.Partly == "" || res.Reading.Sound.Play[0] != "play.wav" {
		t.Fatalf("%+v", res.Reading.Sound)
	}
	in.Silenced = []reading.Span{secret}
	res = asItCame(in, tr)
	if len(res.Files) != 1 {
		t.Fatalf("%+v", res)
	}
	out := res.Files[0].Bytes
	samples := make([]float64, (len(out)-44)/2)
	for i := range samples {
		samples[i] = float64(int16(binary.LittleEndian.Uint16(out[44+2*i:])))
	}
	if heard(samples, high) > 60 || heard(samples, toneHertz) < 1000 || heard(samples, low) < 1000 {
		t.Errorf("high %.0f, tone %.0f, low %.0f", heard(samples, high), heard(samples, toneHertz), heard(samples, low))
	}
	gsm := inputOf(t, "a.gsm", bytes.Repeat(append([]byte{0xd0}, make([]byte, 32)...), 50))
	tr, err = scan(gsm.Content, gsm.Size, true)
	if err != nil {
		t.Fatal(err)
	}
	if res := asItCame(gsm, tr); len(res.Files) != 0 || res.Partly == "" {
		t.Errorf("GSM: %+v", res)
	}
}

// What our own readers do not know is asked of ffprobe, plays, and is hidden as
// a whole.
func TestFormatsOfOthersAreAskedOfFFprobe(t *testing.T) {
	for _, f := range []struct {
		name, codec string
		args        []string
	}{{"a.wma", "wmav2", []string{"-c:a", "wmav2"}}, {"a.caf", "pcm_s16be", nil}, {"a.webm", "opus", []string{"-c:a", "libopus"}}} {
		b := encode(t, secret, f.name, f.args...)
		if !Detect(b, f.name) {
			t.Errorf("%s is not known", f.name)
		}
		res := Read(context.Background(), inputOf(t, f.name, b))
		if s := res.Reading.Sound; s.Codec != f.codec || math.Abs(s.Seconds-length) > 0.2 || res.By != "ffprobe" || len(res.Record.Warnings) > 0 {
			t.Errorf("%s: %+v by %q, %v", f.name, s, res.By, res.Record.Warnings)
		}
		made := Sound(context.Background(), inputOf(t, f.name, b))
		if made.Failed != "" || len(made.Files) != 2 || made.Reading.Sound.Seconds != 0 && math.Abs(made.Reading.Sound.Seconds-length) > 0.2 {
			t.Errorf("%s: %q, %+v", f.name, made.Failed, made.Reading.Sound)
		}
		ranges, err := Pieces(bytes.NewReader(b), int64(len(b)), []reading.Span{secret})
		if err != nil || len(ranges) != 1 || ranges[0] != [2]int64{0, int64(len(b))} {
			t.Errorf("%s: %v, %v", f.name, ranges, err)
		}
	}
}
