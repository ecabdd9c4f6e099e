package static

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"unseal/archive"
	"unseal/trove"
)

// Options say what is exported, and where to. All but Shards is needed.
type Options struct {
	Archive *archive.Archive
	Files   fs.FS   // the archive's folder
	Pages   []Pages // one for each language; the first lie at the root

	Collections []trove.CollectionName // whose items are exported; all if it is empty

	Out     *os.Root // the folder, empty or an earlier export; the caller closes it
	Program string   // changes when the program does
	Shards  bool     // also write search files for reading from disk
	Jobs    int      // units made at once

	Sync     func() error                 // makes what was written to Out durable
	Progress func(done, total int)        // of items and threads; called by one goroutine at a time
	Fault    func(unit string, err error) // a unit that could not be made; called by one goroutine at a time
}

// Pages answers the pages of the site in one language, as [site.Static] has it
// for the collections that [Searchable] names.
type Pages struct {
	Lang    string
	Handler http.Handler
	Words   map[string]string // of the search page, see [browser.Options]
}

// Report says what a run did.
type Report struct {
	Collections int   `json:"collections"`
	Items       int   `json:"items"` // numbers with a page
	Threads     int   `json:"threads"`
	Pages       int   `json:"pages"`
	Files       int   `json:"files"` // pages included
	Bytes       int64 `json:"bytes"`
	Written     int   `json:"written"` // files that were not there with these bytes
	Removed     int   `json:"removed"` // parts of an earlier export that are gone
	Failed      int   `json:"failed"`  // parts that could not be made
}

// ErrChanged says that the archive was published into meanwhile. The same run
// again makes what is new.
var ErrChanged = errors.New("the archive has changed meanwhile")

// batch names a batch of a collection.
type batch struct {
	collection trove.CollectionName
	number     int
}

// export is one run.
type export struct {
	Options
	out         *folder
	journal     *journal
	key         string // of items and threads: what else they are made from
	base        string // the publisher's own address, or empty
	list        []*archive.Collection
	collections map[trove.CollectionName]*archive.Collection // the same, by name
	search      []trove.CollectionName
	editions    map[batch]int   // newest of each batch
	archived    map[string]bool // files of the archive

	mu      sync.Mutex
	report  Report          // guarded by mu
	threads map[string]bool // guarded by mu: that pages lead to
	done    int             // guarded by mu: items and threads
	flushed time.Time       // guarded by mu
}

// flushEvery is how much work a stop may cost.
const flushEvery = 20 * time.Second

// Export writes the archive's pages and files into the folder. It makes what is
// missing there or was made from something else, and removes what does not
// belong to it any more. Parts that the site cannot answer are told to Fault and
// counted; other errors end the run. See [CheckFolder], which the caller asks
// first.
func Export(ctx context.Context, o Options) (Report, error) {
	e := &export{Options: o, collections: map[trove.CollectionName]*archive.Collection{}, editions: map[batch]int{}, archived: map[string]bool{},
		threads: map[string]bool{}, flushed: time.Now()}
	var err error
	if e.out, err = openFolder(o.Out); err != nil {
		return Report{}, err
	}
	if e.journal, err = openJournal(e.out, o.Sync); err != nil {
		return Report{}, err
	}
	if err := e.survey(); err != nil {
		return Report{}, errors.Join(err, e.journal.close())
	}
	err = e.run(ctx)
	if err != nil {
		err = errors.Join(err, e.journal.flush())
	}
	e.report.Written = int(e.out.written.Load())
	return e.report, errors.Join(err, e.journal.close(), e.Out.RemoveAll(tempDir))
}

