package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"unseal/catalog"
	"unseal/thread"
	"unseal/trove"
)

// Join finds what holds between the items of a collection and records it:
// threads, copies and people. It looks at all items that are not excluded and
// may be repeated at any time. [Run] ends with it; call it after an exclusion.
//
// A thread is named after the Message-ID at its root. An item that has a number
// keeps the name it has, and the item that it is a copy of, for ever: published
// records and search segments carry both. What comes later takes them over. So
// a supplement that brings the true root of a published thread, or the link
// between two, neither renames nor splits what readers have seen; of two
// published threads that turn out to be one, newcomers join that of the lowest
// number. Apart from that the result depends on the items alone.
//
// Items that are no mails stand in threads where they name each other as mails
// do: the recordings of one call.
//
// A message without Message-ID that answers nothing is alone for ever, since
// nothing can refer to it: its thread has no name here, and [trove.LoneThread]
// is what the public sees. One that answers something stands in that thread.
func Join(ctx context.Context, cat catalog.Catalog, coll trove.CollectionName) error {
	j := joiner{first: map[copyKey]catalog.ItemID{}, people: map[string]*person{}}
	err := cat.Items(ctx, catalog.Query{Collection: coll}, j.learn)
	if err != nil {
		return err
	}
	if err := cat.SetThreads(ctx, slices.Values(j.rows())); err != nil {
		return err
	}
	return cat.SetPeople(ctx, coll, j.persons())
}

// joined is what of a record is needed here; the rest is not decoded.
type joined struct {
	Subject    string          `json:"subject"`
	From       []trove.Address `json:"from"`
	To         []trove.Address `json:"to"`
	Cc         []trove.Address `json:"cc"`
	Bcc        []trove.Address `json:"bcc"`
	Date       time.Time       `json:"date"`
	InReplyTo  []string        `json:"in_reply_to"`
	References []string        `json:"references"`
}

// copyKey is what copies of one message have in common.
type copyKey struct {
	id      string
	content trove.Digest
}

type joiner struct {
	msgs   []thread.Message
	items  []catalog.ThreadRow // one for each message; of those without a number, Thread is filled in at the end
	fixed  []int               // numbers of the first items, in ascending order; the others have none
	first  map[copyKey]catalog.ItemID
	people map[string]*person
}

func (j *joiner) learn(it *catalog.Item) error {
	if it.State == trove.Excluded {
		return nil
	}
	var r joined
	if err := json.Unmarshal(it.Record, &r); err != nil {
		return fmt.Errorf("record of item %d: %w", it.ID, err)
	}
	if it.Kind != trove.Mail && it.MessageID == "" && len(r.References) == 0 {
		j.meet(r)
		return nil // not part of a thread
	}
	row := catalog.ThreadRow{Item: it.ID, CopyOf: j.copyOf(it)}
	if it.Number > 0 { // these come first, by number
		row.Thread = it.Thread
		j.fixed = append(j.fixed, it.Number)
	}
	j.items = append(j.items, row)
	j.msgs = append(j.msgs, thread.Message{ID: it.MessageID, InReplyTo: r.InReplyTo, References: r.References, Date: r.Date})
	if row.CopyOf == 0 {
		j.meet(r)
	}
	return nil
}

// copyOf is the item of which it is a copy, 0 for none.
func (j *joiner) copyOf(it *catalog.Item) catalog.ItemID {
	if it.MessageID == "" || it.Content.IsZero() {
		return it.CopyOf
	}
	k := copyKey{it.MessageID, it.Content}
	first, met := j.first[k]
	switch {
	case it.Number > 0 && !met:
		j.first[k] = cmp.Or(it.CopyOf, it.ID)
		return it.CopyOf
	case it.Number > 0:
		return it.CopyOf
	case !met:
		j.first[k] = it.ID
	}
	return first
}

// rows names the threads of all messages that have no number.
func (j *joiner) rows() []catalog.ThreadRow {
	for _, root := range thread.Trees(j.msgs) {
		name := j.name(root)
		root.Walk(func(n *thread.Node, _ int) {
			if n.Message >= len(j.fixed) {
				j.items[n.Message].Thread = name
			}
		})
	}
	return j.items
}

// name is the name of a tree: that of the lowest number in it, else that of its
// root, else none.
func (j *joiner) name(root *thread.Node) string {
	lowest := len(j.fixed)
	root.Walk(func(n *thread.Node, _ int) {
		if !n.Ghost() {
			lowest = min(lowest, n.Message)
		}
	})
	switch {
	case lowest < len(j.fixed):
		return cmp.Or(j.items[lowest].Thread, trove.LoneThread(j.fixed[lowest]))
	case root.ID != "":
		return trove.ThreadID(root.ID)
	}
	return ""
}

// person counts an address.
type person struct {
	names          map[string]int
	sent, received int
}

// maxNames is how many names of one address are kept, the most frequent.
const maxNames = 20

func (j *joiner) meet(r joined) {
	for _, a := range r.From {
		if p := j.person(a); p != nil {
			p.sent++
		}
	}
	for _, list := range [][]trove.Address{r.To, r.Cc, r.Bcc} {
		for _, a := range list {
			if p := j.person(a); p != nil {
				p.received++
			}
		}
	}
}

func (j *joiner) person(a trove.Address) *person {
	if a.Addr == "" {
		return nil
	}
	key := strings.ToLower(a.Addr)
	p := j.people[key]
	if p == nil {
		p = &person{}
		j.people[strings.Clone(key)] = p
	}
	if a.Name != "" {
		if p.names == nil {
			p.names = map[string]int{}
		}
		p.names[a.Name]++
	}
	return p
}

func (j *joiner) persons() []catalog.Person {
	list := make([]catalog.Person, 0, len(j.people))
	for addr, p := range j.people {
		c := catalog.Person{Address: addr, Sent: p.sent, Received: p.received}
		for name := range p.names {
			c.Names = append(c.Names, name)
		}
		slices.SortFunc(c.Names, func(a, b string) int {
			return cmp.Or(p.names[b]-p.names[a], strings.Compare(a, b))
		})
		c.Names = c.Names[:min(len(c.Names), maxNames)]
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b catalog.Person) int { return strings.Compare(a.Address, b.Address) })
	return list
}
