package redact

// The limits of looking into an item. What lies beyond one is listed as
// [Opaque], or is an error where it is the item itself.
const (
	MaxItem = 1 << 30 // bytes of one item

	maxTracked = 16 << 20     // bytes of one decoded text that are led back one by one; a match in a longer one hides all of it
	maxDepth   = 6            // wrappings inside each other: encodings, packed files, messages in encoded form
	fieldDepth = maxDepth - 3 // where header fields begin
	maxUndone  = 1 << 30      // bytes that one item may come to when its packed files are opened
	maxMember  = 256 << 20    // bytes of one file in a packed one
	maxMembers = 20_000       // files in the packed files of one item
	maxCodes   = 32           // tables of letters of one PDF

	maxRemoved  = 100_000 // different texts that are noted as removed from one item
	maxPatterns = 1 << 20 // texts that are looked for at once

	minQuote = 4   // letters and digits of a removed text that is looked for elsewhere
	minBare  = 6   // of one that is looked for in the midst of words too
	minLine  = 20  // characters of a line of a removed text that is looked for by itself
	minRun   = 8   // characters of base64 that are looked into in the midst of a text
	longRun  = 96  // of one that is taken for a file or a text of its own
	maxJoin  = 256 // bytes between two places of one match, such as tags, that are hidden with them
	minGuess = 80  // bits below which a hidden text could be guessed
)
