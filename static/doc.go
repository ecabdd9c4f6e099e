// Package static writes everything that readers are shown as plain files: a
// folder that any web host, any plain file server or a stick carries, and that
// works from disk without a server.
//
//	index.html, browse.html, about.html …   the pages of the site
//	c/mail/5205.html                        item 5205, beside
//	c/mail/5205.eml, .txt, .json, .proof    its other forms, and
//	c/mail/5205/verify.html, att/1.pdf …    what belongs to it
//	c/mail/batch/23/index.html, index.json  a batch and the list of its items
//	c/mail/search.html, search.seg, search/ the search of a collection
//	verify.html                             the page that checks an item
//	archive/                                the archive itself, whole
//	fr/…                                    the pages in a further language
//	.unseal-static/                         what was written, for the next run
//
// Each page is the site's own answer, asked for in process; its links are made
// relative and lead to files of the folder. What leads nowhere without a server
// is words without a link, and a form is left out. No page has a header any
// more, so each states its policy itself, and what a browser could run is named
// .bin. The archive in the folder is what `unseal verify`, `search` and `serve`
// take.
//
// The invariants: the same archive, options and program give the same bytes; a
// file is there whole or not at all; nothing is written outside the folder,
// whatever items call themselves; a run that was stopped goes on with the next,
// and what an earlier run wrote and this one would not is removed.
//
// It does not publish: it adds nothing to what the site shows.
package static
