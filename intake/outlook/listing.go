package outlook

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"unseal/intake/outlook/mapi"
)

// ListingName is what the part with all properties is called.
const ListingName = "outlook-properties.json"

// The longest values that a listing repeats, and how much it repeats in all; of
// more it says the length.
const (
	maxListed     = 1 << 10
	maxListedText = 32 << 10
	maxListing    = 4 << 20
	maxProperty   = 50_000 // properties of all objects in a message
)

// told are properties that stand in the mail in full. The headers of the
// transport are not, since fields of them are renamed there.
var told = map[mapi.ID]bool{body: true, html: true, subject: true, attachData: true}

type listedObject struct {
	Source      string           `json:"source,omitempty"`
	Properties  []listedProperty `json:"properties"`
	LeftOut     int              `json:"left_out,omitempty"` // properties over the limit
	Recipients  []listedObject   `json:"recipients,omitempty"`
	Attachments []listedObject   `json:"attachments,omitempty"`
}

type listedProperty struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Type  string `json:"type"`
	Value any    `json:"value,omitempty"`
	Size  int    `json:"size,omitempty"`
}

// listing is the part that holds what has no other place in the mail.
func (m *Message) listing() part {
	l := lister{left: maxListing}
	o := l.object(m.Bag)
	o.Source = m.Source
	for _, r := range m.Recipients {
		o.Recipients = append(o.Recipients, l.object(r))
	}
	for i := range m.Attachments {
		o.Attachments = append(o.Attachments, l.object(m.Attachments[i].Bag))
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // strings and numbers
	}
	p := filePart("application/json", ListingName, nil)
	p.encoding, p.write = "quoted-printable", func(w *writer) { w.quoted(append(b, '\n')) } // shorter than base64, as it is ASCII for the most part
	return p
}

// lister bounds a listing.
type lister struct {
	left       int // bytes of values
	properties int // listed
}

func (l *lister) object(bag *mapi.Bag) listedObject {
	o := listedObject{Properties: []listedProperty{}}
	for _, id := range bag.IDs() {
		v, _ := bag.Value(id)
		switch {
		case told[id]:
		case l.properties >= maxProperty:
			o.LeftOut++
		default:
			l.properties++
			o.Properties = append(o.Properties, l.describe(bag, id, v))
		}
	}
	return o
}

func (l *lister) describe(bag *mapi.Bag, id mapi.ID, v mapi.Value) listedProperty {
	p := listedProperty{ID: fmt.Sprintf("0x%04x", uint16(id)), Name: nameOf(bag, id), Type: fmt.Sprintf("0x%04x", uint16(v.Type))}
	if v.Type&mapi.Multi == 0 {
		var first []byte
		if len(v.Parts) > 0 {
			first = v.Parts[0]
		}
		p.Value, p.Size = l.say(bag, id, v.Type, first)
		return p
	}
	list := []any{}
	for i := range v.Parts[:min(len(v.Parts), maxAttached)] {
		s, size := l.say(bag, id, v.Type&^mapi.Multi, v.Parts[i])
		if s == nil {
			s = fmt.Sprintf("%d bytes", size)
		}
		list = append(list, s)
	}
	p.Value = list
	return p
}

func nameOf(bag *mapi.Bag, id mapi.ID) string {
	if n, ok := bag.Names[id]; ok {
		return strings.ToValidUTF8(n.String(), "\uFFFD")
	}
	return ""
}

// say writes a value: a string, a number, a time, the texts in bytes, or bytes
// without any in hexadecimal; of what is too long, its length. A digest would
// confirm a guess at what was redacted.
func (l *lister) say(bag *mapi.Bag, id mapi.ID, t mapi.Type, p []byte) (value any, size int) {
	if l.left -= min(len(p), maxListedText); l.left < 0 {
		return nil, len(p)
	}
	one := &mapi.Bag{Charset: bag.StringCharset()}
	one.Set(id, mapi.Value{Type: t, Parts: [][]byte{p}})
	switch t {
	case mapi.Unicode, mapi.String8:
		if s := one.Text(id); len(s) <= maxListedText && utf8.ValidString(s) {
			return s, 0
		}
	case mapi.Time:
		if when := one.Time(id); !when.IsZero() {
			return when.Format(time.RFC3339), 0
		}
	case mapi.Bool:
		return one.Bool(id), 0
	case mapi.Float64, mapi.AppTime:
		if n, ok := one.Float(id); ok {
			return strconv.FormatFloat(n, 'g', -1, 64), 0
		}
	case mapi.GUID:
		return mapi.FormatGUID(p), 0
	}
	if n, ok := one.Number(id); ok {
		return exact(n), 0
	}
	texts, may := stringsIn(p[:min(len(p), maxListedText)])
	switch {
	case texts != nil:
		return texts, len(p)
	case may:
		return nil, len(p)
	}
	if len(p) <= maxListed {
		return hex.EncodeToString(p), 0
	}
	return nil, len(p)
}

// exact writes a number so that no reader of JSON rounds it.
func exact(n int64) any {
	if n > -1<<53 && n < 1<<53 {
		return n
	}
	return strconv.FormatInt(n, 10)
}
