package outlook_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/intake/container"
	"unseal/intake/mail"
	"unseal/intake/tool"
	"unseal/material"
	"unseal/mime/body"
	"unseal/trove"
)

// expected is what truth.json says of a file of Outlook.
type expected struct {
	Kind, Type  string
	Strict      bool
	Subject     *string
	From        []string
	Date        string         `json:"date_utc"`
	Text        string         `json:"text_contains"`
	Names       []string       `json:"names_tnef"`
	Subjects    []string       `json:"eml_subjects"`
	Items       map[string]int `json:"libpff_items"`
	Attachments []struct {
		Name   string
		Size   int64
		SHA256 string
	}
}

// made is a mail that came out, parsed as intake parses it.
type made struct {
	name string
	raw  []byte
	rec  trove.Record
	text string
}

// expand opens a file as intake does.
func expand(t testing.TB, b []byte) ([]made, container.Report, container.Format, error) {
	t.Helper()
	r := bytes.NewReader(b)
	f := container.DetectIn(r, r.Size(), b[:min(len(b), container.HeadSize)], "")
	if f == "" {
		return nil, container.Report{}, "", nil
	}
	var list []made
	rep, err := container.Expand(r, r.Size(), f, container.Options{MaxEntries: 1000}, func(m container.Member, r io.Reader) error {
		raw, err := io.ReadAll(r)
		rec, text := mail.Parse(raw)
		list = append(list, made{m.Name, raw, rec, text})
		if m.Rule != trove.Reconstructed {
			t.Errorf("%s is no reconstructed mail", m.Name)
		}
		return err
	})
	return list, rep, f, err
}

// TestTruth holds every file of Outlook in the corpora against what two other
// programs say of it, and counts how much of them is read.
func TestTruth(t *testing.T) {
	dir := material.Corpora(t)
	counts := map[string]int{}
	for name, want := range material.Truth[expected](t, "") {
		if want.Kind != "email-outlook" || want.Type == "emlx" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Error(err)
			continue
		}
		t.Run(name, func(t *testing.T) {
			mails, rep, format, err := expand(t, b)
			counts["files"]++
			switch {
			case format == "":
				counts["kept"]++
			case err != nil || len(rep.Problems) > 0:
				counts["partly"]++
				t.Errorf("%v, %v", err, rep.Problems)
			default:
				counts["fully"]++
			}
			for _, m := range mails {
				same(t, b, m)
			}
			check(t, name, want, mails)
		})
	}
	t.Logf("files %d, fully %d, partly %d, kept only %d", counts["files"], counts["fully"], counts["partly"], counts["kept"])
}

// same makes the mails again and compares.
func same(t *testing.T, b []byte, m made) {
	again, _, _, _ := expand(t, b)
	if !slices.ContainsFunc(again, func(n made) bool { return n.name == m.name && bytes.Equal(n.raw, m.raw) }) {
		t.Errorf("%s is not the same a second time", m.name)
	}
	if m.rec.Unreadable != "" || bytes.Contains(m.raw, []byte("\nDKIM-Signature:")) {
		t.Errorf("%s: unreadable (%q), or signed over a body that is not there", m.name, m.rec.Unreadable)
	}
}

func check(t *testing.T, name string, want expected, mails []made) {
	switch want.Type {
	case "msg":
		checkMSG(t, want, mails)
	case "tnef":
		checkTNEF(t, want, mails)
	case "pst":
		checkPST(t, want, mails)
	}
}

func checkMSG(t *testing.T, want expected, mails []made) {
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	m := mails[0]
	if m.rec.Subject != *want.Subject {
		t.Errorf("subject %q, want %q", m.rec.Subject, *want.Subject)
	}
	var from []string
	for _, a := range m.rec.From {
		if a.Addr != "" {
			from = append(from, a.Addr)
		}
	}
	if len(want.From) > 0 && !slices.Equal(from, want.From) {
		t.Errorf("from %q, want %q", from, want.From)
	}
	if when := m.rec.Date.Format(time.RFC3339); when != want.Date {
		t.Errorf("date %s, want %s", when, want.Date)
	}
	fold := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if !strings.Contains(fold(m.text), fold(want.Text)) {
		t.Errorf("the text has no %q: %q", want.Text, m.text)
	}
	for _, a := range want.Attachments {
		if !hasFile(m, a.Name, a.Size, a.SHA256) {
			t.Errorf("no attachment %+v in %+v", a, m.rec.Parts)
		}
	}
	if n := attached(m); n != len(want.Attachments) {
		t.Errorf("%d attachments, want %d", n, len(want.Attachments))
	}
}

// ours are the parts that Outlook does not have as attachments.
var ours = map[string]bool{"outlook-properties.json": true, "event.ics": true, "contact.vcf": true, "body.rtf": true}

