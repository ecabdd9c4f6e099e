package house

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"unseal/archive"
	"unseal/evidence/timestamp"
	"unseal/evidence/timestamp/tsatest"
	"unseal/trove"
)

var stampedAt = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)

// authority serves a time stamping authority on this machine.
func authority(t testing.TB, a *tsatest.Authority) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("Content-Type") != timestamp.RequestType {
			t.Errorf("asked with %q", r.Header.Get("Content-Type"))
		}
		w.Header().Set("Content-Type", timestamp.ResponseType)
		w.Write(a.Answer(b, stampedAt))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// fakeCalendar promises, and gives the rest once block is set.
type fakeCalendar struct {
	url   string
	block atomic.Bool
}

func calendarOf(t testing.TB) *fakeCalendar {
	t.Helper()
	c := new(fakeCalendar)
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func (c *fakeCalendar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && r.URL.Path == "/digest" {
		uri := append([]byte{byte(len(c.url))}, c.url...)
		w.Write(append([]byte("\x08\x00\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e"), append([]byte{byte(len(uri))}, uri...)...))
		return
	}
	message, err := hex.DecodeString(strings.TrimPrefix(r.URL.Path, "/timestamp/"))
	if err != nil || len(message) != 32 || !c.block.Load() {
		http.NotFound(w, r)
		return
	}
	w.Write([]byte("\x08\x00\x05\x88\x96\x0d\x73\xd7\x19\x01\x01\x07"))
}

// published is a desk with one published batch, and its archive.
func published(t testing.TB) (desk, arch string) {
	t.Helper()
	desk = newDesk(t)
	arch = filepath.Join(filepath.Dir(desk), "archive")
	d := openDesk(t, desk, ReadWrite)
	ingest(t, d, map[string]string{"1.eml": letter("1", "One", "")})
	r := d.Release()
	if _, err := r.Commit(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Catalog.PlanBatches(t.Context(), "mail", 10); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Publish(t.Context(), r, nil, arch, false); err != nil {
		t.Fatal(err)
	}
	d.Close()
	return desk, arch
}

func stampAll(t testing.TB, o StampOptions) []Stamped {
	t.Helper()
	_, list, err := Stamp(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func verifiedTimes(t testing.TB, dir string, certs ...string) archive.Report {
	t.Helper()
	rep, err := VerifyArchive(t.Context(), dir, VerifyOptions{TSACerts: certs, Jobs: 1, Progress: func(_, _ int64) {}})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestATimestampOfTheNewestCheckpointIsKeptAndVerified(t *testing.T) {
	desk, arch := published(t)
	a := tsatest.New(t)
	o := StampOptions{Dir: desk, Archive: arch, Authorities: []string{authority(t, a)}}
	first := stampAll(t, o)
	if len(first) != 1 || first[0].Err != nil || first[0].Shown[0].Result != "pass" || first[0].Already {
		t.Fatalf("%+v", first)
	}
	if again := stampAll(t, o); !again[0].Already || again[0].Path != first[0].Path {
		t.Errorf("again: %+v", again)
	}
	o.Authorities = []string{authority(t, tsatest.New(t))}
	if second := stampAll(t, o); second[0].Already || !strings.HasSuffix(second[0].Path, "-2.tsr") {
		t.Errorf("another authority: %+v", second)
	}
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Certificate.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	rep := verifiedTimes(t, arch, root)
	if len(rep.Findings) != 0 || len(rep.Times) != 2 {
		t.Fatalf("%v, %+v", rep.Findings, rep.Times)
	}
	var causes []string
	for _, s := range rep.Times {
		causes = append(causes, s.Cause)
		if !s.Time.Equal(stampedAt) || s.Size != rep.Checkpoint.Size {
			t.Errorf("%+v", s)
		}
	}
	if all := strings.Join(causes, "|"); !strings.Contains(all, "issued under Test Time Root") || !strings.Contains(all, timestamp.Unknown) {
		t.Errorf("%q", causes)
	}
	// An altered one is named.
	name := filepath.Join(arch, filepath.FromSlash(first[0].Path))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-5] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if rep := verifiedTimes(t, arch); len(rep.Findings) != 1 || rep.Findings[0].Path != first[0].Path || rep.Findings[0].Class != archive.Altered {
		t.Errorf("%+v", rep.Findings)
	}
}

func TestACalendarsPromiseIsKeptAndLaterItsBlock(t *testing.T) {
	_, arch := published(t)
	c := calendarOf(t)
	o := StampOptions{Dir: arch, Calendars: []string{c.url + "/"}}
	list := stampAll(t, o)
	if len(list) != 1 || list[0].Err != nil || list[0].Shown[0].Signer != c.url || !strings.HasPrefix(list[0].Shown[0].Cause, "pending") {
		t.Fatalf("%+v", list)
	}
	if again := stampAll(t, o); len(again) != 1 || !again[0].Already {
		t.Errorf("before there is a block: %+v", again)
	}
	c.block.Store(true)
	list = stampAll(t, o)
	if len(list) != 1 || list[0].Err != nil || list[0].Already || list[0].Shown[0].Signer != "Bitcoin block 7" || len(list[0].Shown) != 1 {
		t.Errorf("with a block: %+v", list)
	}
	rep := verifiedTimes(t, arch)
	if len(rep.Findings) != 0 || len(rep.Times) != 1 || rep.Times[0].Signer != "Bitcoin block 7" || rep.Times[0].Result != "nokey" {
		t.Errorf("%v, %+v", rep.Findings, rep.Times)
	}
}

func TestAProofObtainedElsewhereIsTakenForTheStateItIsOf(t *testing.T) {
	desk, arch := published(t)
	o := StampOptions{Dir: desk, Archive: arch}
	text, err := CheckpointText(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := OpenLog(arch, "")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(l.View.Checkpoint.Note, append(bytes.Clone(text), '\n')) {
		t.Errorf("the text %q does not begin the checkpoint", text)
	}
	a, dir := tsatest.New(t), t.TempDir()
	file := func(name string, b []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	sum, other := trove.Sum(text), trove.Sum([]byte("other"))
	o.Files = []string{
		file("a.tsr", a.Token(tsatest.Statement{Digest: sum[:]})), file("a.ots", []byte(bitcoinProof(t, string(text)))),
		file("b.tsr", a.Token(tsatest.Statement{Digest: other[:]})), file("c.ots", []byte("no proof")), filepath.Join(dir, "absent"),
	}
	list := stampAll(t, o)
	for i, s := range list {
		if (s.Err == nil) != (i < 2) || i < 2 && s.Size != l.View.Checkpoint.Size {
			t.Errorf("%s: %+v", s.Source, s)
		}
	}
	if !errors.Is(list[2].Err, ErrNoState) {
		t.Errorf("of something else: %v", list[2].Err)
	}
	// One of an earlier state, once the log has gone on.
	d := openDesk(t, desk, ReadWrite)
	ingest(t, d, map[string]string{"2.eml": letter("2", "Two", "")})
	r := d.Release()
	if _, err := r.Commit(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Catalog.PlanBatches(t.Context(), "mail", 10); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	for _, to := range []string{arch, fresh} {
		if _, err := d.Publish(t.Context(), r, nil, to, false); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
	b := tsatest.New(t)
	o.Files = []string{file("old.tsr", b.Token(tsatest.Statement{Digest: sum[:]}))}
	if list := stampAll(t, o); list[0].Err != nil || list[0].Size != l.View.Checkpoint.Size {
		t.Errorf("an earlier state: %+v", list)
	}
	// What the desk keeps comes along into another archive of it.
	if rep := verifiedTimes(t, arch); len(rep.Findings) != 0 || len(rep.Times) != 3 {
		t.Errorf("%v, %+v", rep.Findings, rep.Times)
	}
	if rep := verifiedTimes(t, fresh); len(rep.Findings) != 0 || len(rep.Times) != 2 {
		t.Errorf("in a fresh archive: %v, %+v", rep.Findings, rep.Times)
	}
}

func TestWhatAnAuthorityOrCalendarDoesWrongIsInItsRow(t *testing.T) {
	_, arch := published(t)
	a := tsatest.New(t)
	for name, answer := range map[string]http.HandlerFunc{
		"refuses":      func(w http.ResponseWriter, _ *http.Request) { w.Write(tsatest.Response(t, nil)) },
		"is not there": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) },
		"floods":       func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxAnswer+1)) },
		"is garbage":   func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("garbage")) },
		"answers another": func(w http.ResponseWriter, _ *http.Request) {
			w.Write(tsatest.Response(t, a.Token(tsatest.Statement{Digest: make([]byte, 32)})))
		},
	} {
		s := httptest.NewServer(answer)
		list := stampAll(t, StampOptions{Dir: arch, Authorities: []string{s.URL}, Calendars: []string{s.URL}})
		s.Close()
		if len(list) != 2 || list[0].Err == nil || list[1].Err == nil {
			t.Errorf("%s: %+v", name, list)
		}
	}
	if _, err := os.Stat(filepath.Join(arch, filepath.FromSlash(archive.TimesDir))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was kept: %v", err)
	}
}
