package report_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/crash"
	"unseal/house"
	"unseal/proof"
	"unseal/report"
	"unseal/translog"
	"unseal/trove"
)

func TestMain(m *testing.M) {
	if code, ok := house.Child(os.Args, os.Stdin, os.Stdout, os.Stderr); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

var now = time.Date(2019, time.October, 1, 12, 0, 0, 0, time.UTC)

const origin = "demo.example.org/log"

// model is what a made-up archive must be counted as.
type model struct {
	committed, published, tombstones, unreadable, notOut, copies, further int
	withheld                                                              map[string]int
	months                                                                map[string]int // of what is published
	verdicts                                                              map[trove.Verdict]int
}

// seed makes the same test keys each run.
type seed byte

func (k seed) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(k)
	}
	return len(b), nil
}

// author writes an archive of made-up mails in random states.
type author struct {
	tb    testing.TB
	r     *rand.Rand
	w     *archive.Writer
	m     model
	count int
}

var allVerdicts = []trove.Verdict{trove.Valid, trove.KeptKey, trove.Unchecked, trove.Unsigned, trove.Mismatch, trove.Redacted}

// randomArchive writes an archive and says how it is to be counted.
func randomArchive(tb testing.TB, r *rand.Rand) (*archive.Archive, model) {
	fsys := crash.NewMem()
	skey, vkey, err := note.GenerateKey(seed(1), origin)
	must(tb, err)
	signer, err := note.NewSigner(skey)
	must(tb, err)
	w, err := archive.NewWriter(fsys, signer, nil, proof.Checkpoint{})
	must(tb, err)
	a := &author{tb: tb, r: r, w: w, m: model{withheld: map[string]int{}, months: map[string]int{}, verdicts: map[trove.Verdict]int{}}}
	begin, err := translog.Sign(translog.Genesis{LogKey: vkey, Origin: origin}, signer)
	must(tb, err)
	must(tb, w.Append(begin))
	a.commit(1, 1+r.IntN(40))
	a.publish()
	a.batches()
	if r.IntN(2) == 0 {
		a.commit(2, 1+r.IntN(5))
		a.publish()
	}
	got, err := archive.Open(context.Background(), fsys)
	must(tb, err)
	return got, a.m
}

func (a *author) content(n int) []byte {
	return fmt.Appendf(nil, "From: ada@example.org\nMessage-ID: <%d@example.org>\n\nNumber %d.\n", n, n)
}

func (a *author) open(n int) (trove.Digest, proof.Opening) {
	c := proof.Context{Origin: origin, Collection: "mail", Number: n, Kind: trove.Mail}
	return proof.Commit(c, proof.Secret{7}.Item("mail", n), a.content(n))
}

func (a *author) commit(k, count int) {
	first := a.count + 1
	a.count += count
	leaves := func(yield func(trove.Digest) bool) {
		for n := first; n < first+count; n++ {
			if leaf, _ := a.open(n); !yield(leaf) {
				return
			}
		}
	}
	var previous trove.Digest
	if c := a.w.State().Collection("mail"); c != nil {
		previous = c.Commitments[0].Root
	}
	root, _, err := a.w.WriteCommitment(context.Background(), "mail", k, leaves)
	must(a.tb, err)
	must(a.tb, a.w.Append(proof.Commitment{Collection: "mail", K: k, First: first, Count: count, Root: root, Previous: previous, Rule: proof.WordsRule,
		Inventory: proof.Secret{7}.Inventory("mail", k, nil), Time: now.Add(-time.Hour)}))
	a.m.committed += count
	a.m.notOut += count
}

func (a *author) publish() {
	must(a.tb, a.w.Publish(archive.Told{Info: archive.Info{Name: "Made up"},
		Collections: []archive.CollectionInfo{{Name: "mail", Title: "Mails", Promised: 50, PromisedBy: "2019-09-30"}}}))
}

// batches publishes some numbers in two batches, both of them in a second
// edition, and keeps back or withdraws others.
func (a *author) batches() {
	in := map[int][]int{}
	for n := 1; n <= a.count; n++ {
		switch a.r.IntN(6) {
		case 0: // stays in
		case 1:
			reason := []string{"privacy", "legal"}[a.r.IntN(2)]
			a.append(translog.Withheld{Collection: "mail", First: n, Last: n, Reason: reason})
			a.m.withheld[reason]++
			a.m.notOut--
		case 2:
			a.append(translog.Withheld{Collection: "mail", First: n, Last: n, Reason: "unreadable"})
			a.m.unreadable++
			a.m.notOut--
		default:
			b := 1 + a.r.IntN(2)
			in[b] = append(in[b], n)
		}
	}
	a.write(1, 1, in[1], nil)
	a.write(2, 1, in[2], nil)
	a.publish()
	for b, numbers := range in {
		a.again(b, numbers)
	}
	a.publish()
}

