package site

import (
	"net/http"
	"strconv"
	"strings"

	"unseal/reading"
	"unseal/trove"
)

// What an item's page holds at most, so that it stays within 50 kB with the
// style sheet whatever the item holds. "Show all" lifts the limits of text,
// receivers and attachments.
const (
	bodyLimit     = 17 << 10 // bytes of written text
	receiversMost = 10
	filesMost     = 15
	nameMost      = 120 // characters of a name, an address or a file name
	subjectMost   = 600
	pathsMost     = 3
	warningsMost  = 8
)

// view is the way an item is shown.
type view string

const (
	viewText    view = ""
	viewFixed   view = "fixed"
	viewHTML    view = "html"
	viewHeaders view = "headers"
	viewSource  view = "source"
)

// views are the ways to show a mail, in the order of the page.
var views = [...]struct {
	view view
	w    word
}{
	{viewText, "view.text"}, {viewFixed, "view.fixed"}, {viewHTML, "view.html"}, {viewHeaders, "view.headers"}, {viewSource, "view.source"},
}

// itemPage answers the page of a published item.
func (s *site) itemPage(w http.ResponseWriter, r *http.Request, it *item) error {
	v := view(r.FormValue("view"))
	all := r.FormValue("all") == "1"
	j, err := s.judge(it, judgedMost)
	if err != nil {
		return err
	}
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, head{
		title: s.itemTitle(it), noindex: v != viewText, crumbs: s.itemCrumbs(it),
		feed: func(p *page) { p.alternates(it) },
	})
	p.html("<h1>")
	p.itemHeading(it)
	p.html("</h1>\n<p>")
	p.kindTag(it)
	p.verdictDetail(&it.rec)
	if it.edition > 1 {
		p.html(" <a")
		p.href(itemPath(it.coll.Name, it.number) + "/history")
		p.html(">")
		p.say("item.edition", num("Edition", it.edition))
		p.html("</a>")
	}
	p.html(` <a href="#verify">`)
	p.say("item.verify-link")
	p.html("</a></p>\n" + `<div class="cols"><article>`)
	p.itemFacts(it, all)
	if err := s.itemBody(w, r, p, it, v, all); err != nil {
		p.free()
		return err
	}
	if it.read != nil && it.read.Chain != nil {
		s.compareForm(p, r, it)
	}
	p.files(it, all)
	p.findings(it, all)
	p.facts(it, all)
	p.neighbours(it)
	p.html("</article>\n<aside")
	p.sayAttr("aria-label", "item.aside")
	p.html(">")
	s.verifyPanel(p, it, &j, panelSmall)
	p.downloads(it)
	s.cite(p, it)
	s.threadPanel(r.Context(), p, it)
	p.provenance(it)
	p.html("</aside></div>\n")
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// itemTitle is the title of an item's page as plain text.
func (s *site) itemTitle(it *item) string {
	subject := it.title(s.locale)
	return s.locale.plain("item.title", plain("Subject", cut(subject, listSubject)), plain("Collection", it.coll.Title), plain("Number", strconv.Itoa(it.number)))
}

// title is the subject, or the words for an item without one.
func (it *item) title(l *locale) string {
	switch {
	case it.called() != "":
		return it.called()
	case it.rec.Kind == trove.Mail || it.rec.Kind == "":
		return l.plain("item.no-subject")
	}
	return l.plain("item.no-title")
}

// called is the subject of an item, or the name of the file that it is.
func (it *item) called() string {
	if self := it.self(); it.rec.Subject == "" && self >= 0 {
		return it.files[self].Name
	}
	return it.rec.Subject
}

// itemHeading writes the title of an item; one that has none goes by its kind
// and its number.
func (p *page) itemHeading(it *item) {
	w := word("kind." + it.rec.Kind)
	if it.called() != "" || it.rec.Kind == trove.Mail || !p.loc.has(w) {
		p.subject(it.called(), it.rec.Kind, subjectMost)
		return
	}
	p.say("item.untitled", with("Kind", func(p *page) { p.say(w) }), val("Number", strconv.Itoa(it.number)))
}

