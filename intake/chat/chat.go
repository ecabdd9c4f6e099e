// Package chat reads chains of messages out of what platforms and phones
// export, known by content alone: WhatsApp, Telegram, Signal, Slack, Discord,
// Messenger, Instagram, iMessage, Twitter, Google Chat, SMS, and our own
// description of chains that exist only as pictures of a screen.
//
// A chain is one item. Where a file holds several that do not overlap, [Split]
// says where each lies, so that each can be an item of its own; where they lie
// among each other, the item holds them all, grouped.
//
// The invariant: what a reading says of a message (who, when, what) stands so
// in the bytes. What cannot be decided from them, such as the order of day and
// month, is not claimed but said to be open.
package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"unseal/intake/chat/draft"
	"unseal/intake/chat/imessage"
	"unseal/intake/chat/stamp"
	"unseal/intake/chat/whatsapp"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// DatesOption is the name of the option of a [reader.Request] that says in
// which order dates stand: "dmy", "mdy" or "ymd".
const DatesOption = "dates"

// MaxSize bounds the bytes of an export that is read.
const MaxSize = 4 << 30

// export is a platform whose exports are JSON.
type export struct {
	platform string
	is       func(shape) bool
	read     func(*stream, *draft.Chain, *notes) error
}

// exports are the JSON platforms; the first that fits is taken.
var exports = []export{
	{"pictures", isPictures, readPictures},
	{"discord", isDiscord, readDiscord},
	{"messenger", isMessenger, readMessenger},
	{"google-chat", isGoogleChat, readGoogleChat},
	{"twitter", isTwitter, readTwitter},
	{"slack", isSlack, readSlack},
	{"signal", isSignal, readSignal},
	{"telegram", isTelegram, func(s *stream, c *draft.Chain, _ *notes) error { return readTelegram(s, c) }},
}

// The platforms that are no JSON.
const (
	whatsApp = "whatsapp"
	text     = "text" // lines of dated messages of a program that is not known
	sms      = "sms"
	iMessage = "imessage"
)

// Detect tells from a file's first bytes, of which 64 KiB are enough, which
// platform's chain it is.
func Detect(head []byte) (platform string, ok bool) {
	if imessage.Detect(head) {
		return iMessage, true
	}
	if begin := strings.TrimLeft(string(strip(head[:min(len(head), 2*lead)])), " \t\r\n"); begin != "" {
		switch begin[0] {
		case '{', '[':
			if e := findExport(shapeOf(head)); e != nil {
				return e.platform, true
			}
		case '<':
			return sms, isSMS(head)
		}
	}
	switch whatsapp.Detect(head) {
	case whatsapp.Whats:
		return whatsApp, true
	case whatsapp.Chat:
		return text, true
	}
	return "", false
}

func findExport(s shape) *export {
	for i := range exports {
		if exports[i].is(s) {
			return &exports[i]
		}
	}
	return nil
}

// notes is what a reader has to say beside the chain.
type notes struct {
	shape    shape
	facts    []reading.Fact
	findings []reading.Finding
	warnings []trove.Warning

	// of a chain of pictures
	text      reading.Text
	pictures  []string
	onPicture []int // of each message, in the order of the file
}

func (n *notes) find(code, text string) {
	n.findings = append(n.findings, reading.Finding{Code: code, Text: text})
}

func (n *notes) warn(code, text string) {
	n.warnings = append(n.warnings, trove.Warning{Code: code, Text: text})
}

const headSize = 64 << 10

// Read reads a chain: record, text and reading. It is a [reader.Func] for the
// stage Read.
func Read(ctx context.Context, in *reader.Input) reader.Result {
	if in.Size > MaxSize {
		return reader.Result{Failed: fmt.Sprintf("The export is larger than %d bytes.", int64(MaxSize))}
	}
	head := make([]byte, min(headSize, in.Size))
	if _, err := io.ReadFull(io.NewSectionReader(in.Content, 0, in.Size), head); err != nil && in.Size > 0 {
		return reader.Result{Failed: "The file could not be read: " + trimmed(err) + "."}
	}
	platform, ok := Detect(head)
	if !ok {
		return reader.Result{Failed: "The file is no export of a chat that is known."}
	}
	c, n := draft.New(platform), &notes{}
	partly, err := readInto(ctx, in, head, c, n)
	if c.Len() == 0 && err != nil && !errors.Is(err, draft.ErrFull) {
		return reader.Result{Failed: "No message could be read: " + trimmed(err) + "."}
	}
	if c.Title == "" {
		c.Title = titleOf(in, platform)
	}
	res := c.Finish()
	res.Partly = strings.TrimSpace(partly + " " + broken(err, c.Len()))
	res.Reading.Facts = append(res.Reading.Facts, n.facts...)
	res.Reading.Findings = append(res.Reading.Findings, n.findings...)
	res.Record.Warnings = append(res.Record.Warnings, n.warnings...)
	if c.Pictures {
		finishPictures(in, &res, n)
	}
	return res
}

