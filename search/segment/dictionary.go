package segment

import (
	"errors"
	"sync"
	"sync/atomic"
)

// dictionary is the words of all segments in one, in memory: looking for what
// is spelled like a word costs as much in 500 small dictionaries as 500 times
// in a large one. It is made aside when it is first asked for; until then, and
// if that fails, the segments' own serve. It takes about 8 bytes a word.
type dictionary struct {
	once  sync.Once
	ready atomic.Pointer[Segment]
	stop  atomic.Bool
	made  sync.WaitGroup
}

// joinFrom is how many segments make joining worth while.
const joinFrom = 4

// dictionaries are where words are looked for: the joined dictionary, else
// those of all segments.
func (ix *Index) dictionaries() []*Segment {
	if len(ix.segs) < joinFrom {
		return ix.segs
	}
	ix.words.once.Do(func() {
		ix.words.made.Add(1)
		go ix.joinWords()
	})
	if d := ix.words.ready.Load(); d != nil {
		return []*Segment{d}
	}
	return ix.segs
}

// end stops the making of the dictionary; nothing of the segments is read any more.
func (d *dictionary) end() {
	d.stop.Store(true)
	d.once.Do(func() {})
	d.made.Wait()
}

var errStopped = errors.New("stopped")

// joinWords makes the dictionary.
func (ix *Index) joinWords() {
	defer ix.words.made.Done()
	var d dictWriter
	docs := 0
	for _, s := range ix.segs {
		docs += s.docs
	}
	err := eachTerm(ix.segs, func(term []byte, parts []listPart) error {
		if term[0] >= termMsgID || ix.words.stop.Load() {
			return errStopped
		}
		df := 0
		for _, p := range parts {
			df += p.ref.df
		}
		d.add(term, listRef{df: df})
		return nil
	})
	if (err == nil || errors.Is(err, errStopped)) && !ix.words.stop.Load() {
		if s, err := joinedSegment(&d, docs); err == nil {
			ix.words.ready.Store(s)
		}
	}
}

// joinedSegment is a segment that is a dictionary and nothing else.
func joinedSegment(d *dictWriter, docs int) (*Segment, error) {
	size := len(d.pages)
	b := Bytes(append(d.pages, make([]byte, slack)...))
	s := &Segment{meta: meta{docs: docs}, joined: true, r: b, view: b.View, end: int64(len(b))}
	s.sec[secTerms] = extent{0, int64(size)}
	s.seen = make([]atomic.Uint32, len(b)/pageSize/32+1)
	for i := range s.seen {
		s.seen[i].Store(^uint32(0))
	}
	var err error
	s.pages, err = readPages(d.index.b, int64(size), 0)
	return s, err
}