// kindTag writes what kind of item it is, unless that is a mail, and how far a
// transcript can be believed.
func (p *page) kindTag(it *item) {
	if w := word("kind." + it.rec.Kind); it.rec.Kind != trove.Mail && p.loc.has(w) {
		p.tag("", w)
		p.html(" ")
	}
	if it.read != nil && it.read.Sound != nil {
		p.soundTag(it)
		p.html(" ")
	}
}

func (s *site) itemCrumbs(it *item) []crumb {
	l := s.locale
	return []crumb{
		{"c/", l.plain("nav.collections")},
		{"c/" + string(it.coll.Name) + "/", it.coll.Title},
		{batchPath(it.coll.Name, it.batch), l.plain("batch.number", plain("Number", strconv.Itoa(it.batch)))},
		{"", l.plain("item.number", plain("Number", strconv.Itoa(it.number)))},
	}
}

// alternates writes the links to the same item in other forms.
func (p *page) alternates(it *item) {
	p.html(`<link rel="canonical"`)
	p.hrefItem(it.coll.Name, it.number)
	p.html(">")
	path := itemPath(it.coll.Name, it.number)
	if it.rec.Kind == trove.Mail {
		p.html(`<link rel="alternate" type="message/rfc822"`)
		p.href(path + ".eml")
		p.html(">")
	}
	p.html(`<link rel="alternate" type="application/json"`)
	p.href(path + ".json")
	p.html(">")
}

// itemFacts writes who, when, and where from.
func (p *page) itemFacts(it *item, all bool) {
	rec := &it.rec
	p.html(`<dl class="kv">`)
	words := itemWords(rec.Kind)
	if it.read == nil || it.read.Chain == nil { // whose members stand with their letters
		p.addresses(words.from, rec.From, it, all)
		p.addresses("item.sender", rec.Sender, it, all)
		p.addresses("item.reply-to", rec.ReplyTo, it, all)
		p.addresses(words.to, rec.To, it, all)
		p.addresses("item.cc", rec.Cc, it, all)
		p.addresses("item.bcc", rec.Bcc, it, all)
	}
	p.itemDate(it, words.date)
	if it.read != nil && it.read.Sound != nil {
		p.soundFacts(it)
	}
	if it.read != nil && it.read.Chain != nil {
		p.chainFacts(it)
	}
	p.term("item.batch")
	p.html("<a")
	p.href(batchPath(it.coll.Name, it.batch))
	p.html(">")
	p.say("batch.number", val("Number", strconv.Itoa(it.batch)))
	p.html("</a>")
	p.sep()
	p.say("item.published", with("Date", func(p *page) { p.moment(it.published) }))
	p.html("</dd>")
	if rec.MessageID != "" && rec.Kind == trove.Mail {
		p.term("item.message-id")
		p.code(cut(rec.MessageID, 2*nameMost))
		p.html("</dd>")
	}
	if rec.ListID != "" {
		p.term("item.list")
		p.bdi(cut(rec.ListID, nameMost))
		p.html("</dd>")
	}
	if rec.Mass {
		p.term("item.kind")
		p.say("item.mass")
		p.html("</dd>")
	}
	p.html("</dl>\n")
}

// factWords are the words for sender, receiver and date of an item of some kind.
type factWords struct{ from, to, date word }

func itemWords(kind trove.Kind) factWords {
	if kind == trove.Voice {
		return factWords{"sound.caller", "sound.called", "sound.received"}
	}
	return factWords{"item.from", "item.to", "item.date"}
}

// itemDate writes the date of the item. That of a chain stands with its
// messages; that of a file is the day alone, since its zone is seldom known.
func (p *page) itemDate(it *item, w word) {
	rec := &it.rec
	if it.read != nil && it.read.Chain != nil || rec.Kind != trove.Mail && rec.Date.IsZero() {
		return
	}
	p.term(w)
	switch {
	case rec.Kind == trove.Mail || rec.DateOffset != 0:
		p.sent(rec.Date, rec.DateOffset)
	case rec.Kind == trove.Voice:
		p.moment(rec.Date)
	default:
		p.day(rec.Date)
	}
	p.html("</dd>")
}

