package voice

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode"

	"unseal/intake/text"
)

// Limits of tags.
const (
	maxTag      = 64 << 10 // bytes of one value
	maxTags     = 100
	maxPictures = 20
	maxTagBlock = 64 << 20 // bytes of all tags before the sound
	maxLine     = 1000     // bytes of a value that is shown
)

// oneLine makes a value fit for one line: no controls, no marks of direction.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "") + "…"
	}
	return s
}

// anyText decodes a value that does not say its charset, up to its first zero.
func anyText(b []byte) string {
	if i := strings.IndexByte(string(b), 0); i >= 0 {
		b = b[:i]
	}
	s, _, _ := text.Decode(b, "")
	return s
}

// id3Names are the frames of ID3v2.2 to 2.4 that we show.
var id3Names = map[string]string{
	"TIT2": "title", "TT2": "title", "TPE1": "author", "TP1": "author", "TALB": "album", "TAL": "album",
	"TDRC": "dated", "TYER": "dated", "TYE": "dated", "TSSE": "software", "TSS": "software", "TENC": "software",
	"TCOP": "copyright", "TCR": "copyright", "TLAN": "language", "TLA": "language",
}

// id3v2 reads the tags of ID3v2 before the sound and returns where they end.
func (t *track) id3v2(w *window) int64 {
	off := int64(0)
	for range maxTracks {
		b := w.full(off, 10)
		if b == nil || string(b[:3]) != "ID3" {
			break
		}
		major, flags, n := b[3], b[5], int64(syncsafe(b[6:10]))
		end := off + 10 + n
		if end > w.size {
			t.warn("damaged-sound", "a tag is longer than the file")
			end = w.size
		}
		t.id3Frames(w, extent{off + 10, min(end, off+10+maxTagBlock)}, major, flags)
		if flags&0x10 != 0 { // a footer
			end += 10
		}
		off = end
	}
	return off
}

func syncsafe(b []byte) int {
	return int(b[0]&0x7f)<<21 | int(b[1]&0x7f)<<14 | int(b[2]&0x7f)<<7 | int(b[3]&0x7f)
}

// id3Frames walks the frames of one tag. Tags whose bytes were changed for old
// players (flag 0x80) are passed over.
func (t *track) id3Frames(w *window, at extent, major, flags byte) {
	if flags&0x80 != 0 || major < 2 || major > 4 {
		return
	}
	off := at.from
	if flags&0x40 != 0 && major > 2 { // an extended head
		b := w.full(off, 4)
		if b == nil {
			return
		}
		if major == 4 {
			off += int64(syncsafe(b))
		} else {
			off += 4 + int64(binary.BigEndian.Uint32(b))
		}
	}
	for range maxChunks {
		id, body, ok := id3Frame(w, off, at.to, major)
		if !ok {
			return
		}
		t.id3Value(w, id, body)
		off = body.to
	}
}

// id3Frame reads the head of the frame at off.
func id3Frame(w *window, off, end int64, major byte) (id string, body extent, ok bool) {
	wide := int64(10)
	if major == 2 {
		wide = 6
	}
	b := w.full(off, int(wide))
	if b == nil || off+wide > end || b[0] < 'A' || b[0] > 'Z' {
		return "", extent{}, false
	}
	var n int64
	switch major {
	case 2:
		id, n = string(b[:3]), int64(b[3])<<16|int64(b[4])<<8|int64(b[5])
	case 3:
		id, n = string(b[:4]), int64(binary.BigEndian.Uint32(b[4:]))
	default:
		id, n = string(b[:4]), int64(syncsafe(b[4:8]))
	}
	body = extent{off + wide, off + wide + n}
	return id, body, body.to <= end
}

func (t *track) id3Value(w *window, id string, at extent) {
	b := w.at(at.from, int(min(at.to-at.from, maxTag)))
	switch {
	case len(b) < 2:
	case id3Names[id] != "":
		t.tag(id3Names[id], id3Text(b[0], b[1:]))
	case (id == "COMM" || id == "COM") && len(b) > 4:
		_, value := id3Cut(b[0], b[4:])
		t.tag("comment", id3Text(b[0], value))
	case (id == "USLT" || id == "ULT") && len(b) > 4:
		_, value := id3Cut(b[0], b[4:])
		t.tag("lyrics", id3Text(b[0], value))
	case id == "APIC":
		t.id3Picture(b, at)
	}
}

