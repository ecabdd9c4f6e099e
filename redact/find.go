package redact

import (
	"bytes"
	"fmt"
	"slices"

	"unseal/mime/body"
	"unseal/trove"
)

// Find finds what must be hidden in an item for a selection: in every form in
// which the item holds it, and whatever would let a guess at it be checked. It
// is safe for concurrent use; the same arguments always give the same places.
// Errors: ErrNothing, ErrGuessable, ErrRange, ErrTooLarge.
func Find(raw []byte, kind trove.Kind, sel Selection) (Found, error) {
	if len(raw) > MaxItem {
		return Found{}, ErrTooLarge
	}
	all := newScanner(nil)
	for _, seek := range sel.seekers() {
		s := newScanner(seek)
		s.item(raw, kind)
		all.take(s)
	}
	if err := all.ranges(raw, kind, sel); err != nil {
		return Found{}, err
	}
	if len(all.hits) == 0 {
		return Found{Opaque: all.opaque}, ErrNothing
	}
	q := NewQuotes(all.removed, all.files)
	all.take(q.scan(raw, kind))
	return finish(raw, kind, q, all, sel.KeepSignatures)
}

// seekers are what a selection looks for in texts.
func (sel Selection) seekers() []seeker {
	var list []seeker
	if sel.Text != nil {
		list = append(list, expression{sel.Text})
	}
	if p := newPatterns(sel.Words); len(p.list) > 0 {
		list = append(list, p)
	}
	return list
}

// take adds what another scanner found.
func (s *scanner) take(o *scanner) {
	s.hits = append(s.hits, o.hits...)
	s.removed = append(s.removed, o.removed...)
	s.files = append(s.files, o.files...)
	if s.opaque == nil {
		s.opaque = o.opaque
	}
}

// ranges adds what is selected by its place.
func (s *scanner) ranges(raw []byte, kind trove.Kind, sel Selection) error {
	if from, to := sel.Bytes[0], sel.Bytes[1]; from != to {
		if from < 0 || to < from || to > int64(len(raw)) {
			return fmt.Errorf("bytes %d to %d of %d: %w", from, to, len(raw), ErrRange)
		}
		s.stretch(raw, kind, span{int32(from), int32(to)})
	}
	if p := sel.Part; p != nil {
		if p.Offset < 0 || p.Length < 0 || p.Offset > int64(len(raw)) || p.Length > int64(len(raw))-p.Offset {
			return fmt.Errorf("part %s: %w", p.Path, ErrRange)
		}
		s.file(raw, p)
	}
	return nil
}

// finish turns what was found into places: with the signatures over it, and
// checked by looking again at what would be left.
func finish(raw []byte, kind trove.Kind, q *Quotes, s *scanner, keep bool) (Found, error) {
	f := Found{Removed: unique(s.removed), Files: unique(s.files)}
	hits := append(s.hits, remains(raw, kind, q, s.hits)...)
	if kind == trove.Mail {
		o := newOracles(raw, hits)
		f.Signatures = unique(o.names)
		switch {
		case !keep:
			hits = append(hits, o.found...)
		case len(o.found) > 0 && (len(f.Files) > 0 || GuessBits(f.Removed) < minGuess):
			return Found{}, ErrGuessable
		}
		f.Bounds = bounds(raw)
	}
	f.Places = places(raw, hits)
	if kind != trove.Mail {
		f.Bounds = lines(raw, f.Places)
	}
	f.Opaque = uncovered(s.opaque, f.Places)
	return f, nil
}

// remains looks again at an item whose hits are painted over, and hides all of
// a body or field that still holds something. It finds nothing as long as
// every reading of a text is led back to its bytes.
func remains(raw []byte, kind trove.Kind, q *Quotes, hits []hit) []hit {
	painted := bytes.Clone(raw)
	for _, h := range hits {
		paint(painted[h.from:h.to], h.base64)
	}
	s := newScanner(q.texts)
	s.digests, s.coarse = q.files, true
	s.item(painted, kind)
	return s.hits
}

// paint overwrites bytes with as many that say nothing, line ends aside.
func paint(b []byte, base64 bool) {
	const filling = "eHh4" // "xxx"
	n := 0
	for i, c := range b {
		switch {
		case c == '\n' || c == '\r':
		case base64:
			b[i] = filling[n&3]
			n++
		default:
			b[i] = 'x'
		}
	}
}

// places sorts and joins hits. A place in the midst of a line begins with a
// letter or digit where it can, as what stands before belongs to the segment
// before (proof.WordsRule).
func places(raw []byte, hits []hit) []Place {
	slices.SortStableFunc(hits, func(a, b hit) int { return int(a.from) - int(b.from) })
	var list []Place
	for _, h := range hits {
		h.trim(raw)
		p := Place{From: int64(h.from), To: int64(h.to), Base64: h.base64, Part: h.part}
		if n := len(list); n > 0 && p.From < list[n-1].To || n > 0 && p.From == list[n-1].To && p.Part == list[n-1].Part {
			list[n-1].To = max(list[n-1].To, p.To)
		} else if p.To > p.From {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b Place) int { return int(a.From - b.From) })
	return list
}

func (h *hit) trim(raw []byte) {
	if h.from == 0 || raw[h.from-1] == '\n' {
		return // nothing stands before it
	}
	for i := h.from; i < h.to && !h.base64; i++ {
		if c := raw[i]; c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			h.from = i
			return
		}
	}
}

// uncovered are the opaque parts that no place lies in.
func uncovered(list []Opaque, places []Place) []Opaque {
	return slices.DeleteFunc(slices.Clone(list), func(o Opaque) bool {
		return o.Part != "" && slices.ContainsFunc(places, func(p Place) bool { return p.Part == o.Part })
	})
}

func unique[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	var out []T
	for _, x := range list {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}

// lines are where the lines begin and end that places lie in: a message of a
// chain, a row of a table or a paragraph must not go with the one beside it.
func lines(raw []byte, places []Place) (list []int64) {
	for _, p := range places {
		list = append(list, int64(bytes.LastIndexByte(raw[:p.From], '\n')+1))
		end := bytes.IndexByte(raw[p.To-1:], '\n') + 1
		if end == 0 {
			end = len(raw) - int(p.To) + 1
		}
		list = append(list, p.To-1+int64(end))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// bounds are where the structure of a message changes.
func bounds(raw []byte) []int64 {
	msg, _ := body.Walk(raw)
	list := []int64{0, int64(len(raw))}
	add := func(offsets ...int) {
		for _, o := range offsets {
			list = append(list, int64(o))
		}
	}
	for i := range msg.Parts {
		p := &msg.Parts[i]
		for _, f := range p.Header.Fields {
			value := bytes.IndexByte(f.Raw, ':') + 1
			add(f.Offset, f.Offset+value, f.Offset+len(f.Raw))
			if f.Is("Content-Type") || f.Is("Content-Disposition") {
				for i, c := range f.Raw {
					if c == ';' {
						add(f.Offset + i + 1)
					}
				}
			}
		}
		add(p.Header.Body, p.Offset, p.End)
		if p.Epilogue > 0 {
			add(p.Epilogue)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
