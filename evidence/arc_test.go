package evidence

import (
	"crypto"
	"fmt"
	"strings"
	"testing"
)

// sealed adds one ARC set to a mail whose sets so far are given oldest first,
// each as results, message signature and seal.
func sealed(mail string, sets [][3]string, key *testKey, alg, cv string) (string, [][3]string) {
	i := len(sets) + 1
	where := fmt.Sprintf("; i=%d; d=example.org; s=sel", i)
	aar := fmt.Sprintf("ARC-Authentication-Results: i=%d; mx.example.org; dkim=pass header.d=example.net", i)
	ams := signing{key: key, alg: alg, c: "relaxed/relaxed", h: "from:subject:date", where: where}.field("ARC-Message-Signature: a="+alg, mail)
	seal := "ARC-Seal: a=" + alg + where + "; cv=" + cv + "; t=12345;\r\n\tb="
	var data strings.Builder
	for _, set := range append(sets, [3]string{aar, ams}) {
		for _, f := range set {
			if f != "" {
				data.WriteString(testHeader(f, "relaxed") + "\r\n")
			}
		}
	}
	data.WriteString(testHeader(seal, "relaxed"))
	seal += key.sign(crypto.SHA256, testHash(crypto.SHA256, data.String()))
	sets = append(sets, [3]string{aar, ams, seal})
	return seal + "\r\n" + ams + "\r\n" + aar + "\r\n" + mail, sets
}

func chainOf(n int, key *testKey, alg string) string {
	mail := plainMail
	var sets [][3]string
	cv := "none"
	for range n {
		mail, sets = sealed(mail, sets, key, alg, cv)
		cv = "pass"
	}
	return mail
}

func TestChainsPass(t *testing.T) {
	for alg, key := range map[string]*testKey{"rsa-sha256": rsaKey(1024), "ed25519-sha256": edKey()} {
		for _, n := range []int{0, 1, 2, 5, 50} {
			mail := chainOf(n, key, alg)
			for _, text := range []string{mail, strings.ReplaceAll(mail, "\r\n", "\n")} {
				r := Examine([]byte(text), keysFor(key.record()), now)
				want := ChainPass
				if n == 0 {
					want = ChainNone
				}
				if r.Chain.Status != want || len(r.Chain.Sets) != n || r.Verdict != "unsigned" {
					t.Errorf("%s, %d sets: %s at %d (%s), %d sets, verdict %s", alg, n, r.Chain.Status, r.Chain.Instance, r.Chain.Detail, len(r.Chain.Sets), r.Verdict)
				}
			}
		}
	}
	ch := Examine([]byte(chainOf(2, edKey(), "ed25519-sha256")), keysFor(edKey().record()), now).Chain
	if s := ch.Sets[1]; s.Instance != 2 || s.CV != "pass" || s.Results != " mx.example.org; dkim=pass header.d=example.net" || s.Message.Outcome != Pass {
		t.Errorf("second set: %+v", s)
	}
}

func TestBrokenChainsAreNamed(t *testing.T) {
	key := rsaKey(1024)
	good := chainOf(3, key, "rsa-sha256")
	change := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	weak := rsaKey(768)
	for name, c := range map[string]struct {
		mail, record string
		status       ChainStatus
		instance     int
		detail       string
	}{
		"body":               {change("400", "900"), "", ChainFail, 3, "ARC-Message-Signature: body changed"},
		"subject":            {change("harbour", "harmony"), "", ChainFail, 3, "ARC-Message-Signature: header changed"},
		"unsigned":           {change("not signed", "free"), "", ChainPass, 0, ""},
		"oldest results":     {change("i=1; mx.example.org; dkim=pass", "i=1; mx.example.org; dkim=fail"), "", ChainFail, 3, "ARC-Seal: header changed"},
		"set taken out":      {change("ARC-Seal: a=rsa-sha256; i=2", "X: i=2"), "", ChainFail, 2, "the set is not whole"},
		"set twice":          {change("ARC-Authentication-Results: i=2", "ARC-Authentication-Results: i=1"), "", ChainFail, 1, "two ARC-Authentication-Results fields"},
		"instance too high":  {change("ARC-Authentication-Results: i=2", "ARC-Authentication-Results: i=51"), "", ChainFail, 0, "ARC-Authentication-Results: i= is not an instance from 1 to 50"},
		"cv none later":      {change("cv=pass", "cv=none"), "", ChainFail, 3, "cv= of the seal"},
		"a sealer gave up":   {change("cv=pass", "cv=fail"), "", ChainEnded, 3, "the sealer stated cv=fail"},
		"unknown key":        {change("d=example.org", "d=example.com"), "", ChainNoKey, 3, "ARC-Seal: key unknown"},
		"weak key":           {chainOf(1, weak, "rsa-sha256"), weak.record(), ChainFail, 1, "ARC-Message-Signature: weak key or algorithm"},
		"h= in a seal":       {change("; cv=pass", "; h=from; cv=pass"), "", ChainFail, 3, "ARC-Seal: bad syntax"},
		"seal in h=":         {change("h=from", "h=arc-seal:from"), "", ChainFail, 3, "ARC-Message-Signature: bad syntax"},
		"another key's seal": {good, rsaKey(1536).record(), ChainFail, 3, "ARC-Message-Signature: key mismatch"},
	} {
		if c.record == "" {
			c.record = key.record()
		}
		ch := Examine([]byte(c.mail), keysFor(c.record), now).Chain
		if ch.Status != c.status || ch.Instance != c.instance || ch.Detail != c.detail {
			t.Errorf("%s: %s at %d: %s; want %s at %d: %s", name, ch.Status, ch.Instance, ch.Detail, c.status, c.instance, c.detail)
		}
	}
}
