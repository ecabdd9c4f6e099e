package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"unseal/thread"
	"unseal/trove"
)

// Completeness reports what of a collection is out, what is not and why, what
// is known to be absent, and whether what was promised came. The error matches
// [ErrAccount] if the input does not add up.
func Completeness(in *Input) (*Report, error) {
	all, err := in.count()
	if err != nil {
		return nil, err
	}
	r := in.report("completeness")
	r.figures(in, all)
	for _, by := range []struct {
		name, title   string
		month, owners bool
	}{
		{"months", "By month", true, false},
		{"owners", "By mailbox", false, true},
		{"months-owners", "By month and mailbox", true, true},
	} {
		list, err := in.groups(by.month, by.owners)
		if err != nil {
			return nil, err
		}
		if err := in.whole(list, all); err != nil {
			return nil, err
		}
		r.Tables = append(r.Tables, in.accountTable(by.name, by.title, by.month, by.owners, list, all))
	}
	if in.Desk {
		r.Tables = append(r.Tables, in.causes())
	}
	ghosts, threads := in.ghosts(), in.sides()
	for _, row := range threads.Rows[len(threads.Rows)-1:] { // of what is published
		last := row.Cells[len(row.Cells)-1]
		r.Figures = append(r.Figures, Figure{"both_sides", "Threads with both sides, published", Share, last})
	}
	r.Figures = append(r.Figures, Figure{"ghosts", "Messages that others name and nobody has", Count, ghosts.Rows[len(ghosts.Rows)-1].Cells[2]})
	r.Tables = append(r.Tables, ghosts, threads, in.gaps(), in.domains(), in.commitments())
	return r, nil
}

func (in *Input) report(kind string) *Report {
	return &Report{Kind: kind, Collection: in.Collection, Title: in.Title, Desk: in.Desk, Made: in.Now.UTC().Truncate(time.Second), Log: in.Log}
}

func (r *Report) figures(in *Input, all *tally) {
	add := func(name, title string, n int) {
		r.Figures = append(r.Figures, Figure{name, title, Count, number(n)})
	}
	if in.Desk {
		add("received", "Received", all.received)
		add("duplicates", "Duplicates: further places of an item", all.duplicates)
		add("excluded", "Excluded before the commit", all.excluded)
		add("uncommitted", "Not committed to", all.uncommitted)
	}
	add("committed", "Committed to", all.committed)
	add("published", "Published", all.published)
	add("withheld", "Withheld", all.kept())
	add("tombstone", "Withdrawn", all.tombstones)
	add("unreadable", "Unreadable", all.unreadable)
	add("not_out", "Not yet out", all.notOut)
	if !in.Desk {
		add("duplicates", "Further places of published items", all.duplicates)
	}
	add("copies", "Copies: the same message in other bytes", all.copies)
	r.Figures = append(r.Figures, in.promise(all.published)...)
}

// accountTable is the account by month, by mailbox, or by both.
func (in *Input) accountTable(name, title string, byMonth, byOwner bool, list []*group, all *tally) Table {
	t := Table{Name: name, Title: title}
	t.Note = "Committed to = published + withheld + withdrawn + unreadable + not yet out."
	if in.Desk {
		t.Note += " Received = committed to + not committed to + excluded + duplicates."
	} else {
		t.Note += " Of a number that is not published, the archive says neither month nor mailbox."
	}
	if byOwner {
		t.Note += " An item counts with the mailbox in which it was first found."
	}
	for _, k := range []struct {
		use   bool
		c     Column
		value func(g *group) Cell
	}{
		{byMonth, Column{Name: "month", Title: "Month"}, func(g *group) Cell { return words(g.month) }},
		{byOwner, Column{Name: "owner", Title: "Mailbox of"}, func(g *group) Cell { return words(cmp.Or(g.owner, "not stated")) }},
		{in.Desk, counted("received", "Received"), func(g *group) Cell { return number(g.received) }},
		{in.Desk || !byOwner, counted("duplicates", "Duplicates"), func(g *group) Cell { return number(g.duplicates) }},
		{in.Desk, counted("excluded", "Excluded"), func(g *group) Cell { return number(g.excluded) }},
		{in.Desk, counted("uncommitted", "Not committed to"), func(g *group) Cell { return number(g.uncommitted) }},
		{true, counted("committed", "Committed to"), func(g *group) Cell { return number(g.committed) }},
		{true, counted("published", "Published"), func(g *group) Cell { return number(g.published) }},
	} {
		if k.use {
			t.column(k.c, list, k.value)
		}
	}
	published := len(t.Columns) - 1
	t.Parts, t.Whole = []int{published}, published-1
	for _, reason := range all.reasons() {
		t.column(Column{Name: "withheld", Of: reason, Title: "Withheld: " + reason, Form: Count}, list, func(g *group) Cell { return number(g.withheld[reason]) })
	}
	t.column(counted("tombstone", "Withdrawn"), list, func(g *group) Cell { return number(g.tombstones) })
	t.column(counted("unreadable", "Unreadable"), list, func(g *group) Cell { return number(g.unreadable) })
	t.column(counted("not_out", "Not yet out"), list, func(g *group) Cell { return number(g.notOut) })
	t.column(counted("copies", "Copies"), list, func(g *group) Cell { return number(g.copies) })
	t.total("total")
	return t
}

