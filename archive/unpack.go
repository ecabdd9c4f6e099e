package archive

import (
	"fmt"
	"slices"
	"sync"

	"unseal/proof"
)

// maxMember is the largest member that is unpacked into memory.
const maxMember = 1 << 30

// maxRatio is beyond what DEFLATE can reach (1032:1), so that a stated size
// cannot make us take memory that the packed bytes do not warrant.
const maxRatio = 1100

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// unpack appends to dst the size bytes that packed holds; see [Extent]. It
// fails unless they are exactly that many. The caller names the file.
func unpack(dst, packed []byte, size int64) ([]byte, error) {
	if size < 0 || size > maxMember || size/maxRatio > int64(len(packed)) {
		return dst, fmt.Errorf("a member of %d packed bytes said to hold %d: %w", len(packed), size, proof.ErrMismatch)
	}
	if size == int64(len(packed)) {
		return append(dst, packed...), nil
	}
	at := len(dst)
	dst = slices.Grow(dst, int(size))[:at+int(size)]
	f := inflaters.Get().(*inflater)
	defer inflaters.Put(f)
	if err := f.inflate(dst[at:], packed); err != nil {
		return dst[:at], fmt.Errorf("%v, or not one of %d bytes: %w", err, size, proof.ErrMismatch)
	}
	return dst, nil
}
