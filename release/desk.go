package release

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/durable"
	"unseal/intake/reader"
	"unseal/proof"
	"unseal/search"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// Desk is what releasing needs of a desk. All fields but Keys, Addresses,
// Checker, SenderKeys, Jobs and Progress are required. It is used by one process and one goroutine at a time.
type Desk struct {
	Catalog   catalog.Catalog
	Blobs     blob.Store
	Files     durable.FS // the desk's folder; the folders named below in it are ours
	LogFiles  durable.FS // a folder for the log and the commitments
	Name      string     // of the archive, for people
	Origin    string     // of the log
	LogKey    string     // the public half of Signer; any key that the log had or has
	Signer    note.Signer
	Keys      Keyring
	Addresses []string // where the archive is served
	Checker   []byte   // the page verify.html of the archive; empty for none
	Now       func() time.Time
	NewSecret func(trove.CollectionName) catalog.Secret
	// Segment writes the search segment of documents in order of their numbers.
	Segment func(w io.Writer, docs iter.Seq2[*search.Doc, error]) error
	// Read reads content, which is an item or what is left of it, in one stage,
	// as intake does, without judging signatures; or answers reader.Pieces. The
	// request has Stage, Kind, Reading and Silenced; the rest is for Read to add.
	// It reads foreign files where they can do no harm. An error ends what was
	// asked of the desk; what cannot be read is a failed result.
	Read func(ctx context.Context, it *catalog.Item, req reader.Request, content []byte) (reader.Result, error)
	// Beside lists the items of a collection that lie beside one that is not
	// shown as it is, so that intake may have read its words or pictures with
	// them: true where one is not shown at all, false where all are redacted;
	// see intake.BesideHidden. nil for none.
	Beside func(ctx context.Context, c trove.CollectionName) (map[catalog.ItemID]bool, error)
	// SenderKeys lists the DKIM keys with which the desk judges mails; nil for none.
	SenderKeys func() ([]archive.SenderKey, error)

	Jobs     int // items worked on side by side; 0 is one a processor
	Progress func(what string, done, total int64)

	log       *archive.Writer               // over LogFiles; opened when first used
	origins   map[catalog.ItemID]provenance // of the collection originsOf, for one publish
	originsOf trove.CollectionName
	signers   map[trove.Name]signersOf // of batches that were looked at
}

// Folders of a desk that this room keeps.
const (
	BatchesDir  = "batches"
	ToldDir     = "told"
	NoticesDir  = "notices"
	RequestsDir = "requests" // for signatures of release keys that are elsewhere
)

// openLog opens the desk's log; a new one begins with its genesis entry, which
// is not signed before the first commitment.
func (r *Desk) openLog() (*archive.Writer, error) {
	if r.log != nil {
		return r.log, nil
	}
	l, err := archive.NewLog(r.LogFiles, r.Signer)
	if err != nil {
		return nil, fmt.Errorf("open the desk's log: %w", err)
	}
	r.addKeys(l)
	if l.State().Size == 0 {
		begin, err := r.genesis()
		if err == nil {
			err = l.Append(begin)
		}
		if err != nil {
			return nil, fmt.Errorf("begin the log: %w", err)
		}
	}
	r.log = l
	return l, r.knowBatches(l)
}

// knowBatches tells the log of the batches that were assembled here.
func (r *Desk) knowBatches(l *archive.Writer) error {
	for _, c := range l.State().Collections() {
		for _, b := range c.Batches {
			if _, ok := l.Batch(b.Manifest); ok {
				continue
			}
			info, err := r.readBatchInfo(c.Name, b.Batch.Batch, b.Edition)
			if err != nil {
				return err
			}
			l.Know(info)
		}
	}
	return nil
}

