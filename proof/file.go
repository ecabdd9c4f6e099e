package proof

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/trove"
)

// File is the proof file of one published item: what a reader takes home
// beside the item's bytes, so that both can be checked years later with
// nothing but the log's key. What follows from the bytes is not repeated. Its
// text is
//
//	unseal-proof/2
//	item INDEX COLLECTION NUMBER EDITION BATCH KIND SHOWN     the item's entry in the log
//	path HASHES                                               from that entry to the checkpoint's root
//	commitment INDEX K FIRST COUNT TIME RULE INVENTORY PREVIOUS   the collection's entry
//	path HASHES                                               from that entry to the checkpoint's root
//	opening SEED SALT                                         of the item's commitment
//	path HASHES                                               from the commitment to the collection's root
//
//	CHECKPOINT
//
// where digests, seeds and salts are base64, HASHES that of the hashes one
// after the other, and the checkpoint follows an empty line. PREVIOUS is "-"
// for the first commitment. For a redacted item the line of the opening is
//
//	redacted SEGMENTS SALTED SALT HIDDEN SEEDS HASHES
//
// where HIDDEN is AT:MARK:FIRST:COUNT for each run, a comma between two.
type File struct {
	Item            Item
	ItemIndex       int64
	ItemPath        Path
	Commitment      Commitment // its Root is not in the file: Verify finds it
	CommitmentIndex int64
	CommitmentPath  Path
	Kind            trove.Kind
	Seed, Salt      Seed       // of the opening, unless the item is redacted
	Redacted        *Rendition // nil for an item that is shown as it is
	Place           Path
	Checkpoint      Checkpoint
}

const fileFormat = "unseal-proof/2"

// MaxFile bounds a proof file, nearly all of it for what is redacted.
const MaxFile = 16 << 20

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// Format writes the file.
func (f *File) Format() []byte {
	var b bytes.Buffer
	i, c := f.Item, f.Commitment
	fmt.Fprintf(&b, "%s\nitem %d %s %d %d %d %s %s\n", fileFormat, f.ItemIndex, i.Collection, i.Number, i.Edition, i.Batch, f.Kind, encode(i.Shown[:]))
	fmt.Fprintf(&b, "path %s\n", formatPath(f.ItemPath))
	previous := "-"
	if !c.Previous.IsZero() {
		previous = encode(c.Previous[:])
	}
	fmt.Fprintf(&b, "commitment %d %d %d %d %s %s %s %s\n", f.CommitmentIndex, c.K, c.First, c.Count,
		c.Time.UTC().Format(time.RFC3339), c.Rule, encode(c.Inventory[:]), previous)
	fmt.Fprintf(&b, "path %s\n%s\npath %s\n\n%s", formatPath(f.CommitmentPath), f.formatOpening(), formatPath(f.Place), f.Checkpoint.Note)
	return b.Bytes()
}

func (f *File) formatOpening() string {
	r := f.Redacted
	if r == nil {
		return "opening " + encode(f.Seed[:]) + " " + encode(f.Salt[:])
	}
	runs := make([]string, len(r.Hidden))
	for i, h := range r.Hidden {
		runs[i] = fmt.Sprintf("%d:%d:%d:%d", h.At, h.Mark, h.First, h.Count)
	}
	return fmt.Sprintf("redacted %d %s %s %s %s %s", r.Segments, encode(r.Salted[:]), encode(r.Salt[:]),
		strings.Join(runs, ","), encode(r.Seeds), encode(r.Hashes))
}

func formatPath(p Path) string {
	var b []byte
	for _, h := range p {
		b = append(b, h[:]...)
	}
	return encode(b)
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
	lines := strings.SplitN(head, "\n", 8)
	if !ok || len(lines) != 7 || lines[0] != fileFormat {
		return nil, fmt.Errorf("%w: want seven lines from %q on, then a checkpoint", errForm, fileFormat)
	}
	p := parser{}
	f := &File{}
	p.item(lines[1], f)
	f.ItemPath = p.path(lines[2])
	p.commitment(lines[3], f)
	f.CommitmentPath = p.path(lines[4])
	p.opening(lines[5], f)
	f.Place = p.path(lines[6])
	var err error
	f.Checkpoint, err = ParseCheckpoint([]byte(tail))
	if p.err != nil || err != nil {
		return nil, fmt.Errorf("%w: %w", errForm, errors.Join(p.err, err))
	}
	if !bytes.Equal(f.Format(), text) {
		return nil, fmt.Errorf("%w: not in canonical form", errForm)
	}
	return f, nil
}

