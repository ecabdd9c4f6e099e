package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"unseal/trove"
)

// drawCuts draws one to six places of content, which is not empty.
func drawCuts(t *rapid.T, content []byte) []Cut {
	cut := rapid.Custom(func(t *rapid.T) Cut {
		from := rapid.IntRange(0, len(content)-1).Draw(t, "from")
		to := min(len(content), from+rapid.IntRange(1, 80).Draw(t, "length"))
		return Cut{int64(from), int64(to), rapid.Bool().Draw(t, "base64")}
	})
	return rapid.SliceOfN(cut, 1, 6).Draw(t, "cuts")
}

func drawBounds(t *rapid.T, content []byte) []int64 {
	return slices.Sorted(slices.Values(rapid.SliceOfN(rapid.Int64Range(0, int64(len(content))), 0, 4).Draw(t, "bounds")))
}

func TestARenditionOpensTheCommitmentAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := append(anyContent().Draw(t, "content"), 'x')
		cuts, bounds := drawCuts(t, content), drawBounds(t, content)
		s := testSecret.Item("mail", 7)
		want, _ := Commit(testContext, s, content)
		salt := testSecret.Edition("mail", 7, 2)
		shown, r, _, err := Redact(s, salt, content, cuts, bounds)
		if err != nil {
			t.Fatal(err)
		}
		leaf, digest, err := r.Open(testContext, shown)
		if err != nil || leaf != want || digest != Salted(salt, shown) {
			t.Fatalf("opens %s as %s: %v; %+v of %q", leaf.Short(), want.Short(), err, r.Hidden, content)
		}
		hiddenAreCovered(t, content, cuts, &r)
		if most := 2*len(r.Hidden)*bits.Len(uint(r.Segments)) + 64; len(r.Seeds)/16+len(r.Hashes)/32 > most {
			t.Fatalf("%d seeds and %d hashes for %d places in %d segments", len(r.Seeds)/16, len(r.Hashes)/32, len(r.Hidden), r.Segments)
		}
		other := bytes.Clone(shown)
		other[rapid.IntRange(0, len(shown)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if leaf, _, err := r.Open(testContext, other); err == nil && leaf == want {
			t.Fatal("an altered byte passes")
		}
	})
}

// hiddenAreCovered checks that every cut lies in hidden segments.
func hiddenAreCovered(t *rapid.T, content []byte, cuts []Cut, r *Rendition) {
	p := newPlan(content, nil)
	for _, c := range cuts {
		for at := c.From; at < c.To; at++ {
			n := p.segment(at)
			if !slices.ContainsFunc(r.Hidden, func(h Hidden) bool { return h.First <= n && n < h.end() }) {
				t.Fatalf("byte %d, in segment %d, is shown: %+v", at, n, r.Hidden)
			}
		}
	}
}

func TestHiddenRunsAreWidenedWithinTheirBounds(t *testing.T) {
	const text = "Subject: one two three\r\nTo: ada\r\n\r\nfour five six seven eight nine ten\n"
	body := int64(strings.Index(text, "four"))
	bounds := []int64{9, 24, body}
	for _, c := range []struct {
		hide string
		want string
	}{
		{"one", "Subject: [redacted]two three\r\nTo: ada\r\n\r\nfour five six seven eight nine ten\n"},
		{"one two three", "Subject: [redacted]\r\nTo: ada\r\n\r\nfour five six seven eight nine ten\n"},
		{"four five six", "Subject: one two three\r\nTo: ada\r\n\r\n[redacted]eight nine ten\n"},
		{"nine ten", "Subject: one two three\r\nTo: ada\r\n\r\nfour five six seven eight [redacted]\n"},
		{"eight nine ten", "Subject: one two three\r\nTo: ada\r\n\r\nfour five six [redacted]\n"},
		{"four five six seven eight nine ten", "Subject: one two three\r\nTo: ada\r\n\r\n[redacted]\n"},
	} {
		from := int64(strings.Index(text, c.hide))
		shown, r, _, err := Redact(testSecret.Item("mail", 7), Seed{}, []byte(text), []Cut{{From: from, To: from + int64(len(c.hide))}}, bounds)
		if err != nil || string(shown) != c.want {
			t.Errorf("hide %q: %v\n%q, want\n%q", c.hide, err, shown, c.want)
		}
		if len(r.Hidden) != 1 {
			t.Errorf("hide %q: %+v", c.hide, r.Hidden)
		}
	}
}

