package body

// The limits of a walk, beside those of package mime for each header. What
// goes beyond one is not walked further; its bytes stay where they are.
const (
	MaxMessage  = 64 << 20 // bytes of one message
	MaxDepth    = 64       // multiparts and embedded messages inside each other
	MaxParts    = 10_000   // parts of one message, embedded ones included
	MaxEmbedded = 4        // messages inside messages; deeper ones stay unopened parts
)
