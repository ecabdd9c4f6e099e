// Package proof is how an item proves its place: the commitment to one item
// (salted whole and salted segment tree), the Merkle tree over all
// commitments of a collection, and the proof file that a reader takes home,
// with the offline verification of each.
//
// The invariant: nothing in this package leaves a plain hash of bytes that are
// not published. A commitment covers the bytes twice, under a random salt (the
// fast half) and as a tree of salted segments (the deep half), and is bound to
// log, collection, number and kind.
//
// It does no I/O, keeps no state, and imports only the standard library,
// golang.org/x/mod and trove. docs/archive-format.md specifies every byte.
package proof
