package stamp

import (
	"slices"
	"testing"
	"time"
)

// heads are dates as phones of many places write them, all of the same minute.
var heads = []struct{ line, order, rest string }{
	{"[18/03/2022, 14:56:01] A: x", "dmy", "A: x"},
	{"[3/18/22, 2:56:01\u202fPM] A: x", "mdy", "A: x"},
	{"\u200e[3/18/22, 14:56:01] A: x", "mdy", "A: x"},
	{"[18.03.22, 14:56:01] A: x", "dmy", "A: x"},
	{"[2022-03-18, 14:56:01] A: x", "ymd", "A: x"},
	{"[2022. 3. 18. 오후 2:56:01] A: x", "ymd", "A: x"},
	{"[2022/3/18 下午2:56:01] A: x", "ymd", "A: x"},
	{"[14:56:01, 18/3/2022] A: x", "dmy", "A: x"},
	{"[3/18/22 14.56.01] A: x", "mdy", "A: x"},
	{"[3/18/2565 BE, 14:56:01] A: x", "mdy", "A: x"},
	{"[3/18/R4, 14:56:01] A: x", "mdy", "A: x"},
	{"[\u200f18\u200f/3\u200f/2022\u060c 14:56:01] A: x", "dmy", "A: x"},
	{"[١٨\u200f/٣\u200f/٢٠٢٢\u060c ٢:٥٦:٠١\u00a0م] A: x", "dmy", "A: x"},
	{"[Fri, 3/18/22, 14:56:01] A: x", "mdy", "A: x"},
	{"18/03/2022, 14:56 - A: x", "dmy", "A: x"},
	{"18/03/2022 à 14:56 - A: x", "dmy", "A: x"},
	{"18/3/2022 2:56 p. m. - A: x", "dmy", "A: x"},
	{"18/3/2022, 2:56 μ.μ. - A: x", "dmy", "A: x"},
	{"18.03.22, 14:56 - A: x", "dmy", "A: x"},
	{"18-03-2022 14:56 - A: x", "dmy", "A: x"},
	{"3/18/22, 2:56 PM - A: x", "mdy", "A: x"},
	{"2022/03/18 14:56 - A: x", "ymd", "A: x"},
	{"2022年3月18日 14:56 - A: x", "ymd", "A: x"},
	{"2022년 3월 18일 오후 2:56 - A: x", "ymd", "A: x"},
	{"18.3.2022 klo 14.56 - A: x", "dmy", "A: x"},
	{"18.03.2022 г., 14:56 ч. - A: x", "dmy", "A: x"},
	{"2022. 03. 18. 14:56 - A: x", "ymd", "A: x"},
	{"令和4/3/18 14:56 - A: x", "ymd", "A: x"},
	{"१८/०३/२०२२, २:५६ अपराह्न - A: x", "dmy", "A: x"},
}

func TestDatesOfManyPlacesAreRead(t *testing.T) {
	want := time.Date(2022, 3, 18, 14, 56, 0, 0, time.UTC)
	for _, h := range heads {
		s, ok := Parse(h.line)
		if !ok {
			t.Errorf("%q is no date", h.line)
			continue
		}
		got, ok := s.Time(h.order)
		if !ok || !got.Truncate(time.Minute).Equal(want) || h.line[s.Rest:] != h.rest {
			t.Errorf("%q: %v, then %q", h.line, got, h.line[s.Rest:])
		}
		if d := Decide([]Stamp{s}, ""); d.Order != h.order || len(d.Possible) > 0 {
			t.Errorf("%q: %+v", h.line, d)
		}
	}
}

func TestOtherLinesAreNoDates(t *testing.T) {
	for _, line := range []string{
		"", "[", "[]", "hello - world", "[INFO] 2022-03-18 14:56:01 x", "2022-03-18T14:56:01Z x", "[18/03/2022] x", "[14:56:01] x",
		"12/03/2020 meeting at the station 14:00 - bring cake", "18/13/2022/4, 14:56 - A: x", "[18/03/2022, 25:56:01] x", "[18/03/2022, 14:61] x",
		"1.2.3 - 4.5.6", "2022-03-18 14:56:01,123 - root - INFO - x", "[18/2022/03, 14:56] x", "555-1234 10:30 - call me", "[18/03/2022, 14:56:01",
		"3 - 4", "10:30 - 11:30", "1/2 12:00 - x", "[2022-03-18 14:56:01 +0200] x",
	} {
		if s, ok := Parse(line); ok {
			t.Errorf("%q was read as %+v", line, s)
		}
	}
}

