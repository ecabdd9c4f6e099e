package evidence

import (
	"bytes"
	"cmp"
	"crypto"
	_ "crypto/sha1" // for signatures of the time
	_ "crypto/sha256"
	"slices"
	"strings"
	"time"

	"unseal/mime"
)

// message is a mail being examined: what its signatures have in common.
type message struct {
	fields []mime.Field
	body   []byte
	byName map[string][]int // lower-case name: indexes into fields, top down
	at     time.Time        // the mail's own time
	bodies map[bodyForm]bodySum
	hashed int64 // body bytes hashed so far, against MaxHashed
}

// bodyForm is one way to hash the body.
type bodyForm struct {
	hash    crypto.Hash
	relaxed bool
	limit   int64
}

type bodySum struct {
	sum    string
	length int64
}

func newMessage(raw []byte, header mime.Header) *message {
	m := &message{fields: header.Fields, body: raw[header.Body:], byName: make(map[string][]int, len(header.Fields)), bodies: map[bodyForm]bodySum{}}
	for i, f := range m.fields {
		name := strings.ToLower(f.Name())
		m.byName[name] = append(m.byName[name], i)
	}
	m.at = m.ownTime()
	return m
}

// ownTime is when the mail was on its way by its own word: the oldest Received
// field that can be read, else Date.
func (m *message) ownTime() time.Time {
	for _, i := range slices.Backward(m.byName["received"]) {
		if t, ok := mime.ReceivedDate(m.fields[i].Value()); ok {
			return t
		}
	}
	for _, i := range m.byName["date"] {
		if t, _, ok := mime.ParseDate(m.fields[i].Value()); ok {
			return t
		}
	}
	return time.Time{}
}

// settle records why a signature did not pass.
func (s *Signature) settle(o Outcome, c Cause, detail string) {
	s.Outcome, s.Cause, s.Detail = o, c, detail
}

// dkim judges the DKIM-Signature field at an index.
func (m *message) dkim(index int, keys *Keys, now time.Time) Signature {
	s, c := m.read(index)
	c.readDKIM(&s)
	m.judge(&s, c, keys)
	m.qualify(&s, now)
	if s.Outcome == Pass && !m.bySender(s.Domain) {
		s.Qualifiers = append(s.Qualifiers, OtherDomain)
	}
	return s
}

// identityDomain is the domain of i=, which is @d by default and has an "@".
func (s *Signature) identityDomain() string {
	id := cmp.Or(s.Identity, "@"+s.Domain)
	_, domain, _ := strings.Cut(id[max(0, strings.LastIndexByte(id, '@')):], "@")
	return domain
}

// judge checks a claim over header fields and body against the key archive.
func (m *message) judge(s *Signature, c *claim, keys *Keys) {
	covered := m.cover(s, c)
	found := m.candidates(s, c, keys)
	if len(found) == 0 {
		return // settled: nothing is hashed for want of a key
	}
	body, ok := m.bodySum(bodyForm{c.alg.hash, c.relaxedBody, c.limit})
	if !ok {
		s.settle(Fail, TooMuch, "")
		return
	}
	s.BodyLength, s.BodyCovered = body.length, body.length
	if c.limit >= 0 {
		s.BodyCovered = min(c.limit, body.length)
	}
	intact := body.sum == string(c.bh) && c.limit <= body.length
	s.tryKeys(found, c, m.headerDigest(covered, c))
	if !intact {
		s.blameBody()
		m.guess(s, c)
	}
}

