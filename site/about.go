package site

import (
	"net/http"

	"unseal/trove"
)

// simplePage answers a page of words alone.
func (s *site) simplePage(w http.ResponseWriter, r *http.Request, title word, body func(*page)) error {
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, head{title: p.loc.plain(title), crumbs: []crumb{{"", p.loc.plain(title)}}})
	p.heading(title)
	body(p)
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

func (p *page) paragraph(w word, args ...arg) {
	p.html("<p>")
	p.say(w, args...)
	p.html("</p>\n")
}

// verdicts are the states of a sender's signature, in the order people read them.
var verdicts = [...]trove.Verdict{trove.Valid, trove.KeptKey, trove.Unchecked, trove.Unsigned, trove.Mismatch, trove.Redacted}

// about answers /about: who publishes, what was received, what the words mean.
func (s *site) about(w http.ResponseWriter, r *http.Request) error {
	return s.simplePage(w, r, "about.title", func(p *page) {
		p.paragraph("about.what")
		p.section("received", "", "about.received")
		s.received(p)
		p.html("</section>\n")
		p.section("states", "", "about.states")
		p.html(`<dl>`)
		for _, v := range verdicts {
			p.html("<dt>")
			p.verdictTag(v)
			p.html("</dt><dd>")
			p.verdictMeans(v)
			p.html("</dd>\n")
		}
		p.html("</dl></section>\n")
		p.html("<ul><li>")
		p.anchor(keysPath, "keys.title")
		p.html("</li><li>")
		p.anchor(noticesPath, "notice.title")
		p.html("</li></ul>\n")
		p.section("numbers", "", "about.numbers")
		p.paragraph("about.numbers-text")
		p.paragraph("about.urls-text")
		p.html("</section>\n")
		p.section("privacy", "", "about.privacy")
		p.paragraph("about.privacy-text")
		p.html("</section>\n")
	})
}

// help answers /search/help: the query language in examples.
func (s *site) help(w http.ResponseWriter, r *http.Request) error {
	return s.simplePage(w, r, "help.title", func(p *page) {
		s.searchOrBrowse(p)
		p.paragraph("help.intro")
		p.html(`<table class="stack"><thead><tr>`)
		p.heads("help.write", "help.finds")
		p.html("</tr></thead><tbody>\n")
		for _, h := range helpRows {
			p.html("<tr>")
			p.cell("help.write", "")
			for i, q := range h.queries {
				if i > 0 {
					p.html("<br>")
				}
				p.code(q)
			}
			p.cellEnd()
			p.cell("help.finds", "")
			p.say(h.w)
			p.cellEnd()
			p.html("</tr>\n")
		}
		p.html("</tbody></table>\n")
		p.section("rules", "", "help.rules")
		p.html("<ul>")
		for _, w := range helpRules {
			p.html("<li>")
			p.say(w)
			p.html("</li>")
		}
		p.html("</ul></section>\n")
		p.section("stable", "", "help.stable")
		p.paragraph("help.stable-text")
		p.html("</section>\n")
	})
}

var helpRows = [...]struct {
	queries []string
	w       word
}{
	{[]string{"schedule budget"}, "help.and"},
	{[]string{"schedule OR plan", "{schedule plan}"}, "help.or"},
	{[]string{"schedule -draft", "schedule NOT draft"}, "help.not"},
	{[]string{`"revised schedule"`, "« budget révisé »"}, "help.phrase"},
	{[]string{`"schedule budget"~5`}, "help.near"},
	{[]string{"sched*"}, "help.prefix"},
	{[]string{"shedule~"}, "help.fuzzy"},
	{[]string{"from:mary", "from:mary@example.org"}, "help.from"},
	{[]string{"to:omar", "cc:omar", "with:omar"}, "help.to"},
	{[]string{"subject:annex"}, "help.subject"},
	{[]string{"own:deadline", "quoted:deadline"}, "help.own"},
	{[]string{"after:2015-01-01 before:2016-01-01", "date:2015-03", "on:2014-03-12"}, "help.dates"},
	{[]string{"has:attachment", "filename:annex.pdf", "ext:xlsx"}, "help.files"},
	{[]string{"type:voice", "type:chain", "type:pdf"}, "help.type"},
	{[]string{"has:transcript", "has:translation"}, "help.made"},
	{[]string{"no:5205", "msgid:ab12@mail.example.org"}, "help.ids"},
	{[]string{"in:mail", "batch:20..23"}, "help.in"},
	{[]string{"is:valid", "is:unsigned", "is:mismatch"}, "help.is"},
	{[]string{"lang:ar", "lang:fr"}, "help.lang"},
}

var helpRules = [...]word{"help.rule-case", "help.rule-operators", "help.rule-dates", "help.rule-limits"}
