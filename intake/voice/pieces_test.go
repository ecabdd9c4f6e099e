package voice

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"unseal/material"
	"unseal/reading"
)

// The sound of these tests: a low tone, and in one span another one that
// nothing outside of it has.
const (
	rate   = 16000
	length = 6.0
	low    = 350.0
	high   = 2700.0
)

var secret = reading.Span{From: 2.3, To: 3.1}

// wave is a recording of plain samples with the high tone in a span.
func wave(span reading.Span) []byte {
	n := int(length * rate)
	b := make([]byte, 44+2*n)
	copy(b, "RIFF....WAVEfmt ")
	le := binary.LittleEndian
	le.PutUint32(b[4:], uint32(len(b)-8))
	le.PutUint32(b[16:], 16)
	le.PutUint16(b[20:], 1)
	le.PutUint16(b[22:], 1)
	le.PutUint32(b[24:], rate)
	le.PutUint32(b[28:], 2*rate)
	le.PutUint16(b[32:], 2)
	le.PutUint16(b[34:], 16)
	copy(b[36:], "data")
	le.PutUint32(b[40:], uint32(2*n))
	for i := range n {
		s := float64(i) / rate
		hertz := low
		if s >= span.From && s < span.To {
			hertz = high
		}
		le.PutUint16(b[44+2*i:], uint16(int16(12000*math.Sin(2*math.Pi*hertz*s))))
	}
	return b
}

// ffmpeg runs the program in a folder, or skips aloud.
func ffmpeg(t testing.TB, dir string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command(material.Program(t, "ffmpeg"), append([]string{"-v", "error", "-nostdin", "-y"}, args...)...)
	cmd.Dir = dir
	return cmd.Output()
}

