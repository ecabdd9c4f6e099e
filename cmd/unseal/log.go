package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"unseal/house"
	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

type logCmd struct {
	Root        logRootCmd        `cmd:"" help:"The newest checkpoint: what the whole log is, in one line."`
	Prove       logProveCmd       `cmd:"" help:"Show that an entry stands in the log."`
	Consistency logConsistencyCmd `cmd:"" help:"Show that one state of the log is the beginning of another."`
	Witness     logWitnessCmd     `cmd:"" help:"Be a witness of other people's logs."`
	Stamp       logStampCmd       `cmd:"" help:"Obtain proofs of time for the log, and keep them beside it."`
	Cosign      logCosignCmd      `cmd:"" help:"Have witnesses cosign an archive's newest checkpoint."`
}

func (logCmd) Help() string {
	return "Example: unseal -C ./archive log root"
}

type logRootCmd struct {
	LogKey  string   `placeholder:"KEY" help:"The log's key, or a file that holds it, from a source you trust."`
	Witness []string `placeholder:"KEY" help:"The keys of witnesses, or files that hold them, by which to judge cosignatures."`
}

func (logRootCmd) Help() string {
	return `Example: unseal -C ./archive log root
Example: unseal -C ./archive log root --witness witness.pub

Example: unseal -C https://papers.example.org log root

Reads the log of the desk or archive that -C names, and checks all of it. For the log commands
-C may also be a zip file of an archive, or its address on the web.`
}

// signatureLine is one signature of a checkpoint, as it stands there.
type signatureLine struct {
	Name string     `json:"name"`
	ID   string     `json:"id"`
	Time *time.Time `json:"time,omitempty"` // as a cosignature states it
}

func (c *logRootCmd) Run(a *app) error {
	l, err := house.OpenLog(a.dir(), c.LogKey)
	if err != nil {
		return err
	}
	cp := l.View.Checkpoint
	seen, err := house.Sightings(cp, nil, c.Witness)
	if err != nil {
		return err
	}
	sum := struct {
		Origin     string           `json:"origin"`
		Size       int64            `json:"size"`
		Root       trove.Digest     `json:"root"`
		LogKey     string           `json:"log_key"`
		KeyID      string           `json:"key_id"`
		KeyKnown   bool             `json:"key_known"`
		Signatures []signatureLine  `json:"signatures"`
		Witnesses  []house.Sighting `json:"witnesses,omitempty"`
		Checkpoint string           `json:"checkpoint"`
		Exit       int              `json:"exit"`
	}{Origin: cp.Origin, Size: cp.Size, Root: cp.Root, LogKey: l.Key, KeyID: keyID(l.Key), KeyKnown: l.KeyKnown,
		Signatures: []signatureLine{}, Witnesses: seen, Checkpoint: string(cp.Note)}
	rows := [][2]string{{"log", cp.Origin}, {"size", count(cp.Size) + " entries"}, {"root", cp.Root.String()},
		{"log key", sum.KeyID + ", " + known(l.KeyKnown)}}
	for _, s := range cp.Signatures() {
		line := signatureLine{Name: s.Name, ID: fmt.Sprintf("%08x", s.ID)}
		if at, ok := s.StatedTime(); ok {
			line.Time = &at
			rows = append(rows, [2]string{"cosignature", fmt.Sprintf("%s, key %s, states %s", s.Name, line.ID, stamp(at))})
		}
		sum.Signatures = append(sum.Signatures, line)
	}
	quorum := len(seen)
	rows = append(rows, witnessRows(seen, quorum)...)
	if sum.Exit = witnessExit(seen, quorum); sum.Exit == exitDone && !l.KeyKnown {
		sum.Exit = exitUnchecked
	}
	if err := a.ui.summary("log", sum, rows, "Next: unseal log consistency, with a checkpoint you kept"); err != nil {
		return err
	}
	return ended(sum.Exit)
}

func known(yes bool) string {
	if yes {
		return "known to you"
	}
	return "a key not known to you"
}

