// Package body walks over a message once (RFC 2045, 2046, 2231), in linear time
// and under limits, and says where everything stands: the tree of parts, the
// encoded bytes of every body. Bodies are decoded on demand and tolerantly.
//
// The one invariant: every offset is one into the exact bytes given to
// [Walk], and the package never changes those bytes. What it cannot
// understand stays as it stands; nothing is dropped.
//
// It is no part of the trust core: signatures, commitments and proofs are of
// exact bytes, whatever is in them. It does no I/O.
package body
