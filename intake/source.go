package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/container"
	"unseal/intake/mbox"
	"unseal/intake/worker"
	"unseal/trove"
)

// Limits of a file as handed over. Inside items, mime's stricter ones hold.
const (
	maxEntries = 10_000_000
	maxRatio   = 200       // unpacked bytes for each byte handed over
	minUnpack  = 100 << 20 // allowed whatever the ratio
	maxDepth   = 8         // containers inside containers
)

const (
	smallFile = 1 << 20 // up to here a file is held in memory
	lotFiles  = 256     // small files looked up in the catalog together
	lotBytes  = 4 << 20
)

// source reads the files of one trove and gives what it finds to the line, in
// an order that depends on the material alone. It runs in one goroutine.
type source struct {
	run   *run
	trove catalog.Trove
	place place
	line  *line

	lot      []small
	lotBytes int

	ownerPath, lastOwner string // of the last candidate, as most share it with the one before
}

// small is a file held in memory until its lot is full.
type small struct {
	file catalog.File
	b    []byte
}

// handed is one file as handed over, while it is being taken in.
type handed struct {
	catalog.File
	count    int64 // candidates so far; those up to Progress are durable already
	mails    int
	unpacked int64 // bytes that may still come out of containers
	entries  int
	warnings []trove.Warning
	advanced int64 // bytes already reported as progress
}

// content is the bytes of a file or member.
type content struct {
	r      io.ReaderAt
	size   int64
	mem    []byte // all of it, if it is small; else nil
	sha    trove.Digest
	stored bool // it is in the blob store, or on its way there
}

func inMemory(b []byte) *content {
	return &content{r: bytes.NewReader(b), size: int64(len(b)), mem: b, sha: trove.Sum(b)}
}

func (c *content) head() ([]byte, error) {
	if c.mem != nil {
		return c.mem[:min(len(c.mem), headSize)], nil
	}
	b := make([]byte, min(c.size, headSize))
	_, err := io.ReadFull(io.NewSectionReader(c.r, 0, c.size), b)
	return b, err
}

// read takes the whole trove in.
func (s *source) read(ctx context.Context) error {
	err := s.place.walk(func(root *os.Root, f found) error { return s.found(ctx, root, f) }, s.odd)
	if err != nil {
		return err
	}
	return s.endLot(ctx)
}

// odd records what the walk met that is no regular file, or could not be listed.
func (s *source) odd(path string, mode fs.FileMode, err error) {
	switch {
	case err != nil:
		s.run.fail(path, err)
	case mode&fs.ModeSymlink != 0:
		s.run.sum.Links = append(s.run.sum.Links, path)
	default:
		s.run.fail(path, errors.New("not a regular file"))
	}
}

func (s *source) found(ctx context.Context, root *os.Root, f found) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.run.sum.Files++
	file, err := root.Open(f.name)
	if err != nil {
		s.run.fail(s.onDisk(f), err)
		return nil
	}
	defer file.Close()
	if f.size > smallFile {
		return s.large(ctx, file, f)
	}
	b, err := io.ReadAll(io.LimitReader(file, smallFile+1))
	switch {
	case err != nil:
		s.run.fail(s.onDisk(f), err)
		return nil
	case len(b) > smallFile: // it grew
		return s.large(ctx, file, f)
	}
	s.lot = append(s.lot, small{s.newFile(f, trove.Sum(b), int64(len(b))), b})
	s.lotBytes += len(b)
	if len(s.lot) == lotFiles || s.lotBytes >= lotBytes {
		return s.endLot(ctx)
	}
	return nil
}

func (s *source) onDisk(f found) string {
	if s.place.folder {
		return filepath.Join(s.place.real, f.name)
	}
	return s.place.real
}

func (s *source) newFile(f found, sha trove.Digest, size int64) catalog.File {
	return catalog.File{Trove: s.trove.ID, Path: f.path, SHA256: sha, Size: size}
}

// endLot takes in the small files held.
func (s *source) endLot(ctx context.Context) error {
	lot := s.lot
	s.lot, s.lotBytes = nil, 0
	if len(lot) == 0 {
		return nil
	}
	files := make([]catalog.File, len(lot))
	for i := range lot {
		files[i] = lot[i].file
	}
	files, err := s.run.o.Catalog.BeginFiles(ctx, s.trove.ID, files)
	if err != nil {
		return err
	}
	for i, f := range files {
		if f.Done {
			s.finished(f)
			continue
		}
		if err := s.file(ctx, f, inMemory(lot[i].b)); err != nil {
			return err
		}
	}
	return nil
}

// finished passes over a file that an earlier run finished.
func (s *source) finished(f catalog.File) {
	s.run.sum.FilesDone++
	s.run.skipped.Add(f.Size)
}