// encode makes a file of the test's sound in another format.
func encode(t testing.TB, span reading.Span, name string, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in.wav"), wave(span), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ffmpeg(t, dir, append(append([]string{"-i", "in.wav"}, args...), name)...); err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decode gives the samples of a file, as far as ffmpeg can make any.
func decode(t testing.TB, b []byte, name string) []float64 {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := ffmpeg(t, dir, "-i", name, "-f", "s16le", "-ac", "1", "-ar", fmt.Sprint(rate), "-")
	samples := make([]float64, len(out)/2)
	for i := range samples {
		samples[i] = float64(int16(binary.LittleEndian.Uint16(out[2*i:])))
	}
	return samples
}

// heard is the loudest that a tone gets in any 20 ms, over what stands beside
// it: a click where sound ends abruptly has all tones alike.
func heard(samples []float64, hertz float64) float64 {
	loud := 0.0
	for from := 0; from+frame <= len(samples); from += frame / 2 {
		part := samples[from : from+frame]
		beside := max(tone(part, hertz-250), tone(part, hertz+250))
		loud = max(loud, tone(part, hertz)-beside)
	}
	return loud
}

const frame = rate / 50

// tone is how loud a tone is, through a Hann window.
func tone(part []float64, hertz float64) float64 {
	var re, im float64
	for i, v := range part {
		v *= 1 - math.Cos(2*math.Pi*float64(i)/frame)
		re += v * math.Cos(2*math.Pi*hertz*float64(i)/rate)
		im += v * math.Sin(2*math.Pi*hertz*float64(i)/rate)
	}
	return math.Hypot(re, im) / frame * 2
}

// encoded are the formats that a test encodes, by what ffmpeg is told.
var encoded = []struct {
	name string
	args []string
}{
	{"s16.wav", nil},
	{"u8.wav", []string{"-c:a", "pcm_u8"}},
	{"s24.wav", []string{"-c:a", "pcm_s24le", "-ac", "2"}},
	{"f32.wav", []string{"-c:a", "pcm_f32le"}},
	{"alaw.wav", []string{"-c:a", "pcm_alaw"}},
	{"mulaw.wav", []string{"-c:a", "pcm_mulaw", "-ar", "8000"}},
	{"ima.wav", []string{"-c:a", "adpcm_ima_wav"}},
	{"ms.wav", []string{"-c:a", "adpcm_ms"}},
	{"gsm.wav", []string{"-c:a", "libgsm_ms", "-ar", "8000"}},
	{"rf64.wav", []string{"-rf64", "always"}},
	{"plain.aiff", nil},
	{"sowt.aiff", []string{"-c:a", "pcm_s16le", "-f", "aiff"}},
	{"tape.au", []string{"-c:a", "pcm_mulaw"}},
	{"raw.gsm", []string{"-c:a", "libgsm", "-ar", "8000"}},
	{"mono.flac", nil},
	{"stereo.flac", []string{"-ac", "2", "-frame_size", "1152"}},
	{"64.mp3", []string{"-b:a", "64k", "-ar", "44100"}},
	{"vbr.mp3", []string{"-q:a", "5", "-ar", "44100", "-ac", "2"}},
	{"mpeg2.mp3", []string{"-b:a", "32k"}},
	{"mpeg25.mp3", []string{"-b:a", "16k", "-ar", "8000"}},
	{"bare.mp3", []string{"-b:a", "48k", "-write_xing", "0", "-id3v2_version", "0"}},
	{"two.mp2", []string{"-c:a", "mp2", "-b:a", "64k", "-f", "mp2"}},
	{"voice.opus", []string{"-c:a", "libopus", "-b:a", "16k", "-application", "voip"}},
	{"long.opus", []string{"-c:a", "libopus", "-b:a", "12k", "-frame_duration", "60"}},
	{"fec.opus", []string{"-c:a", "libopus", "-b:a", "24k", "-fec", "1", "-packet_loss", "20", "-application", "voip"}},
	{"pages.opus", []string{"-c:a", "libopus", "-page_duration", "60000"}},
	{"tune.ogg", []string{"-c:a", "libvorbis"}},
	{"pages.ogg", []string{"-c:a", "libvorbis", "-page_duration", "60000"}},
	{"phone.m4a", []string{"-c:a", "aac", "-b:a", "48k"}},
	{"lossless.m4a", []string{"-c:a", "alac"}},
	{"fast.m4a", []string{"-c:a", "aac", "-movflags", "+faststart"}},
	{"stream.mp4", []string{"-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"}},
	{"raw.aac", []string{"-c:a", "aac"}},
	{"video.mka", []string{"-c:a", "libopus"}},
}

// TestNothingOfASpanIsLeft encodes the sound in each format, hides what Pieces
// says, and listens, as somebody who knows all that is no sound.
func TestNothingOfASpanIsLeft(t *testing.T) {
	for _, f := range encoded {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			b := encode(t, secret, f.name, f.args...)
			if loud := heard(decode(t, b, f.name), high); loud < 3000 {
				t.Fatalf("control: the tone is not heard in the original: %.0f", loud)
			}
			ranges, err := Pieces(bytes.NewReader(b), int64(len(b)), []reading.Span{secret})
			if err != nil {
				t.Fatal(err)
			}
			gone := int64(0)
			for _, r := range ranges {
				gone += r[1] - r[0]
			}
			left := decode(t, soundless(t, b, ranges), f.name)
			if loud := heard(left, high); loud > 60 {
				t.Errorf("the tone is still heard: %.0f", loud)
			}
			if gone < int64(len(b)) && heard(left, low) < 3000 {
				t.Error("control: the sound beside the span is not heard either")
			}
			t.Logf("%d of %d bytes hidden in %d runs", gone, len(b), len(ranges))
		})
	}
}

// soundless takes the sound of the secret away, and gives the listener back
// everything else that is hidden with it: heads, tables, tags.
func soundless(t *testing.T, b []byte, ranges [][2]int64) []byte {
	t.Helper()
	left := slices.Clone(b)
	if slices.Equal(ranges, [][2]int64{{0, int64(len(b))}}) {
		return nil
	}
	tr, err := scan(bytes.NewReader(b), int64(len(b)), true)
	if err != nil {
		t.Fatal(err)
	}
	tr.sizes = 0
	spans := []reading.Span{secret}
	_, hidden := tr.split(spans)
	if tr.grid != nil {
		_, hidden = tr.grid.split(tr, spans)
	}
	for _, e := range hidden {
		clear(left[e.from:e.to])
	}
	return left
}

// TestExactlyTheSamplesOfASpanGo holds the bytes of plain samples against the
// span, sample by sample.
func TestExactlyTheSamplesOfASpanGo(t *testing.T) {
	b := wave(secret)
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Float64Range(0, length).Draw(t, "from")
		span := reading.Span{From: from, To: from + rapid.Float64Range(0.001, length).Draw(t, "seconds")}
		ranges, err := Pieces(bytes.NewReader(b), int64(len(b)), []reading.Span{span})
		if err != nil {
			t.Fatal(err)
		}
		hidden := make([]bool, len(b))
		for _, r := range ranges {
			for i := r[0]; i < r[1]; i++ {
				hidden[i] = true
			}
		}
		for i := range int(length * rate) {
			at := float64(i) / rate
			in := at >= span.From && at < span.To
			near := at > span.From-1.5/rate && at < span.To+1.5/rate
			if in && !hidden[44+2*i] || !near && hidden[44+2*i] || hidden[44+2*i] != hidden[45+2*i] {
				t.Fatalf("sample %d at %v of span %v: hidden %v", i, at, span, hidden[44+2*i])
			}
		}
	})
}

