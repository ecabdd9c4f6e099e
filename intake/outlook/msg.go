package outlook

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/richardlehane/mscfb"

	"unseal/intake/outlook/mapi"
)

// storage is a folder of a compound file.
type storage struct {
	streams map[string]*mscfb.File
	below   map[string]*storage
	left    *int64 // bytes of values that may still be read, of the whole file
}

// maxEntries bounds the streams and folders of a compound file.
const maxEntries = 500_000

func openStorage(r io.ReaderAt) (*storage, error) {
	z, err := mscfb.New(r)
	if err != nil {
		return nil, err
	}
	left := int64(maxValues)
	root := newStorage(&left)
	for i, f := range z.File {
		if i == 0 {
			continue // the root itself
		}
		if i > maxEntries {
			return nil, fmt.Errorf("more than %d entries", maxEntries)
		}
		root.add(f)
	}
	return root, nil
}

func newStorage(left *int64) *storage {
	return &storage{streams: map[string]*mscfb.File{}, below: map[string]*storage{}, left: left}
}

func (s *storage) add(f *mscfb.File) {
	const deep = 3*maxDepth + 10
	if len(f.Path) > deep {
		return
	}
	for _, dir := range f.Path {
		s = s.folder(dir)
	}
	if f.FileInfo().IsDir() {
		s.folder(f.Name)
		return
	}
	s.streams[f.Name] = f
}

func (s *storage) folder(name string) *storage {
	if s.below[name] == nil {
		s.below[name] = newStorage(s.left)
	}
	return s.below[name]
}

// bytes reads a stream of at most maxValue bytes.
func (s *storage) bytes(name string) ([]byte, error) {
	f := s.streams[name]
	if f == nil || f.Size == 0 {
		return nil, nil
	}
	if f.Size > min(maxValue, *s.left) {
		return nil, fmt.Errorf("a value of %d bytes is over the limit", f.Size)
	}
	*s.left -= f.Size
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, f.Size))
	if err == nil && int64(len(b)) < f.Size {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

const (
	propStream = "__properties_version1.0"
	nameFolder = "__nameid_version1.0"
	maxValue   = 32 << 20
	maxValues  = 128 << 20 // of a file
)

// IsMSG reports whether a compound file is a message, by the names in it.
func IsMSG(r io.ReaderAt) bool {
	s, err := openStorage(r)
	return err == nil && s.streams[propStream] != nil
}

// ReadMSG reads a message file, MS-OXMSG.
func ReadMSG(r io.ReaderAt) (*Message, error) {
	s, err := openStorage(r)
	if err != nil {
		return nil, err
	}
	if s.streams[propStream] == nil {
		return nil, fmt.Errorf("a compound file without %s", propStream)
	}
	const guids, entries, words = "__substg1.0_00020102", "__substg1.0_00030102", "__substg1.0_00040102"
	m := msgReader{}
	if n := s.below[nameFolder]; n != nil {
		var list [3][]byte
		for i, name := range []string{guids, entries, words} {
			list[i], _ = n.bytes(name) // without it, properties have numbers alone
		}
		m.names = mapi.ParseNames(list[0], list[1], list[2])
	}
	const rootHead = 32
	return m.message(s, rootHead, "", 0)
}

type msgReader struct {
	names map[mapi.ID]mapi.Name
}

func (r msgReader) message(s *storage, head int, charset string, depth int) (*Message, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	m := &Message{Source: "MSG"}
	m.Bag = r.bag(m, s, head, charset)
	charset = m.StringCharset()
	const childHead = 8
	for _, name := range numbered(s, "__recip_version1.0_#") {
		m.Recipients = append(m.Recipients, r.bag(m, s.below[name], childHead, charset))
	}
	for _, name := range numbered(s, "__attach_version1.0_#") {
		m.Attachments = append(m.Attachments, r.attachments(m, s.below[name], charset, depth)...)
	}
	return m, nil
}

// numbered lists the folders with a prefix, in order of their hexadecimal
// numbers.
func numbered(s *storage, prefix string) (names []string) {
	for name := range s.below {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxAttached)]
}

