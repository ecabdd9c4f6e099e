package voice

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// isMP4 knows the ISO base media format (ISO 14496-12), but for pictures.
func isMP4(head []byte) bool {
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return false
	}
	switch string(head[8:12]) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis", "crx ", "jp2 ", "jpx ", "jpm ":
		return false
	}
	return true
}

// box is one box of the format.
type box struct {
	kind string
	head int64 // where it begins
	body extent
	cut  bool // more was promised
}

// boxes walks the boxes of at; visit ends the walk by false.
func boxes(w *window, at extent, visit func(box) bool) {
	off := at.from
	for range maxChunks {
		b := w.full(off, 8)
		if b == nil || off+8 > at.to {
			return
		}
		n, wide := int64(binary.BigEndian.Uint32(b)), int64(8)
		x := box{kind: string(b[4:8]), head: off}
		switch n {
		case 0:
			n = at.to - off
		case 1:
			b := w.full(off+8, 8)
			if b == nil {
				return
			}
			n, wide = int64(binary.BigEndian.Uint64(b)&(1<<62-1)), 16
		}
		if n < wide || off+wide > at.to {
			return
		}
		x.body = extent{off + wide, off + n}
		if x.body.to > at.to {
			x.body.to, x.cut = at.to, true
		}
		if !visit(x) {
			return
		}
		off += n
	}
}

// mp4Scan is the walk over the boxes of a file.
type mp4Scan struct {
	w       *window
	t       *track
	seconds float64 // of the film
	scale   int64   // units a second of the film
	tracks  int
	sound   *mp4Track
	now     *mp4Track
	mdat    int
}

// mp4Track is one track: its tables lie where the extents say.
type mp4Track struct {
	handler                string
	scale, length          int64
	shift                  int64 // of the track's beginning, by its edit list, in its own scale
	shown                  int64 // what is shown of it, in the film's scale; 0 for all
	edits                  int
	codec                  string
	rate, channels         int
	stts, stsc, stsz, stco extent
	wide                   bool // stco holds 64-bit offsets
}

// mp4Parents are the boxes that hold boxes, mp4Kept those that a player needs.
// Everything else may hold anything.
var (
	mp4Parents = map[string]bool{"moov": true, "trak": true, "mdia": true, "minf": true, "stbl": true, "edts": true}
	mp4Kept    = map[string]bool{"ftyp": true, "mvhd": true, "tkhd": true, "mdhd": true, "hdlr": true, "smhd": true, "dinf": true, "stsd": true, "stts": true, "stsc": true, "stco": true, "co64": true, "elst": true}
)

func readMP4(w *window) (*track, error) {
	s := mp4Scan{w: w, t: &track{format: "mov"}}
	s.walk(extent{0, w.size}, 0)
	t := s.t
	t.seconds = s.seconds
	if s.tracks > maxTracks {
		return nil, errors.New("the file has more tracks than are read")
	}
	if s.sound == nil {
		return t, errors.New("no track of sound was found")
	}
	s.finish(s.sound)
	return t, w.err
}

func (s *mp4Scan) walk(at extent, depth int) {
	boxes(s.w, at, func(x box) bool {
		if x.cut {
			s.t.warn("damaged-sound", "the file is shorter than its head says")
			s.t.vague = true
		}
		switch {
		case mp4Parents[x.kind] && depth < 8:
			s.parent(x, depth)
		case x.kind == "mdat":
			s.mdat++
			s.t.keep = append(s.t.keep, extent{x.head, x.body.from})
		case x.kind == "moof":
			s.t.vague = true
		case x.kind == "udta" || x.kind == "meta":
			s.userData(x, 0)
		default:
			if mp4Kept[x.kind] {
				s.t.keep = append(s.t.keep, extent{x.head, x.body.to})
			}
			s.leaf(x)
		}
		return s.tracks <= maxTracks
	})
}

