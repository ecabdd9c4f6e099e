package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/cmplx"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"unseal/material"
	"unseal/redact/leak"
)

// The recordings of the test last twelve seconds, each second a pitch of its
// own. Seconds 4 to 8 go.
const (
	soundRate   = 8000
	soundLength = 12
	goneFrom    = 4
	goneTo      = 8
)

// soundForms are the forms of the recordings, by ending, with what ffmpeg is
// told to make them; the first is what our own code writes.
var soundForms = []struct {
	ending string
	args   []string
}{
	{".wav", nil},
	{".mp3", []string{"-c:a", "libmp3lame", "-b:a", "64k"}},
	{".flac", []string{"-c:a", "flac"}},
	{".m4a", []string{"-c:a", "aac", "-b:a", "64k"}},
	{".opus", []string{"-c:a", "libopus", "-b:a", "64k", "-f", "ogg"}},
}

// pitch is that of a second of a recording, in Hertz.
func pitch(form, second int) float64 { return 400 + 40*float64(second) + 7*float64(form) }

// samples are those of a recording: a pitch a second, and a little noise, so
// that no two stretches are the same bytes.
func samples(form int) []byte {
	b := make([]byte, 0, 2*soundRate*soundLength)
	noise := uint32(form + 1)
	for i := range soundRate * soundLength {
		noise = noise*1664525 + 1013904223
		v := 9000*math.Sin(2*math.Pi*pitch(form, i/soundRate)*float64(i)/soundRate) + float64(noise>>24) - 128
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(v)))
	}
	return b
}

func waveFile(pcm []byte) []byte {
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, uint32(36+len(pcm)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, soundRate)
	b = binary.LittleEndian.AppendUint32(b, 2*soundRate)
	b = append(b, "\x02\x00\x10\x00data"...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(pcm))), pcm...)
}

// What is said in a recording: before, in and behind the seconds that go.
func saidIn(form int) [3]string {
	name := []string{"Aldwick", "Barrowby", "Candlesby", "Dunholme", "Eastrington"}[form]
	return [3]string{"this is about " + plainWord + " again", "then go and see " + name + " Quillfeather alone", "and bring the papers"}
}

// soundTrove is a folder with the recordings, a transcript beside each, and a
// letter that quotes what is said.
func soundTrove(t *testing.T) string {
	t.Helper()
	material.Program(t, "ffmpeg")
	dir := filepath.Join(t.TempDir(), "trove")
	write := func(name string, b []byte) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	letter := "They recorded him. He said:\n"
	for i, f := range soundForms {
		wave := waveFile(samples(i))
		if f.args != nil {
			wave = ffmpeg(t, wave, append([]string{"-metadata", "title=" + saidIn(i)[1], "-map_metadata", "0"}, f.args...), f.ending)
		}
		name := fmt.Sprintf("calls/call-%d", i+1)
		write(name+f.ending, wave)
		said := saidIn(i)
		write(name+".vtt", fmt.Appendf(nil, "WEBVTT\n\n00:00.000 --> 00:04.000\n%s\n\n00:04.000 --> 00:08.000\n%s\n\n00:08.000 --> 00:12.000\n%s\n", said[0], said[1], said[2]))
		letter += "\"" + said[1] + "\"\n\n"
	}
	write("letters/letter.txt", []byte(letter+"That is all about "+plainWord+".\n"))
	return dir
}

// ffmpeg makes a file of another form; nil, and no failure, where it cannot read
// its input.
func ffmpeg(t *testing.T, in []byte, args []string, ending string) []byte {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "in"), filepath.Join(dir, "out"+ending)
	if err := os.WriteFile(from, in, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ffmpeg", append(append([]string{"-nostdin", "-v", "error", "-err_detect", "ignore_err", "-i", from}, args...), to)...)
	if err := cmd.Run(); err != nil && args[0] == "-metadata" {
		t.Fatalf("ffmpeg %v: %v", args, err)
	}
	b, _ := os.ReadFile(to)
	return b
}

// heard are the pitches that go, of any recording, as far as they are heard
// anywhere in a file, decoded as ffmpeg can.
func heard(t *testing.T, file []byte) (list []string) {
	t.Helper()
	pcm := ffmpeg(t, file, []string{"-ac", "1", "-ar", fmt.Sprint(soundRate), "-f", "s16le"}, ".raw")
	for form := range soundForms {
		for second := goneFrom; second < goneTo; second++ {
			for at := 0; at+soundRate <= len(pcm); at += soundRate / 2 { // windows of half a second, by quarters
				if share(pcm[at:at+soundRate], pitch(form, second)) > 0.02 {
					list = append(list, fmt.Sprintf("second %d of recording %d", second, form+1))
					break
				}
			}
		}
	}
	return list
}

// share is how much of the power of samples lies at a pitch, under a Hann window.
func share(pcm []byte, hertz float64) float64 {
	var re, im, all float64
	n := len(pcm) / 2
	turn, at := cmplx.Rect(1, 2*math.Pi*hertz/soundRate), complex(1, 0)
	slow, hann := cmplx.Rect(1, 2*math.Pi/float64(n)), complex(1, 0)
	for i := range n {
		v := (0.5 - 0.5*real(hann)) * float64(int16(binary.LittleEndian.Uint16(pcm[2*i:])))
		re, im, all = re+v*real(at), im+v*imag(at), all+v*v
		at, hann = at*turn, hann*slow
	}
	if all < float64(n) { // silence
		return 0
	}
	return (re*re + im*im) / all / float64(n) * 2
}

