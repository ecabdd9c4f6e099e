package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"unseal/intake/chat/draft"
	"unseal/intake/reader"
)

// repeated is a file that is made while it is read: head, then the same piece
// again and again, then tail.
type repeated struct {
	head, piece, tail string
	times             int64
}

func (r repeated) size() int64 {
	return int64(len(r.head)) + int64(len(r.piece))*r.times + int64(len(r.tail))
}

func (r repeated) ReadAt(p []byte, off int64) (n int, err error) {
	middle := int64(len(r.head)) + int64(len(r.piece))*r.times
	for n < len(p) && off < r.size() {
		var from string
		switch {
		case off < int64(len(r.head)):
			from = r.head[off:]
		case off < middle:
			from = r.piece[(off-int64(len(r.head)))%int64(len(r.piece)):]
		default:
			from = r.tail[off-middle:]
		}
		k := copy(p[n:], from)
		n, off = n+k, off+int64(k)
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (r repeated) read() reader.Result {
	in := input(nil, "")
	in.Content, in.Size = r, r.size()
	return Read(context.Background(), in)
}

const telegramHead = `{"name":"x","type":"personal_chat","id":1,"messages":[{"id":1,"type":"message","date":"2016-07-04T08:14:00","from":"A","from_id":"user1","text":"hi"}`

// TestBombsEnd holds the limits: whatever is behind the first message, reading
// ends in bounded memory and says what is missing.
func TestBombsEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		file  repeated
		least int
	}{
		{"a text without an end", repeated{telegramHead + `,{"id":2,"type":"message","text":"`, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", `"}]}`, 4 << 20}, 1},
		{"lists in lists", repeated{telegramHead + `],"more":`, "[", "", 1 << 20}, 1},
		{"lists in a message", repeated{telegramHead + `,{"text":`, "[", "", 1 << 20}, 1},
		{"long keys", repeated{telegramHead + `],"`, "kkkkkkkkkkkkkkkk", `":1}`, 1 << 20}, 1},
		{"no messages but spaces", repeated{telegramHead, "                ", `]}`, 1 << 20}, 1},
		{"much that is skipped", repeated{telegramHead + `],"more":[0`, `,{"a":[1,2,"b"]}`, `]}`, 1 << 18}, 1},
		{"one line", repeated{"18/03/22, 14:56 - A: hi\n18/03/22, 14:56 - B: ho\n18/03/22, 14:56 - A: ", "xxxxxxxxxxxxxxxx", "", 1 << 21}, 3},
		{"lines in one message", repeated{"18/03/22, 14:56 - A: hi\n18/03/22, 14:56 - B: ho\n18/03/22, 14:56 - A: ", "x\n", "", 1 << 22}, 3},
		{"an attribute", repeated{`<smses><sms address="1" date="1467620040000" type="1" body="hi" /><mms date="1"><part ct="a" data="`, "AAAAAAAAAAAAAAAA", `"/></mms></smses>`, 1 << 22}, 1},
		{"another attribute", repeated{`<smses><sms address="1" date="1467620040000" type="1" body="hi" /><sms body="`, "AAAAAAAAAAAAAAAA", `"/></smses>`, 1 << 20}, 1},
		{"elements in elements", repeated{`<smses><sms address="1" date="1467620040000" type="1" body="hi" />`, "<a>", "", 1 << 18}, 1},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c.file.piece, c.file.times = strings.Repeat(c.file.piece, 1024), c.file.times/1024
		res := c.file.read()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if res.Failed != "" || len(res.Reading.Chain.Messages) < c.least {
			t.Errorf("%s: %q %+v", c.name, res.Failed, res.Partly)
			continue
		}
		if err := promised(&res); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 32<<20 {
			t.Errorf("%s: %d MB are held", c.name, held>>20)
		}
	}
}

// TestALongChainIsCutAndSaidSo reads more messages than are shown.
func TestALongChainIsCutAndSaidSo(t *testing.T) {
	c, text := draft.New("telegram"), strings.Repeat("x", 100_000)
	var err error
	n := 0
	for ; err == nil; n++ {
		var m draft.Message
		m.Text = text
		err = c.Add(m)
	}
	if c.Len() != n-1 || n < 300 {
		t.Error(n)
	}
	res := c.Finish()
	if b, err := json.Marshal(&res); err != nil || len(b) > 80<<20 || len(b) < 60<<20 {
		t.Errorf("%d MB, %v", len(b)>>20, err)
	}
	if words := broken(fmt.Errorf("x: %w", draft.ErrFull), n); !strings.Contains(words, "Only the first") {
		t.Error(words)
	}
}

func TestWhatIsNoChatFailsInWords(t *testing.T) {
	for _, b := range [][]byte{nil, {}, []byte("{"), []byte("["), []byte("\xef\xbb\xbf"), []byte("window.YTD."), []byte("SQLite format 3\x00 chat_message_join"), bytes.Repeat([]byte("["), 1<<16)} {
		if res := Read(context.Background(), input(b, "")); res.Failed == "" {
			t.Errorf("%q was read", b[:min(len(b), 20)])
		}
	}
}
