package mime

import "fmt"

// The limits of a walk. What goes beyond one is not walked further; its bytes
// stay where they are.
const (
	MaxMessage     = 64 << 20 // bytes of one message
	MaxHeader      = 1 << 20  // bytes of one header block
	MaxHeaderLines = 2000     // lines of one header block
	MaxDepth       = 64       // multiparts and embedded messages inside each other
	MaxParts       = 10_000   // parts of one message, embedded ones included
	MaxEmbedded    = 4        // messages inside messages; deeper ones stay unopened parts
)

// LimitError says which limit a message goes beyond.
type LimitError struct {
	What  string // "message", "header", "header lines", "depth" or "parts"
	Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the message goes beyond the limit of %d (%s)", e.Limit, e.What)
}
