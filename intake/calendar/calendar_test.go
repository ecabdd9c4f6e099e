package calendar

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-vcard"

	"unseal/intake/mail"
	"unseal/intake/reader"
	"unseal/material"
	"unseal/reading"
	"unseal/trove"
)

func read(s string) reader.Result {
	return Read(context.Background(), &reader.Input{Content: strings.NewReader(s), Size: int64(len(s))})
}

func fact(r reader.Result, name string) string {
	for _, f := range r.Reading.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

const invitation = "BEGIN:VCALENDAR\r\nPRODID:-//Ours//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" +
	"BEGIN:VEVENT\r\nUID:1@ours.example\r\nDTSTAMP:20110301T080000Z\r\nDTSTART%s\r\nSUMMARY:Budget\\, second\r\n  reading\r\nLOCATION:Room 4\r\nORGANIZER;CN=\"Doe, Jane\":mailto:jane@ours.example\r\n" +
	"ATTENDEE;PARTSTAT=ACCEPTED;CN=Bob:MAILTO:bob@ours.example\r\nDESCRIPTION:Bring the draft.\\nAnd coffee.\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

// TestAZoneIsNeverInvented is case 25 of the corpus.
func TestAZoneIsNeverInvented(t *testing.T) {
	for _, c := range []struct{ start, fact, words string }{
		{":20110311T133600", "2011-03-11T13:36:00", "2011-03-11 13:36:00 (no time zone stated)"},
		{":20110311T133600Z", "2011-03-11T13:36:00Z", "2011-03-11 13:36:00 UTC"},
		{";TZID=Europe/Paris:20110311T133600", "2011-03-11T13:36:00 Europe/Paris", "2011-03-11 13:36:00 Europe/Paris"},
		{";VALUE=DATE:20110311", "2011-03-11", "2011-03-11"},
		{":next Friday", "next Friday", "next Friday"},
	} {
		r := read(strings.Replace(invitation, "%s", c.start, 1))
		if got := fact(r, "start"); got != c.fact || !strings.Contains(r.Text, "Start: "+c.words+"\n") {
			t.Errorf("%s: fact %q, want %q; text\n%s", c.start, got, c.fact, r.Text)
		}
		if utc := strings.HasSuffix(c.start, "Z"); utc != (r.Record.Date.Format("2006-01-02") == "2011-03-11") {
			t.Errorf("%s: dated %v", c.start, r.Record.Date)
		}
	}
}

func TestAnInvitationIsRead(t *testing.T) {
	r := read(strings.Replace(invitation, "%s", ":20110311T133600Z", 1))
	want := "Method: REQUEST\n\nBudget, second reading\nStart: 2011-03-11 13:36:00 UTC\nLocation: Room 4\nOrganizer: Doe, Jane <jane@ours.example>\nAttendee: Bob <bob@ours.example> (accepted)\nBring the draft.\nAnd coffee."
	if r.Text != want {
		t.Errorf("text\n%q, want\n%q", r.Text, want)
	}
	if r.Record.Subject != "Budget, second reading" || r.Record.From[0] != (trove.Address{Name: "Doe, Jane", Addr: "jane@ours.example"}) || len(r.Record.To) != 1 || fact(r, "location") != "Room 4" {
		t.Errorf("%+v %+v", r.Record, r.Reading.Facts)
	}
}

func TestCardsOfAllVersionsAreRead(t *testing.T) {
	const picture = "iVBORw0KGgo="
	r := read("BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=windows-1252;ENCODING=QUOTED-PRINTABLE:Mu=\r\n=F1oz;Ana\r\nTEL;WORK;VOICE:+1 555 0100\r\nPHOTO;PNG;BASE64:" + picture + "\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob Lee\r\nitem1.EMAIL;TYPE=home:bob@ours.example\r\nADR:;;1 Main St;Town;;12345;\r\nPHOTO:data:image/png;base64," + picture + "\r\nEND:VCARD\r\n")
	want := "Ana Muñoz\nTelephone (work, voice): +1 555 0100\n\nBob Lee\nEmail (home): bob@ours.example\nAddress: 1 Main St, Town, 12345"
	if r.Text != want || len(r.Record.Parts) != 2 || r.Embedded[1].Type != "image/png" || fact(r, "phone") != "+1 555 0100" || fact(r, "email") != "bob@ours.example" {
		t.Errorf("%q, want %q; %+v", r.Text, want, r.Record.Parts)
	}
}

func TestWhatIsNeitherIsSaid(t *testing.T) {
	if r := read("BEGIN:VCALENDAR\nEND:VCALENDAR\n"); r.Failed == "" {
		t.Errorf("%+v", r)
	}
	if kind, _ := Detect([]byte("Dear all\n"), "a.ics"); kind != "" {
		t.Error("a letter is a calendar")
	}
	if kind, typ := Detect([]byte("\xef\xbb\xbfbegin:vcalendar\n"), "x"); !Takes(kind, typ) {
		t.Error("a calendar is none")
	}
}

func TestDeepCalendarsEnd(t *testing.T) {
	r := read(strings.Repeat("BEGIN:VCALENDAR\n", 200_000) + "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n")
	if r.Partly == "" && r.Failed == "" {
		t.Errorf("%+v", r)
	}
}

// TestOtherReadersSeeTheSame compares ours with two libraries, where they read
// a file at all.
func TestOtherReadersSeeTheSame(t *testing.T) {
	s := strings.Replace(invitation, "%s", ":20110311T133600Z", 1)
	cal, err := ical.NewDecoder(strings.NewReader(s)).Decode()
	if err != nil {
		t.Fatal(err)
	}
	title, _ := cal.Events()[0].Props.Text(ical.PropSummary)
	if got := read(s).Record.Subject; got != title {
		t.Errorf("%q, go-ical says %q", got, title)
	}
	card := "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\\, B.\r\nTEL;TYPE=cell:1\r\nEND:VCARD\r\n"
	c, err := vcard.NewDecoder(strings.NewReader(card)).Decode()
	if err != nil {
		t.Fatal(err)
	}
	if r := read(card); r.Record.Subject != c.PreferredValue(vcard.FieldFormattedName) || fact(r, "phone") != c.Value(vcard.FieldTelephone) {
		t.Errorf("%+v, go-vcard says %v", r.Record, c)
	}
}

// TestCalendarsOfTheCorpusAreRead reads the parts of its mails: the invitation
// of case 25 states no zone.
func TestCalendarsOfTheCorpusAreRead(t *testing.T) {
	dir := material.Corpora(t)
	raw, err := os.ReadFile(filepath.Join(dir, "email-mime", "public-single", "chandler-invite.eml"))
	if err != nil {
		t.Fatal(err)
	}
	rec, _ := mail.Parse(raw)
	found := 0
	for _, p := range rec.Parts {
		body := string(raw[p.Offset : p.Offset+p.Length])
		if !strings.Contains(p.Type, "calendar") || !strings.HasPrefix(body, "BEGIN") {
			continue
		}
		found++
		r := read(body)
		if !strings.Contains(r.Text, "(no time zone stated)") || strings.HasSuffix(fact(r, "start"), "Z") {
			t.Errorf("%s\n%+v", r.Text, []reading.Fact(r.Reading.Facts))
		}
	}
	if found == 0 {
		t.Error("no calendar in the mail")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(strings.Replace(invitation, "%s", ":20110311T133600Z", 1))
	f.Add("BEGIN:VCARD\nN;ENCODING=QUOTED-PRINTABLE:=\n=41;B\nPHOTO;BASE64:AA==\nEND:VCARD")
	f.Add("BEGIN:VEVENT\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=\"x:\ny\":1\nATTENDEE:\nSUMMARY:\\")
	f.Fuzz(func(t *testing.T, s string) {
		r := read(s)
		if len(r.Text) > 20*len(s)+1000 {
			t.Fatalf("%d bytes of text from %d", len(r.Text), len(s))
		}
	})
}
