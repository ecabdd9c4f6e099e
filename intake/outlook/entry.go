package outlook

import (
	"bytes"
	"encoding/binary"

	"unseal/intake/outlook/mapi"
)

// oneOffEntry marks an entry that says name and address itself, MS-OXCDATA
// 2.2.5.1.
var oneOffEntry = []byte{0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19, 0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02}

// oneOff reads such an entry: name, kind of address, address.
func oneOff(p []byte) (person, bool) {
	const head = 24
	if len(p) < head || !bytes.Equal(p[4:20], oneOffEntry) {
		return person{}, false
	}
	wide := binary.LittleEndian.Uint16(p[22:])&0x8000 != 0
	p = p[head:]
	var texts [3]string
	for i := range texts {
		texts[i], p = cString(p, wide)
	}
	return person{name: word(texts[0]), addr: mailAddress(texts[2])}, true
}

// cString takes a string that ends with a zero.
func cString(p []byte, wide bool) (string, []byte) {
	if !wide {
		s, rest, _ := bytes.Cut(p, []byte{0})
		b := &mapi.Bag{}
		b.Set(1, mapi.Value{Type: mapi.String8, Parts: [][]byte{s}})
		return b.Text(1), rest
	}
	for i := 0; i+1 < len(p); i += 2 {
		if p[i] == 0 && p[i+1] == 0 {
			return mapi.UTF16(p[:i]), p[i+2:]
		}
	}
	return mapi.UTF16(p), nil
}

// flatEntries takes a list of entries apart, MS-OXCDATA 2.3.3: count, size, and
// each after its length, filled up to four.
func flatEntries(p []byte) (list [][]byte) {
	c := &cursor{p: p}
	n := c.u32()
	c.u32()
	for ; n > 0 && !c.bad && len(list) < maxAttached; n-- {
		if e := c.padded(c.u32()); e != nil {
			list = append(list, e)
		}
	}
	return list
}