// parser keeps the first error.
type parser struct {
	err   error
	line  string
	words []string // that are not read yet
}

func (p *parser) fail() {
	if p.err == nil {
		p.err = fmt.Errorf("line %.60q", p.line)
	}
}

// begin splits a line that begins with word and has n words behind it.
func (p *parser) begin(line, word string, n int) {
	p.line, p.words = line, strings.SplitN(line, " ", n+2)
	if len(p.words) != n+1 || p.words[0] != word {
		p.fail()
		p.words = make([]string, n+1)
	}
	p.words = p.words[1:]
}

func (p *parser) word() string {
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *parser) number(most int64) int64 {
	n, err := strconv.ParseInt(p.word(), 10, 64)
	if err != nil || n < 0 || n > most {
		p.fail()
	}
	return n
}

func (p *parser) count() int { return int(p.number(maxCount)) }

// bytes reads base64 into to, whose length it must have.
func (p *parser) bytes(to []byte) {
	b, err := strictBase64(p.word())
	if err != nil || len(b) != len(to) {
		p.fail()
	}
	copy(to, b)
}

// list reads base64 of pieces of that length.
func (p *parser) list(length int) []byte {
	b, err := strictBase64(p.word())
	if err != nil || len(b)%length != 0 {
		p.fail()
	}
	return b
}

func (p *parser) item(line string, f *File) {
	p.begin(line, "item", 7)
	f.ItemIndex = p.number(maxIndex)
	f.Item.Collection = trove.CollectionName(p.word())
	f.Item.Number, f.Item.Edition, f.Item.Batch = p.count(), p.count(), p.count()
	f.Kind = trove.Kind(p.word())
	p.bytes(f.Item.Shown[:])
}

func (p *parser) commitment(line string, f *File) {
	p.begin(line, "commitment", 8)
	c := &f.Commitment
	f.CommitmentIndex = p.number(maxIndex)
	c.Collection = f.Item.Collection
	c.K, c.First, c.Count = p.count(), p.count(), p.count()
	var err error
	if c.Time, err = time.Parse(time.RFC3339, p.word()); err != nil {
		p.fail()
	}
	c.Rule = p.word()
	p.bytes(c.Inventory[:])
	if p.words[0] != "-" {
		p.bytes(c.Previous[:])
	}
}

// maxPath is longer than any path in a tree of maxIndex leaves.
const (
	maxPath  = 64
	maxIndex = 1 << 62
)

func (p *parser) path(line string) Path {
	p.begin(line, "path", 1)
	b := p.list(tlog.HashSize)
	if len(b) > maxPath*tlog.HashSize {
		p.fail()
		return nil
	}
	path := make(Path, len(b)/tlog.HashSize)
	for i := range path {
		path[i] = tlog.Hash(b[i*tlog.HashSize:])
	}
	return path
}

func (p *parser) opening(line string, f *File) {
	if !strings.HasPrefix(line, "redacted ") {
		p.begin(line, "opening", 2)
		p.bytes(f.Seed[:])
		p.bytes(f.Salt[:])
		return
	}
	p.begin(line, "redacted", 6)
	r := &Rendition{Rule: f.Commitment.Rule, Segments: p.count()}
	p.bytes(r.Salted[:])
	p.bytes(r.Salt[:])
	r.Hidden = p.hidden()
	r.Seeds, r.Hashes = p.list(len(Seed{})), p.list(len(trove.Digest{}))
	f.Redacted = r
}

func (p *parser) hidden() (list []Hidden) {
	for text := range strings.SplitSeq(p.word(), ",") {
		var h Hidden
		if err := h.UnmarshalJSON([]byte("[" + strings.ReplaceAll(text, ":", ",") + "]")); err != nil {
			p.fail()
			return nil
		}
		list = append(list, h)
	}
	return list
}

