package chat

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// isSMS knows the XML of SMS Backup & Restore: messages, or calls.
func isSMS(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if !bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")) {
		return false
	}
	return bytes.Contains(head, []byte("<smses")) && (bytes.Contains(head, []byte("<sms ")) || bytes.Contains(head, []byte("<mms "))) ||
		bytes.Contains(head, []byte("<calls")) && bytes.Contains(head, []byte("<call "))
}

// readSMS reads the messages of all conversations, grouped by whom they were
// with. Behind an element that is broken it goes on with the next message; lost
// counts those places.
func readSMS(r io.Reader, c *draft.Chain) (lost int, err error) {
	s := &smsReader{chain: c, self: -1, in: newMender(r)}
	s.restart()
	for {
		s.in.left = maxValue
		t, err := s.dec.Token()
		if err == nil {
			err = s.take(t)
		}
		switch syntax := (*xml.SyntaxError)(nil); {
		case err == io.EOF:
			return lost, nil
		case errors.As(err, &syntax) || errors.Is(err, errLong):
			if !s.in.next() {
				if lost > 0 && syntax != nil && strings.HasPrefix(syntax.Msg, "unexpected end element") {
					err = nil // the list ends, whose beginning was before a broken message
				}
				return lost, err
			}
			lost++
			s.restart()
		case err != nil:
			return lost, err
		}
	}
}

// restart makes a decoder of what follows.
func (s *smsReader) restart() {
	s.mms = nil
	s.dec = xml.NewDecoder(s.in)
	s.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // what is no UTF-8 is replaced later
	s.dec.Strict = false
}

type smsReader struct {
	chain *draft.Chain
	dec   *xml.Decoder
	in    *mender
	self  int
	mms   *draft.Message // being read
	from  string         // its sender, as its addresses say
	out   bool
}

func (s *smsReader) take(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		at := attributes(t.Attr)
		switch t.Name.Local {
		case "sms":
			return s.sms(at)
		case "call":
			return s.call(at)
		case "mms":
			s.begin(at)
		case "part":
			s.part(at)
		case "addr":
			if at["type"] == "137" { // PduHeaders.FROM
				s.from = at["address"]
			}
		}
	case xml.EndElement:
		if t.Name.Local == "mms" && s.mms != nil {
			return s.end()
		}
	}
	return nil
}

func attributes(list []xml.Attr) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		if a.Value != "null" {
			m[a.Name.Local] = a.Value
		}
	}
	return m
}

// message begins a message with what all elements have.
func (s *smsReader) message(at map[string]string) draft.Message {
	m := draft.Message{Conversation: at["address"] + at["number"]}
	m.At, m.Zoned = unixTime(at["date"], time.Millisecond)
	if name := at["contact_name"]; name != "" && name != "(Unknown)" {
		s.chain.Titles[m.Conversation] = name
	}
	return m
}

// owner is the one whose phone it is.
func (s *smsReader) owner() int {
	if s.self < 0 {
		s.self = s.chain.Member("Me", "")
		s.chain.Self(s.self)
	}
	return s.self
}

func (s *smsReader) other(conversation string) int {
	name := s.chain.Titles[conversation]
	if strings.Contains(conversation, "~") {
		name = ""
	}
	return s.chain.Member(name, conversation)
}

// sms adds a message. Its types are those of Android's Telephony.TextBasedSmsColumns.
func (s *smsReader) sms(at map[string]string) error {
	m := s.message(at)
	m.Text = at["body"]
	switch at["type"] {
	case "1":
		m.By = s.other(m.Conversation)
	case "3":
		m.By, m.Kind, m.Text = s.owner(), "system", strings.TrimSpace("draft: "+m.Text)
	default:
		m.By = s.owner()
	}
	return s.chain.Add(m)
}

// call adds a call. Its types are those of Android's CallLog.Calls.
func (s *smsReader) call(at map[string]string) error {
	m := s.message(at)
	m.Kind, m.By = "call", s.other(m.Conversation)
	m.Text = map[string]string{"1": "received", "2": "placed", "3": "missed", "4": "voicemail", "5": "rejected", "6": "blocked"}[at["type"]]
	if at["type"] == "2" {
		m.By = s.owner()
	}
	if n, err := strconv.Atoi(at["duration"]); err == nil && n > 0 {
		m.Text = strings.TrimSpace(m.Text + " " + strconv.Itoa(n) + " s")
	}
	return s.chain.Add(m)
}

