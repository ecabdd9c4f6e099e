package archive

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
	"unseal/trove"
)

// Commitment is what the log's commitment fixes number n to, whatever its
// state: the item commitment, checked against the logged root. The error is
// ErrNotFound for a number that is not committed to.
func (c *Collection) Commitment(n int) (trove.Digest, error) {
	if n < 1 || n > c.log.Count {
		return trove.Digest{}, fmt.Errorf("%s: %w", trove.Name{Collection: c.Name, Number: n}, ErrNotFound)
	}
	fixed := c.log.Commitment(n)
	at := int64(n - fixed.First)
	hashes, err := c.a.commitmentTree(c.Name, fixed).Hashes().ReadHashes([]int64{tlog.StoredHashIndex(0, at)})
	if err != nil {
		return trove.Digest{}, fmt.Errorf("%s: %w", CommitmentDir(c.Name, fixed.K), err)
	}
	return trove.Digest(hashes[0]), nil
}

// Opens reports whether content, with what salts it, is what the log's
// commitment fixes number n to.
func (c *Collection) Opens(n int, kind trove.Kind, s proof.ItemSecret, content []byte) (bool, error) {
	want, err := c.Commitment(n)
	if err != nil {
		return false, err
	}
	place := proof.Context{Origin: c.a.view.State.Genesis.Origin, Collection: c.Name, Number: n, Kind: kind}
	got, _ := proof.Commit(place, s, content)
	return got == want, nil
}
