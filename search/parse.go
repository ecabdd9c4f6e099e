package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Parse reads a query of query-language.md. An error is a [*SyntaxError].
// An empty query, or one of signs alone, has no Root.
func Parse(q string) (*Query, error) { return ParseOn(q, time.Now()) }

// ParseOn is Parse on a day, which the notes on relative dates count from and
// nothing else.
func ParseOn(q string, today time.Time) (*Query, error) {
	if len(q) > MaxQueryBytes {
		n := strconv.Itoa(len(q) - MaxQueryBytes)
		return nil, &SyntaxError{Code: "too-long", Args: []string{strconv.Itoa(MaxQueryBytes), n}, Offset: MaxQueryBytes,
			Length: len(q) - MaxQueryBytes, Column: utf8.RuneCountInString(q[:MaxQueryBytes]) + 1,
			Text: fmt.Sprintf("a query has %d bytes at most; this one is %s too long", MaxQueryBytes, n)}
	}
	p := newParser(q)
	p.today = today.UTC()
	root, err := p.sequence(0, "")
	if err != nil {
		return nil, err
	}
	if p.clauses > MaxClauses {
		n := strconv.Itoa(p.clauses - MaxClauses)
		return nil, p.fail(0, len(p.rs), "too-many-clauses", fmt.Sprintf("a query has %d clauses at most; this one has %s too many", MaxClauses, n),
			strconv.Itoa(MaxClauses), n)
	}
	if root != nil && !positive(root) {
		return nil, p.fail(0, len(p.rs), "not-alone", "NOT needs something to take away from; in:NAME of a collection is enough")
	}
	p.offerAbsolute()
	return &Query{Root: root, Notes: p.notes, Exact: p.exact}, nil
}

// positive reports whether n narrows a search down, other than by taking away.
func positive(n Node) bool {
	switch n := n.(type) {
	case Not:
		return false
	case And:
		return slices.ContainsFunc(n, positive)
	case Or:
		return !slices.ContainsFunc(n, func(c Node) bool { return !positive(c) })
	}
	return true
}

// parser walks the query's characters after signs that mean the same have
// become one. Depth of recursion is bounded by MaxQueryBytes.
type parser struct {
	src     string
	rs      []rune
	off     []int // byte of each rune in src, and its length
	pos     int
	clauses int
	notes   []Note
	exact   bool
	today   time.Time
	fixes   []fix // of relative dates, in the order in which they stand
}

func newParser(q string) *parser {
	p := &parser{src: q}
	for i, r := range q {
		if r < utf8.RuneSelf || !dropped(r) || unicode.Is(unicode.M, r) || unicode.IsLetter(r) {
			p.rs = append(p.rs, sign(r))
			p.off = append(p.off, i)
		}
	}
	p.off = append(p.off, len(q))
	return p
}

// sign maps the signs of the grammar that have several forms to one.
func sign(r rune) rune {
	switch r {
	case '“', '”', '„', '‟', '«', '»', '＂':
		return '"'
	}
	if unicode.IsSpace(r) {
		return ' '
	}
	return wide(r)
}

func (p *parser) peek(i int) rune {
	if p.pos+i < len(p.rs) {
		return p.rs[p.pos+i]
	}
	return 0
}

func (p *parser) end() bool { return p.pos >= len(p.rs) }

func (p *parser) text(from, to int) string { return string(p.rs[from:to]) }

// fail makes the error for the runes [from, to).
func (p *parser) fail(from, to int, code, text string, args ...string) error {
	to = max(from, min(to, len(p.rs)))
	return &SyntaxError{Code: code, Args: args, Text: text, Offset: p.off[from], Length: p.off[to] - p.off[from],
		Column: utf8.RuneCountInString(p.src[:p.off[from]]) + 1}
}

func (p *parser) note(code, text string, args ...string) {
	p.add(Note{Code: code, Args: args, Text: text})
}

