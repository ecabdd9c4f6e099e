package site

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"unseal/archive"
)

// How much of notices a page shows. Their files have all of each.
const (
	noticesMost = 20
	noticeMost  = 1500 // bytes of a text
	noticeHead  = 200  // characters of the line on the home page
)

// notice is a public statement of the publisher.
type notice struct {
	Number   int       `json:"number"`
	Kind     string    `json:"kind"`
	Text     string    `json:"text"`
	LogIndex int64     `json:"log_index"`
	After    time.Time `json:"after,omitzero"` // of the newest batch before it, as the publisher states it: the log has no time of a notice
	URL      string    `json:"url"`            // of its text, as a file of the archive
}

// readNotices reads notices, the newest first, from one on; most is how many.
// One whose text is not as the log says is left out: unseal verify reports it.
func (s *site) readNotices(from, most int) []notice {
	logged := s.archive.Notices()
	var list []notice
	for i := len(logged) - 1 - from; i >= 0 && len(list) < most; i-- {
		n := logged[i]
		text, err := s.archive.NoticeText(n.Number)
		if err != nil {
			s.log.Error("notice not shown", "err", err)
			continue
		}
		list = append(list, notice{Number: n.Number, Kind: n.Kind, Text: text, LogIndex: n.Index, URL: "/" + archive.NoticePath(n.Number)})
	}
	return list
}

// dateNotices says of each after which batch it came.
func (s *site) dateNotices(ctx context.Context, list []notice) error {
	for _, c := range s.collections {
		p, err := s.pastOf(ctx, c)
		if err != nil || p == nil {
			return err
		}
		for _, b := range p.batches {
			at := c.editions[edition{b.first, b.last}]
			for i := range list {
				if b.index < list[i].LogIndex && at.After(list[i].After) {
					list[i].After = at
				}
			}
		}
	}
	return nil
}

// noticeKinds are the words for what a notice is about.
var noticeKinds = map[string]word{"cut-off": "notice.cut-off", "correction": "notice.correction", "not-ours": "notice.not-ours", "statement": "notice.statement"}

func (p *page) noticeTag(kind string) {
	class := markup("none")
	if kind != "statement" {
		class = "warn"
	}
	if w := noticeKinds[kind]; w != "" {
		p.tag(class, w)
	}
}

// noticeStrip writes the newest notice, for the home page.
func (s *site) noticeStrip(p *page) {
	list := s.readNotices(0, 1)
	if len(list) == 0 {
		return
	}
	n := &list[0]
	p.section("notice", "panel warn", "notice.newest")
	p.html("<p>")
	p.noticeTag(n.Kind)
	p.html(" ")
	line, _, _ := strings.Cut(strings.TrimSpace(n.Text), "\n")
	p.bdi(cut(line, noticeHead))
	p.html(` <small>`)
	p.say("notice.place", val("Number", strconv.Itoa(n.Number)), val("Index", strconv.FormatInt(n.LogIndex, 10)))
	p.html("</small></p><p>")
	p.anchor(noticesPath, "notice.all", count(len(s.archive.Notices())))
	p.html("</p></section>\n")
}

const noticesPath = "notices"

// noticesPage answers /notices and /notices.json.
func (s *site) noticesPage(w http.ResponseWriter, r *http.Request) error {
	from, _ := strconv.Atoi(r.FormValue("from"))
	from = max(0, from)
	list := s.readNotices(from, noticesMost)
	if err := s.dateNotices(r.Context(), list); err != nil {
		return err
	}
	if asJSON(r) {
		return sendJSON(w, r, http.StatusOK, map[string]any{"total": len(s.archive.Notices()), "notices": slices.Concat([]notice{}, list)})
	}
	return s.simplePage(w, r, "notice.title", func(p *page) {
		p.paragraph("notice.what")
		if len(list) == 0 {
			p.paragraph("notice.none")
		}
		for i := range list {
			p.notice(&list[i])
		}
		p.html(`<nav class="pager"`)
		p.sayAttr("aria-label", "nav.pages")
		p.html(">")
		if from > 0 {
			p.pageLink("prev", noticesPath, "from", max(0, from-noticesMost), "nav.previous")
		}
		if from+noticesMost < len(s.archive.Notices()) {
			p.pageLink("next", noticesPath, "from", from+noticesMost, "nav.next")
		}
		p.html("</nav>\n")
	})
}

