package text

import (
	"strings"
	"testing"
)

// FuzzHTML gives any HTML to the layout as text.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{"<p>a<br>b", "<pre>\n\ta", "<a href=x>y</a>", "<blockquote><li>q", "<td><td>", "\u00a0\xc2", "<script>x</script><style/><title>t", "&amp;&#x;<!--"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := HTML(s, 1<<20)
		if len(text) > 20*len(s)+100 || strings.ContainsRune(text, '\r') {
			t.Fatalf("%d bytes of text from %d", len(text), len(s))
		}
	})
}
