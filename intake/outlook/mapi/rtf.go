package mapi

import (
	"strconv"
	"strings"

	"unseal/mime"
)

// Origin is what an RTF body was made from.
type Origin string

// The origins, MS-OXRTFEX 2.1.3.1.1 and 2.1.4.1.
const (
	FromHTML Origin = "html"
	FromText Origin = "text"
	Written  Origin = "rtf" // it is no copy of another body
)

// maxGroups bounds the groups in groups of an RTF.
const maxGroups = 2000

// ReadRTF takes the HTML out of RTF that was made from HTML (MS-OXRTFEX
// 3.1.3), and the plain text of all other RTF. The result is UTF-8 and stops
// shortly after limit bytes.
func ReadRTF(p []byte, limit int) (string, Origin) {
	r := &rtf{p: p, limit: limit, origin: Written, charset: "windows-1252", fonts: map[int]string{}, cur: rtfState{uc: 1, font: -1}}
	for r.i < len(r.p) && r.out.Len() < limit {
		r.step()
	}
	r.flush()
	return r.out.String(), r.origin
}

// rtfState is what a group inherits and gives back.
type rtfState struct {
	skip    bool // a destination that holds no body
	tag     bool // \*\htmltag: HTML as it stands
	htmlrtf bool // RTF that stands for a tag
	fonts   bool // the table of fonts
	uc      int  // characters that stand in for one \u
	font    int
}

type rtf struct {
	p       []byte
	i       int
	limit   int
	origin  Origin
	charset string         // \ansicpg
	fonts   map[int]string // charsets of fonts
	defFont int
	cur     rtfState
	stack   []rtfState
	deep    int    // groups beyond maxGroups
	raw     []byte // bytes in the current charset that wait for the rest of a letter
	instead int    // characters still to be passed over after a \u
	high    rune   // the first half of a surrogate pair
	star    bool   // \* was met: the next word is a destination that may be passed over
	out     strings.Builder
}

func (r *rtf) step() {
	c := r.p[r.i]
	r.i++
	switch c {
	case '{':
		r.flush()
		r.instead = 0
		if len(r.stack) == maxGroups {
			r.deep++
			return
		}
		r.stack = append(r.stack, r.cur)
	case '}':
		r.flush()
		r.instead, r.star = 0, false
		if r.deep > 0 {
			r.deep--
		} else if n := len(r.stack); n > 0 {
			r.cur, r.stack = r.stack[n-1], r.stack[:n-1]
		}
	case '\\':
		r.control()
	case '\r', '\n':
	default:
		r.char(c)
	}
}

// char adds a byte of text.
func (r *rtf) char(c byte) {
	if r.instead > 0 {
		r.instead--
		return
	}
	if !r.cur.hidden(r.origin) {
		r.raw = append(r.raw, c)
	}
}

func (s *rtfState) hidden(o Origin) bool {
	return s.skip || s.fonts || o == FromHTML && s.htmlrtf && !s.tag
}

// flush writes the bytes that wait.
func (r *rtf) flush() {
	if len(r.raw) == 0 {
		return
	}
	charset := r.charset
	if f := r.fonts[r.cur.font]; f != "" && !r.cur.tag {
		charset = f
	}
	s, _ := mime.ToUTF8(r.raw, charset)
	r.out.WriteString(s)
	r.raw = r.raw[:0]
}

func (r *rtf) put(s string) {
	r.flush()
	if !r.cur.hidden(r.origin) {
		r.out.WriteString(s)
	}
}