// cover picks the fields that h= names, each name from the bottom upwards
// (section 5.4.2), and lists what stays uncovered. The result holds indexes in
// signing order; a name without a field left is not in it, and is thereby
// signed as absent.
func (m *message) cover(s *Signature, c *claim) []int {
	left := make(map[string]int, len(c.names)) // instances not yet taken
	taken := make([]bool, len(m.fields))
	taken[c.field] = true
	var covered []int
	for _, name := range c.names {
		all := m.byName[name]
		n, seen := left[name]
		if !seen {
			n = len(all)
		}
		for n--; n >= 0 && all[n] == c.field; n-- { // a signature does not cover itself by h=
		}
		if left[name] = max(n, 0); n >= 0 {
			covered = append(covered, all[n])
			taken[all[n]] = true
			s.Signed = append(s.Signed, name)
		}
	}
	for i, f := range m.fields {
		name := strings.ToLower(f.Name())
		if taken[i] || name == "" {
			continue
		}
		if !slices.Contains(s.Unsigned, name) {
			s.Unsigned = append(s.Unsigned, name)
		}
		if singular[name] {
			if last := m.byName[name][len(m.byName[name])-1]; taken[last] {
				s.Ambiguous = append(s.Ambiguous, Ambiguity{name, m.fields[last].Offset, f.Offset})
			}
		}
	}
	return covered
}

// singular are the fields that stand once (RFC 5322 section 3.6) and decide
// what a reader sees.
var singular = map[string]bool{
	"from": true, "sender": true, "reply-to": true, "to": true, "cc": true, "subject": true, "date": true,
	"message-id": true, "content-type": true, "content-transfer-encoding": true,
}

// candidates finds the keys to try, or settles why there is none.
func (m *message) candidates(s *Signature, c *claim, keys *Keys) []*Key {
	if c.cause != "" {
		s.settle(Fail, c.cause, c.detail)
		return nil
	}
	found := keys.Lookup(s.Domain, s.Selector, m.timeFor(s))
	usable := found[:0:0]
	s.settle(NoKey, KeyUnknown, "")
	for _, k := range found {
		switch {
		case k.public != nil && !k.public.revoked:
			if len(usable) < MaxKeys {
				usable = append(usable, k)
			}
		case k.public != nil:
			s.settle(NoKey, KeyRevoked, "")
		case k.fault != nil:
			s.settle(Fail, BadKey, k.fault.Error())
		default:
			s.settle(NoKey, KeyGone, k.Note)
		}
	}
	return usable
}

// bodySum hashes the body once for each form; false beyond MaxHashed.
func (m *message) bodySum(form bodyForm) (bodySum, bool) {
	if sum, ok := m.bodies[form]; ok {
		return sum, true
	}
	if m.hashed += int64(len(m.body)); m.hashed > MaxHashed {
		return bodySum{}, false
	}
	sum, length := bodyHash(form.hash.New(), m.body, form.relaxed, form.limit)
	m.bodies[form] = bodySum{string(sum), length}
	return m.bodies[form], true
}

// headerDigest is the hash that b= signs.
func (m *message) headerDigest(covered []int, c *claim) []byte {
	h := c.alg.hash.New()
	m.writeHeader(h, covered, c)
	return h.Sum(nil)
}

// withoutB is a signature field with the value of its b= taken out.
func withoutB(f mime.Field, tags tagList) []byte {
	b, _ := tags.find("b")
	start := bytes.IndexByte(f.Raw, ':') + 1
	raw := append([]byte(nil), f.Raw[:start+b.from]...)
	return append(raw, f.Raw[start+b.to:]...)
}

// tryKeys checks b= with each key until one fits; of failures, the most telling stays.
func (s *Signature) tryKeys(keys []*Key, c *claim, digest []byte) {
	s.settle(Fail, "", "")
	for _, k := range keys {
		cause := k.public.judge(s, c, digest)
		if k.Recovered() && cause != HeaderChanged {
			s.tryRecovered(k, cause)
			continue
		}
		if s.Key == nil || cause == "" || cause == HeaderChanged {
			s.Key, s.Cause, s.Outcome = k, cause, Fail
		}
		if cause == "" {
			s.Outcome = Pass
			return
		}
	}
}

// tryRecovered takes what a key shows that is known from signatures alone. That
// it fits makes nothing valid, and that it does not fit says nothing: there may
// have been another key under the same name.
func (s *Signature) tryRecovered(k *Key, cause Cause) {
	switch {
	case cause == "":
		s.settle(NoKey, KeyRecovered, "")
		s.Key = k
	case s.Key == nil:
		s.settle(NoKey, KeyUnknown, "")
	}
}

