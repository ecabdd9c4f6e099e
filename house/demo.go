package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"unseal/archive"
	"unseal/catalog"
	"unseal/demo"
	"unseal/durable"
	"unseal/intake"
	"unseal/reading"
	"unseal/redact"
	"unseal/release"
	"unseal/trove"
)

// Demo says what the demonstration made.
type Demo struct {
	Dir         string
	Desk        string
	Archive     string
	Collection  trove.CollectionName
	LogKey      string
	Items       int
	Occurrences int
	Threads     int
	States      map[trove.State]int
	Verdicts    map[trove.Verdict]int
	Redacted    []int // numbers
	Batches     []archive.BatchInfo
	LogSize     int64
	Root        trove.Digest
}

// demoTime is when the demonstration says that it was taken in and published,
// so that two runs give equal bytes.
var demoTime = time.Date(2019, time.September, 12, 9, 0, 0, 0, time.UTC)

const demoCollection = "harbour"

// RunDemo makes the fictional trove in dir, which must be empty or absent, and
// runs the whole main job on it: a desk, intake, commitment, a withheld item, a
// redaction, two batches, the archive, and its verification. say is told each step. Its
// keys and secrets are public: it shows how things work and proves nothing.
func RunDemo(ctx context.Context, dir string, say func(format string, args ...any)) (*Demo, error) {
	if err := emptyDir(dir); err != nil {
		return nil, err
	}
	d := &Demo{Dir: dir, Desk: filepath.Join(dir, "desk"), Archive: filepath.Join(dir, "archive"), Collection: demoCollection}
	say("The trove: three fictional mailboxes, voicemails, a chain of messages and papers, in %s", filepath.Join(dir, "trove"))
	if err := demo.Write(filepath.Join(dir, "trove")); err != nil {
		return nil, err
	}
	desk, err := d.openDesk(ctx)
	if err != nil {
		return nil, err
	}
	defer desk.Close()
	if err := d.ingest(ctx, desk, say); err != nil {
		return nil, err
	}
	if err := d.publish(ctx, desk, say); err != nil {
		return nil, err
	}
	if err := d.count(ctx, desk); err != nil {
		return nil, err
	}
	return d, d.verify(ctx, desk, say)
}

func (d *Demo) openDesk(ctx context.Context) (*Desk, error) {
	seed := demo.LogSeed
	c, keys, err := InitDesk(ctx, d.Desk, InitOptions{Name: "Varnmouth harbour papers", Origin: demo.Origin, Seed: seed[:]})
	if err != nil {
		return nil, err
	}
	d.LogKey = keys.Log[0].Key
	desk, err := OpenDesk(ctx, d.Desk, ReadWrite)
	if err != nil {
		return nil, err
	}
	desk.Config = c
	desk.Config.Intake.Languages = []string{"en", "fr", "ar"}
	desk.secret = (*catalog.Secret)(&demo.Secret)
	if os.Getenv("SOURCE_DATE_EPOCH") == "" {
		desk.Now = func() time.Time { return demoTime }
	}
	return desk, durable.WriteFile(desk.Files, senderKeysFile, demo.Keys())
}

func (d *Demo) ingest(ctx context.Context, desk *Desk, say func(string, ...any)) error {
	for _, del := range demo.Deliveries() {
		sum, err := desk.Ingest(ctx, IngestOptions{Paths: []string{filepath.Join(d.Dir, "trove", del.Path)}, Collection: demoCollection,
			Owner: del.Owner, Progress: func(intake.Progress) {}})
		if err != nil {
			return err
		}
		say("Taken in: %s, %d items, %d of them new", del.Path, sum.Items, sum.New)
	}
	coll, err := desk.Collection(ctx, demoCollection)
	if err != nil {
		return err
	}
	coll.Title = "Harbour papers"
	coll.Series = "The Varnmouth harbour project"
	coll.Description = "Mails, voicemails, messages and papers around the harbour of Varnmouth, a town that does not exist. Made for the demonstration of Unseal."
	return desk.Catalog.PutCollection(ctx, coll)
}

func (d *Demo) publish(ctx context.Context, desk *Desk, say func(string, ...any)) error {
	r := desk.Release()
	k, err := r.Commit(ctx, demoCollection)
	if err != nil {
		return err
	}
	say("Committed: %d items, root %s", k.Count, k.Root)
	kept, err := d.withhold(ctx, desk, r)
	if err != nil {
		return err
	}
	say("Withheld: no. %d, reason privacy", kept)
	if err := d.redact(ctx, r, say); err != nil {
		return err
	}
	if err := d.silence(ctx, desk, r, say); err != nil {
		return err
	}
	batches, err := desk.Catalog.PlanBatches(ctx, demoCollection, (k.Count+1)/2)
	if err != nil {
		return err
	}
	for _, b := range batches {
		name := trove.Name{Collection: demoCollection, Batch: b.Number}
		done, err := desk.Publish(ctx, r, []trove.Name{name}, d.Archive, false)
		if err != nil {
			return err
		}
		say("Published: batch %d, %d items, log of %d entries, root %s", b.Number, b.Items, done.LogSize, done.Root)
	}
	return nil
}

