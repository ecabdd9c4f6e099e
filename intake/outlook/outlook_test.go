package outlook

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"unseal/intake/mail"
	"unseal/intake/outlook/mapi"
	"unseal/intake/reader"
	mimebody "unseal/mime/body"
	"unseal/trove"
)

var le = binary.LittleEndian

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

// prop is a property to be written into a file of a test.
type prop struct {
	id mapi.ID
	t  mapi.Type
	b  []byte
}

func words(id mapi.ID, s string) prop { return prop{id, mapi.Unicode, wide(s)} }
func num(id mapi.ID, n uint32) prop   { return prop{id, mapi.Int32, le.AppendUint32(nil, n)} }

// sent is 2017-02-28T17:41:40Z.
var sent = prop{clientSubmitTime, mapi.Time, le.AppendUint64(nil, 131327773000000000)}

// bag makes properties of an object in memory.
func bag(props ...prop) *mapi.Bag {
	b := &mapi.Bag{Names: map[mapi.ID]mapi.Name{}}
	for _, p := range props {
		b.Set(p.id, mapi.Value{Type: p.t, Parts: [][]byte{p.b}})
	}
	return b
}

// file is a stream or, with files below it, a folder of a compound file.
type file struct {
	name  string
	b     []byte
	below []file
}

// compound writes a compound file, MS-CFB, with all streams in whole sectors.
func compound(root ...file) []byte {
	const sector, end, free = 512, 0xfffffffe, 0xffffffff
	type entry struct {
		file
		child, next uint32
		start       uint32
	}
	entries := []entry{{file: file{name: "Root Entry", below: root}, next: free}}
	for i := 0; i < len(entries); i++ {
		entries[i].child = free
		for k, f := range entries[i].below {
			if k == 0 {
				entries[i].child = uint32(len(entries))
			}
			next := uint32(len(entries) + 1)
			if k == len(entries[i].below)-1 {
				next = free
			}
			entries = append(entries, entry{file: f, next: next})
		}
	}
	var data, mini []byte
	fat, miniFAT := []uint32{}, []uint32{}
	chain := func(table *[]uint32, n int) uint32 {
		at := uint32(len(*table))
		for k := range n {
			next := at + uint32(k) + 1
			if k == n-1 {
				next = end
			}
			*table = append(*table, next)
		}
		return at
	}
	put := func(b []byte) uint32 {
		b = append(slices.Clone(b), make([]byte, -len(b)&(sector-1))...)
		data = append(data, b...)
		return chain(&fat, len(b)/sector)
	}
	for i := range entries {
		e := &entries[i]
		switch {
		case i == 0 || e.below != nil || len(e.b) == 0:
			e.start = end
		case len(e.b) < 4096:
			mini = append(append(mini, e.b...), make([]byte, -len(e.b)&63)...)
			e.start = chain(&miniFAT, (len(e.b)+63)/64)
		default:
			e.start = put(e.b)
		}
	}
	entries[0].start, entries[0].b = put(mini), mini
	for len(miniFAT)%128 != 0 {
		miniFAT = append(miniFAT, free)
	}
	var table []byte
	for _, n := range miniFAT {
		table = le.AppendUint32(table, n)
	}
	miniAt := put(table)
	var dir []byte
	for i, e := range entries {
		d := make([]byte, 128)
		name := wide(e.name)
		copy(d, name)
		le.PutUint16(d[64:], uint16(len(name)+2))
		d[66] = 2
		if i == 0 {
			d[66] = 5
		} else if e.below != nil {
			d[66] = 1
		}
		le.PutUint32(d[68:], free)
		le.PutUint32(d[72:], e.next)
		le.PutUint32(d[76:], e.child)
		le.PutUint32(d[116:], e.start)
		le.PutUint32(d[120:], uint32(len(e.b)))
		dir = append(dir, d...)
	}
	dirAt := put(dir)
	fatSectors := (len(fat) + 127) / 128
	for (len(fat)+fatSectors+127)/128 > fatSectors {
		fatSectors++
	}
	fatAt := len(fat)
	for range fatSectors {
		fat = append(fat, 0xfffffffd)
	}
	for len(fat)%128 != 0 {
		fat = append(fat, free)
	}
	h := make([]byte, sector)
	copy(h, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	le.PutUint16(h[24:], 0x3e)
	le.PutUint16(h[26:], 3)
	le.PutUint16(h[28:], 0xfffe)
	le.PutUint16(h[30:], 9)
	le.PutUint16(h[32:], 6)
	le.PutUint32(h[44:], uint32(fatSectors))
	le.PutUint32(h[48:], dirAt)
	le.PutUint32(h[56:], 4096)
	le.PutUint32(h[60:], miniAt)
	le.PutUint32(h[64:], uint32(len(table)/sector))
	le.PutUint32(h[68:], end)
	for i := 76; i < sector; i += 4 {
		le.PutUint32(h[i:], free)
	}
	for i := range fatSectors {
		le.PutUint32(h[76+4*i:], uint32(fatAt+i))
	}
	out := append(h, data...)
	for _, n := range fat {
		out = le.AppendUint32(out, n)
	}
	return out
}

// object writes properties as a folder of a message file has them.
func object(head int, props ...prop) []file {
	list := make([]byte, head)
	var files []file
	for _, p := range props {
		tag := uint32(p.id)<<16 | uint32(p.t)
		e := append(le.AppendUint32(nil, tag), make([]byte, 12)...)
		if size := p.t.Fixed(); size > 0 && size <= 8 {
			copy(e[8:], p.b)
		} else {
			le.PutUint32(e[8:], uint32(len(p.b)))
			files = append(files, file{name: fmt.Sprintf("__substg1.0_%08X", tag), b: p.b})
		}
		list = append(list, e...)
	}
	return append(files, file{name: propStream, b: list})
}

func folder(name string, files ...file) file { return file{name: name, below: files} }

// letter is a message file with two recipients, two attachments and a message
// inside.
func letter() []byte {
	inner := object(24, words(messageClass, "IPM.Note"), words(subject, "inside"), words(body, "deeper"))
	return compound(slices.Concat(
		object(32, words(messageClass, "IPM.Note"), sent,
			prop{subject, mapi.String8, []byte("( MSG \xae\xe6\xa6\xa1\xb4\xfa\xb8\xd5 )")}, num(0x3ffd, 950),
			prop{body, mapi.String8, []byte("\xa4\xa4\xa4\xe5")},
			words(sentRepresentingName, "Wäscher, Anna"), words(sentRepresentingType, "EX"), words(sentRepresentingEmail, "/O=X/CN=ANNA"), words(sentRepresentingSMTP, "anna@example.org")),
		[]file{
			folder("__recip_version1.0_#00000000", object(8, num(recipientType, 1), words(displayName, "Bob"), words(addressType, "SMTP"), words(emailAddress, "bob@example.org"))...),
			folder("__recip_version1.0_#00000001", object(8, num(recipientType, 2), words(displayName, "Carol"), words(addressType, "EX"), words(emailAddress, "/O=X/CN=CAROL"))...),
			folder("__attach_version1.0_#00000000", object(8, num(attachMethod, 1), words(attachLongFilename, "größe.txt"), prop{attachData, mapi.Binary, []byte("small")})...),
			folder("__attach_version1.0_#00000001", object(8, num(attachMethod, 1), words(attachLongFilename, `..\big.bin`), prop{attachData, mapi.Binary, bytes.Repeat([]byte("0123456789"), 1000)})...),
			folder("__attach_version1.0_#00000002", append(object(8, num(attachMethod, 5)), folder("__substg1.0_3701000D", inner...))...),
			folder("__attach_version1.0_#00000003", object(8, num(attachMethod, 2), words(attachLongPathname, `\\server\share\far.doc`))...),
			folder("__attach_version1.0_#00000004", append(object(8, num(attachMethod, 6), words(displayName, "sheet")), folder("__substg1.0_3701000D", file{name: "CONTENTS", b: []byte("cells")}))...),
		})...)
}

// parsed is a mail as intake reads it.
func parsed(t testing.TB, m *Message) (trove.Record, string, []byte) {
	t.Helper()
	raw := m.Mail().Bytes
	rec, text := mail.Parse(raw)
	if rec.Unreadable != "" {
		t.Fatalf("%s:\n%s", rec.Unreadable, raw)
	}
	return rec, text, raw
}

func TestAMessageFileBecomesAMail(t *testing.T) {
	b := letter()
	m, err := ReadMSG(bytes.NewReader(b))
	if err != nil || !IsMSG(bytes.NewReader(b)) {
		t.Fatal(err)
	}
	rec, said, raw := parsed(t, m)
	if rec.Subject != "( MSG 格式測試 )" || !strings.Contains(said, "中文") || rec.Date.Format("2006-01-02T15:04:05Z") != "2017-02-28T17:41:40Z" {
		t.Errorf("%q, %q, %v", rec.Subject, said, rec.Date)
	}
	if len(rec.From) != 1 || rec.From[0] != (trove.Address{Name: "Wäscher, Anna", Addr: "anna@example.org"}) || len(rec.To) != 1 || rec.To[0].Addr != "bob@example.org" {
		t.Errorf("from %+v to %+v", rec.From, rec.To)
	}
	if len(rec.Cc) != 1 || rec.Cc[0].Addr != "" || !strings.Contains(rec.Cc[0].Name, "Carol") {
		t.Errorf("cc %+v:\n%s", rec.Cc, raw[:600])
	}
	want := map[string]int64{"größe.txt": 5, "big.bin": 10_000, "inside.eml": -1, "far.doc.txt": -1, "sheet.CONTENTS": 5, ListingName: -1}
	for _, p := range rec.Files() {
		if size, ok := want[p.Name]; ok && (size < 0 || size == p.Size) {
			delete(want, p.Name)
		}
	}
	if len(want) > 0 || rec.Nested != 1 {
		t.Errorf("missing: %v, %d messages inside: %+v", want, rec.Nested, rec.Parts)
	}
	again, _ := ReadMSG(bytes.NewReader(b))
	if !bytes.Equal(raw, again.Mail().Bytes) {
		t.Error("not the same bytes a second time")
	}
}

func TestTransportHeadersStandAtTheTop(t *testing.T) {
	const headers = "Microsoft Mail Internet Headers Version 2.0\r\nReceived: from a by b;\r\n\tMon, 1 Jan 2001 00:00:00 +0100\r\nFrom: <real@example.org>\r\nSubject: as sent\r\n" +
		"Date: Mon, 1 Jan 2001 00:00:00 +0100\r\nContent-Type: multipart/mixed; boundary=gone\r\nDKIM-Signature: v=1;\r\n b=x\r\n\r\n"
	m := &Message{Source: "PST", Bag: bag(words(transportHeaders, headers), words(subject, "as kept"), words(sentRepresentingName, "made@example.org"), sent, words(body, "hello"), words(internetMessageID, "<1@example.org>"))}
	rec, said, raw := parsed(t, m)
	if rec.Subject != "as sent" || len(rec.From) != 1 || rec.From[0].Addr != "real@example.org" || rec.DateOffset != 60 || rec.MessageID != "1@example.org" || strings.TrimSpace(said) != "hello" {
		t.Errorf("%+v %q", rec, said)
	}
	for _, line := range []string{"X-Original-Line: Microsoft Mail", "\r\nX-Original-Content-Type: multipart/mixed; boundary=gone\r\n", "\r\nX-Original-DKIM-Signature: v=1;\r\n b=x\r\n", "from=PST;", "\r\nReceived: from a by b;\r\n\tMon, 1"} {
		if !bytes.Contains(raw, []byte(line)) {
			t.Errorf("no %q in\n%s", line, raw[:800])
		}
	}
	if n := bytes.Count(raw, []byte("\r\nFrom:")); n != 1 {
		t.Errorf("%d From fields", n)
	}
}

// TestNothingInAMessageCanBreakItsMail has boundaries, line ends and header
// fields where none belong.
func TestNothingInAMessageCanBreakItsMail(t *testing.T) {
	const nasty = "a\r\nBcc: x@y\r\n\r\n--=_unseal_000001_=\r\nContent-Type: text/html\r\n\r\n<b>"
	att := plainAttachment("x\r\nBcc: y\".exe", "text/plain\r\nX: y", 5, content([]byte("12345")))
	m := &Message{Source: "MSG", Notes: []string{nasty}, Attachments: []Attachment{att}, Bag: bag(
		words(subject, nasty), words(body, nasty), words(sentRepresentingName, nasty), words(transportHeaders, nasty), words(messageClass, nasty), words(internetMessageID, nasty))}
	rec, said, raw := parsed(t, m)
	if len(rec.Bcc) > 1 || !strings.Contains(said, "--=_unseal_000001_=") || len(rec.Files()) != 2 {
		t.Errorf("%+v %q\n%s", rec, said, raw)
	}
	for _, p := range rec.Files() {
		if b, err := mimebody.DecodePart(raw, p); err != nil || trove.Sum(b) != p.SHA256 {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestMessagesInMessagesEnd(t *testing.T) {
	m := &Message{Source: "MSG", Bag: bag(words(subject, "0"))}
	for range 100 {
		m = &Message{Source: "MSG", Bag: bag(words(subject, "x")), Attachments: []Attachment{{Bag: bag(), Message: m}}}
	}
	made := m.Mail()
	if n := bytes.Count(made.Bytes, []byte("message/rfc822")); n != maxDepth || !slices.Contains(made.Notes, errDeep.Error()) {
		t.Errorf("%d inside, %q", n, made.Notes)
	}
}

// endless is an attachment that says that it is large and is.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestWhatDoesNotFitStandsBeside(t *testing.T) {
	big := plainAttachment("film.mp4", "video/mp4", 1<<40, func() (io.Reader, error) { return endless{}, nil })
	broken := plainAttachment("broken.txt", "text/plain", 5, func() (io.Reader, error) { return nil, errors.New("gone") })
	m := &Message{Source: "PST", Bag: bag(), Attachments: []Attachment{big, broken}}
	made := m.Mail()
	if len(made.Beside) != 1 || made.Beside[0].Name != "001-film.mp4" || len(made.Bytes) > 1<<20 {
		t.Errorf("%d bytes, beside %+v", len(made.Bytes), made.Beside)
	}
	if len(made.Notes) != 1 || !strings.Contains(made.Notes[0], "gone") {
		t.Errorf("%q", made.Notes)
	}
}

// TestAMessageOfTooMuchIsBounded has values, properties and recipients in such
// numbers that a mail of them all would be gigabytes.
func TestAMessageOfTooMuchIsBounded(t *testing.T) {
	long := words(displayName, strings.Repeat("n", 2_000))
	m := &Message{Source: "PST", Bag: bag(words(subject, strings.Repeat("ä", 1<<20)), words(transportHeaders, strings.Repeat("X: y\r\n", 1<<20)))}
	for range maxAttached {
		m.Recipients = append(m.Recipients, bag(long, num(recipientType, 1)))
	}
	many := bag()
	for i := range 40_000 {
		many.Set(mapi.ID(i+1), mapi.Value{Type: mapi.Binary, Parts: [][]byte{make([]byte, 100)}})
	}
	for range 10 {
		m.Attachments = append(m.Attachments, Attachment{Bag: many})
	}
	made := m.Mail()
	if len(made.Bytes) > maxMail {
		t.Errorf("%d bytes", len(made.Bytes))
	}
	if rec, _ := mail.Parse(made.Bytes); rec.Unreadable != "" {
		t.Error(rec.Unreadable)
	}
}

// TestTheListingHidesNoTextInHexadecimal: whoever is named in bytes is named in
// letters or not at all, so that redaction finds them.
func TestTheListingHidesNoTextInHexadecimal(t *testing.T) {
	for name, secret := range map[string][]byte{
		"UTF-16": append([]byte{0, 1, 2, 0x81}, wide("Anna Example")...), "at an odd place": append([]byte{1}, wide("Anna Example")...),
		"ASCII": []byte("\x00\x00SMTP:ANNA@EXAMPLE.ORG\x00"), "Cyrillic": append([]byte{0, 0}, wide("Иванов")...), "short": []byte("\x01\x02Anna\x00"),
	} {
		b := (&Message{Source: "PST", Bag: bag(prop{0x3fff, mapi.Binary, secret})}).Mail().Bytes
		rec, _ := mail.Parse(b)
		part, err := mimebody.DecodePart(b, rec.Files()[0])
		if err != nil || bytes.Contains(part, []byte(hex.EncodeToString(secret[2:6]))) {
			t.Errorf("%s: %s, %v", name, part, err)
		}
		if name != "Cyrillic" && !bytes.Contains(bytes.ToUpper(part), []byte("ANNA")) {
			t.Errorf("%s: %s", name, part)
		}
	}
	random := []byte{0x42, 0x3d, 0xe8, 0xa1, 0x50, 0x7d, 0x5f, 0x48, 0x83, 0x56, 0xa4, 0x61, 0xf1, 0x60, 0x68, 0xa4, 0, 0, 0, 0, 0, 0}
	if got, may := stringsIn(random); got != nil || may {
		t.Errorf("%q in what is random", got)
	}
}

func TestRTFAloneIsTextAndAFile(t *testing.T) {
	rtf := []byte(`{\rtf1\ansi only \'e9 here\par}`)
	pack := append(le.AppendUint32(nil, uint32(len(rtf)+12)), le.AppendUint32(nil, uint32(len(rtf)))...)
	pack = append(append(pack, "MELA\x00\x00\x00\x00"...), rtf...)
	rec, said, raw := parsed(t, &Message{Source: "MSG", Bag: bag(prop{rtfCompressed, mapi.Binary, pack})})
	if !strings.Contains(said, "only é here") {
		t.Errorf("%q", said)
	}
	for _, p := range rec.Files() {
		if b, _ := mimebody.DecodePart(raw, p); p.Name == "body.rtf" && bytes.Equal(b, rtf) {
			return
		}
	}
	t.Errorf("no body.rtf in %+v", rec.Parts)
}

// tnefFile writes a TNEF with attributes.
func tnefFile(attributes ...[]byte) []byte {
	return append([]byte(TNEFMagic+"\x01\x00"), slices.Concat(attributes...)...)
}

func attribute(level byte, id uint32, b []byte) []byte {
	p := le.AppendUint32([]byte{level}, id)
	p = le.AppendUint32(p, uint32(len(b)))
	return le.AppendUint16(append(p, b...), checksum(b))
}

// tnefProps writes a list of properties as TNEF has it.
func tnefProps(props ...prop) []byte {
	b := le.AppendUint32(nil, uint32(len(props)))
	for _, p := range props {
		b = le.AppendUint16(le.AppendUint16(b, uint16(p.t)), uint16(p.id))
		if p.t.Fixed() == 0 {
			b = le.AppendUint32(le.AppendUint32(b, 1), uint32(len(p.b)))
		}
		b = append(append(b, p.b...), make([]byte, -len(p.b)&3)...)
	}
	return b
}

func winmail() []byte {
	inner := tnefFile(attribute(1, 0x69003, tnefProps(words(subject, "inside"), words(body, "deeper"))))
	iid := []byte{7, 3, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}
	return tnefFile(
		attribute(1, 0x69007, le.AppendUint32(nil, 1251)),
		attribute(1, 0x18004, []byte("\xcf\xf0\xe8\xe2\xe5\xf2\x00")),
		attribute(1, 0x69003, tnefProps(words(body, "read me"), sent)),
		attribute(2, 0x69002, make([]byte, 14)),
		attribute(2, 0x18010, []byte("VOICE~1.MP3\x00")),
		attribute(2, 0x6800f, []byte("sound")),
		attribute(2, 0x69005, tnefProps(words(attachLongFilename, "Voice Mail.mp3"), words(attachMimeTag, "audio/mpeg"))),
		attribute(2, 0x69002, make([]byte, 14)),
		attribute(2, 0x69005, tnefProps(prop{attachData, mapi.Object, append(iid, inner...)})),
	)
}

func TestAWinmailGivesItsFiles(t *testing.T) {
	b := winmail()
	r := ReadWinmail(context.Background(), &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b))})
	if r.Failed != "" || r.Partly != "" || r.Record.Subject != "Привет" || r.Text != "read me" || !IsWinmail(b) {
		t.Fatalf("%+v", r)
	}
	if len(r.Embedded) != 2 || len(r.Record.Parts) != 2 {
		t.Fatalf("%+v", r.Record.Parts)
	}
	voice, note := r.Embedded[0], r.Embedded[1]
	if voice.Path != "1" || voice.Name != "Voice Mail.mp3" || voice.Type != "audio/mpeg" || string(voice.Bytes) != "sound" || r.Record.Parts[0].SHA256 != trove.Sum(voice.Bytes) {
		t.Errorf("%+v", voice)
	}
	if rec, said := mail.Parse(note.Bytes); note.Type != "message/rfc822" || rec.Subject != "inside" || !strings.Contains(said, "deeper") {
		t.Errorf("%s", note.Bytes)
	}
}