// TestPiecesOfAnyBytesAreInOrder gives frames of any size and order.
func TestPiecesOfAnyBytesAreInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := int64(rapid.IntRange(1, 2000).Draw(t, "size"))
		place := rapid.Custom(func(t *rapid.T) extent {
			from := rapid.Int64Range(0, size-1).Draw(t, "from")
			return extent{from, rapid.Int64Range(from, size).Draw(t, "to")}
		})
		tr := &track{rate: 8000, channels: 1, keep: rapid.SliceOfN(place, 0, 5).Draw(t, "keep"), reach: reach{units: rapid.IntRange(0, 2).Draw(t, "units"), bytes: 100}}
		at := 0.0
		for _, e := range rapid.SliceOfN(place, 1, 50).Draw(t, "blocks") {
			tr.add(block{e, at, at + 0.02})
			at += 0.02
		}
		span := reading.Span{From: rapid.Float64Range(0, at).Draw(t, "begin")}
		span.To = span.From + 0.05
		hidden := make([]bool, size)
		last := int64(-1)
		for _, e := range tr.without(size, []reading.Span{span}) {
			if e.from <= last || e.to <= e.from || e.to > size {
				t.Fatalf("run %v after %d", e, last)
			}
			last = e.to
			for i := e.from; i < e.to; i++ {
				hidden[i] = true
			}
		}
		for _, b := range tr.blocks {
			if b.end > span.From && b.begin < span.To && slices.Contains(hidden[b.from:b.to], false) {
				t.Fatalf("block %v of span %v is not hidden", b, span)
			}
		}
	})
}

func TestSpansThatAreNoneAreRefused(t *testing.T) {
	b := wave(secret)
	for _, s := range []reading.Span{{From: 1, To: 1}, {From: 2, To: 1}, {From: -1, To: 1}, {From: math.NaN(), To: 1}, {From: 0, To: math.NaN()}} {
		if got, err := Pieces(bytes.NewReader(b), int64(len(b)), []reading.Span{s}); err == nil {
			t.Errorf("%v gives %v", s, got)
		}
	}
	if got, err := Pieces(bytes.NewReader(b), int64(len(b)), nil); err != nil || got != nil {
		t.Errorf("no span gives %v, %v", got, err)
	}
	if got, err := Pieces(bytes.NewReader([]byte("no sound")), 8, []reading.Span{secret}); err != nil || !slices.Equal(got, [][2]int64{{0, 8}}) {
		t.Errorf("no sound gives %v, %v", got, err)
	}
}

// Whatever a file says beside its sound goes with any span: a lyric may be what
// was said, a digest lets guesses be checked.
func TestTagsAndDigestsGoWithASpan(t *testing.T) {
	for _, f := range []struct {
		name string
		args []string
	}{{"tags.mp3", nil}, {"tags.flac", nil}, {"tags.m4a", []string{"-c:a", "aac"}}, {"tags.opus", []string{"-c:a", "libopus"}}, {"tags.ogg", []string{"-c:a", "libvorbis"}}, {"tags.wav", nil}} {
		const title = "Marlowe at the pier"
		b := encode(t, secret, f.name, append(f.args, "-metadata", "title="+title)...)
		find := func(b []byte) bool {
			return bytes.Contains(b, []byte(title)) || bytes.Contains(b, []byte("M\x00a\x00r\x00l\x00o\x00w\x00e"))
		}
		if !find(b) {
			t.Fatalf("%s: control: the title is not in the file", f.name)
		}
		ranges, err := Pieces(bytes.NewReader(b), int64(len(b)), []reading.Span{secret})
		if err != nil || len(ranges) == 1 && ranges[0] == [2]int64{0, int64(len(b))} {
			t.Fatalf("%s: %v, %v", f.name, ranges, err)
		}
		digest := b[26:42] // of FLAC
		for _, r := range ranges {
			clear(b[r[0]:r[1]])
		}
		if find(b) {
			t.Errorf("%s: the title is left", f.name)
		}
		if filepath.Ext(f.name) == ".flac" && !bytes.Equal(digest, make([]byte, 16)) {
			t.Error("the digest of all samples is left")
		}
	}
}
