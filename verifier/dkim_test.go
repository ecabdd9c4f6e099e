package verifier

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	_ "crypto/sha1" // for signatures of the time
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"unseal/evidence"
	"unseal/evidence/keyfile"
	"unseal/material"
	"unseal/trove"
)

// mailVector is one mail to judge with one file of keys.
type mailVector struct {
	What string `json:"what"`
	Mail []byte `json:"mail"`
	Keys []byte `json:"keys"` // the file; its name is "keys"
}

// mailAnswer is all that is found of a mail; text is one character a byte.
type mailAnswer struct {
	Verdict    string   `json:"verdict"`
	At         int64    `json:"at"`
	BareLF     bool     `json:"bareLF"`
	Error      string   `json:"error"`
	Signatures []string `json:"signatures"`
}

// judgedAt is the time of all judgements.
var judgedAt = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// judge answers a vector with package evidence.
func judge(t testing.TB, v *mailVector) mailAnswer {
	r := evidence.Examine(v.Mail, readKeys(t, v), judgedAt)
	a := mailAnswer{Verdict: string(r.Verdict), At: r.At.Unix(), BareLF: r.BareLF, Signatures: []string{}}
	if r.Err != nil {
		a.Error = r.Err.Error()
	}
	for i := range r.Signatures {
		s := &r.Signatures[i]
		key := ""
		if s.Key != nil {
			key = fmt.Sprint(s.Key.Name(), " ", s.Key.Record, " ", len(s.Key.Seen), " ", s.Key.From.Unix(), " ", s.Key.Until.Unix(), " ", s.Key.Gone.Unix(), " ", s.Key.Note)
		}
		ambiguous := ""
		for _, x := range s.Ambiguous {
			ambiguous += fmt.Sprintf("%s %d %d,", x.Name, x.Signed, x.Other)
		}
		a.Signatures = append(a.Signatures, latin(strings.Join([]string{
			fmt.Sprint(s.Offset), s.Domain, s.Selector, s.Identity, s.Algorithm, fmt.Sprint(s.Time.Unix()), fmt.Sprint(s.Expires.Unix()),
			string(s.Outcome), s.Said(), s.Detail, strings.Join(s.Signed, ":"), strings.Join(s.Unsigned, ":"), ambiguous,
			fmt.Sprint(s.BodyLength), fmt.Sprint(s.BodyCovered), key,
		}, "|")))
	}
	return a
}

