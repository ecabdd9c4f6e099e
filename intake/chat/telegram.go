package chat

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// isTelegram knows the JSON export of Telegram Desktop: of one chat, or of all.
func isTelegram(s shape) bool {
	return telegramChat(s, "") || isTelegramFull(s)
}

func telegramChat(s shape, at string) bool {
	m := at + ".messages[]"
	return s.has(m+".type") && s.any(m+".date", m+".date_unixtime") && s.any(m+".from", m+".actor", m+".text", m+".from_id") && !s.any(m+".author", m+".ts")
}

func isTelegramFull(s shape) bool {
	return telegramChat(s, ".chats.list[]") || s.has(".about", ".personal_information") && s.any(".contacts", ".chats")
}

func readTelegram(s *stream, c *draft.Chain) error {
	c.Clock = deviceClock
	return telegramObject(s, c, "")
}

// telegramObject reads a chat, or the lists of chats of a full export.
func telegramObject(s *stream, c *draft.Chain, conversation string) error {
	return s.object(func(key string) error {
		switch key {
		case "name":
			var name str
			err := s.decode(&name)
			if conversation == "" {
				c.Title = string(name)
			} else {
				c.Titles[conversation] = string(name)
			}
			return err
		case "messages":
			return s.messages(func() error { return telegramMessage(s, c, conversation) }, keys{"type", "date"}, keys{"type", "date_unixtime"})
		case "chats", "left_chats":
			return s.object(func(list string) error {
				if list != "list" {
					return s.skip()
				}
				n := 0
				return s.messages(func() error {
					n++
					return telegramObject(s, c, key+" "+strconv.Itoa(n))
				}, keys{"messages"})
			})
		}
		return s.skip()
	})
}

type telegram struct {
	ID        word         `json:"id"`
	Type      str          `json:"type"`
	Date      str          `json:"date"`
	Unix      word         `json:"date_unixtime"`
	Edited    str          `json:"edited"`
	EditedAt  word         `json:"edited_unixtime"`
	From      str          `json:"from"`
	FromID    word         `json:"from_id"`
	Actor     str          `json:"actor"`
	ActorID   word         `json:"actor_id"`
	Action    str          `json:"action"`
	Title     str          `json:"title"`
	Members   []str        `json:"members"`
	Text      telegramText `json:"text"`
	ReplyTo   word         `json:"reply_to_message_id"`
	Forwarded *str         `json:"forwarded_from"`
	SavedFrom *str         `json:"saved_from"`
	Photo     str          `json:"photo"`
	File      str          `json:"file"`
	FileName  str          `json:"file_name"`
	Media     str          `json:"media_type"`
	Mime      str          `json:"mime_type"`
	Duration  word         `json:"duration_seconds"`
	Reactions []struct {
		Emoji  str  `json:"emoji"`
		Count  word `json:"count"`
		Recent []struct {
			From   str  `json:"from"`
			FromID word `json:"from_id"`
		} `json:"recent"`
	} `json:"reactions"`
	Poll *struct {
		Question str `json:"question"`
	} `json:"poll"`
	Place *struct {
		Latitude  json.Number `json:"latitude"`
		Longitude json.Number `json:"longitude"`
	} `json:"location_information"`
}

// telegramText is a string, or a list of strings and pieces with a style.
type telegramText string

func (t *telegramText) UnmarshalJSON(b []byte) error {
	var plain string
	if json.Unmarshal(b, &plain) == nil {
		*t = telegramText(plain)
		return nil
	}
	var pieces []json.RawMessage
	if json.Unmarshal(b, &pieces) != nil {
		return nil
	}
	var all strings.Builder
	for _, p := range pieces {
		var styled struct {
			Text str `json:"text"`
			Href str `json:"href"`
		}
		if json.Unmarshal(p, &plain) == nil {
			all.WriteString(plain)
		} else if json.Unmarshal(p, &styled) == nil {
			all.WriteString(string(styled.Text))
			if styled.Href != "" {
				all.WriteString(" (" + string(styled.Href) + ")")
			}
		}
	}
	*t = telegramText(all.String())
	return nil
}

func telegramMessage(s *stream, c *draft.Chain, conversation string) error {
	var t telegram
	if err := s.decode(&t); err != nil {
		return err
	}
	m := draft.Message{Conversation: conversation, Answers: string(t.ReplyTo)}
	m.ID, m.Text = string(t.ID), string(t.Text)
	m.At, m.Zoned = telegramTime(string(t.Date), string(t.Unix))
	if at, zoned := telegramTime(string(t.Edited), string(t.EditedAt)); !at.IsZero() {
		m.Edited = format(at, zoned)
	}
	if t.Type == "service" {
		t.service(&m)
		m.By = c.Member(string(t.Actor), string(t.ActorID))
		return c.Add(m)
	}
	m.By = c.Member(string(t.From), string(t.FromID))
	if t.Forwarded != nil {
		m.Forwarded = orYes(string(*t.Forwarded))
	} else if t.SavedFrom != nil {
		m.Forwarded = orYes(string(*t.SavedFrom))
	}
	t.more(&m)
	for _, r := range t.Reactions {
		reaction := reading.Reaction{Sign: string(r.Emoji)}
		for _, who := range r.Recent {
			reaction.By = append(reaction.By, c.Member(string(who.From), string(who.FromID)))
		}
		m.Reactions = append(m.Reactions, reaction)
	}
	return c.Add(m)
}

// service says in words what happened.
func (t *telegram) service(m *draft.Message) {
	m.Kind = "system"
	if t.Action == "phone_call" || t.Action == "group_call" {
		m.Kind = "call"
	}
	words := []string{strings.ReplaceAll(string(t.Action), "_", " ")}
	for _, w := range append([]str{t.Title}, t.Members...) {
		if w != "" {
			words = append(words, string(w))
		}
	}
	if t.Duration != "" {
		words = append(words, string(t.Duration)+" s")
	}
	m.Text = strings.TrimSpace(strings.Join(words, " ") + "\n" + m.Text)
}

// more adds files, polls and places.
func (t *telegram) more(m *draft.Message) {
	for _, f := range []struct{ name, kind str }{{t.Photo, "image/*"}, {t.File, t.Mime}} {
		if f.name == "" {
			continue
		}
		media := reading.Media{Name: baseName(string(f.name)), Type: string(f.kind)}
		if strings.HasPrefix(string(f.name), "(File ") { // "(File not included…", "(File exceeds…", "(File unavailable…"
			media.Name, media.Missing = string(t.FileName), true
		}
		m.Media = append(m.Media, media)
	}
	if t.Poll != nil {
		m.Text = strings.TrimSpace(m.Text + "\n" + string(t.Poll.Question))
	}
	if t.Place != nil {
		m.Text = strings.TrimSpace(m.Text + "\n" + t.Place.Latitude.String() + ", " + t.Place.Longitude.String())
	}
}

// telegramTime is a time with the zone of the device, where both its clock and
// the seconds since 1970 are there; else what one of them says.
func telegramTime(local, unix string) (time.Time, bool) {
	clock, zoned := anyTime(local)
	at, ok := unixTime(unix, time.Second)
	if !ok {
		return clock, zoned
	}
	if zoned || clock.IsZero() {
		return at, true
	}
	east := clock.Sub(at)
	if east%(15*time.Minute) != 0 || east > 14*time.Hour || east < -12*time.Hour {
		return at, true
	}
	if east == 0 {
		return at, true
	}
	return at.In(time.FixedZone("", int(east/time.Second))), true
}
