// Package mime reads the header of a message (RFC 5322, 2047) in linear time
// and under limits, and says where everything stands: the fields in their
// order, with their bytes. Their values are decoded on demand and tolerantly,
// as real mail is written by broken software: words, charsets, dates,
// addresses. Its leaf mime/body walks what is below the header.
//
// The one invariant: every offset is one into the exact bytes given, and the
// package never changes those bytes. What it cannot understand stays as it
// stands; nothing is dropped.
//
// It deliberately does not judge: which text is the body, what is spam, who
// signed what, is the business of its callers. It does no I/O.
package mime
