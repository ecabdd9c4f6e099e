package body

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"unseal/mime"
)

func TestTransferEncodings(t *testing.T) {
	for _, c := range []struct{ encoding, in, want string }{
		{"", "as it=20is", "as it=20is"},
		{"base64", "YWJj\r\nZGVm\r\n", "abcdef"},
		{"base64", "YWJjZA", "abcd"},
		{"base64", "YWJj ZGVm!?", "abcdef"},
		{"base64", "YQ==\nYg==\n", "ab"},
		{"base64", "YQ==\n-- \nlist footer\n", "a"},
		{"base64", "=", ""},
		{"base64", "A", ""},
		{"quoted-printable", "a=3Db=\r\nc \r\nd", "a=bc\r\nd"},
		{"quoted-printable", "=e9= \n=E9=4=", "\xe9\xe9=4"},
		{"quoted-printable", "100=% =zz\n", "100=% =zz\n"},
		{"uuencode", "begin 644 a.txt\n#86)C\n`\nend\n", "abc"},
		{"uuencode", "text\nbegin 644 a.txt\n#86)C\n#86)C\nend\nmore\n", "abcabc"},
		{"uuencode", "begin 644 a\nM\nend\n", strings.Repeat("\x00", 45)},
	} {
		if got := Decode([]byte(c.in), c.encoding); string(got) != c.want {
			t.Errorf("%s %q: got %q, want %q", c.encoding, c.in, got, c.want)
		}
	}
}

// A line of two bytes may stand for 63, so that what comes out needs a bound
// of its own.
func TestUUDecodingIsBounded(t *testing.T) {
	if got := len(DecodeUU(bytes.Repeat([]byte("_\n"), 3<<20))); got < MaxMessage || got > MaxMessage+64 {
		t.Errorf("%d bytes", got)
	}
}

func TestParameters(t *testing.T) {
	for _, c := range []struct{ in, kind, name string }{
		{`text/plain`, "text/plain", ""},
		{`Text/Plain; Name=a.txt`, "text/plain", "a.txt"},
		{`a/b; name="a;b \"c\" \d.txt"; x=y`, "a/b", `a;b "c" \d.txt`},
		{`a/b; name=a b (1).txt; x`, "a/b", "a b (1).txt"},
		{`a/b (c;name=no); (c) name=yes`, "a/b", "yes"},
		{`a/b name=a`, "a/b", "a"},
		{`a/b; name="open`, "a/b", "open"},
		{"a/b;\r\n\tname=\"a\r\n b\"", "a/b", "a b"},
		{`a/b; name="=?utf-8?Q?=C3=A4?="`, "a/b", "ä"},
		{"a/b; name=\"\xe4\"", "a/b", "ä"},
		{`a/b; name*=iso-8859-1'de'%E4%`, "a/b", "ä%"},
		{`a/b; name*1*=%A4; name*0*=utf-8''%C3; name*2="%41"`, "a/b", "ä%41"},
		{`a/b; name*0="=?utf-8?Q?=C3=A4"; name*1="?="`, "a/b", "ä"},
		{`a/b; name=plain; name*=utf-8''better`, "a/b", "better"},
		{`a/b; names=x`, "a/b", ""},
		{`;=;`, "", ""},
		{``, "", ""},
	} {
		m := ParseMedia([]byte(c.in))
		if got := m.Param("name"); m.Type != c.kind || got != c.name {
			t.Errorf("%q: got %q %q, want %q %q", c.in, m.Type, got, c.kind, c.name)
		}
	}
}

// TestEncodingRoundTrips holds the decoders against an encoder that is none of
// ours, over every byte value.
func TestEncodingRoundTrips(t *testing.T) {
	var all []byte
	for i := range 3 * 256 {
		all = append(all, byte(i*7))
	}
	for n := range len(all) {
		b := all[:n]
		if got := mime.DecodeBase64(encodeBase64(b)); !bytes.Equal(got, b) {
			t.Fatalf("base64 of %d bytes", n)
		}
		if got := DecodeQuotedPrintable(encodeQP(t, b)); !bytes.Equal(got, b) {
			t.Fatalf("quoted-printable of %d bytes: %q is not %q", n, got, b)
		}
	}
}

// FuzzParameters gives any bytes to what reads a value with parameters.
func FuzzParameters(f *testing.F) {
	for _, s := range []string{"", "a/b; name*1*=%A4; name*0*=utf-8''%C3", `a/b (c;name=no); (c) name="a\"b`, "a/b; name*=''%", ";=;*=*"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		before := bytes.Clone(value)
		for _, s := range []string{ParseMedia(value).Type, ParseMedia(value).Param("name")} {
			if !utf8.ValidString(s) || len(s) > 16*len(value)+16 {
				t.Fatalf("%q", s)
			}
		}
		if !bytes.Equal(value, before) {
			t.Fatal("reading changed the value")
		}
	})
}
