package searchtest

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"unseal/search"
	"unseal/trove"
)

// question is a query with its meaning.
type question struct {
	text  string
	match func(p *page) bool
	ops   []string
}

// operators are what generated queries are made of; each is a maker of a
// clause that holds for the page it is given, or nil if that page has nothing
// for it.
var operators = []struct {
	name string
	make func(m *maker, p *page) *question
}{
	{"word", func(m *maker, p *page) *question { return m.words(p, search.Any, false) }},
	{"phrase", func(m *maker, p *page) *question { return m.words(p, search.Any, true) }},
	{"near", (*maker).near},
	{"prefix", (*maker).prefix},
	{"fuzzy", (*maker).fuzzy},
	{"or", (*maker).or},
	{"not", (*maker).not},
	{"group", (*maker).group},
	{"from", func(m *maker, p *page) *question { return m.words(p, search.From, false) }},
	{"to", func(m *maker, p *page) *question { return m.words(p, search.To, false) }},
	{"cc", func(m *maker, p *page) *question { return m.words(p, search.Cc, false) }},
	{"bcc", func(m *maker, p *page) *question { return m.words(p, search.Bcc, false) }},
	{"with", func(m *maker, p *page) *question { return m.words(p, search.With, true) }},
	{"address", (*maker).address},
	{"subject", func(m *maker, p *page) *question { return m.words(p, search.Subject, m.rnd.IntN(2) == 0) }},
	{"body", func(m *maker, p *page) *question { return m.words(p, search.Body, m.rnd.IntN(2) == 0) }},
	{"own", func(m *maker, p *page) *question { return m.words(p, search.Own, m.rnd.IntN(2) == 0) }},
	{"quoted", func(m *maker, p *page) *question { return m.words(p, search.Quoted, m.rnd.IntN(2) == 0) }},
	{"filename", func(m *maker, p *page) *question { return m.words(p, search.Filename, m.rnd.IntN(2) == 0) }},
	{"after", (*maker).after},
	{"before", (*maker).before},
	{"date", (*maker).date},
	{"on", (*maker).on},
	{"published", (*maker).published},
	{"has", (*maker).has},
	{"type", (*maker).typ},
	{"ext", (*maker).ext},
	{"no", (*maker).no},
	{"msgid", (*maker).msgid},
	{"thread", (*maker).thread},
	{"sha256", (*maker).sha256},
	{"in", (*maker).in},
	{"batch", (*maker).batch},
	{"lang", (*maker).lang},
	{"is", (*maker).is},
}

// maker makes questions about a set of pages.
type maker struct {
	rnd   *rand.Rand
	pages []*page
}

// questions makes n questions, every operator as often as the others: one in
// four of a single clause, the others of three that hold for one page.
func (m *maker) questions(n int) []*question {
	var out []*question
	next := 0
	for len(out) < n {
		var clauses []*question
		p := m.pages[m.rnd.IntN(len(m.pages))]
		size := 3
		if len(out)%4 == 3 && operators[next%len(operators)].name != "not" {
			size = 1
		}
		for range size {
			op := operators[next%len(operators)]
			q := op.make(m, p)
			for tries := 0; q == nil && tries < 200; tries++ {
				q = op.make(m, m.pages[m.rnd.IntN(len(m.pages))])
				if q != nil {
					q = either(q, m.words(p, search.Any, false))
				}
			}
			next++
			if q == nil {
				continue // the texts have nothing for it
			}
			q.ops = append(q.ops, op.name)
			clauses = append(clauses, q)
		}
		if len(clauses) > 0 {
			out = append(out, m.join(clauses))
		}
	}
	return out
}

// join puts clauses side by side, or as alternatives where none takes away.
func (m *maker) join(clauses []*question) *question {
	takesAway := slices.ContainsFunc(clauses, func(c *question) bool { return slices.Contains(c.ops, "not") })
	if !takesAway && m.rnd.IntN(2) == 0 {
		return m.alternatives(clauses)
	}
	q := &question{match: func(p *page) bool {
		return !slices.ContainsFunc(clauses, func(c *question) bool { return !c.match(p) })
	}}
	var texts []string
	for _, c := range clauses {
		texts = append(texts, c.text)
		q.ops = append(q.ops, c.ops...)
	}
	sep := []string{" ", " AND ", " && "}[m.rnd.IntN(3)]
	if sep != " " {
		q.ops = append(q.ops, "and")
	}
	q.text = strings.Join(texts, sep)
	return q
}

