// Package searchtest is the conformance suite of search.Index: every variant
// of an index passes it.
//
// Its heart is an oracle that answers queries by reading each text. The oracle
// shares no code with any engine: it parses nothing (generated queries carry
// their meaning with them), and it cuts and folds words with regular
// expressions and Unicode's own tables where the engines use package search's
// scanner. So an error in the parser, the folding, an index or its reader shows
// as a difference.
package searchtest
