// Package mime walks over a message (RFC 5322, 2045 to 2047, 2231) once, in
// linear time and under limits, and says where everything stands: the header
// fields in their order, the tree of parts, the encoded bytes of every body.
// Bodies and names are decoded on demand and tolerantly, as real mail is
// written by broken software.
//
// The one invariant: every offset is one into the exact bytes given to
// [Walk], and the package never changes those bytes. What it cannot
// understand stays as it stands; nothing is dropped.
//
// It deliberately does not judge: which text is the body, what is spam, who
// signed what, is the business of its callers. It does no I/O.
package mime
