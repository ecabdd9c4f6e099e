package voice

import (
	"encoding/binary"
	"errors"
	"math"
)

func isAIFF(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "FORM" && (string(head[8:12]) == "AIFF" || string(head[8:12]) == "AIFC")
}

// aiffTags are the text chunks of an AIFF file, by what they are to us.
var aiffTags = map[string]string{"NAME": "title", "AUTH": "author", "ANNO": "comment"}

// readAIFF reads AIFF 1.3 and AIFF-C.
func readAIFF(w *window) (*track, error) {
	t := &track{format: "aiff", keep: []extent{{0, 12}}}
	var kind string
	var bits int
	var sound *extent
	chunks(w, 12, binary.BigEndian, func(c chunk) bool {
		switch {
		case c.id == "COMM" && t.rate == 0:
			t.keep = append(t.keep, extent{c.body.from - 8, c.body.to})
			kind, bits = t.common(w, c.body)
		case c.id == "FVER":
			t.keep = append(t.keep, extent{c.body.from - 8, c.body.to})
		case c.id == "SSND" && sound == nil:
			t.keep = append(t.keep, extent{c.body.from - 8, min(c.body.from+8, c.body.to)})
			if b := w.full(c.body.from, 4); b != nil {
				from := c.body.from + 8 + int64(binary.BigEndian.Uint32(b))
				sound = &extent{min(from, c.body.to), c.body.to}
			}
			if c.cut {
				t.warn("damaged-sound", "the file is shorter than its head says")
			}
		case aiffTags[c.id] != "":
			t.tag(aiffTags[c.id], anyText(w.at(c.body.from, int(min(c.body.to-c.body.from, maxTag)))))
		}
		return true
	})
	if t.rate == 0 || sound == nil {
		return nil, errors.New("the AIFF file has no format or no sound")
	}
	if err := t.sane(); err != nil {
		return nil, err
	}
	t.aiffSound(kind, bits, *sound)
	return t, nil
}

// common reads the chunk COMM: channels, frames, bits and the rate, and the
// compression of AIFF-C.
func (t *track) common(w *window, at extent) (kind string, bits int) {
	b := w.full(at.from, 18)
	if b == nil || at.to-at.from < 18 {
		return "", 0
	}
	t.channels, bits = int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[6:]))
	t.rate = extended(b[8:18])
	if at.to-at.from >= 22 {
		if b := w.full(at.from+18, 4); b != nil {
			kind = string(b)
		}
	}
	return kind, bits
}

// extended is an 80-bit number of IEEE 754, whole and in the range of an int,
// else 0.
func extended(b []byte) int {
	exp := int(binary.BigEndian.Uint16(b)) - 16383 - 63
	f := math.Ldexp(float64(binary.BigEndian.Uint64(b[2:])), exp)
	if !(f >= 1 && f <= maxRate) {
		return 0
	}
	return int(math.Round(f))
}

func (t *track) aiffSound(kind string, bits int, at extent) {
	wide := int64((bits+7)/8) * int64(t.channels)
	switch kind {
	case "", "NONE", "twos":
		t.codec = pcmName(bits, "be", false)
		t.pcm(at, wide, 1)
	case "sowt":
		t.codec = pcmName(bits, "le", false)
		t.pcm(at, wide, 1)
	case "fl32", "FL32", "fl64", "FL64":
		size := map[byte]int64{'3': 4, '6': 8}[kind[2]]
		t.codec = map[int64]string{4: "pcm_f32be", 8: "pcm_f64be"}[size]
		t.pcm(at, size*int64(t.channels), 1)
	case "alaw", "ALAW":
		t.codec = "pcm_alaw"
		t.pcm(at, int64(t.channels), 1)
	case "ulaw", "ULAW":
		t.codec = "pcm_mulaw"
		t.pcm(at, int64(t.channels), 1)
	case "ima4":
		t.codec, t.reach.units = "adpcm_ima_qt", 2
		t.pcm(at, 34*int64(t.channels), 64)
	default:
		t.codec, t.vague = "aifc-"+oneLine(kind), true
	}
}
