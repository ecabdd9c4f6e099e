package site

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

// event is something that the log says of a number.
type event struct {
	Index        int64     `json:"log_index"`
	What         what      `json:"what"`
	Edition      int       `json:"edition,omitempty"`
	Batch        int       `json:"batch,omitempty"`
	BatchEdition int       `json:"batch_edition,omitempty"`
	Time         time.Time `json:"time,omitzero"` // as the publisher states it; zero where the log has none
	Reason       string    `json:"reason,omitempty"`
}

// what is a kind of event.
type what string

// The kinds of events.
const (
	fixed     what = "committed"
	withheld  what = "withheld"
	shown     what = "published" // in its first or a later edition
	withdrawn what = "withdrawn"
)

// past is what the log says of each collection's numbers, read from all of its
// entries when it is first asked for. A site's log does not change.
type past struct {
	turn  chan struct{} // held by whoever reads the log or looks whether it is read
	colls map[trove.CollectionName]*pastOf
	keys  []keyChange
}

// pastOf is the past of one collection. Numbers that came out once and stayed
// as they are have no events of their own: their status says all.
type pastOf struct {
	commitments []span
	withheld    []span
	batches     []span          // first is the batch, last the edition
	changed     map[int][]event // by number
	first       map[int]int64   // entries of first editions, of those in changed
}

// span is an entry about several numbers.
type span struct {
	index       int64
	first, last int
	reason      string
}

func newPast() *past { return &past{turn: make(chan struct{}, 1)} }

// pastOf is the past of a collection; nil where the log has no entry of it.
func (s *site) pastOf(ctx context.Context, c *collection) (*pastOf, error) {
	if err := s.readPast(ctx); err != nil {
		return nil, err
	}
	return s.past.colls[c.Name], nil
}

