package text

import "testing"

func TestTextsOfAnyCharsetAreRead(t *testing.T) {
	russian := "Уважаемые коллеги, завтра в десять часов состоится совещание по вопросу о договоре. Просим всех принять участие и подготовить необходимые документы, которые были отправлены вам на прошлой неделе."
	var cp1251 []byte
	for _, r := range russian {
		switch {
		case r == 'ё':
			cp1251 = append(cp1251, 0xb8)
		case r >= 'А' && r <= 'я':
			cp1251 = append(cp1251, byte(r-'А'+0xc0))
		default:
			cp1251 = append(cp1251, byte(r))
		}
	}
	for _, c := range []struct {
		in, declared, want, charset string
		sure                        bool
	}{
		{"plain", "", "plain", "", true},
		{"\xef\xbb\xbfa\r\nb\r", "", "a\nb\n", "", true},
		{"\xff\xfeh\x00\xe9\x00", "", "hé", "utf-16le", true},
		{"\xfe\xff\x00h\x00\xe9", "iso-8859-1", "hé", "utf-16be", true},
		{"l\x00o\x00n\x00g\x00 \x00t\x00e\x00x\x00t\x00", "", "long text", "utf-16le", true},
		{"caf\xe9", "iso-8859-1", "café", "iso-8859-1", true},
		{"caf\xe9", "", "café", "", false},
		{string(cp1251), "", russian, "windows-1251", false},
	} {
		s, charset, sure := Decode([]byte(c.in), c.declared)
		if s != c.want || charset != c.charset || sure != c.sure {
			t.Errorf("%q (%s) = %q, %q, %v, want %q, %q, %v", c.in, c.declared, s, charset, sure, c.want, c.charset, c.sure)
		}
	}
}

func TestHTMLNamesItsCharset(t *testing.T) {
	if got := HTMLCharset([]byte("<meta charset=koi8-r>\xc1"), ""); got != "koi8-r" {
		t.Errorf("%q", got)
	}
	if got := HTMLCharset([]byte("<p>\xc1"), ""); got != "" {
		t.Errorf("%q", got)
	}
}
