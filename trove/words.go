package trove

// Kind is what a reader reads an item as. The zero value means "not looked at".
type Kind string

// The kinds of items.
const (
	Mail  Kind = "mail"  // one message of RFC 5322
	Voice Kind = "voice" // a recording
	Chain Kind = "chain" // a chain of messages
	Doc   Kind = "doc"   // a document
	Image Kind = "image" // a picture
	Table Kind = "table" // rows and columns
	File  Kind = "file"  // anything else: kept, hashed and listed
)

// State says where an item stands between the desk and the public.
type State string

// The states of an item.
const (
	In         State = "in"         // taken in, not committed
	Unreadable State = "unreadable" // taken in, could not be read; counted, kept
	Excluded   State = "excluded"   // taken out before commit, recorded
	Committed  State = "committed"  // its number is fixed and in the log
	Published  State = "published"
	Withheld   State = "withheld"
	Tombstone  State = "tombstone" // published once, withdrawn for good
)

// Verdict is the one state of an item's sender check that counts and charts
// use. The zero value means "not examined", never "passed".
type Verdict string

// The verdicts, with the words readers see.
const (
	Valid     Verdict = "valid"     // Signature valid
	KeptKey   Verdict = "kept-key"  // Signature valid with kept key
	Unchecked Verdict = "unchecked" // Cannot check: signed, the key is not known
	Unsigned  Verdict = "unsigned"  // Not signed
	Mismatch  Verdict = "mismatch"  // Does not match
	Redacted  Verdict = "redacted"  // Redacted copy
)

// Rule names how the exact bytes of a message were taken out of their
// container. Applying its inverse reproduces the container byte for byte.
type Rule string

// The rules. An inverse is known of those for an mbox alone: a reconstructed
// message was written by us from what another format keeps of it.
const (
	Verbatim      Rule = ""              // the span as it stands
	MboxRD        Rule = "mboxrd"        // one '>' taken off every line matching ^>+From
	Reconstructed Rule = "reconstructed" // a message made from a file of Outlook or a table; the file is kept
)
