// Package catalog is the desk's transactional record: collections, troves and
// the files in them as handed over, items and where they occur, threads,
// people, decisions, commitments and batches. It holds no exact bytes, only
// where they lie.
//
// The invariants, which every variant keeps and package catalogtest tests:
//
//   - Identical bytes in one collection are one item with several occurrences.
//   - A number, once given, never changes: numbers run from 1 without a gap, and
//     each belongs to exactly one commitment.
//   - An item is in at most one batch. A published one stays in it.
//   - Whatever leaves the collection again leaves a decision behind, and nothing
//     numbered ever leaves it.
//
// Every method that changes something is one transaction, durable on return,
// and may be repeated after a crash: the second time it finds its work done.
package catalog

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"unseal/trove"
)

var (
	// ErrNotFound says that there is no such thing; name another.
	ErrNotFound = errors.New("not in the catalog")
	// ErrConflict says that the catalog's state forbids the change, as when a
	// number is given twice; nothing was changed. Trying again does not help.
	ErrConflict = errors.New("the catalog refuses")
	// ErrLocked says that another process is using the catalog; try later.
	ErrLocked = errors.New("the catalog is locked by another process")
	// ErrNewer says that a newer program has made the catalog; use that one.
	ErrNewer = errors.New("the catalog was made by a newer version")
)

// Ids of rows. They are given by the catalog, never used again, and mean
// nothing outside of it. Zero is none.
type (
	ItemID  int64
	TroveID int64
	FileID  int64
)

// Secret is a collection's secret, from which every item's salts are made.
// Losing it ends provable publishing of what is not out; showing it opens
// withheld items to guessing. It prints as "secret".
type Secret [32]byte

// String hides the secret.
func (Secret) String() string { return "secret" }

// GoString hides the secret.
func (Secret) GoString() string { return "secret" }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("secret") }

// Collection is one public series of items.
type Collection struct {
	Name                       trove.CollectionName
	Title, Series, Description string
	Promised                   int    // how many items were announced, 0 if none
	PromisedBy                 string // the date of the announcement's word
	PromiseSource              string // where it was announced
	Secret                     Secret // given once; zero as long as there is none
	Created                    time.Time
}

// Trove is one delivery of material, known by collection, path and owner.
type Trove struct {
	ID         TroveID
	Collection trove.CollectionName
	Path       string // as given to ingest
	Owner      string // of the mailbox, where given
	Started    time.Time
	Ended      time.Time // of the last run that came to the end
	Done       bool      // some run came to the end
	Excluded   string    // why it was taken out; empty while it is in
}

// File is one file as handed over, whether items were found in it or not,
// known by trove, path and digest: other bytes under the same path are another
// file.
type File struct {
	ID       FileID
	Trove    TroveID
	Path     string // inside the trove, slash-separated
	SHA256   trove.Digest
	Size     int64
	Type     string          // what it was found to be: "mbox", "zip", "eml"; free for intake to choose
	Progress int64           // how far intake came, in intake's own count; never goes back
	Done     bool            // nothing of it is left to do; never goes back
	Warnings []trove.Warning // about the file as a container
}

// Span says where an item's exact bytes lie: in a blob, Length bytes from
// Offset, quoted under Rule.
type Span struct {
	Blob           trove.Digest
	Offset, Length int64
	Rule           trove.Rule
}

// TextRef says where an item's text lies in a blob that intake wrote; zero if
// it has none.
type TextRef struct {
	Blob           trove.Digest
	Offset, Length int64
}

// Opening is what the commitment says of an item besides its salted digest:
// its segment tree. Zero before commit.
type Opening struct {
	Root     trove.Digest
	Segments int
}

