package release

import (
	"context"
	"strings"

	"unseal/archive"
	"unseal/trove"
)

// signer is the name of a sender's key in DNS, in its two parts, lower case.
type signer struct{ domain, selector string }

// signersOf is by whom the mails of a batch are signed, as its records say.
type signersOf map[signer]bool

func (s signersOf) learn(list []trove.Signature) {
	for _, sig := range list {
		s[signer{strings.ToLower(sig.Domain), strings.ToLower(sig.Selector)}] = true
	}
}

// batchSigners reads by whom the mails of a logged batch are signed, once.
func (r *Desk) batchSigners(name trove.Name) (signersOf, error) {
	if s, ok := r.signers[name]; ok {
		return s, nil
	}
	s := signersOf{}
	err := r.readBatch(name.Collection, name.Batch, name.Edition, func(batchHead) error { return nil }, func(l *batchLine) error {
		s.learn(l.Record.Signatures)
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.knowSigners(name, s)
	return s, nil
}

func (r *Desk) knowSigners(batch trove.Name, s signersOf) {
	if r.signers == nil {
		r.signers = map[trove.Name]signersOf{}
	}
	r.signers[batch] = s
}

// keysToTell are the keys that readers need to judge the published mails: all
// that the desk knows under the names of their signatures, and what was told
// of these names before. A name that no published mail bears any more is left
// out: it could be that of a sender who was withdrawn.
func (r *Desk) keysToTell(ctx context.Context, l *archive.Writer) ([]archive.SenderKey, error) {
	if r.SenderKeys == nil {
		return nil, nil
	}
	names := signersOf{}
	for _, c := range l.State().Collections() {
		for _, b := range c.Batches {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if b.Edition < c.Edition(b.Batch.Batch) {
				continue
			}
			s, err := r.batchSigners(trove.Name{Collection: c.Name, Batch: b.Batch.Batch, Edition: b.Edition})
			if err != nil {
				return nil, err
			}
			for name := range s {
				names[name] = true
			}
		}
	}
	known, err := r.SenderKeys()
	if err != nil {
		return nil, err
	}
	told, err := r.lastTold(l)
	return archive.JoinKeys(names.keys(told.Keys), names.keys(known)), err
}

// keys are those of a list that bear one of the names.
func (s signersOf) keys(list []archive.SenderKey) (mine []archive.SenderKey) {
	for _, k := range list {
		if s[signer{k.Domain, k.Selector}] {
			mine = append(mine, k)
		}
	}
	return mine
}

// lastTold is what was told at the newest checkpoint, whose last entry is that
// of the index.
func (r *Desk) lastTold(l *archive.Writer) (archive.Told, error) {
	if l.Signed().Size == 0 {
		return archive.Told{}, nil
	}
	return r.readTold(l.Signed().Size - 1)
}
