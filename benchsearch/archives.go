package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// The aim for an archive of many batches, from issue 5.
const aimOpen = 300 * time.Millisecond

// openRuns is how often an archive is opened anew; the median counts.
const openRuns = 7

// archives makes two archives of the mails with the real binary, one in
// ordinary batches and one in many, and times opening and the first answer.
func (b *bench) archives() error {
	b.doc.section("500 batches: opening and the first answer")
	if _, err := os.Stat(b.unseal); err != nil {
		b.doc.text("%s is not there: archives were left out.", b.unseal)
		b.unseal = ""
		return nil
	}
	b.say("making archives")
	if err := b.publish(); err != nil {
		return err
	}
	b.doc.text("The start of a process, opening what is published, and one answered page, with the files in the page cache; medians of %d.\n", openRuns)
	b.doc.table("archive", "batches", "`/robots.txt`, ms", "a results page, ms", "segments in one process: opening, ms", "first answer, ms")
	for _, name := range []string{"ordinary", "many"} {
		if err := b.archiveRow(name); err != nil {
			return err
		}
	}
	return b.openLarge()
}

func (b *bench) archiveDir(name string) string { return filepath.Join(b.dir, "archive-"+name) }

// publish takes the mails in once and publishes them twice.
func (b *bench) publish() error {
	desk := filepath.Join(b.dir, "desk")
	err := b.unsealAll(
		[]string{"init", desk, "--origin", "bench.invalid/search"},
		[]string{"-C", desk, "-q", "ingest", b.mboxes[0], "-c", collection},
		[]string{"-C", desk, "-q", "ingest", b.mboxes[1], "-c", collection},
		[]string{"-C", desk, "-q", "commit", collection})
	if err != nil {
		return err
	}
	for name, every := range map[string]int{"ordinary": perBatch, "many": (b.docs + batches - 1) / batches} {
		d := filepath.Join(b.dir, "desk-"+name)
		if err := os.CopyFS(d, os.DirFS(desk)); err != nil {
			return err
		}
		err := b.unsealAll(
			[]string{"-C", d, "-q", "batch", "plan", collection, "--every", strconv.Itoa(every)},
			[]string{"-C", d, "-q", "publish", "--to", b.archiveDir(name), "--yes"})
		if err != nil {
			return err
		}
	}
	return nil
}

// exitPartly is the binary's exit code for done but not all could be read.
const exitPartly = 3

func (b *bench) unsealAll(lines ...[]string) error {
	for _, args := range lines {
		out, err := b.command(args...).CombinedOutput()
		var failed *exec.ExitError
		if errors.As(err, &failed) && failed.ExitCode() == exitPartly {
			err = nil
		}
		if err != nil {
			return fmt.Errorf("unseal %v: %w: %s", args, err, lastLine(string(out)))
		}
	}
	return nil
}

func (b *bench) command(args ...string) *exec.Cmd {
	return exec.CommandContext(b.ctx, b.unseal, args...)
}

// firstQuestion is what is asked of a server that has just started.
const firstQuestion = "bayesian"

func (b *bench) archiveRow(name string) error {
	dir := b.archiveDir(name)
	bare, err := b.timeGet(dir, "/robots.txt")
	if err != nil {
		return err
	}
	first, err := b.timeGet(dir, "/search?q="+firstQuestion)
	if err != nil {
		return err
	}
	files, err := publishedSegments(dir)
	if err != nil {
		return err
	}
	opening, answer, err := b.openAndAsk(files)
	if err != nil {
		return err
	}
	b.doc.row(name, number(len(files)), millis(bare), millis(first), millis(opening), millis(answer))
	if name == "many" {
		b.targets.open = first
	}
	return nil
}

// publishedSegments lists the segments of an archive.
func publishedSegments(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "search.seg" {
			files = append(files, name)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s holds no segments", dir)
	}
	return files, err
}

// timeGet has a new process answer one request of an archive.
func (b *bench) timeGet(dir, path string) (time.Duration, error) {
	var t times
	for range openRuns {
		start := time.Now()
		out, err := b.command("serve", dir, "--get", path).Output()
		t = append(t, time.Since(start))
		if err != nil {
			return 0, fmt.Errorf("serve --get %s: %w: %s", path, err, lastLine(string(out)))
		}
	}
	return t.sort().quantile(0.5), nil
}

// openAndAsk opens segments in this process and asks the first question.
func (b *bench) openAndAsk(files []string) (opening, answer time.Duration, err error) {
	var opened, answered times
	for range openRuns {
		o, a, err := b.openOnce(files)
		if err != nil {
			return 0, 0, err
		}
		opened, answered = append(opened, o), append(answered, a)
	}
	return opened.sort().quantile(0.5), answered.sort().quantile(0.5), nil
}

func (b *bench) openOnce(files []string) (opening, answer time.Duration, err error) {
	start := time.Now()
	ix, err := openFiles(files)
	if err != nil {
		return 0, 0, err
	}
	opening = time.Since(start)
	q := question{Text: firstQuestion}
	if err := q.parse(); err != nil {
		return 0, 0, errors.Join(err, ix.Close())
	}
	start = time.Now()
	ask, err := ix.prepare(&q, page)
	if err == nil {
		_, err = ask()
	}
	return opening, time.Since(start), errors.Join(err, ix.Close())
}

// openLarge does the same with the largest enlargement, of which there is no archive.
func (b *bench) openLarge() error {
	files := segmentFiles(b.largeDir(largest))
	opening, answer, err := b.openAndAsk(files)
	if err != nil {
		return err
	}
	b.doc.row(fmt.Sprintf("%d times the mails", largest), number(len(files)), "", "", millis(opening), millis(answer))
	return nil
}
