package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"unseal/search"
)

// question is one of queries.json.
type question struct {
	Class string `json:"cls"`
	Text  string `json:"q"`

	asked *search.Query // as readers ask it, other spellings included
	exact *search.Query // the words as written, as the peers find them
}

// The classes of queries.json that ask for something besides the best ten.
const (
	classFacets = "facets"
	classNewest = "newest 10"
	classDeep   = "hits 10,000 on"
)

// deep is how far into the hits the class of that name begins.
const deep = 10_000

// variant is how a question is asked.
type variant int

const (
	ranked  variant = iota // ten hits and the number of all
	faceted                // and how all hits fall to collection, year and sender
	page                   // as the results page asks: twenty hits, snippets, all facets; ours only
	exact                  // ranked, without other spellings; ours only
)

// facetTop is how many values of a facet are asked for.
const facetTop = 20

// errNoOperator says that an engine has no such operator.
var errNoOperator = errors.New("no such operator")

// engine is a search engine that is measured.
type engine interface {
	name() string
	// build makes the index of documents in a folder of its own.
	build(dir string, docs iter.Seq2[*search.Doc, error]) error
	// open opens what build made.
	open(dir string) (index, error)
}

// index is an open index. Close it.
type index interface {
	io.Closer
	// prepare returns a function that answers a question and tells the number
	// of all hits; it is safe for concurrent use. What needs no repetition is
	// done here. errNoOperator where the engine cannot.
	prepare(q *question, how variant) (func() (total int, err error), error)
	// numbers returns the numbers of all documents that hold the words of a
	// question as they are written.
	numbers(q *question) ([]int, error)
}

// engineNames are the engines that child processes know.
var engineNames = map[string]func(workers, perBatch int) engine{
	"unseal":      func(workers, perBatch int) engine { return segments{workers, perBatch} },
	"bleve":       func(int, int) engine { return bleveEngine{} },
	"SQLite FTS5": func(int, int) engine { return ftsEngine{} },
}

func (b *bench) readQueries() error {
	data, err := os.ReadFile(filepath.Join(b.shared, "queries.json"))
	if err != nil {
		return err
	}
	var list struct{ Queries []question }
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("queries.json: %w", err)
	}
	for i := range list.Queries {
		if err := list.Queries[i].parse(); err != nil {
			return fmt.Errorf("queries.json: %w", err)
		}
	}
	b.queries = list.Queries
	return nil
}

func (q *question) parse() (err error) {
	if q.asked, err = search.Parse(q.Text); err == nil {
		q.exact, err = search.Parse(q.Text + " also:no")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", q.Text, err)
	}
	return nil
}

// classes are the classes of the queries, in their order.
func (b *bench) classes() (list []string) {
	for i, q := range b.queries {
		if i == 0 || q.Class != b.queries[i-1].Class {
			list = append(list, q.Class)
		}
	}
	return list
}

// indexDir is where an engine's index lies.
func (b *bench) indexDir(e engine) string { return filepath.Join(b.dir, "index-"+e.name()) }
