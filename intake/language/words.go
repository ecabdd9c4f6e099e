package language

import (
	"strings"
	"unicode/utf8"
)

// How much of a text is looked at for its language, quoted lines aside, and
// how far for it.
const (
	languageSample = 1000
	languageReach  = 8000
)

// Of guesses what language a text is written in, as BCP 47, or "" when it is
// short or unclear: by its script where that decides, else by the small words
// that only one language writes that often. Lines quoted with ">" do not count.
// It is cheap enough for every mail.
func Of(text string) string {
	var c census
	text = text[:min(len(text), languageReach)]
	for seen := 0; len(text) > 0 && seen < languageSample; {
		line := text
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = ""
		}
		if !strings.HasPrefix(line, ">") {
			line = line[:min(len(line), languageSample-seen)]
			c.count(line)
			seen += len(line)
		}
	}
	if lang := c.byScript(); lang != "" {
		return lang
	}
	return c.byWords()
}

// census counts what a sample is made of.
type census struct {
	letters int // ASCII letters and all others
	scripts [len(scripts)]int
	marks   [len(marks)]int
	words   int
	langs   [len(smallWords)]int
}

// scripts that tell a language or nearly so, by their first and last letter.
// The order matters: kana before the Han characters that stand between them.
var scripts = [...]struct {
	first, last rune
	lang        string
}{
	{0x3041, 0x30ff, "ja"}, {0xac00, 0xd7a3, "ko"}, {0x4e00, 0x9fff, "zh"}, {0x0400, 0x04ff, "ru"}, {0x0600, 0x06ff, "ar"},
	{0x0590, 0x05ff, "he"}, {0x0370, 0x03ff, "el"}, {0x0e00, 0x0e7f, "th"}, {0x0900, 0x097f, "hi"}, {0x0530, 0x058f, "hy"}, {0x10a0, 0x10ff, "ka"},
}

// marks are letters that tell languages of one script apart.
var marks = [...]struct{ lang, letters string }{
	{"ru", "ыэё"}, {"uk", "іїєґ"}, {"fa", "پچژگکی"}, {"ur", "ٹڈڑے"},
}

// Thresholds of a guess.
const (
	minLetters = 12 // of a script
	rareMark   = 25 // a telling letter that is rarer than one in so many tells nothing
	minWords   = 8
	minSmall   = 4 // small words
)

func (c *census) count(line string) {
	start := -1
	for i := 0; i < len(line); {
		b := line[i]
		if b < utf8.RuneSelf {
			if lower := b | 0x20; lower >= 'a' && lower <= 'z' {
				c.letters++
				if start < 0 {
					start = i
				}
			} else if start >= 0 {
				c.word(line[start:i])
				start = -1
			}
			i++
			continue
		}
		if start < 0 {
			start = i
		}
		r, n := utf8.DecodeRuneInString(line[i:])
		c.letter(r)
		i += n
	}
	if start >= 0 {
		c.word(line[start:])
	}
}

func (c *census) letter(r rune) {
	c.letters++
	for i := range scripts {
		if r >= scripts[i].first && r <= scripts[i].last {
			c.scripts[i]++
			for k := range marks {
				if strings.ContainsRune(marks[k].letters, r) {
					c.marks[k]++
				}
			}
			return
		}
	}
}

func (c *census) word(w string) {
	c.words++
	if len(w) > longestWord {
		return
	}
	var buf [longestWord]byte
	n := copy(buf[:], w)
	for i, b := range buf[:n] {
		if b >= 'A' && b <= 'Z' {
			buf[i] = b | 0x20
		}
	}
	for in := wordLangs[string(buf[:n])]; in != 0; in &= in - 1 {
		c.langs[lowestBit(in)]++
	}
}

func lowestBit(set uint16) (i int) {
	for set&1 == 0 {
		set >>= 1
		i++
	}
	return i
}

// byScript answers when a third of the letters are of one telling script.
func (c *census) byScript() string {
	best := 0
	for i, n := range c.scripts {
		if n > c.scripts[best] {
			best = i
		}
	}
	n := c.scripts[best]
	if n < minLetters || n*3 < c.letters {
		return ""
	}
	switch lang := scripts[best].lang; lang {
	case "zh":
		if c.scripts[0] > 0 {
			return "ja"
		}
		return lang
	case "ru":
		if c.marks[1] > c.marks[0] {
			return "uk"
		} else if c.marks[0] == 0 {
			return ""
		}
		return lang
	case "ar":
		if c.marks[3]*rareMark > n {
			return "ur"
		} else if c.marks[2]*rareMark > n {
			return "fa"
		}
		return lang
	default:
		return lang
	}
}

// byWords answers when enough words are small words of one language, and far
// fewer those of any other.
func (c *census) byWords() string {
	best, second := 0, 0
	for i, n := range c.langs {
		if n > c.langs[best] {
			best, second = i, c.langs[best]
		} else if i != best {
			second = max(second, n)
		}
	}
	n := c.langs[best]
	if c.words < minWords || n < minSmall || n*6 < c.words || n*2 < second*3 {
		return ""
	}
	return smallWords[best].lang
}

const longestWord = 6

var smallWords = [...]struct{ lang, words string }{
	{"en", "the and of to that is was for with this have are you not from it be on as we will your if or they"},
	{"fr", "le les des est et une dans que pour pas vous nous sur avec au du qui je ce la de en un il sont votre"},
	{"de", "der die und das ist nicht ein ich sie mit auf den von zu wir dem für eine auch es im sich bitte oder des als bei wird werden kann aus nach eine einer dass nur wie"},
	{"es", "el los las que una por con para del como está pero más la de en un es no se su al lo si este esta son sus ser"},
	{"it", "il che di una per non sono della con gli nel la un si del le ho"},
	{"pt", "que não uma para com os dos em você mais ao de um por se da do na no"},
	{"nl", "het een van niet dat ik voor met zijn op de en is te die er aan ook"},
	{"sv", "och att det som är inte jag ett på en av för med den har vi"},
	{"pl", "nie się jest że na do jak to po od za dla"},
	{"tr", "bir ve bu için çok da de ile ne daha"},
}

// wordLangs says in which of smallWords a word stands, as a set of bits.
var wordLangs = func() map[string]uint16 {
	m := map[string]uint16{}
	for i, l := range smallWords {
		for _, w := range strings.Fields(l.words) {
			m[w] |= 1 << i
		}
	}
	return m
}()
