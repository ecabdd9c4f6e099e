package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEachMailEndsBeforeTheNextFromLine(t *testing.T) {
	mails := []string{"From a\nX: 1\n\ntext\nFrom here it goes on\n\n", "From b\n\n" + strings.Repeat("long ", 300_000) + "\n\n", "From c\nlast"}
	var got []string
	err := eachMail(strings.NewReader(strings.Join(mails, "")), func(m []byte) error {
		got = append(got, string(m))
		return nil
	})
	if err != nil || !slices.Equal(got, mails) {
		t.Errorf("%d mails, want %d, %v", len(got), len(mails), err)
	}
}

func TestWrkReportIsRead(t *testing.T) {
	const report = `Running 10s test @ http://127.0.0.1:8040
  1 threads and 16 connections
  Latency Distribution
     50%    1.32ms
     75%    2.00ms
     90%    3.10ms
     99%  812.00us
  70000 requests in 10.00s, 500.00MB read
Requests/sec:   7000.25
Transfer/sec:     50.00MB
`
	r, err := parseWrk(report)
	if err != nil || r.rate != 7000.25 || r.p50 != 1320*time.Microsecond || r.p99 != 812*time.Microsecond {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{report + "  Non-2xx or 3xx responses: 12\n", report + "  Socket errors: connect 0, read 3\n", "nothing"} {
		if _, err := parseWrk(bad); err == nil {
			t.Errorf("taken for a result: %q", bad)
		}
	}
}

func TestMeasureCountsTimeOfChildren(t *testing.T) {
	u, err := measure(exec.Command("sh", "-c", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; echo done; exit 3"), 3)
	if err != nil || string(u.out) != "done\n" || u.cpu == 0 || u.wall == 0 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := measure(exec.Command("sh", "-c", "echo why >&2; exit 3")); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("an exit code that is not allowed gives %v", err)
	}
}

func TestResidentSumsTheTree(t *testing.T) {
	if one := resident(os.Getpid()); one < 1<<20 {
		t.Errorf("this test holds %d bytes", one)
	}
	if none := resident(-1); none != 0 {
		t.Errorf("a process that is not there holds %d bytes", none)
	}
}

func TestNumbersAreForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 76487: "76,487", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %s, want %s", n, got, want)
		}
	}
	if got := times(3, 2); got != "1.5 ×" {
		t.Errorf("times(3, 2) = %s", got)
	}
	sorted := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	if quantile(sorted, 0.5) != 6 || quantile(sorted, 0.95) != 10 || quantile(sorted[:1], 0.95) != 1 {
		t.Error("quantiles are off")
	}
}

func TestFolderSizeCountsWhatIsWanted(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"a": "12345", "b": "123"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all, err := folderSize(dir, func(string) bool { return true })
	one, err2 := folderSize(dir, func(base string) bool { return base == "b" })
	if all != 8 || one != 3 || err != nil || err2 != nil {
		t.Errorf("%d and %d bytes, %v, %v", all, one, err, err2)
	}
}
