package report

import (
	"strings"
	"time"

	"unseal/thread"
	"unseal/trove"
)

// Input is what a report is made from, wherever it comes from.
type Input struct {
	Collection  trove.CollectionName
	Title       string
	Desk        bool      // for the desk only: it says what is not public
	Now         time.Time // of the report; a promise is due by it or not
	Log         Log
	Promise     Promise
	Commitments []Commitment // by number
	Batches     []Batch      // editions, the first of each batch first
	Items       []Item       // those with a number by number, then the others
}

// Log says of which state of the log a report over an archive is.
type Log struct {
	Origin string
	Size   int64
	Root   trove.Digest
}

// Promise is what was announced of a collection.
type Promise struct {
	Total      int // 0 for none
	By, Source string
}

// Commitment fixes the numbers First to First+Count-1. All but the first are
// supplements.
type Commitment struct {
	K, First, Count int
	Time            time.Time
	Root            trove.Digest
}

// Batch is an edition of a batch that is out.
type Batch struct {
	Number, Edition, Items int
	Published              time.Time // as the publisher states it
}

// Item is what the reports need of an item. Of an archive's number that is not
// published only Number, State and Reason are known.
type Item struct {
	Number int // 0 before the commit
	State  trove.State
	Reason string
	Known  bool // the fields below are, as far as the item has them

	Kind       trove.Kind
	Date       time.Time // by which items are in order; zero for none
	Batch      int       // 0 in none
	Owners     []string  // of the mailboxes where it was found, the first first: on a desk one a place, on an archive each once
	Places     int       // where it was found; at least 1
	Copy       bool      // the same message as an earlier item, in other bytes
	Sender     string    // address of From
	Thread     string    // its name, empty for none
	Message    thread.Message
	Verdict    trove.Verdict
	Signatures []trove.Signature
	Unreadable string // why
}

// owner is that of the mailbox of the k-th place, from 0; empty if not stated.
func (it *Item) owner(k int) string {
	if k >= len(it.Owners) {
		return ""
	}
	return it.Owners[k]
}

// domain is that of the sender's address, in small letters; empty for none.
func (it *Item) domain() string {
	at := strings.LastIndexByte(it.Sender, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(strings.Trim(it.Sender[at+1:], " ."))
}

// hidden reports whether the item's people must not be named.
func (it *Item) hidden() bool {
	return it.State == trove.Withheld || it.State == trove.Tombstone || it.State == trove.Excluded
}
