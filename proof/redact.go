package proof

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"sort"

	"unseal/trove"
)

// Cut is a range of an item's exact bytes that is to be hidden.
type Cut struct {
	From, To int64
	Base64   bool // it lies in lines of base64, which get a mark of their own
}

// Edition is the salt of what an edition of item number n shows, where that is
// not the item itself (RFC 5869, HKDF-SHA256 without salt).
func (s Secret) Edition(coll trove.CollectionName, n, edition int) Seed {
	info := fmt.Sprintf("unseal-edition-salt/1\n%s\n%d\n%d\n", coll, n, edition)
	return Seed(s.derive(info)[:16])
}

// Redact hides cuts in content and returns what is shown of it, what opens the
// item's commitment for that, which does not hold any more than it must, and
// the bytes that went into each hidden run. salt is that of the edition.
//
// Every segment that a cut touches is hidden, and of a line of base64 all.
// Then each run is widened to 1, 2, 4, 8 ... segments, so that their number
// does not tell the words in it: to the right, then to the left, but not
// across bounds, which are sorted offsets. A run that fills all between two
// bounds stays as it is.
func Redact(s ItemSecret, salt Seed, content []byte, cuts []Cut, bounds []int64) (shown []byte, r Rendition, gone []Cut, err error) {
	p := newPlan(content, bounds)
	for _, c := range cuts {
		if c.From < 0 || c.From >= c.To || c.To > int64(len(content)) {
			return nil, r, nil, fmt.Errorf("hide bytes %d to %d of %d: no such range", c.From, c.To, len(content))
		}
		p.runs = append(p.runs, run{p.segment(c.From), p.segment(c.To-1) + 1, c.Base64})
	}
	if len(cuts) == 0 {
		return nil, r, nil, fmt.Errorf("nothing to hide")
	}
	p.settle()
	for _, r := range p.runs {
		gone = append(gone, Cut{int64(p.at[r.from]), int64(p.at[r.to]), r.base64})
	}
	shown, r.Hidden = p.show()
	u := uncover{cover: cover{tree: newSegmentTree(), hidden: r.Hidden}, content: content, at: p.at, lens: p.lens}
	u.node(0, len(p.lens), s.Seed)
	r.Rule, r.Segments, r.Salted, r.Salt = WordsRule, len(p.lens), Salted(s.Salt, content), salt
	r.Seeds, r.Hashes = u.seeds, u.hashes
	return shown, r, gone, nil
}

// run is the segments from to to, which are to be hidden.
type run struct {
	from, to int
	base64   bool
}

// plan is how an item will be cut.
type plan struct {
	content []byte
	lens    []uint16
	at      []int // where segments begin, and the end
	bounds  []int // segments before which a run that grows stops; the first and the end
	runs    []run
}

func newPlan(content []byte, bounds []int64) *plan {
	p := &plan{content: content, lens: segments(content, nil)}
	at := 0
	for _, n := range p.lens {
		p.at = append(p.at, at)
		at += int(n)
	}
	p.at = append(p.at, at)
	p.bounds = []int{0}
	for _, b := range bounds {
		p.bounds = append(p.bounds, sort.SearchInts(p.at, int(min(max(b, 0), int64(at)))))
	}
	p.bounds = append(p.bounds, len(p.lens))
	return p
}

// segment is the one that has the byte at offset.
func (p *plan) segment(offset int64) int { return sort.SearchInts(p.at, int(offset)+1) - 1 }

// settle widens and joins runs until nothing changes.
func (p *plan) settle() {
	for {
		before := slices.Clone(p.runs)
		for i := range p.runs {
			p.wholeLines(&p.runs[i])
			p.widen(&p.runs[i])
			p.wholeLines(&p.runs[i])
		}
		p.join()
		if slices.Equal(before, p.runs) {
			return
		}
	}
}

// join merges runs that touch.
func (p *plan) join() {
	slices.SortFunc(p.runs, func(a, b run) int { return a.from - b.from })
	joined := p.runs[:1]
	for _, r := range p.runs[1:] {
		last := &joined[len(joined)-1]
		if r.from > last.to {
			joined = append(joined, r)
		} else {
			last.to = max(last.to, r.to)
		}
	}
	p.runs = joined
}

// widen grows a run to a power of two, as far as its bounds allow.
func (p *plan) widen(r *run) {
	want := 1 << bits.Len(uint(r.to-r.from-1))
	i := sort.SearchInts(p.bounds, r.from+1) - 1
	low, high := p.bounds[i], p.bounds[sort.SearchInts(p.bounds, r.to)]
	r.to = min(high, r.from+want)
	r.from = max(low, r.to-want)
}

// wholeLines grows a run over the rest of a line of base64 that it cuts, so
// that a line of which something is shown is cut as words.
func (p *plan) wholeLines(r *run) {
	start := bytes.LastIndexByte(p.content[:p.at[r.from]], '\n') + 1
	if start < p.at[r.from] && encodedLine(p.lineAt(start)) {
		r.from = p.segment(int64(start))
	}
	start = bytes.LastIndexByte(p.content[:p.at[r.to]], '\n') + 1
	if line := p.lineAt(start); start < p.at[r.to] && encodedLine(line) {
		r.to = p.segment(int64(start+len(line))-1) + 1
	}
}

func (p *plan) lineAt(start int) []byte {
	end := bytes.IndexByte(p.content[start:], '\n') + 1
	if end == 0 {
		return p.content[start:]
	}
	return p.content[start : start+end]
}

// show writes what is left, with marks.
func (p *plan) show() (shown []byte, hidden []Hidden) {
	pos := 0
	for _, r := range p.runs {
		shown = append(shown, p.content[pos:p.at[r.from]]...)
		h := Hidden{At: int64(len(shown)), Mark: p.mark(r), First: r.from, Count: r.to - r.from}
		shown, pos = append(shown, h.Mark.String()...), p.at[r.to]
		hidden = append(hidden, h)
	}
	return append(shown, p.content[pos:]...), hidden
}

func (p *plan) mark(r run) (m Mark) {
	gone := p.content[p.at[r.from]:p.at[r.to]]
	if r.base64 {
		m = MarkBase64
	}
	switch {
	case bytes.HasSuffix(gone, []byte("\r\n")):
		return m + 2
	case bytes.HasSuffix(gone, []byte("\n")):
		return m + 1
	}
	return m
}
