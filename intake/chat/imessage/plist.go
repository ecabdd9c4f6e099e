package imessage

import (
	"encoding/binary"
	"errors"
	"math"
	"unicode/utf16"
)

// Limits of a property list: those that Messages writes are a few kilobytes.
const (
	maxObjects = 10_000
	maxPlist   = 4 << 20
	maxNested  = 32
)

var errPlist = errors.New("not a binary property list that can be read")

// plist is a binary property list, version 00, as CoreFoundation writes it:
// objects, a table of their offsets, a trailer of 32 bytes.
type plist struct {
	b       []byte
	offsets []int
	refSize int
	visits  int
}

// parsePlist returns the root: map[string]any, []any, string, []byte, int64,
// float64 or bool.
func parsePlist(b []byte) (any, error) {
	if len(b) < 40 || len(b) > maxPlist || string(b[:8]) != "bplist00" {
		return nil, errPlist
	}
	t := b[len(b)-32:]
	offSize, refSize := int(t[6]), int(t[7])
	count, root, table := binary.BigEndian.Uint64(t[8:]), binary.BigEndian.Uint64(t[16:]), binary.BigEndian.Uint64(t[24:])
	end := uint64(len(b) - 32)
	if offSize < 1 || offSize > 8 || refSize < 1 || refSize > 8 || count > maxObjects || root >= count || table > end || (end-table)/uint64(offSize) < count {
		return nil, errPlist
	}
	p := &plist{b: b[:end], refSize: refSize}
	for i := range count {
		p.offsets = append(p.offsets, bigEndian(b[table+i*uint64(offSize):][:offSize]))
	}
	return p.object(int(root), 0)
}

// bigEndian reads up to eight bytes; what is too large becomes -1.
func bigEndian(b []byte) int {
	n := uint64(0)
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	if n > math.MaxInt32 {
		return -1
	}
	return int(n)
}

func (p *plist) object(ref, depth int) (any, error) {
	if p.visits++; ref < 0 || ref >= len(p.offsets) || depth > maxNested || p.visits > maxObjects {
		return nil, errPlist
	}
	at := p.offsets[ref]
	if at < 8 || at >= len(p.b) {
		return nil, errPlist
	}
	kind, low := p.b[at]>>4, int(p.b[at]&15)
	switch kind {
	case 0:
		return low == 9, nil // true; null and false are alike here
	case 1, 2, 3:
		return p.number(kind, p.rest(at+1, 1<<min(low, 4)))
	}
	n, at, ok := p.length(at, low)
	if !ok {
		return nil, errPlist
	}
	switch kind {
	case 4:
		return p.rest(at, n), nil
	case 5:
		return string(p.rest(at, n)), nil
	case 6:
		return wide(p.rest(at, 2*n)), nil
	case 8:
		return int64(0), nil
	case 10:
		return p.list(at, n, depth)
	case 13:
		return p.dictionary(at, n, depth)
	}
	return nil, errPlist
}

// length reads how many elements or bytes follow, and where they begin.
func (p *plist) length(at, low int) (n, from int, ok bool) {
	if low < 15 {
		return low, at + 1, low <= len(p.b)
	}
	head := p.rest(at+1, 1)
	if len(head) == 0 || head[0]>>4 != 1 {
		return 0, 0, false
	}
	size := 1 << min(head[0]&15, 4)
	n = bigEndian(p.rest(at+2, size))
	return n, at + 2 + size, n >= 0 && n <= len(p.b)
}

// rest is n bytes from an offset; fewer or none where there are not so many.
func (p *plist) rest(at, n int) []byte {
	if at < 0 || n < 0 || at > len(p.b) {
		return nil
	}
	return p.b[at:min(at+n, len(p.b))]
}

func (p *plist) number(kind byte, b []byte) (any, error) {
	switch {
	case kind == 1 && len(b) <= 8:
		n := int64(0)
		for _, c := range b {
			n = n<<8 | int64(c)
		}
		return n, nil
	case len(b) == 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case len(b) == 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
	}
	return nil, errPlist
}

func wide(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func (p *plist) list(at, n, depth int) (any, error) {
	if n > maxObjects {
		return nil, errPlist
	}
	list := make([]any, 0, min(n, 64))
	for i := range n {
		v, err := p.object(bigEndian(p.rest(at+i*p.refSize, p.refSize)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (p *plist) dictionary(at, n, depth int) (any, error) {
	if n > maxObjects {
		return nil, errPlist
	}
	m := make(map[string]any, min(n, 64))
	for i := range n {
		key, err := p.object(bigEndian(p.rest(at+i*p.refSize, p.refSize)), depth+1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, errPlist
		}
		if m[name], err = p.object(bigEndian(p.rest(at+(n+i)*p.refSize, p.refSize)), depth+1); err != nil {
			return nil, err
		}
	}
	return m, nil
}