// large takes in a file that is not held in memory: hashed first, so that one
// which is finished costs no more than that.
func (s *source) large(ctx context.Context, file *os.File, f found) error {
	if err := s.endLot(ctx); err != nil {
		return err
	}
	sha, size, err := digest(ctx, file)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.run.fail(s.onDisk(f), err)
		return nil
	}
	files, err := s.run.o.Catalog.BeginFiles(ctx, s.trove.ID, []catalog.File{s.newFile(f, sha, size)})
	if err != nil {
		return err
	}
	if files[0].Done {
		s.finished(files[0])
		return nil
	}
	if files[0].Progress == 0 {
		ok, err := s.store(ctx, file, f, sha)
		if err != nil || !ok {
			return err
		}
	}
	b, err := s.run.o.Blobs.Open(ctx, sha)
	if err != nil {
		return err
	}
	defer b.Close()
	return s.file(ctx, files[0], &content{r: b, size: size, sha: sha, stored: true})
}

// store puts a large file into the blob store; ok is false where the file
// itself fails.
func (s *source) store(ctx context.Context, file *os.File, f found, sha trove.Digest) (ok bool, err error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		s.run.fail(s.onDisk(f), err)
		return false, nil
	}
	r := &watched{r: file}
	got, _, err := s.run.o.Blobs.Put(ctx, r)
	switch {
	case r.err != nil:
		s.run.fail(s.onDisk(f), r.err)
		return false, nil
	case err != nil:
		return false, err
	case got != sha:
		s.run.fail(s.onDisk(f), errors.New("changed while it was read; take it in again"))
		return false, nil
	}
	return true, nil
}

// watched remembers the error of its reader, to tell it from the writer's.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// digest hashes from the beginning of r.
func digest(ctx context.Context, r io.ReadSeeker) (trove.Digest, int64, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return trove.Digest{}, 0, err
	}
	h := sha256.New()
	buf := make([]byte, 256<<10)
	var size int64
	for {
		if err := ctx.Err(); err != nil {
			return trove.Digest{}, 0, err
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		size += int64(n)
		if err == io.EOF {
			return trove.Digest(h.Sum(nil)), size, nil
		}
		if err != nil {
			return trove.Digest{}, 0, err
		}
	}
}

// file takes in one file as handed over.
func (s *source) file(ctx context.Context, f catalog.File, c *content) error {
	h := &handed{File: f, unpacked: max(maxRatio*f.Size, minUnpack), entries: maxEntries}
	head, err := c.head()
	if err != nil {
		return fmt.Errorf("read %s back: %w", f.Path, err)
	}
	h.Type = string(detect(head))
	if cf := container.Detect(head); cf != "" {
		h.Type = string(cf)
	}
	if err := s.take(ctx, h, leaf{path: f.Path}, c); err != nil {
		return err
	}
	return s.line.end(ctx, h, c)
}

// owner is the owner given, or the one that the folders in a path show, those
// in the innermost container first. A folder handed over is a part of the
// path; what lies around it on the operator's disk is not.
func (s *source) owner(path string) string {
	if s.run.o.Owner != "" {
		return s.run.o.Owner
	}
	if path == s.ownerPath {
		return s.lastOwner
	}
	s.ownerPath, s.lastOwner = path, ""
	parts := strings.Split(path, "!/")
	if s.place.folder {
		parts[0] = filepath.Base(s.place.path) + "/" + parts[0]
	}
	for _, part := range slices.Backward(parts) {
		if s.lastOwner = OwnerOf(part); s.lastOwner != "" {
			break
		}
	}
	return s.lastOwner
}

// leaf says where in a trove some bytes are.
type leaf struct {
	path     string // containers joined by "!/"
	depth    int    // containers around it
	warnings []trove.Warning
}

