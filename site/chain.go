package site

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"unseal/reading"
	"unseal/trove"
)

// What a page of a chain holds. A chain stands on one page; only what no
// browser can show is parted.
const (
	chainMost     = 5000 // messages on a page
	membersMost   = 40
	messageMost   = 20 << 10 // bytes of one message; its text form has all
	reactionsMost = 12
	mediaMost     = 20
	earlierMost   = 10
	daysListed    = 62 // more days are listed by month
)

// chainView is a chain as one page shows it.
type chainView struct {
	*page
	it     *item
	chain  *reading.Chain
	times  []moment // of the messages
	order  []int    // indexes of messages, as they are shown
	from   int      // the first of them on this page
	to     int
	part   map[int]int    // of the page, from 0, by number of message
	other  string         // the order asked for that is not the one of the reading: "time", "source"
	starts map[int]string // titles of conversations, by number of the first message
	beside map[int]string // translations by number of message
	lang   string         // of these
	ids    map[int]bool   // numbers that have their fragment
}

// chainPage writes a chain of messages, whole.
func (p *page) chainPage(it *item, r *http.Request) {
	c := it.read.Chain
	v := &chainView{page: p, it: it, chain: c, ids: map[int]bool{}, starts: map[int]string{}}
	for i := range c.Messages {
		v.times = append(v.times, readWhen(c.Messages[i].When))
	}
	for _, conv := range c.Conversations {
		v.starts[conv.First] = conv.Title
	}
	if order := r.FormValue("order"); order == v.otherOrder() {
		v.other = order
	}
	v.sort()
	v.chooseTranslation(r)
	at, _ := strconv.Atoi(r.FormValue("part"))
	at = max(0, min(at-1, (len(v.order)-1)/chainMost))
	v.from, v.to = at*chainMost, min(len(v.order), (at+1)*chainMost)
	v.notShown()
	p.section("messages", "", "chat.messages", count(len(c.Messages)))
	v.sourceNotes()
	v.orderLinks()
	v.days()
	v.messages()
	v.parts(at)
	p.html("</section>\n")
}

// sort finds the order of the messages: as the reading has them, or the other
// one where the reader asks for it.
func (v *chainView) sort() {
	v.order = make([]int, len(v.chain.Messages))
	for i := range v.order {
		v.order[i] = i
	}
	switch v.other {
	case "time":
		slices.SortStableFunc(v.order, func(a, b int) int { return v.when(a).t.Compare(v.when(b).t) })
	case "source":
		slices.SortStableFunc(v.order, func(a, b int) int { return v.chain.Messages[a].Place - v.chain.Messages[b].Place })
	}
	v.part = make(map[int]int, len(v.order))
	for i, m := range v.order {
		v.part[v.chain.Messages[m].N] = i / chainMost
	}
}

// otherOrder is the order that differs from that of the reading: by time, or
// as the messages stand in the source; empty where none does.
func (v *chainView) otherOrder() string {
	list := v.chain.Messages
	switch {
	case v.chain.Sorted && !slices.IsSortedFunc(list, func(a, b reading.Message) int { return a.Place - b.Place }):
		return "source"
	case !v.chain.Sorted && !slices.IsSortedFunc(v.times, func(a, b moment) int { return a.t.Compare(b.t) }):
		return "time"
	}
	return ""
}

func (v *chainView) when(i int) moment { return v.times[i] }

// moment is a time as a source gives it: zone and time of day may be missing.
type moment struct {
	t     time.Time
	ok    bool
	zoned bool
	timed bool
}

// readWhen reads a time of a message. What a source does not say of the zone
// is never made up: t is then in UTC by name only.
func readWhen(s string) moment {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return moment{t, true, true, true}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{t, true, false, true}
		}
	}
	t, err := time.Parse(time.DateOnly, s)
	return moment{t, err == nil, false, false}
}

// clockOf is the time of day as given: "08:14", "08:14:05 −0400".
func clockOf(m moment) string {
	layout := "15:04"
	if m.t.Second() != 0 {
		layout = "15:04:05"
	}
	s := m.t.Format(layout)
	if m.zoned {
		_, offset := m.t.Zone()
		s += " " + zone(offset/60)
	}
	return s
}

// letter is the sign of a member, the same wherever it stands: A, B, …
func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return letter(i/26-1) + string(rune('A'+i%26))
}

