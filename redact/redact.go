package redact

import (
	"errors"
	"regexp"

	"unseal/trove"
)

// Selection says what is to be hidden in an item. Several fields together
// select all that any of them selects.
type Selection struct {
	// Text is matched against every decoded text of the item, and against the
	// same with line breaks joined. Whatever it matches is then hidden wherever
	// else it stands in the item, letter case and marks aside.
	Text *regexp.Regexp
	// Words are literal. Letter case, marks, quoting and line breaks do not
	// count; white space does not either, except that there is some or none.
	Words []string
	// Bytes is a range of the exact bytes, [from, to); empty selects nothing.
	Bytes [2]int64
	// Part is a part of the item's own record, such as one of Record.Files;
	// its body is hidden, its header fields stay.
	Part *trove.Part
	// KeepSignatures leaves signatures and digests of hidden bytes as they
	// stand. Find refuses it with ErrGuessable where they would help a guess.
	KeepSignatures bool
}

// Place is a range of exact bytes to be hidden, [From, To).
type Place struct {
	From, To int64
	Base64   bool   // the bytes are base64 text
	Part     string // path of the part whose body they lie in, as in trove.Part; empty in headers and between parts
}

// Opaque is a part that could not be looked into, or not as a whole.
type Opaque struct {
	Part string // its path, as in trove.Part; empty for the item itself
	Name string // decoded file name
	Type string // media type
	Why  string // a word: "image", "sound", "video", "pdf", "encrypted", "limit", "format"
}

// Found is what must be hidden in an item, and what that takes away.
type Found struct {
	// Places are sorted, do not overlap and lie inside the item.
	Places []Place
	// Bounds are the sorted offsets that a place must not be widened across:
	// where header fields and their values, header blocks, bodies and boundary
	// lines begin and end.
	Bounds []int64
	// Removed are the texts that go away, as a reader saw them, each once.
	Removed []string
	// Files are the digests of the decoded files that go away as a whole.
	Files []trove.Digest
	// Signatures names the fields and parts that are hidden since they would
	// let a guess at hidden bytes be checked, or that would have been but for
	// KeepSignatures.
	Signatures []string
	// Opaque are the parts that stay and could not be looked into.
	Opaque []Opaque
}

// Errors that a caller acts on.
var (
	// ErrNothing: the selection selects no byte of the item.
	ErrNothing = errors.New("nothing in this item is selected")
	// ErrGuessable: signatures cannot be kept, since what is hidden could be
	// guessed and the guess be checked against them.
	ErrGuessable = errors.New("the hidden text could be guessed and checked against the signatures")
	// ErrRange: a selected range or part is not inside the item.
	ErrRange = errors.New("the selected bytes are not inside the item")
	// ErrTooLarge: the item is longer than MaxItem.
	ErrTooLarge = errors.New("the item is too large to be redacted")
)