// latin makes every byte a character, as the page has its text.
func latin(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// readKeys reads the keys of a vector as the program does.
func readKeys(t testing.TB, v *mailVector) *evidence.Keys {
	keys := new(evidence.Keys)
	if record, ok := keyfile.Bare(v.Keys); ok {
		return keysFor(v.Mail, record)
	}
	var own struct {
		Format string
		Keys   []evidence.Key
	}
	if json.Unmarshal(v.Keys, &own) != nil || own.Format == "" {
		own.Keys, _ = keyfile.Parse(v.Keys, "keys")
	}
	for _, k := range own.Keys {
		if len(k.Seen) == 0 && k.Record != "" {
			k.Seen = []evidence.Sighting{{Where: "keys"}}
		}
		keys.Add(k)
	}
	return keys
}

// keysFor names a bare record as the signature asks for it that was made with
// it, else as the first does.
func keysFor(mail []byte, record string) *evidence.Keys {
	first := new(evidence.Keys)
	for i, s := range evidence.Examine(mail, nil, judgedAt).Signatures {
		keys := new(evidence.Keys)
		keys.Add(evidence.Key{Domain: s.Domain, Selector: s.Selector, Record: record, Seen: []evidence.Sighting{{Where: "keys"}}})
		if i == 0 {
			first = keys
		}
		for _, s := range evidence.Examine(mail, keys, judgedAt).Signatures {
			if s.Outcome == evidence.Pass || slices.Contains([]evidence.Cause{evidence.BodyChanged, evidence.HeaderChanged, evidence.BothChanged}, s.Cause) {
				return keys
			}
		}
	}
	return first
}

// askMail answers mail vectors with the page's own code.
const askMail = `(async (vectors, now) => {
	const bytes = text => Uint8Array.from(atob(text || ""), c => c.charCodeAt(0));
	const answers = [];
	for (const v of vectors) {
		const mail = bytes(v.mail), keys = await unseal.keysFor(mail, bytes(v.keys), "keys");
		const e = await unseal.examine(mail, typeof keys === "string" ? new unseal.Keys() : keys, now);
		answers.push({verdict: e.verdict, at: e.at, bareLF: e.bareLF, error: e.error, signatures: e.signatures.map(s => {
			const f = s.key && s.key.facts;
			const said = s.outcome === "pass" ? s.qualifiers.join(", ") : s.probable ? s.cause + ": " + s.probable + " probable" : s.cause;
			return [s.offset, s.domain, s.selector, s.identity, s.algorithm, s.time, s.expires, s.outcome, said, s.detail, s.signed.join(":"), s.unsigned.join(":"),
				s.ambiguous.map(a => a.name + " " + a.signed + " " + a.other + ",").join(""), s.bodyLength, s.bodyCovered,
				f ? [f.selector + "._domainkey." + f.domain, f.record, f.seen.length, f.from, f.until, f.gone, f.note].join(" ") : ""].join("|");
		})});
	}
	return JSON.stringify(answers);
})`

// compareMail asks the page and package evidence, and returns how often each
// verdict, and each outcome with what is said of it, came.
func (b *browser) compareMail(t *testing.T, vectors []mailVector) map[string]int {
	t.Helper()
	results, wrong := map[string]int{}, 0
	for len(vectors) > 0 {
		n, size := 0, 0
		for n < len(vectors) && n < 200 && size < 4<<20 {
			size += len(vectors[n].Mail) + len(vectors[n].Keys)
			n++
		}
		some := vectors[:n]
		vectors = vectors[n:]
		question, err := json.Marshal(some)
		must(t, err)
		var answers []mailAnswer
		must(t, json.Unmarshal([]byte(eval[string](t, b, fmt.Sprintf("%s(%s, %d)", askMail, question, judgedAt.Unix()))), &answers))
		for i, got := range answers {
			want := judge(t, &some[i])
			results[want.Verdict]++
			for _, s := range want.Signatures {
				f := strings.Split(s, "|")
				results[f[7]+" "+f[8]]++
			}
			if gotText, wantText := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); gotText != wantText {
				if wrong++; wrong <= 5 {
					t.Errorf("%s: the page says\n%s\npackage evidence\n%s\nof\n%.3000s\nwith\n%.1500s", some[i].What, gotText, wantText, some[i].Mail, some[i].Keys)
				}
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d disagreements", wrong)
	}
	return results
}

// signingKey is a sender's key.
type signingKey struct {
	n, e, d *big.Int
	ed      ed25519.PrivateKey
}

// newRSA makes a key of any size, also of those that crypto/rsa refuses, the
// same each run.
func newRSA(r random, bits int) *signingKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	for {
		p, q := prime(r, bits/2), prime(r, bits-bits/2)
		n := new(big.Int).Mul(p, q)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if d := new(big.Int).ModInverse(e, phi); d != nil && n.BitLen() == bits && p.Cmp(q) != 0 {
			return &signingKey{n: n, e: e, d: d}
		}
	}
}

func prime(r random, bits int) *big.Int {
	b := make([]byte, (bits+7)/8)
	_, _ = r.Read(b)
	n := new(big.Int).SetBytes(b)
	n.SetBit(n.Rsh(n, uint(8*len(b)-bits)), 0, 1)
	n.SetBit(n.SetBit(n, bits-1, 1), bits-2, 1)
	for two := big.NewInt(2); !n.ProbablyPrime(8); n.Add(n, two) {
	}
	return n
}

func (k *signingKey) sign(hash string, header []byte) []byte {
	h := map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256}[hash].New()
	h.Write(header)
	digest := h.Sum(nil)
	if k.ed != nil {
		return ed25519.Sign(k.ed, digest)
	}
	info := map[string]string{"sha1": "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14", "sha256": "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"}[hash]
	tail := append([]byte(info), digest...)
	size := (k.n.BitLen() + 7) / 8
	block := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-3-len(tail))...)
	block = append(append(block, 0), tail...)
	return new(big.Int).Exp(new(big.Int).SetBytes(block), k.d, k.n).FillBytes(make([]byte, size))
}

// records are key records that hold k, in several spellings.
func (k *signingKey) records() []string {
	if k.ed != nil {
		p := base64.StdEncoding.EncodeToString(k.ed.Public().(ed25519.PublicKey))
		return []string{"v=DKIM1; k=ed25519; p=" + p, "k=ed25519;p=" + strings.TrimRight(p, "=") + ";", "k=ed25519; h=sha256; p= " + p[:9] + " \r\n " + p[9:]}
	}
	bare, _ := asn1.Marshal(struct{ N, E *big.Int }{k.n, k.e})
	oid := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	wrapped, _ := asn1.Marshal(struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue
		}
		Key asn1.BitString
	}{struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue
	}{oid, asn1.NullRawValue}, asn1.BitString{Bytes: bare, BitLength: 8 * len(bare)}})
	p, q := base64.StdEncoding.EncodeToString(wrapped), base64.StdEncoding.EncodeToString(bare)
	return []string{"v=DKIM1; k=rsa; p=" + p, "p=" + q, "v=DKIM1;t=y; p=" + p, "v=DKIM1; t = s; s=email; p=" + p + " ; n=a note", "k=rsa; h=sha1:sha256; p=" + q + ";", "s=*; t=y:s:x; p=" + p, "v=DKIM1; h=sha256; p=" + p}
}

