package office

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"unseal/mime"
)

// rtf reads Rich Text Format 1.9.1: the text with its tables and notes, in the
// code pages of its fonts, and what it says of itself.
func (d *document) rtf() error {
	b, err := d.bytes()
	if err != nil {
		return err
	}
	r := newRTF(b)
	r.d = d
	r.read()
	d.page.block(r.text(), false)
	for i, n := range r.notes {
		d.page.block(fmt.Sprintf("[%d] %s", i+1, n), i == 0)
	}
	d.behind(deletedText, nonEmpty(r.deleted.String()))
	var comments []string
	for _, c := range r.comments {
		comments = append(comments, d.comment(c.who, "", c.text))
	}
	d.behind("Comments", comments)
	if s := strings.TrimSpace(r.hidden.String()); s != "" {
		d.find("hidden-text", "not shown in the document: %s", s)
	}
	if s := strings.TrimSpace(r.deleted.String()); s != "" {
		d.find("tracked-change", "deleted: %s", s)
	}
	return nil
}

func nonEmpty(s string) []string {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return []string{s}
}

// rtfText is the text of RTF without anything else.
func rtfText(b []byte) string {
	r := newRTF(b)
	r.read()
	return r.text()
}

// Limits of RTF.
const (
	maxGroups = 2000 // open at once; deeper ones count as their parents
	maxRTFOut = 2 * MaxText
)

// group is what holds between two braces.
type group struct {
	out     *strings.Builder // where text goes; nil for nowhere
	name    string           // the destination
	skip    int              // bytes after a Unicode character that stand for it
	charset string
	hidden  bool
	deleted bool
	first   bool // nothing stood in it yet
	upr     bool // its first group is for old readers
}

type rtfReader struct {
	d       *document // may be nil
	b       []byte
	i       int
	g       group
	stack   []group
	deep    int    // groups open beyond maxGroups
	star    bool   // the destination that follows may be passed over
	bytes   []byte // not decoded yet
	high    rune   // first half of a surrogate pair
	pending int    // bytes to pass over after a Unicode character
	page    string // charset of the document
	fonts   map[int]string
	font    int // being defined

	body, hidden, deleted strings.Builder
	notes                 []string
	marks                 string // of notes in the paragraph
	comments              []change
	author                string
}

func newRTF(b []byte) *rtfReader {
	r := &rtfReader{b: b, page: "windows-1252", fonts: map[int]string{}}
	r.g = group{out: &r.body, skip: 1, charset: r.page}
	return r
}

func (r *rtfReader) text() string {
	lines := strings.Split(strings.ReplaceAll(r.body.String(), "\u00a0", " "), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t")
	}
	return strings.Join(lines, "\n")
}

// read passes over all of the document once.
func (r *rtfReader) read() {
	for r.i < len(r.b) && r.body.Len() < maxRTFOut {
		c := r.b[r.i]
		r.i++
		switch c {
		case '{':
			r.flush()
			r.push()
		case '}':
			r.flush()
			r.pop()
		case '\\':
			r.control()
		case '\r', '\n':
		default:
			r.byte(c)
		}
	}
	r.flush()
	r.body.WriteString(r.marks)
}

func (r *rtfReader) push() {
	if len(r.stack) >= maxGroups {
		r.deep++
		return
	}
	inner := r.g
	inner.first, inner.upr = true, false
	if r.g.upr {
		r.g.upr = false
		inner.out, inner.name = nil, "upr"
	}
	r.stack = append(r.stack, r.g)
	r.g, r.star = inner, false
}

func (r *rtfReader) pop() {
	if r.deep > 0 {
		r.deep--
		return
	}
	if len(r.stack) == 0 {
		return
	}
	done := r.g
	r.g = r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	r.pending = 0
	if done.out != r.g.out && done.out != nil {
		r.shut(done)
	}
}