func TestAMessageFileInAMailIsRead(t *testing.T) {
	b := letter()
	r := ReadWinmail(context.Background(), &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b))})
	if r.Failed != "" || !strings.Contains(r.Text, "中文") || len(r.Embedded) != 4 || !Takes(trove.Doc, MessageType) || Takes(trove.Doc, "application/msword") {
		t.Errorf("%+v", r)
	}
}

func TestADamagedTNEFGivesWhatCameBefore(t *testing.T) {
	b := winmail()
	for cut := len(TNEFMagic) + 2; cut < len(b); cut += 7 {
		m, err := ReadTNEF(b[:cut])
		if err != nil {
			t.Fatal(err)
		}
		m.Mail()
	}
	m, _ := ReadTNEF(b[:len(b)-100])
	if len(m.Notes) == 0 || len(m.Attachments) < 1 || m.Text(body) != "read me" {
		t.Errorf("%q, %d attachments", m.Notes, len(m.Attachments))
	}
	b[len(TNEFMagic)+2+9] ^= 1 // in the first attribute
	if m, _ := ReadTNEF(b); !strings.Contains(fmt.Sprint(m.Notes), "checksum") {
		t.Errorf("a wrong checksum: %q", m.Notes)
	}
	r := ReadWinmail(context.Background(), &reader.Input{Content: strings.NewReader("nothing"), Size: 7})
	if r.Failed == "" {
		t.Error("what is no TNEF does not fail")
	}
}

