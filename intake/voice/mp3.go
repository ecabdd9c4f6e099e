package voice

import (
	"encoding/binary"
	"errors"
	"strings"
)

// mpegFrame is the head of a frame of MPEG audio (ISO 11172-3 section 2.4.2.3,
// 13818-3).
type mpegFrame struct {
	lsf, layer int // lsf: 0 MPEG-1, 1 MPEG-2, 2 MPEG-2.5; layer: 1 to 3
	rate       int
	channels   int
	size       int64
	samples    int
	side       int // bytes before the main data: head, checksum, side information
}

// maxMPEGFrame is the size of the largest frame: layer II of 160 kbit/s at 8 kHz.
const maxMPEGFrame = 2881

// bitrates in kbit/s by [MPEG-1 or later][layer-1][index].
var bitrates = [2][3][15]int{
	{
		{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	}, {
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	},
}

// parseMPEG reads the head of a frame. Frames of free bit rate are not read.
func parseMPEG(b []byte) (f mpegFrame, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return f, false
	}
	version, layer, index, rate := b[1]>>3&3, b[1]>>1&3, b[2]>>4, b[2]>>2&3
	if version == 1 || layer == 0 || index == 0 || index == 15 || rate == 3 {
		return f, false
	}
	f.lsf = map[byte]int{3: 0, 2: 1, 0: 2}[version]
	f.layer = 4 - int(layer)
	f.rate = [3]int{44100, 48000, 32000}[rate] >> f.lsf
	f.channels = 2
	if b[3]>>6 == 3 {
		f.channels = 1
	}
	f.measure(bitrates[min(f.lsf, 1)][f.layer-1][index]*1000, int64(b[2]>>1&1), b[1]&1 == 0)
	return f, true
}

func (f *mpegFrame) measure(bits int, padding int64, checksum bool) {
	switch f.layer {
	case 1:
		f.samples, f.size = 384, (int64(12*bits/f.rate)+padding)*4
	case 2:
		f.samples, f.size = 1152, int64(144*bits/f.rate)+padding
	default:
		f.samples = 1152
		if f.lsf > 0 {
			f.samples = 576
		}
		f.size = int64(f.samples/8*bits/f.rate) + padding
		f.side = 4 + [2][3]int{{0, 17, 32}, {0, 9, 17}}[min(f.lsf, 1)][f.channels]
	}
	if checksum {
		f.side += 2
	}
}

// like reports whether two frames can be of one stream.
func (f mpegFrame) like(g mpegFrame) bool {
	return f.lsf == g.lsf && f.layer == g.layer && f.rate == g.rate
}

// isMP3 knows MPEG audio by a tag before it or by two frames in a row.
func isMP3(head []byte) bool {
	if len(head) >= 10 && string(head[:3]) == "ID3" && head[3] >= 2 && head[3] <= 4 && (head[6]|head[7]|head[8]|head[9])&0x80 == 0 {
		return true
	}
	f, ok := parseMPEG(head)
	if !ok || f.size < int64(f.side) {
		return false
	}
	if f.size+4 > int64(len(head)) {
		return f.size == int64(len(head))
	}
	g, ok := parseMPEG(head[f.size:])
	return ok && f.like(g)
}

// readMP3 walks the frames of MPEG audio, behind and between tags.
func readMP3(w *window) (*track, error) {
	t := &track{format: "mp3"}
	off := t.id3v2(w)
	if isFLAC(w.at(off, 4)) {
		return nil, errors.New("FLAC behind a tag of ID3 is not read")
	}
	s := mp3Scan{w: w, t: t}
	s.frames(off)
	t.id3v1(w)
	if s.count == 0 {
		return t, errors.New("no frame of MPEG audio was found")
	}
	s.finish()
	return t, w.err
}

// mp3Scan is the walk over the frames of a file.
type mp3Scan struct {
	w        *window
	t        *track
	first    mpegFrame
	count    int   // frames of sound
	skip     int64 // samples that players leave out at the beginning
	cut      int64 // and at the end
	junk     int64 // bytes between frames
	lastJunk int64
}

func (s *mp3Scan) frames(off int64) {
	for off < s.w.size {
		b := s.w.at(off, maxMPEGFrame+4)
		f, ok := parseMPEG(b)
		if !ok || !s.fits(f, b) {
			off, s.lastJunk = off+1, s.lastJunk+1
			continue
		}
		if off+f.size > s.w.size {
			s.t.warn("damaged-sound", "the last frame is cut short")
			break
		}
		s.take(f, off, b)
		off += f.size
	}
}

// fits decides whether a head is one of this stream: it is like the first, and
// another follows, or the file ends or a tag begins there.
func (s *mp3Scan) fits(f mpegFrame, b []byte) bool {
	if f.size < int64(f.side) || s.count > 0 && !f.like(s.first) {
		return false
	}
	if s.count > 0 && s.lastJunk == 0 {
		return true
	}
	if int64(len(b)) <= f.size {
		return s.count > 0
	}
	g, ok := parseMPEG(b[f.size:])
	return ok && f.like(g)
}

