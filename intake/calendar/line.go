// Package calendar reads calendars (iCalendar, RFC 5545) and cards of addresses
// (vCard 2.1 to 4.0, RFC 6350), as files and as parts of mails, into text that a
// person reads and facts.
//
// A time is shown as the file states it: in UTC, in a zone that it names, or
// without any, which is said. No zone is ever invented.
//
// Both formats are lines of the same form. They are read forgivingly by our own
// reader, since libraries refuse a whole file for one bad line.
package calendar

import (
	"io"
	"mime/quotedprintable"
	"strings"

	"unseal/intake/text"
	"unseal/mime"
)

// Limits of a file.
const (
	MaxFile       = 32 << 20 // bytes
	maxLine       = 8 << 20  // bytes of one unfolded line
	maxLines      = 2_000_000
	maxComponents = 100_000
	maxDepth      = 16
)

// line is a content line, RFC 5545 section 3.1.
type line struct {
	name   string            // upper case, without a group
	params map[string]string // names in upper case; of several values the first
	value  string            // as it stands, decoded from quoted-printable
}

// component is what stands between BEGIN and END.
type component struct {
	name  string
	lines []line
	below []*component
}

// parse reads components. cut says that the file is beyond the limits.
func parse(b []byte) (root *component, cut bool) {
	root = &component{}
	open := []*component{root}
	count := 0
	next := unfold(b)
	for n := 0; ; n++ {
		s, ok := next()
		if !ok {
			return root, cut
		}
		if n >= maxLines || count >= maxComponents {
			return root, true
		}
		l, ok := parseLine(s)
		top := open[len(open)-1]
		switch {
		case !ok:
		case l.name == "BEGIN":
			c := &component{name: strings.ToUpper(strings.TrimSpace(l.value))}
			count++
			top.below = append(top.below, c)
			if len(open) <= maxDepth {
				open = append(open, c)
			}
		case l.name == "END":
			if len(open) > 1 {
				open = open[:len(open)-1]
			}
		default:
			top.lines = append(top.lines, l)
		}
	}
}

// unfold gives the lines of a file, joined where one goes on: by white space at
// the beginning of the next, or, in quoted-printable of vCard 2.1, by "=" at its
// end.
func unfold(b []byte) func() (string, bool) {
	s, _, _ := text.Decode(b, "")
	return func() (string, bool) {
		for {
			var out strings.Builder
			quoted := false
			for first := true; ; first = false {
				if s == "" {
					return out.String(), out.Len() > 0
				}
				part, rest, _ := strings.Cut(s, "\n")
				s = rest
				if out.Len()+len(part) <= maxLine {
					if first {
						quoted = strings.Contains(strings.ToUpper(part[:max(0, strings.IndexByte(part, ':'))]), "QUOTED-PRINTABLE")
					} else if !quoted {
						part = part[1:]
					}
					out.WriteString(part)
				}
				if quoted && strings.HasSuffix(part, "=") {
					out.WriteByte('\n')
					continue
				}
				quoted = false
				if s == "" || s[0] != ' ' && s[0] != '\t' {
					break
				}
			}
			if strings.TrimSpace(out.String()) != "" {
				return out.String(), true
			}
		}
	}
}

// parseLine reads NAME;PARAM=value:value.
func parseLine(s string) (line, bool) {
	colon := outside(s, ':')
	if colon < 1 {
		return line{}, false
	}
	l := line{params: map[string]string{}, value: s[colon+1:]}
	head := s[:colon]
	for i := 0; ; i++ {
		end := outside(head, ';')
		part := head
		if end >= 0 {
			part = head[:end]
		}
		if i == 0 {
			l.name = strings.ToUpper(strings.TrimSpace(part[strings.LastIndexByte(part, '.')+1:]))
		} else if key, value, ok := strings.Cut(part, "="); ok {
			l.params[strings.ToUpper(key)] = strings.Trim(value, `"`)
		} else {
			l.params["TYPE"] = strings.TrimPrefix(l.params["TYPE"]+","+part, ",")
			if strings.EqualFold(part, "QUOTED-PRINTABLE") || strings.EqualFold(part, "BASE64") {
				l.params["ENCODING"] = part
			}
		}
		if end < 0 {
			break
		}
		head = head[end+1:]
	}
	if strings.EqualFold(l.params["ENCODING"], "QUOTED-PRINTABLE") {
		b, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(l.value)))
		l.value, _ = mime.ToUTF8(b, l.params["CHARSET"])
	}
	return l, l.name != ""
}

// outside is where c stands first outside double quotes, -1 if nowhere.
func outside(s string, c byte) int {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == c && !quoted:
			return i
		}
	}
	return -1
}

// unescape undoes the marks in a text, RFC 5545 section 3.3.11.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i++; s[i] == 'n' || s[i] == 'N' {
			b.WriteByte('\n')
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// fields divides a value at semicolons that are not escaped.
func fields(s string) (list []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ';':
			list = append(list, strings.TrimSpace(unescape(s[from:i])))
			from = i + 1
		}
	}
	return append(list, strings.TrimSpace(unescape(s[min(from, len(s)):])))
}

// first is the value of a line by its name, unescaped; "" if there is none.
func (c *component) first(name string) string {
	if l := c.line(name); l != nil {
		return strings.TrimSpace(unescape(l.value))
	}
	return ""
}

func (c *component) line(name string) *line {
	for i := range c.lines {
		if c.lines[i].name == name {
			return &c.lines[i]
		}
	}
	return nil
}
