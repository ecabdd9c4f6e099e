package site

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"unseal/trove"
)

// underCollections answers everything below /c/.
func (s *site) underCollections(w http.ResponseWriter, r *http.Request) error {
	rest := strings.TrimPrefix(r.URL.EscapedPath(), "/c/")
	switch rest {
	case "":
		return s.collectionList(w, r)
	case "index.json":
		return s.collectionsJSON(w, r)
	}
	name, rest, below := strings.Cut(rest, "/")
	c := s.byName[trove.CollectionName(name)]
	if c == nil {
		return missing("error.no-collection")
	}
	if !below {
		return redirect(w, r, name+"/", http.StatusMovedPermanently)
	}
	head, tail, _ := strings.Cut(rest, "/")
	if form, ok := strings.CutPrefix(rest, "authenticity"); ok && (form == "" || form == ".json" || form == ".csv") {
		return s.authenticity(w, r, c, strings.TrimPrefix(form, "."))
	}
	switch head {
	case "":
		return s.collectionPage(w, r, c)
	case "index.json":
		return sendJSON(w, r, http.StatusOK, c.json())
	case "collection.json", "commitment":
		return s.archiveFile(w, r)
	case "batch":
		return s.underBatch(w, r, c, tail)
	case "t", "msgid":
		id, err := url.PathUnescape(tail)
		if err != nil || id == "" {
			return missing("error.no-page")
		}
		if head == "t" {
			return s.thread(w, r, c, strings.TrimSuffix(id, ".json"))
		}
		return s.byMessageID(w, r, c, id)
	}
	return s.underItem(w, r, c, head, tail, rest != head)
}

// redirect leads on to a place that is counted from the address asked for.
func redirect(w http.ResponseWriter, r *http.Request, to string, status int) error {
	http.Redirect(w, r, to, status)
	return nil
}

// underBatch answers what stands below /c/<c>/batch/: a batch's page and files.
func (s *site) underBatch(w http.ResponseWriter, r *http.Request, c *collection, rest string) error {
	number, file, slash := strings.Cut(rest, "/")
	if strings.Contains(file, "/") {
		return s.editionFile(w, r, c, number, file)
	}
	b := c.batch(parseNumber(number))
	switch {
	case b == nil:
		return missing("error.no-batch")
	case !slash:
		return redirect(w, r, number+"/", http.StatusMovedPermanently)
	case file == "":
		return s.batchPage(w, r, c, b)
	case file == "index.json":
		return s.batchJSON(w, r, c, b)
	}
	return s.batchFile(w, r, c, b, file)
}

// parseNumber reads a number from 1 up as addresses write it, or gives 0.
func parseNumber(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || s[0] == '0' {
		return 0
	}
	return int(n)
}

// underItem answers an item's page ("5205", "5205@2"), its other forms
// ("5205.eml") and what stands below it ("5205/att/1").
func (s *site) underItem(w http.ResponseWriter, r *http.Request, c *collection, name, tail string, below bool) error {
	name, suffix, _ := strings.Cut(name, ".")
	name, edition, hasEdition := strings.Cut(name, "@")
	n := parseNumber(name)
	if n == 0 {
		return missing("error.no-page")
	}
	it, err := s.openItem(r.Context(), c, n)
	if err != nil {
		return err
	}
	if suffix == "tlog-proof" && !below && !hasEdition && it.state != trove.Committed {
		return s.itemEntry(w, r, it)
	}
	if (tail == "history" || tail == "history.json") && suffix == "" && !hasEdition {
		return s.itemHistory(w, r, it)
	}
	if it.state != trove.Published {
		return s.notShown(w, r, it)
	}
	if hasEdition && parseNumber(edition) != it.edition {
		return s.otherEdition(w, r, it, parseNumber(edition))
	}
	if below {
		return s.partOfItem(w, r, it, tail)
	}
	switch suffix {
	case "":
		return s.itemPage(w, r, it)
	case "json":
		return s.itemJSON(w, r, it)
	case "txt":
		return s.itemText(w, r, it)
	case "proof":
		return s.itemProof(w, r, it)
	}
	return s.itemForm(w, r, it, suffix)
}

// itemForm answers the files of an item: its bytes, its sound, transcripts.
func (s *site) itemForm(w http.ResponseWriter, r *http.Request, it *item, suffix string) error {
	if name := it.playing("." + suffix); name != "" {
		return s.itemMade(w, r, it, name)
	}
	if i, form, ok := it.captionsAt(suffix); ok {
		return s.captions(w, r, it, i, form)
	}
	if "."+suffix == it.suffix() || "."+suffix == it.native() {
		return s.itemFile(w, r, it, "."+suffix)
	}
	return missing("error.no-page")
}

func (s *site) partOfItem(w http.ResponseWriter, r *http.Request, it *item, part string) error {
	if part == "verify" || part == "verify.json" {
		return s.itemVerify(w, r, it)
	}
	if name, ok := strings.CutPrefix(part, "dkim/"); ok {
		return s.senderBytes(w, r, it, name)
	}
	head, tail, _ := strings.Cut(part, "/")
	switch head {
	case "compare":
		return s.comparePage(w, r, it)
	case "att":
		return s.underAttachment(w, r, it, tail)
	case "made":
		return s.itemMade(w, r, it, tail)
	case "sheet":
		return s.sheetCSV(w, r, it, tail)
	case "p":
		if n := parseNumber(tail); n > 0 {
			return s.documentPage(w, r, it, n)
		}
	}
	return missing("error.no-page")
}

// underAttachment answers a file in the item (att/1), its text (att/1.txt) and
// the page of what was read of it (att/1/text).
func (s *site) underAttachment(w http.ResponseWriter, r *http.Request, it *item, name string) error {
	if n := parseNumber(name); n > 0 {
		return s.itemAttachment(w, r, it, n)
	}
	if k, ok := strings.CutSuffix(name, ".txt"); ok {
		return s.fileText(w, r, it, parseNumber(k))
	}
	if k, ok := strings.CutSuffix(name, "/text"); ok {
		return s.filePage(w, r, it, parseNumber(k))
	}
	return missing("error.no-page")
}
