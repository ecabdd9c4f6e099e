package release

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"sync"

	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/proof"
	"unseal/reading"
	"unseal/redact"
	"unseal/trove"
)

// ErrNoRecording says that seconds were to be hidden in what has none.
var ErrNoRecording = errors.New("seconds are hidden in recordings alone")

// findSeconds finds the bytes of a recording that carry seconds of it, and what
// its transcripts say in them.
func (r *Desk) findSeconds(ctx context.Context, it *catalog.Item, raw []byte, spans []reading.Span) (f redact.Found, err error) {
	if it.Kind != trove.Voice {
		return f, fmt.Errorf("%w; this is of the kind %q", ErrNoRecording, it.Kind)
	}
	m, err := madeOf(ctx, r.Catalog, r.Blobs, it)
	if err != nil {
		return f, err
	}
	if s := m.reading.Sound; s != nil && s.Seconds > 0 && joinSpans(spans)[0].From >= s.Seconds {
		return f, fmt.Errorf("%w: it lasts %g seconds", redact.ErrRange, s.Seconds)
	}
	got, err := r.Read(ctx, it, reader.Request{Stage: reader.Pieces, Kind: it.Kind, Silenced: spans}, raw)
	if err != nil {
		return f, err
	}
	if f.Places, err = pieces(got, int64(len(raw))); err != nil {
		return f, err
	}
	_, f.Removed = silence(spoken(m.reading.Texts), spans)
	f.Files = []trove.Digest{it.SHA256} // whoever attached the recording has the seconds, too
	return f, nil
}

// pieces checks the ranges of a recording that carry what is to be hidden.
func pieces(got reader.Result, size int64) (list []redact.Place, err error) {
	at := int64(0)
	for _, p := range got.Pieces {
		if p[0] < at || p[1] <= p[0] || p[1] > size {
			return nil, fmt.Errorf("bytes %d to %d of %d: %w", p[0], p[1], size, redact.ErrRange)
		}
		list, at = append(list, redact.Place{From: p[0], To: p[1]}), p[1]
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("which bytes carry these seconds could not be found out. %s", cmp.Or(got.Failed, got.Partly))
	}
	return list, nil
}

// without is content in which cuts are filled with zeros.
func without(content []byte, cuts []proof.Cut) []byte {
	content = slices.Clone(content)
	for _, c := range cuts {
		clear(content[c.From:c.To])
	}
	return content
}

// inSeconds notes in what was found which seconds it is, and where else in the
// same recording the same is said.
func (r *Desk) inSeconds(ctx context.Context, h Hide, list []Hidden) error {
	for i := range list {
		x := &list[i]
		spec := hiddenOf(x.found)
		spec.Silenced = joinSpans(h.Seconds)
		b, err := json.Marshal(spec)
		if err != nil {
			return err
		}
		x.rows[0].Spec = string(b)
		if x.Again, err = r.again(ctx, x.rows[0].Item, x.Name.Collection, spec); err != nil {
			return err
		}
	}
	return nil
}

// again are the seconds of a recording, besides those hidden, in which a
// transcript says what it says in those.
func (r *Desk) again(ctx context.Context, id catalog.ItemID, coll trove.CollectionName, spec hidden) (list []reading.Span, err error) {
	it, err := catalog.One(ctx, r.Catalog, catalog.Query{Collection: coll, ID: id})
	if err != nil {
		return nil, err
	}
	m, err := madeOf(ctx, r.Catalog, r.Blobs, &it)
	if err != nil {
		return nil, err
	}
	texts, _ := silence(spoken(m.reading.Texts), spec.Silenced)
	return whenSaid(texts, redact.NewQuotes(spec.Removed, nil).Holds), nil
}

