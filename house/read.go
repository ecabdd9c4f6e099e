package house

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/intake"
	"unseal/intake/reader"
	"unseal/intake/tool"
	"unseal/trove"
)

// read is the second pass over a collection: what it reads, it joins.
func (d *Desk) read(ctx context.Context, o intake.ReadOptions) (sum intake.ReadSummary, err error) {
	if o.Stages == nil {
		if o.Stages, err = d.allStages(); err != nil {
			return intake.ReadSummary{}, err
		}
	}
	if o.Passwords, err = d.passwords(); err != nil {
		return intake.ReadSummary{}, err
	}
	o.Catalog, o.Blobs, o.Now, o.KindOf, o.Langs = d.Catalog, d.Blobs, d.Now, kindOf(), d.Config.Intake.Languages
	if sum, err = intake.Read(ctx, o); err != nil {
		return sum, err
	}
	return sum, d.joinRead(ctx, o.Collection)
}

// joinRead joins what was read, also by a run that was stopped before it could.
func (d *Desk) joinRead(ctx context.Context, c trove.CollectionName) error {
	read, err := d.Catalog.CountOutcomes(ctx, c)
	if err != nil || len(read) == 0 {
		return err
	}
	return intake.Join(ctx, d.Catalog, c)
}

// allStages are the stages with children of this desk.
func (d *Desk) allStages() ([]intake.Stage, error) {
	children, err := d.itemReaders()
	if err != nil {
		return nil, err
	}
	return d.stages(children)
}

// maxPasswords bounds the file of passwords.
const maxPasswords = 1 << 20

// passwords are the lines of the file that the configuration names.
func (d *Desk) passwords() ([]string, error) {
	if d.Config.Intake.Passwords == "" {
		return nil, nil
	}
	path := d.path(d.Config.Intake.Passwords)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s names %s as the file of passwords, and there is none", ConfigName, path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readAtMost(f, maxPasswords)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var list []string
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		if s := strings.TrimRight(lines.Text(), "\r"); s != "" {
			list = append(list, s)
		}
	}
	return list, nil
}

// RedoOptions say what is read again. Without Items, Stage, Kind and Failed
// that is everything.
type RedoOptions struct {
	Collection string
	Items      []catalog.Item
	Stage      reader.Stage
	Kind       trove.Kind
	Failed     bool              // what failed or waits alone
	Partly     bool              // what could be read in part alone
	Answers    map[string]string // for the items, as in reader.Request.Options
	Jobs       int
	Progress   func(intake.ReadProgress)
}

// ErrStage says that there is no such stage of reading.
var ErrStage = errors.New("no such stage")

// Redo marks what the options select, and reads it; so it goes on where it was
// stopped. What other stages made is not touched.
func (d *Desk) Redo(ctx context.Context, o RedoOptions) (intake.ReadSummary, error) {
	c, err := d.Collection(ctx, o.Collection)
	if err != nil {
		return intake.ReadSummary{}, err
	}
	all, err := d.allStages()
	if err != nil {
		return intake.ReadSummary{}, err
	}
	q := catalog.OutcomeQuery{Collection: c.Name, Stage: string(o.Stage)}
	run := intake.ReadOptions{Collection: c.Name, Stages: all, Jobs: o.Jobs, Progress: o.Progress}
	if o.Stage != "" {
		at := slices.IndexFunc(all, func(s intake.Stage) bool { return s.Name == o.Stage })
		if at < 0 {
			return intake.ReadSummary{}, fmt.Errorf("%q: %w; there are %s", o.Stage, ErrStage, stageNames(all))
		}
		run.Stages = all[at : at+1]
	}
	for i := range o.Items {
		q.Items = append(q.Items, o.Items[i].ID)
	}
	run.Items = q.Items
	if o.Kind != "" {
		q.Kinds = []trove.Kind{o.Kind}
		run.KindsOnly = q.Kinds
	}
	if o.Failed {
		q.States = append(q.States, catalog.ReadFailed, catalog.ReadWaiting)
	}
	if o.Partly {
		q.States = append(q.States, catalog.ReadPartly)
	}
	if _, err := d.Catalog.Again(ctx, q, o.Answers); err != nil {
		return intake.ReadSummary{}, err
	}
	sum, err := d.read(ctx, run)
	if err != nil {
		return sum, err
	}
	return sum, d.TellTimes(ctx, c.Name)
}

