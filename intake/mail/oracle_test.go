package mail

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"unseal/mime"
	"unseal/mime/body"
)

// explained are mails of which enmime makes more than we do, with the reason
// why that is no loss.
var explained = map[string]string{
	"email-mime/enmime/testdata/parts/chardet-success-big-5.raw": "letters take more bytes in UTF-8 as enmime guesses the charset",
	"email-mime/mail-parser/eml/legacy/048.eml":                  "enmime does not decode uuencoded parts",
	"email-mime/mail-parser/eml/malformed/003.eml":               "enmime counts an empty part after the last boundary",
	"email-mime/mail-parser/eml/malformed/013.eml":               "enmime counts empty parts after the last boundary",
	"email-mime/mime4j/testmsgs/very-long-boundary.msg":          "the boundary ends in white space, which RFC 2046 forbids: we cut more parts",
	"email-mime/mime4j/testmsgs/weird-boundary.msg":              "the boundary ends in white space, which RFC 2046 forbids: we cut more parts",
	"email-mime/ruby-mail/plain_emails/raw_email5.eml":           "enmime takes UTF-8 for Latin-1 and doubles it",
	"email-mime/ruby-mail/plain_emails/raw_email6.eml":           "enmime takes UTF-8 for Latin-1 and doubles it",
}

// TestNeverLessThanEnmime holds our parts and decoded bytes against those of
// the library that reads the most broken mail of all.
func TestNeverLessThanEnmime(t *testing.T) {
	parser := enmime.NewParser(enmime.DisableTextConversion(true), enmime.MultipartWOBoundaryAsSinglePart(true),
		enmime.StripMediaTypeInvalidCharacters(true), enmime.DisableCharacterDetection(true))
	n := 0
	eachMail(t, func(path string, raw []byte, want expectation) {
		parts, size, err := enmimeLeaves(parser, raw)
		if err != nil {
			return
		}
		n++
		rec, _ := Parse(raw)
		ours := int64(0)
		for _, p := range rec.Parts {
			ours += p.Size
			if strings.HasPrefix(p.Type, "text/") { // enmime converts texts
				b, _ := body.DecodePart(raw, p)
				s, _ := mime.ToUTF8(b, p.Charset)
				ours += max(0, int64(len(s))-p.Size)
			}
		}
		why := explained[path]
		if less := len(rec.Parts) < parts || ours < size; less && why == "" {
			t.Errorf("%s: %d parts of %d bytes, enmime has %d of %d", path, len(rec.Parts), ours, parts, size)
		} else if !less && why != "" {
			t.Errorf("%s: no exception any more", path)
		}
	})
	t.Logf("%d mails compared", n)
}

// enmimeLeaves counts the leaves that enmime finds and their decoded bytes.
func enmimeLeaves(parser *enmime.Parser, raw []byte) (parts int, size int64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("enmime: %v", p)
		}
	}()
	for len(raw) > 0 && (raw[0] == '\n' || raw[0] == '\r') {
		raw = raw[1:]
	}
	if bytes.HasPrefix(raw, []byte("From ")) {
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	root, err := parser.ReadParts(bytes.NewReader(raw))
	if err != nil {
		return 0, 0, err
	}
	leaves := root.DepthMatchAll(func(p *enmime.Part) bool { return p.FirstChild == nil })
	for _, p := range leaves {
		size += int64(len(p.Content))
	}
	return len(leaves), size, nil
}
