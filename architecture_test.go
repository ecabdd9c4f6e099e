package unseal_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "unseal"

// goPackage is what the architecture needs of one line of "go list -json".
type goPackage struct {
	ImportPath string
	Dir        string
	Standard   bool
	GoFiles    []string
	Imports    []string // of the code, not of its tests: a test may reach for any room
	Module     *struct{ Path string }
}

// goList asks the go command, which knows build constraints as no walk of our own would.
func goList(t testing.TB, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Standard,GoFiles,Imports,Module"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	var list []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatalf("go list %v: %v", args, err)
		}
		list = append(list, p)
	}
}

// house is what ARCHITECTURE.md allows: for each room the rooms it may import,
// for each door (a package of the standard library) the rooms that may use it.
type house struct {
	rooms map[string][]string
	doors map[string][]string
}

func readHouse(t testing.TB) house {
	h := house{rooms: map[string][]string{}, doors: map[string][]string{}}
	for _, row := range table(t, "ARCHITECTURE.md", "Rooms") {
		h.rooms[name(row[0])] = names(row[2])
	}
	for _, row := range table(t, "ARCHITECTURE.md", "Doors") {
		h.doors[name(row[0])] = names(row[1])
	}
	if len(h.rooms) == 0 || len(h.doors) == 0 {
		t.Fatal("ARCHITECTURE.md: the tables under \"Rooms\" and \"Doors\" were not found")
	}
	return h
}

// faults lists in words where the code is not the house of the tables.
func (h house) faults(packages []goPackage) []string {
	var list []string
	seen := map[string]bool{}
	for _, p := range packages {
		room := strings.TrimPrefix(p.ImportPath, module+"/")
		may, known := h.rooms[room]
		if seen[room] = true; !known {
			list = append(list, room+": a package without a row")
			continue
		}
		for _, imp := range p.Imports {
			own, inside := strings.CutPrefix(imp, module+"/")
			if inside && !slices.Contains(may, own) && !slices.Contains(may, "everything") {
				list = append(list, room+": may not import "+own)
			}
			if rooms, guarded := h.doors[imp]; guarded && !slices.Contains(rooms, room) {
				list = append(list, room+": may not use the door "+imp)
			}
		}
	}
	for _, room := range slices.Sorted(maps.Keys(h.rooms)) {
		if !seen[room] {
			list = append(list, room+": a row without a package")
		}
		for _, may := range h.rooms[room] {
			if _, known := h.rooms[may]; !known && may != "everything" {
				list = append(list, room+": may import "+may+", which has no row")
			}
		}
	}
	for door, rooms := range h.doors {
		for _, room := range rooms {
			if _, known := h.rooms[room]; !known {
				list = append(list, door+": a door for "+room+", which has no row")
			}
		}
	}
	return list
}

// withCode leaves out folders that hold tests only, as the root does.
func withCode(packages []goPackage) []goPackage {
	return slices.DeleteFunc(packages, func(p goPackage) bool { return len(p.GoFiles) == 0 })
}

func TestHouseIsAsTheTablesSay(t *testing.T) {
	for _, fault := range readHouse(t).faults(withCode(goList(t, "./..."))) {
		t.Error(fault)
	}
}

// The negative control: each kind of fault, planted, is found.
func TestPlantedFaultsOfTheHouseAreFound(t *testing.T) {
	h := house{
		rooms: map[string][]string{"trove": nil, "site": {"trove"}, "gone": nil, "lost": {"nowhere"}},
		doors: map[string][]string{"os": {"site", "cellar"}},
	}
	got := h.faults([]goPackage{
		{ImportPath: "unseal/trove", Imports: []string{"os", "fmt", "unseal/site"}},
		{ImportPath: "unseal/site", Imports: []string{"os", "unseal/trove"}},
		{ImportPath: "unseal/util"},
		{ImportPath: "unseal/lost"},
	})
	want := []string{
		"gone: a row without a package",
		"lost: may import nowhere, which has no row",
		"os: a door for cellar, which has no row",
		"trove: may not import site",
		"trove: may not use the door os",
		"util: a package without a row",
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("faults found:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// trustCore is what a stranger has to read in order to check what was proven.
var trustCore = []string{"./trove", "./mime", "./evidence", "./proof", "./translog"}

// maxCoreLines is what can be read in a day: lines of code, neither blank nor comment.
const maxCoreLines = 4500

func TestTrustCoreStaysSmall(t *testing.T) {
	lines := 0
	for _, p := range goList(t, trustCore...) {
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
					lines++
				}
			}
		}
	}
	if lines > maxCoreLines || lines < maxCoreLines/2 {
		t.Errorf("the trust core has %d lines of code, at most %d are wanted", lines, maxCoreLines)
	}
}

