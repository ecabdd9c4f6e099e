package house

import (
	"errors"
	"fmt"
	"io"
)

// errTooLong says that something that is read whole is longer than it may be.
var errTooLong = errors.New("too long")

// readAtMost reads all of r. More than limit bytes are errTooLong.
func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", errTooLong, limit)
	}
	return b, nil
}
