package voice

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// The pages of a Google Voice takeout are HTML with the microformats haudio (a
// call) and hChatLog (text messages). Which kind of call a page is about, its
// labels say, whatever the language of the page.

// maxPage is how large a page of a takeout may be.
const maxPage = 32 << 20

// errNoTakeout says that a page is none of a takeout.
var errNoTakeout = errors.New("no page of a Google Voice takeout")

var (
	pageOfCall  = []byte(`class="haudio"`)
	pageOfChain = []byte(`class="hChatLog`)
)

// Takeout tells what a page of a Google Voice takeout is read as, by its first
// bytes: trove.Chain for text messages, trove.Doc for a call, and empty for
// any other file. [ReadTakeout] reads it.
func Takeout(head []byte) trove.Kind {
	switch {
	case bytes.Contains(head, pageOfChain):
		return trove.Chain
	case bytes.Contains(head, pageOfCall) && bytes.Contains(head, []byte(`class="contributor vcard"`)):
		return trove.Doc
	}
	return ""
}

// takeoutPage is what a page says.
type takeoutPage struct {
	title   string
	kind    string // of a call
	who     trove.Address
	date    time.Time
	seconds float64 // that the call is said to have lasted; -1 where it is not said
	labels  []string
	deleted bool
	audio   string // name of the recording
	said    *reading.Text
	chain   *reading.Chain
}

// readTakeout reads a page of a takeout.
func readTakeout(b []byte) (*takeoutPage, error) {
	if len(b) > maxPage || Takeout(b) == "" {
		return nil, errNoTakeout
	}
	doc, err := html.Parse(bytes.NewReader(b)) // refuses more than 512 levels
	if err != nil {
		return nil, err
	}
	p := &takeoutPage{seconds: -1}
	if n := find(doc, func(n *html.Node) bool { return n.DataAtom == atom.Title }); n != nil {
		p.title = content(n)
	}
	p.tags(doc)
	if log := find(doc, class("hChatLog")); log != nil {
		p.chain = readMessages(log)
		return p, nil
	}
	call := find(doc, class("haudio"))
	if call == nil {
		return nil, errNoTakeout
	}
	p.call(call)
	return p, nil
}

// tags reads labels and whether the owner had deleted it.
func (p *takeoutPage) tags(doc *html.Node) {
	each(doc, func(n *html.Node) bool {
		switch {
		case n.DataAtom == atom.A && attr(n, "rel") == "tag" && len(p.labels) < maxTags:
			p.labels = append(p.labels, content(n))
			_, word, _ := strings.Cut(attr(n, "href"), "#")
			p.kind = cmp.Or(callKind(word), p.kind)
		case class("deletedStatusContainer")(n):
			p.deleted = strings.HasSuffix(content(n), "True")
		}
		return true
	})
}

func (p *takeoutPage) call(n *html.Node) {
	if c := find(n, class("contributor")); c != nil {
		p.who = address(c)
	}
	if d := find(n, class("published")); d != nil {
		p.date, _ = time.Parse(time.RFC3339, attr(d, "title"))
	}
	if d := find(n, class("duration")); d != nil {
		p.seconds = isoDuration(attr(d, "title"))
	}
	if a := find(n, func(n *html.Node) bool { return n.DataAtom == atom.Audio }); a != nil {
		p.audio = attr(a, "src")
	}
	if d := find(n, class("description")); d != nil {
		p.said = readWords(d)
	}
}

// address reads a vcard: a name and a telephone number.
func address(n *html.Node) (a trove.Address) {
	if tel := find(n, class("tel")); tel != nil {
		if number := strings.TrimPrefix(attr(tel, "href"), "tel:"); strings.Trim(number, "+ ") != "" {
			a.Addr = oneLine(number)
		}
	}
	if fn := find(n, class("fn")); fn != nil {
		a.Name = content(fn)
	}
	if a.Name == a.Addr {
		a.Name = ""
	}
	return a
}

var isoForm = regexp.MustCompile(`^PT(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,6})?)S)?$`)