// poorRecords are records that hold no key that verifies, or not this one.
func poorRecords(k *signingKey) []string {
	good := k.records()[0]
	list := []string{"", "v=DKIM1; p=", "p=", "k=dsa; p=", "k=dsa; p=AAAA", "v=DKIM1; k=rsa; omgwhatsgoingon", "v=DKIM2; p=AAAA", "p=AAAA; v=DKIM1", "k=rsa", "k=rsa; s=tlsrpt; p=AAAA", "p=AAAA", "p=AAA", "p=A", "p=AB==", "k=ed25519; p=AAAA",
		"v=DKIM1; h=sha512; " + good[9:], "v=DKIM1; h=sha1; " + good[9:], "v=DKIM1; p=AAAA; p=AAAA", "v=DKIM1;; p=AAAA", "; p=AAAA", "v=DKIM1; 1=2; p=AAAA", "é=1; p=AAAA",
		"p=MAYCAQECAQM=", "p=MAsCAgCPAgED", "k=rsa; p=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "p=" + strings.Repeat("A", 4000)}
	for _, der := range [][]byte{{0x30, 0x80, 0, 0}, {0x30, 0x81, 0x06, 2, 1, 3, 2, 1, 3}, {0x30, 6, 2, 1, 0x83, 2, 1, 3}, {0x30, 7, 2, 2, 0, 3, 2, 1, 3}, {0x30, 6, 2, 1, 3, 2, 1, 3, 0}, {0x30, 7, 2, 1, 3, 2, 1, 3, 0},
		{0x30, 0x0a, 0x30, 3, 6, 1, 42, 3, 3, 0, 0x30, 0}, {0x30, 0x0a, 0x30, 3, 6, 1, 42, 3, 3, 1, 0x30, 0}, {0x30}, {}, {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, {0x30, 0x85, 1, 1, 1, 1, 1, 1}} {
		list = append(list, "p="+base64.StdEncoding.EncodeToString(der))
	}
	return list
}

// mailbag makes mails.
type mailbag struct {
	r    random
	keys []*signingKey
}

func newMailbag(seed uint64) *mailbag {
	b := &mailbag{r: random{rand.New(rand.NewPCG(seed, 2))}}
	for _, bits := range []int{384, 512, 768, 1023, 1024, 1031, 2048} {
		b.keys = append(b.keys, newRSA(b.r, bits))
	}
	for range 2 {
		seed := make([]byte, ed25519.SeedSize)
		_, _ = b.r.Read(seed)
		b.keys = append(b.keys, &signingKey{ed: ed25519.NewKeyFromSeed(seed)})
	}
	return b
}

func pickOf[T any](r random, list ...T) T { return list[r.IntN(len(list))] }

// signWith puts a signature above a mail, as evidence canonicalises it; the
// mail as it is if that cannot be.
func (k *signingKey) signWith(mail, begin, tags string) string {
	field := func(bh, b []byte) string {
		enc := base64.StdEncoding.EncodeToString
		return begin + tags + "; bh=" + enc(bh) + ";\r\n\tb=" + enc(b) + "\r\n"
	}
	c, ok := evidence.Canonicalise([]byte(field([]byte{0}, []byte{0})+mail), 0)
	if !ok {
		return mail
	}
	h := map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256}[c.Hash].New()
	h.Write(c.Body)
	bh := h.Sum(nil)
	c, _ = evidence.Canonicalise([]byte(field(bh, []byte{0})+mail), 0)
	return field(bh, k.sign(c.Hash, c.Header)) + mail
}

// mail is a mail of any shape, with no to three signatures, and the keys of them.
func (b *mailbag) mail() (string, []evidence.Key) {
	r := b.r
	mail := b.header() + "\r\n" + b.body()
	var keys []evidence.Key
	for range pickOf(r, 0, 1, 1, 1, 1, 2, 3) {
		k := pickOf(r, b.keys...)
		alg := pickOf(r, "rsa-sha256", "rsa-sha256", "rsa-sha1")
		if k.ed != nil {
			alg = "ed25519-sha256"
		} else if k.n.BitLen() < 8*62 { // too short for the block of the other
			alg = "rsa-sha1"
		}
		domain := pickOf(r, "example.org", "example.org", "Example.ORG", "mail.example.org", "example.com", "bücher.example", "a_b.example.org")
		selector := pickOf(r, "sel", "s1.x", "S_2", "sél")
		tags := fmt.Sprintf("v=1; a=%s; d=%s; s=%s", alg, domain, selector)
		tags += pickOf(r, "; c=relaxed/relaxed", "; c=simple/simple", "; c=relaxed", "; c=simple/relaxed", ";\r\n c=relaxed/simple", "")
		tags += pickOf(r, "", "", "", "; q=dns/txt", fmt.Sprintf("; l=%d", r.IntN(60)), "; l=0", fmt.Sprintf("; l=%d", r.IntN(5000)))
		tags += pickOf(r, "", "", "; t=1483444800", "; t=1500000000", "; t=0", "; t=999999999999")
		tags += pickOf(r, "", "", "; x=1483500000", "; x=99999999999", "; x=1483000000", "; x=0")
		tags += pickOf(r, "", "", "; i=@"+domain, "; i=ada@mail."+domain, "; i=ada@"+strings.ToUpper(domain), "; i=ada@EXAMPLE.org")
		tags += "; h=" + pickOf(r, "from", "From : To : Subject :\r\n Date", "from:to:subject:date:from:subject", "received:received:from:x-none:x-free", "from:dkim-signature:content-type", "from:x-folded:list-id:message-id:cc")
		begin := pickOf(r, "DKIM-Signature: ", "DKIM-Signature:", "dkim-signature : ", "DKIM-Signature:\r\n\t")
		mail = k.signWith(mail, begin, tags)
		records := k.records()
		key := evidence.Key{Domain: domain, Selector: selector, Record: pickOf(r, records[0], records[0], records[1], pickOf(r, records...)), Seen: []evidence.Sighting{b.sighting()}}
		if r.IntN(8) == 0 {
			key.Record = pickOf(r, poorRecords(k)...)
		}
		if r.IntN(5) == 0 {
			key.From, key.Until, key.Gone, key.Note = b.moment(), b.moment(), b.moment(), pickOf(r, "", "a note", "né")
		}
		keys = append(keys, key)
		if r.IntN(6) == 0 { // another record of that name
			other := pickOf(r, b.keys...)
			keys = append(keys, evidence.Key{Domain: strings.ToLower(domain), Selector: selector, Record: pickOf(r, append(other.records(), poorRecords(other)...)...), From: b.moment(), Seen: []evidence.Sighting{b.sighting(), b.sighting()}})
		}
		if r.IntN(10) == 0 {
			again := key
			again.Seen, again.Gone = []evidence.Sighting{b.sighting()}, b.moment()
			keys = append(keys, again)
		}
	}
	if r.IntN(2) == 0 {
		slices.Reverse(keys)
	}
	return mail, keys
}

func (b *mailbag) moment() time.Time {
	return pickOf(b.r, time.Time{}, judgedAt.Add(-time.Hour), time.Unix(1_483_000_000+b.r.Int64N(1_000_000), 0).UTC(), time.Unix(b.r.Int64N(1_800_000_000), 0).UTC())
}

func (b *mailbag) sighting() evidence.Sighting {
	return evidence.Sighting{Where: pickOf(b.r, "a/b keys.txt", "dig", "", "né"), When: b.moment(), DNS: b.r.IntN(3) == 0, Recovered: b.r.IntN(12) == 0}
}

var dates = []string{
	"Tue, 3 Jan 2017 12:00:00 +0000", "Tue, 3 Jan 2017 12:00:00 +0000 (UTC)", "3 Jan 17 12:00 EST", "Tue Jan  3 12:00:00 2017", "Tue Jan 3 12:00:00 PST 2017", "2017-01-03T12:00:00Z", "2017-01-03 12:00:00 +01:00", "03-Jan-2017 12.00.00 GMT",
	"Di, 3 Januar 2017 12:00:00 +0100", "Tue, 31 Feb 2017 12:00:00 +0000", "Tue, 3 Jan 2017 25:00:00 +0000", "Tue, 3 Jan 117 12:00:00 -0500", "Tue, 3 Jan 2017 24:00:60 +2359", "Tue, 3 Jan 2017 11:59:00 PM", "Tue, 3 Jan 2017 12:01:00 AM \"GMT\"",
	"Tue, 3 Jan 2017 (a (nested) comment\\) here) 12:00:00 \"+0100\" DST", "(unclosed 3 Jan 2017", "", "nonsense", "1/2/2017", "3/jan/2017 1:2:3 UT", "2017/01/03 1:2", "Tue, +3 Jan 2017 1:2:3 GMT+1", "3 Jan 0001 00:00:00 +0000", "3 Jan 49 1:1", "3 Jan 50 1:1", "Mon, 99 Jan 2017 1:1:1", "3 Jan 2017 1:1:1.5 +9", "3 Jan 2017 1:61", "3 Jän 2017", "J 3 2017 1:1", "3 Jan 99999 1:1", "3 Jan 2017 1:1:1 +9999999999999999999", "99999999999999999999 Jan 2017", "2017-99999999999999999999-3", "Fri, 30 Dec 2016 18:00:00 -0500", "Wed, 04 Jan 2017 00:00:00 +1400", "''3 Jan 2017'' 1:2:3 'EST'",
}

var senders = []string{
	"ada@example.org", "Ada <ada@mail.example.org>", "\"Ada, of the board\" <ada@example.org>, bob@example.net", "=?utf-8?q?Ada=2C_Lovelace?= <ada@EXAMPLE.org>", "ada@example.org (Ada)", "board: ada@example.org, bob@example.net;", "<@route.example,@b.example:ada@example.org>",
	"mailto:ada@example.org", "ada at example.org", "", "Ada <ada@example.org", "<ada@example.org> <eve@evil.example>", "\"ada@evil.example\" <eve@example.org>", "eve@evil.example", "\"odd local\"@example.org", "=?iso-8859-1?b?QWRh?= =?x?q?a,b?= <ada@example.com>", "ada@bücher.example", "ada@\xfcber.example.org", "=?broken <ada@example.org>", "a;b@example.org;c", "undisclosed:;", "Ada\u00a0<ada @ example . org>", "ada@example.org,,", "(ada@evil.example) ada@example.org", "ada@org", "((((", "\"unclosed <ada@example.org>", "=?utf-8?b?!?= ada@example.org", "=?utf-8?q?x?y?= <a@example.org>",
}

func (b *mailbag) header() string {
	r := b.r
	var fields []string
	for range r.IntN(3) {
		fields = append(fields, "Received: by "+pickOf(r, "a", "b\r\n\twith folds")+";\r\n\t"+pickOf(r, dates...)+"\r\n")
	}
	fields = append(fields, "From: "+pickOf(r, senders...)+"\r\n", "Date: "+pickOf(r, dates...)+"\r\n")
	for range r.IntN(8) {
		fields = append(fields, pickOf(r, "To: bob@example.net\r\n", "To: eve@example.net\r\n", "Subject: minutes\r\n", "Subject:  of  \t the\r\n  board \r\n", "SUBJECT : =?utf-8?q?caf=C3=A9?=\r\n", "X-Free: not signed\r\n", "X-Folded: a;\r\nb=c\r\n",
			"X-Folded: a;  \r\n\tb=\"c\"\r\n", "Message-ID: <1@example.org>\r\n", "List-Id: <l.example.org>\r\n", "Content-Type: text/plain;\r\ncharset=utf-8\r\n", "X-None:\r\n", "X-Raw: \xe9\xff\r\n", "Cc: \r\n", "From: second@example.org\r\n", "X-Spaces:"+strings.Repeat(" ", 500)+"x\r\n", "Date: "+pickOf(r, dates...)+"\r\n", "ARC-Seal: i=1\r\n"))
	}
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return strings.Join(fields, "")
}

func (b *mailbag) body() string {
	var s strings.Builder
	for range b.r.IntN(12) {
		s.WriteString(pickOf(b.r, "The budget is 400.\r\n", "\r\n", " lead  and \t trail \t\r\n", "\r\n\r\n", ".\r\n", "caf\xc3\xa9 \xff\r\n", " \r\n", "\t", "no end", "a\rb\r\n", "-- \r\n", "____\r\nThe List\r\n", "bare\n", strings.Repeat("long body line with  spaces\r\n", 40)))
	}
	return s.String()
}

// altered changes a mail on its way.
func (b *mailbag) altered(mail string) string {
	r := b.r
	at := r.IntN(len(mail) + 1)
	switch r.IntN(14) {
	case 0, 1:
		if at < len(mail) {
			return mail[:at] + string([]byte{mail[at] ^ 1<<r.IntN(8)}) + mail[at+1:]
		}
	case 2:
		return mail[:at] + pickOf(r, " ", "\r\n", "\n", ";", "=", ":", "\t", "A", "\x00") + mail[at:]
	case 3:
		return mail[:at]
	case 4:
		return strings.ReplaceAll(mail, "\r\n", "\n")
	case 5:
		return mail + pickOf(r, "-- \r\nBye\r\n", "____\r\nThe List\r\nits page\r\n", "\r\n\r\n", "More.\r\n", " ")
	case 6:
		return pickOf(r, "Subject: other\r\n", "From: eve@evil.example\r\n", "List-Id: x\r\n", "From eve Tue Jan  3 12:00:00 2017\r\n", ">From eve\r\n", "\r\n", "\xef\xbb\xbf", " indented: x\r\n", "X-A: b\r\n", "no field\r\n", "Received: by c; Mon, 2 Jan 2017 12:00:00 +0000\r\n") + mail
	case 7:
		return strings.Replace(mail, pickOf(r, "budget", "minutes", "bob@", "ada", "400"), "changed", 1)
	case 8:
		return strings.Replace(mail, pickOf(r, "v=1", "a=rsa", "b=", "bh=", "d=", "s=", "c=relaxed", "h=from", "l=", "t=", "x=", "i="), pickOf(r, "v=2", "v=0.5", "a=dsa", "b=*", "bh=", "d=.", "s=-é ", "c=nofws", "h=to", "l=-", "t=x", "x=1", "z=", "i=eve@evil.example", "i=nobody"), 1)
	}
	return mail
}

// keysJSON is the file of an archive.
func keysJSON(t testing.TB, keys []evidence.Key) []byte {
	text, err := json.Marshal(map[string]any{"format": "unseal-keys/1", "keys": slices.Concat([]evidence.Key{}, keys)})
	must(t, err)
	return text
}

// keyForms are the ways to give the keys of a mail, of which one is drawn.
func (b *mailbag) keyForms(t testing.TB, keys []evidence.Key) []byte {
	r := b.r
	if len(keys) == 0 || r.IntN(2) == 0 {
		return keysJSON(t, keys)
	}
	k := keys[0]
	half := len(k.Record) / 2
	quoted := fmt.Sprintf("%q %q", k.Record[:half], k.Record[half:])
	flat := strings.NewReplacer("\r", "", "\n", "").Replace(k.Record)
	switch r.IntN(7) {
	case 0:
		var lines []byte
		for _, k := range keys {
			line, err := json.Marshal(k)
			must(t, err)
			lines = append(append(lines, line...), '\n')
		}
		return lines
	case 1:
		return []byte(pickOf(r, "", "\xef\xbb\xbf", "\n ") + k.Record + "\n")
	case 2:
		return []byte(k.Name() + " " + flat + "\r\nother.example.org v=spf1 -all\n")
	case 3:
		return fmt.Appendf(nil, "; <<>> DiG <<>>\n;; ANSWER SECTION:\n%s. 300 IN TXT %s\n\n;; Query time: 1 msec\n", k.Name(), strings.ReplaceAll(quoted, `\r\n`, ""))
	case 4:
		return fmt.Appendf(nil, "$ORIGIN %s.\n%s._domainkey IN TXT ( %s ) ; comment\n TXT \"v=spf1\"\n", k.Domain, k.Selector, strings.ReplaceAll(quoted, `\r\n`, ""))
	case 5:
		return []byte(strings.ReplaceAll(quoted, `\r\n`, "") + "\n")
	}
	return []byte(pickOf(r, "nothing here\n", "", "{}", "{\"format\":\"unseal-keys/2\",\"keys\":[]}", "a \"quote", "{\"a\":"))
}

// mailVectors are as many mails, the half of them altered.
func mailVectors(t testing.TB, seed uint64, n int) []mailVector {
	b := newMailbag(seed)
	vs := make([]mailVector, n)
	for i := range vs {
		mail, keys := b.mail()
		what := fmt.Sprintf("mail %d of seed %d", i, seed)
		if i%2 == 1 {
			mail, what = b.altered(mail), what+", altered"
		}
		vs[i] = mailVector{what, []byte(mail), b.keyForms(t, keys)}
	}
	return vs
}

func TestThePageJudgesSignaturesAsWeDo(t *testing.T) {
	b := newBrowser(t)
	n := howMany(20_000, 2_000)
	got := b.compareMail(t, mailVectors(t, 1, n))
	for what, least := range map[string]int{"valid": n / 60, "kept-key": n / 8, "mismatch": n / 20, "unchecked": n / 20, "unsigned": n / 40,
		"fail body changed": n / 100, "fail header changed": n / 100, "fail key mismatch": n / 200, "nokey key unknown": n / 100, "nokey key revoked": 1, "fail bad key record": n / 200, "fail expired": n / 200, "pass ": n / 100} {
		if got[what] < least {
			t.Errorf("%d times %q, want %d at least", got[what], what, least)
		}
	}
	for _, q := range []evidence.Qualifier{evidence.ExpiredSince, evidence.WeakAlgorithm, evidence.WeakKey, evidence.TestKey, evidence.AmbiguousHeaders, evidence.PartialBody, evidence.OutsideWindow, evidence.OtherDomain, evidence.SignedLater} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(got)), func(said string) bool { return strings.HasPrefix(said, "pass") && strings.Contains(said, string(q)) }) {
			t.Errorf("no mail is %q", q)
		}
	}
	t.Logf("%d mails, %d kinds of answers: %v", n, len(got), got)
	b.quiet(t)
}