// Statement is what a proof file shows of the content it was checked with: that
// its entry stands in the log, not that the log is a legal one. Only a replay
// shows that there is no second entry for the number, no later edition and no
// tombstone.
type Statement struct {
	Origin     string
	Item       Item
	Kind       trove.Kind
	Segments   int        // of the item
	Hidden     []Hidden   // what of it is not shown; nil unless it is redacted
	Commitment Commitment // what the collection was fixed to before it came out
	LogSize    int64      // of the checkpoint
	KeyKnown   bool       // the checkpoint is signed by the log key that was given
}

// Verify checks content against f, offline: the bytes shown against the item
// entry and the item's commitment, its place in the collection's root, both
// entries in the checkpoint, and the checkpoint's signature by logKey.
//
// ErrMismatch means that the proof is not one for this content, or not sound.
// ErrKey means that all of this holds up to the checkpoint, whose key the
// caller does not know (logKey empty, or that of another log); the Statement
// is then complete but for KeyKnown.
func Verify(f *File, content []byte, logKey string) (Statement, error) {
	s := Statement{Origin: f.Checkpoint.Origin, Item: f.Item, Kind: f.Kind, Commitment: f.Commitment, LogSize: f.Checkpoint.Size}
	leaf, err := f.open(&s, content)
	if err != nil {
		return Statement{}, err
	}
	index := int64(s.Item.Number) - int64(s.Commitment.First)
	root, ok := rootOf(f.Place, int64(s.Commitment.Count), index, leaf)
	if !ok {
		return Statement{}, fmt.Errorf("the path from the item's commitment is not one: %w", ErrMismatch)
	}
	s.Commitment.Root = root
	if err := f.checkLog(&s); err != nil {
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

// open computes the item's commitment from what is shown of it.
func (f *File) open(s *Statement, content []byte) (leaf trove.Digest, err error) {
	c := Context{Origin: s.Origin, Collection: s.Item.Collection, Number: s.Item.Number, Kind: f.Kind}
	var shown trove.Digest
	if f.Redacted != nil {
		s.Segments, s.Hidden = f.Redacted.Segments, f.Redacted.Hidden
		leaf, shown, err = f.Redacted.Open(c, content)
	} else if f.Commitment.Rule != WordsRule {
		err = fmt.Errorf("segmentation rule %q is not known to this version: %w", f.Commitment.Rule, ErrMismatch)
	} else {
		var o Opening
		leaf, o = Commit(c, ItemSecret{f.Seed, f.Salt}, content)
		s.Segments, shown = o.Segments, Salted(f.Salt, content)
	}
	if err == nil && shown != f.Item.Shown {
		err = fmt.Errorf("the bytes are not those of the log entry of %s/%d: %w", s.Item.Collection, s.Item.Number, ErrMismatch)
	}
	return leaf, err
}

// checkLog checks that both entries are in the log, with the root that was found.
func (f *File) checkLog(s *Statement) error {
	c := f.Checkpoint
	commitment, item := s.Commitment.Append(nil), s.Item.Append(nil)
	if _, err := ParseCommitment(commitment); err != nil {
		return fmt.Errorf("%w: %w", err, ErrMismatch)
	}
	if _, err := ParseItem(item); err != nil {
		return fmt.Errorf("%w: %w", err, ErrMismatch)
	}
	root, ok := rootOf(f.ItemPath, c.Size, f.ItemIndex, trove.Digest(tlog.RecordHash(item)))
	if !ok || root != c.Root {
		return fmt.Errorf("item entry: not in the tree of the checkpoint: %w", ErrMismatch)
	}
	root, ok = rootOf(f.CommitmentPath, c.Size, f.CommitmentIndex, trove.Digest(tlog.RecordHash(commitment)))
	if !ok || root != c.Root {
		return fmt.Errorf("commitment entry, with the root that follows from the item: not in the tree of the checkpoint: %w", ErrMismatch)
	}
	if f.CommitmentIndex >= f.ItemIndex {
		return fmt.Errorf("the commitment stands behind the item in the log: %w", ErrMismatch)
	}
	return nil
}
