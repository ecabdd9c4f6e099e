package body

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"unseal/mime"
	"unseal/trove"
)

// outline writes the parts of a message as "path kind type body" lines.
func outline(raw string, msg *Message) string {
	var b strings.Builder
	for i := range msg.Parts {
		p := &msg.Parts[i]
		kind := [...]string{"leaf", "multi", "message"}[p.Kind]
		body := ""
		if p.Kind == Leaf {
			body = fmt.Sprintf(" %q", raw[p.Offset:p.End])
		}
		fmt.Fprintf(&b, "%s %s %s%s\n", p.Path, kind, p.Type, body)
	}
	return b.String()
}

func TestWalkFindsEveryPart(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"plain", "A: b\n\nbody\n", "1 leaf text/plain \"body\\n\"\n"},
		{"empty", "", "1 leaf text/plain \"\"\n"},
		{"no header", "\n\nhello\nworld", "1 leaf text/plain \"hello\\nworld\"\n"},
		{
			"mixed", "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: IMAGE/PNG\r\n\r\n\r\n--b--\r\nepilogue",
			" multi multipart/mixed\n1 leaf text/plain \"one\"\n2 leaf image/png \"\"\n",
		},
		{
			"nested, the inner one not closed",
			"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\nx\n--ab\nContent-Type: text/html\n\ny\n--a\n\nz\n--a--\n",
			" multi multipart/mixed\n1 multi multipart/alternative\n1.1 leaf text/plain \"x\"\n1.2 leaf text/html \"y\"\n2 leaf text/plain \"z\"\n",
		},
		{
			"embedded", "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\nSubject: x\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nin\n--c--\n\n--a\nContent-Type: message/rfc822\n\nSubject: y\n\nflat\n--a--\n",
			" multi multipart/mixed\n1 message message/rfc822\n1 multi multipart/mixed\n1.1 leaf text/plain \"in\"\n2 message message/rfc822\n2.1 leaf text/plain \"flat\"\n",
		},
		{
			"digest", "Content-Type: multipart/digest; boundary=a\n\n--a\n\nSubject: x\n\nin\n--a--\n",
			" multi multipart/digest\n1 message message/rfc822\n1.1 leaf text/plain \"in\"\n",
		},
		{"message of a message", "Content-Type: message/rfc822\n\nA: b\n\nx", "1 message message/rfc822\n1.1 leaf text/plain \"x\"\n"},
		{"no boundary named", "Content-Type: multipart/mixed\n\n--a\n\nx\n", "1 leaf multipart/mixed \"--a\\n\\nx\\n\"\n"},
		{"boundary never seen", "Content-Type: multipart/mixed; boundary=b\n\n--a\n\nx\n", "1 leaf multipart/mixed \"--a\\n\\nx\\n\"\n"},
		{"only closed", "Content-Type: multipart/mixed; boundary=b\n\nx\n--b--\ny", "1 leaf multipart/mixed \"x\\n--b--\\ny\"\n"},
		{"boundary in the header of a part", "Content-Type: multipart/mixed; boundary=\"=_x:y\"\n\n--=_x:y\nA: b\n--=_x:y\n\nz", " multi multipart/mixed\n1 leaf text/plain \"\"\n2 leaf text/plain \"z\"\n"},
		{"boundary at once", "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n--b--", " multi multipart/mixed\n1 leaf text/plain \"\"\n2 leaf text/plain \"\"\n"},
		{"text after the boundary", "Content-Type: multipart/mixed; boundary=b\n\n--b c\n\nx\n--bc\n--b-- d\n", " multi multipart/mixed\n1 leaf text/plain \"x\\n--bc\"\n"},
		{"boundary split after RFC 2231", "Content-Type: multipart/mixed; boundary*0=\"a\"; boundary*1=\"b\"\n\n--ab\n\nx\n", " multi multipart/mixed\n1 leaf text/plain \"x\\n\"\n"},
		{"folding without white space", "Content-Type: multipart/mixed;\nboundary=b\n\n--b\n\nx\n--b--\n", " multi multipart/mixed\n1 leaf text/plain \"x\"\n"},
	} {
		msg, err := Walk([]byte(c.raw))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := outline(c.raw, msg); got != c.want {
			t.Errorf("%s:\n%swant\n%s", c.name, got, c.want)
		} else if err := sound([]byte(c.raw), msg); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// sound checks what a walk promises of any bytes.
func sound(raw []byte, msg *Message) error {
	if len(msg.Parts) == 0 || msg.Parts[0].Parent != -1 || msg.Parts[0].After != len(msg.Parts) {
		return errors.New("the first part is not the message")
	}
	for i := range msg.Parts {
		p := &msg.Parts[i]
		if p.Offset < p.Header.Body || p.Offset > p.End || p.End > len(raw) {
			return fmt.Errorf("part %d is not inside the message", i)
		}
		if p.After <= i || p.After > len(msg.Parts) || p.Parent >= i || p.Kind == Leaf && p.After != i+1 || p.Kind == Embedded && p.After < i+2 {
			return fmt.Errorf("part %d is out of order", i)
		}
		for _, f := range p.Header.Fields {
			if string(raw[f.Offset:f.Offset+len(f.Raw)]) != string(f.Raw) {
				return fmt.Errorf("a field of part %d is not where it says", i)
			}
		}
		if p.Parent < 0 {
			continue
		}
		if q := &msg.Parts[p.Parent]; p.Offset < q.Offset || p.End > q.End || q.Kind == Leaf {
			return fmt.Errorf("part %d is not inside part %d", i, p.Parent)
		}
		if p.Parent < i-1 && msg.Parts[i-1].Kind == Leaf && p.Header.Body < msg.Parts[i-1].End {
			return fmt.Errorf("part %d begins inside the one before it", i)
		}
	}
	return nil
}

func TestWalkKeepsWhatStandsAfterTheLastPart(t *testing.T) {
	raw := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\nepilogue"
	msg, err := Walk([]byte(raw))
	if err != nil || raw[msg.Parts[0].Epilogue:msg.Parts[0].End] != "epilogue" {
		t.Errorf("epilogue at %d, %v", msg.Parts[0].Epilogue, err)
	}
}

func TestWalkLimits(t *testing.T) {
	parts := func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\n", n)
	}
	depth := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d.\n\n--b%d.\n", i, i)
		}
		return b.String()
	}
	for _, c := range []struct{ what, at, over string }{
		{"message", "A: b\n\n" + strings.Repeat("x", MaxMessage-6), "A: b\n\n" + strings.Repeat("x", MaxMessage-5)},
		{"parts", parts(MaxParts - 1), parts(MaxParts)},
		{"depth", depth(MaxDepth), depth(MaxDepth + 1)},
		{"header lines", "X: y\nContent-Type: message/rfc822\n\n" + strings.Repeat("A: b\n", mime.MaxHeaderLines), "X: y\nContent-Type: message/rfc822\n\n" + strings.Repeat("A: b\n", mime.MaxHeaderLines+1)},
	} {
		if _, err := Walk([]byte(c.at)); err != nil {
			t.Errorf("%s: at the limit: %v", c.what, err)
		}
		msg, err := Walk([]byte(c.over))
		if limit := (*mime.LimitError)(nil); !errors.As(err, &limit) || limit.What != c.what {
			t.Errorf("%s: over the limit: %v", c.what, err)
		}
		if len(msg.Header().Fields) == 0 {
			t.Errorf("%s: the header is lost", c.what)
		}
	}
}

