package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"unseal/intake/reader"
	"unseal/proof"
	"unseal/reading"
	"unseal/trove"
)

// read reads an export that must be known as of a platform.
func read(t testing.TB, platform, export string, options ...string) reader.Result {
	t.Helper()
	if got, _ := Detect([]byte(export)); got != platform {
		t.Fatalf("known as %q, not %q", got, platform)
	}
	res := Read(context.Background(), input([]byte(export), "", options...))
	if res.Failed != "" {
		t.Fatal(res.Failed)
	}
	if err := promised(&res); err != nil {
		t.Fatal(err)
	}
	return res
}

// story tells a chain in lines: time, name, text, and in brackets what else is
// known of a message.
func story(c *reading.Chain) string {
	var b strings.Builder
	for _, m := range c.Messages {
		who := "-"
		if m.By >= 0 {
			if who = c.Members[m.By].Name; who == "" {
				who = c.Members[m.By].Handle
			}
		}
		fmt.Fprintf(&b, "%s %s: %s", m.When, who, strings.ReplaceAll(m.Text, "\n", "|"))
		for _, x := range []struct{ name, value string }{{"kind", m.Kind}, {"edited", m.Edited}, {"forwarded", m.Forwarded}} {
			if x.value != "" {
				fmt.Fprintf(&b, " [%s %s]", x.name, x.value)
			}
		}
		for _, e := range m.Earlier {
			fmt.Fprintf(&b, " [was %s]", e.Text)
		}
		if m.ReplyTo != 0 {
			fmt.Fprintf(&b, " [to %d]", m.ReplyTo)
		}
		for _, r := range m.Reactions {
			fmt.Fprintf(&b, " [%s %v]", r.Sign, r.By)
		}
		for _, f := range m.Media {
			fmt.Fprintf(&b, " [file %s %s %v]", f.Name, f.Type, f.Missing)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// exportOf are exports of each form, written by us after the forms' own
// documentation, with what must be read out of them.
var exportOf = []struct{ name, platform, export, want string }{
	{"telegram", "telegram", `{"name":"Bob","type":"personal_chat","id":7,"messages":[
 {"id":1,"type":"service","date":"2016-07-04T08:00:00","date_unixtime":"1467633600","actor":"Bob","actor_id":"user7","action":"create_group","title":"Plan","members":["Alice"],"text":""},
 {"id":2,"type":"message","date":"2016-07-04T08:14:00","date_unixtime":"1467634440","edited":"2016-07-04T08:15:00","edited_unixtime":"1467634500","from":"Bob","from_id":"user7","text":["see ",{"type":"text_link","text":"this","href":"https://example.org/a"}],"reactions":[{"type":"emoji","count":1,"emoji":"👍","recent":[{"from":"Alice","from_id":"user8"}]}]},
 {"id":3,"type":"message","date":"2016-07-04T08:16:00","from":"Alice","from_id":"user8","reply_to_message_id":2,"forwarded_from":"News","photo":"photos/p1.jpg","text":"yes"},
 {"id":4,"type":"message","date":"2016-07-04T08:17:00","from":null,"from_id":"user9","reply_to_message_id":99,"file":"(File not included. Change data exporting settings to download.)","file_name":"plan.pdf","mime_type":"application/pdf","text":""}]}`,
		`2016-07-04T08:00:00-04:00 Bob: create group Plan Alice [kind system]
2016-07-04T08:14:00-04:00 Bob: see this (https://example.org/a) [edited 2016-07-04T08:15:00-04:00] [👍 [1]]
2016-07-04T08:16:00 Alice: yes [forwarded News] [to 2] [file p1.jpg image/* false]
2016-07-04T08:17:00 user9:  [to -1] [file plan.pdf application/pdf true]
`},
	{"discord", "discord", `{"guild":{"id":"1","name":"House"},"channel":{"id":"2","type":"GuildTextChat","name":"hall"},"dateRange":{},"messages":[
 {"id":"10","type":"Default","timestamp":"2016-07-04T08:14:00.5+00:00","timestampEdited":"2016-07-04T08:20:00+00:00","content":"hi","author":{"id":"5","name":"al","nickname":"Alice"},"attachments":[{"url":"https://cdn.example.org/a.png","fileName":"a.png"}],"reactions":[{"emoji":{"name":"❤"},"users":[{"id":"6","name":"Bob"}]}]},
 {"id":"11","type":"Reply","timestamp":"2016-07-04T08:15:00+00:00","content":"ho","author":{"id":"6","name":"Bob"},"attachments":[{"url":"files/b.png","fileName":"b.png"}],"reference":{"messageId":"10"},"embeds":[{"title":"T","url":"https://example.org"}]},
 {"id":"12","type":"ChannelPinnedMessage","timestamp":"2016-07-04T08:16:00+00:00","content":"pinned","author":{"id":"6","name":"Bob"},"reference":{"messageId":"10"}}]}`,
		`2016-07-04T08:14:00Z Alice: hi [edited 2016-07-04T08:20:00Z] [❤ [1]] [file a.png  true]
2016-07-04T08:15:00Z Bob: ho|T|https://example.org [to 1] [file b.png  false]
2016-07-04T08:16:00Z Bob: pinned [kind system]
`},
	{"slack day", "slack", `[{"type":"message","user":"U1","text":"hi <@U2>, see <https://example.org|the page> &amp; more","ts":"1467620040.000100","user_profile":{"real_name":"Alice A","display_name":"alice"},"thread_ts":"1467620040.000100","reactions":[{"name":"wave","users":["U2"],"count":1}]},
 {"type":"message","user":"U2","text":"yes","ts":"1467620100.000200","thread_ts":"1467620040.000100","edited":{"user":"U2","ts":"1467620200.000000"},"files":[{"name":"a.pdf","mimetype":"application/pdf","url_private_download":"https://files.example.org/a"}]},
 {"type":"message","subtype":"channel_join","user":"U3","text":"<@U3> has joined","ts":"1467620160.000300"},
 {"type":"message","subtype":"tombstone","user":"U1","text":"This message was deleted.","ts":"1467620170.000300"}]`,
		`2016-07-04T08:14:00Z alice: hi @U2, see the page (https://example.org) & more [:wave: [1]]
2016-07-04T08:15:00Z U2: yes [edited 2016-07-04T08:16:40Z] [to 1] [file a.pdf application/pdf true]
2016-07-04T08:16:00Z U3: @U3 has joined [kind system]
2016-07-04T08:16:10Z alice: This message was deleted. [kind deleted]
`},
	{"messenger", "messenger", `{"participants":[{"name":"Andr\u00c3\u00a9"},{"name":"Bob"}],"messages":[
 {"sender_name":"Bob","timestamp_ms":1467620160000,"is_unsent":true},
 {"sender_name":"Bob","timestamp_ms":1467620100000,"content":"\u00f0\u009f\u0098\u0080","reactions":[{"reaction":"\u00e2\u009d\u00a4","actor":"Andr\u00c3\u00a9"}],"ip":"192.0.2.1"},
 {"sender_name":"Andr\u00c3\u00a9","timestamp_ms":1467620040000,"content":"\u00c3\u00a7a va","photos":[{"uri":"messages/inbox/x/photos/1.jpg"}]}],
 "title":"Bob","thread_path":"inbox/bob"}`,
		`2016-07-04T08:14:00Z André: ça va [file 1.jpg  false]
2016-07-04T08:15:00Z Bob: 😀 [❤ [0]]
2016-07-04T08:16:00Z Bob:  [kind deleted]
`},
	{"messenger, end to end", "messenger", `{"participants":["Alice","Bob"],"threadName":"Bob_1","messages":[{"isUnsent":false,"media":[{"uri":"./media/a.jpg"}],"reactions":[{"actor":"Bob","reaction":"👍"}],"senderName":"Alice","text":"hi","timestamp":1467620040000,"type":"media"}]}`,
		`2016-07-04T08:14:00Z Alice: hi [👍 [1]] [file a.jpg  false]
`},
	{"twitter", "twitter", `window.YTD.direct_messages.part0 = [{"dmConversation":{"conversationId":"1-2","messages":[
 {"messageCreate":{"id":"11","recipientId":"1","senderId":"2","text":"see https://t.co/x","createdAt":"2016-07-04T08:15:00.000Z","urls":[{"url":"https://t.co/x","expanded":"https://example.org/long","display":"d"}],"mediaUrls":["https://ton.example.org/dm/11/a.jpg"],"reactions":[{"senderId":"1","reactionKey":"like","createdAt":"2016-07-04T08:16:00.000Z"}]}},
 {"messageCreate":{"id":"10","recipientId":"2","senderId":"1","text":"hi","createdAt":"2016-07-04T08:14:00.000Z","urls":[],"mediaUrls":[],"reactions":[]}}]}}]`,
		`2016-07-04T08:14:00Z 1: hi
2016-07-04T08:15:00Z 2: see https://example.org/long [like [1]] [file a.jpg  false]
`},
	{"signal-cli", "signal", `{"envelope":{"source":"+1","sourceNumber":"+1","sourceName":"Alice","timestamp":1467620040000,"dataMessage":{"timestamp":1467620040000,"message":"hi","attachments":[{"contentType":"image/png","filename":"a.png"}]}},"account":"+2"}
{"envelope":{"source":"+2","sourceName":"Bob","timestamp":1467620100000,"syncMessage":{"sentMessage":{"destination":"+1","timestamp":1467620100000,"message":"ho","quote":{"id":1467620040000}}}},"account":"+2"}
{"envelope":{"source":"+1","sourceName":"Alice","timestamp":1467620110000,"dataMessage":{"timestamp":1467620110000,"reaction":{"emoji":"👍","targetSentTimestamp":1467620100000,"isRemove":false}}},"account":"+2"}
{"envelope":{"source":"+1","sourceName":"Alice","timestamp":1467620120000,"receiptMessage":{"isRead":true}},"account":"+2"}
{"envelope":{"source":"+1","sourceName":"Alice","timestamp":1467620130000,"editMessage":{"targetSentTimestamp":1467620040000,"dataMessage":{"timestamp":1467620130000,"message":"hi there"}}},"account":"+2"}
{"envelope":{"source":"+1","sourceName":"Alice","timestamp":1467620140000,"dataMessage":{"timestamp":1467620140000,"message":"gone"}},"account":"+2"}
{"envelope":{"source":"+1","sourceName":"Alice","timestamp":1467620150000,"dataMessage":{"timestamp":1467620150000,"remoteDelete":{"timestamp":1467620140000}}},"account":"+2"}
`,
		`2016-07-04T08:14:00Z Alice: hi there [edited 2016-07-04T08:15:30Z] [was hi] [file a.png image/png false]
2016-07-04T08:15:00Z Bob: ho [to 1] [👍 [0]]
2016-07-04T08:15:40Z Alice:  [kind deleted]
`},
	{"signal-export", "signal", `{"date":"2016-07-04 08:14:00","sender":"Me","body":"hi","quote":"","sticker":"","reactions":[{"name":"Alice","emoji":"👍"}],"attachments":[{"name":"a.png","path":"media/a.png"}]}
{"date":"2016-07-04 08:15:00","sender":"Alice","body":"ho","quote":"hi","sticker":"","reactions":[],"attachments":[]}
`,
		`2016-07-04T08:14:00 Me: hi [👍 [1]] [file a.png  false]
2016-07-04T08:15:00 Alice: > hi|ho
`},
	{"signal, plain text export", "signal", `{"version":"1","backupTimeMs":"1467630000000"}
{"recipient":{"id":"1","self":{}}}
{"recipient":{"id":"2","contact":{"e164":"1202555","profileGivenName":"Alice"}}}
{"chat":{"id":"1","recipientId":"2"}}
{"chatItem":{"chatId":"1","authorId":"2","dateSent":"1467620040000","incoming":{},"standardMessage":{"text":{"body":"hi there"},"reactions":[{"emoji":"👍","authorId":"1"}]},"revisions":[{"chatId":"1","authorId":"2","dateSent":"1467620030000","standardMessage":{"text":{"body":"hi"}}}]}}
{"chatItem":{"chatId":"1","authorId":"1","dateSent":"1467620100000","outgoing":{},"standardMessage":{"quote":{"targetSentTimestamp":"1467620040000"},"text":{"body":"ho"},"attachments":[{"pointer":{"fileName":"a.png","contentType":"image/png"}}]}}}
{"chatItem":{"chatId":"1","authorId":"2","dateSent":"1467620160000","remoteDeletedMessage":{}}}
{"chatItem":{"chatId":"1","authorId":"2","dateSent":"1467620170000","updateMessage":{"individualCall":{}}}}
`,
		`2016-07-04T08:14:00Z Alice: hi there [edited 2016-07-04T08:14:00Z] [was hi] [👍 [0]]
2016-07-04T08:15:00Z Me: ho [to 1] [file a.png image/png false]
2016-07-04T08:16:00Z Alice:  [kind deleted]
2016-07-04T08:16:10Z Alice:  [kind call]
`},
	{"google chat", "google-chat", `{"messages":[{"creator":{"name":"Alice","email":"a@example.org","user_type":"Human"},"created_date":"Monday, July 4, 2016 at 8:14:00 AM UTC","text":"hi","topic_id":"t","message_id":"s/t/1","attached_files":[{"original_name":"a.png","export_name":"File-a.png"}],"reactions":[{"emoji":{"unicode":"👍"},"reactor_emails":["b@example.org"]}]},
 {"creator":{"name":"Bob","email":"b@example.org"},"created_date":"Monday, July 4, 2016 at 8:15:00 AM UTC","message_state":"DELETED","message_id":"s/t/2","quoted_message_metadata":{"message_id":"s/t/1"}}]}`,
		`2016-07-04T08:14:00Z Alice: hi [👍 [1]] [file File-a.png  false]
2016-07-04T08:15:00Z Bob:  [kind deleted] [to 1]
`},
	{"sms", "sms", `<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>
<smses count="4"><sms protocol="0" address="+1" date="1467620040000" type="1" body="hi &#55357;&#56832; &lt;3" contact_name="Alice" read="1" />
<sms protocol="0" address="+3" date="1467620050000" type="1" body="other" contact_name="(Unknown)" />
<sms protocol="0" address="+1" date="1467620100000" type="2" body="ho" contact_name="Alice" />
<mms date="1467620160000" msg_box="1" address="+1~+4" contact_name="Alice, Carol"><parts><part seq="0" ct="application/smil" text="x"/><part seq="0" ct="text/plain" text="look"/><part seq="1" ct="image/jpeg" cl="a.jpg" data="AAAA"/></parts><addrs><addr address="+4" type="137" /></addrs></mms></smses>`,
		`2016-07-04T08:14:00Z Alice: hi 😀 <3
2016-07-04T08:15:00Z Me: ho
2016-07-04T08:14:10Z +3: other
2016-07-04T08:16:00Z +4: look [file a.jpg image/jpeg false]
`},
	{"calls", "sms", `<?xml version='1.0' encoding='UTF-8'?><calls count="1"><call number="+1" duration="61" date="1467620040000" type="3" contact_name="Alice" /></calls>`,
		`2016-07-04T08:14:00Z Alice: missed 61 s [kind call]
`},
	{"pictures", "pictures", `{"unseal":"chain/1","title":"The full chain","pictures":["1.png","2.png"],"made":"typed","by":"the desk","members":[{"name":"A","handle":"@a"},{"name":"B"}],"messages":[
 {"by":"A","when":"2016-07-04T08:14:00","text":"hi","picture":1,"id":"x"},{"by":"B","when":"2016-07-04T08:15:00","text":"ho","picture":2,"reply_to":"x","kind":"deleted"}]}`,
		`2016-07-04T08:14:00 A: hi
2016-07-04T08:15:00 B: ho [kind deleted] [to 1]
`},
	{"whatsapp on android", "whatsapp", "04/07/2016, 08:13 - Messages to this chat are now secured with end-to-end encryption.\n04/07/2016, 08:14 - Alice: hi\nthere <This message was edited>\n13/07/2016, 08:15 - Bob: IMG-1.jpg (file attached)\nlook\n13/07/2016, 08:15 - Bob: <Media omitted>\n13/07/2016, 08:16 - Alice: You deleted this message\n13/07/2016, 08:17 - Bob: Missed voice call\n13/07/2016, 08:18 - Alice changed the subject to \"a: b\"\n",
		`2016-07-04T08:13:00 -: Messages to this chat are now secured with end-to-end encryption. [kind system]
2016-07-04T08:14:00 Alice: hi|there [edited yes]
2016-07-13T08:15:00 Bob: look [file IMG-1.jpg  false]
2016-07-13T08:15:00 Bob:  [file Media omitted  true]
2016-07-13T08:16:00 Alice: You deleted this message [kind deleted]
2016-07-13T08:17:00 Bob: Missed voice call [kind call]
2016-07-13T08:18:00 -: Alice changed the subject to "a: b" [kind system]
`},
	{"whatsapp on an iphone", "whatsapp", "\ufeff[7/13/16, 8:14:01\u202fAM] ~\u00a0Alice: hi\r\n\u200e[7/13/16, 8:15:00\u202fPM] Bob: \u200e<attached: 00000012-PHOTO-2016-07-13.jpg>\r\n[7/13/16, 8:16:00\u202fPM] Bob: \u200eYou deleted this message.\r\n\u200e[7/13/16, 8:17:00\u202fPM] Bob: a caption \u200eimage omitted\r\n",
		`2016-07-13T08:14:01 ~ Alice: hi
2016-07-13T20:15:00 Bob:  [file 00000012-PHOTO-2016-07-13.jpg  false]
2016-07-13T20:16:00 Bob: You deleted this message. [kind deleted]
2016-07-13T20:17:00 Bob: a caption [file image omitted  true]
`},
	{"lines of another program", "text", "[2016-07-04, 08:14] Me: hi\n[2016-07-04, 08:15] Alice: ho\nsecond line\n[2016-07-04, 08:16] Me: well\n",
		`2016-07-04T08:14:00 Me: hi
2016-07-04T08:15:00 Alice: ho|second line
2016-07-04T08:16:00 Me: well
`},
}

func TestExportsAreRead(t *testing.T) {
	for _, c := range exportOf {
		t.Run(c.name, func(t *testing.T) {
			res := read(t, c.platform, c.export)
			if got := story(res.Reading.Chain); got != c.want {
				t.Errorf("%s\nnot\n%s", got, c.want)
			}
			if res.Partly != "" {
				t.Error(res.Partly)
			}
		})
	}
}

// TestBrokenExportsGiveWhatTheyHold cuts every export in many places.
func TestBrokenExportsGiveWhatTheyHold(t *testing.T) {
	for _, c := range exportOf {
		whole := read(t, c.platform, c.export).Reading.Chain
		for n := 0; n < len(c.export); n += 7 {
			res := Read(context.Background(), input([]byte(c.export[:n]), ""))
			if err := promised(&res); err != nil {
				t.Fatalf("%s: cut at %d: %v", c.name, n, err)
			}
			if res.Failed == "" && len(res.Reading.Chain.Messages) > len(whole.Messages) {
				t.Fatalf("%s: cut at %d: %d messages", c.name, n, len(res.Reading.Chain.Messages))
			}
		}
	}
}

func TestABrokenExportSaysSo(t *testing.T) {
	export := exportOf[0].export
	res := Read(context.Background(), input([]byte(export[:strings.Index(export, `{"id":3`)+40]), ""))
	if !strings.Contains(res.Partly, "broken after 2 messages") || len(res.Reading.Chain.Messages) != 2 {
		t.Errorf("%q", res.Partly)
	}
}

func TestAddressesAreFound(t *testing.T) {
	res := read(t, "messenger", exportOf[3].export)
	if f := res.Reading.Findings; len(f) != 1 || f[0].Code != "address" || strings.Contains(fmt.Sprint(res), "192.0.2.1") {
		t.Errorf("%+v", f)
	}
}

func TestUndecidableDatesAreLeftOpen(t *testing.T) {
	export := "04/07/2016, 08:14 - Alice: hi\n04/07/2016, 08:15 - Bob: ho\n05/07/2016, 08:15 - Bob: well\n"
	res := read(t, "whatsapp", export)
	if !strings.Contains(res.Partly, "dmy") || !strings.Contains(res.Partly, "mdy") || !strings.Contains(res.Partly, "--set dates=dmy") || !res.Record.Date.IsZero() {
		t.Errorf("%q %v", res.Partly, res.Record.Date)
	}
	if !slices.ContainsFunc(res.Record.Warnings, func(w trove.Warning) bool {
		return w.Code == "date-order" && strings.Contains(w.Text, "cannot be decided")
	}) {
		t.Error(res.Record.Warnings)
	}
	for _, m := range res.Reading.Chain.Messages {
		if m.When != "" || m.Written == "" || !strings.HasPrefix(res.Text[m.From:], m.Written) {
			t.Errorf("%+v", m)
		}
	}
	for answer, want := range map[string]string{"dmy": "2016-07-04T08:14:00", "mdy": "2016-04-07T08:14:00"} {
		res := read(t, "whatsapp", export, DatesOption, answer)
		if c := res.Reading.Chain; c.Messages[0].When != want || c.Order != answer || res.Partly != "" {
			t.Errorf("%s: %s %q", answer, c.Messages[0].When, res.Partly)
		}
	}
}

func TestPicturesAndWhatWasTypedOfThemAreMarked(t *testing.T) {
	in := input([]byte(exportOf[12].export), "")
	in.Beside = []reader.Beside{{Name: "2.png", Bytes: []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x03\x08\x02\x00\x00\x00\x36\x88\x49\xd6")}}
	res := Read(context.Background(), in)
	c := res.Reading
	if !c.Chain.Pictures || len(c.Pages) != 2 || c.Pages[1].Image != "p2.png" || c.Pages[1].Width != 2 || len(res.Files) != 1 {
		t.Errorf("%+v %d", c.Pages, len(res.Files))
	}
	if len(c.Texts) != 1 || c.Texts[0].Made != reading.Typed || c.Texts[0].By != "the desk" || len(c.Texts[0].Segments) != 2 || c.Texts[0].Segments[1].Page != 2 {
		t.Errorf("%+v", c.Texts)
	}
}

func TestTwoConversationsAreGrouped(t *testing.T) {
	for _, c := range exportOf {
		if c.name != "sms" {
			continue
		}
		res := read(t, "sms", c.export)
		want := []reading.Conversation{{Title: "Alice", First: 1, Last: 2}, {Title: "+3", First: 3, Last: 3}, {Title: "Alice, Carol", First: 4, Last: 4}}
		if got := res.Reading.Chain.Conversations; !slices.Equal(got, want) || !strings.Contains(res.Text, "== Alice ==") {
			t.Errorf("%+v\n%s", got, res.Text)
		}
	}
}

// TestMessagesBehindABrokenOneAreRead hides words in each message of each
// export in turn, and with them the end of the string, as redaction does.
func TestMessagesBehindABrokenOneAreRead(t *testing.T) {
	for _, c := range exportOf {
		if c.platform == whatsApp || c.platform == text || c.platform == "signal" {
			continue
		}
		whole := read(t, c.platform, c.export).Reading.Chain
		if len(whole.Messages) == 1 { // nothing is left to know it by
			continue
		}
		for _, word := range []string{"ho\"", "yes\"", "hi\"", "hi, \""} {
			at := strings.Index(c.export, word)
			if at < 0 {
				continue
			}
			res := read(t, c.platform, c.export[:at]+"[\u2588\u2588]"+c.export[at+len(word):])
			got := res.Reading.Chain
			if n := len(got.Messages); n < len(whole.Messages)-2 || len(whole.Messages) > 2 && n == 0 {
				t.Errorf("%s without %s: %d messages of %d, %q\n%s", c.name, word, n, len(whole.Messages), res.Partly, story(got))
			}
			if got.Title != whole.Title && c.platform != "messenger" || res.Partly != "" {
				t.Errorf("%s without %s: %q, title %q", c.name, word, res.Partly, got.Title)
			}
			if !slices.ContainsFunc(res.Record.Warnings, func(w trove.Warning) bool { return w.Code == "broken-messages" }) {
				t.Errorf("%s without %s: %+v\n%s", c.name, word, res.Record.Warnings, story(got))
			}
		}
	}
}

// TestABrokenMessageStaysInItsConversation is the trap behind it: the first
// message of the next conversation must not become one of this.
func TestABrokenMessageStaysInItsConversation(t *testing.T) {
	for _, c := range []struct{ export, broken, left string }{
		{fullTelegram, `"text":"a } b"`, "ho"},
		{fullTelegram, `"text":"ho"`, "left"},
		{fullTelegram, `"text":"left"`, "ho"},
		{fullTelegram, `"name":"Two"`, "left"},
		{twoTwitter, `"text":"hi"`, "ho"},
		{twoTwitter, `"text":"ho"`, "hi"},
		{twoTwitter, `"conversationId":"1-3"`, "hi"},
	} {
		platform, _ := Detect([]byte(c.export))
		name, _, _ := strings.Cut(c.broken, ":")
		res := read(t, platform, strings.Replace(c.export, c.broken, name+`:"[\u2588]`, 1))
		whole := read(t, platform, c.export).Reading.Chain
		got := res.Reading.Chain
		if n := len(got.Messages); n < len(whole.Messages)-1 || n > len(whole.Messages) || !strings.Contains(res.Text, c.left) {
			t.Errorf("%s without %s: %d messages, %q\n%s", platform, c.broken, n, res.Partly, res.Text)
		}
		for _, m := range got.Messages {
			for _, g := range got.Conversations {
				if m.N >= g.First && m.N <= g.Last && len(got.Conversations) > 1 && g.First != g.Last {
					t.Errorf("%s without %s: two messages in %q\n%s", platform, c.broken, g.Title, res.Text)
				}
			}
		}
	}
}

// TestWhatIsShownOfARedactedMessageIsRead hides the end of a message, and with
// it the beginning of the next, as redaction of words does.
func TestWhatIsShownOfARedactedMessageIsRead(t *testing.T) {
	const export = `{"name":"Edith","type":"personal_chat","id":7,"messages":[
{"id":1,"type":"message","date_unixtime":"1467620040","from":"Edith","text":"Good morning"},{"id":2,"type":"message","date_unixtime":"1467620100","from":"Luc","text":"My number is 555 100"},{"id":3,"type":"message","date_unixtime":"1467620160","from":"Edith","text":"Thanks"},
{"id":4,"type":"message","date_unixtime":"1467620220","from":"Luc","text":"Bye"}]}`
	for _, c := range []struct{ gone, want string }{
		{`555 100"},{"id":`, "2016-07-04T08:14:00Z Edith: Good morning\n2016-07-04T08:15:00Z Luc: My number is [redacted]\n2016-07-04T08:17:00Z Luc: Bye\n"},
		{`555 100`, "2016-07-04T08:14:00Z Edith: Good morning\n2016-07-04T08:15:00Z Luc: My number is [redacted]\n2016-07-04T08:16:00Z Edith: Thanks\n2016-07-04T08:17:00Z Luc: Bye\n"},
		{`Bye"}]}`, "2016-07-04T08:14:00Z Edith: Good morning\n2016-07-04T08:15:00Z Luc: My number is 555 100\n2016-07-04T08:16:00Z Edith: Thanks\n2016-07-04T08:17:00Z Luc: [redacted]\n"},
		{`"Luc","text":"My number is 555 100"`, "2016-07-04T08:14:00Z Edith: Good morning\n2016-07-04T08:16:00Z Edith: Thanks\n2016-07-04T08:17:00Z Luc: Bye\n"},
	} {
		res := read(t, "telegram", strings.Replace(export, c.gone, hiddenMark, 1))
		if got := story(res.Reading.Chain); got != c.want {
			t.Errorf("without %s:\n%s\nnot\n%s", c.gone, got, c.want)
		}
	}
	if mark := proof.Mark(0).String(); mark != hiddenMark {
		t.Errorf("the mark is %q", mark)
	}
}
