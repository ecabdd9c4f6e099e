package voice

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// oggPage is the head of a page (RFC 3533 section 6).
type oggPage struct {
	extent
	continued bool // it begins within a packet
	first     bool
	granule   int64
	serial    uint32
	sequence  uint32
	lacing    []byte // a copy
}

func readPage(w *window, off int64) (p oggPage, ok bool) {
	b := w.full(off, 27)
	if b == nil || string(b[:4]) != "OggS" || b[4] != 0 {
		return p, false
	}
	le := binary.LittleEndian
	p = oggPage{continued: b[5]&1 == 1, first: b[5]&2 == 2, granule: int64(le.Uint64(b[6:])), serial: le.Uint32(b[14:]), sequence: le.Uint32(b[18:])}
	n := int(b[26])
	lacing := w.full(off+27, n)
	if lacing == nil && n > 0 {
		return p, false
	}
	p.lacing = bytes.Clone(lacing)
	p.extent = extent{off, off + 27 + int64(n)}
	for _, v := range p.lacing {
		p.to += int64(v)
	}
	return p, true
}

// pieces are the runs of packets on a page, and whether the last one goes on
// behind it.
func (p *oggPage) pieces() (runs []extent, open bool) {
	off := p.from + 27 + int64(len(p.lacing))
	from := off
	for _, v := range p.lacing {
		off += int64(v)
		if v < 255 {
			runs, from = append(runs, extent{from, off}), off
		}
	}
	if open = len(p.lacing) > 0 && p.lacing[len(p.lacing)-1] == 255; open {
		runs = append(runs, extent{from, off})
	}
	return runs, open
}

// oggScan is the walk over the pages of a file.
type oggScan struct {
	w       *window
	t       *track
	serial  uint32
	known   bool
	opus    bool
	heads   int      // packets of the head that are still due
	packet  []byte   // of the head, so far
	parts   []extent // where it lies
	headed  int      // packets of the head so far
	at      int64    // samples so far
	last    int64    // the last granule position
	base    int64    // the position of the first sample
	preskip int64
	begun   bool // a page of sound was seen
	seq     uint32
	half    int64 // samples of the packet that is not at its end
	pages   []oggTime
}

// oggTime is when a page plays, in samples.
type oggTime struct {
	extent
	begin, end int64
	open       bool // its last packet ends on a later page
}

const maxHead = 16 << 20 // bytes of the packets before the sound

// readOgg reads the first stream of sound of an Ogg file: Opus (RFC 7845),
// Vorbis, Speex or FLAC.
func readOgg(w *window) (*track, error) {
	s := oggScan{w: w, t: &track{format: "ogg"}}
	off := int64(0)
	for off < w.size {
		p, ok := readPage(w, off)
		if !ok || p.to > w.size {
			s.t.warn("damaged-sound", "a page of the Ogg file is missing or cut short")
			s.t.vague = true
			if off = s.resync(off + 1); off < 0 {
				break
			}
			continue
		}
		s.page(&p)
		off = p.to
	}
	if !s.known || s.t.rate == 0 {
		return nil, errors.New("no stream of sound was found in the Ogg file")
	}
	s.finish()
	return s.t, w.err
}

func (s *oggScan) resync(off int64) int64 {
	for off < s.w.size {
		b := s.w.at(off, windowSize)
		if i := bytes.Index(b, []byte("OggS")); i >= 0 {
			return off + int64(i)
		}
		if len(b) < 4 {
			break
		}
		off += int64(len(b) - 3)
	}
	return -1
}

func (s *oggScan) page(p *oggPage) {
	switch {
	case p.first && !s.known:
		s.begin(p)
		return
	case p.first || !s.known || p.serial != s.serial:
		s.t.vague = true // several streams, or one after the other
		return
	}
	if p.sequence != s.seq+1 {
		s.t.vague = true
	}
	s.seq = p.sequence
	if s.heads > 0 {
		s.head(p)
		return
	}
	s.sound(p)
}

// begin looks at the first packet of a stream, which names its codec.
func (s *oggScan) begin(p *oggPage) {
	b := s.w.at(p.from+27+int64(len(p.lacing)), 80)
	t, le := s.t, binary.LittleEndian
	switch {
	case len(b) >= 19 && string(b[:8]) == "OpusHead":
		t.codec, t.rate, t.channels, s.heads, s.opus = "opus", 48000, int(b[9]), 1, true
		s.preskip = int64(le.Uint16(b[10:]))
		// Packets may repeat the sound of the one before (RFC 6716 section 2.1.7).
		t.reach.seconds = 0.2
	case len(b) >= 30 && string(b[:7]) == "\x01vorbis":
		t.codec, t.channels, t.rate, s.heads = "vorbis", int(b[11]), int(min(le.Uint32(b[12:]), maxRate+1)), 2
		t.reach = reach{seconds: 8192 / float64(max(t.rate, 1)), units: 1} // the longest window
	case len(b) >= 80 && string(b[:8]) == "Speex   ":
		t.codec, t.rate, t.channels, s.heads = "speex", int(min(le.Uint32(b[36:]), maxRate+1)), int(min(le.Uint32(b[48:]), 100)), 1
		t.reach = reach{seconds: 0.1, units: 1}
	case len(b) >= 51 && string(b[:5]) == "\x7fFLAC":
		v := binary.BigEndian.Uint64(b[27:])
		t.codec, t.rate, t.channels, s.heads = "flac", int(v>>44), int(v>>41&7)+1, int(min(binary.BigEndian.Uint16(b[7:]), 1000))
		t.vague = true
	default:
		t.vague = true
		return
	}
	if t.sane() != nil {
		t.rate = 0
		return
	}
	s.known, s.serial, s.seq = true, p.serial, p.sequence
	t.keep = append(t.keep, p.extent)
}

