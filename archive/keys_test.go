package archive

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"unseal/evidence"
	"unseal/proof"
	"unseal/trove"
)

// senderKey is the key of a made-up sender, as DNS would have it.
func senderKey(selector string) (ed25519.PrivateKey, SenderKey) {
	seed := sha256.Sum256([]byte(selector))
	private := ed25519.NewKeyFromSeed(seed[:])
	public := base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	return private, SenderKey{Domain: "example.org", Selector: selector, Record: "v=DKIM1; k=ed25519; p=" + public,
		Seen: []evidence.Sighting{{Where: "a notebook"}}}
}

// dkimSigned puts a signature above a mail with CRLF line ends (RFC 6376
// section 3.7, both parts simple; RFC 8463).
func dkimSigned(mail []byte, selector string) []byte {
	private, _ := senderKey(selector)
	head, body, _ := bytes.Cut(mail, []byte("\r\n\r\n"))
	bh := sha256.Sum256(body)
	field := fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=%s; c=simple; h=from; bh=%s; b=", selector, base64.StdEncoding.EncodeToString(bh[:]))
	from, _, _ := bytes.Cut(head, []byte("\r\n"))
	digest := sha256.Sum256([]byte(string(from) + "\r\n" + field))
	sig := base64.StdEncoding.EncodeToString(ed25519.Sign(private, digest[:]))
	return []byte(field + sig + "\r\n" + string(mail))
}

