package chat

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // their sizes
	_ "image/png"
	"path"
	"strings"

	"unseal/intake/chat/draft"
	"unseal/intake/reader"
	"unseal/reading"
)

// A chain that exists only as pictures of a screen is described by a small JSON
// file that lies beside them:
//
//	{"unseal": "chain/1", "platform": "twitter", "title": "…",
//	 "pictures": ["page1.png", "page2.png"],
//	 "made": "typed", "by": "who typed it",
//	 "members": [{"name": "A", "handle": "@a"}, {"name": "B"}],
//	 "messages": [{"by": "A", "when": "2016-07-04T08:14:00-04:00", "text": "…",
//	   "picture": 1, "id": "1", "reply_to": "", "edited": "", "forwarded": "",
//	   "kind": "", "media": ["photo.jpg"], "missing": false}]}
//
// made is typed (by a person), corrected or machine. picture counts from 1. A
// time without a zone stays one without.
const picturesFormat = "chain/1"

func isPictures(s shape) bool { return s[".unseal"] == picturesFormat }

type pictureMessage struct {
	By        str   `json:"by"`
	When      str   `json:"when"`
	Text      str   `json:"text"`
	Picture   int   `json:"picture"`
	ID        word  `json:"id"`
	ReplyTo   word  `json:"reply_to"`
	Edited    str   `json:"edited"`
	Forwarded str   `json:"forwarded"`
	Kind      str   `json:"kind"`
	Media     []str `json:"media"`
	Missing   bool  `json:"missing"`
}

func readPictures(s *stream, c *draft.Chain, n *notes) error {
	n.text.Kind, n.text.Made = reading.OCR, reading.Typed
	c.Pictures, c.Clock = true, "as the pictures show them; their zone is not known"
	return s.object(func(key string) error {
		var w str
		switch key {
		case "platform":
			err := s.decode(&w)
			c.Platform = orString(draft.Line(string(w)), c.Platform)
			return err
		case "title":
			err := s.decode(&w)
			c.Title = string(w)
			return err
		case "made":
			if err := s.decode(&w); err != nil {
				return err
			}
			if w == reading.Machine || w == reading.Corrected {
				n.text.Made = string(w)
			}
			return nil
		case "by":
			err := s.decode(&w)
			n.text.By = draft.Line(string(w))
			return err
		case "pictures":
			return s.array(func() error {
				var name str
				err := s.decode(&name)
				n.pictures = append(n.pictures, draft.Line(string(name)))
				return err
			})
		case "members":
			return s.array(func() error {
				var m struct {
					Name   str  `json:"name"`
					Handle str  `json:"handle"`
					Self   bool `json:"self"`
				}
				err := s.decode(&m)
				if i := c.Member(string(m.Name), string(m.Handle)); m.Self {
					c.Self(i)
				}
				c.Alias(string(m.Name), string(m.Handle))
				return err
			})
		case "messages":
			return s.messages(func() error { return pictured(s, c, n) }, keys{"by", "text"})
		}
		return s.skip()
	})
}

func pictured(s *stream, c *draft.Chain, n *notes) error {
	var p pictureMessage
	if err := s.decode(&p); err != nil {
		return err
	}
	var m draft.Message
	m.By = -1
	if p.By != "" {
		if m.By = c.Known(string(p.By)); m.By < 0 {
			m.By = c.Member(string(p.By), "")
		}
	}
	m.ID, m.Answers, m.Text, m.Forwarded = string(p.ID), string(p.ReplyTo), string(p.Text), string(p.Forwarded)
	m.Edited = string(p.Edited)
	if m.At, m.Zoned = anyTime(string(p.When)); m.At.IsZero() {
		m.Written = string(p.When)
	}
	switch p.Kind {
	case "system", "call", "deleted":
		m.Kind = string(p.Kind)
	}
	for _, name := range p.Media {
		m.Media = append(m.Media, reading.Media{Name: string(name), Missing: p.Missing})
	}
	n.onPicture = append(n.onPicture, p.Picture)
	return c.Add(m)
}

// finishPictures adds the pages and the text that was made of them. Messages
// were not moved where their times cannot be compared; else Place says where
// each stood.
func finishPictures(in *reader.Input, res *reader.Result, n *notes) {
	pages := make([]reading.Page, len(n.pictures))
	for i, name := range n.pictures {
		pages[i] = reading.Page{Number: i + 1, Label: name}
		res.Fact("picture", name)
	}
	for _, m := range res.Reading.Chain.Messages {
		at := m.N
		if m.Place > 0 {
			at = m.Place
		}
		segment := reading.Segment{Message: m.N, Text: m.Text}
		if at <= len(n.onPicture) && n.onPicture[at-1] > 0 && n.onPicture[at-1] <= len(pages) {
			segment.Page = n.onPicture[at-1]
			p := &pages[segment.Page-1]
			if p.To == 0 {
				p.From = m.From
			}
			p.From, p.To = min(p.From, m.From), max(p.To, m.To)
		}
		if segment.Text != "" {
			n.text.Segments = append(n.text.Segments, segment)
		}
	}
	missing := 0
	for i := range pages {
		if !showPicture(in, res, &pages[i]) {
			missing++
		}
	}
	res.Reading.Pages = pages
	res.Reading.Texts = append(res.Reading.Texts, n.text)
	if missing > 0 {
		res.Warn("pictures-apart", "%s of this chain did not lie beside it under its name; they are items of their own.", count(missing, "picture", "pictures"))
	}
}

// showPicture makes a picture that was handed in beside the file one of the
// files made of the item.
func showPicture(in *reader.Input, res *reader.Result, p *reading.Page) bool {
	for _, b := range in.Beside {
		if path.Base(b.Name) != p.Label {
			continue
		}
		conf, format, err := image.DecodeConfig(bytes.NewReader(b.Bytes))
		if err != nil {
			return false
		}
		ending := strings.Replace(format, "jpeg", "jpg", 1)
		p.Image, p.Width, p.Height = fmt.Sprintf("p%d.%s", p.Number, ending), conf.Width, conf.Height
		res.Files = append(res.Files, reader.Made{Name: p.Image, Type: "image/" + format, Bytes: b.Bytes})
		return true
	}
	return false
}