func counted(name, title string) Column { return Column{Name: name, Title: title, Form: Count} }

// column appends a column to a table with one row a group.
func (t *Table) column(c Column, list []*group, value func(*group) Cell) {
	if t.Rows == nil {
		t.Rows = make([]Row, len(list))
	}
	t.Columns = append(t.Columns, c)
	for i, g := range list {
		t.Rows[i].Cells = append(t.Rows[i].Cells, value(g))
	}
}

// causes tells why items cannot be read.
func (in *Input) causes() Table {
	t := Table{Name: "unreadable", Title: "Why items cannot be read", Columns: []Column{{Name: "cause", Title: "Cause"}, counted("items", "Items")}}
	count := map[string]int{}
	for i := range in.Items {
		if it := &in.Items[i]; it.State == trove.Unreadable {
			count[cmp.Or(it.Unreadable, "not stated")]++
		}
	}
	t.Parts, t.Whole, t.Max = []int{1}, 1, true
	for _, cause := range byCount(count) {
		t.add(words(cause), number(count[cause]))
	}
	t.total("total")
	return t
}

// byCount lists keys, those that occur most first.
func byCount(count map[string]int) []string {
	return slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
}

// conversation is a thread with what is known of it.
type conversation struct {
	messages        int
	missing         map[string]bool // ids
	parties, owners map[string]bool
}

// threads gathers the mails that use selects by the names of their threads.
func (in *Input) threads(use func(*Item) bool) map[string]*conversation {
	var msgs []thread.Message
	var items []*Item
	for i := range in.Items {
		if it := &in.Items[i]; it.Known && it.Kind == trove.Mail && use(it) {
			msgs, items = append(msgs, it.Message), append(items, it)
		}
	}
	missing := thread.Missing(msgs)
	found := map[string]*conversation{}
	for i, it := range items {
		name := it.Thread
		if name == "" {
			name = fmt.Sprintf("alone %d", i) // no other message can be in its thread
		}
		c := found[name]
		if c == nil {
			c = &conversation{missing: map[string]bool{}, parties: map[string]bool{}, owners: map[string]bool{}}
			found[name] = c
		}
		c.messages++
		for _, id := range missing[i] {
			c.missing[id] = true
		}
		if it.Sender != "" {
			c.parties[strings.ToLower(it.Sender)] = true
		}
		for _, o := range it.Owners {
			if o != "" {
				c.owners[o] = true
			}
		}
	}
	return found
}

// material selects what was taken in and not excluded.
func material(it *Item) bool { return it.State != trove.Excluded }

func isPublished(it *Item) bool { return it.State == trove.Published }

// ghosts lists the threads in which messages are named that are not there.
func (in *Input) ghosts() Table {
	t := Table{Name: "ghosts", Title: "Messages that are named and not there", Columns: []Column{
		{Name: "thread", Title: "Thread", Form: Code}, counted("messages", "Messages"), counted("ghosts", "Named, not there")}}
	use := isPublished
	if in.Desk {
		t.Note = "Other messages name them as what they answer; nothing that was received has their Message-ID."
		use = material
	} else {
		t.Note = "Other messages name them as what they answer; nothing that is published has their Message-ID. They may be among what is not out, or never have been received."
	}
	threads := in.threads(use)
	count := map[string]int{}
	for name, c := range threads {
		if len(c.missing) > 0 {
			count[name] = len(c.missing)
		}
	}
	for _, name := range byCount(count) {
		shown := name
		if strings.HasPrefix(name, "alone ") {
			shown = "no name"
		}
		t.add(Cell{Text: shown}, number(threads[name].messages), number(count[name]))
	}
	t.Parts, t.Whole, t.Max = []int{2}, 2, true
	t.total("total")
	return t
}

