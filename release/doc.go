// Package release turns a reviewed collection into a public one: it commits to
// it, withholds, and publishes batches. Only this room writes to the log and to
// an archive, so "published" has one meaning and one place.
//
// The order of everything here is chosen so that a stop at any moment loses
// nothing: the catalog fixes what will be said, then the log says it, then the
// archive shows it, and every step can be done again with the same result.
package release