func TestDeeplyEmbeddedMessagesStayUnopened(t *testing.T) {
	raw := strings.Repeat("Content-Type: message/rfc822\n\n", MaxEmbedded+1) + "Subject: x\n\ny"
	msg, err := Walk([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	last := msg.Parts[len(msg.Parts)-1]
	if len(msg.Parts) != MaxEmbedded+1 || last.Kind != Leaf || raw[last.Offset:last.End] != "Subject: x\n\ny" {
		t.Errorf("%s", outline(raw, msg))
	}
	if len(msg.Warnings) != 1 || msg.Warnings[0].Code != "nested-too-deep" {
		t.Errorf("warnings %v", msg.Warnings)
	}
}

func TestEncodedMessageStaysUnopened(t *testing.T) {
	raw := "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogYgoKYw==\n"
	msg, _ := Walk([]byte(raw))
	if len(msg.Parts) != 1 || msg.Parts[0].Encoding != "base64" || len(msg.Warnings) != 1 {
		t.Errorf("%s%v", outline(raw, msg), msg.Warnings)
	}
	raw = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nA: b\n\nc\n" // it only says so
	if msg, _ = Walk([]byte(raw)); len(msg.Parts) != 2 || msg.Parts[0].Encoding != "" {
		t.Errorf("%s", outline(raw, msg))
	}
}

func TestPartSaysWhatItIs(t *testing.T) {
	raw := "Content-Type: Application/PDF; name=\"a.pdf\"\nContent-Disposition: ATTACHMENT; filename*=utf-8''%C3%A4.pdf\nContent-Transfer-Encoding: \"Base64\"\n\nYWJj\n"
	msg, err := Walk([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	p := msg.Parts[0]
	if p.Type != "application/pdf" || p.Name() != "ä.pdf" || p.Disposition.Type != "attachment" || p.Encoding != "base64" {
		t.Errorf("%+v, name %q", p, p.Name())
	}
	b, err := DecodePart([]byte(raw), trove.Part{Offset: int64(p.Offset), Length: int64(p.End - p.Offset), Encoding: p.Encoding})
	if err != nil || string(b) != "abc" {
		t.Errorf("decoded %q, %v", b, err)
	}
}

func TestDecodePartRefusesPlacesOutside(t *testing.T) {
	for _, p := range []trove.Part{{Offset: -1}, {Length: -1}, {Offset: 4}, {Offset: 1, Length: 3}, {Offset: 1, Length: 1<<63 - 1}} {
		if b, err := DecodePart([]byte("abc"), p); err == nil {
			t.Errorf("%+v gave %q", p, b)
		}
	}
}
