package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"unseal/durable"
	"unseal/evidence"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// VerifyOptions says how Verify checks.
type VerifyOptions struct {
	// LogKey is what the caller knows of the log: any of its keys, old or new,
	// or its id; see [translog.State.Leads]. If empty, the log's own word is
	// taken for its key, and the report says so.
	LogKey string
	Seen   []byte // a checkpoint the caller has kept: the archive must not be older; may be nil
	Deep   bool   // open the segment tree of every item as well, and read every record
	Jobs   int    // how many goroutines check items; 0 for one a processor

	// Progress, if not nil, is told now and then how many bytes of the items
	// are checked; from one goroutine at a time.
	Progress func(done, total int64)
	// KnownKeys are DKIM keys that the caller knows from elsewhere; may be nil.
	// Where the archive has others under their names, the report notes it.
	KnownKeys *evidence.Keys
	// CheckSegment, if not nil, checks the inside of a search segment whose
	// digest is right.
	CheckSegment func(r io.ReaderAt, size int64) error
	// People, if not nil, examines the signatures of people in a mail, without
	// any key but those in it, for a Deep verification. It is called from
	// several goroutines, and must not keep the content.
	People func(content []byte) []trove.OtherSignature
	// CheckTime, if not nil, judges a proof of time; the error is a finding.
	// Without it proofs of time are passed over.
	CheckTime func(p *TimeProof) ([]trove.OtherSignature, error)
}

// ErrSeen says that the checkpoint given as seen is not one of this log.
var ErrSeen = errors.New("the checkpoint to compare with is not one of this log")

// Verify checks an archive with nothing but its files: the checkpoint, the
// log, every commitment, index file, manifest, item, record and segment, the
// senders' signatures with the keys that the archive holds, and that nothing is
// missing or too much. It follows the chain down from the
// checkpoint; what is wrong in the log is reported alone, since nothing below
// it can be judged then. Memory is about 150 bytes a number, and what Jobs
// items take.
//
// The error is not for findings: it is ctx's, ErrSeen, or one that matches
// [fs.ErrNotExist] where there is no archive at all.
func Verify(ctx context.Context, fsys fs.FS, o VerifyOptions) (Report, error) {
	if o.Jobs < 1 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	v := &verifier{ctx: ctx, fsys: fsys, o: o, present: map[string]int64{}, claimed: map[string]bool{}}
	v.report.Verdicts = map[trove.Verdict]int{}
	err := v.run()
	if err == nil {
		err = ctx.Err()
	}
	v.report.Findings, v.report.More = v.sorted(), v.more
	v.report.Files = len(v.claimed)
	return v.report, err
}

// verifier is one run of Verify. All but findings belongs to the goroutine of
// Verify; workers get what they need as values.
type verifier struct {
	findings
	ctx     context.Context // of the call of Verify, which the verifier does not outlive
	fsys    fs.FS
	o       VerifyOptions
	report  Report
	present map[string]int64 // every regular file and its size
	total   int64            // bytes of all files
	claimed map[string]bool  // files that the log accounts for
	coming  map[indexFile]bool

	checkpoint proof.Checkpoint
	state      translog.State
	illegal    error                                   // of the first entry that state refused
	leaves     map[trove.CollectionName][]trove.Digest // item commitments, zero where not known
}

func (v *verifier) run() error {
	if err := v.walk(); err != nil {
		return err
	}
	name := path.Join(LogDir, translog.CheckpointPath)
	if !v.readCheckpoint(name) {
		return nil
	}
	leaves := v.checkLog()
	key, signed := v.checkSignature(name)
	v.report.LogKey = key
	if !signed || v.any() || !v.checkEntries() {
		return nil
	}
	if err := v.checkSeen(name, leaves); err != nil {
		return err
	}
	v.checkCosigned(leaves)
	v.checkTimes(leaves)
	v.noteRecovery()
	if err := v.checkIndex(); err != nil {
		return err
	}
	v.compareKeys()
	v.checkCommitments()
	if err := v.checkBatches(); err != nil {
		return err
	}
	v.checkNotices()
	v.checkStrays()
	v.account()
	return nil
}

