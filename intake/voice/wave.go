package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// chunk is one chunk of an IFF file (RIFF, AIFF).
type chunk struct {
	id   string
	body extent // cut to the file
	cut  bool   // more was promised
}

// chunks walks the chunks from off on; visit ends the walk by false.
func chunks(w *window, off int64, order binary.ByteOrder, visit func(chunk) bool) {
	for range maxChunks {
		b := w.full(off, 8)
		if b == nil {
			return
		}
		n := int64(order.Uint32(b[4:]))
		c := chunk{id: string(b[:4]), body: extent{off + 8, off + 8 + n}}
		if c.body.to > w.size {
			c.body.to, c.cut = w.size, true
		}
		if !visit(c) {
			return
		}
		off += 8 + n + n&1
	}
}

func isWave(head []byte) bool {
	return len(head) >= 12 && string(head[8:12]) == "WAVE" &&
		(string(head[:4]) == "RIFF" || string(head[:4]) == "RF64" || string(head[:4]) == "BW64")
}

// readWave reads RIFF WAVE, and RF64 (EBU Tech 3306), whose sizes beyond 4 GiB
// stand in a chunk of their own.
func readWave(w *window) (*track, error) {
	t := &track{format: "wav", keep: []extent{{0, 12}}}
	var layout *waveFormat
	var data *chunk
	var err error
	var long int64
	chunks(w, 12, binary.LittleEndian, func(c chunk) bool {
		switch {
		case c.id == "fmt " && layout == nil:
			t.keep = append(t.keep, extent{c.body.from - 8, c.body.to})
			layout, err = readWaveFormat(w, c.body)
		case c.id == "ds64":
			t.keep = append(t.keep, extent{c.body.from - 8, c.body.to})
			if b := w.full(c.body.from+8, 8); b != nil {
				long = int64(min(binary.LittleEndian.Uint64(b), math.MaxInt64))
			}
		case c.id == "fact":
			t.keep = append(t.keep, extent{c.body.from - 8, c.body.to})
		case c.id == "data" && data == nil:
			t.keep = append(t.keep, extent{c.body.from - 8, c.body.from})
			data = t.waveData(w, c, long)
			return data.body.to < w.size && !c.cut
		case c.id == "LIST":
			t.info(w, c.body)
		}
		return err == nil
	})
	switch {
	case err != nil:
		return nil, err
	case layout == nil || data == nil:
		return nil, errors.New("the WAVE file has no format or no data")
	}
	return t, t.waveSound(layout, data.body)
}

// waveData finds the end of the data where the head does not tell: streams say
// 0 or the largest number, RF64 says it elsewhere.
func (t *track) waveData(w *window, c chunk, long int64) *chunk {
	declared := c.body.to - c.body.from
	switch {
	case c.cut && long > 0 && long < w.size-c.body.from:
		c.body.to, c.cut = c.body.from+long, false
	case declared == 0:
		c.body.to = w.size
		t.warn("damaged-sound", "the head gives no length; all that follows was taken as sound")
	case c.cut && long != w.size-c.body.from:
		t.warn("damaged-sound", "the file is shorter than its head says")
	}
	return &c
}

// waveFormat is the chunk "fmt ".
type waveFormat struct {
	tag, channels, bits int
	rate, align         int
}

func readWaveFormat(w *window, at extent) (*waveFormat, error) {
	b := w.full(at.from, 16)
	if b == nil || at.to-at.from < 16 {
		return nil, errors.New("the format of the WAVE file is cut short")
	}
	le := binary.LittleEndian
	f := &waveFormat{tag: int(le.Uint16(b)), channels: int(le.Uint16(b[2:])), rate: int(le.Uint32(b[4:])), align: int(le.Uint16(b[12:])), bits: int(le.Uint16(b[14:]))}
	if f.tag == 0xfffe && at.to-at.from >= 26 { // WAVE_FORMAT_EXTENSIBLE: the first two bytes of the subformat
		if b := w.full(at.from+24, 2); b != nil {
			f.tag = int(le.Uint16(b))
		}
	}
	return f, nil
}

// waveSound lays the sound of a WAVE file out. The numbers of the formats are
// those of RFC 2361.
func (t *track) waveSound(f *waveFormat, data extent) error {
	t.rate, t.channels = f.rate, f.channels
	if err := t.sane(); err != nil {
		return err
	}
	unit := int64(f.align)
	switch f.tag {
	case 1:
		t.codec = pcmName(f.bits, "le", f.bits <= 8)
		t.pcm(data, int64(f.channels)*int64((f.bits+7)/8), 1)
	case 3:
		t.codec = fmt.Sprintf("pcm_f%dle", f.bits)
		t.pcm(data, int64(f.channels)*int64(f.bits/8), 1)
	case 6, 7:
		t.codec = map[int]string{6: "pcm_alaw", 7: "pcm_mulaw"}[f.tag]
		t.pcm(data, int64(f.channels), 1)
	case 2:
		t.codec, t.reach.units = "adpcm_ms", 1
		t.pcm(data, unit, 2+(f.align-7*f.channels)*2/f.channels)
	case 0x11:
		t.codec, t.reach.units = "adpcm_ima_wav", 1
		t.pcm(data, unit, 1+(f.align-4*f.channels)*2/f.channels)
	case 0x31:
		t.codec, t.reach.units = "gsm_ms", 2
		t.pcm(data, 65, 320)
	default:
		t.codec, t.vague = fmt.Sprintf("wav-0x%04x", f.tag), true
	}
	return nil
}

// pcmName is ffmpeg's word for plain samples.
func pcmName(bits int, order string, unsigned bool) string {
	switch {
	case bits <= 8 && unsigned:
		return "pcm_u8"
	case bits <= 8:
		return "pcm_s8"
	}
	return fmt.Sprintf("pcm_s%d%s", (bits+7)/8*8, order)
}

// infoTags are the fields of a RIFF INFO list, by what they are to us.
var infoTags = map[string]string{"INAM": "title", "IART": "author", "ICMT": "comment", "ICRD": "dated", "ISFT": "software", "ISBJ": "subject", "IKEY": "keywords"}

// info reads a LIST chunk of the type INFO.
func (t *track) info(w *window, at extent) {
	if b := w.full(at.from, 4); b == nil || string(b) != "INFO" {
		return
	}
	chunks(w, at.from+4, binary.LittleEndian, func(c chunk) bool {
		if c.body.to > at.to {
			return false
		}
		if name := infoTags[c.id]; name != "" {
			t.tag(name, anyText(w.at(c.body.from, int(min(c.body.to-c.body.from, maxTag)))))
		}
		return true
	})
}
