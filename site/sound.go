package site

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"

	"unseal/reading"
)

// unclear is the confidence below which a piece of a transcript is marked as
// unclear.
const unclear = 0.5

// texts are the places in the reading of the texts of that kind, those first
// in which a person had the most say.
func (it *item) texts(kind string) []int {
	if it.read == nil {
		return nil
	}
	var list []int
	for i := range it.read.Texts {
		if it.read.Texts[i].Kind == kind {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return machinery(&it.read.Texts[a]) - machinery(&it.read.Texts[b]) })
	return list
}

// machinery ranks the ways in which texts are made: the less a machine did, the
// earlier.
func machinery(t *reading.Text) int {
	return slices.Index([]string{reading.Corrected, reading.Typed, reading.Supplied, reading.Machine}, t.Made)
}

// madeBy writes how a text was made, and by what or whom.
func (p *page) madeBy(t *reading.Text) {
	if w := word("made." + t.Made); p.loc.has(w) {
		p.say(w)
	} else {
		p.bdi(cut(t.Made, listName))
	}
	if t.By != "" {
		p.say("list.comma")
		p.bdi(cut(t.By, nameMost))
	}
}

// language writes a language by its name, or its tag.
func (p *page) language(tag string) {
	if w := word("lang." + tag); p.loc.has(w) {
		p.say(w)
		return
	}
	p.bdi(cut(tag, listName))
}

// langAttr writes the language and the direction of a text.
func (p *page) langAttr(tag string) {
	p.html(` dir="auto"`)
	if langValue.MatchString(tag) && tag != p.loc.lang {
		p.attr("lang", tag)
	}
}

// clock is a time in a recording: 0:47, 1:02:03.
func clock(seconds float64) string {
	n := int(seconds)
	if n < 3600 {
		return strconv.Itoa(n/60) + ":" + twoDigits(n%60)
	}
	return strconv.Itoa(n/3600) + ":" + twoDigits(n/60%60) + ":" + twoDigits(n%60)
}

// maxSeconds bounds times of a recording, so that they can be written.
const maxSeconds = 1 << 30

// instant is a time within bounds; what is no number is 0.
func instant(seconds float64) float64 {
	if !(seconds > 0) {
		return 0
	}
	return math.Min(seconds, maxSeconds)
}

// cue is a line of a timed transcript.
type cue struct {
	from, to float64
	text     string
	speaker  string
	hidden   bool // a tone stands for it
	unclear  bool
	beside   string // the translation
}

// The lines of a transcript and the silenced stretches that are looked at.
const (
	cuesMost     = 100_000
	silencedMost = 1000
)

