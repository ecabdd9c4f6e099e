package release

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"unseal/blob"
	"unseal/catalog"
	"unseal/reading"
	"unseal/redact"
	"unseal/trove"
)

// Hide is a request to redact, or to withdraw.
type Hide struct {
	Collection trove.CollectionName
	From, To   int // numbers to look at; 0, 0 for all
	Select     redact.Selection
	Part       int            // if not 0, the file of each item that is hidden, as in trove.Record.Files, from 1
	Seconds    []reading.Span // of recordings; then nothing is selected otherwise
	Reason     string
	Only       bool // leave items alone that quote what goes away
	Everywhere bool // when withdrawing: hide shared passages however many items hold them
	By         catalog.Author
}

// Looked is what a request comes to.
type Looked struct {
	Items     []Hidden     // in which something is hidden, by collection and number
	Short     []string     // texts that go away and are too short to be looked for elsewhere
	Copies    []Hidden     // when withdrawing: copies of the same message, which go too
	Elsewhere []trove.Name // when withdrawing: items of other threads, too many to be quotes, that share passages and stay
	Saying    []Said       // items that stay as they are and of which a text was read or made that holds what goes away
	Beside    []trove.Name // items that lie beside a recording of which seconds go away, under its name
}

// Hidden is one item that a request hides something in.
type Hidden struct {
	Name       trove.Name
	State      trove.State
	Quotes     bool // it was not asked for, but holds what goes away elsewhere
	Places     int
	Signatures []string        // fields and parts that go away since they would let guesses be checked
	Opaque     []redact.Opaque // parts that stay and could not be looked into
	Again      []reading.Span  // other seconds of a recording in which a transcript has the same words

	rows  []catalog.Redaction
	found redact.Found
	root  catalog.ItemID // the first of its set of copies
}

// showable are the states of items of which something is or may be shown.
var showable = []trove.State{trove.Committed, trove.Published, trove.Withheld}

// Look finds what a request would hide, and in which items. It changes nothing.
// A number that is not there, or in a state that shows nothing, is passed over.
func (r *Desk) Look(ctx context.Context, h Hide) (Looked, error) {
	if err := checkCode(h.Reason); err != nil {
		return Looked{}, err
	}
	var saying said
	list, err := r.lookAsked(ctx, h, &saying)
	if err != nil || h.Only || len(list) == 0 {
		return Looked{Items: list, Saying: saying.sorted()}, err
	}
	copies, err := r.lookAtCopies(ctx, h, list)
	if err != nil {
		return Looked{}, err
	}
	list = append(list, copies...)
	quotes := redact.NewQuotes(goneWith(list))
	if list, err = r.lookForQuotes(ctx, h, list, quotes, &saying); err != nil {
		return Looked{}, err
	}
	l := Looked{Items: list, Short: unique(quotes.Short()), Saying: saying.sorted()}
	l.Beside, err = r.beside(ctx, h, list)
	return l, err
}

// lookAsked looks at the items of a request. What only a text says that was
// read or made of them is noted.
func (r *Desk) lookAsked(ctx context.Context, h Hide, saying *said) ([]Hidden, error) {
	holds := saysIt(h.Select)
	find := func(it *catalog.Item, raw []byte) (redact.Found, error) {
		if len(h.Seconds) > 0 {
			return r.findSeconds(ctx, it, raw, h.Seconds)
		}
		f, err := findIn(it, raw, h.Select, h.Part)
		if errors.Is(err, redact.ErrNothing) && holds != nil {
			return f, r.says(ctx, it, holds, saying)
		}
		return f, err
	}
	q := catalog.Query{Collection: h.Collection, From: max(1, h.From), To: h.To, NoRecord: h.Part == 0, States: showable}
	list, err := r.lookAt(ctx, "looking for what is to be hidden", q, nil, h.Reason, find)
	if err == nil && len(h.Seconds) > 0 {
		err = r.inSeconds(ctx, h, list)
	}
	return list, err
}

// lookForQuotes adds to a list what in any item quotes what goes away with it;
// what goes away in one of the list may stand in another, too.
func (r *Desk) lookForQuotes(ctx context.Context, h Hide, list []Hidden, quotes *redact.Quotes, saying *said) ([]Hidden, error) {
	known, noted := map[trove.Name]*Hidden{}, map[trove.Name]bool{}
	for i := range list {
		known[list[i].Name] = &list[i]
	}
	for _, x := range saying.list {
		noted[x.Name] = true
	}
	quoting, err := r.lookEverywhere(ctx, h, nil, func(it *catalog.Item, raw []byte) (redact.Found, error) {
		x := known[nameOf(it)]
		if x == nil {
			f, err := quotes.Find(raw, it.Kind)
			if err == nil && len(f.Places) == 0 && !noted[nameOf(it)] {
				err = r.says(ctx, it, quotes.Holds, saying)
			}
			return f, err
		}
		cuts := hiddenOf(x.found).Cuts
		if len(h.Seconds) > 0 {
			raw = without(raw, cuts) // with the seconds go the tags
		}
		f, err := quotes.Find(raw, it.Kind)
		f.Places = slices.DeleteFunc(f.Places, func(p redact.Place) bool { return hides(cuts, p) })
		return f, err
	})
	if err != nil {
		return nil, err
	}
	var others []Hidden
	for _, x := range quoting {
		if old := known[x.Name]; old != nil {
			old.rows, old.Places = append(old.rows, x.rows...), old.Places+x.Places
		} else {
			others = append(others, x)
		}
	}
	list = append(list, others...)
	sortHidden(list)
	return list, nil
}

