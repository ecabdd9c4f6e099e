package outlook

import (
	"strings"

	"unseal/intake/outlook/mapi"
)

// Named properties of contacts, MS-OXPROPS.
const (
	workStreet  = 0x8045
	workCity    = 0x8046
	workState   = 0x8047
	workCode    = 0x8048
	workCountry = 0x8049
	instantText = 0x8062
	listOneOffs = 0x8054
)

// phones are the numbers of a contact with their types in a vCard.
var phones = []struct {
	id   mapi.ID
	kind string
}{
	{0x3a08, "WORK,VOICE"}, {0x3a1b, "WORK,VOICE"}, {0x3a09, "HOME,VOICE"}, {0x3a2f, "HOME,VOICE"}, {0x3a1c, "CELL"}, {0x3a1a, "PREF"}, {0x3a1e, "CAR"},
	{0x3a21, "PAGER"}, {0x3a1f, "VOICE"}, {0x3a57, "WORK,VOICE"}, {0x3a24, "WORK,FAX"}, {0x3a25, "HOME,FAX"}, {0x3a23, "FAX"}, {0x3a2d, "ISDN"}, {0x3a2e, "WORK,MSG"}, {0x3a1d, "RADIO"}, {0x3a2c, "TELEX"}, {0x3a02, "CALLBACK"}, {0x3a4b, "TTYTDD"},
}

// card writes a contact or a list of people as a vCard (RFC 2426), empty for
// anything else. text is its body.
func (m *Message) card(text string) string {
	switch m.kind() {
	case "contact":
		return m.contact(text)
	case "list":
		return m.list(text)
	}
	return ""
}

func (m *Message) contact(note string) string {
	c := &ical{}
	text := func(id mapi.ID) string { return icalText(m.Text(id)) }
	several := func(ids ...mapi.ID) string {
		list := make([]string, len(ids))
		for i, id := range ids {
			list[i] = text(id)
		}
		return strings.Join(list, ";")
	}
	named := func(id uint32) mapi.ID { return m.named(mapi.Address, id) }
	c.add("BEGIN", "VCARD")
	c.add("VERSION", "3.0")
	c.add("FN", icalText(m.title()))
	c.add("N", several(0x3a11, 0x3a06, 0x3a44, 0x3a45, 0x3a05))
	c.add("NICKNAME", text(0x3a4f))
	c.add("ORG", several(0x3a16, 0x3a18))
	c.add("TITLE", text(0x3a17))
	c.add("ROLE", text(0x3a46))
	m.cardAddresses(c)
	for _, p := range phones {
		c.add("TEL;TYPE="+p.kind, text(p.id))
	}
	c.add("ADR;TYPE=WORK", ";;"+several(named(workStreet), named(workCity), named(workState), named(workCode), named(workCountry)))
	c.add("ADR;TYPE=HOME", ";;"+several(0x3a5d, 0x3a59, 0x3a5c, 0x3a5b, 0x3a5a))
	c.add("ADR;TYPE=POSTAL", ";;"+several(0x3a63, 0x3a5f, 0x3a62, 0x3a61, 0x3a60))
	c.add("URL;TYPE=WORK", text(0x3a51))
	c.add("URL;TYPE=HOME", text(0x3a50))
	c.add("IMPP", text(named(instantText)))
	if t := m.Time(0x3a42); !t.IsZero() {
		c.add("BDAY", t.Format("2006-01-02"))
	}
	if t := m.Time(0x3a41); !t.IsZero() {
		c.add("X-ANNIVERSARY", t.Format("2006-01-02"))
	}
	c.add("X-SPOUSE", text(0x3a48))
	c.add("X-MANAGER", text(0x3a4e))
	c.add("X-ASSISTANT", text(0x3a30))
	c.add("CATEGORIES", icalText(strings.Join(m.keywords(), ", ")))
	c.add("NOTE", icalText(note))
	c.add("REV", icalTime(m.stamp()))
	c.add("END", "VCARD")
	return c.b.String()
}

func (m *Message) title() string {
	if s := m.Text(displayName); s != "" {
		return s
	}
	return m.Subject()
}

// cardAddresses writes up to three addresses: of each, its own and the one
// that is shown where it differs.
func (m *Message) cardAddresses(c *ical) {
	for _, base := range []uint32{0x8080, 0x8090, 0x80a0} {
		shown, kind, addr := m.named(mapi.Address, base), m.named(mapi.Address, base+2), m.named(mapi.Address, base+3)
		s := m.Text(addr)
		if strings.EqualFold(m.Text(kind), "EX") {
			if o := mailAddress(m.Text(m.named(mapi.Address, base+4))); o != "" {
				s = o
			}
		}
		if s == "" {
			s = mailAddress(m.Text(shown))
		}
		c.add("EMAIL;TYPE=INTERNET", icalText(s))
	}
}

// list writes a list of people: those whom its entries name themselves.
func (m *Message) list(note string) string {
	c := &ical{}
	c.add("BEGIN", "VCARD")
	c.add("VERSION", "3.0")
	c.add("FN", icalText(m.title()))
	c.add("KIND", "group")
	v, _ := m.Value(m.named(mapi.Address, listOneOffs))
	for _, e := range v.Parts[:min(len(v.Parts), maxAttached)] {
		p, ok := oneOff(e)
		switch {
		case !ok:
		case p.addr != "":
			c.add("X-MEMBER", "mailto:"+p.addr+icalName(p.name))
		case p.name != "":
			c.add("X-MEMBER", icalText(p.name))
		}
	}
	c.add("NOTE", icalText(note))
	c.add("REV", icalTime(m.stamp()))
	c.add("END", "VCARD")
	return c.b.String()
}

func icalName(name string) string {
	if name == "" {
		return ""
	}
	return " (" + icalText(name) + ")"
}
