package site

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/archive"
	"unseal/reading"
	"unseal/trove"
)

// The collection "kinds" of the fixture: one item of each kind and state that
// is no mail, and a mail whose attachments were read.
const (
	voiceNumber   = iota + 1 // machine transcript, translations, part 1 of 2
	voiceTwo                 // corrected, with a tone, part 2 of 2
	voiceMute                // no transcript, nothing to play
	chainNumber              // two members, everything that a message can have
	chainLong                // longer than a page
	chainPictures            // pictures of a screen
	docNumber                // 12 pages, images of 7
	docPlain                 // no pages; a translation
	docLong                  // 200 pages
	imageNumber              // with camera and place
	tableNumber              // two sheets, one hidden, formulas
	binaryNumber             // a file of which only findings are known
	mailRead                 // a mail with attachments that were read
	voiceRedacted            // sound withheld
	chainRedacted            // marks in messages
	hostileVoice
	hostileChain
	hostileDoc
	hostileTable
	chainOther // the other party's export of chainNumber, not the same
	kindsLast  = chainOther
)

// fixtureKind is an item of the collection, and what was read of it.
type fixtureKind struct {
	rec  trove.Record
	text string
	read *reading.Reading
	made map[string][]byte
}

// nasty is a value that tries everything a page could fall for.
const nasty = "<script>alert(1)</script>\u202Egpj.exe\" onclick=\"x"

// wave is a recording of that many seconds, which any browser plays: 8,000
// samples of 8 bits a second, a tone.
func wave(seconds int) []byte {
	var b bytes.Buffer
	n := uint32(8000 * seconds)
	b.WriteString("RIFF")
	for _, v := range []any{n + 36, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(8000), uint32(8000), uint16(1), uint16(8), []byte("data"), n} {
		_ = binary.Write(&b, binary.LittleEndian, v) // a buffer takes all
	}
	for i := range n {
		b.WriteByte(byte(128 + 40*int(i/10%2)))
	}
	return b.Bytes()
}

// silence is an MP3 file of that many seconds: frames of MPEG 1 layer III with
// 128 kbit/s at 44,100 samples, all of whose side information is zero.
func silence(seconds int) []byte {
	frame := make([]byte, 417)
	copy(frame, []byte{0xFF, 0xFB, 0x90, 0x00})
	return bytes.Repeat(frame, seconds*44100/1152)
}

