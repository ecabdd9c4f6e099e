package site

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"unseal/search"
	"unseal/thread"
	"unseal/trove"
)

// Sizes of thread pages.
const (
	threadNear    = 20      // rows of the panel on an item's page
	threadMost    = 500     // messages of a thread that are looked at
	threadPage    = 25      // messages with text on one page
	threadDepth   = 6       // levels of indent
	threadText    = 6 << 10 // bytes of written text of each message
	threadSubject = 90
)

// threadHits are the published messages of a thread, oldest first.
func (s *site) threadHits(ctx context.Context, id string, limit int) (*search.Result, error) {
	if s.index == nil {
		return &search.Result{}, nil
	}
	q := &search.Query{Root: &search.Value{Field: search.Thread, Value: id}}
	res, err := s.index.Search(ctx, search.Request{Query: q, Sort: search.Oldest, Limit: limit})
	if err != nil {
		return nil, err
	}
	res.Hits = slices.DeleteFunc(res.Hits, func(h search.Hit) bool { return s.stateOf(&h).State != trove.Published })
	return res, nil
}

// threadPanel writes the messages of the item's thread that are nearest to it.
func (s *site) threadPanel(ctx context.Context, p *page, it *item) {
	if it.rec.Thread == "" {
		return
	}
	res, err := s.threadHits(ctx, it.rec.Thread, threadMost)
	if err != nil || len(res.Hits) < 2 {
		return // without an index the page is complete but for this panel
	}
	var heading, here word = "thread.heading", "thread.this"
	if it.rec.Kind == trove.Voice {
		heading, here = "sound.parts", "sound.this"
	}
	p.section("thread", "", heading, count(res.Total))
	p.html(`<ol class="tree">`)
	from, to := nearest(res.Hits, it.number, threadNear)
	for i := range res.Hits[from:to] {
		h := &res.Hits[from+i]
		if h.Collection == it.coll.Name && h.Number == it.number {
			p.html(`<li aria-current="true">`)
			p.say(here)
		} else {
			p.html("<li><a")
			p.hrefItem(h.Collection, h.Number)
			p.html(">")
			if h.Subject == "" && h.Kind == trove.Voice {
				p.say("item.number", val("Number", strconv.Itoa(h.Number)))
			} else {
				p.subject(h.Subject, h.Kind, threadSubject)
			}
			p.html("</a>")
		}
		p.html(" <small>")
		if h.From != "" {
			p.bdi(cut(h.From, listName))
			p.say("list.comma")
		}
		p.day(h.Date)
		p.html("</small></li>\n")
	}
	p.html("</ol><p>")
	p.anchor(threadPath(it.coll.Name, it.rec.Thread), "thread.all", count(res.Total))
	p.html("</p></section>\n")
}

// nearest is the window of n hits around the item of that number.
func nearest(hits []search.Hit, number, n int) (from, to int) {
	at := 0
	for i := range hits {
		if hits[i].Number == number {
			at = i
			break
		}
	}
	from = max(0, min(at-n/2, len(hits)-n))
	return from, min(len(hits), from+n)
}

// threadPath is the address of a thread's page, from the root.
func threadPath(c trove.CollectionName, id string) string {
	return "c/" + string(c) + "/t/" + pathEscape(id)
}

