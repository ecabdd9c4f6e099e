package worker

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"unseal/intake/container"
	"unseal/intake/sandbox"
	"unseal/trove"
)

// TestMain lets the test binary be the child, an honest one or one that only
// says hello.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case Argument:
			if err := Main(os.Stdin, os.Stdout, Work{Parse: parse, Read: readTrouble}); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case sandbox.Argument:
			fmt.Fprintln(os.Stderr, sandbox.Enter(os.Args[2:]))
			os.Exit(1)
		case "silent":
			_ = writeFrame(os.Stdout, hello, []byte("{}"))
			time.Sleep(time.Hour)
		case "mute":
			os.Exit(3)
		}
	}
	os.Exit(m.Run())
}

// parse takes the mail for its subject, unless it asks for trouble.
func parse(raw []byte) (trove.Record, string) {
	switch string(raw) {
	case "exit":
		os.Exit(7)
	case "panic":
		panic("asked for")
	case "hang":
		time.Sleep(time.Hour)
	case "memory":
		var keep [][]byte
		for {
			keep = append(keep, bytes.Repeat([]byte("x"), 16<<20))
			_ = keep
		}
	}
	if string(raw) == "stack" {
		rec, text := parse(raw)
		return rec, text + "x"
	}
	return trove.Record{
		Kind: trove.Mail, Subject: string(raw), MessageID: "id", Date: time.Unix(1e9, 0).UTC(), Content: trove.Sum(raw),
		Warnings: []trove.Warning{{Code: "a"}, {Code: "b"}},
	}, strings.Repeat(string(raw), 2)
}

func command(arg string) Command {
	return func() *exec.Cmd { return exec.Command(os.Args[0], arg) }
}

func newPool(t testing.TB) *Pool {
	t.Helper()
	p := NewPool(command(Argument))
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func group(words ...string) [][]byte {
	var mails [][]byte
	for _, w := range words {
		mails = append(mails, []byte(w))
	}
	return mails
}

func TestAGroupComesBackInOrder(t *testing.T) {
	p := newPool(t)
	mails := group("one", "", strings.Repeat("three", 500_000))
	for range 3 { // the same child serves again
		results, err := p.Parse(context.Background(), mails)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			want, text := parse(mails[i])
			b, err := json.Marshal(&want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.Record, b) || unpack(t, r.Text) != text {
				t.Errorf("mail %d: record %.100s, text %.100q", i, r.Record, unpack(t, r.Text))
			}
			if r.Kind != want.Kind || r.MessageID != want.MessageID || !r.Date.Equal(want.Date) || !r.Received.IsZero() || r.Content != want.Content || len(r.Warnings) != 2 {
				t.Errorf("mail %d: %+v", i, r)
			}
		}
	}
	if len(p.idle) != 1 {
		t.Errorf("%d children for one call at a time", len(p.idle))
	}
}