// addresses writes a field of addresses, the first few of a long one.
func (p *page) addresses(w word, list []trove.Address, it *item, all bool) {
	if len(list) == 0 {
		return
	}
	p.term(w)
	shown := len(list)
	if !all {
		shown = min(shown, receiversMost)
	}
	for i := range list[:shown] {
		if i > 0 {
			p.say("list.comma")
		}
		p.address(&list[i])
	}
	if shown < len(list) {
		p.say("list.comma")
		p.html("<a")
		p.hrefQuery(itemPath(it.coll.Name, it.number), "all=1")
		p.html(">")
		p.say("item.more-receivers", count(len(list)-shown))
		p.html("</a>")
	}
	p.html("</dd>")
}

func (p *page) address(a *trove.Address) {
	if a.Name != "" {
		p.bdi(cut(a.Name, nameMost))
		if a.Addr == "" {
			return
		}
		p.html(" ")
	}
	p.code(cut(a.Addr, nameMost))
}

// itemBody writes the chosen view of the item.
func (s *site) itemBody(w http.ResponseWriter, r *http.Request, p *page, it *item, v view, all bool) error {
	if it.rec.Kind == trove.Mail {
		s.viewLinks(p, it, v)
	}
	read := it.read
	if read == nil {
		read = &reading.Reading{}
	}
	switch {
	case read.Sound != nil:
		p.soundView(it, r, all)
	case read.Chain != nil:
		p.chainPage(it, r)
	case len(read.Sheets) > 0:
		p.sheetsView(it, r, all)
	case len(read.Pages) > 0 && it.rec.Kind != trove.Mail:
		p.documentView(it, r, v, all)
	case v == viewHTML && it.html() != nil:
		w.Header()["Content-Security-Policy"] = headerPolicyFrame
		return s.htmlView(p, it)
	case v == viewHeaders && it.rec.Kind == trove.Mail:
		return s.headersView(p, it)
	case v == viewSource && it.rec.Kind == trove.Mail:
		return s.sourceView(p, it)
	case it.rec.Kind == trove.Mail || it.text != "":
		p.textView(it, v == viewFixed, all)
		p.besideText(it)
	default:
		p.html("<p>")
		p.say("item.file-only")
		p.html("</p>\n")
	}
	return nil
}

// viewLinks writes the links to the other views of a mail.
func (s *site) viewLinks(p *page, it *item, here view) {
	if s.static != nil && it.html() == nil {
		return // there is one view only
	}
	p.html("<nav")
	p.sayAttr("aria-label", "view.label")
	p.html(`><ul class="links">`)
	for _, v := range views {
		if v.view == viewHTML && it.html() == nil || !s.hasView(v.view) {
			continue
		}
		if v.view == here {
			p.html(`<li aria-current="true"><strong>`)
			p.say(v.w)
			p.html("</strong></li>")
			continue
		}
		q := ""
		if v.view != viewText {
			q = "view=" + string(v.view)
		}
		p.html("<li><a")
		p.hrefQuery(itemPath(it.coll.Name, it.number), q)
		p.html(">")
		p.say(v.w)
		p.html("</a></li>")
	}
	p.html("</ul></nav>\n")
}

// textView writes the text of the item.
func (p *page) textView(it *item, fixed, all bool) {
	if strings.TrimSpace(it.text) == "" {
		p.html("<p>")
		p.say("item.no-text", count(len(it.files)))
		p.html("</p>\n")
		return
	}
	p.html(`<div class="msg`)
	if fixed {
		p.html(" fixed")
	}
	p.html(`"`)
	if langValue.MatchString(it.rec.Lang) && it.rec.Lang != p.loc.lang {
		p.attr("lang", it.rec.Lang)
	}
	p.html(">\n")
	limit := bodyLimit
	if all {
		limit = 0
	}
	whole := p.writeBody(it.toShow(), limit, true, it.rec.Redactions)
	p.html("</div>\n")
	if !whole {
		p.html("<p><a")
		p.hrefQuery(itemPath(it.coll.Name, it.number), "all=1")
		p.html(">")
		p.say("item.show-all", val("Size", p.loc.size(int64(len(it.text)))))
		p.html("</a></p>\n")
	}
}

