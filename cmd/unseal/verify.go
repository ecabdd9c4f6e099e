package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"unseal/archive"
	"unseal/evidence"
	"unseal/house"
	"unseal/proof"
	"unseal/trove"
)

type verifyCmd struct {
	What    string   `arg:"" help:"An archive's folder, or a file."`
	Proof   string   `placeholder:"FILE" help:"The proof file of the item (5205.proof)."`
	LogKey  string   `placeholder:"KEY" help:"A key of the log, old or new, or the log's id, or a file that holds it, from a source you trust; remembered once it fits."`
	Seen    string   `placeholder:"FILE" help:"A checkpoint kept from an earlier visit: the archive must not be older."`
	Key     string   `placeholder:"FILE" help:"DKIM key records for a single mail: zone lines, dig output, JSON, or the bare text of one."`
	Witness []string `placeholder:"KEY" help:"Keys of witnesses, or files that hold them: have they seen this log?"`
	Quorum  int      `placeholder:"N" help:"How many of the witnesses must have seen it; else all."`
	TSACert []string `name:"tsa-cert" placeholder:"FILE" help:"Certificates of time stamping authorities that you know, for the timestamps of the log."`
	Deep    bool     `help:"Open the segment tree of every item too."`
	Allow   []string `placeholder:"unsigned" enum:"unsigned" help:"unsigned: missing sender signatures or keys are no reason for exit 5."`
}

func (verifyCmd) Help() string {
	return `Example: unseal verify ./archive --log-key example.org/harbour+1a2b3c4d+AbCd…
Example: unseal verify 5205.eml --proof 5205.proof
Example: unseal verify 5205.eml --key dkim.txt

An archive's mails are judged again with the keys that lie in it; where one of them is another
than the one built in, a note says so. A single mail is checked with the keys built in, those of the desk (-C), or --key.
Needs no network. Names every file that is altered, missing, swapped or rolled back.
Exit 0: checked and matches. 4: does not match. 5: could not be checked (an unknown log key,
an unfinished publish, a missing sender signature or key, or too few witnesses).`
}

func (c *verifyCmd) Run(a *app) error {
	info, err := os.Stat(c.What)
	if err != nil {
		return exitError{code: exitNoDesk, word: "not-there", err: err, hint: "Name an archive's folder or a file."}
	}
	if err := c.checkQuorum(info.IsDir() || c.Proof != ""); err != nil {
		return err
	}
	if info.IsDir() {
		return c.archive(a)
	}
	return c.file(a)
}

// archiveSummary is the last line of verify --json over an archive.
type archiveSummary struct {
	Origin      string                     `json:"origin"`
	LogKey      string                     `json:"log_key"`
	LogID       trove.Digest               `json:"log_id,omitzero"`
	LogKeys     []string                   `json:"log_keys"` // all there were, the newest last
	KeyKnown    bool                       `json:"key_known"`
	DemoKey     bool                       `json:"demo_key,omitempty"`
	LogSize     int64                      `json:"log_size"`
	Root        trove.Digest               `json:"root"`
	Items       int                        `json:"items"`
	Bytes       int64                      `json:"bytes"`
	Files       int                        `json:"files"`
	Made        int                        `json:"made"` // files made of items
	Verdicts    map[trove.Verdict]int      `json:"verdicts"`
	Later       int                        `json:"later,omitempty"` // of them, of which the archive's keys now show more
	Keys        int                        `json:"keys"`            // in keys.json
	Notes       []archive.Note             `json:"notes,omitempty"`
	Notices     []noticeSummary            `json:"notices,omitempty"`
	Collections []archive.CollectionReport `json:"collections"`
	Witnesses   []house.Sighting           `json:"witnesses,omitempty"`
	Times       []archive.TimeShown        `json:"times,omitempty"` // what proofs of time show of the log
	Findings    int                        `json:"findings"`
	Split       []string                   `json:"split_view,omitempty"` // two signed notes of two histories
	Exit        int                        `json:"exit"`
}

