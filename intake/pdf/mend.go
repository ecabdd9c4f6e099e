package pdf

import (
	"bytes"
	"fmt"
	"strconv"
)

// header is what a PDF begins with.
var header = []byte("%PDF-1.4\n")

// headed puts a header before a file that has none: there are such files, and
// other readers show them.
func headed(b []byte) []byte {
	if bytes.Contains(b[:min(len(b), headerWithin)], []byte("%PDF")) {
		return b
	}
	return append(bytes.Clone(header), b...)
}

// mend gives a file whose end is damaged another: a trailer that names the
// catalog, from which PDFium finds the rest by itself. It is nil if the file
// has no catalog that can be seen.
func mend(b []byte) []byte {
	object, generation, ok := catalog(b)
	if !ok {
		return nil
	}
	return fmt.Appendf(bytes.Clone(b), "\ntrailer\n<< /Root %d %d R >>\nstartxref\n0\n%%%%EOF\n", object, generation)
}

// catalogWithin is how far before its name the object of a catalog begins.
const catalogWithin = 4096

// catalog finds the number of the last object that is a catalog, ISO 32000-1,
// 7.7.2: "5 0 obj << /Type /Catalog".
func catalog(b []byte) (object, generation int, ok bool) {
	at := bytes.LastIndex(b, []byte("/Catalog"))
	if at < 0 {
		return 0, 0, false
	}
	before := b[max(at-catalogWithin, 0):at]
	i := bytes.LastIndex(before, []byte("obj"))
	if i < 0 {
		return 0, 0, false
	}
	f := bytes.Fields(before[max(i-24, 0):i])
	if len(f) < 2 {
		return 0, 0, false
	}
	object, err := strconv.Atoi(string(f[len(f)-2]))
	generation, err2 := strconv.Atoi(string(f[len(f)-1]))
	return object, generation, err == nil && err2 == nil && object > 0 && generation >= 0
}
