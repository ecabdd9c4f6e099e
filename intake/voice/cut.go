package voice

import (
	"bytes"
	"errors"
)

// Clip is a piece of a recording that plays by itself.
type Clip struct {
	Bytes []byte
	From  float64 // seconds, when it begins in the whole
}

// Cut cuts MP3 that [Sound] made into clips of at most limit bytes, between
// frames, none of which borrows from another there.
func Cut(mp3 []byte, limit int) ([]Clip, error) {
	t, err := scan(bytes.NewReader(mp3), int64(len(mp3)), false)
	if err != nil {
		return nil, err
	}
	if t.format != "mp3" || t.vague || len(t.blocks) == 0 || limit < maxMPEGFrame {
		return nil, errors.New("cannot be cut")
	}
	var clips []Clip
	first := 0
	for i, b := range t.blocks {
		last := i+1 == len(t.blocks)
		if last || t.blocks[i+1].to-t.blocks[first].from > int64(limit) {
			clips = append(clips, Clip{mp3[t.blocks[first].from:b.to], max(t.blocks[first].begin, 0)})
			first = i + 1
		}
	}
	return clips, nil
}
