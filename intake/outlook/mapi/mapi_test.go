package mapi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func one(t Type, b []byte) Value { return Value{Type: t, Parts: [][]byte{b}} }

func TestValuesAreRead(t *testing.T) {
	b := &Bag{}
	b.Set(1, one(Unicode, wide("Ärger\x00")))
	b.Set(2, one(Int16, []byte{0xfe, 0xff, 0, 0}))
	b.Set(3, one(Bool, []byte{1, 0}))
	b.Set(4, one(Time, binary.LittleEndian.AppendUint64(nil, 131327773000000000)))
	b.Set(5, Value{Type: Unicode | Multi, Parts: [][]byte{wide("a"), wide("b")}})
	b.Set(6, one(Int32, []byte{1})) // too short
	if b.Text(1) != "Ärger" || b.Int(2) != -2 || !b.Bool(3) || len(b.Texts(5)) != 2 || b.Int(6) != 0 || b.Text(9) != "" || b.Bytes(9) != nil {
		t.Errorf("%q %d %v %q %d", b.Text(1), b.Int(2), b.Bool(3), b.Texts(5), b.Int(6))
	}
	if got := b.Time(4); !got.Equal(time.Date(2017, 2, 28, 17, 41, 40, 0, time.UTC)) {
		t.Errorf("%v", got)
	}
	if !FileTime(bytes.Repeat([]byte{0xff}, 8)).IsZero() || !FileTime([]byte{1}).IsZero() || !FileTime(make([]byte, 8)).IsZero() {
		t.Error("times that are none")
	}
	b.Set(1, one(Unicode, nil))
	if b.Text(1) != "Ärger" {
		t.Error("an empty copy takes the place of a value")
	}
}

func TestEightBitStringsAreReadByTheCodePageThatTheObjectNames(t *testing.T) {
	const big5 = "( MSG \xae\xe6\xa6\xa1\xb4\xfa\xb8\xd5 )"
	for name, c := range map[string]struct {
		id ID
		n  uint32
	}{"message": {messageCodepage, 950}, "locale": {messageLocale, 0x404}, "internet": {internetCodepage, 950}} {
		b := &Bag{}
		b.Set(0x37, one(String8, []byte(big5+"\x00")))
		b.Set(c.id, one(Int32, binary.LittleEndian.AppendUint32(nil, c.n)))
		if got := b.Text(0x37); got != "( MSG 格式測試 )" {
			t.Errorf("%s: %q", name, got)
		}
	}
	b := &Bag{Charset: "koi8-r"}
	b.Set(0x37, one(String8, []byte("\xf0\xd2\xc9\xd7\xc5\xd4")))
	if got := b.Text(0x37); got != "Привет" {
		t.Errorf("that of what is around it: %q", got)
	}
}

