package report_test

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"unseal/report"
)

// hostile is a value that would become markup, or turn the order of a line.
const hostile = `"><script>alert(1)</script><b style=x onclick=y>` + "\u202Eevil"

func TestThePageKeepsTheRulesOfTheSite(t *testing.T) {
	public := deskInput()
	public.Desk = false
	public.Title = hostile
	public.Promise.Source = "javascript:alert(1)"
	public.Items[0].Sender = "a@" + hostile
	public.Items[0].Owners = []string{hostile}
	public.Items = public.Items[:6]
	for _, in := range []*report.Input{deskInput(), public, {Collection: "empty", Now: now}} {
		for name, text := range outputs(t, in) {
			if strings.HasSuffix(name, ".html") {
				checkPage(t, name, text)
			}
		}
	}
}

// checkPage holds a page against the rules that site's pages keep.
func checkPage(t *testing.T, name, text string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(text))
	must(t, err)
	ids, h1, level, policy, style := map[string]bool{}, 0, 0, "", ""
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			checkText(t, name, n)
			continue
		}
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains([]string{"script", "svg", "object", "embed", "img", "base", "link", "iframe", "form"}, n.Data) {
			t.Errorf("%s: <%s>", name, n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "src":
				t.Errorf("%s: <%s %s>", name, n.Data, a.Key)
			case a.Key == "href" && a.Val != "#main":
				t.Errorf("%s: leads to %q", name, a.Val)
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("%s: id %q stands twice", name, a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "content" && strings.HasPrefix(a.Val, "default-src"):
				policy = a.Val
			}
		}
		if n.Data == "style" {
			style = n.FirstChild.Data
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			l := int(n.Data[1] - '0')
			if l > level+1 {
				t.Errorf("%s: <%s> after level %d", name, n.Data, level)
			}
			if level = l; l == 1 {
				h1++
			}
		}
	}
	sum := sha256.Sum256([]byte(style))
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
		t.Errorf("%s: the policy %q refuses the page's own style %s", name, policy, want)
	}
	for _, bad := range []string{"url(", "@import", "http", "text-align:left", "text-align:right"} {
		if strings.Contains(style, bad) {
			t.Errorf("%s: the style has %s", name, bad)
		}
	}
	if h1 != 1 || strings.ContainsAny(text, "\u202E\u202D\u2066\u200B") {
		t.Errorf("%s: %d <h1>, or a hidden control", name, h1)
	}
}

// checkText wants every value of a cell, and whatever is hostile, in a bdi.
func checkText(t *testing.T, name string, n *html.Node) {
	t.Helper()
	inside := func(what ...string) bool {
		for p := n.Parent; p != nil; p = p.Parent {
			if slices.Contains(what, p.Data) {
				return true
			}
		}
		return false
	}
	if strings.TrimSpace(n.Data) == "" || inside("bdi", "style") {
		return
	}
	if n.Data != "None." && inside("td", "th") || inside("dd") && strings.TrimSpace(n.Data) != "%" || strings.Contains(n.Data, "evil") {
		t.Errorf("%s: %q stands outside of a bdi", name, n.Data)
	}
}

func TestALongTableIsCutOnThePageAlone(t *testing.T) {
	in := &report.Input{Collection: "mail", Desk: true, Now: now, Commitments: []report.Commitment{{K: 1, First: 1, Count: 4000}}}
	for i := range 4000 {
		it := deskInput().Items[i%2]
		it.Number = i + 1
		in.Items = append(in.Items, it)
	}
	all := outputs(t, in)
	if !strings.Contains(all["completeness.html"], "And <bdi>1700</bdi> rows more") {
		t.Error("the page does not say that rows are left out")
	}
	if n := strings.Count(all["completeness.csv"], "gaps,"); n != 2002 {
		t.Errorf("the CSV has %d lines of gaps", n)
	}
}
