package static

import (
	"strings"
	"testing"
)

func TestSegmentsAreNamesOnAnySystem(t *testing.T) {
	for in, want := range map[string]string{"5205": "5205", "page-1.png": "page-1.png", "5205@2": "5205@2", "5205.tlog-proof": "5205.tlog-proof"} {
		if got := segment(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
	seen := map[string]string{}
	for _, in := range []string{"", ".", "..", "A", "a", "con", "nul.txt", "a.", "a b", "../x", `..\x`, "x-0123", "é", strings.Repeat("a", 300), "a\x00", ".ht", "A.PNG"} {
		got := segment(in)
		if !plain.MatchString(got) || len(got) > maxSegment || reserved.MatchString(got) {
			t.Errorf("%q becomes %q", in, got)
		}
		if other, ok := seen[strings.ToLower(got)]; ok {
			t.Errorf("%q and %q are one file", in, other)
		}
		seen[strings.ToLower(got)] = in
	}
	if got := segment("A.PNG"); !strings.HasSuffix(got, ".png") {
		t.Errorf("a short ending is kept: %q", got)
	}
}

func TestPagesHaveFiles(t *testing.T) {
	for want, a := range map[string]address{
		"index.html": {}, "c/index.html": {path: "c/"}, "c/mail/5205.html": {path: "c/mail/5205"}, "c/mail/5205/all-1.html": {"c/mail/5205", "all=1"},
		"c/mail/from-25.html": {"c/mail/", "from=25"}, "c/mail/3/sheet-2_all-1.html": {"c/mail/3", "sheet=2&all=1"}, "search/help.html": {path: "search/help"},
	} {
		if got := pageFile(a); got != want {
			t.Errorf("%v is %q, want %q", a, got, want)
		}
	}
}

func TestRelative(t *testing.T) {
	for _, c := range [][3]string{{"index.html", "c/index.html", "c/index.html"}, {"c/mail/5.html", "c/mail/5.eml", "5.eml"}, {"c/mail/5/verify.html", "index.html", "../../../index.html"},
		{"c/mail/5.html", "c/mail/5/verify.html", "5/verify.html"}, {"fr/c/mail/5.html", "c/mail/5.eml", "../../../c/mail/5.eml"}, {"c/ab/x", "c/abc/y", "../abc/y"}} {
		if got := relative(c[0], c[1]); got != c[2] {
			t.Errorf("from %s to %s: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestRewrite(t *testing.T) {
	to := func(_ *tag, link string) target {
		switch link {
		case "keep":
			return target{to: "kept.html"}
		case "save":
			return target{to: "x.bin", save: `a"b<.pdf`}
		}
		return target{}
	}
	for in, want := range map[string]string{
		`<p><a class="x" href="keep" rel="next">a</a></p>`: `<p><a class="x" href="kept.html" rel="next">a</a></p>`,
		`<a href="dead">a <b>b</b></a> text`:               `<a>a <b>b</b></a> text`,
		`<a href="save">a</a>`:                             `<a href="x.bin" download="a&#34;b&lt;.pdf">a</a>`,
		`<link rel="x" href="dead"><link href="keep">`:     `<link href="kept.html">`,
		`1<form action="dead"><input></form>2`:             `12`,
		`<form action="keep"><input></form>`:               `<form action="kept.html"><input></form>`,
		`<img src="dead" alt="x">y`:                        `y`,
		`<meta charset="utf-8"><meta name="x">`:            `<meta charset="utf-8">HEAD<meta name="x">`,
		`a < b <p title="<a href=&quot;">`:                 `a < b <p title="<a href=&quot;">`,
		`<iframe srcdoc="&lt;a href=&#34;dead">`:           `<iframe srcdoc="&lt;a href=&#34;dead">`,
		`<a href="keep`:                                    `<a href="keep`,
		`<form action="dead">never`:                        ``,
	} {
		if got := string(rewrite([]byte(in), "HEAD", to)); got != want {
			t.Errorf("%s\nbecomes %s\nwant    %s", in, got, want)
		}
	}
}

func TestPolicyTag(t *testing.T) {
	got := policyTag("sandbox; default-src 'none'; style-src 'self'; frame-ancestors 'none'")
	if want := `<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;self&#39; file:"><meta name="referrer" content="no-referrer">`; got != want {
		t.Error(got)
	}
}

// FuzzRewrite: whatever a page holds, no link of it is left that was not asked
// for, and nothing is read beyond its end.
func FuzzRewrite(f *testing.F) {
	f.Add([]byte(`<p><a href="keep">a</a><form action="dead"></form><img src="x">`))
	f.Add([]byte(`<a href="`))
	f.Add([]byte(`<a href=x b="c><d e='f`))
	f.Fuzz(func(t *testing.T, page []byte) {
		out := rewrite(page, "", func(*tag, string) target { return target{to: "known.html"} })
		links(out, func(_ *tag, link string) {
			if link != "known.html" {
				t.Errorf("%q leaves the link %q: %q", page, link, out)
			}
		})
		out = rewrite(page, "", func(*tag, string) target { return target{} })
		links(out, func(tag *tag, link string) { t.Errorf("%q leaves <%s> with %q: %q", page, tag.name, link, out) })
	})
}

// FuzzAddress: whatever a link says, its file stays in the folder.
func FuzzAddress(f *testing.F) {
	f.Add("../../../../etc/passwd")
	f.Add("5/made/..%2f..%2fx?all=1#p3")
	f.Add("//host/%00?a=b")
	f.Fuzz(func(t *testing.T, link string) {
		a, _, ok := parseAddress(address{path: "c/mail/5"}, link, "https://harbour.example")
		if !ok {
			return
		}
		for _, name := range []string{pageFile(a), answerFile(a, link)} {
			if !isLocal(name) {
				t.Errorf("%q becomes %q", link, name)
			}
		}
	})
}

func isLocal(name string) bool {
	for s := range strings.SplitSeq(name, "/") {
		if !plain.MatchString(s) && s != "" || len(s) > maxSegment+10 {
			return false
		}
	}
	return !strings.HasPrefix(name, "/")
}
