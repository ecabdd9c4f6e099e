package voice

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

const callPage = `<?xml version="1.0" ?><html><head><title>Voicemail from
Ada Example</title></head><body><div class="haudio"><span class="fn">Voicemail from Ada Example</span>
<div class="contributor vcard">Voicemail from <a class="tel" href="tel:+15550100"><span class="fn">Ada Example</span></a></div>
<abbr class="published" title="2016-03-01T10:11:12.000-05:00">Mar 1</abbr> Transcript:
<span class="description"><span class="full-text">Call me. It&#39;s late.</span>
<span class="word high">Call <span class="start-time">0.5</span><span class="end-time">0.9</span><span class="confidence">0.9</span></span>
<span class="word high">me. <span class="start-time">0.9</span><span class="end-time">1.2</span><span class="confidence">0.7</span></span>
<span class="word low">It&#39;s <span class="start-time">1.4</span><span class="end-time">1.6</span><span class="confidence">0.3</span></span>
<span class="word med">late. <span class="start-time">1.6</span><span class="end-time">2</span><span class="confidence">0.5</span></span>
<span class="confidence">0.6</span></span>
<audio controls="controls" src="Ada Example - Voicemail - 2016-03-01T15_11_12Z.mp3"></audio>
<abbr class="duration" title="PT1M3S">(00:01:03)</abbr>
<div class="tags"><a rel="tag" href="http://www.google.com/voice#inbox">Inbox</a> <a rel="tag" href="http://www.google.com/voice#voicemail">Voicemail</a></div>
<div class="deletedStatusContainer">User Deleted: True</div></div></body></html>`

const chainPage = `<html><head><title>Me to
Ada Example</title></head><body><div class="hChatLog hfeed"><div class="participants">Group: <cite class="sender vcard"><a class="tel" href="tel:+15550100"><span class="fn">Ada Example</span></a></cite>, <cite class="sender vcard"><a class="tel" href="tel:+15550102"><span class="fn"></span></a></cite></div>
<div class="message"><abbr class="dt" title="2016-03-01T10:11:12.345-05:00">x</abbr>: <cite class="sender vcard"><a class="tel" href="tel:+15550101"><abbr class="fn" title="">Me</abbr></a></cite>: <q>two<br>lines &amp; more</q></div>
<div class="message"><abbr class="dt" title="never">some day</abbr>: <cite class="sender vcard"><a class="tel" href="tel:+15550100"><span class="fn">Ada Example</span></a></cite>: <q></q><div><img src="Ada - Text - 2016-1-1" alt="Image MMS Attachment" /></div></div></div></body></html>`

func TestACallOfATakeoutIsADocument(t *testing.T) {
	if Takeout([]byte(callPage)) != trove.Doc || Takeout([]byte(chainPage)) != trove.Chain || Takeout([]byte("<html><p class=\"haudios\">")) != "" {
		t.Error("pages are not told apart")
	}
	res := ReadTakeout(context.Background(), inputOf(t, "a.html", []byte(callPage)))
	rec := res.Record
	if rec.Kind != trove.Doc || rec.Subject != "Voicemail from Ada Example" || rec.From[0] != (trove.Address{Name: "Ada Example", Addr: "+15550100"}) || rec.DateOffset != -300 {
		t.Errorf("%+v", rec)
	}
	want := "Voicemail from Ada Example\nAda Example +15550100\n2016-03-01 10:11:12 -05:00\nDuration 1m3s\n\nCall me.\nIt's late.\n"
	if res.Text != want {
		t.Errorf("text %q, want %q", res.Text, want)
	}
	facts := map[string]string{}
	for _, f := range res.Reading.Facts {
		facts[f.Name] = f.Value
	}
	if facts["call"] != "voicemail" || facts["call-duration"] != "63" || facts["deleted"] == "" || facts["start"] != "2016-03-01T10:11:12-05:00" {
		t.Errorf("facts %v", facts)
	}
}

func TestAChainOfATakeoutKeepsItsLinesAndFiles(t *testing.T) {
	res := ReadTakeout(context.Background(), inputOf(t, "a.html", []byte(chainPage)))
	c := res.Reading.Chain
	if res.Record.Kind != trove.Chain || res.Record.Subject != "Me to Ada Example +15550102" && res.Record.Subject != "Me to Ada Example Ada Example, +15550102" || len(c.Members) != 3 || len(c.Messages) != 2 {
		t.Fatalf("%+v %+v", res.Record, c)
	}
	m := c.Messages
	if m[0].When != "2016-03-01T10:11:12.345-05:00" || m[0].Text != "two\nlines & more" || !c.Members[m[0].By].Self {
		t.Errorf("%+v", m[0])
	}
	if m[1].When != "" || m[1].Written != "some day" || m[1].Media[0].Type != "image" || c.Members[m[1].By].Self {
		t.Errorf("%+v", m[1])
	}
	if !strings.Contains(res.Text[m[0].From:m[0].To], "two\nlines & more") || res.Record.From[0].Addr != "+15550101" || len(res.Record.To) != 2 {
		t.Errorf("%q %+v", res.Text, res.Record)
	}
}

