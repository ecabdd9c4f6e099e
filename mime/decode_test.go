package mime

import (
	"reflect"
	"testing"
	"time"

	"unseal/trove"
)

func TestDecodeText(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"plain", " plain ", "plain"},
		{"Q", "=?utf-8?Q?caf=C3=A9_x?=", "café x"},
		{"B", "=?UTF-8?b?Y2Fmw6k=?= x", "café x"},
		{"space between words goes, folding too", "a =?utf-8?q?b?=\r\n =?utf-8?q?c?= d", "a bc d"},
		{"a letter cut between words", "=?utf-8?Q?=C3?= =?utf-8?b?qQ==?=", "é"},
		{"two charsets", "=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "éé"},
		{"raw space", "=?utf-8?Q?two words?=", "two words"},
		{"no end", "=?utf-8?Q?open=20end", "open end"},
		{"no end before the next", "=?utf-8?Q?a =?utf-8?Q?b?=", "a b"},
		{"an equals sign before the end", "=?utf-8?Q?soft=?=", "soft="},
		{"no white space around", "pre=?utf-8?Q?=41?=post", "preApost"},
		{"no padding", "=?utf-8?B?YQ?=", "a"},
		{"language", "=?utf-8*en?Q?a?=", "a"},
		{"unknown charset", "=?x-none?Q?a=FF?=", "aÿ"},
		{"unknown encoding", "=?utf-8?X?a?=", "=?utf-8?X?a?="},
		{"a mark before the word", "=?=?utf-8?Q?a?=", "=?a"},
		{"a mark alone", "=?", "=?"},
		{"8-bit of two kinds", "raw \xc3\xa9 \xe9", "raw é é"},
		{"7-bit letters", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"7-bit letters, undeclared", "\x1b$BF|K\\\x1b(B", "日本"},
		{"wide letters", "=?gb2312?B?1tDOxA==?=", "中文"},
		{"right to left", "=?windows-1256?B?x+HTyO3P?=", "السبيد"},
	} {
		if got := DecodeText([]byte(c.in)); got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.why, c.in, got, c.want)
		}
	}
}

func TestToUTF8(t *testing.T) {
	for _, c := range []struct {
		in, charset, want string
		known             bool
	}{
		{"café", "", "café", true},
		{"caf\xe9", "", "café", false},
		{"caf\xe9 é", "utf-8", "café é", false},
		{"caf\xe9 \x80", "ISO-8859-1", "café €", true}, // as the WHATWG reads it
		{"caf\xe9", "\"Latin1\"", "café", true},
		{"caf\xe9", "iso8859-1", "café", true},
		{"\xcf\xf0\xe8", "CP1251", "При", true},
		{"\xcf\xf0\xe8", "win-1251", "При", true},
		{"\x8f\xe0\xa8", "cp866", "При", true},
		{"\xf0\xd2\xc9", "koi8-r", "При", true},
		{"\x82", "cp850", "é", true},
		{"\xe7\xd1\xcd\xc8\xc7", "windows-1256", "çرحبا", true},
		{"\xc0\xc1", "tis-620", "ภม", true},
		{"\x93\xfa\x96\x7b", "x-sjis", "日本", true},
		{"\xc7\xd1", "ks_c_5601-1987", "한", true},
		{"\x1b$)C\x0e\x47\x51\x0f!", "iso-2022-kr", "한!", true},
		{"~{VPND~}", "hz-gb-2312", "中文", true},
		{"Hi Mom +Jjo-!", "utf-7", "Hi Mom ☺!", true},
		{"1 +- 1 +", "UTF-7", "1 + 1 +", true},
		{"\x4e\x2d\x65\x87\x00a", "utf-16be", "中文a", true},
		{"plain", "x-martian", "plain", true},
		{"\xe9", "x-martian", "é", false},
		{"tilde ~", "gb2312", "tilde ~", true},
	} {
		if got, known := ToUTF8([]byte(c.in), c.charset); got != c.want || known != c.known {
			t.Errorf("%q in %s: got %q %v, want %q %v", c.in, c.charset, got, known, c.want, c.known)
		}
	}
}

