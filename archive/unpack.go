package archive

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"

	"unseal/proof"
)

// maxMember is the largest member that is unpacked into memory.
const maxMember = 1 << 30

// maxRatio is beyond what DEFLATE can reach (1032:1), so that a stated size
// cannot make us take memory that the packed bytes do not warrant.
const maxRatio = 1100

var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// unpack appends to dst the size bytes that packed holds; see [Extent]. It
// fails unless they are exactly that many. The caller names the file.
func unpack(dst, packed []byte, size int64) ([]byte, error) {
	if size < 0 || size > maxMember || size/maxRatio > int64(len(packed)) {
		return dst, fmt.Errorf("a member of %d packed bytes said to hold %d: %w", len(packed), size, proof.ErrMismatch)
	}
	if size == int64(len(packed)) {
		return append(dst, packed...), nil
	}
	r := inflaters.Get().(io.Reader)
	defer inflaters.Put(r)
	var src bytes.Reader
	src.Reset(packed)
	if err := r.(flate.Resetter).Reset(&src, nil); err != nil {
		return dst, err
	}
	at := len(dst)
	dst = append(dst, make([]byte, size)...)
	if _, err := io.ReadFull(r, dst[at:]); err != nil {
		return dst[:at], fmt.Errorf("damaged DEFLATE stream: %v: %w", err, proof.ErrMismatch)
	}
	var more [1]byte
	if n, err := r.Read(more[:]); n != 0 || err != io.EOF || src.Len() != 0 {
		return dst[:at], fmt.Errorf("holds more than the %d bytes it should: %w", size, proof.ErrMismatch)
	}
	return dst, nil
}
