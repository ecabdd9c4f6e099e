package chat

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"unseal/intake/chat/draft"
)

// fuzzExport holds the reader of one platform over any bytes, known as its own
// or not, against what readers promise.
func fuzzExport(f *testing.F, platform string) {
	for _, c := range exportOf {
		if c.platform == platform {
			f.Add([]byte(c.export))
		}
	}
	var e *export
	for i := range exports {
		if exports[i].platform == platform {
			e = &exports[i]
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := newStream(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		c, n := draft.New(platform), &notes{shape: shapeOf(b)}
		_ = e.read(s, c, n)
		res := c.Finish()
		if platform == "pictures" {
			finishPictures(input(b, ""), &res, n)
		}
		if err := promised(&res); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzDiscord(f *testing.F)    { fuzzExport(f, "discord") }
func FuzzGoogleChat(f *testing.F) { fuzzExport(f, "google-chat") }
func FuzzMessenger(f *testing.F)  { fuzzExport(f, "messenger") }
func FuzzPictures(f *testing.F)   { fuzzExport(f, "pictures") }
func FuzzSignal(f *testing.F)     { fuzzExport(f, "signal") }
func FuzzSlack(f *testing.F)      { fuzzExport(f, "slack") }
func FuzzTelegram(f *testing.F)   { fuzzExport(f, "telegram") }
func FuzzTwitter(f *testing.F)    { fuzzExport(f, "twitter") }

func FuzzSMS(f *testing.F) {
	for _, c := range exportOf {
		if c.platform == sms {
			f.Add([]byte(c.export))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c := draft.New(sms)
		_, _ = readSMS(bytes.NewReader(b), c)
		res := c.Finish()
		if err := promised(&res); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzSplit holds that the spans lie in the file, one after the other, and that
// what is cut out is read as a chain.
func FuzzSplit(f *testing.F) {
	f.Add([]byte(fullTelegram))
	f.Add([]byte(twoTwitter))
	f.Fuzz(func(t *testing.T, b []byte) {
		spans, _ := Split(bytes.NewReader(b), int64(len(b)))
		end := int64(0)
		for _, s := range spans {
			if s.Offset < end || s.Length < 2 || s.Offset+s.Length > int64(len(b)) || b[s.Offset] != '{' || b[s.Offset+s.Length-1] != '}' {
				t.Fatalf("%+v after %d", s, end)
			}
			end = s.Offset + s.Length
		}
	})
}

// FuzzRead holds Detect and Read together over any bytes.
func FuzzRead(f *testing.F) {
	for _, c := range exportOf {
		f.Add([]byte(c.export))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, known := Detect(b[:min(len(b), headSize)])
		res := Read(context.Background(), input(b, "a/b!/c.txt"))
		if !known && res.Failed == "" {
			t.Fatal("what is no chat was read as one")
		}
		if err := promised(&res); err != nil {
			t.Fatal(err)
		}
	})
}

const fullTelegram = `{"about":"x \"chats\" {","personal_information":{"user_id":1},"contacts":{"list":[{"name":"no chat"}]},
"chats":{"about":"y","list":[ {"name":"One","type":"personal_chat","id":1,"messages":[{"id":1,"type":"message","date":"2016-07-04T08:14:00","from":"A","from_id":"user1","text":"a } b"}]},
 {"type":"name","id":2,"name":"Two","messages":[{"id":1,"type":"message","date":"2016-07-04T08:15:00","from":"B","from_id":"user2","text":[{"type":"bold","text":"ho"}]}]}]},
"left_chats":{"list":[{"name":"Three","messages":[{"id":1,"type":"message","date":"2016-07-04T08:16:00","from":"C","from_id":"user3","text":"left"}]}]}}`

const twoTwitter = `window.YTD.direct_messages.part0 = [ {"dmConversation":{"conversationId":"1-2","messages":[{"messageCreate":{"id":"1","senderId":"1","recipientId":"2","text":"hi","createdAt":"2016-07-04T08:14:00.000Z"}}]}} ,
{"dmConversation":{"messages":[{"messageCreate":{"id":"2","senderId":"3","recipientId":"1","text":"ho","createdAt":"2016-07-04T08:15:00.000Z"}}],"conversationId":"1-3"}}]`

func TestSpansAreChainsOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		export string
		titles []string
		texts  []string
	}{
		{fullTelegram, []string{"One", "Two", "Three"}, []string{"a } b", "ho", "left"}},
		{twoTwitter, []string{"1-2", "1-3"}, []string{"hi", "ho"}},
	} {
		spans, err := Split(strings.NewReader(c.export), int64(len(c.export)))
		if err != nil || len(spans) != len(c.titles) {
			t.Fatalf("%+v %v", spans, err)
		}
		for i, s := range spans {
			part := c.export[s.Offset : s.Offset+s.Length]
			platform, ok := Detect([]byte(part))
			if !ok || s.Title != c.titles[i] {
				t.Errorf("%+v: %q", s, platform)
			}
			res := Read(context.Background(), input([]byte(part), ""))
			if m := res.Reading.Chain.Messages; len(m) != 1 || m[0].Text != c.texts[i] {
				t.Errorf("%+v", m)
			}
		}
		whole := Read(context.Background(), input([]byte(c.export), ""))
		if n := len(whole.Reading.Chain.Conversations); n != len(c.titles) {
			t.Errorf("%d conversations in the whole", n)
		}
	}
}

func TestFilesOfOneChainAreNotSplit(t *testing.T) {
	for _, c := range exportOf {
		if spans, err := Split(strings.NewReader(c.export), int64(len(c.export))); len(spans) > 0 || err != nil && c.platform != iMessage {
			t.Errorf("%s: %+v %v", c.name, spans, err)
		}
	}
	for _, s := range []string{"", "x", "{", "[1,2]", `{"a":[`} {
		if spans, err := Split(strings.NewReader(s), int64(len(s))); len(spans) > 0 || err != nil {
			t.Errorf("%q: %+v %v", s, spans, err)
		}
	}
}