func unpack(t testing.TB, frame []byte) string {
	t.Helper()
	if frame == nil {
		return ""
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	b, err := d.DecodeAll(frame, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOneBadMailAmongManyCostsItselfOnly(t *testing.T) {
	for trouble, cause := range map[string]string{
		"exit":   "exit status 7",
		"panic":  "asked for",
		"hang":   "took longer than 1s",
		"memory": "memory|status 66", // 66 is how the race detector's own memory ends
		"stack":  "stack|status 66",
	} {
		t.Run(trouble, func(t *testing.T) {
			p := newPool(t)
			p.mailTime = time.Second
			if trouble == "memory" || trouble == "stack" {
				p.mailTime = MailTime // it takes a while to fill 512 MB
			}
			var words []string
			for i := range 9 {
				words = append(words, fmt.Sprint("mail ", i))
			}
			words[4] = trouble
			results, err := p.Parse(context.Background(), group(words...))
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				switch {
				case i != 4 && (r.Unreadable != "" || !strings.Contains(string(r.Record), words[i])):
					t.Errorf("mail %d: %q, %s", i, r.Unreadable, r.Record)
				case i == 4 && (!regexp.MustCompile(cause).MatchString(r.Unreadable) || !strings.Contains(string(r.Record), `"unreadable"`) || r.Kind != trove.Mail):
					t.Errorf("the bad mail: %q, %s", r.Unreadable, r.Record)
				}
			}
		})
	}
}

func TestAChildThatDoesNotStartStopsTheRun(t *testing.T) {
	for name, c := range map[string]Command{
		"no hello":   command("mute"),
		"no program": func() *exec.Cmd { return exec.Command("/does/not/exist") },
	} {
		p := NewPool(c)
		if r, err := p.Parse(context.Background(), group("x")); err == nil {
			t.Errorf("%s: %+v: no mail may be called unreadable for that", name, r)
		}
	}
}

func TestCancellingEndsTheChild(t *testing.T) {
	p := NewPool(command("silent"))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := p.Parse(ctx, group("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("parse: %v", err)
	}
	b := zipped(t, "a", "x")
	if _, err := p.Expand(ctx, bytes.NewReader(b), int64(len(b)), container.Zip, container.Options{MaxEntries: 9}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("expand: %v", err)
	}
	if len(p.idle) > 0 {
		t.Error("a killed child is kept")
	}
}

func TestAContainerThatTakesTooLongIsGivenUp(t *testing.T) {
	p := NewPool(command("silent"))
	p.stepTime = 100 * time.Millisecond
	b := zipped(t, "a", "x")
	_, err := p.Expand(context.Background(), bytes.NewReader(b), int64(len(b)), container.Zip, container.Options{MaxEntries: 9}, nil)
	if err == nil || !strings.Contains(err.Error(), "took longer") {
		t.Errorf("%v", err)
	}
}

func zipped(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err == nil {
			_, err = io.WriteString(w, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noise does not compress, so that the child must ask for the container's
// bytes many times.
func noise(n int) string {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func TestContainersOpenInAChildAsTheyDoHere(t *testing.T) {
	p := newPool(t)
	var tgz bytes.Buffer
	gz := gzip.NewWriter(&tgz)
	tw := tar.NewWriter(gz)
	body := noise(3 << 20)
	for _, name := range []string{"a", "../b", "c"} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(tw, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tw.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(tgz.Bytes())
	broken[len(broken)/2] ^= 1
	for name, c := range map[string]struct {
		f container.Format
		b []byte
	}{
		"zip":        {container.Zip, zipped(t, "x", noise(1<<20), "y", "", "z", noise(100))},
		"tgz":        {container.Gzip, tgz.Bytes()},
		"broken tgz": {container.Gzip, broken},
		"document":   {container.Zip, zipped(t, "[Content_Types].xml", "")},
		"nothing":    {container.Zip, []byte("PK\x05\x06 nothing")},
	} {
		t.Run(name, func(t *testing.T) {
			visit := func(list *[]string) container.Visit {
				return func(m container.Member, r io.Reader) error {
					b, err := io.ReadAll(r)
					*list = append(*list, fmt.Sprintf("%s %v %x", m.Name, m.Unsafe, trove.Sum(b)))
					return err
				}
			}
			r := bytes.NewReader(c.b)
			var here, there []string
			hereReport, hereErr := container.Expand(r, r.Size(), c.f, container.Options{MaxEntries: 9}, visit(&here))
			thereReport, thereErr := p.Expand(context.Background(), r, r.Size(), c.f, container.Options{MaxEntries: 9}, visit(&there))
			if !reflect.DeepEqual(here, there) || !reflect.DeepEqual(hereReport, thereReport) || fmt.Sprint(hereErr) != fmt.Sprint(thereErr) {
				t.Errorf("here:  %q %+v %v\nthere: %q %+v %v", here, hereReport, hereErr, there, thereReport, thereErr)
			}
			if errors.Is(hereErr, container.ErrDocument) != errors.Is(thereErr, container.ErrDocument) {
				t.Error("the reason is lost on the way")
			}
		})
	}
	if len(p.idle) != 1 {
		t.Errorf("%d idle children, want the one that served all", len(p.idle))
	}
}

func TestAVisitorThatReadsLittleOrFails(t *testing.T) {
	p := newPool(t)
	b := zipped(t, "a", noise(1<<20), "b", "bee")
	r := bytes.NewReader(b)
	var got string
	_, err := p.Expand(context.Background(), r, r.Size(), container.Zip, container.Options{MaxEntries: 9}, func(m container.Member, r io.Reader) error {
		if m.Name == "a" {
			return nil // without reading
		}
		all, err := io.ReadAll(r)
		got = string(all)
		return err
	})
	if err != nil || got != "bee" {
		t.Errorf("%q, %v", got, err)
	}
	stop := errors.New("enough")
	_, err = p.Expand(context.Background(), r, r.Size(), container.Zip, container.Options{MaxEntries: 9}, func(container.Member, io.Reader) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// unreadable fails to give the container's bytes.
type unreadable struct{}

func (unreadable) ReadAt([]byte, int64) (int, error) { return 0, errors.New("bad sector") }

func TestAContainerThatCannotBeRead(t *testing.T) {
	_, err := newPool(t).Expand(context.Background(), unreadable{}, 1<<20, container.Zip, container.Options{MaxEntries: 9}, nil)
	if err == nil || !strings.Contains(err.Error(), "bad sector") {
		t.Errorf("%v", err)
	}
}

func TestResultsTravel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		r := Result{
			Record: []byte(text.Draw(t, "record")), Text: []byte(text.Draw(t, "text")), Kind: trove.Kind(text.Draw(t, "kind")),
			MessageID: text.Draw(t, "id"), Unreadable: text.Draw(t, "unreadable"), Content: trove.Sum([]byte(text.Draw(t, "content"))),
			Warnings: rapid.SliceOfN(text, 1, 5).Draw(t, "warnings"),
		}
		if rapid.Bool().Draw(t, "dated") {
			r.Date = time.Unix(rapid.Int64Range(-1e11, 1e11).Draw(t, "date"), 0).UTC()
		}
		b := r.append(nil)
		got, err := decodeResult(b)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("%+v became %+v, %v", r, got, err)
		}
		if _, err := decodeResult(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]); err == nil {
			t.Fatal("half a result is one")
		}
	})
}

func FuzzResult(f *testing.F) {
	r := Result{Record: []byte("{}"), Warnings: []string{"a"}}
	f.Add(r.append(nil))
	f.Add([]byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeResult(b)
		if err != nil {
			return
		}
		if _, err := decodeResult(r.append(nil)); err != nil {
			t.Errorf("%+v does not travel: %v", r, err)
		}
	})
}

// lockedZip is a zip of one mail, encrypted with the password "geheim", made
// with 7-Zip.
const lockedZip = `UEsDBBQAAQAIAIKQdF1znHAKWwAAAF4AAAAJAAAAaGVsbG8uZW1smmxTr7hg6FSZiheLCCRpZLk2w+IRHt91Fue0fm4e9J1Da6Ag
401hbaeD+y3I46g5uwJgGm0iqYDH/HUUOc3E3Dw2i+gKXLanlNh1i7Y3GsJ57YWCfqDIkehJRlBLAQI/AxQAAQAIAIKQdF1znHAK
WwAAAF4AAAAJACQAAAAAAAAAIICkgQAAAABoZWxsby5lbWwKACAAAAAAAAEAGACUTI6GGXndAQAAAAAAAAAAAAAAAAAAAABQSwUG
AAAAAAEAAQBbAAAAggAAAAAA`

// A child asks for passwords where a container is encrypted, and serves nothing
// else once it knows some.
func TestOnlyTheChildOfALockedContainerLearnsPasswords(t *testing.T) {
	b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(lockedZip, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zip             []byte
		passwords       []string
		asked, got, may int // may: children that wait afterwards
	}{
		{zipped(t, "a.txt", "plain"), []string{"geheim"}, 0, 1, 1},
		{b, nil, 1, 0, 1},
		{b, []string{"falsch"}, 1, 0, 0},
		{b, []string{"falsch", "geheim"}, 1, 1, 0},
	} {
		p, asked, got := newPool(t), 0, 0
		o := container.Options{MaxEntries: 9, Unlock: func() []string { asked++; return c.passwords }}
		_, err := p.Expand(context.Background(), bytes.NewReader(c.zip), int64(len(c.zip)), container.Zip, o, func(_ container.Member, r io.Reader) error {
			got++
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if err != nil && !errors.Is(err, container.ErrEncrypted) || asked != c.asked || got != c.got || len(p.idle) != c.may {
			t.Errorf("passwords %q: asked %d times, %d members, %d children wait, %v", c.passwords, asked, got, len(p.idle), err)
		}
	}
}
