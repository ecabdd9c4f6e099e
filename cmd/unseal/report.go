package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"unseal/house"
	"unseal/report"
)

type reportCmd struct {
	Completeness reportCompletenessCmd `cmd:"" help:"What is out, what is not and why, what is known to be absent, and what was promised."`
	Authenticity reportAuthenticityCmd `cmd:"" help:"What was shown of the senders' signatures, by batch and by domain."`
}

func (reportCmd) Help() string {
	return "Example: unseal report completeness -C ./archive -c mail --format html -o completeness.html"
}

// reportFlags are those of every report.
type reportFlags struct {
	Collection string `short:"c" required:"" placeholder:"COLL" help:"The collection."`
	Format     string `default:"" enum:",html,csv,json" placeholder:"FORMAT" help:"html, csv or json; without it, the figures in words."`
	Table      string `placeholder:"NAME" help:"With --format csv: this table alone."`
	Out        string `short:"o" placeholder:"FILE" help:"Where to; else stdout."`
}

const reportHelp = `Over an archive it is made from the archive alone, so anyone can make it again. Over a desk
it also tells what is not public; every output then says that it is for the desk only.
With --format csv the tables stand one after the other, the name of each in the first field.`

type reportCompletenessCmd struct {
	reportFlags
}

func (reportCompletenessCmd) Help() string {
	return `Example: unseal report completeness -C ./archive -c mail --format html -o completeness.html

` + reportHelp
}

func (c *reportCompletenessCmd) Run(a *app) error { return c.run(a, report.Completeness) }

type reportAuthenticityCmd struct {
	reportFlags
}

func (reportAuthenticityCmd) Help() string {
	return `Example: unseal report authenticity -C ./archive -c mail --format csv --table domains

` + reportHelp
}

func (c *reportAuthenticityCmd) Run(a *app) error { return c.run(a, report.Authenticity) }

// check refuses flags that do not go together.
func (c *reportFlags) check(json bool) error {
	switch {
	case c.Table != "" && c.Format != "csv":
		return exitError{code: exitUsage, word: "usage", err: errors.New("--table goes with --format csv alone")}
	case json && c.Out == "" && c.Format != "" && c.Format != "json":
		return exitError{code: exitUsage, word: "usage", err: fmt.Errorf("--json and --format %s want the same stdout", c.Format), hint: "Add -o FILE."}
	case c.Format == "" && c.Out != "":
		return exitError{code: exitUsage, word: "usage", err: errors.New("-o needs a --format"), hint: "Add --format html, csv or json."}
	}
	return nil
}

func (c *reportFlags) run(a *app, make func(*report.Input) (*report.Report, error)) error {
	if err := c.check(a.ui.json); err != nil {
		return err
	}
	in, err := house.ReportInput(a.ctx, a.dir(), c.Collection)
	if err != nil {
		return err
	}
	r, err := make(in)
	if errors.Is(err, report.ErrAccount) {
		return exitError{code: exitMismatch, word: "account", err: err,
			hint: "Run: unseal verify ARCHIVE, or on a desk unseal fsck. If the desk was being changed, run the report again."}
	}
	if err != nil {
		return err
	}
	if a.ui.json && c.Format == "" {
		c.Format = "json"
	}
	if c.Format == "" {
		return c.inWords(a, r)
	}
	var b bytes.Buffer
	if err := c.write(&b, r); err != nil {
		return err
	}
	if c.Out == "" {
		defer a.ui.flush()
		return a.ui.raw(b.Bytes())
	}
	return c.save(a, r, b.Bytes())
}

func (c *reportFlags) write(b *bytes.Buffer, r *report.Report) error {
	switch c.Format {
	case "html":
		return r.HTML(b)
	case "json":
		return r.JSON(b)
	}
	err := r.CSV(b, c.Table)
	if errors.Is(err, report.ErrNoTable) {
		return exitError{code: exitUsage, word: "no-table", err: err}
	}
	return err
}

// save writes a file; one that tells what is not public only its owner reads.
func (c *reportFlags) save(a *app, r *report.Report, b []byte) error {
	mode := os.FileMode(0o644)
	if r.Desk {
		mode = 0o600
	}
	if err := os.WriteFile(c.Out, b, mode); err != nil {
		return err
	}
	if err := os.Chmod(c.Out, mode); err != nil { // of a file that was there
		return err
	}
	sum := struct {
		Report     string `json:"report"`
		Collection string `json:"collection"`
		Scope      string `json:"scope"`
		File       string `json:"file"`
		Size       int    `json:"size"`
		Exit       int    `json:"exit"`
	}{r.Kind, string(r.Collection), r.Scope(), c.Out, len(b), exitDone}
	rows := [][2]string{{"report", r.Kind + " of " + c.Collection}, {"scope", r.Scope()}, {"written", fmt.Sprintf("%s, %s", c.Out, size(int64(len(b))))}}
	return a.ui.summary("report", sum, rows, "Next: open "+c.Out)
}

// inWords prints the figures.
func (c *reportFlags) inWords(a *app, r *report.Report) error {
	rows := [][2]string{{"report", r.Kind + " of " + c.Collection}, {"scope", r.Scope()}}
	for _, f := range r.Figures {
		if v := f.Value(); v != "" {
			rows = append(rows, [2]string{f.Title, v})
		}
	}
	return a.ui.summary("report", nil, rows, fmt.Sprintf("Next: unseal report %s -c %s --format html -o %s.html", r.Kind, c.Collection, r.Kind))
}
