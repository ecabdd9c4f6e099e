package site

import (
	"net/http"
	"strings"

	"unseal/reading"
	"unseal/trove"
)

// readOf is what was read of the part at that path, or nil.
func (it *item) readOf(path string) *reading.File {
	if it.read == nil || path == "" {
		return nil
	}
	for i := range it.read.Files {
		if f := &it.read.Files[i]; f.Part == path {
			return f
		}
	}
	return nil
}

// allFindings are those of the item and of the files in it.
func (it *item) allFindings() []reading.Finding {
	list := it.read.Findings
	for i := range it.read.Files {
		list = append(list[:len(list):len(list)], it.read.Files[i].Findings...)
	}
	return list
}

// fileText answers the text of a file in the item, as plain text.
func (s *site) fileText(w http.ResponseWriter, r *http.Request, it *item, k int) error {
	f := it.fileRead(k)
	if f == nil || fileWords(f) == "" {
		return missing("error.no-text")
	}
	send(w, r, http.StatusOK, headerText, []byte(fileWords(f)))
	return nil
}

// fileRead is what was read of file k of the item, or nil.
func (it *item) fileRead(k int) *reading.File {
	if k < 1 || k > len(it.files) {
		return nil
	}
	return it.readOf(it.files[k-1].Path)
}

// fileWords is the text of a file and what was read off its pictures or heard.
func fileWords(f *reading.File) string {
	return strings.Trim(f.Text+"\n"+f.Spoken(), "\n")
}

// filePage answers /c/mail/5/att/1/text: what was read of a file in the item.
func (s *site) filePage(w http.ResponseWriter, r *http.Request, it *item, k int) error {
	f := it.fileRead(k)
	if f == nil {
		return missing("error.no-text")
	}
	all := r.FormValue("all") == "1"
	name := it.files[k-1].Name
	p := newPage(s.locale, r.URL.Path)
	if name == "" {
		name = p.loc.plain("files.unnamed", num("Number", k))
	}
	crumbs := s.itemCrumbs(it)
	crumbs[len(crumbs)-1].path = itemPath(it.coll.Name, it.number)
	s.begin(p, head{title: name, noindex: true, crumbs: append(crumbs, crumb{"", cut(name, listSubject)})})
	p.heading("read.title", val("Name", cut(name, nameMost)))
	p.html("<p>")
	p.say("read.what")
	p.html("</p>\n")
	p.fileLinks(it, k)
	p.fileLooks(it, f, all)
	p.fileBody(it, f, it.filePath(k)+"/text", all)
	if len(f.Findings) > 0 {
		p.section("findings", "", "finding.heading")
		p.findingList(it, f.Findings, all)
		p.html("</section>\n")
	}
	p.factList(it, f.Facts, all)
	s.end(p)
	sendPage(w, r, http.StatusOK, p)
	return nil
}

// fileLinks writes the links to the file itself and to its text.
func (p *page) fileLinks(it *item, k int) {
	part := &it.files[k-1]
	p.html(`<ul class="links">`)
	if hasBytes(part) {
		p.html("<li>")
		p.anchor(it.filePath(k), "download.file", val("Size", p.loc.size(part.Size)))
		p.html("</li>")
	}
	p.html("<li>")
	p.anchor(it.filePath(k)+".txt", "download.text")
	p.html("</li></ul>\n")
}

// What the page of a file in an item shows beside its text.
const fileSheets = 3

// fileLooks writes the sound of a file, the images of its pages, its tables.
func (p *page) fileLooks(it *item, f *reading.File, all bool) {
	if f.Sound != nil && len(f.Sound.Play) > 0 {
		p.audio(it, f.Sound.Play)
	}
	for i := range f.Pages {
		if i == pagesOpen && !all {
			break
		}
		if pg := &f.Pages[i]; pg.Image != "" {
			p.image(it, pg, f.Pages[len(f.Pages)-1].Number, false)
		}
	}
	for i := range f.Sheets {
		if i == fileSheets && !all {
			break
		}
		p.sheetTable(it, &f.Sheets[i], i, all)
	}
}

// fileBody writes the text of a file.
func (p *page) fileBody(it *item, f *reading.File, path string, all bool) {
	limit := bodyLimit
	if all {
		limit = 0
	}
	text := fileWords(f)
	if text == "" {
		p.paragraph("read.no-text")
		return
	}
	p.html(`<div class="msg"`)
	p.langAttr(f.Lang)
	p.html(">\n")
	whole := p.writeBody(it.signedText(text), limit, true, it.rec.Redactions)
	p.html("</div>\n")
	if !whole {
		p.html("<p><a")
		p.hrefQuery(path, "all=1")
		p.html(">")
		p.say("item.show-all", val("Size", p.loc.size(int64(len(text)))))
		p.html("</a></p>\n")
	}
}

// hasBytes reports whether the item holds the bytes of a part: a file deep in
// another one is listed alone.
func hasBytes(part *trove.Part) bool { return part.Length > 0 || part.Size == 0 }

// besideText writes the translations of an item whose text has no places:
// mails, and documents without pages.
func (p *page) besideText(it *item) {
	for _, i := range it.texts(reading.Translation) {
		var b strings.Builder
		for _, s := range it.read.Texts[i].Segments {
			if !s.Hidden {
				b.WriteString(s.Text + "\n\n")
			}
		}
		p.translation(it, i, b.String())
	}
}

// translation writes a text that was translated, and by whom.
func (p *page) translation(it *item, i int, text string) {
	t := &it.read.Texts[i]
	p.html("<section")
	p.attrNum("aria-labelledby", "tr", i+1)
	p.html("><h2")
	p.attrNum("id", "tr", i+1)
	p.html(">")
	p.say("text.translation-to", with("Language", func(p *page) { p.language(t.Lang) }))
	p.html(`</h2><p class="small">`)
	p.madeBy(t)
	p.html(`</p><div class="msg"`)
	p.langAttr(t.Lang)
	p.html(">\n")
	if !p.writeBody(it.signedText(text), bodyLimit/2, false, it.rec.Redactions) {
		p.html("<p>")
		p.anchor(itemPath(it.coll.Name, it.number)+".json", "text.rest")
		p.html("</p>")
	}
	p.html("</div></section>\n")
}
