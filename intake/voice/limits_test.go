package voice

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"unseal/reading"
)

func scanned(b []byte) (*track, error) { return scan(bytes.NewReader(b), int64(len(b)), true) }

func TestMoreFramesThanAreHeldAreHiddenAsAWhole(t *testing.T) {
	b := append([]byte("#!AMR\n"), bytes.Repeat([]byte{0x7c}, maxBlocks+1)...) // frames without sound, of one byte
	tr, err := scanned(b)
	if err != nil || !tr.vague || len(tr.blocks) != maxBlocks || tr.seconds < maxBlocks*0.02 {
		t.Fatalf("%v, %d blocks", err, len(tr.blocks))
	}
	got, err := Pieces(bytes.NewReader(b), int64(len(b)), []reading.Span{{From: 1, To: 2}})
	if err != nil || !slices.Equal(got, [][2]int64{{0, int64(len(b))}}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestChunksAndTracksAreBounded(t *testing.T) {
	good := wave(secret)
	riff := slices.Clone(good[:12])
	for range maxChunks {
		riff = append(riff, "junk\x00\x00\x00\x00"...)
	}
	if _, err := scanned(append(riff, good[12:]...)); err == nil {
		t.Error("more chunks than are read, and the sound behind them was found")
	}
	track := []byte("\x00\x00\x00\x08trak")
	moov := append([]byte("\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00\x00\x00\x00\x00moov"), bytes.Repeat(track, maxTracks+1)...)
	binary.BigEndian.PutUint32(moov[16:], uint32(len(moov)-16))
	if _, err := scanned(moov); err == nil || !strings.Contains(err.Error(), "more tracks") {
		t.Errorf("%v", err)
	}
	deep := []byte("\x00\x00\x00\x10ftypM4A \x00\x00\x00\x00")
	for n := 50_000; n > 0; n-- {
		deep = append(binary.BigEndian.AppendUint32(deep, uint32(8*n)), "moov"...)
	}
	if _, err := scanned(deep); err == nil {
		t.Error("boxes in boxes hold a track")
	}
}

func TestTagsAreBounded(t *testing.T) {
	comment := append(binary.LittleEndian.AppendUint32(nil, 0), 0xff, 0xff, 0xff, 0xff)
	for range 2 * maxTags {
		comment = append(binary.LittleEndian.AppendUint32(comment, 7), "title=x"...)
	}
	var tr track
	tr.vorbisComment(comment)
	if len(tr.tags) != maxTags {
		t.Errorf("%d tags", len(tr.tags))
	}
	for range 2 * maxPictures {
		tr.picture("image/png", extent{1, 2})
	}
	if len(tr.pictures) != maxPictures {
		t.Errorf("%d pictures", len(tr.pictures))
	}
	tr = track{}
	tr.tag("title", strings.Repeat("é", maxLine)+"\x00\n\u202e")
	if v := tr.tags[0].value; len(v) > maxLine+len("…") || !strings.HasSuffix(v, "é…") {
		t.Errorf("%d bytes: %q", len(v), v[len(v)-10:])
	}
}

func TestPagesOfTakeoutsAreBounded(t *testing.T) {
	res := ReadTakeout(context.Background(), inputOf(t, "a.html", append([]byte(callPage), make([]byte, maxPage)...)))
	if !strings.Contains(res.Failed, "larger") {
		t.Errorf("%+v", res.Failed)
	}
	deep := strings.Replace(chainPage, "<q>two", "<q>"+strings.Repeat("<div>", 10_000)+"two", 1)
	if res := ReadTakeout(context.Background(), inputOf(t, "a.html", []byte(deep))); res.Failed == "" {
		t.Errorf("10,000 elements in each other were read: %d messages", len(res.Reading.Chain.Messages))
	}
}

// The walk over a file takes time linear in it: whatever looks like the head
// of a frame is read once.
func TestSyncWordsWithoutFramesCostLittle(t *testing.T) {
	for _, unit := range []string{"\xff\xfb\x90\x00", "OggS", "\xff\xf8\x19\x00", "ID3"} {
		b := append([]byte("ID3\x04\x00\x00\x00\x00\x00\x00"), bytes.Repeat([]byte(unit), 1<<20)...)
		r := &counting{r: bytes.NewReader(b)}
		_, _ = scan(r, int64(len(b)), true)
		if r.n > 2*int64(len(b)) {
			t.Errorf("%q: %d bytes were read of %d", unit, r.n, len(b))
		}
	}
}

type counting struct {
	r *bytes.Reader
	n int64
}

func (c *counting) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

// Without its reach a lossy codec would leave the edges of a span to be heard:
// the control of TestNothingOfASpanIsLeft.
func TestWithoutReachTheEdgesAreHeard(t *testing.T) {
	b := encode(t, secret, "a.mp3", "-b:a", "64k", "-ar", "44100")
	tr, err := scanned(b)
	if err != nil {
		t.Fatal(err)
	}
	loud := func(r reach) float64 {
		tr.reach = r
		left := slices.Clone(b)
		_, hidden := tr.split([]reading.Span{secret})
		for _, e := range hidden {
			clear(left[e.from:e.to])
		}
		return heard(decode(t, left, "a.mp3"), high)
	}
	with := loud(tr.reach)
	if without := loud(reach{}); with > 60 || without < 60 {
		t.Errorf("heard %.0f with its reach, %.0f without", with, without)
	}
}

func TestClipsPlayByThemselves(t *testing.T) {
	frame := append([]byte{0xff, 0xf3, 0x64, 0xc4}, make([]byte, 140)...)
	all := bytes.Repeat(frame, 100)
	clips, err := Cut(all, 3000)
	if err != nil || len(clips) != 5 {
		t.Fatalf("%d clips, %v", len(clips), err)
	}
	var joined []byte
	for i, c := range clips {
		joined = append(joined, c.Bytes...)
		if len(c.Bytes) > 3000 || fmt.Sprintf("%.3f", c.From) != fmt.Sprintf("%.3f", float64(i)*0.48) {
			t.Errorf("clip %d: %d bytes from %v", i, len(c.Bytes), c.From)
		}
	}
	if !bytes.Equal(joined, all) {
		t.Error("the clips are not the whole")
	}
	for _, b := range [][]byte{nil, wave(secret), []byte("ID3")} {
		if _, err := Cut(b, 3000); err == nil {
			t.Errorf("%d bytes were cut", len(b))
		}
	}
}

// Voice memos that were cut on a telephone keep all their sound, and a list
// that tells players what to leave out.
func TestSoundThatPlayersLeaveOutIsFound(t *testing.T) {
	b := tones(t)["tone.m4a"]
	at := bytes.Index(b, []byte("elst"))
	if at < 0 {
		t.Fatal("no list of edits")
	}
	late := slices.Clone(b)
	binary.BigEndian.PutUint32(late[at+16:], 16000) // begin a second into the track
	two := slices.Clone(b)
	binary.BigEndian.PutUint32(two[at+8:], 3) // three edits, of which two are beyond the box
	for name, c := range map[string]struct {
		b        []byte
		found    bool
		asAWhole bool
	}{"as it is": {b, false, false}, "late": {late, true, true}, "several": {two, true, true}} {
		res := Read(context.Background(), inputOf(t, "a.m4a", c.b))
		found := slices.ContainsFunc(res.Reading.Findings, func(f reading.Finding) bool { return f.Code == "hidden-sound" })
		ranges, err := Pieces(bytes.NewReader(c.b), int64(len(c.b)), []reading.Span{{From: 0.1, To: 0.2}})
		if whole := len(ranges) == 1 && ranges[0] == [2]int64{0, int64(len(c.b))}; err != nil || found != c.found || whole != c.asAWhole {
			t.Errorf("%s: found %v, hidden as a whole %v, %v", name, found, whole, err)
		}
	}
}

func TestPlacesAreInDegrees(t *testing.T) {
	for in, want := range map[string]string{"+12.3456-098.7654+010.500/": "12.345600, -98.765400", "-33.9+018.4/": "-33.900000, 18.400000", "+48+002": "48.000000, 2.000000", "at home": "at home", "+1234-09876/": "+1234-09876/"} {
		if got := degrees(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
