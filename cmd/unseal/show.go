package main

import (
	"fmt"
	"strings"
	"time"

	"unseal/archive"
	"unseal/catalog"
	"unseal/house"
	"unseal/trove"
)

type showCmd struct {
	Name string `arg:"" help:"An item: mail/5205, or mail/sha256:c0ffee25 before commit."`
}

func (showCmd) Help() string { return "Example: unseal show mail/5205" }

func (c *showCmd) Run(a *app) error {
	if house.IsArchive(a.dir()) {
		return c.published(a)
	}
	desk, err := house.OpenDesk(a.ctx, a.dir(), house.ReadOnly)
	if err != nil {
		return err
	}
	defer desk.Close()
	it, err := desk.Item(a.ctx, c.Name)
	if err != nil {
		return err
	}
	var places []trove.Occurrence
	err = desk.Catalog.Occurrences(a.ctx, it.Collection, it.ID, func(_ catalog.ItemID, o *trove.Occurrence) error {
		places = append(places, *o)
		return nil
	})
	if err != nil {
		return err
	}
	l, err := newListed(&it, places)
	if err != nil {
		return err
	}
	read, err := readingOf(a, desk, &it)
	if err != nil {
		return err
	}
	if a.ui.json {
		if err := a.ui.line("show", "item", struct {
			*listed
			*shownReading
		}{l, read}); err != nil {
			return err
		}
	}
	return a.ui.summary("show", showSummary{Name: l.Name}, append(l.rows(), read.rows()...), "Next: unseal cat "+l.Name)
}

type showSummary struct {
	Name string `json:"name"`
	Exit int    `json:"exit"`
}

// published shows an item of an archive.
func (c *showCmd) published(a *app) error {
	arch, _, err := house.OpenArchive(a.ctx, a.dir())
	if err != nil {
		return err
	}
	defer arch.Close()
	_, item, err := house.ArchiveItem(arch, c.Name)
	if err != nil {
		return err
	}
	l := publishedItem(item)
	if a.ui.json {
		if err := a.ui.line("show", "item", struct {
			*listed
			Made []archive.Made `json:"made,omitempty"`
		}{l, item.Record.Made}); err != nil {
			return err
		}
	}
	rows := l.rows()
	for _, m := range item.Record.Made {
		rows = append(rows, [2]string{"made of it", fmt.Sprintf("%s  %s  %s", m.Name, m.Type, size(m.Size))})
	}
	return a.ui.summary("show", showSummary{Name: l.Name}, rows, "Next: unseal -C "+a.dir()+" proof make "+l.Name+" -o FILE")
}

// publishedItem is what an archive says of an item, in the form of a listing.
func publishedItem(item *archive.Item) *listed {
	r := &item.Record
	l := &listed{
		Name:   trove.Name{Collection: item.Collection, Number: r.Number}.String(),
		Number: &r.Number, Kind: r.Kind, Subject: r.Subject, From: r.From, To: r.To, Cc: r.Cc, Bcc: r.Bcc,
		DateOffset: r.DateOffset, MessageID: r.MessageID, SHA256: item.Row.SHA256, Size: item.Row.Size, Parts: r.Parts,
		Thread: r.Thread, Mass: r.Mass, State: trove.Published, Batch: item.Batch, Edition: item.Row.Edition,
		Verdict: r.Verdict, Signatures: r.Signatures, Others: r.Others, Warnings: r.Warnings,
	}
	if !r.Date.IsZero() {
		l.Date = &r.Date
	}
	l.fillEmpty()
	return l
}

// rows tells an item in words.
func (l *listed) rows() [][2]string {
	rows := [][2]string{{"item", l.Name}, {"kind", string(l.Kind)}, {"state", l.stateWords()}}
	add := func(k, v string) {
		if v != "" {
			rows = append(rows, [2]string{k, v})
		}
	}
	add("subject", l.Subject)
	add("from", addresses(l.From))
	add("to", addresses(l.To))
	add("cc", addresses(l.Cc))
	if l.Date != nil {
		zone := time.FixedZone("", l.DateOffset*60)
		add("date", l.Date.In(zone).Format("2 Jan 2006, 15:04:05 -0700")+" ("+l.Date.Format("15:04:05")+" UTC)")
	}
	add("message-id", l.MessageID)
	add("sender check", verdictWords[l.Verdict])
	for _, s := range l.Signatures {
		add("signature", strings.TrimSpace(fmt.Sprintf("%s, selector %s, %s: %s %s", s.Domain, s.Selector, s.Algorithm, s.Result, s.Cause)))
	}
	for _, s := range l.Others {
		add(otherWords[s.Type], otherSignature(s))
	}
	add("bytes", fmt.Sprintf("%s, sha256 %s", size(l.Size), l.SHA256))
	for i, p := range l.Parts {
		add(fmt.Sprintf("part %d", i+1), strings.TrimSpace(fmt.Sprintf("%s  %s  %s  %s", p.Role, p.Type, size(p.Size), p.Name)))
	}
	for _, o := range l.Occurrences {
		add("found in", fmt.Sprintf("%s at byte %s%s", o.Path, count(o.Offset), ownerWords(o.Owner)))
	}
	add("thread", l.Thread)
	for _, w := range l.Warnings {
		add("warning", w.Text+" ["+w.Code+"]")
	}
	return rows
}

// otherWords are the names of signatures besides DKIM.
var otherWords = map[trove.SignatureType]string{
	trove.SMIME: "S/MIME", trove.OpenPGP: "OpenPGP", trove.RFC3161: "timestamp", trove.OpenTimestamps: "OpenTimestamps",
}

// otherSignature tells one in words: result, of whom, when, and what must be
// said along with it.
func otherSignature(s trove.OtherSignature) string {
	words := s.Result
	for _, w := range []string{s.Signer, s.Fingerprint, s.Of} {
		if w != "" {
			words += ", " + w
		}
	}
	if !s.Time.IsZero() {
		words += ", states " + stamp(s.Time)
	}
	if s.Cause != "" {
		words += ": " + s.Cause
	}
	return words
}

func (l *listed) stateWords() string {
	s := string(l.State)
	if l.Reason != "" {
		s += ": " + l.Reason
	}
	if l.Batch > 0 {
		s += fmt.Sprintf(", batch %d", l.Batch)
	}
	return s
}

func ownerWords(owner string) string {
	if owner == "" {
		return ""
	}
	return ", mailbox of " + owner
}

func addresses(list []trove.Address) string {
	words := make([]string, len(list))
	for i, a := range list {
		switch {
		case a.Name == "":
			words[i] = a.Addr
		case a.Addr == "":
			words[i] = a.Name
		default:
			words[i] = a.Name + " <" + a.Addr + ">"
		}
	}
	return strings.Join(words, ", ")
}

// verdictWords are the words of the six states, the same everywhere.
var verdictWords = map[trove.Verdict]string{
	trove.Valid:     "Signature valid",
	trove.KeptKey:   "Signature valid with kept key",
	trove.Unchecked: "Cannot check",
	trove.Unsigned:  "Not signed",
	trove.Mismatch:  "Does not match",
	trove.Redacted:  "Redacted copy",
}
