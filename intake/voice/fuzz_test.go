package voice

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"unseal/intake/reader"
	"unseal/reading"
)

// tones are short recordings of a tone, made by us with ffmpeg.
func tones(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/tone.*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d tones: %v", len(files), err)
	}
	list := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list[filepath.Base(f)] = b
	}
	list["tone.amr"] = append([]byte("#!AMR\n"), bytes.Repeat(append([]byte{0x3c}, make([]byte, 31)...), 15)...)
	list["wide.amr"] = append([]byte("#!AMR-WB\n"), bytes.Repeat(append([]byte{0x44}, make([]byte, 60)...), 15)...)
	return list
}

// TestTonesAreRead needs no tool: each format's own reader, on files of ours.
func TestTonesAreRead(t *testing.T) {
	for name, b := range tones(t) {
		tr, err := scan(bytes.NewReader(b), int64(len(b)), namedGSM(name))
		if err != nil || tr.vague || !tr.whole() || math.Abs(tr.seconds-0.3) > 0.25 || tr.channels != 1 || len(tr.warnings) > 0 {
			t.Errorf("%s: %v %+v", name, err, tr)
			continue
		}
		switch filepath.Ext(name) {
		case ".mp3", ".opus", ".ogg", ".flac", ".m4a", ".wav":
			if got := tr.value("title"); got != "Tone" {
				t.Errorf("%s: title %q", name, got)
			}
		}
		for cut := range b {
			if c, err := scan(bytes.NewReader(b[:cut]), int64(cut), namedGSM(name)); err == nil && c.seconds > tr.seconds+0.001 && c.grid == nil && filepath.Ext(name) != ".m4a" {
				t.Errorf("%s: cut at %d it lasts %v, longer than %v", name, cut, c.seconds, tr.seconds)
			}
		}
	}
}

// FuzzScan gives any bytes to the readers of all formats: what they say is
// within the file, and Pieces hides the whole of what it is asked for.
func FuzzScan(f *testing.F) {
	for _, b := range tones(f) {
		f.Add(b, 0.1)
	}
	f.Fuzz(func(t *testing.T, b []byte, from float64) {
		size := int64(len(b))
		in := &reader.Input{Content: bytes.NewReader(b), Size: size}
		in.Name = "a.gsm"
		if tr, err := scan(in.Content, size, true); err == nil && tr.rate > 0 {
			checkTrack(t, tr, size)
		}
		ranges, err := Pieces(in.Content, size, []reading.Span{{From: from, To: from + 0.1}})
		last := int64(-1)
		for _, r := range ranges {
			if r[0] <= last || r[1] <= r[0] || r[1] > size {
				t.Fatalf("run %v after %d of %d bytes", r, last, size)
			}
			last = r[1]
		}
		if err == nil && size > 0 && len(ranges) == 0 && from >= 0 {
			tr, err := scan(in.Content, size, true)
			if err != nil || tr.seconds > from {
				t.Fatalf("nothing is hidden: %v", err)
			}
		}
	})
}

func checkTrack(t *testing.T, tr *track, size int64) {
	if !(tr.seconds >= 0) || math.IsInf(tr.seconds, 0) || tr.rate > maxRate {
		t.Fatalf("%v s at %d", tr.seconds, tr.rate)
	}
	for _, b := range tr.blocks {
		if b.from < 0 || b.to < b.from || b.to > size {
			t.Fatalf("block %v of %d bytes", b, size)
		}
	}
	if g := tr.grid; g != nil && (g.from < 0 || g.to < g.from || g.to > size) {
		t.Fatalf("grid %+v of %d bytes", g, size)
	}
}

// FuzzTakeout gives any page to the reader of takeouts.
func FuzzTakeout(f *testing.F) {
	f.Add([]byte(callPage))
	f.Add([]byte(chainPage))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b))}
		res := ReadTakeout(context.Background(), in)
		if c := res.Reading.Chain; c != nil {
			last := 0
			for _, m := range c.Messages {
				if m.From < last || m.To < m.From || m.To > len(res.Text) || m.By >= len(c.Members) {
					t.Fatalf("message %+v in %d bytes", m, len(res.Text))
				}
				last = m.To
			}
		}
	})
}

// FuzzProbe gives any answer of ffprobe.
func FuzzProbe(f *testing.F) {
	f.Add([]byte(`{"streams":[{"codec_name":"wmav2","sample_rate":"44100","channels":2,"duration":"12.5"}],"format":{"duration":"12.6"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tr, err := parseProbe(b); err == nil && (tr.codec == "" || tr.rate <= 0) {
			t.Fatalf("%+v", tr)
		}
	})
}
