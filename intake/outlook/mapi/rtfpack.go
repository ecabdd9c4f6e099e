package mapi

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// ErrPacked says that bytes are no packed RTF.
var ErrPacked = errors.New("no packed RTF")

// The two ways of packing, MS-OXRTFCP 2.1.3.1.1.
const (
	packed   = 0x75465a4c // "LZFu"
	unpacked = 0x414c454d // "MELA"
)

// dictionary is what the window begins with, MS-OXRTFCP 2.1.2.1.
const dictionary = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

const (
	rtfHead   = 16
	rtfWindow = 4096
)

// UnpackRTF undoes the packing of PidTagRtfCompressed, to at most limit bytes.
// What was had before a fault is returned with the error.
func UnpackRTF(p []byte, limit int) ([]byte, error) {
	if len(p) < rtfHead {
		return nil, ErrPacked
	}
	le := binary.LittleEndian
	size, kind, sum := int64(le.Uint32(p[4:])), le.Uint32(p[8:]), le.Uint32(p[12:])
	body := p[rtfHead:]
	if n := int64(le.Uint32(p)) - 12; n >= 0 && n < int64(len(body)) {
		body = body[:n]
	}
	switch kind {
	case unpacked:
		return body[:min(int64(len(body)), size, int64(limit))], nil
	case packed:
		out, err := unpackLZ(body, int(min(size, int64(limit))))
		if err == nil && rtfSum(body) != sum {
			err = errors.New("the packed RTF does not have its checksum")
		}
		return out, err
	}
	return nil, ErrPacked
}

// rtfSum is the CRC of MS-OXRTFCP 2.1.3.2: that of IEEE without its two
// complements.
func rtfSum(p []byte) uint32 { return ^crc32.Update(^uint32(0), crc32.IEEETable, p) }

// unpackLZ follows MS-OXRTFCP 3.1.3.1: a control byte tells of the next eight
// tokens which are references into the window, of twelve bits and four.
func unpackLZ(p []byte, limit int) ([]byte, error) {
	var window [rtfWindow]byte
	at := copy(window[:], dictionary)
	out := make([]byte, 0, min(limit, 4*len(p)))
	put := func(c byte) {
		window[at] = c
		at = (at + 1) % rtfWindow
		out = append(out, c)
	}
	for len(p) > 0 {
		control := p[0]
		p = p[1:]
		for bit := 0; bit < 8; bit, control = bit+1, control>>1 {
			if len(p) == 0 || len(out) >= limit {
				return out, nil
			}
			if control&1 == 0 {
				put(p[0])
				p = p[1:]
				continue
			}
			if len(p) < 2 {
				return out, errors.New("the packed RTF breaks off")
			}
			ref := int(binary.BigEndian.Uint16(p))
			p = p[2:]
			from := ref >> 4
			if from == at {
				return out, nil // the end mark
			}
			for n := ref&0xf + 2; n > 0 && len(out) < limit; n-- {
				put(window[from])
				from = (from + 1) % rtfWindow
			}
		}
	}
	return out, nil
}
