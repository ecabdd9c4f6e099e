package house

import (
	"slices"
	"testing"

	"unseal/catalog"
)

// TestWhatWasReadIsJoinedByTheNextRun, if the one that read it was stopped
// before it could: the recordings of one call stand in one thread.
func TestWhatWasReadIsJoinedByTheNextRun(t *testing.T) {
	d := openDesk(t, newDesk(t), ReadWrite)
	files := map[string]string{}
	for _, n := range []string{"1", "2"} {
		files["call "+n+".wav"] = wave(n)
		files["call "+n+".json"] = `{"call":1,"of":1,"part":` + n + `,"parts":2,"series":"harbour"}`
	}
	dir := ingest(t, d, files)
	before := threads(t, d)
	if len(before) != 2 || before[0].Thread != before[1].Thread {
		t.Fatalf("the call's threads: %+v", before)
	}
	var apart []catalog.ThreadRow
	for _, r := range before {
		apart = append(apart, catalog.ThreadRow{Item: r.Item})
	}
	must(t, d.Catalog.SetThreads(t.Context(), slices.Values(apart)))
	take(t, d, dir)
	if after := threads(t, d); !slices.Equal(after, before) {
		t.Errorf("after another run: %+v, want %+v", after, before)
	}
}

// threads are those that have a name.
func threads(t *testing.T, d *Desk) (list []catalog.ThreadRow) {
	t.Helper()
	must(t, d.Catalog.Items(t.Context(), catalog.Query{Collection: "mail"}, func(it *catalog.Item) error {
		if it.Thread != "" {
			list = append(list, catalog.ThreadRow{Item: it.ID, Thread: it.Thread})
		}
		return nil
	}))
	return list
}

// wave is half a second of silence, with a byte of its own.
func wave(last string) string {
	const rate = 8000
	return "RIFF\xc4\x0f\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\xa0\x0f\x00\x00" +
		string(make([]byte, rate/2-1)) + last
}