func (c *verifyCmd) archive(a *app) error {
	p := a.ui.progress("verifying")
	rep, err := house.VerifyArchive(a.ctx, c.What, house.VerifyOptions{LogKey: c.LogKey, Seen: c.Seen, Remember: true, Deep: c.Deep, Jobs: a.globals.Jobs, TSACerts: c.TSACert,
		Progress: func(done, total int64) { p.show(done, total, "bytes") }})
	if errors.Is(err, archive.ErrSeen) {
		return exitError{code: exitMismatch, word: "rolled-back", err: err, hint: "This is not the archive you saw, or an older state of it. Use another mirror."}
	}
	if err != nil {
		return err
	}
	for _, f := range rep.Findings {
		if err := a.ui.item("verify", f, f.Path+": "+f.What); err != nil {
			return err
		}
	}
	sum := archiveSummary{Origin: rep.Checkpoint.Origin, LogKey: rep.LogKey, LogID: rep.LogID, LogKeys: append([]string{}, rep.LogKeys...), KeyKnown: rep.KeyKnown, DemoKey: house.IsDemoOrigin(rep.Checkpoint.Origin),
		LogSize: rep.Checkpoint.Size, Root: rep.Checkpoint.Root, Items: rep.Items, Bytes: rep.Bytes, Files: rep.Files, Made: rep.Made,
		Verdicts: rep.Verdicts, Later: rep.Later, Keys: len(rep.Keys.All()), Notes: rep.Notes, Collections: rep.Collections, Times: rep.Times, Findings: len(rep.Findings) + rep.More, Exit: c.archiveExit(&rep)}
	rows, next := archiveRows(&sum, &rep), c.archiveNext(&sum, &rep)
	sum.Notices = noticeSummaries(&rep)
	seen, seenRows, exit, err := c.sightings(rep.Checkpoint, rep.Cosigned)
	if err != nil {
		return err
	}
	if sum.Witnesses = seen; worse(sum.Exit, exit) != sum.Exit {
		sum.Exit, next = exit, witnessNext(exit)
	}
	if rep.Against.Note != nil {
		sum.Split, next = []string{string(rep.Checkpoint.Note), string(rep.Against.Note)}, relationHint
	}
	if err := a.ui.summary("verify", sum, append(rows, seenRows...), next); err != nil {
		return err
	}
	if err := a.bothNotes(sum.Split); err != nil {
		return err
	}
	return ended(sum.Exit)
}

// archiveExit is the worst of what was found.
func (c *verifyCmd) archiveExit(rep *archive.Report) int {
	switch {
	case rep.Has(archive.Altered):
		return exitMismatch
	case rep.Has(archive.Unfinished), !rep.KeyKnown:
		return exitUnchecked
	case !c.allowed("unsigned") && rep.Verdicts[trove.Unsigned]+rep.Verdicts[trove.Unchecked] > 0:
		return exitUnchecked
	}
	return exitDone
}

func (c *verifyCmd) allowed(what string) bool {
	for _, w := range c.Allow {
		if w == what {
			return true
		}
	}
	return false
}

func archiveRows(s *archiveSummary, rep *archive.Report) [][2]string {
	rows := [][2]string{{"log", fmt.Sprintf("%s, %s entries", s.Origin, count(s.LogSize))}, {"root", s.Root.String()}}
	key := "known to you"
	if !s.KeyKnown {
		key = "a key not known to you: " + s.LogKey
	}
	if n := len(s.LogKeys); n > 1 {
		key += fmt.Sprintf(", number %d in a row", n)
	}
	if s.DemoKey {
		key += " (DEMO KEY: public, shows nothing)"
	}
	rows = append(rows, [2]string{"log key", key})
	if s.LogID != (trove.Digest{}) {
		rows = append(rows, [2]string{"log id", s.LogID.String()})
	}
	rows = append(rows,
		[2]string{"checked", fmt.Sprintf("%s with %s in %s", plural(s.Items, "item", "items"), size(s.Bytes), plural(s.Files, "file", "files"))})
	if s.Made > 0 {
		rows = append(rows, [2]string{"made of them", plural(s.Made, "file", "files") + ", as their records list them"})
	}
	for _, c := range rep.Collections {
		rows = append(rows, [2]string{string(c.Name), accountWords(&c)})
	}
	rows = append(rows, verdictRows(s.Verdicts)...)
	rows = append(rows, [2]string{"judged with", plural(s.Keys, "key", "keys") + " of keys.json"})
	if s.Later > 0 {
		rows = append(rows, [2]string{"said since", plural(s.Later, "mail", "mails") + " of which keys that came later show more than the record says"})
	}
	for _, n := range noticeSummaries(rep) {
		rows = append(rows, [2]string{"notice", fmt.Sprintf("%d, %s: %s", n.Number, n.Kind, n.Path)})
	}
	for _, n := range s.Notes {
		rows = append(rows, [2]string{"note", n.Path + ": " + n.What})
	}
	rows = append(rows, timeRows(rep.Times)...)
	return append(rows, [2]string{"findings", count(s.Findings)})
}

var verdictOrder = []trove.Verdict{trove.Valid, trove.KeptKey, trove.Unchecked, trove.Unsigned, trove.Mismatch, trove.Redacted}