// shut takes what a destination held.
func (r *rtfReader) shut(g group) {
	s := strings.TrimSpace(g.out.String())
	switch g.name {
	case "footnote":
		r.notes = append(r.notes, s)
		r.marks += fmt.Sprintf(" [%d]", len(r.notes))
	case "annotation":
		r.comments = append(r.comments, change{who: r.author, text: s})
	case "atnauthor":
		r.author = oneLine(s)
	case "header", "footer":
		if s != "" && r.g.out != nil {
			r.g.out.WriteString(s + "\n")
		}
	case "fldinst":
		r.instruction(s)
	case "pict", "objdata":
		r.data(g.name, s)
	default:
		r.said(g.name, s)
	}
}

// said takes a field of the document's information.
func (r *rtfReader) said(name, s string) {
	if fact := rtfFacts[name]; fact != "" && r.d != nil {
		r.d.said(fact, s)
	}
}

var rtfFacts = map[string]string{
	"title": "title", "author": "author", "operator": "last-author", "company": "company", "manager": "manager", "subject": "subject", "keywords": "keywords", "doccomm": "description", "generator": "software",
}

func (r *rtfReader) instruction(s string) {
	if r.d != nil {
		(&flow{d: r.d}).instruction(s)
	}
	words := strings.Fields(s)
	if len(words) > 1 && strings.EqualFold(words[0], "HYPERLINK") && r.d != nil {
		r.d.fact("link", strings.Trim(words[1], `"`))
	}
}

// data keeps a picture or an object, written in hex.
func (r *rtfReader) data(name, s string) {
	if r.d == nil {
		return
	}
	digits := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
			return c
		}
		return -1
	}, s)
	b, _ := hex.DecodeString(digits[:len(digits)&^1])
	if len(b) == 0 {
		return
	}
	if name == "objdata" {
		r.d.find("embedded-file", "an object lies in the document")
		if i := strings.Index(string(b), ole); i >= 0 {
			b = b[i:]
		}
		r.d.file("object.bin", b)
		return
	}
	r.d.part("", "", typeOf("", b), b)
}

// destinations are groups whose text is no part of the body; those with a place
// of their own are kept.
var destinations = map[string]bool{
	"fonttbl": false, "colortbl": false, "stylesheet": false, "info": false, "listtable": false, "listoverridetable": false, "revtbl": false, "rsidtbl": false,
	"themedata": false, "colorschememapping": false, "datastore": false, "latentstyles": false, "xmlnstbl": false, "filetbl": false, "listtext": false, "pntext": false,
	"pnseclvl": false, "pn": false, "nonshppict": false, "nonesttables": false, "bkmkstart": false, "bkmkend": false, "sp": false, "sn": false, "sv": false, "picprop": false,
	"objclass": false, "objname": false, "atnid": false, "atndate": false, "atnref": false, "atntime": false, "atnicn": false, "xe": false, "tc": false, "falt": false, "panose": false, "fontemb": false, "blipuid": false, "blipname": false,
	"footnote": true, "annotation": true, "atnauthor": true, "header": true, "footer": true, "fldinst": true, "pict": true, "objdata": true,
	"title": true, "author": true, "operator": true, "company": true, "manager": true, "subject": true, "keywords": true, "doccomm": true, "generator": true,
}

// aliases are destinations that count as another.
var aliases = map[string]string{
	"headerl": "header", "headerr": "header", "headerf": "header", "footerl": "footer", "footerr": "footer", "footerf": "footer",
}

// shown are destinations that may be passed over, and are not.
var shown = map[string]bool{"shppict": true, "shpinst": true, "ud": true, "fldrslt": true, "shptxt": true, "objattph": true}

