package outlook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"unseal/intake/outlook/mapi"
	"unseal/intake/outlook/pst"
)

// pstPassword is the checksum of a password, MS-PST 2.4.2.2 (PidTagPstPassword).
// It locks nothing.
const (
	pstPassword   mapi.ID = 0x67ff
	contentCount  mapi.ID = 0x3602
	storeCodepage mapi.ID = 0x66c3
)

// Folders is an open PST or OST.
type Folders struct {
	file  *pst.File
	paths map[uint32]string // of folders
	count map[uint32]int    // messages met, by folder
	say   map[uint32]int    // messages that the folder says it has
	Notes []Note            // of the whole file
}

// OpenFolders opens a PST or OST.
func OpenFolders(r io.ReaderAt) (*Folders, error) {
	f, err := pst.Open(r)
	if err != nil {
		return nil, err
	}
	x := &Folders{file: f, paths: map[uint32]string{}, count: map[uint32]int{}, say: map[uint32]int{}}
	x.store()
	x.folders()
	return x, nil
}

// store reads what the file says of itself.
func (x *Folders) store() {
	n, ok := x.file.Node(pst.Store)
	if !ok {
		x.note("the file does not say what it is: its message store is not there")
		return
	}
	o, err := x.file.Object(n)
	if err != nil {
		x.note(err.Error())
		return
	}
	if o.Int(pstPassword) != 0 {
		x.Notes = append(x.Notes, Note{Text: "it is marked with a password, which Outlook asks for; nothing in it is encrypted by it"})
	}
	x.file.Charset = mapi.CodePage(o.Int(storeCodepage))
}

func (x *Folders) note(s string) { x.Notes = append(x.Notes, Note{Text: s, Lost: true}) }

type folderNode struct {
	name   string
	parent uint32
}

// folders learns the names and what each folder says of its contents.
func (x *Folders) folders() {
	nodes := map[uint32]folderNode{}
	for _, n := range x.file.Nodes() {
		if n.Type() != pst.Folder {
			continue
		}
		o, err := x.file.Object(n)
		if err != nil {
			x.note(fmt.Sprintf("folder %#x: %v", n.NID, err))
			nodes[n.NID] = folderNode{fmt.Sprintf("folder %#x", n.NID), n.Parent}
			continue
		}
		nodes[n.NID] = folderNode{oneName(o.Text(displayName)), n.Parent}
		x.say[n.NID] = int(o.Int(contentCount))
	}
	for nid := range nodes {
		x.paths[nid] = folderPath(nodes, nid)
	}
}

