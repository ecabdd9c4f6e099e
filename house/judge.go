package house

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"unseal/catalog"
	"unseal/evidence"
	"unseal/release"
	"unseal/trove"
)

// JudgeReport says what judging again came to.
type JudgeReport struct {
	Judged    int                   `json:"judged"`
	Changed   int                   `json:"changed"`
	Published int                   `json:"published"` // not looked at: what is out stays as it was said
	Failed    int                   `json:"failed"`    // their bytes could not be read
	Verdicts  map[trove.Verdict]int `json:"verdicts"`  // of those judged, as they stand now
}

// Judged is one mail whose signatures are seen otherwise now.
type Judged struct {
	Item       string                 `json:"name"`
	Before     trove.Verdict          `json:"before"`
	Verdict    trove.Verdict          `json:"verdict"`
	Signatures []trove.Signature      `json:"signatures"`
	Others     []trove.OtherSignature `json:"other_signatures,omitempty"`
	Err        error                  `json:"-"` // why it could not be judged; the rest is then as before
}

// JudgeOptions say what is judged again.
type JudgeOptions struct {
	Collection string // empty: all
	DryRun     bool   // change nothing
	Changed    func(Judged) error
	Progress   func(done, total int64)
}

// judgeChunk is how many changed records become durable at once.
const judgeChunk = 1000

// Judge examines the mails that are taken in and not published again, with
// today's keys, and records what changed. It can be stopped: what was recorded
// stays, and the next run goes on with the rest.
func (d *Desk) Judge(ctx context.Context, o JudgeOptions) (JudgeReport, error) {
	rep := JudgeReport{Verdicts: map[trove.Verdict]int{}}
	if !o.DryRun {
		if err := d.Release().Settle(ctx); err != nil {
			return rep, err
		}
	}
	keys, err := d.AllKeys()
	if err != nil {
		return rep, err
	}
	known, err := readPeople(filepath.Join(d.Dir, peopleDir))
	if err != nil {
		return rep, err
	}
	names, err := d.namesOf(ctx, o.Collection)
	if err != nil {
		return rep, err
	}
	var total int64
	for _, n := range names {
		counts, err := d.Catalog.Count(ctx, n)
		if err != nil {
			return rep, err
		}
		for _, n := range counts {
			total += int64(n)
		}
	}
	j := judge{Desk: d, o: o, keys: keys, people: known, rep: &rep, total: total}
	for _, n := range names {
		err := j.collection(ctx, n)
		if err == nil && !o.DryRun {
			err = d.TellTimes(ctx, n)
		}
		if err != nil {
			return rep, fmt.Errorf("judge %s: %w", n, err)
		}
	}
	return rep, nil
}

// namesOf are the names of one collection, or of all.
func (d *Desk) namesOf(ctx context.Context, one string) ([]trove.CollectionName, error) {
	if one != "" {
		c, err := d.Collection(ctx, one)
		return []trove.CollectionName{c.Name}, err
	}
	all, err := d.Catalog.Collections(ctx)
	names := make([]trove.CollectionName, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	return names, err
}

type judge struct {
	*Desk
	o           JudgeOptions
	keys        *evidence.Keys
	people      *peopleKeys
	rep         *JudgeReport
	seen, total int64
	rows        []catalog.RecordRow
}

func (j *judge) collection(ctx context.Context, name trove.CollectionName) error {
	err := j.Catalog.Items(ctx, catalog.Query{Collection: name}, func(it *catalog.Item) error {
		j.seen++
		j.o.Progress(j.seen, j.total)
		switch {
		case it.State == trove.Published || it.State == trove.Tombstone:
			j.rep.Published++
		case it.Kind == trove.Mail && it.State != trove.Excluded:
			if err := j.item(ctx, it); err != nil {
				return err
			}
		}
		if len(j.rows) >= judgeChunk {
			return j.record(ctx, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return j.record(ctx, name)
}

// record makes what changed so far durable.
func (j *judge) record(ctx context.Context, name trove.CollectionName) error {
	if len(j.rows) == 0 || j.o.DryRun {
		return nil
	}
	err := j.Catalog.ReplaceRecords(ctx, name, j.rows, catalog.Author{Who: Who(), Why: "judged with the keys of today"})
	j.rows = nil
	return err
}

func (j *judge) item(ctx context.Context, it *catalog.Item) error {
	rec, err := release.Record(it)
	if err != nil {
		return err
	}
	if rec.Unreadable != "" {
		return nil
	}
	out := Judged{Item: ItemName(it), Before: rec.Verdict}
	raw, err := j.Bytes(ctx, it)
	if err != nil && ctx.Err() == nil {
		j.rep.Failed++
		out.Err = err
		return j.o.Changed(out)
	}
	if err != nil {
		return err
	}
	before := *rec
	before.Warnings = slices.Clone(rec.Warnings)
	evidence.Examine(raw, j.keys, j.Now()).Fill(rec)
	j.people.fill(rec, raw)
	j.rep.Judged++
	j.rep.Verdicts[rec.Verdict]++
	if reflect.DeepEqual(&before, rec) {
		return nil
	}
	j.rep.Changed++
	b, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	j.rows = append(j.rows, catalog.RecordRow{Item: it.ID, Record: b})
	out.Verdict, out.Signatures, out.Others = rec.Verdict, rec.Signatures, rec.Others
	return j.o.Changed(out)
}

// Verdicts counts a collection's mails by verdict, and those not published that
// could not be checked when they were judged and can be with today's keys.
func (d *Desk) Verdicts(ctx context.Context, name trove.CollectionName) (counts map[trove.Verdict]int, waiting int, err error) {
	counts = map[trove.Verdict]int{}
	keys, err := d.AllKeys()
	if err != nil {
		return nil, 0, err
	}
	err = d.Catalog.Items(ctx, catalog.Query{Collection: name}, func(it *catalog.Item) error {
		var r struct {
			Verdict    trove.Verdict
			Signatures []trove.Signature
		}
		if it.Kind != trove.Mail || it.State == trove.Excluded {
			return nil
		}
		if err := json.Unmarshal(it.Record, &r); err != nil {
			return fmt.Errorf("the catalog's record of item %s: %w", ItemName(it), err)
		}
		counts[r.Verdict]++
		open := it.State != trove.Published && it.State != trove.Tombstone
		if open && slices.ContainsFunc(r.Signatures, func(s trove.Signature) bool { return hasKeyNow(s, keys) }) {
			waiting++
		}
		return nil
	})
	return counts, waiting, err
}

// hasKeyNow reports whether a signature was not checked for want of a key that
// is there now. One recovered from signatures settles nothing.
func hasKeyNow(s trove.Signature, keys *evidence.Keys) bool {
	if s.Result != string(evidence.NoKey) || strings.HasPrefix(s.Cause, string(evidence.KeyRecovered)) {
		return false
	}
	return slices.ContainsFunc(keys.Lookup(s.Domain, s.Selector, time.Time{}), func(k *evidence.Key) bool {
		return k.Bits() > 0 && !k.Recovered()
	})
}

// hasKey reports whether a usable key of this name is known, recovered or not.
func hasKey(domain, selector string, keys *evidence.Keys) bool {
	return slices.ContainsFunc(keys.Lookup(domain, selector, time.Time{}), func(k *evidence.Key) bool { return k.Bits() > 0 })
}
