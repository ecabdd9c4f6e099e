package house

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"unseal/archive"
	"unseal/blob"
	"unseal/catalog"
	"unseal/mime/body"
	"unseal/release"
	"unseal/trove"
)

// ErrName says that a name is none, or not of what is asked for.
var ErrName = errors.New("the name does not fit")

// maxMail bounds what is read of one item into memory in order to look into it;
// larger ones are streamed (threats.md: 64 MB a message).
const maxMail = 64 << 20

// WriteBytes writes the exact bytes of an item, or the decoded bytes of a file
// in it, by name, from the desk or archive in dir. It checks their digest: of
// up to 64 MB before the first byte is written, of more (in a desk) while they
// are; the error then matches [blob.ErrDamaged].
func WriteBytes(ctx context.Context, dir, name string, w io.Writer) error {
	item, attachment, err := splitAttachment(name)
	if err != nil {
		return err
	}
	if IsArchive(dir) {
		return archiveBytes(ctx, dir, item, attachment, w)
	}
	d, err := OpenDesk(ctx, dir, ReadOnly)
	if err != nil {
		return err
	}
	defer d.Close()
	it, err := d.Item(ctx, item)
	if err != nil {
		return err
	}
	return d.writeItem(ctx, &it, item, attachment, w)
}

func splitAttachment(name string) (item string, attachment int, err error) {
	item, k, has := strings.Cut(name, "/att/")
	if !has {
		return name, 0, nil
	}
	if _, err := fmt.Sscanf(k, "%d", &attachment); err != nil || fmt.Sprint(attachment) != k || attachment < 1 {
		return "", 0, fmt.Errorf("%q: %w: attachments are counted from 1", name, ErrName)
	}
	return item, attachment, nil
}

// oneItem parses the name of an item with a number.
func oneItem(s string) (trove.Name, error) {
	n, err := trove.ParseName(s)
	if err != nil {
		return n, fmt.Errorf("%w: %w", ErrName, err)
	}
	if n.Number == 0 || n.Last > 0 || n.Batch > 0 {
		return n, fmt.Errorf("%q: %w; write %s/NUMBER", s, ErrName, n.Collection)
	}
	return n, nil
}

// ArchiveItem finds an item in an archive by name. The error matches [ErrName],
// [archive.ErrNotFound] or [archive.ErrNotShown].
func ArchiveItem(a *archive.Archive, name string) (*archive.Collection, *archive.Item, error) {
	n, err := oneItem(name)
	if err != nil {
		return nil, nil, err
	}
	c, err := a.Collection(n.Collection)
	if err != nil {
		return nil, nil, err
	}
	item, err := c.Item(n.Number)
	if err == nil && n.Edition > 0 && n.Edition != item.Row.Edition {
		err = fmt.Errorf("%s: %w: the edition shown is %d", name, archive.ErrNotFound, item.Row.Edition)
	}
	return c, item, err
}

func archiveBytes(ctx context.Context, dir, name string, attachment int, w io.Writer) error {
	a, _, err := OpenArchive(ctx, dir)
	if err != nil {
		return err
	}
	defer a.Close()
	c, item, err := ArchiveItem(a, name)
	if err != nil {
		return err
	}
	raw, err := c.Bytes(item.Record.Number)
	if err != nil {
		return err
	}
	return writePart(raw, &item.Record.Record, name, attachment, w)
}

// writePart writes all of an item's bytes, or one file of it.
func writePart(raw []byte, rec *trove.Record, name string, attachment int, w io.Writer) error {
	if attachment > 0 {
		p, err := file(rec, name, attachment)
		if err != nil {
			return err
		}
		if raw, err = body.DecodePart(raw, p); err != nil {
			return fmt.Errorf("%s/att/%d: %w", name, attachment, err)
		}
	}
	_, err := w.Write(raw)
	return err
}

func file(rec *trove.Record, name string, attachment int) (trove.Part, error) {
	files := rec.Files()
	if attachment > len(files) {
		return trove.Part{}, fmt.Errorf("%s has no attachment %d, it has %d: %w", name, attachment, len(files), catalog.ErrNotFound)
	}
	return files[attachment-1], nil
}

func (d *Desk) writeItem(ctx context.Context, it *catalog.Item, name string, attachment int, w io.Writer) error {
	rec, err := release.Record(it)
	if err != nil {
		return err
	}
	if it.Size > maxMail && it.Span.Rule == trove.Verbatim && (attachment == 0 || isWhole(rec, attachment, it)) {
		return d.stream(ctx, it, w)
	}
	raw, err := d.Bytes(ctx, it)
	if err != nil {
		return err
	}
	return writePart(raw, rec, name, attachment, w)
}

// isWhole reports whether an attachment is the whole item, as of one that is no
// mail.
func isWhole(rec *trove.Record, attachment int, it *catalog.Item) bool {
	files := rec.Files()
	return it.Kind != trove.Mail && attachment <= len(files) && files[attachment-1].SHA256 == it.SHA256
}

// Bytes returns the exact bytes of an item and checks their digest; an item of
// more than 64 MB is [blob.ErrTooLarge].
func (d *Desk) Bytes(ctx context.Context, it *catalog.Item) ([]byte, error) {
	b, err := blob.Read(ctx, d.Blobs, blob.Span(it.Span), 2*maxMail) // quoted it may be longer
	if err != nil {
		return nil, err
	}
	if trove.Sum(b) != it.SHA256 {
		return nil, d.damaged(it)
	}
	return b, nil
}

// stream writes the bytes of an item that lie in its blob as they are.
func (d *Desk) stream(ctx context.Context, it *catalog.Item, w io.Writer) error {
	b, err := d.Blobs.Open(ctx, it.Span.Blob)
	if err != nil {
		return err
	}
	defer b.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), stoppable{ctx, io.NewSectionReader(b, it.Span.Offset, it.Span.Length)})
	if err != nil {
		return err
	}
	if n != it.Size || !bytes.Equal(h.Sum(nil), it.SHA256[:]) {
		return d.damaged(it)
	}
	return nil
}

func (d *Desk) damaged(it *catalog.Item) error {
	return fmt.Errorf("the bytes of item %s in %s are not those taken in: %w", it.SHA256.Short(), it.Collection, blob.ErrDamaged)
}

// stoppable is a reader that ends with ctx.
type stoppable struct {
	ctx context.Context // for the length of one copy
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
