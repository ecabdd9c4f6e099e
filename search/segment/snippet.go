package segment

import (
	"slices"
	"strings"
	"unicode/utf8"

	"unseal/search"
)

// marker finds in a text what a query's positive clauses match.
type marker struct {
	words    map[string]uint16 // single words, and the zones they were asked for in
	prefixes []wordMark
	fuzzies  []wordMark
	phrases  []phraseMark
	parts    map[string]bool // words that occur in phrases
}

type wordMark struct {
	word  string
	runes []rune
	edits int
	zones uint16
}

type phraseMark struct {
	words []search.Word
	near  bool
	zones uint16
}

func newMarker(q *search.Query) *marker {
	m := &marker{words: map[string]uint16{}, parts: map[string]bool{}}
	if q != nil {
		m.learn(q.Root)
	}
	return m
}

func (m *marker) learn(n search.Node) {
	switch n := n.(type) {
	case search.And:
		for _, k := range n {
			m.learn(k)
		}
	case search.Or:
		for _, k := range n {
			m.learn(k)
		}
	case *search.Text:
		m.learnText(n)
	}
}

func (m *marker) learnText(t *search.Text) {
	zones, ok := zonesOf[t.Field]
	if !ok {
		zones = ^uint16(0)
	}
	w := t.Words[0].Text
	switch {
	case t.Mode == search.Prefix:
		m.prefixes = append(m.prefixes, wordMark{word: w, zones: zones})
	case t.Mode == search.Fuzzy:
		m.fuzzies = append(m.fuzzies, wordMark{runes: []rune(w), edits: t.N, zones: zones})
	case len(t.Words) == 1:
		m.words[w] |= zones
	default:
		m.phrases = append(m.phrases, phraseMark{t.Words, t.Mode == search.Near, zones})
		for _, w := range t.Words {
			m.parts[w.Text] = true
		}
	}
}

// token is a word of a text that a query knows.
type token struct {
	start, end, at int
	word           string
	zone           zone
	mark           bool
}

// The bounds of what is looked at for one snippet: bytes of text, and marks in it.
const (
	maxMarked = 256 << 10
	maxMarks  = 1000
)

// marks finds the marked stretches of a text; the body's zones follow from its
// lines.
func (m *marker) marks(text string, z zone) []token {
	var tokens []token
	base := 0
	for rest := text; len(rest) > 0; {
		run, rz := rest, z
		if z.body() {
			run, rz = bodyRun(rest)
		}
		next := base
		var sc search.Scanner
		for sc.Reset(run); sc.Next(); next = base + sc.At + 1 {
			mark := m.single(sc.Word, rz)
			if mark || m.parts[string(sc.Word)] {
				off := len(text) - len(rest)
				tokens = append(tokens, token{off + sc.Start, off + sc.End, base + sc.At, string(sc.Word), rz, mark})
			}
		}
		base = next
		rest = rest[len(run):]
	}
	for _, p := range m.phrases {
		p.mark(tokens)
	}
	return slices.DeleteFunc(tokens, func(t token) bool { return !t.mark })
}

// single reports whether a word is one asked for by itself.
func (m *marker) single(w []byte, z zone) bool {
	if m.words[string(w)]&(1<<z) != 0 {
		return true
	}
	for _, p := range m.prefixes {
		if p.zones&(1<<z) != 0 && strings.HasPrefix(string(w), p.word) {
			return true
		}
	}
	for _, f := range m.fuzzies {
		if f.zones&(1<<z) != 0 && len(w) <= 4*(len(f.runes)+f.edits) && near([]rune(string(w)), f.runes, f.edits) {
			return true
		}
	}
	return false
}

// mark marks where a phrase stands. The words of a near clause are marked
// wherever they stand.
func (p phraseMark) mark(tokens []token) {
	for i, t := range tokens {
		switch {
		case p.zones&(1<<t.zone) == 0:
		case p.near:
			if slices.ContainsFunc(p.words, func(w search.Word) bool { return w.Text == t.word }) {
				tokens[i].mark = true
			}
		case t.word == p.words[0].Text:
			p.markFrom(tokens, i)
		}
	}
}

func (p phraseMark) markFrom(tokens []token, i int) {
	found := []int{i}
	for _, w := range p.words[1:] {
		at := tokens[i].at + w.At - p.words[0].At
		j := found[len(found)-1]
		for j < len(tokens) && (tokens[j].at < at || tokens[j].at == at && tokens[j].word != w.Text) {
			j++
		}
		if j == len(tokens) || tokens[j].at != at {
			return
		}
		found = append(found, j)
	}
	for _, j := range found {
		tokens[j].mark = true
	}
}

// snippetSize is about how long a snippet is, in bytes, and lead how much of it
// may come before the first mark.
const (
	snippetSize = 200
	lead        = 60
)

