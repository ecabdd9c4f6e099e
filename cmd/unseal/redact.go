package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"unseal/catalog"
	"unseal/house"
	"unseal/reading"
	"unseal/redact"
	"unseal/release"
	"unseal/trove"
)

type redactCmd struct {
	Name           string   `arg:"" help:"An item (mail/12), a range (mail/12-40) or a whole collection (mail)."`
	Text           string   `placeholder:"RE" help:"Hide what this regular expression matches, in every form in which it stands there."`
	Words          []string `sep:"none" placeholder:"W" help:"Hide these words: letter case, accents, quote marks and line breaks do not count. May be repeated."`
	Bytes          string   `placeholder:"A-B" help:"Hide these of the item's exact bytes, counted from 0, the last one included."`
	Audio          []string `sep:"none" placeholder:"A-B" help:"Hide these seconds of a recording, such as 12.5-16.5: the sound and what a transcript says in it. May be repeated."`
	Part           int      `placeholder:"N" help:"Hide the item's N-th file, as show lists them."`
	Reason         string   `placeholder:"CODE" help:"A reason code, public: privacy, third-party, legal, safety …"`
	Why            string   `placeholder:"TEXT" help:"More about it, for the desk only."`
	Only           bool     `help:"Leave other items alone that quote what goes away."`
	KeepSignatures bool     `help:"Keep the senders' signatures over hidden text; refused where it could be guessed."`
	Lift           bool     `help:"Take all redactions of these items away again."`
	IAm            string   `name:"i-am" placeholder:"NAME" help:"With --lift and --yes: who says so."`
	DryRun         bool     `help:"Say what would be hidden, change nothing."`
}

func (redactCmd) Help() string {
	return `Example: unseal redact mail/5205 --text '\+1 202 [0-9 -]+' --reason privacy

Seconds of a recording: unseal redact calls/3 --audio 12.5-16.5 --reason third-party

What is hidden goes away wherever it stands: headers, bodies in every encoding, HTML,
attachments, and every other item of the collection that quotes it. Items that are out get
a new edition with the next publish, all together; whoever kept the earlier edition keeps it.
Readers see that something is hidden, where and why, and can prove that all else is as it was.`
}

