// Package mail reads one message: from its exact bytes to the record that the
// desk keeps and the text that people read and search.
//
// The one invariant: [Parse] never fails and never changes or drops bytes.
// Every part it lists stands at an offset of the bytes given, so that
// body.DecodePart finds it again. What cannot be read has a warning, or, over
// a limit, says why in Record.Unreadable.
//
// It deliberately does not examine signatures, thread messages, or cut
// mailboxes into messages.
package mail
