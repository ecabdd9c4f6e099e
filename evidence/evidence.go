// Package evidence examines the exact bytes of a mail and says what its
// signatures show: DKIM (RFC 6376, 8301, 8463) and ARC (RFC 8617), against a
// key archive, judged at the mail's own time.
//
// It differs from a mail server's verifier on purpose. A server decides whether
// to let a message in now; an archive says what can be known of one years
// later. So nothing is refused for being old or weak: SHA-1, short keys,
// expired signatures and l= are checked and named ([Qualifier]), and a failure
// says which part does not fit ([Cause]). What was not covered is listed.
//
// The one invariant: [Pass] is given only when the signed header fields and
// body bytes, in the canonical form that the signature names, are those that
// the key's holder signed. Line ends are the exception that storage forces: a
// bare LF counts as CRLF, and [Result.BareLF] says so.
//
// The package does no I/O, asks no DNS and keeps no state: same bytes, same
// keys, same time, same result.
package evidence

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"unseal/mime"
	"unseal/trove"
)

// The limits of an examination. What lies beyond one is reported as not
// judged, never as passed.
const (
	MaxSignatures = 50        // DKIM-Signature fields judged; RFC 8617 section 4.2.1 has the same limit for ARC sets
	MaxSigned     = 2000      // names in one h=
	MaxKeys       = 8         // records tried for one signature
	MaxHashed     = 512 << 20 // body bytes hashed for one mail
)

// Outcome is what came of one signature.
type Outcome string

// The outcomes. The zero value means "not judged", never "passed".
const (
	Pass  Outcome = "pass"
	Fail  Outcome = "fail"
	NoKey Outcome = "nokey" // cannot be checked: the key is not known
)

// Cause says why a signature did not pass.
type Cause string

// The causes of a failure, and of a key not being there.
const (
	BodyChanged    Cause = "body changed"            // the header fields are as signed, the body is not
	HeaderChanged  Cause = "header changed"          // made with this key, but over other header fields
	BothChanged    Cause = "body and header changed" // neither fits; an RSA signature was made with this key
	HeaderOrKey    Cause = "header changed or other key"
	KeyMismatch    Cause = "key mismatch"           // not made with the known key, or b= is damaged
	KeyForbids     Cause = "key does not allow it"  // the record's h= excludes the hash
	BadKey         Cause = "bad key record"         // a record is known, but it is no usable key
	DraftSyntax    Cause = "draft syntax"           // of a draft before RFC 4871 (2007)
	BadSyntax      Cause = "bad syntax"             // RFC 6376 section 6.1.1 (PERMFAIL)
	BadAlgorithm   Cause = "unknown algorithm"      //
	FromUnsigned   Cause = "From not signed"        // RFC 6376 section 5.4: From must be in h=
	DomainMismatch Cause = "domain mismatch"        // i= is not in d=
	Subdomain      Cause = "unauthorized subdomain" // the key's t=s forbids a subdomain in i=
	Expired        Cause = "expired"                // x= lies before the mail's own time
	TooMuch        Cause = "not judged: too many signatures"
	KeyUnknown     Cause = "key unknown"
	KeyGone        Cause = "key gone"    // asked for, and not there any more
	KeyRevoked     Cause = "key revoked" // the record has an empty p=
	KeyRecovered   Cause = "key recovered from signatures, not known whose"
	WeakSeal       Cause = "weak key or algorithm"
)

// Qualifier is what must be said along with a pass.
type Qualifier string

// The qualifiers.
const (
	ExpiredSince     Qualifier = "expired since"     // x= has passed by now, but had not at the mail's own time
	WeakAlgorithm    Qualifier = "weak algorithm"    // SHA-1, RFC 8301 section 3.1
	WeakKey          Qualifier = "weak key"          // RSA below 1024 bits, RFC 8301 section 3.2
	TestKey          Qualifier = "test key"          // t=y
	AmbiguousHeaders Qualifier = "ambiguous headers" // a second From, Subject, Date ... that is not covered
	PartialBody      Qualifier = "partial body"      // l= leaves the end of the body uncovered
	OutsideWindow    Qualifier = "key outside its known window"
	OtherDomain      Qualifier = "another domain" // d= is neither From's domain, nor above or below it: a list, a service, or a stranger
	SignedLater      Qualifier = "signed later"   // t= lies more than a day after the mail's own time
)

// Signature is one DKIM-Signature field, or one field of an ARC set, and what
// was found of it.
type Signature struct {
	Offset     int // of the field in the examined bytes
	Domain     string
	Selector   string
	Identity   string // i=, on whose behalf; empty when not given
	Algorithm  string
	Time       time.Time // t=
	Expires    time.Time // x=
	Outcome    Outcome
	Cause      Cause  // empty when passed
	Probable   string // what probably happened, where that shows: "list footer", "mailing list", "cut short"
	Detail     string // which tag or record, for causes that leave it open
	Qualifiers []Qualifier

	Signed      []string    // names of the covered fields, lower case, in signing order
	Unsigned    []string    // names of fields with an instance not covered, lower case, each once
	Ambiguous   []Ambiguity // pairs behind AmbiguousHeaders
	BodyLength  int64       // of the canonical body; 0 when it was not hashed
	BodyCovered int64       // of these, covered by the body hash
	Key         *Key        // the key that was used, nil when none fits
}

// Ambiguity is a field that the signature covers and that stands in the header
// once more, uncovered: readers may see the one or the other.
type Ambiguity struct {
	Name   string // lower case
	Signed int    // offset of the covered field
	Other  int    // offset of the uncovered one
}

