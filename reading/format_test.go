package reading

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestTheFormatIsWrittenDown: every field, code and word of a reading stands in
// the section of docs/archive-format.md about it.
func TestTheFormatIsWrittenDown(t *testing.T) {
	b, err := os.ReadFile("../docs/archive-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, doc, ok := strings.Cut(string(b), "\n## 11. `reading.json`")
	if !ok {
		t.Fatal("there is no section about reading.json")
	}
	names := fields(reflect.TypeFor[Reading](), map[reflect.Type]bool{})
	for code := range Findings {
		names = append(names, code)
	}
	names = append(names, Format, Machine, Corrected, Supplied, Typed, Transcript, Translation, OCR)
	for _, name := range names {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("it does not speak of `%s`", name)
		}
	}
}

// fields are the names of all fields below a type, as JSON has them.
func fields(t reflect.Type, seen map[reflect.Type]bool) (names []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name != "":
			names = append(names, name)
		case !f.Anonymous:
			names = append(names, f.Name)
		}
		names = append(names, fields(f.Type, seen)...)
	}
	return names
}
