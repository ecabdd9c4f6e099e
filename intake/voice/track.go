package voice

import (
	"bytes"
	"errors"
	"io"

	"unseal/trove"
)

// track is what the bytes of a recording say of its sound. seconds and the
// times of blocks count from the first sample that a player gives.
type track struct {
	format   string // how ffmpeg calls the container: "wav", "mp3", "ogg"…
	mime     string
	codec    string // as ffmpeg calls it
	rate     int
	channels int
	seconds  float64
	tags     []tag
	pictures []picture
	warnings []trove.Warning

	// Where the sound lies, for [Pieces].
	keep   []extent // what a player needs beside the sound
	grid   *grid    // sound in units of one size
	blocks []block  // sound in units of many sizes, in order of time
	reach  reach
	sizes  int64 // where a table of the blocks' sizes lies, 4 bytes each; 0 for none
	vague  bool  // which bytes carry which second is not known

	unplayed bool // there is sound that players leave out
}

// tag is something that the file says of itself, under a name of [reading.Facts].
type tag struct{ name, value string }

// picture is a picture in the tags of a file.
type picture struct {
	mime  string
	at    extent
	bytes []byte // where it has none of its own in the file
}

// extent is a run of bytes, from and to, the latter not among them.
type extent struct{ from, to int64 }

// grid is sound in units of the same size and length.
type grid struct {
	extent
	unit    int64 // bytes
	samples int   // that one unit holds
}

// block is a unit of sound: where it lies, and when it plays.
type block struct {
	extent
	begin, end float64 // seconds
}

// reach says how far from its own second the sound of a codec can be found.
type reach struct {
	seconds float64 // windows that overlap, delays that players take off or leave
	units   int     // on either side
	bytes   int64   // before: what is borrowed from earlier units
}

// Limits of what is read of a recording's structure.
const (
	maxBlocks = 2 << 20 // frames, pages or samples of a table: 11 hours and more of speech
	maxChunks = 10_000  // chunks or boxes of a file
	maxRate   = 768_000
	maxTracks = 16
)

// errNoSound says that the bytes are of no format that this room reads.
var errNoSound = errors.New("no sound that is known here")

// formats are the readers of the formats, each with what knows its first bytes.
var formats = []struct {
	mime  string
	known func(head []byte) bool
	read  func(*window) (*track, error)
}{
	{"audio/wav", isWave, readWave},
	{"audio/aiff", isAIFF, readAIFF},
	{"audio/basic", magic(".snd"), readAU},
	{"audio/flac", isFLAC, readFLAC},
	{"audio/ogg", magic("OggS"), readOgg},
	{"audio/amr", isAMR, readAMR},
	{"audio/mp4", isMP4, readMP4},
	{"audio/aac", isADTS, readADTS},
	{"audio/mpeg", isMP3, readMP3},
}

// magic knows a format by how it begins.
func magic(s string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(s)) }
}

// scan reads the structure of a recording. GSM without a head is known by its
// name alone, which says whether it may be tried.
func scan(r io.ReaderAt, size int64, gsm bool) (*track, error) {
	w := &window{r: r, size: size}
	head := w.at(0, 4096)
	for _, f := range formats {
		if f.known(head) {
			t, err := f.read(w)
			if t != nil && t.mime == "" {
				t.mime = f.mime
			}
			return t, err
		}
	}
	if gsm && isGSM(head) {
		return readGSM(w)
	}
	return nil, errNoSound
}

// sane refuses heads that promise what no recording has.
func (t *track) sane() error {
	if t.rate <= 0 || t.rate > maxRate || t.channels < 1 || t.channels > 64 {
		return errors.New("the head names no usable rate or number of channels")
	}
	return nil
}

func (t *track) warn(code, text string) {
	t.warnings = append(t.warnings, trove.Warning{Code: code, Text: text})
}

func (t *track) tag(name, value string) {
	if value = oneLine(value); value != "" && len(t.tags) < maxTags {
		t.tags = append(t.tags, tag{name, value})
	}
}

// add appends a unit of sound; when there are too many, their places are vague.
func (t *track) add(b block) {
	if len(t.blocks) >= maxBlocks {
		t.vague = true
		return
	}
	t.blocks = append(t.blocks, b)
}

// pcm makes t sound of units of one size, cut to what is there.
func (t *track) pcm(at extent, unit int64, samples int) {
	if unit <= 0 || samples <= 0 {
		t.vague = true
		return
	}
	n := max(at.to-at.from, 0) / unit
	t.grid = &grid{extent{at.from, at.from + n*unit}, unit, samples}
	t.seconds = float64(n) * float64(samples) / float64(t.rate)
}

// window reads places of a file through one buffer, so that a walk over small
// frames costs few reads.
type window struct {
	r    io.ReaderAt
	size int64
	off  int64
	buf  []byte
	err  error
}

const windowSize = 64 << 10

// at returns up to n bytes at off, fewer at the end or after an error, valid
// until the next call.
func (w *window) at(off int64, n int) []byte {
	if n <= 0 || off < 0 || off >= w.size || w.err != nil {
		return nil
	}
	n = int(min(int64(n), w.size-off))
	if off < w.off || off+int64(n) > w.off+int64(len(w.buf)) {
		w.fill(off, n)
	}
	from := off - w.off
	if from >= int64(len(w.buf)) {
		return nil
	}
	return w.buf[from:min(from+int64(n), int64(len(w.buf)))]
}

func (w *window) fill(off int64, n int) {
	want := int(min(int64(max(n, windowSize)), w.size-off))
	if cap(w.buf) < want {
		w.buf = make([]byte, want)
	}
	w.buf, w.off = w.buf[:want], off
	got, err := w.r.ReadAt(w.buf, off)
	w.buf = w.buf[:got]
	if err != nil && err != io.EOF {
		w.err = err
	}
}

// full is at, or nil where fewer than n bytes are there.
func (w *window) full(off int64, n int) []byte {
	b := w.at(off, n)
	if len(b) < n {
		return nil
	}
	return b
}
