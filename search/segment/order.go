package segment

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"unseal/search"
	"unseal/trove"
)

// date is the time that a stored date stands for.
func date(v int64) time.Time {
	if v == noDate {
		return time.Time{}
	}
	return time.Unix(v, 0).UTC()
}

// item is a found document with its place in the order asked for: less is
// shown first.
type item struct {
	key        float64 // date, or the score below zero
	collection int32
	number     int64 // below zero where greater numbers come first
	seg, doc   int32
}

func (a item) compare(b item) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.collection, b.collection), cmp.Compare(a.number, b.number))
}

// item makes the entry of a document in an order other than by relevance.
func (ix *Index) item(sort search.Sort, seg, doc int) item {
	s := ix.segs[seg]
	it := item{collection: ix.collectionOf(seg, doc), number: s.cols[colNumber].at(doc), seg: int32(seg), doc: int32(doc)}
	switch sort {
	case search.Newest:
		it.number = -it.number
		it.key = -float64(s.cols[colDate].at(doc))
		if it.key == -noDate {
			it.key = noDate
		}
	case search.Oldest:
		it.key = float64(s.cols[colDate].at(doc))
	}
	return it
}

// top keeps the k first of the items it is shown, behind a cursor if there is one.
type top struct {
	k     int
	after *item  // only what comes behind it
	items []item // a heap, the last shown first
}

// wants reports whether an item like this could get in.
func (t *top) wants(it item) bool {
	return len(t.items) < t.k || t.k > 0 && it.compare(t.items[0]) < 0
}

func (t *top) push(it item) {
	if t.after != nil && it.compare(*t.after) <= 0 {
		return
	}
	if len(t.items) < t.k {
		t.items = append(t.items, it)
		for i := len(t.items) - 1; i > 0; {
			up := (i - 1) / 2
			if t.items[i].compare(t.items[up]) <= 0 {
				break
			}
			t.items[i], t.items[up] = t.items[up], t.items[i]
			i = up
		}
		return
	}
	if t.k == 0 || it.compare(t.items[0]) >= 0 {
		return
	}
	t.items[0] = it
	for i := 0; ; {
		kid := 2*i + 1
		if kid >= len(t.items) {
			return
		}
		if kid+1 < len(t.items) && t.items[kid+1].compare(t.items[kid]) > 0 {
			kid++
		}
		if t.items[kid].compare(t.items[i]) <= 0 {
			return
		}
		t.items[i], t.items[kid] = t.items[kid], t.items[i]
		i = kid
	}
}

func (t *top) sorted() []item {
	slices.SortFunc(t.items, item.compare)
	return t.items
}

// cursorOf names the last item of a page: the order, its place and the query.
func (ix *Index) cursorOf(r *search.Request, it item) string {
	b := binary.BigEndian.AppendUint64(nil, math.Float64bits(it.key))
	b = binary.AppendVarint(b, it.number)
	b = append(b, question(r)...)
	if it.collection >= 0 {
		b = append(b, ix.collections[it.collection]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// readCursor is the inverse; ok is false for a cursor of another query, order or index.
func (ix *Index) readCursor(r *search.Request) (it *item, ok bool) {
	if r.Cursor == "" {
		return nil, true
	}
	b, err := base64.RawURLEncoding.DecodeString(r.Cursor)
	if err != nil || len(b) < 8 {
		return nil, false
	}
	it = &item{key: math.Float64frombits(binary.BigEndian.Uint64(b)), collection: -1}
	var n int
	if it.number, n = binary.Varint(b[8:]); n <= 0 || math.IsNaN(it.key) {
		return nil, false
	}
	b = b[8+n:]
	q := question(r)
	if len(b) < len(q) || string(b[:len(q)]) != string(q) {
		return nil, false
	}
	if name := b[len(q):]; len(name) > 0 {
		at, found := slices.BinarySearch(ix.collections, trove.CollectionName(name))
		if !found {
			return nil, false
		}
		it.collection = int32(at)
	}
	return it, true
}

// question marks what a cursor belongs to.
func question(r *search.Request) []byte {
	fold := byte(0)
	if r.FoldCopies {
		fold = 1
	}
	if r.FoldThreads {
		fold |= 2
	}
	sum := trove.Sum([]byte(string(r.Sort) + string(rune(fold)) + r.Query.String()))
	return sum[:6]
}