func (s *smsReader) begin(at map[string]string) {
	m := s.message(at)
	s.mms, s.from, s.out = &m, "", at["msg_box"] != "1"
}

func (s *smsReader) part(at map[string]string) {
	if s.mms == nil {
		return
	}
	switch kind := at["ct"]; kind {
	case "application/smil":
	case "text/plain":
		s.mms.Text = strings.TrimLeft(s.mms.Text+"\n"+at["text"], "\n")
	default:
		name := at["cl"]
		if name == "" {
			name = at["name"]
		}
		s.mms.Media = append(s.mms.Media, reading.Media{Name: name, Type: kind})
	}
}

func (s *smsReader) end() error {
	m := *s.mms
	s.mms = nil
	switch {
	case s.out:
		m.By = s.owner()
	case s.from != "":
		name := ""
		if s.from == m.Conversation {
			name = s.chain.Titles[m.Conversation]
		}
		m.By = s.chain.Member(name, s.from)
	default:
		m.By = s.other(m.Conversation)
	}
	return s.chain.Add(m)
}

// mender lets XML through, byte by byte, and puts two things right: characters
// that the program writes as two references to surrogates become one, and the
// bytes of files, which may be long and are not needed, are left out. It lets a
// bounded number of bytes through between two refills of left.
type mender struct {
	in   *bufio.Reader
	out  []byte
	left int
}

func newMender(r io.Reader) *mender { return &mender{in: bufio.NewReaderSize(r, 64<<10)} }

// ReadByte makes the decoder read no further than it must.
func (m *mender) ReadByte() (byte, error) {
	for len(m.out) == 0 {
		if err := m.fill(); err != nil {
			return 0, err
		}
	}
	if m.left--; m.left < 0 {
		return 0, errLong
	}
	c := m.out[0]
	m.out = m.out[1:]
	return c, nil
}

func (m *mender) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := m.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// next goes to the beginning of the next message. It reports false at the end.
func (m *mender) next() bool {
	m.left = maxValue
	for {
		for len(m.out) == 0 {
			if m.fill() != nil {
				return false
			}
		}
		if m.out[0] == '<' {
			m.top()
			for _, tag := range []string{"<sms ", "<mms ", "<call "} {
				if bytes.HasPrefix(m.out, []byte(tag)) {
					return true
				}
			}
		}
		m.out = m.out[1:]
	}
}

// top brings as many bytes into out as a tag's name may have.
func (m *mender) top() {
	const tag = 8
	for len(m.out) < tag {
		have := bytes.Clone(m.out)
		m.out = nil
		err := m.fill()
		if m.out = append(have, m.out...); err != nil {
			return
		}
	}
}

const dataAttribute = ` data="`

// fill puts what can be let through into out.
func (m *mender) fill() error {
	head, err := m.in.Peek(512)
	if len(head) == 0 {
		return err
	}
	switch at := bytes.IndexAny(head, "& "); {
	case at < 0:
		m.pass(len(head))
	case at > 0:
		m.pass(at)
	case bytes.HasPrefix(head, []byte(dataAttribute)):
		m.pass(len(dataAttribute))
		return m.dropQuoted()
	default:
		if char, n := surrogates(head); n > 0 {
			m.in.Discard(n)
			m.out = append(m.out[:0], string(char)...)
			return nil
		}
		m.pass(1)
	}
	return nil
}

func (m *mender) pass(n int) {
	head, _ := m.in.Peek(n)
	m.out = append(m.out[:0], head...)
	m.in.Discard(n)
}

// dropQuoted passes over everything up to the next quotation mark.
func (m *mender) dropQuoted() error {
	for {
		piece, err := m.in.ReadSlice('"')
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return err
		}
		m.out = append(m.out, piece[len(piece)-1])
		return nil
	}
}

// surrogates reads "&#55357;&#56842;" from the beginning of b.
func surrogates(b []byte) (rune, int) {
	high, n := reference(b)
	low, k := reference(b[n:])
	if n == 0 || k == 0 {
		return 0, 0
	}
	if r := utf16.DecodeRune(high, low); r != '\uFFFD' {
		return r, n + k
	}
	return 0, 0
}

func reference(b []byte) (rune, int) {
	if len(b) < 4 || b[0] != '&' || b[1] != '#' {
		return 0, 0
	}
	end := bytes.IndexByte(b[:min(len(b), 10)], ';')
	if end < 3 {
		return 0, 0
	}
	n, err := strconv.ParseUint(string(b[2:end]), 10, 17)
	if err != nil {
		return 0, 0
	}
	return rune(n), end + 1
}
