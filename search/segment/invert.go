package segment

import "slices"

// inverted is what the words and keys of a segment turn into.
type inverted struct {
	lists []byte
	dict  dictWriter

	docs    int
	lengths []byte
	wordList
	at []uint32
}

// invert turns documents of terms into terms of documents: it counts, then
// deals every occurrence out to its term.
func invert(b *builder) *inverted {
	inv := &inverted{docs: len(b.starts), lengths: b.lengths, lists: b.lists}
	ends := make([]uint32, len(b.words.items)+1) // where the occurrences of each word begin
	for _, t := range b.tokens {
		if t&placeMark == 0 {
			ends[t+1]++
		}
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	b.occs = slices.Grow(b.occs[:0], int(ends[len(ends)-1]))
	occs := b.occs[:ends[len(ends)-1]] // document, place
	for doc, start := range b.starts {
		end := len(b.tokens)
		if doc+1 < len(b.starts) {
			end = b.starts[doc+1]
		}
		place := uint32(0)
		for _, t := range b.tokens[start:end] {
			if t&placeMark != 0 {
				place = t &^ placeMark
				continue
			}
			occs[ends[t]] = uint64(doc)<<32 | uint64(place)
			ends[t]++
			place++
		}
	}
	term := []byte{termWord}
	for _, id := range b.words.sorted() {
		first := uint32(0)
		if id > 0 {
			first = ends[id-1] // dealing moved every beginning to the next one's
		}
		inv.word(append(term[:1], b.words.bytes(id)...), occs[first:ends[id]])
	}
	inv.keys(b)
	return inv
}

// word writes the list of one word from its occurrences in order.
func (inv *inverted) word(term []byte, occs []uint64) {
	if len(occs) == 1 {
		inv.dict.add(term, listRef{inline: true, doc: uint32(occs[0] >> 32), place: uint32(occs[0])})
		return
	}
	inv.wordList.reset()
	for i := 0; i < len(occs); {
		doc := uint32(occs[i] >> 32)
		inv.at = inv.at[:0]
		for ; i < len(occs) && uint32(occs[i]>>32) == doc; i++ {
			inv.at = append(inv.at, uint32(occs[i]))
		}
		inv.wordList.add(doc, inv.lengths[doc], inv.at)
	}
	var ref listRef
	inv.lists, ref = inv.wordList.append(inv.lists, inv.docs)
	inv.dict.add(term, ref)
}

// wordList collects the documents of one word and its places in them.
type wordList struct {
	list  []posting
	w     bitWriter // places
	sizes []int     // of the places of each block
	done  int       // bytes of places of the blocks before
}

func (l *wordList) reset() {
	l.list, l.sizes, l.done = l.list[:0], l.sizes[:0], 0
	l.w = bitWriter{b: l.w.b[:0]}
}

// add takes the next document, of a length code, and the word's places in it.
func (l *wordList) add(doc uint32, code byte, places []uint32) {
	if n := len(l.list); n > 0 && n%blockSize == 0 {
		l.closeBlock()
	}
	appendPlaces(&l.w, places, lengthOf(code))
	l.list = append(l.list, posting{doc: doc, tf: uint32(len(places)), code: code})
}

// closeBlock ends the places of a block at a whole byte.
func (l *wordList) closeBlock() {
	n := len(l.w.flush())
	l.sizes = append(l.sizes, n-l.done)
	l.done = n
}

// append writes the list to b: documents and counts, then places.
func (l *wordList) append(b []byte, docs int) ([]byte, listRef) {
	l.closeBlock()
	before := len(b)
	b = appendPostings(b, l.list, docs, l.sizes)
	ref := listRef{df: len(l.list), postN: int64(len(b) - before), placeN: int64(len(l.w.b))}
	return append(b, l.w.b...), ref
}

// keys writes the lists of the other terms.
func (inv *inverted) keys(b *builder) {
	lists := make([][]posting, len(b.keys.items))
	for _, kd := range b.keyDocs {
		lists[kd.key] = append(lists[kd.key], posting{doc: kd.doc})
	}
	for _, id := range b.keys.sorted() {
		list := lists[id]
		if len(list) == 1 {
			inv.dict.add(b.keys.bytes(id), listRef{inline: true, doc: list[0].doc})
			continue
		}
		before := len(inv.lists)
		inv.lists = appendPostings(inv.lists, list, inv.docs, nil)
		inv.dict.add(b.keys.bytes(id), listRef{df: len(list), postN: int64(len(inv.lists) - before)})
	}
}