// broken says what an error in the middle of a chain means.
func broken(err error, messages int) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, draft.ErrFull):
		return fmt.Sprintf("Only the first %d messages are shown: the chain is longer than what is read.", messages)
	}
	return fmt.Sprintf("The file is broken after %d messages: %s.", messages, trimmed(err))
}

// readInto fills the chain; partly says what could not be had of a file that is
// sound.
func readInto(ctx context.Context, in *reader.Input, head []byte, c *draft.Chain, n *notes) (partly string, err error) {
	switch c.Platform {
	case whatsApp, text:
		return readLines(in, c, n)
	case sms:
		lost, err := readSMS(io.NewSectionReader(in.Content, 0, in.Size), c)
		n.lost(lost)
		return "", err
	case iMessage:
		if imessage.Logged(head) {
			n.warn("write-ahead-log", "The newest messages may lie in the file beside it whose name ends in -wal, which is not read.")
		}
		return imessage.Read(ctx, in.Content, in.Size, c)
	}
	s, err := newStream(in.Content, in.Size)
	if err != nil {
		return "", err
	}
	n.shape = shapeOf(head)
	err = findExport(n.shape).read(s, c, n)
	n.lost(s.lost)
	if errors.Is(err, errLast) {
		err = nil
	}
	return "", err
}

// readLines reads WhatsApp's file, and says what was decided of its dates.
func readLines(in *reader.Input, c *draft.Chain, n *notes) (partly string, err error) {
	c.Clock = deviceClock
	found, err := whatsapp.Read(in.Content, in.Size, in.Options[DatesOption], c)
	d := found.Decision
	switch {
	case d.Order != "":
		n.dates(d)
	case len(d.Possible) > 0:
		n.warn("date-order", "The date order cannot be decided: "+stamp.Words(d.Possible)+".")
		partly = fmt.Sprintf("The times of the messages are open: their dates can be read as %s. Say which: unseal redo NAME --set %s=%s.", stamp.Words(d.Possible), DatesOption, d.Possible[0])
	case err == nil:
		n.warn("dates", "The dates are of a calendar or a form that is not read.")
		partly = "The times of the messages are open: their dates are of a calendar or a form that is not read."
	}
	if found.Broken > 0 && d.Order != "" {
		n.warn("dates", fmt.Sprintf("%s no day in the order %s.", count(found.Broken, "date is", "dates are"), d.Order))
	}
	if found.Foreign > 0 {
		n.warn("foreign-lines", fmt.Sprintf("%s with a date of another form; read as text.", count(found.Foreign, "line begins", "lines begin")))
	}
	if found.Before > 0 {
		n.warn("lines-before", fmt.Sprintf("%s before the first message; left out.", count(found.Before, "line stands", "lines stand")))
	}
	return partly, err
}

// dates notes how the order was decided, and warns where it was inferred.
func (n *notes) dates(d stamp.Decision) {
	why := fmt.Sprintf("read as %s: %s", stamp.Orders[d.Order], d.Why)
	n.facts = append(n.facts, reading.Fact{Name: "dates", Value: why})
	if d.Inferred {
		n.warn("date-order-inferred", "The dates were "+why+".")
	}
}

var whatsName = regexp.MustCompile(`(?i)^(?:WhatsApp Chat (?:with|-|mit) |Чат WhatsApp с (?:контактом )?|Chat de WhatsApp con |Discussion WhatsApp avec )(.+?)(?:\.zip)?$`)

// titleOf finds a title in the name under which the file was handed over, where
// programs put it: WhatsApp in that of the file or its container, Slack in that
// of the folder.
func titleOf(in *reader.Input, platform string) string {
	stem := func(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }
	switch platform {
	case whatsApp:
		places := strings.FieldsFunc(in.Path, func(r rune) bool { return r == '/' || r == '!' })
		for i := len(places) - 1; i >= 0; i-- {
			if found := whatsName.FindStringSubmatch(stem(places[i])); found != nil {
				return found[1]
			}
		}
		if found := whatsName.FindStringSubmatch(stem(in.Name)); found != nil {
			return found[1]
		}
	case "slack":
		if channel := path.Base(path.Dir(in.Path)); channel != "." && channel != "/" {
			return "#" + strings.TrimSuffix(channel, "!") + " " + stem(in.Name)
		}
	}
	return ""
}
