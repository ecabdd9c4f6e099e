package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"unseal/house"
	"unseal/search"
)

// query is one of queries.json.
type query struct {
	Class string `json:"cls"`
	Text  string `json:"q"`
}

// prototype is what the prototype of the design took on the same mails, in
// milliseconds: p50, p95; the aim is three times its p95, where it has one.
var prototype = map[string]string{
	"common term":   "0.04 / -",
	"two terms AND": "0.15 / 1.6",
	"phrase":        "0.31 / 8",
	"facets":        "0.4 / -",
	"newest 10":     "0.24 / -",
	"fuzzy 1":       "4.3 / -",
}

const (
	warmRuns  = 3
	timedRuns = 30
)

// search times each class of queries inside one process, warm, as a server
// answers them: ten hits with what a row shows, without snippets.
func (b *bench) search() error {
	b.say("searching")
	queries, err := b.queries()
	if err != nil {
		return err
	}
	ix, err := house.OpenSearch(b.ctx, b.archive, func(int64, int64) {})
	if err != nil {
		return err
	}
	defer ix.Close()
	b.doc.section("Search, warm, in the server's process")
	b.doc.table("class", "queries", "p50 ms", "p95 ms", "slowest ms", "prototype p50 / p95")
	var classes []string
	took := map[string][]time.Duration{}
	asked := map[string]int{}
	for _, q := range queries {
		if !slices.Contains(classes, q.Class) {
			classes = append(classes, q.Class)
		}
		times, err := b.timeQuery(ix, q)
		var bad *search.SyntaxError
		if errors.As(err, &bad) {
			continue // an operator that this version does not have
		}
		if err != nil {
			return fmt.Errorf("query %s: %w", q.Text, err)
		}
		asked[q.Class]++
		took[q.Class] = append(took[q.Class], times...)
	}
	for _, c := range classes {
		if asked[c] == 0 {
			b.doc.row(c, "0", "not in this version", "", "", prototype[c])
			continue
		}
		t := took[c]
		slices.Sort(t)
		b.doc.row(c, number(asked[c]), decimals(ms(quantile(t, 0.5)), 2), decimals(ms(quantile(t, 0.95)), 2),
			decimals(ms(t[len(t)-1]), 2), prototype[c])
	}
	return nil
}

func (b *bench) queries() ([]query, error) {
	data, err := os.ReadFile(filepath.Join(b.shared, "queries.json"))
	if err != nil {
		return nil, err
	}
	var list struct{ Queries []query }
	return list.Queries, json.Unmarshal(data, &list)
}

// timeQuery runs one query until it is warm, then timedRuns times.
func (b *bench) timeQuery(ix search.Index, q query) ([]time.Duration, error) {
	parsed, err := search.Parse(q.Text)
	if err != nil {
		return nil, err
	}
	r := search.Request{Query: parsed, Sort: search.Relevance, Limit: 10}
	switch q.Class {
	case "facets":
		r.Facets, r.FacetSize = []string{search.FacetCollection, search.FacetYear, search.FacetPerson}, 20
	case "newest 10":
		r.Sort = search.Newest
	case "hits 10,000 on":
		first, err := ix.Search(b.ctx, search.Request{Query: parsed, Sort: search.Newest, Limit: search.MaxLimit})
		if err != nil {
			return nil, err
		}
		r.Sort, r.Cursor = search.Newest, first.Next
	}
	var times []time.Duration
	for i := range warmRuns + timedRuns {
		start := time.Now()
		if _, err := ix.Search(b.ctx, r); err != nil {
			return nil, err
		}
		if i >= warmRuns {
			times = append(times, time.Since(start))
		}
	}
	return times, nil
}

// quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// searchPeers asks the same from the command line, start of the program
// included, of our binary and of the peers.
func (b *bench) searchPeers() error {
	if !b.peers {
		return nil
	}
	b.doc.section("Search from the command line")
	b.doc.text("Newest ten hits, the start of the program included; median of seven runs.\n")
	programs := []string{"unseal"}
	for _, p := range []string{"notmuch", "mu"} {
		if b.have(p) {
			programs = append(programs, p)
		}
	}
	columns := []string{"query"}
	for _, p := range programs {
		columns = append(columns, p+" ms")
	}
	for _, p := range programs[1:] {
		columns = append(columns, p+" / unseal")
	}
	b.doc.table(columns...)
	for _, q := range []struct{ unseal, peer string }{
		{"kangaroo", "kangaroo"},
		{"bayesian", "bayesian"},
		{"data", "data"},
		{"random effects", "random effects"},
		{`"linear mixed model"`, `"linear mixed model"`},
		{"regress*", "regress*"},
		{"subject:error", "subject:error"},
		{"(bayesian OR covariance) -windows", "(bayesian OR covariance) AND NOT windows"},
	} {
		cells, err := b.askAll(programs, q.unseal, q.peer)
		if err != nil {
			return err
		}
		b.doc.row(append([]string{"`" + q.unseal + "`"}, cells...)...)
	}
	return nil
}

// askAll times one query with each program: milliseconds, then ratios to ours.
func (b *bench) askAll(programs []string, own, peer string) ([]string, error) {
	var cells, ratios []string
	var ours float64
	for _, p := range programs {
		took, err := b.ask(p, own, peer)
		if err != nil {
			return nil, err
		}
		cells = append(cells, decimals(took, 1))
		if p == "unseal" {
			ours = took
		} else {
			ratios = append(ratios, times(took, ours))
		}
	}
	return append(cells, ratios...), nil
}

func (b *bench) ask(program, own, peer string) (float64, error) {
	var took []time.Duration
	for range 7 {
		var cmd *exec.Cmd
		ok := 0
		switch program {
		case "unseal":
			cmd = b.program("-C", b.archive, "-q", "search", "-n", "10", "--json", own)
		case "notmuch":
			cmd = b.notmuch("search", "--limit=10", peer)
		case "mu":
			cmd, ok = b.mu("find", "--maxnum=10", "--sortfield=date", "--reverse", peer), muNothingFound
		}
		u, err := measure(cmd, ok)
		if err != nil {
			return 0, err
		}
		took = append(took, u.wall)
	}
	slices.Sort(took)
	return ms(quantile(took, 0.5)), nil
}
