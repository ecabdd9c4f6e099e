package proof

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/trove"
)

// File is the proof file of one published item: what a reader takes home
// beside the item's bytes, so that both can be checked years later with
// nothing but the log's key. Its text is
//
//	unseal-proof/1
//	item INDEX ENTRY                      the log entry of the item
//	path BASE64                           from that entry to the checkpoint's root
//	commitment INDEX ENTRY                the log entry of the collection
//	path BASE64                           from that entry to the checkpoint's root
//	opening KIND SEGMENTS SEED SALT ROOT  of the item's commitment
//	path BASE64                           from the commitment to the collection's root
//
//	CHECKPOINT
//
// where BASE64 is that of the hashes one after the other, as are SEED, SALT
// and ROOT, and the checkpoint follows an empty line.
type File struct {
	Item            []byte // the entry as logged; see ParseItem
	ItemIndex       int64
	ItemPath        Path
	Commitment      []byte // the entry as logged; see ParseCommitment
	CommitmentIndex int64
	CommitmentPath  Path
	Kind            trove.Kind
	Opening         Opening // its Rule is that of the commitment
	Place           Path
	Checkpoint      Checkpoint
}

const fileFormat = "unseal-proof/1"

// MaxFile bounds a proof file, most of it for cosignatures of witnesses.
const MaxFile = maxCheckpoint + 16<<10

// Format writes the file.
func (f *File) Format() []byte {
	var b bytes.Buffer
	enc := base64.StdEncoding.EncodeToString
	fmt.Fprintf(&b, "%s\nitem %d %s\npath %s\n", fileFormat, f.ItemIndex, f.Item, formatPath(f.ItemPath))
	fmt.Fprintf(&b, "commitment %d %s\npath %s\n", f.CommitmentIndex, f.Commitment, formatPath(f.CommitmentPath))
	o := f.Opening
	fmt.Fprintf(&b, "opening %s %d %s %s %s\n", f.Kind, o.Segments, enc(o.Seed[:]), enc(o.Salt[:]), enc(o.Root[:]))
	fmt.Fprintf(&b, "path %s\n\n%s", formatPath(f.Place), f.Checkpoint.Note)
	return b.Bytes()
}

func formatPath(p Path) string {
	var b []byte
	for _, h := range p {
		b = append(b, h[:]...)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// errForm is wrapped by every error of Parse.
var errForm = errors.New("not a proof file")

// Parse reads a proof file and checks its form, nothing else. Any text that
// Format would not write is refused.
func Parse(text []byte) (*File, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", errForm, len(text), MaxFile)
	}
	head, tail, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) != 7 || lines[0] != fileFormat {
		return nil, fmt.Errorf("%w: want seven lines from %q on, then a checkpoint", errForm, fileFormat)
	}
	p := parser{}
	f := &File{}
	f.ItemIndex, f.Item = p.entry(lines[1], "item ")
	f.ItemPath = p.path(lines[2])
	f.CommitmentIndex, f.Commitment = p.entry(lines[3], "commitment ")
	f.CommitmentPath = p.path(lines[4])
	f.Kind, f.Opening = p.opening(lines[5])
	f.Place = p.path(lines[6])
	var err error
	f.Checkpoint, err = ParseCheckpoint([]byte(tail))
	if p.err != nil || err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, errors.Join(p.err, err))
	}
	if c, err := ParseCommitment(f.Commitment); err == nil {
		f.Opening.Rule = c.Rule
	}
	if !bytes.Equal(f.Format(), text) {
		return nil, fmt.Errorf("%w: not in canonical form", errForm)
	}
	return f, nil
}

// parser keeps the first error.
type parser struct{ err error }

func (p *parser) fail(line string) {
	if p.err == nil {
		p.err = fmt.Errorf("line %.60q", line)
	}
}

func (p *parser) entry(line, word string) (int64, []byte) {
	index, entry, ok := strings.Cut(strings.TrimPrefix(line, word), " ")
	n, err := strconv.ParseInt(index, 10, 64)
	if err != nil || !ok || n < 0 || line != word+strconv.FormatInt(n, 10)+" "+entry {
		p.fail(line)
	}
	return n, []byte(entry)
}

// maxPath is longer than any path in a tree of 2^62 leaves.
const maxPath = 64

