// Package known is a built-in archive of DKIM keys that well-known senders once
// published in DNS, so that old mail can be checked without having kept them:
// facts, each with the places where it was seen. What it holds is public
// record; who does not want to rely on it finds each source named.
//
// A key from here was kept by somebody else. A signature that it fits is valid
// with a kept key, never more.
package known

import (
	_ "embed"

	"unseal/evidence"
	"unseal/evidence/keyfile"
)

// records is in the form of [keyfile.Encode]. A time of a sighting is the day
// on which the source first had the record, as its history says; where that is
// not known there is none. No window is stated: nobody has kept one.
//
//go:embed keys.ndjson
var records []byte

// Keys is the set, a copy for each call. It panics if the text that was built
// in is broken, which a test rules out.
func Keys() *evidence.Keys {
	found, errs := keyfile.Parse(records, "built in")
	if len(errs) > 0 {
		panic(errs[0])
	}
	keys := new(evidence.Keys)
	for _, k := range found {
		keys.Add(k)
	}
	return keys
}
