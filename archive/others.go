package archive

import (
	"fmt"

	"unseal/trove"
)

// sameOthers compares the signatures of people that a record lists with those
// found in the bytes by a reader, who has no keys but those that came with the
// mail. So less may be found than is said, never anything else; and what could
// not be checked at the time may be found by now. Proofs of time are of what
// lies elsewhere, and are passed over.
func sameOthers(said, found []trove.OtherSignature) error {
	listed := 0
	for _, s := range said {
		if s.Type != trove.SMIME && s.Type != trove.OpenPGP {
			continue
		}
		if listed == len(found) {
			return fmt.Errorf("lists more signatures of people than the %d in the bytes", len(found))
		}
		f := found[listed]
		listed++
		contradicted := s.Result != f.Result && s.Result != unchecked && f.Result != unchecked
		if s.Type != f.Type || s.Of != f.Of || !s.Time.Equal(f.Time) || contradicted {
			return fmt.Errorf("says %q of a signature (%s), the bytes say %q of one (%s)", s.Result, s.Type, f.Result, f.Type)
		}
	}
	if listed < len(found) {
		return fmt.Errorf("lists %d signatures of people, the bytes have %d", listed, len(found))
	}
	return nil
}

// unchecked is the result of a signature of which nothing could be checked.
const unchecked = "nokey"
