package outlook

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"unseal/intake/outlook/mapi"
)

// TNEFMagic is what winmail.dat begins with, MS-OXTNEF 2.1.3.1.
const TNEFMagic = "\x78\x9f\x3e\x22"

// errShort says that a TNEF breaks off.
var errShort = errors.New("it breaks off")

// The attributes that are used, MS-OXTNEF 2.1.3.3, without their type.
const (
	tnefFrom         = 0x8000
	tnefSubject      = 0x8004
	tnefDateSent     = 0x8005
	tnefDateRecd     = 0x8006
	tnefClass        = 0x8008
	tnefMessageID    = 0x8009
	tnefBody         = 0x800c
	tnefAttachData   = 0x800f
	tnefAttachTitle  = 0x8010
	tnefRecipients   = 0x9004
	tnefAttachProps  = 0x9005
	tnefRend         = 0x9002
	tnefMessageProps = 0x9003
	tnefCodepage     = 0x9007
)

// tnefLimit bounds what is read of a TNEF: it is held in memory.
const tnefLimit = 128 << 20

// ReadTNEF reads a TNEF, at most to where it is damaged: then the message is
// what was found, with a note.
func ReadTNEF(p []byte) (*Message, error) { return readTNEF(p, "", 0) }

func readTNEF(p []byte, charset string, depth int) (*Message, error) {
	if !bytes.HasPrefix(p, []byte(TNEFMagic)) || len(p) < 6 {
		return nil, errors.New("no TNEF")
	}
	if depth > maxDepth {
		return nil, errDeep
	}
	t := &tnef{m: &Message{Source: "TNEF", Bag: &mapi.Bag{Charset: charset, Names: map[mapi.ID]mapi.Name{}}}, depth: depth, ids: map[mapi.Name]mapi.ID{}}
	for p = p[6:]; len(p) > 0; {
		var err error
		if p, err = t.attribute(p); err != nil {
			t.m.note("the TNEF is damaged: " + err.Error())
			break
		}
	}
	return t.m, nil
}

type tnef struct {
	m     *Message
	depth int
	ids   map[mapi.Name]mapi.ID // numbers given to names, as the file's repeat
}

// attribute reads one: level, number and type, length, data, checksum.
func (t *tnef) attribute(p []byte) ([]byte, error) {
	const head, tail = 9, 2
	if len(p) < head {
		return nil, errShort
	}
	id, n := binary.LittleEndian.Uint32(p[1:]), uint64(binary.LittleEndian.Uint32(p[5:]))
	if p[0] != 1 && p[0] != 2 {
		return nil, fmt.Errorf("level %d is not known", p[0])
	}
	short := n > uint64(len(p)-head)
	data := p[head : head+min(n, uint64(len(p)-head))]
	rest := p[head+len(data):]
	if err := t.use(uint16(id), data); err != nil {
		return nil, err
	}
	switch {
	case short:
		return nil, errShort
	case len(rest) < tail:
		return nil, nil
	case checksum(data) != binary.LittleEndian.Uint16(rest):
		t.m.note(fmt.Sprintf("attribute %#x of the TNEF does not have its checksum", uint16(id)))
	}
	return rest[tail:], nil
}

func checksum(p []byte) (sum uint16) {
	for _, c := range p {
		sum += uint16(c)
	}
	return sum
}

func (t *tnef) use(id uint16, data []byte) error {
	m := t.m
	text := func(id mapi.ID) {
		m.Set(id, mapi.Value{Type: mapi.String8, Parts: [][]byte{data}})
	}
	switch id {
	case tnefCodepage:
		if len(data) >= 4 && m.Charset == "" {
			m.Charset = mapi.CodePage(int64(binary.LittleEndian.Uint32(data)))
		}
	case tnefSubject:
		text(subject)
	case tnefClass:
		text(messageClass)
	case tnefBody:
		text(body)
	case tnefMessageID:
		m.Set(searchKey, mapi.Value{Type: mapi.Binary, Parts: [][]byte{data}})
	case tnefFrom:
		t.from(data)
	case tnefMessageProps:
		return t.properties(m.Bag, data, nil)
	case tnefRecipients:
		return t.recipients(data)
	default:
		return t.attached(id, data)
	}
	return nil
}

// attached takes what belongs to an attachment, of which each begins with its
// rendering data.
func (t *tnef) attached(id uint16, data []byte) error {
	m := t.m
	if id == tnefRend || len(m.Attachments) == 0 && (id == tnefAttachTitle || id == tnefAttachData || id == tnefAttachProps) {
		if len(m.Attachments) == maxAttached {
			return errors.New("too many attachments")
		}
		m.Attachments = append(m.Attachments, Attachment{Bag: &mapi.Bag{Charset: m.Charset, Names: m.Names}})
	}
	if len(m.Attachments) == 0 {
		return nil
	}
	a := &m.Attachments[len(m.Attachments)-1]
	switch id {
	case tnefAttachTitle:
		a.Set(attachFilename, mapi.Value{Type: mapi.String8, Parts: [][]byte{data}})
	case tnefAttachData:
		a.Size, a.Content = int64(len(data)), content(data)
	case tnefAttachProps:
		return t.properties(a.Bag, data, a)
	}
	return nil
}

