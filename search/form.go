package search

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Form is a query as the boxes of the Advanced form hold it. It has no meaning
// of its own: it writes a query, and a query fills it in. Boxes of words take
// words and "phrases", parted by spaces; no sign in them is an operator. The
// zero value is the empty form.
type Form struct {
	Any, All, Phrase, None string // words of the item
	Distance               int    // words that may stand among those of Phrase; 0: side by side
	From, To               string // a clause each, of all the words in them
	NotFrom, NotTo         string
	Subject, Filename      string
	Since, Until           string // days, months or years, both included
	PubSince, PubUntil     string // of publication
	Collection             string
	Batch                  string // a number or a range
	Type, Lang, State      string
	Exact                  bool   // no other spellings
	Rest                   string // what else the query says, in its own language
}

// Query writes the query. It may be one that [Parse] refuses, as when a date is
// none: the answer to it says so.
func (f *Form) Query() string {
	var w writer
	w.phrase(f.Phrase, f.Distance) // first, so that it fills its box again
	w.all("", f.All)
	w.any(f.Any)
	for _, piece := range pieces(f.None) {
		w.add("-" + piece)
	}
	w.all("from:", f.From)
	w.all("to:", f.To)
	w.all("-from:", f.NotFrom)
	w.all("-to:", f.NotTo)
	w.all("subject:", f.Subject)
	w.all("filename:", f.Filename)
	w.dates("date:", f.Since, f.Until)
	w.dates("published:", f.PubSince, f.PubUntil)
	w.value("in:", f.Collection)
	w.value("batch:", f.Batch)
	w.value("type:", f.Type)
	w.value("lang:", f.Lang)
	w.value("is:", f.State)
	w.rest(f.Rest)
	if f.Exact {
		w.add("also:no")
	}
	return strings.Join(w, " ")
}

// writer collects the clauses of a query.
type writer []string

func (w *writer) add(clause string) { *w = append(*w, clause) }

// rest takes over a query; where it cannot be read, as it is, so that the
// answer shows the place.
func (w *writer) rest(s string) {
	if s = strings.TrimSpace(s); s == "" {
		return
	}
	q, err := Parse(s)
	if err != nil {
		w.add(s)
		return
	}
	for _, n := range q.top() {
		w.add(inner(n))
	}
	if q.Exact {
		w.add("also:no")
	}
}

// all writes a clause of all the words of a box.
func (w *writer) all(field, box string) {
	list := pieces(box)
	switch {
	case len(list) == 0:
	case field == "":
		*w = append(*w, list...)
	case len(list) == 1:
		w.add(field + list[0])
	default:
		w.add(field + "(" + strings.Join(list, " ") + ")")
	}
}

func (w *writer) any(box string) {
	switch list := pieces(box); len(list) {
	case 0:
	case 1:
		w.add(list[0])
	default:
		w.add("(" + strings.Join(list, " OR ") + ")")
	}
}

func (w *writer) phrase(box string, distance int) {
	box = strings.TrimSpace(unquoted(box))
	if box == "" {
		return
	}
	if distance > 0 {
		w.add(`"` + box + `"~` + strconv.Itoa(distance))
		return
	}
	w.add(`"` + box + `"`)
}

func (w *writer) dates(field, since, until string) {
	if since, until = strings.TrimSpace(since), strings.TrimSpace(until); since != "" || until != "" {
		w.add(field + oneWord(since+".."+until))
	}
}

func (w *writer) value(field, v string) {
	if v = strings.TrimSpace(v); v != "" {
		w.add(field + oneWord(v))
	}
}

// oneWord keeps what a box holds one value: in quotes, where it would part.
func oneWord(v string) string {
	if strings.ContainsAny(v, " (){}&|") || unquoted(v) != v {
		return `"` + unquoted(v) + `"`
	}
	return v
}

// unquoted drops every sign that opens or closes a phrase.
func unquoted(s string) string {
	return strings.Map(func(r rune) rune {
		if sign(r) == '"' {
			return ' '
		}
		return r
	}, s)
}

// pieces cuts a box into words and phrases, each written so that it is no more
// than that. Quotes that are not closed end with the box.
func pieces(box string) (list []string) {
	for i, part := range strings.Split(strings.Map(sign, box), `"`) {
		if i%2 == 1 {
			if part = strings.TrimSpace(part); len(Words(part)) > 0 {
				list = append(list, `"`+part+`"`)
			}
			continue
		}
		for _, word := range strings.Fields(part) {
			if len(Words(word)) > 0 {
				list = append(list, literal(word))
			}
		}
	}
	return list
}

