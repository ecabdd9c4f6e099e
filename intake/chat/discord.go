package chat

import (
	"strings"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// isDiscord knows the JSON of DiscordChatExporter.
func isDiscord(s shape) bool {
	return s.has(".guild.id", ".channel.id") && s.any(".dateRange", ".messages")
}

type discord struct {
	ID      word          `json:"id"`
	Type    str           `json:"type"`
	At      str           `json:"timestamp"`
	Edited  str           `json:"timestampEdited"`
	Content str           `json:"content"`
	Author  discordAuthor `json:"author"`
	Files   []struct {
		URL  str `json:"url"`
		Name str `json:"fileName"`
	} `json:"attachments"`
	Stickers []struct {
		Name str `json:"name"`
	} `json:"stickers"`
	Embeds []struct {
		Title       str `json:"title"`
		URL         str `json:"url"`
		Description str `json:"description"`
	} `json:"embeds"`
	Reactions []struct {
		Emoji struct {
			Name str `json:"name"`
		} `json:"emoji"`
		Users []discordAuthor `json:"users"`
	} `json:"reactions"`
	Reference *struct {
		Message word `json:"messageId"`
	} `json:"reference"`
	Forwarded *struct {
		Content str `json:"content"`
	} `json:"forwardedMessage"`
}

type discordAuthor struct {
	ID       word `json:"id"`
	Name     str  `json:"name"`
	Nickname str  `json:"nickname"`
}

func (a discordAuthor) member(c *draft.Chain) int {
	if a.Nickname != "" {
		return c.Member(string(a.Nickname), string(a.ID))
	}
	return c.Member(string(a.Name), string(a.ID))
}

func readDiscord(s *stream, c *draft.Chain, _ *notes) error {
	var guild, channel struct {
		Name str `json:"name"`
	}
	err := s.object(func(key string) error {
		switch key {
		case "guild":
			return s.decode(&guild)
		case "channel":
			return s.decode(&channel)
		case "messages":
			return s.messages(func() error { return discordMessage(s, c) }, keys{"timestamp", "author"})
		}
		return s.skip()
	})
	c.Title = strings.Trim(string(guild.Name+" / "+channel.Name), " /")
	return err
}

func discordMessage(s *stream, c *draft.Chain) error {
	var d discord
	if err := s.decode(&d); err != nil {
		return err
	}
	var m draft.Message
	m.ID, m.Text, m.By = string(d.ID), string(d.Content), d.Author.member(c)
	m.At, m.Zoned = anyTime(string(d.At))
	if at, zoned := anyTime(string(d.Edited)); !at.IsZero() {
		m.Edited = format(at, zoned)
	}
	switch d.Type {
	case "", "Default", "Reply", "19", "ThreadStarterMessage", "ChatInputCommand", "ContextMenuCommand":
	case "Call":
		m.Kind = "call"
	default:
		m.Kind = "system"
	}
	if d.Forwarded != nil {
		m.Forwarded, m.Text = "yes", strings.TrimSpace(m.Text+"\n"+string(d.Forwarded.Content))
	} else if d.Reference != nil && m.Kind == "" {
		m.Answers = string(d.Reference.Message)
	}
	d.more(&m)
	for _, r := range d.Reactions {
		reaction := reading.Reaction{Sign: string(r.Emoji.Name)}
		for _, u := range r.Users {
			reaction.By = append(reaction.By, u.member(c))
		}
		m.Reactions = append(m.Reactions, reaction)
	}
	return c.Add(m)
}

// more adds files, which the export holds only where it was made with them, and
// what was embedded.
func (d *discord) more(m *draft.Message) {
	for _, f := range d.Files {
		m.Media = append(m.Media, reading.Media{Name: string(f.Name), Missing: strings.Contains(string(f.URL), "://")})
	}
	for _, f := range d.Stickers {
		m.Media = append(m.Media, reading.Media{Name: string(f.Name), Type: "sticker", Missing: true})
	}
	for _, e := range d.Embeds {
		for _, line := range []str{e.Title, e.Description, e.URL} {
			if line != "" && !strings.Contains(m.Text, string(line)) {
				m.Text = strings.TrimSpace(m.Text + "\n" + string(line))
			}
		}
	}
}