// from reads the sender of the old kind, MS-OXTNEF 2.1.3.3.10: name and
// "TYPE:address" after their lengths.
func (t *tnef) from(p []byte) {
	if len(p) < 8 {
		return
	}
	nameLen, addrLen := int(binary.LittleEndian.Uint16(p[4:])), int(binary.LittleEndian.Uint16(p[6:]))
	if p = p[8:]; nameLen+addrLen > len(p) {
		return
	}
	kind, addr, _ := strings.Cut(string(bytes.TrimRight(p[nameLen:nameLen+addrLen], "\x00")), ":")
	for id, s := range map[mapi.ID]string{senderName: string(p[:nameLen]), senderType: kind, senderEmail: addr} {
		t.m.Set(id, mapi.Value{Type: mapi.String8, Parts: [][]byte{[]byte(s)}})
	}
}

func (t *tnef) recipients(p []byte) error {
	c := &cursor{p: p}
	for n := c.u32(); n > 0 && !c.bad; n-- {
		if len(t.m.Recipients) == maxAttached {
			return errors.New("too many recipients")
		}
		bag := &mapi.Bag{Charset: t.m.Charset, Names: t.m.Names}
		t.m.Recipients = append(t.m.Recipients, bag)
		if err := t.list(c, bag, nil); err != nil {
			return err
		}
	}
	return nil
}

// properties reads a list of properties, MS-OXTNEF 2.1.3.4. a is the attachment
// that they belong to, or nil.
func (t *tnef) properties(bag *mapi.Bag, p []byte, a *Attachment) error {
	return t.list(&cursor{p: p}, bag, a)
}

func (t *tnef) list(c *cursor, bag *mapi.Bag, a *Attachment) error {
	n := c.u32()
	if n > maxProperties {
		return fmt.Errorf("%d properties", n)
	}
	for ; n > 0 && !c.bad; n-- {
		kind, id := mapi.Type(c.u16()), mapi.ID(c.u16())
		if id >= mapi.FirstNamed {
			id = t.number(c)
		}
		v := c.value(kind)
		if c.bad {
			break
		}
		if a != nil && id == attachData {
			t.data(a, v)
			continue
		}
		bag.Set(id, v)
	}
	if c.bad {
		return errShort
	}
	return nil
}

// number reads a property's name and finds or makes its number.
func (t *tnef) number(c *cursor) mapi.ID {
	name := mapi.Name{Set: mapi.FormatGUID(c.take(16))}
	if c.u32() == 0 {
		name.ID = c.u32()
	} else {
		name.Word = mapi.UTF16(c.padded(c.u32()))
	}
	if id := t.ids[name]; id != 0 || c.bad {
		return id
	}
	id := mapi.FirstNamed + mapi.ID(len(t.ids))
	if id < mapi.FirstNamed {
		return 0
	}
	t.ids[name], t.m.Names[id] = id, name
	return id
}

// iMessage marks an object that is a message, and in a TNEF a TNEF.
const iMessage = "00020307-0000-0000-C000-000000000046"

func (t *tnef) data(a *Attachment, v mapi.Value) {
	if len(v.Parts) == 0 {
		return
	}
	p := v.Parts[0]
	if v.Type == mapi.Object && len(p) >= 16 {
		set := mapi.FormatGUID(p)
		if p = p[16:]; set == iMessage {
			child, err := readTNEF(p, t.m.Charset, t.depth+1)
			if a.Message = child; err == nil {
				return
			}
			t.m.note("a message in the TNEF: " + err.Error())
		}
	}
	a.Size, a.Content = int64(len(p)), content(p)
}

// cursor reads numbers and bytes; after the first mistake all are zero.
type cursor struct {
	p   []byte
	bad bool
}

func (c *cursor) take(n uint32) []byte {
	if c.bad || uint64(n) > uint64(len(c.p)) {
		c.p, c.bad = nil, true
		return nil
	}
	p := c.p[:n:n]
	c.p = c.p[n:]
	return p
}

// padded takes n bytes and what fills them up to four.
func (c *cursor) padded(n uint32) []byte {
	p := c.take(n)
	if pad := -n & 3; uint64(pad) <= uint64(len(c.p)) {
		c.take(pad)
	}
	return p
}

func (c *cursor) u16() uint16 {
	if p := c.take(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if p := c.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

// value reads a value, MS-OXTNEF 2.1.3.4: those of variable length, and those
// of several, have their count before them.
func (c *cursor) value(t mapi.Type) mapi.Value {
	v := mapi.Value{Type: t}
	size := t.Fixed()
	if t&^mapi.Multi <= 1 { // none, or null
		return v
	}
	n := uint32(1)
	if t&mapi.Multi != 0 || size == 0 {
		n = c.u32()
	}
	for ; n > 0 && !c.bad; n-- {
		if size > 0 {
			v.Parts = append(v.Parts, c.padded(uint32(size)))
			continue
		}
		switch t &^ mapi.Multi {
		case mapi.String8, mapi.Unicode, mapi.Binary, mapi.Object:
			v.Parts = append(v.Parts, c.padded(c.u32()))
		default:
			c.p, c.bad = nil, true
		}
	}
	return v
}

// readAll reads a file into memory, at most limit bytes of it.
func readAll(r io.ReaderAt, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, fmt.Errorf("larger than %d MB", limit>>20)
	}
	b := make([]byte, size)
	_, err := io.ReadFull(io.NewSectionReader(r, 0, size), b)
	return b, err
}
