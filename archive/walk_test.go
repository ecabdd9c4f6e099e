package archive

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"unseal/proof"
)

func TestWalkGivesWhatItemGives(t *testing.T) {
	p := newPress(t, 90, 40)
	p.reject = map[int]string{1: "privacy", 17: "legal", 41: "privacy", 90: "unreadable"}
	fsys, _ := p.published()
	c, err := opened(t, fsys).Collection("mail")
	must(t, err)
	var numbers []int
	must(t, c.Walk(context.Background(), func(got *Item) error {
		want, err := c.Item(got.Row.Number)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("number %d: Walk and Item differ", got.Row.Number)
		}
		numbers = append(numbers, got.Row.Number)
		return nil
	}))
	if len(numbers) != 86 || numbers[0] != 2 || numbers[85] != 89 {
		t.Errorf("walked over %v", numbers)
	}
}

func TestWalkStops(t *testing.T) {
	fsys, dir := newPress(t, 40, 40).published()
	c, err := opened(t, fsys).Collection("mail")
	must(t, err)
	stop := errors.New("stop")
	if err := c.Walk(context.Background(), func(*Item) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("fn's error is lost: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Walk(ctx, func(*Item) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	m, err := c.Manifest(1, 1)
	must(t, err)
	name := filepath.Join(dir, BatchDir("mail", 1, 1), ItemsName)
	b, err := os.ReadFile(name)
	must(t, err)
	b[m.Records[1].At[0]+20] ^= 1
	must(t, os.WriteFile(name, b, 0o644))
	seen := 0
	err = c.Walk(context.Background(), func(i *Item) error { seen++; return nil })
	if !errors.Is(err, proof.ErrMismatch) || seen != groupSize {
		t.Errorf("an altered record: %v after %d items", err, seen)
	}
	if _, err := c.Item(17); !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("the control: %v", err)
	}
}
