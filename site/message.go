package site

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// word is the id of a message in the catalogue. Words are constants, but for
// the few families that [dynamicWords] lists.
type word string

//go:embed locale/*.toml
var localeFiles embed.FS

// locale is one language of the catalogue, compiled for speed. It is
// read-only once loaded and safe for concurrent use.
type locale struct {
	lang, dir      string
	group, decimal string
	phrases        map[word]*phrase
	dayPattern     []piece
	months         [13]string // from 1
	forms          [1000]form // plural form of each number below 1000
	localizer      *i18n.Localizer
}

// form is a CLDR plural category.
type form uint8

const (
	other form = iota
	zero
	one
	two
	few
	many
	formCount
)

var formNames = [formCount]string{"other", "zero", "one", "two", "few", "many"}

// phrase is a message cut at its places.
type phrase struct {
	forms [formCount][]piece
}

// piece is literal text, or the place of the argument of that name.
type piece struct {
	text  string
	place string
}

// loadLocales reads every file of the catalogue, active.<lang>.toml in the
// format of go-i18n, whose tools extract and merge translations.
func loadLocales() (map[string]*locale, error) {
	names, err := fs.Glob(localeFiles, "locale/active.*.toml")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*locale, len(names))
	for _, name := range names {
		text, err := localeFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		loc, err := parseLocale(path.Base(name), text)
		if err != nil {
			return nil, fmt.Errorf("messages %s: %w", name, err)
		}
		all[loc.lang] = loc
	}
	return all, nil
}

// probe is a message whose text in each form is the form's name: asking for it
// tells the plural form of a number.
const probe = "plural.probe"

func parseLocale(name string, text []byte) (*locale, error) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	file, err := bundle.ParseMessageFileBytes(text, name)
	if err != nil {
		return nil, err
	}
	err = bundle.AddMessages(file.Tag, &i18n.Message{ID: probe, Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: "other"})
	if err != nil {
		return nil, err
	}
	loc := &locale{lang: file.Tag.String(), phrases: make(map[word]*phrase, len(file.Messages))}
	loc.localizer = i18n.NewLocalizer(bundle, loc.lang)
	for _, m := range file.Messages {
		loc.phrases[word(m.ID)] = compile(m)
	}
	for n := range loc.forms {
		loc.forms[n] = loc.askForm(n)
	}
	loc.dir, loc.group, loc.decimal = loc.plain("language.direction"), loc.plain("number.group"), loc.plain("number.decimal")
	loc.dayPattern = loc.find(dayPattern, nil)
	for m := 1; m < len(loc.months); m++ {
		loc.months[m] = loc.plain(months[m])
	}
	return loc, nil
}

// askForm asks the plural rules of the language for the form of n.
func (l *locale) askForm(n int) form {
	name, err := l.localizer.Localize(&i18n.LocalizeConfig{MessageID: probe, PluralCount: n})
	if err != nil {
		return other
	}
	return form(max(0, slices.Index(formNames[:], name)))
}

func (l *locale) formOf(n int) form {
	if n >= 0 && n < len(l.forms) {
		return l.forms[n]
	}
	return l.askForm(n)
}

func compile(m *i18n.Message) *phrase {
	var ph phrase
	for f, text := range [formCount]string{m.Other, m.Zero, m.One, m.Two, m.Few, m.Many} {
		if text == "" {
			text = m.Other
		}
		ph.forms[f] = cutPlaces(text)
	}
	return &ph
}

// placeRE is a place for an argument, as go-i18n writes it.
var placeRE = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

func cutPlaces(text string) []piece {
	var pieces []piece
	last := 0
	for _, m := range placeRE.FindAllStringSubmatchIndex(text, -1) {
		if m[0] > last {
			pieces = append(pieces, piece{text: text[last:m[0]]})
		}
		pieces = append(pieces, piece{place: text[m[2]:m[3]]})
		last = m[1]
	}
	if last < len(text) {
		pieces = append(pieces, piece{text: text[last:]})
	}
	return pieces
}