// isoDuration reads a duration of ISO 8601 in hours, minutes and seconds; -1
// where it is none.
func isoDuration(s string) float64 {
	m := isoForm.FindStringSubmatch(s)
	if m == nil {
		return -1
	}
	total := 0.0
	for i, v := range m[1:] {
		f, _ := strconv.ParseFloat(v, 64)
		total += f * [3]float64{3600, 60, 1}[i]
	}
	return total
}

// speaksOf reports whether the page is about the recording of this name.
func (p *takeoutPage) speaksOf(name string) bool {
	return p.audio == name || stem(p.audio) == stem(name)
}

// takeout takes over what a page says of a recording.
func (s *story) takeout(p *takeoutPage, res *reader.Result) {
	s.title, s.date = p.subject(), p.date
	s.call.Kind = cmp.Or(p.kind, s.call.Kind)
	if p.kind == "placed" {
		s.from, s.to, s.call.From, s.call.To = trove.Address{}, p.who, "", cmp.Or(p.who.Addr, p.who.Name)
	} else {
		s.from, s.call.From = p.who, cmp.Or(p.who.Addr, p.who.Name)
	}
	p.facts(res)
	if p.said != nil {
		res.Reading.Texts = append(res.Reading.Texts, *p.said)
		res.Fact("source", "Google Voice takeout")
	}
	if have := res.Reading.Sound.Seconds; p.seconds >= 0 && math.Abs(have-p.seconds) > 2 {
		res.Warn("duration-differs", "the takeout says that the recording lasts %.0f s, the recording lasts %.1f s", p.seconds, have)
	}
}

// other takes over what a page says of the same recording under another name.
func (p *takeoutPage) other(res *reader.Result) {
	call := p.subject() + " of " + p.date.Format(time.RFC3339)
	res.Fact("same-recording", call)
	res.Warn("several-calls", "the same bytes were handed over for another call: %s", call)
	if p.said != nil {
		p.said.By += ", for " + call
		res.Reading.Texts = append(res.Reading.Texts, *p.said)
	}
}

func (p *takeoutPage) facts(res *reader.Result) {
	if p.seconds >= 0 {
		res.Fact("call-duration", strconv.FormatFloat(p.seconds, 'f', -1, 64))
	}
	res.Fact("phone", p.who.Addr)
	res.Fact("labels", strings.Join(p.labels, ", "))
	if p.deleted {
		res.Fact("deleted", "by the owner of the account")
	}
}

// subject is the page's title, which names the other party where it is known.
func (p *takeoutPage) subject() string {
	if p.who.Name == "" && p.who.Addr != "" && !strings.Contains(p.title, p.who.Addr) {
		return strings.TrimSpace(p.title + " " + p.who.Addr)
	}
	return p.title
}

// ReadTakeout reads a page of a Google Voice takeout as an item of its own: a
// call as a document that says who, when and how long, text messages as a
// chain. Stage reader.Read.
func ReadTakeout(_ context.Context, in *reader.Input) reader.Result {
	var res reader.Result
	b, err := in.Bytes(maxPage)
	if err == nil {
		var p *takeoutPage
		if p, err = readTakeout(b); err == nil {
			p.facts(&res)
			if p.chain != nil {
				p.readChain(&res)
			} else {
				p.readCall(&res)
			}
			return res
		}
	}
	res.Failed = "the page of the takeout could not be read: " + err.Error()
	return res
}

func (p *takeoutPage) readCall(res *reader.Result) {
	rec := &res.Record
	rec.Kind, rec.Subject = trove.Doc, p.subject()
	if p.who != (trove.Address{}) {
		if p.kind == "placed" {
			rec.To = []trove.Address{p.who}
		} else {
			rec.From = []trove.Address{p.who}
		}
	}
	dated(rec, p.date)
	res.Fact("call", p.kind)
	if !p.date.IsZero() {
		res.Fact("start", p.date.Format(time.RFC3339))
	}
	res.Text = p.text()
}

func dated(rec *trove.Record, date time.Time) {
	if !date.IsZero() {
		_, offset := date.Zone()
		rec.Date, rec.DateOffset = date.UTC(), offset/60
	}
}