// chainFacts writes platform, members and time of a chain.
func (p *page) chainFacts(it *item) {
	c := it.read.Chain
	p.term("chat.platform")
	if w := word("platform." + c.Platform); p.loc.has(w) {
		p.say(w)
	} else {
		p.bdi(cut(c.Platform, listName))
	}
	p.html("</dd>")
	p.term("chat.members")
	p.html(`<ul class="tree">`)
	for i := range c.Members[:min(len(c.Members), membersMost)] {
		p.html("<li>")
		p.member(c, i)
		p.html("</li>")
	}
	if more := len(c.Members) - membersMost; more > 0 {
		p.html("<li>")
		p.say("covers.more", count(more))
		p.html("</li>")
	}
	p.html("</ul></dd>")
	p.chainSpan(c)
	p.term("chat.count")
	p.say("chat.whole", count(len(c.Messages)))
	p.html("</dd>")
	p.term("chat.digest")
	p.code(it.row.SHA256.String())
	p.html("</dd>")
	if c.Clock != "" {
		p.term("chat.clock")
		p.bdi(cut(c.Clock, subjectMost))
		p.html("</dd>")
	}
	if w := word("order." + c.Order); p.loc.has(w) {
		p.term("chat.dates")
		p.say(w)
		p.html("</dd>")
	}
}

func (p *page) member(c *reading.Chain, i int) {
	m := &c.Members[i]
	p.say("chat.member", plain("Letter", letter(i)), val("Name", cut(m.Name, nameMost)))
	if m.Handle != "" && m.Handle != m.Name {
		p.html(" ")
		p.code(cut(m.Handle, nameMost))
	}
	if m.Self {
		p.html(" <small>")
		p.say("chat.self")
		p.html("</small>")
	}
}

// chainSpan writes from when to when the chain goes, by the times in it.
func (p *page) chainSpan(c *reading.Chain) {
	var first, last moment
	for i := range c.Messages {
		m := readWhen(c.Messages[i].When)
		if !m.ok {
			continue
		}
		if !first.ok || m.t.Before(first.t) {
			first = m
		}
		if !last.ok || m.t.After(last.t) {
			last = m
		}
	}
	if !first.ok {
		return
	}
	p.term("chat.span")
	p.say("chat.from-to", val("From", p.loc.day(first.t)), val("To", p.loc.day(last.t)))
	p.html("</dd>")
}

// notShown says what a reader does not see.
func (v *chainView) notShown() {
	var deleted, lost, away int
	for i := range v.chain.Messages {
		m := &v.chain.Messages[i]
		if m.Kind == "deleted" {
			deleted++
		}
		if m.ReplyTo < 0 {
			away++
		}
		for j := range m.Media {
			if m.Media[j].Missing {
				lost++
			}
		}
	}
	v.section("not-shown", "", "chat.not-shown")
	v.html("<ul>")
	for _, c := range []struct {
		w word
		n int
	}{{"chat.deleted-count", deleted}, {"chat.missing-count", lost}, {"chat.away-count", away}} {
		if c.n > 0 {
			v.html("<li>")
			v.say(c.w, count(c.n))
			v.html("</li>")
		}
	}
	v.html("<li>")
	v.say("chat.one-side")
	v.html("</li></ul></section>\n")
}

// sourceNotes says where the words come from if they are not the platform's.
func (v *chainView) sourceNotes() {
	if !v.chain.Pictures {
		return
	}
	v.html(`<div class="panel warn"><p>`)
	v.say("chat.pictures")
	texts := v.it.texts(reading.OCR)
	texts = append(texts, v.it.texts(reading.Transcript)...)
	if len(texts) > 0 {
		v.html(" ")
		v.say("chat.text-made", with("Made", func(p *page) { p.madeBy(&v.it.read.Texts[texts[0]]) }))
	}
	v.html("</p></div>\n")
	v.pageImages(v.it)
}

// orderLinks writes the links between the two orders, where they differ.
func (v *chainView) orderLinks() {
	other := v.otherOrder()
	if other == "" {
		return
	}
	byTime, asSource := "", "order=source"
	if other == "time" {
		byTime, asSource = "order=time", ""
	}
	v.html("<nav")
	v.sayAttr("aria-label", "chat.order")
	v.html(`><ul class="links">`)
	timed := (v.other == "") == v.chain.Sorted
	v.option(v.it, asSource, !timed, func(p *page) { p.say("chat.as-source") })
	v.option(v.it, byTime, timed, func(p *page) { p.say("chat.by-time") })
	v.html("</ul></nav>\n")
}