// TestWithoutWebCryptoThePageJudgesTheSame takes WebCrypto from the browser.
func TestWithoutWebCryptoThePageJudgesTheSame(t *testing.T) {
	b := newBrowser(t)
	eval[chromedp.Void](t, b, `void Object.defineProperty(crypto, "subtle", {value: undefined})`)
	if got := b.compareMail(t, mailVectors(t, 5, howMany(2000, 200))); got["valid"]+got["kept-key"] < 30 {
		t.Errorf("too few mails pass: %v", got)
	}
}

// TestABrowserThatDisagreesMakesNoPass has WebCrypto refuse what our own code
// accepts: where it takes the key, both must agree.
func TestABrowserThatDisagreesMakesNoPass(t *testing.T) {
	b := newBrowser(t)
	eval[chromedp.Void](t, b, `void (SubtleCrypto.prototype.verify = () => Promise.resolve(false))`)
	k := newRSA(random{rand.New(rand.NewPCG(1, 1))}, 1024)
	mail := k.signWith("From: ada@example.org\r\n\r\n", "DKIM-Signature: ", "v=1; a=rsa-sha256; d=example.org; s=sel; h=from")
	question, err := json.Marshal([]mailVector{{"sound", []byte(mail), keysJSON(t, []evidence.Key{{Domain: "example.org", Selector: "sel", Record: k.records()[0]}})}})
	must(t, err)
	if got := eval[string](t, b, fmt.Sprintf("%s(%s, 0)", askMail, question)); !strings.Contains(got, "|fail|key mismatch|") {
		t.Errorf("the page says %s", got)
	}
}

