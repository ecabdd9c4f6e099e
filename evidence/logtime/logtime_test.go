package logtime_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"unseal/evidence/logtime"
	"unseal/evidence/opentimestamps"
	"unseal/evidence/timestamp/tsatest"
	"unseal/proof"
	"unseal/trove"
)

var (
	text   = []byte(proof.FormatCheckpoint("demo.example.org/log", 8, trove.Sum(nil)))
	digest = trove.Sum(text)
	at     = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
)

func chain(t testing.TB, digest trove.Digest) []byte {
	p := opentimestamps.New(digest)
	if _, err := p.Extend(digest[:], []byte("\x08\x00\x05\x88\x96\x0d\x73\xd7\x19\x01\x01\x07")); err != nil {
		t.Fatal(err)
	}
	return p.Bytes()
}

func TestAProofIsOfTheCheckpointsText(t *testing.T) {
	a := tsatest.New(t)
	known := []*x509.Certificate{a.Root.Certificate}
	stamped := tsatest.Response(t, a.Token(tsatest.Statement{Digest: digest[:], Time: at}))
	got, err := logtime.Judge("log/timestamps/8.tsr", stamped, text, known)
	if err != nil || len(got) != 1 || got[0].Result != "pass" || !got[0].Time.Equal(at) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := logtime.Judge("8.ots", chain(t, digest), text, nil); err != nil || got[0].Signer != "Bitcoin block 7" {
		t.Errorf("%+v, %v", got, err)
	}
	other := trove.Sum([]byte("other"))
	broken := a.Token(tsatest.Statement{Digest: digest[:], NoCerts: true})
	for name, b := range map[string][]byte{
		"other.tsr": a.Token(tsatest.Statement{Digest: other[:]}), "other.ots": chain(t, other), "broken.tsr": broken,
		"damaged.tsr": stamped[:100], "damaged.ots": chain(t, digest)[:60], "8.txt": stamped, "kind.ots": stamped,
	} {
		if got, err := logtime.Judge(name, b, text, known); !errors.Is(err, logtime.ErrOther) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTheEarliestTimeOfAnEntryIsThatOfAStateThatHoldsIt(t *testing.T) {
	stamp := func(size int64, result string, day int) logtime.Shown {
		return logtime.Shown{Size: size, OtherSignature: trove.OtherSignature{Type: trove.RFC3161, Result: result, Signer: "TSA", Time: at.AddDate(0, 0, day), Cause: "known"}}
	}
	block := func(size int64, n string) logtime.Shown {
		return logtime.Shown{Size: size, OtherSignature: trove.OtherSignature{Type: trove.OpenTimestamps, Result: "nokey", Signer: "Bitcoin block " + n, Fingerprint: n, Cause: "commits to it"}}
	}
	list := []logtime.Shown{stamp(4, "pass", 0), stamp(8, "nokey", 1), stamp(8, "pass", 3), stamp(12, "pass", 2), block(12, "3"), block(8, "1"), block(8, "2")}
	for entry, day := range map[int64]int{0: 0, 3: 0, 4: 2, 8: 2, 11: 2} {
		if got, ok := logtime.Earliest(list, entry); !ok || !got.Time.Equal(at.AddDate(0, 0, day)) {
			t.Errorf("entry %d: %+v, %v", entry, got, ok)
		}
	}
	if got, ok := logtime.Earliest(list, 12); ok {
		t.Errorf("an entry that none holds: %+v", got)
	}
	if got := logtime.Chains(list, 0); len(got) != 2 || got[0].Size != 8 {
		t.Errorf("%+v", got)
	}
	if got := logtime.Chains(list, 8); len(got) != 1 || got[0].Signer != "Bitcoin block 3" {
		t.Errorf("%+v", got)
	}
	if w := list[0].Words(); w != "time: shown by the RFC 3161 timestamp of TSA, 2026-05-06T07:08:09Z (known)" {
		t.Error(w)
	}
	if w := list[4].Words(); !strings.HasPrefix(w, "time: the log of 12 entries commits to it") {
		t.Error(w)
	}
}
