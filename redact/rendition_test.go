package redact

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"unseal/mime/body"
	"unseal/proof"
	"unseal/trove"
)

// shown is the copy that an archive shows: the places are widened to segments.
func shown(t rapid.TB, raw string, f Found) string {
	t.Helper()
	var cuts []proof.Cut
	for _, p := range f.Places {
		cuts = append(cuts, proof.Cut{From: p.From, To: p.To, Base64: p.Base64})
	}
	copied, _, _, err := proof.Redact(proof.ItemSecret{}, proof.Seed{}, []byte(raw), cuts, f.Bounds)
	if err != nil {
		t.Fatal(err)
	}
	return string(copied)
}

// skeleton is the structure of a mail: the paths and types of its parts and the
// names of their fields.
func skeleton(raw string) []string {
	msg, _ := body.Walk([]byte(raw))
	var list []string
	for _, p := range msg.Parts {
		line := p.Path + " " + p.Type + " " + p.Encoding
		for _, f := range p.Header.Fields {
			line += " " + f.Name()
		}
		list = append(list, line)
	}
	return list
}

func TestACopyKeepsTheStructureOfItsMail(t *testing.T) {
	all := writings(t)
	for name, content := range packedFiles(t) {
		all["packed "+name] = attached(content)
	}
	all["signed"] = signed("at " + hiddenWord + ".\r\n")
	all["boundary and name"] = bodyOf("Content-Type: multipart/mixed; boundary=\"b\"; name=\"a "+hiddenWord+"\"\r\n", "--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n")
	all["name before the charset"] = bodyOf("Content-Type: text/plain; name=\""+hiddenWord+".txt\";\r\n\tcharset=utf-8\r\n", "x")
	for name, raw := range all {
		f := find(t, raw, Selection{Words: []string{hiddenWord}})
		copied := shown(t, raw, f)
		if got := leaks(t, copied, hiddenWord); len(got) > 0 {
			t.Errorf("%s: still there: %v in\n%s", name, got, copied)
		}
		if was, is := skeleton(raw), skeleton(copied); name != "embedded b64" && !slices.Equal(was, is) {
			t.Errorf("%s: parts were\n%s\nand are\n%s\nin\n%s", name, strings.Join(was, "\n"), strings.Join(is, "\n"), copied)
		}
	}
}

func TestRandomCopiesKeepTheirStructure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &shop{T: t}
		raw := s.mail(3)
		word := rapid.SampledFrom(s.words).Draw(t, "hidden")
		f, err := Find([]byte(raw), trove.Mail, Selection{Words: []string{word}})
		if err != nil {
			t.Fatal(err)
		}
		if was, is := skeleton(raw), skeleton(shown(t, raw, f)); !slices.Equal(was, is) {
			t.Fatalf("parts were\n%s\nand are\n%s", strings.Join(was, "\n"), fmt.Sprintf("%s\nin\n%s", strings.Join(is, "\n"), shown(t, raw, f)))
		}
	})
}