// chosen are the collections of an archive that are among only, or all.
func chosen(a *archive.Archive, only []trove.CollectionName) ([]*archive.Collection, error) {
	if len(only) == 0 {
		return a.Collections(), nil
	}
	var list []*archive.Collection
	for _, name := range only {
		c, err := a.Collection(name)
		if err != nil {
			return nil, fmt.Errorf("collection %s: %w", name, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// Searchable are the collections of an archive that get a search page: those
// with a batch, of only or of all if that is empty.
func Searchable(a *archive.Archive, only []trove.CollectionName) ([]trove.CollectionName, error) {
	colls, err := chosen(a, only)
	if err != nil {
		return nil, err
	}
	var list []trove.CollectionName
	for _, c := range colls {
		batches, err := c.Batches()
		if err != nil {
			return nil, err
		}
		if len(batches) > 0 {
			list = append(list, c.Name)
		}
	}
	return list, nil
}

// survey learns what there is.
func (e *export) survey() (err error) {
	if info := e.Archive.Info(); len(info.Addresses) > 0 {
		e.base = strings.TrimSuffix(info.Addresses[0], "/")
	}
	if e.search, err = Searchable(e.Archive, e.Collections); err != nil {
		return err
	}
	if e.list, err = chosen(e.Archive, e.Collections); err != nil {
		return err
	}
	for _, c := range e.list {
		e.collections[c.Name] = c
		batches, err := newest(c)
		if err != nil {
			return err
		}
		for _, b := range batches {
			e.editions[batch{c.Name, b.Number}] = b.Edition
		}
	}
	e.report.Collections = len(e.collections)
	return nil
}

// run makes everything, in an order in which what is later needs what is earlier.
func (e *export) run(ctx context.Context) error {
	if err := e.copyArchive(ctx); err != nil {
		return err
	}
	if err := e.front(ctx); err != nil {
		return err
	}
	if err := e.searches(ctx); err != nil {
		return err
	}
	if err := e.searchPages(ctx); err != nil {
		return err
	}
	total := e.count()
	if err := e.each(ctx, total, e.items); err != nil {
		return err
	}
	ids := slices.Sorted(func(yield func(string) bool) {
		for id := range e.threads {
			if !yield(id) {
				return
			}
		}
	})
	e.report.Threads = len(ids)
	if err := e.each(ctx, total+len(ids), func(yield func(unit) bool) { e.threadUnits(ids, yield) }); err != nil {
		return err
	}
	if err := e.unchanged(); err != nil {
		return err
	}
	removed, err := e.journal.finish()
	e.report.Removed = removed
	return err
}

// prefix is the folder of the pages of language k.
func (e *export) prefix(k int) string {
	if k == 0 {
		return ""
	}
	return e.Pages[k].Lang + "/"
}

// front makes the pages above items, every time; what they come to is part of
// the key of all others, since these carry the same footer, style and keys.
func (e *export) front(ctx context.Context) error {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %v\n", e.Program, e.search)
	for _, p := range e.Pages {
		fmt.Fprintf(sum, "%s\n", p.Lang)
	}
	first := true
	for u := range e.frontUnits {
		r, err := e.make(ctx, u)
		if err != nil {
			return err
		}
		if first {
			if err := e.sum(sum, r); err != nil {
				return err
			}
			first = false
		}
		if err := e.took(r, false); err != nil {
			return err
		}
	}
	e.key = hex.EncodeToString(sum.Sum(nil)[:8])
	return nil
}

// sum adds what a unit came to.
func (e *export) sum(w io.Writer, r record) error {
	for _, f := range r.Files {
		b, err := e.Out.ReadFile(f.Name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s %x\n", f.Name, sha256.Sum256(b))
	}
	return nil
}

// frontUnits are the site itself, each collection and each batch. The site
// comes first.
func (e *export) frontUnits(yield func(unit) bool) {
	u := unit{name: "site", from: []string{"", "c/", "c/index.json", "index.json", "notices.json", "log.json", "feed.atom", "robots.txt", "check.py", verifierFile}}
	u.from = append(u.from, simplePages...)
	u.owns = func(p string) bool { coll, _ := splitCollection(p); return coll == "" }
	if !yield(u) {
		return
	}
	for _, c := range e.list {
		at := "c/" + string(c.Name) + "/"
		u := unit{name: at, coll: c.Name, from: []string{at, at + "index.json", at + "authenticity"}}
		u.owns = func(p string) bool {
			rest, ok := strings.CutPrefix(p, at)
			return ok && (rest == "" || rest == "index.json" || strings.HasPrefix(rest, "authenticity"))
		}
		if !yield(u) || !e.batchUnits(c.Name, yield) {
			return
		}
	}
}

func (e *export) batchUnits(coll trove.CollectionName, yield func(unit) bool) bool {
	var numbers []int
	for b := range e.editions {
		if b.collection == coll {
			numbers = append(numbers, b.number)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		at := "c/" + string(coll) + "/batch/" + strconv.Itoa(n) + "/"
		u := unit{name: at, coll: coll, from: []string{at, at + "index.json"}}
		u.owns = func(p string) bool { return p == at || p == at+"index.json" }
		if !yield(u) {
			return false
		}
	}
	return true
}

// count is how many numbers have a page.
func (e *export) count() (n int) {
	e.items(func(unit) bool { n++; return true })
	e.report.Items = n
	return n
}

// items are all numbers with a page.
func (e *export) items(yield func(unit) bool) {
	for _, c := range e.list {
		for n := 1; n <= c.Count(); n++ {
			st, ok := c.Status(n)
			if !ok || !hasPage(st.State) {
				continue
			}
			if !yield(itemUnit(c.Name, n, st.State)) {
				return
			}
		}
	}
}

func itemUnit(coll trove.CollectionName, n int, state trove.State) unit {
	at := "c/" + string(coll) + "/" + strconv.Itoa(n)
	return unit{name: at, coll: coll, from: []string{at}, gone: state != trove.Published, owns: func(p string) bool {
		rest, ok := strings.CutPrefix(p, at)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '/' || rest[0] == '@')
	}}
}

func (e *export) threadUnits(ids []string, yield func(unit) bool) {
	for _, id := range ids {
		coll, id, _ := strings.Cut(id, "/")
		at := "c/" + coll + "/t/" + id
		u := unit{name: at, coll: trove.CollectionName(coll), from: []string{at, at + ".json"}, owns: func(p string) bool { return p == at }}
		if !yield(u) {
			return
		}
	}
}

// each makes units, several at once.
func (e *export) each(ctx context.Context, total int, units func(func(unit) bool)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan unit)
	var wait sync.WaitGroup
	for range max(e.Jobs, 1) {
		wait.Go(func() {
			for u := range work {
				if err := e.one(ctx, u, total); err != nil {
					stop(err)
				}
			}
		})
	}
	units(func(u unit) bool {
		select {
		case work <- u:
			return true
		case <-ctx.Done():
			return false
		}
	})
	close(work)
	wait.Wait()
	return context.Cause(ctx)
}

// one makes a unit, unless it stands as it is.
func (e *export) one(ctx context.Context, u unit, total int) error {
	r, stands := e.standing(u.name, e.key)
	if !stands {
		var err error
		r, err = e.make(ctx, u)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errAnswer) {
			e.failed(u.name, err)
			return nil
		}
		if err != nil {
			return err
		}
	}
	if err := e.took(r, stands); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done++
	e.Progress(e.done, total)
	return nil
}

// standing is the record of a unit whose files are all there as they should be.
func (e *export) standing(name, key string) (record, bool) {
	r, ok := e.journal.find(name)
	if !ok || r.Key != key {
		return r, false
	}
	for _, f := range r.Files {
		if e.out.size(f.Name) != f.Size {
			return r, false
		}
	}
	return r, true
}

func (e *export) failed(name string, err error) {
	e.journal.keep(name) // what an earlier run wrote stays
	e.mu.Lock()
	defer e.mu.Unlock()
	e.report.Failed++
	e.Fault(name, err)
}

// took counts a unit and records it unless it stood.
func (e *export) took(r record, stood bool) error {
	if stood {
		e.journal.keep(r.Unit)
	} else if err := e.journal.add(r); err != nil {
		return err
	}
	e.mu.Lock()
	e.report.Pages += r.Pages
	e.report.Files += len(r.Files)
	for _, f := range r.Files {
		e.report.Bytes += f.Size
	}
	for _, id := range r.Threads {
		e.threads[id] = true
	}
	due := time.Since(e.flushed) > flushEvery
	if due {
		e.flushed = time.Now()
	}
	e.mu.Unlock()
	if due {
		return e.journal.flush()
	}
	return nil
}

// unchanged refuses to call an export whole whose archive went on meanwhile.
func (e *export) unchanged() error {
	now, err := fs.ReadFile(e.Files, checkpointPath)
	if err != nil || !slices.Equal(now, e.checkpoint()) {
		return cmp.Or(err, ErrChanged)
	}
	return nil
}
