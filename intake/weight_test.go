package intake

import (
	"encoding/json"
	"strings"
	"testing"

	"unseal/intake/mail"
)

// What is in flight is bounded by weights, so no mail may make more of itself
// than a small multiple of its own.
func TestAMailMakesNotMuchMoreThanItWeighs(t *testing.T) {
	const n = 1 << 16
	fill := func(unit string) string { return strings.Repeat(unit, n/len(unit)) }
	multipart := "Content-Type: multipart/mixed; boundary=b\n\n"
	for name, raw := range map[string]string{
		"boundaries":        multipart + strings.Repeat("--b\n\n", 9_000),
		"embedded messages": multipart + strings.Repeat("--b\nContent-Type: message/rfc822\n\n\n", 4_000),
		"addresses":         "To: " + fill("a,") + "\n\n",
		"references":        "References: " + fill("<a>") + "\n\n",
		"warnings":          fill("Date: x\n") + "\n",
		"control letters":   "Subject: " + fill("\x01") + "\n\n",
		"uuencoded files":   "A: b\n\n" + fill("begin 644 x\n#86)C\nend\n"),
		"windows-1252":      "Content-Type: text/plain; charset=windows-1252\n\n" + fill("\x80"),
		"HTML":              "Content-Type: text/html\n\n<blockquote><blockquote><blockquote><blockquote><blockquote><blockquote><blockquote><blockquote>" + fill("<br>a"),
	} {
		rec, text := mail.Parse([]byte(raw))
		b, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		if made, most := len(b)+len(text), 12*int(weight([]byte(raw))); made > most || len(b) < 200 {
			t.Errorf("%s: %d bytes of record and %d of text from a weight of %d", name, len(b), len(text), weight([]byte(raw)))
		}
	}
}
