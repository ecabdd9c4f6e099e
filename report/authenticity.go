package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"unseal/trove"
)

// state is a verdict with its name in columns and its words for people.
type state struct {
	verdict     trove.Verdict
	name, words string
}

// verdicts are the six states of a sender's signature, in the order people
// read them, with the words that readers see everywhere.
var verdicts = [...]state{
	{trove.Valid, "valid", "Signature valid"},
	{trove.KeptKey, "kept_key", "Signature valid with kept key"},
	{trove.Unchecked, "unchecked", "Cannot check"},
	{trove.Unsigned, "unsigned", "Not signed"},
	{trove.Mismatch, "mismatch", "Does not match"},
	{trove.Redacted, "redacted", "Redacted copy"},
}

// Authenticity reports what was shown of the senders' signatures: over an
// archive of what is published, over a desk of all that was not excluded. The
// error matches [ErrAccount] if an item is in none of the six states.
func Authenticity(in *Input) (*Report, error) {
	if _, err := in.count(); err != nil {
		return nil, err
	}
	use := isPublished
	if in.Desk {
		use = material
	}
	var items []*Item
	for i := range in.Items {
		if it := &in.Items[i]; it.Known && use(it) {
			items = append(items, it)
		}
	}
	shown := in.namable()
	r := in.report("authenticity")
	var t Checks
	for _, it := range items {
		if err := t.add(it, shown.name(it.domain())); err != nil {
			return nil, err
		}
	}
	batches, domains := t.Batches(), t.domainTable()
	whole := batches.Rows[len(batches.Rows)-1]
	if !slices.Equal(whole.Cells[1:], domains.Rows[len(domains.Rows)-1].Cells[1:]) || whole.Cells[1].N != len(items) {
		return nil, fmt.Errorf("batches and domains differ: %w", ErrAccount)
	}
	for i, c := range batches.Columns[1:] {
		r.Figures = append(r.Figures, Figure{c.Name, c.Title, Count, whole.Cells[i+1]})
	}
	domains.Join(domainRows)
	r.Tables = []Table{batches, domains, signers(items, shown), signatureCauses(items)}
	return r, nil
}

func batchName(it *Item) string {
	if it.Batch == 0 {
		return "in none"
	}
	return fmt.Sprint(it.Batch)
}

// compareNumbers orders numbers before words.
func compareNumbers(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	if (x == 0) != (y == 0) {
		return cmp.Compare(y, x)
	}
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
}

// domainRows is how many domains have rows of their own.
const domainRows = 200

// What stands in the first column in the place of a domain.
const (
	NoDomain = "no sender's address"
	Others   = "others"
)

// Join makes one row of all rows beyond the first n but the total.
func (t *Table) Join(n int) {
	last := len(t.Rows) - 1
	if last <= n {
		return
	}
	others := make([]Cell, len(t.Columns))
	others[0] = words(Others)
	for _, r := range t.Rows[n:last] {
		for i := range others[1:] {
			others[i+1].N += r.Cells[i+1].N
		}
	}
	t.Rows = append(t.Rows[:n:n], Row{Cells: others}, t.Rows[last])
}

// Checks counts items by the six states of a sender's check, by batch and by
// the domain of the sender's address. The zero value has counted nothing.
type Checks struct {
	batches, domains map[string]*states
}

// states are how many items are in each of [verdicts].
type states [len(verdicts)]int

// Add counts a published item. The error matches [ErrAccount] if it is in none
// of the six states.
func (t *Checks) Add(it *Item) error { return t.add(it, it.domain()) }

func (t *Checks) add(it *Item, domain string) error {
	at := slices.IndexFunc(verdicts[:], func(s state) bool { return s.verdict == it.Verdict })
	if at < 0 {
		return fmt.Errorf("number %d is in no state of a sender's check: %q: %w", it.Number, it.Verdict, ErrAccount)
	}
	if t.batches == nil {
		t.batches, t.domains = map[string]*states{}, map[string]*states{}
	}
	countsOf(t.batches, batchName(it))[at]++
	countsOf(t.domains, domain)[at]++
	return nil
}

// Join adds what o has counted.
func (t *Checks) Join(o *Checks) {
	if t.batches == nil {
		t.batches, t.domains = map[string]*states{}, map[string]*states{}
	}
	join := func(to, from map[string]*states) {
		for key, counts := range from {
			for i, n := range counts {
				countsOf(to, key)[i] += n
			}
		}
	}
	join(t.batches, o.batches)
	join(t.domains, o.domains)
}

