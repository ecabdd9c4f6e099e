// Package verifier is the page with which a reader checks one published item
// in a browser, offline: one HTML file with its style and script inside, that
// works from a disk and loads nothing.
//
// It says of an item and its proof file what package proof says, by a second
// implementation of docs/archive-format.md, sections 5 and 8, and of the DKIM
// signatures of a mail what package evidence says, with keys that the reader
// gives: TypeScript without dependencies, in src. The page is generated from it
// and committed; a test makes it again and wants no difference.
//
// Signatures go through WebCrypto where the browser has it for the key, and
// through own code in whole numbers where it has not: a page opened from a disk
// says the same in every browser. It knows no ARC.
package verifier

import (
	_ "embed" // the page
	"strings"

	"unseal/trove"
)

//go:generate go test -run TestThePageIsMadeFromItsSource -update

// Page is the whole page. Nobody may change it.
//
//go:embed verify.html
var Page []byte

// Digest is the SHA-256 of [Page], by which a copy can be compared with the
// one that this program carries.
func Digest() trove.Digest { return trove.Sum(Page) }

// Policy is the content security policy for serving the page: the one that
// stands in it, which allows its own script and no request at all, and what
// only a header can say.
func Policy() string {
	_, rest, _ := strings.Cut(string(Page), policyBefore)
	policy, _, _ := strings.Cut(rest, `"`)
	return policy + "; frame-ancestors 'none'"
}

// policyBefore stands before the policy in the page.
const policyBefore = `http-equiv="Content-Security-Policy" content="`