func (l leaf) with(code, format string, args ...any) leaf {
	l.warnings = append(l.warnings[:len(l.warnings):len(l.warnings)], trove.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
	return l
}

// take finds out what some bytes are and takes them in.
func (s *source) take(ctx context.Context, h *handed, l leaf, c *content) error {
	head, err := c.head()
	if err != nil {
		return fmt.Errorf("read %s back: %w", l.path, err)
	}
	if f := container.Detect(head); f != "" {
		if l.depth < maxDepth {
			return s.open(ctx, h, l, c, f)
		}
		return s.other(ctx, h, l.with("too-deep", "a container inside %d others is not opened", maxDepth), c, head)
	}
	switch detect(head) {
	case isMbox:
		return s.box(ctx, h, l, c)
	case isEmlx:
		if off, n, ok := emlx(c.r, c.size, head); ok {
			return s.mail(ctx, h, l, c, off, n, trove.Verbatim)
		}
	case isMail:
		return s.mail(ctx, h, l, c, 0, c.size, trove.Verbatim)
	}
	if c.size == 0 {
		return s.other(ctx, h, l.with("empty", "the file is empty"), c, head)
	}
	return s.other(ctx, h, l.with("not-mail", "no mail: %s", typeOf(head)), c, head)
}

// other lists bytes that are no mail as an item of kind file.
func (s *source) other(ctx context.Context, h *handed, l leaf, c *content, head []byte) error {
	if err := s.keep(ctx, h, c); err != nil {
		return err
	}
	rec := trove.Record{Kind: trove.File, Warnings: l.warnings, Parts: []trove.Part{{
		Path: "1", Name: lastName(l.path), Type: typeOf(head), Role: trove.RoleAttachment,
		Size: c.size, SHA256: c.sha, Length: c.size,
	}}}
	return s.emit(ctx, h, c, entry{
		sha: c.sha, size: c.size, record: &rec,
		span: catalog.Span{Length: c.size}, occ: trove.Occurrence{Path: l.path, Length: c.size},
	})
}

func lastName(p string) string {
	if i := strings.LastIndex(p, "!/"); i >= 0 {
		p = p[i+2:]
	}
	return path.Base(p)
}

// box takes in the messages of an mbox.
func (s *source) box(ctx context.Context, h *handed, l leaf, c *content) error {
	b, err := mbox.Survey(c.r, c.size)
	if err != nil {
		return fmt.Errorf("split %s: %w", l.path, err)
	}
	if b.Lines != b.Messages || b.Strict != b.Messages {
		h.warn("mbox-count", "%s: %s", l.path, b.Note())
	}
	if l.depth == 0 {
		h.Type = string(b.Dialect)
	}
	for m, err := range b.All() {
		if err != nil {
			return fmt.Errorf("split %s: %w", l.path, err)
		}
		ml := l
		ml.warnings = m.Warnings
		if m.End == c.size { // what is wrong with the box shows at its end
			ml.warnings = append(l.warnings[:len(l.warnings):len(l.warnings)], m.Warnings...)
		}
		if err := s.mail(ctx, h, ml, c, m.Offset, m.Length, m.Rule); err != nil {
			return err
		}
		if l.depth == 0 {
			s.line.advance(h, m.End)
		}
	}
	return nil
}

// maxFileWarnings bounds what is kept of one file.
const maxFileWarnings = 100

func (h *handed) warn(code, format string, args ...any) {
	if len(h.warnings) < maxFileWarnings {
		h.warnings = append(h.warnings, trove.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
	}
}

// mail takes in one mail: n bytes from off, quoted under rule.
func (s *source) mail(ctx context.Context, h *handed, l leaf, c *content, off, n int64, rule trove.Rule) error {
	h.mails++
	if h.count < h.Progress { // durable: need not be read
		return s.emit(ctx, h, c, entry{})
	}
	e := entry{
		span: catalog.Span{Offset: off, Length: n, Rule: rule}, warnings: l.warnings,
		occ: trove.Occurrence{Path: l.path, Offset: off, Length: n, Rule: rule},
	}
	if n > worker.MaxMail {
		return s.tooLarge(ctx, h, c, e)
	}
	if c.mem != nil {
		e.raw = c.mem[off : off+n]
	} else {
		e.raw = make([]byte, n)
		if _, err := io.ReadFull(io.NewSectionReader(c.r, off, n), e.raw); err != nil {
			return fmt.Errorf("read %s at byte %d: %w", l.path, off, err)
		}
	}
	e.raw = blob.Unquote(rule, e.raw)
	e.sha, e.size = trove.Sum(e.raw), int64(len(e.raw))
	return s.emit(ctx, h, c, e)
}

// tooLarge keeps a mail over the limit as unreadable. It is not held in memory,
// so nothing is un-quoted.
func (s *source) tooLarge(ctx context.Context, h *handed, c *content, e entry) error {
	sha, size, err := digest(ctx, io.NewSectionReader(c.r, e.span.Offset, e.span.Length))
	if err != nil {
		return fmt.Errorf("read %s at byte %d: %w", e.occ.Path, e.span.Offset, err)
	}
	e.sha, e.size = sha, size
	e.span.Rule, e.occ.Rule = trove.Verbatim, trove.Verbatim
	e.record = &trove.Record{Kind: trove.Mail, Unreadable: fmt.Sprintf("larger than %d MB", worker.MaxMail>>20), Warnings: e.warnings}
	return s.emit(ctx, h, c, e)
}

// keep puts bytes that are not in memory into the blob store, if they are not
// there.
func (s *source) keep(ctx context.Context, h *handed, c *content) error {
	if c.stored || c.mem != nil || h.count < h.Progress {
		return nil
	}
	sha, _, err := s.run.o.Blobs.Put(ctx, io.NewSectionReader(c.r, 0, c.size))
	c.sha, c.stored = sha, true
	return err
}

// emit gives a candidate to the line, unless an earlier run made it durable.
func (s *source) emit(ctx context.Context, h *handed, c *content, e entry) error {
	h.count++
	if h.count <= h.Progress {
		c.stored = true
		return nil
	}
	e.file, e.progress = h, h.count
	e.span.Blob = c.sha
	e.occ.Owner, e.occ.FileSHA256 = s.owner(e.occ.Path), h.SHA256
	var b []byte
	if !c.stored {
		b, c.stored = c.mem, true
	}
	if _, known := s.run.known[e.sha]; known {
		e.known, e.raw = true, nil
	}
	s.run.known[e.sha] = struct{}{}
	return s.line.add(ctx, e, b)
}
