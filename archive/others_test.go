package archive

import (
	"testing"
	"time"

	"unseal/trove"
)

func TestSignaturesOfPeopleInARecordAreThoseInTheBytes(t *testing.T) {
	at := time.Date(2016, 3, 4, 5, 6, 7, 0, time.UTC)
	one := func(kind trove.SignatureType, result string) trove.OtherSignature {
		return trove.OtherSignature{Type: kind, Result: result, Time: at}
	}
	list := func(l ...trove.OtherSignature) []trove.OtherSignature { return l }
	pass, fail, nokey := one(trove.SMIME, "pass"), one(trove.SMIME, "fail"), one(trove.SMIME, "nokey")
	stamp, part, later := one(trove.RFC3161, "pass"), pass, pass
	part.Of, later.Time = "part 2", at.Add(time.Second)
	for name, c := range map[string]struct {
		said, found []trove.OtherSignature
		ok          bool
	}{
		"none":                        {nil, nil, true},
		"equal":                       {list(pass, one(trove.OpenPGP, "fail")), list(pass, one(trove.OpenPGP, "fail")), true},
		"a key that the reader lacks": {list(pass), list(nokey), true},
		"a key that came later":       {list(nokey), list(pass), true},
		"a proof of time beside":      {list(pass, stamp), list(pass), true},
		"a proof of time alone":       {list(stamp), nil, true},
		"a pass made up":              {list(pass), list(fail), false},
		"a pass kept quiet":           {list(fail), list(pass), false},
		"one made up":                 {list(pass), nil, false},
		"one left out":                {nil, list(pass), false},
		"of another kind":             {list(pass), list(one(trove.OpenPGP, "pass")), false},
		"of another part":             {list(part), list(pass), false},
		"of another time":             {list(later), list(pass), false},
	} {
		if err := sameOthers(c.said, c.found); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADeepVerificationExaminesSignaturesOfPeople(t *testing.T) {
	p := newPress(t, 12, 6)
	files := mapOf(p.cosigned())
	one := func([]byte) []trove.OtherSignature {
		return []trove.OtherSignature{{Type: trove.SMIME, Result: "pass"}}
	}
	none := func([]byte) []trove.OtherSignature { return nil }
	clean(t, verified(t, files, VerifyOptions{LogKey: p.key, People: one}))
	clean(t, verified(t, files, VerifyOptions{LogKey: p.key, Deep: true, People: none}))
	if r := verified(t, files, VerifyOptions{LogKey: p.key, Deep: true, People: one}); len(r.Findings) == 0 || r.Findings[0].Class != Altered {
		t.Errorf("a signature that no record lists: %v", r.Findings)
	}
}