// accountWords adds a collection up.
func accountWords(c *archive.CollectionReport) string {
	words := []string{count(c.Published) + " published"}
	if c.Redacted > 0 {
		words[0] += fmt.Sprintf(" (of them %s redacted)", count(c.Redacted))
	}
	for _, reason := range sortedKeys(c.Withheld) {
		words = append(words, count(c.Withheld[reason])+" withheld ("+reason+")")
	}
	for _, w := range []struct {
		n    int
		word string
	}{{c.Unreadable, "unreadable"}, {c.Tombstones, "withdrawn"}, {c.NotOut, "not yet out"}} {
		if w.n > 0 {
			words = append(words, count(w.n)+" "+w.word)
		}
	}
	return fmt.Sprintf("%s = %s committed", strings.Join(words, " + "), count(c.Committed))
}

func (c *verifyCmd) archiveNext(s *archiveSummary, rep *archive.Report) string {
	switch {
	case rep.Has(archive.Altered):
		return "DOES NOT MATCH. Do not use this copy; get another mirror."
	case rep.Has(archive.Unfinished):
		return "Unfinished or rolled back: compare with a checkpoint you kept (--seen), or try again later."
	case !s.KeyKnown:
		return "Everything agrees with itself, but who signed it is not known to you. Next: the same with --log-key KEY, from a source you trust."
	case s.Exit == exitUnchecked:
		return "The archive is whole. Some senders' signatures cannot be checked; --allow unsigned accepts that."
	}
	return "The archive is whole and unaltered. Keep its checkpoint for --seen: " + c.What + "/log/checkpoint"
}

// fileSummary is the last line of verify --json over a file.
type fileSummary struct {
	File       string                 `json:"file"`
	SHA256     trove.Digest           `json:"sha256"`
	Size       int64                  `json:"size"`
	Item       string                 `json:"item,omitempty"`
	LogSize    int64                  `json:"log_size,omitempty"`
	KeyKnown   bool                   `json:"key_known"`
	Proof      string                 `json:"proof,omitempty"`
	Redacted   *redactedSummary       `json:"redacted,omitempty"`
	Witnesses  []house.Sighting       `json:"witnesses,omitempty"`
	Verdict    trove.Verdict          `json:"verdict,omitempty"`
	Signatures []trove.Signature      `json:"signatures,omitempty"`
	Others     []trove.OtherSignature `json:"other_signatures,omitempty"`
	Keys       []shownKey             `json:"keys,omitempty"` // with which the signatures were checked
	Exit       int                    `json:"exit"`
}

func (c *verifyCmd) file(a *app) error {
	rep, err := house.VerifyFile(a.ctx, c.What, c.Proof, c.LogKey, house.KeySource{File: c.Key, Desk: a.dir()})
	if err != nil {
		return err
	}
	sum := fileSummary{File: c.What, SHA256: rep.SHA256, Size: rep.Size}
	rows := [][2]string{{"file", fmt.Sprintf("%s, %s", c.What, size(rep.Size))}, {"sha256", rep.SHA256.String()}}
	if c.Proof != "" {
		rows = append(rows, c.proofRows(&rep, &sum)...)
	}
	if sum.Redacted = redactedOf(rep.Statement); sum.Redacted != nil {
		rows = append(rows, sum.Redacted.row())
	}
	if rep.Sender != nil && !sum.Redacted.showsSender(rep.Sender) {
		sum.Verdict = trove.Redacted
		rows = append(rows, [2]string{"sender", verdictWords[trove.Redacted]})
	} else if rep.Sender != nil {
		rows = append(rows, senderRows(rep.Sender, &sum)...)
		sum.Others = rep.Others
		for _, s := range rep.Others {
			rows = append(rows, [2]string{otherWords[s.Type], otherSignature(s)})
		}
	}
	sum.Exit = c.fileExit(&rep, &sum)
	next := c.fileNext(&rep, &sum)
	if len(c.Witness) > 0 && rep.Statement != nil {
		seen, seenRows, exit, err := c.sightings(rep.Checkpoint, nil)
		if err != nil {
			return err
		}
		rows = append(rows, seenRows...)
		if sum.Witnesses = seen; worse(sum.Exit, exit) != sum.Exit {
			sum.Exit, next = exit, witnessNext(exit)
		}
	}
	if err := a.ui.summary("verify", sum, rows, next); err != nil {
		return err
	}
	return ended(sum.Exit)
}

