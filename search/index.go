package search

import (
	"context"
	"errors"
	"time"

	"unseal/trove"
)

// Index answers queries over a fixed set of documents. All methods are safe
// for concurrent use.
type Index interface {
	// Search answers r. When ctx's deadline passes, the answer so far comes
	// back with Partial set and no error; when ctx is cancelled, its error.
	// ErrCursor is returned for a cursor that is not of this query and sort.
	Search(ctx context.Context, r Request) (*Result, error)
	// Text returns the whole body text of an item as it was indexed, or
	// ErrNotFound.
	Text(ctx context.Context, coll trove.CollectionName, number int) (string, error)
	// Suggest returns up to n words of the index that are one or two edits away
	// from a folded word: the nearest first, then those in most items. A word
	// that the index has needs none and gets none.
	Suggest(ctx context.Context, word string, n int) ([]string, error)
	// Close frees what the index holds; calls under way must have ended.
	Close() error
}

// ErrNotFound says that the index holds no such item.
var ErrNotFound = errors.New("not in the index")

// ErrCursor says that a cursor was not made by this index for this query and
// sort: show the first page instead.
var ErrCursor = errors.New("cursor does not belong to this query")

// Sort is an order of hits. Ties are broken by collection, then by number:
// greater numbers first with Newest, else smaller ones.
type Sort string

// The orders. Undated items come last both ways.
const (
	Newest    Sort = "newest" // the zero value reads as this
	Oldest    Sort = "oldest"
	Relevance Sort = "relevance" // BM25 over the index as a whole
	Number    Sort = "number"    // by collection, then number
)

// Limits of a request; greater values are cut to these.
const (
	MaxLimit    = 10_000
	MaxSnippets = 10
)

// Request is one question to an [Index].
type Request struct {
	Query      *Query // nil or empty finds every item
	Sort       Sort
	Limit      int      // hits wanted; 0 for counts alone
	Cursor     string   // Result.Next of the page before
	Facets     []string // which to count, of the Facet constants
	FacetSize  int      // values per facet; 0 means all
	Snippets   int      // at most per hit, and the subject besides where something in it matched
	FoldCopies bool     // show and count one of each set of copies: the first of them that is a hit

	// FoldThreads shows and counts one hit of each thread of a collection: the
	// first in the order asked for, by relevance the newest. Copies fold first.
	FoldThreads bool
}

// The facets an index counts.
const (
	FacetType         = "type"
	FacetPerson       = "person" // by From
	FacetBatch        = "batch"
	FacetVerification = "verification"
	FacetLanguage     = "language"
	FacetHas          = "has"
	FacetCollection   = "collection"
	FacetOwner        = "owner"
	FacetYear         = "year" // fills Result.Years
)

// Result is the answer to a [Request].
type Result struct {
	Total   int  // all hits, exact unless Partial
	Partial bool // stopped at the deadline: everything counts what was found so far
	Hits    []Hit
	Facets  map[string]Facet // by name; a facet that could not be counted in time is absent
	Years   []YearCount      // by year, oldest first, undated (0) last
	Next    string           // cursor of the next page; empty on the last
	Notes   []Note           // the query's notes and the index's own
	Also    []Also           // what was searched besides: for each word that has other spellings here

	Near      []Hit // of AddNear, which alone fills it: hits of the nearest query that are not in Hits
	NearTotal int   // how many there are of those, shown or not
}

// MaxAlso is how many spellings of a word an answer names; all of them were
// searched.
const MaxAlso = 12

// Also is a word of the query and the other spellings of it that were searched:
// inflected forms, and names in other scripts. Query.Exact turns them off.
type Also struct {
	Word      string   `json:"word"`      // folded
	Spellings []string `json:"spellings"` // that the index has, folded, in most items first
}

// Facet is how the hits fall into the values of one kind.
type Facet struct {
	Values   []FacetValue // most hits first, then by value
	Distinct int          // how many values have hits, shown or not
}

// FacetValue is one value of a facet and its number of hits.
type FacetValue struct {
	Value  string // as in the clause: "mail", "23", "mary@example.org"
	Label  string // for people where it differs: a person's name; else empty
	Clause string // canonical clause to add with Query.With; empty where the grammar has none
	Count  int
}

// YearCount is how many hits are dated in a year (UTC); year 0 counts the undated.
type YearCount struct {
	Year  int
	Count int
}

// Hit is one found item: all that a result row shows.
type Hit struct {
	Collection trove.CollectionName
	Number     int
	Batch      int
	Edition    int
	Kind       trove.Kind
	Subject    string
	From       string    // for display: the first sender's name, else the address
	To         string    // for display: the first receiver
	Receivers  int       // in To, Cc and Bcc together
	Date       time.Time // UTC; zero means undated
	Files      int
	Verdict    trove.Verdict
	Thread     string
	CopyOf     int
	Copies     int // further hits of its set folded under it (Request.FoldCopies)
	Answers    int // further hits of its thread folded under it (Request.FoldThreads)
	Size       int64
	Lang       string
	Mass       bool
	Score      float64 // with sort by relevance
	Snippets   []Snippet
}

// Snippet is a piece of a hit's text around what matched.
type Snippet struct {
	Field Field  // Subject, Body or Filename (in a file or its name)
	File  int    // 1-based position of the file in Doc.Files, with Field Filename
	Name  string // its name
	Spans []Span // one after another they are the piece
	Head  bool   // the piece begins where the text begins
	Tail  bool   // the piece ends where the text ends
}

// Span is a run of text, marked if it matched.
type Span struct {
	Text string
	Mark bool
}
