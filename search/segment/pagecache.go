package segment

import "sync"

// pageCache holds the last pages read from a file that cannot be seen in place:
// hits, words and lists that lie side by side cost one read.
type pageCache struct {
	mu    sync.Mutex
	pages map[int64][]byte
	order []int64 // of reading
}

// maxCached is how many pages are held: 16 MB.
const maxCached = 4096

// bytes returns bytes [off, off+n) of the file from the cache. What is missing
// is read in as few pieces as it lies in, and checked.
func (c *pageCache) bytes(s *Segment, off, n int64) ([]byte, error) {
	first, last := off/pageSize, (off+n+pageSize-1)/pageSize
	out := make([]byte, (last-first)*pageSize)
	for p := first; p < last; {
		if c.copy(out[(p-first)*pageSize:], p) {
			p++
			continue
		}
		end := p + 1
		for end < last && !c.has(end) {
			end++
		}
		part := out[(p-first)*pageSize : min((end-first)*pageSize, s.end-first*pageSize)]
		if err := s.fill(part, p*pageSize); err != nil {
			return nil, err
		}
		if err := c.add(s, part, p, end); err != nil {
			return nil, err
		}
		p = end
	}
	return out[off-first*pageSize:][:n:n], nil
}

func (c *pageCache) has(p int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pages[p] != nil
}

func (c *pageCache) copy(dst []byte, p int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return copy(dst, c.pages[p]) > 0
}

// add checks pages [from, to) and keeps copies of them.
func (c *pageCache) add(s *Segment, b []byte, from, to int64) error {
	for p := from; p < to; p++ {
		at := (p - from) * pageSize
		page := b[at:min(at+pageSize, int64(len(b)))]
		if err := s.check(p, page); err != nil {
			return err
		}
		c.keep(p, append([]byte(nil), page...))
	}
	return nil
}

func (c *pageCache) keep(p int64, page []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pages == nil {
		c.pages = map[int64][]byte{}
	}
	if c.pages[p] == nil {
		c.order = append(c.order, p)
	}
	c.pages[p] = page
	for len(c.order) > maxCached {
		delete(c.pages, c.order[0])
		c.order = c.order[1:]
	}
}
