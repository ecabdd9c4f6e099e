package stamp

import (
	"strings"
	"unicode"
)

// token is a number, a word or one other character of a date.
type token struct {
	number
	word string // of letters; "" for a number or a sign
	sign rune
}

// dots are ways to write before and after noon that hold dots.
var dots = strings.NewReplacer("a. m.", "am", "a.m.", "am", "p. m.", "pm", "p.m.", "pm", "a.m", "am", "p.m", "pm",
	"π.μ.", "am", "μ.μ.", "pm", "пр. об.", "am", "сл. об.", "pm", "พ.ศ.", "be", "n.chuo", "")

// lex splits a folded date. Spaces only separate.
func lex(s string) []token {
	list := make([]token, 0, 16)
	if strings.ContainsAny(s, ".") {
		s = dots.Replace(s)
	}
	for s := []rune(s); len(s) > 0; {
		n := 1
		switch r := s[0]; {
		case r == ' ':
		case r >= '0' && r <= '9':
			num := number{}
			for n = 0; n < len(s) && s[n] >= '0' && s[n] <= '9' && n < 5; n++ {
				num.n, num.digits = num.n*10+int(s[n]-'0'), n+1
			}
			list = append(list, token{number: num})
		case unicode.IsLetter(r):
			for n = 1; n < len(s) && (unicode.IsLetter(s[n]) || unicode.IsMark(s[n])); n++ {
			}
			list = append(list, token{word: string(s[:n])})
		default:
			list = append(list, token{sign: r})
		}
		s = s[n:]
	}
	return list
}

// group is a run of numbers with a sign between each two.
type group struct {
	nums []number
	sep  rune // the one sign, or 0 where they differ
	year int  // place of a year that is seen by its era, from 1
}

// read takes the tokens of a date apart and checks that nothing else is there.
func (s *Stamp) read(tokens []token) bool {
	var groups []group
	for i := 0; i < len(tokens); {
		g, n := gather(tokens[i:])
		if n > 0 {
			groups = append(groups, g)
			i += n
			continue
		}
		if !s.word(tokens[i]) {
			return false
		}
		i++
	}
	if len(groups) != 2 {
		return false
	}
	date, clock := groups[0], groups[1]
	if s.Shape.TimeFirst = isClock(date) && !isClock(clock) || date.sep == ':'; s.Shape.TimeFirst {
		date, clock = clock, date
	}
	return s.setDate(date) && s.setClock(clock)
}

// maxGroup is how many numbers a date or a time has at most.
const maxGroup = 3

// gather takes a group from the beginning of tokens; n is 0 if there is none.
func gather(tokens []token) (g group, n int) {
	for {
		num, used := numberAt(tokens[n:])
		if used == 0 {
			return g, n
		}
		g.nums = append(g.nums, num)
		if num.era > 0 {
			g.year = len(g.nums)
		}
		n += used
		if n == len(tokens) || len(g.nums) == maxGroup || !joins(tokens[n]) {
			return g, n
		}
		if _, next := numberAt(tokens[n+1:]); next == 0 {
			return g, n + 1 // "18." ends a date
		}
		sep := tokens[n].sign
		if tokens[n].word == "h" {
			sep = ':'
		} else if tokens[n].word != "" {
			sep = '年'
		}
		if len(g.nums) == 1 {
			g.sep = sep
		} else if g.sep != sep {
			g.sep = 0
		}
		n++
	}
}

// joins reports whether a token can stand between the numbers of a date or a
// time.
func joins(t token) bool {
	switch t.sign {
	case '/', '.', '-', ':':
		return true
	}
	switch t.word {
	case "年", "月", "년", "월", "h":
		return true
	}
	return false
}

// eras are Japanese: the year before their first.
var eras = map[string]int{"r": 2018, "h": 1988, "s": 1925, "令和": 2018, "平成": 1988, "昭和": 1925}

// numberAt reads a number, or the year of an era.
func numberAt(tokens []token) (number, int) {
	if len(tokens) > 0 && tokens[0].digits > 0 {
		return tokens[0].number, 1
	}
	if len(tokens) > 1 && eras[tokens[0].word] > 0 && tokens[1].digits > 0 {
		num := tokens[1].number
		num.era = eras[tokens[0].word]
		return num, 2
	}
	return number{}, 0
}