// control reads what follows a backslash: a symbol, or a word with a number.
func (r *rtf) control() {
	if r.i >= len(r.p) {
		return
	}
	c := r.p[r.i]
	if !isLetter(c) {
		r.i++
		r.symbol(c)
		return
	}
	from := r.i
	for r.i < len(r.p) && isLetter(r.p[r.i]) && r.i-from < 32 {
		r.i++
	}
	word := string(r.p[from:r.i])
	num, has := r.number()
	if r.i < len(r.p) && r.p[r.i] == ' ' {
		r.i++
	}
	star := r.star
	r.star = false
	if word == "u" {
		r.unicode(num)
		return
	}
	r.flush()
	r.word(word, num, has, star)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (r *rtf) number() (n int, has bool) {
	from := r.i
	if r.i < len(r.p) && r.p[r.i] == '-' {
		r.i++
	}
	for r.i < len(r.p) && r.p[r.i] >= '0' && r.p[r.i] <= '9' && r.i-from < 11 {
		r.i++
	}
	n, err := strconv.Atoi(string(r.p[from:r.i]))
	if err != nil {
		r.i = from
		return 0, false
	}
	return n, true
}

func (r *rtf) symbol(c byte) {
	switch c {
	case '\'':
		r.hex()
	case '*':
		r.star = true
	case '~':
		r.sign("&nbsp;", "\u00a0")
	case '_':
		r.sign("&shy;", "\u00ad")
	case '\r', '\n':
		r.sign("\r\n", "\n")
	case '{', '}', '\\':
		r.char(c)
	}
}

func (r *rtf) hex() {
	if r.i+2 > len(r.p) {
		r.i = len(r.p)
		return
	}
	n, err := strconv.ParseUint(string(r.p[r.i:r.i+2]), 16, 8)
	if err != nil {
		return
	}
	r.i += 2
	r.char(byte(n))
}

func (r *rtf) unicode(num int) {
	r.flush()
	r.instead = r.cur.uc
	c := rune(uint16(num))
	switch {
	case c >= 0xd800 && c < 0xdc00:
		r.high = c
		return
	case c >= 0xdc00 && c < 0xe000 && r.high != 0:
		c = (r.high-0xd800)<<10 + c - 0xdc00 + 0x10000
	}
	r.high = 0
	r.put(string(c))
}

// sign writes something that HTML and text write differently.
func (r *rtf) sign(html, plain string) {
	if r.origin == FromHTML {
		r.put(html)
		return
	}
	r.put(plain)
}

// rtfSigns are words that stand for characters, as HTML and as text, MS-OXRTFEX
// 3.1.3.
var rtfSigns = map[string][2]string{
	"par": {"\r\n", "\n"}, "line": {"\r\n", "\n"}, "tab": {"\t", "\t"}, "cell": {"\t", "\t"}, "row": {"\r\n", "\n"}, "sect": {"\r\n", "\n"}, "page": {"\r\n", "\n"},
	"lquote": {"&lsquo;", "‘"}, "rquote": {"&rsquo;", "’"}, "ldblquote": {"&ldquo;", "“"}, "rdblquote": {"&rdquo;", "”"},
	"bullet": {"&bull;", "•"}, "endash": {"&ndash;", "–"}, "emdash": {"&mdash;", "—"},
}

// rtfPassed are destinations without \* that hold no body.
var rtfPassed = map[string]bool{
	"colortbl": true, "stylesheet": true, "info": true, "pict": true, "filetbl": true, "listtable": true,
	"listoverridetable": true, "revtbl": true, "header": true, "footer": true, "headerl": true, "headerr": true, "footerl": true, "footerr": true, "objdata": true, "themedata": true, "datastore": true,
}

func (r *rtf) word(word string, num int, has, star bool) {
	if s, ok := rtfSigns[word]; ok {
		r.sign(s[0], s[1])
		return
	}
	switch {
	case word == "htmltag" && star:
		r.cur.tag = true
	case star && word != "shppict" || rtfPassed[word]:
		r.cur.skip = true
	case word == "fonttbl":
		r.cur.fonts = true
	case word == "htmlrtf":
		r.cur.htmlrtf = !has || num != 0
	case word == "fromhtml" && num == 1:
		r.origin = FromHTML
	case word == "fromtext":
		r.origin = FromText
	case word == "bin" && has:
		r.i = min(len(r.p), r.i+max(num, 0))
	case word == "plain":
		r.cur.font = r.defFont
	case has:
		r.setting(word, num)
	}
}

func (r *rtf) setting(word string, num int) {
	switch word {
	case "uc":
		r.cur.uc = min(max(num, 0), 8)
	case "f":
		r.cur.font = num
	case "deff":
		r.defFont, r.cur.font = num, num
	case "fcharset":
		if r.cur.fonts && len(r.fonts) < maxGroups {
			r.fonts[r.cur.font] = fontCharset(num)
		}
	case "ansicpg":
		if name := CodePage(int64(num)); name != "" {
			r.charset = name
		}
	}
}

// fontCharset is the charset of a number of \fcharset.
func fontCharset(n int) string {
	return map[int]string{
		77: "macintosh", 128: "shift_jis", 129: "euc-kr", 134: "gb18030", 136: "big5", 161: "windows-1253", 162: "windows-1254",
		163: "windows-1258", 177: "windows-1255", 178: "windows-1256", 186: "windows-1257", 204: "windows-1251", 222: "windows-874", 238: "windows-1250",
	}[n]
}
