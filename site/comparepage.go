package site

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"unseal/reading"
	"unseal/reading/compare"
	"unseal/search"
	"unseal/trove"
)

// What a page that compares two chains looks at and shows.
const (
	comparedMost    = 50_000 // messages of each chain; the program compares longer ones
	differencesMost = 200
	othersMost      = 10 // chains that are offered for comparing
)

// compareForm writes how a chain is laid beside another export of it.
func (s *site) compareForm(p *page, r *http.Request, it *item) {
	p.section("compare", "", "compare.heading")
	p.html(`<p class="small">`)
	p.say("compare.what")
	p.html("</p>\n")
	path := itemPath(it.coll.Name, it.number) + "/compare"
	others := s.otherChains(r, it)
	if len(others) > 0 {
		p.html("<ul>")
		for i := range others {
			h := &others[i]
			p.html(`<li><a rel="nofollow"`)
			p.hrefQuery(path, "with="+strconv.Itoa(h.Number))
			p.html(">")
			p.say("item.number", val("Number", strconv.Itoa(h.Number)))
			p.html("</a> ")
			p.subject(h.Subject, h.Kind, threadSubject)
			p.html("</li>")
		}
		p.html("</ul>\n")
	}
	p.html("<form")
	p.link("action", path, "")
	p.html(`><label for="with">`)
	p.say("compare.number")
	p.html(`</label><input id="with" name="with" size="12" required> <button>`)
	p.say("compare.button")
	p.html("</button></form></section>\n")
}

// otherChains are further chains of the collection; none without an index.
func (s *site) otherChains(r *http.Request, it *item) []search.Hit {
	if s.index == nil {
		return nil
	}
	q := &search.Query{Root: search.And{&search.Value{Field: search.Type, Value: string(trove.Chain)}, &search.Value{Field: search.In, Value: string(it.coll.Name)}}}
	res, err := s.index.Search(r.Context(), search.Request{Query: q, Sort: search.Number, Limit: othersMost + 1})
	if err != nil {
		return nil // the page is complete but for these links
	}
	var others []search.Hit
	for i := range res.Hits {
		if h := &res.Hits[i]; h.Number != it.number && s.stateOf(h).State == trove.Published && len(others) < othersMost {
			others = append(others, *h)
		}
	}
	return others
}

// comparison is two chains of one conversation.
type comparison struct {
	a, b   *item
	report compare.Report
}