func stageNames(all []intake.Stage) string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = string(all[i].Name)
	}
	return strings.Join(names, ", ")
}

// Tool is a program that reading may need.
type Tool struct {
	Program string `json:"program"`
	For     string `json:"for"`
	Package string `json:"package"` // of Debian and its relatives
}

// tools are the programs that leaves run where they are there.
var tools = []Tool{
	{"ffmpeg", "playable sound", "ffmpeg"},
	{"tesseract", "text of pictures", "tesseract-ocr"},
	{"catdoc", "old Word files", "catdoc"},
	{"xls2csv", "old Excel files", "catdoc"},
	{"catppt", "old PowerPoint files", "catdoc"},
	{"readpst", "Outlook folders", "pst-utils"},
}

// MissingTools lists the programs that are not installed.
func MissingTools() (missing []Tool) {
	for _, t := range tools {
		if _, err := tool.Find(t.Program); err != nil {
			missing = append(missing, t)
		}
	}
	return missing
}

// NamedItems finds the items of a name or of a range of numbers, without their
// records; the error is as that of [Desk.Item].
func (d *Desk) NamedItems(ctx context.Context, name string) ([]catalog.Item, error) {
	n, err := trove.ParseName(name)
	if err != nil || n.Last == 0 {
		it, err := d.Item(ctx, name)
		return []catalog.Item{it}, err
	}
	var all []catalog.Item
	err = d.Catalog.Items(ctx, catalog.Query{Collection: n.Collection, From: n.Number, To: n.Last, NoRecord: true}, func(it *catalog.Item) error {
		all = append(all, *it)
		return nil
	})
	if err == nil && len(all) == 0 {
		err = catalog.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("items %s: %w", name, err)
	}
	return all, nil
}

// NameOf is the name of an item by its id.
func (d *Desk) NameOf(ctx context.Context, c trove.CollectionName, id catalog.ItemID) (string, error) {
	it, err := catalog.One(ctx, d.Catalog, catalog.Query{Collection: c, ID: id, NoRecord: true})
	if err != nil {
		return "", err
	}
	return ItemName(&it), nil
}

// ReadState is where the reading of a collection stands.
type ReadState struct {
	Counts   []catalog.OutcomeCount
	Causes   []catalog.Cause
	Findings []catalog.FindingCount
	Unread   map[trove.Kind]int // by the first stage
}

// maxCauses bounds the causes in a ReadState.
const maxCauses = 20

// ReadState looks it up.
func (d *Desk) ReadState(ctx context.Context, name trove.CollectionName) (s ReadState, err error) {
	if s.Counts, err = d.Catalog.CountOutcomes(ctx, name); err != nil {
		return s, err
	}
	if s.Causes, err = d.Catalog.Causes(ctx, name, maxCauses); err != nil {
		return s, err
	}
	if s.Findings, err = d.Catalog.CountFindings(ctx, name); err != nil {
		return s, err
	}
	kinds := slices.DeleteFunc(slices.Clone(readKinds), func(k trove.Kind) bool { return k == trove.Mail })
	s.Unread, err = d.Catalog.CountUnread(ctx, catalog.UnreadQuery{Collection: name, Stage: string(reader.Read), Kinds: kinds})
	return s, err
}

// Outcomes are what the stages came to for one item, in their order.
func (d *Desk) Outcomes(ctx context.Context, it *catalog.Item) (all []catalog.Outcome, err error) {
	err = d.Catalog.Outcomes(ctx, catalog.OutcomeQuery{Collection: it.Collection, Items: []catalog.ItemID{it.ID}}, func(o *catalog.Outcome) error {
		all = append(all, *o)
		return nil
	})
	return all, err
}