func (p *page) notice(n *notice) {
	p.html("<article><h2")
	p.attrNum("id", "n", n.Number)
	p.html(">")
	p.say("notice.number", val("Number", strconv.Itoa(n.Number)))
	p.html("</h2><p>")
	p.noticeTag(n.Kind)
	p.html(" <small>")
	p.say("notice.index", val("Index", strconv.FormatInt(n.LogIndex, 10)))
	if !n.After.IsZero() {
		p.sep()
		p.say("notice.after", with("Date", func(p *page) { p.moment(n.After) }))
	}
	p.html(`</small></p><div class="msg">`)
	p.writeBody(cutBytes(n.Text, noticeMost), 0, false, nil)
	p.html("</div><p>")
	p.anchor(archive.NoticePath(n.Number), "notice.file")
	p.html("</p></article>\n")
}

// feed answers /feed.atom: batches and notices, the newest first (RFC 4287).
func (s *site) feed(w http.ResponseWriter, r *http.Request) error {
	entries, err := s.feedEntries(r.Context())
	if err != nil {
		return err
	}
	p := newPage(s.locale, r.URL.Path)
	p.html(`<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<feed xmlns="` + atomSpace + `">`)
	p.element("title", s.name)
	p.element("id", s.urn("feed"))
	if len(entries) > 0 {
		p.element("updated", entries[0].time.UTC().Format(time.RFC3339))
	} else {
		p.element("updated", time.Unix(0, 0).UTC().Format(time.RFC3339))
	}
	p.html("<author>")
	p.element("name", s.name)
	p.html("</author>\n")
	for _, e := range entries {
		p.html("<entry>")
		p.element("title", e.title)
		p.element("id", e.id)
		p.element("updated", e.time.UTC().Format(time.RFC3339))
		p.html("<link")
		p.attr("href", s.address(e.path))
		p.html("/>")
		p.element("summary", e.text)
		p.html("</entry>\n")
	}
	p.html("</feed>\n")
	send(w, r, http.StatusOK, headerAtom, p.b)
	p.free()
	return nil
}

// atomSpace is the name of the format; nothing is loaded from it.
const atomSpace markup = "http:" + "//www.w3.org/2005/Atom"

type feedEntry struct {
	time                  time.Time
	id, title, path, text string
}

// feedMost is how many entries the feed has.
const feedMost = 30

// feedEntries are the newest batches and notices. A notice, whose time the log
// does not have, stands behind the batch before it.
func (s *site) feedEntries(ctx context.Context) ([]feedEntry, error) {
	var list []feedEntry
	l := s.locale
	for _, c := range s.collections {
		for i := range c.batches {
			b := &c.batches[i]
			number := strconv.Itoa(b.Number)
			list = append(list, feedEntry{time: b.Published, id: s.urn(string(c.Name) + "/batch/" + number), path: batchPath(c.Name, b.Number),
				title: l.plain("batch.of", plain("Number", number), plain("Collection", c.Title)),
				text:  l.plain("batch.items", count(b.Items), num("First", b.First), num("Last", b.Last))})
		}
	}
	notices := s.readNotices(0, feedMost)
	if err := s.dateNotices(ctx, notices); err != nil {
		return nil, err
	}
	for i := range notices {
		n := &notices[i]
		number := strconv.Itoa(n.Number)
		list = append(list, feedEntry{time: n.After, id: s.urn("notice/" + number), path: noticesPath + "#n" + number,
			title: l.plain("notice.titled", plain("Number", number), plain("Kind", l.plain(noticeKinds[n.Kind])), plain("Index", strconv.FormatInt(n.LogIndex, 10))), text: cut(n.Text, noticeMost)})
	}
	slices.SortStableFunc(list, func(a, b feedEntry) int { return b.time.Compare(a.time) })
	return list[:min(len(list), feedMost)], nil
}

// urn names something of this log for ever.
func (s *site) urn(what string) string {
	return "urn:unseal:" + s.archive.LogID().String() + ":" + what
}

// element writes an element of XML with a text.
func (p *page) element(name markup, text string) {
	p.html("<")
	p.html(name)
	p.html(">")
	p.b = appendEscaped(p.b, text, inAttr)
	p.html("</")
	p.html(name)
	p.html(">")
}
