package blob

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"unseal/trove"
)

func TestUnquote(t *testing.T) {
	for _, test := range []struct {
		in, out    string
		reversible bool
	}{
		{"", "", true},
		{"hello\n", "hello\n", true},
		{">From a\n", "From a\n", true},
		{">>From a\n", ">From a\n", true},
		{"a\n>From b\n>>>From c\n", "a\nFrom b\n>>From c\n", true},
		{"a >From b\n", "a >From b\n", true},
		{"a>>From b\n", "a>>From b\n", true},
		{"> >From b\n", "> >From b\n", true},
		{">from a\n>Frommage\n>From\n", ">from a\n>Frommage\n>From\n", true},
		{"a\r\n>From b\r\n", "a\r\nFrom b\r\n", true},
		{"a\r>From b", "a\r>From b", true}, // a bare CR ends no line
		{"x\n>From the end", "x\nFrom the end", true},
		{"From a\n", "From a\n", false},
		{"a\nFrom b\n>From c\n", "a\nFrom b\nFrom c\n", false},
	} {
		in := []byte(test.in)
		if got := string(Unquote(trove.MboxRD, in)); got != test.out {
			t.Errorf("Unquote(%q) = %q, want %q", test.in, got, test.out)
		}
		if string(in) != test.in {
			t.Errorf("Unquote changed its argument %q", test.in)
		}
		if got := Reversible(trove.MboxRD, in); got != test.reversible {
			t.Errorf("Reversible(%q) = %v", test.in, got)
		}
		if !bytes.Equal(Unquote(trove.Verbatim, in), in) || !bytes.Equal(Quote(trove.Verbatim, in), in) || !Reversible(trove.Verbatim, in) {
			t.Errorf("the verbatim rule changes %q", test.in)
		}
	}
}

// TestUnquoteIsLinear: a hostile mailbox of nothing but '>' must not take long;
// a quadratic walk would not end before the test's own deadline.
func TestUnquoteIsLinear(t *testing.T) {
	for _, text := range []string{
		strings.Repeat(">", 8<<20) + "From ",
		strings.Repeat(">From ", 2<<20),
		strings.Repeat("\n>From ", 2<<20),
		"x" + strings.Repeat(">", 4<<20) + "From " + strings.Repeat(">", 4<<20) + "From ",
	} {
		b := []byte(text)
		if un := Unquote(trove.MboxRD, b); !bytes.Equal(Quote(trove.MboxRD, un), b) {
			t.Errorf("%.20q… does not come back", text)
		}
	}
}

var (
	quotedLine   = regexp.MustCompile(`(?m)^>(>*From )`)
	unquotedLine = regexp.MustCompile(`(?m)^(>*From )`)
)

// FuzzQuote compares with the rule as a regular expression, and with the
// promises of Quote and Reversible.
func FuzzQuote(f *testing.F) {
	f.Add([]byte("a\n>From b\nFrom c\n>>From d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		un, quoted := Unquote(trove.MboxRD, b), Quote(trove.MboxRD, b)
		if want := quotedLine.ReplaceAll(b, []byte("$1")); !bytes.Equal(un, want) {
			t.Errorf("Unquote(%q) = %q, want %q", b, un, want)
		}
		if want := unquotedLine.ReplaceAll(b, []byte(">$1")); !bytes.Equal(quoted, want) {
			t.Errorf("Quote(%q) = %q, want %q", b, quoted, want)
		}
		if !bytes.Equal(Unquote(trove.MboxRD, quoted), b) {
			t.Errorf("%q does not come back from quoting", b)
		}
		if back := bytes.Equal(Quote(trove.MboxRD, un), b); back != Reversible(trove.MboxRD, b) {
			t.Errorf("Reversible(%q) = %v", b, !back)
		}
	})
}
