package office

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"unseal/intake/reader"
	"unseal/material"
	"unseal/trove"
)

// packed makes a zip of names and contents, in this order.
func packed(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	rootRels = `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="%s"/></Relationships>`
	wordOpen = `<w:document xmlns:w="w" xmlns:r="r"><w:body>`
	wordShut = `</w:body></w:document>`
)

// docx makes a document of Word with a body and more members.
func docx(t testing.TB, body string, more ...string) []byte {
	t.Helper()
	return packed(t, append([]string{"[Content_Types].xml", "<Types/>", "_rels/.rels", fmt.Sprintf(rootRels, "word/document.xml"), "word/document.xml", wordOpen + body + wordShut}, more...)...)
}

func p(text string) string { return `<w:p><w:r><w:t>` + text + `</w:t></w:r></w:p>` }

func codes(res reader.Result) string {
	var list []string
	for _, f := range res.Reading.Findings {
		list = append(list, f.Code+": "+f.Text)
	}
	return strings.Join(list, "\n")
}

func fact(res reader.Result, name string) string {
	for _, f := range res.Reading.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func TestWordIsReadInOrder(t *testing.T) {
	b := docx(t, `<w:p><w:pPr><w:pStyle w:val="b1"/><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>Title</w:t></w:r></w:p>`+
		`<w:p><w:r><w:t>one </w:t></w:r><w:r><w:tab/><w:t>two</w:t><w:br/></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:t>three</w:t></w:r></w:p>`+
		`<w:p><w:pPr><w:numPr/></w:pPr><w:hyperlink r:id="h"><w:r><w:t>a link</w:t></w:r></w:hyperlink><w:r><w:t>, more</w:t></w:r></w:p>`+
		`<w:tbl><w:tr><w:tc>`+p("a")+`</w:tc><w:tc>`+p("b")+`</w:tc></w:tr><w:tr><w:tc>`+p("c")+p("d")+`</w:tc><w:tc>`+p("e")+`</w:tc></w:tr></w:tbl>`+p("end")+
		`<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx><w:txbxContent>`+p("in a box")+`</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback>`+p("twice")+`</mc:Fallback></mc:AlternateContent></w:r></w:p>`,
		"word/_rels/document.xml.rels", `<Relationships><Relationship Id="h" Type="x/hyperlink" Target="https://ours.example/" TargetMode="External"/><Relationship Id="f" Type="x/footnotes" Target="footnotes.xml"/><Relationship Id="g" Type="x/header" Target="header1.xml"/><Relationship Id="k" Type="x/footer" Target="/word/footer1.xml"/></Relationships>`,
		"word/footnotes.xml", `<w:footnotes xmlns:w="w"><w:footnote w:id="2">`+p("a note")+`</w:footnote></w:footnotes>`,
		"word/header1.xml", `<w:hdr xmlns:w="w">`+p("head")+`</w:hdr>`, "word/footer1.xml", `<w:ftr xmlns:w="w">`+p("foot")+`</w:ftr>`,
		"word/styles.xml", `<w:styles xmlns:w="w"><w:style w:styleId="b1"><w:name w:val="heading 1"/></w:style></w:styles>`)
	const want = "head\n\nTitle\n\none \ttwo\nthree [1]\n* a link, more <https://ours.example/>\n\na\tb\nc\nd\ne\n\nend\nin a box\n\n[1] a note\n\nfoot"
	if res := read(t, "a.docx", b); res.Text != want || res.Partly != "" || codes(res) != "" {
		t.Errorf("text\n%q, want\n%q\n%s %s", res.Text, want, res.Partly, codes(res))
	}
}

func TestWhatAReaderDoesNotSeeIsFound(t *testing.T) {
	b := docx(t, `<w:p><w:r><w:t>kept </w:t></w:r><w:del w:author="Ann" w:date="2011-03-11T00:00:00Z"><w:r><w:delText>gone</w:delText></w:r></w:del>`+
		`<w:ins w:author="Bob"><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t> unseen</w:t></w:r><w:r><w:t> end</w:t></w:r></w:p>`+
		`<w:p><w:r><w:instrText> DDEAUTO c:\\cmd </w:instrText></w:r><w:fldSimple w:instr='INCLUDEPICTURE "http://ours.example/x.png"'/></w:p>`,
		"word/_rels/document.xml.rels", `<Relationships><Relationship Id="c" Type="x/comments" Target="comments.xml"/></Relationships>`,
		"word/comments.xml", `<w:comments xmlns:w="w"><w:comment w:author="Cleo" w:date="2011">`+p("why?")+`</w:comment></w:comments>`,
		"word/_rels/settings.xml.rels", `<Relationships><Relationship Id="t" Type="x/attachedTemplate" Target="file:///c:/secret.dot" TargetMode="External"/></Relationships>`,
		"word/vbaProject.bin", "x", "docProps/core.xml", `<c xmlns:dc="d"><dc:title>Plan</dc:title><dc:creator>Dan</dc:creator></c>`,
		"word/media/image1.png", "\x89PNG\r\n\x1a\n", "word/embeddings/oleObject1.bin", "abc")
	res := read(t, "a.docx", b)
	want := []string{
		"tracked-change: deleted by Ann, 2011-03-11T00:00:00Z: gone", "tracked-change: inserted by Bob: new", "hidden-text: not shown in the document: unseen",
		`active-content: field DDEAUTO c:\\cmd`, `external-link: field INCLUDEPICTURE "http://ours.example/x.png"`, "comment: Cleo, 2011: why?",
		"external-link: attachedTemplate: file:///c:/secret.dot", "macro: the document holds macros (word/vbaProject.bin)", "author: Dan", "author: Ann", "embedded-file: oleObject1.bin",
	}
	for _, w := range want {
		if !strings.Contains(codes(res)+"\n", w+"\n") {
			t.Errorf("no finding %q in\n%s", w, codes(res))
		}
	}
	if res.Text != "kept new unseen end\n\n[Deleted text that the document keeps]\ngone\n[Comments]\nCleo, 2011: why?" {
		t.Errorf("text %q", res.Text)
	}
	if res.Record.Subject != "Plan" || fact(res, "author") != "Dan" || len(res.Record.Parts) != 2 || res.Record.Parts[0].Type != "image/png" || res.Embedded[0].Path != "1" {
		t.Errorf("%+v %+v", res.Record, res.Reading.Facts)
	}
}

func TestSlidesArePages(t *testing.T) {
	slide := func(s string) string {
		return `<p:sld xmlns:p="p" xmlns:a="a"><p:txBody><a:p><a:pPr><a:tabLst><a:tab/></a:tabLst></a:pPr><a:r><a:t>` + s + `</a:t></a:r></a:p></p:txBody></p:sld>`
	}
	b := packed(t, "[Content_Types].xml", "<Types/>", "_rels/.rels", fmt.Sprintf(rootRels, "ppt/presentation.xml"),
		"ppt/presentation.xml", `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="1" r:id="b"/><p:sldId id="2" r:id="a"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", `<Relationships><Relationship Id="a" Type="x/slide" Target="slides/slide1.xml"/><Relationship Id="b" Type="x/slide" Target="slides/slide2.xml"/></Relationships>`,
		"ppt/slides/slide1.xml", strings.Replace(slide("second"), "<p:sld ", `<p:sld show="0" `, 1), "ppt/slides/slide2.xml", slide("first"),
		"ppt/slides/_rels/slide2.xml.rels", `<Relationships><Relationship Id="n" Type="x/notesSlide" Target="../notesSlides/n.xml"/></Relationships>`, "ppt/notesSlides/n.xml", slide("say this"))
	res := read(t, "a.pptx", b)
	if res.Text != "first\n\n[Notes]\nsay this\n\nsecond" || len(res.Reading.Pages) != 2 || codes(res) != "hidden-text: the slide is hidden" || res.Reading.Findings[0].Page != 2 {
		t.Errorf("%q %+v %s", res.Text, res.Reading.Pages, codes(res))
	}
	if pg := res.Reading.Pages[1]; strings.TrimSpace(res.Text[pg.From:pg.To]) != "second" {
		t.Errorf("page 2 is %q", res.Text[pg.From:pg.To])
	}
}

// workbook makes one with excelize.
func workbook(t testing.TB, password string) []byte {
	t.Helper()
	f := excelize.NewFile()
	style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	must(t, err)
	for cell, v := range map[string]any{"A1": "name", "B1": "day", "A2": "Ann", "A4": "Cleo, D.", "B4": 2.5} {
		must(t, f.SetCellValue("Sheet1", cell, v))
	}
	must(t, f.SetCellValue("Sheet1", "B2", 40613))
	must(t, f.SetCellStyle("Sheet1", "B2", "B2", style))
	must(t, f.SetRowVisible("Sheet1", 4, false))
	_, err = f.NewSheet("Secret")
	must(t, err)
	must(t, f.SetCellValue("Secret", "A1", "unseen"))
	must(t, f.SetSheetVisible("Secret", false))
	must(t, f.SetColVisible("Secret", "C", false))
	must(t, f.AddComment("Sheet1", excelize.Comment{Cell: "A2", Author: "Bob", Text: "sure?"}))
	var b bytes.Buffer
	must(t, f.Write(&b, excelize.Options{Password: password}))
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAWorkbookIsReadAsItIsShown(t *testing.T) {
	res := read(t, "a.xlsx", workbook(t, ""))
	sheets := res.Reading.Sheets
	if res.Record.Kind != trove.Table || len(sheets) != 2 || sheets[0].Rows != 4 || sheets[0].Cells[1][1] != "03-11-11" || !sheets[1].Hidden || !sheets[0].Head {
		t.Fatalf("%+v", sheets)
	}
	if string(res.Files[0].Bytes) != "name,day\r\nAnn,03-11-11\r\n\r\n\"Cleo, D.\",2.5\r\n" || res.Files[0].Name != "s1.csv" {
		t.Errorf("%q", res.Files[0].Bytes)
	}
	for _, want := range []string{"hidden-sheet: 1 rows of the sheet Sheet1 are hidden", "hidden-sheet: the sheet Secret is hidden", "hidden-sheet: columns of the sheet Secret are hidden", "comment: Bob: sure?"} {
		if !strings.Contains(codes(res), want) {
			t.Errorf("no %q in\n%s", want, codes(res))
		}
	}
	if !strings.Contains(res.Text, "Ann\t03-11-11\n") || !strings.Contains(res.Text, "[Comment] A2 Bob: sure?") || !strings.Contains(res.Text, "Secret\nunseen") {
		t.Errorf("text %q", res.Text)
	}
}

func TestEncryptedDocumentsOpenWithAKnownPassword(t *testing.T) {
	for _, c := range []struct {
		password string
		known    []string
		opened   bool
	}{{"VelvetSweatshop", nil, true}, {"secret", []string{"wrong", "secret"}, true}, {"secret", []string{"wrong"}, false}} {
		res := read(t, "a.xlsx", workbook(t, c.password), c.known...)
		if opened := strings.Contains(res.Text, "Ann"); opened != c.opened || opened == res.Locked || !opened && res.Partly != "encrypted, not opened" || fact(res, "encrypted") == "" {
			t.Errorf("%+v: %q %q %q", c, res.Text, res.Partly, fact(res, "encrypted"))
		}
	}
}

func odt(t testing.TB, body string, more ...string) []byte {
	t.Helper()
	return packed(t, append([]string{"mimetype", "application/vnd.oasis.opendocument.text", "content.xml", `<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:dc="d" xmlns:xlink="x"><office:body><office:text>` + body + `</office:text></office:body></office:document-content>`}, more...)...)
}

func TestOpenDocumentIsRead(t *testing.T) {
	b := odt(t, `<text:tracked-changes><text:changed-region><text:deletion><office:change-info><dc:creator>Ann</dc:creator><dc:date>2011</dc:date></office:change-info><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>`+
		`<text:h>Title</text:h><text:p>one<text:s text:c="2"/>two <text:span>three</text:span><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>a note</text:p></text:note-body></text:note> four<office:annotation><dc:creator>Bob</dc:creator><text:p>why?</text:p></office:annotation></text:p>`+
		`<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>`,
		"meta.xml", `<office:document-meta xmlns:office="o" xmlns:dc="d" xmlns:meta="m"><office:meta><dc:title>Plan</dc:title><meta:initial-creator>Dan</meta:initial-creator></office:meta></office:document-meta>`,
		"Pictures/1.png", "\x89PNG\r\n\x1a\n", "Basic/script-lb.xml", "<x/>")
	res := read(t, "a.odt", b)
	const want = "Title\n\none  two three four [1]\n* item\n\na\tb\n\n[1] a note\n\n[Deleted text that the document keeps]\ngone\n[Comments]\nBob: why?"
	if res.Text != want || res.Record.Subject != "Plan" || len(res.Record.Parts) != 1 {
		t.Errorf("text\n%q, want\n%q; %+v", res.Text, want, res.Record)
	}
	for _, w := range []string{"tracked-change: deleted by Ann, 2011: gone", "comment: Bob: why?", "macro: the document holds macros", "author: Dan"} {
		if !strings.Contains(codes(res), w) {
			t.Errorf("no %q in\n%s", w, codes(res))
		}
	}
	closed := odt(t, "", "META-INF/manifest.xml", `<m:manifest xmlns:m="m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>`)
	if res := read(t, "a.odt", closed); !strings.Contains(res.Failed+res.Partly, "not opened") {
		t.Errorf("%+v", res)
	}
}

func TestRTFIsRead(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{\rtf1\ansi\ansicpg1252 caf\'e9\par \u233?t\'e9\line x\tab y}`, "café\nété\nx\ty"},
		{`{\rtf1{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset128 MS;}}\f1 \'cf\'f0\'e8\f2 \'93\'fa\'96\'7b\f0 x}`, "При日本x"},
		{`{\rtf1{\info{\title T}}{\*\unknown no}{\stylesheet no}{\pict 89}yes{\*\shppict{\pict 00}} {\field{\*\fldinst HYPERLINK "u"}{\fldrslt link}}}`, "yes link"},
		{`{\rtf1 a{\footnote note}b\par c}`, "ab [1]\nc\n\n[1] note"},
		{`{\rtf1\uc2\u9731??a\uc0\u9731 b{\uc1\u-10179 ?\u-8704 ?}}`, "☃a☃b😀"},
		{`{\rtf1 {\upr{old}{\*\ud new}}}`, "new"},
		{`{\rtf1 a{\deleted gone}{\v unseen}b`, "aunseenb\n\n[Deleted text that the document keeps]\ngone"},
		{`{\rtf1\trowd a\cell b\cell\row c}`, "a\tb\nc"},
	} {
		if res := read(t, "a.rtf", []byte(c.in)); res.Text != c.want {
			t.Errorf("%s = %q, want %q", c.in, res.Text, c.want)
		}
	}
}

func TestTextsAreRead(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a.txt", "one\r\ntwo\r", "one\ntwo"},
		{"a.txt", "\xff\xfeh\x00\xe9\x00", "hé"},
		{"a.html", "<html><head><title>T</title><meta name=author content=Ann></head><body><p>a<script>no</script><b>b</b><p>c", "ab\n\nc"},
		{"a.xml", "<?xml version='1.0'?><a><t>one</t><t>two <b>bold</b> end</t>\n<u>three</u></a>", "one\ntwo bold end\nthree"},
		{"a.fodt", `<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="t" office:mimetype="application/vnd.oasis.opendocument.text"><office:body><office:text><text:p>flat</text:p></office:text></office:body></office:document>`, "flat"},
		{"a.doc", `<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body>` + p("as XML") + `</w:body></w:wordDocument>`, "<?mso-application progid=\"Word.Document\"?>\nas XML"},
	} {
		kind, typ := Detect([]byte(c.in), c.name)
		if res := read(t, c.name, []byte(c.in)); res.Text != c.want || !Takes(kind, typ) {
			t.Errorf("%s %q = %q, want %q (%s)", c.name, c.in, res.Text, c.want, typ)
		}
	}
}

func TestOtherFilesAreNotDocuments(t *testing.T) {
	for name, head := range map[string]string{
		"a": "", "a.bin": "\x00\x01\x02\x03\x04\x05", "a.zip": "PK\x03\x04\x14\x00\x00\x00\x00\x00aaaaaaaa.txt", "a.msg": ole + string(utf16Bytes("__properties_version1.0")), "a.exe": "MZ\x90\x00\x03\x00\x00\x00", "a.pdf": "%PDF-1.4\n%\xe2\xe3\xcf\xd3\x00\x00\x01\x02",
	} {
		if kind, typ := Detect([]byte(head), name); kind != "" {
			t.Errorf("%s is %s, %s", name, kind, typ)
		}
	}
}

func TestABookIsReadInTheOrderOfItsSpine(t *testing.T) {
	b := packed(t, "mimetype", "application/epub+zip", "META-INF/container.xml", `<c><rootfile full-path="o/c.opf"/></c>`,
		"o/c.opf", `<package xmlns:dc="d"><dc:title>Book</dc:title><dc:creator>Ann</dc:creator><item id="a" href="2.html" media-type="application/xhtml+xml"/><item id="b" href="1.html" media-type="application/xhtml+xml"/><itemref idref="b"/><itemref idref="a"/></package>`,
		"o/1.html", "<p>first", "o/2.html", "<p>second")
	if res := read(t, "a.epub", b); res.Text != "first\n\nsecond" || res.Record.Subject != "Book" || fact(res, "author") != "Ann" {
		t.Errorf("%q %+v", res.Text, res.Record)
	}
}

// TestTrapsAreBounded gives documents that unpack to far more than they are, and
// says how much memory reading them took.
func TestTrapsAreBounded(t *testing.T) {
	bomb := strings.Repeat(" ", 20<<20)
	attributes := "<w:p " + strings.Repeat(`a="" `, 1_000_000) + ">"
	for name, b := range map[string][]byte{
		"bomb.docx":       docx(t, bomb+p("x")),
		"attributes.docx": docx(t, p("seen")+attributes+"</w:p>"),
		"deep.docx":       docx(t, p("seen")+strings.Repeat("<w:sdt>", 200_000)),
		"deep.rtf":        []byte(`{\rtf1 seen` + strings.Repeat("{", 2_000_000)),
		"wide.odt":        odt(t, `<text:p>seen</text:p><table:table>`+strings.Repeat(`<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>`, 100)+`</table:table>`),
		"spaces.odt":      odt(t, `<text:p>seen<text:s text:c="2000000000"/></text:p>`),
		"members.docx":    manyMembers(t),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		res := read(t, name, b)
		runtime.ReadMemStats(&after)
		if !strings.Contains(res.Text, "seen") && res.Failed == "" && res.Partly == "" {
			t.Errorf("%s: %q, %q, %q", name, res.Text[:min(len(res.Text), 100)], res.Partly, res.Failed)
		}
		t.Logf("%-16s %8d bytes, %4d MB allocated: %s%s", name, len(b), (after.TotalAlloc-before.TotalAlloc)>>20, res.Partly, res.Failed)
	}
}

func manyMembers(t testing.TB) []byte {
	t.Helper()
	var members []string
	for i := range maxMembers + 1 {
		members = append(members, fmt.Sprintf("word/media/%d.png", i), "")
	}
	return docx(t, p("seen"), members...)
}

func TestAZipThatIsCutOffIsSaid(t *testing.T) {
	b := docx(t, p("x"))
	if res := read(t, "a.docx", b[:len(b)/2]); res.Failed == "" {
		t.Errorf("%+v", res)
	}
}

func TestAStopIsHeeded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := workbook(t, "")
	res := Read(ctx, &reader.Input{Request: reader.Request{Name: "a.xlsx"}, Content: bytes.NewReader(b), Size: int64(len(b)), Dir: t.TempDir()})
	if res.Partly == "" {
		t.Errorf("%+v", res)
	}
}

