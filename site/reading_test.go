package site

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"unseal/reading"
)

// kindPage is the address of an item of the collection "kinds".
func kindPage(n int, rest string) string { return fmt.Sprintf("/c/kinds/%d%s", n, rest) }

// says fails unless the main part of a page has all the words.
func (f *fixtureSite) says(t *testing.T, address string, words ...string) {
	t.Helper()
	said := textOf(t, f.page(t, address), mainOf)
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("%s does not say %q, but:\n%.3000s", address, w, said)
		}
	}
}

// saysNot fails if the main part of a page has one of the words.
func (f *fixtureSite) saysNot(t *testing.T, address string, words ...string) {
	t.Helper()
	said := textOf(t, f.page(t, address), mainOf)
	for _, w := range words {
		if strings.Contains(said, w) {
			t.Errorf("%s says %q:\n%.3000s", address, w, said)
		}
	}
}

// links are the addresses that a page leads to, with their words.
func links(t *testing.T, f *fixtureSite, address string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for n := range parsePage(t, f.page(t, address)).Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" {
			found[strings.TrimLeft(attribute(n, "href"), "./")] = content(n)
		}
	}
	return found
}

func TestARecordingSaysWhatItIsAndIsPlayed(t *testing.T) {
	f := newFixture(t)
	one := kindPage(voiceNumber, "")
	f.says(t, one, "Voicemail for the office", "Recording", "Transcript by machine alone", "Caller Mary Example", "Left for Office line",
		"Received 1 May 2014, 09:30 UTC", "Call Voicemail, message 1 of 2, call 11 of 29", "Length 0:47", "Language English", "Transcript made by machine, whisper 1.7",
		"Other parts of this call (2 in all)", "This part", "words may be wrong", "0:06 The committee asked for the revised schedule 1. طلبت", "schedule 3. [unclear]")
	body := f.page(t, one)
	for _, want := range []string{`<audio controls preload="none" aria-label="The recording">`, `<source src="../../c/kinds/1.opus" type="audio/ogg"><source src="../../c/kinds/1.mp3" type="audio/mpeg">`,
		`<li id="t6"><a href="../../c/kinds/1.mp3#t=6">`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", one, want)
		}
	}
	to := links(t, f, one)
	for _, want := range []string{"c/kinds/1.mp3", "c/kinds/1.opus", "c/kinds/1.vtt", "c/kinds/1.srt", "c/kinds/1.txt", "c/kinds/1.amr", "c/kinds/2"} {
		if _, ok := to[want]; !ok {
			t.Errorf("%s does not lead to %s", one, want)
		}
	}
}

func TestTranslationsStandBesideTheTranscript(t *testing.T) {
	f := newFixture(t)
	one := kindPage(voiceNumber, "")
	f.says(t, one, "طلبت اللجنة الجدول المعدل 7.", "French (translation, made by machine, translator 2)", "Arabic (translation, supplied with the material)")
	f.says(t, one+"?with=2", "Le comité a demandé le calendrier révisé 7.")
	f.saysNot(t, one+"?with=2", "طلبت")
	f.saysNot(t, one+"?with=none", "Le comité", "طلبت")
	f.says(t, one+"?with=1", "طلبت") // text 1 is no translation: as if nothing had been said
	if body := f.page(t, one+"?with=3"); !strings.Contains(body, `<span dir="auto" lang="ar">طلبت`) {
		t.Error("a translation has no language of its own")
	}
}