// alternatives joins clauses by OR, or all but the last.
func (m *maker) alternatives(clauses []*question) *question {
	if last := len(clauses) - 1; last > 0 && m.rnd.IntN(2) == 0 {
		return m.join([]*question{m.alternatives(clauses[:last]), clauses[last]})
	}
	q := &question{match: func(p *page) bool {
		return slices.ContainsFunc(clauses, func(c *question) bool { return c.match(p) })
	}}
	var texts []string
	for _, c := range clauses {
		texts = append(texts, c.text)
		q.ops = append(q.ops, c.ops...)
	}
	q.text = "(" + strings.Join(texts, " OR ") + ")"
	return q
}

// either is (a OR b); nil if one is missing.
func either(a, b *question) *question {
	if a == nil || b == nil {
		return nil
	}
	return &question{text: "(" + a.text + " OR " + b.text + ")", ops: append(a.ops, b.ops...),
		match: func(p *page) bool { return a.match(p) || b.match(p) }}
}

// plain matches pieces of text that mean nothing else in a query.
var plain = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}\p{M}'’.@_\x{200f}-]*$`)

// raw returns the texts of a page as they stand that a field searches.
func raw(d *search.Doc, f search.Field) (out []string) {
	addresses := func(lists ...[]trove.Address) {
		for _, list := range lists {
			for _, a := range list {
				out = append(out, a.Name, a.Addr)
			}
		}
	}
	switch f {
	case search.Subject:
		return []string{d.Subject}
	case search.From:
		addresses(d.From)
	case search.To:
		addresses(d.To, d.Cc, d.Bcc)
	case search.Cc:
		addresses(d.Cc)
	case search.Bcc:
		addresses(d.Bcc)
	case search.With:
		addresses(d.From, d.To, d.Cc, d.Bcc)
	case search.Filename:
		for _, file := range d.Files {
			out = append(out, file.Name)
		}
	case search.Own, search.Quoted, search.Body:
		for line := range strings.Lines(d.Body) {
			if f == search.Body || strings.HasPrefix(line, ">") == (f == search.Quoted) {
				out = append(out, line)
			}
		}
	default:
		out = append(slices.Collect(strings.Lines(d.Body)), d.Subject)
		addresses(d.From, d.To)
		for _, file := range d.Files {
			out = append(out, file.Name, file.Text)
		}
	}
	return out
}

// pick returns one piece of a page's text, and with more the one behind it.
func (m *maker) pick(p *page, f search.Field, more bool) string {
	texts := raw(p.doc, f)
	for range 20 {
		if len(texts) == 0 {
			return ""
		}
		words := strings.Fields(texts[m.rnd.IntN(len(texts))])
		if len(words) == 0 {
			continue
		}
		i := m.rnd.IntN(len(words))
		w := strings.Trim(words[i], ".,;。>-")
		if !plain.MatchString(w) || len(units(w)) == 0 {
			continue
		}
		if !more {
			return w
		}
		if i+1 < len(words) && !strings.ContainsAny(words[i+1], `"`) {
			return words[i] + " " + words[i+1]
		}
	}
	return ""
}

// wordsOf is the test of a piece of text in a field.
func wordsOf(f search.Field, s string) func(p *page) bool {
	want := units(s)
	return func(p *page) bool { return phrase(p.in(f), want) }
}

func prefixed(f search.Field, s string) string {
	if f == search.Any {
		return s
	}
	return string(f) + ":" + s
}

// words asks for a piece of a text: one, in its other spellings too, or with
// more two in quotes.
func (m *maker) words(p *page, f search.Field, more bool) *question {
	q, s := m.exactly(p, f, more)
	if q != nil && !more {
		q.match = m.orSpelled(f, s, q.match)
	}
	return q
}

