package search

import "strings"

// kind is how the value of a field is read.
type kind int

const (
	asText kind = iota
	asDate
	asNumber
	asValue
)

// fieldSpec is what a field name in a query stands for.
type fieldSpec struct {
	field Field
	kind  kind
	op    string // dates: ">=" and "<" for after: and before:
	needs string // what the field needs, for the error of an empty one
}

// fields maps every name of query-language.md, section 2, to its meaning.
// bs:, also: and relative dates are read apart.
var fields = func() map[string]fieldSpec {
	m := map[string]fieldSpec{
		"after":  {Date, asDate, ">=", "a day, month or year"},
		"newer":  {Date, asDate, ">=", "a day, month or year"},
		"before": {Date, asDate, "<", "a day, month or year"},
		"older":  {Date, asDate, "<", "a day, month or year"},
		"bs":     {"bs", asText, "", "a word"},
		"also":   {"also", asValue, "", "the word no"},
	}
	add := func(f Field, k kind, needs string, names ...string) {
		m[string(f)] = fieldSpec{field: f, kind: k, needs: needs}
		for _, n := range names {
			m[n] = m[string(f)]
		}
	}
	const who = "a name or an address"
	add(From, asText, who, "f")
	add(To, asText, who, "t", "tc")
	add(Cc, asText, who, "c")
	add(Bcc, asText, who)
	add(With, asText, who, "a")
	add(Person, asText, who)
	add(Subject, asText, "a word", "s", "title")
	add(Body, asText, "a word", "b")
	add(Own, asText, "a word", "nq")
	add(Quoted, asText, "a word", "q")
	add(Filename, asText, "a file name", "n", "attachment")
	add(Date, asDate, "a day, month or year", "d", "on")
	add(Published, asDate, "a day, month or year")
	add(Has, asValue, "attachment, transcript or translation")
	add(Type, asValue, "a kind of item or file", "mimetype", "kind")
	add(Ext, asValue, "a file name extension")
	add(No, asNumber, "a number", "document")
	add(MsgID, asValue, "a Message-ID", "rfc822msgid", "id", "m")
	add(Thread, asValue, "the name of a thread")
	add(SHA256, asValue, "8 hex digits or more")
	add(In, asValue, "the name of a collection")
	add(Batch, asNumber, "a number")
	add(Lang, asValue, "a language tag")
	add(Is, asValue, "a state")
	return m
}()

// states are the values of is:, in the order in which a note lists them.
var states = []string{"valid", "kept-key", "unchecked", "unsigned", "mismatch", "redacted", "signed", "withdrawn", "new"}

// having are the values of has:.
var having = []string{"attachment", "transcript", "translation"}

// schemes look like fields but are addresses or prefixes of subjects.
var schemes = map[string]bool{
	"http": true, "https": true, "ftp": true, "mailto": true, "tel": true, "urn": true, "file": true, "news": true,
	"re": true, "fw": true, "fwd": true, "aw": true, "sv": true,
}

// plainlyNoField reports whether name:value is ordinary text, so that no note
// is due: "12:30", "https://...", "std::list".
func plainlyNoField(name, value string) bool {
	if name[0] < 'A' || schemes[strings.ToLower(name)] {
		return true
	}
	return value == "" || strings.HasPrefix(value, "/") || strings.HasPrefix(value, ":") || strings.HasPrefix(value, `\`)
}

// nearestField names the canonical field that a mistyped name is closest to,
// or nothing.
func nearestField(name string) Field {
	best, at := Field(""), 3
	for n, spec := range fields {
		if len(n) < 2 || spec.field == "also" {
			continue
		}
		d := Distance([]rune(name), []rune(n))
		if d < at || d == at && d < 3 && Field(n) < best {
			best, at = Field(n), d
		}
	}
	if at >= len(name) {
		return ""
	}
	return best
}

// Distance counts the edits between two words: insert, delete, replace a
// character, swap two neighbours, no character edited twice (optimal string
// alignment). Fuzzy words are those within the distance asked for.
func Distance(a, b []rune) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range a {
		cur[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], prev2[j-1]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
