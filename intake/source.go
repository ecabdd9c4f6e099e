package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"unseal/catalog"
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
		if f = s.anew(f); f.Done {
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
	if files[0] = s.anew(files[0]); files[0].Done {
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
