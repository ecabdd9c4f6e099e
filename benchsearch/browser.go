package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"unseal/search"
	"unseal/search/browser"
)

//go:embed static.js
var staticJS string

// costs are what a reader over ranges fetched: to open the file, for each
// question as the first, and for each after others.
type costs struct {
	Opening        fetched
	First, Further []fetched
	Totals         []int
}

// browserCosts runs the script of the search page under node, over a file
// whose reads are counted, with at most so many snippets a hit.
func (b *bench) browserCosts(node, file string, snippets int) (c costs, err error) {
	type ask struct {
		Q    string      `json:"q"`
		Sort search.Sort `json:"sort"`
	}
	in := struct {
		File      string `json:"file"`
		Questions []ask  `json:"questions"`
		Snippets  int    `json:"snippets"`
	}{File: file, Snippets: snippets}
	for i := range b.queries {
		in.Questions = append(in.Questions, ask{b.queries[i].Text, request(&b.queries[i], ranked).Sort})
	}
	text, err := json.Marshal(in)
	if err != nil {
		return c, err
	}
	program := filepath.Join(b.dir, "static.js")
	const run = "%s\n(%s)(JSON.parse(require('fs').readFileSync(0, 'utf8'))).then((o) => process.stdout.write(JSON.stringify(o)));\n"
	function := strings.TrimSuffix(strings.TrimSpace(staticJS), ";")
	if err := os.WriteFile(program, fmt.Appendf(nil, run, browser.Script(), function), 0o644); err != nil {
		return c, err
	}
	cmd := exec.CommandContext(b.ctx, node, program)
	var errs bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &errs
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("node: %w: %s", err, errs.String())
	}
	return c, json.Unmarshal(out, &c)
}
