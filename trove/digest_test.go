package trove

import (
	"encoding/json"
	"testing"
)

func TestDigestOfTheEmptyStringIsTheOneOfFIPS180(t *testing.T) {
	const want = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := Sum(nil).String(); got != want {
		t.Fatalf("Sum(nil) = %s, want %s", got, want)
	}
}

func TestDigestsPassThroughJSON(t *testing.T) {
	type pair struct {
		A Digest `json:"a"`
		B Digest `json:"b,omitzero"`
	}
	b, err := json.Marshal(pair{A: Sum([]byte("a"))})
	if err != nil {
		t.Fatal(err)
	}
	var p pair
	if err := json.Unmarshal(b, &p); err != nil || p.A != Sum([]byte("a")) || !p.B.IsZero() {
		t.Fatalf("%s = %v, %v", b, p, err)
	}
}

func TestBadDigestsAreRefused(t *testing.T) {
	good := Sum(nil).String()
	for _, s := range []string{"", good[1:], good + "0", "g" + good[1:], " " + good[1:]} {
		if _, err := ParseDigest(s); err == nil {
			t.Errorf("ParseDigest(%q) passes", s)
		}
	}
	var d Digest
	if err := d.UnmarshalText([]byte("zz")); err == nil {
		t.Error("UnmarshalText takes zz")
	}
}
