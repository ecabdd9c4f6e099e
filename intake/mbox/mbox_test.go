package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"unseal/blob"
	"unseal/trove"
)

const sep = "From anna@example.org Thu Jan  1 00:00:00 2015\n"

// tester is what testing.T and rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// split surveys and splits a box and checks the invariant of the package.
func split(t tester, box string) (*Box, []Message) {
	t.Helper()
	b, err := Survey(strings.NewReader(box), int64(len(box)))
	if err != nil {
		t.Fatalf("survey %q: %v", box, err)
	}
	var list []Message
	at := b.first.start
	for m, err := range b.All() {
		if err != nil {
			t.Fatal(err)
		}
		if m.Start != at || m.Offset < m.Start || m.Length < 0 || m.Offset+m.Length > m.End {
			t.Fatalf("message %d of %q: from %d, bytes %d+%d, end %d; the one before ended at %d", len(list), box, m.Start, m.Offset, m.Length, m.End, at)
		}
		if line := box[m.Start:m.Offset]; len(list) > 0 && !strings.HasPrefix(line, "From ") {
			t.Fatalf("message %d of %q starts with %q", len(list), box, line)
		}
		if gap := box[m.Offset+m.Length : m.End]; strings.Trim(gap, "\r\n") != "" || len(gap) > 2 {
			t.Fatalf("message %d of %q: %q is lost after it", len(list), box, gap)
		}
		span := []byte(box[m.Offset : m.Offset+m.Length])
		if got := blob.Quote(m.Rule, blob.Unquote(m.Rule, span)); !bytes.Equal(got, span) {
			t.Fatalf("message %d of %q: %q comes back as %q", len(list), box, span, got)
		}
		at = m.End
		list = append(list, m)
	}
	if at != int64(len(box)) || len(list) != b.Messages {
		t.Fatalf("%q ends at %d, the messages at %d; %d messages surveyed, %d found", box, len(box), at, b.Messages, len(list))
	}
	return b, list
}

// texts gives the exact bytes of the messages.
func texts(box string, list []Message) []string {
	var all []string
	for _, m := range list {
		all = append(all, string(blob.Unquote(m.Rule, []byte(box[m.Offset:m.Offset+m.Length]))))
	}
	return all
}

