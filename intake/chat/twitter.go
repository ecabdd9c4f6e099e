package chat

import (
	"strings"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// isTwitter knows direct-messages.js and direct-messages-group.js of a Twitter
// archive, and one conversation of it.
func isTwitter(s shape) bool {
	return s.any("[].dmConversation.conversationId", "[].dmConversation.messages", ".dmConversation.conversationId", ".dmConversation.messages")
}

type twitterEvent struct {
	Create *struct {
		ID        word  `json:"id"`
		At        str   `json:"createdAt"`
		Text      str   `json:"text"`
		Sender    word  `json:"senderId"`
		Recipient word  `json:"recipientId"`
		MediaURLs []str `json:"mediaUrls"`
		URLs      []struct {
			URL      str `json:"url"`
			Expanded str `json:"expanded"`
		} `json:"urls"`
		Reactions []struct {
			Sender word `json:"senderId"`
			Key    str  `json:"reactionKey"`
		} `json:"reactions"`
		Edits []struct {
			At   str `json:"createdAtSec"`
			Text str `json:"editedText"`
		} `json:"editHistory"`
	} `json:"messageCreate"`
	Join   *twitterChange `json:"joinConversation"`
	Joined *twitterChange `json:"participantsJoin"`
	Left   *twitterChange `json:"participantsLeave"`
	Named  *twitterChange `json:"conversationNameUpdate"`
}

type twitterChange struct {
	At       str    `json:"createdAt"`
	By       word   `json:"initiatingUserId"`
	Users    []word `json:"userIds"`
	Snapshot []word `json:"participantsSnapshot"`
	Name     str    `json:"name"`
}

func readTwitter(s *stream, c *draft.Chain, _ *notes) error {
	t, err := s.token()
	if err != nil {
		return err
	}
	one := func(key string) error {
		if key != "dmConversation" {
			return s.skip()
		}
		return twitterConversation(s, c)
	}
	if d, ok := t.(interface{ String() string }); ok && d.String() == "[" {
		return s.listed(func() error { return s.object(one) }, keys{"dmConversation"})
	}
	return s.fields(one)
}

func twitterConversation(s *stream, c *draft.Chain) error {
	id := ""
	return s.object(func(key string) error {
		switch key {
		case "conversationId":
			var w word
			err := s.decode(&w)
			id = string(w)
			return err
		case "messages":
			return s.messages(func() error {
				var e twitterEvent
				if err := s.decode(&e); err != nil {
					return err
				}
				return e.add(c, id)
			}, keys{"messageCreate"}, keys{"joinConversation"}, keys{"participantsLeave"}, keys{"participantsJoin"})
		}
		return s.skip()
	})
}

func (e *twitterEvent) add(c *draft.Chain, conversation string) error {
	m := draft.Message{Conversation: conversation}
	if e.Create == nil {
		return e.change(c, m)
	}
	t := e.Create
	m.ID, m.By, m.Text = string(t.ID), c.Member("", string(t.Sender)), string(t.Text)
	c.Member("", string(t.Recipient))
	m.At, m.Zoned = anyTime(string(t.At))
	for _, u := range t.URLs {
		if u.URL != "" && u.Expanded != "" {
			m.Text = strings.ReplaceAll(m.Text, string(u.URL), string(u.Expanded))
		}
	}
	for _, u := range t.MediaURLs {
		m.Media = append(m.Media, reading.Media{Name: baseName(string(u))})
	}
	for _, r := range t.Reactions {
		m.Reactions = append(m.Reactions, reading.Reaction{Sign: string(r.Key), By: []int{c.Member("", string(r.Sender))}})
	}
	for _, old := range t.Edits {
		m.Edited = "yes"
		m.Earlier = append(m.Earlier, reading.Earlier{Text: draft.Text(string(old.Text))})
	}
	return c.Add(m)
}

// change adds an event that is no message: who came, who left, a new name.
func (e *twitterEvent) change(c *draft.Chain, m draft.Message) error {
	m.Kind, m.By = "system", -1
	for _, x := range []struct {
		change *twitterChange
		words  string
	}{{e.Join, "joined the conversation"}, {e.Joined, "added"}, {e.Left, "left"}, {e.Named, "named the conversation"}} {
		if x.change == nil {
			continue
		}
		m.By = c.Member("", string(x.change.By))
		m.At, m.Zoned = anyTime(string(x.change.At))
		words := []string{x.words}
		for _, u := range append(x.change.Users, x.change.Snapshot...) {
			words = append(words, string(u))
		}
		m.Text = strings.TrimSpace(strings.Join(words, " ") + " " + string(x.change.Name))
		return c.Add(m)
	}
	return nil
}
