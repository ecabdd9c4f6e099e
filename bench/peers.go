package main

import (
	"os"
	"os/exec"
	"path/filepath"
)

// muNothingFound is mu's exit code for no hit.
const muNothingFound = 4

func (b *bench) notmuch(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.ctx, "notmuch", args...)
	cmd.Env = append(os.Environ(), "NOTMUCH_CONFIG="+filepath.Join(b.dir, "notmuch-config"))
	return cmd
}

func (b *bench) mu(args ...string) *exec.Cmd {
	args = append(args[:1:1], append([]string{"--muhome=" + filepath.Join(b.dir, "mu")}, args[1:]...)...)
	return exec.CommandContext(b.ctx, "mu", args...)
}

// indexPeers lets notmuch and mu index the same mails, one file each as they
// want it. They make an index; our figure also has the log, the proofs, the
// archive and the sender checks in it.
func (b *bench) indexPeers() error {
	if !b.peers {
		return nil
	}
	b.doc.section("Beside indexers of mail")
	b.doc.text("They read the mails from one file each, on the disk already, and make a search index. The first row is our whole way from mailbox to published, provable, searchable archive.\n")
	b.doc.table("program", "wall s", "CPU s", "peak MB", "index MB", "CPU / ours")
	segments, err := folderSize(b.archive, func(base string) bool { return base == "search.seg" })
	if err != nil {
		return err
	}
	b.doc.row("unseal: ingest, commit, publish", decimals(b.own.wall.Seconds(), 1), decimals(b.own.cpu, 1),
		decimals(megabytes(b.own.peak), 0), decimals(megabytes(segments), 0), times(1, 1))
	dir, err := b.oneFileEach()
	if err != nil {
		return err
	}
	if b.have("notmuch") {
		config := "[database]\npath=" + dir + "\n[new]\ntags=inbox\n[search]\nexclude_tags=\n"
		if err := os.WriteFile(filepath.Join(b.dir, "notmuch-config"), []byte(config), 0o644); err != nil {
			return err
		}
		if err := b.indexPeer("notmuch new", b.notmuch("new", "--quiet"), filepath.Join(dir, ".notmuch")); err != nil {
			return err
		}
	}
	if b.have("mu") {
		if _, err := measure(b.mu("init", "--quiet", "--maildir="+dir)); err != nil {
			return err
		}
		if err := b.indexPeer("mu index", b.mu("index", "--quiet"), filepath.Join(b.dir, "mu")); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) indexPeer(name string, cmd *exec.Cmd, index string) error {
	b.say("%s (minutes)", name)
	u, err := measure(cmd)
	if err != nil {
		return err
	}
	size, err := folderSize(index, func(string) bool { return true })
	if err != nil {
		return err
	}
	b.doc.row(name, decimals(u.wall.Seconds(), 1), decimals(u.cpu, 1), decimals(megabytes(u.peak), 0),
		decimals(megabytes(size), 0), times(u.cpu, b.own.cpu))
	return nil
}