// sides counts the threads of which both sides are there.
func (in *Input) sides() Table {
	t := Table{Name: "threads", Title: "Both sides of threads",
		Note: "A thread counts as a conversation if it has two messages, those included that are named and not there. Both sides are there if messages of two senders are, or messages from two mailboxes.",
		Columns: []Column{{Name: "of", Title: "Of what"}, counted("threads", "Threads"), counted("conversations", "Conversations"),
			counted("two_senders", "With two senders"), counted("two_owners", "From two mailboxes"), counted("both_sides", "Both sides"),
			{Name: "share", Title: "Share in %", Form: Share}}, Parts: []int{5}, Whole: 2}
	if in.Desk {
		t.add(in.sidesOf("received", material)...)
	}
	t.add(in.sidesOf("published", isPublished)...)
	return t
}

func (in *Input) sidesOf(what string, use func(*Item) bool) []Cell {
	var threads, conversations, senders, owners, both int
	for _, c := range in.threads(use) {
		threads++
		if c.messages+len(c.missing) < 2 {
			continue
		}
		conversations++
		if len(c.parties) > 1 {
			senders++
		}
		if c.messages > 1 && len(c.owners) > 1 {
			owners++
		}
		if len(c.parties) > 1 || c.messages > 1 && len(c.owners) > 1 {
			both++
		}
	}
	return []Cell{words(what), number(threads), number(conversations), number(senders), number(owners), number(both), share(both, conversations)}
}

// gaps lists the runs of numbers that are not published, each with its reason.
func (in *Input) gaps() Table {
	t := Table{Name: "gaps", Title: "Gaps in the numbers", Columns: []Column{{Name: "first", Title: "From", Form: Number}, {Name: "last", Title: "To", Form: Number},
		counted("numbers", "Numbers"), {Name: "state", Title: "Why"}, {Name: "reason", Title: "Reason"}},
		Note: "Every number that was committed to and is not published."}
	var last *Item
	for i := range in.Items {
		it := &in.Items[i]
		if it.Number == 0 || it.State == trove.Published {
			continue
		}
		if n := len(t.Rows) - 1; last != nil && last.Number == it.Number-1 && last.State == it.State && reason(last) == reason(it) {
			t.Rows[n].Cells[1] = number(it.Number)
			t.Rows[n].Cells[2].N++
		} else {
			t.add(number(it.Number), number(it.Number), number(1), words(stateWords[it.State]), words(reason(it)))
		}
		last = it
	}
	t.total("total")
	return t
}

// reason is the code under which a number is kept back or withdrawn.
func reason(it *Item) string {
	if it.State == trove.Withheld || it.State == trove.Tombstone {
		return it.Reason
	}
	return ""
}

var stateWords = map[trove.State]string{
	trove.Committed: "not yet out", trove.Withheld: "withheld", trove.Unreadable: "unreadable", trove.Tombstone: "withdrawn",
}

// domainsMost is how many sender domains are named.
const domainsMost = 20

// domains compares who is in what was committed to with who is in what is out.
func (in *Input) domains() Table {
	committed, published := map[string]int{}, map[string]int{}
	shown := in.namable()
	for i := range in.Items {
		it := &in.Items[i]
		if it.Number == 0 || !it.Known {
			continue
		}
		d := shown.name(it.domain())
		committed[d]++
		if isPublished(it) {
			published[d]++
		}
	}
	by := committed
	t := Table{Name: "domains", Title: "Who is in it", Note: "Domains of the senders' addresses, as the mails state them."}
	t.Columns = []Column{{Name: "domain", Title: "Domain"}}
	if in.Desk {
		t.Columns = append(t.Columns, counted("committed", "Committed to"), Column{Name: "committed_share", Title: "in %", Form: Share})
		t.Note += " Domains of withheld items alone are not named."
	}
	t.Columns = append(t.Columns, counted("published", "Published"), Column{Name: "published_share", Title: "in %", Form: Share})
	if in.Desk {
		t.Columns = append(t.Columns, Column{Name: "difference", Title: "Difference in points", Form: Share})
	}
	all, out := sum(committed), sum(published)
	row := func(name string, c, p int) {
		cells := []Cell{words(name)}
		cs, ps := share(c, all), share(p, out)
		if in.Desk {
			cells = append(cells, number(c), cs)
		}
		cells = append(cells, number(p), ps)
		if in.Desk {
			cells = append(cells, Cell{N: ps.N - cs.N, None: ps.None || cs.None})
		}
		t.add(cells...)
	}
	for _, d := range top(by, domainsMost) {
		row(d, committed[d], published[d])
		delete(committed, d)
		delete(published, d)
	}
	none, noneOut := committed[noDomain], published[noDomain]
	row("others", sum(committed)-none, sum(published)-noneOut)
	row("no sender's address", none, noneOut)
	t.Parts, t.Whole, t.Max = []int{len(t.Columns) - 2}, len(t.Columns)-2, true
	if in.Desk {
		t.Parts, t.Whole = []int{3}, 3
	}
	t.total("total")
	return t
}