func (p *parser) path(line string) Path {
	text, ok := strings.CutPrefix(line, "path ")
	b, err := strictBase64(text)
	if !ok || err != nil || len(b)%tlog.HashSize != 0 || len(b) > maxPath*tlog.HashSize {
		p.fail(line)
		return nil
	}
	path := make(Path, len(b)/tlog.HashSize)
	for i := range path {
		path[i] = tlog.Hash(b[i*tlog.HashSize:])
	}
	return path
}

func (p *parser) opening(line string) (kind trove.Kind, o Opening) {
	words := strings.Split(line, " ")
	if len(words) != 6 || words[0] != "opening" {
		p.fail(line)
		return "", o
	}
	n, err := strconv.ParseInt(words[2], 10, 32)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != words[2] {
		p.fail(line)
	}
	o.Segments = int(n)
	for i, to := range [][]byte{o.Seed[:], o.Salt[:], o.Root[:]} {
		b, err := strictBase64(words[3+i])
		if err != nil || len(b) != len(to) {
			p.fail(line)
		}
		copy(to, b)
	}
	return trove.Kind(words[1]), o
}

// Statement is what a proof file shows of the content it was checked with.
// That no later edition or tombstone followed is for the log itself to say.
type Statement struct {
	Origin     string
	Item       Item
	Kind       trove.Kind
	Commitment Commitment // what the collection was fixed to before it came out
	LogSize    int64      // of the checkpoint
	KeyKnown   bool       // the checkpoint is signed by the log key that was given
}

// Verify checks content against f, offline: the bytes against the item entry,
// both openings of the item's commitment, its place in the collection's root,
// both entries in the checkpoint, and the checkpoint's signature by logKey.
//
// ErrMismatch means that the proof is not one for this content, or not sound.
// ErrKey means that all of this holds up to the checkpoint, whose key the
// caller does not know (logKey empty, or that of another log); the Statement
// is then complete but for KeyKnown.
func Verify(f *File, content []byte, logKey string) (Statement, error) {
	s := Statement{Origin: f.Checkpoint.Origin, Kind: f.Kind, LogSize: f.Checkpoint.Size}
	var err error
	if s.Item, err = ParseItem(f.Item); err != nil {
		return Statement{}, fmt.Errorf("%v: %w", err, ErrMismatch)
	}
	if s.Commitment, err = ParseCommitment(f.Commitment); err != nil {
		return Statement{}, fmt.Errorf("%v: %w", err, ErrMismatch)
	}
	if err := f.checkLog(); err != nil {
		return Statement{}, err
	}
	if err := f.checkContent(&s, content); err != nil {
		return Statement{}, err
	}
	if err := f.Checkpoint.Verify(logKey); err != nil {
		if errors.Is(err, ErrKey) {
			return s, err
		}
		return Statement{}, err
	}
	s.KeyKnown = true
	return s, nil
}

func (f *File) checkLog() error {
	c := f.Checkpoint
	leaf := trove.Digest(tlog.RecordHash(f.Item))
	if err := checkPath("item entry", f.ItemPath, c.Size, c.Root, f.ItemIndex, leaf); err != nil {
		return err
	}
	leaf = trove.Digest(tlog.RecordHash(f.Commitment))
	if err := checkPath("commitment entry", f.CommitmentPath, c.Size, c.Root, f.CommitmentIndex, leaf); err != nil {
		return err
	}
	if f.CommitmentIndex >= f.ItemIndex {
		return fmt.Errorf("the commitment stands behind the item in the log: %w", ErrMismatch)
	}
	return nil
}

func (f *File) checkContent(s *Statement, content []byte) error {
	item, fixed := s.Item, s.Commitment
	if sum := trove.Sum(content); sum != item.SHA256 {
		return fmt.Errorf("the bytes have SHA-256 %s, the log entry of %s/%d says %s: %w",
			sum, item.Collection, item.Number, item.SHA256, ErrMismatch)
	}
	if item.Collection != fixed.Collection || f.Opening.Rule != fixed.Rule {
		return fmt.Errorf("item and commitment are not of one collection and rule: %w", ErrMismatch)
	}
	c := Context{Origin: s.Origin, Collection: item.Collection, Number: item.Number, Kind: f.Kind}
	leaf := f.Opening.Fast(c, content)
	index := int64(item.Number) - int64(fixed.First)
	if err := checkPath("commitment of the item", f.Place, int64(fixed.Count), fixed.Root, index, leaf); err != nil {
		return err
	}
	return f.Opening.Deep(content)
}
