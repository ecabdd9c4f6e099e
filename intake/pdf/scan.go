package pdf

import (
	"bytes"
	"compress/zlib"
	"io"
	"strings"
)

// Limits of the search for active content in the file's own bytes.
const (
	maxInflate  = 8 << 20  // bytes of one stream of objects
	maxInflated = 64 << 20 // of all of them
	dictWithin  = 4096     // bytes before a stream in which its dictionary is looked for
)

// active are the names of ISO 32000-1, 12.6 and 13, that make a document do
// something, with what they do.
var active = map[string]string{
	"JavaScript": "the document holds JavaScript",
	"JS":         "the document holds JavaScript",
	"Launch":     "the document opens or runs a file",
	"SubmitForm": "the document sends what is filled in",
	"ImportData": "the document reads data from elsewhere",
	"RichMedia":  "sound, film or a model in the page",
	"Rendition":  "sound, film or a model in the page",
}

// scan looks for names that make a document do something, wherever they are:
// PDFium tells of those in links and in the list of scripts alone. What is
// encrypted or broken it passes over.
func (v *visit) scan() {
	for name := range activeNames(v.d.whole) {
		v.find("active-content", 0, active[name])
	}
}

// activeNames finds the names of active in the objects of a file, and in those
// that it keeps compressed.
func activeNames(b []byte) map[string]bool {
	found := map[string]bool{}
	room := int64(maxInflated)
	for len(b) > 0 {
		at := bytes.Index(b, []byte("stream"))
		if at < 0 {
			names(b, found)
			return found
		}
		names(b[:at], found)
		body := b[at+len("stream"):]
		end := bytes.Index(body, []byte("endstream"))
		if end < 0 {
			end = len(body)
		}
		if isObjects(b[:at]) && room > 0 {
			inner := inflate(body[:end], min(room, maxInflate))
			room -= int64(len(inner))
			names(inner, found)
		}
		b = body[min(end+len("endstream"), len(body)):]
	}
	return found
}

// isObjects says that the dictionary before a stream is one of compressed
// objects, ISO 32000-1, 7.5.7.
func isObjects(before []byte) bool {
	d := before[max(len(before)-dictWithin, 0):]
	if i := bytes.LastIndex(d, []byte(" obj")); i >= 0 {
		d = d[i:]
	}
	return bytes.Contains(d, []byte("/ObjStm"))
}

// inflate opens a Flate stream, as far as it is whole.
func inflate(b []byte, most int64) []byte {
	z, err := zlib.NewReader(bytes.NewReader(bytes.TrimLeft(b, "\r\n")))
	if err != nil {
		return nil
	}
	out, _ := io.ReadAll(io.LimitReader(z, most))
	return out
}

// names adds the names of active that stand in b. A name may be written with
// "#" and two hexadecimal digits for any character, ISO 32000-1, 7.3.5.
func names(b []byte, found map[string]bool) {
	for {
		i := bytes.IndexByte(b, '/')
		if i < 0 {
			return
		}
		b = b[i+1:]
		n := 0
		for n < len(b) && n < 64 && !strings.ContainsRune("\x00\t\n\f\r ()<>[]{}/%", rune(b[n])) {
			n++
		}
		if name := unescape(string(b[:n])); active[name] != "" {
			found[name] = true
		}
		b = b[n:]
	}
}

func unescape(s string) string {
	if !strings.Contains(s, "#") {
		return s
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && i+2 < len(s) {
			if hi, lo := hex(s[i+1]), hex(s[i+2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func hex(c byte) int {
	i := strings.IndexByte("0123456789abcdefABCDEF", c)
	if i > 15 {
		i -= 6
	}
	return i
}
