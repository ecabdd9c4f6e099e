package mail

import (
	"strings"
	"testing"
	"unicode/utf8"

	"unseal/mime"
	"unseal/trove"
)

// check holds a parse result against the promises of the package.
func check(t *testing.T, name string, raw []byte, rec trove.Record, text string) {
	t.Helper()
	if !utf8.ValidString(text) || strings.Contains(text, "\r") || len(text) > MaxText {
		t.Errorf("%s: the text is no text", name)
	}
	for _, p := range rec.Parts {
		b, err := mime.DecodePart(raw, p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if int64(len(b)) != p.Size || trove.Sum(b) != p.SHA256 {
			t.Errorf("%s: part %s decodes to other bytes than recorded", name, p.Path)
		}
		if !utf8.ValidString(p.Name + p.Type + p.Charset + p.Disposition + p.ContentID) {
			t.Errorf("%s: part %s has invalid UTF-8", name, p.Path)
		}
	}
	for _, w := range rec.Warnings {
		if w.Code == "" || w.Text == "" || w.Offset < 0 || w.Offset > int64(len(raw)) {
			t.Errorf("%s: warning %+v", name, w)
		}
	}
}
