package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/archive"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
)

// opensMost is how often the archive is opened anew where a publisher puts out
// the next checkpoint meanwhile.
const opensMost = 5

const checkpointFile = archive.LogDir + "/" + translog.CheckpointPath

// errOvertaken says that the folder had another checkpoint than the one that
// was proven before.
var errOvertaken = errors.New("the next checkpoint is there already")

// mark is what tells one state of a folder from another: the files that are
// replaced, and the bytes of the checkpoint.
type mark struct {
	files [3]fs.FileInfo // nil for one that is not there
	note  []byte
}

// look looks at the folder. What changes afterwards is another mark.
func (s *Site) look() (m mark) {
	for i, name := range []string{checkpointFile, archive.LogDir + "/" + translog.CosignedPath, archive.TimesDir} {
		m.files[i], _ = fs.Stat(s.files, name)
	}
	m.note, _ = regularFiles(s.files)(checkpointFile)
	return m
}

func (m mark) equal(o mark) bool {
	for i := range m.files {
		if !sameFile(m.files[i], o.files[i]) {
			return false
		}
	}
	return bytes.Equal(m.note, o.note)
}

// sameFile reports whether a file is still the one that it was.
func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// changed reports whether the checkpoint is another file than when the folder
// was last looked at. It takes a microsecond: each request asks.
func (s *Site) changed() bool {
	info, _ := fs.Stat(s.files, checkpointFile)
	s.mu.Lock()
	defer s.mu.Unlock()
	return !sameFile(info, s.mark.files[0])
}

// watch follows the folder until ctx ends.
func (s *Site) watch(ctx context.Context) {
	t := time.NewTicker(s.every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_ = s.follow(ctx, true) // only ctx ends it
		}
	}
}

// follow opens the archive anew if its folder has changed, or, with again, if
// it could not be opened the last time. Only ctx's end is its error, and that
// ends only the wait for another who is at it.
func (s *Site) follow(ctx context.Context, again bool) error {
	select {
	case s.looking <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.looking }()
	m := s.look()
	s.mu.Lock()
	same := s.now == nil || s.mark.equal(m) && !(again && s.behind)
	s.mu.Unlock()
	if same {
		return nil
	}
	o := s.openNewest(context.WithoutCancel(ctx)) // others wait for it too
	if o.err != nil {
		s.settle(o, s.mayShow(o))
		return nil
	}
	s.seen = o.state.archive.Checkpoint()
	s.settle(o, nil)
	s.prev = s.replace(o.state)
	return nil
}

// drain waits until the state before the one that is served is closed, so that
// never more than two are open.
func (s *Site) drain() {
	if s.prev == nil {
		return
	}
	select {
	case <-s.prev.ended:
	case <-time.After(drainTime):
		s.prev.cut()
		<-s.prev.ended
	}
	s.prev = nil
}

// settle notes what was found of the folder, and why what is served must not
// be shown any more, if so.
func (s *Site) settle(o opening, fault error) {
	s.mu.Lock()
	news := !s.mark.equal(o.mark) || (fault != nil) != (s.fault != nil)
	s.mark, s.behind, s.fault = o.mark, o.err != nil, fault
	s.mu.Unlock()
	switch {
	case o.err == nil || !news:
	case fault != nil:
		s.log.Error("archive not shown", "err", fault)
	default:
		s.log.Warn("archive shown as it was", "err", o.err)
	}
}

// opening is what came of opening the folder anew.
type opening struct {
	mark  mark        // of the folder before
	view  *tiles.View // the log, proven to go on from what was seen; nil if it is not, or for the first state
	state *state      // nil with err
	err   error
}

// openNewest opens the archive as its checkpoint shows it. It needs looking.
func (s *Site) openNewest(ctx context.Context) (o opening) {
	for range opensMost {
		o = s.openOnce(ctx)
		if o.err == nil || !errors.Is(o.err, errOvertaken) && s.look().equal(o.mark) {
			break
		}
	}
	return o
}

func (s *Site) openOnce(ctx context.Context) opening {
	o := opening{mark: s.look()}
	if s.seen.Size > 0 {
		if o.view, o.err = s.prove(); o.err != nil {
			return o
		}
		s.seen = o.view.Checkpoint
		s.drain()
	}
	if o.state, o.err = openState(ctx, s.files, s.log); o.err != nil || o.view == nil {
		return o
	}
	if got := o.state.archive.Checkpoint(); !sameState(got, o.view.Checkpoint) {
		o.err = errors.Join(errOvertaken, o.state.close())
		o.state = nil
	}
	return o
}

// prove reads the log and proves that it goes on from the checkpoint that was
// seen (RFC 6962 section 2.1.2).
func (s *Site) prove() (*tiles.View, error) {
	v, err := tiles.Load(regularFiles(s.files), archive.LogDir)
	if err != nil {
		return nil, err
	}
	c := v.Checkpoint
	switch {
	case c.Origin != s.seen.Origin:
		return nil, fmt.Errorf("%s: is of the log %s, that of %s was shown: %w", checkpointFile, c.Origin, s.seen.Origin, proof.ErrMismatch)
	case c.Size < s.seen.Size:
		return nil, fmt.Errorf("%s: %d entries, %d were shown: the archive was put back: %w", checkpointFile, c.Size, s.seen.Size, proof.ErrMismatch)
	}
	p, err := v.Tree().Consistency(s.seen.Size)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckTree(p, c.Size, tlog.Hash(c.Root), s.seen.Size, tlog.Hash(s.seen.Root)); err != nil {
		return nil, fmt.Errorf("%s: another history than the one that was shown: %w", checkpointFile, proof.ErrMismatch)
	}
	return v, nil
}

func sameState(a, b proof.Checkpoint) bool { return a.Size == b.Size && a.Root == b.Root }

// mayShow says why the state that is served must not be shown any more, after
// the folder could not be opened anew: it is known, or cannot be known, that a
// new checkpoint supersedes some of it; or its files are not whole. It may be
// shown while a copy of more batches is under way. It needs looking.
func (s *Site) mayShow(o opening) error {
	shown := s.now.archive.Checkpoint()
	if o.view == nil {
		c, err := proof.ParseCheckpoint(o.mark.note)
		if !sameState(s.seen, shown) || err == nil && !sameState(c, shown) {
			return o.err
		}
	}
	err := eachNewest(s.now.archive, func(c *archive.Collection, b archive.BatchInfo) error {
		if o.view != nil && o.view.State.Collection(c.Name).Edition(b.Number) != b.Edition {
			return errors.New("a later edition is in the log")
		}
		return s.whole(c, b)
	})
	if err != nil {
		return o.err
	}
	return nil
}

// whole reports whether the files of a batch are there, in their size.
func (s *Site) whole(c *archive.Collection, b archive.BatchInfo) error {
	m, err := c.Manifest(b.Number, b.Edition)
	if err != nil {
		return err
	}
	for _, f := range append([]archive.FileSum{{Name: archive.ManifestName}}, m.Files...) {
		info, err := fs.Stat(s.files, path.Join(archive.BatchDir(c.Name, b.Number, b.Edition), f.Name))
		if err != nil {
			return err
		}
		if f.Name != archive.ManifestName && info.Size() != f.Size {
			return fmt.Errorf("%s: %w", f.Name, proof.ErrMismatch)
		}
	}
	return nil
}
