package archive

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"unseal/translog"
	"unseal/trove"
)

// The log key changes, by the old one or by the recovery key; whoever knows
// one of the keys, or the log's id, knows the log.
func TestVerifyFollowsTheChainOfLogKeys(t *testing.T) {
	p := newPress(t, 20, 10)
	recovery, recoveryKey := testKey(t, "recovery.example.org", 5)
	p.genesis.Recovery = recoveryKey
	second, secondKey := testKey(t, testOrigin, 6)
	third, thirdKey := testKey(t, testOrigin, 7)
	_, stranger := testKey(t, testOrigin, 8)
	fsys, dir := testFolder(t)
	w := p.writer(fsys)
	must(t, p.all(w, 1))
	oldSeen := w.Signed().Note
	w.AddKey(second)
	w.AddKey(third)
	change := func(key string, signers ...int) {
		t.Helper()
		s := w.State()
		all := []note.Signer{p.signer, second, third, recovery}
		e := translog.Entry(translog.Key{Effective: s.Size + 1, Keys: []string{key}, Log: s.ID, Role: translog.RoleLog})
		for _, i := range signers {
			var err error
			e, err = translog.Sign(e, all[i])
			must(t, err)
		}
		must(t, w.Append(e))
		must(t, p.publish(w))
	}
	change(secondKey, 1, 0)
	middle := w.Signed().Note
	change(thirdKey, 2, 3) // the second was lost
	m := mapOf(contents(t, dir))
	for what, key := range map[string]string{"first": p.key, "second": secondKey, "third": thirdKey, "id": w.State().ID.String(), "none": ""} {
		r := verified(t, m, VerifyOptions{LogKey: key})
		clean(t, r)
		if r.KeyKnown != (key != "") || r.LogKey != thirdKey {
			t.Errorf("%s: known %v, %s", what, r.KeyKnown, r.LogKey)
		}
		if len(r.Notes) != 1 || !strings.Contains(r.Notes[0].What, "recovery key") {
			t.Errorf("%s: %+v", what, r.Notes)
		}
	}
	for what, key := range map[string]string{"a stranger's": stranger, "the recovery key": recoveryKey, "another id": trove.Sum(nil).String()} {
		if r := verified(t, m, VerifyOptions{LogKey: key}); !names(r, "log/checkpoint", Altered) || r.KeyKnown {
			t.Errorf("%s: %+v", what, r.Findings)
		}
	}
	clean(t, verified(t, m, VerifyOptions{LogKey: p.key, Seen: oldSeen}))
	clean(t, verified(t, m, VerifyOptions{LogKey: p.key, Seen: middle}))

	// a thief of the first key goes on alone from where it was in force
	thief, thiefDir := testFolder(t)
	p2 := newPress(t, 20, 10)
	p2.genesis.Recovery = recoveryKey
	p2.infos.Title = "Another history"
	w2 := p2.writer(thief)
	must(t, p2.all(w2, 1))
	p2.reject[15] = "privacy"
	must(t, p2.all(w2, 0))
	if r, err := Verify(context.Background(), mapOf(contents(t, thiefDir)), VerifyOptions{LogKey: p.key, Seen: middle}); !errors.Is(err, ErrSeen) {
		t.Errorf("%+v, %v", r.Findings, err)
	}
}
