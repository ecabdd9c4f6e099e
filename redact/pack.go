package redact

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"unicode"
	"unicode/utf8"
)

// format is what the first bytes of a file say that it is.
type format struct {
	name   string
	packed bool   // it holds files, or text in packed form
	why    string // why it cannot be looked into as a whole: a word of Opaque.Why
}

var formats = []struct {
	magic string
	at    int
	format
}{
	{"PK\x03\x04", 0, format{"zip", true, ""}}, {"PK\x05\x06", 0, format{"zip", true, ""}},
	{"\x1f\x8b", 0, format{"gzip", true, ""}}, {"BZh", 0, format{"bzip2", true, ""}},
	{"%PDF", 0, format{"pdf", true, "pdf"}}, {"\x89PNG", 0, format{"png", true, "image"}},
	{"\xff\xd8\xff", 0, format{"", false, "image"}}, {"GIF8", 0, format{"", false, "image"}}, {"BM", 0, format{"", false, "image"}},
	{"II*\x00", 0, format{"", false, "image"}}, {"MM\x00*", 0, format{"", false, "image"}}, {"WEBP", 8, format{"", false, "image"}},
	{"RIFF", 0, format{"", false, "sound"}}, {"ID3", 0, format{"", false, "sound"}}, {"OggS", 0, format{"", false, "sound"}}, {"fLaC", 0, format{"", false, "sound"}},
	{"\xff\xfb", 0, format{"", false, "sound"}}, {"ftyp", 4, format{"", false, "video"}}, {"\x1aE\xdf\xa3", 0, format{"", false, "video"}},
	{"\xd0\xcf\x11\xe0", 0, format{"", false, "format"}}, {"7z\xbc\xaf", 0, format{"", false, "format"}}, {"Rar!", 0, format{"", false, "format"}},
	{"\xfd7zXZ", 0, format{"", false, "format"}}, {"\x28\xb5\x2f\xfd", 0, format{"", false, "format"}}, {"\x78\x9f\x3e\x22", 0, format{"", false, "format"}},
}

// sniff tells the format of b; the zero format is a text.
func sniff(b []byte) format {
	for _, f := range formats {
		if len(b) >= f.at+len(f.magic) && string(b[f.at:f.at+len(f.magic)]) == f.magic && (f.name != "" || !texty(b)) {
			return f.format
		}
	}
	if i := bytes.Index(b[:min(len(b), 1024)], []byte("%PDF-")); i >= 0 {
		return format{"pdf", true, "pdf"}
	}
	if !texty(b) {
		return format{why: "format"}
	}
	return format{}
}

// texty reports whether b begins like a text, of whatever charset.
func texty(b []byte) bool {
	b = b[:min(len(b), 4096)]
	controls, zeros := 0, [2]int{}
	for i, c := range b {
		if c == 0 {
			zeros[i&1]++
		} else if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b && c != 0x0e && c != 0x0f {
			controls++
		}
	}
	if n := max(zeros[0], zeros[1]); n > 0 && min(zeros[0], zeros[1])*8 <= n && n*3 >= len(b)/2 { // UTF-16
		return controls*20 <= len(b)
	}
	return zeros[0]+zeros[1] <= len(b)/100 && controls*20 <= len(b)
}

// unpack looks into the files in a packed one, and says in s.why what of it
// could not be opened.
func (s *scanner) unpack(b []byte, f format, depth int) {
	s.why = f.why
	switch f.name {
	case "zip":
		s.unzip(b, depth)
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			s.why = "format"
			return
		}
		s.within(mixed(blindly([]byte(r.Name + " " + r.Comment))))
		s.member(r, depth)
	case "bzip2":
		s.member(bzip2.NewReader(bytes.NewReader(b)), depth)
	case "pdf":
		s.pdf(b, depth)
	case "png":
		s.png(b)
	}
}

func (s *scanner) unzip(b []byte, depth int) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		s.why = "format"
		return
	}
	s.readings(blindly([]byte(z.Comment)), "")
	for _, f := range z.File {
		s.readings(blindly([]byte(f.Name+"\n"+f.Comment)), "")
		if s.open--; s.open < 0 {
			s.why = "limit"
			return
		}
		if f.Flags&1 != 0 {
			s.why = "encrypted"
			continue
		}
		r, err := f.Open()
		if err != nil {
			s.why = "format"
			continue
		}
		s.member(r, depth)
		r.Close()
	}
}