// pagePNG is the image of a page.
func pagePNG(width, height int) []byte {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for x := width / 10; x < width*9/10; x++ {
		img.SetGray(x, height/3, color.Gray{})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}

// heard is a transcript with a line every six seconds.
func heard(kind, lang, made, by, line string, n int) reading.Text {
	t := reading.Text{Kind: kind, Lang: lang, Made: made, By: by}
	for i := range n {
		s := reading.Segment{From: float64(6 * i), To: float64(6*i + 6), Text: fmt.Sprintf("%s %d.", line, i), Confidence: 0.9}
		if i == 3 {
			s.Confidence = 0.2
		}
		t.Segments = append(t.Segments, s)
	}
	return t
}

// fixtureKinds are the items of the collection, by number.
func fixtureKinds(t testing.TB) map[int]fixtureKind {
	t.Helper()
	kinds := map[int]fixtureKind{}
	voices(kinds)
	chats(kinds)
	documents(kinds)
	tables(kinds)
	kinds[mailRead] = readMail(t)
	return kinds
}

func voices(kinds map[int]fixtureKind) {
	call := func(part int) *reading.Call {
		return &reading.Call{Kind: "voicemail", From: "+1 202 555 0142", To: "Office line", Number: 11, Of: 29, Part: part, Parts: 2}
	}
	rec := func(day int) trove.Record {
		return trove.Record{Kind: trove.Voice, Date: time.Date(2014, 5, day, 9, 30, 0, 0, time.UTC), Lang: "en"}
	}
	one := rec(1)
	one.Subject, one.MessageID = "Voicemail for the office", "call-11@takeout.example"
	one.From = []trove.Address{{Name: "Mary Example", Addr: "+1 202 555 0142"}}
	kinds[voiceNumber] = fixtureKind{rec: one, made: map[string][]byte{"play.mp3": silence(200), "play.opus": []byte("OggS not really")},
		read: &reading.Reading{Sound: &reading.Sound{Seconds: 47.3, Codec: "pcm_s16le", Play: []string{"play.opus", "play.mp3"}, Call: call(1)},
			Texts: []reading.Text{
				heard(reading.Transcript, "en", reading.Machine, "whisper 1.7", "The committee asked for the revised schedule", 8),
				heard(reading.Translation, "fr", reading.Machine, "translator 2", "Le comité a demandé le calendrier révisé", 8),
				heard(reading.Translation, "ar", reading.Supplied, "", "طلبت اللجنة الجدول المعدل", 8),
			}}}
	two := rec(2)
	two.References = []string{"call-11@takeout.example"}
	kinds[voiceTwo] = fixtureKind{rec: two, made: map[string][]byte{"play.wav": wave(60)},
		read: &reading.Reading{Sound: &reading.Sound{Seconds: 60, Play: []string{"play.wav"}, Call: call(2), Silenced: []reading.Span{{From: 12, To: 13.4}}},
			Texts: []reading.Text{
				heard(reading.Transcript, "en", reading.Machine, "whisper 1.7", "As the machine has it", 9),
				heard(reading.Transcript, "en", reading.Corrected, "the desk", "As a person has it", 9),
			}}}
	kinds[voiceMute] = fixtureKind{rec: rec(3), read: &reading.Reading{Sound: &reading.Sound{Seconds: 4000, Codec: "amr"}}}
	hidden := heard(reading.Transcript, "en", reading.Supplied, "", "Shown words", 4)
	hidden.Segments[1] = reading.Segment{From: 6, To: 12, Hidden: true}
	kinds[voiceRedacted] = fixtureKind{rec: rec(4), read: &reading.Reading{
		Sound: &reading.Sound{Seconds: 24, Silenced: []reading.Span{{From: 6, To: 12}}}, Texts: []reading.Text{hidden}}}
	bad := rec(5)
	bad.Subject = nasty
	evil := heard(reading.Transcript, `en" onload="x`, nasty, nasty, nasty, 2000)
	evil.Segments[0] = reading.Segment{From: -1e300, To: 1e300, Speaker: nasty, Text: "WEBVTT --> 00:00 <b>"}
	kinds[hostileVoice] = fixtureKind{rec: bad, made: map[string][]byte{"play.mp3": []byte("<html><script>alert(1)</script>"), "x.svg": []byte("<svg onload=alert(1)>"), "x.html": []byte("<script>alert(1)</script>")},
		read: &reading.Reading{Sound: &reading.Sound{Seconds: -1, Play: []string{"play.mp3", "x.svg", "../../unseal.json", "gone.mp3"}, Call: &reading.Call{Kind: nasty, From: nasty, Number: -3, Of: 1<<31 - 1, Part: 1, Parts: 9}},
			Texts:    []reading.Text{evil, heard(reading.Translation, nasty, nasty, nasty, nasty, 2000)},
			Findings: []reading.Finding{{Code: nasty, Text: nasty, Part: nasty, Page: -4}}, Facts: []reading.Fact{{Name: nasty, Value: nasty, Part: nasty}, {Name: "gps", Value: "NaN,1e999"}}}}
}

func chats(kinds map[int]fixtureKind) {
	members := []reading.Member{{Name: "Omar Example", Handle: "+44 20 7946 0000"}, {Name: "Mary Example", Self: true}}
	rec := trove.Record{Kind: trove.Chain, Subject: "Mary and Omar", Date: time.Date(2016, 11, 7, 9, 0, 0, 0, time.UTC)}
	kinds[chainNumber] = fixtureKind{rec: rec, read: &reading.Reading{Chain: &reading.Chain{
		Platform: "whatsapp", Members: members, Clock: "the export names no zone", Order: "dmy",
		Messages: []reading.Message{
			{N: 1, By: -1, Kind: "system", When: "2016-11-07T08:14:00", Text: "Messages are encrypted."},
			{N: 2, By: 0, When: "2016-11-07T08:14:05", Text: "Did you get the schedule?"},
			{N: 3, By: 1, When: "2016-11-07T08:15:00", Text: "Yes. مرحبا", ReplyTo: 2, Reactions: []reading.Reaction{{Sign: "👍", By: []int{0}}}},
			{N: 4, By: 0, When: "2016-11-08T10:00:00+01:00", Text: "The second annex", Edited: "2016-11-08T10:05:00+01:00", Earlier: []reading.Earlier{{When: "2016-11-08T10:00:00+01:00", Text: "The first annex"}}},
			{N: 5, By: 1, When: "2016-11-08T09:59:00+01:00", Kind: "deleted"},
			{N: 6, By: 0, Written: "am Dienstag", ReplyTo: -1, Forwarded: "A third person", Media: []reading.Media{{Name: "IMG-1.jpg", Type: "image/jpeg"}, {Name: "VID-2.mp4", Missing: true}}},
			{N: 7, By: 1, When: "2016-11-09", Kind: "call", Text: "Missed call"},
		}}, Texts: []reading.Text{{Kind: reading.Translation, Lang: "fr", Made: reading.Typed, Segments: []reading.Segment{{Message: 2, Text: "As-tu reçu le calendrier ?"}}}}}}
	kinds[chainOther] = fixtureKind{rec: trove.Record{Kind: trove.Chain, Subject: "Omar and Mary"}, read: &reading.Reading{Chain: &reading.Chain{
		Platform: "whatsapp", Members: []reading.Member{{Name: "Me", Self: true}, {Name: "M."}}, Messages: []reading.Message{
			{N: 1, By: 0, When: "2016-11-07T09:14:05", Text: "Did you get the schedule?"},
			{N: 2, By: 1, When: "2016-11-07T09:15:00", Text: "Yes. مرحبا, and the <b>annex</b>"},
			{N: 3, By: 0, When: "2016-11-08T11:00:00", Text: "The second annex"},
			{N: 4, By: 1, When: "2016-11-08T10:59:00", Text: "What was deleted"},
			{N: 5, By: 1, When: "2016-11-08T12:00:00", Text: "only in this export"},
		}}}}
	long := &reading.Chain{Platform: "signal", Members: members}
	for n := 1; n <= chainMost+200; n++ {
		m := reading.Message{N: n, By: n % 2, When: time.Date(2016, 1, 1, 0, 7*n, 0, 0, time.UTC).Format("2006-01-02T15:04:05"), Text: fmt.Sprintf("Message %d.", n)}
		if n == chainMost+100 {
			m.ReplyTo = 10
		}
		long.Messages = append(long.Messages, m)
	}
	kinds[chainLong] = fixtureKind{rec: trove.Record{Kind: trove.Chain, Subject: "A long chain"}, read: &reading.Reading{Chain: long}}
	kinds[chainPictures] = fixtureKind{rec: trove.Record{Kind: trove.Chain, Subject: "Pictures of a chain"}, made: map[string][]byte{"p1.png": pagePNG(300, 500)},
		read: &reading.Reading{Chain: &reading.Chain{Platform: "twitter", Members: members, Pictures: true, Messages: []reading.Message{{N: 1, By: 0, Text: "typed from the picture"}}},
			Pages: []reading.Page{{Number: 1, Image: "p1.png", Width: 300, Height: 500}},
			Texts: []reading.Text{{Kind: reading.OCR, Made: reading.Typed, By: "the desk", Segments: []reading.Segment{{Page: 1, Text: "typed from the picture"}}}}}}
	kinds[chainRedacted] = fixtureKind{rec: rec, read: &reading.Reading{Chain: &reading.Chain{Platform: "sms", Members: members,
		Messages: []reading.Message{{N: 1, By: 0, When: "2016-11-07T08:14:00", Text: "Ask [redacted] about it."}}}}}
	evil := &reading.Chain{Platform: nasty, Members: []reading.Member{{Name: nasty, Handle: nasty}}, Clock: nasty, Order: nasty}
	for n := range 60 {
		evil.Messages = append(evil.Messages, reading.Message{N: n / 2, By: n * 1000, When: nasty, Written: nasty, Text: nasty, Kind: nasty, Edited: nasty, ReplyTo: n*7 - 9, Forwarded: nasty, From: -1, To: 1<<31 - 1,
			Reactions: []reading.Reaction{{Sign: nasty, By: []int{-1, 0, 99}}}, Media: []reading.Media{{Name: nasty, Type: nasty, Missing: n%2 == 0}}})
	}
	kinds[hostileChain] = fixtureKind{rec: trove.Record{Kind: trove.Chain, Subject: nasty}, read: &reading.Reading{Chain: evil}}
}

// pagesOf are pages with their text in one, images of the first few.
func pagesOf(n, images int) (pages []reading.Page, text string, made map[string][]byte) {
	made = map[string][]byte{}
	for i := 1; i <= n; i++ {
		words := fmt.Sprintf("Page %d of the annex.\n\nThe quay was inspected.\n", i)
		pg := reading.Page{Number: i, From: len(text), To: len(text) + len(words)}
		if i <= images {
			pg.Image, pg.Width, pg.Height = fmt.Sprintf("p%d.png", i), 200, 280
			made[pg.Image] = pagePNG(200, 280)
		}
		pages = append(pages, pg)
		text += words
	}
	return pages, text, made
}

func documents(kinds map[int]fixtureKind) {
	pages, text, made := pagesOf(12, 7)
	pages[2].Confidence, pages[2].From, pages[2].To, pages[3].Label = 0.75, 0, 0, "iv"
	kinds[docNumber] = fixtureKind{text: text, made: made, rec: trove.Record{Kind: trove.Doc, Subject: "Annex C", Lang: "en", Date: time.Date(2015, 1, 2, 0, 0, 0, 0, time.UTC),
		Parts: []trove.Part{{Path: "1", Name: "inner.xlsx", Type: "application/vnd.ms-excel", Role: trove.RoleAttachment, Size: 900, SHA256: trove.Sum([]byte("x"))}}},
		read: &reading.Reading{Pages: pages, Outline: []reading.Heading{{Title: "The quay", Level: 1, Page: 2}, {Title: "Its <walls>", Level: 2}},
			Findings: []reading.Finding{{Code: "hidden-text", Text: "the name below the box", Page: 3}, {Code: "macro"}, {Code: "embedded-file", Part: "1"}},
			Facts:    []reading.Fact{{Name: "author", Value: "Mary Example"}, {Name: "created", Value: "2015-01-02T03:04:05Z"}, {Name: "odd-one", Value: "kept as it is"}},
			Files:    []reading.File{{Part: "1", Text: "cells of the inner table", Reading: reading.Reading{Findings: []reading.Finding{{Code: "hidden-sheet", Part: "1"}}}}},
			Texts: []reading.Text{{Kind: reading.OCR, Made: reading.Machine, By: "tesseract 5.3", Segments: []reading.Segment{{Page: 3, Text: "read off the image"}}},
				{Kind: reading.Translation, Lang: "fr", Made: reading.Supplied, Segments: []reading.Segment{{Page: 1, Text: "Page une de l'annexe"}}}}}}
	kinds[docPlain] = fixtureKind{text: "A letter without pages.\n\nIts second paragraph.\n", rec: trove.Record{Kind: trove.Doc},
		read: &reading.Reading{Texts: []reading.Text{{Kind: reading.Translation, Lang: "ar", Made: reading.Machine, By: "translator 2", Segments: []reading.Segment{{Text: "رسالة بلا صفحات"}}}}}}
	pages, text, made = pagesOf(200, 120)
	kinds[docLong] = fixtureKind{text: text, made: made, rec: trove.Record{Kind: trove.Doc, Subject: "A long report"}, read: &reading.Reading{Pages: pages}}
	kinds[imageNumber] = fixtureKind{text: "QUAY 4\n", made: map[string][]byte{"view.png": pagePNG(640, 480)}, rec: trove.Record{Kind: trove.Image, Subject: "IMG_0042.jpg"},
		read: &reading.Reading{Pages: []reading.Page{{Number: 1, To: 6, Image: "view.png", Width: 640, Height: 480, Confidence: 0.5}},
			Facts:    []reading.Fact{{Name: "camera", Value: "Example 5"}, {Name: "taken", Value: "2014-05-01 09:30:00"}, {Name: "gps", Value: "48.8584, -2.2945"}, {Name: "width", Value: "4000"}},
			Findings: []reading.Finding{{Code: "gps"}, {Code: "pixel-redaction", Page: 1}}}}
	kinds[binaryNumber] = fixtureKind{rec: trove.Record{Kind: trove.File, Subject: "setup.exe"}, read: &reading.Reading{Findings: []reading.Finding{{Code: "active-content"}}}}
	evil := []reading.Page{{Number: -1}, {Number: 2, From: 5, To: 1<<31 - 1, Image: "p.svg", Width: 1<<31 - 1, Height: -1}, {Number: 2, Image: "p.png"}, {Number: 1<<31 - 1, Label: nasty, From: 7, To: 3, Image: "../p.png", Confidence: -1}}
	kinds[hostileDoc] = fixtureKind{text: strings.Repeat(nasty+" ", 3000), rec: trove.Record{Kind: trove.Doc, Subject: nasty, Lang: nasty, Parts: []trove.Part{{Path: "1", Name: hostileName, Role: trove.RoleAttachment, Size: 1<<31 - 1}}},
		made: map[string][]byte{"p.svg": []byte("<svg onload=alert(1)>"), "p.png": pagePNG(20, 20)},
		read: &reading.Reading{Pages: evil, Files: []reading.File{{Part: "1", Text: nasty, Lang: nasty}}, Findings: slices.Repeat([]reading.Finding{{Code: "hidden-text", Text: strings.Repeat(nasty, 100), Page: 2}}, 500)}}
}

func tables(kinds map[int]fixtureKind) {
	sheet := reading.Sheet{Name: "Payments", Rows: 9000, Columns: 3, Head: true, Cells: [][]string{{"Who", "When", "How much"}, {"Omar Example", "2015-03-04", "-12.50"}, {"=HYPERLINK(\"http://x\")", "@SUM(1)", "+cmd|x"}}}
	kinds[tableNumber] = fixtureKind{text: "Who When How much", rec: trove.Record{Kind: trove.Table, Subject: "payments.xlsx"}, read: &reading.Reading{
		Sheets:   []reading.Sheet{sheet, {Name: "Notes", Hidden: true, Rows: 1, Columns: 1, Cells: [][]string{{"a hidden note"}}}},
		Findings: []reading.Finding{{Code: "hidden-sheet"}}}}
	wide := reading.Sheet{Name: nasty, Rows: 1<<31 - 1, Columns: 1<<31 - 1, Head: true}
	for range reading.MaxRows {
		wide.Cells = append(wide.Cells, slices.Repeat([]string{nasty}, 300))
	}
	kinds[hostileTable] = fixtureKind{rec: trove.Record{Kind: trove.Table, Subject: nasty}, read: &reading.Reading{Sheets: []reading.Sheet{wide, {}, {Cells: [][]string{nil, {""}}}}}}
}

// readMail is a mail whose attachment was read, with a file in it.
func readMail(t testing.TB) fixtureKind {
	t.Helper()
	return fixtureKind{made: map[string][]byte{"2-p1.png": pagePNG(200, 280), "2-play.wav": wave(2)}, read: &reading.Reading{
		Files: []reading.File{{Part: "2", Lang: "en", Text: "words out of the schedule", Reading: reading.Reading{
			Pages: []reading.Page{{Number: 1, Image: "2-p1.png", Width: 200, Height: 280}}, Sound: &reading.Sound{Play: []string{"2-play.wav"}},
			Sheets:   []reading.Sheet{{Rows: 1, Columns: 1, Cells: [][]string{{"a cell of the schedule"}}}},
			Findings: []reading.Finding{{Code: "macro", Part: "2"}}, Facts: []reading.Fact{{Name: "author", Value: "Mary Example", Part: "2"}}}}},
		Texts: []reading.Text{{Kind: reading.Translation, Lang: "fr", Made: reading.Corrected, By: "the desk", Segments: []reading.Segment{{Text: "Deux fichiers."}}}}}}
}

// kinds publishes the collection.
func (p *publisher) kinds(kinds map[int]fixtureKind) {
	ct, body := multipartMail("Content-Type: text/plain\n\nOne file.\n", attachment("schedule.docx", "application/msword", []byte("not really")))
	items := make([]fixtureItem, kindsLast+1)
	for n := 1; n <= kindsLast; n++ {
		items[n] = fixtureItem{raw: []byte(fmt.Sprintf("bytes of item %d\r\n\r\n%s", n, secretName)), kind: kinds[n].rec.Kind, verdict: trove.Unsigned}
	}
	items[mailRead] = fixtureItem{[]byte(mailText("read", "One file", 3, nil, ct, body)), trove.Mail, trove.Unsigned}
	k := publisher{t: p.t, w: p.w, coll: "kinds", colls: p.colls, keys: p.keys}
	k.commit("kinds", items)
	k.make = func(n int) (archive.Record, string) {
		rec, text := k.record(n)
		if n == mailRead {
			rec.Thread = ""
			return rec, text
		}
		verdict := rec.Verdict
		rec.Record, text = kinds[n].rec, kinds[n].text
		rec.Verdict, rec.Paths = verdict, []string{fmt.Sprintf("box/item-%d.amr", n)}
		if r := kinds[n].read; text == "" && r != nil {
			text = r.Spoken()
		}
		if n == docPlain {
			size := int64(len(items[n].raw))
			rec.Parts = []trove.Part{{Path: "1", Name: "letter <1>.txt", Type: "text/plain", Role: trove.RoleAttachment, Size: size, Length: size}}
			rec.Paths = []string{"letter <1>.txt"}
		}
		if r := kinds[n].read; text != r.Spoken() { // as release makes it
			text += r.Spoken()
		}
		rec.Thread, rec.Copies, rec.CopyOf = "", nil, 0
		if id := rec.MessageID; id != "" || len(rec.References) > 0 {
			rec.Thread = trove.ThreadID("call-11@takeout.example")
		}
		return rec, text
	}
	k.more = func(it *archive.NewItem) {
		if it.Number == voiceRedacted || it.Number == chainRedacted {
			k.redact(it, it.Content)
			it.Record.Verdict = trove.Redacted
		}
		it.Made = madeOf(p.t, kinds[it.Number])
	}
	k.batch(1, 1, kindsLast)
}

// madeOf yields the files made of an item, in order of their names.
func madeOf(t testing.TB, k fixtureKind) func(func(archive.NewMade, error) bool) {
	files := map[string][]byte{}
	for name, b := range k.made {
		files[name] = b
	}
	if k.read != nil {
		b, err := json.Marshal(k.read)
		must(t, err)
		files[reading.Name] = b
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return func(yield func(archive.NewMade, error) bool) {
		for _, name := range names {
			mediaType := typeFor(name)
			mediaType, _, _ = strings.Cut(mediaType, ";")
			if name == reading.Name {
				mediaType = "application/json"
			}
			if !yield(archive.NewMade{Name: name, Type: mediaType, Content: files[name]}, nil) {
				return
			}
		}
	}
}
