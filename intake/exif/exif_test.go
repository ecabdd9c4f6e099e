package exif

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf8"
)

// entry is a field of an image file directory, TIFF 6.0, section 2.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte
}

func ascii(tag uint16, s string) entry {
	return entry{tag, 2, uint32(len(s) + 1), append([]byte(s), 0)}
}
func short(tag, v uint16) entry {
	return entry{tag, 3, 1, binary.BigEndian.AppendUint16(nil, v)}
}
func rationals(tag uint16, v ...uint32) entry {
	var b []byte
	for _, n := range v {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return entry{tag, 5, uint32(len(v) / 2), b}
}

// directory writes a directory that begins at an offset.
func directory(at int, entries ...entry) []byte {
	head := binary.BigEndian.AppendUint16(nil, uint16(len(entries)))
	data := at + 2 + 12*len(entries) + 4
	var tail []byte
	for _, e := range entries {
		head = binary.BigEndian.AppendUint16(head, e.tag)
		head = binary.BigEndian.AppendUint16(head, e.kind)
		head = binary.BigEndian.AppendUint32(head, e.count)
		if len(e.value) <= 4 {
			head = append(head, append(e.value, 0, 0, 0, 0)[:4]...)
			continue
		}
		head = binary.BigEndian.AppendUint32(head, uint32(data+len(tail)))
		tail = append(tail, e.value...)
	}
	return append(binary.BigEndian.AppendUint32(head, 0), tail...)
}

// photograph is a JPEG that says much of itself and holds no picture.
func photograph() []byte {
	pointer := func(tag uint16, at int) entry {
		return entry{tag, 4, 1, binary.BigEndian.AppendUint32(nil, uint32(at))}
	}
	const gpsAt, exifAt = 600, 900
	gps := directory(gpsAt, ascii(1, "N"), rationals(2, 48, 1, 51, 1, 30, 1), ascii(3, "W"), rationals(4, 2, 1, 21, 1, 0, 1))
	more := directory(exifAt, ascii(0x9003, "2024:03:05 10:15:00"), ascii(0x9011, "+01:00"))
	b := append([]byte("MM\x00*\x00\x00\x00\x08"), directory(8, ascii(0x010f, "Acme"), ascii(0x0110, "Box 3"), short(0x0112, 6), ascii(0x0131, "Firmware 1"),
		ascii(0x013b, "A. Photographer"), pointer(0x8769, exifAt), pointer(0x8825, gpsAt))...)
	b = append(append(b, make([]byte, gpsAt-len(b))...), gps...)
	b = append(append(b, make([]byte, exifAt-len(b))...), more...)
	seg := append([]byte("Exif\x00\x00"), b...)
	jpg := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(seg)+2))...)
	return append(append(jpg, seg...), 0xff, 0xd9)
}

func TestAPhotographTellsOfItself(t *testing.T) {
	f, err := Read(photograph(), "image/jpeg")
	want := Facts{Orientation: 6, Placed: true, Latitude: 48.858333333333334, Longitude: -2.35, Taken: "2024-03-05T10:15:00+01:00", Camera: "Acme Box 3", Software: "Firmware 1", Author: "A. Photographer"}
	if f != want {
		t.Errorf("%+v\nwant %+v (%v)", f, want, err)
	}
}

func TestAPlaceThatIsNoneIsNotTold(t *testing.T) {
	for _, c := range [][2]float64{{0, 0}, {91, 0}, {0, 200}} {
		var f Facts
		if f.place(c[0], c[1]); f.Placed {
			t.Errorf("%v is a place", c)
		}
	}
}

func TestMomentsKeepTheZoneTheyHave(t *testing.T) {
	for _, c := range [][3]string{
		{"2024:03:05 10:15:00", "", "2024-03-05T10:15:00"}, {"2024:03:05 10:15:00", "+01:00", "2024-03-05T10:15:00+01:00"}, {"2024-03-05T10:15:00Z", "+01:00", "2024-03-05T10:15:00Z"},
		{"2024:03:05 10:15:00.25", "soon", "2024-03-05T10:15:00"}, {"2024:03:05", "", "2024-03-05"}, {"0000:00:00 00:00:00", "", ""}, {"2024:13:05", "", ""}, {"yesterday", "", ""},
	} {
		if got := taken(c[0], c[1]); got != c[2] {
			t.Errorf("%q %q is %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestValuesAreOneShortLine(t *testing.T) {
	if got := text("a\x00\nb\t c\x00"); got != "a b c" {
		t.Errorf("%q", got)
	}
	if got := text(strings.Repeat("é", 2000)); len(got) > maxValue || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
	if got := text([]string{"x", "y"}); got != "x, y" {
		t.Errorf("%q", got)
	}
}

func TestCamerasAreNamedOnce(t *testing.T) {
	for _, c := range [][3]string{{"Canon", "Canon EOS", "Canon EOS"}, {"Apple", "iPhone", "Apple iPhone"}, {"Acme", "", "Acme"}, {"", "Box", "Box"}} {
		if got := camera(c[0], c[1]); got != c[2] {
			t.Errorf("%v: %q", c, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(photograph(), uint8(0))
	types := []string{"image/jpeg", "image/tiff", "image/png", "image/webp", "image/heic", "image/avif"}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		g, _ := Read(b, types[int(kind)%len(types)])
		for _, s := range []string{g.Taken, g.Camera, g.Software, g.Author, g.Title, g.Description, g.Keywords} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\n\x00") || bytes.ContainsRune([]byte(s), '\r') {
				t.Errorf("%q", s)
			}
		}
	})
}
