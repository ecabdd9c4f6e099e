package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"unseal/intake/container"
	"unseal/trove"
)

// errBomb says that a file unpacks to more than its limit.
var errBomb = errors.New("unpacks to more than its limit")

// maxItemProblems is how many problems are written to a container's own item;
// its file keeps more.
const maxItemProblems = 5

// open takes in what is in a container. The container itself becomes an item
// only where something of it could not be had, so that nothing is lost.
func (s *source) open(ctx context.Context, h *handed, l leaf, c *content, f container.Format) error {
	var stop error
	report, err := s.run.pool.Expand(ctx, c.r, c.size, f, container.Options{MaxEntries: h.entries, Unlock: func() []string { return s.run.o.Passwords }}, func(m container.Member, r io.Reader) error {
		h.entries--
		stop = s.member(ctx, h, l, m, r)
		return stop
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if stop != nil && !errors.Is(stop, errBomb) {
		return stop
	}
	head, headErr := c.head()
	if headErr != nil {
		return headErr
	}
	if errors.Is(err, container.ErrDocument) {
		return s.whole(ctx, h, l, c, head)
	}
	for _, w := range report.Notes {
		h.warn(w.Code, "%s: %s", l.path, w.Text)
	}
	own := l
	for _, w := range problems(report, err, stop) {
		h.warn(w.Code, "%s: %s", l.path, w.Text)
		if w.Code != container.LinkSkipped && len(own.warnings)-len(l.warnings) < maxItemProblems {
			own = own.with(w.Code, "%s", w.Text)
		}
	}
	if len(own.warnings) == len(l.warnings) {
		return nil
	}
	return s.other(ctx, h, own, c, head)
}

// problems says what could not be had of a container.
func problems(report container.Report, err, stop error) []trove.Warning {
	list := report.Problems
	add := func(code, text string) { list = append(list, trove.Warning{Code: code, Text: text}) }
	switch {
	case stop != nil:
		add("too-large", "it unpacks to more than its limit and was not opened further")
	case errors.Is(err, container.ErrEncrypted):
		add(container.Encrypted, "encrypted, not opened")
	case err != nil:
		add(container.Damaged, "damaged: "+err.Error())
	case report.Members == 0 && len(list) == 0:
		add("empty-container", "the container is empty")
	}
	return list
}

// member takes in one member of a container.
func (s *source) member(ctx context.Context, h *handed, l leaf, m container.Member, r io.Reader) error {
	in := leaf{path: l.path + "!/" + memberName(l.path, m.Name), depth: l.depth + 1, rule: m.Rule}
	if m.Unsafe {
		in = in.with("unsafe-name", "the name in the container would have left its folder")
	}
	rationed := &ration{r: r, h: h}
	br := bufio.NewReaderSize(rationed, headSize)
	head, _ := br.Peek(headSize) // an error comes again
	c, err := s.hold(ctx, br, container.Detect(head) != "" && in.depth < maxDepth)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case rationed.bomb:
		return errBomb
	case err != nil:
		return err
	}
	defer c.close()
	if rationed.damage != nil {
		if c.size == 0 {
			return nil // the container's own item says so
		}
		in = in.with(container.Damaged, "damaged: it breaks off here: %v", rationed.damage)
	}
	return s.take(ctx, h, in, &c.content)
}

// memberName gives a stream without a name that of its file.
func memberName(outer, name string) string {
	if name != "" {
		return name
	}
	base := lastName(outer)
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst", ".lz4", ".br", ".z"} {
		if s, ok := strings.CutSuffix(strings.ToLower(base), ext); ok && s != "" {
			return base[:len(s)]
		}
	}
	return base
}

// ration counts what comes out of a file's containers and ends a stream that
// is over the limit. Other errors end the stream too, with what came before
// them kept.
type ration struct {
	r      io.Reader
	h      *handed
	bomb   bool
	damage error
}

func (r *ration) Read(p []byte) (int, error) {
	if r.damage != nil {
		return 0, io.EOF
	}
	n, err := r.r.Read(p)
	r.h.unpacked -= int64(n)
	switch {
	case r.h.unpacked < 0:
		r.bomb = true
		return 0, errBomb
	case err != nil && err != io.EOF:
		r.damage = err
		return n, io.EOF
	}
	return n, err
}

// held is the content of a member, in memory, in the blob store or, for a
// container, in a temporary file without a name.
type held struct {
	content
	closer io.Closer
}

func (h *held) close() {
	if h.closer != nil {
		_ = h.closer.Close() // only read from
	}
}

// hold makes a stream readable at any offset.
func (s *source) hold(ctx context.Context, r io.Reader, spool bool) (*held, error) {
	b, err := io.ReadAll(io.LimitReader(r, smallFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) <= smallFile {
		return &held{content: *inMemory(b)}, nil
	}
	r = io.MultiReader(bytes.NewReader(b), r)
	if spool {
		return s.spool(r)
	}
	sha, size, err := s.run.o.Blobs.Put(ctx, r)
	if err != nil {
		return nil, err
	}
	f, err := s.run.o.Blobs.Open(ctx, sha)
	if err != nil {
		return nil, err
	}
	return &held{content: content{r: f, size: size, sha: sha, stored: true}, closer: f}, nil
}

// spool writes a stream into a temporary file, whose name is gone at once.
func (s *source) spool(r io.Reader) (*held, error) {
	f, err := os.CreateTemp(s.run.o.Temp, "unseal-intake-*")
	if err != nil {
		return nil, err
	}
	t := tempFile{f, f.Name()}
	n, err := io.Copy(f, r)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return &held{content: content{r: f, size: n}, closer: t}, nil
}

type tempFile struct {
	*os.File
	name string
}

// Close closes and removes.
func (t tempFile) Close() error { return errors.Join(t.File.Close(), os.Remove(t.name)) }