// files writes the table of attachments, or of the files in a file.
func (p *page) files(it *item, all bool) {
	self := it.self()
	n := len(it.files)
	if self >= 0 {
		n--
	}
	if n == 0 {
		return
	}
	var heading word = "files.heading"
	if it.rec.Kind != trove.Mail {
		heading = "files.embedded"
	}
	p.section("att", "", heading, count(n))
	p.html(`<table class="stack"><thead><tr>`)
	p.heads("files.name", "files.type", "files.size", "files.sha256")
	p.html("</tr></thead><tbody>\n")
	shown := 0
	for i := range it.files {
		if i == self {
			continue
		}
		if shown == filesMost && !all {
			break
		}
		p.file(it, i)
		shown++
	}
	p.html("</tbody></table>\n")
	if shown < n {
		p.html("<p><a")
		p.hrefQuery(itemPath(it.coll.Name, it.number), "all=1")
		p.html(">")
		p.say("files.show-all", count(n))
		p.html("</a></p>")
	}
	p.html("</section>\n")
}

func (p *page) file(it *item, i int) {
	f := &it.files[i]
	p.html("<tr>")
	p.cell("files.name", "")
	if hasBytes(f) {
		p.html("<a")
		p.href(it.filePath(i + 1))
		p.html(">")
		p.fileName(it, i)
		p.html("</a>")
	} else {
		p.fileName(it, i)
		p.html(" <small>")
		p.say("files.inside")
		p.html("</small>")
	}
	if it.readOf(f.Path) != nil {
		p.html(" <small>")
		p.anchor(it.filePath(i+1)+"/text", "files.read")
		p.html("</small>")
	}
	p.cellEnd()
	p.cell("files.type", "")
	p.bdi(cut(f.Type, nameMost))
	if risky(f.Name, f.Type) {
		p.html(" <small>")
		p.say("files.active")
		p.html("</small>")
	}
	p.cellEnd()
	p.cell("files.size", "n")
	p.bdi(p.loc.size(f.Size))
	p.cellEnd()
	p.cell("files.sha256", "")
	if !f.SHA256.IsZero() {
		p.code(f.SHA256.Short() + "…")
	}
	p.cellEnd()
	p.html("</tr>\n")
}

// filePath is the address of file k of the item, from the root.
func (it *item) filePath(k int) string {
	return itemPath(it.coll.Name, it.number) + "/att/" + strconv.Itoa(k)
}

func (p *page) fileName(it *item, i int) {
	if name := it.files[i].Name; name != "" {
		p.bdi(cut(name, nameMost))
		return
	}
	p.say("files.unnamed", num("Number", i+1))
}

// neighbours writes the links to the items before and after.
func (p *page) neighbours(it *item) {
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "nav.items")
	p.html(">")
	if it.prev > 0 {
		p.html(`<a rel="prev"`)
		p.hrefItem(it.coll.Name, it.prev)
		p.html(">")
		p.say("nav.previous-item", val("Number", strconv.Itoa(it.prev)))
		p.html("</a>")
	}
	if it.next > 0 {
		p.html(`<a rel="next"`)
		p.hrefItem(it.coll.Name, it.next)
		p.html(">")
		p.say("nav.next-item", val("Number", strconv.Itoa(it.next)))
		p.html("</a>")
	}
	p.html("</nav>\n")
}

// downloads writes the panel of the item's other forms.
func (p *page) downloads(it *item) {
	path := itemPath(it.coll.Name, it.number)
	p.section("download", "", "download.heading")
	p.html("<ul><li>")
	if it.rec.Kind == trove.Mail {
		p.anchor(path+".eml", "download.eml", val("Size", p.loc.size(it.row.Size)))
	} else {
		p.exactBytes(it)
	}
	p.html("</li>")
	if it.text != "" || it.read != nil && it.plainForm() != "" {
		p.html("<li>")
		p.anchor(path+".txt", "download.text")
		p.html("</li>")
	}
	p.html("<li>")
	p.anchor(path+".json", "download.record")
	p.html("</li><li>")
	p.anchor(path+".proof", "download.proof")
	p.html("</li></ul></section>\n")
}

