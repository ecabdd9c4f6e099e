package table

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Field is what a column of a table of mails holds.
type Field string

// The fields, in the order in which a mapping is shown.
const (
	From    Field = "from"
	To      Field = "to"
	Cc      Field = "cc"
	Bcc     Field = "bcc"
	Subject Field = "subject"
	Date    Field = "date"
	Body    Field = "body"
	ID      Field = "id"
	Dates   Field = "dates" // no column: the order of day and month, "dmy" or "mdy"
)

var fields = []Field{From, To, Cc, Bcc, Subject, Date, Body, ID, Dates}

// Mapping says which column of a table holds which field of a mail; under
// [Dates] it says how dates are written that can be read in two ways. Its text
// is field=column pairs with commas between, and a pair that holds a comma or a
// quote itself stands in double quotes: `from=Sender,"subject=Re, what"`.
type Mapping map[Field]string

// String writes the mapping so that [ParseMapping] reads it.
func (m Mapping) String() string {
	var pairs []string
	for _, f := range fields {
		column, ok := m[f]
		if !ok {
			continue
		}
		pair := string(f) + "=" + column
		if strings.ContainsAny(pair, ",\"\r\n") {
			pair = `"` + strings.ReplaceAll(pair, `"`, `""`) + `"`
		}
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, ",")
}

// maxMapping bounds the text of a mapping in bytes.
const maxMapping = 10_000

// ParseMapping reads what [Mapping.String] writes, or a person: white space
// around names does not matter.
func ParseMapping(s string) (Mapping, error) {
	m := Mapping{}
	if len(s) > maxMapping {
		return nil, fmt.Errorf("a mapping of %d bytes", len(s))
	}
	pairs, err := NewRows(strings.NewReader(s), ',').Next()
	if err != nil {
		return nil, fmt.Errorf(`no mapping: write field=column pairs with commas between, such as "from=Sender,body=Text"`)
	}
	for _, pair := range pairs {
		name, column, ok := strings.Cut(pair, "=")
		f := Field(strings.ToLower(strings.TrimSpace(name)))
		switch {
		case !ok || !slices.Contains(fields, f):
			return nil, fmt.Errorf("%q is no field=column: the fields are %s", pair, fieldList())
		case m[f] != "":
			return nil, fmt.Errorf("the field %s stands twice", f)
		case strings.TrimSpace(column) == "":
			return nil, fmt.Errorf("the field %s has no column", f)
		}
		m[f] = strings.TrimSpace(column)
	}
	if order, ok := m[Dates]; ok && order != "dmy" && order != "mdy" {
		return nil, fmt.Errorf("dates=%s: write dmy or mdy", order)
	}
	return m, nil
}

func fieldList() string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// Mails reports whether the mapping makes messages: they have a text or a
// subject, and someone or some time.
func (m Mapping) Mails() bool {
	return (m[Body] != "" || m[Subject] != "") && (m[Date] != "" && (m[From] != "" || m[To] != "" || m[Body] != "") || m[From] != "" && m[To] != "")
}

// Check says which column of the mapping a table does not have.
func (m Mapping) Check(header []string) error {
	for _, f := range fields {
		if column, ok := m[f]; ok && f != Dates && m.at(header, f) < 0 {
			return fmt.Errorf("%w: no column %q for %s; it has %s", ErrColumns, column, f, strings.Join(header, ", "))
		}
	}
	if !m.Mails() {
		return fmt.Errorf("a mapping to mails needs body or subject, and date or from and to")
	}
	return nil
}

// at is the place of a field's column, -1 if there is none. Names are compared
// exactly first, then without regard to case.
func (m Mapping) at(header []string, f Field) int {
	column, ok := m[f]
	if !ok {
		return -1
	}
	if i := slices.IndexFunc(header, func(h string) bool { return strings.TrimSpace(h) == column }); i >= 0 {
		return i
	}
	return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), column) })
}

// hint is a word or two in the name of a column, and how much it says.
type hint struct {
	words string
	score int
}

