package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/house"
	"unseal/intake"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/release"
	"unseal/trove"
)

// readStanding is where the reading of a collection stands, for status.
type readStanding struct {
	Stages   []stageLine        `json:"stages"`
	Short    []shortLine        `json:"short"`
	Findings []findingLine      `json:"findings"`
	Unread   map[trove.Kind]int `json:"unread"`
}

// findingLine counts findings of one code.
type findingLine struct {
	Code     string `json:"code"`
	Items    int    `json:"items"`
	Findings int    `json:"findings"`
}

func readStandingOf(a *app, desk *house.Desk, name trove.CollectionName) (s readStanding, err error) {
	state, err := desk.ReadState(a.ctx, name)
	if err != nil {
		return s, err
	}
	counts := map[intake.ReadKey]int{}
	for _, n := range state.Counts {
		counts[intake.ReadKey{Stage: reader.Stage(n.Stage), Kind: n.Kind, State: n.State}] = n.Items
	}
	s.Stages, s.Short, s.Findings, s.Unread = stageLines(counts), []shortLine{}, []findingLine{}, state.Unread
	for _, c := range state.Causes {
		first, err := desk.NameOf(a.ctx, name, c.First)
		if err != nil {
			return s, err
		}
		s.Short = append(s.Short, shortLine{reader.Stage(c.Stage), c.Kind, c.State, c.Cause, c.Items, first})
	}
	for _, f := range state.Findings {
		s.Findings = append(s.Findings, findingLine(f))
	}
	return s, nil
}

// lines tell it in words.
func (s *readStanding) lines() (lines []string) {
	for i := range s.Stages {
		l := &s.Stages[i]
		lines = append(lines, fmt.Sprintf("  %-10s %s  %s", l.Stage, l.Kind, l.words()))
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Unread)) {
		lines = append(lines, fmt.Sprintf("  not read   %s  %s", kind, count(s.Unread[kind])))
	}
	for i := range s.Short {
		lines = append(lines, fmt.Sprintf("  %-10s %s", s.Short[i].State, s.Short[i].words()))
	}
	for _, f := range s.Findings {
		lines = append(lines, fmt.Sprintf("  finding    %s in %s: %s", f.Code, plural(f.Items, "item", "items"), reading.Findings[f.Code]))
	}
	return lines
}

// toRedo reports whether something waits or failed.
func (s *readStanding) toRedo() bool {
	return slices.ContainsFunc(s.Stages, func(l stageLine) bool { return l.Failed+l.Waiting > 0 })
}

// outcomeLine is what one stage came to for one item.
type outcomeLine struct {
	Stage   string               `json:"stage"`
	State   catalog.OutcomeState `json:"state"`
	Cause   string               `json:"cause,omitempty"`
	By      string               `json:"by,omitempty"`
	Made    []string             `json:"made,omitempty"`
	Answers map[string]string    `json:"answers,omitempty"`
	Again   bool                 `json:"again,omitempty"`
}

// shownReading is what show tells of the reading of an item.
type shownReading struct {
	Outcomes []outcomeLine     `json:"outcomes"`
	Facts    []reading.Fact    `json:"facts"`
	Findings []reading.Finding `json:"findings"`
}

// readingOf looks up what was read of an item.
func readingOf(a *app, desk *house.Desk, it *catalog.Item) (*shownReading, error) {
	outcomes, err := desk.Outcomes(a.ctx, it)
	if err != nil {
		return nil, err
	}
	r, err := release.Reading(a.ctx, desk.Catalog, desk.Blobs, it)
	if err != nil {
		return nil, err
	}
	s := &shownReading{Outcomes: []outcomeLine{}, Facts: orEmpty(r.Facts), Findings: orEmpty(r.Findings)}
	for i := range outcomes {
		o := &outcomes[i]
		l := outcomeLine{Stage: o.Stage, State: o.State, Cause: o.Cause, By: o.By, Answers: o.Options, Again: o.Again}
		for _, m := range o.Made {
			l.Made = append(l.Made, m.Name)
		}
		s.Outcomes = append(s.Outcomes, l)
	}
	for _, f := range r.Files {
		s.Facts = append(s.Facts, f.Facts...)
		s.Findings = append(s.Findings, f.Findings...)
	}
	return s, nil
}

// rows tell it in words.
func (s *shownReading) rows() (rows [][2]string) {
	for _, o := range s.Outcomes {
		rows = append(rows, [2]string{"stage " + o.Stage, o.words()})
	}
	for _, f := range s.Facts {
		rows = append(rows, [2]string{f.Name, f.Value + ofPart(f.Part)})
	}
	for _, f := range s.Findings {
		words := reading.Findings[f.Code]
		if f.Text != "" {
			words += ": " + f.Text
		}
		rows = append(rows, [2]string{"finding", strings.TrimPrefix(words, ": ") + ofPart(f.Part) + " [" + f.Code + "]"})
	}
	return rows
}

func (o *outcomeLine) words() string {
	words := string(o.State)
	for _, w := range []string{o.Cause, o.By} {
		if w != "" {
			words += "; " + w
		}
	}
	if len(o.Made) > 0 {
		words += "; made " + strings.Join(o.Made, ", ")
	}
	if o.Again {
		words += "; to be done again"
	}
	return words
}

func ofPart(part string) string {
	if part == "" {
		return ""
	}
	return " (part " + part + ")"
}
