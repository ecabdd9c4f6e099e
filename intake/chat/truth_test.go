package chat

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/intake/reader"
	"unseal/material"
	"unseal/reading"
)

type expectation struct {
	Messages, Authors int
	Records           int    `json:"record_lines"`
	Text              string `json:"text_contains"`
	Format            string
}

func readFile(t testing.TB, path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".zip") { // as pass 1 opens it
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			if f.Name == "_chat.txt" {
				r, _ := f.Open()
				b, err = io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return b
}

func input(b []byte, path string, options ...string) *reader.Input {
	in := &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b))}
	in.Name, in.Path, in.Options = filepath.Base(path), path, map[string]string{}
	for i := 0; i+1 < len(options); i += 2 {
		in.Options[options[i]] = options[i+1]
	}
	return in
}

// written are the messages that people wrote, and their calls.
func written(c *reading.Chain) (list []reading.Message) {
	for _, m := range c.Messages {
		if m.Kind != "system" {
			list = append(list, m)
		}
	}
	return list
}

// byFileName are expectations that truth.json took from the name of a file and
// that the file itself does not bear out: there are two authors in the one and
// five in the other.
var byFileName = map[string]int{
	"chat/chat-analytics/discord/SV_5A_5M.json": 2,
	"chat/chat-analytics/whatsapp/4A_11M.zip":   5,
}

// TestTruth reads every chat of the corpora and holds what truth.json says of
// messages, authors and lines against it.
func TestTruth(t *testing.T) {
	files, full, partly, kept := 0, 0, 0, 0
	list := material.Truth[expectation](t, "chat/")
	for _, path := range slices.Sorted(maps.Keys(list)) {
		want := list[path]
		b := readFile(t, filepath.Join(material.Corpora(t), path))
		files++
		platform, ok := Detect(b[:min(len(b), headSize)])
		if !ok {
			kept++
			if want.Records > 0 || want.Messages > 0 && !strings.HasSuffix(path, "target.json") {
				t.Errorf("%s: no chain", path)
			}
			continue
		}
		res := Read(context.Background(), input(b, path))
		if res.Failed != "" {
			t.Errorf("%s: %s", path, res.Failed)
			continue
		}
		if err := promised(&res); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if full++; res.Partly != "" {
			full--
			partly++
		}
		check(t, path, platform, &res, want)
	}
	t.Logf("chats: %d files, %d fully read, %d partly, %d kept only", files, full, partly, kept)
}

func check(t *testing.T, path, platform string, res *reader.Result, want expectation) {
	c := res.Reading.Chain
	if n := len(c.Messages); want.Records > 0 && n != want.Records {
		t.Errorf("%s: %d records, not %d", path, n, want.Records)
	}
	said := written(c)
	n := len(said)
	if platform == "slack" { // its days count what the platform says too
		n = len(c.Messages)
	}
	if want.Messages > 0 && n != want.Messages {
		t.Errorf("%s: %d messages, not %d", path, n, want.Messages)
	}
	authors := map[int]bool{}
	for _, m := range said {
		authors[m.By] = true
	}
	if n, ok := byFileName[path]; ok {
		want.Authors = n
	}
	if want.Authors > 0 && len(authors) != want.Authors {
		t.Errorf("%s: %d authors, not %d", path, len(authors), want.Authors)
	}
	if !strings.Contains(res.Text, want.Text) {
		t.Errorf("%s: %q is not in the text", path, want.Text)
	}
}

// TestFiveDateOrdersAreOneConversation holds the same chat, exported in five
// date orders, against each other and against the parse of its authors.
func TestFiveDateOrdersAreOneConversation(t *testing.T) {
	dir := filepath.Join(material.Corpora(t), "chat", "chat-miner", "whatsapp")
	var target []struct{ Timestamp, Author, Message string }
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "target.json")), &target); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	first := ""
	for _, path := range files {
		res := Read(context.Background(), input(readFile(t, path), path))
		c := res.Reading.Chain
		said := written(c)
		if len(said) != len(target) || res.Partly != "" {
			t.Fatalf("%s: %d messages, %q", path, len(said), res.Partly)
		}
		for i, m := range said {
			want := target[len(target)-1-i]
			if text := strings.ReplaceAll(m.Text, "\n", " "); m.When != want.Timestamp || c.Members[m.By].Name != want.Author || text != want.Message {
				t.Errorf("%s: %s %s %q, not %v", path, m.When, c.Members[m.By].Name, m.Text, want)
			}
		}
		all := fmt.Sprint(c.Members, c.Messages)
		if first == "" {
			first = all
		}
		if all != first {
			t.Errorf("%s is another conversation", path)
		}
	}
}

