package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"unseal/crash"
	"unseal/durable"
	"unseal/proof"
)

// publishing is the publishing of a small archive, step by step: whatever
// breaks it off, what was acknowledged stands, no reader sees half a batch, and
// an edition that was superseded does not come back.
func publishing(t *testing.T) crash.Story {
	p := newPress(t, 12, 6)
	p.reject[3] = "privacy"
	const name = "log/checkpoint"
	newest := BatchDir("mail", 1, 2) + "/" + ManifestName
	hide := map[int][]proof.Cut{2: word(p, 2)}
	run := func(fsys durable.FS, ack func(string, []byte)) error {
		w, err := NewWriter(fsys, p.signer, p.release, proof.Checkpoint{})
		if err != nil {
			return err
		}
		clear(p.hide)
		clear(p.edition)
		stages := []func() error{
			func() error { return p.start(w) },
			func() error { _, err := p.batch(w); return err },
			func() error { _, err := p.batch(w); return err },
			func() error {
				if w.State().Collection("mail").Edition(1) > 1 {
					return w.Tidy()
				}
				return p.revise(w, 1, hide, 4)
			},
		}
		for _, stage := range stages {
			ack(name, nil)
			if err := stage(); err != nil {
				return err
			}
			ack(name, w.Signed().Note)
		}
		b, err := fs.ReadFile(fsys, newest) // it, and by that that the edition before is gone
		ack(newest, b)
		return err
	}
	check := func(fsys fs.FS, acked crash.Acked) error {
		o := VerifyOptions{LogKey: p.key, Seen: acked[name], Jobs: 1}
		if _, err := fs.Stat(fsys, name); errors.Is(err, fs.ErrNotExist) && o.Seen == nil {
			return nil // nothing is published yet
		}
		r, err := Verify(context.Background(), fsys, o)
		if err != nil {
			return err
		}
		for _, f := range r.Findings {
			if f.Class == Altered || acked[newest] != nil && f.Path == BatchDir("mail", 1, 1) {
				return fmt.Errorf("%s: %s", f.Path, f.What)
			}
		}
		a, err := Open(context.Background(), fsys)
		if err != nil {
			return err
		}
		return a.Close()
	}
	return crash.Story{Run: run, Check: check}
}

func TestPublishSurvivesPowerLossAtEveryStep(t *testing.T) {
	crashes := 1
	if os.Getenv("UNSEAL_LONG") != "" {
		crashes = 20
	}
	s := publishing(t)
	r, err := s.PowerLoss(crashes)
	must(t, err)
	t.Log("power loss:", r)
	if r.Bad > 0 || r.Points < 100 {
		t.Errorf("%v: %v", r, r.First)
	}
	if testing.Short() {
		return // the controls take ten seconds; go test without -short
	}
	for what, wrap := range map[string]func(durable.FS) durable.FS{"sync": crash.WithoutSync, "sync of folders": crash.WithoutDirSync} {
		control := s
		control.Wrap = wrap
		r, err := control.PowerLoss(1)
		if err == nil && r.Bad == 0 {
			t.Errorf("the harness does not miss the %s", what)
		}
		t.Logf("control without %s: %v, %v", what, r, err)
	}
}

// TestPowerLossCatchesAnEditionRemovedTooEarly is a control of the new step.
func TestPowerLossCatchesAnEditionRemovedTooEarly(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: a control of the harness takes seconds; go test without -short")
	}
	s := publishing(t)
	durable.Fault = durable.SupersededFirst
	t.Cleanup(func() { durable.Fault = "" })
	r, err := s.PowerLoss(1)
	must(t, err)
	t.Log("control:", r)
	if r.Bad == 0 {
		t.Error("the harness does not miss an edition that is removed before its time")
	}
}

func TestPublishAcknowledgesNothingThatTheDiskRefused(t *testing.T) {
	r, err := publishing(t).Faults()
	must(t, err)
	t.Log("disk errors:", r)
	if r.Bad > 0 || r.Runs < 100 {
		t.Errorf("%v: %v", r, r.First)
	}
}