// add adds a remark that has not been made yet.
func (p *parser) add(n Note) {
	if !slices.ContainsFunc(p.notes, func(o Note) bool { return o.Text == n.Text && o.Query == n.Query }) {
		p.notes = append(p.notes, n)
	}
}

// link is how an item of a sequence is joined to the one before.
type link int

const (
	bySpace link = iota
	byAnd
	byOr
)

type item struct {
	node Node
	link link
	word string // a bare lower-case and, or, not, which may have been meant as an operator
}

// sequence reads clauses up to the closing bracket or the end. Inside { } a
// space means OR. It returns nil if there is nothing to search for.
func (p *parser) sequence(closing rune, field Field) (Node, error) {
	var items []item
	begin, next := p.pos, bySpace
	opAt := -1 // where an operator stands that still wants its right side
	for {
		p.skipSpace()
		if p.end() || p.peek(0) == ')' || p.peek(0) == '}' {
			break
		}
		start := p.pos
		if op, ok := p.operator(); ok {
			if opAt >= 0 || len(items) == 0 {
				return nil, p.dangling(start)
			}
			next, opAt = op, start
			continue
		}
		it, err := p.clause(field)
		if err != nil {
			return nil, err
		}
		if it.node == nil {
			continue
		}
		it.link = next
		if closing == '}' && next == bySpace && len(items) > 0 {
			it.link = byOr
		}
		items = append(items, it)
		next, opAt = bySpace, -1
	}
	if opAt >= 0 {
		return nil, p.dangling(opAt)
	}
	if p.peek(0) != closing {
		if closing == 0 {
			return nil, p.fail(p.pos, p.pos+1, "stray-bracket", fmt.Sprintf("bracket closed at %d and not opened", p.column(p.pos)), strconv.Itoa(p.column(p.pos)))
		}
		return nil, nil // the caller reports its open bracket
	}
	p.remark(items, begin)
	return build(items, false), nil
}

func (p *parser) column(at int) int { return utf8.RuneCountInString(p.src[:p.off[at]]) + 1 }

func (p *parser) dangling(at int) error {
	end := at
	for end < len(p.rs) && p.rs[end] != ' ' && p.rs[end] != ')' && p.rs[end] != '}' && p.rs[end] != '(' {
		end++
	}
	op := p.text(at, end)
	return p.fail(at, end, "dangling-operator", op+" needs a word on both sides; in quotes it is a word itself", op)
}

func (p *parser) skipSpace() {
	for p.peek(0) == ' ' {
		p.pos++
	}
}

// operator reads AND, OR, && or ||.
func (p *parser) operator() (link, bool) {
	for _, op := range []struct {
		text string
		link link
	}{{"AND", byAnd}, {"OR", byOr}, {"&&", byAnd}, {"||", byOr}} {
		if p.has(op.text) && (op.text[0] < 'A' || op.text[0] == '|' || p.ends(len(op.text))) {
			p.pos += len(op.text)
			return op.link, true
		}
	}
	return bySpace, false
}

func (p *parser) has(s string) bool {
	for i := range len(s) {
		if p.peek(i) != rune(s[i]) {
			return false
		}
	}
	return true
}

// ends reports whether a word of n runes ends there.
func (p *parser) ends(n int) bool {
	return p.pos+n >= len(p.rs) || strings.ContainsRune(` (){}"`, p.peek(n))
}

// before reports whether the sign there stands before something.
func (p *parser) before() bool {
	return p.pos+1 < len(p.rs) && !strings.ContainsRune(" )}", p.peek(1))
}

// clause reads one clause with the signs before it.
func (p *parser) clause(field Field) (item, error) {
	start, negative := p.pos, false
	for {
		switch {
		case p.has("NOT") && p.ends(3):
			negative = !negative
			p.pos += 3
			p.skipSpace()
			if p.end() || p.peek(0) == ')' || p.peek(0) == '}' {
				return item{}, p.dangling(start)
			}
			continue
		case (p.peek(0) == '-' || p.peek(0) == '!') && p.before():
			negative = !negative
			p.pos++
			continue
		case p.peek(0) == '+' && p.before():
			p.pos++
			continue
		}
		break
	}
	if op := p.pos; negative {
		if _, ok := p.operator(); ok {
			return item{}, p.dangling(op)
		}
	}
	it, err := p.unit(field)
	if negative && it.node != nil {
		it = item{node: Not{it.node}}
	}
	return it, err
}

