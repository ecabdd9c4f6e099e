package evidence

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// oracleCase is a generated mail on which verifiers may differ.
type oracleCase struct {
	name   string
	mail   string
	record string
}

func (c oracleCase) forOracles() OracleMail {
	return NewOracleMail([]byte(c.mail), map[string]string{"sel._domainkey.example.org": c.record})
}

// oracleCases are the same in each run, but for RSA keys other than fixedKey.
func oracleCases() []oracleCase {
	rsa, ed, record := fixedKey(), edKey(), fixedKey().record()
	relaxed := signing{key: rsa, alg: "rsa-sha256", c: "relaxed/relaxed", h: "from:to:subject:date"}
	simple := relaxed
	simple.c = "simple/simple"
	good := relaxed.signed(plainMail)
	with := func(s signing, extra string) signing { s.extra = extra; return s }
	over := func(s signing, h string) signing { s.h = h; return s }
	at := func(s signing, where string) signing { s.where = where; return s }
	begin := func(text string) string { return relaxed.fieldWith(text, plainMail) + "\r\n" + plainMail }
	p := strings.TrimPrefix(record, "v=DKIM1; k=rsa; ")
	body := func(s signing, body string) string {
		head, _, _ := strings.Cut(plainMail, "\r\n\r\n")
		return s.signed(head + "\r\n\r\n" + body)
	}
	return []oracleCase{
		{"plain, relaxed", good, record},
		{"plain, simple", simple.signed(plainMail), record},
		{"ed25519", signing{key: ed, alg: "ed25519-sha256", c: "relaxed/relaxed", h: "from:subject"}.signed(plainMail), ed.record()},
		{"rsa-sha1", signing{key: rsa, alg: "rsa-sha1", c: "relaxed/relaxed", h: "from:subject"}.signed(plainMail), record},
		{"key of 512 bits", signing{key: rsaKey(512), alg: "rsa-sha256", c: "relaxed/relaxed", h: "from"}.signed(plainMail), rsaKey(512).record()},
		{"key of 1023 bits", signing{key: rsaKey(1023), alg: "rsa-sha256", c: "relaxed/relaxed", h: "from"}.signed(plainMail), rsaKey(1023).record()},
		{"bare PKCS#1 key", good, "v=DKIM1; " + rsa.bareRecord()},
		{"body changed", strings.Replace(good, "budget is 400", "budget is 900", 1), record},
		{"Subject changed", strings.Replace(good, "harbour budget", "harbour report", 1), record},
		{"unsigned field changed", strings.Replace(good, "X-Free: not signed", "X-Free: changed", 1), record},
		{"a second From above", "From: eve@example.com\r\n" + good, record},
		{"a second Subject above", "Subject: another\r\n" + good, record},
		{"a second From below, the first signed", strings.Replace(good, "\r\nTo:", "\r\nFrom: eve@example.com\r\nTo:", 1), record},
		{"From signed twice, one there", over(relaxed, "from:from:subject").signed(plainMail), record},
		{"From signed twice, one added", "From: eve@example.com\r\n" + over(relaxed, "from:from:subject").signed(plainMail), record},
		{"From not signed", over(relaxed, "to:subject").signed(plainMail), record},
		{"h= with white space", over(relaxed, "from : to :\r\n subject").signed(plainMail), record},
		{"h= in capitals", over(relaxed, "FROM:To:SUBJECT").signed(plainMail), record},
		{"h= with an absent field", over(relaxed, "from:x-none:subject").signed(plainMail), record},
		{"h= ends in a colon", over(relaxed, "from:subject:").signed(plainMail), record},
		{"l= covers part", with(relaxed, "; l=5").signed(plainMail), record},
		{"l=0", with(relaxed, "; l=0").signed(plainMail), record},
		{"l= beyond the body", with(relaxed, "; l=100000").signed(plainMail), record},
		{"l= and text added", with(relaxed, "; l=35").signed(plainMail) + "And more.\r\n", record},
		{"l= not a number", with(relaxed, "; l=5x").signed(plainMail), record},
		{"x= past, t= before", with(relaxed, "; t=1483444000; x=1483448000").signed(plainMail), record},
		{"x= before t=", with(relaxed, "; t=1483448000; x=1483444000").signed(plainMail), record},
		{"x= past by the mail's own time", with(relaxed, "; t=1000000000; x=1000000001").signed(plainMail), record},
		{"t= in the future", with(relaxed, "; t=4102444800").signed(plainMail), record},
		{"t= not a number", with(relaxed, "; t=now").signed(plainMail), record},
		{"i= in a subdomain", with(relaxed, "; i=ada@mail.example.org").signed(plainMail), record},
		{"i= in a subdomain, t=s", with(relaxed, "; i=ada@mail.example.org").signed(plainMail), record + "; t=s"},
		{"i= elsewhere", with(relaxed, "; i=ada@example.net").signed(plainMail), record},
		{"i= without a name", with(relaxed, "; i=@example.org").signed(plainMail), record},
		{"i= without @", with(relaxed, "; i=example.org").signed(plainMail), record},
		{"q= unknown", with(relaxed, "; q=http").signed(plainMail), record},
		{"q= a list with dns/txt", with(relaxed, "; q=http:dns/txt").signed(plainMail), record},
		{"z= copies", with(relaxed, "; z=From:ada@example.org|Subject:x=20y").signed(plainMail), record},
		{"an unknown tag", with(relaxed, "; zz=1").signed(plainMail), record},
		{"a tag twice", with(relaxed, "; s=sel").signed(plainMail), record},
		{"a tag without a value", with(relaxed, "; zz=").signed(plainMail), record},
		{"two semicolons", with(relaxed, ";").signed(plainMail), record},
		{"two semicolons at the end", ending(relaxed, ";;"), record},
		{"v= missing", begin("DKIM-Signature: a=rsa-sha256"), record},
		{"v=2", begin("DKIM-Signature: v=2; a=rsa-sha256"), record},
		{"v=0.5", begin("DKIM-Signature: v=0.5; a=rsa-sha256"), record},
		{"v= not first", begin("DKIM-Signature: a=rsa-sha256; v=1"), record},
		{"field name in capitals", begin("DKIM-SIGNATURE: v=1; a=rsa-sha256"), record},
		{"a= unknown", begin("DKIM-Signature: v=1; a=rsa-md5"), record},
		{"a= in capitals", begin("DKIM-Signature: v=1; a=RSA-SHA256"), record},
		{"white space before the colon of the signature", begin("DKIM-Signature : v=1; a=rsa-sha256"), record},
		{"c= missing", strings.Replace(simple.signed(plainMail), "c=simple/simple; ", "", 1), record},
		{"c=relaxed alone", cAlone(rsa), record},
		{"c= unknown", strings.Replace(good, "c=relaxed/relaxed", "c=nowsp/nowsp", 1), record},
		{"c= relaxed/simple", signing{key: rsa, alg: "rsa-sha256", c: "relaxed/simple", h: "from:subject"}.signed(plainMail), record},
		{"c= simple/relaxed", signing{key: rsa, alg: "rsa-sha256", c: "simple/relaxed", h: "from:subject"}.signed(plainMail), record},
		{"d= in capitals", at(relaxed, "; d=EXAMPLE.ORG; s=sel").signed(plainMail), record},
		{"s= in capitals", at(relaxed, "; d=example.org; s=SEL").signed(plainMail), record},
		{"d= without a dot", at(relaxed, "; d=org; s=sel").signed(plainMail), record},
		{"s= empty", at(relaxed, "; d=example.org; s=").signed(plainMail), record},
		{"no key known", at(relaxed, "; d=example.org; s=other").signed(plainMail), record},
		{"empty body, simple", body(simple, ""), record},
		{"empty body, relaxed", body(relaxed, ""), record},
		{"blank lines at the end, simple", body(simple, "text\r\n\r\n\r\n"), record},
		{"blank lines at the end, relaxed", body(relaxed, "text\r\n \t\r\n\r\n"), record},
		{"a body of white space, relaxed", body(relaxed, " \t\r\n \r\n"), record},
		{"white space at line ends, relaxed", body(relaxed, "text \t\r\nmore  text\r\n"), record},
		{"white space at line ends, simple", body(simple, "text \t\r\nmore  text\r\n"), record},
		{"last line without an end, relaxed", body(relaxed, "text\r\nlast"), record},
		{"last line without an end, simple", body(simple, "text\r\nlast"), record},
		{"eight bits", body(relaxed, "caf\xe9 \xff\xfe\r\n"), record},
		{"NUL in the body", body(relaxed, "a\x00b\r\n"), record},
		{"a line of 2,000 characters", body(relaxed, strings.Repeat("x", 2000)+"\r\n"), record},
		{"a folded Subject, relaxed", relaxed.signed(strings.Replace(plainMail, "harbour budget", "harbour\r\n \t budget", 1)), record},
		{"a folded Subject, simple", simple.signed(strings.Replace(plainMail, "harbour budget", "harbour\r\n \t budget", 1)), record},
		{"Subject folded anew, relaxed", strings.Replace(relaxed.signed(plainMail), "harbour budget", "harbour\r\n budget", 1), record},
		{"Subject folded anew, simple", strings.Replace(simple.signed(plainMail), "harbour budget", "harbour\r\n budget", 1), record},
		{"white space before a colon, relaxed", relaxed.signed(strings.Replace(plainMail, "Subject:", "Subject :", 1)), record},
		{"an empty Subject", relaxed.signed(strings.Replace(plainMail, "Subject: harbour budget", "Subject:", 1)), record},
		{"a field of eight bits", relaxed.signed(strings.Replace(plainMail, "harbour budget", "caf\xe9 \xff", 1)), record},
		{"b= altered", bAltered(good), record},
		{"b= without padding", strings.TrimRight(strings.SplitN(good, "\r\nFrom:", 2)[0], "=") + "\r\nFrom:" + strings.SplitN(good, "\r\nFrom:", 2)[1], record},
		{"bh= with white space", strings.Replace(good, "bh=", "bh= \r\n\t", 1), record},
		{"the same signature twice", strings.SplitN(good, "\r\nFrom:", 2)[0] + "\r\n" + good, record},
		{"key: t=y", good, record + "; t=y"},
		{"key: h=sha1", good, "v=DKIM1; h=sha1; " + p},
		{"key: h=sha256:sha1", good, "v=DKIM1; h=sha256:sha1; " + p},
		{"key: s=other", good, "v=DKIM1; s=other; " + p},
		{"key: s=email", good, "v=DKIM1; s=email; " + p},
		{"key: s=*", good, "v=DKIM1; s=*; " + p},
		{"key: no v=", good, p},
		{"key: v=DKIM2", good, "v=DKIM2; " + p},
		{"key: v= not first", good, p + "; v=DKIM1"},
		{"key: v=dkim1", good, "v=dkim1; " + p},
		{"key: revoked", good, "v=DKIM1; p="},
		{"key: no p=", good, "v=DKIM1; k=rsa"},
		{"key: k=ed25519, rsa signature", good, ed.record()},
		{"key: k= unknown", good, "v=DKIM1; k=dsa; " + p},
		{"key: k=RSA", good, "v=DKIM1; k=RSA; " + p},
		{"key: g= matches", good, "v=DKIM1; g=ada; " + p},
		{"key: g= does not match", good, "v=DKIM1; g=eve; " + p},
		{"key: g= empty", good, "v=DKIM1; g=; " + p},
		{"key: white space in p=", good, record[:80] + " " + record[80:]},
		{"key: a tag twice", good, "v=DKIM1; " + p + "; " + p},
		{"key: two semicolons", good, "v=DKIM1;; " + p},
		{"key: a semicolon at the end", good, record + ";"},
		{"key: another key", good, rsaKey(1024).record()},
		{"key: p= not base64", good, "v=DKIM1; p=%%%"},
		{"key: not a tag list", good, "v=spf1 -all"},
	}
}

