package mime

import (
	"errors"
	"strings"
	"testing"
)

func TestFieldsStandAsTheyAre(t *testing.T) {
	raw := "Received: a\r\n\tb\r\nSUBJECT : hi =?utf-8?q?=C3=A4?=\r\n>From x\r\nTo:\r\n\r\nbody"
	h, err := ReadHeader([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	var joined strings.Builder
	for _, f := range h.Fields {
		if raw[f.Offset:f.Offset+len(f.Raw)] != string(f.Raw) {
			t.Errorf("field %q is not at %d", f.Raw, f.Offset)
		}
		joined.Write(f.Raw)
	}
	if joined.String()+"\r\nbody" != raw || raw[h.Body:] != "body" {
		t.Errorf("fields %q and body at %d do not make up the message", joined.String(), h.Body)
	}
	if f := h.First("subject"); f.Name() != "SUBJECT" || f.Text() != "hi ä" || string(f.Value()) != " hi =?utf-8?q?=C3=A4?=" {
		t.Errorf("subject is %q: %q, %q", f.Name(), f.Value(), f.Text())
	}
	if f := h.Fields[2]; f.Name() != "" || f.Value() != nil {
		t.Errorf("%q counts as a field", f.Raw)
	}
	if f := h.First("Cc"); f.Raw != nil {
		t.Errorf("found %q", f.Raw)
	}
}

func TestHeaderEnds(t *testing.T) {
	for _, c := range []struct{ raw, first, body string }{
		{"A: b\n\nbody", "A: b\n", "body"},
		{"A: b\n\r\nbody", "A: b\n", "body"},
		{"A: b\nno field\nB: c\n", "A: b\n", "no field\nB: c\n"},
		{"From me Mon\nA: b\n\nx", "A: b\n", "x"},
		{"\xef\xbb\xbf\r\n\nA: b\n\nx", "A: b\n", "x"},
		{"A: b", "A: b", ""},
		{"A: b\n \n\nx", "A: b\n \n", "x"},
		{"", "", ""},
		{"\n\n", "", ""},
	} {
		h, err := ReadHeader([]byte(c.raw))
		if err != nil {
			t.Fatal(err)
		}
		first := ""
		if len(h.Fields) > 0 {
			first = string(h.Fields[0].Raw)
		}
		if first != c.first || c.raw[h.Body:] != c.body {
			t.Errorf("%q: first field %q, body %q", c.raw, first, c.raw[h.Body:])
		}
	}
}

func TestHeaderLimits(t *testing.T) {
	for what, raw := range map[string]string{
		"header lines": strings.Repeat("A: b\n", MaxHeaderLines+1),
		"header":       "A: " + strings.Repeat("b", MaxHeader),
	} {
		_, err := ReadHeader([]byte(raw))
		if limit := (*LimitError)(nil); !errors.As(err, &limit) || limit.What != what {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := ReadHeader([]byte(strings.Repeat("A: b\n", MaxHeaderLines))); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}