// Item is what a reader reads. Intake gives the first half, the desk's later
// steps the second.
type Item struct {
	ID         ItemID
	Collection trove.CollectionName
	SHA256     trove.Digest // of the exact bytes
	Size       int64        // of the exact bytes
	Span       Span
	Text       TextRef
	Kind       trove.Kind
	SortDate   time.Time    // decides the number; zero if undated, which sorts last
	MessageID  string       // as in the record
	Content    trove.Digest // as in the record: equal for copies of one message
	Files      bool         // a mail with files in it, which may be read
	Record     []byte       // JSON of the trove.Record as it stands

	State   trove.State
	Reason  string // code or words: why withheld or excluded
	Number  int    // 0 before commit
	Batch   int    // 0 if in none
	Edition int    // 0 before it is published
	Amended bool   // it is out, and not as it is to be shown from the next publish on
	Thread  string
	CopyOf  ItemID // the first of its set of copies; 0 if it is that one, or has none
	Opening Opening
}

// NewItem is an item as intake found it, with the places where it did. Of the
// desk's half only State counts: [trove.In] or [trove.Unreadable].
type NewItem struct {
	Item
	Occurrences []trove.Occurrence
}

// Chunk is a piece of work of intake on one file.
type Chunk struct {
	File  File // with the new Progress, Done and Warnings
	Items []NewItem
}

// Added counts what a call of AddChunks brought that was not there.
type Added struct {
	Items       int // new in the collection
	Occurrences int // new, those of new items included
}

// Query selects items of one collection; zero fields select all.
type Query struct {
	Collection trove.CollectionName
	ID         ItemID
	SHA256     trove.Digest
	From, To   int // numbers, both included; uncommitted items have none
	Batch      int
	States     []trove.State
	NoRecord   bool // leave Item.Record empty, which is much faster
}

// ThreadRow is what threading and the search for copies found of one item.
type ThreadRow struct {
	Item   ItemID
	Thread string
	CopyOf ItemID
}

// RecordRow is a new record of an item.
type RecordRow struct {
	Item   ItemID
	Record []byte // as Item.Record
}

// Person is one address and the names it was written with.
type Person struct {
	Address        string
	Names          []string // most frequent first
	Sent, Received int
}

// Author says who decided, and why.
type Author struct {
	Who, Why string
}

// Act is the kind of a decision.
type Act string

// The kinds of decisions.
const (
	ExcludedItem  Act = "item excluded"
	ExcludedTrove Act = "trove excluded"
	IncludedTrove Act = "trove included again"
	WithheldRange Act = "withheld"
	LiftedRange   Act = "withholding lifted"
	JudgedAgain   Act = "records judged again"
	RedactedItem  Act = "redacted"
	UnhiddenItem  Act = "redactions lifted"
	WithdrawnItem Act = "withdrawn"
)

// Decision is one line of the append-only log of what people decided.
type Decision struct {
	Time       time.Time
	Collection trove.CollectionName
	Act        Act
	Subject    string // the item's digest, the trove's path, or a range of numbers
	Author
}

// Commitment is the record of one commitment to numbers First … First+Count-1.
type Commitment struct {
	Collection trove.CollectionName
	K          int // 1, then supplements
	First      int
	Count      int
	Root       trove.Digest
	LogSize    int64 // entries in the log with this commitment's own
	Time       time.Time
}

// Numbered is the next number's item and its opening.
type Numbered struct {
	Item ItemID
	Opening
}

// BatchState says whether a batch is public.
type BatchState string

// The states of a batch.
const (
	Planned    BatchState = "planned"
	BatchIsOut BatchState = "published"
)

// Redaction hides places of an item from the next publish on.
type Redaction struct {
	Item   ItemID
	Reason string // a code, which readers see
	Spec   string // what is hidden, as release writes it
}

// Batch is a numbered set of items. Items, First and Last follow from the
// items that are in it, without tombstones; a planned batch may lose them all
// to withholding.
type Batch struct {
	Collection  trove.CollectionName
	Number      int
	State       BatchState
	Edition     int // the newest that is out; 0 while it is planned
	Amended     int // items that its newest edition does not show as they are to be shown
	Items       int
	First, Last int // lowest and highest number in it
	Published   time.Time
	Manifest    trove.Digest
	LogSize     int64 // entries in the log with this batch's own
}

// OutcomeState says what reading an item came to.
type OutcomeState string