// member looks into a file in a packed one, under the limits.
func (s *scanner) member(r io.Reader, depth int) {
	why := s.why
	b, err := io.ReadAll(io.LimitReader(r, int64(min(s.left, maxMember))+1))
	s.left -= len(b)
	switch {
	case s.left < 0 || len(b) > maxMember:
		s.why = "limit"
		return
	case err != nil:
		why = "format"
	}
	s.why = ""
	s.content(blindly(b), nil, depth+1)
	if s.why == "" {
		s.why = why
	}
}

// png looks into the texts of a PNG (its specification, section 11.3.3).
func (s *scanner) png(b []byte) {
	for b = b[min(8, len(b)):]; len(b) >= 12; {
		n := int(binary.BigEndian.Uint32(b))
		if n < 0 || n > len(b)-12 {
			return
		}
		kind, data := string(b[4:8]), b[8:8+n]
		if kind == "zTXt" || kind == "iTXt" || kind == "tEXt" {
			s.pngText(data)
		}
		b = b[12+n:]
	}
}

// pngText looks into what may be packed behind the keyword of a chunk.
func (s *scanner) pngText(data []byte) {
	s.readings(blindly(data), "")
	for i := range min(len(data), 512) {
		if data[i] == 0x78 {
			s.inflated(data[i:])
		}
	}
}

// inflated looks into a zlib stream, if there is one.
func (s *scanner) inflated(b []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	out, _ := io.ReadAll(io.LimitReader(r, int64(max(0, min(s.left, maxMember))))) // a stream cut short gives what is there
	s.left -= len(out)
	if texty(out) {
		s.readings(blindly(out), "windows-1252")
	} else {
		s.strings(out, false)
	}
	return out
}

// The strings in bytes that are no text.
const (
	minString = 6 // characters, or fewer between zeros
	minLabel  = 3
)

// visibleStrings are the runs of letters in b, in one text for each way of
// reading them: as bytes, with or without zeros between them, and where wide
// is set, as UTF-16.
func visibleStrings(b []byte, wide bool) [][]byte {
	out := [][]byte{byteStrings(b)}
	if wide && bytes.IndexByte(b, 0) >= 0 {
		out = append(out, unitStrings(b), unitStrings(b[1:]))
	}
	return out
}

// between parts strings that do not belong together.
const between = "\n\uFFFC\n"

// byteStrings reads strings of bytes, in UTF-8, and those of Latin letters in
// UTF-16, little-endian, or big-endian but for what stands before the first zero.
func byteStrings(b []byte) []byte {
	var out, run []byte
	from, letters := 0, 0 // where run began, and of how many letters it is
	for i := 0; i <= len(b); {
		if n := letterAt(b, i, i-from == 2*letters && letters > 0); n > 0 {
			if run = append(run, b[i:i+n]...); n == 1 && b[i] >= utf8.RuneSelf {
				run = utf8.AppendRune(run[:len(run)-1], rune(b[i]))
			}
			letters++
			i += n
			continue
		}
		if letters > 0 && i-from == 2*letters-1 && i+1 < len(b) && b[i] == 0 && letterAt(b, i+1, true) > 0 {
			i++
			continue
		}
		closed := (from == 0 || b[from-1] == 0) && (i == len(b) || b[i] == 0)
		if letters >= minString || closed && letters >= minLabel {
			out = append(append(out, run...), between...)
		}
		run, letters = run[:0], 0
		i++
		from = i
	}
	return out
}

// letterAt is the length of the letter at i, or 0; wide says that letters are
// two bytes each.
func letterAt(b []byte, i int, wide bool) int {
	switch {
	case i >= len(b):
		return 0
	case b[i] >= ' ' && b[i] < 0x7f || b[i] == '\n' || b[i] == '\t' || b[i] == '\r':
		return 1
	case b[i] < 0xa0:
		return 0
	case wide && i+1 < len(b) && b[i+1] == 0:
		return 1
	}
	if r, n := utf8.DecodeRune(b[i:]); n > 1 && unicode.IsPrint(r) {
		return n
	}
	return 0
}

// unitStrings reads UTF-16, of the byte order in which letters come out.
func unitStrings(b []byte) []byte {
	var out []byte
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		run := 0
		for i := 0; i+1 < len(b); i += 2 {
			if r := rune(order.Uint16(b[i:])); unicode.IsPrint(r) || r == '\n' || r == '\r' {
				out = utf8.AppendRune(out, r)
				run++
			} else if run > 0 {
				out = append(out, between...)
				run = 0
			}
		}
		out = append(out, between...)
	}
	return out
}
