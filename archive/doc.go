// Package archive is the published folder: its layout, writing a batch into
// it, opening, reading and verifying it. docs/archive-format.md specifies it.
//
//	unseal.json                         what the archive is; Info
//	keys.json                           the DKIM keys that judge its mails
//	verify.html                         the page that checks an item in a browser, if any
//	notices/1.txt                       the texts of public statements
//	log/                                the log, see package translog
//	c/mail/collection.json              CollectionInfo
//	c/mail/commitment/1/tile/0/000 …    item commitments, 32 bytes each, and the tree over them
//	c/mail/batch/0023/1/                batch 23 in its newest edition, here the first
//	    manifest.json                   Manifest: one Row an item
//	    items.zip                       5205.eml …, records/5201.ndjson … (16 records each)
//	    search.seg                      the batch's search segment
//	    SHA256SUMS                      of the three
//
// The invariant: every file follows from the log's checkpoint. The log carries
// the digest of each manifest, of each notice and of the index files
// (unseal.json, keys.json, verify.html and every collection.json), manifests
// carry those of all else. An [Archive] hands out
// nothing that it has not checked against that chain; [Verify] checks all of it.
//
// It never looks at what lies beyond the checkpoint, so a reader may read
// while a publisher writes. Only package release uses [Writer].
package archive