// walk lists every file. Only regular files are opened later, so no pipe or
// device can make us wait.
func (v *verifier) walk() error {
	err := fs.WalkDir(v.fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if v.ctx.Err() != nil {
			return v.ctx.Err()
		}
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			v.altered(name, "cannot be listed: %v", err)
		case e.Type().IsRegular():
			info, err := e.Info()
			if err != nil {
				v.altered(name, "cannot be read: %v", err)
				return nil
			}
			v.present[name] = info.Size()
			v.total += info.Size()
		case !e.IsDir():
			v.altered(name, "is not a regular file")
			v.claimed[name] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	for name := range v.present {
		if name == InfoPath || strings.HasPrefix(name, LogDir+"/") {
			return nil
		}
	}
	return fmt.Errorf("no %s and no %s here, so no archive: %w", InfoPath, LogDir, fs.ErrNotExist)
}

// read reads a file of the archive and counts it as accounted for. What is
// wrong with that is a finding, and then ok is false.
func (v *verifier) read(name string, limit int64) (b []byte, ok bool) {
	v.claimed[name] = true
	if _, there := v.present[name]; !there {
		v.altered(name, "is missing")
		return nil, false
	}
	b, err := readWhole(v.fsys, name, limit)
	if err != nil {
		v.altered(name, "cannot be read: %v", err)
		return nil, false
	}
	return b, true
}

func (v *verifier) readCheckpoint(name string) bool {
	b, ok := v.read(name, tiles.MaxSize)
	if !ok {
		return false
	}
	var err error
	if v.checkpoint, err = proof.ParseCheckpoint(b); err != nil {
		v.altered(name, "%v", err)
		return false
	}
	v.report.Checkpoint = v.checkpoint
	// No more entries can be in the log than bytes are in the archive.
	if v.checkpoint.Size < 1 || v.checkpoint.Size > v.total {
		v.altered(name, "states %d entries", v.checkpoint.Size)
		return false
	}
	return true
}

// checkSignature judges the checkpoint by the log key in force, to which what
// the caller knows must lead, and returns the key.
func (v *verifier) checkSignature(name string) (key string, ok bool) {
	if key = v.state.LogKey(v.checkpoint.Size); key == "" {
		key = v.o.LogKey
	}
	if key == "" { // the tile with the key is altered, or the size that says where it lies
		v.altered(path.Join(LogDir, v.entriesTile(0).Path()), "does not begin with a genesis entry")
		v.altered(name, "states %d entries, among which is none that names its key", v.checkpoint.Size)
		return "", false
	}
	err := v.checkpoint.Verify(key)
	if err == nil && v.o.LogKey != "" && v.state.Size > 0 && !v.state.Leads(v.o.LogKey) {
		err = fmt.Errorf("is signed with %s, to which the key that you know does not lead", key)
	}
	if err != nil {
		v.altered(name, "%v", err)
		v.checkLegal()
		return key, false
	}
	v.report.KeyKnown, v.report.LogID = v.o.LogKey != "", v.state.ID
	for _, k := range v.state.LogKeys {
		v.report.LogKeys = append(v.report.LogKeys, k.Key)
	}
	return key, true
}

// noteRecovery notes where the recovery key was needed.
func (v *verifier) noteRecovery() {
	for _, k := range v.state.LogKeys {
		if k.Recovery {
			v.report.Notes = append(v.report.Notes, Note{path.Join(LogDir, v.entriesTile(k.From-1).Path()),
				fmt.Sprintf("the log key %s was put in place by the recovery key: the one before counts as revoked", k.Key)})
		}
	}
}

// checkLegal reports the first entry that the log must not have.
func (v *verifier) checkLegal() bool {
	if v.illegal != nil {
		v.altered(path.Join(LogDir, v.entriesTile(v.state.Size).Path()), "%v", v.illegal)
	}
	return v.illegal == nil
}

// entriesTile is the tile in which an entry lies.
func (v *verifier) entriesTile(index int64) tiles.Tile {
	return tiles.Tile{Level: tiles.Entries, N: index / tiles.Width}.In(v.checkpoint.Size)
}

// checkEntries judges what the log says, now that it is known to be the log.
func (v *verifier) checkEntries() bool {
	if !v.checkLegal() {
		return false
	}
	last := path.Join(LogDir, v.entriesTile(v.checkpoint.Size-1).Path())
	for _, open := range v.state.Open() {
		v.altered(last, "the log ends within batch %s", open)
	}
	if !v.state.Indexed {
		v.altered(last, "the log does not end with an index entry")
	}
	return !v.any()
}

// checkSeen compares with a checkpoint that the caller has kept.
func (v *verifier) checkSeen(name string, leaves []trove.Digest) error {
	if v.o.Seen == nil {
		return nil
	}
	seen, err := proof.ParseCheckpoint(v.o.Seen)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSeen, err)
	}
	if err := v.state.Verify(seen); err != nil {
		return fmt.Errorf("%w: %w", ErrSeen, err)
	}
	switch {
	case seen.Size > int64(len(leaves)):
		v.altered(name, "is rolled back: it covers %d entries, a checkpoint you have seen covers %d", len(leaves), seen.Size)
	case tiles.RootOf(leaves[:seen.Size]) != seen.Root:
		v.altered(name, "is of another history: the first %d entries are not those of a checkpoint you have seen", seen.Size)
		v.report.Against = seen
	}
	return nil
}

