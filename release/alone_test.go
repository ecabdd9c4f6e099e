package release_test

import (
	"context"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/redact/leak"
	"unseal/release"
	"unseal/trove"
)

// What lay beside a recording and is hidden does not come out with what was
// read of the recording, be it before it is published or afterwards.
func TestNothingOfAHiddenNeighbourComesOut(t *testing.T) {
	const secret = "meet at Quintessa's boathouse"
	x := call("one")
	x.outcomes = slices.DeleteFunc(x.outcomes, func(o stageMade) bool { return o.stage == reader.Read })
	read := reading.Reading{Sound: &reading.Sound{Seconds: 10, Call: &reading.Call{From: "Quintessa"}}, Facts: []reading.Fact{{Name: "source", Value: "quintessa.vtt"}},
		Texts: []reading.Text{{Kind: reading.Transcript, Made: reading.Supplied, Segments: []reading.Segment{said(0, 3, secret)}}}}
	x.outcomes = append(x.outcomes,
		stageMade{stage: reader.Read, reading: read, files: []reader.Made{{Name: "p1.png", Type: "image/png", Bytes: []byte("picture of Quintessa's boathouse")}}},
		stageMade{stage: reader.Translate, reading: reading.Reading{Texts: []reading.Text{{Kind: reading.Translation, Lang: "fr", Made: reading.Machine,
			Segments: []reading.Segment{said(0, 3, "rendez-vous au hangar de Quintessa")}}}}})
	d := newDesk(t)
	d.Read = readCalls
	d.exhibits(x, call("two"))
	d.commit(calls)
	d.plan(calls, 1)
	it, err := catalog.One(t.Context(), d.Catalog, catalog.Query{Collection: calls, From: 1, To: 1})
	d.check(err)
	d.mustPublish(filepath.Join(t.TempDir(), "before"))
	hidden := false
	d.Beside = func(context.Context, trove.CollectionName) (map[catalog.ItemID]bool, error) {
		return map[catalog.ItemID]bool{it.ID: hidden}, nil
	}
	hidden = true
	to := filepath.Join(t.TempDir(), "archive")
	d.mustPublish(to)
	mustVerify(t, to)
	hunt := leak.New([]string{"Quintessa", secret}, nil)
	for name, text := range tree(t, to) {
		d.check(hunt.In(name, []byte(text), func(l leak.Leak) { t.Errorf("%+v", l) }))
	}
	r, text := readingOf(t, published(t, to), 1)
	if !slices.Equal(r.Sound.Play, []string{"play.wav"}) || !strings.Contains(text, remains) {
		t.Errorf("its own sound and the transcript of it stay: %+v %s", r.Sound, text)
	}
	if again := d.mustPublish(to); again.Editions != 0 {
		t.Errorf("published once more: %+v", again)
	}
}

// A recording of which seconds are hidden goes from the mails it is attached to.
func TestHiddenSecondsGoWithAttachmentsOfTheRecording(t *testing.T) {
	b := recording("one")
	eml := "Subject: the call\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut\n\n--cut\n\nlisten\n--cut\nContent-Type: audio/wav\n" +
		"Content-Disposition: attachment; filename=\"c.wav\"\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(b) + "\n--cut--\n"
	d := newDesk(t)
	d.Read = readCalls
	d.exhibits(call("one"), exhibit{path: "m.eml", kind: trove.Mail, content: []byte(eml)})
	d.commit(calls)
	d.plan(calls, 100)
	l := d.silenceCall()
	if len(l.Items) != 2 || l.Items[1].Name.Number != 2 || !l.Items[1].Quotes {
		t.Fatalf("found %+v", l.Items)
	}
	to := filepath.Join(t.TempDir(), "archive")
	d.mustPublish(to)
	mustVerify(t, to)
	if left := leaksOf(t, to); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// What is withdrawn and stands in a text made of another item, or lies beside
// it in another form, is told before.
func TestAWithdrawalNamesWhatSaysTheSameAndWhatLiesBeside(t *testing.T) {
	scan := exhibit{path: "scan.png", kind: trove.Image, content: []byte("\x89PNG no words"), outcomes: []stageMade{
		{stage: reader.OCR, reading: reading.Reading{Texts: []reading.Text{{Kind: reading.OCR, Made: reading.Machine, Segments: []reading.Segment{{Text: goes}}}}}}}}
	other := exhibit{path: "calls/one.mp3", kind: trove.Voice, content: recording("another")}
	d := callDesk(t, scan, other)
	d.mustPublish(filepath.Join(t.TempDir(), "archive"))
	h := release.Hide{Collection: calls, From: 1, To: 1, Reason: "court-order", By: editor}
	l, err := d.LookAtWithdrawn(t.Context(), h)
	d.check(err)
	var saying []int
	for _, x := range l.Saying {
		saying = append(saying, x.Name.Number)
	}
	if !slices.Equal(saying, []int{2, 3}) || len(l.Beside) != 1 || l.Beside[0].Number != 4 {
		t.Errorf("saying %v, beside %v", l.Saying, l.Beside)
	}
}
