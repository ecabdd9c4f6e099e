package segment

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"unseal/search"
)

// eval returns the documents of segment i that a clause holds for, none
// outside within. The result may be changed; within may not.
func (p *plan) eval(ctx context.Context, c *clause, i int, within bitset) (bitset, error) {
	s := p.ix.segs[i]
	switch n := c.node.(type) {
	case search.And:
		return p.evalAnd(ctx, c, i, within)
	case search.Or:
		out := p.slab.new(s.docs)
		for _, k := range c.kids {
			set, err := p.eval(ctx, k, i, within)
			if err != nil {
				return nil, err
			}
			for w := range out {
				out[w] |= set[w]
			}
		}
		return out, nil
	case search.Not:
		set, err := p.eval(ctx, c.kids[0], i, within)
		if err != nil {
			return nil, err
		}
		out := p.slab.new(s.docs)
		for w := range out {
			out[w] = within[w] &^ set[w]
		}
		return out, nil
	case *search.Text:
		out, err := p.evalText(ctx, c, n, i, within)
		if c.found != nil {
			c.found[i] = out
		}
		return out, err
	case *search.Value:
		return p.evalValue(n, i, within)
	case *search.Numbers:
		return p.evalNumbers(n, i, within), nil
	case *search.Dates:
		return p.evalDates(n, s, within), nil
	}
	return p.slab.new(s.docs), nil
}

// evalAnd narrows down by the rarest clause first and takes away last.
func (p *plan) evalAnd(ctx context.Context, c *clause, i int, within bitset) (bitset, error) {
	set := within
	for _, k := range p.order(c) {
		var err error
		if set, err = p.eval(ctx, k, i, set); err != nil {
			return nil, err
		}
		if set.empty() {
			// Clauses not looked at find nothing here either.
			break
		}
	}
	return set, nil
}

func (p *plan) order(c *clause) []*clause {
	rank := func(k *clause) int {
		if _, not := k.node.(search.Not); not {
			return 2 * p.ix.docs
		}
		return k.cost
	}
	if !slices.IsSortedFunc(c.kids, func(a, b *clause) int { return rank(a) - rank(b) }) {
		slices.SortStableFunc(c.kids, func(a, b *clause) int { return rank(a) - rank(b) })
	}
	return c.kids
}

// evalText finds the documents that hold every word, then those where the
// words stand as wanted.
func (p *plan) evalText(ctx context.Context, c *clause, t *search.Text, i int, within bitset) (bitset, error) {
	if c.kept == nil {
		out, err := p.evalWords(ctx, c, t, i, within)
		if c.keep != nil && err == nil {
			c.keep[i] = out
		}
		return out, err
	}
	out := p.slab.new(p.ix.segs[i].docs)
	for w := range out {
		out[w] = c.kept[i][w] & within[w]
	}
	return out, nil
}

// evalWords is evalText without what earlier searches found.
func (p *plan) evalWords(ctx context.Context, c *clause, t *search.Text, i int, within bitset) (bitset, error) {
	s := p.ix.segs[i]
	set := within
	for _, slot := range c.slots {
		next := p.slab.new(s.docs)
		for n, ref := range slot.docs[i] {
			if n%checkLists == checkLists-1 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err := p.cur.open(s, ref, c.isWord()); err != nil {
				return nil, err
			}
			if err := p.cur.addWithin(next, set); err != nil {
				return nil, err
			}
		}
		set = next
	}
	if !c.places || set.empty() {
		return set, nil
	}
	if len(c.slots) == 1 {
		return p.inZone(ctx, c, i, set)
	}
	return set, p.inOrder(ctx, c, t, i, set)
}

// isWord reports whether the clause's terms are words with places.
func (c *clause) isWord() bool {
	t, ok := c.node.(*search.Text)
	return ok && kindsOf[t.Field][0] == termWord
}

// record reads what stands where in a document: its zones, and the result row
// behind them.
func (s *Segment) record(doc int) (zones, row []byte, err error) {
	from, to := s.cols[colRecord].at(doc), s.cols[colRecord].at(doc+1)
	b, err := s.read(secDocs, from, to-from)
	if err != nil {
		return nil, nil, err
	}
	n, b := uvarint(b)
	if b == nil || n > uint64(len(b)) {
		return nil, nil, ErrDamaged
	}
	return b[:n], b[n:], nil
}

