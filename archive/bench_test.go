package archive

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"unseal/durable"
	"unseal/evidence"
	"unseal/intake/mail"
	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
)

// realMails are those of the mailboxes that UNSEAL_MBOX names, by commas,
// split roughly at their "From " lines.
func realMails(b *testing.B) (mails [][]byte, size int64) {
	if os.Getenv("UNSEAL_MBOX") == "" {
		b.Skip("UNSEAL_MBOX names no mailbox to measure on")
	}
	for name := range strings.SplitSeq(os.Getenv("UNSEAL_MBOX"), ",") {
		box, err := os.ReadFile(name)
		must(b, err)
		for len(box) > 0 {
			n := bytes.Index(box, []byte("\nFrom ")) + 1
			if n == 0 {
				n = len(box)
			}
			mails = append(mails, box[bytes.IndexByte(box, '\n')+1:n])
			size += int64(len(mails[len(mails)-1]))
			box = box[n:]
		}
	}
	return mails, size
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// phase measures what fn costs in CPU, whatever else runs on the machine.
func phase(b *testing.B, what string, size int64, fn func()) {
	b.Helper()
	runtime.GC()
	before, start := cpuTime(), time.Now()
	fn()
	cpu := cpuTime() - before
	b.Logf("%-14s %6.2f CPU s, %6.2f s, %5.0f MB a CPU s", what, cpu.Seconds(), time.Since(start).Seconds(), float64(size)/1e6/cpu.Seconds())
}

// BenchmarkArchive takes real mails through commit, publish, verify and open.
func BenchmarkArchive(b *testing.B) {
	mails, size := realMails(b)
	p := newPress(b, len(mails), 2500)
	p.release, p.genesis.ReleaseKeys, p.genesis.ReleaseQuorum = nil, nil, 0
	dir := b.TempDir()
	fsys, err := durable.Dir(dir)
	must(b, err)
	defer fsys.Close()
	leaves, openings := make([]trove.Digest, len(mails)), make([]proof.Opening, len(mails))
	records := make([]trove.Record, len(mails))
	phase(b, "parse", size, func() {
		for i, m := range mails {
			records[i], _ = mail.Parse(m)
			evidence.Examine(m, nil, records[i].Date).Fill(&records[i])
		}
	})
	phase(b, "commit", size, func() {
		for i, m := range mails {
			c := proof.Context{Origin: testOrigin, Collection: "mail", Number: i + 1, Kind: trove.Mail}
			leaves[i], openings[i] = proof.Commit(c, p.secret().Item("mail", i+1), m)
		}
	})
	w := p.writer(fsys)
	phase(b, "write", size, func() {
		root, count, err := w.WriteCommitment(context.Background(), "mail", 1, func(yield func(trove.Digest) bool) {
			for _, l := range leaves {
				if !yield(l) {
					return
				}
			}
		})
		must(b, err)
		begin, err := translog.Sign(p.genesis, p.signer)
		must(b, err)
		must(b, w.Append(begin, proof.Commitment{Collection: "mail", K: 1, First: 1, Count: count, Root: root, Rule: proof.WordsRule}))
		must(b, p.publish(w))
		for first := 0; first < len(mails); first += 2500 {
			items := func(yield func(*NewItem, error) bool) {
				for i := first; i < min(first+2500, len(mails)); i++ {
					item := &NewItem{Number: i + 1, Kind: trove.Mail, Edition: 1, Date: records[i].Date, Content: mails[i]}
					item.Record = Record{Record: records[i], Opening: openings[i], Thread: fmt.Sprintf("%016x", i/4), Owners: []string{"list"}, Paths: []string{"lists.mbox"}}
					if !yield(item, nil) {
						return
					}
				}
			}
			segment := func(w io.Writer) error {
				for i := first; i < min(first+2500, len(mails)); i++ {
					if _, err := w.Write(mails[i][:len(mails[i])*48/100]); err != nil {
						return err
					}
				}
				return nil
			}
			entries, err := w.WriteBatch(context.Background(), NewBatch{Collection: "mail", Number: first/2500 + 1, Edition: 1, Published: time.Unix(1_475_000_000, 0)}, items, segment)
			must(b, err)
			must(b, w.Append(entries...))
			must(b, p.publish(w))
		}
	})
	kinds := map[string]int64{}
	for name, text := range contents(b, dir) {
		base := name[strings.LastIndexByte(name, '/')+1:]
		switch {
		case strings.HasPrefix(name, "log/"):
			base = "log"
		case strings.Contains(name, "/commitment/"):
			base = "commitment"
		}
		kinds[base] += int64(len(text))
	}
	for kind, n := range kinds {
		b.Logf("%-16s %6.3f of raw", kind, float64(n)/float64(size))
	}
	var a *Archive
	phase(b, "open", size, func() {
		a, err = Open(context.Background(), fsys)
		must(b, err)
	})
	defer a.Close()
	c := a.Collections()[0]
	phase(b, "read all", size, func() {
		for n := 1; n <= c.Count(); n++ {
			if _, err := c.Bytes(n); err != nil {
				b.Fatal(err)
			}
		}
	})
	phase(b, "5000 records", size, func() {
		for n := range 5000 {
			if _, err := c.Item(n*7919%c.Count() + 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	phase(b, "1000 proofs", size, func() {
		for n := range 1000 {
			if _, err := a.Proof("mail", n*7919%c.Count()+1); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, deep := range []bool{false, true} {
		what := "verify"
		if deep {
			what = "verify --deep"
		}
		phase(b, what, size, func() {
			r, err := Verify(context.Background(), fsys, VerifyOptions{LogKey: p.key, Deep: deep})
			must(b, err)
			for _, f := range r.Findings {
				b.Errorf("%s: %s", f.Path, f.What)
			}
		})
	}
	b.ReportMetric(0, "ns/op")
}
