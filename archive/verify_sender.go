package archive

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"unseal/evidence"
	"unseal/trove"
)

// sender judges the signatures of a mail again, with the archive's own keys as
// of the day of publication, and compares the verdict with that of the record;
// in a deep verification every signature. It returns what is wrong.
func (b *batchCheck) sender(rec *Record, content []byte, sum *chunkSum) error {
	if b.keys == nil || rec.Kind != trove.Mail || rec.Unreadable != "" || rec.Redacted != nil {
		return nil
	}
	found := evidence.Examine(content, b.keys, b.m.Published)
	later, ok := agrees(rec.Verdict, &found)
	if !ok {
		return fmt.Errorf("says %q of the sender's signature, the bytes and %s say %q", rec.Verdict, KeysPath, found.Verdict)
	}
	if later {
		sum.later++
	}
	if !b.v.o.Deep {
		return nil
	}
	if err := sameSignatures(rec.Signatures, &found); err != nil || b.v.o.People == nil {
		return err
	}
	return sameOthers(rec.Others, b.v.o.People(content))
}

// agrees reports whether a verdict of the day of publication can stand beside
// what is found with the keys of today, of which some may have come later: then
// less may have been said. A key that DNS gave is a current one for a while.
func agrees(said trove.Verdict, found *evidence.Result) (later, ok bool) {
	passed := found.Verdict == trove.Valid || found.Verdict == trove.KeptKey
	switch {
	case said == found.Verdict:
		return false, true
	case said == trove.Valid && passed:
		return false, slices.ContainsFunc(found.Signatures, func(s evidence.Signature) bool {
			return s.Outcome == evidence.Pass && slices.ContainsFunc(s.Key.Seen, func(s evidence.Sighting) bool { return s.DNS })
		})
	case said == trove.KeptKey:
		return false, passed
	case said == trove.Mismatch:
		return passed, passed
	case said == trove.Unchecked:
		later = passed || found.Verdict == trove.Mismatch
		return later, later
	}
	return false, false
}

// sameSignatures compares the signatures that a record lists with those found,
// but for what is said along with a result, some of which changes with time.
func sameSignatures(said []trove.Signature, found *evidence.Result) error {
	var again trove.Record
	found.Fill(&again)
	if len(said) != len(again.Signatures) {
		return fmt.Errorf("lists %d signatures, the bytes have %d", len(said), len(again.Signatures))
	}
	for i, s := range said {
		f := again.Signatures[i]
		later := s.Result == string(evidence.NoKey) || f.Result == string(evidence.Pass)
		if s.Domain != f.Domain || s.Selector != f.Selector || s.Algorithm != f.Algorithm || s.Result != f.Result && !later {
			return fmt.Errorf("says %q of signature %d, of %s; found is %q of %s", s.Result, i+1, s.Domain, f.Result, f.Domain)
		}
	}
	return nil
}

// compareKeys notes which keys of the archive are others than those that the
// caller knows under the same names. A sender may have had both, one after the
// other; that a publisher made one up is as possible.
func (v *verifier) compareKeys() {
	for _, k := range v.report.Keys.All() {
		if k.Bits() == 0 || len(v.o.KnownKeys.Witnesses(k)) > 0 {
			continue
		}
		for _, known := range v.o.KnownKeys.Lookup(k.Domain, k.Selector, time.Time{}) {
			if known.Bits() > 0 {
				v.report.Notes = append(v.report.Notes, Note{KeysPath, fmt.Sprintf("%s is another key than the one known to you, which was seen in %s", k.Name(), sources(known))})
				break
			}
		}
	}
}

func sources(k *evidence.Key) string {
	var where []string
	for _, s := range k.Seen {
		where = append(where, s.Where)
	}
	return strings.Join(where, ", ")
}