func TestDialects(t *testing.T) {
	const a, b = "Subject: a\n\nfirst\n", "Subject: b\n\nsecond\n"
	dos := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	withLength := func(head, body string) string {
		return fmt.Sprintf("%sContent-Length: %d\n\n%s", head, len(body), body)
	}
	l1 := withLength("Subject: a\n", "one\n\n"+sep+"Subject: inside\n\nno message\n")
	l2 := withLength("Subject: b\n", "two\n")
	l3 := withLength("Subject: c\n", "three, without a blank line behind it\n")
	for _, c := range []struct {
		name    string
		box     string
		dialect Dialect
		want    []string
	}{
		{"plain", sep + a + "\n" + sep + b + "\n", Plain, []string{a, b}},
		{"plain, no blank line at the end", sep + a + "\n" + sep + b, Plain, []string{a, b}},
		{"no line end at the end", sep + a + "\n" + sep + "Subject: b\n\nx", Plain, []string{a, "Subject: b\n\nx"}},
		{"body ends in blank lines", sep + a + "\n\n\n" + sep + b + "\n\n", Plain, []string{a + "\n\n", b + "\n"}},
		{"DOS line ends", dos(sep + a + "\n" + sep + b + "\n"), Plain, []string{dos(a), dos(b)}},
		{"blank lines and a byte order mark before it", "\xef\xbb\xbf\n\n" + sep + a + "\n" + sep + b, Plain, []string{a, b}},
		{"no blank lines between messages", sep + a + sep + b, Plain, []string{a, b}},
		{"one message", sep + a, Plain, []string{a}},
		{"a From line alone", strings.TrimSuffix(sep, "\n"), Plain, []string{""}},
		{"empty messages", sep + "\n" + sep + "\n", Plain, []string{"", ""}},

		{"mboxrd", sep + a + ">From x\n>>From y\n>not quoted\n\n" + sep + b + ">From z", RD,
			[]string{a + "From x\n>From y\n>not quoted\n", b + "From z"}},
		{"mboxrd, shown by quotations", sep + a + ">he wrote\n>>From there\n>and left\n\n" + sep + b + ">From z\n", RD,
			[]string{a + ">he wrote\n>From there\n>and left\n", b + "From z\n"}},
		{"mboxo, shown by quotations", sep + a + ">he wrote\n>From there\n>and left\n\n" + sep + b + ">From z\n", O,
			[]string{a + ">he wrote\n>From there\n>and left\n", b + ">From z\n"}},
		{"quoted and bare side by side", sep + a + ">From x\n\nFrom here on\n\n" + sep + b, RD,
			[]string{a + ">From x\n\nFrom here on\n", b}},

		{"mboxcl2", sep + l1 + "\n" + sep + l2 + "\n" + sep + l3 + sep + l2 + "\n", CL2, []string{l1, l2, l3, l2}},
		{"mboxcl", sep + withLength("Subject: a\n", ">From x\n") + "\n" + sep + l2, CL,
			[]string{"Subject: a\nContent-Length: 8\n\nFrom x\n", l2}},
		{"Content-Length that lands nowhere", sep + "Content-Length: 3\n\nlonger than that\n\n" + sep + b, Plain,
			[]string{"Content-Length: 3\n\nlonger than that\n", b}},
		{"one Content-Length that would swallow the rest", sep + withLength("Subject: a\n", "x\n\n"+sep+b+"\n"+sep+b), Plain,
			[]string{"Subject: a\nContent-Length: 136\n\nx\n", b, b}},
	} {
		t.Run(c.name, func(t *testing.T) {
			box, list := split(t, c.box)
			if box.Dialect != c.dialect {
				t.Errorf("dialect %s, want %s", box.Dialect, c.dialect)
			}
			if got := texts(c.box, list); !slices.Equal(got, c.want) {
				t.Errorf("messages %q\nwant     %q", got, c.want)
			}
		})
	}
}

func TestFromLines(t *testing.T) {
	const head = "Subject: a\n\nbody\n"
	for _, c := range []struct {
		name, line, before, after string
		separates                 bool
	}{
		{"asctime", "From a@b Thu Jan  1 00:00:00 2015", "\n", "X: y\n", true},
		{"header that is none", "From a@b Thu Jan  1 00:00:00 2015", "\n", "no header\n", true},
		{"no blank line before it", "From a@b Thu Jan  1 00:00:00 2015", "", "X: y\n", true},
		{"no blank line and no header", "From a@b Thu Jan  1 00:00:00 2015", "", "it goes on\n", false},
		{"zone after the year", "From a@b Tue Jul  7 20:33:03 1998 WETDST", "\n", "X: y\n", true},
		{"zone before the year", "From 159@xxx Tue Apr 18 08:00:00 +0000 2023", "\n", "X: y\n", true},
		{"sender of several words", "From anna at example.org  Wed Feb  1 19:06:04 2006", "\n", "X: y\n", true},
		{"without seconds", "From MAILER-DAEMON Fri Jul  8 12:08 2011", "\n", "X: y\n", true},
		{"from UUCP", "From a!b Thu Jan  1 00:00:00 1987 remote from vax", "\n", "X: y\n", true},
		{"date in another order", "From a@b Thu, 01 Jan 2015 00:00:00 +0000", "\n", "X: y\n", true},
		{"date in another order in a text", "From a@b Thu, 01 Jan 2015 00:00:00 +0000", "\n", "says the log\n", false},
		{"no sender", "From Thu Jan  1 00:00:00 2015", "\n", "X: y\n", true},
		{"a sentence", "From this principle, all of life may be deduced.", "\n", "X: y\n", false},
		{"an address alone", "From a@b.example", "\n", "X: y\n", false},
		{"git format-patch", "From fc88cba7f1f37b9cf3b296eace2422dd0e173502 Mon Sep 17 00:00:00 2001", "\n", "From: a\n", false},
		{"too long", "From " + strings.Repeat("a", 1200) + " Thu Jan  1 00:00:00 2015", "\n", "X: y\n", false},
		{"in the middle of a line", "x From a@b Thu Jan  1 00:00:00 2015", "\n", "X: y\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, list := split(t, sep+head+c.before+c.line+"\n"+c.after)
			if got := len(list) == 2; got != c.separates {
				t.Errorf("%d messages", len(list))
			}
			if bare := strings.HasPrefix(c.line, "From "); bare && !c.separates && !warns(list[0], "from-line") {
				t.Error("the line is not mentioned")
			}
			if c.before == "" && c.separates && !warns(list[1], "mbox-boundary") {
				t.Error("the missing blank line is not mentioned")
			}
		})
	}
}

