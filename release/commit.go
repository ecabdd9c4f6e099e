package release

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"unseal/blob"
	"unseal/catalog"
	"unseal/proof"
	"unseal/trove"
)

// ErrNothing says that a collection has no items to commit to.
var ErrNothing = errors.New("there are no items")

// ErrTooLarge says that an item has more bytes than can be committed to and
// published. Take it out before the commit.
var ErrTooLarge = errors.New("larger than what can be published")

// maxItem bounds one item: its bytes are held in memory while it is committed
// to and packed, and an archive's member is no larger.
const maxItem = 1 << 30

// maxAtOnce bounds the bytes of the items that are worked on side by side. One
// larger item has it to itself.
const maxAtOnce = 256 << 20

// Committed says what a commitment fixed.
type Committed struct {
	Collection trove.CollectionName
	K          int
	First      int
	Count      int
	Unreadable int
	Root       trove.Digest
	LogSize    int64
	Before     bool // it was made by an earlier call; nothing is new since
}

// Commit fixes the numbers of all items of a collection that have none, in
// order of date, and puts the commitment to them into the desk's log. Nothing
// becomes public by it. It may be called again: after a stop it finishes what
// was begun; without new items it returns the newest commitment, or
// [ErrNothing] where there is none. An item that could never be published is
// [ErrTooLarge], before anything is fixed. Durable on return.
func (r *Desk) Commit(ctx context.Context, name trove.CollectionName) (Committed, error) {
	if err := r.Settle(ctx); err != nil {
		return Committed{}, err
	}
	coll, err := r.withSecret(ctx, name)
	if err != nil {
		return Committed{}, err
	}
	list, unreadable, err := r.candidates(ctx, &coll)
	if err != nil {
		return Committed{}, err
	}
	if len(list) == 0 {
		return r.committed(ctx, name)
	}
	if err := r.takenIn(ctx, name); err != nil {
		return Committed{}, err
	}
	c, err := r.nextCommitment(ctx, name, len(list))
	if err != nil {
		return Committed{}, err
	}
	leaves, openings, err := r.commitItems(ctx, &coll, c.First, list)
	if err != nil {
		return Committed{}, err
	}
	if c.Root, _, err = r.log.WriteCommitment(ctx, name, c.K, slices.Values(leaves)); err != nil {
		return Committed{}, fmt.Errorf("keep the commitment to %s: %w", name, err)
	}
	if err := r.Catalog.Commit(ctx, c, openings); err != nil {
		return Committed{}, fmt.Errorf("commit %s: %w", name, err)
	}
	if err := r.Settle(ctx); err != nil {
		return Committed{}, err
	}
	return Committed{Collection: name, K: c.K, First: c.First, Count: c.Count, Unreadable: unreadable, Root: c.Root, LogSize: c.LogSize}, nil
}

// committed is the newest commitment, when there is nothing new to commit to.
func (r *Desk) committed(ctx context.Context, name trove.CollectionName) (Committed, error) {
	list, err := r.Catalog.Commitments(ctx, name)
	if err != nil {
		return Committed{}, err
	}
	if len(list) == 0 {
		return Committed{}, fmt.Errorf("commit %s: %w", name, ErrNothing)
	}
	k := list[len(list)-1]
	return Committed{Collection: name, K: k.K, First: k.First, Count: k.Count, Root: k.Root, LogSize: k.LogSize, Before: true}, nil
}

// ErrUnfinished says that the intake of a trove was stopped: what is missing of
// it would need a commitment of its own, and threads are not joined yet.
// Finish it, or take it out.
var ErrUnfinished = errors.New("a trove is only half taken in")

// takenIn refuses a collection with a trove whose intake did not end.
func (r *Desk) takenIn(ctx context.Context, name trove.CollectionName) error {
	troves, err := r.Catalog.Troves(ctx, name)
	if err != nil {
		return err
	}
	for _, t := range troves {
		if !t.Done && t.Excluded == "" {
			return fmt.Errorf("commit %s: %s: %w", name, t.Path, ErrUnfinished)
		}
	}
	return nil
}

// withSecret gives the collection its secret at its first commit.
func (r *Desk) withSecret(ctx context.Context, name trove.CollectionName) (catalog.Collection, error) {
	coll, err := r.Catalog.Collection(ctx, name)
	if err != nil || coll.Secret != (catalog.Secret{}) {
		return coll, err
	}
	coll.Secret = r.NewSecret(name)
	return coll, r.Catalog.PutCollection(ctx, coll)
}

