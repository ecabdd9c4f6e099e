// Package trove is the vocabulary of the house: digests, names, kinds, states,
// verdicts, and what is known of an item from its bytes. It does no I/O and
// imports only the standard library, so every room can speak it.
//
// The one invariant: a value that names bytes (a [Digest], a [Span]) always
// speaks of exact bytes as handed over, never of something decoded, unless its
// comment says so.
package trove