// What stands for a domain that is not there, or must not be named. Neither is
// a domain.
const (
	noDomain    = ""
	otherDomain = "(not named)"
)

// top lists the domains that occur most and may be named.
func top(count map[string]int, n int) []string {
	list := slices.DeleteFunc(byCount(count), func(d string) bool { return d == noDomain || d == otherDomain })
	return list[:min(n, len(list))]
}

func sum(count map[string]int) int {
	n := 0
	for _, k := range count {
		n += k
	}
	return n
}

// namable are the domains that may be named: not those from which only
// withheld or withdrawn items come.
type namable map[string]bool

func (in *Input) namable() namable {
	shown := namable{noDomain: true}
	for i := range in.Items {
		if it := &in.Items[i]; it.Known && !it.hidden() {
			shown[it.domain()] = true
			for _, s := range it.Signatures {
				shown[strings.ToLower(s.Domain)] = true
			}
		}
	}
	return shown
}

func (n namable) name(domain string) string {
	if n[domain] {
		return domain
	}
	return otherDomain
}

// commitments lists what was fixed, and when.
func (in *Input) commitments() Table {
	t := Table{Name: "commitments", Title: "Commitments and supplements", Note: "Times are those that the publisher states.",
		Columns: []Column{{Name: "commitment", Title: "No.", Form: Number}, {Name: "kind", Title: "Kind"}, {Name: "first", Title: "From", Form: Number},
			{Name: "last", Title: "To", Form: Number}, counted("numbers", "Numbers"), {Name: "time", Title: "Time", Form: Day}, {Name: "root", Title: "Root", Form: Code}}}
	for _, k := range in.Commitments {
		kind := "supplement"
		if k.K == 1 {
			kind = "commitment"
		}
		t.add(number(k.K), words(kind), number(k.First), number(k.First+k.Count-1),
			number(k.Count), moment(k.Time), words(k.Root.String()))
	}
	t.total("total")
	return t
}

// promise tells what was announced, and what became of it.
func (in *Input) promise(published int) []Figure {
	list := []Figure{{"promised", "Promised in total", Count, Cell{N: in.Promise.Total, None: in.Promise.Total == 0}},
		{"promised_by", "Promised by", Words, words(in.Promise.By)}, {"promise_source", "Where it was promised", Words, words(in.Promise.Source)}}
	due, dated := deadline(in.Promise.By)
	inTime := published
	if dated {
		inTime = in.publishedBefore(due)
		list = append(list, Figure{"published_by_then", "Published by then", Count, number(inTime)})
	}
	state := "kept"
	switch {
	case in.Promise.Total == 0:
		state = "none stated"
	case inTime >= in.Promise.Total:
	case !dated:
		state = "open" // no date, or none that can be compared
	case in.Now.Before(due):
		state = "not yet due"
	case published >= in.Promise.Total:
		state = "kept late"
	default:
		state = "missed"
	}
	list = append(list, Figure{"promise", "The promise", Words, words(state)})
	if missing := in.Promise.Total - published; missing > 0 {
		list = append(list, Figure{"promise_missing", "Promised and not published", Count, number(missing)})
	}
	return list
}

// deadline is the end of the day, month or year that was named, in UTC.
func deadline(by string) (time.Time, bool) {
	for _, f := range []struct {
		layout      string
		year, month int
		day         int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if t, err := time.Parse(f.layout, by); err == nil {
			return t.AddDate(f.year, f.month, f.day), true
		}
	}
	if t, err := time.Parse(time.RFC3339, by); err == nil {
		return t, true
	}
	return time.Time{}, false
}

// publishedBefore counts the items whose first edition was out in time, as
// the publisher states the time.
func (in *Input) publishedBefore(due time.Time) int {
	n := 0
	for _, b := range in.Batches {
		if b.Edition == 1 && b.Published.Before(due) {
			n += b.Items
		}
	}
	return n
}