// destination begins one, if the word does.
func (r *rtfReader) destination(word string) bool {
	if alias := aliases[word]; alias != "" {
		word = alias
	}
	kept, known := destinations[word]
	switch {
	case known && r.g.name == "info" && !kept, r.g.out == nil && r.g.name != "info" && r.g.name != "upr" && known:
		r.g.out = nil
	case known && kept:
		r.g.out, r.g.name = &strings.Builder{}, word
	case known:
		r.g.out, r.g.name = nil, word
	case r.star && shown[word]:
		if word == "ud" {
			r.g.out = r.above()
		}
	case r.star:
		r.g.out, r.g.name = nil, word
	default:
		return false
	}
	return true
}

// above is where the text around the old form of a group goes.
func (r *rtfReader) above() *strings.Builder {
	for i := len(r.stack) - 1; i >= 0; i-- {
		if r.stack[i].out != nil {
			return r.stack[i].out
		}
	}
	return nil
}

// control reads what begins with a backslash.
func (r *rtfReader) control() {
	if r.i >= len(r.b) {
		return
	}
	c := r.b[r.i]
	if (c|0x20) < 'a' || (c|0x20) > 'z' {
		r.i++
		r.symbol(c)
		return
	}
	from := r.i
	for r.i < len(r.b) && r.b[r.i]|0x20 >= 'a' && r.b[r.i]|0x20 <= 'z' && r.i-from < 32 {
		r.i++
	}
	word := string(r.b[from:r.i])
	from = r.i
	for r.i < len(r.b) && (r.b[r.i] >= '0' && r.b[r.i] <= '9' || r.b[r.i] == '-' && r.i == from) && r.i-from < 11 {
		r.i++
	}
	n, err := strconv.Atoi(string(r.b[from:r.i]))
	if r.i < len(r.b) && r.b[r.i] == ' ' {
		r.i++
	}
	r.word(word, n, err == nil)
	r.g.first = false
}

func (r *rtfReader) symbol(c byte) {
	switch c {
	case '\'':
		if r.i+2 <= len(r.b) {
			if n, err := strconv.ParseUint(string(r.b[r.i:r.i+2]), 16, 8); err == nil {
				r.i += 2
				r.byte(byte(n))
			}
		}
	case '*':
		r.star = true
		return
	case '~':
		r.put(" ")
	case '_':
		r.put("-")
	case '\n', '\r':
		r.put("\n")
	case '\\', '{', '}':
		r.byte(c)
	}
	r.star = false
}

// marks are words that stand for a character.
var marks = map[string]string{
	"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "nestrow": "\n", "cell": "\t", "nestcell": "\t", "tab": "\t", "column": "\n", "softline": "\n", "lbr": "\n",
	"emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ",
	"zwj": "\u200d", "zwnj": "\u200c", "ltrmark": "\u200e", "rtlmark": "\u200f",
}

func (r *rtfReader) word(word string, n int, has bool) {
	star := r.star
	if s, ok := marks[word]; ok {
		if s == "\n" && r.marks != "" && r.g.out == &r.body {
			s, r.marks = r.marks+s, ""
		}
		r.put(s)
		return
	}
	if (r.g.first || star) && r.destination(word) {
		r.star = false
		return
	}
	r.star = false
	switch word {
	case "u":
		r.unicode(n)
	case "uc":
		r.g.skip = max(0, min(n, 16))
	case "bin":
		if has && n > 0 {
			r.i = min(len(r.b), r.i+n)
		}
	case "upr":
		r.g.upr = true
	case "v":
		r.flush()
		r.g.hidden = !has || n != 0
	case "deleted":
		r.flush()
		r.g.deleted = !has || n != 0
	case "plain":
		r.flush()
		r.g.hidden, r.g.charset = false, r.page
	default:
		r.charset(word, n)
	}
}