func TestParseAddresses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []trove.Address
	}{
		{"", nil},
		{" , ;,", nil},
		{"a@b.example", []trove.Address{{Addr: "a@b.example"}}},
		{"Ann <a@b.example>, Bob B. <b@b.example>", []trove.Address{{Name: "Ann", Addr: "a@b.example"}, {Name: "Bob B.", Addr: "b@b.example"}}},
		{`"Doe, Ann" <a@b>`, []trove.Address{{Name: "Doe, Ann", Addr: "a@b"}}},
		{"a@b (Ann (A.) Doe)", []trove.Address{{Name: "Ann (A.) Doe", Addr: "a@b"}}},
		{"team: a@b, Bob <b@b>; c@b", []trove.Address{{Addr: "a@b"}, {Name: "Bob", Addr: "b@b"}, {Addr: "c@b"}}},
		{"undisclosed-recipients:;", []trove.Address{{Name: "undisclosed-recipients"}}},
		{"=?utf-8?Q?D=C3=B6,_A?= <a@b>", []trove.Address{{Name: "Dö, A", Addr: "a@b"}}},
		{"=?utf-8?Q?a,b?= <a@b>", []trove.Address{{Name: "a,b", Addr: "a@b"}}},
		{"<@x,@y:a@b>", []trove.Address{{Addr: "a@b"}}},
		{"<< a@b >>", []trove.Address{{Addr: "a@b"}}},
		{"A <a@b> B <b@b>", []trove.Address{{Name: "A", Addr: "a@b"}, {Name: "B", Addr: "b@b"}}},
		{"Ann Doe a@b", []trove.Address{{Name: "Ann Doe", Addr: "a@b"}}},
		{`"ann doe"@b`, []trove.Address{{Addr: `"ann doe"@b`}}},
		{"ann at b.example (Ann Doe)", []trove.Address{{Name: "Ann Doe", Addr: "ann at b.example"}}},
		{"<MAILER-DAEMON>", []trove.Address{{Addr: "MAILER-DAEMON"}}},
		{"Ann Doe", []trove.Address{{Name: "Ann Doe"}}},
		{"Ann; room 7 <a@b>", []trove.Address{{Name: "Ann; room 7", Addr: "a@b"}}},
		{"Ann <a@b>; b@b; c@b", []trove.Address{{Name: "Ann", Addr: "a@b"}, {Addr: "b@b"}, {Addr: "c@b"}}},
		{"mailto:a@b", []trove.Address{{Addr: "a@b"}}},
		{`Ann "the <boss" a@b`, []trove.Address{{Name: "Ann the <boss", Addr: "a@b"}}},
		{`"open <a@b>`, []trove.Address{{Name: `"open`, Addr: "a@b"}}},
		{"(open a@b", []trove.Address{{Name: "(open", Addr: "a@b"}}},
		{"<open@b", []trove.Address{{Addr: "open@b"}}},
		{"J\xc3\xb6 <j\xc3\xb6@b>", []trove.Address{{Name: "Jö", Addr: "jö@b"}}},
	} {
		if got := ParseAddresses([]byte(c.in)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: got %+v, want %+v", c.in, got, c.want)
		}
	}
}

func TestParseDate(t *testing.T) {
	for _, c := range []struct {
		in, want string
		zone     int
	}{
		{"Mon, 02 Jan 2006 15:04:05 -0700", "2006-01-02T22:04:05Z", -420},
		{"2 Jan 2006 15:04 +0530", "2006-01-02T09:34:00Z", 330},
		{"Mon, 2 Jan 2006 15:04:05 -0700 (MST)", "2006-01-02T22:04:05Z", -420},
		{"(c) Mon (c),\r\n 2 (;) Jan 06 15:04:05 GMT", "2006-01-02T15:04:05Z", 0},
		{"2 Jan 94 15:04:05 EST", "1994-01-02T20:04:05Z", -300},
		{"2 Jan 106 15:04:05 Z", "2006-01-02T15:04:05Z", 0},
		{"Mon Jan  2 15:04:05 2006", "2006-01-02T15:04:05Z", 0},
		{"Mon Jan  2 15:04:05 PST 2006", "2006-01-02T23:04:05Z", -480},
		{"Mon, 2 January 2006 15:04:05 GMT+0200", "2006-01-02T13:04:05Z", 120},
		{"Monday, 02-Jan-06 15:04:05 UTC", "2006-01-02T15:04:05Z", 0},
		{"2006-01-02T15:04:05.123+02:00", "2006-01-02T13:04:05Z", 120},
		{"2006-01-02 15:04:05 -03", "2006-01-02T18:04:05Z", -180},
		{"2006-01-02", "2006-01-02T00:00:00Z", 0},
		{"January 2, 2006 3:04 PM", "2006-01-02T15:04:00Z", 0},
		{"lundi, 2 Jan 2006 15.04.05 +0100", "2006-01-02T14:04:05Z", 60},
		{"2 Jan 2006 15:04:05 MET DST", "2006-01-02T13:04:05Z", 120},
		{"2 Jan 2006 15:04:05 -0000", "2006-01-02T15:04:05Z", 0},
		{"2 Jan 2006 15:04:05 XYZ", "2006-01-02T15:04:05Z", 0},
		{"29 Feb 2004 23:59:60 +0000", "2004-03-01T00:00:00Z", 0},
		{"29 Feb 2005 12:00:00 +0000", "", 0},
		{"2 Jan 2006 25:00:00", "", 0},
		{"10/06/20 10:00", "", 0}, // nobody can tell
		{"2 Jan", "", 0},
		{"Whenever", "", 0},
		{"", "", 0},
	} {
		got, zone, ok := ParseDate([]byte(c.in))
		if ok != (c.want != "") || ok && (got.Format(time.RFC3339) != c.want || zone != c.zone) {
			t.Errorf("%q: got %v %d %v, want %s %d", c.in, got, zone, ok, c.want, c.zone)
		}
	}
	if got, ok := ReceivedDate([]byte("from a; x (b; c) by d; 2 Jan 2006 15:04:05 +0000")); !ok || got.Year() != 2006 {
		t.Errorf("received %v %v", got, ok)
	}
	if _, ok := ReceivedDate([]byte("from a by d")); ok {
		t.Error("a Received field without a date has one")
	}
}