func (c *redactCmd) Run(a *app) error {
	n, err := c.name()
	if err != nil {
		return err
	}
	desk, _, err := a.collection(string(n.Collection), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	by := catalog.Author{Who: house.Who(), Why: c.Why}
	rel := a.release(desk, "redacting")
	if c.Lift {
		return c.lift(a, rel, n, by)
	}
	h, err := c.hide(n, by)
	if err != nil {
		return err
	}
	found, err := rel.Look(a.ctx, h)
	if err != nil {
		return err
	}
	if len(found.Items) == 0 {
		return nothingHidden(n, found)
	}
	if !c.DryRun {
		if err := rel.Redact(a.ctx, h, found); err != nil {
			return err
		}
	}
	return tellHidden(a, "redact", n, found, c.DryRun)
}

// nothingHidden says that no bytes are selected, and where else it is said.
func nothingHidden(n trove.Name, found release.Looked) error {
	e := exitError{code: exitFailed, word: "nothing", err: fmt.Errorf("nothing in %s is selected, so nothing is hidden", n),
		hint: "Look at the text as it is: unseal show NAME"}
	if len(found.Saying) > 0 {
		x := found.Saying[0]
		e.hint = fmt.Sprintf("Texts that were made of %s say it, such as that of %s: hide pages or pictures with --part or --bytes.",
			plural(len(found.Saying), "item", "items"), sayingWords(x))
		if len(x.Seconds) > 0 {
			e.hint = fmt.Sprintf("Texts that were made of %s say it: unseal redact %s --audio %g-%g --reason CODE",
				plural(len(found.Saying), "item", "items"), x.Name, x.Seconds[0].From, x.Seconds[0].To)
		}
	}
	return e
}

// sayingWords is the name of an item that says something, and when it does.
func sayingWords(x release.Said) string {
	text := x.Name.String()
	for i, s := range x.Seconds {
		sep := ","
		if i == 0 {
			sep = " (seconds"
		}
		text += fmt.Sprintf("%s %g-%g", sep, s.From, s.To)
	}
	if len(x.Seconds) > 0 {
		text += ")"
	}
	return text
}

// name is what is to be looked at: an item, a range or a collection.
func (c *redactCmd) name() (trove.Name, error) {
	n, err := trove.ParseName(c.Name)
	if err != nil {
		return n, usage("%v", err)
	}
	if n.Edition > 0 || n.Attachment > 0 || n.Batch > 0 {
		return n, usage("%q is no item, range or collection; write mail/12, mail/12-40 or mail", c.Name)
	}
	return n, nil
}

// numbers is the range that a name means; 0, 0 for a whole collection.
func numbers(n trove.Name) (from, to int) { return n.Number, max(n.Number, n.Last) }

func (c *redactCmd) hide(n trove.Name, by catalog.Author) (release.Hide, error) {
	h := release.Hide{Collection: n.Collection, Part: c.Part, Reason: c.Reason, Only: c.Only, By: by}
	h.From, h.To = numbers(n)
	h.Select = redact.Selection{Words: c.Words, KeepSignatures: c.KeepSignatures}
	others := c.Text != "" || len(c.Words) > 0 || c.Bytes != "" || c.Part != 0
	if !others && len(c.Audio) == 0 {
		return h, usage("say what to hide: --text, --words, --bytes, --part or --audio")
	}
	if others && len(c.Audio) > 0 {
		return h, usage("--audio is asked for alone; hide anything else with a command of its own")
	}
	if c.Reason == "" {
		return h, usage("say why in a word that readers see: --reason CODE")
	}
	if (c.Bytes != "" || c.Part != 0 || len(c.Audio) > 0) && (h.From == 0 || h.From != h.To) {
		return h, usage("--bytes, --part and --audio are of one item; write mail/12")
	}
	var err error
	for _, s := range c.Audio {
		span, err := secondsRange(s)
		if err != nil {
			return h, err
		}
		h.Seconds = append(h.Seconds, span)
	}
	if c.Text != "" {
		if h.Select.Text, err = regexp.Compile(c.Text); err != nil {
			return h, usage("--text: %v", err)
		}
	}
	if c.Bytes != "" {
		h.Select.Bytes, err = byteRange(c.Bytes)
	}
	return h, err
}

// byteRange reads A-B, both included, as [A, B+1).
func byteRange(s string) (r [2]int64, err error) {
	first, last, ok := strings.Cut(s, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	if !ok || err1 != nil || err2 != nil || from < 0 || to < from {
		return r, usage("--bytes %q: write the first and the last byte, such as 120-131", s)
	}
	return [2]int64{from, to + 1}, nil
}

// secondsRange reads A-B in seconds.
func secondsRange(s string) (r reading.Span, err error) {
	first, last, ok := strings.Cut(s, "-")
	from, err1 := strconv.ParseFloat(first, 64)
	to, err2 := strconv.ParseFloat(last, 64)
	if !ok || err1 != nil || err2 != nil || !(from >= 0 && from < to && to < maxSeconds) {
		return r, usage("--audio %q: write from which second to which, such as 12.5-16.5", s)
	}
	return reading.Span{From: from, To: to}, nil
}

// maxSeconds is longer than any recording that is read: a year.
const maxSeconds = 366 * 24 * 3600

func (c *redactCmd) lift(a *app, rel *release.Desk, n trove.Name, by catalog.Author) error {
	from, to := numbers(n)
	if from == 0 {
		return usage("--lift is for an item or a range; write mail/12 or mail/12-40")
	}
	if err := a.ui.confirmHarm(a.ctx, fmt.Sprintf("All that is hidden in %s is shown from the next publish on.", n), n.String(), c.IAm); err != nil {
		return err
	}
	if err := rel.Lift(a.ctx, n.Collection, from, to, by); err != nil {
		return err
	}
	sum := struct {
		Range string `json:"range"`
		Exit  int    `json:"exit"`
	}{n.String(), exitDone}
	return a.ui.summary("redact", sum, [][2]string{{"redactions lifted", n.String()}}, "Readers see it after the next: unseal publish")
}

type withdrawCmd struct {
	Range  string `arg:"" help:"One number or a range that is out: mail/12 or mail/12-20."`
	Reason string `required:"" placeholder:"CODE" help:"A reason code, public: court-order, third-party, mistake …"`
	Why    string `placeholder:"TEXT" help:"More about it, for the desk only."`
	IAm    string `name:"i-am" placeholder:"NAME" help:"With --yes: who says so."`
	DryRun bool   `help:"Say what would go away, change nothing."`

	Everywhere bool `help:"Hide passages that other threads share with it, however many items hold them."`
}

func (withdrawCmd) Help() string {
	return `Example: unseal withdraw mail/5205 --reason court-order

Takes published numbers back for good: each leaves a tombstone that says when and why. Other
copies of the same message go too; what other items quote of it is hidden, and in its thread
its subject. Nothing can be called back that others have copied.`
}

func (c *withdrawCmd) Run(a *app) error {
	n, err := trove.ParseName(c.Range)
	if err != nil {
		return usage("%v", err)
	}
	if n.Number == 0 || n.Edition > 0 || n.Attachment > 0 {
		return usage("%q is no range of items; write mail/12 or mail/12-20", c.Range)
	}
	desk, _, err := a.collection(string(n.Collection), house.ReadWrite)
	if err != nil {
		return err
	}
	defer desk.Close()
	h := release.Hide{Collection: n.Collection, Reason: c.Reason, Everywhere: c.Everywhere, By: catalog.Author{Who: house.Who(), Why: c.Why}}
	h.From, h.To = numbers(n)
	rel := a.release(desk, "withdrawing")
	found, err := rel.LookAtWithdrawn(a.ctx, h)
	if err != nil {
		return err
	}
	if !c.DryRun {
		question := fmt.Sprintf("%s goes away for good with the next publish, with %s, and what %s of it.",
			n, plural(len(found.Copies), "other copy", "other copies"), plural(len(found.Items), "item quotes", "items quote"))
		if err := a.ui.confirmHarm(a.ctx, question, n.String(), c.IAm); err != nil {
			return err
		}
		if err := rel.Withdraw(a.ctx, h, found); err != nil {
			return err
		}
	}
	return tellHidden(a, "withdraw", n, found, c.DryRun)
}

// hiddenLine is one item in which something is hidden.
type hiddenLine struct {
	Name       string      `json:"name"`
	State      trove.State `json:"state"`
	Quotes     bool        `json:"quotes,omitempty"`
	Places     int         `json:"places"`
	Signatures []string    `json:"signatures,omitempty"`
	Opaque     []string    `json:"opaque,omitempty"`

	Again []reading.Span `json:"again,omitempty"` // seconds in which the same is said once more
}

// hiddenSummary sums up what a redaction or withdrawal comes to.
type hiddenSummary struct {
	Range     string   `json:"range"`
	Items     int      `json:"items"`
	Out       int      `json:"out"`
	Quoting   int      `json:"quoting"`
	Places    int      `json:"places"`
	Opaque    int      `json:"opaque"`
	Copies    []string `json:"copies,omitempty"`
	Elsewhere int      `json:"elsewhere,omitempty"`
	Short     []string `json:"short,omitempty"`
	Saying    []string `json:"saying,omitempty"` // items that stay, with a text made of them that says it
	Beside    []string `json:"beside,omitempty"` // items beside a recording, under its name
	DryRun    bool     `json:"dry_run,omitempty"`
	Exit      int      `json:"exit"`
}

// tellHidden lists the items and sums up.
func tellHidden(a *app, what string, n trove.Name, found release.Looked, dry bool) error {
	sum := hiddenSummary{Range: n.String(), Items: len(found.Items), Short: found.Short, Elsewhere: len(found.Elsewhere), DryRun: dry, Exit: exitDone}
	for _, x := range found.Items {
		line := hiddenLine{Name: x.Name.String(), State: x.State, Quotes: x.Quotes, Places: x.Places, Signatures: x.Signatures, Again: x.Again}
		for _, o := range x.Opaque {
			line.Opaque = append(line.Opaque, strings.TrimSpace(o.Name+" "+o.Type+" ("+o.Why+")"))
		}
		if err := a.ui.item(what, line, line.words()); err != nil {
			return err
		}
		sum.Places += x.Places
		sum.Opaque += len(x.Opaque)
		sum.Out += ones(x.State == trove.Published)
		sum.Quoting += ones(x.Quotes)
	}
	for _, x := range found.Copies {
		sum.Copies = append(sum.Copies, x.Name.String())
	}
	sum.Beside = words(found.Beside)
	for _, x := range found.Saying {
		sum.Saying = append(sum.Saying, sayingWords(x))
	}
	next := "Readers see it after the next: unseal publish"
	if dry {
		next = "Nothing changed. Next: the same without --dry-run"
	}
	return a.ui.summary(what, sum, sum.rows(found), next)
}

func (s *hiddenSummary) rows(found release.Looked) [][2]string {
	rows := [][2]string{{"hidden", fmt.Sprintf("%s in %s", plural(s.Places, "place", "places"), plural(s.Items, "item", "items"))},
		{"of these", fmt.Sprintf("%s out already, %s quoting", count(s.Out), count(s.Quoting))}}
	if len(s.Copies) > 0 {
		rows = append(rows, [2]string{"copies", strings.Join(s.Copies, ", ") + " go too"})
	}
	if s.Opaque > 0 {
		rows = append(rows, [2]string{"look yourself", plural(s.Opaque, "part", "parts") + " that could not be looked into"})
	}
	if len(s.Saying) > 0 {
		rows = append(rows, [2]string{"look yourself", fmt.Sprintf("%s what goes away in a text that was read out of it or made of it, and stays: %s",
			plural(len(s.Saying), "item says", "items say"), some(s.Saying))})
	}
	if len(s.Beside) > 0 {
		rows = append(rows, [2]string{"look yourself", "what lies beside it under its name: " + some(s.Beside)})
	}
	if len(s.Short) > 0 {
		rows = append(rows, [2]string{"too short", fmt.Sprintf("to be looked for in other items: %q", s.Short)})
	}
	if s.Elsewhere > 0 {
		rows = append(rows, [2]string{"left as it is", fmt.Sprintf("%s of other threads, such as %s, that share passages (--everywhere hides them)",
			plural(s.Elsewhere, "item", "items"), found.Elsewhere[0])})
	}
	return rows
}

// some are the first few of a list of names.
func some(list []string) string {
	if len(list) > shownQuotes {
		return strings.Join(list[:shownQuotes], " ") + " …"
	}
	return strings.Join(list, " ")
}

// words are names as they are written.
func words(names []trove.Name) (list []string) {
	for _, n := range names {
		list = append(list, n.String())
	}
	return list
}

func ones(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (l hiddenLine) words() string {
	text := fmt.Sprintf("%s  %s, %s", l.Name, l.State, plural(l.Places, "place", "places"))
	if l.Quotes {
		text += ", quotes it"
	}
	for _, s := range l.Again {
		text += fmt.Sprintf("; the same is said from second %g to %g, which stays", s.From, s.To)
	}
	if len(l.Signatures) > 0 {
		text += "; with it go " + strings.Join(l.Signatures, ", ")
	}
	if len(l.Opaque) > 0 {
		text += "; could not be looked into: " + strings.Join(l.Opaque, ", ")
	}
	return text
}