// literal puts a word into quotes if it would not be read as a word.
func literal(word string) string {
	if q, err := Parse(word); err == nil && len(q.Notes) == 0 {
		if t, ok := q.Root.(*Text); ok && t.Field == Any && !strings.ContainsAny(word, "+(){}") {
			return word
		}
	}
	return `"` + word + `"`
}

// FormOf fills in the form that writes q: the same clauses, perhaps in another
// order. What has no box goes to Rest.
func FormOf(q *Query) Form {
	f := Form{Exact: q != nil && q.Exact}
	var rest []Node
	for _, n := range q.top() {
		if !f.take(n) {
			rest = append(rest, n)
		}
	}
	if root := join(rest, true); root != nil {
		f.Rest = text(root)
	}
	return f
}

// take puts a clause into its box, if it has one that has room.
func (f *Form) take(n Node) bool {
	switch n := n.(type) {
	case *Text:
		return f.takeText(n)
	case Not:
		return f.takeNot(n.Node)
	case Or:
		return f.takeOr(n)
	case *Dates:
		return f.takeDates(n)
	case *Value:
		box := map[Field]*string{In: &f.Collection, Type: &f.Type, Lang: &f.Lang, Is: &f.State}[n.Field]
		return put(box, n.Value)
	case *Numbers:
		return n.Field == Batch && put(&f.Batch, numberText(n))
	}
	return false
}

func (f *Form) takeText(t *Text) bool {
	if t.Field == Any && t.Mode <= Near && len(t.Words) > 1 && f.Phrase == "" && !slices.ContainsFunc(t.Words, joined) {
		f.Phrase, f.Distance = t.joined(), 0
		if t.Mode == Near {
			f.Distance = t.N
		}
		return true
	}
	box := map[Field]*string{Any: &f.All, From: &f.From, To: &f.To, Subject: &f.Subject, Filename: &f.Filename}[t.Field]
	return box != nil && also(box, t)
}

// joined reports whether a word hangs together with the one before.
func joined(w Word) bool { return w.Glued }

func (f *Form) takeNot(n Node) bool {
	switch n := n.(type) {
	case *Text:
		switch n.Field {
		case Any:
			return also(&f.None, n)
		case From:
			return f.NotFrom == "" && also(&f.NotFrom, n)
		case To:
			return f.NotTo == "" && also(&f.NotTo, n)
		}
	case And:
		if list, ok := texts(n, From); ok {
			return put(&f.NotFrom, list)
		}
		if list, ok := texts(n, To); ok {
			return put(&f.NotTo, list)
		}
	}
	return false
}

func (f *Form) takeOr(n Or) bool {
	if slices.EqualFunc(n, Or{&Value{Is, "valid"}, &Value{Is, "kept-key"}}, func(a, b Node) bool { return text(a) == text(b) }) {
		return put(&f.State, "signed")
	}
	list, ok := texts(n, Any)
	return ok && put(&f.Any, list)
}

// texts are the words of a box that say what nodes, all texts in one field, say.
func texts(nodes []Node, field Field) (box string, ok bool) {
	for _, n := range nodes {
		t, ok := n.(*Text)
		if !ok || t.Field != field || !also(&box, t) {
			return "", false
		}
	}
	return box, true
}

// also adds a text to a box of words, if it reads back as the same there.
func also(box *string, t *Text) bool {
	piece := t.text()
	back := pieces(piece)
	if len(back) != 1 || back[0] != piece || t.Mode == Near {
		return false
	}
	*box = strings.TrimSpace(*box + " " + piece)
	return true
}

// put fills a box that is there and empty.
func put(box *string, v string) bool {
	if box == nil || *box != "" {
		return false
	}
	*box = v
	return true
}

func (f *Form) takeDates(d *Dates) bool {
	since, until := &f.Since, &f.Until
	if d.Field == Published {
		since, until = &f.PubSince, &f.PubUntil
	}
	if *since != "" || *until != "" || !d.To.IsZero() && d.To.Year() <= minYear {
		return false
	}
	if !d.From.IsZero() {
		*since = d.From.Format(time.DateOnly)
	}
	if !d.To.IsZero() {
		*until = d.To.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return true
}
