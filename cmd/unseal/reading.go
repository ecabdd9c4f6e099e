package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/house"
	"unseal/intake"
	"unseal/intake/reader"
	"unseal/trove"
)

// stageLine is what a stage came to for items of one kind.
type stageLine struct {
	Stage   reader.Stage `json:"stage"`
	Kind    trove.Kind   `json:"kind"`
	Done    int          `json:"done"`
	Partly  int          `json:"partly"`
	Failed  int          `json:"failed"`
	Waiting int          `json:"waiting"`
}

func (l *stageLine) add(state catalog.OutcomeState, n int) {
	switch state {
	case catalog.ReadDone:
		l.Done += n
	case catalog.ReadPartly:
		l.Partly += n
	case catalog.ReadFailed:
		l.Failed += n
	case catalog.ReadWaiting:
		l.Waiting += n
	}
}

// words tell a line: "118 done, 2 partly, 1 failed".
func (l *stageLine) words() string {
	var words []string
	for _, w := range []struct {
		n    int
		word string
	}{{l.Done, "done"}, {l.Partly, "partly"}, {l.Failed, "failed"}, {l.Waiting, "waiting"}} {
		if w.n > 0 {
			words = append(words, count(w.n)+" "+w.word)
		}
	}
	return strings.Join(words, ", ")
}

// shortLine is something that was not read, or not all of it, and why.
type shortLine struct {
	Stage reader.Stage         `json:"stage"`
	Kind  trove.Kind           `json:"kind"`
	State catalog.OutcomeState `json:"state"`
	Cause string               `json:"cause"`
	Items int                  `json:"items"`
	First string               `json:"first"` // the name of one of them
}

func (s *shortLine) words() string {
	return fmt.Sprintf("%s  %s %s: %s  (such as %s)", count(s.Items), s.Stage, s.Kind, s.Cause, s.First)
}

// readSummary is what reading came to, in the summaries of ingest and redo.
type readSummary struct {
	Read    int                      `json:"read"` // items, once for each stage
	Stages  []stageLine              `json:"stages"`
	Short   []shortLine              `json:"short"` // the most frequent first
	Spent   map[reader.Stage]float64 `json:"stage_seconds"`
	Pages   int                      `json:"pages"`
	Sound   float64                  `json:"sound_seconds"`
	omitted int
}

// maxShort is how many causes a run tells.
const maxShort = 20

func newReadSummary(a *app, desk *house.Desk, coll trove.CollectionName, s *intake.ReadSummary) (readSummary, error) {
	out := readSummary{Read: s.Items, Stages: stageLines(s.Counts), Short: []shortLine{}, Spent: map[reader.Stage]float64{}, Pages: s.Pages, Sound: s.Sound}
	for stage, d := range s.Spent {
		out.Spent[stage] = d.Seconds()
	}
	all := s.Shortfalls()
	out.omitted = max(0, len(all)-maxShort)
	for _, f := range all[:len(all)-out.omitted] {
		name, err := desk.NameOf(a.ctx, coll, f.First)
		if err != nil {
			return out, err
		}
		out.Short = append(out.Short, shortLine{f.Stage, f.Kind, f.State, f.Cause, f.Items, name})
	}
	return out, nil
}

// stageOrder is the order of stages for people.
var stageOrder = []reader.Stage{reader.Read, reader.Picture, reader.OCR, reader.Sound, reader.Speech, reader.Translate}

// stageLines are counts by stage and kind, in the order of stages.
func stageLines(counts map[intake.ReadKey]int) []stageLine {
	lines := []stageLine{}
	for k, n := range counts {
		at := slices.IndexFunc(lines, func(l stageLine) bool { return l.Stage == k.Stage && l.Kind == k.Kind })
		if at < 0 {
			lines, at = append(lines, stageLine{Stage: k.Stage, Kind: k.Kind}), len(lines)
		}
		lines[at].add(k.State, n)
	}
	slices.SortFunc(lines, func(a, b stageLine) int {
		return cmp.Or(slices.Index(stageOrder, a.Stage)-slices.Index(stageOrder, b.Stage), cmp.Compare(a.Kind, b.Kind))
	})
	return lines
}

// failed is how many items some stage could not read.
func (s *readSummary) failed() (n int) {
	for _, l := range s.Stages {
		n += l.Failed + l.Waiting
	}
	return n
}

func (s *readSummary) exit() int {
	if s.failed() > 0 {
		return exitPartly
	}
	return exitDone
}

// rows tell all of it: stages, then what fell short.
func (s *readSummary) rows() (rows [][2]string) {
	for i := range s.Stages {
		l := &s.Stages[i]
		rows = append(rows, [2]string{string(l.Stage), string(l.Kind) + "  " + l.words()})
	}
	for _, stage := range stageOrder {
		if n := s.items(stage); n > 0 && s.Spent[stage] > 0 {
			rows = append(rows, [2]string{"rate", fmt.Sprintf("%s  %.1f items/s in %.1f s", stage, float64(n)/s.Spent[stage], s.Spent[stage])})
		}
	}
	for i := range s.Short {
		rows = append(rows, [2]string{string(s.Short[i].State), s.Short[i].words()})
	}
	if s.omitted > 0 {
		rows = append(rows, [2]string{"", fmt.Sprintf("and %s; see unseal status", plural(s.omitted, "other cause", "other causes"))})
	}
	return rows
}

func (s *readSummary) items(stage reader.Stage) (n int) {
	for _, l := range s.Stages {
		if l.Stage == stage {
			n += l.Done + l.Partly + l.Failed + l.Waiting
		}
	}
	return n
}

// reading shows how far the stages are: one line for the stage under way, with
// what it came to for the kind that was read last.
func (u *ui) reading() func(intake.ReadProgress) {
	var p *progress
	var stage reader.Stage
	return func(g intake.ReadProgress) {
		if p == nil || g.Stage != stage {
			p, stage = u.progress("stage "+string(g.Stage)), g.Stage
		}
		p.show(int64(g.Done), int64(g.Total), "items; "+kindsOf(g.Counts.Counts, g.Stage))
	}
}

// kindsOf tells what a stage came to, kind by kind.
func kindsOf(counts map[intake.ReadKey]int, stage reader.Stage) string {
	var words []string
	for _, l := range stageLines(counts) {
		if l.Stage == stage {
			words = append(words, string(l.Kind)+" "+l.words())
		}
	}
	return strings.Join(words, "; ")
}
