package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Segment is an open segment. It is safe for concurrent use.
type Segment struct {
	meta
	r    io.ReaderAt
	view func(off int64, n int) ([]byte, error) // where r can show its bytes without a copy
	end  int64                                  // of what the page sums cover
	sums []byte
	seen []atomic.Uint32 // bit set: the page has been checked
	sec  [sections]extent

	pages   []dictPage
	lengths []byte // with slack
	frames  column
	cols    [columns]column
	facets  [facets]facet
	names   stringTable
}

// Viewer is what a ReaderAt may offer besides: the bytes in place, valid until
// it is closed. Memory maps ([Map]) and [Bytes] do; searching them is several
// times as fast, as nothing is copied.
type Viewer interface {
	View(off int64, n int) ([]byte, error)
}

// Bytes is a segment in memory.
type Bytes []byte

// ReadAt implements io.ReaderAt.
func (b Bytes) ReadAt(p []byte, off int64) (int, error) {
	v, err := b.View(off, min(len(p), int(max(0, int64(len(b))-off))))
	if err != nil {
		return 0, err
	}
	n := copy(p, v)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// View implements Viewer.
func (b Bytes) View(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || off > int64(len(b))-int64(n) {
		return nil, io.ErrUnexpectedEOF
	}
	return b[off : off+int64(n) : off+int64(n)], nil
}

// Open reads the directory of a segment of size bytes: about 1% of it. Close
// closes r if it is an io.Closer; when Open fails, r stays open. A file that is
// no whole segment gives ErrDamaged, as does every later use of a page whose
// checksum does not fit.
func Open(r io.ReaderAt, size int64) (*Segment, error) {
	s := &Segment{r: r}
	if v, ok := r.(Viewer); ok {
		s.view = v.View
	}
	if err := s.open(size); err != nil {
		return nil, fmt.Errorf("open search segment: %w", err)
	}
	return s, nil
}

func (s *Segment) open(size int64) error {
	t, err := s.openTrailer(size)
	if err != nil {
		return err
	}
	if err := s.openFooter(t); err != nil {
		return err
	}
	return s.openSections()
}

// unzstd unpacks frames for all segments. It is made once, as decoders are large.
var unzstd = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(1<<20),
		zstd.WithDecoderMaxWindow(1<<20), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return d
})

// Close closes the reader the segment was opened on, if that can be closed.
func (s *Segment) Close() error {
	if c, ok := s.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Docs returns the number of documents.
func (s *Segment) Docs() int { return s.docs }

func (s *Segment) openTrailer(size int64) (trailer, error) {
	if size < trailerSize {
		return trailer{}, ErrDamaged
	}
	b := make([]byte, trailerSize)
	if err := s.fill(b, size-trailerSize); err != nil {
		return trailer{}, err
	}
	t, ok := readTrailer(b, size)
	if !ok {
		return t, ErrDamaged
	}
	s.sums = make([]byte, 4*t.pages())
	if err := s.fill(s.sums, t.end()); err != nil {
		return t, err
	}
	if crc32.Checksum(s.sums, castagnoli) != t.sums {
		return t, ErrDamaged
	}
	s.end = t.end()
	s.seen = make([]atomic.Uint32, (t.pages()+31)/32)
	return t, nil
}

// fill reads all of b from the file as it stands.
func (s *Segment) fill(b []byte, off int64) error {
	n, err := s.r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		return ErrDamaged
	}
	return fmt.Errorf("read: %w", err)
}

func (s *Segment) openFooter(t trailer) error {
	head, err := s.bytes(0, int64(len(magic)))
	if err != nil {
		return err
	}
	f, err := s.bytes(t.footer, t.footerSize)
	if err != nil {
		return err
	}
	v, f := uvarint(f)
	if string(head) != magic || f == nil {
		return ErrDamaged
	}
	if v != version {
		return fmt.Errorf("format version %d; this program reads version %d", v, version)
	}
	n, f := uvarint(f)
	for ; n > 0; n-- {
		var v [3]uint64
		for i := range v {
			if v[i], f = uvarint(f); f == nil {
				return ErrDamaged
			}
		}
		if v[0] >= sections {
			continue // of a later version
		}
		if v[1] > uint64(t.footer) || v[2] > uint64(t.footer) || v[1]+v[2]+slack > uint64(t.footer) {
			return ErrDamaged
		}
		s.sec[v[0]] = extent{int64(v[1]), int64(v[2])}
	}
	for _, e := range s.sec[secMeta:] {
		if e.off == 0 {
			return ErrDamaged // a section is missing
		}
	}
	return nil
}

// openSections reads the sections that stay at hand.
func (s *Segment) openSections() error {
	b, err := s.whole(secMeta)
	if err != nil {
		return err
	}
	if s.meta, err = readMeta(b); err != nil {
		return err
	}
	if s.lengths, err = s.whole(secLengths); err != nil || len(s.lengths) != s.docs {
		return orDamaged(err)
	}
	if b, err = s.whole(secPages); err != nil {
		return err
	}
	if s.pages, err = readPages(b, s.sec[secTerms].size, s.sec[secPostings].size, s.sec[secPlaces].size); err != nil {
		return err
	}
	if b, err = s.whole(secFrames); err != nil {
		return err
	}
	frames := int((s.text + frameSize - 1) / frameSize)
	if s.text > s.sec[secText].size*1<<17 { // zstd packs no tighter
		return ErrDamaged
	}
	if s.frames, _, err = readColumn(b, frames+1); err != nil {
		return err
	}
	if b, err = s.whole(secNames); err != nil {
		return err
	}
	if s.names, _, err = readStrings(b); err != nil {
		return err
	}
	if err := s.openColumns(); err != nil {
		return err
	}
	return s.openFacets()
}

