package mapi

import (
	"encoding/binary"
	"fmt"
)

// The sets of named properties that are used here, MS-OXPROPS 1.3.2.
const (
	PublicStrings = "00020329-0000-0000-C000-000000000046"
	MapiSet       = "00020328-0000-0000-C000-000000000046"
	Appointment   = "00062002-0000-0000-C000-000000000046"
	Task          = "00062003-0000-0000-C000-000000000046"
	Address       = "00062004-0000-0000-C000-000000000046"
	Common        = "00062008-0000-0000-C000-000000000046"
	Meeting       = "6ED8DA90-450B-101B-98DA-00AA003F1305"
)

// FormatGUID writes sixteen bytes as a GUID (MS-DTYP 2.3.4), empty if there
// are fewer.
func FormatGUID(p []byte) string {
	if len(p) < 16 {
		return ""
	}
	le := binary.LittleEndian
	return fmt.Sprintf("%08X-%04X-%04X-%X-%X", le.Uint32(p), le.Uint16(p[4:]), le.Uint16(p[6:]), p[8:10], p[10:16])
}

// maxNames bounds a table of names: there are not more numbers.
const maxNames = 0x7fff

// ParseNames reads the table of names as MSG (MS-OXMSG 2.2.3.1) and PST
// (MS-PST 2.4.7) have it: GUIDs, entries of eight bytes, and strings.
func ParseNames(guids, entries, words []byte) map[ID]Name {
	names := map[ID]Name{}
	for ; len(entries) >= 8 && len(names) < maxNames; entries = entries[8:] {
		id := binary.LittleEndian.Uint32(entries)
		kind := binary.LittleEndian.Uint16(entries[4:])
		index := binary.LittleEndian.Uint16(entries[6:])
		n := Name{Set: nameSet(guids, int(kind>>1)), ID: id}
		if kind&1 != 0 {
			n.ID, n.Word = 0, nameWord(words, id)
		}
		if number := FirstNamed + ID(index); number >= FirstNamed {
			names[number] = n
		}
	}
	return names
}

func nameSet(guids []byte, index int) string {
	switch {
	case index == 1:
		return MapiSet
	case index == 2:
		return PublicStrings
	case index >= 3 && (index-2)*16 <= len(guids):
		return FormatGUID(guids[(index-3)*16:])
	}
	return ""
}

// nameWord reads a word: four bytes of length and UTF-16.
func nameWord(words []byte, off uint32) string {
	if uint64(off)+4 > uint64(len(words)) {
		return ""
	}
	p := words[off:]
	n := binary.LittleEndian.Uint32(p)
	p = p[4:]
	return UTF16(p[:min(uint64(n), uint64(len(p)))])
}
