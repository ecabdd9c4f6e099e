package chat

import (
	"html"
	"regexp"
	"strings"
	"time"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// isSlack knows a day of a channel in an export of Slack, which is a list of
// messages, and the file of a channel as slackdump writes it.
func isSlack(s shape) bool {
	return slackMessages(s, "[]") || slackMessages(s, ".messages[]")
}

func slackMessages(s shape, at string) bool {
	return s[at+".type"] == "message" && slackTime.MatchString(s[at+".ts"]) && s.any(at+".user", at+".text", at+".bot_id")
}

var slackTime = regexp.MustCompile(`^[0-9]{9,11}\.[0-9]{6}$`)

type slack struct {
	Type    str  `json:"type"`
	Subtype str  `json:"subtype"`
	User    str  `json:"user"`
	Name    str  `json:"username"`
	Bot     str  `json:"bot_id"`
	Text    str  `json:"text"`
	TS      word `json:"ts"`
	Thread  word `json:"thread_ts"`
	Edited  *struct {
		TS word `json:"ts"`
	} `json:"edited"`
	Profile struct {
		Real    str `json:"real_name"`
		Display str `json:"display_name"`
		Name    str `json:"name"`
	} `json:"user_profile"`
	Files []struct {
		Name str `json:"name"`
		Type str `json:"mimetype"`
		Mode str `json:"mode"`
		URL  str `json:"url_private_download"`
	} `json:"files"`
	Attachments []struct {
		Fallback str `json:"fallback"`
		Text     str `json:"text"`
	} `json:"attachments"`
	Reactions []struct {
		Name  str   `json:"name"`
		Users []str `json:"users"`
	} `json:"reactions"`
	Replies []slack `json:"slackdump_thread_replies"`
}

func readSlack(s *stream, c *draft.Chain, _ *notes) error {
	t, err := s.token()
	if err != nil {
		return err
	}
	r := &slackReader{chain: c}
	next := func() error {
		var m slack
		if err := s.decode(&m); err != nil {
			return err
		}
		return r.add(&m)
	}
	if d, ok := t.(interface{ String() string }); ok && d.String() == "[" {
		return s.listed(next, slackKeys)
	}
	return s.fields(func(key string) error {
		switch key {
		case "name":
			var name str
			err := s.decode(&name)
			c.Title = "#" + string(name)
			return err
		case "messages":
			return s.messages(next, slackKeys)
		}
		return s.skip()
	})
}

// slackKeys are what every message has, and no reply in its list of replies.
var slackKeys = keys{"type", "ts"}

type slackReader struct{ chain *draft.Chain }

// said are the kinds of messages that people and programs write; all others are
// the platform's.
var said = map[str]bool{"": true, "bot_message": true, "me_message": true, "thread_broadcast": true, "file_share": true, "file_comment": true, "reply_broadcast": true}

func (r *slackReader) add(t *slack) error {
	var m draft.Message
	m.ID, m.By = string(t.TS), r.member(t)
	m.At, m.Zoned = unixTime(string(t.TS), time.Second)
	m.Text = r.plain(string(t.Text))
	switch {
	case t.Subtype == "tombstone" || t.Subtype == "message_deleted":
		m.Kind = "deleted"
	case !said[t.Subtype]:
		m.Kind = "system"
	}
	if t.Edited != nil {
		at, zoned := unixTime(string(t.Edited.TS), time.Second)
		m.Edited = "yes"
		if zoned {
			m.Edited = format(at, zoned)
		}
	}
	if t.Thread != "" && t.Thread != t.TS {
		m.Answers = string(t.Thread)
	}
	for _, f := range t.Files {
		m.Media = append(m.Media, reading.Media{Name: string(f.Name), Type: string(f.Type), Missing: f.Mode == "tombstone" || f.Mode == "hidden_by_limit" || strings.Contains(string(f.URL), "://")})
	}
	for _, a := range t.Attachments {
		if text := r.plain(string(a.Text + orElse(a.Text, a.Fallback))); text != "" {
			m.Text = strings.TrimSpace(m.Text + "\n" + text)
		}
	}
	for _, x := range t.Reactions {
		reaction := reading.Reaction{Sign: ":" + string(x.Name) + ":"}
		for _, u := range x.Users {
			reaction.By = append(reaction.By, r.chain.Member("", string(u)))
		}
		m.Reactions = append(m.Reactions, reaction)
	}
	if err := r.chain.Add(m); err != nil {
		return err
	}
	for i := range t.Replies {
		t.Replies[i].Replies = nil
		if err := r.add(&t.Replies[i]); err != nil {
			return err
		}
	}
	return nil
}

// orElse is b where a is empty, else nothing.
func orElse(a, b str) str {
	if a == "" {
		return b
	}
	return ""
}

func (r *slackReader) member(t *slack) int {
	name := t.Profile.Display
	for _, other := range []str{t.Profile.Real, t.Name, t.Profile.Name} {
		if name == "" {
			name = other
		}
	}
	id := t.User
	if id == "" {
		id = t.Bot
	}
	return r.chain.Member(string(name), string(id))
}

var slackMark = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// plain undoes Slack's marks: <@U1>, <#C1|name>, <address|label>.
func (r *slackReader) plain(s string) string {
	s = slackMark.ReplaceAllStringFunc(s, func(mark string) string {
		found := slackMark.FindStringSubmatch(mark)
		to, label := found[1], found[2]
		switch {
		case strings.HasPrefix(to, "@"), strings.HasPrefix(to, "!"):
			return to[:1] + orString(label, to[1:])
		case strings.HasPrefix(to, "#"):
			return "#" + orString(label, to[1:])
		case label != "" && label != to:
			return label + " (" + to + ")"
		}
		return to
	})
	return html.UnescapeString(s)
}

func orString(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
