package unseal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const fuzzList = "fuzz.list"

// judged are the targets whose input strangers hand in to be judged: they are
// fuzzed for 10 CPU minutes at least.
var judged = map[string]string{
	"./evidence FuzzSignatureField":       "a DKIM header",
	"./evidence FuzzKeyRecord":            "a key record",
	"./evidence FuzzARCSet":               "an ARC set",
	"./evidence FuzzExamine":              "a mail, beside go-msgauth",
	"./evidence/opentimestamps FuzzParse": "a proof of OpenTimestamps",
	"./evidence/timestamp FuzzParse":      "a timestamp of RFC 3161",
	"./evidence FuzzDifferential":         "a signed and altered mail, beside go-msgauth",
	"./proof FuzzParse":                   "a proof file",
	"./proof FuzzCheckpoint":              "a checkpoint",
	"./proof FuzzRendition":               "what is shown of a redacted item",
}

// listedTargets reads fuzz.list: "package target", and the minutes of each.
func listedTargets(t *testing.T) (targets []string, minutes map[string]int) {
	t.Helper()
	b, err := os.ReadFile(fuzzList)
	if err != nil {
		t.Fatal(err)
	}
	minutes = map[string]int{}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 3 {
			t.Fatalf("%s: %q is not a package, a target and minutes", fuzzList, line)
		}
		target := words[0] + " " + words[1]
		targets = append(targets, target)
		if minutes[target], err = strconv.Atoi(words[2]); err != nil || minutes[target] < 1 {
			t.Errorf("%s: %q minutes for %s", fuzzList, words[2], target)
		}
	}
	return targets, minutes
}

// fuzzTargets finds them in the code of all tests below the root.
func fuzzTargets(t *testing.T) (targets []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && (e.Name() == "node_modules" || e.Name() == "testdata" || strings.HasPrefix(e.Name(), ".") && name != ".") {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				targets = append(targets, "./"+filepath.ToSlash(filepath.Dir(name))+" "+f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return targets
}

// No fuzz target is forgotten by make fuzz, and none on its list is gone.
func TestEveryFuzzTargetIsRun(t *testing.T) {
	listed, minutes := listedTargets(t)
	found := fuzzTargets(t)
	for _, target := range found {
		if !slices.Contains(listed, target) {
			t.Errorf("%s lacks the line %q", fuzzList, target+" 1")
		}
	}
	for _, target := range listed {
		if !slices.Contains(found, target) {
			t.Errorf("%s lists %q, which is not in the code", fuzzList, target)
		}
	}
	for target, what := range judged {
		if minutes[target] < 10 {
			t.Errorf("%s: %s (%s) has %d minutes, want 10", fuzzList, target, what, minutes[target])
		}
	}
	if !slices.IsSorted(listed) || len(slices.Compact(listed)) < len(minutes) {
		t.Errorf("%s is not in order, or names a target twice", fuzzList)
	}
}