// thread answers /c/<c>/t/<id>: who answered whom, then the messages in order
// of time.
func (s *site) thread(w http.ResponseWriter, r *http.Request, coll *collection, id string) error {
	if s.index == nil {
		return &fault{status: http.StatusServiceUnavailable, w: "error.no-index"}
	}
	res, err := s.threadHits(r.Context(), id, threadMost)
	if err != nil {
		return err
	}
	hits := inCollection(res.Hits, coll.Name)
	if len(hits) == 0 {
		return missing("error.no-thread")
	}
	from, _ := strconv.Atoi(r.FormValue("from"))
	from = max(0, min(from, len(hits)-1))
	if asJSON(r) {
		return s.threadJSON(w, r, hits)
	}
	items := make([]*item, len(hits))
	for i := range hits {
		if items[i], err = s.openRecord(coll, hits[i].Number); err != nil {
			return err
		}
	}
	p := newPage(s.locale, r.URL.Path)
	title := items[0].rec.Subject
	if title == "" {
		title = p.loc.plain("item.no-subject")
	}
	s.begin(p, head{title: p.loc.plain("thread.title", plain("Subject", cut(title, listSubject))), crumbs: []crumb{
		{"c/", p.loc.plain("nav.collections")}, {"c/" + string(coll.Name) + "/", coll.Title}, {"", p.loc.plain("thread.crumb")}}})
	p.html("<h1>")
	p.subject(items[0].rec.Subject, trove.Mail, subjectMost)
	p.html("</h1>\n")
	if res.Total > threadMost {
		p.paragraph("thread.capped", num("Shown", len(items)), count(res.Total))
	}
	p.threadTree(coll, items)
	if err := s.threadMessages(r.Context(), p, coll, id, items, from); err != nil {
		p.free()
		return err
	}
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

func inCollection(hits []search.Hit, c trove.CollectionName) []search.Hit {
	kept := hits[:0]
	for i := range hits {
		if hits[i].Collection == c {
			kept = append(kept, hits[i])
		}
	}
	return kept
}

// threadTree writes the overview: who answered whom, ghosts included. A ghost
// is a message that others answer or name, and that is not in the archive.
func (p *page) threadTree(coll *collection, items []*item) {
	msgs := make([]thread.Message, len(items))
	for i, it := range items {
		msgs[i] = thread.Message{ID: it.rec.MessageID, InReplyTo: it.rec.InReplyTo, References: it.rec.References, Date: it.rec.Date}
	}
	roots := thread.Trees(msgs)
	ghosts := 0
	for _, root := range roots {
		root.Walk(func(n *thread.Node, _ int) {
			if n.Ghost() {
				ghosts++
			}
		})
	}
	p.html("<p>")
	p.say("thread.count", count(len(items)))
	if ghosts > 0 {
		p.html(" ")
		p.say("thread.ghosts", count(ghosts))
	}
	p.html("</p>\n")
	p.section("overview", "", "thread.overview")
	subject := ""
	t := treeWriter{p: p}
	for _, root := range roots {
		root.Walk(func(n *thread.Node, depth int) {
			t.level(min(depth, threadDepth-1))
			if n.Ghost() {
				p.say("thread.ghost")
				p.html(" <small>")
				p.code(cut(n.ID, nameMost))
				p.html("</small>")
				return
			}
			p.treeItem(coll, items[n.Message], &subject)
		})
	}
	t.close()
	p.html("</section>\n")
}

// treeItem writes a message of the overview; its subject only where it changes.
func (p *page) treeItem(coll *collection, it *item, subject *string) {
	p.html("<a")
	p.hrefItem(coll.Name, it.number)
	p.html(">")
	p.say("item.number", val("Number", strconv.Itoa(it.number)))
	p.html("</a> ")
	if base := baseSubject(it.rec.Subject); base != *subject {
		*subject = base
		p.subject(it.rec.Subject, it.rec.Kind, threadSubject)
		p.html(" ")
	}
	p.html("<small>")
	if from := displayName(it.rec.From); from != "" {
		p.bdi(cut(from, listName))
		p.say("list.comma")
	}
	p.day(it.rec.Date)
	p.html("</small>")
}

// baseSubject is a subject without the signs of answering and forwarding.
func baseSubject(s string) string {
	for {
		s = strings.TrimSpace(s)
		head, rest, ok := strings.Cut(s, ":")
		if !ok || !answerSigns[strings.ToLower(strings.TrimSpace(head))] {
			return s
		}
		s = rest
	}
}

// answerSigns begin the subject of an answer or of something passed on, in the
// languages whose mail programs write their own.
var answerSigns = map[string]bool{"re": true, "fw": true, "fwd": true, "aw": true, "wg": true, "sv": true, "vs": true, "tr": true,
	"rép": true, "rv": true, "res": true, "enc": true, "رد": true, "回复": true, "转发": true}

// treeWriter opens and closes the nested lists of a tree.
type treeWriter struct {
	p    *page
	open int // lists that are open; each has an open item
}

// level begins an item at the depth, counted from 0. Depths grow by one at most.
func (t *treeWriter) level(depth int) {
	if t.open > depth+1 {
		for t.open > depth+1 {
			t.p.html("</li></ul>")
			t.open--
		}
	}
	switch {
	case t.open == depth+1:
		t.p.html("</li>\n<li>")
	case t.open == 0:
		t.p.html(`<ul class="tree"><li>`)
		t.open++
	default:
		t.p.html("<ul><li>")
		t.open++
	}
}

func (t *treeWriter) close() {
	for ; t.open > 0; t.open-- {
		t.p.html("</li></ul>")
	}
	t.p.html("\n")
}

// threadMessages writes the messages flat in order of time, a page of them.
func (s *site) threadMessages(ctx context.Context, p *page, coll *collection, id string, items []*item, from int) error {
	to := min(len(items), from+threadPage)
	p.html("<h2>")
	p.say("thread.messages")
	p.html("</h2>\n")
	for _, it := range items[from:to] {
		p.html("<article>")
		p.html("<h3><a")
		p.hrefItem(coll.Name, it.number)
		p.html(">")
		p.subject(it.rec.Subject, it.rec.Kind, listSubject)
		p.html(`</a></h3><p class="small">`)
		r := it.asRow()
		p.rowFacts(&r)
		p.html(`</p><div class="msg">`)
		if err := s.loadText(ctx, it); err != nil {
			return err
		}
		if !p.writeBody(it.toShow(), threadText, false, it.rec.Redactions) {
			p.html("<p><a")
			p.hrefItem(coll.Name, it.number)
			p.html(">")
			p.say("item.show-all", val("Size", p.loc.size(int64(len(it.text)))))
			p.html("</a></p>")
		}
		p.html("</div></article>\n")
	}
	if len(items) <= threadPage {
		return nil
	}
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "nav.pages")
	p.html("><span>")
	p.say("nav.range", num("From", from+1), num("To", to), count(len(items)))
	p.html("</span>")
	if from > 0 {
		p.pageLink("prev", threadPath(coll.Name, id), "from", max(0, from-threadPage), "nav.previous")
	}
	if to < len(items) {
		p.pageLink("next", threadPath(coll.Name, id), "from", to, "nav.next")
	}
	p.html("</nav>\n")
	return nil
}

// pageLink writes a link to another page of a list.
func (p *page) pageLink(rel markup, path string, param string, at int, w word) {
	p.html(`<a rel="`)
	p.html(rel)
	p.html(`"`)
	q := ""
	if at > 0 {
		q = param + "=" + strconv.Itoa(at)
	}
	p.hrefQuery(path, q)
	p.html(">")
	p.say(w)
	p.html("</a>")
}

// byMessageID answers /c/<c>/msgid/<id>: where the message stands.
func (s *site) byMessageID(w http.ResponseWriter, r *http.Request, c *collection, id string) error {
	id = strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
	q := &search.Query{Root: search.And{
		&search.Value{Field: search.MsgID, Value: id}, &search.Value{Field: search.In, Value: string(c.Name)}}}
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	res, err := s.ask(ctx, search.Request{Query: q, Sort: search.Number, Limit: hitsPerPage})
	if err != nil {
		return err
	}
	for i := range res.Hits {
		if s.stateOf(&res.Hits[i]).State == trove.Published {
			return redirect(w, r, "/"+itemPath(c.Name, res.Hits[i].Number), http.StatusFound)
		}
	}
	return missing("error.no-message")
}