// id3Picture notes a picture: its type up to a zero, a byte, its name, its bytes.
func (t *track) id3Picture(b []byte, at extent) {
	mime, rest, ok := strings.Cut(string(b[1:]), "\x00")
	if !ok || len(rest) < 2 {
		return
	}
	_, value := id3Cut(b[0], []byte(rest[1:]))
	t.picture(oneLine(mime), extent{at.from + int64(len(b)-len(value)), at.to})
}

func (t *track) picture(mime string, at extent) {
	if len(t.pictures) < maxPictures && at.to > at.from {
		t.pictures = append(t.pictures, picture{mime: mime, at: at})
	}
}

// id3Cut parts a value at the zero that ends its first text.
func id3Cut(encoding byte, b []byte) (first, rest []byte) {
	wide := 1
	if encoding == 1 || encoding == 2 {
		wide = 2
	}
	for i := 0; i+wide <= len(b); i += wide {
		if b[i] == 0 && b[i+wide-1] == 0 {
			return b[:i], b[i+wide:]
		}
	}
	return b, nil
}

// id3Text decodes a text of ID3v2: Latin-1 (or what is taken for it), UTF-16
// with a mark, UTF-16 without, UTF-8.
func id3Text(encoding byte, b []byte) string {
	first, _ := id3Cut(encoding, b)
	charset := map[byte]string{1: "utf-16", 2: "utf-16be", 3: "utf-8"}[encoding]
	if encoding == 1 && len(first) >= 2 {
		charset = map[bool]string{true: "utf-16be", false: "utf-16le"}[first[0] == 0xfe]
	}
	s, _, _ := text.Decode(first, charset)
	return strings.TrimPrefix(s, "\ufeff")
}

// id3v1 reads the tag of 128 bytes at the end of a file.
func (t *track) id3v1(w *window) {
	b := w.full(w.size-128, 128)
	if b == nil || string(b[:3]) != "TAG" || t.has("title") {
		return
	}
	for _, f := range []struct {
		name     string
		from, to int
	}{{"title", 3, 33}, {"author", 33, 63}, {"album", 63, 93}, {"dated", 93, 97}, {"comment", 97, 125}} {
		t.tag(f.name, anyText(b[f.from:f.to]))
	}
}

func (t *track) has(name string) bool {
	for _, tag := range t.tags {
		if tag.name == name {
			return true
		}
	}
	return false
}

func (t *track) value(name string) string {
	for _, tag := range t.tags {
		if tag.name == name {
			return tag.value
		}
	}
	return ""
}

// vorbisNames are the fields of a Vorbis comment that we show.
var vorbisNames = map[string]string{
	"title": "title", "artist": "author", "album": "album", "date": "dated", "comment": "comment", "description": "comment",
	"encoder": "software", "copyright": "copyright", "location": "location", "language": "language", "lyrics": "lyrics",
}

// vorbisComment reads a comment of Vorbis, Opus and FLAC: the maker's name and
// fields NAME=value, each with its length.
func (t *track) vorbisComment(b []byte) {
	next := func() ([]byte, bool) {
		if len(b) < 4 {
			return nil, false
		}
		n := binary.LittleEndian.Uint32(b)
		if int64(n) > int64(len(b)-4) {
			return nil, false
		}
		v := b[4 : 4+n]
		b = b[4+n:]
		return v, true
	}
	vendor, ok := next()
	if !ok || len(b) < 4 {
		return
	}
	t.tag("software", string(vendor))
	count := binary.LittleEndian.Uint32(b)
	b = b[4:]
	for range min(count, maxChunks) {
		v, ok := next()
		if !ok {
			return
		}
		name, value, _ := strings.Cut(string(v[:min(len(v), maxTag)]), "=")
		if known := vorbisNames[strings.ToLower(name)]; known != "" {
			t.tag(known, value)
		} else if strings.EqualFold(name, "METADATA_BLOCK_PICTURE") {
			t.vorbisPicture(string(v[len(name)+1:]))
		}
	}
}

// vorbisPicture notes a picture that stands in a comment as base64: it has no
// bytes of its own in the file.
func (t *track) vorbisPicture(value string) {
	if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value)); err == nil && len(t.pictures) < maxPictures {
		if mime, from, to := flacPicture(b); to > from {
			t.pictures = append(t.pictures, picture{mime: mime, bytes: b[from:to]})
		}
	}
}
