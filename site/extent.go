package site

import (
	"encoding/json"
	"slices"
	"sync"

	"unseal/reading"
	"unseal/trove"
)

// extent is how long an item is, and what its file is called: what a list says
// of items that are no mails, and no index knows.
type extent struct {
	Seconds float64 `json:"seconds,omitempty"`
	Pages   int     `json:"pages,omitempty"`
	Name    string  `json:"name,omitempty"`
}

// extents remembers them, since an open archive does not change. It is safe for
// concurrent use.
type extents struct {
	mu    sync.Mutex
	known map[trove.Name]extent // guarded by mu
}

// What is kept, and what is read for a list.
const (
	extentsMost   = 20_000
	extentReading = 256 << 10 // bytes of a reading; longer ones are left to the item's page
)

// extents fills in how long the items of a list are that are no mails, and what
// they are called. What cannot be read is left out: the item's page says why.
func (s *site) extents(rows []row) {
	for i := range rows {
		r := &rows[i]
		if c := s.byName[r.Collection]; c != nil && r.State == trove.Published && r.Kind != trove.Mail && r.Kind != "" {
			r.extent = s.extent(c, r.Number)
		}
	}
}

func (s *site) extent(c *collection, n int) extent {
	name := trove.Name{Collection: c.Name, Number: n}
	s.long.mu.Lock()
	e, ok := s.long.known[name]
	s.long.mu.Unlock()
	if ok {
		return e
	}
	e = c.extent(n)
	s.long.mu.Lock()
	defer s.long.mu.Unlock()
	if s.long.known == nil || len(s.long.known) >= extentsMost {
		s.long.known = map[trove.Name]extent{}
	}
	s.long.known[name] = e
	return e
}

// extent reads how long number n is.
func (c *collection) extent(n int) (e extent) {
	it, err := c.src.Item(n)
	if err != nil {
		return extent{}
	}
	if self := selfOf(&it.Record.Record, it.Row.Size); self >= 0 {
		e.Name = it.Record.Files()[self].Name
	}
	if k := it.Record.Kind; k != trove.Voice && k != trove.Doc {
		return e
	}
	for _, m := range it.Record.Made {
		if m.Name != reading.Name || m.Size > extentReading {
			continue
		}
		var r struct {
			Sound *struct{ Seconds float64 }
			Pages []struct{}
		}
		if b, err := c.src.Made(n, m.Name); err != nil || json.Unmarshal(b, &r) != nil {
			return e
		}
		e.Pages = len(r.Pages)
		if r.Sound != nil {
			e.Seconds = instant(r.Sound.Seconds)
		}
	}
	return e
}

// selfOf is the place, among the files of an item that is no mail, of the one
// that the item itself is; -1 where there is none.
func selfOf(rec *trove.Record, size int64) int {
	if rec.Kind == trove.Mail {
		return -1
	}
	return slices.IndexFunc(rec.Files(), func(p trove.Part) bool { return p.Offset == 0 && p.Length == size && p.Encoding == "" })
}

// self is the place in its files of the one that the item is, or -1.
func (it *item) self() int { return selfOf(&it.rec.Record, it.row.Size) }
