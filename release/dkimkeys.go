package release

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"unseal/archive"
	"unseal/catalog"
	"unseal/proof"
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

// keysToTell are the keys that readers need to judge the published mails, and
// the salt that they are told with. While the keys stay, so does the salt.
func (r *Desk) keysToTell(ctx context.Context, l *archive.Writer, all []catalog.Collection) ([]archive.SenderKey, proof.Seed, error) {
	told, err := r.lastTold(l)
	if err != nil {
		return nil, proof.Seed{}, err
	}
	keys, err := r.keysOf(ctx, l, told.Keys)
	if err != nil || told.Salt != (proof.Seed{}) && sameKeys(keys, told.Keys) {
		return keys, told.Salt, err
	}
	salt := keysSalt(all, l.State().Size)
	if salt == (proof.Seed{}) {
		keys = nil
	}
	return keys, salt, nil
}

// keysOf are the keys under the names of the published mails' signatures: all
// that the desk knows, and what was told of these names before. A name that no
// published mail bears any more is left out: it could be that of a sender who
// was withdrawn.
func (r *Desk) keysOf(ctx context.Context, l *archive.Writer, told []archive.SenderKey) ([]archive.SenderKey, error) {
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
	return archive.JoinKeys(names.keys(told), names.keys(known)), err
}

// keysSalt is made of the secret of the first collection that has one, and of
// where the index entry will stand: the log has a digest of keys.json, which
// would else tell of a guess at the keys of a withdrawn sender whether it is
// right. Zero if there is no secret yet, and so no mail is out.
func keysSalt(all []catalog.Collection, size int64) (salt proof.Seed) {
	for _, c := range all {
		if c.Secret != (catalog.Secret{}) {
			m := hmac.New(sha256.New, c.Secret[:])
			fmt.Fprintf(m, "unseal-keys-salt/1\n%d", size)
			copy(salt[:], m.Sum(nil))
			return salt
		}
	}
	return salt
}

// sameKeys reports whether two lists are written alike.
func sameKeys(a, b []archive.SenderKey) bool {
	one, err := json.Marshal(archive.JoinKeys(a))
	other, err2 := json.Marshal(archive.JoinKeys(b))
	return err == nil && err2 == nil && bytes.Equal(one, other)
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