// checkIndex checks unseal.json, keys.json, every collection.json, and verify.html
// where the log names it.
func (v *verifier) checkIndex() error {
	var err error
	if v.coming, err = comingIndex(v.fsys, v.checkpoint.Size); err != nil {
		return err
	}
	want := map[string]bool{InfoPath: true, KeysPath: true}
	for _, c := range v.state.Collections() {
		want[CollectionPath(c.Name)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := v.state.Index[name]; !ok {
			v.altered(name, "is not named by the log")
		}
	}
	for name, sum := range v.state.Index {
		if !want[name] && name != CheckerPath {
			v.altered(name, "is named by the log and not known to this version")
			continue
		}
		b, ok := v.read(name, maxIndexFile)
		if !ok {
			continue
		}
		got := trove.Sum(b)
		switch {
		case got == sum:
			v.checkIndexFile(name, b)
		case v.coming[indexFile{name, got}]:
			v.add(name, Unfinished, "belongs to a publish that is not finished, or the archive was rolled back")
			v.readKeys(name, b)
		default:
			v.altered(name, "has SHA-256 %s, the log says %s", got, sum)
		}
	}
	return nil
}

// readKeys reads keys.json, if it is that.
func (v *verifier) readKeys(name string, b []byte) {
	if name != KeysPath {
		return
	}
	var err error
	if v.report.Keys, err = parseKeys(b); err != nil {
		v.altered(name, "%v", err)
	}
}

// checkIndexFile compares what an index file repeats with the log.
func (v *verifier) checkIndexFile(name string, b []byte) {
	switch name {
	case KeysPath:
		v.readKeys(name, b)
		return
	case CheckerPath:
		return // it repeats nothing
	case InfoPath:
		var i Info
		err := json.Unmarshal(b, &i)
		var names []trove.CollectionName
		for _, c := range v.state.Collections() {
			names = append(names, c.Name)
		}
		if err != nil || i.Format != InfoFormat || i.Origin != v.state.Genesis.Origin || i.LogKey != v.state.LogKey(v.state.Size) || !slices.Equal(i.Collections, names) {
			v.altered(name, "does not say what the log says")
		}
		return
	}
	var i CollectionInfo
	err := json.Unmarshal(b, &i)
	c := v.state.Collection(i.Name)
	if err != nil || c == nil || CollectionPath(c.Name) != name || i.Format != CollectionFormat || !repeats(&i, c) {
		v.altered(name, "does not say what the log says")
	}
}

// repeats reports whether a description agrees with the log, as far as the
// log goes.
func repeats(i *CollectionInfo, c *translog.Collection) bool {
	if i.Committed != c.Count || len(i.Commitments) != len(c.Commitments) || len(i.Batches) != len(c.Batches) {
		return false
	}
	for n, k := range c.Commitments {
		if !reflect.DeepEqual(i.Commitments[n], CommitmentInfo{K: k.K, First: k.First, Count: k.Count, Root: k.Root, Time: k.Time}) {
			return false
		}
	}
	for n, b := range c.Batches {
		got := i.Batches[n]
		want := BatchInfo{Number: b.Batch.Batch, Edition: b.Edition, Superseded: superseded(c, b), Items: b.Items, Manifest: b.Manifest}
		if want.Published, want.First, want.Last = got.Published, got.First, got.Last; got != want {
			return false
		}
	}
	return true
}

// checkStrays looks at the files that nothing accounted for.
func (v *verifier) checkStrays() {
	for name := range v.present {
		if v.claimed[name] {
			continue
		}
		if v.beyond(name) {
			v.add(name, Unfinished, "lies beyond the checkpoint: a publish is not finished, or the archive was rolled back")
		} else {
			v.altered(name, "is not part of the archive")
		}
	}
}

// beyond reports whether a later checkpoint than ours could account for name.
func (v *verifier) beyond(name string) bool {
	if durable.IsTemp(name) {
		return true
	}
	if rest, ok := strings.CutPrefix(name, LogDir+"/"); ok {
		t, ok := tiles.Parse(rest)
		return ok && t.End() > v.checkpoint.Size
	}
	parts := strings.Split(name, "/")
	if len(parts) < 3 || parts[0] != "c" {
		return v.comingNotice(name)
	}
	coll, err := trove.ParseCollection(parts[1])
	c := v.state.Collection(coll)
	if err != nil || c == nil {
		return err == nil
	}
	var batch, edition int
	if n, _ := fmt.Sscanf(name, "c/"+parts[1]+"/batch/%d/%d/", &batch, &edition); n == 2 {
		logged := slices.ContainsFunc(c.Batches, func(b translog.LoggedBatch) bool {
			return b.Batch.Batch == batch && b.Edition == edition
		})
		file := slices.Contains(batchNames, path.Base(name))
		return !logged && file && path.Dir(name) == BatchDir(coll, batch, edition)
	}
	var k int
	if n, _ := fmt.Sscanf(name, "c/"+parts[1]+"/commitment/%d/", &k); n == 1 {
		_, ok := tiles.Parse(strings.TrimPrefix(name, CommitmentDir(coll, k)+"/"))
		return ok && k > len(c.Commitments)
	}
	return false
}

// account completes the report.
func (v *verifier) account() {
	for _, c := range v.state.Collections() {
		i := slices.IndexFunc(v.report.Collections, func(r CollectionReport) bool { return r.Name == c.Name })
		r := &v.report.Collections[i]
		r.Account, r.Batches = c.Account(), len(c.Batches)
	}
}
