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
	r     io.ReaderAt
	view  func(off int64, n int) ([]byte, error) // where r can show its bytes without a copy
	end   int64                                  // of what the page sums cover
	sums  *lazy                                  // the page sums
	tops  []byte
	seen  []atomic.Uint32 // bit set: the page has been checked
	cache pageCache       // where there is no view
	sec   [sections]extent
	head  []byte // of the file, from headAt on
	at    int64  // where head begins
	fault fault

	joined  bool // only a dictionary, of the words of several segments
	pages   []dictPage
	lengths column // of bytes
	frames  column
	cols    [columns]column
	facets  [facets]facet
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

// Open reads the head of a segment of size bytes. Through a [Viewer] the index
// of the dictionary is read, too; another reader is asked for what a search
// needs when it needs it. Close closes r if it is an io.Closer; when Open fails,
// r stays open. A file that is no whole segment gives ErrDamaged, as does every
// later use of a page whose checksum does not fit.
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
	if err := s.openHead(size); err != nil {
		return err
	}
	if err := s.openTable(); err != nil {
		return err
	}
	if err := s.openSums(); err != nil {
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

// tailSize is how much of the end of a file is read at once.
const tailSize = 64 << 10

// openHead reads trailer and head.
func (s *Segment) openHead(size int64) error {
	if size < trailerSize {
		return ErrDamaged
	}
	tail := make([]byte, min(size, tailSize))
	if err := s.fill(tail, size-int64(len(tail))); err != nil {
		return err
	}
	t, ok := readTrailer(tail[len(tail)-trailerSize:], size)
	if !ok {
		return ErrDamaged
	}
	s.at, s.head = t.head, make([]byte, t.size)
	if have := int64(len(tail)) - trailerSize; have >= t.size {
		copy(s.head, tail[have-t.size:])
	} else {
		copy(s.head[t.size-have:], tail)
		if err := s.fill(s.head[:t.size-have], t.head); err != nil {
			return err
		}
	}
	if crc32.Checksum(s.head, castagnoli) != t.sum {
		return ErrDamaged
	}
	return nil
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

// openTable reads where the sections lie.
func (s *Segment) openTable() error {
	v, f := uvarint(s.head)
	if f == nil {
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
		if end := uint64(s.at) + uint64(len(s.head)); v[1] > end || v[2] > end || v[1]+v[2] > end {
			return ErrDamaged
		}
		s.sec[v[0]] = extent{int64(v[1]), int64(v[2])}
	}
	for _, e := range s.sec[secText:] {
		if e.off == 0 {
			return ErrDamaged // a section is missing
		}
	}
	return nil
}

// openSums prepares the checking of pages.
func (s *Segment) openSums() error {
	sums := s.sec[secSums]
	pages := (sums.off + pageSize - 1) / pageSize
	if sums.off+sums.size != s.at || sums.size != 4*pages {
		return ErrDamaged
	}
	var err error
	if s.tops, err = s.own(secTops); err != nil || int64(len(s.tops)) != 4*((sums.size+pageSize-1)/pageSize) {
		return orDamaged(err)
	}
	s.end = sums.off
	s.seen = make([]atomic.Uint32, (pages+31)/32)
	s.sums = newLazy(&s.fault, sums.size, s.readSums)
	return s.checkMagic()
}

// checkMagic looks at the beginning of the file. Over ranges that waits until
// the page is read: version and checksums say what the file is.
func (s *Segment) checkMagic() error {
	if s.view == nil {
		return nil
	}
	head, err := s.bytes(0, int64(len(magic)))
	if err == nil && string(head) != magic {
		return ErrDamaged
	}
	return err
}

// readSums reads page sums and holds them against the tops.
func (s *Segment) readSums(b []byte, off int64) error {
	if err := s.fill(b, s.end+off); err != nil {
		return err
	}
	for i := 0; i < len(b); i += pageSize {
		top := binary.LittleEndian.Uint32(s.tops[(off+int64(i))/pageSize*4:])
		if crc32.Checksum(b[i:min(i+pageSize, len(b))], castagnoli) != top {
			return fmt.Errorf("%w: checksums", ErrDamaged)
		}
	}
	return nil
}

// own returns a section of the head, with the slack in sight of its capacity.
func (s *Segment) own(id int) ([]byte, error) {
	e := s.sec[id]
	if e.off < s.at || e.off+e.size+slack > s.at+int64(len(s.head)) {
		return nil, ErrDamaged
	}
	return s.head[e.off-s.at:][:e.size], nil
}

// openSections reads the sections that stay at hand.
func (s *Segment) openSections() error {
	b, err := s.own(secMeta)
	if err != nil {
		return err
	}
	if s.meta, err = readMeta(b); err != nil {
		return err
	}
	if err := s.openPages(); err != nil {
		return err
	}
	if s.text > s.sec[secText].size*1<<17 { // zstd packs no tighter
		return ErrDamaged
	}
	s.lengths = column{width: 8, n: s.docs}
	if s.sec[secLengths].size != int64(s.docs) {
		return ErrDamaged
	}
	if err := s.place(&s.lengths, secLengths, 0, s.lazySection(secLengths)); err != nil {
		return err
	}
	return s.openColumns()
}

// openPages reads the index of the dictionary: of all pages where that costs
// nothing, else of groups of them.
func (s *Segment) openPages() error {
	b, err := s.own(secGroups)
	if s.view != nil && err == nil {
		b, err = s.read(secPages, 0, s.sec[secPages].size)
	}
	if err == nil {
		s.pages, err = readPages(b, s.sec[secTerms].size, s.sec[secLists].size)
	}
	return err
}

func orDamaged(err error) error {
	if err == nil {
		return ErrDamaged
	}
	return err
}

// openColumns lays out the columns and gives them their meanings.
func (s *Segment) openColumns() error {
	b, err := s.own(secLayout)
	if err != nil {
		return err
	}
	list := make([]column, layoutSize)
	lazy := s.lazySection(secColumns)
	off := int64(0)
	for i := range list {
		if list[i], b, err = readColumn(b); err != nil {
			return err
		}
		if err := s.place(&list[i], secColumns, off, lazy); err != nil {
			return err
		}
		off += list[i].size()
	}
	copy(s.cols[:], list)
	if lazy != nil { // the small tables, which every hit needs
		if from := list[layoutTables+2*facetTable].off; off-from <= tailSize {
			if err := lazy.need(from, off-from); err != nil {
				return err
			}
		}
	}
	for i := range s.cols {
		want := s.docs
		if i == colRecord {
			want++ // and the end of the last
		}
		if s.cols[i].n != want {
			return ErrDamaged
		}
	}
	s.frames = list[layoutFrames]
	if int64(s.frames.n) != (s.text+frameSize-1)/frameSize+1 {
		return ErrDamaged
	}
	for i, f := range tableOrder {
		table := list[layoutTables+i*facetTable:][:facetTable]
		if s.facets[f], err = readFacet(table, list[layoutSets+f], s.docs); err != nil {
			return err
		}
	}
	return nil
}

// lazySection is where a section is filled when it is asked for; nil where it
// can be seen in place.
func (s *Segment) lazySection(id int) *lazy {
	if s.view != nil {
		return nil
	}
	e := s.sec[id]
	return newLazy(&s.fault, e.size+slack, func(b []byte, off int64) error {
		got, err := s.bytes(e.off+off, int64(len(b)))
		copy(b, got)
		return err
	})
}

// place gives a column its data, which begins at off in a section.
func (s *Segment) place(c *column, id int, off int64, lazy *lazy) error {
	n := c.size()
	if off < 0 || off+n > s.sec[id].size+slack {
		return ErrDamaged
	}
	c.lazy, c.off = lazy, off
	if lazy != nil {
		c.data = lazy.b[off : off+n]
		return nil
	}
	var err error
	c.data, err = s.bytes(s.sec[id].off+off, n)
	return err
}

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
	if s.view == nil {
		return s.cache.bytes(s, off, n)
	}
	for p := off / pageSize; p*pageSize < off+n; p++ {
		if s.seen[p/32].Load()&(1<<(p%32)) == 0 {
			if err := s.checkView(p); err != nil {
				return nil, err
			}
		}
	}
	return s.view(off, int(n))
}

func (s *Segment) checkView(p int64) error {
	b, err := s.view(p*pageSize, int(min(pageSize, s.end-p*pageSize)))
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return s.check(p, b)
}

func (s *Segment) check(p int64, b []byte) error {
	if err := s.sums.need(4*p, 4); err != nil {
		return err
	}
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(s.sums.b[4*p:]) {
		return fmt.Errorf("%w: page at byte %d", ErrDamaged, p*pageSize)
	}
	s.seen[p/32].Or(1 << (p % 32))
	return nil
}

// length is the length code of a document.
func (s *Segment) length(doc uint32) byte {
	if s.lengths.lazy != nil {
		s.lengths.lazy.need(int64(doc), 1)
	}
	return s.lengths.data[doc]
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
