package intake

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/container"
	"unseal/intake/mbox"
	"unseal/intake/worker"
	"unseal/trove"
)

// leaf says where in a trove some bytes are.
type leaf struct {
	path     string     // containers joined by "!/"
	depth    int        // containers around it
	rule     trove.Rule // trove.Reconstructed for a mail that was made from what the container holds
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
	if l.rule == trove.Reconstructed {
		return s.mail(ctx, h, l, c, 0, c.size, l.rule)
	}
	format, shape := natureOf(c, head, lastName(l.path))
	if l.depth == 0 {
		h.Type = s.typeOf(format, shape)
	}
	switch {
	case format != "" && l.depth < maxDepth:
		return s.open(ctx, h, l, c, format)
	case format != "":
		return s.other(ctx, h, l.with("too-deep", "a container inside %d others is not opened", maxDepth), c, head)
	}
	switch shape {
	case isMbox:
		return s.box(ctx, h, l, c)
	case isEmlx:
		off, n, ok := emlx(c.r, c.size, head)
		if !ok {
			l = l.with("emlx-length", "the length that the file names does not fit: all that follows it is taken for the mail")
		}
		return s.mail(ctx, h, l, c, off, n, trove.Verbatim)
	case isMail:
		return s.mail(ctx, h, l, c, 0, c.size, trove.Verbatim)
	}
	if c.size == 0 {
		return s.other(ctx, h, l.with("empty", "the file is empty"), c, head)
	}
	if s.isRows(head, lastName(l.path)) {
		return s.rows(ctx, h, l, c, head)
	}
	return s.whole(ctx, h, l, c, head)
}

// natureOf tells what some bytes are: a container, or what else.
func natureOf(c *content, head []byte, name string) (container.Format, shape) {
	if f := container.DetectIn(c.r, c.size, head, name); f != "" {
		return f, isOther
	}
	return "", detect(head)
}

// typeOf is the catalog's word for a file as handed over.
func (s *source) typeOf(f container.Format, is shape) string {
	mark := ""
	if s.run.o.Mails != "" {
		mark = rowsMark
	}
	return cmp.Or(string(f), string(is)) + mark
}

// whole takes in what is neither mail nor container; where nothing reads it, it
// says so.
func (s *source) whole(ctx context.Context, h *handed, l leaf, c *content, head []byte) error {
	kind, mediaType := s.run.o.KindOf(head, lastName(l.path))
	if kind == trove.File {
		l = l.with("not-mail", "no mail, and nothing that is read: %s", mediaType)
	}
	return s.list(ctx, h, l, c, kind, mediaType)
}

// other lists bytes that are no mail, of which something else is to be said.
func (s *source) other(ctx context.Context, h *handed, l leaf, c *content, head []byte) error {
	kind, mediaType := s.run.o.KindOf(head, lastName(l.path))
	return s.list(ctx, h, l, c, kind, mediaType)
}

func (s *source) list(ctx context.Context, h *handed, l leaf, c *content, kind trove.Kind, mediaType string) error {
	if err := s.keep(ctx, h, c); err != nil {
		return err
	}
	rec := trove.Record{Kind: kind, Verdict: trove.Unsigned, Warnings: l.warnings, Parts: []trove.Part{{
		Path: "1", Name: lastName(l.path), Type: mediaType, Role: trove.RoleAttachment,
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
	if b.Differs() {
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

// maxFileWarnings bounds what is kept of one file; a last one says that there are more.
const maxFileWarnings = 100

func (h *handed) warn(code, format string, args ...any) {
	switch n := len(h.warnings); {
	case n < maxFileWarnings:
		h.warnings = append(h.warnings, trove.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
	case n == maxFileWarnings:
		h.warnings = append(h.warnings, trove.Warning{Code: "more-warnings", Text: "further warnings of this file are left out"})
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
	if rule == trove.Reconstructed { // its own bytes are kept
		e.span.Rule = trove.Verbatim
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
	e.record = &trove.Record{Kind: trove.Mail, Verdict: trove.Unchecked, Unreadable: fmt.Sprintf("larger than %d MB", worker.MaxMail>>20), Warnings: e.warnings}
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
