package site

import (
	"encoding/json"
	"sync"

	"unseal/reading"
	"unseal/trove"
)

// extent is how long an item is: what a list says of recordings and documents.
type extent struct {
	Seconds float64 `json:"seconds,omitempty"`
	Pages   int     `json:"pages,omitempty"`
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

// extents fills in how long the recordings and documents of a list are. What
// cannot be read is left out: the item's page says why.
func (s *site) extents(rows []row) {
	for i := range rows {
		r := &rows[i]
		if c := s.byName[r.Collection]; c != nil && r.State == trove.Published && (r.Kind == trove.Voice || r.Kind == trove.Doc) {
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
func (c *collection) extent(n int) extent {
	it, err := c.src.Item(n)
	if err != nil {
		return extent{}
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
			return extent{}
		}
		e := extent{Pages: len(r.Pages)}
		if r.Sound != nil {
			e.Seconds = instant(r.Sound.Seconds)
		}
		return e
	}
	return extent{}
}
