package segment

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
)

// extent is where a section lies.
type extent struct{ off, size int64 }

// writer writes the sections of a segment one after another. After an error
// it writes nothing more.
type writer struct {
	out    pageWriter
	sec    [sections]extent
	begun  int64 // where the section being written begins
	layout []byte
	err    error
}

func newWriter(w io.Writer) (*writer, error) {
	out := &writer{out: pageWriter{w: w}}
	_ = out.write([]byte(magic))
	out.begun = out.out.n
	return out, out.err
}

// write appends bytes to the section being written.
func (w *writer) write(b []byte) error {
	if w.err == nil {
		_, w.err = w.out.Write(b)
	}
	return w.err
}

// end ends the section being written.
func (w *writer) end(id int) {
	w.sec[id] = extent{w.begun, w.out.n - w.begun}
	_ = w.write(make([]byte, slack))
	w.begun = w.out.n
}

// section writes a whole section.
func (w *writer) section(id int, data []byte) {
	_ = w.write(data)
	w.end(id)
}

// columns writes the section of columns and learns their layout.
func (w *writer) columns(list []numbers) {
	var buf []byte
	for _, c := range list {
		w.column(c, &buf)
	}
	w.end(secColumns)
}

// columnChunk is how many numbers of a column are packed at a time, in whole bytes.
const columnChunk = 8192

func (w *writer) column(c numbers, buf *[]byte) {
	n := c.count()
	shape := shapeOf(c)
	w.layout = shape.append(w.layout, n)
	for i := 0; i < n; i += columnChunk {
		*buf = shape.pack((*buf)[:0], c, i, min(n, i+columnChunk))
		_ = w.write(*buf)
	}
	_ = w.write(make([]byte, slack))
}

// finish writes sums, head and trailer.
func (w *writer) finish(meta, groups []byte) error {
	sums := w.out.sums()
	w.sec[secSums] = extent{w.out.n, int64(len(sums))} // itself unsummed but for tops
	t := trailer{head: w.out.n + int64(len(sums))}
	_ = w.write(sums)
	head := w.head(t.head, [][]byte{meta, w.layout, groups, topsOf(sums)})
	t.size, t.sum = int64(len(head)), crc32.Checksum(head, castagnoli)
	t.file = t.head + t.size + trailerSize
	_ = w.write(t.append(head))
	return w.err
}

// head is the table of sections and the sections that belong to it, at off in
// the file.
func (w *writer) head(off int64, own [][]byte) []byte {
	var body []byte
	for i, data := range own {
		w.sec[secMeta+i] = extent{int64(len(body)), int64(len(data))}
		body = append(append(body, data...), make([]byte, slack)...)
	}
	size := int64(0)
	for { // until the table is as long as it says
		table := w.table(off + size)
		if int64(len(table)) == size {
			return append(table, body...)
		}
		size = int64(len(table))
	}
}

// table lists the sections; those of the head begin at base.
func (w *writer) table(base int64) []byte {
	f := binary.AppendUvarint(nil, version)
	f = binary.AppendUvarint(f, sections-1)
	for id := secText; id < sections; id++ {
		e := w.sec[id]
		if id >= secMeta {
			e.off += base
		}
		f = binary.AppendUvarint(f, uint64(id))
		f = binary.AppendUvarint(f, uint64(e.off))
		f = binary.AppendUvarint(f, uint64(e.size))
	}
	return f
}

// topsOf are the checksums of the checksums.
func topsOf(sums []byte) (tops []byte) {
	for len(sums) > 0 {
		n := min(pageSize, len(sums))
		tops = binary.LittleEndian.AppendUint32(tops, crc32.Checksum(sums[:n], castagnoli))
		sums = sums[n:]
	}
	return tops
}

// pageWriter counts what goes through it and keeps a checksum a page.
type pageWriter struct {
	w    io.Writer
	n    int64
	done []byte // sums of full pages
	crc  uint32 // of the page so far
}

func (p *pageWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if err != nil {
		return n, err
	}
	for len(b) > 0 {
		part := b[:min(int64(len(b)), pageSize-p.n%pageSize)]
		p.crc = crc32.Update(p.crc, castagnoli, part)
		p.n += int64(len(part))
		if p.n%pageSize == 0 {
			p.done = binary.LittleEndian.AppendUint32(p.done, p.crc)
			p.crc = 0
		}
		b = b[len(part):]
	}
	return n, nil
}

// sums returns the checksums of all pages.
func (p *pageWriter) sums() []byte {
	sums := slices.Clone(p.done)
	if p.n%pageSize == 0 {
		return sums
	}
	return binary.LittleEndian.AppendUint32(sums, p.crc)
}
