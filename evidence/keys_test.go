package evidence

import (
	"testing"
	"time"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestKeysAreFoundByNameAndTime(t *testing.T) {
	var ks Keys
	old, young := rsaKey(512).record(), rsaKey(768).record()
	ks.Add(Key{Domain: "Example.ORG", Selector: "Sel", Record: "p=", Gone: day(2020, 1, 1)})
	ks.Add(Key{Domain: "example.org", Selector: "sel", Record: young, From: day(2015, 1, 1)})
	ks.Add(Key{Domain: "example.org", Selector: "sel", Record: old, From: day(2010, 1, 1), Until: day(2014, 12, 31)})
	for at, want := range map[time.Time]string{day(2012, 6, 1): old, day(2016, 6, 1): young, {}: young} {
		found := ks.Lookup("EXAMPLE.org", "SEL", at)
		if len(found) != 3 || found[0].Record != want {
			t.Errorf("at %s: %v first of %d", at, found[0].Bits(), len(found))
		}
		if found[2].Record != "p=" {
			t.Errorf("at %s: the revoked key is not last", at)
		}
	}
	if found := ks.Lookup("example.com", "sel", day(2012, 6, 1)); len(found) != 0 {
		t.Error("found under another domain")
	}
	var none *Keys
	if none.Lookup("a.b", "c", time.Time{}) != nil || none.All() != nil {
		t.Error("a nil archive holds keys")
	}
}

// Every record of a name is tried, and a key outside its window still checks.
func TestEveryKnownKeyIsTried(t *testing.T) {
	k := rsaKey(512)
	mail := signing{key: k, alg: "rsa-sha256", c: "relaxed/relaxed", h: "from"}.signed(plainMail)
	ks := keysFor(rsaKey(768).record())
	ks.Add(Key{Domain: "example.org", Selector: "sel", Record: "broken"})
	ks.Add(Key{Domain: "example.org", Selector: "sel", Record: edKey().record()})
	if s := one(t, Examine([]byte(mail), ks, now)); s.Outcome != Fail || s.Cause != KeyMismatch {
		t.Errorf("without the key: %s", describe(s))
	}
	ks.Add(Key{Domain: "example.org", Selector: "sel", Record: k.record(), Until: day(2013, 1, 1)})
	s := one(t, Examine([]byte(mail), ks, now))
	if s.Outcome != Pass || s.Said() != "weak key, key outside its known window" || s.Key.Record != k.record() {
		t.Errorf("with the key: %s", describe(s))
	}
}

func TestAKeyKnownToBeGoneIsNamed(t *testing.T) {
	mail := signing{key: edKey(), alg: "ed25519-sha256", c: "relaxed/relaxed", h: "from"}.signed(plainMail)
	var ks Keys
	ks.Add(Key{Domain: "example.org", Selector: "sel", Gone: day(2016, 11, 1), Note: "asked in 2016"})
	if s := one(t, Examine([]byte(mail), &ks, now)); s.Outcome != NoKey || s.Cause != KeyGone || s.Detail != "asked in 2016" {
		t.Error(describe(s))
	}
}

func TestTheSameRecordTwiceIsOneKey(t *testing.T) {
	var ks Keys
	k := Key{Domain: "example.org", Selector: "sel", Record: " k=rsa; p=QUJD ", Seen: []Sighting{{Where: "a"}}}
	if !ks.Add(k) || ks.Add(k) {
		t.Error("adding twice is told wrong")
	}
	k.Record, k.Seen = "k=rsa;p=QUJD", []Sighting{{Where: "b", When: day(2016, 1, 1)}}
	k.From, k.Until, k.Gone, k.Note = day(2014, 1, 1), day(2016, 1, 1), day(2017, 1, 1), "note"
	if !ks.Add(k) || ks.Add(k) {
		t.Error("adding a second sighting is told wrong")
	}
	k.From, k.Until = day(2013, 1, 1), day(2015, 1, 1)
	ks.Add(k)
	all := ks.All()
	if len(all) != 1 {
		t.Fatalf("%d keys", len(all))
	}
	if got := all[0]; len(got.Seen) != 2 || !got.From.Equal(day(2013, 1, 1)) || !got.Until.Equal(day(2016, 1, 1)) || got.Gone.IsZero() || got.Note != "note" || got.Fault() == nil {
		t.Errorf("%+v", got)
	}
}

func TestOnlyAFreshAnswerOfDNSIsCurrent(t *testing.T) {
	for name, c := range map[string]struct {
		key  Key
		want bool
	}{
		"a kept copy":            {Key{Seen: []Sighting{{Where: "keys.json", When: now}}}, false},
		"a fresh answer":         {Key{Seen: []Sighting{{DNS: true, When: now.Add(-24 * time.Hour)}}}, true},
		"an old answer":          {Key{Seen: []Sighting{{DNS: true, When: now.Add(-31 * 24 * time.Hour)}}}, false},
		"an answer of tomorrow":  {Key{Seen: []Sighting{{DNS: true, When: now.Add(24 * time.Hour)}}}, false},
		"gone since":             {Key{Seen: []Sighting{{DNS: true, When: now.Add(-24 * time.Hour)}}, Gone: now.Add(-time.Hour)}, false},
		"back after it was gone": {Key{Seen: []Sighting{{DNS: true, When: now.Add(-24 * time.Hour)}}, Gone: now.Add(-25 * time.Hour)}, true},
	} {
		if got := c.key.Current(now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	k := edKey()
	mail := signing{key: k, alg: "ed25519-sha256", c: "simple/simple", h: "from"}.signed(plainMail)
	var ks Keys
	ks.Add(Key{Domain: "example.org", Selector: "sel", Record: k.record(), Seen: []Sighting{{DNS: true, When: now}}})
	if v := Examine([]byte(mail), &ks, now).Verdict; v != "valid" {
		t.Errorf("verdict %s, want valid", v)
	}
}