// TestCalendarsAreOneConversation holds one chat, exported with the calendars
// and digits of other places, against its Gregorian export. The exports were
// made at different times: seconds were rounded, and the later ones hold three
// messages more.
func TestCalendarsAreOneConversation(t *testing.T) {
	dir := filepath.Join(material.Corpora(t), "chat", "whats_json")
	base := Read(context.Background(), input(readFile(t, filepath.Join(dir, "calendars", "Gregorian iOS.txt")), "")).Reading.Chain
	for _, c := range []struct {
		file string
		more int
		same bool // the program speaks the same language
	}{
		{"calendars/Buddhist iOS.txt", 3, true},
		{"calendars/Japanese iOS.txt", 3, true},
		{"ios/WhatsApp Chat - Elon Musk (Arabic).txt", 0, false},
		{"ios/iOS Thai.txt", 3, false},
		{"ios/iOS Vietnamese.txt", 3, false},
		{"languages/arabic_ios.txt", -2, false},
	} {
		res := Read(context.Background(), input(readFile(t, filepath.Join(dir, c.file)), ""))
		got := res.Reading.Chain
		if len(got.Messages) != len(base.Messages)+c.more || res.Partly != "" || len(got.Members) != 2 {
			t.Errorf("%s: %d messages of %d, %q", c.file, len(got.Messages), len(got.Members), res.Partly)
			continue
		}
		for i := range base.Messages[:min(len(base.Messages), len(got.Messages))] {
			m, want := got.Messages[i], base.Messages[i]
			if !within(m.When, want.When, time.Second) || m.Kind != want.Kind || m.By != want.By || len(m.Media) != len(want.Media) {
				t.Errorf("%s: %+v, not %+v", c.file, m, want)
			}
			own := want.Kind == "" && len(want.Media) == 0 && !strings.Contains(want.Text, "maps.google")
			if (own || c.same) && m.Text != want.Text {
				t.Errorf("%s: %q, not %q", c.file, m.Text, want.Text)
			}
		}
	}
}

func within(a, b string, d time.Duration) bool {
	x, err := time.Parse("2006-01-02T15:04:05", a)
	y, err2 := time.Parse("2006-01-02T15:04:05", b)
	return err == nil && err2 == nil && x.Sub(y).Abs() <= d
}

// TestOtherFilesAreNoChats is the control: nothing else in the corpora is taken
// for a chat.
func TestOtherFilesAreNoChats(t *testing.T) {
	n := 0
	for path := range material.Truth[expectation](t, "") {
		if strings.HasPrefix(path, "chat/") || strings.Contains(path, "gvoice-takeout") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(material.Corpora(t), path))
		if err != nil {
			t.Fatal(err)
		}
		n++
		if platform, ok := Detect(b[:min(len(b), headSize)]); ok {
			t.Errorf("%s was taken for a chat of %s", path, platform)
		}
	}
	t.Logf("%d files that are no chats", n)
}

// TestSeveralFollowsTheShape: no document that a look at the whole shape finds
// to hold several chains is left out by the look at its keys.
func TestSeveralFollowsTheShape(t *testing.T) {
	several := 0
	for path := range material.Truth[expectation](t, "") {
		if ext := filepath.Ext(path); ext != ".json" && ext != ".js" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(material.Corpora(t), path))
		if err != nil {
			t.Fatal(err)
		}
		head := b[:min(len(b), headSize)]
		s := shapeOf(head)
		want := isSeveral(findExport(s), s)
		if Several(head) != want {
			t.Errorf("%s: several chains is %v, want %v", path, !want, want)
		}
		if want {
			several++
		}
	}
	if several == 0 {
		t.Error("no document of several chains")
	}
	for doc, want := range map[string]bool{
		`{"about":"x","personal_information":{},"chats":{"list":[]}}`: true, `{"about":"x","personal_information":{},"contacts":{}}`: true,
		`[{"dmConversation":{"conversationId":"1-2","messages":[]}}]`: true, `{"dmConversation":{"conversationId":"1-2","messages":[]}}`: false, `{"chats":1}`: false, "{": false, "": false,
	} {
		if Several([]byte(doc)) != want {
			t.Errorf("%s: several chains is %v", doc, !want)
		}
	}
}
