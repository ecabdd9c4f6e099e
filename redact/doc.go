// Package redact decides which exact bytes of an item must be hidden so that a
// text is gone from it, and who else quotes that text.
//
// A text stands in a mail in many forms: in header fields as encoded words,
// in bodies under transfer encodings and charsets, between the tags of HTML,
// quoted and broken over lines, inside packed attachments. [Find] undoes all
// of them over one kind of value, a text in which every byte still knows which
// exact bytes it came from, and so leads every match back to the bytes that
// must go. Signatures and digests of what is hidden go with it, since anyone
// could check guesses against them (docs/decisions/020-redaction.md).
//
// The one invariant: what lies outside the places found neither holds the text
// nor lets a guess at it be checked. Package leak, which shares no code with
// this one, looks for the text in what was published.
//
// It deliberately does not hide anything: the places are widened to segments
// and replaced by marks by its caller. It does no I/O.
package redact