func (c *verifyCmd) proofRows(rep *house.FileReport, sum *fileSummary) [][2]string {
	var rows [][2]string
	sum.Proof = "matches"
	if s := rep.Statement; s != nil {
		sum.Item = trove.Name{Collection: s.Item.Collection, Number: s.Item.Number}.String()
		sum.LogSize, sum.KeyKnown = s.LogSize, s.KeyKnown
		rows = append(rows, [2]string{"item", fmt.Sprintf("%s, edition %d, batch %d", sum.Item, s.Item.Edition, s.Item.Batch)},
			[2]string{"committed", fmt.Sprintf("one of %s, fixed in the log before it came out", count(s.Commitment.Count))},
			[2]string{"log", fmt.Sprintf("%s at %s entries", s.Origin, count(s.LogSize))})
		if house.IsDemoOrigin(s.Origin) {
			rows = append(rows, [2]string{"log key", "DEMO KEY: public, shows nothing"})
		}
	}
	if rep.ProofErr != nil {
		sum.Proof = rep.ProofErr.Error()
	}
	return append(rows, [2]string{"proof", sum.Proof})
}

func senderRows(r *evidence.Result, sum *fileSummary) [][2]string {
	var rec trove.Record
	r.Fill(&rec)
	sum.Verdict, sum.Signatures = rec.Verdict, rec.Signatures
	rows := [][2]string{{"sender", verdictWords[rec.Verdict]}}
	for _, s := range rec.Signatures {
		rows = append(rows, [2]string{"signature", strings.TrimSpace(s.Domain + ", selector " + s.Selector + ": " + s.Result + " " + s.Cause)})
	}
	used, builtIn := new(evidence.Keys), house.BuiltInKeys()
	for _, s := range r.Signatures {
		if s.Key != nil {
			used.Add(*s.Key)
		}
	}
	for _, k := range used.All() {
		shown := newShownKey(k, used, builtIn)
		sum.Keys = append(sum.Keys, shown)
		rows = append(rows, [2]string{"key", shown.row()})
	}
	return rows
}

func (c *verifyCmd) fileExit(rep *house.FileReport, sum *fileSummary) int {
	unknownKey := errors.Is(rep.ProofErr, proof.ErrKey)
	switch {
	case rep.ProofErr != nil && !unknownKey:
		return exitMismatch
	case c.Proof == "" && sum.Verdict == trove.Mismatch:
		return exitMismatch
	case unknownKey:
		return exitUnchecked
	case c.Proof == "" && rep.Sender == nil:
		return exitUnchecked
	case sum.Verdict == trove.Unchecked || sum.Verdict == trove.Unsigned:
		if !c.allowed("unsigned") {
			return exitUnchecked
		}
	}
	return exitDone
}

func (c *verifyCmd) fileNext(rep *house.FileReport, sum *fileSummary) string {
	switch {
	case sum.Exit == exitMismatch:
		return "DOES NOT MATCH."
	case errors.Is(rep.ProofErr, proof.ErrKey):
		return "The proof holds up to the log's signature, whose key is not known to you. Next: add --log-key KEY."
	case c.Proof == "" && rep.Sender == nil:
		return "Nothing to check it against. Next: add --proof FILE."
	case sum.Exit == exitUnchecked:
		return "The sender's signature cannot be checked. Add --key FILE with the key record, or --allow unsigned."
	}
	return "Matches. It does not show who typed it, whether the set is complete, or whether it is true."
}

func (proofCmd) Help() string {
	return "Example: unseal -C ./archive proof make mail/5205 -o 5205.proof"
}

type proofCmd struct {
	Make  proofMakeCmd  `cmd:"" help:"Write the proof file of a published item."`
	Open  proofOpenCmd  `cmd:"" help:"Open items that are not out to a court or an auditor, sealed."`
	Check proofCheckCmd `cmd:"" help:"Check what was opened to an auditor against an archive."`
}

type proofMakeCmd struct {
	Name string `arg:"" help:"The item, such as mail/5205."`
	Out  string `short:"o" placeholder:"FILE" help:"Where to; else stdout."`
}

func (proofMakeCmd) Help() string {
	return "Example: unseal -C ./archive proof make mail/5205 -o 5205.proof"
}

func (c *proofMakeCmd) Run(a *app) error {
	b, err := house.Proof(a.ctx, a.dir(), c.Name)
	if err != nil {
		return err
	}
	if c.Out == "" && !a.ui.json {
		defer a.ui.flush()
		return a.ui.raw(b)
	}
	sum := struct {
		Name  string `json:"name"`
		File  string `json:"file,omitempty"`
		Size  int    `json:"size"`
		Proof string `json:"proof,omitempty"`
		Exit  int    `json:"exit"`
	}{Name: c.Name, File: c.Out, Size: len(b)}
	if c.Out == "" {
		sum.Proof = string(b)
	} else if err := os.WriteFile(c.Out, b, 0o644); err != nil {
		return err
	}
	rows := [][2]string{{"proof of", c.Name}, {"written", fmt.Sprintf("%s, %s", c.Out, size(int64(len(b))))}}
	return a.ui.summary("proof", sum, rows, "Next: unseal verify FILE --proof "+c.Out)
}
