package redact

import "slices"

// span is a range of the item's exact bytes.
type span struct{ from, to int32 }

// text is bytes that were read out of an item. Each of them knows which exact
// bytes it came from, unless the text is blind: that can be searched but not
// led back.
type text struct {
	b    []byte
	at   []span // of each byte; nil where kin says it all
	kin  kin
	base int32 // of an exact text: where it begins in the item
}

// kin says how a text is led back.
type kin byte

const (
	blind  kin = iota // not at all
	exact             // byte by byte, from base on
	mapped            // by at
)

// exactly is the exact bytes of an item, or some of them that begin at from.
func exactly(b []byte, from int) text { return text{b: b, kin: exact, base: int32(from)} }

// blindly is bytes that are not led back.
func blindly(b []byte) text { return text{b: b} }

func (t text) tracked() bool { return t.kin != blind }

// span is the exact bytes that byte i of t came from.
func (t text) span(i int) span {
	if t.kin == exact {
		return span{t.base + int32(i), t.base + int32(i) + 1}
	}
	return t.at[i]
}

// cut is the bytes [i, j) of t; it shares t's memory.
func (t text) cut(i, j int) text {
	t.b = t.b[i:j:j]
	t.base += int32(i)
	if t.kin == mapped {
		t.at = t.at[i:j:j]
	}
	return t
}

// hull is the smallest range of exact bytes around the bytes [i, j) of t.
func (t text) hull(i, j int) span {
	if t.kin == exact {
		return span{t.base + int32(i), t.base + int32(j)}
	}
	s := t.at[i]
	for _, a := range t.at[i+1 : j] {
		s.from, s.to = min(s.from, a.from), max(s.to, a.to)
	}
	return s
}

// spans are the exact bytes that the bytes [i, j) of t came from, sorted. Ranges
// at most gap bytes apart are joined.
func (t text) spans(i, j int, gap int32) []span {
	if t.kin == exact {
		return []span{t.hull(i, j)}
	}
	return joinSpans(slices.Clone(t.at[i:j]), gap)
}

func joinSpans(list []span, gap int32) []span {
	slices.SortFunc(list, func(a, b span) int {
		if a.from != b.from {
			return int(a.from) - int(b.from)
		}
		return int(a.to) - int(b.to)
	})
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 && s.from-out[n-1].to <= gap {
			out[n-1].to = max(out[n-1].to, s.to)
		} else if s.to > s.from {
			out = append(out, s)
		}
	}
	return out
}

// writer makes a text out of another.
type writer struct {
	src, out text
	done     int // bytes of src that are dealt with
}

// rewrite begins a text that is read out of src.
func rewrite(src text) *writer {
	w := &writer{src: src}
	w.out.b = make([]byte, 0, len(src.b))
	if src.tracked() {
		w.out.kin, w.out.at = mapped, make([]span, 0, len(src.b))
	}
	return w
}

// keep copies what stands before i and is not dealt with.
func (w *writer) keep(i int) {
	w.out.b = append(w.out.b, w.src.b[w.done:i]...)
	switch w.src.kin {
	case exact:
		for k := w.done; k < i; k++ {
			w.out.at = append(w.out.at, w.src.span(k))
		}
	case mapped:
		w.out.at = append(w.out.at, w.src.at[w.done:i]...)
	}
	w.done = i
}

// put copies what stands before i, and writes s for the bytes [i, j). Where s
// is empty, they are dropped: they belong to no letter.
func (w *writer) put(i, j int, s ...byte) {
	w.keep(i)
	w.done = j
	w.out.b = append(w.out.b, s...)
	if !w.src.tracked() || len(s) == 0 {
		return
	}
	h := w.src.hull(i, j)
	for range s {
		w.out.at = append(w.out.at, h)
	}
}

// end copies the rest and returns the text.
func (w *writer) end() text {
	w.keep(len(w.src.b))
	return w.out
}
