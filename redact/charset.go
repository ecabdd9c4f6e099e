package redact

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"unseal/mime"
)

// readings are t in UTF-8, in every charset in which somebody may read it: the
// declared one, and UTF-8 with windows-1252. Where none is declared and it is
// no UTF-8, it may be in any that is met in mail.
func readings(t text, charset string) []text {
	list := []text{mixed(t)}
	if plainASCII(t.b) {
		return list
	}
	if bytes.IndexByte(t.b, 0) >= 0 {
		list = append(list, utf16Text(t, 0), utf16Text(t, 1), decoded(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)))
	}
	if bytes.Contains(t.b, []byte("\x1b$")) {
		list = append(list, decoded(t, japanese.ISO2022JP))
	}
	if bytes.Contains(t.b, []byte("~{")) {
		list = append(list, decoded(t, simplifiedchinese.HZGB2312))
	}
	switch name := mime.CharsetName(charset); name {
	case "", "us-ascii", "ascii", "utf-8", "utf8": // no promise that it keeps
	case "utf-7", "unicode-1-1-utf-7":
		return append(list, unUTF7(t))
	case "iso-2022-kr":
		return append(list, decoded(shiftedKorean(t), korean.EUCKR))
	default:
		if enc := mime.Charset(name); enc != nil {
			return append(list, decoded(t, enc))
		}
	}
	if utf8.Valid(t.b) {
		return list
	}
	t = foreignLines(t)
	for _, enc := range others {
		list = append(list, decoded(t, enc))
	}
	return list
}

// foreignLines are the lines of t that hold bytes beyond ASCII, with one before
// and after them: the others read the same in every charset tried.
func foreignLines(t text) text {
	w := rewrite(t)
	keep, dropped := 0, 0 // lines still kept; where the line before began, if it is not kept
	for pos := 0; pos < len(t.b); {
		next := mime.LineAfter(t.b, pos)
		switch foreign := !isASCII(t.b[pos:next]); {
		case foreign:
			w.put(w.done, max(w.done, dropped))
			keep = 1
		case keep > 0:
			keep--
			dropped = next
		default:
			dropped = pos
		}
		if keep > 0 || !isASCII(t.b[pos:next]) {
			w.keep(next)
		}
		pos = next
	}
	w.put(w.done, len(t.b))
	return w.out
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// plainASCII reports whether b means the same in every charset but UTF-7.
func plainASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf || c == 0 || c == 0x1b || c == '~' || c == '+' {
			return false
		}
	}
	return true
}

// others are the charsets tried on bytes that are no UTF-8.
var others = []encoding.Encoding{
	charmap.Windows1250, charmap.Windows1251, charmap.Windows1253, charmap.Windows1254, charmap.Windows1255, charmap.Windows1256,
	charmap.Windows1257, charmap.Windows1258, charmap.Windows874, charmap.KOI8R, charmap.KOI8U, charmap.ISO8859_2, charmap.ISO8859_3,
	charmap.ISO8859_4, charmap.ISO8859_5, charmap.ISO8859_6, charmap.ISO8859_7, charmap.ISO8859_8, charmap.ISO8859_10,
	charmap.ISO8859_13, charmap.ISO8859_14, charmap.ISO8859_15, charmap.ISO8859_16, charmap.Macintosh, charmap.MacintoshCyrillic,
	charmap.CodePage437, charmap.CodePage850, charmap.CodePage852, charmap.CodePage855, charmap.CodePage862, charmap.CodePage866,
	japanese.ShiftJIS, japanese.EUCJP, simplifiedchinese.GB18030, traditionalchinese.Big5, korean.EUCKR,
}

// mixed reads what is UTF-8 as UTF-8 and every other byte as windows-1252.
func mixed(t text) text {
	if utf8.Valid(t.b) {
		return t
	}
	w := rewrite(t)
	for i := 0; i < len(t.b); {
		r, n := utf8.DecodeRune(t.b[i:])
		if r == utf8.RuneError && n == 1 {
			w.put(i, i+1, utf8.AppendRune(nil, charmap.Windows1252.DecodeByte(t.b[i]))...)
		}
		i += n
	}
	return w.end()
}

// decoded reads t in a charset. Where t is tracked, the decoder is fed byte by
// byte, so that every letter knows its bytes.
func decoded(t text, enc encoding.Encoding) text {
	if m, ok := enc.(*charmap.Charmap); ok {
		w := rewrite(t)
		for i, c := range t.b {
			if c >= utf8.RuneSelf {
				w.put(i, i+1, utf8.AppendRune(nil, m.DecodeByte(c))...)
			}
		}
		return w.end()
	}
	if !t.tracked() {
		out, _ := enc.NewDecoder().Bytes(t.b)
		return blindly(bytes.ToValidUTF8(out, []byte("\uFFFD")))
	}
	return stepped(t, enc)
}

// maxLetter bounds the bytes of one letter and the shifts before it.
const maxLetter = 24

func stepped(t text, enc encoding.Encoding) text {
	d := enc.NewDecoder()
	w := rewrite(t)
	var dst [64]byte
	for i := 0; i < len(t.b); {
		n, size := 0, 0 // written and read
		for k := 1; k <= maxLetter && i+k <= len(t.b) && n == 0; k++ {
			var took int
			n, took, _ = d.Transformer.Transform(dst[:], t.b[i:i+k], i+k == len(t.b))
			if size = took; n == 0 && took > 0 { // a shift to other letters
				w.put(i, i+took)
				i, k = i+took, 0
			}
		}
		if n == 0 || size == 0 {
			w.put(i, min(i+1, len(t.b)))
			i++
			continue
		}
		w.put(i, i+size, bytes.ToValidUTF8(dst[:n], []byte("\uFFFD"))...)
		i += size
	}
	return w.end()
}

// utf16Text reads UTF-16, little-endian, from the offset on. Of the other byte
// order it so reads the Latin letters, when it begins one byte off.
func utf16Text(t text, offset int) text {
	w := rewrite(t)
	w.put(0, min(offset, len(t.b)))
	for i := offset; i+1 < len(t.b); i += 2 {
		r := rune(t.b[i]) | rune(t.b[i+1])<<8
		if utf16.IsSurrogate(r) {
			r = utf8.RuneError
		}
		w.put(i, i+2, utf8.AppendRune(nil, r)...)
	}
	return w.end()
}

// unUTF7 reads RFC 2152; each letter came from all of its run.
func unUTF7(t text) text {
	t = mixed(t)
	w := rewrite(t)
	for i := 0; i < len(t.b); i++ {
		if t.b[i] != '+' {
			continue
		}
		j := i + 1
		for j < len(t.b) && sextets[t.b[j]] < 64 && t.b[j] != '-' && t.b[j] != '_' {
			j++
		}
		end := j
		if end < len(t.b) && t.b[end] == '-' {
			end++
		}
		s, _ := mime.ToUTF8(t.b[i:end], "utf-7")
		w.put(i, end, []byte(s)...)
		i = end - 1
	}
	return w.end()
}

// shiftedKorean turns ISO-2022-KR (RFC 1557) into EUC-KR.
func shiftedKorean(t text) text {
	w := rewrite(t)
	shifted := false
	for i := 0; i < len(t.b); i++ {
		switch c := t.b[i]; {
		case bytes.HasPrefix(t.b[i:], []byte("\x1b$)C")):
			w.put(i, i+4)
			i += 3
		case c == 0x0e || c == 0x0f:
			shifted = c == 0x0e
			w.put(i, i+1)
		case shifted && c > ' ':
			w.put(i, i+1, c|0x80)
		}
	}
	return w.end()
}
