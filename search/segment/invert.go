package segment

// inverted is what the words and keys of a segment turn into.
type inverted struct {
	postings []byte
	places   []byte
	dict     dictWriter

	docs    int
	lengths []byte
	list    []posting
	sizes   []int // of the places of each block
	at      []uint32
}

// invert turns documents of terms into terms of documents: it counts, then
// deals every occurrence out to its term.
func invert(b *builder) *inverted {
	inv := &inverted{docs: len(b.starts), lengths: b.lengths}
	ends := make([]uint32, len(b.words.items)+1) // where the occurrences of each word begin
	for _, t := range b.tokens {
		if t&placeMark == 0 {
			ends[t+1]++
		}
	}
	for i := 1; i < len(ends); i++ {
		ends[i] += ends[i-1]
	}
	occs := make([]uint64, ends[len(ends)-1]) // document, place
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
	b.tokens = nil
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
	inv.list, inv.sizes = inv.list[:0], inv.sizes[:0]
	start := len(inv.places)
	w := bitWriter{b: inv.places}
	for i := 0; i < len(occs); {
		doc := uint32(occs[i] >> 32)
		inv.at = inv.at[:0]
		for ; i < len(occs) && uint32(occs[i]>>32) == doc; i++ {
			inv.at = append(inv.at, uint32(occs[i]))
		}
		if n := len(inv.list); n > 0 && n%blockSize == 0 {
			inv.closeBlock(&w, start)
		}
		code := inv.lengths[doc]
		appendPlaces(&w, inv.at, lengthOf(code))
		inv.list = append(inv.list, posting{doc: doc, tf: uint32(len(inv.at)), code: code})
	}
	inv.closeBlock(&w, start)
	inv.places = w.b
	before := len(inv.postings)
	inv.postings = appendPostings(inv.postings, inv.list, inv.docs, inv.sizes)
	inv.dict.add(term, listRef{df: len(inv.list), postN: int64(len(inv.postings) - before), placeN: int64(len(inv.places) - start)})
}

// closeBlock ends the places of a block at a whole byte.
func (inv *inverted) closeBlock(w *bitWriter, start int) {
	size := len(w.flush()) - start
	for _, s := range inv.sizes {
		size -= s
	}
	inv.sizes = append(inv.sizes, size)
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
		before := len(inv.postings)
		inv.postings = appendPostings(inv.postings, list, inv.docs, nil)
		inv.dict.add(b.keys.bytes(id), listRef{df: len(list), postN: int64(len(inv.postings) - before)})
	}
}