func attached(m made) (n int) {
	for _, p := range m.rec.Files() {
		if !ours[p.Name] {
			n++
		}
	}
	return n
}

func hasFile(m made, name string, size int64, sum string) bool {
	return slices.ContainsFunc(m.rec.Parts, func(p trove.Part) bool {
		return p.Name == name && (sum == "" || p.Size == size && hex.EncodeToString(p.SHA256[:]) == sum)
	})
}

func checkTNEF(t *testing.T, want expected, mails []made) {
	if strings.HasPrefix(want.Names[0], "Seems not") {
		if len(mails) != 0 {
			t.Errorf("%d mails of what is no TNEF", len(mails))
		}
		return
	}
	for _, line := range want.Names {
		name, _, _ := strings.Cut(line, "\t")
		if len(mails) != 1 || !hasFile(mails[0], name, 0, "") {
			t.Errorf("no %q", name)
		}
	}
}

// checkPST compares subjects, and the sum of items that libpff finds, embedded
// ones among them, with the messages that came out.
func checkPST(t *testing.T, want expected, mails []made) {
	var subjects []string
	nested, total := 0, 0
	for _, m := range mails {
		nested += m.rec.Nested
		if m.rec.Subject != "LocalFreebusy" { // which libpff does not count
			total++
			subjects = append(subjects, m.rec.Subject)
		}
	}
	items := 0
	for kind, n := range want.Items {
		if kind != "Attachment" {
			items += n
		}
	}
	if want.Items["Contact"] > 0 {
		items++ // the list of people, which libpff does not count either
	}
	if total+nested != items {
		t.Errorf("%d messages and %d in them, libpff finds %v", total, nested, want.Items)
	}
	slices.Sort(subjects)
	if len(want.Subjects) > 0 && !slices.Equal(subjects, want.Subjects) {
		t.Errorf("subjects %q, want %q", subjects, want.Subjects)
	}
}

// TestReadpstFindsNothingMore lets readpst open the same files: it must find no
// item and no body that did not come out.
func TestReadpstFindsNothingMore(t *testing.T) {
	if _, err := tool.Find("readpst"); err != nil {
		material.Missing(t, "readpst (Debian: pst-utils)")
	}
	dir := material.Corpora(t)
	for name, want := range material.Truth[expected](t, "") {
		if want.Type != "pst" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		mails, _, _, err := expand(t, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		theirs := readpst(t, filepath.Join(dir, filepath.FromSlash(name)))
		if len(theirs) == 0 || len(theirs) > len(mails) {
			t.Errorf("%s: readpst makes %d files, we %d", name, len(theirs), len(mails))
		}
		have := digests(mails)
		for file, raw := range theirs {
			if filepath.Ext(file) != ".eml" {
				continue
			}
			rec, _ := mail.Parse(raw)
			for _, p := range rec.Files() {
				if p.Role == trove.RoleAttachment && p.Name != "rtf-body.rtf" && !have[p.SHA256] {
					t.Errorf("%s: readpst has %q (%d bytes) in %q", name, p.Name, p.Size, rec.Subject)
				}
			}
		}
		t.Logf("%s: readpst %d, ours %d", name, len(theirs), len(mails))
	}
}

func digests(mails []made) map[trove.Digest]bool {
	have := map[trove.Digest]bool{}
	for _, m := range mails {
		for _, p := range m.rec.Parts {
			have[p.SHA256] = true
		}
	}
	return have
}

func readpst(t *testing.T, file string) map[string][]byte {
	t.Helper()
	out := t.TempDir()
	abs, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tool.Run(t.Context(), tool.Command{Name: "readpst", Args: []string{"-q", "-e", "-D", "-o", out, abs}, Dir: out}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	err = filepath.WalkDir(out, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files[p], err = os.ReadFile(p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestAVoicemailInAWinmailDat is case 14 of the corpora: the recording is a part
// of its own, with its bytes.
func TestAVoicemailInAWinmailDat(t *testing.T) {
	dir := material.Corpora(t)
	b, err := os.ReadFile(filepath.Join(dir, "email-outlook", "ytnef", "multi-value-attribute.tnef"))
	if err != nil {
		t.Fatal(err)
	}
	mails, _, _, err := expand(t, b)
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	const name = "208225 (5 seconds) Voice Mail.mp3"
	for _, p := range mails[0].rec.Parts {
		if p.Name == name {
			part, err := body.DecodePart(mails[0].raw, p)
			if err != nil || trove.Sum(part) != p.SHA256 || p.Type != "audio/mp3" || p.Size != 10656 {
				t.Errorf("%+v", p)
			}
			return
		}
	}
	t.Errorf("no %q", name)
}