func TestRecurrencesBecomeRules(t *testing.T) {
	pattern := func(freq, kind uint16, period uint32, rest ...uint32) []byte {
		b := []byte{4, 0x30, 4, 0x30}
		b = le.AppendUint16(le.AppendUint16(le.AppendUint16(b, freq), kind), 0)
		b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, 0), period), 0)
		for _, n := range rest {
			b = le.AppendUint32(b, n)
		}
		return b
	}
	const never, count, until = 0x2023, 0x2022, 0x2021
	for want, p := range map[string][]byte{
		"FREQ=DAILY;INTERVAL=2":                        pattern(0x200a, 0, 2*24*60, never, 0, 0, 0, 0),
		"FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,WE;COUNT=5":   pattern(0x200b, 1, 1, 0b1010, count, 5, 0, 0, 0),
		"FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15":        pattern(0x200c, 2, 3, 15, never, 0, 0, 0, 0),
		"FREQ=YEARLY;INTERVAL=1;BYDAY=SU;BYSETPOS=-1":  pattern(0x200d, 3, 12, 1, 5, never, 0, 0, 0, 0),
		"FREQ=DAILY;INTERVAL=1;UNTIL=20170228T235959Z": pattern(0x200a, 0, 24*60, until, 0, 0, 1, 7, 0, 0, 151999*24*60),
	} {
		if got, ok := recurrence(p); !ok || got != want {
			t.Errorf("%q, want %q", got, want)
		}
		for cut := range p {
			recurrence(p[:cut])
		}
	}
	if _, ok := recurrence(nil); !ok {
		t.Error("none is no fault")
	}
}