// withhold keeps back one item that speaks of somebody's family.
func (d *Demo) withhold(ctx context.Context, desk *Desk, r *release.Desk) (int, error) {
	id, err := demo.WithheldID()
	if err != nil {
		return 0, err
	}
	number := 0
	err = desk.Catalog.Items(ctx, catalog.Query{Collection: demoCollection, States: []trove.State{trove.Committed}}, func(it *catalog.Item) error {
		if it.MessageID == id {
			number = it.Number
		}
		return nil
	})
	if err == nil && number == 0 {
		err = errors.New("the demonstration's trove has lost the mail that is withheld")
	}
	if err != nil {
		return 0, err
	}
	return number, r.Withhold(ctx, demoCollection, number, number, "privacy", catalog.Author{Who: "demonstration", Why: "it speaks of somebody's family"})
}

// redact hides somebody's number wherever it stands.
func (d *Demo) redact(ctx context.Context, r *release.Desk, say func(string, ...any)) error {
	h := release.Hide{Collection: demoCollection, Select: redact.Selection{Words: []string{demo.Private}}, Reason: "privacy",
		By: catalog.Author{Who: "demonstration", Why: "somebody's number at home"}}
	found, err := r.Look(ctx, h)
	if err != nil {
		return err
	}
	if len(found.Items) == 0 {
		return errors.New("the demonstration's trove has lost the number that is redacted")
	}
	for _, x := range found.Items {
		d.Redacted = append(d.Redacted, x.Name.Number)
	}
	say("Redacted: no. %d, reason privacy", d.Redacted)
	return r.Redact(ctx, h, found)
}

// silence hides the same number where it is spoken.
func (d *Demo) silence(ctx context.Context, desk *Desk, r *release.Desk, say func(string, ...any)) error {
	sound := demo.PrivateSound
	number, err := d.handedOver(ctx, desk, sound.Name)
	if err != nil {
		return err
	}
	h := release.Hide{Collection: demoCollection, From: number, To: number, Seconds: []reading.Span{{From: sound.From, To: sound.To}}, Reason: "privacy",
		By: catalog.Author{Who: "demonstration", Why: "the same number, spoken"}}
	found, err := r.Look(ctx, h)
	if err != nil {
		return err
	}
	d.Redacted = append(d.Redacted, number)
	say("Redacted: no. %d, seconds %g to %g, reason privacy", number, sound.From, sound.To)
	return r.Redact(ctx, h, found)
}

// handedOver is the number of the item that lay in the trove under that name.
func (d *Demo) handedOver(ctx context.Context, desk *Desk, name string) (int, error) {
	var id catalog.ItemID
	err := desk.Catalog.Occurrences(ctx, demoCollection, 0, func(item catalog.ItemID, o *trove.Occurrence) error {
		if path.Base(o.Path) == name {
			id = item
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	it, err := catalog.One(ctx, desk.Catalog, catalog.Query{Collection: demoCollection, ID: id, NoRecord: true})
	if err == nil && id == 0 {
		err = fmt.Errorf("the demonstration's trove has lost %s", name)
	}
	return it.Number, err
}

// count adds up what the summary tells.
func (d *Demo) count(ctx context.Context, desk *Desk) error {
	d.States, d.Verdicts = map[trove.State]int{}, map[trove.Verdict]int{}
	threads := map[string]bool{}
	err := desk.Catalog.Items(ctx, catalog.Query{Collection: demoCollection}, func(it *catalog.Item) error {
		rec, err := release.Record(it)
		if err != nil {
			return err
		}
		d.Items++
		d.States[it.State]++
		if slices.Contains(d.Redacted, it.Number) {
			rec.Verdict = trove.Redacted
		}
		d.Verdicts[rec.Verdict]++
		if it.Thread != "" {
			threads[it.Thread] = true
		}
		return nil
	})
	d.Threads = len(threads)
	if err != nil {
		return err
	}
	return desk.Catalog.Occurrences(ctx, demoCollection, 0, func(catalog.ItemID, *trove.Occurrence) error {
		d.Occurrences++
		return nil
	})
}

// verify checks the archive as anyone can.
func (d *Demo) verify(ctx context.Context, desk *Desk, say func(string, ...any)) error {
	rep, err := VerifyArchive(ctx, d.Archive, VerifyOptions{LogKey: d.LogKey})
	if err != nil {
		return err
	}
	if len(rep.Findings) > 0 {
		return fmt.Errorf("the demonstration's archive does not verify: %s: %s", rep.Findings[0].Path, rep.Findings[0].What)
	}
	say("Verified: %d items in %d files agree with the log (DEMO KEY)", rep.Items, rep.Files)
	d.LogSize, d.Root = rep.Checkpoint.Size, rep.Checkpoint.Root
	a, _, err := OpenArchive(ctx, d.Archive)
	if err != nil {
		return err
	}
	defer a.Close()
	c, err := a.Collection(demoCollection)
	if err != nil {
		return err
	}
	d.Batches, err = c.Batches()
	return err
}
