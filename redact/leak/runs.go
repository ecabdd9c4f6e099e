package leak

import (
	"encoding/binary"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var bigEndian = binary.BigEndian

var uuBlock = regexp.MustCompile(`(?m)^begin [0-7]{3,4} .*\r?\n((?:.*\r?\n)*?)end`)

// runs looks into base64, hex and uuencoded data in the midst of a text. Long
// runs are files of their own; of short ones, what may be text is one text.
func (s *search) runs(name, t string, how []string, depth int) {
	var short []byte
	how64 := then(how, "base64")
	eachRun(t, base64Digits, func(run []byte) {
		for skip := range 4 {
			b := unbase(run[skip:])
			s.binary(name, b, how64)
			if len(run) >= longRun {
				s.file(name, b, how64, depth+1)
			} else if looksRead(b) {
				short = append(append(short, b...), " \uFFFC "...)
			}
		}
	})
	s.short(name, string(short), how64)
	s.hexes(name, t, then(how, "hex"))
	if strings.Contains(t, "begin ") {
		for _, m := range uuBlock.FindAllStringSubmatch(t, -1) {
			s.file(name, unuu(m[1]), then(how, "uuencode"), depth+1)
		}
	}
}

func (s *search) hexes(name, t string, how []string) {
	var short []byte
	eachRun(t, hexDigits, func(run []byte) {
		for skip := range 2 {
			b := make([]byte, (len(run)-skip)/2)
			for i := range b {
				b[i] = byte(hexDigits.value[run[skip+2*i]]<<4 | hexDigits.value[run[skip+2*i+1]])
			}
			s.binary(name, b, how)
			if looksRead(b) {
				short = append(append(short, b...), " \uFFFC "...)
			}
		}
	})
	s.short(name, string(short), how)
}

// alphabet is what runs consist of.
type alphabet struct {
	value [256]int8 // of a digit, or -1
	least int       // digits of a run
}

func newAlphabet(least int, digits ...string) *alphabet {
	a := &alphabet{least: least}
	for i := range a.value {
		a.value[i] = -1
	}
	for _, list := range digits {
		for v, c := range []byte(list) {
			a.value[c] = int8(v)
		}
	}
	return a
}

const plainDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var (
	base64Digits = newAlphabet(minRun, plainDigits+"+/", plainDigits+"-_")
	hexDigits    = newAlphabet(2*minRun, "0123456789abcdef", "0123456789ABCDEF")
)

// eachRun calls found with every run of digits, without the line breaks and
// marks of quoting in it. It keeps the memory of run.
func eachRun(t string, a *alphabet, found func(run []byte)) {
	var run []byte
	for i := 0; i < len(t); {
		if a.value[t[i]] < 0 {
			i++
			continue
		}
		run = run[:0]
		for i < len(t) && a.value[t[i]] >= 0 {
			for i < len(t) && a.value[t[i]] >= 0 {
				run = append(run, t[i])
				i++
			}
			i = nextLine(t, i)
		}
		if len(run) >= a.least {
			found(run)
		}
	}
}

// nextLine is where the line after i begins, behind marks of quoting, if only
// padding and one line break stand before it; else i.
func nextLine(t string, i int) int {
	j := i
	for j < len(t) && t[j] == '=' {
		j++
	}
	if j < len(t) && t[j] == '\r' {
		j++
	}
	if j == len(t) || t[j] != '\n' {
		return i
	}
	for j++; j < len(t) && (t[j] == ' ' || t[j] == '>' || t[j] == '\t'); j++ {
	}
	return j
}

// short looks into what short runs stand for, in the charsets of the file.
func (s *search) short(name, t string, how []string) {
	if t == "" {
		return
	}
	s.letters(name, western(t), how)
	for _, c := range s.charsets {
		if read, ok := c.decode(t); ok {
			s.letters(name, read, then(how, c.name))
		}
	}
}

// unbase decodes base64, passing over what is none.
func unbase(s []byte) []byte {
	out := make([]byte, 0, len(s)*3/4+3)
	acc, n := uint32(0), 0
	for _, c := range s {
		v := base64Digits.value[c]
		if v < 0 {
			continue
		}
		acc = acc<<6 | uint32(v)
		if n++; n&3 != 1 {
			out = append(out, byte(acc>>(2*(3-(n-1)&3))))
		}
	}
	return out
}

// looksRead reports whether short decoded bytes may be a text.
func looksRead(b []byte) bool {
	bad := 0
	for _, r := range string(b) {
		if r == utf8.RuneError || r != 0 && r != '\n' && unicode.IsControl(r) {
			bad++
		}
	}
	return bad*3 <= len(b)
}

// unuu decodes the lines of a uuencoded file.
func unuu(s string) []byte {
	var out []byte
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		n := int(line[0]-' ') & 63
		var b []byte
		for i := 1; i < len(line); i += 4 {
			var v [4]byte
			for k := range v {
				if i+k < len(line) {
					v[k] = (line[i+k] - ' ') & 63
				}
			}
			b = append(b, v[0]<<2|v[1]>>4, v[1]<<4|v[2]>>2, v[2]<<6|v[3])
		}
		out = append(out, b[:min(n, len(b))]...)
	}
	return out
}
