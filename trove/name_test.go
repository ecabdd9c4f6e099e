package trove

import (
	"strings"
	"testing"
)

func TestNamesReadBackToThemselves(t *testing.T) {
	for _, s := range []string{
		"mail", "mail/5205", "mail/5205@2", "mail/5205/att/1", "mail/batch/23", "mail/33101-34103", "a-b-1/1@3/att/2",
	} {
		n, err := ParseName(s)
		if err != nil {
			t.Errorf("ParseName(%q): %v", s, err)
			continue
		}
		if n.String() != s {
			t.Errorf("%q reads back as %q", s, n)
		}
	}
	if n, err := ParseName("mail@23"); err != nil || n.String() != "mail/batch/23" {
		t.Errorf("mail@23 = %v, %v; want mail/batch/23", n, err)
	}
}

func TestBadNamesAreRefused(t *testing.T) {
	for _, s := range []string{
		"", "/", "Mail", "mail/", "mail/0", "mail/01", "mail/-1", "mail/1-", "mail/3-2", "mail/1-2@1", "mail/1-2/att/1",
		"mail/1@", "mail/1@0", "mail/att/1", "mail/1/att/", "mail@2/3", "mail@x", "mail/batch/", "-mail", "mail/../x",
		"mail/99999999999", strings.Repeat("a", 64), "mäil",
	} {
		if n, err := ParseName(s); err == nil {
			t.Errorf("ParseName(%q) = %+v, want an error", s, n)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"mail/5205@2/att/1", "mail@23", "mail/1-2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseName(s)
		if err != nil {
			return
		}
		if m, err := ParseName(n.String()); err != nil || m != n {
			t.Fatalf("%q = %+v reads back as %+v, %v", s, n, m, err)
		}
	})
}
