package chat

import (
	"unseal/intake/chat/draft"
	"unseal/reading"
)

// isGoogleChat knows messages.json of a Google Chat takeout.
func isGoogleChat(s shape) bool {
	return s.has(".messages[].creator.name") && s.any(".messages[].created_date", ".messages[].message_id")
}

type googleChat struct {
	Creator googleUser `json:"creator"`
	Created str        `json:"created_date"`
	Updated str        `json:"updated_date"`
	Text    str        `json:"text"`
	ID      str        `json:"message_id"`
	State   str        `json:"message_state"`
	Quoted  *struct {
		ID str `json:"message_id"`
	} `json:"quoted_message_metadata"`
	Deletion *map[string]any `json:"deletion_metadata"`
	Files    []struct {
		Original str `json:"original_name"`
		Export   str `json:"export_name"`
	} `json:"attached_files"`
	Reactions []struct {
		Emoji struct {
			Unicode str `json:"unicode"`
		} `json:"emoji"`
		Emails []str `json:"reactor_emails"`
	} `json:"reactions"`
}

type googleUser struct {
	Name  str `json:"name"`
	Email str `json:"email"`
}

func readGoogleChat(s *stream, c *draft.Chain, _ *notes) error {
	return s.object(func(key string) error {
		if key != "messages" {
			return s.skip()
		}
		return s.messages(func() error {
			var g googleChat
			if err := s.decode(&g); err != nil {
				return err
			}
			return g.add(c)
		}, keys{"creator", "created_date"})
	})
}

func (g *googleChat) add(c *draft.Chain) error {
	var m draft.Message
	m.ID, m.Text, m.By = string(g.ID), string(g.Text), c.Member(string(g.Creator.Name), string(g.Creator.Email))
	m.At, m.Zoned = anyTime(string(g.Created))
	if g.State == "DELETED" || g.Deletion != nil {
		m.Kind = "deleted"
	}
	if g.Updated != "" && g.Updated != g.Created {
		at, zoned := anyTime(string(g.Updated))
		m.Edited = "yes"
		if !at.IsZero() {
			m.Edited = format(at, zoned)
		}
	}
	if g.Quoted != nil {
		m.Answers = string(g.Quoted.ID)
	}
	for _, f := range g.Files {
		m.Media = append(m.Media, reading.Media{Name: orString(string(f.Export), string(f.Original))})
	}
	for _, r := range g.Reactions {
		reaction := reading.Reaction{Sign: string(r.Emoji.Unicode)}
		for _, who := range r.Emails {
			reaction.By = append(reaction.By, c.Member("", string(who)))
		}
		m.Reactions = append(m.Reactions, reaction)
	}
	return c.Add(m)
}