func warns(m Message, code string) bool {
	return slices.ContainsFunc(m.Warnings, func(w trove.Warning) bool { return w.Code == code })
}

func TestBoxesOfOddFromLines(t *testing.T) {
	git := "From fc88cba7f1f37b9cf3b296eace2422dd0e173502 Mon Sep 17 00:00:00 2001\nFrom: a\n\nx\n\n"
	if _, list := split(t, git+git); len(list) != 2 {
		t.Errorf("patches: %d messages, want 2", len(list))
	}
	undated := "From a@b.example\nSubject: x\n\nFrom here on\n\n"
	if b, list := split(t, undated+undated); len(list) != 2 || b.Lines != 4 {
		t.Errorf("undated: %d messages of %d From lines, want 2 of 4", len(list), b.Lines)
	}
}

func TestNoteOffersOtherCounts(t *testing.T) {
	b, _ := split(t, sep+"A: b\n\nx\n"+sep+"A: b\n\nFrom here\n")
	if got, want := b.Note(), "mbox, 2 messages; 3 by every From line; 1 by dated From lines after a blank line"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	b, _ = split(t, sep+"\nno header\n\n"+sep+"\nno header\n")
	if got, want := b.Note(), "mbox, 2 messages; 1 by From lines that a header follows"; got != want || !b.Differs() {
		t.Errorf("%q, want %q", got, want)
	}
	if b, _ = split(t, sep+"A: b\n\nx\n\n"+sep+"A: b\n\ny\n"); b.Differs() {
		t.Errorf("%q: nothing differs", b.Note())
	}
}

func TestBegins(t *testing.T) {
	for head, want := range map[string]bool{
		sep:                                true,
		sep + "\nbody without a header":    true,
		"From a@b\nSubject: x\n":           true,
		"\n\n" + sep:                       true,
		"From a@b\n\ntext":                 false,
		"From here on\nnothing\n":          false,
		"Subject: x\n\n" + sep:             false,
		"":                                 false,
		"From ":                            false,
		"From " + strings.Repeat("x", 2e3): false,
	} {
		if got := Begins([]byte(head)); got != want {
			t.Errorf("Begins(%.40q) = %v", head, got)
		}
	}
}

// box draws a file out of what mboxes consist of.
func drawBox(t *rapid.T) string {
	piece := rapid.SampledFrom([]string{
		"\n", "\n", "\r\n", "text\n", "text", ">quoted\n", ">>twice\n", "Subject: x\n", "Content-Length: 5\n", "Content-Length: 0\n",
		sep, sep, "From \n", "From x\n", "From a@b Thu, 01 Jan 2015 00:00:00\n", ">From x\n", ">>From x\n", ">From x\r\n", "From", "\xef\xbb\xbf", "\x00",
		strings.TrimSuffix(sep, "\n") + "\r\n",
	})
	return sep + strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces"), "")
}

func TestSpansAndSeparatorsAreTheBox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		box := drawBox(t)
		split(t, box)
	})
}

func TestWhatAnMboxrdWriterWroteComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"text\n", "\n", ">quoted\n", "From here\n", ">From there\n", "from\n", "Frome\n", ">\n"})
		msgs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return "Subject: x\n\n" + strings.Join(rapid.SliceOfN(line, 0, 20).Draw(t, "lines"), "")
		}), 1, 8).Draw(t, "messages")
		var box strings.Builder
		for _, m := range msgs {
			box.WriteString(sep)
			box.Write(blob.Quote(trove.MboxRD, []byte(m)))
			box.WriteString("\n")
		}
		r := strings.NewReader(box.String())
		b, err := Survey(r, r.Size())
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		for m, err := range b.All() {
			if err != nil {
				t.Fatal(err)
			}
			span := []byte(box.String()[m.Offset : m.Offset+m.Length])
			want := msgs[i]
			if b.Dialect == O { // the evidence was misleading: then nothing is taken off
				want = string(blob.Quote(trove.MboxRD, []byte(want)))
			}
			if got := string(blob.Unquote(m.Rule, span)); got != want {
				t.Fatalf("message %d is %q, was %q", i, got, want)
			}
			i++
		}
		if i != len(msgs) {
			t.Fatalf("%d messages, were %d", i, len(msgs))
		}
	})
}