// head reads the packets behind the first. What Vorbis needs to play is kept;
// comments are not, nor the checksums of their pages.
func (s *oggScan) head(p *oggPage) {
	runs, open := p.pieces()
	s.keepVorbis(p)
	for i, run := range runs {
		if s.heads == 0 {
			s.t.vague = true // sound on the last page of the head
			return
		}
		if len(s.packet)+int(run.to-run.from) <= maxHead {
			s.packet = append(s.packet, s.w.at(run.from, int(run.to-run.from))...)
		}
		s.parts = append(s.parts, run)
		if i == len(runs)-1 && open {
			return
		}
		s.comment()
		s.packet, s.parts = nil, nil
		s.heads--
		s.headed++
	}
}

func (s *oggScan) keepVorbis(p *oggPage) {
	if s.t.codec == "vorbis" {
		s.t.keep = append(s.t.keep, extent{p.from, p.from + 22}, extent{p.from + 26, p.from + 27 + int64(len(p.lacing))})
	}
}

// comment reads a whole packet of the head.
func (s *oggScan) comment() {
	b := s.packet
	switch {
	case s.opus && bytes.HasPrefix(b, []byte("OpusTags")):
		s.t.vorbisComment(b[8:])
	case s.t.codec == "vorbis" && bytes.HasPrefix(b, []byte("\x03vorbis")):
		s.t.vorbisComment(b[7:])
	case s.t.codec == "vorbis" && bytes.HasPrefix(b, []byte("\x05vorbis")):
		s.t.keep = append(s.t.keep, s.parts...)
	case s.t.codec == "flac" && len(b) > 4 && b[0]&0x7f == 4:
		s.t.vorbisComment(b[4:])
	case s.t.codec == "speex" && s.headed == 0:
		s.t.vorbisComment(b)
	}
}

// sound notes when a page plays.
func (s *oggScan) sound(p *oggPage) {
	if len(s.pages) >= maxBlocks {
		s.t.vague = true
		return
	}
	if s.opus {
		s.opusPage(p)
	} else {
		s.granulePage(p)
	}
	s.begun = true
}

// opusPage adds the lengths of the packets up.
func (s *oggScan) opusPage(p *oggPage) {
	runs, open := p.pieces()
	before := s.at
	page := oggTime{extent: p.extent, begin: s.at, end: s.at + s.half, open: open}
	for i, run := range runs {
		n := s.half
		if i > 0 || !p.continued {
			n = s.opusSamples(run)
		}
		page.end = s.at + n
		if i == len(runs)-1 && open {
			s.half = n
			break
		}
		s.at, s.half = s.at+n, 0
	}
	if !s.begun && p.granule > s.at {
		s.base = p.granule - (s.at - before)
	}
	if p.granule >= 0 {
		s.last = p.granule - s.base
	}
	s.pages = append(s.pages, page)
}

// opusSamples is the length of a packet at 48 kHz (RFC 6716 section 3).
func (s *oggScan) opusSamples(run extent) int64 {
	b := s.w.at(run.from, 2)
	if len(b) == 0 || run.to == run.from {
		return 0
	}
	config := b[0] >> 3
	var frame int64
	switch {
	case config < 12:
		frame = [4]int64{480, 960, 1920, 2880}[config&3]
	case config < 16:
		frame = [2]int64{480, 960}[config&1]
	default:
		frame = [4]int64{120, 240, 480, 960}[config&3]
	}
	switch {
	case b[0]&3 == 0:
		return frame
	case b[0]&3 < 3:
		return 2 * frame
	case len(b) < 2:
		return 0
	}
	if b[1]&0x40 != 0 { // what stands in the padding may repeat the last second
		s.t.reach.seconds = 1.2
	}
	return frame * int64(b[1]&0x3f)
}

// granulePage takes the page's own word for the samples up to its end.
func (s *oggScan) granulePage(p *oggPage) {
	_, open := p.pieces()
	page := oggTime{extent: p.extent, begin: s.at, end: -1, open: open}
	if p.granule >= 0 {
		if p.granule < s.at || !s.begun && p.granule > 255*8192 {
			s.t.vague = true
		}
		page.end, s.at, s.last = p.granule, p.granule, p.granule
	}
	s.pages = append(s.pages, page)
}

func (s *oggScan) finish() {
	rate := float64(s.t.rate)
	later := s.at
	for i := len(s.pages) - 1; i >= 0; i-- {
		p := &s.pages[i]
		own := p.end
		if p.end < 0 || p.open && later > p.end {
			p.end = later
		}
		if own >= 0 {
			later = own
		}
	}
	for _, p := range s.pages {
		s.t.add(block{p.extent, float64(p.begin-s.preskip) / rate, float64(p.end-s.preskip) / rate})
	}
	total := s.last
	if s.opus {
		total = min(s.last, s.at) - s.preskip
	}
	s.t.seconds = float64(max(total, 0)) / rate
}
