// Package search is what the house knows of searching: the query language
// ([Parse], [Query]), the one analysis chain that folds text and queries alike
// ([Scanner]), and the contract of an index ([Index]) with what it is asked
// ([Request]) and answers ([Result]).
//
// The one invariant: a query means the same everywhere. Desk, archive, web and
// command line parse with [Parse], and every index answers with the hit sets
// that package searchtest's oracle finds by reading each text.
//
// The package holds no index itself; the embedded one is search/segment.
package search

import (
	"time"

	"unseal/trove"
)

// Doc is an item as an index learns it. Strings are UTF-8; what is not is read
// as U+FFFD.
type Doc struct {
	Collection trove.CollectionName
	Number     int // in its collection, from 1
	Batch      int // from 1; 0 while unpublished
	Edition    int // from 1; of two editions of a number an index shows the later
	Kind       trove.Kind
	Date       time.Time // the item's own date; zero means undated. Whole seconds count.
	Published  time.Time // zero means not published
	Subject    string
	From       []trove.Address
	To         []trove.Address
	Cc         []trove.Address
	Bcc        []trove.Address
	Body       string // lines end in '\n'; a line beginning with '>' is quoted text
	Files      []File
	Made       []string // kinds of texts made of it that has: finds: transcript, translation
	MessageID  string   // without angle brackets
	Thread     string   // the thread's public name, see trove.ThreadID
	Lang       string   // BCP 47
	Owner      string   // of the mailbox
	Verdict    trove.Verdict
	SHA256     trove.Digest // of the bytes shown
	Size       int64        // of the bytes shown
	Mass       bool
	CopyOf     int         // the first item of its set of copies; 0 for that one and for items without copies
	State      trove.State // trove.Tombstone answers to is:withdrawn; else unused
}

// File is a file in an item.
type File struct {
	Name   string
	Type   string // media type
	Text   string // as extracted; may be empty
	SHA256 trove.Digest
}