func (s *mp3Scan) take(f mpegFrame, off int64, b []byte) {
	if s.count == 0 {
		s.first = f
		if s.t.rate == 0 {
			s.begin(f)
			if s.info(f, b[:min(int64(len(b)), f.size)]) {
				return
			}
		}
	} else {
		s.junk += s.lastJunk
	}
	s.lastJunk = 0
	per := float64(f.samples) / float64(f.rate)
	begin := float64(s.count)*per - float64(s.skip)/float64(f.rate)
	s.t.add(block{extent{off, off + f.size}, begin, begin + per})
	s.count++
}

func (s *mp3Scan) begin(f mpegFrame) {
	t := s.t
	t.rate, t.channels = f.rate, f.channels
	t.codec = [4]string{"", "mp1", "mp2", "mp3"}[f.layer]
	// A frame is heard until the next but one, by windows that overlap. What a
	// player leaves out at the beginning is not the same in all of them.
	t.reach = reach{seconds: 1200 / float64(f.rate), units: 2}
	if f.layer == 3 {
		t.reach.bytes = [3]int64{511, 255, 255}[f.lsf] // main_data_begin
	}
}

// info reads the frame without sound that encoders of variable bit rate write
// first, with the samples that were added at both ends.
func (s *mp3Scan) info(f mpegFrame, b []byte) bool {
	side := f.side
	if len(b) < side+8 || f.layer != 3 {
		return false
	}
	switch string(b[side : side+4]) {
	case "Xing", "Info":
	default:
		return len(b) > 40 && string(b[36:40]) == "VBRI"
	}
	flags := binary.BigEndian.Uint32(b[side+4:])
	at := side + 8
	for bit, n := range []int{4, 4, 100, 4} {
		if flags>>bit&1 == 1 {
			at += n
		}
	}
	if len(b) >= at+24 && (strings.HasPrefix(string(b[at:]), "LAME") || strings.HasPrefix(string(b[at:]), "Lav")) {
		s.skip = int64(b[at+21])<<4 | int64(b[at+22])>>4
		s.cut = int64(b[at+22]&15)<<8 | int64(b[at+23])
	}
	return true
}

func (s *mp3Scan) finish() {
	all := int64(s.count)*int64(s.first.samples) - s.skip - s.cut
	s.t.seconds = float64(max(all, 0)) / float64(s.first.rate)
	if s.skip > 0 { // the decoder's own delay is left out with the encoder's
		shift := float64(529) / float64(s.first.rate)
		for i := range s.t.blocks {
			s.t.blocks[i].begin -= shift
			s.t.blocks[i].end -= shift
		}
	}
	if s.junk > 0 {
		s.t.warn("damaged-sound", "between the frames lies what is no sound")
	}
}

func isADTS(head []byte) bool {
	n, ok := parseADTS(head)
	if !ok || n > int64(len(head))-7 {
		return ok && n == int64(len(head))
	}
	_, ok = parseADTS(head[n:])
	return ok
}

// parseADTS reads the head of a frame of AAC (ISO 13818-7 section 6.2) and
// gives its size.
func parseADTS(b []byte) (size int64, ok bool) {
	if len(b) < 7 || b[0] != 0xff || b[1]&0xf6 != 0xf0 || b[2]>>2&15 >= 13 {
		return 0, false
	}
	size = int64(b[3]&3)<<11 | int64(b[4])<<3 | int64(b[5])>>5
	return size, size >= 7
}

// aacRates are the sampling rates of AAC by their index.
var aacRates = [13]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// readADTS walks the frames of AAC in ADTS.
func readADTS(w *window) (*track, error) {
	head := w.full(0, 7)
	if head == nil {
		return nil, errNoSound
	}
	t := &track{format: "aac", codec: "aac", rate: aacRates[head[2]>>2&15], channels: int(head[2]&1)<<2 | int(head[3])>>6}
	t.reach = reach{seconds: 0.1, units: 3}
	off, n := int64(0), 0
	for off < w.size {
		size, ok := parseADTS(w.at(off, 7))
		if !ok || off+size > w.size {
			t.warn("damaged-sound", "the last frame is cut short, or something follows that is no sound")
			break
		}
		begin := float64(n) * 1024 / float64(t.rate)
		t.add(block{extent{off, off + size}, begin, begin + 1024/float64(t.rate)})
		off, n = off+size, n+1
	}
	t.seconds = float64(n) * 1024 / float64(t.rate)
	t.vague = t.vague || off < w.size
	if t.channels == 0 {
		t.channels = 1 // told in the sound itself
	}
	return t, t.sane()
}