// The states of outcomes.
const (
	ReadDone    OutcomeState = "done"
	ReadPartly  OutcomeState = "partly"  // something could not be had
	ReadFailed  OutcomeState = "failed"  // nothing could
	ReadWaiting OutcomeState = "waiting" // for something that may come: a server, an answer
)

// Made is a file made of an item, for readers. Its bytes are the blob of its
// digest.
type Made struct {
	Name   string
	Type   string // media type
	Size   int64
	SHA256 trove.Digest
}

// Outcome is what one stage of reading made of one item.
type Outcome struct {
	Item     ItemID
	Stage    string // see package reader; free for intake to choose
	State    OutcomeState
	Cause    string         // one sentence; empty only where all was done
	By       string         // the programs that made it
	Reading  TextRef        // JSON of the reading.Reading of this stage alone, one zstd frame
	Findings map[string]int // how many of each code it has
	Made     []Made         // by name
	Sum      trove.Digest   // over all that the stage gave: equal means that nothing is new; zero if it gave nothing
	Options  map[string]string
	Again    bool // it stands until it is done again
}

// Change is what a stage changes about its item.
type Change struct {
	Kind      trove.Kind
	Record    []byte
	Text      TextRef
	SortDate  time.Time
	MessageID string
}

// OutcomeRow is an outcome with the change of its item; nil leaves that as it is.
type OutcomeRow struct {
	Outcome
	Change *Change
}

// OutcomeQuery selects outcomes of items of one collection; zero fields select
// all. Those of excluded items are never selected.
type OutcomeQuery struct {
	Collection trove.CollectionName
	Items      []ItemID
	Stage      string
	Kinds      []trove.Kind
	States     []OutcomeState
}

// UnreadQuery selects items that a stage has not read.
type UnreadQuery struct {
	Collection trove.CollectionName
	Stage      string
	After      string       // another stage, which must have read the item, not without result; empty for none
	Kinds      []trove.Kind // of them, and of mails alone those with files in them
	Items      []ItemID     // empty for all
	From       ItemID       // those with greater ids
	Limit      int          // at most so many; 0 for all
}

// Place is where an item that is no mail was found.
type Place struct {
	Item  ItemID
	Trove TroveID
	Path  string // as in the occurrence
	Size  int64  // of the item's exact bytes
	// Hidden says that the item is not shown as it is (excluded, withheld,
	// withdrawn or redacted), or that it was found in a trove that is excluded.
	Hidden   bool
	Redacted bool // it is hidden, but only in part
}

// Unread is an item that a stage has not read.
type Unread struct {
	Item
	First   []byte            // the record as it was before any stage changed it
	Options map[string]string // the answers given for it
}

// OutcomeCount counts items by what a stage came to.
type OutcomeCount struct {
	Stage string
	Kind  trove.Kind
	State OutcomeState
	Items int
}

// Cause counts items by why a stage did not do all.
type Cause struct {
	Stage string
	Kind  trove.Kind
	State OutcomeState
	Cause string
	Items int
	First ItemID // one of them
}

// FindingCount counts findings of one code.
type FindingCount struct {
	Code            string
	Items, Findings int
}