// fieldWith is field with the given beginning; a= in it decides nothing.
func (s signing) fieldWith(begin, mail string) string {
	if s.where == "" {
		s.where = "; d=example.org; s=sel"
	}
	return s.field(begin, mail)
}

// ending puts something behind b=, the last tag.
func ending(s signing, end string) string {
	field, mail, _ := strings.Cut(s.signed(plainMail), "\r\nFrom:")
	return field + end + "\r\nFrom:" + mail
}

// cAlone is c=relaxed, which leaves the body simple (RFC 6376 section 3.5).
func cAlone(key *testKey) string {
	s := signing{key: key, alg: "rsa-sha256", c: "relaxed", h: "from:subject"}
	return s.signed(plainMail)
}

func bAltered(mail string) string {
	field, rest, _ := strings.Cut(mail, "\r\nFrom:")
	i := strings.Index(field, "\tb=") + 10
	c := byte('A')
	if field[i] == c {
		c = 'B'
	}
	return field[:i] + string(c) + field[i+1:] + "\r\nFrom:" + rest
}

// ours is our verdict on the first signature, and what must be said with it.
func (c oracleCase) ours(t *testing.T) (Outcome, string) {
	t.Helper()
	list := Examine(c.forOracles().bytes(), keysFor(c.record), now).Signatures
	if len(list) == 0 {
		t.Fatalf("%s: no signature", c.name)
	}
	s := list[0]
	if s.Said() == "" {
		return s.Outcome, string(s.Outcome)
	}
	return s.Outcome, string(s.Outcome) + ": " + s.Said()
}

