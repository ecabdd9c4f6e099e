package unseal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are those that users read.
var pages = []string{"README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/*.md", "docs/decisions/*.md"}

func readPages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range pages {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no page %s: %v", pattern, err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			texts[f] = string(b)
		}
	}
	return texts
}

var link = regexp.MustCompile(`\]\(([^)#]+)`)

func TestLinksOfThePagesLeadSomewhere(t *testing.T) {
	found := 0
	for page, text := range readPages(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d links found", found)
	}
}

// A command in the pages names commands and flags that the binary has. What
// the commands do is tested by the scripts of cmd/unseal.
func TestCommandsOfThePagesExist(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "unseal")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/unseal").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	helps := map[string]string{}
	help := func(words []string) string {
		key := strings.Join(words, " ")
		if _, ok := helps[key]; !ok {
			out, err := exec.Command(binary, append(slices.Clip(words), "--help")...).CombinedOutput()
			if err == nil {
				helps[key] = string(out)
			} else {
				helps[key] = ""
			}
		}
		return helps[key]
	}
	found := 0
	for page, text := range readPages(t) {
		for _, line := range commandLines(text) {
			found++
			for _, fault := range unknown(line, help) {
				t.Errorf("%s: %s: %s", page, line, fault)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d commands found", found)
	}
	for _, wrong := range []string{"unseal frobnicate x", "unseal verify ./archive --frobnicate", "unseal -Z x list"} {
		if len(unknown(wrong, help)) == 0 {
			t.Errorf("control: %q passed", wrong)
		}
	}
}

// commandLines are the lines of fenced blocks that call unseal.
func commandLines(text string) []string {
	var lines []string
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			inside = !inside
			continue
		}
		words := strings.Fields(line)
		for len(words) > 0 && strings.Contains(words[0], "=") { // environment
			words = words[1:]
		}
		if inside && len(words) > 1 && words[0] == "unseal" {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return lines
}

var flagWord = regexp.MustCompile(`^--?[A-Za-z][A-Za-z-]*`)

// nested are the commands whose first argument is a command.
var nested = []string{"batch", "collection", "proof", "keys archive", "keys rotate", "keys revoke", "keys", "log", "report"}

// unknown lists what the binary does not know of a command line.
func unknown(line string, help func([]string) string) []string {
	line, _, _ = strings.Cut(line, " > ")
	line, _, _ = strings.Cut(line, "   ")
	words := strings.Fields(line)[1:]
	var flags []string
	for len(words) > 0 && strings.HasPrefix(words[0], "-") { // -C DIR before the command
		flags, words = append(flags, words[0]), words[2:]
	}
	command, words := slices.Clip(words[:1]), words[1:]
	for len(words) > 0 && slices.Contains(nested, strings.Join(command, " ")) {
		command, words = append(command, words[0]), words[1:]
	}
	text := help(command)
	if text == "" {
		return []string{"no such command: " + strings.Join(command, " ")}
	}
	quoted := false
	for _, w := range words {
		if !quoted && flagWord.MatchString(w) {
			flags = append(flags, flagWord.FindString(w))
		}
		if strings.Count(w, "'")%2 == 1 {
			quoted = !quoted
		}
	}
	var faults []string
	for _, f := range flags {
		if !regexp.MustCompile(`(^|[\s,])` + regexp.QuoteMeta(f) + `($|[\s=,\[])`).MatchString(text) {
			faults = append(faults, "no such flag: "+f)
		}
	}
	return faults
}
