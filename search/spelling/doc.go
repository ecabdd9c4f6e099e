// Package spelling knows other spellings of a word: its inflected forms in a
// language ([Forms]), and the spellings of a name in other scripts ([Names]).
//
// A spelling is never looked up in a list of words. It is a [Pattern], a finite
// set of words made by rules, and an index finds those that it has by walking
// its sorted dictionary ([Walker]). So texts are indexed as they are written,
// a mixed-language text needs no detection, and a reader in a browser does the
// same with the same tables: stems.txt and names.txt hold all that is known of
// languages, and the code beside them knows none.
//
// Words are folded as search.Scanner folds them, both those asked about and
// those of patterns. The package imports nothing but the standard library. All
// of it is safe for concurrent use but a [Walker].
package spelling

// Pattern is a finite set of words: every choice of one piece from each slot,
// joined. A piece may be empty; a slot has one or more pieces, each once. The
// set may be large, since it is the product of its slots.
//
// As a regular expression it is ^(?:a|b)(?:c|d)$.
type Pattern [][]string

// MaxWord is how many letters a word has at most that has other spellings.
const MaxWord = 30