// beside lists the items that lie in the same folders as the recordings of a
// request, under the same names but for what follows the first dot: other forms
// of the sound, and transcripts of it.
func (r *Desk) beside(ctx context.Context, h Hide, list []Hidden) (names []trove.Name, err error) {
	if len(h.Seconds) == 0 {
		return nil, nil
	}
	known := map[catalog.ItemID]bool{}
	for _, x := range list {
		known[x.rows[0].Item] = !x.Quotes
	}
	return r.besideThese(ctx, h.Collection, known)
}

// besideThese lists them for the recordings of a collection that are true in
// known, without what is known.
func (r *Desk) besideThese(ctx context.Context, coll trove.CollectionName, known map[catalog.ItemID]bool) (names []trove.Name, err error) {
	if len(known) == 0 {
		return nil, nil
	}
	stems, near := map[string]bool{}, map[catalog.ItemID]bool{}
	err = r.Catalog.Occurrences(ctx, coll, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		if known[id] {
			stems[stem(o.Path)] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = r.Catalog.Occurrences(ctx, coll, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		if _, listed := known[id]; !listed && stems[stem(o.Path)] {
			near[id] = true
		}
		return nil
	})
	if err != nil || len(near) == 0 {
		return nil, err
	}
	q := catalog.Query{Collection: coll, From: 1, NoRecord: true, States: showable}
	err = r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if near[it.ID] {
			names = append(names, nameOf(it))
		}
		return nil
	})
	return names, err
}

// stem is a path without what follows the first dot of its last name.
func stem(p string) string {
	dir, name := path.Split(p)
	first, _, _ := strings.Cut(name, ".")
	return dir + first
}

// Said is an item of which a text was read or made that says something.
type Said struct {
	Name    trove.Name
	Seconds []reading.Span // of a recording: when it is said
}

// said gathers them on several goroutines.
type said struct {
	mu   sync.Mutex
	list []Said // guarded by mu
}

func (s *said) add(x Said) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, x)
}

// sorted is what was gathered, by name, when no goroutine adds to it any more.
func (s *said) sorted() []Said {
	slices.SortFunc(s.list, func(a, b Said) int {
		return cmp.Or(cmp.Compare(a.Name.Collection, b.Name.Collection), a.Name.Number-b.Name.Number)
	})
	return s.list
}

// says notes an item if a text that was read out of it, or made of it, holds
// something, though its bytes do not as far as they can be looked into: a scan,
// a recording, a file whose letters are elsewhere.
func (r *Desk) says(ctx context.Context, it *catalog.Item, holds func(string) bool, to *said) error {
	if it.Kind == trove.Mail && !it.Files {
		return nil
	}
	m, err := madeOf(ctx, r.Catalog, r.Blobs, it)
	if err != nil {
		return err
	}
	text := ""
	if it.Kind != trove.Mail { // of mails all bytes are looked into
		if text, err = Text(ctx, r.Blobs, it.Text); err != nil {
			return err
		}
	}
	yes := holds(text)
	eachString(&m.reading, func(s *string) { yes = yes || holds(*s) })
	if yes {
		to.add(Said{nameOf(it), whenSaid(m.reading.Texts, holds)})
	}
	return nil
}

// whenSaid are the seconds of the segments that hold something, as far as they
// say when they are spoken.
func whenSaid(texts []reading.Text, holds func(string) bool) (list []reading.Span) {
	for _, t := range spoken(texts) {
		for i, s := range t.Segments {
			if at := during(t.Segments, i); !s.Hidden && !math.IsInf(at.To, 1) && holds(s.Text) {
				list = append(list, at)
			}
		}
	}
	return joinSpans(list)
}

// saysIt is what a selection by words or by an expression looks for in texts;
// nil for one by place.
func saysIt(s redact.Selection) func(string) bool {
	if s.Text == nil && len(s.Words) == 0 {
		return nil
	}
	words := redact.NewQuotes(s.Words, nil)
	return func(text string) bool {
		return text != "" && (s.Text != nil && s.Text.MatchString(text) || words.Holds(text))
	}
}
