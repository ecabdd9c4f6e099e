package site

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"unseal/reading"
)

// What a page shows of findings and facts.
const (
	findingsMost = 30
	factsMost    = 40
	findingMost  = 240 // characters of a text that was found
)

// findings writes what a person should know of the file, in neutral words.
func (p *page) findings(it *item, all bool) {
	if it.read == nil {
		return
	}
	list := it.allFindings()
	if len(list) == 0 {
		return
	}
	p.section("findings", "", "finding.heading")
	p.findingList(it, list, all)
	p.html("</section>\n")
}

// findingsOn writes the findings of one page of a document.
func (p *page) findingsOn(it *item, n int) {
	var list []reading.Finding
	for _, f := range it.read.Findings {
		if f.Page == n && f.Part == "" {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return
	}
	p.section("findings", "", "finding.heading")
	p.findingList(it, list, false)
	p.html("</section>\n")
}

func (p *page) findingList(it *item, list []reading.Finding, all bool) {
	most := findingsMost
	if all {
		most = len(list)
	}
	p.html("<ul>")
	for i := range list[:min(len(list), most)] {
		p.html("<li>")
		p.finding(it, &list[i])
		p.html("</li>\n")
	}
	p.html("</ul>\n")
	if more := len(list) - most; more > 0 {
		p.showAll(it, "finding.more", count(more))
	}
}

func (p *page) finding(it *item, f *reading.Finding) {
	if w := word("finding." + f.Code); p.loc.has(w) {
		p.say(w)
	} else {
		p.bdi(cut(f.Code, listName))
	}
	if f.Text != "" {
		p.html(` <bdi class="found">`)
		p.marked(it.signedText(cut(f.Text, findingMost)), it.rec.Redactions, inText)
		p.html("</bdi>")
	}
	if len(it.read.Pages) > 1 && it.pageAt(f.Page) != nil {
		p.html(" ")
		p.anchor(it.pagePath(f.Page), "doc.page", num("Number", f.Page))
	}
	if f.Part != "" {
		p.html(" <small>")
		p.say("finding.in", val("Name", cut(it.partName(f.Part), nameMost)))
		p.html("</small>")
	}
}

// partName is the name of a part, or its path.
func (it *item) partName(path string) string {
	for i := range it.rec.Parts {
		if part := &it.rec.Parts[i]; part.Path == path && part.Name != "" {
			return part.Name
		}
	}
	return path
}

// facts writes what the file says of itself, and what the page has not said yet.
func (p *page) facts(it *item, all bool) {
	if it.read == nil {
		return
	}
	var list []reading.Fact
	for _, f := range it.read.Facts {
		said := f.Name == "duration" && it.read.Sound != nil || f.Name == "pages" && len(it.read.Pages) > 0
		if !said && !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	p.factList(it, list, all)
}

func (p *page) factList(it *item, list []reading.Fact, all bool) {
	if len(list) == 0 {
		return
	}
	p.section("facts", "", "fact.heading")
	p.html(`<p class="small">`)
	p.say("fact.what")
	p.html(`</p><dl class="kv">`)
	for i := range list {
		if i == factsMost && !all {
			break
		}
		p.fact(it, &list[i])
	}
	p.html("</dl></section>\n")
}

func (p *page) fact(it *item, f *reading.Fact) {
	p.html("<dt>")
	if w := word("fact." + f.Name); p.loc.has(w) {
		p.say(w)
	} else {
		p.bdi(cut(f.Name, listName))
	}
	p.html("</dt><dd>")
	switch {
	case f.Name == "gps" && p.place(f.Value):
	case f.Name == "duration":
		p.length(f.Value)
	case f.Name == "languages":
		for i, tag := range strings.Split(cut(f.Value, findingMost), ", ") {
			if i > 0 {
				p.say("list.comma")
			}
			p.language(tag)
		}
	case (f.Name == "created" || f.Name == "modified") && readWhen(f.Value).zoned:
		t := readWhen(f.Value).t
		_, offset := t.Zone()
		p.sent(t, offset/60)
	case f.Name == "width" || f.Name == "height":
		p.say("fact.pixels", val("Size", cut(f.Value, listName)))
	default:
		p.html("<bdi>")
		p.marked(it.signedText(cut(f.Value, findingMost)), it.rec.Redactions, inText)
		p.html("</bdi>")
	}
	if f.Part != "" {
		p.html(" <small>")
		p.say("finding.in", val("Name", cut(it.partName(f.Part), nameMost)))
		p.html("</small>")
	}
	p.html("</dd>\n")
}

// length writes a number of seconds as a time, or what stands there.
func (p *page) length(s string) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		s = clock(instant(seconds))
	}
	p.bdi(cut(s, listName))
}

// place writes a place in words: "48.8584° north, 2.2945° east". It reports
// whether the value is one.
func (p *page) place(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
	if len(parts) != 2 {
		return false
	}
	lat, err1 := strconv.ParseFloat(parts[0], 64)
	lon, err2 := strconv.ParseFloat(parts[1], 64)
	if err1 != nil || err2 != nil || !(math.Abs(lat) <= 90) || !(math.Abs(lon) <= 180) {
		return false
	}
	w := [4]word{"place.north-east", "place.north-west", "place.south-east", "place.south-west"}[2*sign(lat)+sign(lon)]
	p.say(w, val("Latitude", degrees(lat)), val("Longitude", degrees(lon)))
	return true
}

// sign is 1 for what is below zero.
func sign(f float64) int {
	if f < 0 {
		return 1
	}
	return 0
}

func degrees(f float64) string { return strconv.FormatFloat(math.Abs(f), 'f', -1, 64) + "°" }
