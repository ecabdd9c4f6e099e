package browser

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"

	"unseal/search"
)

// node runs a function of the script on a value and reads what it gives, as
// JSON both.
func node(t *testing.T, function string, in, out any) {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		missingTool(t, "node")
	}
	file := filepath.Join(t.TempDir(), "run.js")
	const run = "\nprocess.stdout.write(JSON.stringify((%s)(JSON.parse(require('fs').readFileSync(0, 'utf8')))));\n"
	must(t, os.WriteFile(file, fmt.Appendf(bytes.Clone(script), run, function), 0o644))
	text, err := json.Marshal(in)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), program, file)
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &errs
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, errs.Bytes())
	}
	must(t, json.Unmarshal(answer, out))
}

// token is a word of a text as both sides give it.
type token struct {
	Word           string
	Start, End, At int
	InRun          bool
}

func tokens(text string) (out []token) {
	var s search.Scanner
	units := func(n int) int { return len(utf16.Encode([]rune(text[:n]))) }
	for s.Reset(text); s.Next(); {
		out = append(out, token{string(s.Word), units(s.Start), units(s.End), s.At, s.InRun})
	}
	return out
}

// folded is what folding makes of a text.
type folded struct {
	Fold   string
	Tokens []token
}

const foldAll = `list => list.map(s => { s = s.normalize("NFC"); return { fold: unsealSearch.fold(s), tokens: unsealSearch.scan(s) } })`

func compareFolding(t *testing.T, texts []string) {
	t.Helper()
	var got []folded
	node(t, foldAll, texts, &got)
	bad := 0
	for i, text := range texts {
		normal := search.Normal(text)
		if want := (folded{search.Fold(text), tokens(normal)}); fmt.Sprint(want) != fmt.Sprint(got[i]) {
			if bad++; bad < 20 {
				t.Errorf("%+q:\n got %+v\nwant %+v", text, got[i], want)
			}
		}
	}
}

// TestEveryCharacterFoldsAsInGo puts each character that Go knows between two
// letters. A browser of another version of Unicode may know more of them.
func TestEveryCharacterFoldsAsInGo(t *testing.T) {
	var texts []string
	for r := rune(1); r <= 0x3FFFF; r++ {
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf) {
			texts = append(texts, "a"+string(r)+"b")
		}
	}
	compareFolding(t, texts)
}

func TestTextsFoldAsInGo(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pieces := strings.Fields(`l’élection l' d' qu' aujourd'hui aujourd’hui O'Neil the C's cœur ß ẞ İstanbul ΣΊΣΥΦΟΣ Ёлка جَدْوَل كتـــاب الإنتخابات ٢٠١٥ ۲۰۱۵
		会议记录 かいぎ ｶﾞ 회의록 １２ Ａ ﬁ ㎏ ① e-mail john.podesta@gmail.com v2.1 a_b 𝐀 x²` + " می\u200cخواهم")
	signs := []string{" ", "'", "’", "-", "\u200f", "\u200b", "\u200d", "\u0301", "", "ー", "。", "\n>"}
	texts := []string{strings.Repeat("é", 100), strings.Repeat("会", 70), strings.Repeat("ab", 70)}
	for range 3000 {
		var b strings.Builder
		for range 1 + rnd.IntN(6) {
			b.WriteString(pieces[rnd.IntN(len(pieces))] + signs[rnd.IntN(len(signs))])
		}
		texts = append(texts, b.String())
	}
	compareFolding(t, texts)
}

// parsed is what parsing a query gives: its canonical text and notes, or why it
// is refused. Places are in UTF-16 units.
type parsed struct {
	Text, Code     string
	Args           []string
	Offset, Length int
	Notes          []note
}

type note struct {
	Code  string
	Args  []string
	Query string
}

const parseAll = `list => list.map(s => {
	try {
		const q = unsealSearch.parse(s, 1718409600);
		return { text: unsealSearch.canonical(q), notes: q.notes };
	} catch (e) {
		if (!(e instanceof unsealSearch.Refused)) throw e;
		return { code: e.code, args: e.args, offset: e.offset, length: e.length };
	}
})`

func parseInGo(text string) parsed {
	q, err := search.ParseOn(text, time.Date(2024, 6, 15, 0, 0, 0, 0, time.UTC))
	if bad, ok := errors.AsType[*search.SyntaxError](err); ok {
		at := func(n int) int { return len(utf16.Encode([]rune(text[:n]))) }
		return parsed{Code: bad.Code, Args: bad.Args, Offset: at(bad.Offset), Length: at(bad.Offset+bad.Length) - at(bad.Offset)}
	}
	out := parsed{Text: q.String()}
	for _, n := range q.Notes {
		out.Notes = append(out.Notes, note{n.Code, n.Args, n.Query})
	}
	return out
}

func compareParsing(t *testing.T, queries []string) {
	t.Helper()
	var got []parsed
	node(t, parseAll, queries, &got)
	bad := 0
	for i, text := range queries {
		want := parseInGo(text)
		if want.Code == "too-long" {
			got[i].Offset, got[i].Length, want.Offset, want.Length = 0, 0, 0, 0
		}
		if fmt.Sprintf("%+v", want) != fmt.Sprintf("%+v", got[i]) {
			if bad++; bad < 20 {
				t.Errorf("%+q:\n got %+v\nwant %+v", text, got[i], want)
			}
		}
	}
}

// goldenQueries are the queries of the golden table.
func goldenQueries(t *testing.T) (queries []string) {
	t.Helper()
	b, err := os.ReadFile("../testdata/golden.tsv")
	must(t, err)
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(line, "\t"); len(f) > 2 && line[0] != '#' {
			queries = append(queries, f[1])
		}
	}
	if len(queries) < 90 {
		t.Fatalf("%d queries in the golden table", len(queries))
	}
	return queries
}

func TestTheGoldenTableParsesAsInGo(t *testing.T) { compareParsing(t, goldenQueries(t)) }

// TestQueriesParseAsInGo joins pieces of the golden table and signs of the
// grammar at random.
func TestQueriesParseAsInGo(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	pieces := strings.Fields(strings.Join(goldenQueries(t), " "))
	pieces = append(pieces, strings.Fields(`( ) { } " ~ ~2 ~3 * - ! NOT AND OR && || : from: date: on: also:no also:x bs: msgid:<a(b)> no:3-5 no:..4 batch:{2 TO 5}
		older_than:2w date:yesterday date:now-1month..now date:[NOW-1YEAR TO NOW] "a b"~3 "x" ٢٠١٥ 会议 a_b e@f.example.org "e@f.example.org" date:<1000
		sha256:abc has:x is:signed type:image/* ext:.pdf in:mail lang:EN abcd~1 abcdef~2 x^3 from:"a"~2 on:20150301 [a /a/ re:x http://x frmo:x \ 12:30`+" می\u200cخواهم \"می\u200cخواهم\"")...)
	var queries []string
	for range 20_000 {
		var b strings.Builder
		for range 1 + rnd.IntN(6) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
			if rnd.IntN(5) > 0 {
				b.WriteByte(' ')
			}
		}
		queries = append(queries, b.String())
	}
	queries = append(queries, strings.Repeat("a ", 300), strings.Repeat("é", 257), strings.Repeat("a ", 25), strings.Repeat("(", 200)+"a"+strings.Repeat(")", 200))
	compareParsing(t, queries)
}