// oneName makes a folder's name one part of a path.
func oneName(s string) string {
	s = strings.NewReplacer("/", "∕", `\`, "∖").Replace(word(s))
	if s == "." || s == ".." {
		s = "_"
	}
	return s
}

// folderPath joins the names from the root down; the root itself has none.
func folderPath(nodes map[uint32]folderNode, nid uint32) string {
	var names []string
	for range 64 {
		n, ok := nodes[nid]
		if !ok || nid == pst.RootFolder {
			break
		}
		names = append(names, n.name)
		if nid == n.parent {
			break
		}
		nid = n.parent
	}
	slices.Reverse(names)
	return strings.Join(slices.DeleteFunc(names, func(s string) bool { return s == "" }), "/")
}

// lost is the folder of messages whose own is not there.
const lost = "messages without a folder"

// All gives every message with its path to fn, in the order of their numbers.
// A message that cannot be read is a note. Afterwards Notes says what the
// folders count otherwise.
func (x *Folders) All(fn func(name string, m *Message) error) error {
	hidden := 0
	for _, n := range x.file.Nodes() {
		if n.Type() == pst.Associated {
			hidden++
		}
		if n.Type() != pst.Message {
			continue
		}
		x.count[n.Parent]++
		m, err := x.read(n, 0)
		if err != nil {
			x.note(fmt.Sprintf("message %d: %v", n.NID, err))
			continue
		}
		if err := fn(x.place(n), m); err != nil {
			return err
		}
	}
	x.compare(hidden)
	return nil
}

func (x *Folders) place(n pst.Node) string {
	dir, ok := x.paths[n.Parent]
	if !ok {
		dir = lost
	}
	return path.Join(dir, fmt.Sprintf("%d.eml", n.NID))
}

// compare says where a folder names another number of messages than were found,
// and what is left out.
func (x *Folders) compare(hidden int) {
	nids := []uint32{}
	for nid, n := range x.say {
		if n != x.count[nid] {
			nids = append(nids, nid)
		}
	}
	slices.Sort(nids)
	for _, nid := range nids[:min(len(nids), 20)] {
		x.Notes = append(x.Notes, Note{
			Text: fmt.Sprintf("the folder %q says that it has %d entries; %d were found", x.paths[nid], x.say[nid], x.count[nid]),
			Lost: x.say[nid] > x.count[nid],
		})
	}
	if hidden > 0 {
		x.Notes = append(x.Notes, Note{Text: fmt.Sprintf("%d hidden entries of Outlook's own, such as views and rules, are not shown", hidden)})
	}
	for _, p := range x.file.Problems {
		x.note(p)
	}
}

// read makes a message out of a node.
func (x *Folders) read(n pst.Node, depth int) (*Message, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	o, err := x.file.Object(n)
	if err != nil {
		if o == nil {
			return nil, err
		}
		x.note(fmt.Sprintf("message %d is damaged: %v", n.NID, err))
	}
	m := &Message{Bag: o.Bag, Source: "PST"}
	if t, ok := o.Sub[pst.Recipients]; ok {
		if m.Recipients, err = x.file.Table(t, maxAttached); err != nil {
			m.note("the recipients: " + err.Error())
		}
		for _, r := range m.Recipients {
			r.Charset = m.StringCharset()
		}
	}
	m.Attachments = x.attachments(m, o, depth)
	return m, nil
}

// attachments reads the nodes below a message that are attachments, by number,
// whether the table of attachments names them or not.
func (x *Folders) attachments(m *Message, o *pst.Object, depth int) (list []Attachment) {
	for _, nid := range sortedNIDs(o.Sub) {
		n := o.Sub[nid]
		if n.Type() != pst.Attachment || len(list) == maxAttached {
			continue
		}
		a, err := x.attachment(n, m.StringCharset(), depth)
		if err != nil {
			m.note("an attachment: " + err.Error())
		}
		if a.Bag != nil {
			list = append(list, a)
		}
	}
	return list
}

func sortedNIDs(m map[uint32]pst.Node) []uint32 {
	nids := make([]uint32, 0, len(m))
	for nid := range m {
		nids = append(nids, nid)
	}
	slices.Sort(nids)
	return nids
}

func (x *Folders) attachment(n pst.Node, charset string, depth int) (Attachment, error) {
	o, err := x.file.Object(n)
	if err != nil {
		return Attachment{}, err
	}
	o.Charset = charset
	a := Attachment{Bag: o.Bag}
	if size, ok := o.Big(attachData); ok {
		a.Size, a.Content = size, func() (io.Reader, error) { return o.Open(attachData) }
		return a, nil
	}
	v, ok := o.Value(attachData)
	switch {
	case !ok:
		return a, nil
	case v.Type == mapi.Object:
		return x.inner(a, o, depth)
	}
	b := o.Bytes(attachData)
	a.Size, a.Content = int64(len(b)), content(b)
	return a, nil
}

// inner reads what an attachment holds as an object: a message, or the file of
// another program.
func (x *Folders) inner(a Attachment, o *pst.Object, depth int) (Attachment, error) {
	p := o.Bytes(attachData)
	if len(p) < 4 {
		return a, errors.New("an object without a node")
	}
	n, ok := o.Sub[binary.LittleEndian.Uint32(p)]
	if !ok {
		return a, errors.New("the node of an object is not there")
	}
	m, err := x.read(n, depth+1)
	if err == nil {
		a.Message = m
		return a, nil
	}
	size, r := x.file.Raw(n)
	a.Size, a.Content = size, r
	return a, nil
}
