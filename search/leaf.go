package search

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// leaf makes the clause of a value without quotes. start is the rune where the
// clause began, for errors.
func (p *parser) leaf(spec fieldSpec, raw string, start int) (Node, error) {
	switch spec.kind {
	case asDate:
		return p.dates(spec, raw, start)
	case asNumber:
		return p.numbers(spec, raw, start)
	case asValue:
		return p.value(spec, raw, start)
	}
	return p.words(spec.field, raw)
}

// words reads text without quotes, with the signs that may stand at its end.
func (p *parser) words(field Field, raw string) (Node, error) {
	at := p.pos - utf8.RuneCountInString(raw)
	if len(raw) > 2 && raw[0] == '/' && raw[len(raw)-1] == '/' {
		p.note("no-regexp", "Regular expressions are not used here. Searched as text.")
		return p.phrase(field, raw), nil
	}
	raw = p.weight(raw)
	base := strings.TrimRight(raw, "*")
	if star := strings.IndexByte(base, '*'); star >= 0 || base == "" && raw != "" {
		at += utf8.RuneCountInString(raw[:max(star, 0)])
		return nil, p.fail(at, at+1, "star-place", "a star stands at the end of a word only")
	}
	if base != raw {
		return p.prefix(field, base, at)
	}
	if i := strings.LastIndexByte(raw, '~'); i > 0 && numeric(raw[i+1:]) {
		return p.fuzzy(field, raw[:i], raw[i+1:]), nil
	}
	return p.phrase(field, raw), nil
}

// weight takes "^2" off.
func (p *parser) weight(raw string) string {
	i := strings.LastIndexByte(raw, '^')
	if i < 0 || i == len(raw)-1 || !numeric(raw[i+1:]) {
		return raw
	}
	p.note("weights", "Weights are not used.")
	return raw[:i]
}

func numeric(s string) bool { return strings.Trim(s, "0123456789.") == "" }

func (p *parser) prefix(field Field, base string, at int) (Node, error) {
	words := Words(base)
	if len(words) == 0 {
		return nil, p.fail(at, p.pos, "star-place", "a star stands at the end of a word only")
	}
	last := words[len(words)-1].Text
	if pairOf(last) {
		return p.phrase(field, base), nil // the pairs find longer words anyway
	}
	if utf8.RuneCountInString(last) < MinPrefix {
		return nil, p.fail(at, p.pos, "short-prefix", fmt.Sprintf("%d letters at least before the star", MinPrefix), strconv.Itoa(MinPrefix))
	}
	var parts []Node
	if before := words[:len(words)-1]; len(before) > 0 {
		parts = append(parts, p.spread(field, Text{Words: before}))
	}
	parts = append(parts, p.spread(field, Text{Mode: Prefix, Words: []Word{{Text: last}}}))
	return join(parts, true), nil
}

func (p *parser) fuzzy(field Field, base, edits string) Node {
	words := Words(base)
	if len(words) != 1 || pairOf(words[0].Text) {
		p.note("fuzzy-one-word", "~ works on one word; read without it.")
		return p.phrase(field, base)
	}
	n := 1
	switch letters := utf8.RuneCountInString(words[0].Text); {
	case edits == "1":
	case edits == "2" && letters >= 6:
		n = 2
	case edits == "2":
		p.note("fuzzy-short", "Two edits need a word of six letters; read as ~1.")
	case edits == "":
		p.note("fuzzy-one", "~ without a number is read as ~1.")
	case edits > "2" && letters >= 6 && !strings.HasPrefix(edits, "0"):
		n = 2
		p.note("fuzzy-most", "Two edits are the most; read as ~2.")
	default:
		p.note("fuzzy-read", "~"+edits+" is read as ~1.", edits)
	}
	return p.spread(field, Text{Mode: Fuzzy, N: n, Words: words})
}

// quoted reads a phrase or a value in quotes, and ~n or ^n behind it.
func (p *parser) quoted(spec fieldSpec) (Node, error) {
	start := p.pos
	p.pos++
	from := p.pos
	for !p.end() && p.peek(0) != '"' {
		p.pos++
	}
	if p.end() {
		col := strconv.Itoa(p.column(start))
		return nil, p.fail(start, start+1, "open-quote", "quote opened at "+col+" and not closed", col)
	}
	raw := strings.TrimSpace(p.text(from, p.pos))
	p.pos++
	if spec.kind != asText {
		return p.leaf(spec, raw, start)
	}
	tail := ""
	if c := p.peek(0); c == '~' || c == '^' {
		tail = p.weight(p.run())
	}
	words := Words(raw)
	if n, ok := strings.CutPrefix(tail, "~"); ok && n != "" && len(words) > 1 {
		return p.near(spec.field, words, n), nil
	}
	return quote(p.phrase(spec.field, raw)), nil
}

// quote marks texts that have other spellings where they are not in quotes.
func quote(n Node) Node {
	switch n := n.(type) {
	case Or: // of bs:
		for _, k := range n {
			quote(k)
		}
	case *Text:
		n.Quoted = n.whole()
	}
	return n
}

func (p *parser) near(field Field, words []Word, n string) Node {
	slop, err := strconv.Atoi(n)
	if err != nil || slop > MaxSlop {
		slop = MaxSlop
		p.note("near-most", fmt.Sprintf("The greatest distance is %d.", MaxSlop), strconv.Itoa(MaxSlop))
	}
	if slop <= 0 {
		return p.spread(field, Text{Words: words})
	}
	return p.spread(field, Text{Mode: Near, N: slop, Words: words})
}