// unit reads a bracket, a quoted phrase, a field with its value, or a word.
func (p *parser) unit(field Field) (item, error) {
	switch p.peek(0) {
	case '(', '{':
		n, err := p.group(field)
		return item{node: n}, err
	case '"':
		n, err := p.quoted(specOf(field))
		return item{node: n}, err
	}
	start := p.pos
	if name, ok := p.fieldName(); ok {
		n, err := p.fielded(name, start)
		return item{node: n}, err
	}
	raw := p.run()
	n, err := p.leaf(specOf(field), raw, start)
	it := item{node: n}
	if field == "" && (raw == "or" || raw == "and" || raw == "not") {
		it.word = raw
	}
	return it, err
}

// specOf is how a word is read to which the field name before a bracket goes.
func specOf(name Field) fieldSpec {
	if name == "" {
		return fieldSpec{kind: asText}
	}
	return fields[string(name)]
}

// group reads a bracket; a field before it goes to every word in it.
func (p *parser) group(field Field) (Node, error) {
	start := p.pos
	closing := map[rune]rune{'(': ')', '{': '}'}[p.peek(0)]
	p.pos++
	n, err := p.sequence(closing, field)
	if err != nil {
		return nil, err
	}
	col := strconv.Itoa(p.column(start))
	if p.peek(0) != closing {
		return nil, p.fail(start, start+1, "open-bracket", "bracket opened at "+col+" and not closed", col)
	}
	p.pos++
	if n == nil {
		return nil, p.fail(start, p.pos, "empty-bracket", "bracket opened at "+col+" holds no word", col)
	}
	return n, nil
}

// run reads up to a space, a quote, a bracket or a sign for AND or OR.
func (p *parser) run() string {
	start := p.pos
	for !p.end() && !p.ends(0) && !(p.pos > start && (p.has("&&") || p.has("||"))) {
		p.pos++
	}
	return p.text(start, p.pos)
}

// fieldName reads "name:" if the next word begins so, and leaves it alone if
// the name is nothing but text.
func (p *parser) fieldName() (string, bool) {
	i := 0
	for c := p.peek(i); c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' && i > 0; c = p.peek(i) {
		i++
	}
	if i == 0 || p.peek(i) != ':' {
		return "", false
	}
	name := p.text(p.pos, p.pos+i)
	if _, ok := fields[strings.ToLower(name)]; ok {
		p.pos += i + 1
		return strings.ToLower(name), true
	}
	rest := p.pos + i + 1
	value := ""
	if rest < len(p.rs) && !strings.ContainsRune(` (){}`, p.rs[rest]) {
		value = p.text(rest, rest+1)
	}
	if plainlyNoField(name, value) {
		return "", false
	}
	p.pos = rest
	return name, true
}

// fielded reads the value behind "name:".
func (p *parser) fielded(name string, start int) (Node, error) {
	spec, known := fields[name]
	if !known {
		return p.unknown(name, start), nil
	}
	if p.end() || p.ends(0) && p.peek(0) != '"' && p.peek(0) != '(' && p.peek(0) != '{' {
		return nil, p.fail(start, p.pos, "no-value", fmt.Sprintf("%s: needs %s, without a space", name, spec.needs), name, spec.needs)
	}
	ranged := spec.kind == asDate || spec.kind == asNumber
	var n Node
	var err error
	switch c := p.peek(0); {
	case ranged && (c == '[' || c == '{'):
		n, err = p.lucene(spec, start)
	case c == '(' || c == '{':
		return p.group(Field(name))
	case c == '"':
		n, err = p.quoted(spec)
	default:
		raw := p.run()
		if spec.field == MsgID {
			raw += p.restOfID()
		}
		n, err = p.leaf(spec, raw, start)
	}
	if err == nil && n == nil && spec.field != "also" {
		err = p.fail(start, p.pos, "no-value", fmt.Sprintf("%s: needs %s, without a space", name, spec.needs), name, spec.needs)
	}
	return n, err
}