func TestBoxesLargerThanTheWindow(t *testing.T) {
	var box strings.Builder
	var want []string
	for i := range 200 {
		m := fmt.Sprintf("Subject: %d\n\n%s\n", i, strings.Repeat("x", i*997%70_000))
		want = append(want, m)
		box.WriteString(sep + m + "\n")
	}
	if box.Len() < 3*windowSize {
		t.Fatalf("the box is too small for this test: %d bytes", box.Len())
	}
	_, list := split(t, box.String())
	if !slices.Equal(texts(box.String(), list), want) {
		t.Error("the messages differ")
	}
}

// broken fails from some offset on.
type broken struct {
	r  io.ReaderAt
	at int64
}

var errBroken = errors.New("bad sector")

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.at {
		return 0, errBroken
	}
	return b.r.ReadAt(p, off)
}

func TestReadErrorsAreReported(t *testing.T) {
	box := strings.Repeat(sep+"A: b\n\n"+strings.Repeat("x", 1000)+"\n\n", 5000)
	r := strings.NewReader(box)
	if _, err := Survey(broken{r, 2 << 20}, r.Size()); !errors.Is(err, errBroken) {
		t.Errorf("survey: %v", err)
	}
	b, err := Survey(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	b.r = broken{r, 2 << 20}
	for _, err = range b.All() {
	}
	if !errors.Is(err, errBroken) {
		t.Errorf("split: %v", err)
	}
}

func FuzzMbox(f *testing.F) {
	f.Add([]byte(sep + "A: b\n\n>From x\n\n" + sep + "A: b\n"))
	f.Add([]byte(sep + "Content-Length: 3\n\nab\n\n" + sep + "Content-Length: 0\n\n"))
	f.Add([]byte("\xef\xbb\xbf" + strings.ReplaceAll(sep, "\n", "\r\n") + "\r\n>>From \r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Begins(b) {
			split(t, string(b))
		}
	})
}

// counting counts what is read.
type counting struct {
	io.ReaderAt
	bytes int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.bytes += int64(n)
	return n, err
}

// Every second message names an end of the box far from itself; the others are
// honest, so that the box is taken for one whose writer meant it.
func TestContentLengthThatPointsFarAwayCostsLittle(t *testing.T) {
	var b strings.Builder
	for b.Len() < 8<<20 {
		b.WriteString(sep + "Content-Length: 2\n\nx\n\n")
		fmt.Fprintf(&b, "%sContent-Length: %d\n\nx\n\n", sep, 4<<20)
	}
	r := &counting{ReaderAt: strings.NewReader(b.String())}
	box, err := Survey(r, int64(b.Len()))
	if err != nil || box.Dialect != CL && box.Dialect != CL2 {
		t.Fatalf("%v, %+v", err, box)
	}
	n := 0
	for _, err := range box.All() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if most := 20<<20 + 2*glanceSize*int64(n); n != box.Messages || r.bytes > most+most/2 {
		t.Errorf("%d messages, %d bytes read of a box of %d", n, r.bytes, b.Len())
	}
}

// A header that does not end must not be looked for in the messages after it:
// 100,000 of them would each read a megabyte, and one would be given the length
// of another.
func TestHeadersWithoutAnEndCostLittle(t *testing.T) {
	box := strings.Repeat(sep+"Subject: x\n", 100_000) + sep + "Content-Length: 2\n\nx\n"
	b, list := split(t, box)
	if len(list) != 100_001 || b.Dialect != Plain {
		t.Errorf("%d messages, %s", len(list), b.Dialect)
	}
}
