package static

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"unseal/archive"
	"unseal/proof"
	"unseal/search/browser"
	engine "unseal/search/segment"
	"unseal/trove"
)

// segmentFile is the one search segment of a collection.
func segmentFile(c trove.CollectionName) string { return "c/" + string(c) + "/search.seg" }

// searches makes the search of each collection.
func (e *export) searches(ctx context.Context) error {
	for _, name := range e.search {
		if err := e.searchOf(ctx, e.collections[name]); err != nil {
			return fmt.Errorf("search of %s: %w", name, err)
		}
	}
	return nil
}

// searchOf merges the segments of a collection's batches into one, unless that
// stands.
func (e *export) searchOf(ctx context.Context, c *archive.Collection) error {
	list, err := newest(c)
	if err != nil {
		return err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %v\n", e.Program, e.Shards)
	for _, b := range list {
		fmt.Fprintf(sum, "%d %d %s\n", b.Number, b.Edition, b.Manifest)
	}
	r := record{Unit: searchUnit(c.Name), Key: hex.EncodeToString(sum.Sum(nil)[:8])}
	if old, ok := e.standing(r.Unit, r.Key); ok {
		return e.took(old, true)
	}
	size, err := e.merge(ctx, c, list)
	if err != nil {
		return err
	}
	r.Files = append(r.Files, file{segmentFile(c.Name), size})
	if e.Shards {
		shards, err := e.shards(ctx, c.Name, size)
		if err != nil {
			return err
		}
		r.Files = append(r.Files, shards...)
	}
	return e.took(r, false)
}

// shards cuts a segment into scripts, for pages that are opened from a disk.
func (e *export) shards(ctx context.Context, c trove.CollectionName, size int64) (list []file, err error) {
	seg, err := e.Out.Open(segmentFile(c))
	if err != nil {
		return nil, err
	}
	defer seg.Close()
	put := func(name string, b []byte) error {
		name = "c/" + string(c) + "/" + name
		list = append(list, file{name, int64(len(b))})
		return e.out.write(name, b)
	}
	for n := range browser.Shards(size) {
		b, err := browser.Shard(seg, size, n)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if err := put(browser.ShardName(n), b); err != nil {
			return nil, err
		}
	}
	return list, put(browser.IndexName, browser.Index(size))
}

// searchPages writes the search page of each collection and their script.
func (e *export) searchPages(ctx context.Context) error {
	if len(e.search) == 0 {
		return nil
	}
	sum := trove.Sum(browser.Script()).String()
	script := "search-" + sum[:8] + ".js"
	r := record{Unit: "search"}
	put := func(name string, b []byte) error {
		r.Files = append(r.Files, file{name, int64(len(b))})
		return e.out.write(name, b)
	}
	if err := put(script, browser.Script()); err != nil {
		return err
	}
	home, err := e.Out.ReadFile("index.html")
	if err != nil {
		return err
	}
	for _, name := range e.search {
		o := e.searchOptions(e.collections[name], home)
		o.Script = relative(searchFile(name), script)
		if o.Langs, err = e.languages(ctx, name); err != nil {
			return err
		}
		if err := put(searchFile(name), browser.Page(o)); err != nil {
			return err
		}
		r.Pages++
	}
	return e.took(r, false)
}

// languages are those in whose forms the page of a collection looks for words.
func (e *export) languages(ctx context.Context, c trove.CollectionName) (langs []string, err error) {
	f, err := e.Out.Open(segmentFile(c))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	seg, err := engine.Open(f, info.Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	ix := engine.NewIndex(seg)
	defer func() { err = errors.Join(err, ix.Close()) }()
	return browser.Languages(ctx, ix)
}

// barPages are those of the bar, with their words; help stands last.
var barPages = [...][2]string{{"c/index.html", "nav.collections"}, {"search.html", "nav.search"}, {"browse.html", "nav.browse"},
	{verifierFile, "nav.verify"}, {"about.html", "nav.about"}, {"search/help.html", "nav.help"}}

// searchOptions are the words and ways of a search page; direction and style
// are those of the home page.
func (e *export) searchOptions(c *archive.Collection, home []byte) browser.Options {
	at, first := searchFile(c.Name), e.Pages[0]
	info := e.Archive.Info()
	o := browser.Options{Lang: first.Lang, Site: cmp.Or(info.Name, info.Origin), Title: c.Info.Title, Words: first.Words, Browse: relative(at, "browse.html")}
	var t tag
	for i := 0; t.next(home, i); i = t.to {
		switch {
		case t.name == "html":
			o.Dir = t.value("dir")
		case t.name == "link" && t.value("rel") == "stylesheet":
			o.Style = relative(at, t.value("href"))
		}
	}
	o.Nav = []browser.Link{{Href: relative(at, "index.html"), Text: o.Site}}
	for _, p := range barPages {
		o.Nav = append(o.Nav, browser.Link{Href: relative(at, p[0]), Text: first.Words[p[1]]})
	}
	return o
}

func searchUnit(c trove.CollectionName) string { return "c/" + string(c) + "/search" }

// newest are the batches of a collection in their newest editions.
func newest(c *archive.Collection) ([]archive.BatchInfo, error) {
	all, err := c.Batches()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(b archive.BatchInfo) bool { return b.Superseded }), nil
}

func (e *export) merge(ctx context.Context, c *archive.Collection, list []archive.BatchInfo) (size int64, err error) {
	var segs []*engine.Segment
	defer func() {
		for _, s := range segs {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, b := range list {
		seg, err := openSegment(c, b)
		if err != nil {
			return 0, fmt.Errorf("batch %d: %w", b.Number, err)
		}
		segs = append(segs, seg)
	}
	return e.out.stream(segmentFile(c.Name), func(w io.Writer) error { return engine.Merge(&stoppable{ctx, w}, segs...) })
}

// openSegment opens the segment of a batch, if it is the one that the log names.
func openSegment(c *archive.Collection, b archive.BatchInfo) (*engine.Segment, error) {
	r, size, err := c.Segment(b.Number, b.Edition)
	if err != nil {
		return nil, err
	}
	m, err := c.Manifest(b.Number, b.Edition)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, size)); err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if f.Name == archive.SegmentName && f.SHA256 == trove.Digest(sum.Sum(nil)) {
			return engine.Open(io.NewSectionReader(r, 0, size), size) // the file is the archive's to close
		}
	}
	return nil, fmt.Errorf("%s is not the one that the manifest names: %w", archive.SegmentName, proof.ErrMismatch)
}

// stoppable is a writer that ends with ctx.
type stoppable struct {
	ctx context.Context
	w   io.Writer
}

func (s *stoppable) Write(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.w.Write(b)
}
