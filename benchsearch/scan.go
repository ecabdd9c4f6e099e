package main

import (
	"slices"
	"strings"

	"unseal/search"
	"unseal/trove"
)

// scanAll reads every text once and returns, by question, the numbers of the
// documents that hold its words as written.
func scanAll(corpus string, queries []question) ([][]int, error) {
	list := make([][]int, len(queries))
	for d, err := range readCorpus(corpus) {
		if err != nil {
			return nil, err
		}
		s := scanned{date: d}
		for i := range queries {
			if s.holds(queries[i].exact.Root) {
				list[i] = append(list[i], d.Number)
			}
		}
	}
	return list, nil
}

// scanned is a document cut into words, field by field, when first asked.
type scanned struct {
	date   *search.Doc
	fields map[search.Field][]line
	has    map[search.Field]map[string]bool
}

// line is a text of one field, as words with their places.
type line []search.Word

// holds reports whether a clause holds; a kind of clause that no question has
// never does.
func (s *scanned) holds(n search.Node) bool {
	switch n := n.(type) {
	case search.And:
		return !slices.ContainsFunc(n, func(c search.Node) bool { return !s.holds(c) })
	case search.Or:
		return slices.ContainsFunc(n, s.holds)
	case search.Not:
		return !s.holds(n.Node)
	case *search.Dates:
		d := s.date.Date
		return !d.IsZero() && (n.From.IsZero() || !d.Before(n.From)) && (n.To.IsZero() || d.Before(n.To))
	case *search.Text:
		return s.text(n)
	}
	return false
}

func (s *scanned) text(t *search.Text) bool {
	lines := s.field(t.Field)
	switch t.Mode {
	case search.Prefix:
		return s.any(t.Field, func(w string) bool { return strings.HasPrefix(w, t.Words[0].Text) })
	case search.Fuzzy:
		q := []rune(t.Words[0].Text)
		return s.any(t.Field, func(w string) bool { return near(q, w, t.N) })
	}
	if len(t.Words) == 1 {
		return s.has[t.Field][t.Words[0].Text]
	}
	return slices.ContainsFunc(lines, func(l line) bool { return l.phrase(t.Words) })
}

// near reports whether a word is at most n edits from q.
func near(q []rune, w string, n int) bool {
	return len(w) >= len(q)-n && len(w) <= 4*(len(q)+n) && search.Distance(q, []rune(w)) <= n
}

func (s *scanned) any(f search.Field, fits func(string) bool) bool {
	for w := range s.has[f] {
		if fits(w) {
			return true
		}
	}
	return false
}

// phrase reports whether the words stand side by side.
func (l line) phrase(words []search.Word) bool {
	for i := range l {
		n := 0
		for n < len(words) && i+n < len(l) && l[i+n].Text == words[n].Text && l[i+n].At-l[i].At == words[n].At-words[0].At {
			n++
		}
		if n == len(words) {
			return true
		}
	}
	return false
}

// field cuts the texts of a field into words, once.
func (s *scanned) field(f search.Field) []line {
	if s.fields == nil {
		s.fields, s.has = map[search.Field][]line{}, map[search.Field]map[string]bool{}
	}
	if lines, ok := s.fields[f]; ok {
		return lines
	}
	var lines []line
	has := map[string]bool{}
	for _, t := range textsOf(s.date, f) {
		var l line
		var words search.Scanner
		for words.Reset(search.Normal(t)); words.Next(); {
			w := string(words.Word)
			has[w] = true
			l = append(l, search.Word{Text: w, At: words.At})
		}
		lines = append(lines, l)
	}
	s.fields[f], s.has[f] = lines, has
	return lines
}

// textsOf are the texts of a field that a phrase does not cross.
func textsOf(d *search.Doc, f search.Field) (list []string) {
	switch f {
	case search.Subject:
		return []string{d.Subject}
	case search.From:
		return people(d.From)
	}
	return slices.Concat([]string{d.Body, d.Subject}, people(d.From), people(d.To), people(d.Cc))
}

func people(all []trove.Address) (list []string) {
	for _, a := range all {
		list = append(list, a.Name, a.Addr)
	}
	return list
}