// members are all members of the batches' zip files.
func members(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	list := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "c/*/batch/*/*/items.zip"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		z, err := zip.OpenReader(name)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if list[f.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return list
}

// soundLeaks lists what of the hidden seconds is in an archive: words in any
// file, samples in any member, and pitches in whatever of it can be played.
func soundLeaks(t *testing.T, dir string) (words, pieces, pitches []string) {
	t.Helper()
	var needles []string
	for i := range soundForms {
		needles = append(needles, saidIn(i)[1])
	}
	for _, l := range hunted(t, dir, leak.New(needles, nil)) {
		words = append(words, fmt.Sprintf("%+v", l))
	}
	gone := samples(0)[2*soundRate*goneFrom : 2*soundRate*goneTo]
	for name, b := range members(t, dir) {
		for at := 0; at+32 <= len(gone); at += 16 {
			if bytes.Contains(b, gone[at:at+32]) {
				pieces = append(pieces, fmt.Sprintf("%s: samples of second %g", name, goneFrom+float64(at)/2/soundRate))
				break
			}
		}
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".ndjson") || !mayPlay(b) {
			continue
		}
		tries := [][]byte{b} // and what somebody might make of a copy with marks
		if mark := []byte("[redacted]"); bytes.Contains(b, mark) {
			tries = append(tries, bytes.ReplaceAll(b, mark, nil), bytes.ReplaceAll(b, mark, make([]byte, 4096)))
		}
		for _, f := range tries {
			if list := heard(t, f); len(list) > 0 {
				pitches = append(pitches, fmt.Sprintf("%s: %q", name, list))
				break
			}
		}
	}
	return words, pieces, pitches
}

// mayPlay reports whether bytes are sound of any of the forms.
func mayPlay(b []byte) bool {
	if len(b) < 100 {
		return false
	}
	head := string(b[:12])
	return strings.HasPrefix(head, "RIFF") || strings.HasPrefix(head, "ID3") || b[0] == 0xff || strings.HasPrefix(head, "fLaC") ||
		strings.Contains(head, "ftyp") || strings.HasPrefix(head, "OggS")
}

// TestHiddenSecondsAreNeitherHeardNorRead takes four seconds out of recordings
// in five forms: neither the sound nor what is said is anywhere in the archive.
func TestHiddenSecondsAreNeitherHeardNorRead(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes fifteen seconds; go test without -short")
	}
	trove := soundTrove(t)
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	desk, archive := filepath.Join(dir, "desk"), filepath.Join(dir, "archive")
	do(t, "init", desk)
	do(t, "-C", desk, "ingest", trove, "-c", "calls")
	do(t, "-C", desk, "commit", "calls")
	do(t, "-C", desk, "batch", "plan", "calls", "--every", "100")
	do(t, "-C", desk, "publish", "--yes", "--to", archive)
	words, pieces, pitches := soundLeaks(t, archive)
	if len(words) < 3*len(soundForms) || len(pieces) == 0 || len(pitches) < 2*len(soundForms) {
		t.Fatalf("the search finds too little before anything is hidden: %d words, %d pieces, %q", len(words), len(pieces), pitches)
	}
	for _, name := range recordings(t, archive) {
		out := do(t, "-C", desk, "redact", name, "--audio", fmt.Sprintf("%d-%d", goneFrom, goneTo), "--reason", "third-party", "--json")
		sum := summaryOf(t, out)
		if sum["quoting"] != 2.0 { // the transcript beside it, and the letter
			t.Errorf("%s: %s", name, out)
		}
	}
	do(t, "-C", desk, "publish", "--yes", "--to", archive)
	words, pieces, pitches = soundLeaks(t, archive)
	for _, l := range append(append(words, pieces...), pitches...) {
		t.Errorf("left: %s", l)
	}
	verifies(t, archive)
	playing := 0
	for name, b := range members(t, archive) {
		if strings.Contains(name, "play.") {
			playing++
			if len(b) < 1000 {
				t.Errorf("%s has %d bytes", name, len(b))
			}
		}
		if strings.HasSuffix(name, "reading.json") && bytes.Contains(b, []byte(`"sound"`)) && !bytes.Contains(b, []byte(`"silenced":[{"from":4,"to":8}]`)) {
			t.Errorf("%s does not say what is silenced: %s", name, b)
		}
	}
	if playing != 2*len(soundForms) {
		t.Errorf("%d files to be played, want two of each recording", playing)
	}
	if n := saying(t, archive); n < len(soundForms) {
		t.Errorf("%d items say %q, which stays", n, plainWord)
	}
	rebuilt := filepath.Join(t.TempDir(), "archive")
	do(t, "-C", desk, "publish", "--yes", "--to", rebuilt)
	sameFiles(t, archive, rebuilt)
}

// recordings are the names of the recordings in an archive.
func recordings(t *testing.T, dir string) (names []string) {
	t.Helper()
	for name := range members(t, dir) {
		if n, ok := strings.CutSuffix(name, "/play.mp3"); ok {
			names = append(names, "calls/"+strings.TrimPrefix(n, "made/"))
		}
	}
	if len(names) != len(soundForms) {
		t.Fatalf("%d recordings are out: %q", len(names), names)
	}
	return names
}
