// Package mapi is what Outlook's files have in common: objects that are bags of
// properties (MS-OXCDATA, MS-OXPROPS), their values, names and charsets, and
// the packed RTF in which bodies are kept (MS-OXRTFCP, MS-OXRTFEX). It reads
// values that are there; where they stand in a file is the reader's business.
//
// No value is trusted: a short one reads as its zero. Nothing is dropped: a
// property of an unknown type keeps its bytes.
package mapi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"unseal/intake/text"
	"unseal/mime"
)

// ID is the number of a property. From [FirstNamed] on it means something in
// one file alone, which has a table of names.
type ID uint16

// FirstNamed is the first number of properties that have names.
const FirstNamed ID = 0x8000

// Type is how a value is written, MS-OXCDATA 2.11.1.
type Type uint16

// The types.
const (
	Int16    Type = 0x0002
	Int32    Type = 0x0003
	Float32  Type = 0x0004
	Float64  Type = 0x0005
	Currency Type = 0x0006
	AppTime  Type = 0x0007
	ErrorNo  Type = 0x000a
	Bool     Type = 0x000b
	Object   Type = 0x000d
	Int64    Type = 0x0014
	String8  Type = 0x001e
	Unicode  Type = 0x001f
	Time     Type = 0x0040
	GUID     Type = 0x0048
	Binary   Type = 0x0102
	Multi    Type = 0x1000 // a bit: there are several values
)

// Fixed is the length of a value of fixed length, 0 for one that varies.
func (t Type) Fixed() int {
	switch t &^ Multi {
	case Int16, Bool:
		return 2
	case Int32, Float32, ErrorNo:
		return 4
	case Float64, Currency, AppTime, Int64, Time:
		return 8
	case GUID:
		return 16
	}
	return 0
}

// Value is a property's value: little-endian bytes, one slice for each of
// several values.
type Value struct {
	Type  Type
	Parts [][]byte
}

// Name is the name of a property from FirstNamed on: a set, and a number or a
// word in it.
type Name struct {
	Set  string // GUID, upper case with hyphens
	ID   uint32
	Word string // if not empty, in place of ID
}

func (n Name) String() string {
	if n.Word != "" {
		return n.Set + ":" + n.Word
	}
	return fmt.Sprintf("%s:%#04x", n.Set, n.ID)
}

// Bag is an object's properties. It is built by one goroutine.
type Bag struct {
	values map[ID]Value
	Names  map[ID]Name // of the file; may be nil
	// Charset is that of 8-bit strings where the object itself names none.
	Charset string
}

// Set adds a property; a second one of the same number is kept only if it is
// longer, as some files have an empty copy.
func (b *Bag) Set(id ID, v Value) {
	if b.values == nil {
		b.values = map[ID]Value{}
	}
	if old, ok := b.values[id]; ok && old.size() >= v.size() {
		return
	}
	b.values[id] = v
}

func (v Value) size() (n int) {
	for _, p := range v.Parts {
		n += len(p)
	}
	return n
}

// IDs are the numbers of all properties, ascending.
func (b *Bag) IDs() []ID {
	ids := make([]ID, 0, len(b.values))
	for id := range b.values {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Value is a property as it stands.
func (b *Bag) Value(id ID) (Value, bool) {
	v, ok := b.values[id]
	return v, ok
}

// Named is the number of a named property in this file, 0 if it has none.
func (b *Bag) Named(n Name) ID {
	found := ID(0)
	for id, have := range b.Names {
		if have == n && (found == 0 || id < found) {
			found = id
		}
	}
	return found
}

func (v Value) first() []byte {
	if len(v.Parts) == 0 {
		return nil
	}
	return v.Parts[0]
}

// Bytes are a property's bytes, nil if it is not there.
func (b *Bag) Bytes(id ID) []byte { return b.values[id].first() }

// Int is a whole number, 0 if it is not there.
func (b *Bag) Int(id ID) int64 {
	n, _ := b.Number(id)
	return n
}

// Number is a whole number or a truth value, and whether it is there.
func (b *Bag) Number(id ID) (int64, bool) {
	v, ok := b.values[id]
	if !ok || v.Type&Multi != 0 {
		return 0, false
	}
	return v.number()
}

func (v Value) number() (int64, bool) {
	var p [8]byte
	n := copy(p[:], v.first())
	if n < v.Type.Fixed() {
		return 0, false
	}
	switch v.Type {
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(p[:]))), true
	case Bool:
		if p[0] != 0 {
			return 1, true
		}
		return 0, true
	case Int32, ErrorNo:
		return int64(int32(binary.LittleEndian.Uint32(p[:]))), true
	case Int64, Currency:
		return int64(binary.LittleEndian.Uint64(p[:])), true
	}
	return 0, false
}

// Bool is a truth value, false if it is not there.
func (b *Bag) Bool(id ID) bool { return b.Int(id) != 0 }

// Time is a moment in UTC, zero if it is not there or outside the years 1601
// to 9999.
func (b *Bag) Time(id ID) time.Time {
	v := b.values[id]
	if v.Type != Time {
		return time.Time{}
	}
	return FileTime(v.first())
}

