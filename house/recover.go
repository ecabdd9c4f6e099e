package house

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/evidence"
	"unseal/evidence/recovery"
	"unseal/release"
	"unseal/trove"
)

// RecoverOptions say from which signatures keys are recovered. Zero Pairs and
// Bits mean the defaults of package recovery.
type RecoverOptions struct {
	Collection string
	Pairs      int
	Bits       int
	Found      func(Recovered) error
	Progress   func(name string, done, total, percent int) // of the names; percent of the pair under way
}

// Recovered is what came of one name.
type Recovered struct {
	Name       string // selector._domainkey.domain
	Signatures int    // distinct ones
	Fits       int    // of these, made with the recovered key; 0: there is none
	Record     string
	Bits       int
}

// RecoverReport adds up.
type RecoverReport struct {
	Names     int `json:"names"`     // without a key, with two or more RSA signatures
	Recovered int `json:"recovered"` // of these
}

// recoveredNote is kept with such a key, so that it goes wherever the key goes.
const recoveredNote = "Recovered from %d of %d signatures in collection %s. It shows that all the mails it fits were signed with one key. " +
	"It does not show whose key that is: who makes up mails can make up a key and sign them. A mail that it does not fit may be signed with another key of the same sender."

// RecoverKeys computes the RSA keys of senders from the collection's own
// signatures, for names of which no key is known, and adds them to the desk's
// archive, each durable before the next is begun: after a stop the next run
// goes on with those that are left.
func (d *Desk) RecoverKeys(ctx context.Context, o RecoverOptions) (RecoverReport, error) {
	coll, err := d.Collection(ctx, o.Collection)
	if err != nil {
		return RecoverReport{}, err
	}
	byName, err := d.unkeyed(ctx, coll.Name)
	if err != nil {
		return RecoverReport{}, fmt.Errorf("read the signatures of %s: %w", coll.Name, err)
	}
	rep := RecoverReport{Names: len(byName)}
	for i, name := range slices.Sorted(maps.Keys(byName)) {
		sigs := byName[name]
		out := Recovered{Name: name, Signatures: len(sigs)}
		k, err := recovery.Recover(ctx, sigs, recovery.Options{Pairs: o.Pairs, Bits: o.Bits,
			Progress: func(_, _, percent int) { o.Progress(name, i, len(byName), percent) }})
		switch {
		case err == nil:
			rep.Recovered++
			out.Fits, out.Record, out.Bits = k.Fits, k.Record(), k.Modulus.BitLen()
			err = d.keepRecovered(sigs[0], k, coll.Name)
		case errors.Is(err, recovery.ErrNone):
			err = nil
		}
		if err == nil {
			err = o.Found(out)
		}
		if err != nil {
			return rep, err
		}
	}
	return rep, nil
}

func (d *Desk) keepRecovered(s evidence.RSASignature, k *recovery.Key, coll trove.CollectionName) error {
	_, _, err := d.addKeys([]evidence.Key{{
		Domain: s.Domain, Selector: s.Selector, Record: k.Record(), Note: fmt.Sprintf(recoveredNote, k.Fits, k.Of, coll),
		Seen: []evidence.Sighting{{Where: "signatures in " + string(coll), When: d.Now(), Recovered: true}},
	}})
	if err != nil {
		return fmt.Errorf("keep the key of %s: %w", s.Domain, err)
	}
	return nil
}

// unkeyed gathers the RSA signatures of names without a usable key, two or more
// of each, in order of the items.
func (d *Desk) unkeyed(ctx context.Context, name trove.CollectionName) (map[string][]evidence.RSASignature, error) {
	keys, err := d.AllKeys()
	if err != nil {
		return nil, err
	}
	found := map[string][]evidence.RSASignature{}
	err = d.Catalog.Items(ctx, catalog.Query{Collection: name}, func(it *catalog.Item) error {
		if it.Kind != trove.Mail || it.State == trove.Excluded {
			return nil
		}
		rec, err := release.Record(it)
		if err != nil || !slices.ContainsFunc(rec.Signatures, func(s trove.Signature) bool { return worthRecovering(s, keys) }) {
			return err
		}
		raw, err := d.Bytes(ctx, it)
		if err != nil {
			return err
		}
		for _, s := range evidence.RSASignatures(raw) {
			key := evidence.Key{Domain: s.Domain, Selector: strings.ToLower(s.Selector)}
			list := found[key.Name()]
			again := func(o evidence.RSASignature) bool { return slices.Equal(o.Value, s.Value) }
			if len(list) < recovery.MaxSignatures && !hasKey(s.Domain, s.Selector, keys) && !slices.ContainsFunc(list, again) {
				found[key.Name()] = append(list, s)
			}
		}
		return nil
	})
	maps.DeleteFunc(found, func(_ string, list []evidence.RSASignature) bool { return len(list) < 2 })
	return found, err
}

func worthRecovering(s trove.Signature, keys *evidence.Keys) bool {
	return s.Result == string(evidence.NoKey) && strings.HasPrefix(s.Algorithm, "rsa-") && !hasKey(s.Domain, s.Selector, keys)
}
