package chat

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// Signal itself hands out no readable file of old chats on most devices; these
// are what its tools make: the envelopes of signal-cli, the data.json of
// signal-export, and the frames of Signal's own plain-text export.

func isSignal(s shape) bool { return isEnvelope(s) || isSigexport(s) || isSignalFrames(s) }

func isEnvelope(s shape) bool {
	for _, at := range []string{"", "[]", ".params", "[].params"} {
		if e := at + ".envelope"; s.has(e+".timestamp") && s.any(e+".source", e+".sourceNumber", e+".sourceUuid") {
			return true
		}
	}
	return false
}

func isSigexport(s shape) bool {
	return s.has(".date", ".sender", ".body", ".attachments") || s.has("[].date", "[].sender", "[].body", "[].attachments")
}

func isSignalFrames(s shape) bool {
	return s.has(".chatItem.chatId", ".chatItem.dateSent") || s.has(".backupTimeMs", ".recipient.id")
}

// each calls fn before every value of a document that is a list, or of several
// documents that follow each other.
func (s *stream) each(list bool, fn func() error) error {
	if list {
		return s.array(fn)
	}
	for {
		s.in.left = maxValue
		if !s.dec.More() {
			return nil
		}
		if err := fn(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func readSignal(s *stream, c *draft.Chain, n *notes) error {
	list := n.shape.any("[]")
	switch {
	case isSigexport(n.shape):
		c.Clock = deviceClock
		return s.each(list, func() error { return sigexport(s, c) })
	case isSignalFrames(n.shape):
		return readFrames(s, c)
	}
	return s.each(list, func() error {
		var e struct {
			Account  str            `json:"account"`
			Envelope signalEnvelope `json:"envelope"`
			Params   *struct {
				Account  str            `json:"account"`
				Envelope signalEnvelope `json:"envelope"`
			} `json:"params"`
		}
		if err := s.decode(&e); err != nil {
			return err
		}
		if e.Params != nil {
			e.Account, e.Envelope = e.Params.Account, e.Params.Envelope
		}
		return e.Envelope.add(c, string(e.Account))
	})
}

type signalEnvelope struct {
	Source    str             `json:"source"`
	Number    str             `json:"sourceNumber"`
	UUID      str             `json:"sourceUuid"`
	Name      str             `json:"sourceName"`
	Timestamp word            `json:"timestamp"`
	Data      *signalData     `json:"dataMessage"`
	Edit      *signalEdit     `json:"editMessage"`
	Call      *map[string]any `json:"callMessage"`
	Sync      *struct {
		Sent *struct {
			signalData
			Destination str         `json:"destination"`
			Number      str         `json:"destinationNumber"`
			Edit        *signalEdit `json:"editMessage"`
		} `json:"sentMessage"`
	} `json:"syncMessage"`
}

type signalEdit struct {
	Target word        `json:"targetSentTimestamp"`
	Data   *signalData `json:"dataMessage"`
}

type signalData struct {
	Timestamp word `json:"timestamp"`
	Message   str  `json:"message"`
	Group     *struct {
		ID   str `json:"groupId"`
		Name str `json:"groupName"`
	} `json:"groupInfo"`
	Quote *struct {
		ID word `json:"id"`
	} `json:"quote"`
	Reaction *struct {
		Emoji  str  `json:"emoji"`
		Target word `json:"targetSentTimestamp"`
		Remove bool `json:"isRemove"`
	} `json:"reaction"`
	Delete *struct {
		Timestamp word `json:"timestamp"`
	} `json:"remoteDelete"`
	Files []struct {
		Name str `json:"filename"`
		Type str `json:"contentType"`
	} `json:"attachments"`
	Sticker *map[string]any `json:"sticker"`
}

// add adds what one envelope holds. Receipts and signs of typing are nothing.
func (e *signalEnvelope) add(c *draft.Chain, account string) error {
	handle := orString(string(e.Number), orString(string(e.Source), string(e.UUID)))
	data, edit, by := e.Data, e.Edit, c.Member(string(e.Name), handle)
	other := handle
	if e.Sync != nil && e.Sync.Sent != nil {
		c.Self(by)
		data, edit = &e.Sync.Sent.signalData, e.Sync.Sent.Edit
		other = orString(string(e.Sync.Sent.Number), string(e.Sync.Sent.Destination))
	} else if account != "" {
		c.Self(c.Member("", account))
	}
	if edit != nil && edit.Data != nil {
		at, _ := unixTime(string(edit.Data.Timestamp), time.Millisecond)
		c.Edit(edit.Data.conversation(c, other), string(edit.Target), string(edit.Data.Message), at)
		return nil
	}
	if e.Call != nil {
		m := draft.Message{Conversation: other}
		m.Kind, m.By = "call", by
		m.At, m.Zoned = unixTime(string(e.Timestamp), time.Millisecond)
		return c.Add(m)
	}
	if data == nil {
		return nil
	}
	return data.add(c, by, other)
}

// conversation names the group, or who the other is.
func (d *signalData) conversation(c *draft.Chain, other string) string {
	if d.Group == nil {
		return other
	}
	if d.Group.Name != "" {
		c.Titles[string(d.Group.ID)] = string(d.Group.Name)
	}
	return string(d.Group.ID)
}

func (d *signalData) add(c *draft.Chain, by int, other string) error {
	conversation := d.conversation(c, other)
	switch {
	case d.Reaction != nil:
		c.React(conversation, string(d.Reaction.Target), string(d.Reaction.Emoji), by, d.Reaction.Remove)
		return nil
	case d.Delete != nil:
		if c.Delete(conversation, string(d.Delete.Timestamp)) {
			return nil
		}
		d.Timestamp = d.Delete.Timestamp
	case d.Message == "" && len(d.Files) == 0 && d.Sticker == nil:
		return nil
	}
	m := draft.Message{Conversation: conversation}
	m.ID, m.By, m.Text = string(d.Timestamp), by, string(d.Message)
	m.At, m.Zoned = unixTime(string(d.Timestamp), time.Millisecond)
	if d.Delete != nil {
		m.Kind = "deleted"
	}
	if d.Quote != nil {
		m.Answers = string(d.Quote.ID)
	}
	for _, f := range d.Files {
		m.Media = append(m.Media, reading.Media{Name: baseName(string(f.Name)), Type: string(f.Type)})
	}
	if d.Sticker != nil {
		m.Media = append(m.Media, reading.Media{Type: "sticker"})
	}
	return c.Add(m)
}

// sigexport adds a line of signal-export's data.json.
func sigexport(s *stream, c *draft.Chain) error {
	var t struct {
		Date        str   `json:"date"`
		Sender      str   `json:"sender"`
		Body        str   `json:"body"`
		Quote       str   `json:"quote"`
		Sticker     str   `json:"sticker"`
		Reactions   []any `json:"reactions"`
		Attachments []struct {
			Name str `json:"name"`
			Path str `json:"path"`
		} `json:"attachments"`
	}
	if err := s.decode(&t); err != nil {
		return err
	}
	var m draft.Message
	m.By, m.Text = c.Member(string(t.Sender), ""), string(t.Body)
	if t.Sender == "Me" {
		c.Self(m.By)
	}
	m.At, m.Zoned = anyTime(string(t.Date))
	if t.Quote != "" {
		m.Text = strings.TrimSpace("> " + strings.TrimSpace(string(t.Quote)) + "\n" + m.Text)
	}
	for _, f := range t.Attachments {
		m.Media = append(m.Media, reading.Media{Name: orString(string(f.Name), baseName(string(f.Path)))})
	}
	if t.Sticker != "" {
		m.Media = append(m.Media, reading.Media{Name: string(t.Sticker), Type: "sticker"})
	}
	for _, r := range t.Reactions {
		m.Reactions = append(m.Reactions, sigReaction(c, r))
	}
	return c.Add(m)
}

// sigReaction is an object with name and emoji, or a list of both.
func sigReaction(c *draft.Chain, v any) reading.Reaction {
	var name, sign string
	switch v := v.(type) {
	case map[string]any:
		name, _ = v["name"].(string)
		sign, _ = v["emoji"].(string)
	case []any:
		if len(v) == 2 {
			name, _ = v[0].(string)
			sign, _ = v[1].(string)
		}
	}
	r := reading.Reaction{Sign: sign}
	if name != "" {
		r.By = []int{c.Member(name, "")}
	}
	return r
}

// signalFrame is a line of Signal's plain-text export: Backup.proto as JSON.
type signalFrame struct {
	Recipient *struct {
		ID      word            `json:"id"`
		Self    *map[string]any `json:"self"`
		Contact *struct {
			E164    word `json:"e164"`
			ACI     str  `json:"aci"`
			Given   str  `json:"profileGivenName"`
			Family  str  `json:"profileFamilyName"`
			SysName str  `json:"systemGivenName"`
			SysLast str  `json:"systemFamilyName"`
		} `json:"contact"`
		Group *struct {
			Snapshot struct {
				Title struct {
					Title str `json:"title"`
				} `json:"title"`
			} `json:"snapshot"`
		} `json:"group"`
	} `json:"recipient"`
	Chat *struct {
		ID        word `json:"id"`
		Recipient word `json:"recipientId"`
	} `json:"chat"`
	Item *signalItem `json:"chatItem"`
}

type signalItem struct {
	Chat     word `json:"chatId"`
	Author   word `json:"authorId"`
	Sent     word `json:"dateSent"`
	Standard *struct {
		Quote *struct {
			Target word `json:"targetSentTimestamp"`
		} `json:"quote"`
		Text struct {
			Body str `json:"body"`
		} `json:"text"`
		Files []struct {
			Pointer struct {
				Name str `json:"fileName"`
				Type str `json:"contentType"`
			} `json:"pointer"`
		} `json:"attachments"`
		Reactions []struct {
			Emoji  str  `json:"emoji"`
			Author word `json:"authorId"`
		} `json:"reactions"`
	} `json:"standardMessage"`
	Deleted   *map[string]any `json:"remoteDeletedMessage"`
	Update    *map[string]any `json:"updateMessage"`
	Revisions []signalItem    `json:"revisions"`
}

// frames reads a plain-text export.
type frames struct {
	stream  *stream
	chain   *draft.Chain
	members map[word]int
	names   map[word]string
}

func readFrames(s *stream, c *draft.Chain) error {
	f := &frames{stream: s, chain: c, members: map[word]int{}, names: map[word]string{}}
	return s.each(false, func() error {
		var frame signalFrame
		if err := s.decode(&frame); err != nil {
			return err
		}
		return f.take(&frame)
	})
}

func (f *frames) take(frame *signalFrame) error {
	if r := frame.Recipient; r != nil {
		switch {
		case r.Self != nil:
			f.members[r.ID] = f.chain.Member("Me", "self")
			f.chain.Self(f.members[r.ID])
			f.names[r.ID] = "Me"
		case r.Contact != nil:
			name := strings.TrimSpace(string(r.Contact.SysName + " " + r.Contact.SysLast))
			name = orString(name, strings.TrimSpace(string(r.Contact.Given+" "+r.Contact.Family)))
			handle := string(r.Contact.ACI)
			if r.Contact.E164 != "" {
				handle = "+" + string(r.Contact.E164)
			}
			f.members[r.ID] = f.chain.Member(name, handle)
			f.names[r.ID] = orString(name, handle)
		case r.Group != nil:
			f.names[r.ID] = string(r.Group.Snapshot.Title.Title)
		}
	}
	if frame.Chat != nil {
		f.chain.Titles[string(frame.Chat.ID)] = f.names[frame.Chat.Recipient]
	}
	if frame.Item != nil {
		return f.item(frame.Item)
	}
	return nil
}

func (f *frames) member(id word) int {
	if i, ok := f.members[id]; ok {
		return i
	}
	return -1
}

func (f *frames) item(t *signalItem) error {
	m := draft.Message{Conversation: string(t.Chat)}
	m.ID, m.By = string(t.Sent), f.member(t.Author)
	m.At, m.Zoned = unixTime(string(t.Sent), time.Millisecond)
	switch {
	case t.Deleted != nil:
		m.Kind = "deleted"
	case t.Update != nil:
		m.Kind = "system"
		if _, call := (*t.Update)["individualCall"]; call {
			m.Kind = "call"
		} else if _, call := (*t.Update)["groupCall"]; call {
			m.Kind = "call"
		}
	}
	if s := t.Standard; s != nil {
		m.Text = string(s.Text.Body)
		if s.Quote != nil {
			m.Answers = string(s.Quote.Target)
		}
		for _, file := range s.Files {
			m.Media = append(m.Media, reading.Media{Name: string(file.Pointer.Name), Type: string(file.Pointer.Type)})
		}
		for _, r := range s.Reactions {
			m.Reactions = append(m.Reactions, reading.Reaction{Sign: string(r.Emoji), By: []int{f.member(r.Author)}})
		}
	}
	for _, old := range t.Revisions {
		at, zoned := unixTime(string(old.Sent), time.Millisecond)
		if old.Standard != nil && zoned {
			m.Earlier = append(m.Earlier, reading.Earlier{When: format(at, true), Text: draft.Text(string(old.Standard.Text.Body))})
		}
	}
	if len(m.Earlier) > 0 {
		m.Edited = when(m.At)
	}
	return f.chain.Add(m)
}

// when is a time with a zone, or "yes" where there is none.
func when(t time.Time) string {
	if t.IsZero() {
		return "yes"
	}
	return format(t, true)
}

// count says a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