func findIn(it *catalog.Item, raw []byte, s redact.Selection, part int) (redact.Found, error) {
	if part == 0 {
		return redact.Find(raw, it.Kind, s)
	}
	rec, err := Record(it)
	if err != nil {
		return redact.Found{}, err
	}
	files := rec.Files()
	if part > len(files) {
		return redact.Found{}, fmt.Errorf("%s/%d has %d files: %w", it.Collection, it.Number, len(files), redact.ErrNothing)
	}
	s.Part = &files[part-1]
	return redact.Find(raw, it.Kind, s)
}

// lookAtCopies looks in other copies of the same messages for the same words:
// what is too short to be looked for anywhere is surely there.
func (r *Desk) lookAtCopies(ctx context.Context, h Hide, list []Hidden) ([]Hidden, error) {
	if h.Select.Text == nil && len(h.Select.Words) == 0 {
		return nil, nil
	}
	roots, known := map[catalog.ItemID]bool{}, namesOf(list)
	for _, x := range list {
		roots[x.root] = true
	}
	q := catalog.Query{Collection: h.Collection, From: 1, NoRecord: true, States: showable}
	others := func(it *catalog.Item) bool { return roots[rootOf(it)] && !known[nameOf(it)] }
	copies, err := r.lookAt(ctx, "looking at copies", q, others, h.Reason, func(it *catalog.Item, raw []byte) (redact.Found, error) {
		return redact.Find(raw, it.Kind, redact.Selection{Text: h.Select.Text, Words: h.Select.Words})
	})
	return quoted(copies), err
}

// lookEverywhere looks at the numbered items of all collections that want
// selects; nil selects all.
func (r *Desk) lookEverywhere(ctx context.Context, h Hide, want func(*catalog.Item) bool, find func(*catalog.Item, []byte) (redact.Found, error)) ([]Hidden, error) {
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return nil, err
	}
	var list []Hidden
	for _, c := range all {
		q := catalog.Query{Collection: c.Name, From: 1, NoRecord: true, States: showable}
		found, err := r.lookAt(ctx, "looking for quotes of it in "+string(c.Name), q, want, h.Reason, find)
		if err != nil {
			return nil, err
		}
		list = append(list, quoted(found)...)
	}
	return list, nil
}

// lookAt lets find look at the items of a query that want selects, side by
// side. It may be called on several goroutines; an item in which it finds no
// place is passed over.
func (r *Desk) lookAt(ctx context.Context, what string, q catalog.Query, want func(*catalog.Item) bool, reason string, find func(*catalog.Item, []byte) (redact.Found, error)) ([]Hidden, error) {
	items, err := r.gather(ctx, q, want)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var list []Hidden
	done := int64(0)
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(r.jobs())
	for i := range items {
		if within.Err() != nil {
			break
		}
		g.Go(func() error {
			x, err := r.lookAtOne(within, &items[i], reason, find)
			mu.Lock()
			defer mu.Unlock()
			done++
			r.progress(what, done, int64(len(items)))
			if x != nil {
				list = append(list, *x)
			}
			return err
		})
	}
	if err = g.Wait(); err == nil {
		err = ctx.Err()
	}
	sortHidden(list)
	return list, err
}

// gather holds the items of a query that want selects in memory, some 300
// bytes each beside their records; nil selects all.
func (r *Desk) gather(ctx context.Context, q catalog.Query, want func(*catalog.Item) bool) (items []catalog.Item, err error) {
	err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if want != nil && !want(it) {
			return nil
		}
		own := *it
		own.Record = slices.Clone(it.Record)
		items = append(items, own)
		return nil
	})
	return items, err
}

func (r *Desk) lookAtOne(ctx context.Context, it *catalog.Item, reason string, find func(*catalog.Item, []byte) (redact.Found, error)) (*Hidden, error) {
	raw, err := blob.Read(ctx, r.Blobs, blob.Span(it.Span), maxItem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameOf(it), err)
	}
	found, err := find(it, raw)
	if err != nil && !errors.Is(err, redact.ErrNothing) {
		return nil, fmt.Errorf("%s: %w", nameOf(it), err)
	}
	if len(found.Places) == 0 {
		return nil, nil
	}
	spec, err := json.Marshal(hiddenOf(found))
	return &Hidden{
		Name: nameOf(it), State: it.State, Places: len(found.Places), Signatures: found.Signatures, Opaque: found.Opaque,
		rows: []catalog.Redaction{{Item: it.ID, Reason: reason, Spec: string(spec)}}, found: found, root: rootOf(it),
	}, err
}

func nameOf(it *catalog.Item) trove.Name {
	return trove.Name{Collection: it.Collection, Number: it.Number}
}

func rootOf(it *catalog.Item) catalog.ItemID { return cmp.Or(it.CopyOf, it.ID) }

func namesOf(list []Hidden) map[trove.Name]bool {
	names := map[trove.Name]bool{}
	for _, x := range list {
		names[x.Name] = true
	}
	return names
}

func quoted(list []Hidden) []Hidden {
	for i := range list {
		list[i].Quotes = true
	}
	return list
}

// goneWith are the texts and files that go away with what is hidden.
func goneWith(list []Hidden) (removed []string, files []trove.Digest) {
	for _, x := range list {
		removed, files = append(removed, x.found.Removed...), append(files, x.found.Files...)
	}
	return unique(removed), files
}

func unique(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func sortHidden(list []Hidden) {
	slices.SortFunc(list, func(a, b Hidden) int {
		return cmp.Or(cmp.Compare(a.Name.Collection, b.Name.Collection), a.Name.Number-b.Name.Number)
	})
}
