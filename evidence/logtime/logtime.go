// Package logtime says when a state of a log existed: what is stamped of a
// checkpoint, and what the proofs of time that lie beside a log show.
//
// What is stamped is the text of a checkpoint - origin, size and root, each
// with its line end - and not its signatures: those of witnesses come later,
// and the text follows from the log alone. A proof of a state is one for all
// that the log held by then, since a log only grows.
package logtime

import (
	"crypto/x509"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"unseal/evidence/opentimestamps"
	"unseal/evidence/timestamp"
	"unseal/trove"
)

// ErrOther says that a proof is of something else than the state it is named
// after, or does not hold. Do not keep it.
var ErrOther = errors.New("not a proof of this state of the log")

// The name endings of proof files.
const (
	Stamp = ".tsr" // a response or token of RFC 3161
	Chain = ".ots" // an OpenTimestamps proof
)

// Judge says what a proof file shows of a checkpoint's text. name tells by its
// ending which kind it is; known are certificates of time stamping authorities
// that the reader trusts, and may be empty. A proof that is damaged, of other
// bytes, or does not hold, is an error that matches [ErrOther].
func Judge(name string, content, text []byte, known []*x509.Certificate) ([]trove.OtherSignature, error) {
	switch path.Ext(name) {
	case Stamp:
		t, err := timestamp.Parse(content)
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrOther, err)
		}
		return judgeStamp(t, text, known)
	case Chain:
		p, err := opentimestamps.Parse(content)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %v", ErrOther, err)
		case !p.Covers(text):
			return nil, fmt.Errorf("%w: it is of other bytes", ErrOther)
		}
		return p.Judge(), nil
	}
	return nil, fmt.Errorf("%w: %s is neither %s nor %s", ErrOther, name, Stamp, Chain)
}

func judgeStamp(t *timestamp.Token, text []byte, known []*x509.Certificate) ([]trove.OtherSignature, error) {
	if !t.Covers(text) {
		return nil, fmt.Errorf("%w: it is of other bytes", ErrOther)
	}
	s := t.Judge(known)
	if s.Result == "fail" {
		return nil, fmt.Errorf("%w: %s", ErrOther, s.Cause)
	}
	return []trove.OtherSignature{s}, nil
}

// Shown is what one proof shows of the log's first Size entries.
type Shown struct {
	Size int64
	trove.OtherSignature
}

// Earliest is the earliest time by which an entry, counted from 0, was in the
// log: that of the first good timestamp of a state that holds it. ok is false
// where none is. Proofs through Bitcoin carry no time of their own, and are not
// among them; see [Chains].
func Earliest(list []Shown, entry int64) (s Shown, ok bool) {
	for _, c := range list {
		if c.Type == trove.RFC3161 && c.Result == "pass" && c.Size > entry && (!ok || c.Time.Before(s.Time)) {
			s, ok = c, true
		}
	}
	return s, ok
}

// Chains are the proofs through Bitcoin of the smallest state that holds an
// entry and has any: blocks to compare with, each with the merkle root that it
// must have.
func Chains(list []Shown, entry int64) []Shown {
	var found []Shown
	for _, c := range list {
		switch {
		case c.Type != trove.OpenTimestamps || c.Fingerprint == "" || c.Size <= entry:
		case len(found) > 0 && c.Size > found[0].Size:
		case len(found) > 0 && c.Size < found[0].Size:
			found = []Shown{c}
		default:
			found = append(found, c)
		}
	}
	return found
}

// Words says what was found in one line, for the place where a page otherwise
// says "time stated by the publisher". It names who says so, and whether that
// authority is known to the reader.
func (s Shown) Words() string {
	if s.Type == trove.OpenTimestamps {
		return fmt.Sprintf("time: the log of %d entries %s", s.Size, s.Cause)
	}
	return strings.TrimSuffix(fmt.Sprintf("time: shown by the RFC 3161 timestamp of %s, %s (%s)", s.Signer, s.Time.Format(time.RFC3339), s.Cause), " ()")
}
