package segment

import "encoding/binary"

// row is the part of a document's record that a result row shows, and where
// its texts are.
type row struct {
	number    int
	date      int64
	edition   int
	copyOf    int
	sets      [len(rowFacets)]int64 // of rowFacets
	text      int64                 // where the body begins in the texts
	body      int64                 // bytes of body
	size      int64                 // of the bytes shown
	receivers int
	mass      bool
	subject   string
	from, to  string
	files     []fileRow
}

type fileRow struct {
	name string
	size int64 // bytes of text
}

// append writes a record: the zones of the document, then its row.
func (r *row) append(b, zones []byte) []byte {
	b = appendString(b, string(zones))
	mass := int64(0)
	if r.mass {
		mass = 1
	}
	b = binary.AppendVarint(b, r.date)
	for _, v := range []int64{int64(r.number), int64(r.edition), int64(r.copyOf)} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	for _, v := range r.sets {
		b = binary.AppendUvarint(b, uint64(v))
	}
	for _, v := range []int64{r.text, r.body, r.size, int64(r.receivers), mass} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	for _, s := range []string{r.subject, r.from, r.to} {
		b = appendString(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(r.files)))
	for _, f := range r.files {
		b = appendString(b, f.name)
		b = binary.AppendUvarint(b, uint64(f.size))
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// fields reads the fields of a record one after another; bad is set by the
// first that does not fit, and all further ones are zero.
type fields struct {
	b   []byte
	bad bool
}

func (f *fields) number() int64 {
	v, rest := uvarint(f.b)
	if rest == nil || v > 1<<50 {
		f.bad, f.b = true, nil
		return 0
	}
	f.b = rest
	return int64(v)
}

func (f *fields) signed() int64 {
	v, n := binary.Varint(f.b)
	if n <= 0 || v > noDate || v < -noDate {
		f.bad, f.b = true, nil
		return 0
	}
	f.b = f.b[n:]
	return v
}

func (f *fields) string() string {
	n := f.number()
	if n > int64(len(f.b)) {
		f.bad, f.b = true, nil
		return ""
	}
	s := string(f.b[:n])
	f.b = f.b[n:]
	return s
}

// row reads the row of a document.
func (s *Segment) row(doc int) (r row, err error) {
	_, b, err := s.record(doc)
	if err != nil {
		return r, err
	}
	f := fields{b: b}
	r.date = f.signed()
	r.number, r.edition, r.copyOf = int(f.number()), int(f.number()), int(f.number())
	for i := range r.sets {
		r.sets[i] = f.number()
	}
	r.text, r.body, r.size = f.number(), f.number(), f.number()
	r.receivers, r.mass = int(f.number()), f.number() == 1
	r.subject, r.from, r.to = f.string(), f.string(), f.string()
	for n := f.number(); n > 0 && !f.bad; n-- {
		r.files = append(r.files, fileRow{f.string(), f.number()})
	}
	if f.bad {
		return row{}, ErrDamaged
	}
	return r, nil
}