// text is the page as lines.
func (p *takeoutPage) text() string {
	lines := []string{p.subject()}
	if p.who.Name != "" && p.who.Addr != "" {
		lines = append(lines, p.who.Name+" "+p.who.Addr)
	}
	if !p.date.IsZero() {
		lines = append(lines, p.date.Format("2006-01-02 15:04:05 -07:00"))
	}
	if p.seconds >= 0 {
		lines = append(lines, "Duration "+(time.Duration(p.seconds*float64(time.Second))).String())
	}
	if p.said != nil {
		lines = append(lines, "")
		for _, s := range p.said.Segments {
			lines = append(lines, s.Text)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// readWords reads the transcript of a voicemail: the whole text, and its words
// with times and confidence, as far as they are given.
func readWords(n *html.Node) *reading.Text {
	t := &reading.Text{Kind: reading.Transcript, Made: reading.Supplied, By: "Google Voice, by machine"}
	full := ""
	if f := find(n, class("full-text")); f != nil {
		full = content(f)
	}
	var words []reading.Segment
	each(n, func(n *html.Node) bool {
		if class("word")(n) && len(words) < maxChunks {
			words = append(words, word(n))
			return false
		}
		return true
	})
	if full = cmp.Or(full, spoken(words)); full == "" {
		return nil
	}
	t.Segments = phrases(words)
	if spoken(t.Segments) != full {
		t.Segments = []reading.Segment{{Text: full, Confidence: confidence(words)}}
	}
	return t
}

// word reads one word: its text, and three elements with numbers.
func word(n *html.Node) (s reading.Segment) {
	number := func(name string) float64 {
		v := 0.0
		if c := find(n, class(name)); c != nil {
			v, _ = strconv.ParseFloat(content(c), 64)
		}
		if !(v >= 0 && v < 1e6) {
			return 0
		}
		return v
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			s.Text += c.Data
		}
	}
	s.Text = oneLine(s.Text)
	s.From, s.To, s.Confidence = milli(number("start-time")), milli(number("end-time")), min(number("confidence"), 1)
	return s
}

// Where phrases end: after a stop, a pause of so many seconds, so many words.
const (
	pause     = 0.8
	maxPhrase = 14
)

// phrases joins words to phrases that can be read; words without times make one.
func phrases(words []reading.Segment) (list []reading.Segment) {
	from := 0
	for i := range words {
		last := i+1 == len(words)
		if !last && words[len(words)-1].To == 0 {
			continue
		}
		said := words[from : i+1]
		if last || strings.ContainsAny(words[i].Text, ".?!") || words[i+1].From-words[i].To > pause || len(said) >= maxPhrase {
			list = append(list, reading.Segment{From: said[0].From, To: words[i].To, Text: spoken(said), Confidence: confidence(said)})
			from = i + 1
		}
	}
	return list
}

func spoken(list []reading.Segment) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = s.Text
	}
	return strings.Join(texts, " ")
}

// confidence is the mean of the words', to the thousandth.
func confidence(words []reading.Segment) float64 {
	sum := 0.0
	for _, w := range words {
		sum += w.Confidence
	}
	return milli(sum / float64(max(len(words), 1)))
}

// each visits n and what is below it in order; a visit that returns false
// leaves out what is below.
func each(n *html.Node, visit func(*html.Node) bool) {
	if !visit(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, visit)
	}
}

// find is the first element that fits, n itself among them.
func find(n *html.Node, fits func(*html.Node) bool) *html.Node {
	if n.Type == html.ElementNode && fits(n) {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if f := find(c, fits); f != nil {
			return f
		}
	}
	return nil
}

func class(name string) func(*html.Node) bool {
	return func(n *html.Node) bool {
		for word := range strings.FieldsSeq(attr(n, "class")) {
			if word == name {
				return true
			}
		}
		return false
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// content is the text below n on one line.
func content(n *html.Node) string {
	var b strings.Builder
	each(n, func(n *html.Node) bool {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		return true
	})
	return oneLine(b.String())
}