// snippets shows where a document matches: the subject whole if something in
// it is marked, then up to n pieces of body and files; without marks the
// beginning of the body.
func (m *marker) snippets(s *Segment, doc int, r *row, n int) ([]search.Snippet, error) {
	var out []search.Snippet
	if marked := m.marks(r.subject, zoneSubject); len(marked) > 0 {
		out = append(out, search.Snippet{Field: search.Subject, Spans: spans(r.subject, marked), Head: true, Tail: true})
	}
	b, err := s.textAt(r.text, r.text+min(r.body, maxMarked))
	if err != nil {
		return nil, err
	}
	body := string(b)
	pieces := m.pieces(body, zoneOwn, n, search.Snippet{Field: search.Body})
	at := r.text + r.body
	for i, f := range r.files {
		if len(pieces) < n {
			more, err := m.filePieces(s, f, at, n-len(pieces), i+1)
			if err != nil {
				return nil, err
			}
			pieces = append(pieces, more...)
		}
		at += f.size
	}
	if len(pieces) == 0 && len(out) == 0 && body != "" {
		pieces = append(pieces, cutPiece(body, 0, min(len(body), snippetSize), nil, search.Snippet{Field: search.Body}))
	}
	return append(out, pieces...), nil
}

// filePieces looks at a file: its name, else its text.
func (m *marker) filePieces(s *Segment, f fileRow, at int64, n, number int) ([]search.Snippet, error) {
	as := search.Snippet{Field: search.Filename, File: number, Name: f.name}
	if f.size > 0 {
		b, err := s.textAt(at, at+min(f.size, maxMarked))
		if err != nil {
			return nil, err
		}
		if pieces := m.pieces(string(b), zoneFileText, n, as); len(pieces) > 0 {
			return pieces, nil
		}
	}
	if marked := m.marks(f.name, zoneFilename); len(marked) > 0 {
		as.Spans, as.Head, as.Tail = spans(f.name, marked), true, true
		return []search.Snippet{as}, nil
	}
	return nil, nil
}

// pieces picks up to n pieces of a text with the most different marked words.
func (m *marker) pieces(text string, z zone, n int, as search.Snippet) []search.Snippet {
	marked := m.marks(text, z)
	marked = marked[:min(len(marked), maxMarks)]
	type window struct{ from, to, worth int }
	var picked []window
	for len(picked) < n {
		best := window{}
		for i := range marked {
			if slices.ContainsFunc(picked, func(p window) bool { return i < p.to && i >= p.from }) {
				continue
			}
			w := window{i, i, 0}
			var seen []string
			for ; w.to < len(marked) && marked[w.to].end-marked[i].start <= snippetSize-lead; w.to++ {
				if slices.ContainsFunc(picked, func(p window) bool { return w.to >= p.from && w.to < p.to }) {
					break
				}
				w.worth++
				if !slices.Contains(seen, marked[w.to].word) {
					seen = append(seen, marked[w.to].word)
					w.worth += 100
				}
			}
			w.to = max(w.to, i+1)
			if w.worth > best.worth || best.to == 0 {
				best = w
			}
		}
		if best.to == 0 {
			break
		}
		picked = append(picked, best)
	}
	slices.SortFunc(picked, func(a, b window) int { return a.from - b.from })
	var out []search.Snippet
	last := 0
	for i, p := range picked {
		from := max(last, marked[p.from].start-lead)
		to := min(len(text), max(from+snippetSize, marked[p.to-1].end))
		if i+1 < len(picked) {
			to = min(to, max(marked[p.to-1].end, marked[picked[i+1].from].start))
		}
		out = append(out, cutPiece(text, from, to, marked[p.from:p.to], as))
		last = to
	}
	return out
}

// cutPiece cuts [from, to) out of a text, at spaces where there are some near.
func cutPiece(text string, from, to int, marked []token, as search.Snippet) search.Snippet {
	first, last := to, from
	if len(marked) > 0 {
		first, last = marked[0].start, marked[len(marked)-1].end
	}
	if from > 0 {
		if i := strings.IndexAny(text[from:max(from, min(first, from+lead/2))], " \n\t"); i >= 0 {
			from += i + 1
		}
		for from < len(text) && !utf8.RuneStart(text[from]) {
			from++
		}
	}
	if to < len(text) {
		if i := strings.LastIndexAny(text[max(last, to-lead/2):to], " \n\t"); i >= 0 {
			to = max(last, to-lead/2) + i
		}
		for to > from && to < len(text) && !utf8.RuneStart(text[to]) {
			to--
		}
	}
	inside := make([]token, 0, len(marked))
	for _, t := range marked {
		if t.start >= from && t.end <= to {
			t.start, t.end = t.start-from, t.end-from
			inside = append(inside, t)
		}
	}
	as.Spans, as.Head, as.Tail = spans(text[from:to], inside), from == 0, to == len(text)
	return as
}

// spans splits a text at its marks; white space shows as single spaces.
func spans(text string, marked []token) []search.Span {
	var out []search.Span
	add := func(s string, mark bool) {
		s = oneSpace(s)
		if s == "" {
			return
		}
		if n := len(out); n > 0 && out[n-1].Mark == mark {
			out[n-1].Text += s
			return
		}
		out = append(out, search.Span{Text: s, Mark: mark})
	}
	at := 0
	for _, t := range marked {
		if t.end <= at {
			continue // the pair that begins with a character already marked
		}
		start := max(t.start, at)
		add(text[at:start], false)
		add(text[start:t.end], true)
		at = t.end
	}
	add(text[at:], false)
	return out
}

// oneSpace turns every run of white space into one space.
func oneSpace(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}