func (s *mp4Scan) parent(x box, depth int) {
	s.t.keep = append(s.t.keep, extent{x.head, x.body.from})
	if x.kind != "trak" {
		s.walk(x.body, depth+1)
		return
	}
	if s.tracks++; s.tracks > maxTracks {
		return
	}
	k, outer := &mp4Track{}, s.now
	s.now = k
	s.walk(x.body, depth+1)
	s.now = outer
	switch {
	case k.handler == "soun" && s.sound == nil:
		s.sound = k
	case k.handler == "vide":
		s.t.warn("moving-picture", "the file holds a moving picture; its sound alone is read")
		s.t.vague = true
	default:
		s.t.vague = true
	}
}

// leaf reads a box that holds no boxes.
func (s *mp4Scan) leaf(x box) {
	b, be := s.w.at(x.body.from, int(min(x.body.to-x.body.from, 512))), binary.BigEndian
	if x.kind == "mvhd" {
		if scale, n := mp4Length(b); scale > 0 {
			s.scale, s.seconds = scale, float64(n)/float64(scale)
		}
	}
	if s.now == nil || len(b) < 8 {
		return
	}
	switch x.kind {
	case "mdhd":
		s.now.scale, s.now.length = mp4Length(b)
	case "hdlr":
		if len(b) >= 12 {
			s.now.handler = string(b[8:12])
		}
	case "stts":
		s.now.stts = x.body
	case "stsc":
		s.now.stsc = x.body
	case "stsz":
		s.now.stsz = x.body
		s.t.keep = append(s.t.keep, extent{x.head, min(x.body.from+12, x.body.to)})
	case "stco", "co64":
		s.now.stco, s.now.wide = x.body, x.kind == "co64"
	case "elst":
		s.now.edit(b)
	case "stsd":
		if len(b) >= 16 && be.Uint32(b[4:]) > 0 {
			s.now.entry(b[8:])
		}
	}
}

// mp4Length reads scale and duration of mvhd and mdhd.
func mp4Length(b []byte) (scale, n int64) {
	be := binary.BigEndian
	switch {
	case len(b) >= 32 && b[0] == 1:
		return int64(be.Uint32(b[20:])), int64(min(be.Uint64(b[24:]), 1<<53))
	case len(b) >= 20 && b[0] == 0:
		return int64(be.Uint32(b[12:])), int64(be.Uint32(b[16:]))
	}
	return 0, 0
}

// edit reads the list of edits: with which sample of the track the film begins.
// Players join several edits in their order, so that seconds of the film are
// not those of the track.
func (k *mp4Track) edit(b []byte) {
	wide := 12
	if b[0] == 1 {
		wide = 20
	}
	read := uint32(0)
	for off := 8; off+wide <= len(b); off += wide {
		read++
		n, v := int64(binary.BigEndian.Uint32(b[off:])), int64(int32(binary.BigEndian.Uint32(b[off+4:])))
		if wide == 20 {
			n, v = int64(binary.BigEndian.Uint64(b[off:])), int64(binary.BigEndian.Uint64(b[off+8:]))
		}
		if v >= 0 && v < 1<<40 {
			k.edits++
			k.shift, k.shown = v, n
		}
	}
	if binary.BigEndian.Uint32(b[4:]) > read {
		k.edits = 2 // or more
	}
}

// edited says where players leave sound out that is in the file.
func (s *mp4Scan) edited(k *mp4Track) {
	left := float64(k.shift) / float64(k.scale)
	if s.scale > 0 && k.shown > 0 {
		left = max(left, float64(k.length-k.shift)/float64(k.scale)-float64(k.shown)/float64(s.scale))
	}
	if k.edits > 1 {
		s.t.vague = true
	}
	if k.edits > 1 || left > 0.5 {
		s.t.unplayed = true
	}
}

// mp4Codecs are ffmpeg's words for the sample entries.
var mp4Codecs = map[string]string{
	"mp4a": "aac", "alac": "alac", "samr": "amr_nb", "sawb": "amr_wb", "Opus": "opus", "fLaC": "flac", "ac-3": "ac3",
	".mp3": "mp3", "ulaw": "pcm_mulaw", "alaw": "pcm_alaw", "sowt": "pcm_s16le", "twos": "pcm_s16be", "drms": "encrypted", "enca": "encrypted",
}