// again withdraws some numbers of a batch, shows others anew, and writes the
// batch without the former.
func (a *author) again(batch int, numbers []int) {
	var left, anew []int
	for _, n := range numbers {
		a.m.notOut--
		if a.r.IntN(8) == 0 {
			a.append(translog.Tombstone{Collection: "mail", Number: n, Reason: "court"})
			a.m.tombstones++
			continue
		}
		left = append(left, n)
		if a.r.IntN(4) == 0 {
			anew = append(anew, n)
		}
		i := a.item(n, 1)
		a.m.published++
		a.m.further += len(i.Record.Paths) - 1
		if i.Record.CopyOf > 0 {
			a.m.copies++
		}
		month := "undated"
		if !i.Date.IsZero() {
			month = i.Date.Format("2006-01")
		}
		a.m.months[month]++
		a.m.verdicts[i.Record.Verdict]++
	}
	if len(left) < len(numbers) || len(anew) > 0 {
		a.write(batch, 2, left, anew)
	}
}

func (a *author) append(entries ...translog.Entry) { must(a.tb, a.w.Append(entries...)) }

// write writes an edition of a batch; of a second one only what is anew gets
// an entry.
func (a *author) write(batch, edition int, numbers, anew []int) {
	items := func(yield func(*archive.NewItem, error) bool) {
		for _, n := range numbers {
			itemEdition := 1
			if slices.Contains(anew, n) {
				itemEdition = 2
			}
			if !yield(a.item(n, itemEdition), nil) {
				return
			}
		}
	}
	entries, err := a.w.WriteBatch(context.Background(), archive.NewBatch{Collection: "mail", Number: batch, Edition: edition, Published: now.Add(-time.Minute)},
		items, func(w io.Writer) error { _, err := io.WriteString(w, "segment"); return err })
	must(a.tb, err)
	a.append(slices.DeleteFunc(entries, func(e translog.Entry) bool {
		item, ok := e.(proof.Item)
		return ok && edition > 1 && item.Edition == 1
	})...)
}

// item is number n, the same whenever it is asked for.
func (a *author) item(n, edition int) *archive.NewItem {
	r := rand.New(rand.NewPCG(9, uint64(n)))
	_, o := a.open(n)
	i := &archive.NewItem{Number: n, Kind: trove.Mail, Edition: edition, Content: a.content(n), Record: archive.Record{
		Opening: o, Thread: fmt.Sprint(r.IntN(5)), Owners: []string{"ada", "grace"}[:r.IntN(3)], Paths: []string{"a", "b", "c"}[:1+r.IntN(3)],
		Record: trove.Record{Kind: trove.Mail, MessageID: fmt.Sprintf("%d@example.org", n), Verdict: allVerdicts[r.IntN(6)],
			From: []trove.Address{{Addr: fmt.Sprintf("p%d@Example.%s", r.IntN(3), []string{"org", "net"}[r.IntN(2)])}}}}}
	if r.IntN(5) > 0 {
		i.Date = now.AddDate(0, -r.IntN(14), 0).Truncate(time.Second)
	}
	if r.IntN(3) == 0 {
		i.Record.InReplyTo = []string{fmt.Sprintf("%d@example.org", 1+r.IntN(60))}
	}
	if r.IntN(9) == 0 && n > 1 {
		i.Record.CopyOf = 1
	}
	return i
}

// table finds one table of a report.
func table(tb testing.TB, r *report.Report, name string) *report.Table {
	tb.Helper()
	for i := range r.Tables {
		if r.Tables[i].Name == name {
			return &r.Tables[i]
		}
	}
	tb.Fatalf("no table %s", name)
	return nil
}

// figure finds one figure of a report, as text.
func figure(tb testing.TB, r *report.Report, name string) string {
	tb.Helper()
	for _, f := range r.Figures {
		if f.Name == name {
			return f.String(f.Form)
		}
	}
	tb.Fatalf("no figure %s", name)
	return ""
}
