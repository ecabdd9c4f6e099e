package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// isMessenger knows a thread of the archives of Messenger and Instagram:
// message_1.json, or the file of an end-to-end encrypted chat.
func isMessenger(s shape) bool {
	return s.has(".messages[].sender_name", ".messages[].timestamp_ms") ||
		s.has(".messages[].senderName", ".messages[].timestamp") && s.any(".threadName", ".participants[]")
}

// messenger is a message in either form.
type messenger struct {
	Sender    str           `json:"sender_name"`
	SenderE2E str           `json:"senderName"`
	At        word          `json:"timestamp_ms"`
	AtE2E     word          `json:"timestamp"`
	Content   str           `json:"content"`
	Text      str           `json:"text"`
	Type      str           `json:"type"`
	Call      *word         `json:"call_duration"`
	Photos    []mediaURI    `json:"photos"`
	Videos    []mediaURI    `json:"videos"`
	Audio     []mediaURI    `json:"audio_files"`
	Files     []mediaURI    `json:"files"`
	Gifs      []mediaURI    `json:"gifs"`
	Sticker   *mediaURI     `json:"sticker"`
	MediaE2E  []mediaURI    `json:"media"`
	Share     *sharedLink   `json:"share"`
	Reactions []metaReacted `json:"reactions"`
	Unsent    bool          `json:"is_unsent"`
	UnsentE2E bool          `json:"isUnsent"`
	Taken     bool          `json:"is_taken_down"`
	IP        str           `json:"ip"`
}

type mediaURI struct {
	URI str `json:"uri"`
}

type sharedLink struct {
	Link  str `json:"link"`
	Text  str `json:"share_text"`
	Owner str `json:"original_content_owner"`
}

type metaReacted struct {
	Sign  str `json:"reaction"`
	Actor str `json:"actor"`
}

// metaReader reads a thread of Messenger or Instagram.
type metaReader struct {
	stream    *stream
	chain     *draft.Chain
	addresses int // messages with a network address
	repaired  int // strings whose charset was put right
	instagram bool
}

func (r *metaReader) read() error {
	return r.stream.object(func(key string) error {
		switch key {
		case "participants":
			return r.stream.array(r.participant)
		case "title", "threadName":
			var title str
			err := r.stream.decode(&title)
			r.chain.Title = r.fix(title)
			return err
		case "messages":
			return r.stream.messages(r.message, keys{"sender_name", "timestamp_ms"}, keys{"senderName", "timestamp"})
		}
		return r.stream.skip()
	})
}

// participant is an object with a name, or the name.
func (r *metaReader) participant() error {
	var p struct {
		Name str `json:"name"`
	}
	var v anyOf
	if err := r.stream.decode(&v); err != nil {
		return err
	}
	if v.into(&p.Name); p.Name == "" {
		v.into(&p)
	}
	r.chain.Member(r.fix(p.Name), "")
	return nil
}

func (r *metaReader) message() error {
	var t messenger
	if err := r.stream.decode(&t); err != nil {
		return err
	}
	var m draft.Message
	m.By = r.chain.Member(r.fix(t.Sender+t.SenderE2E), "")
	m.At, m.Zoned = unixTime(string(t.At+t.AtE2E), time.Millisecond)
	m.Text = r.fix(t.Content + t.Text)
	switch {
	case t.Unsent || t.UnsentE2E || t.Taken:
		m.Kind = "deleted"
	case t.Type == "Call" || t.Call != nil:
		m.Kind = "call"
	case t.Type == "Subscribe" || t.Type == "Unsubscribe":
		m.Kind = "system"
	}
	for _, list := range [][]mediaURI{t.Photos, t.Videos, t.Audio, t.Files, t.Gifs, t.MediaE2E} {
		for _, f := range list {
			r.attach(&m, f)
		}
	}
	if t.Sticker != nil {
		r.attach(&m, *t.Sticker)
	}
	if t.Share != nil {
		m.Text = strings.TrimSpace(strings.Join([]string{m.Text, r.fix(t.Share.Text), r.fix(t.Share.Link)}, "\n"))
	}
	for _, x := range t.Reactions {
		m.Reactions = append(m.Reactions, reading.Reaction{Sign: r.fix(x.Sign), By: []int{r.chain.Member(r.fix(x.Actor), "")}})
	}
	if t.IP != "" {
		r.addresses++
	}
	return r.chain.Add(m)
}

func (r *metaReader) attach(m *draft.Message, f mediaURI) {
	if strings.Contains(string(f.URI), "your_instagram_activity") {
		r.instagram = true
	}
	m.Media = append(m.Media, reading.Media{Name: baseName(r.fix(f.URI))})
}

// fix puts right what these archives do to text: each byte of its UTF-8 stands
// as a character of its own.
func (r *metaReader) fix(s str) string {
	raw := make([]byte, 0, len(s))
	wide := false
	for _, c := range string(s) {
		if c > 0xff {
			return string(s)
		}
		wide = wide || c >= 0x80
		raw = append(raw, byte(c))
	}
	if !wide || !utf8.Valid(raw) {
		return string(s)
	}
	r.repaired++
	return string(raw)
}

func readMessenger(s *stream, c *draft.Chain, n *notes) error {
	r := &metaReader{stream: s, chain: c}
	err := r.read()
	if r.instagram {
		c.Platform = "instagram"
	}
	if r.addresses > 0 {
		n.find("address", fmt.Sprintf("%d messages carry the network address of who sent them.", r.addresses))
	}
	if r.repaired > 0 {
		n.warn("charset", "The archive writes each byte of its UTF-8 as a character of its own; names and texts were put right.")
	}
	return err
}
