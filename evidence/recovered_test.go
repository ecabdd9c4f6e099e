package evidence

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"

	"unseal/trove"
)

// A key that is known from signatures alone makes nothing valid, and shows what
// was changed.
func TestARecoveredKeyMakesNothingValid(t *testing.T) {
	key, other := rsaKey(1024), rsaKey(768)
	recovered := Key{Domain: "example.org", Selector: "sel", Record: key.record(), Seen: []Sighting{{Where: "12 mails", Recovered: true}}, Note: "not known whose"}
	kept := recovered
	kept.Seen, kept.Note = []Sighting{{Where: "somebody"}}, ""
	stranger := kept
	stranger.Record = other.record()

	mail := signing{key: key, alg: "rsa-sha256", c: "relaxed/simple", h: "from:subject"}.signed(plainMail)
	change := func(old, with string) string { return strings.Replace(mail, old, with, 1) }
	alien := signing{key: other, alg: "rsa-sha256", c: "relaxed/simple", h: "from:subject"}.signed(plainMail)
	for name, c := range map[string]struct {
		keys    []Key
		mail    string
		outcome Outcome
		cause   Cause
		verdict trove.Verdict
	}{
		"it fits":                     {[]Key{recovered}, mail, NoKey, KeyRecovered, trove.Unchecked},
		"a changed header":            {[]Key{recovered}, change("harbour", "arbour"), Fail, HeaderChanged, trove.Mismatch},
		"a changed body":              {[]Key{recovered}, mail + "more\r\n", Fail, BodyChanged, trove.Mismatch},
		"both":                        {[]Key{recovered}, change("harbour", "arbour") + "more\r\n", Fail, BothChanged, trove.Mismatch},
		"of another key":              {[]Key{recovered}, alien, NoKey, KeyUnknown, trove.Unchecked},
		"beside a strange one":        {[]Key{stranger, recovered}, mail, NoKey, KeyRecovered, trove.Unchecked},
		"beside the right one":        {[]Key{recovered, stranger}, alien, Pass, "", trove.KeptKey},
		"seen by somebody as well":    {[]Key{recovered, kept}, mail, Pass, "", trove.KeptKey},
		"the other way round, merged": {[]Key{kept, recovered}, mail, Pass, "", trove.KeptKey},
	} {
		var keys Keys
		for _, k := range c.keys {
			keys.Add(k)
		}
		r := Examine([]byte(c.mail), &keys, now)
		if s := one(t, r); s.Outcome != c.outcome || s.Cause != c.cause || r.Verdict != c.verdict {
			t.Errorf("%s: %s, %s; want %s %q, %s", name, describe(s), r.Verdict, c.outcome, c.cause, c.verdict)
		}
	}

	var keys Keys
	keys.Add(recovered)
	if k := keys.All()[0]; !k.Recovered() || len(keys.Witnesses(k)) != 0 {
		t.Errorf("%+v: witnesses %v", k, keys.Witnesses(k))
	}
	keys.Add(kept)
	if k := keys.All()[0]; k.Recovered() || k.Note != "" || !slices.Equal(keys.Witnesses(k), []string{"somebody"}) {
		t.Errorf("%+v: witnesses %v", k, keys.Witnesses(k))
	}
}

func TestWitnessesAreSourcesOfTheSameKey(t *testing.T) {
	key := rsaKey(1024)
	var keys Keys
	for _, k := range []Key{
		{Record: key.record(), Seen: []Sighting{{Where: "ann/keys a.txt"}, {Where: "ann/keys b.txt"}}},
		{Record: key.bareRecord(), Seen: []Sighting{{Where: "ben/dns zone"}}}, // the same key, written otherwise
		{Record: rsaKey(768).record(), Seen: []Sighting{{Where: "carol"}}},
		{Record: "p=", Seen: []Sighting{{Where: "dora"}}},
	} {
		k.Domain, k.Selector = "example.org", "sel"
		keys.Add(k)
	}
	for _, k := range keys.All() {
		want := map[int][]string{1024: {"ann/keys", "ben/dns"}, 768: {"carol"}, 0: {"dora"}}[k.Bits()]
		got := keys.Witnesses(k)
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%d bits: witnesses %q, want %q", k.Bits(), got, want)
		}
		if !keys.Has(k) {
			t.Errorf("%s is not found", k.Record)
		}
	}
	if keys.Has(&Key{Domain: "example.org", Selector: "other", Record: key.record()}) {
		t.Error("found under another name")
	}
}

// The equation holds for each form in which a mail can be signed, and no longer
// once a signed header field is changed.
func TestRSASignaturesAreEquationsOfTheirKey(t *testing.T) {
	key := rsaKey(1024)
	holds := func(s RSASignature) bool {
		v := new(big.Int).SetBytes(s.Value)
		return bytes.Equal(v.Exp(v, key.e, key.n).FillBytes(make([]byte, len(s.Block))), s.Block)
	}
	for _, alg := range []string{"rsa-sha256", "rsa-sha1"} {
		for _, c := range []string{"simple/simple", "relaxed/simple", "simple/relaxed", "relaxed/relaxed"} {
			mail := signing{key: key, alg: alg, c: c, h: "from:subject:x-none"}.signed(plainMail)
			got := RSASignatures([]byte(mail))
			if len(got) != 1 || !holds(got[0]) || got[0].Domain != "example.org" || got[0].Selector != "sel" {
				t.Fatalf("%s %s: %+v", alg, c, got)
			}
			if got := RSASignatures([]byte(strings.Replace(mail, "harbour", "arbour", 1))); len(got) != 1 || holds(got[0]) {
				t.Errorf("%s %s: holds after a change", alg, c)
			}
		}
	}
	for name, mail := range map[string]string{
		"not signed":                 plainMail,
		"ed25519":                    signing{key: edKey(), alg: "ed25519-sha256", c: "simple/simple", h: "from"}.signed(plainMail),
		"From is not signed":         signing{key: key, alg: "rsa-sha256", c: "simple/simple", h: "subject"}.signed(plainMail),
		"a header beyond all limits": strings.Repeat("x", 2<<20),
	} {
		if got := RSASignatures([]byte(mail)); len(got) != 0 {
			t.Errorf("%s: %d", name, len(got))
		}
	}
}
