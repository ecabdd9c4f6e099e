// Package report counts a collection: how complete it is, and what was shown
// of its senders' signatures. [Completeness] and [Authenticity] make a
// [Report] of an [Input], which an archive gives ([FromArchive]) or a desk;
// a Report writes itself as HTML, CSV or JSON lines.
//
// The invariant: every number committed to stands in one place of each table
// that speaks of the account, and the parts make up the whole. A report that
// does not add up is an error ([ErrAccount]), never a page.
//
// A report over an archive says nothing that the archive does not hold. One
// over a desk says on each page and line that it is for the desk only; even
// that names neither subject nor person, and no domain that only withheld
// items come from.
package report