// restOfID takes in brackets that stand inside a Message-ID.
func (p *parser) restOfID() string {
	start, depth := p.pos, 0
	for c := p.peek(0); c != 0 && c != ' ' && c != '"'; c = p.peek(0) {
		switch c {
		case '(', '{':
			depth++
		case ')', '}':
			depth--
		}
		if depth < 0 {
			break
		}
		p.pos++
	}
	return p.text(start, p.pos)
}

// unknown reads name:value as text: the words on both sides of the colon are
// a phrase.
func (p *parser) unknown(name string, start int) Node {
	value := ""
	if p.peek(0) == '"' {
		p.pos++
		from := p.pos
		for !p.end() && p.peek(0) != '"' {
			p.pos++
		}
		value = p.text(from, p.pos)
		if !p.end() {
			p.pos++
		}
	} else {
		value = p.run()
	}
	lower := strings.ToLower(name)
	switch near := nearestField(lower); {
	case lower == "older_than" || lower == "newer_than":
		p.relative(lower, p.thanFix(lower, value, start))
	case near != "":
		p.add(Note{Code: "unknown-field", Args: []string{name, string(near)}, Text: fmt.Sprintf("No field %s:. Searched as text. Did you mean %s:?", name, near),
			Query: p.text(0, start) + string(near) + ":" + p.text(start+len([]rune(name))+1, len(p.rs))})
	default:
		p.note("unknown-field", fmt.Sprintf("No field %s:. Searched as text.", name), name, "")
	}
	return p.phrase(Any, name+" "+value)
}

// remark adds the notes that concern a whole sequence, which stands in the
// runes [begin, p.pos).
func (p *parser) remark(items []item, begin int) {
	var spaces, ors bool
	for i, it := range items {
		if it.word != "" && i > 0 && i < len(items)-1 {
			op := strings.ToUpper(it.word)
			p.note("read-as-word", fmt.Sprintf("%q was read as a word; write %s.", it.word, op), it.word, op)
		}
		spaces = spaces || i > 0 && it.link == bySpace
		ors = ors || it.link == byOr
	}
	if !spaces || !ors {
		return
	}
	read, other := text(build(items, false)), p.text(0, begin)+text(build(items, true))+p.text(p.pos, len(p.rs))
	if len(other) > MaxQueryBytes {
		other = ""
	}
	p.add(Note{Code: "order", Args: []string{read}, Text: fmt.Sprintf("Read as %s.", read), Query: other})
}

// build joins items by their links. AND binds closer than OR, or the other way
// round for the other reading of a query.
func build(items []item, orFirst bool) Node {
	splits := func(l link) bool { return (l == byOr) != orFirst }
	var outer, inner []Node
	for i, it := range items {
		if i > 0 && splits(it.link) {
			outer = append(outer, join(inner, !orFirst))
			inner = nil
		}
		inner = append(inner, it.node)
	}
	if len(inner) > 0 {
		outer = append(outer, join(inner, !orFirst))
	}
	return join(outer, orFirst)
}

// join makes an And or an Or of nodes, flattened; one node stays itself.
func join(nodes []Node, and bool) Node {
	var flat []Node
	for _, n := range nodes {
		switch n := n.(type) {
		case And:
			if and {
				flat = append(flat, n...)
				continue
			}
		case Or:
			if !and {
				flat = append(flat, n...)
				continue
			}
		}
		flat = append(flat, n)
	}
	if and {
		flat = mergeDates(flat)
	}
	switch {
	case len(flat) == 0:
		return nil
	case len(flat) == 1:
		return flat[0]
	case and:
		return And(flat)
	}
	return Or(flat)
}