func TestWhatLiesBesideARecordingTellsOfTheCall(t *testing.T) {
	in := inputOf(t, "Ada Example - Voicemail - 2016-03-01T15_11_12Z.wav", wave(secret))
	in.Beside = []reader.Beside{{Name: "Ada Example - Voicemail - 2016-03-01T15_11_12Z.html", Bytes: []byte(callPage)}}
	res := Read(context.Background(), in)
	segments := res.Reading.Texts[0].Segments
	if len(segments) != 2 || segments[0] != (reading.Segment{From: 0.5, To: 1.2, Text: "Call me.", Confidence: 0.8}) || res.Record.From[0].Addr != "+15550100" {
		t.Fatalf("%+v %+v", segments, res.Record)
	}
	in.Name = "Ada Example - Recorded - 2016-03-02T00_00_00Z.wav" // the same bytes under two names
	res = Read(context.Background(), in)
	if len(res.Reading.Texts) != 1 || res.Reading.Texts[0].By != "Google Voice, by machine, for Voicemail from Ada Example of 2016-03-01T10:11:12-05:00" || res.Reading.Sound.Call.Kind != "recorded" || res.Record.Warnings[0].Code != "several-calls" {
		t.Errorf("%+v %+v", res.Reading.Texts, res.Record)
	}
	in.Name, in.Beside = "Ada Example - Voicemail - 2016-03-01T15_11_12Z.wav", nil // its name alone
	res = Read(context.Background(), in)
	if res.Record.From[0].Name != "Ada Example" || !res.Record.Date.Equal(time.Date(2016, 3, 1, 15, 11, 12, 0, time.UTC)) || res.Reading.Sound.Call.Kind != "voicemail" {
		t.Errorf("%+v", res.Record)
	}
	in = inputOf(t, "x.wav", wave(secret))
	in.Beside = []reader.Beside{
		{Name: "x.json", Bytes: []byte(`{"title":"Left at night","kind":"voicemail","from":"+15550100","from_name":"Ada","to_name":"Office","date":"2016-03-01T10:00:00+01:00","call":11,"of":29,"part":2,"parts":3,"series":"office",
			"transcript":{"lang":"en","made":"corrected","by":"B. Editor","segments":[{"from":0,"to":2,"text":"Hello","speaker":"Ada","confidence":0.5}]}}`)},
		{Name: "x.fr.txt", Bytes: []byte("Bonjour")}, {Name: "y.txt", Bytes: []byte("not of this one")}, {Name: "x.srt", Bytes: []byte("nothing")},
	}
	res = Read(context.Background(), in)
	rec, call := res.Record, res.Reading.Sound.Call
	if rec.Subject != "Left at night" || rec.DateOffset != 60 || rec.To[0].Name != "Office" || *call != (reading.Call{Kind: "voicemail", From: "+15550100", To: "Office", Number: 11, Of: 29, Part: 2, Parts: 3}) {
		t.Errorf("%+v %+v", rec, call)
	}
	if len(res.Reading.Texts) != 2 || res.Reading.Texts[0].Made != reading.Corrected || res.Reading.Texts[1].Kind != reading.Translation || res.Reading.Texts[1].Lang != "fr" {
		t.Errorf("%+v", res.Reading.Texts)
	}
	if rec.Lang != "en" {
		t.Errorf("language %q", rec.Lang)
	}
	if len(rec.Warnings) != 1 || rec.Warnings[0].Code != "unread-beside" {
		t.Errorf("%+v", rec.Warnings)
	}
}

func TestADateWithoutAZoneIsNoDate(t *testing.T) {
	in := inputOf(t, "x.wav", wave(secret))
	in.Beside = []reader.Beside{{Name: "x.json", Bytes: []byte(`{"date":"2016-03-01T10:00:00"}`)}}
	res := Read(context.Background(), in)
	if !res.Record.Date.IsZero() {
		t.Errorf("a zone was invented: %v", res.Record.Date)
	}
}

func TestPartsOfOneCallBelongTogether(t *testing.T) {
	read := func(name, folder string) trove.Record {
		in := inputOf(t, name, wave(secret))
		in.Path = folder + "/" + name
		return Read(context.Background(), in).Record
	}
	first, second := read("Call 11 of 29, message 1 of 3.wav", "calls"), read("call-11_of_29-part-2-of-3 (night).wav", "calls")
	if first.MessageID == "" || len(first.References) != 0 || len(second.References) != 1 || second.References[0] != first.MessageID || second.MessageID == first.MessageID {
		t.Errorf("%+v\n%+v", first, second)
	}
	for _, other := range []trove.Record{read("call 12 of 29.wav", "calls"), read("call 11 of 29, message 1 of 3.wav", "elsewhere")} {
		if other.MessageID == first.MessageID || other.MessageID == "" {
			t.Errorf("another call has the id %q", other.MessageID)
		}
	}
	for _, name := range []string{"recall 11.wav", "part 2 of 3.wav", "2016-11-02.wav"} {
		if r := read(name, "calls"); r.MessageID != "" {
			t.Errorf("%s is taken for a part of a call", name)
		}
	}
}

func TestPicturesOfTagsAreParts(t *testing.T) {
	apic := append([]byte("\x00image/png\x00\x03cover\x00"), []byte("PNG bytes")...)
	tag := append([]byte("APIC\x00\x00\x00"), byte(len(apic)), 0, 0)
	tag = append(tag, apic...)
	b := append([]byte("ID3\x04\x00\x00\x00\x00\x00"), byte(len(tag)))
	b = append(append(b, tag...), bytes.Repeat([]byte("\xff\xf3\x14\xc4"+strings.Repeat("\x00", 20)), 40)...)
	res := Read(context.Background(), inputOf(t, "a.mp3", b))
	if len(res.Record.Parts) != 1 || len(res.Embedded) != 1 || string(res.Embedded[0].Bytes) != "PNG bytes" || res.Record.Parts[0].Type != "image/png" || len(res.Reading.Findings) != 1 {
		t.Errorf("%+v %+v %v", res.Record, res.Reading.Findings, res.Reading.Sound)
	}
}
