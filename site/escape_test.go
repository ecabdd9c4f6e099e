package site

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

func TestEscapedTextCannotEndItsPlace(t *testing.T) {
	rows := []struct {
		in   string
		w    where
		want string
	}{
		{`a < b & c > d "e" 'f'`, inText, `a &lt; b &amp; c &gt; d &#34;e&#34; 'f'`},
		{`"><script>alert('1')</script>`, inAttr, `&#34;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;`},
		{"a & b", inPlain, "a & b"},
		{"invoice\u202Efdp.exe", inText, `invoice<span class="ctl">[RLO]</span>fdp.exe`},
		{"invoice\u202Efdp.exe", inAttr, "invoice[RLO]fdp.exe"},
		{"invoice\u202Efdp.exe", inPlain, "invoice[RLO]fdp.exe"},
		{"a\u2066b\u2069", inBody, `a<span class="ctl">[LRI]</span>b<span class="ctl">[PDI]</span>`},
		{"pass\u200Bword", inText, `pass<span class="ctl">[ZWSP]</span>word`},
		{"pass\u200Bword", inBody, "pass\u200Bword"},
		{"a\u200Db", inText, `a<span class="ctl">[ZWJ]</span>b`},
		{"می\u200Cخواهم", inText, "می\u200Cخواهم"},
		{"👩\u200D🚀", inText, "👩\u200D🚀"},
		{"\U000E0041x", inText, `<span class="ctl">[hidden]</span>x`},
		{"a\x00b\x1bc\x7f", inText, `a␀b␛c␡`},
		{"a\tb\nc", inText, "a\tb\nc"},
		{"bad\xff\xfeutf8", inText, "bad\uFFFD\uFFFDutf8"},
		{"c1\u0085x", inText, "c1\uFFFDx"},
		{"\uFEFFstart", inText, `<span class="ctl">[BOM]</span>start`},
		{"Élection — تحديث 会议", inText, "Élection — تحديث 会议"},
	}
	for _, row := range rows {
		if got := string(appendEscaped(nil, row.in, row.w)); got != row.want {
			t.Errorf("%q in place %d: got %q, want %q", row.in, row.w, got, row.want)
		}
	}
}

func FuzzEscaped(f *testing.F) {
	for _, s := range []string{"", "<>&\"'", "\u202E", "\xff", "a\u200Db", "🏳️\u200D🌈", "\x00", "</bdi>", "&lt;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		attr := string(appendEscaped(nil, s, inAttr))
		if strings.ContainsAny(attr, `<>"'`) || !utf8.ValidString(attr) {
			t.Fatalf("attribute value %q can end its place", attr)
		}
		nodes, err := html.Parse(strings.NewReader(`<p id="x">` + string(appendEscaped(nil, s, inBody)) + "</p>"))
		if err != nil {
			t.Fatal(err)
		}
		for n := range nodes.Descendants() {
			if n.Type == html.ElementNode && !strings.Contains(" html head body p span ", " "+n.Data+" ") {
				t.Fatalf("%q made an element %s", s, n.Data)
			}
		}
	})
}

func TestCutKeepsWholeCharactersAndWords(t *testing.T) {
	for _, row := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 10, "short"},
		{"one two three four", 12, "one two…"},
		{"ééééé", 5, "ééééé"},
		{"éééééé", 5, "ééééé…"},
		{"a verylongwordwithoutspaces", 10, "a verylong…"},
	} {
		if got := cut(row.in, row.n); got != row.want {
			t.Errorf("cut(%q, %d) = %q, want %q", row.in, row.n, got, row.want)
		}
	}
}