// bag reads the properties of a folder: fixed values from one stream, all
// others from streams of their own, MS-OXMSG 2.4.
func (r msgReader) bag(m *Message, s *storage, head int, charset string) *mapi.Bag {
	bag := &mapi.Bag{Names: r.names, Charset: charset}
	p, err := s.bytes(propStream)
	if err != nil {
		m.note("the list of properties: " + err.Error())
	}
	p = p[min(head, len(p)):]
	for n := 0; len(p) >= 16 && n < maxProperties; n, p = n+1, p[16:] {
		tag := binary.LittleEndian.Uint32(p)
		id, t := mapi.ID(tag>>16), mapi.Type(tag)
		if size := t.Fixed(); size > 0 && size <= 8 && t&mapi.Multi == 0 {
			bag.Set(id, mapi.Value{Type: t, Parts: [][]byte{p[8:16]}})
			continue
		}
		parts, err := s.values(tag)
		if err != nil {
			m.note(fmt.Sprintf("property %#04x: %v", id, err))
		}
		if parts != nil {
			bag.Set(id, mapi.Value{Type: t, Parts: parts})
		}
	}
	return bag
}

// values reads a value's streams. Data of an attachment stay in the file.
func (s *storage) values(tag uint32) ([][]byte, error) {
	name := fmt.Sprintf("__substg1.0_%08X", tag)
	id, t := mapi.ID(tag>>16), mapi.Type(tag)
	if id == attachData {
		return nil, nil
	}
	b, err := s.bytes(name)
	if err != nil || t&mapi.Multi == 0 {
		return [][]byte{b}, err
	}
	var parts [][]byte
	if size := t.Fixed(); size > 0 {
		for ; len(b) >= size; b = b[size:] {
			parts = append(parts, b[:size:size])
		}
		return parts, nil
	}
	width := 4
	if t&^mapi.Multi == mapi.Binary {
		width = 8
	}
	for i := range min(len(b)/width, maxAttached) {
		p, err := s.bytes(fmt.Sprintf("%s-%08X", name, i))
		if err != nil {
			return parts, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// attachments reads one: a file, a message, or the streams of an object of
// another program.
func (r msgReader) attachments(m *Message, s *storage, charset string, depth int) []Attachment {
	const childHead, messageHead = 8, 24
	a := Attachment{Bag: r.bag(m, s, childHead, charset)}
	if f := s.streams["__substg1.0_37010102"]; f != nil {
		a.Size, a.Content = f.Size, streamContent(f)
		return []Attachment{a}
	}
	inner := s.below["__substg1.0_3701000D"]
	switch {
	case inner == nil:
		return []Attachment{a}
	case inner.streams[propStream] == nil:
		return objectStreams(a, inner, a.name("object"))
	}
	child, err := r.message(inner, messageHead, charset, depth+1)
	if err != nil {
		m.note(err.Error())
	}
	a.Message = child
	return []Attachment{a}
}

func streamContent(f *mscfb.File) func() (io.Reader, error) {
	return func() (io.Reader, error) {
		_, err := f.Seek(0, io.SeekStart)
		return io.LimitReader(f, f.Size), err
	}
}

// objectStreams gives each stream of an embedded object as a file, since the
// object is no file.
func objectStreams(a Attachment, s *storage, name string) []Attachment {
	list := []Attachment{a}
	var add func(s *storage, path string)
	add = func(s *storage, path string) {
		for _, n := range sortedKeys(s.streams) {
			if f := s.streams[n]; len(list) < maxAttached {
				list = append(list, plainAttachment(path+"."+n, "application/octet-stream", f.Size, streamContent(f)))
			}
		}
		for _, n := range sortedKeys(s.below) {
			add(s.below[n], path+"."+n)
		}
	}
	add(s, name)
	return list
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// plainAttachment is one that did not come as an object with properties.
func plainAttachment(name, mediaType string, size int64, open func() (io.Reader, error)) Attachment {
	bag := &mapi.Bag{Charset: "utf-8"}
	set := func(id mapi.ID, s string) {
		bag.Set(id, mapi.Value{Type: mapi.String8, Parts: [][]byte{[]byte(s)}})
	}
	set(attachLongFilename, name)
	set(attachMimeTag, mediaType)
	return Attachment{Bag: bag, Size: size, Content: open}
}

// name is what the attachment is called, fallback where it is not.
func (a *Attachment) name(fallback string) string {
	for _, id := range []mapi.ID{attachLongFilename, attachFilename, displayName, attachTransportName} {
		if s := strings.TrimSpace(a.Text(id)); s != "" {
			return s
		}
	}
	if p := a.place(); p != "" {
		return p[strings.LastIndexAny(p, `\/`)+1:]
	}
	if a.Message != nil && a.Message.Subject() != "" {
		return a.Message.Subject()
	}
	return fallback
}

// place is where the attachment lies that is not in the message.
func (a *Attachment) place() string {
	if s := a.Text(attachLongPathname); s != "" {
		return s
	}
	return a.Text(attachPathname)
}

// numberName is the name of the n-th attachment that has none, from 1.
func numberName(n int) string { return "attachment-" + strconv.Itoa(n) }