// keyID is the part of a vkey by which signature lines name it.
func keyID(vkey string) string {
	_, rest, _ := strings.Cut(vkey, "+")
	id, _, _ := strings.Cut(rest, "+")
	return id
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

type logProveCmd struct {
	Entry  int64  `arg:"" help:"The entry's number in the log; the first is 0."`
	Out    string `short:"o" placeholder:"FILE" help:"Where to write the proof; else stdout."`
	LogKey string `placeholder:"KEY" help:"The log's key, or a file that holds it."`
}

func (logProveCmd) Help() string {
	return `Example: unseal -C ./archive log prove 3
Example: unseal -C ./archive log prove 3 -o 3.tlog-proof

The proof is a text of c2sp.org/tlog-proof@v1, with the entry as its extra data:
other people's tools read it, torchwood's for one.`
}

func (c *logProveCmd) Run(a *app) error {
	l, err := house.OpenLog(a.dir(), c.LogKey)
	if err != nil {
		return err
	}
	p, err := l.Prove(c.Entry)
	if errors.Is(err, house.ErrBeyond) {
		return exitError{code: exitUsage, word: "no-such-entry", err: err, hint: "See: unseal log root"}
	}
	if err != nil {
		return err
	}
	text := p.Format()
	if c.Out == "" && !a.ui.json {
		a.ui.say("entry %d: %s", p.Index, p.Entry)
		defer a.ui.flush()
		return a.ui.raw(text)
	}
	sum := struct {
		Index      int64        `json:"index"`
		Entry      string       `json:"entry"`
		Leaf       trove.Digest `json:"leaf"`
		Path       []string     `json:"path"`
		Size       int64        `json:"size"`
		Root       trove.Digest `json:"root"`
		Checkpoint string       `json:"checkpoint"`
		KeyKnown   bool         `json:"key_known"`
		File       string       `json:"file,omitempty"`
		Exit       int          `json:"exit"`
	}{Index: p.Index, Entry: string(p.Entry), Leaf: translog.LeafHash(p.Entry), Path: []string{}, Size: p.Checkpoint.Size,
		Root: p.Checkpoint.Root, Checkpoint: string(p.Checkpoint.Note), KeyKnown: l.KeyKnown, File: c.Out}
	for _, h := range p.Path {
		sum.Path = append(sum.Path, trove.Digest(h).String())
	}
	if c.Out != "" {
		if err := os.WriteFile(c.Out, text, 0o644); err != nil {
			return err
		}
	}
	rows := [][2]string{{"entry", fmt.Sprintf("%d of %s: %s", p.Index, count(sum.Size), p.Entry)}, {"root", sum.Root.String()},
		{"log key", known(l.KeyKnown)}, {"written", fmt.Sprintf("%s, %s", c.Out, size(int64(len(text))))}}
	return a.ui.summary("log", sum, rows, "Anyone who has the log's key can check it, with any tool for c2sp.org/tlog-proof.")
}

type logConsistencyCmd struct {
	A      string `arg:"" help:"A checkpoint file, or a size of the log."`
	B      string `arg:"" help:"The other one."`
	LogKey string `placeholder:"KEY" help:"The log's key, or a file that holds it, from a source you trust."`
}

func (logConsistencyCmd) Help() string {
	return `Example: unseal -C ./archive log consistency checkpoint-last-seen ./archive/log/checkpoint
Example: unseal -C ./archive log consistency 3 8

Two checkpoints of one size need no log. For others -C names a desk or an archive whose
log reaches as far as both. Exit 0: one is the beginning of the other, and the proof is
given. 4: they are two histories; both signed checkpoints are given, for you to publish.
5: could not be checked (an unknown log key, a log that is too short).`
}

// logState is a state of the log in the output of consistency.
type logState struct {
	Origin string       `json:"origin"`
	Size   int64        `json:"size"`
	Root   trove.Digest `json:"root"`
	Note   string       `json:"note,omitempty"`
}

func (c *logConsistencyCmd) Run(a *app) error {
	r, err := house.Relate(a.dir(), c.A, c.B, c.LogKey)
	switch {
	case errors.Is(err, house.ErrBeyond), errors.Is(err, proof.ErrKey):
		return exitError{code: exitUnchecked, word: "unchecked", err: err, hint: "Name an archive that reaches as far with -C, and the key of its log with --log-key."}
	case errors.Is(err, house.ErrNoArchive):
		return exitError{code: exitUnchecked, word: "unchecked", err: err, hint: "Checkpoints of two sizes are compared by means of a log: name an archive with -C."}
	case err != nil:
		return err
	}
	sum := struct {
		Relation string   `json:"relation"`
		A        logState `json:"a"`
		B        logState `json:"b"`
		Proof    []string `json:"proof"`
		KeyKnown bool     `json:"key_known"`
		Exit     int      `json:"exit"`
	}{Relation: r.Kind, A: stateOf(r.A), B: stateOf(r.B), Proof: []string{}, KeyKnown: r.KeyKnown, Exit: relationExit(&r)}
	for _, h := range r.Proof {
		sum.Proof = append(sum.Proof, h.String())
	}
	rows := [][2]string{{"log", r.A.Origin}, {"first", stateWords(r.A)}, {"second", stateWords(r.B)}}
	for i, h := range sum.Proof {
		rows = append(rows, [2]string{"proof " + strconv.Itoa(i+1), h})
	}
	rows = append(rows, [2]string{"log key", known(r.KeyKnown)}, [2]string{"found", relationWords[r.Kind]})
	if err := a.ui.summary("log", sum, rows, relationNext(&r)); err != nil {
		return err
	}
	if sum.Exit == exitMismatch {
		if err := a.bothNotes([]string{sum.A.Note, sum.B.Note}); err != nil {
			return err
		}
	}
	return ended(sum.Exit)
}

func stateOf(c proof.Checkpoint) logState {
	return logState{Origin: c.Origin, Size: c.Size, Root: c.Root, Note: string(c.Note)}
}

func stateWords(c proof.Checkpoint) string {
	return fmt.Sprintf("%s entries, root %s", count(c.Size), c.Root)
}

var relationWords = map[string]string{
	house.SameState:  "the same state of the log",
	house.Prefix:     "the first is the beginning of the second",
	house.SplitView:  "SPLIT VIEW: one key has signed two roots for one size",
	house.Contradict: "TWO HISTORIES: the log here has other entries than the first checkpoint, which the same key has signed",
}

func relationExit(r *house.Relation) int {
	switch {
	case r.Kind == house.SplitView || r.Kind == house.Contradict:
		return exitMismatch
	case !r.KeyKnown:
		return exitUnchecked
	}
	return exitDone
}

// relationHint is what to do with two signed checkpoints of two histories.
const relationHint = "Keep both checkpoints and publish them: together they show it to anyone who has the log's key."

func relationNext(r *house.Relation) string {
	switch relationExit(r) {
	case exitMismatch:
		return relationHint
	case exitUnchecked:
		return "Next: the same with --log-key KEY, from a source you trust."
	}
	return "Nothing was taken back between the two."
}