func stamps(t *testing.T, dates ...string) (list []Stamp) {
	for _, d := range dates {
		s, ok := Parse(d + ", 14:56 - A: x")
		if !ok {
			t.Fatal(d)
		}
		list = append(list, s)
	}
	return list
}

func TestTheFileDecidesTheOrder(t *testing.T) {
	for _, c := range []struct {
		name     string
		dates    []string
		answer   string
		order    string
		possible []string
		inferred bool
	}{
		{"a day after the twelfth", []string{"04/07/2016", "13/07/2016"}, "", "dmy", nil, false},
		{"the month first", []string{"07/04/2016", "07/13/2016"}, "", "mdy", nil, false},
		{"nothing", []string{"04/07/2016", "05/07/2016"}, "", "", []string{"dmy", "mdy"}, false},
		{"an answer", []string{"04/07/2016"}, "mdy", "mdy", nil, false},
		{"an answer that is none", []string{"04/07/2016"}, "x", "", []string{"dmy", "mdy"}, false},
		{"the same either way", []string{"04/04/2016", "05/05/2016"}, "", "dmy", nil, false},
		{"the order of the messages", []string{"10/01/2016", "11/01/2016", "02/02/2016", "03/02/2016"}, "", "dmy", nil, true},
		{"the order of the messages, month first", []string{"01/10/2016", "01/11/2016", "02/02/2016", "02/03/2016"}, "", "mdy", nil, true},
		{"the day of the week", []string{"Mon, 04/07/2016"}, "", "dmy", nil, false},
		{"dots", []string{"04.07.2016"}, "", "dmy", nil, false},
		{"the year first", []string{"2016/07/04"}, "", "ymd", nil, false},
		{"two digits", []string{"04/07/16"}, "", "", []string{"dmy", "mdy"}, false},
		{"two digits that may be a year", []string{"12/07/16"}, "", "", []string{"dmy", "mdy", "ymd"}, false},
		{"two digits that cannot be a day", []string{"04/07/40"}, "", "", []string{"dmy", "mdy"}, false},
		{"two digits, dots and spaces", []string{"22. 7. 16."}, "", "", []string{"dmy", "ymd"}, false},
		{"two digits and dots", []string{"22.07.16"}, "", "dmy", nil, false},
		{"no day at all", []string{"31/02/2016"}, "", "", nil, false},
		{"another calendar", []string{"18/03/1443"}, "", "", nil, false},
		{"a short year of another calendar", []string{"18/03/65"}, "", "", nil, false},
		{"no dates", nil, "", "", nil, false},
	} {
		got := Decide(stamps(t, c.dates...), c.answer)
		if got.Order != c.order || !slices.Equal(got.Possible, c.possible) || got.Inferred != c.inferred {
			t.Errorf("%s: %+v", c.name, got)
		}
		if (got.Order != "") != (got.Why != "") {
			t.Errorf("%s: decided by %q", c.name, got.Why)
		}
	}
}

// TestNoOrderIsUsedWhereAnotherFits is the promise of the package, over every
// pair of days of a year.
func TestNoOrderIsUsedWhereAnotherFits(t *testing.T) {
	for day := range 365 {
		at := time.Date(2022, 1, 1+day, 14, 56, 0, 0, time.UTC)
		next := at.AddDate(0, 0, 1+day%9)
		d := Decide(stamps(t, at.Format("02/01/2006"), next.Format("02/01/2006")), "")
		both := at.Day() <= 12 && next.Day() <= 12 && (at.Day() != int(at.Month()) || next.Day() != int(next.Month()))
		swapped := time.Date(at.Year(), time.Month(min(at.Day(), 12)), int(at.Month()), 0, 0, 0, 0, time.UTC).
			Sub(time.Date(next.Year(), time.Month(min(next.Day(), 12)), int(next.Month()), 0, 0, 0, 0, time.UTC)) > jump
		if open := d.Order == ""; open != (both && !swapped) || d.Order == "mdy" {
			t.Errorf("%s, %s: %+v", at.Format("02/01/2006"), next.Format("02/01/2006"), d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, h := range heads {
		f.Add(h.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s, ok := Parse(line)
		if !ok {
			return
		}
		if s.Rest < 0 || s.Rest > len(line) || s.Written == "" {
			t.Fatalf("%+v", s)
		}
		d := Decide([]Stamp{s}, "")
		for _, order := range append(d.Possible, d.Order) {
			if at, ok := s.Time(order); ok && (at.Year() < firstYear-1 || at.Year() > lastYear+1) {
				t.Fatal(at)
			}
		}
	})
}