// FileTime reads the count of 100 ns since 1601 (MS-DTYP 2.3.3), without what
// is below a second.
func FileTime(p []byte) time.Time {
	const unixEpoch, perSecond, end = 11644473600, 10_000_000, 253402300800
	if len(p) < 8 {
		return time.Time{}
	}
	n := binary.LittleEndian.Uint64(p)
	s := int64(n/perSecond) - unixEpoch
	if n == 0 || n>>63 == 1 || s >= end {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

// Text is a string in UTF-8, empty if it is not there.
func (b *Bag) Text(id ID) string {
	v := b.values[id]
	if v.Type != Unicode && v.Type != String8 {
		return ""
	}
	return b.text(v.Type, v.first())
}

// Texts are the strings of a property of several, or of one.
func (b *Bag) Texts(id ID) []string {
	v := b.values[id]
	var list []string
	for _, p := range v.Parts {
		if t := v.Type &^ Multi; t == Unicode || t == String8 {
			list = append(list, b.text(t, p))
		}
	}
	return list
}

func (b *Bag) text(t Type, p []byte) string {
	if t == Unicode {
		return UTF16(p)
	}
	s, _, _ := text.Decode(bytes.TrimRight(p, "\x00"), b.StringCharset())
	return s
}

// UTF16 reads little-endian UTF-16 up to the zeros at its end.
func UTF16(p []byte) string {
	units := make([]uint16, len(p)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	for len(units) > 0 && units[len(units)-1] == 0 {
		units = units[:len(units)-1]
	}
	return strings.ToValidUTF8(string(utf16.Decode(units)), "\uFFFD")
}

// Properties that name charsets, MS-OXCMSG 2.2.1 and MS-OXPROPS.
const (
	messageCodepage  ID = 0x3ffd
	internetCodepage ID = 0x3fde
	messageLocale    ID = 0x3ff1
)

// StringCharset is the charset of 8-bit strings: the one that the message
// names, else that of its locale, else that of what is around it; empty if
// nothing says it. That of the internet body says the least and comes last.
func (b *Bag) StringCharset() string {
	for _, name := range []string{CodePage(b.Int(messageCodepage)), b.Charset, localeCharset(b.Int(messageLocale)), CodePage(b.Int(internetCodepage))} {
		if name != "" && !strings.HasPrefix(name, "utf-16") { // of two bytes, which these are not
			return name
		}
	}
	return ""
}

// HTMLCharset is the charset of an HTML body in bytes.
func (b *Bag) HTMLCharset() string {
	if name := CodePage(b.Int(internetCodepage)); name != "" {
		return name
	}
	return b.StringCharset()
}

// codePages are the numbers of Windows that are not in the charset's name.
var codePages = map[int64]string{
	932: "shift_jis", 936: "gb18030", 949: "euc-kr", 950: "big5", 1200: "utf-16le", 1201: "utf-16be",
	10000: "macintosh", 10007: "x-mac-cyrillic", 20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u",
	20932: "euc-jp", 50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp", 50225: "iso-2022-kr", 51932: "euc-jp", 51936: "gb18030",
	51949: "euc-kr", 52936: "hz-gb-2312", 54936: "gb18030", 65000: "utf-7", 65001: "utf-8", 874: "windows-874", 866: "ibm866", 20936: "gb18030", 20949: "euc-kr",
}

// CodePage is the name of the charset of a Windows code page, empty if it is
// none that is known.
func CodePage(n int64) string {
	switch {
	case codePages[n] != "":
		return codePages[n]
	case n >= 1250 && n <= 1258:
		return fmt.Sprintf("windows-%d", n)
	case n > 28590 && n < 28607 && n != 28602:
		return fmt.Sprintf("iso-8859-%d", n-28590)
	case n > 0 && n < 1000 && mime.Charset(fmt.Sprintf("ibm%d", n)) != nil:
		return fmt.Sprintf("ibm%d", n)
	}
	return ""
}

// localeCharset is the Windows charset of a locale, MS-LCID 2.2: of its
// language, and for Chinese of its place.
func localeCharset(lcid int64) string {
	switch lcid {
	case 0x0404, 0x0c04, 0x1404, 0x7c04:
		return "big5"
	}
	switch lcid & 0x3ff {
	case 0x04:
		if lcid != 0 {
			return "gb18030"
		}
	case 0x11:
		return "shift_jis"
	case 0x12:
		return "euc-kr"
	case 0x19, 0x22, 0x23, 0x02, 0x2f:
		return "windows-1251"
	case 0x08:
		return "windows-1253"
	case 0x1f:
		return "windows-1254"
	case 0x0d:
		return "windows-1255"
	case 0x01, 0x20, 0x29:
		return "windows-1256"
	case 0x1e:
		return "windows-874"
	case 0x05, 0x0e, 0x15, 0x18, 0x1b, 0x24:
		return "windows-1250"
	case 0x2a:
		return "windows-1258"
	}
	return ""
}

// Float is a number with a fraction, and whether it is there.
func (b *Bag) Float(id ID) (float64, bool) {
	v := b.values[id]
	if p := v.first(); (v.Type == Float64 || v.Type == AppTime) && len(p) >= 8 {
		return math.Float64frombits(binary.LittleEndian.Uint64(p)), true
	}
	return 0, false
}