// TestNoWordIsLost compares the text of each document of the corpora with all
// words in its members, however they are nested: a second, careless reader.
func TestNoWordIsLost(t *testing.T) {
	dir, files := material.Corpora(t), 0
	for name, want := range material.Truth[expectation](t, "docs-office/") {
		ext := filepath.Ext(name)
		if want.By != "zip-xml" || ext != ".docx" && ext != ".pptx" && ext != ".odt" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		res := read(t, name, b)
		has := strings.ReplaceAll(spoken(res.Text+" "+codes(res)), " ", "")
		for _, w := range carelessWords(t, b) {
			if !strings.Contains(has, strings.ReplaceAll(spoken(w), " ", "")) {
				t.Errorf("%s: %q is in the file and not in its text", name, w)
			}
		}
		files++
	}
	if files < 40 {
		t.Errorf("only %d files", files)
	}
}

// carelessWords are the character data of all elements that hold text.
func carelessWords(t testing.TB, b []byte) (list []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	for _, m := range z.File {
		if !slices.Contains([]string{"word/document.xml", "content.xml"}, m.Name) && !strings.HasPrefix(m.Name, "ppt/slides/slide") {
			continue
		}
		r, err := m.Open()
		must(t, err)
		d := xml.NewDecoder(r)
		var open []string
		for {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch e := token.(type) {
			case xml.StartElement:
				open = append(open, e.Name.Local)
			case xml.EndElement:
				open = open[:len(open)-1]
			case xml.CharData:
				if n := len(open); n > 0 && slices.Contains([]string{"t", "delText", "span", "h"}, open[n-1]) && !slices.Contains(open, "Fallback") {
					list = append(list, strings.Fields(string(e))...)
				}
			}
		}
		_ = r.Close()
	}
	return list
}

// TestAWorkbookThatExcelizeRefusesIsReadAsItStands spoils the styles of one, so
// that only our own reader is left.
func TestAWorkbookThatExcelizeRefusesIsReadAsItStands(t *testing.T) {
	styles := `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="&quot;day&quot; dd.mm.yy"/><numFmt numFmtId="171" formatCode="0.00 &quot;mm&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet><<<`
	b := packed(t, "[Content_Types].xml", "<Types/>", "_rels/.rels", fmt.Sprintf(rootRels, "xl/workbook.xml"),
		"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="A" sheetId="1" r:id="a"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/styles.xml", styles, "xl/sharedStrings.xml", `<sst><si><t>Ann</t><rPh><t>no</t></rPh></si></sst>`,
		"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" s="1"><v>40613.5</v></c><c r="D1" s="2"><v>2</v></c></row></sheetData></worksheet>`)
	res := read(t, "a.xlsx", b)
	if got := fmt.Sprint(res.Reading.Sheets[0].Cells); got != "[[Ann  2011-03-11 12:00:00 2]]" || res.Partly == "" {
		t.Errorf("%s, %q, %+v", got, res.Partly, res.Record.Warnings)
	}
}
