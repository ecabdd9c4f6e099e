package cms

import "fmt"

// value is one value of BER: primitive with bytes, or constructed of others.
type value struct {
	tag    []byte // identifier octets
	bytes  []byte // of a primitive one
	inside []value
	size   int // of the contents in DER
}

const (
	constructed = 0x20
	octets      = 0x04 // OCTET STRING
)

// toDER writes BER (X.690 section 8) in the lengths of DER, and strings of
// octets in one piece. Order, tags and primitive contents stay as they are, so
// that what was DER stays the same. It returns what follows the value.
func toDER(b []byte) (der, rest []byte, err error) {
	r := reader{b: b, values: MaxValues}
	if len(b) > MaxSize {
		return nil, nil, fmt.Errorf("%d bytes: %w", len(b), ErrLimit)
	}
	v, err := r.read(0)
	if err != nil {
		return nil, nil, err
	}
	return v.append(make([]byte, 0, v.length())), r.b, nil
}

type reader struct {
	b      []byte // what is to come
	values int    // that may still come
}

// read reads one value, which stands inside depth others.
func (r *reader) read(depth int) (value, error) {
	if depth > MaxDepth {
		return value{}, fmt.Errorf("more than %d values inside each other: %w", MaxDepth, ErrLimit)
	}
	if r.values--; r.values < 0 {
		return value{}, fmt.Errorf("more than %d values: %w", MaxValues, ErrLimit)
	}
	v := value{}
	var err error
	if v.tag, err = r.tag(); err != nil {
		return v, err
	}
	length, indefinite, err := r.length()
	switch {
	case err != nil:
		return v, err
	case v.tag[0]&constructed == 0 && indefinite:
		return v, fmt.Errorf("a primitive value without length: %w", ErrSyntax)
	case v.tag[0]&constructed == 0:
		v.bytes = r.take(length)
		v.size = length
		return v, nil
	case indefinite:
		err = r.untilEnd(&v, depth)
	default:
		err = r.within(&v, length, depth)
	}
	if err == nil && v.tag[0] == octets|constructed {
		err = v.join()
	}
	return v, err
}

// untilEnd reads what is inside v up to the two zeros that end it.
func (r *reader) untilEnd(v *value, depth int) error {
	for {
		if len(r.b) >= 2 && r.b[0] == 0 && r.b[1] == 0 {
			r.b = r.b[2:]
			return nil
		}
		if err := r.inside(v, depth); err != nil {
			return err
		}
	}
}

// within reads what is inside v, in so many bytes.
func (r *reader) within(v *value, length, depth int) error {
	in := reader{b: r.take(length), values: r.values}
	for len(in.b) > 0 {
		if err := in.inside(v, depth); err != nil {
			return err
		}
	}
	r.values = in.values
	return nil
}

func (r *reader) inside(v *value, depth int) error {
	in, err := r.read(depth + 1)
	if err != nil {
		return err
	}
	v.inside = append(v.inside, in)
	v.size += in.length()
	return nil
}

func (r *reader) take(n int) []byte {
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// tag reads the identifier octets.
func (r *reader) tag() ([]byte, error) {
	n := 1
	if len(r.b) > 0 && r.b[0]&0x1f == 0x1f {
		for n < len(r.b) && r.b[n]&0x80 != 0 {
			n++
		}
		n++
	}
	if n > len(r.b) || n > 5 {
		return nil, fmt.Errorf("a tag is cut short or too long: %w", ErrSyntax)
	}
	return r.take(n), nil
}

// length reads a length, which lies within what is to come.
func (r *reader) length() (_ int, indefinite bool, err error) {
	var n uint64
	if len(r.b) == 0 {
		return 0, false, fmt.Errorf("it is cut short: %w", ErrSyntax)
	}
	first := r.take(1)[0]
	switch {
	case first == 0x80:
		return 0, true, nil
	case first < 0x80:
		n = uint64(first)
	case int(first&0x7f) > min(len(r.b), 8):
		return 0, false, fmt.Errorf("a length is cut short or too long: %w", ErrSyntax)
	default:
		for _, c := range r.take(int(first & 0x7f)) {
			n = n<<8 | uint64(c)
		}
	}
	if n > uint64(len(r.b)) {
		return 0, false, fmt.Errorf("a value is longer than what there is: %w", ErrSyntax)
	}
	return int(n), false, nil
}

// join makes a string of octets in pieces one in one piece.
func (v *value) join() error {
	whole := make([]byte, 0, v.size)
	for _, in := range v.inside {
		if len(in.tag) != 1 || in.tag[0] != octets {
			return fmt.Errorf("a string of octets holds something else: %w", ErrSyntax)
		}
		whole = append(whole, in.bytes...)
	}
	*v = value{tag: []byte{octets}, bytes: whole, size: len(whole)}
	return nil
}

// length is that of the whole value in DER.
func (v *value) length() int { return len(v.tag) + lengthSize(v.size) + v.size }

func lengthSize(n int) int {
	size := 1
	if n >= 0x80 {
		for ; n > 0; n >>= 8 {
			size++
		}
	}
	return size
}

func (v *value) append(b []byte) []byte {
	b = append(b, v.tag...)
	if k := lengthSize(v.size) - 1; k == 0 {
		b = append(b, byte(v.size))
	} else {
		b = append(b, 0x80|byte(k))
		for k--; k >= 0; k-- {
			b = append(b, byte(v.size>>(8*k)))
		}
	}
	b = append(b, v.bytes...)
	for i := range v.inside {
		b = v.inside[i].append(b)
	}
	return b
}
