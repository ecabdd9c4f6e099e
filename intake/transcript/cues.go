package transcript

import (
	"html"
	"regexp"
	"strconv"
	"strings"

	"unseal/reading"
)

var (
	timing = regexp.MustCompile(`^\s*((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*((?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3})`)
	// timed begins a line of plain text: [0:12], [00:12.5], [1:02:03].
	timed = regexp.MustCompile(`^\s*\[((?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)\]\s*(.*)$`)
	voice = regexp.MustCompile(`^\s*<v(?:\.[^ >]*)?[ \t]+([^>]*)>`)
	mark  = regexp.MustCompile(`</?[A-Za-z0-9][^<>]*>`)
	tags  = strings.NewReplacer("<b>", "", "</b>", "", "<i>", "", "</i>", "", "<u>", "", "</u>", "", "{b}", "", "{/b}", "", "{i}", "", "{/i}", "")
)

// seconds reads 1:02:03.5; the form was checked by a pattern.
func seconds(s string) float64 {
	total := 0.0
	for _, p := range strings.Split(strings.Replace(s, ",", ".", 1), ":") {
		v, err := strconv.ParseFloat(p, 64)
		if err != nil {
			return 0
		}
		total = total*60 + v
	}
	return total
}

// cues reads cues as WebVTT and SubRip have them: a line of times, then lines
// of text up to a blank one. What stands before the times is a name. clean
// takes marks out of the text.
func cues(lines []string, clean func(string) string) (list []reading.Segment) {
	for i := 0; i < len(lines); i++ {
		m := timing.FindStringSubmatch(lines[i])
		if m == nil {
			continue
		}
		s := reading.Segment{From: seconds(m[1]), To: seconds(m[2])}
		end := i + 1
		for end < len(lines) && strings.TrimSpace(lines[end]) != "" && !timing.MatchString(lines[end]) {
			end++
		}
		said := strings.Join(lines[i+1:end], "\n")
		i = end - 1
		if v := voice.FindStringSubmatch(said); v != nil {
			s.Speaker = strings.TrimSpace(html.UnescapeString(v[1]))
		}
		if s.Text = clean(said); s.To > s.From {
			list = add(list, s)
		}
	}
	return list
}

// parseVTT reads WebVTT: what the head and notes say of the text, and the cues.
func parseVTT(s string, t *reading.Text) {
	blocks := strings.Split(s, "\n\n")
	lines := make([]string, 0, len(blocks)*3)
	for i, b := range blocks {
		b = strings.TrimLeft(b, "\n")
		head := i == 0 && strings.HasPrefix(b, "WEBVTT")
		switch {
		case head || strings.HasPrefix(b, "NOTE"):
			about(b, t)
			if !head {
				continue
			}
		case strings.HasPrefix(b, "STYLE") || strings.HasPrefix(b, "REGION"):
			continue
		}
		lines = append(append(lines, strings.Split(b, "\n")...), "")
	}
	t.Segments = cues(lines, func(s string) string { return html.UnescapeString(mark.ReplaceAllString(s, "")) })
}

// about reads lines "Language: fr", "made: corrected", "by: Ada" of a head or note.
func about(block string, t *reading.Text) {
	for line := range strings.Lines(block) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "NOTE "), ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "language":
			if lang, ok := tag(value); ok {
				t.Lang = lang
			}
		case "made":
			if word, ok := made(value); ok {
				t.Made = word
			}
		case "by":
			t.By = value
		}
	}
}

// parsePlain reads a text as it stands, one segment a paragraph; where its
// first line begins with a time in brackets, each such line begins a segment,
// which lasts until the next one.
func parsePlain(s string) (list []reading.Segment) {
	if !timed.MatchString(firstLine(s)) {
		for p := range strings.SplitSeq(s, "\n\n") {
			list = add(list, reading.Segment{Text: p})
		}
		return list
	}
	var now *reading.Segment
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\n")
		m := timed.FindStringSubmatch(line)
		if m == nil {
			now.Text += "\n" + line
			continue
		}
		at := seconds(m[1])
		if now != nil {
			now.To = max(at, now.From)
			list = add(list, *now)
		}
		now = &reading.Segment{From: at, Text: m[2]}
		now.Speaker, now.Text = named(m[2])
	}
	now.To = now.From + untilTheEnd
	return add(list, *now)
}

// untilTheEnd stands for the rest of the recording, whose length is not known here.
const untilTheEnd = 24 * 3600

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(s, "\n "), "\n")
	return line
}

// who begins a line of a conversation: a short name in capitals or of one or
// two words, and a colon.
var who = regexp.MustCompile(`^([\p{L}\p{N}][\p{L}\p{N}.'’_-]{0,30}(?: [\p{L}\p{N}][\p{L}\p{N}.'’_-]{0,30}){0,2}):\s+(.+)$`)

// named parts "Ada Example: yes" into who speaks and what.
func named(s string) (speaker, said string) {
	if m := who.FindStringSubmatch(s); m != nil {
		return m[1], m[2]
	}
	return "", s
}
