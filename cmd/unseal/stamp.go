package main

import (
	"errors"
	"fmt"
	"os"

	"unseal/archive"
	"unseal/house"
	"unseal/trove"
)

type logStampCmd struct {
	TSA     []string `name:"tsa" sep:"none" placeholder:"URL" help:"A time stamping authority to ask (RFC 3161)."`
	OTS     []string `name:"ots" sep:"none" placeholder:"URL" help:"An OpenTimestamps calendar to ask, now and for what it promised before."`
	From    []string `sep:"none" placeholder:"FILE" help:"A proof obtained elsewhere (.tsr or .ots), of any state of this log."`
	Text    string   `placeholder:"FILE" help:"Only write what is to be stamped into FILE, to have it stamped elsewhere."`
	TSACert []string `name:"tsa-cert" sep:"none" placeholder:"FILE" help:"Certificates of authorities that you know."`
	To      string   `placeholder:"DIR" help:"The archive of the desk, unless its configuration names one."`
}

func (logStampCmd) Help() string {
	return `Example: unseal -C ./desk log stamp --to ./archive --tsa https://freetsa.org/tsr
Example: unseal -C ./archive log stamp --ots https://alice.btc.calendar.opentimestamps.org
Example: unseal -C ./archive log stamp --text checkpoint.txt
Example: unseal -C ./archive log stamp --from checkpoint.txt.tsr

What is stamped is the text of the newest checkpoint without its signatures: origin, size
and root. The proofs lie in log/timestamps, and verify checks them. A calendar needs some
hours until its proof leads to a Bitcoin block: run the same command again then. Asks
nobody but those named, and with --from and --text nobody at all. Exit 3: one of them gave no proof.`
}

func (c *logStampCmd) Run(a *app) error {
	if c.Text != "" {
		return c.text(a)
	}
	if len(c.TSA)+len(c.OTS)+len(c.From) == 0 {
		return usage("name whom to ask: --tsa URL, --ots URL, or --from FILE")
	}
	cp, list, err := house.Stamp(a.ctx, house.StampOptions{Dir: a.dir(), Archive: c.To, Authorities: c.TSA, Calendars: c.OTS, Files: c.From, Certs: c.TSACert})
	if err != nil {
		return err
	}
	sum := struct {
		Origin string `json:"origin"`
		Size   int64  `json:"size"`
		Asked  int    `json:"asked"`
		Kept   int    `json:"kept"`
		Exit   int    `json:"exit"`
	}{Origin: cp.Origin, Size: cp.Size, Asked: len(list)}
	for _, s := range list {
		if s.Err == nil {
			sum.Kept++
		} else {
			sum.Exit = exitPartly
		}
		if err := stampedRow(a, s); err != nil {
			return err
		}
	}
	rows := [][2]string{{"checkpoint", fmt.Sprintf("%s at %s entries", sum.Origin, count(sum.Size))},
		{"kept", fmt.Sprintf("%d of %s", sum.Kept, plural(sum.Asked, "proof", "proofs"))}}
	if err := a.ui.summary("log", sum, rows, "Readers check them: unseal verify ARCHIVE"); err != nil {
		return err
	}
	return ended(sum.Exit)
}

// stampedRow tells what came of one source.
func stampedRow(a *app, s house.Stamped) error {
	row := struct {
		house.Stamped
		Error string `json:"error,omitempty"`
	}{Stamped: s}
	if s.Err != nil {
		row.Error = s.Err.Error()
		if errors.Is(s.Err, house.ErrNoState) {
			row.Error += "; what is stamped is the file that log stamp --text writes"
		}
		return a.ui.item("log", row, s.Source+": no proof: "+row.Error)
	}
	words := s.Source + ": " + s.Path
	if s.Already {
		words += ", kept before"
	}
	for _, shown := range s.Shown {
		words += "\n  " + timeWords(s.Size, shown)
	}
	return a.ui.item("log", row, words)
}

// text writes what is to be stamped.
func (c *logStampCmd) text(a *app) error {
	b, err := house.CheckpointText(a.ctx, house.StampOptions{Dir: a.dir(), Archive: c.To})
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Text, b, 0o644); err != nil {
		return err
	}
	sum := struct {
		File   string       `json:"file"`
		SHA256 trove.Digest `json:"sha256"`
		Exit   int          `json:"exit"`
	}{File: c.Text, SHA256: trove.Sum(b)}
	return a.ui.summary("log", sum, [][2]string{{"written", c.Text}, {"sha256", sum.SHA256.String()}},
		"Have this very file stamped, then: unseal log stamp --from FILE")
}

// timeWords says what a proof of time shows of a state of the log.
func timeWords(size int64, s trove.OtherSignature) string {
	log := fmt.Sprintf("the log of %s entries", count(size))
	switch {
	case s.Type == trove.OpenTimestamps:
		return log + " " + s.Cause
	case s.Result == "pass":
		return fmt.Sprintf("%s existed on %s, says %s: %s", log, stamp(s.Time), s.Signer, s.Cause)
	}
	return fmt.Sprintf("%s: a timestamp that states %s could not be checked: %s", log, stamp(s.Time), s.Cause)
}

// maxTimeRows is how many proofs of time verify tells; --json has them all.
const maxTimeRows = 10

// timeRows tells the newest proofs of time.
func timeRows(list []archive.TimeShown) [][2]string {
	var rows [][2]string
	if n := len(list) - maxTimeRows; n > 0 {
		rows = append(rows, [2]string{"time", plural(n, "earlier proof", "earlier proofs") + ": see --json"})
		list = list[n:]
	}
	for _, s := range list {
		rows = append(rows, [2]string{"time", timeWords(s.Size, s.OtherSignature)})
	}
	return rows
}