// The trust core can be audited in a day: beyond the standard library it needs
// what the Go project itself keeps, and nothing of ours that is not core too,
// but for the file-system interface of durable.
func TestTrustCoreStandsOnTheStandardLibrary(t *testing.T) {
	allowed := append(slices.Clip(trustCore), "./durable")
	for _, p := range goList(t, append([]string{"-deps"}, trustCore...)...) {
		own, inside := strings.CutPrefix(p.ImportPath, module+"/")
		switch {
		case p.Standard, strings.HasPrefix(p.ImportPath, "golang.org/x/"):
		case inside && slices.Contains(allowed, "./"+own):
		default:
			t.Errorf("the trust core pulls in %s", p.ImportPath)
		}
	}
}

var mention = regexp.MustCompile("`([a-z]+(?:/[a-z]+)*)\\.([A-Z]\\w*(?:\\.[A-Z]\\w*)?)`")

// "One item's way" names functions; a name that is gone would send the reader astray.
func TestOneItemsWayNamesFunctionsThatExist(t *testing.T) {
	text := section(t, "ARCHITECTURE.md", "One item's way")
	found := mention.FindAllStringSubmatch(text, -1)
	if len(found) == 0 {
		t.Fatal("no function is named in \"One item's way\"")
	}
	declared := map[string]map[string]bool{}
	for _, m := range found {
		if declared[m[1]] == nil {
			declared[m[1]] = declarations(t, m[1])
		}
		if !declared[m[1]][m[2]] {
			t.Errorf("ARCHITECTURE.md names %s.%s, which does not exist", m[1], m[2])
		}
	}
	if declarations(t, module+"test-no-such-room")["Anything"] {
		t.Error("control: a room that does not exist declares something")
	}
}

// declarations lists the functions ("Run"), methods ("Store.Put", interface
// methods too) and types of a room.
func declarations(t testing.TB, room string) map[string]bool {
	names := map[string]bool{}
	files, _ := filepath.Glob(filepath.FromSlash(room) + "/*.go")
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[receiver(n)+n.Name.Name] = true
				return false
			case *ast.TypeSpec:
				names[n.Name.Name] = true
				addMethods(names, n)
			}
			return true
		})
	}
	return names
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		return id.Name + "."
	}
	return "?."
}

func addMethods(names map[string]bool, spec *ast.TypeSpec) {
	if iface, ok := spec.Type.(*ast.InterfaceType); ok {
		for _, m := range iface.Methods.List {
			for _, id := range m.Names {
				names[spec.Name.Name+"."+id.Name] = true
			}
		}
	}
}

// section returns the text under the heading "## title" of a Markdown file, up to the next one.
func section(t testing.TB, file, title string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "\n## "+title+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", file, title)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// table returns the cells of the rows of all tables of a section, without headings.
func table(t testing.TB, file, title string) [][]string {
	t.Helper()
	var rows [][]string
	heading := true
	for line := range strings.Lines(section(t, file, title)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			heading = true
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if strings.HasPrefix(cells[0], "---") {
			heading = false
		} else if !heading {
			rows = append(rows, cells)
		}
	}
	return rows
}

// name takes the back quotes off a cell; names splits a cell at its commas.
func name(cell string) string { return strings.Trim(cell, "`") }

func names(cell string) []string {
	var list []string
	for part := range strings.SplitSeq(cell, ",") {
		if part = name(strings.TrimSpace(part)); part != "" {
			list = append(list, part)
		}
	}
	return list
}