// Catalog is the contract of the desk's record. One process writes at a time;
// in it, all methods may be called concurrently, and the functions handed in
// may call other methods. What they are handed is valid during the call only.
// An error of such a function ends the walk and comes back as it is.
type Catalog interface {
	Close() error

	// PutCollection makes a collection or changes what readers are told of it.
	// Created and Secret are kept once they are set; another Secret than the
	// one kept is a conflict.
	PutCollection(ctx context.Context, c Collection) error
	Collection(ctx context.Context, name trove.CollectionName) (Collection, error)
	// Collections lists all by name.
	Collections(ctx context.Context) ([]Collection, error)

	// BeginTrove finds the trove of that collection, path and owner, or adds
	// it. One that was excluded is in again, with its items, and a decision by
	// the author says so.
	BeginTrove(ctx context.Context, t Trove, by Author) (Trove, error)
	// EndTrove records that a run came to the end of the trove.
	EndTrove(ctx context.Context, id TroveID) error
	// Troves lists a collection's troves in order of their ids, excluded ones
	// too.
	Troves(ctx context.Context, c trove.CollectionName) ([]Trove, error)
	// BeginFiles finds or adds files of one trove and returns them in the same
	// order with ID, Progress, Done and Warnings as recorded.
	BeginFiles(ctx context.Context, t TroveID, files []File) ([]File, error)
	// Files walks the files of all troves that are not excluded, by trove and
	// path.
	Files(ctx context.Context, c trove.CollectionName, fn func(*File) error) error
	// AddChunks records items, occurrences and the progress of the files, which
	// BeginFiles gave. An item whose bytes are known gets its occurrences only;
	// an occurrence that is known is not doubled.
	AddChunks(ctx context.Context, chunks []Chunk) (Added, error)

	// Items walks the items selected: the numbered ones by number, then the
	// others by id.
	Items(ctx context.Context, q Query, fn func(*Item) error) error
	// Occurrences walks the occurrences of a collection, or of one item if id
	// is not 0, by item. Those in excluded troves are left out, unless
	// the item itself is excluded.
	Occurrences(ctx context.Context, c trove.CollectionName, id ItemID, fn func(ItemID, *trove.Occurrence) error) error
	// Count counts a collection's items by state.
	Count(ctx context.Context, c trove.CollectionName) (map[trove.State]int, error)

	// SetOutcomes records what reading items came to, in place of earlier
	// outcomes of the same items and stages; what it changes about the items is
	// recorded with it. SortDate changes only while an item has no number; a
	// numbered item of another kind is a conflict, and so is one that is
	// excluded or a tombstone. An item that is out is amended if the outcome's
	// Sum is another than before, none before being zero. The answers given for
	// the items stay.
	SetOutcomes(ctx context.Context, c trove.CollectionName, rows []OutcomeRow) error
	// Outcomes walks outcomes by item, then in order of their being recorded
	// first.
	Outcomes(ctx context.Context, q OutcomeQuery, fn func(*Outcome) error) error
	// Unread walks the items, with their records, that have no outcome of the
	// stage, one that waits or one that is to be done again, by id. Excluded
	// items and tombstones are left out.
	Unread(ctx context.Context, q UnreadQuery, fn func(*Unread) error) error
	// Places walks where items that are no mails were found, or those given if
	// there are any, by item.
	Places(ctx context.Context, c trove.CollectionName, items []ItemID, fn func(*Place) error) error
	// CountUnread counts them by kind, without From and Limit.
	CountUnread(ctx context.Context, q UnreadQuery) (map[trove.Kind]int, error)
	// Again marks outcomes to be done again and counts them; options are added
	// to the answers given for their items.
	Again(ctx context.Context, q OutcomeQuery, options map[string]string) (int, error)
	// CountOutcomes counts by stage, kind and state, without what is done and
	// gave nothing.
	CountOutcomes(ctx context.Context, c trove.CollectionName) ([]OutcomeCount, error)
	// Causes groups what is not done by its cause, the most frequent first, at
	// most limit.
	Causes(ctx context.Context, c trove.CollectionName, limit int) ([]Cause, error)
	// CountFindings counts findings by code.
	CountFindings(ctx context.Context, c trove.CollectionName) ([]FindingCount, error)

	// SetThreads records threads and copies; rows that say nothing new cost
	// little. While it goes through the rows they may read, but change nothing.
	SetThreads(ctx context.Context, rows iter.Seq[ThreadRow]) error
	// ReplaceRecords replaces what intake found of items of one collection; if
	// one of them is published or a tombstone, it is a conflict. What the items
	// are known by (their bytes, kind, dates, ids) does not follow. One decision
	// says how many they were; rows that say nothing new do not count, and none
	// at all is no decision.
	ReplaceRecords(ctx context.Context, c trove.CollectionName, rows []RecordRow, by Author) error
	// SetPeople replaces the people of a collection.
	SetPeople(ctx context.Context, c trove.CollectionName, people []Person) error
	// People lists them by address.
	People(ctx context.Context, c trove.CollectionName) ([]Person, error)

	// ExcludeItems takes items out before they have a number, else it is a
	// conflict. Only a new exclusion is a decision.
	ExcludeItems(ctx context.Context, ids []ItemID, by Author) error
	// ExcludeTrove takes a trove out, with the items that occur in no other
	// one that is in; if such an item has a number, it is a conflict.
	ExcludeTrove(ctx context.Context, id TroveID, by Author) error
	// Decisions lists the log, oldest first.
	Decisions(ctx context.Context, c trove.CollectionName) ([]Decision, error)

	// Commit gives the items, in this order, the numbers from c.First. They
	// must be In or Unreadable, all of one collection, without numbers; c must
	// follow the last commitment. Repeated with equal K and Root it does
	// nothing.
	Commit(ctx context.Context, c Commitment, items []Numbered) error
	Commitments(ctx context.Context, c trove.CollectionName) ([]Commitment, error)

	// PlanBatches puts the committed items that are in no batch into new
	// batches of that many, in order of numbers, and returns the new ones.
	PlanBatches(ctx context.Context, c trove.CollectionName, every int) ([]Batch, error)
	// PlanBatch puts the committed items of a range that are in no batch into
	// one new batch; if there are none, it is a conflict.
	PlanBatch(ctx context.Context, c trove.CollectionName, from, to int) (Batch, error)
	// Batches lists all by number.
	Batches(ctx context.Context, c trove.CollectionName) ([]Batch, error)
	// MarkPublished records that b, named by Collection, Number and Edition, is
	// out with its Manifest, LogSize and Published: its items in edition 1, or,
	// if it is a later edition, the amended ones in their next. Repeated with the
	// same manifest it does nothing; another one of that edition is a conflict.
	MarkPublished(ctx context.Context, b Batch) error
	// Withhold keeps the numbers of a range back under a reason code and takes
	// them out of planned batches; an empty code lifts that again. If one of
	// them is published or a tombstone, or not given yet, it is a conflict. Only
	// a change is a decision.
	Withhold(ctx context.Context, c trove.CollectionName, from, to int, code string, by Author) error

	// Redact adds redactions to numbered items of one collection; those that
	// are out are amended. For a tombstone or an item without a number it is a
	// conflict. Only new ones are decisions, one for each item.
	Redact(ctx context.Context, c trove.CollectionName, rows []Redaction, by Author) error
	// LiftRedactions takes all redactions of a range of numbers away; those of
	// them that are out are amended. Only a change is a decision.
	LiftRedactions(ctx context.Context, c trove.CollectionName, from, to int, by Author) error
	// Redactions lists those of a collection, or of one item if id is not 0, by
	// item.
	Redactions(ctx context.Context, c trove.CollectionName, id ItemID) ([]Redaction, error)
	// Withdraw makes tombstones of a range of numbers that are all published,
	// else it is a conflict; their batches are amended. Numbers that are
	// tombstones already count as done.
	Withdraw(ctx context.Context, c trove.CollectionName, from, to int, code string, by Author) error

	// Check looks for damage and broken invariants and lists what it finds;
	// the error is about looking.
	Check(ctx context.Context) ([]string, error)
	// Backup writes a copy of the whole catalog, as of one moment, to a file
	// that must not exist; durable on return.
	Backup(ctx context.Context, path string) error
}

// errFound ends the walk of One.
var errFound = errors.New("found")

// One returns the first item that q selects; ErrNotFound if there is none.
func One(ctx context.Context, c Catalog, q Query) (Item, error) {
	var got Item
	err := c.Items(ctx, q, func(it *Item) error {
		got = *it
		got.Record = append([]byte(nil), it.Record...)
		return errFound
	})
	switch {
	case err == errFound:
		return got, nil
	case err == nil:
		err = ErrNotFound
	}
	return Item{}, err
}