// Result is what the examination of one mail found.
type Result struct {
	Signatures []Signature // DKIM-Signature fields from the top downwards
	Chain      Chain       // ARC, apart from DKIM
	Verdict    trove.Verdict
	At         time.Time // the time of judgement: the mail's own, zero when it states none
	BareLF     bool      // lines that end in LF alone were read as ending in CRLF
	Err        error     // why nothing was judged, else nil: the header goes beyond a limit
}

// Examine judges every DKIM signature and the ARC chain of a mail. raw is the
// mail's exact bytes; keys may be nil; now decides only whether something
// has expired since and whether a key counts as current. It never fails: see
// [Result.Err] for a header that cannot be read.
func Examine(raw []byte, keys *Keys, now time.Time) Result {
	if !mayBeSigned(raw) {
		return Result{Verdict: trove.Unsigned, Chain: Chain{Status: ChainNone}}
	}
	header, err := mime.ReadHeader(raw)
	if err != nil {
		return Result{Err: fmt.Errorf("signatures not examined: %w", err)}
	}
	m := newMessage(raw, header)
	r := Result{At: m.at, BareLF: hasBareLF(raw)}
	for n, i := range m.byName["dkim-signature"] {
		if n < MaxSignatures {
			r.Signatures = append(r.Signatures, m.dkim(i, keys, now))
			continue
		}
		s, _ := m.read(i)
		s.settle(Fail, TooMuch, "")
		r.Signatures = append(r.Signatures, s)
	}
	r.Chain = m.chain(keys, now)
	r.Verdict = verdict(r.Signatures, now)
	return r
}

// verdict sums up: one signature that passes is enough; else one that is
// contradicted by the bytes counts; else nothing could be checked.
func verdict(sigs []Signature, now time.Time) trove.Verdict {
	v := trove.Unsigned
	for i := range sigs {
		switch s := &sigs[i]; {
		case s.Outcome == Pass && s.Key.Current(now):
			return trove.Valid
		case s.Outcome == Pass:
			v = trove.KeptKey
		case v == trove.KeptKey:
		case s.contradicted():
			v = trove.Mismatch
		case v == trove.Unsigned:
			v = trove.Unchecked
		}
	}
	return v
}

// contradicted reports whether the signature was read and does not fit, as
// opposed to not being checkable at all.
func (s *Signature) contradicted() bool {
	switch s.Cause {
	case BodyChanged, HeaderChanged, BothChanged, HeaderOrKey, KeyMismatch, Expired, Subdomain, DomainMismatch, KeyForbids:
		return s.Outcome == Fail
	}
	return false
}

// Said is the cause of a signature that did not pass, or the qualifiers of one
// that did, as one line.
func (s *Signature) Said() string {
	if s.Outcome != Pass {
		if s.Probable != "" {
			return string(s.Cause) + ": " + s.Probable + " probable"
		}
		return string(s.Cause)
	}
	words := make([]string, len(s.Qualifiers))
	for i, q := range s.Qualifiers {
		words[i] = string(q)
	}
	return strings.Join(words, ", ")
}

// The codes of the warnings that Fill gives.
const (
	notExamined = "signatures-not-examined"
	ambiguous   = "ambiguous-" // and the name of the field
)

// Fill writes the signatures and the verdict into a record, and a warning for
// each ambiguous header field; what an earlier Fill has written goes.
func (r Result) Fill(rec *trove.Record) {
	rec.Verdict, rec.Signatures = r.Verdict, nil
	rec.Warnings = slices.DeleteFunc(rec.Warnings, func(w trove.Warning) bool {
		return w.Code == notExamined || strings.HasPrefix(w.Code, ambiguous)
	})
	if r.Err != nil {
		rec.Warnings = append(rec.Warnings, trove.Warning{Code: notExamined, Text: r.Err.Error()})
	}
	warned := map[int]bool{}
	for i := range r.Signatures {
		s := &r.Signatures[i]
		rec.Signatures = append(rec.Signatures, trove.Signature{
			Domain: s.Domain, Selector: s.Selector, Algorithm: s.Algorithm,
			Result: string(s.Outcome), Cause: s.Said(),
		})
		for _, a := range s.Ambiguous {
			if s.Outcome == Pass && !warned[a.Other] {
				warned[a.Other] = true
				rec.Warnings = append(rec.Warnings, trove.Warning{
					Code: ambiguous + a.Name, Offset: int64(a.Other),
					Text: fmt.Sprintf("A second %q field stands in the header and is not covered by the signature of %s.", a.Name, s.Domain),
				})
			}
		}
	}
}

// mayBeSigned looks through the header's lines for a field worth reading: most
// mail of an archive is not signed. It errs on the side of reading.
func mayBeSigned(raw []byte) bool {
	begun := false
	rest := bytes.TrimPrefix(raw[:min(len(raw), mime.MaxHeader)], []byte("\xef\xbb\xbf"))
	for len(rest) > 0 {
		c := rest[0]
		if c|0x20 == 'd' && hasPrefixFold(rest, "dkim-signature") || c|0x20 == 'a' && hasPrefixFold(rest, "arc-") {
			return true
		}
		var line []byte
		if line, rest = cutLine(rest); len(line) == 0 && begun {
			return false
		}
		// Before the header may stand blank lines and "From " lines.
		begun = begun || c > ' ' && c != '>' && c != 'F'
	}
	return len(raw) > mime.MaxHeader
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && strings.EqualFold(string(b[:len(prefix)]), prefix)
}