// dayKey tells the day of a message from others, or its month, as the source
// gives it.
func dayKey(m moment, byMonth bool) int {
	y, month, d := m.t.Date()
	if byMonth {
		d = 0
	}
	return (y*12+int(month))*32 + d
}

// days writes links to the days of a chain of several, or to its months.
func (v *chainView) days() {
	byMonth := len(v.firsts(false)) > daysListed
	list := v.firsts(byMonth)
	if len(list) < 3 {
		return
	}
	v.html("<details><summary>")
	v.say("chat.days")
	v.html(`</summary><ul class="links">`)
	for _, i := range list {
		m := v.when(v.order[i])
		v.html("<li><a")
		v.hrefMessage(v.chain.Messages[v.order[i]].N)
		v.html("><bdi>")
		if byMonth {
			v.body(v.loc.plain("chat.month", plain("Month", v.loc.months[m.t.Month()]), plain("Year", strconv.Itoa(m.t.Year()))))
		} else {
			v.body(v.loc.day(m.t))
		}
		v.html("</bdi></a></li>\n")
	}
	v.html("</ul></details>\n")
}

// firsts are the places in the order at which a day or a month begins.
func (v *chainView) firsts(byMonth bool) []int {
	var list []int
	last := -1
	for i, n := range v.order {
		m := v.when(n)
		if key := dayKey(m, byMonth); m.ok && key != last {
			list, last = append(list, i), key
		}
	}
	return list
}

// hrefMessage writes the attribute href to the message of that number, which
// may stand on another part.
func (v *chainView) hrefMessage(n int) {
	part, known := v.part[n]
	if known && part != v.from/chainMost {
		v.hrefQuery(itemPath(v.it.coll.Name, v.it.number), v.ordered()+"part="+strconv.Itoa(part+1)+"#m"+strconv.Itoa(n))
		return
	}
	v.attrNum("href", "#m", n)
}

// ordered begins the parameters of a link that keeps the order.
func (v *chainView) ordered() string {
	if v.other == "" {
		return ""
	}
	return "order=" + v.other + "&"
}

// messages writes the messages of this page with a divider for each day.
func (v *chainView) messages() {
	v.html(`<ol class="chain">` + "\n")
	day := -1
	for _, i := range v.order[v.from:v.to] {
		if title, begins := v.starts[v.chain.Messages[i].N]; begins {
			v.conversation(title)
			day = -1
		}
		if m := v.when(i); m.ok && dayKey(m, false) != day {
			day = dayKey(m, false)
			v.html(`<li class="day"><h3><bdi><time`)
			v.attr("datetime", m.t.Format(time.DateOnly))
			v.html(">")
			v.body(v.loc.day(m.t))
			v.html("</time></bdi></h3></li>\n")
		}
		v.message(&v.chain.Messages[i])
	}
	v.html("</ol>\n")
}

// conversation writes the heading of one of several conversations.
func (v *chainView) conversation(title string) {
	v.html(`<li class="day"><h3>`)
	if title == "" {
		v.say("chat.conversation")
	} else {
		v.say("chat.conversation-with", val("Title", cut(title, nameMost)))
	}
	v.html("</h3></li>\n")
}

// message writes one message.
func (v *chainView) message(m *reading.Message) {
	v.html("<li")
	if m.N > 0 && !v.ids[m.N] {
		v.ids[m.N] = true
		v.attrNum("id", "m", m.N)
	}
	v.html(v.side(m))
	v.html(`><p class="small">`)
	v.messageHead(m)
	v.html("</p>")
	if m.Kind == "deleted" && m.Text == "" {
		v.html("<p>")
		v.say("chat.deleted")
		v.html("</p>")
	}
	if m.Text != "" {
		v.html("<p")
		v.langAttr("")
		v.html(">")
		v.shown(v.it, cutSigned(m.Text, messageMost))
		v.html("</p>")
	}
	if t := v.beside[m.N]; t != "" {
		v.html(`<p class="q"`)
		v.langAttr(v.lang)
		v.html(">")
		v.shown(v.it, t)
		v.html("</p>")
	}
	v.earlier(m)
	v.media(m)
	v.reactions(m)
	v.html("</li>\n")
}

