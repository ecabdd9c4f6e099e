package compare

import "unseal/reading"

// choose leaves, of an item that holds several conversations, the one that
// shares most texts with the other item.
func (c *comparison) choose(a, b *reading.Chain, r *Report) {
	c.a = chosen(a, c.a, c.b, &r.OutsideA)
	c.b = chosen(b, c.b, c.a, &r.OutsideB)
}

func chosen(c *reading.Chain, list, other []*line, outside *int) []*line {
	if len(c.Conversations) < 2 {
		return list
	}
	texts := map[string]bool{}
	for _, l := range other {
		texts[l.long()] = true
	}
	delete(texts, "")
	best, from, to := 0, 0, 0
	at := 0
	for _, conversation := range c.Conversations {
		begin, shared := at, 0
		for ; at < len(list) && list[at].n <= conversation.Last; at++ {
			if texts[list[at].long()] {
				shared++
			}
		}
		if shared > best {
			best, from, to = shared, begin, at
		}
	}
	*outside += len(list) - (to - from)
	return list[from:to]
}
