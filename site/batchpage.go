package site

import (
	"net/http"
	"strconv"

	"unseal/archive"
)

func (p *page) batchLink(c *collection, b *batch) {
	p.html("<a")
	p.href(batchPath(c.Name, b.Number))
	p.html(">")
	p.say("batch.number", val("Number", strconv.Itoa(b.Number)))
	p.html("</a>")
}

// batchList writes the batches, newest first, a page of them.
func (p *page) batchList(c *collection, from int) {
	newest := make([]batch, 0, batchesPerPage)
	for i := len(c.batches) - 1 - from; i >= 0 && len(newest) < batchesPerPage; i-- {
		newest = append(newest, c.batches[i])
	}
	p.batchTable(c, newest)
	if len(c.batches) <= batchesPerPage {
		return
	}
	path := "c/" + string(c.Name) + "/"
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "nav.pages")
	p.html("><span>")
	p.say("nav.range", num("From", from+1), num("To", from+len(newest)), count(len(c.batches)))
	p.html("</span>")
	if from > 0 {
		p.pageLink("prev", path, "from", max(0, from-batchesPerPage), "nav.previous")
	}
	if from+len(newest) < len(c.batches) {
		p.pageLink("next", path, "from", from+len(newest), "nav.next")
	}
	p.html("</nav>\n")
}

func (p *page) batchTable(c *collection, batches []batch) {
	if len(batches) == 0 {
		return
	}
	p.html(`<table class="stack"><thead><tr>`)
	p.heads("batch.table-number", "batch.table-date", "batch.table-items", "batch.table-range", "batch.table-files")
	p.html("</tr></thead><tbody>\n")
	for i := range batches {
		b := &batches[i]
		p.html("<tr>")
		p.cell("batch.table-number", "")
		p.batchLink(c, b)
		p.cellEnd()
		p.cell("batch.table-date", "")
		p.moment(b.Published)
		p.cellEnd()
		p.cell("batch.table-items", "")
		p.num(b.Items)
		p.cellEnd()
		p.cell("batch.table-range", "")
		p.say("batch.range", num("First", b.First), num("Last", b.Last))
		p.cellEnd()
		p.cell("batch.table-files", "")
		for _, name := range [...]string{archive.ManifestName, archive.ItemsName} {
			p.html("<a")
			p.href(batchPath(c.Name, b.Number) + name)
			p.html(">")
			p.bdi(name)
			p.html("</a> ")
		}
		p.cellEnd()
		p.html("</tr>\n")
	}
	p.html("</tbody></table>\n")
}

// batchPage answers /c/<collection>/batch/<n>/.
func (s *site) batchPage(w http.ResponseWriter, r *http.Request, c *collection, b *batch) error {
	from, _ := strconv.Atoi(r.FormValue("from"))
	rows, next, err := s.batchRows(c, b, from, itemsPerPage)
	if err != nil {
		return err
	}
	files, err := s.batchFiles(c, b)
	if err != nil {
		return err
	}
	number := strconv.Itoa(b.Number)
	p := newPage(s.locale, r.URL.Path)
	s.begin(p, head{title: p.loc.plain("batch.of", plain("Number", number), plain("Collection", c.Title)), crumbs: []crumb{
		{"c/", p.loc.plain("nav.collections")}, {"c/" + string(c.Name) + "/", c.Title}, {"", p.loc.plain("batch.number", plain("Number", number))}}})
	p.heading("batch.of", val("Number", number), val("Collection", c.Title))
	p.html("<p>")
	p.say("batch.published", with("Date", func(p *page) { p.moment(b.Published) }))
	p.html("</p>\n")
	if b.Edition > 1 {
		p.paragraph("batch.edition", num("Edition", b.Edition), with("Date", func(p *page) { p.moment(c.editions[edition{b.Number, b.Edition}]) }))
	}
	p.batchNeighbours(c, b)
	p.section("what", "", "batch.what")
	p.paragraph("batch.items", count(b.Items), num("First", b.First), num("Last", b.Last))
	if b.gone > 0 {
		p.paragraph("batch.gone", count(b.gone))
	}
	p.html("</section>\n")
	p.section("verify", "panel", "batch.verify")
	p.paragraph("batch.verify-text")
	p.html(`<dl class="kv">`)
	p.term("batch.manifest-root")
	p.code(b.Manifest.String())
	p.html("</dd></dl></section>\n")
	p.batchFiles(c, b, files)
	if err := s.batchChecks(r.Context(), p, c, b); err != nil {
		p.free()
		return err
	}
	p.section("items", "", "batch.list")
	p.rows(rows)
	p.batchPager(c, b, rows, from, next)
	p.html("</section>\n")
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

func (p *page) batchNeighbours(c *collection, b *batch) {
	i := c.indexOf(b.Number)
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "collection.batches")
	p.html(">")
	if i > 0 {
		p.html(`<a rel="prev"`)
		p.href(batchPath(c.Name, c.batches[i-1].Number))
		p.html(">")
		p.say("batch.previous", val("Number", strconv.Itoa(c.batches[i-1].Number)))
		p.html("</a>")
	}
	if i+1 < len(c.batches) {
		p.html(`<a rel="next"`)
		p.href(batchPath(c.Name, c.batches[i+1].Number))
		p.html(">")
		p.say("batch.next", val("Number", strconv.Itoa(c.batches[i+1].Number)))
		p.html("</a>")
	}
	p.html("</nav>\n")
}

func (p *page) batchFiles(c *collection, b *batch, files []archive.FileSum) {
	p.section("files", "", "batch.files")
	p.html(`<table class="stack"><thead><tr>`)
	p.heads("batch.file", "batch.size", "batch.sha256")
	p.html("</tr></thead><tbody>\n")
	for _, f := range files {
		p.html("<tr>")
		p.cell("batch.file", "")
		p.html("<a")
		p.href(batchPath(c.Name, b.Number) + f.Name)
		p.html(">")
		p.bdi(f.Name)
		p.html("</a>")
		p.cellEnd()
		p.cell("batch.size", "")
		p.bdi(p.loc.size(f.Size))
		p.cellEnd()
		p.cell("batch.sha256", "")
		if !f.SHA256.IsZero() {
			p.code(f.SHA256.String())
		}
		p.cellEnd()
		p.html("</tr>\n")
	}
	p.html("</tbody></table></section>\n")
}

// batchPager leads to the items before and after those shown; at counts by
// number, so that an address keeps its meaning.
func (p *page) batchPager(c *collection, b *batch, rows []row, from, next int) {
	if len(rows) == b.Items {
		return
	}
	path := batchPath(c.Name, b.Number)
	p.html(`<nav class="pager"`)
	p.sayAttr("aria-label", "nav.pages")
	p.html(">")
	if len(rows) > 0 {
		p.html("<span>")
		p.say("batch.range", num("First", rows[0].Number), num("Last", rows[len(rows)-1].Number))
		p.html("</span>")
	}
	if from > b.First {
		p.pageLink("prev", path, "from", c.before(b, from, itemsPerPage), "nav.previous")
	}
	if next > 0 {
		p.pageLink("next", path, "from", next, "nav.next")
	}
	p.html("</nav>\n")
}
