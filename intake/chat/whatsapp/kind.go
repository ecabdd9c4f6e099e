package whatsapp

import (
	"path"
	"regexp"
	"strings"
	"time"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// time is that of the message; zero if the order is not decided or the date is
// none under it, which is counted.
func (f *file) time() time.Time {
	if f.Decision.Order == "" {
		return time.Time{}
	}
	t, ok := f.stamp.Time(f.Decision.Order)
	if !ok {
		f.Broken++
		return time.Time{}
	}
	return t
}

// classify says what a message with a name is: text, a file, a deletion, or a
// sentence of the program, and who it is by.
func (f *file) classify(m *draft.Message) {
	raw := m.Text
	marked := strings.HasPrefix(raw, "\u200e") || strings.HasPrefix(raw, "\u200f")
	m.Text = unmark(raw)
	sentence := ""
	if len(m.Text) <= maxSentence {
		sentence = fold(m.Text)
	}
	who, gone := deleted[sentence]
	switch {
	case gone:
		m.Kind = "deleted"
	case calls[firstLine(sentence)]:
		m.Kind = "call"
	case f.media(m, raw):
	case marked && !f.stamp.Marked && ownSentence(m.Text):
		m.Kind = "system"
	}
	edited(m)
	f.sender(m)
	if gone && who == bySelf {
		f.chain.Self(m.By)
	}
}

// maxSentence bounds the bytes of what may be a sentence of the program.
const maxSentence = 250

// sender sets By. A group's own name, under which the program speaks on an
// iPhone, is no member.
func (f *file) sender(m *draft.Message) {
	if m.Kind != "system" {
		m.By = f.chain.Member(f.by, "")
		return
	}
	m.By = f.chain.Known(f.by)
}

// media takes note of a file that the message carries or carried.
func (f *file) media(m *draft.Message, raw string) bool {
	line, rest, _ := strings.Cut(m.Text, "\n")
	if found := find(attached, line, "<", ""); found != nil { // iPhone: <attached: name>
		m.Media = []reading.Media{{Name: unmark(found[1])}}
		m.Text = strings.TrimSpace(attached.ReplaceAllString(line, "") + "\n" + rest)
		return true
	}
	if found := find(inBrackets, line, "", ")"); found != nil && path.Ext(found[1]) != "" { // Android: name (file attached)
		m.Media = []reading.Media{{Name: unmark(found[1])}}
		m.Text = strings.TrimSpace(rest)
		return true
	}
	if find(omitted, line, "<", ">") != nil { // Android: <Media omitted>, then a caption
		m.Media = []reading.Media{{Name: strings.Trim(line, "<>"), Missing: true}}
		if m.Text = strings.TrimSpace(rest); fileName.MatchString(m.Text) {
			m.Media[0].Name, m.Text = m.Text, ""
		}
		return true
	}
	if f.stamp.Marked { // iPhone: what was left out is said behind a mark
		before, sentence := splitMark(raw)
		m.Media, m.Text = []reading.Media{{Name: sentence, Missing: true}}, before
		if fileName.MatchString(before) {
			m.Media[0].Name, m.Text = before, ""
		}
		return true
	}
	return false
}

// splitMark parts "Plan.pdf • ‎2 pages ‎document omitted" at its first mark
// after the beginning.
func splitMark(raw string) (before, after string) {
	raw = unmark(raw)
	at := strings.IndexFunc(raw, draft.IsMark)
	if at < 0 {
		return "", raw
	}
	before = strings.TrimRight(raw[:at], " •\u00a0")
	return before, draft.Line(raw[at:])
}

var (
	attached   = regexp.MustCompile(`^<[^<>:]{1,40}: ([^<>]{1,200})>`)
	inBrackets = regexp.MustCompile(`^([^\n()]{1,200}\.[\pL\pN]{1,5}) \([^()]{3,60}\)$`)
	fileName   = regexp.MustCompile(`^[^\n]{1,200}\.[\pL\pN]{1,5}$`)
	omitted    = regexp.MustCompile(`^<[\pL][^<>\n]{2,40}>$`)
)

// edited takes the note off the end of a message that was edited. The time of
// the edit is not in the file.
func edited(m *draft.Message) {
	note, ok := strings.CutSuffix(m.Text, ">")
	at := strings.LastIndexByte(note, '<')
	if !ok || at < 0 || len(note)-at > maxSentence || !edits[fold(note[at+1:])] {
		return
	}
	m.Text, m.Edited = strings.TrimRightFunc(m.Text[:at], func(r rune) bool { return r == ' ' || draft.IsMark(r) }), "yes"
}

// find is what an expression finds in a line that begins and ends in a certain
// way; the ends cost less to look at.
func find(re *regexp.Regexp, line, begin, end string) []string {
	if !strings.HasPrefix(line, begin) || !strings.HasSuffix(line, end) {
		return nil
	}
	return re.FindStringSubmatch(line)
}

// ownSentence reports whether a marked text is the program's: one line, no
// address, no place.
func ownSentence(text string) bool {
	return !strings.Contains(text, "\n") && !strings.Contains(text, "://")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// fold makes sentences comparable.
func fold(s string) string {
	s = strings.ToLower(strings.TrimFunc(s, func(r rune) bool { return draft.IsMark(r) || r == ' ' || r == '.' || r == '。' }))
	return strings.ReplaceAll(s, "\u00a0", " ")
}