// judge is RFC 6376 section 6.1.2 and 6.1.3 for one key; empty when all fits.
func (k *publicKey) judge(s *Signature, c *claim, digest []byte) Cause {
	switch {
	case k.kind != c.alg.kind:
		return KeyMismatch
	case len(k.hashes) > 0 && !slices.Contains(k.hashes, c.alg.hashName):
		return KeyForbids
	case k.strict && !strings.EqualFold(s.identityDomain(), s.Domain):
		return Subdomain
	}
	return k.verify(c.alg, digest, c.b)
}

// blameBody joins to what b= says that the body hash does not fit.
func (s *Signature) blameBody() {
	switch {
	case s.Outcome == Pass || s.Cause == KeyRecovered:
		s.settle(Fail, BodyChanged, "")
	case s.Cause == HeaderChanged || s.Cause == HeaderOrKey:
		s.Cause = BothChanged
	}
}

// The bounds of the search for a footer.
const (
	maxGuessBody = 1 << 20
	maxGuesses   = 8
)

// guess says what probably happened to the body. A footer is proven, in fact:
// the body up to its first line hashes as signed.
func (m *message) guess(s *Signature, c *claim) {
	if c.limit > s.BodyLength {
		s.Probable = "cut short"
		return
	}
	for _, name := range []string{"list-id", "list-post", "mailing-list", "x-mailing-list"} {
		if len(m.byName[name]) > 0 {
			s.Probable = "mailing list"
		}
	}
	if len(m.body) > maxGuessBody {
		return
	}
	for end, tries := len(m.body), 0; end > 0 && tries < maxGuesses; {
		end = bytes.LastIndexByte(m.body[:end-1], '\n') + 1
		if line, _ := cutLine(m.body[end:]); isRule(line) {
			tries++
			if sum, _ := bodyHash(c.alg.hash.New(), m.body[:end], c.relaxedBody, c.limit); string(sum) == string(c.bh) {
				s.Probable = "list footer"
				return
			}
		}
	}
}

// isRule recognises the line above a footer: "-- ", "____", "----".
func isRule(line []byte) bool {
	line = bytes.TrimRight(line, " ")
	return len(line) >= 2 && len(bytes.Trim(line, "-_=*")) == 0
}

// qualify adds what must be said along with a pass, and takes the pass back
// when the signature had expired by the mail's own time.
func (m *message) qualify(s *Signature, now time.Time) {
	if s.Outcome != Pass {
		return
	}
	if !s.Expires.IsZero() && s.Expires.Before(m.at) {
		s.settle(Fail, Expired, "x=")
		return
	}
	say := func(q Qualifier, applies bool) {
		if applies {
			s.Qualifiers = append(s.Qualifiers, q)
		}
	}
	k, at := s.Key.public, m.timeFor(s)
	say(ExpiredSince, !s.Expires.IsZero() && s.Expires.Before(now))
	say(WeakAlgorithm, algorithms[s.Algorithm].hash == crypto.SHA1)
	say(WeakKey, k.modulus != nil && k.bits() < weakBelow)
	say(TestKey, k.testing)
	say(AmbiguousHeaders, len(s.Ambiguous) > 0)
	say(PartialBody, s.BodyCovered < s.BodyLength)
	say(OutsideWindow, !s.Key.published(at))
	say(SignedLater, !s.Time.IsZero() && s.Time.Sub(at) > 24*time.Hour)
}

// timeFor is the time of judgement: the mail's own, else the signature's.
func (m *message) timeFor(s *Signature) time.Time {
	if m.at.IsZero() {
		return s.Time
	}
	return m.at
}

// bySender reports whether a domain is, is below or is above that of an author
// in the lowest From field, which is the one that signatures cover. It knows no
// list of public suffixes.
func (m *message) bySender(domain string) bool {
	from := m.byName["from"]
	if len(from) == 0 {
		return false
	}
	for _, a := range mime.ParseAddresses(m.fields[from[len(from)-1]].Value()) {
		host := a.Addr[strings.LastIndexByte(a.Addr, '@')+1:]
		if isDomain(host) && (within(host, domain) || within(domain, host)) {
			return true
		}
	}
	return false
}