// earlier writes what a message said before it was edited, closed.
func (v *chainView) earlier(m *reading.Message) {
	if len(m.Earlier) == 0 {
		return
	}
	v.html("<details><summary>")
	v.say("chat.earlier")
	v.html("</summary>")
	for i := range m.Earlier[:min(len(m.Earlier), earlierMost)] {
		e := &m.Earlier[i]
		v.html(`<p class="q"`)
		v.langAttr("")
		v.html(">")
		v.shown(v.it, cutSigned(e.Text, messageMost))
		if w := readWhen(e.When); w.ok {
			v.html(" <small>")
			v.bdi(v.loc.day(w.t) + " " + clockOf(w))
			v.html("</small>")
		}
		v.html("</p>")
	}
	v.html("</details>")
}

// side is the class of a message: who exported the chain, or in a chain of two
// the second, stands at the end side.
func (v *chainView) side(m *reading.Message) markup {
	switch {
	case m.By < 0 || m.By >= len(v.chain.Members) || m.Kind == "system":
		return ` class="sys"`
	case v.chain.Members[m.By].Self:
		return ` class="b"`
	case m.By == 1 && len(v.chain.Members) == 2 && !v.chain.Members[0].Self:
		return ` class="b"`
	}
	return ` class="a"`
}

// messageHead writes number, who, when, and what was done to a message.
func (v *chainView) messageHead(m *reading.Message) {
	v.html("<a")
	v.attrNum("href", "#m", m.N)
	v.html(">")
	v.bdi(strconv.Itoa(m.N))
	v.html("</a> ")
	if m.By >= 0 && m.By < len(v.chain.Members) {
		v.html("<b>")
		v.say("chat.member", plain("Letter", letter(m.By)), val("Name", cut(v.chain.Members[m.By].Name, listName)))
		v.html("</b>")
	} else {
		v.say("chat.platform-itself")
	}
	v.sep()
	v.time(m)
	if m.Kind == "call" {
		v.sep()
		v.say("chat.call")
	}
	if m.Kind == "deleted" && m.Text != "" {
		v.sep()
		v.say("chat.deleted")
	}
	if m.Edited != "" {
		v.sep()
		v.edited(m.Edited)
	}
	if m.Forwarded != "" {
		v.sep()
		v.say("chat.forwarded", val("From", cut(m.Forwarded, listName)))
	}
	v.reply(m)
}

// time writes the time of a message as the source gives it.
func (v *chainView) time(m *reading.Message) {
	w := readWhen(m.When)
	switch {
	case w.ok && w.timed:
		v.html("<bdi><time")
		v.attr("datetime", m.When)
		v.html(">")
		v.body(clockOf(w))
		v.html("</time></bdi>")
	case w.ok:
		v.say("chat.no-time")
	case m.Written != "":
		v.say("chat.written", val("When", cut(m.Written, listName)))
	case m.When != "":
		v.bdi(cut(m.When, listName))
	default:
		v.say("date.none")
	}
}

// edited says that a message was changed, and when if that is known.
func (v *chainView) edited(when string) {
	w := readWhen(when)
	if !w.ok {
		v.say("chat.edited")
		return
	}
	text := v.loc.day(w.t)
	if w.timed {
		text += " " + clockOf(w)
	}
	v.say("chat.edited-on", val("When", text))
}

func (v *chainView) reply(m *reading.Message) {
	if m.ReplyTo == 0 {
		return
	}
	v.sep()
	if _, here := v.part[m.ReplyTo]; !here {
		v.say("chat.reply-away")
		return
	}
	v.html("<a")
	v.hrefMessage(m.ReplyTo)
	v.html(">")
	v.say("chat.reply", val("Number", strconv.Itoa(m.ReplyTo)))
	v.html("</a>")
}