// checkEvery is how many documents are decided by places between two looks at
// the clock.
const checkEvery = 256

// checkLists is how many lists are read between two looks at the clock.
const checkLists = 16

// inZone keeps the documents in which one of the words stands in the zones.
func (p *plan) inZone(ctx context.Context, c *clause, i int, set bitset) (bitset, error) {
	s := p.ix.segs[i]
	out := p.slab.new(s.docs)
	var r placeReader
	looked := 0
	for _, ref := range c.slots[0].words[i] {
		if err := r.open(s, ref); err != nil {
			return nil, err
		}
		for d := set.next(0); d >= 0; d = set.next(d + 1) {
			if out.has(d) {
				continue
			}
			if looked++; looked%checkEvery == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			places, err := r.places(uint32(d))
			if err != nil {
				return nil, err
			}
			if len(places) == 0 {
				continue
			}
			zones, _, err := s.record(d)
			if err != nil {
				return nil, err
			}
			ok, err := anyIn(places, zones, c.zones)
			if err != nil {
				return nil, err
			}
			if ok {
				out.set(d)
			}
		}
	}
	return out, nil
}

// anyIn reports whether one of the places lies in a wanted zone.
func anyIn(places []uint32, zones []byte, want uint16) (found bool, err error) {
	err = stretches(zones, func(z zone, from, to uint32) bool {
		for len(places) > 0 && places[0] < from {
			places = places[1:]
		}
		found = want&(1<<z) != 0 && len(places) > 0 && places[0] < to
		return !found && len(places) > 0
	})
	return found, err
}

// inOrder drops the documents in which the words do not stand as wanted.
func (p *plan) inOrder(ctx context.Context, c *clause, t *search.Text, i int, set bitset) error {
	s := p.ix.segs[i]
	readers := make([]placeReader, len(c.slots))
	for j := range readers {
		var ref listRef
		if refs := c.slots[j].words[i]; len(refs) > 0 {
			ref = refs[0]
		}
		if err := readers[j].open(s, ref); err != nil {
			return err
		}
	}
	places := make([][]uint32, len(readers))
	looked := 0
	for d := set.next(0); d >= 0; d = set.next(d + 1) {
		if looked++; looked%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for j := range readers {
			var err error
			if places[j], err = readers[j].places(uint32(d)); err != nil {
				return err
			}
		}
		ok, err := p.standsIn(s, d, c, t, places)
		if err != nil {
			return err
		}
		if !ok {
			set.unset(d)
		}
	}
	return nil
}

// standsIn decides one document by the places of its words.
func (p *plan) standsIn(s *Segment, d int, c *clause, t *search.Text, places [][]uint32) (found bool, err error) {
	if t.Mode == search.Phrase {
		found = p.sideBySide(t.Words, places)
		if !found || c.zones == 0 {
			return found, nil
		}
		found = false
	}
	zones, _, err := s.record(d)
	if err != nil {
		return false, err
	}
	err = bounded(zones, c.zones, func(from, to uint32) bool {
		if t.Mode == search.Near {
			found = together(places, repeats(t.Words), t.N, from, to)
		} else {
			found = sideBySide(t.Words, places, from, to)
		}
		return !found
	})
	return found, err
}

// bounded calls fn for every stretch in which words may stand together: the
// wanted zones, or all of them; the body is one unless own and quoted text are
// told apart.
func bounded(zones []byte, want uint16, fn func(from, to uint32) bool) error {
	const whole = 1<<zoneOwn | 1<<zoneQuoted
	if want == 0 {
		want = ^uint16(0)
	}
	oneBody := want&whole == whole
	var from, to uint32
	open, stopped := false, false
	err := stretches(zones, func(z zone, a, b uint32) bool {
		if z.body() && oneBody {
			if !open {
				from, open = a, true
			}
			to = b
			return true
		}
		if open {
			open = false
			if stopped = !fn(from, to); stopped {
				return false
			}
		}
		if want&(1<<z) != 0 {
			stopped = !fn(a, b)
		}
		return !stopped
	})
	if err == nil && open && !stopped {
		fn(from, to)
	}
	return err
}

// placeBits are the places that sideBySide keeps as bits.
const placeBits = 1 << 16