// TestThePageSeesEachAlteredByteOfAMail alters every byte of two signed mails:
// both implementations see the same.
func TestThePageSeesEachAlteredByteOfAMail(t *testing.T) {
	b := newBrowser(t)
	bag := newMailbag(3)
	mail := "Received: by a; Tue, 3 Jan 2017 12:00:01 +0000\r\nFrom: Ada <ada@example.org>\r\nSubject: minutes\r\nDate: Tue, 3 Jan 2017 12:00:00 +0000\r\nX-Free: not signed\r\n\r\nThe budget is 400.\r\n\r\nNothing else. \r\n"
	var vs []mailVector
	for _, k := range []*signingKey{bag.keys[1], bag.keys[len(bag.keys)-1]} {
		alg := "rsa-sha256"
		if k.ed != nil {
			alg = "ed25519-sha256"
		}
		for _, c := range []string{"simple/simple", "relaxed/relaxed"} {
			signed := k.signWith(mail, "DKIM-Signature: ", "v=1; a="+alg+"; d=example.org; s=sel; c="+c+"; h=from:subject:date:received")
			keys := keysJSON(t, []evidence.Key{{Domain: "example.org", Selector: "sel", Record: k.records()[0]}})
			for at := 0; at < len(signed); at += howMany(1, 3) {
				for _, flip := range []byte{0x01, 0x20, 0x80} {
					other := []byte(signed)
					other[at] ^= flip
					vs = append(vs, mailVector{fmt.Sprintf("%s %s byte %d", alg, c, at), other, keys})
				}
			}
		}
	}
	got := b.compareMail(t, vs)
	if got["mismatch"] < len(vs)/3 {
		t.Errorf("%d altered mails: %v", len(vs), got)
	}
}

