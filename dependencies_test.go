package unseal_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

const dependencies = "docs/dependencies.md"

// dependency is a module that the build uses.
type dependency struct {
	Path, Version, Dir string
	Indirect           bool // no package of ours imports it
}

// used asks the go command which modules the packages really need, which is
// less than go.mod lists: a module may be there for the sake of another's tests.
func used(t testing.TB, args ...string) map[string]dependency {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Imports,Module"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %v: %v", args, err)
	}
	list := map[string]dependency{}
	owner := map[string]string{} // package to module
	direct := map[string]bool{}  // packages that ours import
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct {
			ImportPath string
			Imports    []string
			Module     *dependency
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		switch {
		case p.Module == nil:
		case p.Module.Path == module:
			for _, imp := range p.Imports {
				direct[imp] = true
			}
		default:
			m := *p.Module
			m.Indirect = true
			list[m.Path] = m
			owner[p.ImportPath] = m.Path
		}
	}
	for imp := range direct {
		if m, ok := list[owner[imp]]; ok {
			m.Indirect = false
			list[m.Path] = m
		}
	}
	return list
}

// TestEveryDependencyIsOnTheList compares docs/dependencies.md with the build:
// a row for each module that our code imports, under the right heading, and each
// module that comes along is named by a row that pulls it in.
func TestEveryDependencyIsOnTheList(t *testing.T) {
	binary, all := used(t, "./cmd/unseal"), used(t, "-test", "./...")
	pulled := map[string]bool{}
	rows := map[string]string{} // module to heading
	for _, heading := range []string{"In the binary", "In tests and measurements only"} {
		for _, row := range table(t, dependencies, heading) {
			rows[name(row[0])] = heading
			for _, m := range names(row[5]) {
				pulled[m] = true
			}
			checkRow(t, row, all)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		want := "In tests and measurements only"
		if b, ok := binary[path]; ok && !b.Indirect {
			want = "In the binary"
		}
		switch got := rows[path]; {
		case !all[path].Indirect && got != want:
			t.Errorf("%s: %s is imported and belongs under %q, stands under %q", dependencies, path, want, got)
		case all[path].Indirect && got != "":
			t.Errorf("%s: %s has a row, and no package of ours imports it", dependencies, path)
		case all[path].Indirect && !pulled[path]:
			t.Errorf("%s: no row says that it pulls in %s", dependencies, path)
		}
		delete(rows, path)
		delete(pulled, path)
	}
	for path := range rows {
		t.Errorf("%s: %s is not used by the build", dependencies, path)
	}
	for path := range pulled {
		t.Errorf("%s: %s is pulled in by nothing", dependencies, path)
	}
}

func TestEveryToolIsOnTheList(t *testing.T) {
	var listed, pinned []string
	for _, row := range table(t, dependencies, "Tools") {
		listed = append(listed, name(row[0]))
	}
	for _, p := range goList(t, "tool") {
		if !slices.Contains(pinned, p.Module.Path) {
			pinned = append(pinned, p.Module.Path)
		}
	}
	if slices.Sort(listed); !slices.Equal(listed, pinned) {
		t.Errorf("%s lists the tools %v, go.mod pins %v", dependencies, listed, pinned)
	}
}

// TestModFileAsksForNothingUnused keeps go.mod to what the build needs: a
// requirement that no package of ours imports stands there as indirect or not at all.
func TestModFileAsksForNothingUnused(t *testing.T) {
	data, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := used(t, "-test", "./...")
	for _, r := range mod.Require {
		m, ok := all[r.Mod.Path]
		if !r.Indirect && (!ok || m.Indirect) {
			t.Errorf("go.mod requires %s, which no package imports", r.Mod.Path)
		}
		if r.Indirect && ok && !m.Indirect {
			t.Errorf("go.mod calls %s indirect, and a package imports it", r.Mod.Path)
		}
	}
}

func checkRow(t *testing.T, row []string, all map[string]dependency) {
	t.Helper()
	if len(row) != 6 || slices.Contains(row[:5], "") {
		t.Errorf("%s: the row of %s is not filled in", dependencies, row[0])
	}
	if m, ok := all[name(row[0])]; ok && !slices.Contains(strings.Fields(row[4]), licence(t, m)) {
		t.Errorf("%s: %s is under %s, not %s", dependencies, m.Path, licence(t, m), row[4])
	}
}

// compatible lists the licences that may stand beside Apache-2.0 in one work.
// MPL-2.0 binds only its own files, which we do not change.
var compatible = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

func TestLicencesGoWithApache2(t *testing.T) {
	for _, m := range used(t, "-test", "./...") {
		if l := licence(t, m); !slices.Contains(compatible, l) {
			t.Errorf("%s %s: licence %q does not go with Apache-2.0", m.Path, m.Version, l)
		}
	}
	if l := classify("GNU GENERAL PUBLIC LICENSE Version 3"); slices.Contains(compatible, l) {
		t.Errorf("control: the GPL was taken for %s", l)
	}
}

// licence reads the module's own licence file; empty means none was found.
func licence(t testing.TB, m dependency) string {
	t.Helper()
	for _, pattern := range []string{"LICEN[SC]E*", "COPYING*", "licen[sc]e*"} {
		files, _ := filepath.Glob(filepath.Join(m.Dir, pattern))
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if l := classify(string(b)); l != "" {
				return l
			}
		}
	}
	return ""
}

// classify names a licence by the words that only it has; where a file holds
// several texts, the first is the module's own.
func classify(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	marks := []struct{ words, name string }{
		{"gnu general public license", "GPL"},
		{"apache license version 2.0", "Apache-2.0"},
		{"mozilla public license", "MPL-2.0"},
		{"permission is hereby granted, free of charge", "MIT"},
		{"permission to use, copy, modify, and/or distribute", "ISC"},
		{"redistribution and use in source and binary forms", "BSD-2-Clause"},
	}
	first, found := len(text), ""
	for _, m := range marks {
		if i := strings.Index(text, m.words); i >= 0 && i < first {
			first, found = i, m.name
		}
	}
	if found == "BSD-2-Clause" && strings.Contains(text[first:], "to endorse or promote") {
		found = "BSD-3-Clause"
	}
	return found
}

// TestModulesAreNotOlderThanTheirLastKnownHole stands in for a vulnerability
// database, which cannot be asked without a network.
func TestModulesAreNotOlderThanTheirLastKnownHole(t *testing.T) {
	versions := map[string]string{}
	for path, m := range used(t, "-test", "./...") {
		versions[path] = m.Version
	}
	rows := table(t, dependencies, "Minimum versions")
	for _, fault := range tooOld(rows, versions) {
		t.Error(fault)
	}
	control := [][]string{{"`example.org/m`", "1.2.10", "a hole"}}
	if len(tooOld(control, map[string]string{"example.org/m": "v1.2.9"})) != 1 {
		t.Error("control: 1.2.9 passed for 1.2.10")
	}
	if len(tooOld(control, map[string]string{"example.org/m": "v1.2.10"})) != 0 {
		t.Error("control: 1.2.10 was refused for itself")
	}
	if len(rows) == 0 {
		t.Error("no minimum version is listed")
	}
}

func tooOld(rows [][]string, versions map[string]string) []string {
	var faults []string
	for _, row := range rows {
		least, have := "v"+row[1], versions[name(row[0])]
		if !semver.IsValid(least) {
			faults = append(faults, row[0]+": "+row[1]+" is no version")
		} else if have != "" && semver.Compare(have, least) < 0 {
			faults = append(faults, row[0]+" is "+have+", older than "+least+": "+row[2])
		}
	}
	return faults
}
