package redact

import (
	"errors"
	"regexp"
	"testing"

	"unseal/trove"
)

// Whatever the bytes are, Find returns sorted places inside them, the same
// ones again, and a second look finds nothing.
func FuzzFind(f *testing.F) {
	for _, raw := range writings(f) {
		f.Add([]byte(raw), "Quimperlé Harbour", true)
	}
	for _, content := range packedFiles(f) {
		f.Add([]byte(attached(content)), "quimperle harbour", false)
		f.Add([]byte(content), "Quimperle", false)
	}
	f.Add([]byte(signed("at "+phone)), phone, true)
	f.Fuzz(func(t *testing.T, raw []byte, word string, mail bool) {
		kind := trove.File
		if mail {
			kind = trove.Mail
		}
		sel := Selection{Words: []string{word}, Bytes: [2]int64{int64(len(raw) / 3), int64(len(raw) / 2)}}
		if re, err := regexp.Compile(word); err == nil && len(word) < 20 {
			sel.Text = re
		}
		found, err := Find(raw, kind, sel)
		if err != nil {
			if !errors.Is(err, ErrNothing) {
				t.Fatal(err)
			}
			return
		}
		last := int64(0)
		for _, p := range found.Places {
			if p.From < last || p.To <= p.From || p.To > int64(len(raw)) {
				t.Fatalf("places %+v of %d bytes", found.Places, len(raw))
			}
			last = p.To
		}
		for i, b := range found.Bounds {
			if b < 0 || b > int64(len(raw)) || i > 0 && b <= found.Bounds[i-1] {
				t.Fatalf("bounds %v of %d bytes", found.Bounds, len(raw))
			}
		}
		again, err := Find(raw, kind, sel)
		if err != nil || len(again.Places) != len(found.Places) {
			t.Fatalf("first %+v, then %+v, %v", found.Places, again.Places, err)
		}
	})
}
