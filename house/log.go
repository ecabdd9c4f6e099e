package house

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/archive"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// ErrBeyond says that the log at hand does not reach as far as was asked for.
// Name a newer copy.
var ErrBeyond = errors.New("the log here does not reach that far")

// Log is the log of a desk or an archive, checked in full.
type Log struct {
	View     *tiles.View
	Key      string // that signed the checkpoint
	KeyKnown bool   // it was given, or is remembered, or is the desk's own
	read     tiles.ReadFunc
}

// OpenLog reads the log of the desk or archive dir, which may also be a zip file
// of an archive or its address on the web, and judges its key by the
// one that is given, as such or as a file, or remembered. A checkpoint that
// another key has signed is an error that matches [proof.ErrMismatch].
func OpenLog(dir, logKey string) (*Log, error) {
	key, err := readLogKeyGiven(logKey)
	if err != nil {
		return nil, err
	}
	root := dir
	if exists(filepath.Join(dir, ConfigName)) {
		root = filepath.Join(dir, logDir)
		if key == "" {
			if key, err = readLogKeyGiven(filepath.Join(dir, logPublicFile)); err != nil {
				return nil, err
			}
		}
	}
	read, err := logFiles(root)
	if err != nil {
		return nil, err
	}
	if key == "" {
		key = recall(statedOrigin(read)).known()
	}
	l := &Log{read: read, KeyKnown: key != ""}
	l.View, err = tiles.Load(l.read, archive.LogDir)
	if errors.Is(err, fs.ErrNotExist) && statedOrigin(read) == "" {
		return nil, fmt.Errorf("%w: no log in %s", ErrNoArchive, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	s := &l.View.State
	if l.Key = s.LogKey(s.Size); l.KeyKnown && !s.Leads(key) {
		return nil, fmt.Errorf("the log key %s is none of this log: %w", key, proof.ErrMismatch)
	}
	return l, nil
}

// regularFiles reads files of a log, and waits for no pipe.
func regularFiles(files fs.FS) tiles.ReadFunc {
	return func(name string) ([]byte, error) {
		info, err := fs.Stat(files, name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() || info.Size() > tiles.MaxSize {
			return nil, fmt.Errorf("%s: not a file of a log: %w", name, proof.ErrMismatch)
		}
		return fs.ReadFile(files, name)
	}
}

// Inclusion shows that an entry stands in the log.
type Inclusion struct {
	Index      int64
	Entry      []byte
	Path       proof.Path
	Checkpoint proof.Checkpoint
}

// Prove makes the proof of entry n, counted from 0.
func (l *Log) Prove(n int64) (Inclusion, error) {
	c := l.View.Checkpoint
	if n < 0 || n >= c.Size {
		return Inclusion{}, fmt.Errorf("entry %d: the log has entries 0 to %d: %w", n, c.Size-1, ErrBeyond)
	}
	t := tiles.Tile{Level: tiles.Entries, N: n / tiles.Width}.In(c.Size)
	b, err := tiles.ReadEntries(l.read, archive.LogDir, t)
	if err != nil {
		return Inclusion{}, err
	}
	entries, err := t.SplitEntries(b)
	if err != nil {
		return Inclusion{}, err
	}
	p := Inclusion{Index: n, Entry: entries[n%tiles.Width], Checkpoint: c}
	if p.Path, err = l.View.Tree().Prove(n); err != nil {
		return Inclusion{}, err
	}
	leaf := tlog.Hash(translog.LeafHash(p.Entry))
	if err := tlog.CheckRecord(p.Path, c.Size, tlog.Hash(c.Root), n, leaf); err != nil {
		return Inclusion{}, fmt.Errorf("entry %d: %v: %w", n, err, proof.ErrMismatch)
	}
	return p, nil
}

// Format writes the proof as c2sp.org/tlog-proof@v1, with the entry as its
// extra data.
func (p Inclusion) Format() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", base64.StdEncoding.EncodeToString(p.Entry), p.Index)
	for _, h := range p.Path {
		fmt.Fprintf(&b, "%s\n", h)
	}
	fmt.Fprintf(&b, "\n%s", p.Checkpoint.Note)
	return b.Bytes()
}

// How two states of a log stand to each other.
const (
	SameState  = "same"       // they are one
	Prefix     = "prefix"     // the first is the beginning of the second
	SplitView  = "split-view" // one size, two roots: two histories, both signed
	Contradict = "contradict" // the log at hand goes another way than the first, which is signed too
)

// Relation says how two states of a log stand to each other.
type Relation struct {
	Kind     string
	A, B     proof.Checkpoint // by size; a state that was named by its size alone has no note
	Proof    tlog.TreeProof   // for Prefix; for Contradict, of what the log has at the size of A
	Key      string
	KeyKnown bool
	keyAt    func(size int64) string // the log key in force
}

// Relate compares two states of one log, each the name of a checkpoint file or
// a size of the log in dir. Two checkpoints of one size need no log. Their
// signatures must be good; else the error matches [proof.ErrMismatch].
func Relate(dir, a, b, logKey string) (Relation, error) {
	var r Relation
	var err error
	if r.A, err = readState(a); err != nil {
		return r, err
	}
	if r.B, err = readState(b); err != nil {
		return r, err
	}
	if r.A.Size > r.B.Size {
		r.A, r.B = r.B, r.A
	}
	if r.A.Note != nil && r.B.Note != nil && r.A.Size == r.B.Size {
		return r, r.compare(dir, logKey)
	}
	l, err := OpenLog(dir, logKey)
	if err != nil {
		return r, err
	}
	r.Key, r.KeyKnown, r.keyAt = l.Key, l.KeyKnown, l.View.State.LogKey
	if err := r.signatures(); err != nil {
		return r, err
	}
	return r, r.follow(l)
}

// readState reads a checkpoint file, or a size.
func readState(s string) (proof.Checkpoint, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && !exists(s) {
		if n < 1 {
			return proof.Checkpoint{}, fmt.Errorf("size %s: a log has at least one entry", s)
		}
		return proof.Checkpoint{Size: n}, nil
	}
	b, err := os.ReadFile(s)
	if err != nil {
		return proof.Checkpoint{}, fmt.Errorf("read the checkpoint: %w", err)
	}
	c, err := proof.ParseCheckpoint(b)
	if err != nil {
		return c, fmt.Errorf("%s: %w: %w", s, err, proof.ErrMismatch)
	}
	return c, nil
}

// compare compares two checkpoints of one size. The key is the one given, or
// remembered, or that of the log in dir, if there is one.
func (r *Relation) compare(dir, logKey string) (err error) {
	if r.Key, err = readLogKeyGiven(logKey); err != nil {
		return err
	}
	if r.Key == "" {
		r.Key = recall(r.A.Origin).key()
	}
	r.KeyKnown, r.keyAt = r.Key != "", func(int64) string { return r.Key }
	if l, err := OpenLog(dir, r.Key); err == nil && l.View.Checkpoint.Origin == r.A.Origin {
		r.Key, r.KeyKnown, r.keyAt = l.Key, l.KeyKnown, l.View.State.LogKey
	}
	if err := r.signatures(); err != nil {
		return err
	}
	if r.Kind = SameState; r.A.Root != r.B.Root {
		r.Kind = SplitView
	}
	return nil
}

// signatures checks those of both notes.
func (r *Relation) signatures() error {
	for _, c := range []proof.Checkpoint{r.A, r.B} {
		if c.Note == nil {
			continue
		}
		if err := c.Verify(r.keyAt(c.Size)); err != nil {
			return fmt.Errorf("the checkpoint of %s at %d entries: %w", c.Origin, c.Size, err)
		}
	}
	return nil
}

// follow compares both with the log, and proves what it finds.
func (r *Relation) follow(l *Log) error {
	now := l.View.Checkpoint
	if r.B.Size > now.Size {
		return fmt.Errorf("%d entries: %w, it has %d", r.B.Size, ErrBeyond, now.Size)
	}
	hashes := l.View.Tree().Hashes()
	for _, c := range []*proof.Checkpoint{&r.A, &r.B} {
		root, err := tlog.TreeHash(c.Size, hashes)
		if err != nil {
			return err
		}
		if c.Note != nil && c.Root != trove.Digest(root) {
			r.Kind, r.A, r.B = Contradict, *c, now
			if c.Size == now.Size {
				r.Kind = SplitView
			}
			break
		}
		c.Origin, c.Root = now.Origin, trove.Digest(root)
	}
	if r.Kind == SplitView {
		return nil
	}
	var err error
	if r.Proof, err = tlog.ProveTree(r.B.Size, r.A.Size, hashes); err != nil || r.Kind == Contradict {
		return err
	}
	if r.Kind = Prefix; r.A.Size == r.B.Size {
		r.Kind = SameState
	}
	return tlog.CheckTree(r.Proof, r.B.Size, tlog.Hash(r.B.Root), r.A.Size, tlog.Hash(r.A.Root))
}

// Sighting is what a checkpoint shows of one witness.
type Sighting struct {
	Witness string     `json:"witness"` // its key
	Name    string     `json:"name"`
	Seen    bool       `json:"seen"`
	Time    *time.Time `json:"time,omitempty"`  // when it cosigned, as it states
	First   *time.Time `json:"first,omitempty"` // when it cosigned an earlier state that is kept, the earliest
	Size    int64      `json:"first_size,omitempty"`
	Wrong   bool       `json:"wrong,omitempty"` // there is a cosignature, and it does not fit
}

// Sightings judges a checkpoint, and earlier ones of the same log that were
// kept, by the keys of witnesses, each given as such or as a file.
func Sightings(c proof.Checkpoint, earlier []proof.Checkpoint, keys []string) ([]Sighting, error) {
	var list []Sighting
	for _, k := range keys {
		w, err := readWitness(k)
		if err != nil {
			return nil, err
		}
		s := Sighting{Witness: w.String(), Name: w.Name}
		at, err := c.SeenBy(w)
		s.Seen, s.Wrong = err == nil, errors.Is(err, proof.ErrMismatch)
		if s.Seen {
			s.Time = &at
		}
		for i := len(earlier) - 1; i >= 0; i-- {
			at, err := earlier[i].SeenBy(w)
			if s.Wrong = s.Wrong || errors.Is(err, proof.ErrMismatch); err == nil {
				s.First, s.Size = &at, earlier[i].Size
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// readWitness takes a witness's key as such or from a file.
func readWitness(s string) (proof.Witness, error) {
	key, err := readLogKeyGiven(s)
	if err != nil {
		return proof.Witness{}, fmt.Errorf("the key of a witness: %w", err)
	}
	return proof.ParseWitness(strings.TrimSpace(key))
}
