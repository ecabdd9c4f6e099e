package release

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"time"

	"unseal/catalog"
	"unseal/trove"
)

// candidate is an item that will get a number.
type candidate struct {
	date time.Time // zero sorts last
	tie  trove.Digest
	item catalog.Item // without its record
}

// order sorts candidates by date, undated ones last; ties fall by a digest
// salted with the collection's secret, so that the order of two items of one
// second tells nothing that can be guessed.
func order(list []candidate) {
	slices.SortFunc(list, func(a, b candidate) int {
		if a.date.IsZero() != b.date.IsZero() {
			return cmp.Compare(boolInt(a.date.IsZero()), boolInt(b.date.IsZero()))
		}
		if c := a.date.Compare(b.date); c != 0 {
			return c
		}
		return bytes.Compare(a.tie[:], b.tie[:])
	})
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tie is HMAC-SHA256 (RFC 2104) under the collection's secret.
func tie(secret catalog.Secret, sum trove.Digest) trove.Digest {
	m := hmac.New(sha256.New, secret[:])
	m.Write([]byte("unseal order"))
	m.Write(sum[:])
	return trove.Digest(m.Sum(nil))
}
