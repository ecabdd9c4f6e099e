package voice

import (
	"encoding/binary"
	"errors"
	"math"
)

// auCodecs are the encodings of Sun's .snd files that are plain samples, with
// the bytes of one.
var auCodecs = map[uint32]struct {
	name string
	wide int64
}{
	1: {"pcm_mulaw", 1}, 2: {"pcm_s8", 1}, 3: {"pcm_s16be", 2}, 4: {"pcm_s24be", 3}, 5: {"pcm_s32be", 4},
	6: {"pcm_f32be", 4}, 7: {"pcm_f64be", 8}, 27: {"pcm_alaw", 1},
}

// readAU reads Sun's .snd: offset, length, encoding, rate and channels, each
// of four bytes, and a note.
func readAU(w *window) (*track, error) {
	b := w.full(0, 24)
	if b == nil {
		return nil, errors.New("the head of the .snd file is cut short")
	}
	be := binary.BigEndian
	from, n := int64(be.Uint32(b[4:])), int64(be.Uint32(b[8:]))
	t := &track{format: "au", rate: int(min(be.Uint32(b[16:]), maxRate+1)), channels: int(min(be.Uint32(b[20:]), 1000)), keep: []extent{{0, 24}}}
	if err := t.sane(); err != nil {
		return nil, err
	}
	if from < 24 || from > w.size {
		return nil, errors.New("the head of the .snd file leads out of it")
	}
	to := from + n
	if n == math.MaxUint32 || to > w.size {
		to = w.size
	}
	codec, ok := auCodecs[be.Uint32(b[12:])]
	if !ok {
		t.codec, t.vague = "snd", true
		return t, nil
	}
	t.codec = codec.name
	t.pcm(extent{from, to}, codec.wide*int64(t.channels), 1)
	return t, nil
}