// charset follows fonts and code pages.
func (r *rtfReader) charset(word string, n int) {
	set := func(name string) {
		if name != "" && name != r.g.charset {
			r.flush()
			r.g.charset = name
		}
	}
	switch word {
	case "ansicpg":
		if name := codePages[n]; name != "" {
			r.page = name
			set(name)
		}
	case "mac":
		r.page = "macintosh"
		set(r.page)
	case "pc":
		r.page = "ibm437"
		set(r.page)
	case "pca":
		r.page = "ibm850"
		set(r.page)
	case "f", "af":
		if r.g.name == "fonttbl" {
			r.font = n
		} else if name, ok := r.fonts[n]; ok {
			set(name)
		} else {
			set(r.page)
		}
	case "fcharset":
		if name := fontCharsets[n]; name != "" && r.g.name == "fonttbl" {
			r.fonts[r.font] = name
		}
	case "cpg":
		if name := codePages[n]; name != "" && r.g.name == "fonttbl" {
			r.fonts[r.font] = name
		}
	}
}

// codePages and fontCharsets name the charsets of the numbers in \ansicpg and
// \fcharset.
var (
	codePages = map[int]string{
		437: "ibm437", 850: "ibm850", 852: "ibm852", 866: "ibm866", 874: "windows-874", 932: "shift_jis", 936: "gbk", 949: "euc-kr", 950: "big5", 1250: "windows-1250", 1251: "windows-1251", 1252: "windows-1252",
		1253: "windows-1253", 1254: "windows-1254", 1255: "windows-1255", 1256: "windows-1256", 1257: "windows-1257", 1258: "windows-1258", 10000: "macintosh", 65001: "utf-8",
	}
	fontCharsets = map[int]string{
		77: "macintosh", 128: "shift_jis", 129: "euc-kr", 134: "gbk", 136: "big5", 161: "windows-1253", 162: "windows-1254", 163: "windows-1258", 177: "windows-1255", 178: "windows-1256",
		186: "windows-1257", 204: "windows-1251", 222: "windows-874", 238: "windows-1250", 254: "ibm437", 255: "ibm850",
	}
)

// byte takes one byte of text in the charset of the font.
func (r *rtfReader) byte(c byte) {
	r.g.first = false
	if r.pending > 0 {
		r.pending--
		return
	}
	if r.high != 0 {
		r.flush()
	}
	if r.g.out != nil {
		r.bytes = append(r.bytes, c)
	}
}

// unicode takes a character by its number; halves of pairs come one by one.
func (r *rtfReader) unicode(n int) {
	r.flushBytes()
	c := rune(uint16(n))
	r.pending = r.g.skip
	switch {
	case utf16.IsSurrogate(c) && c < 0xdc00:
		r.flush()
		r.high = c
		return
	case utf16.IsSurrogate(c) && r.high != 0:
		c, r.high = utf16.DecodeRune(r.high, c), 0
	case utf16.IsSurrogate(c):
		c = '\uFFFD'
	case c < ' ':
		c = ' '
	case c >= 0xf000 && c <= 0xf0ff: // a symbol font's own
		c = '•'
	}
	r.flush()
	r.write(string(c))
}

// put takes text of our own.
func (r *rtfReader) put(s string) {
	r.star, r.g.first = false, false
	if r.pending > 0 {
		r.pending--
		return
	}
	r.flush()
	r.write(s)
}

// flush decodes what was collected.
func (r *rtfReader) flush() {
	r.flushBytes()
	if r.high != 0 {
		r.high = 0
		r.write("\uFFFD")
	}
}

func (r *rtfReader) flushBytes() {
	if len(r.bytes) == 0 {
		return
	}
	s, _ := mime.ToUTF8(r.bytes, r.g.charset)
	r.bytes = r.bytes[:0]
	r.write(s)
}

func (r *rtfReader) write(s string) {
	switch {
	case r.g.out == nil:
	case r.g.deleted && r.g.out == &r.body:
		r.deleted.WriteString(s)
	case r.g.out.Len() > maxRTFOut && r.g.name != "pict" && r.g.name != "objdata":
	default:
		r.g.out.WriteString(s)
		if r.g.hidden && r.g.out == &r.body {
			r.hidden.WriteString(s)
		}
	}
}
