package static

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"unseal/trove"
)

// unit is a part of the export that is made, recorded and skipped as a whole:
// an item with everything below it, a thread, a batch's list.
type unit struct {
	name string // also its place in the site
	from []string
	owns func(path string) bool // the pages and files that are its own
	gone bool                   // an item that is not to be read: its pages say so
	coll trove.CollectionName   // whose search page its searches lead to; may be empty
}

// Limits of one unit. Pages beyond heldPages bytes are asked for again when they
// are written.
const (
	heldPages  = 32 << 20
	pagesOfOne = 100_000
)

// crawl makes one unit: it asks for the first pages, for what they lead to
// inside the unit, and writes the pages once it is known where links lead.
type crawl struct {
	*export
	unit
	record record
	files  map[address]target // of what is no page: the same in all languages
	thread map[string]bool
}

// made is a page or a file of the unit in one language. The zero one is not there.
type made struct {
	target
	page   bool
	held   []byte // the page as the site wrote it; nil if that was too much to keep
	policy string
}

func (e *export) make(ctx context.Context, u unit) (record, error) {
	c := &crawl{export: e, unit: u, record: record{Unit: u.name, Key: e.key}, files: map[address]target{}, thread: map[string]bool{}}
	for k := range e.Pages {
		if err := c.language(ctx, k); err != nil {
			return c.record, fmt.Errorf("%s: %w", u.name, err)
		}
	}
	for id := range c.thread {
		c.record.Threads = append(c.record.Threads, id)
	}
	slices.Sort(c.record.Threads)
	return c.record, nil
}

// language makes the pages of the unit in language k, and files that no earlier
// language had.
func (c *crawl) language(ctx context.Context, k int) error {
	t := map[address]*made{}
	var order []address
	for _, p := range c.from {
		order = append(order, address{path: p})
		t[address{path: p}] = nil
	}
	held := 0
	for i := 0; i < len(order); i++ {
		m, err := c.fetch(ctx, k, order[i])
		if err != nil {
			return err
		}
		t[order[i]] = m
		if !m.page {
			continue
		}
		links(m.held, func(_ *tag, link string) {
			a, _, ok := parseAddress(order[i], link, c.base)
			if _, known := t[a]; ok && !known && c.owns(a.path) && !c.elsewhere(a) {
				t[a] = nil
				order = append(order, a)
			}
		})
		if len(order) > pagesOfOne {
			return fmt.Errorf("more than %d pages and files", pagesOfOne)
		}
		if held += len(m.held); held > heldPages {
			held -= len(m.held)
			m.held = nil
		}
	}
	for _, a := range order {
		if err := c.writePage(ctx, k, a, t); err != nil {
			return err
		}
	}
	return nil
}

// fetch asks for one address. What is no page is written at once.
func (c *crawl) fetch(ctx context.Context, k int, at address) (m *made, err error) {
	if f, ok := c.files[at]; ok {
		return &made{target: f}, nil
	}
	a := ask(ctx, http.MethodGet, c.Pages[k].Handler, c.out, at)
	defer func() { err = errors.Join(err, a.done()) }()
	if err := a.check(ctx, at); err != nil {
		return nil, err
	}
	if !c.stands(a, at) {
		return &made{}, nil
	}
	if a.isPage() {
		return &made{target: target{to: c.prefix(k) + pageFile(at)}, page: true, held: slices.Clone(a.held.Bytes()), policy: a.header.Get("Content-Security-Policy")}, nil
	}
	if at.query != "" {
		return &made{}, nil
	}
	m = &made{target: target{to: answerFile(at, a.save()), save: a.save()}}
	if strings.HasSuffix(m.to, ".atom") {
		b := a.held.Bytes()
		b = rewrite(b, "", func(_ *tag, link string) target { return c.resolve(k, m.to, at, link, nil) })
		a.held.Reset()
		a.held.Write(b)
	}
	size, err := a.keep(m.to)
	c.record.Files = append(c.record.Files, file{m.to, size})
	c.files[at] = m.target
	return m, err
}

// stands reports whether an answer becomes a file: one that is there, and what
// says why something is not.
func (c *crawl) stands(a *answer, _ address) bool {
	return a.status == http.StatusOK || a.status == http.StatusGone || c.gone && a.status == http.StatusNotFound
}

// writePage writes a page with its links changed.
func (c *crawl) writePage(ctx context.Context, k int, at address, t map[address]*made) error {
	m := t[at]
	if !m.page {
		return nil
	}
	page := m.held
	if page == nil {
		a := ask(ctx, http.MethodGet, c.Pages[k].Handler, c.out, at)
		if err := a.check(ctx, at); err != nil {
			return err
		}
		page = a.held.Bytes()
	}
	page = rewrite(page, policyTag(m.policy), func(tag *tag, link string) target {
		if tag.name == "link" && tag.value("rel") == "canonical" {
			return c.canonical(at, link)
		}
		return c.resolve(k, m.to, at, link, t)
	})
	c.record.Files = append(c.record.Files, file{m.to, int64(len(page))})
	c.record.Pages++
	return c.out.write(m.to, page)
}

// canonical is the address of a page at the publisher's own site, where he
// states one.
func (c *crawl) canonical(at address, link string) target {
	a, _, ok := parseAddress(at, link, c.base)
	if !ok || c.base == "" {
		return target{}
	}
	return target{to: c.base + "/" + a.path}
}

// resolve is where a link on the page at at, which becomes the file from, leads
// in the folder. t are the pages and files of the unit itself.
func (c *crawl) resolve(k int, from string, at address, link string, t map[address]*made) target {
	if strings.HasPrefix(link, "#") {
		return target{to: link}
	}
	a, fragment, ok := parseAddress(at, link, c.base)
	if !ok {
		return target{}
	}
	goal := c.find(k, a, t)
	if goal.to == "" {
		return goal
	}
	goal.to = relative(from, goal.to)
	if fragment != "" {
		goal.to += "#" + fragment
	}
	return goal
}

func (c *crawl) find(k int, a address, t map[address]*made) target {
	if m := t[a]; m != nil {
		return m.target
	}
	if id, ok := c.threadAt(a); ok {
		c.thread[id] = true
	}
	return c.rule(k, a, c.coll)
}
