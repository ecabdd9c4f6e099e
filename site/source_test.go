package site

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sourceFiles parses the room's own code, without its tests.
func sourceFiles(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return fset, files
}

// literal is the value of a string literal.
func literal(e ast.Expr) (string, bool) {
	if b, ok := e.(*ast.BasicLit); ok && b.Kind == token.STRING {
		s, err := strconv.Unquote(b.Value)
		return s, err == nil
	}
	return "", false
}

// called is the name of the function or method that c calls.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// attributeOnly is markup that stands within a tag: names, classes, the
// beginning and the end of attributes.
var attributeOnly = regexp.MustCompile(`^"?( ?[a-z][a-z0-9-]*(="?[a-z0-9 -]*"?)?)*"?$`)

// spoken is what a reader would see of a piece of markup: the text outside
// tags. A piece may begin or end within a tag.
func spoken(markup string) string {
	open, shut := strings.IndexByte(markup, '<'), strings.IndexByte(markup, '>')
	if open < 0 && shut < 0 {
		if attributeOnly.MatchString(markup) {
			return ""
		}
		return markup
	}
	if shut >= 0 && (open < 0 || shut < open) {
		markup = markup[shut+1:]
	}
	var out strings.Builder
	for markup != "" {
		text, rest, found := strings.Cut(markup, "<")
		out.WriteString(text)
		if !found {
			break
		}
		_, markup, _ = strings.Cut(rest, ">")
	}
	return out.String()
}

// saidIn finds attributes whose values are read to people.
var saidIn = regexp.MustCompile(`\b(alt|title|aria-label|placeholder|summary|data-l)=`)

var letters = regexp.MustCompile(`\p{L}`)

// faultOf says what is wrong with a piece of markup, or "".
func faultOf(markup string) string {
	if said := spoken(markup); letters.MatchString(said) {
		return "words that are not from the catalogue: " + strconv.Quote(said)
	}
	if saidIn.MatchString(markup) {
		return "an attribute that people read, in markup"
	}
	if strings.Contains(markup, "<img") && markup != `<img loading="lazy"` {
		return "a picture that is loaded at once"
	}
	for _, bad := range []string{"<script", "<svg", "style=", "javascript:", "http://", "https://", "onclick", "onload"} {
		if strings.Contains(markup, bad) {
			return "contains " + bad
		}
	}
	return ""
}

// TestPagesHoldNoWordsOfTheirOwn reads every piece of markup in the code.
func TestPagesHoldNoWordsOfTheirOwn(t *testing.T) {
	fset, files := sourceFiles(t)
	seen := 0
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := called(c)
			at := fset.Position(c.Pos())
			switch name {
			case "html":
				ast.Inspect(c, func(n ast.Node) bool {
					if e, ok := n.(ast.Expr); ok {
						if m, ok := literal(e); ok {
							seen++
							if fault := faultOf(m); fault != "" {
								t.Errorf("%s: %q: %s", at, m, fault)
							}
						}
					}
					return true
				})
			case "markup":
				if _, ok := literal(c.Args[0]); !ok {
					t.Errorf("%s: a value is turned into markup", at)
				}
			case "append":
				if len(c.Args) == 2 {
					if m, ok := literal(c.Args[1]); ok && strings.ContainsAny(m, "<> ") && faultOf(m) != "" {
						t.Errorf("%s: %q: %s", at, m, faultOf(m))
					}
				}
			}
			return true
		})
	}
	if seen < 200 {
		t.Errorf("only %d pieces of markup were read", seen)
	}
}

// TestTheReaderOfMarkupSeesWords is the negative control of the test above.
func TestTheReaderOfMarkupSeesWords(t *testing.T) {
	for _, bad := range []string{"<p>Hello</p>", `">Hello`, "Hello there, reader", `<a title="Hello">`, `<p style="x">`, `<script>`} {
		if faultOf(bad) == "" {
			t.Errorf("%q passes", bad)
		}
	}
	for _, good := range []string{"<p>", ` dir="auto">`, `" id="`, "panel ok", `<li aria-current="true"><strong>`, " open", `</a> <a rel="nofollow"`} {
		if fault := faultOf(good); fault != "" {
			t.Errorf("%q: %s", good, fault)
		}
	}
}