// signedPress is a press of mails of which each second is signed, by turns with
// the keys "kept" and "lost"; the publisher has the first.
func signedPress(tb testing.TB, count, per int) *press {
	p := newPress(tb, count, per)
	_, kept := senderKey("kept")
	p.keys = []SenderKey{kept}
	p.edit = func(n int, mail []byte) []byte {
		mail = bytes.ReplaceAll(bytes.ReplaceAll(mail, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		mail = append(bytes.TrimRight(mail, "\r\n "), "\r\n"...)
		switch n % 4 {
		case 0:
			return dkimSigned(mail, "kept")
		case 2:
			return dkimSigned(mail, "lost")
		}
		return mail
	}
	p.judge = func(rec *trove.Record, mail []byte) {
		var keys evidence.Keys
		keys.Add(kept)
		evidence.Examine(mail, &keys, time.Unix(1_475_000_000, 0)).Fill(rec)
	}
	return p
}

func TestKeysOfAnArchiveGiveItsVerdictsAgain(t *testing.T) {
	p := signedPress(t, 40, 20)
	fsys, _ := p.published()
	for _, deep := range []bool{false, true} {
		r := verified(t, fsys, VerifyOptions{Deep: deep})
		clean(t, r)
		if r.Verdicts[trove.KeptKey] != 10 || r.Verdicts[trove.Unchecked] != 10 || r.Verdicts[trove.Unsigned] != 20 || r.Later != 0 {
			t.Errorf("%v, %d later", r.Verdicts, r.Later)
		}
	}
	a := opened(t, fsys)
	c := a.Collections()[0]
	for n := 1; n <= 40; n++ {
		content, err := c.Bytes(n)
		must(t, err)
		item, err := c.Item(n)
		must(t, err)
		if got := evidence.Examine(content, a.Keys(), time.Time{}).Verdict; got != item.Record.Verdict {
			t.Errorf("%d: a reader with the archive's keys finds %s, the record says %s", n, got, item.Record.Verdict)
		}
	}
	if len(a.Keys().All()) != 1 {
		t.Errorf("%v", a.Keys().All())
	}
}

func TestAnAlteredKeyIsNamed(t *testing.T) {
	m := signedPress(t, 8, 8).archived()
	bad := bytes.Replace(m[KeysPath].Data, []byte("notebook"), []byte("NOTEBOOK"), 1)
	for what, data := range map[string][]byte{"altered": bad, "missing": nil, "emptied": {}} {
		r := verified(t, with(m, KeysPath, data), VerifyOptions{})
		if !names(r, KeysPath, Altered) || len(r.Findings) != 1 {
			t.Errorf("%s: %+v", what, r.Findings)
		}
		if _, err := Open(context.Background(), with(m, KeysPath, data)); err == nil {
			t.Errorf("%s: opened", what)
		}
	}
}

// What a publisher signs may still not be so.
func TestVerdictsThatTheKeysDoNotGiveAreFound(t *testing.T) {
	_, kept := senderKey("kept")
	_, lost := senderKey("lost")
	_, other := senderKey("other")
	other.Selector = "kept"
	const zip = "c/mail/batch/0001/1/items.zip"
	for what, c := range map[string]struct {
		keys  []SenderKey
		said  trove.Verdict // of all; empty: what is found with the key that was kept
		later int
		found bool
	}{
		"the keys are left out":         {keys: nil, found: true},
		"another key under the name":    {keys: []SenderKey{other}, found: true},
		"a further key under the name":  {keys: []SenderKey{other, kept}},
		"a key that came later":         {keys: []SenderKey{kept, lost}, later: 2},
		"valid without an answer":       {keys: []SenderKey{kept, lost}, said: trove.Valid, found: true},
		"unsigned though signed":        {keys: []SenderKey{kept}, said: trove.Unsigned, found: true},
		"mismatch though nothing shows": {keys: []SenderKey{kept}, said: trove.Mismatch, later: 2, found: true}, // of what is valid it could be that the key came later
	} {
		p := signedPress(t, 8, 8)
		p.keys = c.keys
		if judge := p.judge; c.said != "" {
			p.judge = func(rec *trove.Record, mail []byte) {
				if judge(rec, mail); rec.Verdict != trove.Unsigned {
					rec.Verdict = c.said
				}
			}
		}
		for _, deep := range []bool{false, true} {
			r := verified(t, p.archived(), VerifyOptions{Deep: deep})
			if names(r, zip, Altered) != c.found || r.Later != c.later {
				t.Errorf("%s, deep %v: %d later, %+v", what, deep, r.Later, r.Findings)
			}
		}
	}
}

func TestValidNeedsAKeyThatDNSGave(t *testing.T) {
	p := signedPress(t, 8, 8)
	p.keys[0].Seen = append(p.keys[0].Seen, evidence.Sighting{Where: "ns.example.org", DNS: true, When: time.Unix(1_300_000_000, 0)})
	judge := p.judge
	p.judge = func(rec *trove.Record, mail []byte) {
		if judge(rec, mail); rec.Verdict == trove.KeptKey {
			rec.Verdict = trove.Valid
		}
	}
	clean(t, verified(t, p.archived(), VerifyOptions{}))
	p.keys[0].Seen = p.keys[0].Seen[:1]
	if r := verified(t, p.archived(), VerifyOptions{}); len(r.Findings) != 2 {
		t.Errorf("%+v", r.Findings)
	}
}

func TestDeepVerificationComparesEverySignature(t *testing.T) {
	for what, spoil := range map[string]func(*trove.Record){
		"one too many": func(rec *trove.Record) { rec.Signatures = append(rec.Signatures, rec.Signatures[0]) },
		"domain":       func(rec *trove.Record) { rec.Signatures[0].Domain = "example.com" },
		"result":       func(rec *trove.Record) { rec.Signatures[0].Result = "fail" },
	} {
		p := signedPress(t, 8, 8)
		judge := p.judge
		p.judge = func(rec *trove.Record, mail []byte) {
			if judge(rec, mail); rec.Verdict == trove.Unchecked {
				spoil(rec)
			}
		}
		if r := verified(t, p.archived(), VerifyOptions{Deep: true}); len(r.Findings) != 2 {
			t.Errorf("%s: %+v", what, r.Findings)
		}
	}
}

func TestAKeyOtherThanTheOneKnownIsNoted(t *testing.T) {
	p := signedPress(t, 8, 8)
	_, kept := senderKey("kept")
	_, other := senderKey("other")
	other.Selector = "kept"
	m := p.archived()
	for what, c := range map[string]struct {
		known []SenderKey
		notes int
	}{
		"nothing known": {nil, 0}, "the same": {[]SenderKey{kept}, 0}, "another": {[]SenderKey{other}, 1}, "both": {[]SenderKey{other, kept}, 0},
	} {
		var known evidence.Keys
		for _, k := range c.known {
			known.Add(k)
		}
		r := verified(t, m, VerifyOptions{KnownKeys: &known})
		clean(t, r)
		if len(r.Notes) != c.notes || c.notes > 0 && !strings.Contains(r.Notes[0].What, "kept._domainkey.example.org") {
			t.Errorf("%s: %+v", what, r.Notes)
		}
	}
}

func TestKeyFileReadsBackAndNothingElseIsOne(t *testing.T) {
	_, kept := senderKey("kept")
	gone := SenderKey{Domain: "example.org", Selector: "old", Gone: time.Unix(1_400_000_000, 0).UTC(), Note: "no such name"}
	text := formatKeys(proof.Seed{1}, []SenderKey{gone, kept, kept})
	keys, err := parseKeys(text)
	must(t, err)
	if all := keys.All(); len(all) != 2 || all[0].Record != kept.Record || all[1].Note != gone.Note {
		t.Errorf("%s", text)
	}
	if again := formatKeys(proof.Seed{1}, JoinKeys([]SenderKey{kept}, []SenderKey{gone})); !bytes.Equal(again, text) {
		t.Errorf("%s\n%s", again, text)
	}
	if other := formatKeys(proof.Seed{2}, []SenderKey{gone, kept}); len(other) != len(text) || trove.Sum(other) == trove.Sum(text) {
		t.Errorf("with another salt %s", other)
	}
	if keys, err := parseKeys(bytes.Replace(text, []byte(`"salt":"01000000000000000000000000000000",`), nil, 1)); err != nil || len(keys.All()) != 2 {
		t.Errorf("a file of before there were salts: %v", err)
	}
	line := bytes.TrimRight(mustJSON(kept), "\n")
	for what, bad := range map[string]string{
		"format":        strings.Replace(string(text), "keys/1", "keys/2", 1),
		"unknown field": strings.Replace(string(text), `"note"`, `"nota"`, 1),
		"upper case":    strings.Replace(string(text), `"kept"`, `"Kept"`, 1),
		"short salt":    strings.Replace(string(text), `"salt":"0100`, `"salt":"01`, 1),
		"no domain":     strings.Replace(string(text), `"example.org"`, `""`, 1),
		"twice":         strings.Replace(string(text), "\n]", ",\n]", 1) + string(line),
		"more":          string(text) + "{}",
		"cut":           string(text[:len(text)-3]),
		"a list":        "[]",
	} {
		if bad == string(text) {
			t.Fatalf("%s: nothing changed", what)
		}
		if _, err := parseKeys([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	if _, err := parseKeys([]byte(`{"format":"unseal-keys/1","keys":[` + string(line) + "," + string(line) + "]}")); !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("twice: %v", err)
	}
}

func FuzzKeyFile(f *testing.F) {
	_, kept := senderKey("kept")
	f.Add(formatKeys(proof.Seed{}, nil))
	f.Add(formatKeys(proof.Seed{1}, []SenderKey{kept, {Domain: "a", Selector: "b"}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseKeys(b)
		if err != nil {
			return
		}
		var list []SenderKey
		for _, k := range keys.All() {
			list = append(list, *k)
		}
		text := formatKeys(proof.Seed{1}, list)
		again, err := parseKeys(text)
		if err != nil || len(again.All()) != len(list) {
			t.Fatalf("%q: %q: %v", b, text, err)
		}
	})
}

// Between index files and checkpoint the keys are those of the next publish.
func TestKeysOfAPublishUnderWayAreRead(t *testing.T) {
	p := signedPress(t, 40, 20)
	fsys, dir := testFolder(t)
	w := p.writer(fsys)
	must(t, p.all(w, 1))
	old := mapOf(contents(t, dir))
	_, lost := senderKey("lost")
	p.keys = append(slices.Clone(p.keys), lost)
	must(t, p.all(w, 0))
	now := mapOf(contents(t, dir))
	both := fstest.MapFS{}
	for _, m := range []fstest.MapFS{now, old} {
		for name, f := range m {
			if both[name] == nil || name == "log/checkpoint" {
				both[name] = f
			}
		}
	}
	r := verified(t, both, VerifyOptions{})
	if r.Has(Altered) || !names(r, KeysPath, Unfinished) || r.Later != 5 {
		t.Errorf("%d later, %+v", r.Later, r.Findings)
	}
	a, err := Open(context.Background(), fs.FS(both))
	must(t, err)
	defer a.Close()
	if len(a.Keys().All()) != 2 {
		t.Errorf("%v", a.Keys().All())
	}
}
