package leak

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var bigEndian = binary.BigEndian

var (
	baseRun = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}(?:=*\r?\n[> \t]*[A-Za-z0-9+/_-]+)*`)
	hexRun  = regexp.MustCompile(`(?:[0-9a-fA-F]{2}){8,}`)
	uuBlock = regexp.MustCompile(`(?m)^begin [0-7]{3,4} .*\r?\n((?:.*\r?\n)*?)end`)
)

// runs looks into base64, hex and uuencoded data in the midst of a text. Long
// runs are files of their own; of short ones, what may be text is one text.
func (s *search) runs(name, t string, how []string, depth int) {
	var short strings.Builder
	for _, run := range baseRun.FindAllString(t, -1) {
		run = cleanRun.Replace(run)
		for skip := range 4 {
			b := unbase(run[min(skip, len(run)):])
			s.binary(name, b, then(how, "base64"))
			if len(run) >= longRun {
				s.file(name, b, then(how, "base64"), depth+1)
			} else if looksRead(b) {
				short.WriteString(string(b) + " \uFFFC ")
			}
		}
	}
	s.short(name, short.String(), then(how, "base64"))
	s.hexes(name, t, how)
	if strings.Contains(t, "begin ") {
		for _, m := range uuBlock.FindAllStringSubmatch(t, -1) {
			s.file(name, unuu(m[1]), then(how, "uuencode"), depth+1)
		}
	}
}

var cleanRun = strings.NewReplacer("\r", "", "\n", "", " ", "", "\t", "", ">", "", "=", "", "-", "+", "_", "/")

func (s *search) hexes(name, t string, how []string) {
	var short strings.Builder
	for _, run := range hexRun.FindAllString(t, -1) {
		for skip := range 2 {
			n := (len(run) - skip) / 2 * 2
			b, _ := hex.DecodeString(run[skip : skip+n])
			s.binary(name, b, then(how, "hex"))
			if looksRead(b) {
				short.WriteString(string(b) + " \uFFFC ")
			}
		}
	}
	s.short(name, short.String(), then(how, "hex"))
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

// unbase decodes base64 without caring how it ends.
func unbase(s string) []byte {
	s = strings.NewReplacer("\r", "", "\n", "", " ", "", "\t", "", "=", "").Replace(s)
	b := make([]byte, base64.RawStdEncoding.DecodedLen(len(s)))
	n, _ := base64.RawStdEncoding.Decode(b, []byte(s))
	return b[:n]
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
