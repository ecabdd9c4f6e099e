package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// hits lays the numbers of hits beside each other, and what a naive scan finds.
func (b *bench) hits() error {
	b.say("comparing hits")
	scanned, err := scanAll(b.corpus, b.queries)
	if err != nil {
		return err
	}
	var found [][][]int // by engine, by question
	columns := []string{"query", "ours", "other spellings", "naive scan"}
	for i, e := range b.engines {
		list, err := b.found(e)
		if err != nil {
			return err
		}
		if found = append(found, list); i > 0 {
			columns = append(columns, e.name())
		}
	}
	also, err := b.totals()
	if err != nil {
		return err
	}
	if b.hasNotmuch() {
		columns = append(columns, "notmuch")
	}
	b.doc.section("Hits")
	b.doc.text("The words as they are written; \"other spellings\" is how many ours finds with them. The naive scan reads every text once and shares our cutting of words, not the index. notmuch counts files.\n")
	b.doc.table(columns...)
	var differences []string
	seen := map[string]bool{}
	for i := range b.queries {
		q := &b.queries[i]
		if seen[q.Text] {
			continue
		}
		seen[q.Text] = true
		cells := []string{"`" + q.Text + "`", number(len(found[0][i])), number(also[i]), number(len(scanned[i]))}
		b.targets.asked++
		if slices.Equal(found[0][i], scanned[i]) {
			b.targets.equal++
		} else {
			differences = append(differences, difference(q, "the naive scan", found[0][i], scanned[i]))
		}
		for n, e := range b.engines[1:] {
			theirs := found[n+1][i]
			if theirs == nil {
				cells = append(cells, "-")
				continue
			}
			if cells = append(cells, number(len(theirs))); !slices.Equal(found[0][i], theirs) {
				differences = append(differences, difference(q, e.name(), found[0][i], theirs))
			}
		}
		if b.hasNotmuch() {
			cells = append(cells, b.notmuchCount(q))
		}
		b.doc.row(cells...)
	}
	b.listDifferences(differences)
	return nil
}

func (b *bench) listDifferences(list []string) {
	if len(list) == 0 {
		b.doc.text("\nThe sets of hits are equal everywhere.")
		return
	}
	b.doc.text("\nWhere the sets differ (numbers of mails; the first three on each side):\n")
	for _, d := range list {
		b.doc.text("- %s", d)
	}
}

// found asks an engine for all hits of every question; nil where it cannot.
func (b *bench) found(e engine) ([][]int, error) {
	ix, err := e.open(b.indexDir(e))
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	list := make([][]int, len(b.queries))
	for i := range b.queries {
		numbers, err := ix.numbers(&b.queries[i])
		if errors.Is(err, errNoOperator) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: query %s: %w", e.name(), b.queries[i].Text, err)
		}
		slices.Sort(numbers)
		list[i] = append([]int{}, numbers...)
	}
	return list, nil
}

// totals asks ours for the number of hits with other spellings.
func (b *bench) totals() (list []int, err error) {
	ix, err := b.engines[0].open(b.indexDir(b.engines[0]))
	if err != nil {
		return nil, err
	}
	defer ix.Close()
	for i := range b.queries {
		ask, err := ix.prepare(&b.queries[i], ranked)
		if err != nil {
			return nil, err
		}
		n, err := ask()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

func (b *bench) notmuchCount(q *question) string {
	n, err := b.notmuch().count(q)
	switch {
	case errors.Is(err, errNoOperator):
		return "-"
	case err != nil:
		return err.Error()
	}
	return number(n)
}

// difference says what only one of two has; both are sorted.
func difference(q *question, name string, ours, theirs []int) string {
	return fmt.Sprintf("`%s`: only ours %s, only %s %s", q.Text, some(ours, theirs), name, some(theirs, ours))
}

// some counts and names what a has and b has not.
func some(a, b []int) string {
	var list []string
	n := 0
	for _, v := range a {
		if _, ok := slices.BinarySearch(b, v); !ok {
			if n++; n <= 3 {
				list = append(list, fmt.Sprint(v))
			}
		}
	}
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%s (%s)", number(n), strings.Join(list, ", "))
}