func orDamaged(err error) error {
	if err == nil {
		return ErrDamaged
	}
	return err
}

func (s *Segment) openColumns() error {
	b, err := s.whole(secColumns)
	for i := range s.cols {
		n := s.docs
		if i == colRecord || i == colText {
			n++ // and the end of the last
		}
		if err == nil {
			s.cols[i], b, err = readColumn(b, n)
		}
	}
	return err
}

func (s *Segment) openFacets() error {
	b, err := s.whole(secFacets)
	if err != nil {
		return err
	}
	n, b := uvarint(b)
	if b == nil || n < facets {
		return ErrDamaged
	}
	for i := range s.facets {
		if err == nil {
			s.facets[i], b, err = readFacet(b, s.docs)
		}
	}
	return err
}

// whole returns a section.
func (s *Segment) whole(id int) ([]byte, error) { return s.read(id, 0, s.sec[id].size) }

// read returns n bytes of a section, followed within the slice's capacity by
// the slack.
func (s *Segment) read(id int, off, n int64) ([]byte, error) {
	e := s.sec[id]
	if off < 0 || n < 0 || n > e.size || off > e.size-n {
		return nil, ErrDamaged
	}
	b, err := s.bytes(e.off+off, n+slack)
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}

// readBits is read with the slack in sight.
func (s *Segment) readBits(id int, off, n int64) ([]byte, error) {
	b, err := s.read(id, off, n)
	if err != nil {
		return nil, err
	}
	return b[:n+slack], nil
}

// bytes returns part of what the page sums cover, after checking the pages it
// touches for the first time.
func (s *Segment) bytes(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off+n > s.end {
		return nil, ErrDamaged
	}
	first, last := off/pageSize, (off+n+pageSize-1)/pageSize
	if s.view != nil {
		for p := first; p < last; p++ {
			if s.seen[p/32].Load()&(1<<(p%32)) == 0 {
				if err := s.checkView(p); err != nil {
					return nil, err
				}
			}
		}
		return s.view(off, int(n))
	}
	for p := first; p < last; p++ {
		if s.seen[p/32].Load()&(1<<(p%32)) == 0 {
			return s.checkRead(off, n, first, last)
		}
	}
	b := make([]byte, n)
	return b, s.fill(b, off)
}

func (s *Segment) checkView(p int64) error {
	b, err := s.view(p*pageSize, int(min(pageSize, s.end-p*pageSize)))
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return s.check(p, b)
}

// checkRead reads whole pages, checks them and returns the part asked for.
func (s *Segment) checkRead(off, n, first, last int64) ([]byte, error) {
	start := first * pageSize
	b := make([]byte, min(last*pageSize, s.end)-start)
	if err := s.fill(b, start); err != nil {
		return nil, err
	}
	for p := first; p < last; p++ {
		from := (p - first) * pageSize
		if err := s.check(p, b[from:min(from+pageSize, int64(len(b)))]); err != nil {
			return nil, err
		}
	}
	return b[off-start : off-start+n], nil
}

func (s *Segment) check(p int64, b []byte) error {
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(s.sums[4*p:]) {
		return fmt.Errorf("%w: page at byte %d", ErrDamaged, p*pageSize)
	}
	s.seen[p/32].Or(1 << (p % 32))
	return nil
}

// Check reads a whole segment and holds every byte against the checksums.
func Check(r io.ReaderAt, size int64) error {
	s, err := Open(r, size)
	if err != nil {
		return err
	}
	const step = 256 * pageSize
	for off := int64(0); off < s.end; off += step {
		if _, err := s.bytes(off, min(step, s.end-off)); err != nil {
			return fmt.Errorf("check search segment: %w", err)
		}
	}
	return nil
}

// maxText bounds the text of one item or file, so that a file made wrong cannot
// ask for all memory.
const maxText = 1 << 30

// textAt returns bytes [from, to) of all texts.
func (s *Segment) textAt(from, to int64) ([]byte, error) {
	if from < 0 || to < from || to > s.text {
		return nil, ErrDamaged
	}
	if to-from > maxText {
		return nil, ErrDamaged
	}
	out := make([]byte, 0, min(to-from, 16*frameSize))
	for f := from / frameSize; f*frameSize < to; f++ {
		frame, err := s.frame(f)
		if err != nil {
			return nil, err
		}
		a, z := max(0, from-f*frameSize), min(int64(len(frame)), to-f*frameSize)
		out = append(out, frame[a:z]...)
	}
	return out, nil
}

// frame unpacks one frame; all but the last are of the full size.
func (s *Segment) frame(f int64) ([]byte, error) {
	from, to := s.frames.at(int(f)), s.frames.at(int(f)+1)
	packed, err := s.read(secText, from, to-from)
	if err != nil {
		return nil, err
	}
	b, err := unzstd().DecodeAll(packed, make([]byte, 0, frameSize))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if want := min(frameSize, s.text-f*frameSize); int64(len(b)) != want {
		return nil, ErrDamaged
	}
	return b, nil
}

func (s *Segment) numberAt(doc int) int { return int(s.cols[colNumber].at(doc)) }