// comparePage answers /c/dm/3/compare?with=4: what two exports of one chain
// agree on and what not.
func (s *site) comparePage(w http.ResponseWriter, r *http.Request, it *item) error {
	with, err := s.otherItem(r, it)
	if err != nil {
		return err
	}
	c := comparison{a: it, b: with}
	for _, one := range []*item{it, with} {
		if one.read == nil || one.read.Chain == nil || len(one.read.Chain.Messages) > comparedMost {
			return missing("error.no-chain")
		}
	}
	if err := s.compare(r.Context(), &c); err != nil {
		return err
	}
	p := newPage(s.locale, r.URL.Path)
	crumbs := s.itemCrumbs(it)
	crumbs[len(crumbs)-1].path = itemPath(it.coll.Name, it.number)
	title := p.loc.plain("compare.title")
	s.begin(p, head{title: title, noindex: true, crumbs: append(crumbs, crumb{"", title})})
	p.heading("compare.title")
	p.compared(&c)
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// compare compares the chains, in one of the places for searches: it can take
// as long.
func (s *site) compare(ctx context.Context, c *comparison) error {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	select {
	case s.searching <- struct{}{}:
		defer func() { <-s.searching }()
	case <-ctx.Done():
		return &fault{status: http.StatusServiceUnavailable, w: "error.busy"}
	}
	c.report = compare.Chains(c.a.read.Chain, c.b.read.Chain)
	return nil
}

// otherItem reads which item another is compared with: "4", or "dm/4" of
// another collection.
func (s *site) otherItem(r *http.Request, it *item) (*item, error) {
	coll, number, ok := strings.Cut(strings.TrimSpace(r.FormValue("with")), "/")
	if !ok {
		coll, number = string(it.coll.Name), coll
	}
	c, n := s.byName[trove.CollectionName(coll)], parseNumber(number)
	if c == nil || n == 0 {
		return nil, missing("error.no-chain")
	}
	with, err := s.openItem(r.Context(), c, n)
	if err != nil {
		return nil, err
	}
	if with.state != trove.Published {
		return nil, missing("error.no-chain")
	}
	return with, nil
}

// compared writes what was found of two chains.
func (p *page) compared(c *comparison) {
	p.html(`<dl class="kv">`)
	for _, side := range [...]struct {
		w  word
		it *item
	}{{"compare.a", c.a}, {"compare.b", c.b}} {
		p.term(side.w)
		p.html("<a")
		p.hrefItem(side.it.coll.Name, side.it.number)
		p.html(">")
		p.itemHeading(side.it)
		p.html("</a>")
		p.sep()
		p.say("item.number", val("Number", strconv.Itoa(side.it.number)))
		p.html("</dd>")
	}
	p.html("</dl>\n")
	p.paragraph("compare.corroborated", count(c.report.Both))
	p.paragraph("compare.differences", count(len(c.report.Differences)))
	for _, o := range c.report.Clock {
		if o.Seconds != 0 {
			p.paragraph("compare.clock", val("Apart", apart(o.Seconds)), count(o.Messages))
		}
	}
	if c.report.Minutes {
		p.paragraph("compare.minutes")
	}
	if c.report.Rough {
		p.paragraph("compare.rough")
	}
	p.paragraph("compare.left-out", num("A", c.report.OutsideA), num("B", c.report.OutsideB))
	p.html(`<p class="panel">`)
	p.say("compare.means")
	p.html("</p>\n")
	p.differences(c)
}

// apart is a number of seconds by which a clock is later, or earlier.
func apart(seconds int64) string {
	if seconds < 0 {
		return "\u2212" + clock(float64(-seconds))
	}
	return "+" + clock(float64(seconds))
}

// differences writes each difference with what either side has.
func (p *page) differences(c *comparison) {
	if len(c.report.Differences) == 0 {
		return
	}
	p.section("differences", "", "compare.list")
	p.html(`<ol class="chain">`)
	for i := range c.report.Differences {
		if i == differencesMost {
			break
		}
		d := &c.report.Differences[i]
		p.html("<li><h3>")
		p.say(word("differ." + d.Kind))
		p.html("</h3>")
		p.oneSide("compare.a", c.a, d.A)
		p.oneSide("compare.b", c.b, d.B)
		if d.Seconds != 0 {
			p.html(`<p class="small">`)
			p.say("compare.apart", val("Apart", apart(d.Seconds)))
			p.html("</p>")
		}
		p.html("</li>\n")
	}
	p.html("</ol>\n")
	if more := len(c.report.Differences) - differencesMost; more > 0 {
		p.paragraph("compare.more", count(more))
	}
	p.html("</section>\n")
}

// oneSide writes the message that one of two chains has, which is the n-th of
// it from 1; nothing for 0.
func (p *page) oneSide(w word, it *item, n int) {
	if n < 1 || n > len(it.read.Chain.Messages) {
		return
	}
	m := &it.read.Chain.Messages[n-1]
	p.html(`<p class="small"><b>`)
	p.say(w)
	p.html("</b> <a")
	p.href(itemPath(it.coll.Name, it.number) + partOf(n-1) + "#m" + strconv.Itoa(m.N))
	p.html(">")
	p.bdi("#" + strconv.Itoa(m.N))
	p.html("</a> ")
	if m.By >= 0 && m.By < len(it.read.Chain.Members) {
		p.bdi(cut(it.read.Chain.Members[m.By].Name, listName))
		p.sep()
	}
	p.whenGiven(m)
	p.html("</p>")
	p.comparedText(it, m)
}

func (p *page) comparedText(it *item, m *reading.Message) {
	p.html("<p")
	p.langAttr("")
	p.html(">")
	if m.Kind == "deleted" {
		p.say("chat.deleted")
	} else {
		p.shown(it, cut(m.Text, subjectMost))
	}
	p.html("</p>")
}

// partOf are the parameters of the part of a chain on which its i-th message
// stands, from 0.
func partOf(i int) string {
	if i < chainMost {
		return ""
	}
	return "?part=" + strconv.Itoa(i/chainMost+1)
}

// whenGiven writes day and time of a message as the source gives them.
func (p *page) whenGiven(m *reading.Message) {
	w := readWhen(m.When)
	switch {
	case w.ok && w.timed:
		p.bdi(p.loc.day(w.t) + " " + clockOf(w))
	case w.ok:
		p.bdi(p.loc.day(w.t))
	case m.Written != "":
		p.bdi(cut(m.Written, listName))
	default:
		p.say("date.none")
	}
}
