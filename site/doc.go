// Package site is the reader's house: the pages and the API over an archive.
//
// The invariant: a page holds nothing that the archive does not hold, and
// nothing in a page runs, loads from elsewhere or hides. Pages are written by
// [page], whose methods are the only way to the bytes of an answer: markup
// comes from constants, words from the message catalogue in locale/, and every
// value passes through one helper that escapes it, shows hidden direction
// controls as marks and wraps it in <bdi>.
//
// The room keeps no record of its readers: no cookies, no access log, no
// address and no query anywhere.
package site
