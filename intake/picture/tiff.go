package picture

import (
	"encoding/binary"
	"errors"
)

// The tags of TIFF 6.0, section 8, that say how large an image is.
const (
	tagWidth  = 256
	tagHeight = 257
	typeShort = 3
)

var errTIFF = errors.New("no TIFF")

// tiffOrder is the order of bytes of a TIFF; nil if it is none. BigTIFF is left
// to other programs.
func tiffOrder(b []byte) binary.ByteOrder {
	switch {
	case len(b) < 8:
	case string(b[:4]) == "II*\x00":
		return binary.LittleEndian
	case string(b[:4]) == "MM\x00*":
		return binary.BigEndian
	}
	return nil
}

// tiffSize walks the list of images of a TIFF: where each begins, and how large
// the first is. A list that leads in a circle ends.
func tiffSize(b []byte) (Size, error) {
	order := tiffOrder(b)
	if order == nil {
		return Size{Frames: 1}, errTIFF
	}
	s := Size{}
	seen := map[uint32]bool{}
	for at := order.Uint32(b[4:]); at != 0 && !seen[at] && len(s.tiff) < MaxFrames; {
		seen[at] = true
		w, h, next, ok := tiffImage(b, order, at)
		if !ok {
			break
		}
		if len(s.tiff) == 0 {
			s.Width, s.Height = w, h
		}
		s.tiff = append(s.tiff, at)
		at = next
	}
	s.Frames = max(len(s.tiff), 1)
	s.bytes = int64(s.Width) * int64(s.Height) * 8
	return s.of(s.Width, s.Height)
}

// tiffImage reads the directory at an offset, and where the next is.
func tiffImage(b []byte, order binary.ByteOrder, at uint32) (w, h int, next uint32, ok bool) {
	if int64(at)+2 > int64(len(b)) {
		return 0, 0, 0, false
	}
	n := int64(order.Uint16(b[at:]))
	end := int64(at) + 2 + 12*n
	if end > int64(len(b)) {
		return 0, 0, 0, false
	}
	for e := b[at+2 : end]; len(e) >= 12; e = e[12:] {
		v := order.Uint32(e[8:])
		if order.Uint16(e[2:]) == typeShort {
			v = uint32(order.Uint16(e[8:]))
		}
		switch order.Uint16(e) {
		case tagWidth:
			w = clamp(v)
		case tagHeight:
			h = clamp(v)
		}
	}
	if end+4 <= int64(len(b)) {
		next = order.Uint32(b[end:])
	}
	return w, h, next, true
}

// tiffAt is a TIFF whose first image is the one at an offset.
func tiffAt(b []byte, at uint32) []byte {
	c := append([]byte(nil), b...)
	tiffOrder(b).PutUint32(c[4:], at)
	return c
}
