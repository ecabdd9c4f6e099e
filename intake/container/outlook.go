package container

import (
	"bytes"
	"encoding/binary"
	"io"

	"unseal/intake/outlook"
	"unseal/trove"
)

// outlookKinds are the formats whose members are made from what the file holds.
var outlookKinds = map[Format]outlook.Kind{MSG: outlook.MSG, TNEF: outlook.TNEF, PST: outlook.PST}

// outlook gives the mails that are made from a file of Outlook, and what did not
// fit into them.
func (x *expansion) outlook(r io.ReaderAt, size int64, kind outlook.Kind) error {
	notes, err := outlook.Expand(r, size, kind, func(m outlook.Member) error {
		rule := trove.Verbatim
		if m.Mail {
			rule = trove.Reconstructed
		}
		return x.give(m.Name, true, rule, m)
	})
	for _, n := range notes {
		if n.Lost {
			x.problem(Damaged, "%s", n.Text)
		} else {
			x.note(Outlook, "%s", n.Text)
		}
	}
	return err
}

const compoundMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

// msgClass is the class that the root of a message file has, MS-OXMSG 2.1; some
// programs write none, and then the names in the first sector decide.
var (
	msgClass  = []byte{0x0b, 0x0d, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}
	msgStream = utf16Bytes("__properties_version1.0")
	msgNames  = utf16Bytes("__nameid_version1.0")
)

func utf16Bytes(s string) (b []byte) {
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return b
}

// isMSG looks into the first sector of a compound file's directory (MS-CFB 2.2
// and 2.6), where message files have their marks.
func isMSG(r io.ReaderAt, head []byte) bool {
	if len(head) < 512 || !bytes.HasPrefix(head, []byte(compoundMagic)) {
		return false
	}
	le := binary.LittleEndian
	shift := le.Uint16(head[30:])
	if shift != 9 && shift != 12 {
		return false
	}
	sector := make([]byte, 1<<shift)
	at := (int64(le.Uint32(head[48:])) + 1) << shift
	if n, err := r.ReadAt(sector, at); n < 512 && err != nil {
		return false
	}
	const class, end = 80, 96
	return bytes.Equal(sector[class:end], msgClass) || bytes.Contains(sector, msgStream) || bytes.Contains(sector, msgNames)
}