// entry reads the first sample entry of a table stsd.
func (k *mp4Track) entry(b []byte) {
	kind := string(b[4:8])
	if k.codec = mp4Codecs[kind]; k.codec == "" {
		k.codec = oneLine(kind)
	}
	if len(b) < 36 {
		return
	}
	k.channels, k.rate = int(binary.BigEndian.Uint16(b[24:])), int(binary.BigEndian.Uint32(b[32:])>>16)
	if i := strings.Index(string(b), "esds"); kind == "mp4a" && i > 0 {
		k.descriptor(b[i+4:])
	}
}

// descriptor looks into an ES descriptor (ISO 14496-1 section 7.2.6.5): the
// type of the object, and rate and channels of AAC.
func (k *mp4Track) descriptor(b []byte) {
	for at := 4; at < len(b); {
		tag := b[at]
		at++
		for at < len(b) && b[at]&0x80 != 0 {
			at++
		}
		at++
		switch {
		case tag == 3:
			at += 3
		case tag == 4 && at+13 <= len(b):
			if b[at] == 0x6b || b[at] == 0x69 {
				k.codec = "mp3"
				return
			}
			at += 13
		case tag == 5 && at+2 <= len(b):
			k.aac(b[at], b[at+1])
			return
		default:
			return
		}
	}
}

// aac reads the configuration of plain AAC (ISO 14496-3 section 1.6.2.1).
func (k *mp4Track) aac(a, b byte) {
	index, channels := a&7<<1|b>>7, int(b>>3&15)
	if a>>3 == 2 && int(index) < len(aacRates) && channels > 0 && channels < 8 {
		k.rate, k.channels = aacRates[index], channels
	}
}

func (s *mp4Scan) finish(k *mp4Track) {
	t := s.t
	t.codec, t.rate, t.channels = k.codec, k.rate, k.channels
	if t.seconds == 0 && k.scale > 0 {
		t.seconds = float64(k.length) / float64(k.scale)
	}
	t.reach = reach{seconds: 0.1 + 2112/float64(max(k.rate, 8000)), units: 3}
	if k.scale <= 0 || k.codec == "encrypted" {
		t.vague = true
		return
	}
	s.edited(k)
	p := mp4Places{k: k, t: t, sizes: s.table(k.stsz), chunks: s.table(k.stco), runs: s.table(k.stsc), times: s.table(k.stts)}
	if !p.all(s.w.size) {
		t.vague = true
	}
}

// table opens a table with a window of its own.
func (s *mp4Scan) table(at extent) *mp4Table {
	w := &window{r: s.w.r, size: at.to}
	return &mp4Table{w: w, off: at.from + 4}
}

// mp4Table reads numbers one after the other.
type mp4Table struct {
	w   *window
	off int64
	bad bool
}

func (m *mp4Table) word() int64 {
	b := m.w.full(m.off, 4)
	m.off += 4
	if b == nil {
		m.bad = true
		return 0
	}
	return int64(binary.BigEndian.Uint32(b))
}

func (m *mp4Table) long() int64 {
	high := m.word()
	return high&(1<<30-1)<<32 | m.word()
}

// mp4Places goes through the tables of samples (ISO 14496-12 section 8.6 and
// 8.7): how long each plays, in which chunk it lies, how large it is.
type mp4Places struct {
	k                           *mp4Track
	t                           *track
	sizes, chunks, runs, times  *mp4Table
	same                        int64 // size of all samples, or 0
	left                        int64 // samples of the current run of times
	each                        int64 // how long each of them plays
	at                          int64
	runsLeft, timesLeft         int64
	nextChunk, perChunk, number int64
}

