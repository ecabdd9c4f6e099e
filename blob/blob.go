// Package blob keeps bytes under their digest: the files as handed over, and
// what intake makes of them. The invariant: what [Store.Open] gives under a
// digest has that digest, as far as the store was not damaged since; [Check]
// finds that out.
//
// A blob is never changed. Mails are not blobs of their own: a [Span] says
// where an item's exact bytes lie in the blob of the container they came in.
package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"

	"unseal/trove"
)

var (
	// ErrNotFound says that the store has no blob of that digest.
	ErrNotFound = errors.New("no such blob")
	// ErrDamaged says that a blob's bytes are not those of its digest, or end
	// too early. Stop and restore it from the backup or the original.
	ErrDamaged = errors.New("blob is damaged")
	// ErrTooLarge says that a span is longer than the caller allows.
	ErrTooLarge = errors.New("larger than the limit")
)

// Store keeps blobs. It is safe for concurrent use.
type Store interface {
	// Put stores what r holds, to its end. The blob is durable on return. Equal
	// bytes are one blob, however often they are put. After an error nothing
	// is stored, or the whole blob.
	Put(ctx context.Context, r io.Reader) (trove.Digest, int64, error)
	// NewBatch starts putting many small blobs, cheaper than one by one.
	NewBatch() Batch
	// Open opens a blob for reading; the caller closes it. It is cheap for the
	// same blob again and again. The error matches [ErrNotFound] where there is
	// none.
	Open(ctx context.Context, d trove.Digest) (Blob, error)
	// Remove removes a blob; without one the error matches [ErrNotFound].
	// Readers that have it open keep it.
	Remove(ctx context.Context, d trove.Digest) error
	// All lists the digests of all blobs in ascending order; an error ends it.
	All(ctx context.Context) iter.Seq2[trove.Digest, error]
}

// Batch puts many small blobs that become durable together. It is used from
// one goroutine.
type Batch interface {
	// Put hands over one blob, which the batch may keep until Flush: b must not
	// change. The digest is known at once, but the blob is durable only after
	// Flush.
	Put(ctx context.Context, b []byte) (trove.Digest, error)
	// Flush ends the batch. Only if it returns nil is anything put durable,
	// and then everything. It must be called, also after an error of Put.
	Flush() error
}

// Blob is a blob open for reading. Its ReadAt may be called concurrently.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Span says where an item's exact bytes lie: in a blob, Length bytes from
// Offset, quoted under Rule.
type Span struct {
	Blob           trove.Digest
	Offset, Length int64
	Rule           trove.Rule
}

// Read returns the exact bytes of sp, un-quoted. A span longer than limit
// matches [ErrTooLarge], one beyond the blob's end [ErrDamaged]. Read does not
// hash; who needs certainty compares the digest of the item.
func Read(ctx context.Context, s Store, sp Span, limit int64) ([]byte, error) {
	if sp.Length > limit {
		return nil, fmt.Errorf("%d bytes of blob %s: %w of %d bytes", sp.Length, sp.Blob.Short(), ErrTooLarge, limit)
	}
	if sp.Offset < 0 || sp.Length < 0 {
		return nil, fmt.Errorf("blob %s: no such span: %d bytes at %d", sp.Blob.Short(), sp.Length, sp.Offset)
	}
	b, err := s.Open(ctx, sp.Blob)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if sp.Offset > b.Size() || sp.Length > b.Size()-sp.Offset {
		return nil, fmt.Errorf("blob %s has %d bytes, wanted %d at %d: %w", sp.Blob.Short(), b.Size(), sp.Length, sp.Offset, ErrDamaged)
	}
	p := make([]byte, sp.Length)
	if _, err := io.ReadFull(io.NewSectionReader(b, sp.Offset, sp.Length), p); err != nil {
		return nil, fmt.Errorf("read blob %s at %d: %w", sp.Blob.Short(), sp.Offset, err)
	}
	return Unquote(sp.Rule, p), nil
}

// Check reads the whole blob and compares its digest; a difference matches
// [ErrDamaged].
func Check(ctx context.Context, s Store, d trove.Digest) error {
	b, err := s.Open(ctx, d)
	if err != nil {
		return err
	}
	defer b.Close()
	h := sha256.New()
	if err := copyAll(ctx, h, io.NewSectionReader(b, 0, b.Size())); err != nil {
		return fmt.Errorf("read blob %s: %w", d, err)
	}
	if got := trove.Digest(h.Sum(nil)); got != d {
		return fmt.Errorf("blob %s: %w: its bytes have digest %s", d, ErrDamaged, got)
	}
	return nil
}

// copyAll is io.Copy that can be cancelled.
func copyAll(ctx context.Context, w io.Writer, r io.Reader) error {
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		if _, e := w.Write(buf[:n]); e != nil {
			return e
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
