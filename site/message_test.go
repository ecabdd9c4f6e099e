package site

import (
	"testing"
	"time"
)

func english(t testing.TB) *locale {
	t.Helper()
	all, err := loadLocales()
	if err != nil {
		t.Fatal(err)
	}
	return all["en"]
}

const arabicSample = `language.direction = "rtl"
number.group = "٬"
number.decimal = "٫"
search.found.zero = "لا نتائج"
search.found.one = "نتيجة واحدة"
search.found.two = "نتيجتان"
search.found.few = "{{.Count}} نتائج"
search.found.many = "{{.Count}} نتيجة"
search.found.other = "{{.Count}} نتيجة أخرى"
`

func TestPluralFormsFollowTheLanguage(t *testing.T) {
	ar, err := parseLocale("active.ar.toml", []byte(arabicSample))
	if err != nil {
		t.Fatal(err)
	}
	if ar.lang != "ar" || ar.dir != "rtl" {
		t.Errorf("language %q direction %q", ar.lang, ar.dir)
	}
	for n, want := range map[int]string{0: "لا نتائج", 1: "نتيجة واحدة", 2: "نتيجتان", 5: "5 نتائج", 11: "11 نتيجة", 100: "100 نتيجة أخرى", 1003: "1٬003 نتائج"} {
		if got := ar.plain("search.found", count(n)); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestValuesInMessagesAreWrappedAndEscaped(t *testing.T) {
	en := english(t)
	p := newPage(en, "/")
	defer p.free()
	p.say("row.from-to", val("From", "<b>\u202Emary"), val("To", "omar"))
	want := `<bdi>&lt;b&gt;<span class="ctl">[RLO]</span>mary</bdi> to <bdi>omar</bdi>`
	if string(p.b) != want {
		t.Errorf("got %s, want %s", p.b, want)
	}
	p.b = p.b[:0]
	p.sayAttr("title", "row.from-to", val("From", `">`), val("To", "omar"))
	if got := string(p.b); got != ` title="&#34;&gt; to omar"` {
		t.Errorf("got %s", got)
	}
}

func TestNumbersAndSizesForPeople(t *testing.T) {
	en := english(t)
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 76487: "76,487", -1234567: "−1,234,567"} {
		if got := en.number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{1: "1 byte", 0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 9940: "9.9 kB", 9960: "10 kB",
		212_000: "212 kB", 999_499: "999 kB", 999_500: "1.0 MB", 244_000_000: "244 MB", 3_400_000_000_000_000: "3400 TB"} {
		if got := en.size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDatesStandInTheSendersZoneAndInUTC(t *testing.T) {
	p := newPage(english(t), "/")
	defer p.free()
	p.sent(time.Date(2014, 3, 12, 12, 14, 5, 0, time.UTC), -240)
	want := `<bdi><time datetime="2014-03-12T08:14:05-04:00">12 Mar 2014, 08:14:05 −0400</time> <small>(12:14:05 UTC)</small></bdi>`
	if string(p.b) != want {
		t.Errorf("got %s\nwant %s", p.b, want)
	}
	p.b = p.b[:0]
	p.sent(time.Time{}, 0)
	if string(p.b) != "no date" {
		t.Errorf("undated: got %s", p.b)
	}
}

func TestWaysToTheRoot(t *testing.T) {
	for path, want := range map[string]string{"/": "./", "/search": "./", "/c/": "../", "/c/mail/": "../../", "/c/mail/5205": "../../",
		"/c/mail/5205/att/1": "../../../../", "/a/b/c/d/e/f/g/h/i/j": "../../../../../../../../../"} {
		if got := rootOf(path); got != want {
			t.Errorf("rootOf(%s) = %s, want %s", path, got, want)
		}
	}
}