// sideBySide is the function of this name for the whole of a document. Of two
// words that occur often the places of one are laid out as bits, as comparing
// them in order would be guessed wrong at every step.
func (p *plan) sideBySide(words []search.Word, places [][]uint32) bool {
	if len(words) != 2 {
		return sideBySide(words, places, 0, ^uint32(0))
	}
	a, b, gap := places[0], places[1], uint32(words[1].At-words[0].At)
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	if len(a)+len(b) < 8 || a[len(a)-1]+gap >= placeBits || b[len(b)-1] >= placeBits {
		return pairStands(a, b, gap, 0, ^uint32(0))
	}
	marks := &p.marks
	for _, at := range a {
		at += gap
		marks[at>>6%(placeBits/64)] |= 1 << (at & 63)
	}
	hit := uint64(0)
	for _, at := range b {
		hit |= marks[at>>6%(placeBits/64)] >> (at & 63)
	}
	for _, at := range a {
		marks[(at+gap)>>6%(placeBits/64)] = 0
	}
	return hit&1 != 0
}

// sideBySide reports whether the words stand at their places relative to each
// other, all within [from, to).
func sideBySide(words []search.Word, places [][]uint32, from, to uint32) bool {
	if len(words) == 2 {
		return pairStands(places[0], places[1], uint32(words[1].At-words[0].At), from, to)
	}
	var buf [8][]uint32
	rest := append(buf[:0], places...)
next:
	for _, at := range rest[0] {
		if at < from {
			continue
		}
		for j := 1; j < len(words); j++ {
			want := at + uint32(words[j].At-words[0].At)
			list := rest[j]
			for len(list) > 0 && list[0] < want {
				list = list[1:]
			}
			rest[j] = list
			if len(list) == 0 || list[0] >= to {
				return false
			}
			if list[0] != want {
				continue next
			}
		}
		return at < to
	}
	return false
}

// pairStands is sideBySide for two words.
func pairStands(a, b []uint32, gap, from, to uint32) bool {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch want := a[i] + gap; {
		case b[j] < want:
			j++
		case b[j] > want || a[i] < from:
			i++
		default:
			return b[j] < to
		}
	}
	return false
}

// together reports whether the words stand within [from, to) with at most n
// others among them; times[j] is how often word j is asked for, 0 where an
// earlier one is the same.
func together(places [][]uint32, times []int, n int, from, to uint32) bool {
	at := make([]int, len(places))
	for j := range places {
		for at[j] < len(places[j]) && places[j][at[j]] < from {
			at[j]++
		}
	}
	for {
		least, low, high := 0, ^uint32(0), uint32(0)
		for j, list := range places {
			if times[j] == 0 {
				continue
			}
			last := at[j] + times[j] - 1
			if last >= len(list) || list[last] >= to {
				return false
			}
			if v := list[at[j]]; v < low {
				low, least = v, j
			}
			high = max(high, list[last])
		}
		if int(high-low)-(len(places)-1) <= n {
			return true
		}
		at[least]++
	}
}

// repeats counts how often each word of a text occurs in it, at its first place.
func repeats(words []search.Word) []int {
	times := make([]int, len(words))
	for _, w := range words {
		times[slices.IndexFunc(words, func(o search.Word) bool { return o.Text == w.Text })]++
	}
	return times
}

// evalValue finds documents by an exact value.
func (p *plan) evalValue(v *search.Value, i int, within bitset) (bitset, error) {
	s := p.ix.segs[i]
	switch v.Field {
	case search.MsgID:
		ref, err := s.lookup(msgIDTerm(v.Value))
		return p.evalRefs(s, []listRef{ref}, within, err)
	case search.SHA256:
		refs, err := s.hashes(v.Value)
		return p.evalRefs(s, refs, within, err)
	case search.Is:
		return p.evalIs(v.Value, i, within), nil
	case search.Lang:
		return p.evalFacet(s, facetLang, within, func(have string) bool {
			return have == v.Value || strings.HasPrefix(have, v.Value) && have[len(v.Value)] == '-'
		}), nil
	}
	if f, ok := facetOf[v.Field]; ok {
		return p.evalFacetValue(s, f, within, v.Value), nil
	}
	return p.slab.new(s.docs), nil
}

// evalFacetValue finds the documents with one value, such as a thread, which
// most segments do not hold.
func (p *plan) evalFacetValue(s *Segment, id int, within bitset, value string) bitset {
	f := &s.facets[id]
	out := p.slab.new(s.docs)
	place := f.values.find(value)
	if place < 0 {
		return out
	}
	set := make([]bool, f.sets)
	for k := range set {
		f.each(k, func(v int) { set[k] = set[k] || v == place })
	}
	f.choose(out, within, set)
	return out
}

