package mime

import (
	"bytes"
	"iter"
	"strings"
)

// Field is one header field as it stands in the message.
type Field struct {
	Raw    []byte // name, colon, value, folding and line end; shares the message's memory
	Offset int    // of Raw in the message
	name   int32  // length of the name; 0 for a line that is no field
	colon  int32
}

// Name is the field's name as written, without white space before the colon.
// It is empty for a line in the header that is no field, such as a quoted
// "From " line of an mbox.
func (f Field) Name() string { return string(f.Raw[:f.name]) }

// Is reports whether the field has this name, letter case aside.
func (f Field) Is(name string) bool { return strings.EqualFold(string(f.Raw[:f.name]), name) }

// Value is what stands between the colon and the field's last line end, with
// white space and folding as they are. It shares the message's memory.
func (f Field) Value() []byte {
	if f.name == 0 {
		return nil
	}
	return TrimLineEnd(f.Raw[f.colon+1:])
}

// Text is the value for people: unfolded, decoded, in UTF-8.
func (f Field) Text() string { return DecodeText(f.Value()) }

// Header is a block of header fields in their order.
type Header struct {
	Fields []Field
	Body   int // offset of the first byte after the header and its empty line
}

// ReadHeader reads the header at the beginning of a message. Blank lines, a
// byte order mark and the "From " line of an mbox before the first field are
// passed over. A line that is no field ends the header and belongs to the
// body. RFC 5322 section 2.2; white space before the colon is section 4.5.
func ReadHeader(raw []byte) (Header, error) {
	return ReadHeaderAt(raw, SkipEnvelope(raw, 0), nil)
}

// All yields the fields of this name from the top downwards.
func (h Header) All(name string) iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for _, f := range h.Fields {
			if f.Is(name) && !yield(f) {
				return
			}
		}
	}
}

// First is the topmost field of this name; its Raw is nil when there is none.
func (h Header) First(name string) Field {
	for f := range h.All(name) {
		return f
	}
	return Field{}
}

// ReadHeaderAt reads the header that begins at pos, as that of a part does. A
// line that stop reports to be a boundary ends it, since the part has no body
// then; stop may be nil.
func ReadHeaderAt(raw []byte, pos int, stop func(line []byte) bool) (Header, error) {
	var h Header
	h.Fields = make([]Field, 0, 24)
	start, lines := pos, 0
	for pos < len(raw) {
		next := LineAfter(raw, pos)
		line := raw[pos:next]
		if lines++; next-start > MaxHeader {
			return h, &LimitError{"header", MaxHeader}
		} else if lines > MaxHeaderLines {
			return h, &LimitError{"header lines", MaxHeaderLines}
		}
		if blank(line) {
			h.Body = next
			return h, nil
		}
		if stop != nil && stop(line) {
			break
		}
		if !h.add(line, pos) {
			break
		}
		pos = next
	}
	h.Body = pos
	return h, nil
}

// add takes one line into the header and reports whether it belongs there.
func (h *Header) add(line []byte, pos int) bool {
	if last := len(h.Fields) - 1; last >= 0 && continues(h.Fields[last].Raw, line) {
		f := &h.Fields[last]
		f.Raw = f.Raw[:len(f.Raw)+len(line)]
		return true
	}
	name, colon := fieldName(line)
	if junk, _ := fieldName(bytes.TrimLeft(line, " \t")); name == 0 && junk > 0 && len(h.Fields) == 0 {
		// An indented first line folds nothing; it is kept as it stands.
	} else if name == 0 && !bytes.HasPrefix(line, fromLine) && !bytes.HasPrefix(line, quotedFrom) {
		return false
	}
	h.Fields = append(h.Fields, Field{Raw: line, Offset: pos, name: int32(name), colon: int32(colon)})
	return true
}

// continues reports whether a line belongs to the field above it: folded, or
// a parameter after a semicolon that has lost the white space of folding.
func continues(field, line []byte) bool {
	if line[0] == ' ' || line[0] == '\t' {
		return true
	}
	i := bytes.IndexAny(line[:min(len(line), maxToken)], "=: \t")
	return i > 0 && line[i] == '=' && bytes.HasSuffix(bytes.TrimRight(field, " \t\r\n"), []byte(";"))
}

var (
	fromLine   = []byte("From ")
	quotedFrom = []byte(">From ")
	bom        = []byte("\xef\xbb\xbf")
)

// SkipEnvelope passes over what a mailbox leaves before a message that begins
// at pos, and returns where its header begins.
func SkipEnvelope(raw []byte, pos int) int {
	if bytes.HasPrefix(raw[pos:], bom) {
		pos += len(bom)
	}
	for pos < len(raw) {
		next := LineAfter(raw, pos)
		if line := raw[pos:next]; len(bytes.TrimSpace(line)) > 0 && !isEnvelope(line) {
			break
		}
		pos = next
	}
	return pos
}

func isEnvelope(line []byte) bool {
	return bytes.HasPrefix(line, fromLine) || bytes.HasPrefix(line, quotedFrom)
}

// IsField reports whether a line begins a header field.
func IsField(line []byte) bool {
	name, _ := fieldName(line)
	return name > 0
}

// fieldName finds the length of a field's name and its colon, or 0, 0.
func fieldName(line []byte) (name, colon int) {
	for name < len(line) && line[name] > ' ' && line[name] < 0x7f && line[name] != ':' {
		name++
	}
	for colon = name; colon < len(line) && (line[colon] == ' ' || line[colon] == '\t'); colon++ {
	}
	if name == 0 || colon == len(line) || line[colon] != ':' {
		return 0, 0
	}
	return name, colon
}

func blank(line []byte) bool {
	return line[0] == '\n' || (line[0] == '\r' && (len(line) == 1 || line[1] == '\n'))
}