// arg is a value for a place of a message.
type arg struct {
	name  string
	s     string
	n     int
	kind  argKind
	write func(*page)
}

type argKind uint8

const (
	argValue argKind = iota // s as a value, in <bdi>
	argPlain                // s as words of ours: no <bdi>
	argCode                 // s as code
	argNum                  // n as a number, in <bdi>
	argCount                // n as a number that chooses the plural form
	argWrite                // written by write; in attributes left out
)

func val(name, s string) arg              { return arg{name: name, s: s} }
func plain(name, s string) arg            { return arg{name: name, s: s, kind: argPlain} }
func code(name, s string) arg             { return arg{name: name, s: s, kind: argCode} }
func num(name string, n int) arg          { return arg{name: name, n: n, kind: argNum} }
func count(n int) arg                     { return arg{name: "Count", n: n, kind: argCount} }
func with(name string, f func(*page)) arg { return arg{name: name, write: f, kind: argWrite} }
func (l *locale) has(w word) bool         { return l.phrases[w] != nil }
func (l *locale) find(w word, args []arg) []piece {
	ph := l.phrases[w]
	if ph == nil {
		return []piece{{text: string(w)}} // a missing word is seen, and fails the tests
	}
	for i := range args {
		if args[i].kind == argCount {
			return ph.forms[l.formOf(args[i].n)]
		}
	}
	return ph.forms[other]
}

// write writes the message w to p for the kind of place.
func (l *locale) write(p *page, w word, place where, args ...arg) {
	for _, piece := range l.find(w, args) {
		if piece.place == "" {
			p.b = appendEscaped(p.b, piece.text, place)
			continue
		}
		for i := range args {
			if args[i].name == piece.place {
				l.writeArg(p, &args[i], place)
				break
			}
		}
	}
}

func (l *locale) writeArg(p *page, a *arg, place where) {
	isText := place == inText
	switch {
	case a.kind == argWrite:
		if isText {
			a.write(p)
		}
	case a.kind == argNum || a.kind == argCount:
		if isText {
			p.num(a.n)
		} else {
			p.b = l.appendNumber(p.b, a.n)
		}
	case a.kind == argCode && isText:
		p.code(a.s)
	case a.kind == argValue && isText:
		p.bdi(a.s)
	default:
		p.b = appendEscaped(p.b, a.s, place)
	}
}

// plain is the message w as plain text.
func (l *locale) plain(w word, args ...arg) string {
	pieces := l.find(w, args)
	if len(pieces) == 1 && pieces[0].place == "" {
		return pieces[0].text
	}
	p := page{b: make([]byte, 0, 128)}
	l.write(&p, w, inPlain, args...)
	return string(p.b)
}

// appendNumber writes n with the language's separator between thousands.
func (l *locale) appendNumber(b []byte, n int) []byte {
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], int64(n), 10)
	if n < 0 {
		b, d = append(b, "\u2212"...), d[1:]
	}
	for i, c := range d {
		if i > 0 && (len(d)-i)%3 == 0 {
			b = append(b, l.group...)
		}
		b = append(b, c)
	}
	return b
}

// number is n as plain text.
func (l *locale) number(n int) string { return string(l.appendNumber(nil, n)) }

// size is a number of bytes for people: "212 kB". Units are powers of 1000.
func (l *locale) size(n int64) string {
	const units = "kMGT"
	if n < 1000 {
		return l.plain("size.bytes", count(int(n)))
	}
	v, u := float64(n)/1000, 0
	for v >= 999.5 && u < len(units)-1 {
		v, u = v/1000, u+1
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	if v < 9.95 {
		digits = strings.Replace(strconv.FormatFloat(v, 'f', 1, 64), ".", l.decimal, 1)
	}
	return l.plain(word("size."+units[u:u+1]), plain("Size", digits))
}