var hints = map[Field][]hint{
	From:    {{"from", 10}, {"sender", 9}, {"expediteur", 9}, {"absender", 9}, {"remitente", 9}, {"von", 8}, {"author", 4}},
	To:      {{"to", 10}, {"recipient", 9}, {"recipients", 9}, {"receiver", 9}, {"destinataire", 9}, {"destinatario", 9}, {"empfanger", 9}, {"empfänger", 9}},
	Cc:      {{"cc", 10}, {"copy to", 7}},
	Bcc:     {{"bcc", 10}},
	Subject: {{"subject", 10}, {"betreff", 9}, {"objet", 9}, {"sujet", 9}, {"asunto", 9}, {"title", 4}},
	Date:    {{"date sent", 12}, {"sent date", 12}, {"sent at", 11}, {"sent on", 11}, {"sent", 10}, {"date", 8}, {"datum", 8}, {"fecha", 8}, {"timestamp", 7}, {"received", 5}, {"time", 3}},
	Body:    {{"body text", 11}, {"body", 10}, {"raw email", 9}, {"email text", 9}, {"message text", 9}, {"content", 7}, {"text", 6}, {"raw text", 6}, {"message", 5}, {"inhalt", 7}, {"texte", 7}, {"contenu", 7}, {"clean email", 5}, {"email", 4}},
	ID:      {{"message id", 12}, {"doc number", 9}, {"document number", 9}, {"doc id", 8}, {"id", 7}},
}

// against are words that speak against any field but ID.
var against = []string{"id", "ids", "link", "url", "case", "class", "count", "released", "release", "path", "score", "topic", "pred", "number", "type", "attachments"}

// Guess tells from the names of the columns and the values of some rows which
// column holds what. It guesses nothing where nothing speaks for it; whether
// the result makes mails says [Mapping.Mails].
func Guess(header []string, rows [][]string) Mapping {
	type claim struct {
		field Field
		at    int
		score int
	}
	var claims []claim
	for i, name := range header {
		v := look(rows, i)
		for _, f := range fields {
			if s := speaksFor(f, words(name), v); s > 0 {
				claims = append(claims, claim{f, i, s})
			}
		}
	}
	slices.SortStableFunc(claims, func(a, b claim) int { return cmp.Compare(b.score, a.score) })
	m, taken := Mapping{}, map[int]bool{}
	for _, c := range claims {
		if m[c.field] == "" && !taken[c.at] {
			m[c.field], taken[c.at] = strings.TrimSpace(header[c.at]), true
		}
	}
	if i := m.at(header, Date); i >= 0 {
		if order := dayOrder(rows, i); order != "" {
			m[Dates] = order
		}
	}
	return m
}

// words are the words of a column's name in lower case: "MetadataDateSent" and
// "metadata_date_sent" are the same three.
func words(name string) []string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		up := unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if up || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			b.WriteByte(' ')
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return strings.Fields(strings.NewReplacer("é", "e", "è", "e", "â", "a").Replace(b.String()))
}

// speaksFor is how much a column's name and values speak for a field; 0 if not.
func speaksFor(f Field, name []string, v values) int {
	score := 0
	joined := " " + strings.Join(name, " ") + " "
	for _, h := range hints[f] {
		if strings.Contains(joined, " "+h.words+" ") {
			score = max(score, h.score)
		}
	}
	if score == 0 {
		return 0
	}
	for _, w := range against {
		if f != ID && slices.Contains(name, w) {
			return 0
		}
	}
	score = 4*score - len(name)
	if slices.Contains(name, "extracted") && f != Body && f != Cc {
		score -= 6
	}
	return max(0, score+v.speak(f))
}

// values are what the sampled values of a column are like.
type values struct {
	n, filled, dates, addresses, letters, length int
	different                                    bool
}

// guessRows is how many rows are looked at.
const guessRows = 500

func look(rows [][]string, column int) (v values) {
	seen := map[string]bool{}
	v.different = true
	for _, row := range rows[:min(len(rows), guessRows)] {
		v.n++
		if column >= len(row) || strings.TrimSpace(row[column]) == "" {
			continue
		}
		c := strings.TrimSpace(row[column])
		v.filled++
		v.length += len(c)
		v.different = v.different && !seen[c]
		seen[c] = true
		if _, ok := parseDate(c, "dmy"); ok {
			v.dates++
		} else if _, ok := parseDate(c, "mdy"); ok {
			v.dates++
		}
		if strings.Contains(c, "@") {
			v.addresses++
		}
		if hasLetter(c) {
			v.letters++
		}
	}
	return v
}

// refused keeps a column from being a field.
const refused = -1000

// speak is what the values add to a score.
func (v values) speak(f Field) int {
	if v.filled == 0 {
		return -8
	}
	average := v.length / v.filled
	switch f {
	case Date:
		if v.dates*10 < v.filled*6 {
			return refused
		}
	case Body:
		if average < 20 {
			return refused
		}
		return min(average/100, 8)
	case From, To, Cc, Bcc:
		if average > 400 || v.letters*2 < v.filled {
			return refused
		}
		if v.addresses*3 > v.filled {
			return 3
		}
	case Subject:
		if average > 400 {
			return refused
		}
	case ID:
		if !v.different {
			return refused
		}
	}
	return 0
}
