package main

import (
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"runtime"
)

// builds has each engine index the mails and says what that took.
func (b *bench) builds() error {
	b.doc.section("Build")
	b.doc.text("The documents are in memory of a process of its own for each engine. bleve and FTS5 keep no text; our segments hold it, for snippets.\n")
	b.doc.table("engine", "CPU s", "wall s", "MB of text a CPU s", "index MB", "index / text", "peak MB")
	for _, e := range b.contestants() {
		b.say("building: %s", e.name())
		o, err := b.send(job{What: "build", Engine: e.name(), Corpus: b.corpus, Docs: b.docs, Copies: 1, Batch: perBatch, Workers: 1, Dir: b.indexDir(e)})
		if err != nil {
			return err
		}
		if err := b.built(e.name(), b.indexDir(e), o); err != nil {
			return err
		}
		b.engines = append(b.engines, e)
	}
	if err := b.buildNotmuch(); err != nil {
		return err
	}
	if !b.peers {
		b.doc.text("\nThe peers were left out of this run.")
	}
	return nil
}

// contestants are the engines of this run that live in this process.
func (b *bench) contestants() []engine {
	list := []engine{segments{1, perBatch}}
	if b.peers {
		list = append(list, bleveEngine{}, ftsEngine{})
	}
	return list
}

// built writes the row of a finished index.
func (b *bench) built(name, dir string, o outcome) error {
	size, err := folderSize(dir)
	if err != nil {
		return err
	}
	rate, share := megabytes(b.text)/o.CPU, float64(size)/float64(b.text)
	b.doc.row(name, decimals(o.CPU, 1), decimals(o.Wall, 1), decimals(rate, 1), decimals(megabytes(size), 1), decimals(share, 2), decimals(megabytes(o.Peak), 0))
	switch name {
	case "unseal":
		b.targets.rate, b.targets.share = rate, share
	case "bleve":
		b.targets.bleve = rate
	}
	return nil
}

func (b *bench) notmuch() *notmuch { return &notmuch{b.ctx, filepath.Join(b.dir, "maildir")} }

// buildNotmuch has notmuch index the same mails, whose bytes it parses besides.
func (b *bench) buildNotmuch() error {
	if !b.hasNotmuch() {
		if b.peers {
			b.doc.row("notmuch", "", "is not installed", "", "", "", "")
		}
		return nil
	}
	b.say("building: notmuch (minutes)")
	n := b.notmuch()
	if err := n.split(b.mboxes); err != nil {
		return err
	}
	o, err := n.index()
	if err != nil {
		return fmt.Errorf("notmuch: %w", err)
	}
	return b.built("notmuch, parsing included", filepath.Join(n.dir, ".notmuch"), o)
}

func (b *bench) hasNotmuch() bool {
	_, err := exec.LookPath("notmuch")
	return b.peers && err == nil
}

// folderSize sums the files below dir.
func folderSize(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// buildLarge makes enlarged segments of ours and says what that took.
func (b *bench) buildLarge(copies, batch int) (dir string, o outcome, err error) {
	b.say("building: %d times the mails", copies)
	dir = b.largeDir(copies)
	o, err = b.send(job{What: "build", Engine: "unseal", Corpus: b.corpus, Docs: b.docs, Copies: copies, Batch: batch, Workers: runtime.NumCPU(), Dir: dir})
	return dir, o, err
}