func TestTheStatesOfARecordingAreWords(t *testing.T) {
	f := newFixture(t)
	f.says(t, kindPage(voiceTwo, ""), "Transcript corrected by a person", "As a person has it 1.", "Another transcript: made by machine, whisper 1.7", "0:12 redacted 1.4 s, a tone in the audio", "message 2 of 2")
	f.says(t, kindPage(voiceMute, ""), "Recording no. 3", "No transcript yet", "No form of this recording that browsers play was made", "There is no transcript.", "Length 1:06:40")
	f.says(t, kindPage(voiceRedacted, ""), "Redacted copy (", "The sound is withheld", "Transcript supplied with the material", "Shown words 0.", "0:06 redacted: privacy 6 s, a tone in the audio")
	f.saysNot(t, kindPage(voiceRedacted, ""), "Shown words 1.")
	if body := f.page(t, kindPage(voiceRedacted, "")); strings.Contains(body, "<audio") || strings.Contains(body, "#t=") {
		t.Error("there is a player without sound")
	}
}

func TestTranscriptsAreFilesForPlayers(t *testing.T) {
	f := newFixture(t)
	for address, want := range map[string]string{
		kindPage(voiceRedacted, ".vtt"): "WEBVTT\n\n00:00:00.000 --> 00:00:06.000\nShown words 0.\n\n00:00:06.000 --> 00:00:12.000\n[redacted]\n\n00:00:12.000 --> 00:00:18.000\nShown words 2.\n\n00:00:18.000 --> 00:00:24.000\nShown words 3.\n\n",
		kindPage(voiceRedacted, ".srt"): "1\n00:00:00,000 --> 00:00:06,000\nShown words 0.\n\n2\n00:00:06,000 --> 00:00:12,000\n[redacted]\n\n3\n00:00:12,000 --> 00:00:18,000\nShown words 2.\n\n4\n00:00:18,000 --> 00:00:24,000\nShown words 3.\n\n",
		kindPage(voiceRedacted, ".txt"): "[0:00] Shown words 0.\n[0:06] [redacted]\n[0:12] Shown words 2.\n[0:18] Shown words 3.\n",
	} {
		if got := f.page(t, address); got != want {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
	if got := f.page(t, kindPage(voiceTwo, ".text-1.vtt")); !strings.Contains(got, "As the machine has it") {
		t.Error("text-1.vtt is not the first transcript")
	}
	for _, address := range []string{kindPage(voiceMute, ".vtt"), kindPage(voiceTwo, ".text-9.vtt"), kindPage(voiceTwo, ".text-x.vtt"), kindPage(docNumber, ".srt"), kindPage(voiceTwo, ".mp3"), kindPage(mailRead, ".vtt")} {
		if w := f.get(t, address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	evil := f.page(t, kindPage(hostileVoice, ".vtt"))
	if strings.Contains(evil, "<") || strings.Count(evil, " --> ") != 2000 {
		t.Errorf("a line ends its cue or begins a tag: %.300s", evil)
	}
}

// TestMadeFilesGoOutByRange asks for pieces of sound as players do.
func TestMadeFilesGoOutByRange(t *testing.T) {
	f := newFixture(t)
	whole := silence(200)
	address := kindPage(voiceNumber, ".mp3")
	w := f.get(t, address)
	etag := w.Header().Get("Etag")
	if w.Code != http.StatusOK || w.Body.String() != string(whole) || w.Header().Get("Accept-Ranges") != "bytes" || strings.HasPrefix(etag, "W/") || etag == "" {
		t.Fatalf("whole: %d, %d bytes of %d, etag %s", w.Code, w.Body.Len(), len(whole), etag)
	}
	for _, c := range []struct {
		ranges, ifRange string
		status, from, n int
	}{
		{"bytes=0-99", "", 206, 0, 100}, {"bytes=2000000-", "", 206, 2_000_000, len(whole) - 2_000_000}, {"bytes=-7", "", 206, len(whole) - 7, 7},
		{"bytes=65500-131099", etag, 206, 65500, 65600}, {"bytes=5-9", `"other"`, 200, 0, len(whole)}, {"bytes=99999999-", "", 416, 0, 0},
	} {
		r := httptest.NewRequest(http.MethodGet, address, nil)
		r.Header.Set("Range", c.ranges)
		if c.ifRange != "" {
			r.Header.Set("If-Range", c.ifRange)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != c.status || c.status != 416 && w.Body.String() != string(whole[c.from:c.from+c.n]) {
			t.Errorf("%s if %q: %d with %d bytes", c.ranges, c.ifRange, w.Code, w.Body.Len())
		}
	}
}

func TestMadeFilesCarryTheTypeOfOurTable(t *testing.T) {
	f := newFixture(t)
	for address, want := range map[string]string{
		kindPage(voiceNumber, ".mp3"): "audio/mpeg inline", kindPage(voiceNumber, ".opus"): "audio/ogg inline", kindPage(voiceNumber, "/made/play.mp3"): "audio/mpeg inline",
		kindPage(docNumber, "/made/p1.png"): "image/png inline", kindPage(voiceTwo, ".wav"): "audio/wav inline", kindPage(voiceNumber, "/made/reading.json"): "application/octet-stream attachment",
		kindPage(hostileVoice, "/made/x.svg"): "application/octet-stream attachment", kindPage(hostileVoice, "/made/x.html"): "application/octet-stream attachment",
		kindPage(hostileVoice, ".mp3"): "audio/mpeg inline", kindPage(voiceNumber, ".amr"): "application/octet-stream attachment", kindPage(voiceNumber, ".bin"): "application/octet-stream attachment",
	} {
		w := f.get(t, address)
		h := w.Header()
		how, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
		if got := h.Get("Content-Type") + " " + how; w.Code != 200 || got != want {
			t.Errorf("%s: %d as %q, want %q", address, w.Code, got, want)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || how == "attachment" && !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox;") || !strings.Contains(h.Get("Content-Security-Policy"), "script-src 'none'") {
			t.Errorf("%s: headers %q", address, h)
		}
	}
	for _, address := range []string{kindPage(voiceNumber, "/made/"), kindPage(voiceNumber, "/made/none.png"), kindPage(voiceNumber, "/made/..%2f1"), kindPage(voiceMute, "/made/play.mp3"), "/c/mail/1/made/reading.json", kindPage(hostileVoice, ".svg")} {
		if w := f.get(t, address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
}

func TestAChainSaysAllThatItsMessagesHave(t *testing.T) {
	f := newFixture(t)
	four := kindPage(chainNumber, "")
	f.says(t, four, "Platform WhatsApp", "A: Omar Example +44 20 7946 0000", "B: Mary Example whose export this is", "7 Nov 2016 to 9 Nov 2016", "7 messages, the full chain as received",
		"Clock the export names no zone", "read as day, month, year", "1 message was deleted before this was exported.", "1 file that was sent is not in the export.",
		"1 message answers one that is not in the export.", "cannot be seen here", "The platform · 08:14 Messages are encrypted.", "A: Omar Example · 08:14:05 Did you get", "As-tu reçu",
		"B: Mary Example · 08:15 · answers 2 Yes. مرحبا", "Reactions: 👍 A", "10:00 +0100 · edited 8 Nov 2016 10:05 +0100", "What it said before The first annex", "deleted",
		"dated am Dienstag, as written · forwarded from A third person · answers a message that is not here", "File: IMG-1.jpg", "VID-2.mp4: sent, but not in the export",
		"no time of day · a call Missed call", "Order as in the source", "By time")
	f.saysNot(t, four, "UTC Did you") // no zone is made up
	body := f.page(t, four)
	for _, want := range []string{`id="m7"`, `<a href="#m2">`, `datetime="2016-11-07T08:14:05"`, ` class="b"`, ` class="a"`, ` class="sys"`, `<p dir="auto">Yes. مرحبا</p>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page of a chain lacks %s", want)
		}
	}
	for order, want := range map[string][]string{"": {"4", "5"}, "?order=time": {"5", "4"}, "?order=source": {"4", "5"}} {
		body := f.page(t, four+order)
		if strings.Index(body, `id="m`+want[0]) > strings.Index(body, `id="m`+want[1]) {
			t.Errorf("order %q: not %v", order, want)
		}
	}
	if text := f.page(t, kindPage(chainNumber, ".txt")); !strings.Contains(text, "#3 2016-11-07T08:15:00 B: Mary Example (reply to #2)\nYes. مرحبا\n") || !strings.Contains(text, "[VID-2.mp4: missing]") {
		t.Errorf("4.txt: %s", text)
	}
}

func TestTwoExportsOfOneChainAreCompared(t *testing.T) {
	f := newFixture(t)
	if _, ok := links(t, f, kindPage(chainNumber, ""))[fmt.Sprintf("c/kinds/4/compare?with=%d", chainOther)]; !ok {
		t.Error("the chain does not lead to the comparison")
	}
	f.says(t, kindPage(chainNumber, fmt.Sprintf("/compare?with=%d", chainOther)), "A Mary and Omar · No. 4", "B Omar and Mary · No. 20", "Corroborated: ", "That proves nothing",
		"Only in B", "B #5 M. · 8 Nov 2016 12:00 only in this export", "Other words", "A #3 Mary Example · 7 Nov 2016 08:15 Yes. مرحبا", "and the <b>annex</b>", "Deleted in one", "What was deleted")
}

func TestALongChainStandsInFewParts(t *testing.T) {
	f := newFixture(t)
	body := f.page(t, kindPage(chainLong, ""))
	if n := strings.Count(body, `id="m`); n < chainMost || !strings.Contains(body, "?part=2") {
		t.Errorf("%d messages on the first page", n)
	}
	if len(body) > 300*chainMost {
		t.Errorf("%d bytes for %d messages", len(body), chainMost)
	}
	to := links(t, f, kindPage(chainLong, "?part=2"))
	if _, ok := to["c/kinds/5?part=1#m10"]; !ok {
		t.Error("an answer does not lead to the message on the other part")
	}
	if second := f.page(t, kindPage(chainLong, "?part=2")); !strings.Contains(second, fmt.Sprintf(`id="m%d"`, chainMost+200)) || strings.Contains(second, `id="m10"`) {
		t.Error("the second part is not the rest")
	}
	if !strings.Contains(body, "Go to a day") {
		t.Error("a long chain has no list of its days")
	}
}

func TestAChainOfPicturesSaysSo(t *testing.T) {
	f := newFixture(t)
	f.says(t, kindPage(chainPictures, ""), "This chain exists only as pictures of a screen", "The text: typed by a person, the desk.", "typed from the picture", "Image of page 1")
	f.says(t, kindPage(chainRedacted, ""), "Redacted copy", "Ask redacted: privacy about it.")
}

func TestADocumentHasItsPages(t *testing.T) {
	f := newFixture(t)
	seven := kindPage(docNumber, "")
	f.says(t, seven, "Annex C", "Document", "Images: 7 of 12 pages.", "Page 1 of 12", "Page 1 of the annex.", "Go on with page 11", "Contents The quay Its <walls>", "Page 4 of 12 (called iv)", "read off the image", "some words are doubtful",
		"Found in the file", "It holds text that a reader of the page does not see: the name below the box Page 3", "It holds macros.", "A file lies in it. in inner.xlsx", "hidden. in inner.xlsx",
		"What the file says of itself", "Author Mary Example", "Created 2 Jan 2015, 03:04:05 +0000", "odd-one kept as it is", "File in it (1)", "inner.xlsx lies in another file", "Read its text")
	three := kindPage(docNumber, "/p/3")
	f.says(t, three, "Page 3 of 12", "read off the image", "the name below the box", "Previous: page 2", "Next: page 4")
	f.says(t, kindPage(docNumber, "/p/1"), "Translation: French", "Page une de l'annexe")
	if body := f.page(t, three); !strings.Contains(body, `<img loading="lazy" width="200" height="280" src="../../../../c/kinds/7/made/p3.png" alt="page 3 of 12, text below">`) {
		t.Error("the image of page 3 is not as it should be")
	}
	if body := f.page(t, kindPage(docNumber, "?view=grid")); strings.Count(body, "<img") != 7 || !strings.Contains(body, `width="150" height="210"`) {
		t.Error("the grid has not the seven images")
	}
	f.says(t, kindPage(docNumber, "?view=text"), "Page 12 of the annex.")
	f.says(t, kindPage(docNumber, "?q=quay+4"), "1 page holds all the words.", "Page 4 of 12 (called iv)")
	f.says(t, kindPage(docNumber, "?q=read+IMAGE"), "1 page holds all the words.", "Page 3 of 12")
	f.says(t, kindPage(docNumber, "?q=nowhere"), "0 pages hold all the words.")
	f.says(t, kindPage(docNumber, "?view=text"), "read off the image")
	f.saysNot(t, kindPage(docNumber, "?view=text"), "Page une")
	if n := strings.Count(f.page(t, kindPage(docPlain, "")), "رسالة بلا صفحات"); n != 1 {
		t.Errorf("a translation stands %d times on the page", n)
	}
	f.says(t, kindPage(docPlain, ""), "A letter without pages.", "Translation: Arabic", "رسالة بلا صفحات", "made by machine, translator 2")
	f.says(t, kindPage(docPlain, ""), "letter <1>.txt Document")
	f.saysNot(t, kindPage(docPlain, ""), "File in it")
	f.says(t, "/c/kinds/batch/1/", "letter <1>.txt No. 8 · Document · no date · Not signed")
	if _, ok := links(t, f, kindPage(docPlain, ""))["c/kinds/8/att/1"]; !ok {
		t.Error("the original is not to be had under its name")
	}
	f.says(t, kindPage(docLong, "?view=grid&from=100"), "101 to 150 of 200", "Page 150")
}

func TestAPictureSaysWhereItWasTakenInWords(t *testing.T) {
	f := newFixture(t)
	f.saysNot(t, kindPage(imageNumber, ""), "Page 1", "Grid")
	f.says(t, kindPage(imageNumber, ""), "Picture", "IMG_0042.jpg", "The picture alone", "QUAY 4", "many words are doubtful", "Camera Example 5", "Place 48.8584° north, 2.2945° west", "Width 4000 pixels",
		"It says where it was made.", "Something is painted over in the picture")
	f.says(t, kindPage(binaryNumber, ""), "This item is a file", "It can run something when it is opened.")
	f.says(t, kindPage(hostileVoice, ""), "Place NaN,1e999")
}

func TestATableIsOneAndItsFormulasAreUnarmed(t *testing.T) {
	f := newFixture(t)
	f.says(t, kindPage(tableNumber, ""), "Payments", "Notes (hidden in the file)", "(9,000 rows, columns: 3)", "Omar Example", "-12.50", `=HYPERLINK("http://x")`, "Shown here: 3 of 9,000 rows.", "As CSV (3 rows)")
	f.says(t, kindPage(tableNumber, "?sheet=2"), "a hidden note")
	body := f.page(t, kindPage(tableNumber, ""))
	for _, want := range []string{`<div class="wide" role="region" tabindex="0" aria-label="`, "<caption>", `<th scope="col"><bdi>Who`} {
		if !strings.Contains(body, want) {
			t.Errorf("the table lacks %s", want)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(f.page(t, kindPage(tableNumber, "/sheet/1.csv")))).ReadAll()
	must(t, err)
	if want := []string{`'=HYPERLINK("http://x")`, "'@SUM(1)", "'+cmd|x"}; len(rows) != 3 || !slices.Equal(rows[2], want) || rows[1][2] != "-12.50" {
		t.Errorf("CSV: %q", rows)
	}
	for _, address := range []string{kindPage(tableNumber, "/sheet/3.csv"), kindPage(tableNumber, "/sheet/0.csv"), kindPage(tableNumber, "/sheet/1"), kindPage(voiceMute, "/sheet/1.csv")} {
		if w := f.get(t, address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
}

func TestAMailShowsWhatWasReadOfItsAttachments(t *testing.T) {
	f := newFixture(t)
	f.says(t, kindPage(mailRead, ""), "schedule.docx Read its text", "It holds macros. in schedule.docx", "Translation: French", "Deux fichiers.", "made by machine, corrected by a person, the desk")
	f.says(t, kindPage(mailRead, "/att/1/text"), "What was read of schedule.docx", "words out of the schedule", "Author Mary Example", "It holds macros.", "Image of page 1", "a cell of the schedule", "Sheet 1")
	if body := f.page(t, kindPage(mailRead, "/att/1/text")); !strings.Contains(body, `src="../../../../../c/kinds/13/made/2-play.wav"`) || !strings.Contains(body, "made/2-p1.png") {
		t.Error("the page of an attachment lacks its sound or its image")
	}
	if got := f.page(t, kindPage(mailRead, "/att/1.txt")); got != "words out of the schedule" {
		t.Errorf("att/1.txt: %q", got)
	}
	for _, address := range []string{"/c/mail/4/att/1.txt", "/c/mail/4/att/1/text", kindPage(mailRead, "/att/2.txt"), kindPage(docNumber, "/att/1"), kindPage(mailRead, "/att/1/x")} {
		if w := f.get(t, address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
}

func TestTheReadingStandsInJSON(t *testing.T) {
	f := newFixture(t)
	var it struct {
		Reading    *reading.Reading
		Made       []struct{ Name string }
		MadeURL    string `json:"made_url"`
		TextURL    string `json:"text_url"`
		Transcript string `json:"transcript_url"`
	}
	fromJSON(t, f.page(t, kindPage(voiceNumber, ".json")), &it)
	if it.Reading == nil || len(it.Reading.Texts) != 3 || it.MadeURL != "/c/kinds/1/made/" || it.TextURL != "/c/kinds/1.txt" || it.Transcript != "/c/kinds/1.vtt" || len(it.Made) != 3 {
		t.Errorf("1.json: %+v", it)
	}
	for _, m := range it.Made {
		f.page(t, it.MadeURL+m.Name)
	}
	for n := 1; n <= kindsLast; n++ {
		f.page(t, kindPage(n, ".json"))
		if w := f.get(t, kindPage(n, ".txt")); w.Code != 200 && n != voiceMute && n != binaryNumber && n != hostileTable && n != tableNumber {
			t.Errorf("%d.txt: %d", n, w.Code)
		}
	}
}

func TestHitsSayInWhatTheyStand(t *testing.T) {
	f := newFixture(t)
	f.says(t, "/search?q=committee+type:voice", "Recording", "In the transcript: The committee")
	f.says(t, "/search?q=quay+type:image", "In the text of the picture: QUAY")
	f.says(t, "/search?q=in:kinds", "Document", "Message chain", "Picture", "Table", "File")
}

func TestListsSayHowLongThingsAre(t *testing.T) {
	f := newFixture(t)
	for _, address := range []string{"/c/kinds/batch/1/", "/search?q=in:kinds"} {
		f.says(t, address, "1 May 2014 · 0:47 · Not signed", "Recording · 3 May 2014 · 1:06:40", "Document · 2 Jan 2015 · 12 pages · 1 file")
	}
	var list struct {
		Items []struct {
			Number, Pages int
			Seconds       float64
		}
	}
	fromJSON(t, f.page(t, "/c/kinds/batch/1/index.json"), &list)
	if i := list.Items[docNumber-1]; i.Number != docNumber || i.Pages != 12 || list.Items[0].Seconds != 47.3 {
		t.Errorf("%+v", list.Items)
	}
}

func TestTimesOfMessagesKeepWhatTheSourceSays(t *testing.T) {
	for s, want := range map[string]string{"2016-11-07T08:14:05": "08:14:05", "2016-11-07T08:14": "08:14", "2016-11-07T08:14:00Z": "08:14 +0000", "2016-11-07T08:14:00-04:30": "08:14 −0430"} {
		if m := readWhen(s); !m.ok || !m.timed || clockOf(m) != want {
			t.Errorf("%s: %+v, %q", s, m, clockOf(m))
		}
	}
	for _, s := range []string{"", "yesterday", "2016-13-01", "08:14"} {
		if readWhen(s).ok {
			t.Errorf("%q is read as a time", s)
		}
	}
	for n, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 27: "AB", 701: "ZZ", 702: "AAA"} {
		if got := letter(n); got != want {
			t.Errorf("letter %d is %s, want %s", n, got, want)
		}
	}
}

func TestFormulasAreUnarmed(t *testing.T) {
	for s, want := range map[string]string{"": "", "-12.50": "-12.50", "+1e3": "+1e3", "=1+1": "'=1+1", "@x": "'@x", "-x": "'-x", "\tx": "'\tx", "x=1": "x=1"} {
		if got := unarmed(s); got != want {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

// FuzzReading shows an item of any kind whose reading says anything at all.
func FuzzReading(f *testing.F) {
	f.Add([]byte(`{"sound":{"seconds":1e308,"play":["a.mp3"],"silenced":[{"from":-1,"to":9e99}]},"texts":[{"kind":"transcript","segments":[{"from":-5,"to":1}]}]}`), "x", uint8(0))
	f.Add([]byte(`{"chain":{"messages":[{"n":0,"by":9,"reply_to":-7,"media":[{}],"when":"0000-00-00"}],"members":[{}]}}`), "x", uint8(1))
	f.Add([]byte(`{"pages":[{"number":1,"from":-1,"to":99},{"number":1}],"findings":[{"page":1}],"texts":[{"kind":"ocr","segments":[{"page":1}]}]}`), "é", uint8(2))
	f.Add([]byte(`{"sheets":[{"rows":-1,"columns":-1,"cells":[[],["="]]}],"facts":[{"name":"gps","value":"1 1"}]}`), "", uint8(3))
	for _, k := range fixtureKinds(f) {
		if b, err := json.Marshal(k.read); err == nil && len(b) < 4096 {
			for n := range 7 {
				f.Add(b, k.text, uint8(n))
			}
		}
	}
	site := newFixture(f)
	numbers := []int{voiceNumber, chainNumber, docNumber, tableNumber, imageNumber, mailRead, voiceRedacted}
	f.Fuzz(func(t *testing.T, b []byte, text string, n uint8) {
		anyReading(t, site, numbers[int(n)%len(numbers)], b, text)
	})
}

// anyReading writes every page of an item as if b were what was read of it.
func anyReading(t *testing.T, f *fixtureSite, n int, b []byte, text string) {
	t.Helper()
	it, err := f.site.openItem(t.Context(), f.site.byName["kinds"], n)
	must(t, err)
	it.text = text
	if it.parseReading(b) != nil {
		return
	}
	for _, address := range []string{"", "?view=grid", "?view=text", "?q=page", "?order=time&part=2", "?sheet=1&all=1", "?with=1"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, kindPage(n, "")+address, nil)
		must(t, f.site.itemPage(w, r, it))
		body := w.Body.String()
		if strings.Contains(body, "<script") || strings.Contains(body, "\u202E") || !strings.HasSuffix(body, "</html>\n") {
			t.Fatalf("%s: %s", address, body)
		}
	}
	for i := range it.read.Pages {
		if i < 3 {
			r := httptest.NewRequest(http.MethodGet, kindPage(n, "/p/"+strconv.Itoa(it.read.Pages[i].Number)), nil)
			must(t, f.site.documentPage(httptest.NewRecorder(), r, it, it.read.Pages[i].Number))
		}
	}
	_ = it.plainForm()
}