func TestLinesOfBase64AreHiddenWhole(t *testing.T) {
	line := strings.Repeat("QUJD", 19) + "\r\n"
	text := "Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat(line, 3)
	from := int64(strings.Index(text, "QUJD")) + int64(len(line)) + 5
	shown, _, _, err := Redact(testSecret.Item("mail", 7), Seed{}, []byte(text), []Cut{{from, from + 1, true}}, nil)
	want := "Content-Transfer-Encoding: base64\r\n\r\n" + line + "W3JlZGFjdGVkXSAg\r\n" + line
	if err != nil || string(shown) != want {
		t.Errorf("%q, %v", shown, err)
	}
}

func TestRedactRefusesRangesThatAreNot(t *testing.T) {
	for _, cuts := range [][]Cut{nil, {{From: -1, To: 2}}, {{From: 2, To: 2}}, {{From: 0, To: 99}}} {
		if _, _, _, err := Redact(ItemSecret{}, Seed{}, []byte("some words"), cuts, nil); err == nil {
			t.Errorf("%v: accepted", cuts)
		}
	}
}

func redactedProof(tb testing.TB) (*File, []byte, string) {
	f, _ := testProof(tb, 300, 123, testContent)
	from := int64(bytes.Index(testContent, []byte("wall")))
	shown, r, _, err := Redact(testSecret.Item("mail", 123), testSecret.Edition("mail", 123, 1), testContent, []Cut{{From: from, To: from + 4}}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	g := *f
	g.Redacted, g.Seed, g.Salt = &r, Seed{}, Seed{}
	g.Item.Shown = Salted(r.Salt, shown)
	done, key := testLog(tb, &g, 310)
	return done, shown, key
}

func TestARedactedProofVerifiesAndHasOneForm(t *testing.T) {
	f, shown, key := redactedProof(t)
	text := f.Format()
	back, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Verify(back, shown, key)
	if err != nil || len(s.Hidden) != 1 || s.Hidden[0].Count != 1 || s.Segments == 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	for i := range text {
		for bit := range 8 {
			other := bytes.Clone(text)
			other[i] ^= 1 << bit
			refused(t, string(text[:i]), other, shown, key)
		}
	}
	for i := range shown {
		other := bytes.Clone(shown)
		other[i] ^= 4
		refused(t, "shown", text, other, key)
	}
	refused(t, "the whole item", text, testContent, key)
}

// A run that says other than its mark, its place or its length is refused.
func TestARunCannotBeMovedDroppedOrAdded(t *testing.T) {
	content := []byte(strings.Repeat("one two three four five six seven eight nine ten\n", 5))
	cuts := []Cut{{From: 60, To: 64}, {From: 120, To: 124}, {From: 200, To: 203}}
	want, _ := Commit(testContext, testSecret.Item("mail", 7), content)
	shown, r, _, err := Redact(testSecret.Item("mail", 7), Seed{}, content, cuts, nil)
	if err != nil || len(r.Hidden) != 3 {
		t.Fatalf("%v, %v", r.Hidden, err)
	}
	for what, alter := range map[string]func(r *Rendition){
		"dropped":         func(r *Rendition) { r.Hidden = r.Hidden[1:] },
		"none":            func(r *Rendition) { r.Hidden = nil },
		"added":           func(r *Rendition) { r.Hidden = append(r.Hidden, r.Hidden[2]) },
		"order":           func(r *Rendition) { r.Hidden[0], r.Hidden[1] = r.Hidden[1], r.Hidden[0] },
		"longer":          func(r *Rendition) { r.Hidden[1].Count++; r.Segments++; r.Hidden[2].First++ },
		"moved":           func(r *Rendition) { r.Hidden[1].At++ },
		"first":           func(r *Rendition) { r.Hidden[1].First++ },
		"mark":            func(r *Rendition) { r.Hidden[1].Mark++ },
		"behind the end":  func(r *Rendition) { r.Hidden[2].At = int64(len(shown)) + 1 },
		"count overflows": func(r *Rendition) { r.Hidden[2].Count = 1<<31 - 1 },
		"segments":        func(r *Rendition) { r.Segments++ },
		"a seed less":     func(r *Rendition) { r.Seeds = r.Seeds[16:] },
		"a seed more":     func(r *Rendition) { r.Seeds = append(r.Seeds, make([]byte, 16)...) },
		"a hash less":     func(r *Rendition) { r.Hashes = r.Hashes[32:] },
		"a hash more":     func(r *Rendition) { r.Hashes = append(r.Hashes, make([]byte, 32)...) },
		"seeds swapped":   func(r *Rendition) { copy(r.Seeds, append(bytes.Clone(r.Seeds[16:32]), r.Seeds[:16]...)) },
		"salted":          func(r *Rendition) { r.Salted[0] ^= 1 },
		"rule":            func(r *Rendition) { r.Rule = "words-2" },
	} {
		g := r
		g.Hidden, g.Seeds, g.Hashes = slices.Clone(r.Hidden), bytes.Clone(r.Seeds), bytes.Clone(r.Hashes)
		alter(&g)
		if leaf, _, err := g.Open(testContext, shown); err == nil && leaf == want || err != nil && !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: passes, %v", what, err)
		}
	}
	if leaf, _, err := r.Open(testContext, shown); err != nil || leaf != want {
		t.Errorf("as it is: %v", err)
	}
}

