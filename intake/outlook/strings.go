package outlook

// stringsIn finds what in bytes is text, or may be. list are the pieces in Latin
// letters, of one byte each or of UTF-16; may is also true where the bytes look
// like UTF-16 of another script. Bytes that may hold text are not written in
// hexadecimal: a name would be there for whoever looks, and for no search and no
// redaction.
func stringsIn(p []byte) (list []string, may bool) {
	for i := 0; i < len(p); {
		if s := narrowRun(p[i:]); s != "" {
			list, i = append(list, s), i+len(s)
			continue
		}
		if s := wideRun(p[i:]); s != "" {
			list, i = append(list, s), i+2*len(s)
			continue
		}
		may = may || oneScript(p[i:])
		i++
	}
	return list, may || list != nil
}

// The shortest runs of letters that count: what is random has shorter ones.
const (
	narrowLeast = 4
	wideLeast   = 3
)

func printable(c byte) bool { return c >= ' ' && c < 0x7f }

// narrowRun is the printable ASCII at the beginning, if letters enough stand in
// it side by side.
func narrowRun(p []byte) string {
	n, letters, most := 0, 0, 0
	for ; n < len(p) && printable(p[n]); n++ {
		letters++
		if c := p[n] | 0x20; c < 'a' || c > 'z' {
			letters = 0
		}
		most = max(most, letters)
	}
	if most < narrowLeast {
		return ""
	}
	return string(p[:n])
}

// wideRun is the same of UTF-16: printable ASCII with zeros behind.
func wideRun(p []byte) string {
	var s []byte
	for i := 0; i+1 < len(p) && printable(p[i]) && p[i+1] == 0; i += 2 {
		s = append(s, p[i])
	}
	if len(s) < wideLeast {
		return ""
	}
	return string(s)
}

// oneScript reports whether the next units of two bytes have the same upper
// byte, as letters of one script have in UTF-16.
func oneScript(p []byte) bool {
	return len(p) >= 6 && p[1] != 0 && p[1] != 0xff && p[1] == p[3] && p[3] == p[5]
}
