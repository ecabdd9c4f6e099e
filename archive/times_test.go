package archive

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"unseal/proof"
	"unseal/trove"
)

func withTimes(files map[string]string, names ...string) fstest.MapFS {
	m := mapOf(files)
	for _, n := range names {
		m[TimesDir+"/"+n] = &fstest.MapFile{Data: []byte("proof " + n)}
	}
	return m
}

func TestProofsOfTimeAreHandedOutWithWhatWasStamped(t *testing.T) {
	p := newPress(t, 12, 6)
	files := p.cosigned()
	m := withTimes(files, "1.ots", "4.tsr", "4-2.tsr")
	var got []string
	check := func(p *TimeProof) ([]trove.OtherSignature, error) {
		want := proof.FormatCheckpoint(testOrigin, p.Size, trove.Digest{})
		if lines := strings.SplitAfter(string(p.Text), "\n"); strings.Join(lines[:2], "") != strings.Join(strings.SplitAfter(want, "\n")[:2], "") || len(lines) != 4 {
			t.Errorf("%s: stamped %q", p.Path, p.Text)
		}
		got = append(got, p.Path+" "+string(p.Content))
		return []trove.OtherSignature{{Type: trove.RFC3161, Result: "pass", Signer: p.Path}}, nil
	}
	r := verified(t, m, VerifyOptions{LogKey: p.key, CheckTime: check})
	clean(t, r)
	want := []string{"log/timestamps/1.ots proof 1.ots", "log/timestamps/4-2.tsr proof 4-2.tsr", "log/timestamps/4.tsr proof 4.tsr"}
	if !slices.Equal(got, want) || len(r.Times) != 3 || r.Times[2].Size != 4 || r.Times[2].Signer != "log/timestamps/4.tsr" {
		t.Errorf("%q, %+v", got, r.Times)
	}
	a, err := Open(t.Context(), m)
	must(t, err)
	defer a.Close()
	list, err := a.Times()
	must(t, err)
	if len(list) != 3 || list[1].Size != 4 || !strings.HasPrefix(string(list[1].Text), testOrigin+"\n4\n") {
		t.Errorf("%+v", list)
	}
	last := a.view.Checkpoint
	whole := withTimes(files, strings.TrimPrefix(TimePath(last.Size, 1, ".ots"), TimesDir+"/"))
	b, err := Open(t.Context(), whole)
	must(t, err)
	defer b.Close()
	if list, err := b.Times(); err != nil || len(list) != 1 || !strings.HasPrefix(string(last.Note), string(list[0].Text)) {
		t.Errorf("the newest: %+v, %v", list, err)
	}
	// Without a judge they are passed over, and are no strays.
	clean(t, verified(t, m, VerifyOptions{LogKey: p.key}))
}

func TestWhatIsNoProofOfTimeIsNamed(t *testing.T) {
	p := newPress(t, 12, 6)
	files := p.cosigned()
	bad := func(*TimeProof) ([]trove.OtherSignature, error) { return nil, errors.New("of other bytes") }
	for name, class := range map[string]Class{
		"4.tsr": Altered, "100000.ots": Unfinished, "04.ots": Altered, "4-1.tsr": Altered, "4-2.ots": Altered, "4.txt": Altered,
		"x.ots": Altered, "0.ots": Altered, "-4.ots": Altered, "deep/4.ots": Altered, "4-0.tsr": Altered,
	} {
		path := TimesDir + "/" + name
		if r := verified(t, withTimes(files, name), VerifyOptions{LogKey: p.key, CheckTime: bad}); !names(r, path, class) || len(r.Findings) != 1 {
			t.Errorf("%s: %v", name, r.Findings)
		}
	}
}
