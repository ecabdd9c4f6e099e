package voice

import (
	"fmt"
	"io"
	"math"
	"slices"

	"unseal/reading"
)

// Pieces are the bytes of a recording that carry the sound of these seconds,
// each from and to, the latter not among them; ascending, apart. They are
// widened so that whoever has all other bytes cannot decode a sample of the
// spans: windows that overlap, what a frame borrows from those before it, the
// entries of tables that tell the sizes of frames, and digests of the sound
// are among them, and so is whatever is neither sound nor needed to play it,
// such as tags: nobody knows what they say. Where it is not known which bytes
// carry which second, it is the whole file.
//
// The seconds are those of the sound as it is played from the made files.
func Pieces(r io.ReaderAt, size int64, spans []reading.Span) (ranges [][2]int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			ranges, err = nil, fmt.Errorf("read the recording: %v", p)
		}
	}()
	if len(spans) == 0 || size == 0 {
		return nil, nil
	}
	for _, s := range spans {
		if !(s.From >= 0 && s.To > s.From) {
			return nil, fmt.Errorf("no span of time: %v to %v", s.From, s.To)
		}
	}
	t, err := scan(r, size, true)
	if err != nil || t.vague || !t.whole() {
		return [][2]int64{{0, size}}, nil
	}
	hidden := t.without(size, spans)
	for _, e := range hidden {
		ranges = append(ranges, [2]int64{e.from, e.to})
	}
	return ranges, nil
}

// whole reports whether the units follow each other without a gap, up to the
// end of the sound.
func (t *track) whole() bool {
	if t.grid != nil {
		return true
	}
	const slack = 0.005 // seconds
	at := slack
	for _, b := range t.blocks {
		if b.begin > at {
			return false
		}
		at = max(at, b.end+slack)
	}
	return len(t.blocks) > 0 && at > t.seconds
}

// without is everything but what is kept and the sound outside of the spans.
func (t *track) without(size int64, spans []reading.Span) []extent {
	shown, hidden := slices.Clone(t.keep), []extent(nil)
	if t.grid != nil {
		s, h := t.grid.split(t, spans)
		shown, hidden = append(shown, s...), append(hidden, h...)
	} else {
		s, h := t.split(spans)
		shown, hidden = append(shown, s...), append(hidden, h...)
	}
	return union(append(hidden, complement(union(shown), size)...))
}

// split parts the units of a grid.
func (g *grid) split(t *track, spans []reading.Span) (shown, hidden []extent) {
	n := (g.to - g.from) / g.unit
	per := float64(t.rate) / float64(g.samples)
	for _, s := range spans {
		first := math.Floor((s.From-t.reach.seconds)*per) - float64(t.reach.units)
		last := math.Ceil((s.To+t.reach.seconds)*per) + float64(t.reach.units)
		a := int64(min(max(first, 0), float64(n)))
		b := int64(min(max(last, 0), float64(n)))
		hidden = append(hidden, extent{g.from + a*g.unit, g.from + b*g.unit})
	}
	hidden = union(hidden)
	at := g.from
	for _, h := range hidden {
		shown = append(shown, extent{at, h.from})
		at = h.to
	}
	return append(shown, extent{at, g.to}), hidden
}

// split parts the blocks, and with them the entries of the table of their sizes.
func (t *track) split(spans []reading.Span) (shown, hidden []extent) {
	hide := make([]bool, len(t.blocks))
	for _, s := range spans {
		t.mark(hide, s)
	}
	for i, b := range t.blocks {
		part := &shown
		if hide[i] {
			part = &hidden
		}
		*part = append(*part, b.extent)
		if t.sizes > 0 {
			*part = append(*part, extent{t.sizes + 4*int64(i), t.sizes + 4*int64(i) + 4})
		}
	}
	return shown, hidden
}

// mark marks the blocks that carry a span: those that play in it, and as many
// before and behind as the codec reaches.
func (t *track) mark(hide []bool, s reading.Span) {
	first, last := len(t.blocks), -1
	for i, b := range t.blocks {
		if b.end > s.From-t.reach.seconds && b.begin < s.To+t.reach.seconds {
			first, last = min(first, i), max(last, i)
		}
	}
	if last < 0 {
		return
	}
	first, last = max(first-t.reach.units, 0), min(last+t.reach.units, len(t.blocks)-1)
	for borrowed := int64(0); first > 0 && borrowed < t.reach.bytes; first-- {
		borrowed += max(t.blocks[first-1].to-t.blocks[first-1].from-38, 0)
	}
	for i := first; i <= last; i++ {
		hide[i] = true
	}
}

// union sorts extents and joins those that touch; empty ones go.
func union(list []extent) []extent {
	list = slices.DeleteFunc(list, func(e extent) bool { return e.to <= e.from })
	slices.SortFunc(list, func(a, b extent) int {
		switch {
		case a.from != b.from:
			return int(max(min(a.from-b.from, 1), -1))
		default:
			return int(max(min(a.to-b.to, 1), -1))
		}
	})
	var out []extent
	for _, e := range list {
		if n := len(out); n > 0 && e.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, e.to)
		} else {
			out = append(out, e)
		}
	}
	return out
}

// complement is what a union leaves of the bytes up to size.
func complement(list []extent, size int64) (out []extent) {
	at := int64(0)
	for _, e := range list {
		if e.from > at {
			out = append(out, extent{at, min(e.from, size)})
		}
		at = max(at, e.to)
	}
	if at < size {
		out = append(out, extent{at, size})
	}
	return out
}
