// Package outlook makes mails out of what Outlook keeps: messages as files (MSG),
// winmail.dat (TNEF) and files of folders (PST, OST). All of them hold objects
// with properties (package mapi); one writer turns such an object into a message
// of RFC 5322, called reconstructed because no such bytes ever went over a wire.
//
// The same file gives the same bytes. What has no place in a mail goes into a
// part of its own, so that nothing of the file is lost to a reader: properties,
// RTF that is the only body, calendar entries, contacts, messages in messages.
// What does not fit into one mail comes beside it.
//
// It writes nothing and opens nothing; its input is hostile, and it belongs
// into the child that opens containers.
package outlook

import (
	"bytes"
	"errors"
	"io"

	"unseal/intake/outlook/mapi"
)

// Message is an object of Outlook with what belongs to it: a mail, and just as
// well an appointment, a contact, a task or a note.
type Message struct {
	*mapi.Bag
	Source      string // what kind of file it is from: "MSG", "TNEF", "PST"
	Recipients  []*mapi.Bag
	Attachments []Attachment
	Notes       []string // what of it could not be read
}

// Attachment is what is attached to a message: bytes, another message, or
// neither where it only names a place.
type Attachment struct {
	*mapi.Bag
	Size    int64
	Content func() (io.Reader, error) // nil for none; its bytes may break off
	Message *Message
}

// The properties that are used, MS-OXPROPS. Their names there are those here
// with PidTag before them.
const (
	importance            mapi.ID = 0x0017
	messageClass          mapi.ID = 0x001a
	sensitivity           mapi.ID = 0x0036
	subject               mapi.ID = 0x0037
	clientSubmitTime      mapi.ID = 0x0039
	subjectPrefix         mapi.ID = 0x003d
	sentRepresentingName  mapi.ID = 0x0042
	replyRecipientNames   mapi.ID = 0x0050
	replyRecipientEntries mapi.ID = 0x004f
	startDate             mapi.ID = 0x0060
	endDate               mapi.ID = 0x0061
	sentRepresentingType  mapi.ID = 0x0064
	sentRepresentingEmail mapi.ID = 0x0065
	conversationTopic     mapi.ID = 0x0070
	conversationIndex     mapi.ID = 0x0071
	transportHeaders      mapi.ID = 0x007d
	recipientType         mapi.ID = 0x0c15
	senderName            mapi.ID = 0x0c1a
	senderType            mapi.ID = 0x0c1e
	senderEmail           mapi.ID = 0x0c1f
	displayBcc            mapi.ID = 0x0e02
	displayCc             mapi.ID = 0x0e03
	displayTo             mapi.ID = 0x0e04
	messageDeliveryTime   mapi.ID = 0x0e06
	normalizedSubject     mapi.ID = 0x0e1d
	body                  mapi.ID = 0x1000
	rtfCompressed         mapi.ID = 0x1009
	html                  mapi.ID = 0x1013
	internetMessageID     mapi.ID = 0x1035
	internetReferences    mapi.ID = 0x1039
	inReplyToID           mapi.ID = 0x1042
	displayName           mapi.ID = 0x3001
	addressType           mapi.ID = 0x3002
	emailAddress          mapi.ID = 0x3003
	creationTime          mapi.ID = 0x3007
	lastModificationTime  mapi.ID = 0x3008
	searchKey             mapi.ID = 0x300b
	attachData            mapi.ID = 0x3701
	attachExtension       mapi.ID = 0x3703
	attachFilename        mapi.ID = 0x3704
	attachMethod          mapi.ID = 0x3705
	attachLongFilename    mapi.ID = 0x3707
	attachPathname        mapi.ID = 0x3708
	attachTransportName   mapi.ID = 0x370c
	attachLongPathname    mapi.ID = 0x370d
	attachMimeTag         mapi.ID = 0x370e
	attachContentID       mapi.ID = 0x3712
	smtpAddress           mapi.ID = 0x39fe
	senderSMTP            mapi.ID = 0x5d01
	sentRepresentingSMTP  mapi.ID = 0x5d02
	recipientDisplayName  mapi.ID = 0x5ff6
)

// Limits of a message.
const (
	maxDepth      = 10       // messages in messages
	maxAttached   = 5_000    // recipients or attachments of a message
	maxBody       = 16 << 20 // bytes of a body that is unpacked
	maxMail       = 60 << 20 // bytes of a mail; what is over comes beside it
	maxFiles      = 6_000    // parts of a mail that are made of attachments, those of messages inside counted too
	maxProperties = 20_000
)

var errDeep = errors.New("a message inside too many others")

func (m *Message) note(text string) {
	const maxNotes = 20
	if len(m.Notes) < maxNotes {
		m.Notes = append(m.Notes, text)
	}
}

// content makes bytes in memory an attachment's content.
func content(b []byte) func() (io.Reader, error) {
	return func() (io.Reader, error) { return bytes.NewReader(b), nil }
}

// Subject is the subject line. In a PST two characters before it say how long
// the prefix is, MS-PST 2.5.3.1.1.1.
func (m *Message) Subject() string {
	s := m.Text(subject)
	if r := []rune(s); len(r) >= 2 && r[0] == 1 {
		s = string(r[2:])
	}
	if s == "" {
		s = m.Text(subjectPrefix) + m.Text(normalizedSubject)
	}
	return s
}

// Class is the message class, "IPM.Note" and the like.
func (m *Message) Class() string { return m.Text(messageClass) }

// named finds a property by its name.
func (m *Message) named(set string, id uint32) mapi.ID { return m.Named(mapi.Name{Set: set, ID: id}) }