func TestCodePagesHaveNames(t *testing.T) {
	for n, want := range map[int64]string{1252: "windows-1252", 65001: "utf-8", 28592: "iso-8859-2", 437: "ibm437", 932: "shift_jis", 20866: "koi8-r", 0: "", -1: "", 99999: ""} {
		if got := CodePage(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestNamesAreFoundByTheirNumber(t *testing.T) {
	guid := []byte{0x02, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}
	word := append(binary.LittleEndian.AppendUint32(nil, 16), wide("Keywords")...)
	entries := []byte{
		0x0d, 0x82, 0, 0, 6, 0, 0, 0, // set 3, a number
		0, 0, 0, 0, 5, 0, 1, 0, // set 2, a word
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, // leads nowhere
	}
	b := &Bag{Names: ParseNames(guid, entries, word)}
	if got := b.Named(Name{Set: Appointment, ID: 0x820d}); got != 0x8000 {
		t.Errorf("%#x of %v", got, b.Names)
	}
	if got := b.Named(Name{Set: PublicStrings, Word: "Keywords"}); got != 0x8001 {
		t.Errorf("%#x of %v", got, b.Names)
	}
	if b.Named(Name{Set: Task, ID: 1}) != 0 {
		t.Error("a name that is not there")
	}
}

// packRTF packs without references, or, where ref is set, with the last byte
// of the dictionary before it.
func packRTF(s string) []byte {
	var body []byte
	for i := 0; i < len(s); i += 8 {
		body = append(append(body, 0), s[i:min(i+8, len(s))]...)
	}
	end := (len(dictionary) + len(s)) % rtfWindow
	if len(s)%8 == 0 {
		body = append(body, 1)
	} else {
		body[len(body)-len(s)%8-1] = 1 << (len(s) % 8)
	}
	body = binary.BigEndian.AppendUint16(body, uint16(end<<4))
	return seal(body, len(s))
}

func seal(body []byte, size int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(len(body)+12))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, packed)
	b = le.AppendUint32(b, ^crc32.Update(^uint32(0), crc32.IEEETable, body))
	return append(b, body...)
}

func TestPackedRTFComesBack(t *testing.T) {
	for _, s := range []string{"{\\rtf1 hello}", strings.Repeat("{\\rtf1 0123456789 }", 500), "12345678"} {
		if got, err := UnpackRTF(packRTF(s), 1<<20); err != nil || string(got) != s {
			t.Errorf("%d bytes of %d, %v", len(got), len(s), err)
		}
	}
	// MS-OXRTFCP 4.1: the example of the specification
	example := []byte("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0")
	if got, err := UnpackRTF(example, 1<<20); err != nil || string(got) != "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n" {
		t.Errorf("%q, %v", got, err)
	}
	plain := append(append([]byte{16, 0, 0, 0, 4, 0, 0, 0}, "MELA\x00\x00\x00\x00"...), "text and more"...)
	if got, err := UnpackRTF(plain, 1<<20); err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPackedRTFIsBounded(t *testing.T) {
	bomb := seal(bytes.Repeat([]byte("\xff\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f\x00\x1f"), 10_000), 1<<31-1)
	if got, _ := UnpackRTF(bomb, 1000); len(got) > 1000 {
		t.Errorf("%d bytes", len(got))
	}
	if _, err := UnpackRTF([]byte("short"), 1000); !errors.Is(err, ErrPacked) {
		t.Errorf("%v", err)
	}
	bad := packRTF("{\\rtf1 hello}")
	bad[12]++
	if got, err := UnpackRTF(bad, 1000); err == nil || string(got) != "{\\rtf1 hello}" {
		t.Errorf("a wrong checksum: %q, %v", got, err)
	}
}

func TestHTMLInRTFIsTakenOut(t *testing.T) {
	const rtf = `{\rtf1\ansi\ansicpg1251\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset136 MingLiU;}}{\colortbl\red0;}` +
		`{\*\generator Riched;}{\*\htmltag64 <html><body a="\{x\}">}\htmlrtf {\b \htmlrtf0 {\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 ` +
		`\'cf\'f0\'e8\'e2\'e5\'f2{\f1 \'ae\'e6}\u-10179?\u-8704?\u8364\'80{\*\mhtmltag64 <img>}\par \lquote x\htmlrtf }\htmlrtf0` + "\r\n" + `{\*\htmltag72 </body>}}`
	got, origin := ReadRTF([]byte(rtf), 1<<20)
	if want := "<html><body a=\"{x}\">&nbsp;Привет格😀€\r\n&lsquo;x</body>"; origin != FromHTML || got != want {
		t.Errorf("%s:\n%q, want\n%q", origin, got, want)
	}
}

func TestTextInRTF(t *testing.T) {
	for rtf, want := range map[string]string{
		`{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\froman Tms;}}{\info{\author nobody}}\pard caf\'e9\line two\par{\*\unknown hidden}{\pict 0102}three}`: "café\ntwo\nthree",
		`{\rtf1\ansi\fromtext a\tab b\par c}`: "a\tb\nc",
		`no rtf at all`:                       "no rtf at all",
		`{\rtf1\bin5 }}}}}x}`:                 "x",
		`{\rtf1 a}}}}b`:                       "ab",
	} {
		if got, _ := ReadRTF([]byte(rtf), 1<<20); got != want {
			t.Errorf("%s: %q, want %q", rtf, got, want)
		}
	}
	deep := strings.Repeat("{", 100_000) + "x" + strings.Repeat("}", 100_000) + "y"
	if got, _ := ReadRTF([]byte(deep), 1<<20); got != "xy" {
		t.Errorf("%q", got)
	}
	if got, _ := ReadRTF(bytes.Repeat([]byte("text "), 1000), 100); len(got) > 5000 {
		t.Errorf("%d bytes", len(got))
	}
}

// FuzzRTF gives any bytes to the unpacking and to the reader behind it.
func FuzzRTF(f *testing.F) {
	f.Add(packRTF(`{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}x\u8364?\'e9\htmlrtf {\htmlrtf0 }}`))
	f.Add(packRTF(`{\rtf1{\fonttbl{\f1\fcharset136 M;}}\f1 \'ae\'e6\bin3 abc\par}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 20
		for _, p := range [][]byte{b, seal(b, limit)} {
			if out, _ := UnpackRTF(p, limit); len(out) > limit {
				t.Errorf("%d bytes", len(out))
			}
		}
		s, _ := ReadRTF(b, limit)
		if again, _ := ReadRTF(b, limit); again != s {
			t.Error("not the same twice")
		}
	})
}

// FuzzNames gives any bytes as a table of names and as values.
func FuzzNames(f *testing.F) {
	f.Add([]byte{1}, []byte{0, 0, 0, 0, 5, 0, 1, 0}, wide("Keywords"), uint16(String8))
	f.Fuzz(func(t *testing.T, guids, entries, words []byte, kind uint16) {
		b := &Bag{Names: ParseNames(guids, entries, words)}
		b.Set(1, one(Type(kind), words))
		b.Set(messageCodepage, one(Int32, guids))
		b.Text(1)
		b.Texts(1)
		b.Number(1)
		b.Float(1)
		b.Time(1)
	})
}