// phrase makes the clause of words side by side, or nil if raw holds none.
func (p *parser) phrase(field Field, raw string) Node {
	words := Words(raw)
	if len(words) == 0 {
		return nil
	}
	t := Text{Words: words, Value: whole(field, raw, words)}
	if t.Value == "" { // around one piece there may have been signs that mean nothing
		t.Value = whole(field, t.joined(), words)
	}
	return p.spread(field, t)
}

// whole is the value of fields that show it whole: where it is one piece with
// signs inside and reads back the same.
func whole(field Field, raw string, words []Word) string {
	switch field {
	case From, To, Cc, Bcc, With, Person, Filename:
	default:
		return ""
	}
	v := Fold(raw)
	if len(words) < 2 || strings.ContainsFunc(v, odd) || strings.HasPrefix(v, "/") || !slices.Equal(Words(v), words) {
		return ""
	}
	return v
}

// odd reports signs that mean something in a query or part words invisibly.
func odd(r rune) bool {
	return strings.ContainsRune(` "(){}[]*~^&|<>“”„‟«»`, r) || unicode.IsSpace(r) || unicode.In(r, unicode.C)
}

// spread makes the leaf, or for bs: one in the subject and one in the body.
func (p *parser) spread(field Field, t Text) Node {
	if field == "bs" {
		s, b := t, t
		s.Field, b.Field = Subject, Body
		p.clauses += 2
		return Or{&s, &b}
	}
	t.Field = field
	p.clauses++
	return &t
}

// joiner is the zero-width non-joiner: it parts words, but not in the eyes of
// who writes Persian.
const joiner = "\u200c"

// Words folds a piece of a query: the words of s, where a run of CJK gives its
// pairs alone.
func Words(s string) []Word {
	var out []Word
	var sc Scanner
	s = Normal(s)
	end := -1
	for sc.Reset(s); sc.Next(); {
		if sc.InRun {
			continue
		}
		between := ""
		if end >= 0 {
			between = s[end:sc.Start]
		}
		out = append(out, Word{Text: string(sc.Word), At: sc.At, Glued: between == "_", Joint: between == joiner})
		end = sc.End
		if pairOf(out[len(out)-1].Text) {
			end = -1
		}
	}
	return out
}

// pairOf reports whether a word is written in CJK.
func pairOf(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return paired(r)
}

// numbers reads "20", "20..23", "20-23", or a Lucene range without brackets.
func (p *parser) numbers(spec fieldSpec, raw string, start int) (Node, error) {
	v := Fold(raw)
	from, to, isRange := strings.Cut(v, "..")
	if !isRange {
		from, to, isRange = strings.Cut(v, "-")
	}
	n := &Numbers{Field: spec.field}
	var err error
	switch {
	case !isRange:
		n.From, err = number(v)
		n.To = n.From
	default:
		n.From, err = openNumber(from)
		if err == nil {
			n.To, err = openNumber(to)
		}
		if err == nil && n.From == 0 && n.To == 0 { // "..", "*..", which is no range
			err = strconv.ErrSyntax
		}
	}
	if err != nil {
		return nil, p.fail(start, p.pos, "bad-number", fmt.Sprintf("%s: needs a number from 1 up, or a range such as 20..23", spec.field), string(spec.field))
	}
	p.clauses++
	return n, nil
}

func openNumber(s string) (int, error) {
	if s == "" || s == "*" {
		return 0, nil
	}
	return number(s)
}

func number(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err == nil && n == 0 {
		err = strconv.ErrRange
	}
	return int(n), err
}

// value reads the value of a closed or exact field.
func (p *parser) value(spec fieldSpec, raw string, start int) (Node, error) {
	v := strings.TrimSpace(Fold(raw)) // folding may take off the mark that stood on a space
	switch spec.field {
	case MsgID:
		v = strings.Trim(v, "<> ")
	case Ext:
		v = strings.TrimLeft(v, ".")
	case Type:
		v = strings.TrimSuffix(v, "/*")
	case SHA256:
		if !hexDigits(v) {
			return nil, p.fail(start, p.pos, "bad-hash", "sha256: needs 8 to 64 hex digits")
		}
	}
	if v == "" {
		return nil, nil
	}
	if spec.field != MsgID && strings.Contains(v, "*") {
		return nil, p.fail(start, p.pos, "star-place", "a star stands at the end of a word only")
	}
	switch spec.field {
	case "also":
		return p.also(v), nil
	case Has:
		if !slices.Contains(having, v) {
			return p.unlisted("has", v, having), nil
		}
	case Is:
		if !slices.Contains(states, v) {
			return p.unlisted("is", v, states), nil
		}
		if v == "signed" {
			p.clauses += 2
			return Or{&Value{Is, "valid"}, &Value{Is, "kept-key"}}, nil
		}
	}
	p.clauses++
	return &Value{spec.field, v}, nil
}

func hexDigits(v string) bool {
	if len(v) < 8 || len(v) > 64 {
		return false
	}
	_, err := hex.DecodeString(v + strings.Repeat("0", len(v)%2))
	return err == nil
}

func (p *parser) also(v string) Node {
	if v == "no" {
		p.exact = true
		return nil
	}
	return p.unlisted("also", v, []string{"no"})
}

// unlisted reads an unknown value of a closed list as text.
func (p *parser) unlisted(field, v string, list []string) Node {
	known := strings.Join(list, ", ")
	p.note("unknown-value", fmt.Sprintf("%s: knows no %q, only %s. Searched as text.", field, v, known), field, v, known)
	return p.phrase(Any, field+" "+v)
}