// countsOf are the counts of a key, which begin at nothing.
func countsOf(m map[string]*states, key string) *states {
	if m[key] == nil {
		m[key] = new(states)
	}
	return m[key]
}

// Batches is the table of the batches.
func (t *Checks) Batches() Table {
	table := Table{Name: "batches", Title: "By batch", Columns: []Column{{Name: "batch", Title: "Batch", Form: Number}},
		Note: "Every item is in one of six states, which make up the items. A valid signature says that the domain's server sent these words, not who wrote them nor that they are true."}
	table.states(t.batches, compareNumbers)
	return table
}

// Domains is the table of the senders' domains, those with most items first;
// beyond a number of rows they are joined in one; see [Table.Join].
func (t *Checks) Domains() Table {
	table := t.domainTable()
	table.Join(domainRows)
	return table
}

func (t *Checks) domainTable() Table {
	table := Table{Name: "domains", Title: "By sender's domain", Columns: []Column{{Name: "domain", Title: "Domain"}},
		Note: "Domains of the senders' addresses, as the mails state them."}
	table.states(t.domains, nil)
	return table
}

// states makes the rows of counts by key, which the first column names, and by
// state: the keys with most items first, unless order says otherwise.
func (t *Table) states(counts map[string]*states, order func(a, b string) int) {
	t.Columns, t.Whole = append(t.Columns, counted("items", "Items")), 1
	for i, v := range verdicts {
		t.Columns = append(t.Columns, counted(v.name, v.words))
		t.Parts = append(t.Parts, i+2)
	}
	total := map[string]int{}
	for k, s := range counts {
		for _, n := range s {
			total[k] += n
		}
	}
	keys := byCount(total)
	if order != nil {
		slices.SortFunc(keys, order)
	}
	for _, k := range keys {
		row := []Cell{words(domainWords(k)), number(total[k])}
		if n, err := strconv.Atoi(k); err == nil && t.Columns[0].Form == Number {
			row[0] = number(n)
		}
		for _, n := range counts[k] {
			row = append(row, number(n))
		}
		t.add(row...)
	}
	t.total("total")
}

// domainWords says what stands in the place of a domain.
func domainWords(d string) string {
	switch d {
	case noDomain:
		return NoDomain
	case otherDomain:
		return "others, of withheld items alone"
	}
	return d
}

// The results of a signature, as records state them.
var results = []string{"pass", "fail", "nokey"}

// signers counts signatures by the domain that signed.
func signers(items []*Item, shown namable) Table {
	t := Table{Name: "signers", Title: "Signing domains", Note: "One mail may carry several signatures.",
		Columns: []Column{{Name: "domain", Title: "Domain"}, counted("signatures", "Signatures"), counted("pass", "Match"),
			counted("fail", "Do not match"), counted("nokey", "Key not known"), counted("other", "Other")}, Parts: []int{2, 3, 4, 5}, Whole: 1}
	rows, count := map[string][]Cell{}, map[string]int{}
	for _, it := range items {
		for _, s := range it.Signatures {
			d := shown.name(strings.ToLower(s.Domain))
			if rows[d] == nil {
				rows[d] = make([]Cell, len(t.Columns))
				rows[d][0] = words(domainWords(d))
			}
			at := slices.Index(results, s.Result)
			if at < 0 {
				at = len(results)
			}
			rows[d][1].N++
			rows[d][2+at].N++
			count[d]++
		}
	}
	for _, d := range byCount(count) {
		t.add(rows[d]...)
	}
	t.total("total")
	t.Join(domainRows)
	return t
}

// signatureCauses counts what is said of signatures beside their result.
func signatureCauses(items []*Item) Table {
	t := Table{Name: "causes", Title: "Causes", Note: "Why a signature did not match or could not be checked, and what is to be known of one that matched.",
		Columns: []Column{{Name: "result", Title: "Result"}, {Name: "cause", Title: "Cause"}, counted("signatures", "Signatures")}, Parts: []int{2}, Whole: 2, Max: true}
	count := map[[2]string]int{}
	for _, it := range items {
		for _, s := range it.Signatures {
			count[[2]string{s.Result, s.Cause}]++
		}
	}
	keys := slices.SortedFunc(maps.Keys(count), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	for _, k := range keys {
		t.add(words(k[0]), words(cmp.Or(k[1], "nothing")), number(count[k]))
	}
	t.total("total")
	return t
}