func isClock(g group) bool {
	return g.sep == ':' || g.sep == '.' && len(g.nums) == 2
}

func (s *Stamp) setDate(g group) bool {
	if len(g.nums) != 3 || g.sep == 0 || g.sep == ':' {
		return false
	}
	copy(s.date[:], g.nums)
	s.Shape.Sep, s.Shape.Year = g.sep, g.year
	for i, num := range g.nums {
		switch {
		case num.digits > 4 || num.digits == 3:
			return false
		case num.digits == 4 && (s.Shape.Year > 0 && s.Shape.Year != i+1 || i == 1):
			return false // two years, or one in the middle
		case num.digits == 4:
			s.Shape.Year = i + 1
		}
	}
	return s.Shape.Year != 2
}

func (s *Stamp) setClock(g group) bool {
	if len(g.nums) < 2 || len(g.nums) > 3 || g.sep != ':' && g.sep != '.' {
		return false
	}
	for i, num := range g.nums {
		if num.digits > 2 || num.era > 0 {
			return false
		}
		s.clock[i] = num.n
	}
	s.Shape.Colon, s.Shape.Seconds, s.Shape.Halves = g.sep, len(g.nums) == 3, s.half > 0
	s.Shape.Weekday = s.weekday > 0
	return s.clock[0] <= 24 && s.clock[1] < 60 && s.clock[2] <= 60
}

// word accepts what may stand beside the numbers, and notes what it says.
func (s *Stamp) word(t token) bool {
	if t.word == "" {
		return t.sign == ',' || t.sign == '.'
	}
	if half := halves[t.word]; half > 0 {
		s.half = half
		return true
	}
	if day := weekdays[t.word]; day > 0 {
		s.weekday = day
		return true
	}
	if t.word == "be" {
		s.thai = true
		return true
	}
	return fillers[t.word]
}

// halves are words for before (1) and after noon (2).
var halves = map[string]int{
	"am": 1, "pm": 2, "ص": 1, "م": 2, "上午": 1, "下午": 2, "凌晨": 1, "早上": 1, "中午": 2, "晚上": 2,
	"午前": 1, "午後": 2, "오전": 1, "오후": 2, "पूर्वाह्न": 1, "अपराह्न": 2, "sa": 1, "ch": 2, "πμ": 1, "μμ": 2,
	"ق": 1, "ب": 2, "öö": 1, "ös": 2, "dop": 1, "odp": 2, "de": 1, "du": 2, "pagi": 1, "siang": 2, "sore": 2, "malam": 2,
}

// fillers are words that stand between date and time, or after either.
var fillers = map[string]bool{
	"à": true, "às": true, "as": true, "at": true, "um": true, "uhr": true, "u": true, "kl": true, "klo": true, "lúc": true,
	"ob": true, "o": true, "в": true, "г": true, "ч": true, "о": true, "ore": true, "alle": true, "h": true, "en": true,
	"น": true, "ad": true, "ce": true, "日": true, "일": true, "年": true, "년": true, "в.": true, "god": true, "г.": true, "a": true, "las": true,
}

// weekdays are names of days, 1 for Sunday, long and short.
var weekdays = dayNames(
	"sunday sun sonntag so dimanche dim domingo dom domenica воскресенье вс zondag zo niedziela nd pazar paz söndag sön",
	"monday mon montag mo lundi lun lunes lunedì понедельник пн maandag ma poniedziałek pon pazartesi pzt måndag mån",
	"tuesday tue dienstag di mardi mar martes martedì вторник вт dinsdag wtorek wt salı sal tisdag tis",
	"wednesday wed mittwoch mi mercredi mer miércoles mié mercoledì среда ср woensdag wo środa śr çarşamba çar onsdag ons",
	"thursday thu donnerstag jeudi jeu jueves jue giovedì gio четверг чт donderdag czwartek czw perşembe per torsdag tor",
	"friday fri freitag fr vendredi ven viernes vie venerdì пятница пт vrijdag vr piątek pt cuma cum fredag fre",
	"saturday sat samstag samedi sam sábado sáb sabato sab суббота сб zaterdag za sobota sob cumartesi cmt lördag lör",
)

func dayNames(days ...string) map[string]int {
	names := map[string]int{}
	for i, list := range days {
		for _, name := range strings.Fields(list) {
			names[name] = i + 1
		}
	}
	return names
}
