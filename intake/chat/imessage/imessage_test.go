package imessage

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/intake/chat/draft"
	"unseal/material"
)

// body is an attributed body that holds a text, as Messages archives it.
func body(text string) []byte {
	head := "\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84\x08NSString\x01\x94"
	length := string([]byte{byte(len(text))})
	if len(text) >= 0x80 {
		length = string([]byte{0x81, byte(len(text)), byte(len(text) >> 8)})
	}
	return []byte(head + "\x84\x01+" + length + text + "\x86\x84\x02iI\x01\x06\x92")
}

func corpus(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(material.Corpora(t), "chat", "imessage", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTextsOfTypedstreams(t *testing.T) {
	for name, want := range map[string]string{
		"AttributedBodyTextOnly2": "Test 3", "ExtraData": "This is parsing", "MultiPart": "\ufffctest 1\ufffctest 2 \ufffctest 3", "WeirdText": "𝖍𝖊𝖑𝖑𝖔 𝖜𝖔𝖗𝖑𝖉",
	} {
		if got, ok := Text(corpus(t, "streamtyped/"+name)); !ok || strings.TrimSpace(got) != want && !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, text := range []string{"", "hi", strings.Repeat("long ", 100)} {
		if got, ok := Text(body(text)); got != text || !ok {
			t.Errorf("%q: %q", text, got)
		}
	}
	if _, ok := Text([]byte("something else")); ok {
		t.Error("text in what is no typedstream")
	}
}

func TestVersionsOfEditedMessages(t *testing.T) {
	e := parseEdits(corpus(t, "edited_message/Edited.plist"))
	var texts []string
	for _, v := range e.versions {
		texts = append(texts, strings.TrimSpace(v.text))
	}
	if want := []string{"First message", "Edit 1", "Edit 2", "Edited message"}; !slices.Equal(texts, want) || e.unsent {
		t.Errorf("%q", texts)
	}
	if at := e.versions[3].at; !at.Equal(time.Date(2022, 11, 19, 1, 18, 14, 0, time.UTC)) {
		t.Error(at)
	}
	if e = parseEdits(corpus(t, "edited_message/Deleted.plist")); !e.unsent || len(e.versions) > 0 {
		t.Errorf("%+v", e)
	}
	if e = parseEdits(corpus(t, "edited_message/EditedToLink.plist")); len(e.versions) != 2 || !strings.HasPrefix(e.versions[1].text, "https://") {
		t.Errorf("%+v", e)
	}
}

// messages makes a database with the given rows of message: guid, text, body,
// handle, seconds since 2001, from me, tapback type and target.
const schema = `
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT, display_name TEXT);
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY, filename TEXT, transfer_name TEXT, mime_type TEXT);
CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER);
CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, attributedBody BLOB, handle_id INTEGER, date INTEGER, is_from_me INTEGER,
 associated_message_guid TEXT, associated_message_type INTEGER, thread_originator_guid TEXT, date_retracted INTEGER, message_summary_info BLOB, item_type INTEGER);
INSERT INTO handle VALUES (1, '+12025550100');
INSERT INTO chat VALUES (1, 'iMessage;-;+12025550100', '+12025550100', ''), (2, 'iMessage;+;chat2', 'chat2', 'The group');`

// at is 4 July 2016, 08:14 UTC, in nanoseconds since 2001.
const at = 489312840000000000

func database1(t testing.TB, more ...string) []byte {
	path := filepath.Join(t.TempDir(), "chat.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range append([]string{schema}, more...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(q, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func story() []string {
	minute := int64(60_000_000_000)
	row := func(id int, guid, text string, blob []byte, handle int, n int64, me int, rest string) string {
		return fmt.Sprintf(`INSERT INTO message VALUES (%d, '%s', %s, x'%x', %d, %d, %d, %s)`, id, guid, text, blob, handle, at+n*minute, me, rest)
	}
	return []string{
		row(1, "G1", "'hi'", nil, 1, 0, 0, "NULL, 0, NULL, 0, NULL, 0"),
		row(2, "G2", "NULL", body("ho \ufffc"), 0, 1, 1, "NULL, 0, 'G1', 0, NULL, 0"),
		row(3, "G3", "'Loved'", nil, 1, 2, 0, "'p:0/G2', 2000, NULL, 0, NULL, 0"),
		row(4, "G4", "NULL", nil, 1, 3, 0, "NULL, 0, NULL, 5, NULL, 0"),
		row(5, "G5", "'to all'", nil, 1, 4, 0, "NULL, 0, NULL, 0, NULL, 0"),
		"INSERT INTO chat_message_join VALUES (1,1),(1,2),(1,3),(1,4),(2,5)",
		"INSERT INTO attachment VALUES (1, '~/Library/Messages/a.heic', 'a.heic', 'image/heic')",
		"INSERT INTO message_attachment_join VALUES (2, 1)",
	}
}

func TestADatabaseIsRead(t *testing.T) {
	b := database1(t, story()...)
	if !Detect(b[:min(len(b), 64<<10)]) {
		t.Fatal("not detected")
	}
	c := draft.New("imessage")
	partly, err := Read(context.Background(), bytes.NewReader(b), int64(len(b)), c)
	if err != nil || partly != "" {
		t.Fatal(partly, err)
	}
	res := c.Finish()
	want := `== +12025550100 ==
2016-07-04 08:14 +12025550100: hi
2016-07-04 08:15 Me: ho
[a.heic]
2016-07-04 08:17 +12025550100:
== The group ==
2016-07-04 08:18 +12025550100: to all
`
	if res.Text != want {
		t.Errorf("%s\nnot\n%s", res.Text, want)
	}
	m := res.Reading.Chain.Messages
	if len(m) != 4 || m[1].ReplyTo != 1 || len(m[1].Reactions) != 1 || m[1].Reactions[0].Sign != "❤" || m[2].Kind != "deleted" {
		t.Errorf("%+v", m)
	}
}

// TestAViewIsNotRead is a trap: a view in place of the table would run for ever.
func TestAViewIsNotRead(t *testing.T) {
	b := database1(t, "DROP TABLE message", "CREATE VIEW message AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n) SELECT x AS ROWID FROM n")
	_, err := Read(context.Background(), bytes.NewReader(b), int64(len(b)), draft.New("imessage"))
	if err == nil || !strings.Contains(err.Error(), "no table") {
		t.Error(err)
	}
}

func TestARunningReadEnds(t *testing.T) {
	b := database1(t, story()...)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, bytes.NewReader(b), int64(len(b)), draft.New("imessage")); err == nil {
		t.Error("no error")
	}
}

func FuzzText(f *testing.F) {
	f.Add(body("hi"))
	f.Add(body(strings.Repeat("x", 300)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if text, ok := Text(b); ok && len(text) > len(b) {
			t.Fatal("more text than bytes")
		}
	})
}

// list is a property list {"rp": [0], "ec": {"0": [{"t": body}]}}, by hand.
func list() []byte {
	var b bytes.Buffer
	var offsets []byte
	b.WriteString("bplist00")
	add := func(o ...byte) {
		offsets = append(offsets, byte(b.Len()>>8), byte(b.Len()))
		b.Write(o)
	}
	text := body("hi")
	add(0xd2, 1, 3, 2, 4)                                        // 0: {rp: 2, ec: 4}
	add(0x52, 'r', 'p')                                          // 1
	add(0xa1, 9)                                                 // 2: [0]
	add(0x52, 'e', 'c')                                          // 3
	add(0xd1, 5, 6)                                              // 4: {"0": 6}
	add(0x51, '0')                                               // 5
	add(0xa2, 7, 7)                                              // 6
	add(0xd2, 8, 10, 11, 12)                                     // 7: {t: 11, d: 12}
	add(0x51, 't')                                               // 8
	add(0x10, 0)                                                 // 9
	add(0x51, 'd')                                               // 10
	add(append([]byte{0x4f, 0x10, byte(len(text))}, text...)...) // 11
	add(0x23, 0x41, 0xc4, 0x94, 0x02, 0x39, 0x00, 0x00, 0x00)    // 12
	table := b.Len()
	b.Write(offsets)
	b.Write([]byte{0, 0, 0, 0, 0, 0, 2, 1})
	for _, n := range []uint64{13, 0, uint64(table)} {
		for i := 7; i >= 0; i-- {
			b.WriteByte(byte(n >> (8 * i)))
		}
	}
	return b.Bytes()
}

func TestAPropertyListOfOurs(t *testing.T) {
	if e := parseEdits(list()); !e.unsent || len(e.versions) != 2 || e.versions[0].text != "hi" {
		t.Errorf("%+v", e)
	}
}

func FuzzPlist(f *testing.F) {
	f.Add(list())
	f.Fuzz(func(t *testing.T, b []byte) {
		parseEdits(b)
		if v, err := parsePlist(b); err != nil && v != nil {
			t.Fatal("a value with an error")
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(database1(f, story()...))
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		c := draft.New("imessage")
		_, _ = Read(ctx, bytes.NewReader(b), int64(len(b)), c)
		c.Finish()
	})
}

// TestADatabaseWithALogBesideItIsRead reads one in the mode in which Messages
// keeps its own, with a write-ahead log that is not handed in.
func TestADatabaseWithALogBesideItIsRead(t *testing.T) {
	b := database1(t, append([]string{"PRAGMA journal_mode=WAL"}, story()...)...)
	if !Logged(b) || Logged(database1(t)) {
		t.Fatal("not in the mode that is tested")
	}
	c := draft.New("imessage")
	if _, err := Read(context.Background(), bytes.NewReader(b), int64(len(b)), c); err != nil || c.Len() != 4 {
		t.Error(c.Len(), err)
	}
}