const disagreements = "../docs/decisions/021-dkim-disagreements.md"

// rows reads the table under a heading, by its first column.
func rows(t *testing.T, heading string) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(disagreements)
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(b), "\n## "+heading+"\n")
	part, _, _ = strings.Cut(part, "\n## ")
	list := map[string][]string{}
	for line := range strings.Lines(part) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if strings.HasPrefix(line, "|") && cells[0] != "case" && !strings.HasPrefix(cells[0], "---") {
			list[cells[0]] = cells[1:]
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no table under %q", disagreements, heading)
	}
	return list
}

const (
	betweenThem = "Where dkimpy and OpenDKIM disagree"
	withBoth    = "Where we differ from both"
)

// Our verdict on every case of the tables is the one that stands there; this
// needs neither tool.
func TestOurVerdictIsThatOfTheTable(t *testing.T) {
	between, both := rows(t, betweenThem), rows(t, withBoth)
	tabled := maps.Clone(between)
	maps.Copy(tabled, both)
	for _, c := range oracleCases() {
		cells, ok := tabled[c.name]
		delete(tabled, c.name)
		if _, said := c.ours(t); ok && cells[len(cells)-2] != said {
			t.Errorf("%s: %q, the table says %q", c.name, said, cells[len(cells)-2])
		}
	}
	for name := range tabled {
		t.Errorf("%s names %q, which is no case", disagreements, name)
	}
	for name, cells := range between {
		if !strings.Contains(cells[len(cells)-1], "RFC ") {
			t.Errorf("%s: no RFC decides it", name)
		}
	}
}

// first is what an oracle says of the first signature; one that it leaves out
// it refuses.
func first(list []string) string {
	if len(list) == 0 || list[0] == "none" {
		return string(Fail)
	}
	return list[0]
}

// Dkimpy, OpenDKIM and we agree on every generated mail that the tables do not
// name, and differ as they say on every one that they do.
func TestVerifiersDifferOnlyWhereTheTablesSay(t *testing.T) {
	cases := oracleCases()
	mails := make([]OracleMail, len(cases))
	for i, c := range cases {
		mails[i] = c.forOracles()
	}
	theirs, others := Dkimpy(t, mails), OpenDKIM(t, mails)
	between, both := rows(t, betweenThem), rows(t, withBoth)
	for i, c := range cases {
		py, od := first(theirs[i]), first(others[i])
		ours, _ := c.ours(t)
		var want []string // the cells before our own
		switch {
		case py != od:
			want = []string{py, od}
		case py != string(ours):
			want = []string{py}
		}
		have := slices.Concat(between[c.name], both[c.name])
		have = have[:max(0, len(have)-2)]
		if !slices.Equal(want, have) {
			t.Errorf("%s: dkimpy %s, OpenDKIM %s, we %s; the tables say %v", c.name, py, od, ours, have)
		}
	}
}