// TestThePageBoundsItsWork gives the page mails that go beyond limits, and
// such as would take quadratic time.
func TestThePageBoundsItsWork(t *testing.T) {
	b := newBrowser(t)
	k := newMailbag(3).keys[0]
	signed := k.signWith("From: ada@example.org\r\n\r\nbody\r\n", "DKIM-Signature: ", "v=1; a=rsa-sha1; d=example.org; s=sel; c=relaxed/relaxed; h=from")
	field, _, _ := strings.Cut(signed, "From:")
	keys := keysJSON(t, []evidence.Key{{Domain: "example.org", Selector: "sel", Record: k.records()[0]}})
	long := func(s string) string { return strings.Repeat(s, 900_000/len(s)) }
	var vs []mailVector
	for what, mail := range map[string]string{
		"60 signatures":     strings.Repeat(field, 60) + "From: ada@example.org\r\n\r\nbody\r\n",
		"2,500 fields":      strings.Repeat("X-A: b\r\n", 2500) + signed,
		"a long header":     "X-A: " + strings.Repeat("b", 1<<20) + "\r\n" + signed,
		"a long header, LF": strings.Repeat("X-A: "+strings.Repeat("b", 1<<12)+"\n", 300) + signed,
		"2,500 names":       k.signWith("From: ada@example.org\r\n\r\nbody\r\n", "DKIM-Signature: ", "v=1; a=rsa-sha1; d=example.org; s=sel; h="+strings.Repeat("x:", 2500)+"from"),
		"150 tags":          "DKIM-Signature: v=1" + tagsOf(150) + "\r\nFrom: a@b.c\r\n\r\n",
		"spaces in a value": "X-A: b" + long(" ") + "c\r\n" + signed,
		"spaces in a tag":   "DKIM-Signature: v=1; a" + long(" ") + "=" + long(" ")[:100_000] + "x\r\n" + signed,
		"equals signs":      "DKIM-Signature: v=1; b=" + long("=") + "A\r\n" + signed,
		"brackets in From":  k.signWith("From: "+long("<")+"\r\n\r\n", "DKIM-Signature: ", "v=1; a=rsa-sha1; d=example.org; s=sel; h=from"),
		"brackets in Date":  "Date: " + long("(") + "\r\n" + signed,
		"quotes in Date":    "Date: 3 Jan 2017 1:1:1 " + long("'") + "x\r\n" + signed,
		"words in Date":     "Date: " + long("1 ") + "\r\n" + signed,
		"a long body":       k.signWith("From: ada@example.org\r\n\r\n"+strings.Repeat("A line  of the body \r\n", 100_000), "DKIM-Signature: ", "v=1; a=rsa-sha1; d=example.org; s=sel; h=from; c=relaxed/relaxed"),
		"rules in a body":   k.signWith("From: ada@example.org\r\n\r\n"+strings.Repeat("--\r\n", 5_000), "DKIM-Signature: ", "v=1; a=rsa-sha1; d=example.org; s=sel; h=from; c=relaxed/relaxed") + "more\r\n",
		"nothing":           "",
		"no header":         "\r\n\r\nbody",
	} {
		vs = append(vs, mailVector{what, []byte(mail), keys})
	}
	b.compareMail(t, vs)
}

