package report

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"unseal/trove"
)

// ErrAccount says that the parts of an account do not make up the whole: what
// the report was made from contradicts itself. Nothing of it must be shown.
var ErrAccount = errors.New("the account does not add up")

// tally counts items by where they stand.
type tally struct {
	counts
	withheld map[string]int // by reason
}

type counts struct {
	received, duplicates  int // places; those beyond the first of each item
	uncommitted, excluded int // items without a number
	committed             int
	published, tombstones int
	unreadable, notOut    int
	copies                int // of those committed to, as far as known
}

// place counts a place where an item was found.
func (t *tally) place(first bool) {
	t.received++
	if !first {
		t.duplicates++
	}
}

// item counts an item. A state that no number can have is an error.
func (t *tally) item(it *Item) error {
	switch {
	case it.Number == 0 && it.State == trove.Excluded:
		t.excluded++
		return nil
	case it.Number == 0:
		t.uncommitted++
		return nil
	}
	t.committed++
	if it.Copy {
		t.copies++
	}
	switch it.State {
	case trove.Published:
		t.published++
	case trove.Tombstone:
		t.tombstones++
	case trove.Unreadable:
		t.unreadable++
	case trove.Committed:
		t.notOut++
	case trove.Withheld:
		t.keep(it.Reason, 1)
	default:
		return fmt.Errorf("number %d is %q: %w", it.Number, it.State, ErrAccount)
	}
	return nil
}

func (t *tally) keep(reason string, n int) {
	if t.withheld == nil {
		t.withheld = map[string]int{}
	}
	t.withheld[reason] += n
}

// kept is how many are withheld, for whatever reason.
func (t *tally) kept() int {
	n := 0
	for _, k := range t.withheld {
		n += k
	}
	return n
}

// reasons lists the codes that occur.
func (t *tally) reasons() []string { return slices.Sorted(maps.Keys(t.withheld)) }

// adds compares the parts with the whole.
func (t *tally) adds(what string, desk bool) error {
	if parts := t.published + t.kept() + t.tombstones + t.unreadable + t.notOut; parts != t.committed {
		return fmt.Errorf("%s: %d numbers in the parts, %d committed to: %w", what, parts, t.committed, ErrAccount)
	}
	if items := t.committed + t.uncommitted + t.excluded; desk && items+t.duplicates != t.received {
		return fmt.Errorf("%s: %d items and %d duplicates of %d received: %w", what, items, t.duplicates, t.received, ErrAccount)
	}
	return nil
}

// plus adds another tally.
func (t *tally) plus(o *tally) {
	t.received += o.received
	t.duplicates += o.duplicates
	t.uncommitted += o.uncommitted
	t.excluded += o.excluded
	t.committed += o.committed
	t.published += o.published
	t.tombstones += o.tombstones
	t.unreadable += o.unreadable
	t.notOut += o.notOut
	t.copies += o.copies
	for reason, n := range o.withheld {
		t.keep(reason, n)
	}
}

// group is a tally under one or two keys.
type group struct {
	month, owner string
	tally
}

// The months of items that have none, in words that sort behind any month.
const (
	undated   = "undated"
	notPublic = "not public" // the archive does not say of which month a number is that is not out
)

// month is the month by which an item is in order.
func (it *Item) month() string {
	switch {
	case !it.Known:
		return notPublic
	case it.Date.IsZero():
		return undated
	}
	return it.Date.UTC().Format("2006-01")
}

// groups counts by month, by owner, or by both. An item is counted with the
// owner of the mailbox in which it was first found; its further places with
// the owners of theirs, where the input says whose they are.
func (in *Input) groups(byMonth, byOwner bool) ([]*group, error) {
	found := map[[2]string]*group{}
	at := func(it *Item, owner string) *group {
		var key [2]string
		if byMonth {
			key[0] = it.month()
		}
		if byOwner {
			key[1] = owner
			if !it.Known {
				key[1] = notPublic
			}
		}
		if found[key] == nil {
			found[key] = &group{month: key[0], owner: key[1]}
		}
		return found[key]
	}
	for i := range in.Items {
		it := &in.Items[i]
		if err := at(it, it.owner(0)).item(it); err != nil {
			return nil, err
		}
		for k := range it.Places {
			owner := it.owner(0)
			if in.Desk {
				owner = it.owner(k)
			}
			at(it, owner).place(k == 0)
		}
	}
	list := slices.Collect(maps.Values(found))
	slices.SortFunc(list, func(a, b *group) int {
		return cmp.Or(compareMonths(a.month, b.month), cmp.Compare(a.owner, b.owner))
	})
	return list, nil
}

// compareMonths puts undated and not public behind the months.
func compareMonths(a, b string) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

func rank(month string) int { return slices.Index([]string{undated, notPublic}, month) + 1 }

// count adds up the whole input and holds it against its commitments: every
// number once, in order, and no other.
func (in *Input) count() (*tally, error) {
	all := &tally{}
	for i := range in.Items {
		it := &in.Items[i]
		if it.Number != 0 && it.Number != all.committed+1 {
			return nil, fmt.Errorf("number %d stands where %d should: %w", it.Number, all.committed+1, ErrAccount)
		}
		if it.Known != (it.Places > 0) || in.Desk && len(it.Owners) != it.Places {
			return nil, fmt.Errorf("number %d was found in %d places of %d owners: %w", it.Number, it.Places, len(it.Owners), ErrAccount)
		}
		if err := all.item(it); err != nil {
			return nil, err
		}
		for k := range it.Places {
			all.place(k == 0)
		}
	}
	next := 1
	for _, k := range in.Commitments {
		if k.First != next {
			return nil, fmt.Errorf("commitment %d begins with number %d, not %d: %w", k.K, k.First, next, ErrAccount)
		}
		next += k.Count
	}
	if next-1 != all.committed {
		return nil, fmt.Errorf("%d numbers committed to, %d counted: %w", next-1, all.committed, ErrAccount)
	}
	return all, all.adds("the collection", in.Desk)
}

// whole compares groups with what they are groups of.
func (in *Input) whole(list []*group, all *tally) error {
	sum := &tally{}
	for _, g := range list {
		if err := g.adds(g.month+" "+g.owner, false); err != nil {
			return err
		}
		sum.plus(&g.tally)
	}
	if sum.counts != all.counts || !maps.Equal(sum.withheld, all.withheld) {
		return fmt.Errorf("the months or mailboxes make up %d numbers, the collection %d: %w", sum.committed, all.committed, ErrAccount)
	}
	return nil
}
