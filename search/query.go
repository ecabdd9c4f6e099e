package search

import (
	"fmt"
	"time"
)

// Limits of a query (query-language.md, section 3).
const (
	MaxQueryBytes = 512
	MaxClauses    = 24
	MinPrefix     = 3 // letters before the star
	MaxSlop       = 50
)

// Query is a parsed query. It does not change; share it freely.
type Query struct {
	Root  Node   // nil when the query is empty
	Notes []Note // what the reader should know about how it was read
	Exact bool   // also:no was given: no other spellings
}

// Node is a clause of a query's tree: [And], [Or], [Not], [*Text], [*Value],
// [*Numbers] or [*Dates].
type Node interface{ isNode() }

// And holds where all of its two or more clauses hold; none of them is an And.
type And []Node

// Or holds where one or more of its two or more clauses hold; none of them is an Or.
type Or []Node

// Not holds where its clause does not.
type Not struct{ Node Node }

// Text holds where its words stand in the field.
type Text struct {
	Field Field
	Mode  Mode
	Words []Word // folded, in order, one or more
	N     int    // Near: words that may stand between, Fuzzy: edits
	Value string // the folded value as written, for fields that show it whole (from:mary@example.org); else empty
	// Quoted says that one word, or one whose pieces are joined, was written in
	// quotes, so that no other spelling of it is wanted (Text.Spellings). Of
	// other words side by side it is false: they have none.
	Quoted bool
}

// Word is a folded word of a [Text] and its place: words at 0, 1, 2 stand side
// by side.
type Word struct {
	Text  string
	At    int
	Glued bool // written with '_' to the word before; for the canonical text only
	Joint bool // written with a zero-width non-joiner to the word before, as Persian joins endings
}

// Mode says how the words of a [Text] are to stand.
type Mode int

// The modes.
const (
	Phrase Mode = iota // side by side in this order; one word is a phrase of one
	Near               // in any order, with at most N other words among them
	Prefix             // one word beginning so
	Fuzzy              // one word at most N edits away: insert, delete, replace, swap neighbours
)

// Value holds where a field of a closed or exact kind has the value, folded:
// Has, Type, Ext, MsgID, Thread, SHA256, In, Lang, Is.
type Value struct {
	Field Field
	Value string
}

// Numbers holds where a number (No, Batch) lies in the closed range; 0 is an
// open end.
type Numbers struct {
	Field    Field
	From, To int
}

// Dates holds where a date (Date, Published) lies in [From, To); a zero time
// is an open end. Undated items never match.
type Dates struct {
	Field    Field
	From, To time.Time
}

func (And) isNode()      {}
func (Or) isNode()       {}
func (Not) isNode()      {}
func (*Text) isNode()    {}
func (*Value) isNode()   {}
func (*Numbers) isNode() {}
func (*Dates) isNode()   {}

// Field is the name of a field as the canonical query writes it.
type Field string

// The fields (query-language.md, section 2). Any is a bare word's: subject,
// text, names and addresses, names and texts of files.
const (
	Any       Field = ""
	From      Field = "from"
	To        Field = "to" // To, Cc and Bcc
	Cc        Field = "cc"
	Bcc       Field = "bcc"
	With      Field = "with" // From, To, Cc and Bcc
	Person    Field = "person"
	Subject   Field = "subject"
	Body      Field = "body"
	Own       Field = "own"    // lines of the body not beginning with '>'
	Quoted    Field = "quoted" // the others
	Filename  Field = "filename"
	Date      Field = "date"
	Published Field = "published"
	Has       Field = "has"
	Type      Field = "type"
	Ext       Field = "ext"
	No        Field = "no"
	MsgID     Field = "msgid"
	Thread    Field = "thread"
	SHA256    Field = "sha256"
	In        Field = "in"
	Batch     Field = "batch"
	Lang      Field = "lang"
	Is        Field = "is"
)

// Note is a remark about how a query was read. Code and Args are for
// translation, Text is the English sentence made of them.
type Note struct {
	Code  string // a stable word: "unknown-field", "read-as-word", ...
	Args  []string
	Text  string
	Query string // another query the reader may have meant, or empty
}

// SyntaxError says why and where a query was refused.
type SyntaxError struct {
	Code   string // a stable word: "open-quote", "short-prefix", ...
	Args   []string
	Text   string // one English sentence
	Offset int    // of the place, in bytes of the query
	Length int    // of the place, in bytes; may be 0 at the end
	Column int    // of the place, in characters, from 1
}

// Error returns the sentence.
func (e *SyntaxError) Error() string { return fmt.Sprintf("query: %s", e.Text) }