func TestRenditionsPassThroughJSON(t *testing.T) {
	f, _, _ := redactedProof(t)
	b, err := json.Marshal(f.Redacted)
	if err != nil {
		t.Fatal(err)
	}
	var back Rendition
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(&back, f.Redacted) {
		t.Errorf("%s: %+v, %v", b, back, err)
	}
	for _, bad := range []string{`[]`, `[1,2,3]`, `[1,6,0,1]`, `[1,-1,0,1]`, `[1,0,-1,1]`, `[1,0,0,0]`, `[1,0,0,4294967296]`, `{}`, `[1,0,0,1,1]`} {
		if err := new(Hidden).UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}

func FuzzRendition(f *testing.F) {
	file, shown, _ := redactedProof(f)
	b, _ := json.Marshal(file.Redacted)
	f.Add(b, shown)
	f.Add([]byte(`{"rule":"`+WordsRule+`","segments":1,"hidden":[[0,3,0,1]],"hashes":"AAAA"}`), []byte("W3JlZGFjdGVkXSAg"))
	c := Context{Origin: testContext.Origin, Collection: "mail", Number: 123, Kind: trove.Mail}
	want, _ := Commit(c, testSecret.Item("mail", 123), testContent)
	f.Fuzz(func(t *testing.T, b, content []byte) {
		var r Rendition
		if json.Unmarshal(b, &r) != nil {
			return
		}
		// Who has all that is shown can hide more of it, or choose another mark;
		// the digest in the log's entry then is another one.
		leaf, digest, err := r.Open(c, content)
		if err == nil && leaf == want && digest == file.Item.Shown && !bytes.Equal(content, shown) {
			t.Fatalf("forged: %q", content)
		}
	})
}

// The limit that the format states: which mark stands for a run is the
// publisher's word, and so is what begins a line right behind it.
func TestWhetherALineEndsAtAMarkIsNotProven(t *testing.T) {
	content := []byte("From: ada@example.org\r\nSubject: so you hello From: boss@bank.example for it\r\n\r\nbody\r\n")
	c := Context{Origin: "o", Collection: "mail", Number: 1, Kind: "mail"}
	s := ItemSecret{Seed{1}, Seed{2}}
	leaf, _ := Commit(c, s, content)
	at := int64(bytes.Index(content, []byte("hello")))
	shown, r, _, err := Redact(s, Seed{3}, content, []Cut{{From: at, To: at + 5}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Hidden[0].Mark = 2
	other := bytes.Replace(shown, []byte("[redacted]"), []byte("[redacted]\r\n"), 1)
	if got, _, err := r.Open(c, other); got != leaf || err != nil || !bytes.Contains(other, []byte("\r\nFrom: boss@bank.example")) {
		t.Errorf("%q opens %s (%v): if it no longer opens the commitment, say so in docs/archive-format.md section 5", other, got.Short(), err)
	}
}