// readPast reads the log unless that was done. It takes about a second for a
// million entries, once.
func (s *site) readPast(ctx context.Context) error {
	select {
	case s.past.turn <- struct{}{}:
		defer func() { <-s.past.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.past.colls != nil {
		return nil
	}
	r := pastReader{colls: map[trove.CollectionName]*pastOf{}, firsts: map[trove.CollectionName][]int64{}}
	err := s.entries(0, s.archive.Checkpoint().Size, func(index int64, line []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.read(index, line)
	})
	if err != nil {
		return err
	}
	r.settle()
	s.past.colls, s.past.keys = r.colls, r.keys
	return nil
}

// pastReader reads the log for the past.
type pastReader struct {
	colls  map[trove.CollectionName]*pastOf
	firsts map[trove.CollectionName][]int64 // by number: the entry of the first edition
	keys   []keyChange
}

var itemEnd = []byte(`"type":"item"}`)

func (r *pastReader) read(index int64, line []byte) error {
	if bytes.HasSuffix(line, itemEnd) {
		e, err := proof.ParseItem(line)
		if err != nil {
			return err
		}
		if e.Edition == 1 {
			r.firsts[e.Collection][e.Number] = index
			return nil
		}
		r.change(e.Collection, e.Number, event{Index: index, What: shown, Edition: e.Edition, Batch: e.Batch})
		return nil
	}
	entry, err := translog.Parse(line)
	if err != nil {
		return err
	}
	switch e := entry.(type) {
	case proof.Commitment:
		p := r.of(e.Collection)
		p.commitments = append(p.commitments, span{index: index, first: e.First, last: e.First + e.Count - 1})
		r.firsts[e.Collection] = append(r.firsts[e.Collection], make([]int64, e.First+e.Count-len(r.firsts[e.Collection]))...)
	case translog.Withheld:
		p := r.of(e.Collection)
		p.withheld = append(p.withheld, span{index, e.First, e.Last, e.Reason})
	case translog.Batch:
		p := r.of(e.Collection)
		p.batches = append(p.batches, span{index: index, first: e.Batch, last: e.Edition})
	case translog.Key:
		r.keys = append(r.keys, keyChange{e, index})
	case translog.Tombstone:
		r.change(e.Collection, e.Number, event{Index: index, What: withdrawn, Reason: e.Reason})
	}
	return nil
}

func (r *pastReader) of(c trove.CollectionName) *pastOf {
	if r.colls[c] == nil {
		r.colls[c] = &pastOf{changed: map[int][]event{}, first: map[int]int64{}}
	}
	return r.colls[c]
}

func (r *pastReader) change(c trove.CollectionName, n int, e event) {
	p := r.of(c)
	p.changed[n] = append(p.changed[n], e)
}

// settle keeps of the first editions those that were followed by something.
func (r *pastReader) settle() {
	for name, p := range r.colls {
		for n := range p.changed {
			p.first[n] = r.firsts[name][n]
		}
	}
}

// history is all that the log says of a number, in its order.
func (s *site) history(ctx context.Context, it *item) ([]event, error) {
	p, err := s.pastOf(ctx, it.coll)
	if err != nil || p == nil {
		return nil, err
	}
	var list []event
	for _, k := range p.commitments {
		if it.number >= k.first && it.number <= k.last {
			list = append(list, event{Index: k.index, What: fixed, Time: it.coll.commitment(it.number).Time})
		}
	}
	for _, k := range p.withheld {
		if it.number >= k.first && it.number <= k.last {
			list = append(list, event{Index: k.index, What: withheld, Reason: k.reason})
		}
	}
	changed := p.changed[it.number]
	switch {
	case len(changed) > 0:
		list = append(list, event{Index: p.first[it.number], What: shown, Edition: 1})
		list = append(list, changed...)
	case it.state == trove.Published:
		list = append(list, event{Index: it.index, What: shown, Edition: it.edition})
	}
	slices.SortFunc(list, func(a, b event) int { return cmp.Compare(a.Index, b.Index) })
	for i := range list {
		if e := &list[i]; e.What == shown || e.What == withdrawn {
			p.date(e, it)
		}
	}
	return list, nil
}

// date takes the time of an event from the edition of its batch that was the
// first to have it.
func (p *pastOf) date(e *event, it *item) {
	for _, b := range p.batches {
		if b.first == it.batch && b.index > e.Index {
			e.Batch, e.BatchEdition = b.first, b.last
			e.Time = it.coll.editions[edition{b.first, b.last}]
			return
		}
	}
}

// itemHistory answers /c/mail/5205/history, and the same as JSON.
func (s *site) itemHistory(w http.ResponseWriter, r *http.Request, it *item) error {
	list, err := s.history(r.Context(), it)
	if err != nil {
		return err
	}
	if asJSON(r) {
		return sendJSON(w, r, http.StatusOK, map[string]any{
			"name": trove.Name{Collection: it.coll.Name, Number: it.number}.String(), "state": it.state, "edition": it.edition, "history": list})
	}
	l := s.locale
	number := strconv.Itoa(it.number)
	p := newPage(l, r.URL.Path)
	s.begin(p, head{title: l.plain("history.title", plain("Collection", it.coll.Title), plain("Number", number)), crumbs: []crumb{
		{"c/", l.plain("nav.collections")}, {"c/" + string(it.coll.Name) + "/", it.coll.Title},
		{itemPath(it.coll.Name, it.number), l.plain("item.number", plain("Number", number))}, {"", l.plain("history.heading")}}})
	p.heading("history.title", val("Collection", it.coll.Title), val("Number", number))
	p.paragraph("history.what")
	p.historyTable(it, list)
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

func (p *page) historyTable(it *item, list []event) {
	p.html(`<table class="stack"><thead><tr>`)
	p.heads("history.log", "history.event", "history.batch", "history.time", "history.now")
	p.html("</tr></thead><tbody>\n")
	for i := range list {
		e := &list[i]
		p.html("<tr>")
		p.cell("history.log", "n")
		p.bdi(strconv.FormatInt(e.Index, 10))
		p.cellEnd()
		p.cell("history.event", "")
		p.event(e)
		p.cellEnd()
		p.cell("history.batch", "")
		if e.Batch > 0 {
			p.say("history.batch-edition", val("Number", strconv.Itoa(e.Batch)), num("Edition", e.BatchEdition))
		}
		p.cellEnd()
		p.cell("history.time", "")
		if e.Time.IsZero() {
			p.say("history.no-time")
		} else {
			p.moment(e.Time)
		}
		p.cellEnd()
		p.cell("history.now", "")
		p.editionNow(it, e)
		p.cellEnd()
		p.html("</tr>\n")
	}
	p.html("</tbody></table>\n")
}

func (p *page) event(e *event) {
	switch e.What {
	case fixed:
		p.say("history.committed")
	case withheld:
		p.say("history.withheld", with("Reason", func(p *page) { p.reason(e.Reason) }))
	case withdrawn:
		p.say("history.withdrawn", with("Reason", func(p *page) { p.reason(e.Reason) }))
	default:
		p.say("history.edition", num("Edition", e.Edition))
	}
}

// editionNow says what became of an edition.
func (p *page) editionNow(it *item, e *event) {
	switch {
	case e.What != shown:
	case it.state == trove.Published && e.Edition == it.edition:
		p.html("<a")
		p.hrefItem(it.coll.Name, it.number)
		p.html(">")
		p.say("history.current")
		p.html("</a>")
	case it.state == trove.Published && it.rec.Verdict == trove.Redacted:
		p.say("history.replaced-redacted", num("Edition", e.Edition))
	case it.state == trove.Published:
		p.say("history.replaced")
	default:
		p.say("history.gone")
	}
}