// exactly asks for a piece of a text as it is written.
func (m *maker) exactly(p *page, f search.Field, more bool) (q *question, s string) {
	s = m.pick(p, f, more)
	if s == "" || strings.Contains(s, "@") && f != search.Any || slices.Contains([]string{"AND", "OR", "NOT"}, s) || len(units(s)) == 0 {
		return nil, ""
	}
	text := s
	if more {
		text = `"` + s + `"`
	} else if m.rnd.IntN(3) == 0 && !strings.ContainsRune(s, 'ß') && isOwnLower(s) {
		if up := strings.ToUpper(s); up != "OR" && up != "AND" && up != "NOT" {
			text = up
		}
	}
	return &question{text: prefixed(f, text), match: wordsOf(f, s)}, s
}

// isOwnLower reports whether upper case loses nothing.
func isOwnLower(s string) bool {
	//lint:ignore SA6005 EqualFold takes the long s and the Kelvin sign for their letters; lower case does not
	return strings.ToLower(strings.ToUpper(s)) == strings.ToLower(s)
}

func (m *maker) near(p *page) *question {
	words := strings.Fields(m.pick(p, search.Body, true))
	if len(words) != 2 {
		return nil
	}
	want := append(units(words[1]), units(words[0])...)
	if len(want) < 2 || slices.ContainsFunc(want, func(u unit) bool { return isCJK.MatchString(u.word) }) {
		return nil
	}
	n := 1 + m.rnd.IntN(6)
	f := []search.Field{search.Any, search.Body, search.Body}[m.rnd.IntN(3)]
	return &question{text: prefixed(f, fmt.Sprintf(`"%s %s"~%d`, words[1], words[0], n)),
		match: func(p *page) bool { return close(p.in(f), want, n) }}
}

// simple picks one word of at least n letters without signs in it, not CJK.
func (m *maker) simple(p *page, f search.Field, n int) string {
	for range 20 {
		w := m.pick(p, f, false)
		if u := units(w); len(u) == 1 && !strings.ContainsAny(w, "'’") && utf8.RuneCountInString(u[0].word) >= n && !isCJK.MatchString(u[0].word) {
			return u[0].word
		}
	}
	return ""
}

func (m *maker) someField() search.Field {
	return []search.Field{search.Any, search.Any, search.Subject, search.Body, search.From, search.Own}[m.rnd.IntN(6)]
}

func (m *maker) prefix(p *page) *question {
	f := m.someField()
	w := []rune(m.simple(p, f, 4))
	if len(w) == 0 {
		return nil
	}
	start := string(w[:3+m.rnd.IntN(len(w)-3)])
	return &question{text: prefixed(f, start+"*"), match: func(p *page) bool {
		return anyWord(p.in(f), func(w string) bool { return strings.HasPrefix(w, start) })
	}}
}

func (m *maker) fuzzy(p *page) *question {
	f := m.someField()
	w := []rune(m.simple(p, f, 5))
	if len(w) == 0 {
		return nil
	}
	i := m.rnd.IntN(len(w) - 1)
	switch m.rnd.IntN(4) {
	case 0:
		w[i], w[i+1] = w[i+1], w[i]
	case 1:
		w = slices.Delete(w, i, i+1)
	case 2:
		w = slices.Insert(w, i, 'e')
	case 3:
		w[i] = 'a'
	}
	n := 1
	if len(w) >= 6 && m.rnd.IntN(2) == 0 {
		n = 2
	}
	pattern := string(w)
	known := map[string]bool{}
	fits := func(w string) bool {
		if _, ok := known[w]; !ok {
			known[w] = distance(w, pattern) <= n
		}
		return known[w]
	}
	return &question{text: prefixed(f, fmt.Sprintf("%s~%d", pattern, n)), match: func(p *page) bool { return anyWord(p.in(f), fits) }}
}

func (m *maker) or(p *page) *question {
	return either(m.words(p, search.Any, false), m.words(m.pages[m.rnd.IntN(len(m.pages))], search.Any, false))
}

func (m *maker) not(p *page) *question {
	for range 50 {
		q, _ := m.exactly(m.pages[m.rnd.IntN(len(m.pages))], search.Any, m.rnd.IntN(3) == 0)
		if q != nil && !q.match(p) {
			return &question{text: []string{"-", "NOT ", "!"}[m.rnd.IntN(3)] + q.text, match: func(p *page) bool { return !q.match(p) }}
		}
	}
	return nil
}