// FuzzMSG gives any bytes as a compound file.
func FuzzMSG(f *testing.F) {
	f.Add(letter())
	f.Fuzz(func(t *testing.T, b []byte) { fuzzExpand(t, b, MSG) })
}

// FuzzTNEF gives any bytes as winmail.dat.
func FuzzTNEF(f *testing.F) {
	f.Add(winmail())
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzExpand(t, b, TNEF)
		ReadWinmail(context.Background(), &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b))})
	})
}

// fuzzExpand opens a file twice: what comes out is the same, and mails can be
// read.
func fuzzExpand(t *testing.T, b []byte, kind Kind) {
	var first []trove.Digest
	for range 2 {
		var sums []trove.Digest
		_, _ = Expand(bytes.NewReader(b), int64(len(b)), kind, func(m Member) error {
			p, err := io.ReadAll(io.LimitReader(m, 64<<20))
			if m.Mail {
				if rec, _ := mail.Parse(p); rec.Unreadable != "" {
					t.Errorf("%s:\n%s", rec.Unreadable, p)
				}
			}
			sums = append(sums, trove.Sum(p))
			return err
		})
		if first != nil && !slices.Equal(first, sums) {
			t.Error("not the same twice")
		}
		first = sums
	}
}

// FuzzProperties makes any bytes a message's properties and writes it: a mail
// comes out that can be read, with the parts that went in.
func FuzzProperties(f *testing.F) {
	f.Add("IPM.Appointment", "subject", "text", "<p>", "Name", "a@b.c", "From: x\r\n\r\ny", []byte{1, 2, 3})
	f.Add("IPM.Contact", "\x01\x02RE: x", "", "", "Ä", "/o=x", "", []byte{})
	f.Add("IPM.Task", "=_unseal_000001_=", "--=_unseal_000001_=\r\n", "", "\"", "", "no field\n folded", bytes.Repeat([]byte{4, 0x30}, 20))
	f.Fuzz(func(t *testing.T, class, subj, plain, markup, name, addr, headers string, blob []byte) {
		file := plainAttachment(name, class, int64(len(blob)), content(blob))
		m := &Message{Source: "PST", Attachments: []Attachment{file}, Recipients: []*mapi.Bag{bag(words(displayName, name), words(emailAddress, addr), num(recipientType, 1))}, Bag: bag(
			words(messageClass, class), words(subject, subj), words(body, plain), words(html, markup), words(sentRepresentingName, name), words(sentRepresentingEmail, addr),
			words(transportHeaders, headers), prop{rtfCompressed, mapi.Binary, blob}, prop{0x8000, mapi.Binary, blob}, prop{replyRecipientEntries, mapi.Binary, blob})}
		m.Names[0x8000] = mapi.Name{Set: mapi.Appointment, ID: appointmentRecur}
		raw := m.Mail().Bytes
		rec, _ := mail.Parse(raw)
		found := slices.ContainsFunc(rec.Parts, func(p trove.Part) bool { return p.Size == int64(len(blob)) && p.SHA256 == trove.Sum(blob) })
		if rec.Unreadable != "" || !found {
			t.Errorf("%s: the attachment is gone\n%s", rec.Unreadable, raw)
		}
	})
}
