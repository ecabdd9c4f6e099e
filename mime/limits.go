package mime

import "fmt"

// The limits of a header. What goes beyond one is not read further; its bytes
// stay where they are.
const (
	MaxHeader      = 1 << 20 // bytes of one header block
	MaxHeaderLines = 2000    // lines of one header block
)

// LimitError says which limit a message goes beyond.
type LimitError struct {
	What  string // "message", "header", "header lines", "depth" or "parts"
	Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the message goes beyond the limit of %d (%s)", e.Limit, e.What)
}