// candidates lists the items that have no number yet in the order of their
// numbers to come, and counts the unreadable ones among them.
func (r *Desk) candidates(ctx context.Context, coll *catalog.Collection) ([]candidate, int, error) {
	var list []candidate
	unreadable := 0
	q := catalog.Query{Collection: coll.Name, States: []trove.State{trove.In, trove.Unreadable}, NoRecord: true}
	err := r.Catalog.Items(ctx, q, func(it *catalog.Item) error {
		if it.Number > 0 {
			return nil
		}
		if it.Size > maxItem || it.Span.Length > maxItem {
			return fmt.Errorf("item %s/sha256:%s of %d bytes: %w (%d bytes)", it.Collection, it.SHA256.String()[:16], it.Size, ErrTooLarge, maxItem)
		}
		if it.State == trove.Unreadable {
			unreadable++
		}
		list = append(list, candidate{date: it.SortDate, tie: tie(coll.Secret, it.SHA256), item: *it})
		return nil
	})
	order(list)
	return list, unreadable, err
}

func (r *Desk) nextCommitment(ctx context.Context, name trove.CollectionName, n int) (catalog.Commitment, error) {
	earlier, err := r.Catalog.Commitments(ctx, name)
	if err != nil {
		return catalog.Commitment{}, err
	}
	c := catalog.Commitment{Collection: name, K: len(earlier) + 1, First: 1, Count: n, LogSize: r.log.State().Size + 1, Time: r.Now().Truncate(time.Second)}
	if len(earlier) > 0 {
		last := earlier[len(earlier)-1]
		c.First = last.First + last.Count
	}
	return c, nil
}

// commitItems makes the commitments of the items side by side.
func (r *Desk) commitItems(ctx context.Context, coll *catalog.Collection, first int, list []candidate) ([]trove.Digest, []catalog.Numbered, error) {
	leaves := make([]trove.Digest, len(list))
	openings := make([]catalog.Numbered, len(list))
	todo := make(chan int)
	memory := semaphore.NewWeighted(maxAtOnce)
	g, ctx := errgroup.WithContext(ctx)
	for range r.jobs() {
		g.Go(func() error {
			for i := range todo {
				need := min(list[i].item.Size, maxAtOnce)
				if err := memory.Acquire(ctx, need); err != nil {
					return err
				}
				leaf, o, err := r.commitItem(ctx, coll, first+i, &list[i].item)
				memory.Release(need)
				if err != nil {
					return err
				}
				leaves[i] = leaf
				openings[i] = catalog.Numbered{Item: list[i].item.ID, Opening: catalog.Opening{Root: o.Root, Segments: o.Segments}}
			}
			return nil
		})
	}
	g.Go(func() error {
		defer close(todo)
		for i := range list {
			select {
			case todo <- i:
				r.progress("committing", int64(i+1), int64(len(list)))
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return leaves, openings, g.Wait()
}

func (r *Desk) commitItem(ctx context.Context, coll *catalog.Collection, number int, it *catalog.Item) (trove.Digest, proof.Opening, error) {
	b, err := r.exactBytes(ctx, it)
	if err != nil {
		return trove.Digest{}, proof.Opening{}, err
	}
	leaf, o := proof.Commit(r.place(coll.Name, number, it.Kind), proof.Secret(coll.Secret).Item(coll.Name, number), b)
	return leaf, o, nil
}

// exactBytes reads the bytes of an item and makes sure that they are the ones
// taken in: a commitment to damaged bytes could never be taken back.
func (r *Desk) exactBytes(ctx context.Context, it *catalog.Item) ([]byte, error) {
	b, err := blob.Read(ctx, r.Blobs, blob.Span(it.Span), maxItem)
	if err != nil {
		return nil, fmt.Errorf("item %s of %s: %w", it.SHA256.Short(), it.Collection, err)
	}
	if trove.Sum(b) != it.SHA256 {
		return nil, fmt.Errorf("item %s of %s: %w; run: unseal fsck", it.SHA256.Short(), it.Collection, blob.ErrDamaged)
	}
	return b, nil
}

func (r *Desk) place(c trove.CollectionName, number int, k trove.Kind) proof.Context {
	return proof.Context{Origin: r.Origin, Collection: c, Number: number, Kind: k}
}

func (r *Desk) jobs() int {
	if r.Jobs > 0 {
		return r.Jobs
	}
	return runtime.NumCPU()
}

func (r *Desk) progress(what string, done, total int64) {
	if r.Progress != nil {
		r.Progress(what, done, total)
	}
}
