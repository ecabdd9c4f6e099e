package mime

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// FuzzHeaderDecode gives any bytes to everything that reads a field's value.
func FuzzHeaderDecode(f *testing.F) {
	for _, s := range []string{
		"", "=?utf-8?Q?=C3=A9?= =?utf-8?b?w6k=?=", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=",
		"Ann (A) <a@b>, \"B, C\" <b@b>; t: c@d;", "Mon, 02 Jan 2006 15:04:05 -0700 (MST)", "<a@b>\r\n <c@d>", "=?utf-7?Q?+AGE-?=",
		"2006-01-02T15:04:05Z", "=?hz-gb-2312?Q?~{VPND~}?=", "\x1b$BF|K\\\x1b(B", "from a by b; 2 Jan 06 3:04 PM",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		before := bytes.Clone(value)
		var all []string
		all = append(all, DecodeText(value))
		for _, a := range ParseAddresses(value) {
			all = append(all, a.Name, a.Addr)
		}
		for _, s := range all {
			if !utf8.ValidString(s) || len(s) > 16*len(value)+16 {
				t.Fatalf("%q", s)
			}
		}
		if d, zone, ok := ParseDate(value); ok && (d.Year() < 0 || d.Year() > 10000 || zone < -24*60-60 || zone > 24*60+60) {
			t.Fatalf("date %v, zone %d", d, zone)
		}
		ReceivedDate(value)
		if !bytes.Equal(value, before) {
			t.Fatal("reading changed the value")
		}
	})
}
