// Package leak looks for what was removed in what was published. It is the
// test of the invariant "a redacted string occurs nowhere in the archive", so
// it shares no code with package redact, which decides what is hidden, nor
// with package mime, and does not know how a mail or an archive is built: it
// takes any bytes, undoes everything that can be undone anywhere in them, and
// looks at the letters and digests that come out.
//
// The one invariant: what it reports is there. What it does not report may
// still be there, encrypted, drawn, or wrapped more often than maxDepth.
package leak