// exactBytes writes the link to what is shown of an item that is no mail: its
// exact bytes, or these with marks where something is hidden.
func (p *page) exactBytes(it *item) {
	var w word = "download.file"
	if it.rec.Redacted != nil {
		w = "download.redacted"
	}
	p.anchor(it.originalPath(), w, val("Size", p.loc.size(it.row.Size)))
}

// cite writes one ready sentence that names the item for ever.
func (s *site) cite(p *page, it *item) {
	p.section("cite", "", "cite.heading")
	p.html(`<p class="small">`)
	s.citation(p, it)
	p.html("</p></section>\n")
}

func (s *site) citation(p *page, it *item) {
	subject := it.title(p.loc)
	p.say("cite.sentence",
		val("Collection", it.coll.Title), val("Number", strconv.Itoa(it.number)), val("Subject", cut(subject, listSubject)),
		with("People", func(p *page) { p.citedPeople(it) }),
		with("Date", func(p *page) { p.day(it.rec.Date) }), with("Published", func(p *page) { p.day(it.published) }),
		code("URL", s.address(itemPath(it.coll.Name, it.number))), code("SHA256", "sha256:"+it.row.SHA256.Short()))
}

func (p *page) citedPeople(it *item) {
	from, to := cut(displayName(it.rec.From), listName), cut(displayName(it.rec.To), listName)
	switch {
	case from != "" && to != "":
		p.say("row.from-to", val("From", from), val("To", to))
	case from != "":
		p.bdi(from)
	case it.rec.Kind != trove.Mail && p.loc.has(word("kind."+it.rec.Kind)):
		p.say(word("kind." + it.rec.Kind))
	default:
		p.say("cite.unknown-sender")
	}
}

// provenance writes whose mailbox the item was found in, its copies, and what
// a person should know about it.
func (p *page) provenance(it *item) {
	p.copies(it)
	if len(it.rec.Owners) > 0 || len(it.rec.Paths) > 0 {
		p.section("found", "", "found.heading")
		p.html("<ul>")
		for _, o := range it.rec.Owners[:min(len(it.rec.Owners), pathsMost)] {
			p.html("<li>")
			p.say("found.owner", val("Owner", cut(o, nameMost)))
			p.html("</li>")
		}
		for _, path := range it.rec.Paths[:min(len(it.rec.Paths), pathsMost)] {
			p.html("<li>")
			p.code(cut(path, nameMost))
			p.html("</li>")
		}
		if more := len(it.rec.Paths) - pathsMost; more > 0 {
			p.html("<li>")
			p.say("found.more", count(more))
			p.html("</li>")
		}
		p.html("</ul></section>\n")
	}
	p.warnings(it)
}

func (p *page) copies(it *item) {
	copies := it.copies()
	if len(copies) == 0 {
		return
	}
	p.section("copies", "", "copies.heading", count(len(copies)))
	p.html("<p>")
	p.say("copies.what")
	p.html("</p><ul>")
	for _, n := range copies[:min(len(copies), filesMost)] {
		p.html("<li><a")
		p.hrefItem(it.coll.Name, n)
		p.html(">")
		p.say("item.number", val("Number", strconv.Itoa(n)))
		p.html("</a></li>")
	}
	p.html("</ul></section>\n")
}

// warnings writes what was odd about the item when it was read.
func (p *page) warnings(it *item) {
	if len(it.rec.Warnings) == 0 {
		return
	}
	p.section("warnings", "", "warnings.heading")
	p.html("<ul>")
	for i := range it.rec.Warnings[:min(len(it.rec.Warnings), warningsMost)] {
		warning := &it.rec.Warnings[i]
		p.html("<li>")
		if w := word("warning." + warning.Code); p.loc.has(w) {
			p.say(w)
		} else {
			p.bdi(cut(warning.Text, listSubject))
		}
		p.html("</li>")
	}
	p.html("</ul></section>\n")
}