func (p *mp4Places) all(size int64) bool {
	p.same = p.sizes.word()
	samples := p.sizes.word()
	if p.same == 0 {
		p.t.sizes = p.sizes.off
	}
	chunks := p.chunks.word()
	p.runsLeft, p.timesLeft = p.runs.word(), p.times.word()
	if samples > maxBlocks || chunks > maxBlocks {
		return false
	}
	p.nextChunk = p.runs.word()
	for c := int64(1); c <= chunks && p.number < samples; c++ {
		off := p.offset()
		p.run(c)
		for i := int64(0); i < p.perChunk && p.number < samples; i++ {
			n := p.same
			if n == 0 {
				n = p.sizes.word()
			}
			if p.bad() || off+n > size {
				return false
			}
			p.sample(extent{off, off + n})
			off += n
		}
	}
	return p.number == samples && samples > 0
}

func (p *mp4Places) bad() bool { return p.sizes.bad || p.chunks.bad || p.runs.bad || p.times.bad }

func (p *mp4Places) offset() int64 {
	if p.k.wide {
		return p.chunks.long()
	}
	return p.chunks.word()
}

// run takes the next run of chunks where it begins with chunk c.
func (p *mp4Places) run(c int64) {
	if p.runsLeft == 0 || c != p.nextChunk {
		return
	}
	p.perChunk = p.runs.word()
	p.runs.word() // the entry in stsd
	if p.runsLeft--; p.runsLeft > 0 {
		p.nextChunk = p.runs.word()
	}
}

func (p *mp4Places) sample(at extent) {
	for p.left == 0 && p.timesLeft > 0 && !p.times.bad {
		p.left, p.each = p.times.word(), p.times.word()
		p.timesLeft--
	}
	p.left = max(p.left-1, 0)
	scale := float64(p.k.scale)
	begin := float64(p.at-p.k.shift) / scale
	p.at += p.each
	p.t.add(block{at, begin, float64(p.at-p.k.shift) / scale})
	p.number++
}

// mp4Tags are the items of a list of tags, by what they are to us.
var mp4Tags = map[string]string{"\xa9nam": "title", "\xa9ART": "author", "\xa9alb": "album", "\xa9cmt": "comment", "\xa9day": "dated", "\xa9too": "software", "desc": "comment", "cprt": "copyright", "\xa9lyr": "lyrics"}

// userData reads tags: items of a list, each with a box "data", and the place
// where a telephone recorded.
func (s *mp4Scan) userData(x box, depth int) {
	at := x.body
	if x.kind == "meta" { // a full box, but in QuickTime
		if b := s.w.full(at.from, 8); b != nil && string(b[4:8]) != "hdlr" {
			at.from += 4
		}
	}
	boxes(s.w, at, func(x box) bool {
		switch {
		case (x.kind == "meta" || x.kind == "ilst") && depth < 4:
			s.userData(x, depth+1)
		case x.kind == "\xa9xyz":
			if b := s.w.at(x.body.from, int(min(x.body.to-x.body.from, 100))); len(b) > 4 {
				s.t.tag("gps", degrees(string(b[4:])))
			}
		case x.kind == "covr" || mp4Tags[x.kind] != "":
			s.item(x)
		}
		return true
	})
}

// point is how ISO 6709 writes a place in degrees: +12.3456-098.7654+010.500/
var point = regexp.MustCompile(`^([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)(?:[+-/]|$)`)

// degrees writes latitude and longitude as pictures have them; what is
// written otherwise stays as it is.
func degrees(s string) string {
	m := point.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	lat, _ := strconv.ParseFloat(m[1], 64)
	lon, _ := strconv.ParseFloat(m[2], 64)
	return fmt.Sprintf("%.6f, %.6f", lat, lon)
}

func (s *mp4Scan) item(x box) {
	boxes(s.w, x.body, func(d box) bool {
		if d.kind != "data" || d.body.to-d.body.from < 8 {
			return true
		}
		b := s.w.at(d.body.from, int(min(d.body.to-d.body.from, maxTag)))
		if x.kind == "covr" {
			s.t.picture(map[byte]string{13: "image/jpeg", 14: "image/png"}[b[3]], extent{d.body.from + 8, d.body.to})
		} else {
			s.t.tag(mp4Tags[x.kind], anyText(b[8:]))
		}
		return true
	})
}
