package spelling

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed names.txt
var namesText string

// script is a writing system that names are carried between.
type script int

const (
	latin script = iota
	cyrillic
	arabic
	scripts
)

var ranges = [scripts]*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Arabic}

// sounds is what names.txt says.
type sounds struct {
	// to holds, by the script of a word and another, what letters become. A key
	// with '^' before it holds at the beginning of a word, one with '$' behind it
	// at its end.
	to      [scripts][scripts]map[string][]string
	least   [scripts]int                 // letters of a name that is carried over
	known   map[string][]string          // names with spellings of their own
	hard    [scripts]map[string]bool     // letters that are consonants
	between [scripts][scripts][]string   // what may stand between two consonants
	before  [scripts][]string            // what may stand before a name
	after   [scripts][]string            // what may stand behind a consonant at its end
	ends    [scripts]map[string][]string // endings that stand for one another
}

var soundTable = sync.OnceValue(func() *sounds {
	t, err := readSounds(namesText)
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return t
})

// Names lists the spellings of a name in the other scripts of Latin, Cyrillic
// and Arabic, and the usual ones in its own. A word of several scripts or of
// others has none.
func Names(word string) []Pattern {
	t := soundTable()
	var out []Pattern
	if known := t.known[word]; known != nil {
		out = append(out, Pattern{known})
	}
	from, ok := scriptOf(word)
	if !ok || letters(word) < t.least[from] || letters(word) > MaxWord {
		return out
	}
	if p := t.respell(word, from); p != nil {
		out = append(out, p)
	}
	for to := range scripts {
		if p := t.carry(word, from, to); to != from && p != nil {
			out = append(out, p)
		}
	}
	return out
}

func scriptOf(word string) (script, bool) {
	for s, table := range ranges {
		if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !unicode.Is(table, r) }) {
			return script(s), true
		}
	}
	return 0, false
}

// carry writes a word in another script; nil where some letter has no sound there.
func (t *sounds) carry(word string, from, to script) (p Pattern) {
	if t.before[to] != nil {
		p = append(p, t.before[to])
	}
	last := ""
	for rest := word; rest != ""; {
		key, slot := soundAt(rest, rest == word, t.to[from][to])
		if key == "" {
			return nil
		}
		if t.hard[from][last] && t.hard[from][key] && t.between[from][to] != nil {
			p = append(p, t.between[from][to])
		}
		p = append(p, slot)
		rest, last = rest[len(key):], key
	}
	if t.hard[from][last] && t.after[to] != nil {
		p = append(p, t.after[to])
	}
	return p
}

// respell changes the ending of a name within its script.
func (t *sounds) respell(word string, in script) Pattern {
	for i := range word {
		if others := t.ends[in][word[i:]]; others != nil && letters(word[:i]) >= t.least[in]-1 {
			return Pattern{{word[:i]}, others}
		}
	}
	return nil
}

// soundAt finds the longest key that rest begins with, and what it becomes.
func soundAt(rest string, first bool, known map[string][]string) (key string, slot []string) {
	for n := min(len(rest), 12); n > 0; n-- {
		k := rest[:n]
		if n == len(rest) && known[k+"$"] != nil {
			return k, known[k+"$"]
		}
		if first && known["^"+k] != nil {
			return k, known["^"+k]
		}
		if known[k] != nil {
			return k, known[k]
		}
	}
	return "", nil
}

// scriptNames are the scripts as the table writes them.
var scriptNames = map[string]script{"latin": latin, "cyrillic": cyrillic, "arabic": arabic}

// readSounds reads the table of sounds; its head says what its lines are.
func readSounds(text string) (*sounds, error) {
	t := &sounds{known: map[string][]string{}}
	for from := range scripts {
		t.hard[from], t.ends[from] = map[string]bool{}, map[string][]string{}
		for to := range scripts {
			t.to[from][to] = map[string][]string{}
		}
	}
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) > 0 && f[0] != "#" && !t.learn(f[0], f[1:]) {
			return nil, fmt.Errorf("names.txt line %d: %q", i+1, line)
		}
	}
	return t, nil
}

// learn reads what a line says; false if it makes no sense.
func (t *sounds) learn(kind string, f []string) bool {
	switch kind {
	case "name":
		for _, w := range f {
			t.known[w] = union(t.known[w], f)
		}
		return len(f) > 1
	case "vowel", "consonant":
		return t.learnSound(kind == "consonant", strings.Split(strings.Join(f, " "), "|"))
	case "between":
		return len(f) > 2 && t.learnBetween(f[0], f[1], bare(f[2:]))
	}
	if len(f) < 2 {
		return false
	}
	s, ok := scriptNames[f[0]]
	switch kind {
	case "least":
		n, err := strconv.Atoi(f[1])
		t.least[s] = n
		return ok && err == nil
	case "before":
		t.before[s] = union(bare(f[1:]), nil)
	case "after":
		t.after[s] = union(bare(f[1:]), nil)
	case "ends":
		for _, e := range f[1:] {
			t.ends[s][e] = union(t.ends[s][e], f[1:])
		}
	default:
		return false
	}
	return ok
}

func (t *sounds) learnBetween(from, to string, list []string) bool {
	a, ok := scriptNames[from]
	b, known := scriptNames[to]
	t.between[a][b] = union(list, nil)
	return ok && known
}

// learnSound reads a sound's letters in each script: all are found, and all
// are written, but those behind '<' are found only and those behind '>' are
// written only.
func (t *sounds) learnSound(hard bool, columns []string) bool {
	if len(columns) != int(scripts) {
		return false
	}
	var found, written [scripts][]string
	for s, column := range columns {
		for _, g := range strings.Fields(column) {
			only, _ := utf8.DecodeRuneInString(g)
			g = strings.TrimLeft(g, "<>")
			if only != '>' && g != "-" {
				found[s] = append(found[s], g)
				t.hard[s][strings.Trim(g, "^$")] = hard
			}
			if only != '<' {
				written[s] = append(written[s], g)
			}
		}
	}
	for from := range scripts {
		for to := range scripts {
			for _, g := range found[from] {
				if len(written[to]) > 0 {
					t.to[from][to][g] = union(t.to[from][to][g], bare(written[to]))
				}
			}
		}
	}
	return true
}

// bare turns the table's sign for nothing into nothing.
func bare(list []string) []string {
	out := slices.Clone(list)
	for i, s := range out {
		if s == "-" {
			out[i] = ""
		}
	}
	return out
}