// Settle brings the log in line with the catalog after a stop between the two:
// what the catalog has fixed is now said, and what the log has said of a batch
// is recorded, so that an item that the log says is published is published in
// the catalog too. It may be called again. Durable on return.
func (r *Desk) Settle(ctx context.Context) error {
	l, err := r.openLog()
	if err != nil {
		return err
	}
	all, err := r.Catalog.Collections(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if err := r.settleCommitments(ctx, l, &all[i]); err != nil {
			return fmt.Errorf("log the commitment to %s: %w", all[i].Name, err)
		}
		if err := r.settleBatches(ctx, l, all[i].Name); err != nil {
			return fmt.Errorf("record the batches of %s: %w", all[i].Name, err)
		}
	}
	return nil
}

func (r *Desk) settleCommitments(ctx context.Context, l *archive.Writer, c *catalog.Collection) error {
	list, err := r.Catalog.Commitments(ctx, c.Name)
	if err != nil {
		return err
	}
	logged := 0
	if lc := l.State().Collection(c.Name); lc != nil {
		logged = len(lc.Commitments)
	}
	for _, k := range list[min(logged, len(list)):] {
		e, err := r.commitmentEntry(ctx, c, k, list)
		if err != nil {
			return err
		}
		if err := l.Append(e); err != nil {
			return err
		}
		if err := r.tell(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// commitmentEntry is what the log says of a commitment.
func (r *Desk) commitmentEntry(ctx context.Context, c *catalog.Collection, k catalog.Commitment, all []catalog.Commitment) (proof.Commitment, error) {
	var files []trove.Digest
	err := r.Catalog.Files(ctx, c.Name, func(f *catalog.File) error {
		files = append(files, f.SHA256)
		return nil
	})
	e := proof.Commitment{Collection: c.Name, K: k.K, First: k.First, Count: k.Count, Root: k.Root, Rule: proof.WordsRule, Time: k.Time,
		Inventory: proof.Secret(c.Secret).Inventory(c.Name, k.K, files)}
	if k.K > 1 {
		e.Previous = all[k.K-2].Root
	}
	return e, err
}

func (r *Desk) settleBatches(ctx context.Context, l *archive.Writer, name trove.CollectionName) error {
	lc := l.State().Collection(name)
	if lc == nil {
		return nil
	}
	planned, err := r.Catalog.Batches(ctx, name)
	if err != nil {
		return err
	}
	for _, b := range planned {
		for _, logged := range lc.Batches {
			if logged.Batch.Batch != b.Number || logged.Edition <= b.Edition {
				continue
			}
			if err := r.markPublished(ctx, l, name, logged); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Desk) markPublished(ctx context.Context, l *archive.Writer, name trove.CollectionName, b translog.LoggedBatch) error {
	info, ok := l.Batch(b.Manifest)
	if !ok {
		return fmt.Errorf("batch %d of %s is in the log, and nothing else is known of it", b.Batch.Batch, name)
	}
	return r.Catalog.MarkPublished(ctx, catalog.Batch{Collection: name, Number: b.Batch.Batch, Edition: b.Edition, Published: info.Published,
		Manifest: b.Manifest, LogSize: b.Index + 1})
}

// leaves reads the item commitments of a logged commitment and checks them
// against its root.
func (r *Desk) leaves(name trove.CollectionName, k proof.Commitment) ([]trove.Digest, error) {
	leaves := make([]trove.Digest, 0, k.Count)
	dir := archive.CommitmentDir(name, k.K)
	for _, t := range tiles.Of(int64(k.Count), 0) {
		b, err := fs.ReadFile(r.LogFiles, dir+"/"+t.Path())
		if err != nil {
			return nil, fmt.Errorf("read commitment %d of %s: %w", k.K, name, err)
		}
		hashes, err := t.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("read commitment %d of %s: %s: %w", k.K, name, t.Path(), err)
		}
		leaves = append(leaves, hashes...)
	}
	if tiles.RootOf(leaves) != k.Root {
		return nil, fmt.Errorf("commitment %d of %s is damaged; restore the desk from a backup", k.K, name)
	}
	return leaves, nil
}
