package demo

import (
	"mime"
	"strings"
	"time"
)

// person is somebody in the story.
type person struct {
	Name, Addr string
	Mailer     string
	East       int // minutes east of UTC in winter, the clock that the mail shows
}

// people are all fictional. Those with a mailbox of their own: edith, luc, nadia.
var people = map[string]person{
	"edith":    {"Edith Marlowe", "edith.marlowe@example.org", "Council Mail 4.2", 0},
	"ruth":     {"Ruth Calloway", "ruth.calloway@example.org", "Council Mail 4.2", 0},
	"tom":      {"Tom Ashdown", "tom.ashdown@example.org", "Council Mail 4.1", 0},
	"piet":     {"Piet Voss", "piet.voss@example.org", "Quay Phone", 0},
	"anjali":   {"Anjali Rao", "anjali.rao@example.org", "Council Mail 4.2", 0},
	"news":     {"Varnmouth Council News", "news@example.org", "Bulk Sender 2", 0},
	"luc":      {"Luc Ferrand", "luc.ferrand@example.com", "Courrier 9.3", 60},
	"camille":  {"Camille Brossard", "camille.brossard@example.com", "Courrier 9.3", 60},
	"henri":    {"Henri Castel", "henri.castel@example.com", "Postillon 2.0", 60},
	"ingrid":   {"Ingrid Solberg, Solberg Marine", "ingrid.solberg@example.com", "Fjordpost 7", 60},
	"sami":     {"د. سامي النجار", "sami.najjar@example.com", "Barid 3.1", 120},
	"nadia":    {"Nadia Haddad", "nadia.haddad@example.net", "Homepost 11", 0},
	"margaret": {"Margaret Oyelaran", "margaret.oyelaran@example.net", "Homepost 11", 0},
	"youssef":  {"يوسف منصور", "youssef.mansour@example.net", "", 0},
	"clara":    {"Clara Whitlock", "clara.whitlock@example.net", "Newsroom Mail 1.8", 0},
	"press":    {"Jérôme Tessier", "jerome.tessier@example.net", "", 60},
	"list":     {"Varnmouth Residents", "residents@example.net", "", 0},
}

// owners have a mailbox in the trove.
var owners = []string{"edith", "luc", "nadia"}

// undisclosed stands in To where nobody is named.
const undisclosed = "undisclosed"

// address writes an address for a header, its name encoded where need be.
func address(key, charset string) string {
	if key == undisclosed {
		return "undisclosed-recipients:;"
	}
	p := people[key]
	switch {
	case !ascii(p.Name):
		return encodeWord(charset, p.Name) + " <" + p.Addr + ">"
	case strings.Contains(p.Name, ","):
		return `"` + p.Name + `" <` + p.Addr + ">"
	}
	return p.Name + " <" + p.Addr + ">"
}

func addresses(keys []string, charset string) string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = address(k, charset)
	}
	return strings.Join(list, ",\n ")
}

// encodeWord writes s as encoded words of RFC 2047 section 2, folded: B for
// what is mostly not Latin, else Q. Where the charset lacks a letter of s, it
// takes UTF-8, as mail programs do.
func encodeWord(charset, s string) string {
	if ascii(s) {
		return s
	}
	b, err := encode(charset, s)
	if err != nil {
		charset, b = "utf-8", []byte(s)
	}
	coder := mime.QEncoding
	if arabic(s) {
		coder = mime.BEncoding
	}
	return strings.ReplaceAll(coder.Encode(charset, string(b)), "?= =?", "?=\n =?")
}

func domain(addr string) string { return addr[strings.IndexByte(addr, '@')+1:] }

// zone is the clock of p's mails; the story does without summer time.
func (p person) zone() *time.Location { return time.FixedZone("", p.East*60) }
