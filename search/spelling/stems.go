package spelling

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed stems.txt
var stemsText string

// language is what stems.txt says of one.
type language struct {
	endings map[string][]*group // the groups of each ending
	longest int                 // ending, in bytes
	same    map[string][]string // whole words: the others with the word itself
	letters map[string][]string // what may be written instead, the letters themselves among it
	apart   map[string][]string // words that endings join and should not
	before  []string            // pieces that may stand before a word, the empty one among them
	strip   []group             // pieces to take off
}

// group is pieces that stand for one another behind letters enough, of which
// the last is one of only, or none of never, if those say anything.
type group struct {
	least       int
	only, never string
	pieces      []string
}

// behind reports whether the pieces may stand behind a stem.
func (g *group) behind(stem string) bool {
	last, _ := utf8.DecodeLastRuneInString(stem)
	return letters(stem) >= g.least && (g.only == "" || strings.ContainsRune(g.only, last)) && !strings.ContainsRune(g.never, last)
}

var languages = sync.OnceValue(func() map[string]*language {
	all, err := readStems(stemsText)
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return all
})

// Forms lists the inflected forms of a word in the given languages, BCP 47
// tags. The word itself may be among them. Languages that stems.txt does not
// know add nothing.
func Forms(word string, langs []string) []Pattern {
	if letters(word) > MaxWord {
		return nil
	}
	var known []string
	for _, tag := range langs {
		tag, _, _ = strings.Cut(tag, "-")
		if languages()[tag] != nil {
			known = append(known, tag)
		}
	}
	slices.Sort(known)
	var out []Pattern
	for _, tag := range slices.Compact(known) {
		out = append(out, languages()[tag].forms(word)...)
	}
	return out
}

func (l *language) forms(word string) (out []Pattern) {
	if same := l.same[word]; same != nil {
		out = append(out, Pattern{same})
	}
	stems := map[string][]string{} // and their endings
	l.inflect(stems, word)
	for _, g := range l.strip {
		for _, p := range g.pieces {
			if rest, ok := strings.CutPrefix(word, p); ok && g.behind(rest) {
				l.inflect(stems, rest)
			}
		}
	}
	for _, stem := range slices.Sorted(maps.Keys(stems)) {
		out = append(out, l.pattern(stem, stems[stem]))
	}
	return out
}

// inflect adds the stems that a word may have, with all their endings.
func (l *language) inflect(stems map[string][]string, word string) {
	if len(l.before) > 1 && stems[word] == nil {
		stems[word] = []string{""}
	}
	for i := len(word); i > 0 && len(word)-i <= l.longest; i-- {
		if !utf8.RuneStart(append([]byte(word), 'x')[i]) {
			continue
		}
		stem := word[:i]
		for _, g := range l.endings[word[i:]] {
			if g.behind(stem) {
				stems[stem] = union(stems[stem], l.fitting(word, stem, g.pieces))
			}
		}
	}
}

// fitting is the endings without those that make words apart from a word.
func (l *language) fitting(word, stem string, endings []string) []string {
	apart := l.apart[word]
	if len(apart) == 0 {
		return endings
	}
	return slices.DeleteFunc(slices.Clone(endings), func(e string) bool { return slices.Contains(apart, stem+e) })
}

func (l *language) pattern(stem string, endings []string) Pattern {
	var p Pattern
	if len(l.before) > 1 {
		p = append(p, l.before)
	}
	return append(append(p, slots(stem, l.letters)...), endings)
}

// slots writes a stem with all that may stand for its letters; the longest
// entry counts.
func slots(stem string, known map[string][]string) (p Pattern) {
	plain := 0 // where the letters begin that stand for themselves
	for i := 0; i < len(stem); {
		key := longestAt(stem[i:], known)
		if key == "" {
			_, n := utf8.DecodeRuneInString(stem[i:])
			i += n
			continue
		}
		if plain < i {
			p = append(p, []string{stem[plain:i]})
		}
		p = append(p, known[key])
		i += len(key)
		plain = i
	}
	if plain < len(stem) {
		p = append(p, []string{stem[plain:]})
	}
	return p
}

// longestAt is the longest key, of four letters at most, that s begins with.
func longestAt(s string, known map[string][]string) (key string) {
	n := 0
	for i := range s + "x" {
		if known[s[:i]] != nil {
			key = s[:i]
		}
		if n++; n > 5 {
			break
		}
	}
	return key
}

func letters(s string) int { return utf8.RuneCountInString(s) }

// union is both lists without repetition, sorted.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// readStems reads the table of languages; its head says what its lines are.
func readStems(text string) (map[string]*language, error) {
	all := map[string]*language{}
	var l *language
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "#":
		case f[0] == "lang" && len(f) == 2 && all[f[1]] == nil:
			l = &language{endings: map[string][]*group{}, same: map[string][]string{}, apart: map[string][]string{}, letters: map[string][]string{}, before: []string{""}}
			all[f[1]] = l
		case l == nil || len(f) < 2 || !l.learn(f[0], f[1:]):
			return nil, fmt.Errorf("stems.txt line %d: %q", i+1, line)
		}
	}
	return all, nil
}

// learn reads what a line says; false if it makes no sense.
func (l *language) learn(kind string, f []string) bool {
	switch kind {
	case "endings":
		return l.learnEndings(f)
	case "strip":
		g, ok := readGroup(f)
		l.strip = append(l.strip, g)
		return ok
	case "same":
		for _, w := range f {
			l.same[w] = union(l.same[w], f)
		}
	case "apart":
		for _, w := range f[1:] {
			l.apart[f[0]], l.apart[w] = append(l.apart[f[0]], w), append(l.apart[w], f[0])
		}
		return len(f) > 1
	case "letters":
		l.letters[f[0]] = union(l.letters[f[0]], f)
	case "before":
		l.before = union(l.before, f)
	default:
		return false
	}
	return true
}

func (l *language) learnEndings(f []string) bool {
	g, ok := readGroup(f)
	for _, e := range g.pieces {
		l.longest = max(l.longest, len(e))
		l.endings[e] = append(l.endings[e], &g)
	}
	return ok && len(g.pieces) > 1
}

// readGroup reads "3 a b", "3=xyz a b" or "3!xyz a b".
func readGroup(f []string) (g group, ok bool) {
	number, only, _ := strings.Cut(f[0], "=")
	number, never, _ := strings.Cut(number, "!")
	least, err := strconv.Atoi(number)
	return group{least, only, never, bare(f[1:])}, err == nil && len(f) > 1
}
