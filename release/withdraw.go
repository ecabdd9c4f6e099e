package release

import (
	"context"
	"errors"
	"math"
	"strings"

	"unseal/blob"
	"unseal/catalog"
	"unseal/reading"
	"unseal/redact"
	"unseal/trove"
)

// maxElsewhere is how many items of other threads may share passages with what
// is withdrawn before they are taken for no quotes of it: the footer of a list
// stands in every mail.
const maxElsewhere = 20

// minSubject is how long a subject of several words is that is told apart from
// what anyone writes over a mail.
const minSubject = 12

// withdrawn is what goes away with numbers that are withdrawn.
type withdrawn struct {
	names    map[trove.Name]bool
	threads  map[string]bool
	roots    map[catalog.ItemID]bool
	subjects []string
	removed  []string
	files    []trove.Digest
}

// LookAtWithdrawn finds what a withdrawal of the numbers From to To comes to:
// other copies of the same messages, which go too; what other items hold of
// their bodies and files; and, in their threads, their subjects.
func (r *Desk) LookAtWithdrawn(ctx context.Context, h Hide) (Looked, error) {
	if err := checkCode(h.Reason); err != nil {
		return Looked{}, err
	}
	w := withdrawn{names: map[trove.Name]bool{}, threads: map[string]bool{}, roots: map[catalog.ItemID]bool{}}
	items, err := r.gather(ctx, catalog.Query{Collection: h.Collection, From: h.From, To: h.To, States: []trove.State{trove.Published}}, nil)
	for i := range items {
		if err == nil {
			err = r.goesWith(ctx, &items[i], &w)
		}
	}
	if err != nil || len(items) == 0 {
		return Looked{}, err
	}
	var l Looked
	if l.Copies, err = r.copiesOf(ctx, h, &w); err != nil {
		return l, err
	}
	if err := r.lookForPassages(ctx, h, &w, &l); err != nil {
		return l, err
	}
	recordings := map[catalog.ItemID]bool{}
	for i := range items {
		if items[i].Kind == trove.Voice {
			recordings[items[i].ID] = true
		}
	}
	l.Beside, err = r.besideThese(ctx, h.Collection, recordings)
	return l, err
}

// goesWith adds what goes away with one item.
func (r *Desk) goesWith(ctx context.Context, it *catalog.Item, w *withdrawn) error {
	rec, err := Record(it)
	if err != nil {
		return err
	}
	raw, err := blob.Read(ctx, r.Blobs, blob.Span(it.Span), maxItem)
	if err != nil {
		return err
	}
	w.names[nameOf(it)], w.roots[rootOf(it)] = true, true
	if it.Thread != "" {
		w.threads[it.Thread] = true
	}
	if s := baseSubject(rec.Subject); len(s) >= minSubject && strings.Contains(s, " ") {
		w.subjects = append(w.subjects, s)
	}
	m, err := madeOf(ctx, r.Catalog, r.Blobs, it)
	if err != nil {
		return err
	}
	_, spoke := silence(spoken(m.reading.Texts), []reading.Span{{To: math.Inf(1)}})
	w.removed = append(w.removed, spoke...)
	for i := range rec.Parts {
		if rec.Parts[i].Length == 0 {
			continue // a file in a file, which has no bytes of its own here
		}
		found, err := redact.Find(raw, it.Kind, redact.Selection{Part: &rec.Parts[i]})
		if err != nil && !errors.Is(err, redact.ErrNothing) {
			return err
		}
		w.removed, w.files = append(w.removed, found.Removed...), append(w.files, found.Files...)
	}
	return nil
}

// baseSubject takes the marks of answers and forwards off a subject.
func baseSubject(s string) string {
	for {
		mark, rest, ok := strings.Cut(s, ":")
		switch strings.ToLower(strings.TrimSpace(mark)) {
		case "re", "fw", "fwd", "aw", "wg", "tr", "sv", "vs", "rv", "r":
		default:
			ok = false
		}
		if !ok {
			return strings.TrimSpace(s)
		}
		s = rest
	}
}

// copiesOf lists the other copies of what is withdrawn that are out or could
// come out.
func (r *Desk) copiesOf(ctx context.Context, h Hide, w *withdrawn) (list []Hidden, err error) {
	q := catalog.Query{Collection: h.Collection, From: 1, NoRecord: true, States: []trove.State{trove.Committed, trove.Published}}
	err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if w.roots[rootOf(it)] && !w.names[nameOf(it)] {
			w.names[nameOf(it)] = true
			list = append(list, Hidden{Name: nameOf(it), State: it.State})
		}
		return nil
	})
	return list, err
}

// lookForPassages looks for bodies, files and subjects in other items.
func (r *Desk) lookForPassages(ctx context.Context, h Hide, w *withdrawn, l *Looked) error {
	inThread := redact.NewQuotes(unique(append(w.subjects, w.removed...)), w.files)
	anywhere := redact.NewQuotes(unique(w.removed), w.files)
	q := catalog.Query{Collection: h.Collection, From: 1, NoRecord: true, States: showable}
	stays := func(it *catalog.Item) bool { return !w.names[nameOf(it)] }
	beside := func(it *catalog.Item) bool { return w.threads[it.Thread] && stays(it) }
	near, err := r.lookAt(ctx, "looking for quotes of it in its thread", q, beside, h.Reason, func(it *catalog.Item, raw []byte) (redact.Found, error) {
		return inThread.Find(raw, it.Kind)
	})
	if err != nil {
		return err
	}
	for _, x := range near {
		w.names[x.Name] = true
	}
	var saying said
	far, err := r.lookEverywhere(ctx, h, stays, func(it *catalog.Item, raw []byte) (redact.Found, error) {
		f, err := anywhere.Find(raw, it.Kind)
		if err == nil && len(f.Places) == 0 {
			return f, r.says(ctx, it, anywhere.Holds, &saying)
		}
		if err != nil {
			return f, err
		}
		return inThread.Find(raw, it.Kind) // a forward has the subject too
	})
	l.Saying = saying.sorted()
	if len(far) > maxElsewhere && !h.Everywhere {
		for _, x := range far {
			l.Elsewhere = append(l.Elsewhere, x.Name)
		}
		far = nil
	}
	l.Items, l.Short = append(quoted(near), far...), unique(inThread.Short())
	sortHidden(l.Items)
	return err
}

// Withdraw takes numbers that are out back for good, under a reason code, from
// the next publish on, with what LookAtWithdrawn found: copies that are not out
// yet are withheld. Durable on return, step by step; it may be called again.
func (r *Desk) Withdraw(ctx context.Context, h Hide, l Looked) error {
	if err := checkCode(h.Reason); err != nil {
		return err
	}
	if err := r.Redact(ctx, h, l); err != nil {
		return err
	}
	for _, x := range l.Copies {
		take := r.Catalog.Withdraw
		if x.State != trove.Published {
			take = r.Catalog.Withhold
		}
		if err := take(ctx, h.Collection, x.Name.Number, x.Name.Number, h.Reason, h.By); err != nil {
			return err
		}
	}
	return r.Catalog.Withdraw(ctx, h.Collection, h.From, h.To, h.Reason, h.By)
}
