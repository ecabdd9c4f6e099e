package evidence

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Key is one entry of a key archive: a DKIM key record, as a fact with its
// sources, or the fact that there is none any more.
type Key struct {
	Domain   string     `json:"domain"`           // lower case
	Selector string     `json:"selector"`         // lower case
	Record   string     `json:"record,omitempty"` // text of the TXT record; empty: only known to be gone
	Seen     []Sighting `json:"seen,omitempty"`   // where and when this record was seen
	From     time.Time  `json:"from,omitzero"`    // published since, where known
	Until    time.Time  `json:"until,omitzero"`   // published until, where known
	Gone     time.Time  `json:"gone,omitzero"`    // asked for at this time, there was none any more
	Note     string     `json:"note,omitempty"`

	public *publicKey // nil when the record is no usable key
	fault  error      // why not
}

// Sighting is one place where a key record was seen. Two that do not depend on
// each other are two witnesses.
type Sighting struct {
	Where string    `json:"where,omitempty"`
	When  time.Time `json:"when,omitzero"`
	DNS   bool      `json:"dns,omitempty"` // an answer of DNS to ourselves, not a copy kept by somebody

	Recovered bool `json:"recovered,omitempty"` // not seen anywhere: computed from signatures, see [RSASignatures]
}

// Name is the key's name in DNS (RFC 6376 section 3.6.2.1).
func (k *Key) Name() string { return k.Selector + "._domainkey." + k.Domain }

// Bits is the key's size, 0 when the record is no usable key.
func (k *Key) Bits() int {
	if k.public == nil {
		return 0
	}
	return k.public.bits()
}

// Fault says why the record is no usable key, or nil. A revoked key (empty p=)
// is a record without fault that verifies nothing.
func (k *Key) Fault() error { return k.fault }

// Recovered reports whether the record is known from signatures alone. Such a
// key shows that whoever held it signed all the mails that it fits; nothing
// shows that this was the domain in their d=. A signature that it fits is
// therefore not valid, and one that it contradicts does not match.
func (k *Key) Recovered() bool {
	for _, s := range k.Seen {
		if !s.Recovered {
			return false
		}
	}
	return len(k.Seen) > 0
}

// currentFor is how long an answer of DNS counts as "published now".
const currentFor = 30 * 24 * time.Hour

// Current reports whether DNS itself gave this record lately, so that it needs
// no trust in a kept copy.
func (k *Key) Current(now time.Time) bool {
	for _, s := range k.Seen {
		if age := now.Sub(s.When); s.DNS && !k.Gone.After(s.When) && age >= 0 && age <= currentFor {
			return true
		}
	}
	return false
}

// published reports whether the key's known window holds t; unknown ends are open.
func (k *Key) published(t time.Time) bool {
	return t.IsZero() || !t.Before(k.From) && (k.Until.IsZero() || !t.After(k.Until))
}

// Keys is a key archive. The zero value is empty, and so is a nil pointer to
// read from. It may be read by many goroutines while none adds to it.
type Keys struct {
	byName map[string][]*Key
}

// Add takes a key in and reports whether it told anything new. The same record
// of the same name again adds its sightings, window and note.
func (ks *Keys) Add(k Key) bool {
	k.Domain, k.Selector = strings.ToLower(k.Domain), strings.ToLower(k.Selector)
	k.Record = trimFWS(k.Record)
	for _, old := range ks.byName[k.Name()] {
		if removeFWS(old.Record) == removeFWS(k.Record) {
			return old.merge(&k)
		}
	}
	if k.public, k.fault = nil, nil; k.Record != "" {
		k.public, k.fault = parseRecord(k.Record)
	}
	if ks.byName == nil {
		ks.byName = map[string][]*Key{}
	}
	k.Seen = slices.Clone(k.Seen)
	ks.byName[k.Name()] = append(ks.byName[k.Name()], &k)
	return true
}

func (k *Key) merge(other *Key) (changed bool) {
	if k.Recovered() && !other.Recovered() {
		k.Note = "" // said of a key that had been seen nowhere
	}
	for _, s := range other.Seen {
		if !slices.Contains(k.Seen, s) {
			k.Seen, changed = append(k.Seen, s), true
		}
	}
	if !other.From.IsZero() && (k.From.IsZero() || other.From.Before(k.From)) {
		k.From, changed = other.From, true
	}
	if other.Until.After(k.Until) {
		k.Until, changed = other.Until, true
	}
	if other.Gone.After(k.Gone) {
		k.Gone, changed = other.Gone, true
	}
	if k.Note == "" && other.Note != "" {
		k.Note, changed = other.Note, true
	}
	return changed
}

// Lookup gives all that is known of a name, the keys published at the given
// time first; the order is otherwise that of adding.
func (ks *Keys) Lookup(domain, selector string, at time.Time) []*Key {
	if ks == nil {
		return nil
	}
	found := ks.byName[strings.ToLower(selector)+"._domainkey."+strings.ToLower(domain)]
	if len(found) < 2 {
		return found
	}
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b *Key) int {
		return cmp.Compare(rank(a, at), rank(b, at))
	})
	return found
}

func rank(k *Key, at time.Time) int {
	switch {
	case k.public == nil || k.public.revoked:
		return 3
	case k.Recovered():
		return 2
	case !k.published(at):
		return 1
	}
	return 0
}

// Has reports whether the archive holds this very record under this name.
func (ks *Keys) Has(k *Key) bool {
	for _, known := range ks.Lookup(k.Domain, k.Selector, time.Time{}) {
		if removeFWS(known.Record) == removeFWS(k.Record) {
			return true
		}
	}
	return false
}

// Witnesses names the sources that do not visibly depend on each other in which
// this key was seen under its name, in whatever record: a source is what a
// sighting's Where says up to the first space, which for a file of a
// repository is the repository. Two or more are a second witness, unless one
// copied from the other, which only a person can find out.
func (ks *Keys) Witnesses(k *Key) []string {
	var sources []string
	for _, known := range ks.Lookup(k.Domain, k.Selector, time.Time{}) {
		if known != k && !known.sameKey(k) {
			continue
		}
		for _, s := range known.Seen {
			source, _, _ := strings.Cut(s.Where, " ")
			if source != "" && !s.Recovered && !slices.Contains(sources, source) {
				sources = append(sources, source)
			}
		}
	}
	return sources
}

// All lists the archive by name, then record.
func (ks *Keys) All() []*Key {
	if ks == nil {
		return nil
	}
	var all []*Key
	for _, list := range ks.byName {
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b *Key) int {
		return cmp.Or(strings.Compare(a.Domain, b.Domain), strings.Compare(a.Selector, b.Selector), strings.Compare(a.Record, b.Record))
	})
	return all
}
