package main

import (
	"fmt"
	"strings"

	"unseal/house"
	"unseal/trove"
)

type keysJudgeCmd struct {
	Collection string `short:"c" placeholder:"COLL" help:"Only this collection."`
	DryRun     bool   `help:"Say what would change, change nothing."`
}

func (keysJudgeCmd) Help() string {
	return `Example: unseal keys judge -c mail

Examines every mail that is taken in and not published yet with the keys of today, and
records what changed. What is published stays as it was said. Can be stopped and run again.`
}

func (c *keysJudgeCmd) Run(a *app) error {
	mode := house.ReadWrite
	if c.DryRun {
		mode = house.ReadOnly
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), mode)
	if err != nil {
		return err
	}
	defer desk.Close()
	p := a.ui.progress("judging")
	rep, err := desk.Judge(a.ctx, house.JudgeOptions{Collection: c.Collection, DryRun: c.DryRun,
		Progress: func(done, total int64) { p.show(done, total, "items") },
		Changed:  func(j house.Judged) error { return tellJudged(a, j) }})
	if err != nil {
		return err
	}
	sum := struct {
		house.JudgeReport
		DryRun bool `json:"dry_run,omitempty"`
		Exit   int  `json:"exit"`
	}{JudgeReport: rep, DryRun: c.DryRun}
	if rep.Failed > 0 {
		sum.Exit = exitPartly
	}
	rows := [][2]string{{"judged", count(rep.Judged)}, {"changed", count(rep.Changed)}, {"published", count(rep.Published) + "  stay as they are"}}
	rows = append(rows, verdictRows(rep.Verdicts)...)
	if rep.Failed > 0 {
		rows = append(rows, [2]string{"failed", count(rep.Failed)})
	}
	next := "Next: unseal status"
	if c.DryRun {
		next = "Nothing was changed. Next: the same without --dry-run"
	}
	if err := a.ui.summary("judge", sum, rows, next); err != nil {
		return err
	}
	return ended(sum.Exit)
}

func tellJudged(a *app, j house.Judged) error {
	if j.Err != nil {
		if a.ui.json {
			return a.ui.line("judge", "error", failedPath{j.Item, j.Err.Error()})
		}
		a.ui.say("%s: %v", j.Item, j.Err)
		return nil
	}
	var why []string
	for _, s := range j.Signatures {
		why = append(why, strings.TrimSpace(s.Domain+": "+s.Result+" "+s.Cause))
	}
	for _, s := range j.Others {
		why = append(why, otherWords[s.Type]+": "+s.Result+" "+s.Cause)
	}
	return a.ui.item("judge", j, fmt.Sprintf("%-24s %s, was %s  (%s)", j.Item, verdictWords[j.Verdict], verdictWords[j.Before], strings.Join(why, "; ")))
}

// verdictRows counts senders' verdicts in words.
func verdictRows(counts map[trove.Verdict]int) (rows [][2]string) {
	for _, v := range verdictOrder {
		if n := counts[v]; n > 0 {
			rows = append(rows, [2]string{"senders", count(n) + "  " + verdictWords[v]})
		}
	}
	return rows
}

type keysRecoverCmd struct {
	Collection string `short:"c" required:"" placeholder:"COLL" help:"The collection whose signatures are used."`
	Pairs      int    `default:"0" placeholder:"N" help:"Pairs of signatures tried for each name; 3 unless said."`
	MaxBits    int    `default:"0" placeholder:"N" help:"Leave longer keys with the usual exponent alone; 2048 unless said."`
}

func (keysRecoverCmd) Help() string {
	return `Example: unseal keys archive recover -c mail

For each sender's key that is not known, and with two or more RSA signatures, the key is
computed from these. It shows that all the mails it fits were signed with one key, and which
of them were changed since. It does not show whose key that is: such mails stay "Cannot
check". With the usual exponent a pair takes minutes, the more the longer the key; a key
that is found is kept at once, so that it can be stopped and run again.`
}

// recoveredName is one line of recover --json.
type recoveredName struct {
	Name       string `json:"name"`
	Signatures int    `json:"signatures"`
	Fits       int    `json:"fits"`
	Bits       int    `json:"bits"`
	Record     string `json:"record,omitempty"`
}

func (c *keysRecoverCmd) Run(a *app) error {
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	p := a.ui.progress("names")
	rep, err := desk.RecoverKeys(a.ctx, house.RecoverOptions{Collection: c.Collection, Pairs: c.Pairs, Bits: c.MaxBits,
		Progress: func(name string, done, total, percent int) {
			p.show(int64(done), int64(total), fmt.Sprintf("%s: %d %% of a pair", name, percent))
		},
		Found: func(r house.Recovered) error {
			text := fmt.Sprintf("%-50s no key comes out of %s", r.Name, plural(r.Signatures, "signature", "signatures"))
			if r.Fits > 0 {
				text = fmt.Sprintf("%-50s %5d bits, fits %d of %s", r.Name, r.Bits, r.Fits, plural(r.Signatures, "signature", "signatures"))
			}
			return a.ui.item("recover", recoveredName{r.Name, r.Signatures, r.Fits, r.Bits, r.Record}, text)
		}})
	if err != nil {
		return err
	}
	sum := struct {
		house.RecoverReport
		Exit int `json:"exit"`
	}{RecoverReport: rep}
	rows := [][2]string{{"names", count(rep.Names) + "  without a key, with two or more signatures"}, {"recovered", count(rep.Recovered)}}
	next := "Nothing more to find here. Next: unseal keys archive import FILE"
	if rep.Recovered > 0 {
		rows = append(rows, [2]string{"it shows", "all mails that such a key fits were signed with one key; not whose key it is"})
		next = "Next: unseal keys judge -c " + c.Collection
	}
	return a.ui.summary("recover", sum, rows, next)
}
