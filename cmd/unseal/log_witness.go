package main

import (
	"errors"
	"fmt"
	"strings"

	"unseal/house"
	"unseal/proof"
)

type logWitnessCmd struct {
	Listen string   `default:"127.0.0.1:8042" placeholder:"ADDR" help:"Where to listen; port 0 takes a free one."`
	State  string   `required:"" placeholder:"DIR" help:"The witness's folder: what it has cosigned. Never put it back to an older state."`
	Key    string   `required:"" placeholder:"FILE" help:"The file of the witness's key; its public half lies beside it, with .pub."`
	New    string   `placeholder:"NAME" help:"Make the key and the folder of a new witness with this name, such as witness.example.org/w1."`
	Log    []string `placeholder:"KEY" help:"The keys of the logs it watches, or files that hold them."`
}

func (logWitnessCmd) Help() string {
	return `Example: unseal log witness --new witness.example.org/w1 --key witness.key --state ./witness --log harbour.pub
Example: unseal log witness --key witness.key --state ./witness --log harbour.pub

Cosigns a checkpoint of a log only if it goes on from all that it has cosigned before
(c2sp.org/tlog-witness@v1.0.0). Where a log has signed two roots for one size, both notes
are kept in the folder, written to stderr and handed to whoever asks for /evidence, and
the witness ends with exit 4. It needs no archive and no desk.`
}

func (c *logWitnessCmd) Run(a *app) error {
	if len(c.Log) == 0 {
		return usage("--log KEY is missing: which logs is it to watch?")
	}
	var sum struct {
		Address string `json:"address"`
		Key     string `json:"key"`
		Exit    int    `json:"exit"`
	}
	o := house.WitnessOptions{Listen: c.Listen, State: c.State, Key: c.Key, Name: c.New, Logs: c.Log, Log: a.ui.logger()}
	err := house.ServeWitness(a.ctx, o, func(addr, key string) error {
		sum.Address, sum.Key = "http://"+addr+"/", key
		defer a.ui.flush()
		if a.ui.json {
			return a.ui.line("log", "status", map[string]string{"address": sum.Address, "key": key})
		}
		return errors.Join(a.ui.print("Witness "+key), a.ui.print(fmt.Sprintf("Listening at %s   (Ctrl-C ends it)", sum.Address)))
	})
	if errors.Is(err, house.ErrForgotten) {
		return exitError{code: exitWrongKey, word: "forgotten", err: err,
			hint: "A witness that has lost its folder must not sign again with its key. Make a new one: --new NAME, with a new key file and folder."}
	}
	if split := errors.Is(err, house.ErrSplitView); split && !a.ui.json {
		return exitError{code: exitMismatch, word: "split-view", err: err,
			hint: "Publish both notes. Anyone who has the log's key sees it: unseal log consistency a b"}
	} else if split {
		sum.Exit = exitMismatch
	} else if err != nil || !a.ui.json {
		return err
	}
	if err := a.ui.summary("log", sum, nil, ""); err != nil {
		return err
	}
	return ended(sum.Exit)
}

type logCosignCmd struct {
	Witness []string `required:"" sep:"none" placeholder:"KEY=URL" help:"A witness to ask: its key, or a file that holds it, and where it listens. Several: give the flag again."`
	To      string   `placeholder:"DIR" help:"The archive of the desk, unless its configuration names one."`
}

func (logCosignCmd) Help() string {
	return `Example: unseal -C ./desk log cosign --to ./archive --witness witness.pub=https://witness.example.org/
Example: unseal -C ./archive log cosign --witness witness.pub=http://127.0.0.1:8042

Sends the archive's newest checkpoint to the witnesses, with the proof that it goes on
from what they have seen, and adds their cosignatures to it. Run it after each publish,
the first time after commit. Exit 3: some did not cosign. 4: a witness holds another
history of this log.`
}

// cosignRow is one witness in the output of cosign.
type cosignRow struct {
	house.Cosigned
	Error string `json:"error,omitempty"`
}

