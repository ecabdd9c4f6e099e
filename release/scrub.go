package release

import (
	"reflect"
	"slices"

	"unseal/intake/reader"
	"unseal/reading"
)

// closed are the fields, by type, that hold words of closed sets, names of
// files and paths of parts: nothing of what an item says.
var closed = map[string][]string{
	"Reading": {"Format"}, "Fact": {"Name", "Part"}, "Finding": {"Code", "Part"}, "Page": {"Image"},
	"Sound": {"Codec", "Play"}, "Call": {"Kind"}, "Chain": {"Platform", "Order"}, "Message": {"Kind"},
	"Text": {"Kind", "Lang", "Made"}, "File": {"Part", "Lang"}, "Media": {"Type"},
	"Record": {"Kind", "Lang", "Verdict", "Signatures"}, "Part": {"Path", "Type", "Role", "Encoding", "Charset", "Disposition"},
	"Warning": {"Code"},
}

// eachString calls fn for each string below what p points to, but for those of
// closed fields. fn may change it.
func eachString(p any, fn func(*string)) { walkStrings(reflect.ValueOf(p), fn) }

func walkStrings(v reflect.Value, fn func(*string)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walkStrings(v.Elem(), fn)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkStrings(v.Index(i), fn)
		}
	case reflect.Struct:
		t := v.Type()
		for i := range v.NumField() {
			if f := t.Field(i); f.IsExported() && !slices.Contains(closed[t.Name()], f.Name) {
				walkStrings(v.Field(i), fn)
			}
		}
	case reflect.String:
		if s := v.String(); s != "" {
			if fn(&s); s != v.String() {
				v.SetString(s)
			}
		}
	}
}

// clean takes out of what was read of a redacted item what still holds
// something removed: it may say the same once more in another way, or be called
// after it.
func (v *veil) clean(left *reader.Result, read *reading.Reading) {
	if v.quotes == nil {
		return
	}
	blank := func(s *string) {
		if v.quotes.Holds(*s) {
			*s = ""
		}
	}
	eachString(&left.Record, blank)
	eachString(read, blank)
	for i := range read.Texts {
		for j := range read.Texts[i].Segments {
			if s := &read.Texts[i].Segments[j]; s.Text == "" {
				s.Hidden, s.Confidence = true, 0
			}
		}
	}
	read.Facts = slices.DeleteFunc(read.Facts, func(f reading.Fact) bool { return f.Value == "" })
	if v.quotes.Holds(left.Text) { // offsets into it would say where
		left.Text, read.Pages, read.Chain = "", nil, nil
	}
}