func (m *maker) group(p *page) *question {
	a, b := m.words(p, search.Any, false), m.words(p, search.Any, false)
	c := m.words(m.pages[m.rnd.IntN(len(m.pages))], search.Any, true)
	if a == nil || b == nil || c == nil {
		return nil
	}
	return &question{text: "((" + a.text + " " + b.text + ") OR " + c.text + ")",
		match: func(p *page) bool { return a.match(p) && b.match(p) || c.match(p) }}
}

func (m *maker) address(p *page) *question {
	f := []search.Field{search.From, search.To, search.Cc, search.With}[m.rnd.IntN(4)]
	var all []string
	for _, s := range raw(p.doc, f) {
		if strings.Contains(s, "@") {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	addr := all[m.rnd.IntN(len(all))]
	if _, domain, _ := strings.Cut(addr, "@"); m.rnd.IntN(3) == 0 {
		return &question{text: prefixed(f, domain), match: wordsOf(f, domain)}
	}
	return &question{text: prefixed(f, addr), match: func(p *page) bool {
		return slices.ContainsFunc(raw(p.doc, f), func(s string) bool { return strings.EqualFold(s, addr) })
	}}
}

// day is the date of a page as a query may write it, and the time it covers.
func (m *maker) day(t time.Time) (text string, from, to time.Time) {
	t = t.UTC()
	y, mo, d := t.Date()
	switch m.rnd.IntN(6) {
	case 0:
		from = time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)
		return from.Format("2006"), from, from.AddDate(1, 0, 0)
	case 1, 2:
		from = time.Date(y, mo, 1, 0, 0, 0, 0, time.UTC)
		return from.Format([]string{"2006-01", "2006/1"}[m.rnd.IntN(2)]), from, from.AddDate(0, 1, 0)
	}
	from = time.Date(y, mo, d, 0, 0, 0, 0, time.UTC)
	return from.Format([]string{"2006-01-02", "2006/1/2", "20060102"}[m.rnd.IntN(3)]), from, from.AddDate(0, 0, 1)
}

// dated is a clause about the date of a page.
func dated(text string, in func(t time.Time) bool) *question {
	return &question{text: text, match: func(p *page) bool { return !p.doc.Date.IsZero() && in(p.doc.Date) }}
}

func (m *maker) after(p *page) *question {
	if p.doc.Date.IsZero() {
		return nil
	}
	s, from, _ := m.day(p.doc.Date)
	return dated([]string{"after:", "newer:", "date:>="}[m.rnd.IntN(3)]+s, func(t time.Time) bool { return !t.Before(from) })
}

func (m *maker) before(p *page) *question {
	if p.doc.Date.IsZero() {
		return nil
	}
	s, from, to := m.day(p.doc.Date.AddDate(0, 0, 40))
	if !p.doc.Date.Before(from) {
		return dated("date:<="+s, func(t time.Time) bool { return t.Before(to) })
	}
	return dated("before:"+s, func(t time.Time) bool { return t.Before(from) })
}

func (m *maker) date(p *page) *question {
	if p.doc.Date.IsZero() {
		return nil
	}
	a, from, _ := m.day(p.doc.Date.AddDate(0, -m.rnd.IntN(9), 0))
	b, _, to := m.day(p.doc.Date.AddDate(0, m.rnd.IntN(9), 0))
	text := "date:" + a + ".." + b
	if m.rnd.IntN(2) == 0 {
		text = "date:[" + a + " TO " + b + "]"
	}
	return dated(text, func(t time.Time) bool { return !t.Before(from) && t.Before(to) })
}

func (m *maker) on(p *page) *question {
	if p.doc.Date.IsZero() {
		return nil
	}
	s, from, to := m.day(p.doc.Date)
	return dated("on:"+s, func(t time.Time) bool { return !t.Before(from) && t.Before(to) })
}

func (m *maker) published(p *page) *question {
	if p.doc.Published.IsZero() {
		return nil
	}
	s, from, to := m.day(p.doc.Published)
	return &question{text: "published:" + s, match: func(p *page) bool {
		return !p.doc.Published.IsZero() && !p.doc.Published.Before(from) && p.doc.Published.Before(to)
	}}
}

func (m *maker) has(p *page) *question {
	if made := p.doc.Made; len(made) > 0 {
		return &question{text: "has:" + made[0], match: func(p *page) bool { return slices.Contains(p.doc.Made, made[0]) }}
	}
	if len(p.doc.Files) == 0 {
		return nil
	}
	return &question{text: "has:attachment", match: func(p *page) bool { return len(p.doc.Files) > 0 }}
}

func (m *maker) typ(p *page) *question {
	values := facetValues(p.doc, search.FacetType)
	v := values[m.rnd.IntN(len(values))]
	if len(p.doc.Files) > 0 && m.rnd.IntN(3) == 0 {
		media := p.doc.Files[0].Type
		return &question{text: "type:" + media, match: func(p *page) bool {
			return slices.ContainsFunc(p.doc.Files, func(f search.File) bool { return f.Type == media })
		}}
	}
	return &question{text: []string{"type:", "mimetype:"}[m.rnd.IntN(2)] + v,
		match: func(p *page) bool { return slices.Contains(facetValues(p.doc, search.FacetType), v) }}
}

func (m *maker) ext(p *page) *question {
	if len(p.doc.Files) == 0 {
		return nil
	}
	name := p.doc.Files[m.rnd.IntN(len(p.doc.Files))].Name
	ext := strings.ToLower(name[strings.LastIndex(name, "."):])
	return &question{text: "ext:" + ext[m.rnd.IntN(2):], match: func(p *page) bool {
		return slices.ContainsFunc(p.doc.Files, func(f search.File) bool { return strings.HasSuffix(strings.ToLower(f.Name), ext) })
	}}
}

func (m *maker) no(p *page) *question {
	from := max(1, p.doc.Number-m.rnd.IntN(20))
	to := p.doc.Number + m.rnd.IntN(20)
	return &question{text: fmt.Sprintf("no:%d..%d", from, to),
		match: func(p *page) bool { return p.doc.Number >= from && p.doc.Number <= to }}
}

func (m *maker) msgid(p *page) *question {
	id := p.doc.MessageID
	if id == "" || strings.ContainsAny(id, ` "(){}`) {
		return nil
	}
	return &question{text: []string{"msgid:<" + id + ">", "id:" + id, `msgid:"` + strings.ToUpper(id) + `"`}[m.rnd.IntN(3)],
		match: func(p *page) bool { return strings.EqualFold(p.doc.MessageID, id) }}
}

func (m *maker) thread(p *page) *question {
	id := p.doc.Thread
	return &question{text: "thread:" + id, match: func(p *page) bool { return p.doc.Thread == id }}
}

func (m *maker) sha256(p *page) *question {
	h := p.doc.SHA256.String()
	if len(p.doc.Files) > 0 && m.rnd.IntN(2) == 0 {
		h = p.doc.Files[0].SHA256.String()
	}
	h = h[:8+m.rnd.IntN(57)]
	return &question{text: "sha256:" + []string{h, strings.ToUpper(h)}[m.rnd.IntN(2)], match: func(p *page) bool {
		return strings.HasPrefix(p.doc.SHA256.String(), h) ||
			slices.ContainsFunc(p.doc.Files, func(f search.File) bool { return strings.HasPrefix(f.SHA256.String(), h) })
	}}
}

func (m *maker) in(p *page) *question {
	c := p.doc.Collection
	return &question{text: "in:" + string(c), match: func(p *page) bool { return p.doc.Collection == c }}
}

func (m *maker) batch(p *page) *question {
	from := max(1, p.doc.Batch-m.rnd.IntN(2))
	to := p.doc.Batch + m.rnd.IntN(2)
	return &question{text: fmt.Sprintf([]string{"batch:%d..%d", "batch:[%d TO %d]"}[m.rnd.IntN(2)], from, to),
		match: func(p *page) bool { return p.doc.Batch >= from && p.doc.Batch <= to }}
}

func (m *maker) lang(p *page) *question {
	l := p.doc.Lang
	if l == "" {
		return nil
	}
	return &question{text: "lang:" + l, match: func(p *page) bool { return p.doc.Lang == l }}
}

func (m *maker) is(p *page) *question {
	v := p.doc.Verdict
	if m.rnd.IntN(3) == 0 && (v == trove.Valid || v == trove.KeptKey) {
		return &question{text: "is:signed", match: func(p *page) bool { return p.doc.Verdict == trove.Valid || p.doc.Verdict == trove.KeptKey }}
	}
	return &question{text: "is:" + string(v), match: func(p *page) bool { return p.doc.Verdict == v }}
}
