package static

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"unseal/archive"
	"unseal/trove"
)

// archiveDir is the folder in which the archive itself lies.
const archiveDir = "archive"

// simplePages are the pages of the site beside those below c/.
var simplePages = []string{"search", "search/help", "browse", "about", "notices", "keys", "log"}

// verifierFile is the page that checks an item in the reader's browser. It
// stands for /verify, which needs a server.
const verifierFile = "verify.html"

// elsewhere reports whether an address leads out of its unit whatever that is:
// to a file of the archive, a search, or what stands for a server's page.
func (e *export) elsewhere(a address) bool {
	return a.path == "verify" || a.path == "search" && a.query != "" || e.archived[e.inArchive(a.path)] || e.isSearch(a.path) != ""
}

// rule is the file for an address outside of the unit that links to it; coll is
// the collection of the page.
func (e *export) rule(k int, a address, coll trove.CollectionName) target {
	switch {
	case a.path == "verify" || a.path == verifierFile:
		return target{to: verifierFile}
	case a.path == "search" && a.query != "":
		return target{to: e.searchFor(k, a.query, coll)}
	case e.isSearch(a.path) != "":
		return target{to: searchFile(e.isSearch(a.path))}
	case e.archived[e.inArchive(a.path)]:
		return target{to: archiveDir + "/" + e.inArchive(a.path)}
	case a.query != "":
		return target{}
	case e.isPage(a.path):
		return target{to: e.prefix(k) + pageFile(a)}
	case !strings.Contains(a.path, "/") && path.Ext(a.path) != "":
		return target{to: segments(a.path)}
	}
	return target{}
}

// searchFor is where a search leads: to that of the page's collection, or of
// the only one.
func (e *export) searchFor(k int, query string, coll trove.CollectionName) string {
	if coll == "" && len(e.search) == 1 {
		coll = e.search[0]
	}
	if !slices.Contains(e.search, coll) {
		return e.prefix(k) + "search.html"
	}
	return searchFile(coll) + "#" + query // what stands behind the # is sent to nobody
}

// isSearch is the collection whose search page a path is, or empty.
func (e *export) isSearch(p string) trove.CollectionName {
	coll, rest := splitCollection(p)
	if rest == "search" && slices.Contains(e.search, coll) {
		return coll
	}
	return ""
}

// searchFile is the search page of a collection, in the first language: it lies
// beside its segment.
func searchFile(c trove.CollectionName) string { return "c/" + string(c) + "/search.html" }

// splitCollection takes c/mail/5205 apart into mail and 5205.
func splitCollection(p string) (coll trove.CollectionName, rest string) {
	below, ok := strings.CutPrefix(p, "c/")
	if !ok {
		return "", ""
	}
	name, rest, ok := strings.Cut(below, "/")
	if !ok {
		return "", ""
	}
	return trove.CollectionName(name), rest
}

// inArchive is where the archive has the file that the site answers at a path.
func (e *export) inArchive(p string) string {
	coll, rest := splitCollection(p)
	number, name, ok := strings.Cut(strings.TrimPrefix(rest, "batch/"), "/")
	if coll == "" || !ok || !strings.HasPrefix(rest, "batch/") {
		return p
	}
	n, err := strconv.Atoi(number)
	if err != nil || strconv.Itoa(n) != number || strings.Contains(name, "/") {
		return p
	}
	return archive.BatchDir(coll, n, e.editions[batch{coll, n}]) + "/" + name
}

// isPage reports whether a page of the export stands at a path.
func (e *export) isPage(p string) bool {
	if p == "" || p == "c/" || slices.Contains(simplePages, p) {
		return true
	}
	coll, rest := splitCollection(p)
	c := e.collections[coll]
	switch {
	case c == nil:
		return false
	case rest == "" || rest == "authenticity":
		return true
	case strings.HasPrefix(rest, "t/"):
		return true
	case strings.HasPrefix(rest, "batch/"):
		n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(rest, "batch/"), "/"))
		return err == nil && e.editions[batch{coll, n}] > 0 && strings.HasSuffix(rest, "/")
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return false
	}
	st, ok := c.Status(n)
	return ok && hasPage(st.State)
}

// hasPage reports whether a number of that state has a page: one with the item,
// or one that says why there is none.
func hasPage(s trove.State) bool { return s != trove.Committed }

// threadAt is the thread whose page is at an address, as collection and id.
func (e *export) threadAt(a address) (string, bool) {
	coll, rest := splitCollection(a.path)
	id, ok := strings.CutPrefix(rest, "t/")
	if !ok || id == "" || strings.Contains(id, "/") || e.collections[coll] == nil || a.query != "" {
		return "", false
	}
	return string(coll) + "/" + id, true
}