func (c *logCosignCmd) Run(a *app) error {
	cp, list, err := house.Cosign(a.ctx, house.CosignOptions{Dir: a.dir(), Archive: c.To, Witnesses: c.Witness})
	if errors.Is(err, house.ErrMoved) {
		return exitError{code: exitFailed, word: "moved", err: err, hint: "Something was published meanwhile. Run the same command again."}
	}
	if err != nil {
		return err
	}
	sum := struct {
		Origin   string `json:"origin"`
		Size     int64  `json:"size"`
		Asked    int    `json:"asked"`
		Cosigned int    `json:"cosigned"`
		Exit     int    `json:"exit"`
	}{Origin: cp.Origin, Size: cp.Size, Asked: len(list)}
	for _, w := range list {
		row, words := cosignRow{Cosigned: w}, w.Name+": "
		switch {
		case w.Err != nil:
			row.Error, words = w.Err.Error(), "not cosigned: "+w.Err.Error()
			sum.Exit = max(sum.Exit, cosignExit(w.Err))
		case w.Already:
			sum.Cosigned++
			words += "cosigned before, at " + stamp(*w.Time)
		default:
			sum.Cosigned++
			words += "cosigned at " + stamp(*w.Time)
		}
		if err := a.ui.item("log", row, words); err != nil {
			return err
		}
	}
	rows := [][2]string{{"checkpoint", fmt.Sprintf("%s at %s entries", sum.Origin, count(sum.Size))},
		{"cosigned by", fmt.Sprintf("%d of %s", sum.Cosigned, plural(sum.Asked, "witness", "witnesses"))}}
	next := "Readers check it: unseal verify ARCHIVE --witness KEY"
	if sum.Exit == exitMismatch {
		next = "A witness has seen another history of this log. Stop publishing, and find out which copy is the true one."
	}
	if err := a.ui.summary("log", sum, rows, next); err != nil {
		return err
	}
	for _, w := range list {
		if err := a.bothNotes(w.Split); err != nil {
			return err
		}
	}
	return ended(sum.Exit)
}

// bothNotes writes the notes of a split view behind a summary; with --json they
// stand in a line already.
func (a *app) bothNotes(notes []string) error {
	if a.ui.json || len(notes) == 0 {
		return nil
	}
	defer a.ui.flush()
	return a.ui.text("\n" + strings.Join(notes, "\n"))
}

// cosignExit is 4 where the log itself is in doubt.
func cosignExit(err error) int {
	if errors.Is(err, house.ErrSplitView) || errors.Is(err, proof.ErrMismatch) {
		return exitMismatch
	}
	return exitPartly
}

// witnessRows say which witnesses have seen a checkpoint.
func witnessRows(list []house.Sighting, quorum int) [][2]string {
	var rows [][2]string
	var seen []string
	for _, s := range list {
		if !s.Seen {
			word := "has not cosigned it"
			if s.Wrong {
				word = "COSIGNATURE DOES NOT MATCH"
			}
			rows = append(rows, [2]string{"witness", s.Name + ": " + word})
			continue
		}
		words := fmt.Sprintf("%s: at %s", s.Name, stamp(*s.Time))
		if s.First != nil {
			words += fmt.Sprintf(", the log since %s, when it had %s entries", stamp(*s.First), count(s.Size))
		}
		rows = append(rows, [2]string{"witness", words})
		seen = append(seen, s.Name)
	}
	if len(seen) > 0 {
		rows = append(rows, [2]string{"seen", fmt.Sprintf("by witnesses %s (%d of %d that must)", strings.Join(seen, ", "), len(seen), quorum)})
	}
	return rows
}

// witnessExit is 4 for a cosignature that does not fit, 5 for too few.
func witnessExit(list []house.Sighting, quorum int) int {
	seen := 0
	for _, s := range list {
		if s.Wrong {
			return exitMismatch
		}
		if s.Seen {
			seen++
		}
	}
	if seen < quorum {
		return exitUnchecked
	}
	return exitDone
}

// sightings judges cosignatures for verify: what is shown, and the exit code
// that follows.
func (c *verifyCmd) sightings(cp proof.Checkpoint, earlier []proof.Checkpoint) (list []house.Sighting, rows [][2]string, exit int, err error) {
	list, err = house.Sightings(cp, earlier, c.Witness)
	return list, witnessRows(list, c.quorum()), witnessExit(list, c.quorum()), err
}

// quorum is how many of the witnesses must have seen it: all, unless said.
func (c *verifyCmd) quorum() int {
	if c.Quorum > 0 {
		return c.Quorum
	}
	return len(c.Witness)
}

// checkQuorum refuses what no set of cosignatures could fulfil, or any.
func (c *verifyCmd) checkQuorum(hasCheckpoint bool) error {
	switch {
	case c.Quorum < 0 || c.Quorum > len(c.Witness):
		return usage("--quorum %d of the %s named with --witness", c.Quorum, plural(len(c.Witness), "witness", "witnesses"))
	case len(c.Witness) > 0 && !hasCheckpoint:
		return usage("--witness judges a checkpoint: name an archive, or add --proof FILE")
	}
	return nil
}

// worse is the graver of two results of a check: 4 before 5 before 0.
func worse(a, b int) int {
	if a == exitMismatch || b == exitMismatch {
		return exitMismatch
	}
	return max(a, b)
}

// witnessNext says what to do where witnesses are the reason for exit.
func witnessNext(exit int) string {
	if exit == exitMismatch {
		return "DOES NOT MATCH: a cosignature is not one of this checkpoint. Get another copy, and ask the witness."
	}
	return "Not enough of the witnesses have seen it. The publisher can ask them: unseal log cosign. Until then this may be a copy made for you alone."
}