// families are words whose ids are made when a page is written; each is
// followed by a code. Where the catalogue has no word for a code, the page
// shows the code or the English sentence that came with it.
var families = []string{"reason.", "kind.", "lang.", "note.", "syntax.", "warning.", "facet.has-", "size.", "cause.", "probable.", "qualifier.",
	"fact.", "finding.", "platform.", "order.", "call.", "made.", "sound.made-", "differ.", "form.is-"}

// ownWords are words that the catalogue's own code uses.
var ownWords = []string{"language.name"}

// wordID is what the id of a word looks like.
var wordID = regexp.MustCompile(`^[a-z]+\.[a-zA-Z0-9-]+(-[a-z0-9]+)*$`)

func TestEveryWordIsInTheCatalogueAndUsed(t *testing.T) {
	en := english(t)
	spaces := map[string]bool{}
	for w := range en.phrases {
		space, _, _ := strings.Cut(string(w), ".")
		spaces[space] = true
	}
	fset, files := sourceFiles(t)
	used := map[word]bool{}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			s, ok := literal(e)
			space, _, _ := strings.Cut(s, ".")
			if !ok || !wordID.MatchString(s) || !spaces[space] || slices.Contains(families, s) {
				return true
			}
			if strings.HasSuffix(s, ".json") || strings.HasSuffix(s, ".css") || s == "list.csv" || s == "search.atom" || s == verifierPath {
				return true
			}
			used[word(s)] = true
			if !en.has(word(s)) {
				t.Errorf("%s: no word %q in the catalogue", fset.Position(e.Pos()), s)
			}
			return true
		})
	}
	for w := range en.phrases {
		dynamic := slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(string(w), f) })
		if !used[w] && !dynamic && !slices.Contains(ownWords, string(w)) {
			t.Errorf("the word %q is used nowhere", w)
		}
	}
}

// places are the places of a phrase in all its forms.
func places(ph *phrase) []string {
	var names []string
	for _, form := range ph.forms {
		for _, piece := range form {
			if piece.place != "" && !slices.Contains(names, piece.place) {
				names = append(names, piece.place)
			}
		}
	}
	return names
}

// given are the names of the values that a call gives to its word.
func given(args []ast.Expr) (names []string) {
	for _, a := range args {
		c, ok := a.(*ast.CallExpr)
		if !ok {
			continue
		}
		switch called(c) {
		case "count":
			names = append(names, "Count")
		case "val", "plain", "code", "num", "with":
			if s, ok := literal(c.Args[0]); ok {
				names = append(names, s)
			}
		}
	}
	return names
}

func TestEveryPlaceOfAWordIsGivenItsValue(t *testing.T) {
	en := english(t)
	fset, files := sourceFiles(t)
	checked := 0
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || c.Ellipsis.IsValid() {
				return true
			}
			for i, a := range c.Args {
				s, ok := literal(a)
				if !ok || !wordID.MatchString(s) || !en.has(word(s)) {
					continue
				}
				checked++
				have := given(c.Args[i+1:])
				for _, place := range places(en.phrases[word(s)]) {
					if !slices.Contains(have, place) {
						t.Errorf("%s: %q has the place %s, which gets no value", fset.Position(c.Pos()), s, place)
					}
				}
			}
			return true
		})
	}
	if checked < 150 {
		t.Errorf("only %d uses of words were checked", checked)
	}
}

// TestEveryLanguageIsComplete compares each file of the catalogue with English.
func TestEveryLanguageIsComplete(t *testing.T) {
	all, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	names, _ := fs.Glob(localeFiles, "locale/*")
	if len(names) != len(all) {
		t.Errorf("%d files, %d languages", len(names), len(all))
	}
	en := all["en"]
	for lang, loc := range all {
		for w, ph := range en.phrases {
			other := loc.phrases[w]
			if other == nil {
				t.Errorf("%s: no word %q", lang, w)
				continue
			}
			for _, place := range places(other) {
				if !slices.Contains(places(ph), place) {
					t.Errorf("%s: %q has the place %s, which no page fills", lang, w, place)
				}
			}
		}
		for _, w := range append(months[1:], dayPattern) {
			if text := loc.plain(w); text != string(appendEscaped(nil, text, inAttr)) {
				t.Errorf("%s: %q would have to be escaped", lang, text)
			}
		}
		if loc.dir != "ltr" && loc.dir != "rtl" {
			t.Errorf("%s: direction %q", lang, loc.dir)
		}
	}
}