// media writes the files that a message carries, or that it carried.
func (v *chainView) media(m *reading.Message) {
	if len(m.Media) == 0 {
		return
	}
	v.html(`<ul class="small">`)
	for i := range m.Media[:min(len(m.Media), mediaMost)] {
		f := &m.Media[i]
		name := f.Name
		if name == "" {
			name = f.Type
		}
		v.html("<li>")
		switch {
		case f.Missing && name == "":
			v.say("chat.file-missing-unnamed")
		case f.Missing:
			v.say("chat.file-missing", val("Name", cut(name, nameMost)))
		default:
			v.mediaFile(f, name)
		}
		v.html("</li>")
	}
	if more := len(m.Media) - mediaMost; more > 0 {
		v.html("<li>")
		v.say("covers.more", count(more))
		v.html("</li>")
	}
	v.html("</ul>")
}

// mediaFile writes a file of a message, as a link where the item holds it.
func (v *chainView) mediaFile(f *reading.Media, name string) {
	k := slices.IndexFunc(v.it.files, func(p trove.Part) bool { return p.Name == f.Name && f.Name != "" && hasBytes(&p) })
	if k >= 0 {
		v.html("<a")
		v.href(itemPath(v.it.coll.Name, v.it.number) + "/att/" + strconv.Itoa(k+1))
		v.html(">")
		v.bdi(cut(name, nameMost))
		v.html("</a>")
		return
	}
	if name == "" {
		v.say("chat.file-unnamed")
		return
	}
	v.say("chat.file", val("Name", cut(name, nameMost)))
}

func (v *chainView) reactions(m *reading.Message) {
	if len(m.Reactions) == 0 {
		return
	}
	v.html(`<p class="small">`)
	v.say("chat.reactions")
	for i := range m.Reactions[:min(len(m.Reactions), reactionsMost)] {
		r := &m.Reactions[i]
		v.html(" ")
		v.bdi(cut(r.Sign, 20))
		for j, by := range r.By[:min(len(r.By), reactionsMost)] {
			if by < 0 || by >= len(v.chain.Members) {
				continue
			}
			if j == 0 {
				v.html(" ")
			} else {
				v.say("list.comma")
			}
			v.body(letter(by))
		}
	}
	v.html("</p>")
}

// parts leads to the other parts of a chain that is too long for one page.
func (v *chainView) parts(at int) {
	if len(v.order) <= chainMost {
		return
	}
	v.html(`<nav class="pager"`)
	v.sayAttr("aria-label", "nav.pages")
	v.html("><span>")
	v.say("nav.range", num("From", v.from+1), num("To", v.to), count(len(v.order)))
	v.html("</span>")
	path, param := itemPath(v.it.coll.Name, v.it.number), v.ordered()+"part"
	if at > 0 {
		v.pageLink("prev", path, param, at, "nav.previous")
	}
	if v.to < len(v.order) {
		v.pageLink("next", path, param, at+2, "nav.next")
	}
	v.html("</nav>\n")
}

// chooseTranslation reads which translation stands below the messages.
func (v *chainView) chooseTranslation(r *http.Request) {
	i := v.translations(v.it, r, true)
	if i < 0 {
		return
	}
	t := &v.it.read.Texts[i]
	v.lang, v.beside = t.Lang, make(map[int]string, len(t.Segments))
	for _, s := range t.Segments {
		if s.Message > 0 && !s.Hidden {
			v.beside[s.Message] = strings.TrimSpace(v.beside[s.Message] + " " + s.Text)
		}
	}
}

// chainText is a chain as plain text, one message after the other.
func (it *item) chainText() string {
	var b strings.Builder
	c := it.read.Chain
	for i := range c.Messages {
		m := &c.Messages[i]
		b.WriteString("#" + strconv.Itoa(m.N) + " " + cmp.Or(m.When, m.Written))
		if m.By >= 0 && m.By < len(c.Members) {
			b.WriteString(" " + letter(m.By) + ": " + c.Members[m.By].Name)
		}
		for _, mark := range []struct {
			on   bool
			word string
		}{{m.Kind != "", m.Kind}, {m.Edited != "", "edited"}, {m.ReplyTo > 0, "reply to #" + strconv.Itoa(m.ReplyTo)}} {
			if mark.on {
				b.WriteString(" (" + mark.word + ")")
			}
		}
		b.WriteString("\n" + m.Text + "\n")
		for _, f := range m.Media {
			b.WriteString("[" + strings.TrimSpace(f.Name+" "+f.Type))
			if f.Missing {
				b.WriteString(": missing")
			}
			b.WriteString("]\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}