func tagsOf(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "; x%d=1", i)
	}
	return s.String()
}

// TestRealMailsAreJudgedAsWeDo runs over the corpus of real mails.
func TestRealMailsAreJudgedAsWeDo(t *testing.T) {
	dir := material.Corpora(t)
	raw, err := os.ReadFile(filepath.Join(dir, "email-dkim", "keys", "keys.json"))
	must(t, err)
	list, errs := keyfile.Parse(raw, "keys")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	keys := keysJSON(t, list)
	b := newBrowser(t)
	var vs []mailVector
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "email-") {
			return err
		}
		mail, err := os.ReadFile(path)
		if err == nil && len(mail) < 1<<20 && bytes.Contains(bytes.ToLower(mail[:min(len(mail), 64<<10)]), []byte("dkim-signature")) {
			vs = append(vs, mailVector{path, mail, keys})
		}
		return err
	}))
	got := b.compareMail(t, vs)
	t.Logf("%d mails: %v", len(vs), got)
	if len(vs) < 60 || got[string(trove.KeptKey)] < 20 {
		t.Errorf("%d mails, of them %d valid: is the corpus whole?", len(vs), got[string(trove.KeptKey)])
	}
}

// TestOwnEd25519AgreesWithTheOtherOne holds the page's own code against Go's.
func TestOwnEd25519AgreesWithTheOtherOne(t *testing.T) {
	b := newBrowser(t)
	r := random{rand.New(rand.NewPCG(9, 9))}
	type question struct{ Key, Message, Signature []byte }
	var ask []question
	for i := range howMany(2000, 200) {
		seed, message := make([]byte, ed25519.SeedSize), make([]byte, i%300)
		_, _ = r.Read(seed)
		_, _ = r.Read(message)
		key := ed25519.NewKeyFromSeed(seed)
		q := question{bytes.Clone(key.Public().(ed25519.PublicKey)), message, ed25519.Sign(key, message)}
		switch i % 4 {
		case 1:
			q.Signature[r.IntN(64)] ^= 1 << r.IntN(8)
		case 2:
			q.Key[r.IntN(32)] ^= 1 << r.IntN(8)
		case 3:
			q.Signature = addOrder(q.Signature) // the same number modulo the order: refused
		}
		ask = append(ask, q)
	}
	text, err := json.Marshal(ask)
	must(t, err)
	got := eval[[]bool](t, b, `((list) => {
		const bytes = text => Uint8Array.from(atob(text || ""), c => c.charCodeAt(0));
		return list.map(q => unseal.verifyByNumbers(bytes(q.Key), bytes(q.Message), bytes(q.Signature)));
	})(`+string(text)+`)`)
	passed := 0
	for i, q := range ask {
		want := ed25519.Verify(q.Key, q.Message, q.Signature)
		if want {
			passed++
		}
		if got[i] != want {
			t.Errorf("question %d: %v, want %v", i, got[i], want)
		}
	}
	if passed != len(ask)/4 {
		t.Errorf("%d of %d pass, want a quarter", passed, len(ask))
	}
}

// addOrder adds the order of the curve to the number in a signature.
func addOrder(sig []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := bytes.Clone(sig[32:])
	slices.Reverse(s)
	n := new(big.Int).SetBytes(s)
	s = n.Add(n, order).FillBytes(make([]byte, 32))
	slices.Reverse(s)
	return append(bytes.Clone(sig[:32]), s...)
}
