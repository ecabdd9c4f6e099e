// Package cms reads and checks signed data of the Cryptographic Message Syntax
// (RFC 5652), the envelope of S/MIME and of RFC 3161 timestamps.
//
// The invariant: [Signer.Verify] returns a certificate only if the content has
// the digest that the signer stated, the statement names the content's type,
// and the signature over it was made with the certificate's key. Whose key that
// is, and whether the certificate was good at the time, is for the caller.
//
// It differs from the libraries at hand on purpose; docs/decisions/019 says in
// what: input may nest and be as long as the limits here and no more, errors
// are a closed set, signers may be named by key identifier, RSA-PSS and Ed25519
// are understood, and old digests are checked and named rather than refused.
// Arithmetic and certificates are the standard library's.
package cms

import (
	"encoding/asn1"
	"errors"
)

// The limits of what is read. What lies beyond one matches [ErrLimit].
const (
	MaxSize         = 16 << 20 // bytes
	MaxDepth        = 32       // values inside each other
	MaxValues       = 1 << 17  // values in all
	MaxSigners      = 16
	MaxCertificates = 100
)

// Why something could not be read or does not fit.
var (
	ErrSyntax      = errors.New("not signed data that can be read") // altered, or made by a broken program
	ErrLimit       = errors.New("too large to be checked")          // nothing was checked
	ErrEncrypted   = errors.New("encrypted")                        // what is inside cannot be read here
	ErrOther       = errors.New("another type of content")          // read well, and neither signed nor encrypted
	ErrContent     = errors.New("the signed bytes are others")      // the content has another digest than the one signed
	ErrSignature   = errors.New("the signature does not match")     // it was not made with this key over this statement
	ErrNoKey       = errors.New("certificate unknown")              // no certificate of the signer is at hand
	ErrUnsupported = errors.New("unknown algorithm")                // nothing was checked
)

// Object identifiers of content types, RFC 5652, RFC 5083 and RFC 3161.
var (
	Data      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	Signed    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	Timestamp = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}

	encrypted = []asn1.ObjectIdentifier{
		{1, 2, 840, 113549, 1, 7, 3},         // enveloped
		{1, 2, 840, 113549, 1, 7, 6},         // encrypted
		{1, 2, 840, 113549, 1, 9, 16, 1, 23}, // authenticated and enveloped
	}
)