// cues are the lines of text t, with what a tone stands for in their order. t
// may be nil.
func (it *item) cues(t *reading.Text) []cue {
	var list []cue
	if t != nil {
		for _, s := range t.Segments[:min(len(t.Segments), cuesMost)] {
			list = append(list, cue{from: instant(s.From), to: instant(s.To), text: s.Text, speaker: s.Speaker, hidden: s.Hidden, unclear: s.Confidence > 0 && s.Confidence < unclear})
		}
	}
	if it.read.Sound != nil {
		spans := it.read.Sound.Silenced
		for _, span := range spans[:min(len(spans), silencedMost)] {
			from, to := instant(span.From), instant(span.To)
			covered := func(c cue) bool { return c.hidden && c.from < to && from < c.to }
			if !slices.ContainsFunc(list, covered) {
				list = append(list, cue{from: from, to: to, hidden: true})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b cue) int { return cmp.Compare(a.from, b.from) })
	return list
}

// besides puts each piece of a translation beside the last line that does not
// begin after it.
func besides(list []cue, t *reading.Text) {
	at := 0
	for _, s := range t.Segments {
		if s.Hidden || len(list) == 0 {
			continue
		}
		for at+1 < len(list) && list[at+1].from <= instant(s.From)+0.001 {
			at++
		}
		if list[at].beside != "" {
			list[at].beside += " "
		}
		list[at].beside += s.Text
	}
}

// soundFacts writes what is known of a recording and its call.
func (p *page) soundFacts(it *item) {
	sound := it.read.Sound
	if c := sound.Call; c != nil {
		if len(it.rec.From) == 0 {
			p.callParty("sound.caller", c.From)
		}
		if len(it.rec.To) == 0 {
			p.callParty("sound.called", c.To)
		}
		p.callPlace(c)
	}
	if sound.Seconds > 0 {
		p.term("sound.length")
		p.bdi(clock(instant(sound.Seconds)))
		p.html("</dd>")
	}
	if texts := it.texts(reading.Transcript); len(texts) > 0 {
		t := &it.read.Texts[texts[0]]
		if t.Lang != "" {
			p.term("sound.language")
			p.language(t.Lang)
			p.html("</dd>")
		}
		p.term("sound.transcript")
		p.madeBy(t)
		p.html("</dd>")
	}
}

func (p *page) callParty(w word, name string) {
	if name == "" {
		return
	}
	p.term(w)
	p.bdi(cut(name, nameMost))
	p.html("</dd>")
}

// callPlace writes what kind of call it was and where it stands in the row.
func (p *page) callPlace(c *reading.Call) {
	kind := word("call." + c.Kind)
	if !p.loc.has(kind) && c.Parts < 2 && c.Number < 1 {
		return
	}
	p.term("sound.call")
	var said bool
	if p.loc.has(kind) {
		p.say(kind)
		said = true
	}
	for _, part := range []struct {
		w     word
		n, of int
	}{{"sound.part", c.Part, c.Parts}, {"sound.number", c.Number, c.Of}} {
		if part.n < 1 || part.of < 1 {
			continue
		}
		if said {
			p.say("list.comma")
		}
		p.say(part.w, num("Number", part.n), num("Of", part.of))
		said = true
	}
	p.html("</dd>")
}

// soundTag writes the state of the transcript.
func (p *page) soundTag(it *item) {
	texts := it.texts(reading.Transcript)
	switch {
	case len(texts) == 0:
		p.tag("none", "sound.no-transcript")
	case it.read.Texts[texts[0]].Made == reading.Machine:
		p.tag("warn", "sound.machine-only")
	default:
		p.tag("ok", word("sound.made-"+it.read.Texts[texts[0]].Made))
	}
}

// soundView writes a recording: the player with the downloads beside it, and
// the transcript, each time of which leads the player to its second.
func (p *page) soundView(it *item, r *http.Request, all bool) {
	p.player(it)
	p.section("transcript", "", "sound.transcript")
	texts := it.texts(reading.Transcript)
	var main *reading.Text
	if len(texts) > 0 {
		main = &it.read.Texts[texts[0]]
	}
	p.transcriptNote(it, main)
	list := it.cues(main)
	chosen := p.translations(it, r, len(list) > 0)
	if chosen >= 0 {
		besides(list, &it.read.Texts[chosen])
	}
	if !p.cueList(it, list, main, chosen, all) {
		p.showAll(it, "sound.all", count(len(list)))
	}
	for _, i := range texts[min(1, len(texts)):] {
		p.otherTranscript(it, i, all)
	}
	p.html("</section>\n")
}

// showAll writes the link to the page without limits.
func (p *page) showAll(it *item, w word, args ...arg) {
	p.html("<p><a")
	p.hrefQuery(itemPath(it.coll.Name, it.number), "all=1")
	p.html(">")
	p.say(w, args...)
	p.html("</a></p>\n")
}

// player writes the browser's own player, or why there is none, and the
// downloads, which work where players do not.
func (p *page) player(it *item) {
	files := it.read.Sound.Play
	if len(files) == 0 {
		if it.rec.Redacted != nil {
			p.paragraph("sound.withheld")
		} else {
			p.paragraph("sound.not-playable")
		}
	} else {
		p.audio(it, files)
	}
	p.soundLinks(it)
}

// audio writes the browser's player of made files, which are not none.
func (p *page) audio(it *item, files []string) {
	p.html(`<p><audio controls preload="none"`)
	p.sayAttr("aria-label", "sound.player")
	p.html(">")
	for _, name := range files {
		p.html("<source")
		p.link("src", it.madePath(name), "")
		p.attr("type", madeTypes[extension(name)])
		p.html(">")
	}
	p.anchor(it.madePath(files[0]), "sound.download")
	p.html("</audio></p>\n")
}

// soundLinks writes the downloads beside the player.
func (p *page) soundLinks(it *item) {
	path := itemPath(it.coll.Name, it.number)
	p.html(`<ul class="links">`)
	for _, name := range it.read.Sound.Play {
		p.html("<li>")
		p.anchor(it.madePath(name), soundName(name), val("Size", p.loc.size(it.madeOf(name).Size)))
		p.html("</li>")
	}
	p.html("<li>")
	p.exactBytes(it)
	p.html("</li>")
	if len(it.texts(reading.Transcript)) > 0 {
		for _, f := range [...]struct {
			suffix string
			w      word
		}{{".vtt", "sound.vtt"}, {".srt", "sound.srt"}, {".txt", "sound.txt"}} {
			p.html("<li>")
			p.anchor(path+f.suffix, f.w)
			p.html("</li>")
		}
	}
	p.html("</ul>\n")
}

// soundName is the word for a download of sound.
func soundName(name string) word {
	switch extension(name) {
	case ".mp3":
		return "sound.mp3"
	case ".opus", ".ogg":
		return "sound.opus"
	}
	return "sound.file"
}

// transcriptNote says how far a transcript can be believed.
func (p *page) transcriptNote(it *item, main *reading.Text) {
	switch {
	case main == nil && len(it.read.Sound.Play) > 0:
		p.paragraph("sound.listen")
		return
	case main == nil:
		p.paragraph("sound.no-transcript-text")
		return
	}
	p.html(`<p class="small">`)
	if main.Made == reading.Machine {
		p.say("sound.machine-text")
	} else {
		p.say("sound.text")
	}
	if len(it.read.Sound.Play) > 0 {
		p.html(" ")
		p.say("sound.times")
	}
	p.html("</p>\n")
}

// translations writes the links that choose a translation and gives the place
// of the chosen one in the reading, or -1. Without lines there is none to
// choose.
func (p *page) translations(it *item, r *http.Request, lines bool) int {
	list := it.texts(reading.Translation)
	if len(list) == 0 || !lines {
		return -1
	}
	chosen := list[0]
	if n, err := strconv.Atoi(r.FormValue("with")); err == nil && slices.Contains(list, n-1) {
		chosen = n - 1
	} else if r.FormValue("with") == "none" {
		chosen = -1
	}
	p.html("<nav")
	p.sayAttr("aria-label", "text.translations")
	p.html(`><ul class="links"><li>`)
	p.say("text.beside")
	p.html("</li>")
	for _, i := range list {
		p.option(it, "with="+strconv.Itoa(i+1), i == chosen, func(p *page) {
			t := &it.read.Texts[i]
			p.language(t.Lang)
			p.html(" <small>(")
			p.say("text.is-translation")
			p.say("list.comma")
			p.madeBy(t)
			p.html(")</small>")
		})
	}
	p.option(it, "with=none", chosen < 0, func(p *page) { p.say("text.none") })
	p.html("</ul></nav>\n")
	return chosen
}

// option writes a link to the item's page with a parameter, or where the page
// is that already, the words alone.
func (p *page) option(it *item, q string, here bool, say func(*page)) {
	if here {
		p.html(`<li aria-current="true"><strong>`)
		say(p)
		p.html("</strong></li>")
		return
	}
	p.html(`<li><a rel="nofollow"`)
	p.hrefQuery(itemPath(it.coll.Name, it.number), q)
	p.html(">")
	say(p)
	p.html("</a></li>")
}

// cueList writes the lines of a transcript and reports whether all are there.
func (p *page) cueList(it *item, list []cue, t *reading.Text, beside int, all bool) (whole bool) {
	if len(list) == 0 {
		return true
	}
	p.html(`<ol class="cues`)
	if beside >= 0 {
		p.html(" two")
	}
	p.html(`">`)
	limit, last := len(p.b)+bodyLimit, -1
	for i := range list {
		if !all && len(p.b) > limit {
			p.html("</ol>\n")
			return false
		}
		c := &list[i]
		p.html("<li")
		if second := int(c.from); second > last {
			p.attrNum("id", "t", second)
			last = second
		}
		p.html(">")
		p.cueTime(it, c)
		p.cueText(it, c, t)
		if beside >= 0 {
			p.html(" <span")
			p.langAttr(it.read.Texts[beside].Lang)
			p.html(">")
			p.shown(it, c.beside)
			p.html("</span>")
		}
		p.html("</li>\n")
	}
	p.html("</ol>\n")
	return true
}

// cueTime writes the time of a line as a link that leads the player to it.
func (p *page) cueTime(it *item, c *cue) {
	files := it.read.Sound.Play
	if len(files) == 0 {
		p.html("<small>")
		p.bdi(clock(c.from))
		p.html("</small> ")
		return
	}
	name := it.playing(".mp3")
	if name == "" {
		name = files[0]
	}
	p.html("<a")
	p.href(it.madePath(name) + "#t=" + strconv.FormatFloat(math.Floor(c.from*10)/10, 'f', -1, 64))
	p.html(">")
	p.bdi(clock(c.from))
	p.html("</a> ")
}

func (p *page) cueText(it *item, c *cue, t *reading.Text) {
	if c.hidden {
		p.html("<span>")
		p.blackBox(it.onlyReason(), it.rec.Redactions)
		p.html(" ")
		p.say("sound.tone", val("Seconds", strconv.FormatFloat(math.Round((c.to-c.from)*10)/10, 'f', -1, 64)))
		p.html("</span>")
		return
	}
	p.html("<span")
	p.langAttr(t.Lang)
	p.html(">")
	if c.speaker != "" {
		p.html("<b>")
		p.say("sound.speaker", val("Name", cut(c.speaker, listName)))
		p.html("</b> ")
	}
	p.shown(it, c.text)
	if c.unclear {
		p.html(" <small")
		p.attr("lang", p.loc.lang)
		p.html(">")
		p.say("sound.unclear")
		p.html("</small>")
	}
	p.html("</span>")
}

// otherTranscript writes a further transcript, closed.
func (p *page) otherTranscript(it *item, i int, all bool) {
	t := &it.read.Texts[i]
	p.html("<details><summary>")
	p.say("sound.another", with("Made", func(p *page) { p.madeBy(t) }))
	p.html("</summary><p>")
	p.anchor(itemPath(it.coll.Name, it.number)+".text-"+strconv.Itoa(i+1)+".vtt", "sound.vtt")
	p.html(`</p><ul class="cues">`)
	limit := len(p.b) + bodyLimit/3
	for _, c := range it.cues(t) {
		if !all && len(p.b) > limit {
			break
		}
		p.html("<li>")
		p.cueTime(it, &c)
		p.cueText(it, &c, t)
		p.html("</li>\n")
	}
	p.html("</ul></details>\n")
}

// shown writes text that was read of the item, with a black box for each mark
// of a redacted one.
func (p *page) shown(it *item, s string) {
	p.marked(it.signedText(s), it.rec.Redactions, inBody)
}