// choose adds the documents of within whose set of values is marked.
func (f *facet) choose(out, within bitset, set []bool) {
	if !slices.Contains(set, false) {
		copy(out, within)
		return
	}
	within.each(func(d int) {
		if k := f.set(d); k >= 0 && set[k] {
			out.set(d)
		}
	})
}

func (p *plan) evalRefs(s *Segment, refs []listRef, within bitset, err error) (bitset, error) {
	out := p.slab.new(s.docs)
	for _, ref := range refs {
		if err == nil {
			err = p.cur.open(s, ref, false)
		}
		if err == nil {
			err = p.cur.addWithin(out, within)
		}
	}
	return out, err
}

// hashes lists the terms of hashes that begin with hex digits.
func (s *Segment) hashes(v string) (refs []listRef, err error) {
	prefix, half := digestTerm(v)
	err = s.terms(prefix, func(r *termReader) []byte {
		if !hasPrefix(r.term, prefix) {
			return nil
		}
		if half < 0 || len(r.term) > len(prefix) && int(r.term[len(prefix)]>>4) == half {
			refs = append(refs, r.ref)
		}
		return r.term
	})
	return refs, err
}

func (p *plan) evalIs(v string, i int, within bitset) bitset {
	s := p.ix.segs[i]
	switch v {
	case "new":
		return p.evalNew(i, within)
	case "withdrawn":
		return p.evalFacet(s, facetState, within, func(have string) bool { return have == "tombstone" })
	}
	return p.evalFacet(s, facetVerdict, within, func(have string) bool { return have == v })
}

// evalNew finds the items of the newest batch of each collection.
func (p *plan) evalNew(i int, within bitset) bitset {
	s := p.ix.segs[i]
	out, all := p.slab.new(s.docs), p.ix.newest()
	within.each(func(d int) {
		newest := all[s.facets[facetCollection].first(d)]
		if newest > 0 && s.facets[facetBatch].first(d) == strconv.Itoa(newest) {
			out.set(d)
		}
	})
	return out
}

// evalFacet finds the documents with a value that fits.
func (p *plan) evalFacet(s *Segment, id int, within bitset, fits func(string) bool) bitset {
	f := &s.facets[id]
	value := make([]bool, f.values.count)
	some := false
	for v := range value {
		value[v] = fits(f.values.at(v))
		some = some || value[v]
	}
	out := p.slab.new(s.docs)
	if !some {
		return out
	}
	set := make([]bool, f.sets)
	for k := range set {
		f.each(k, func(v int) { set[k] = set[k] || value[v] })
	}
	f.choose(out, within, set)
	return out
}

// evalNumbers finds documents by item or batch number.
func (p *plan) evalNumbers(n *search.Numbers, i int, within bitset) bitset {
	s := p.ix.segs[i]
	in := func(v int) bool { return v >= n.From && (n.To == 0 || v <= n.To) && v > 0 }
	if n.Field == search.Batch {
		return p.evalFacet(s, facetBatch, within, func(have string) bool {
			v, err := strconv.Atoi(have)
			return err == nil && in(v)
		})
	}
	out := p.slab.new(s.docs)
	if s.docs == 0 || int64(n.From) > s.great || n.To > 0 && int64(n.To) < s.lowest {
		return out
	}
	within.each(func(d int) {
		if in(s.numberAt(d)) {
			out.set(d)
		}
	})
	return out
}

// evalDates finds documents by one of their dates.
func (p *plan) evalDates(n *search.Dates, s *Segment, within bitset) bitset {
	from, to := int64(-1<<62), int64(noDate)
	if !n.From.IsZero() {
		from = n.From.Unix()
	}
	if !n.To.IsZero() {
		to = min(to, ceil(n.To))
	}
	out := p.slab.new(s.docs)
	col := &s.cols[colPublished]
	if n.Field == search.Date {
		col = &s.cols[colDate]
		if from > s.last || to <= s.first {
			return out
		}
		if from <= s.first && to > s.last && s.dated == s.docs {
			copy(out, within)
			return out
		}
	}
	within.each(func(d int) {
		if v := col.at(d); v >= from && v < to {
			out.set(d)
		}
	})
	return out
}

// ceil is the first whole second not before t.
func ceil(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}
