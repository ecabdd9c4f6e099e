package office

import (
	"archive/zip"
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"unseal/intake/reader"
)

// promised holds a result against the promises of Read.
func promised(t *testing.T, res reader.Result) {
	t.Helper()
	if !utf8.ValidString(res.Text) || strings.ContainsAny(res.Text, "\r\x00") || len(res.Text) > MaxText+1<<20 {
		t.Fatalf("the text is no clean UTF-8: %q", res.Text[:min(len(res.Text), 200)])
	}
	last := 0
	for _, p := range res.Reading.Pages {
		if p.From < last || p.To < p.From || p.To > len(res.Text) {
			t.Fatalf("page %+v in %d bytes", p, len(res.Text))
		}
		last = p.To
	}
	for _, e := range res.Embedded {
		if e.Path == "" {
			t.Fatalf("an embedded file without a path: %+v", e)
		}
	}
	if len(res.Record.Parts) > maxParts {
		t.Fatalf("%d parts", len(res.Record.Parts))
	}
}

func fuzzed(t *testing.T, name string, b []byte) {
	t.Helper()
	promised(t, Read(context.Background(), &reader.Input{Request: reader.Request{Name: name}, Content: bytes.NewReader(b), Size: int64(len(b)), Dir: t.TempDir()}))
}

// fuzzPack makes a zip of three members and reads it.
func fuzzPack(t *testing.T, name string, members ...string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(members); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: members[i], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(members[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	fuzzed(t, name, b.Bytes())
}

// FuzzOOXML gives any XML as the main member, its relations and one more of a
// document of Word, PowerPoint or Excel.
func FuzzOOXML(f *testing.F) {
	f.Add(uint8(0), wordOpen+p("x")+`<w:tbl><w:tr><w:tc>`+p("y")+`</w:tc></w:tr></w:tbl><w:p><w:del w:author="a"><w:r><w:delText>z</w:delText></w:r></w:del><w:ruby><w:rt><w:t>a</w:t></w:rt></w:ruby></w:p>`+wordShut, `<R><Relationship Id="a" Type="x/footnotes" Target="more.xml"/></R>`, `<w:footnotes><w:footnote w:id="1">`+p("n")+`</w:footnote></w:footnotes>`)
	f.Add(uint8(1), `<p:presentation xmlns:p="p" xmlns:r="r"><p:sldId r:id="a"/></p:presentation>`, `<R><Relationship Id="a" Type="x/slide" Target="more.xml"/></R>`, `<p:sld show="0"><a:p><a:r><a:t>x</a:t></a:r></a:p></p:sld>`)
	f.Add(uint8(2), `<workbook xmlns:r="r"><sheets><sheet name="A" state="hidden" r:id="a"/></sheets></workbook>`, `<R><Relationship Id="a" Type="x/worksheet" Target="more.xml"/></R>`, `<worksheet><sheetData><row r="1"><c r="B1" t="inlineStr"><is><t>x</t></is></c></row></sheetData><oddHeader>&amp;L&amp;"a"&amp;12x</oddHeader></worksheet>`)
	f.Fuzz(func(t *testing.T, kind uint8, main, rels, more string) {
		dir := []string{"word/document", "ppt/presentation", "xl/workbook"}[kind%3]
		folder, name, _ := strings.Cut(dir, "/")
		fuzzPack(t, "a.docx", "[Content_Types].xml", "<Types/>", dir+".xml", main, folder+"/_rels/"+name+".xml.rels", rels, folder+"/more.xml", more)
	})
}

// FuzzODF gives any XML as the content and the styles of an OpenDocument.
func FuzzODF(f *testing.F) {
	f.Add("text", `<a><text:p xmlns:text="t">x<text:s text:c="3"/><text:note><text:note-body><text:p>n</text:p></text:note-body></text:note></text:p></a>`, `<s><header><p>h</p></header></s>`)
	f.Add("spreadsheet", `<a><table name="A"><table-row number-rows-repeated="9"><table-cell value="1" number-columns-repeated="2"><p>x</p></table-cell></table-row></table></a>`, "")
	f.Add("presentation", `<a xmlns:d="d"><d:page d:name="1"><list><list-item><p>x</p></list-item></list></d:page></a>`, "")
	f.Fuzz(func(t *testing.T, kind, content, styles string) {
		fuzzPack(t, "a.odt", "mimetype", "application/vnd.oasis.opendocument."+kind, "content.xml", content, "styles.xml", styles)
	})
}

// FuzzText gives any bytes as a file of RTF, XML, HTML or text.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		`{\rtf1{\fonttbl{\f0\fcharset128 x;}}\f0\'93\'fa\u1234?\par{\*\x}{\footnote n}{\field{\*\fldinst DDE}}{\upr{a}{\*\ud b}}\bin3 abc}`, "<?xml version='1.0'?><a b='c'>d<e/>f</a>", "<html><img src='data:image/png;base64,AAAA'><title>t",
		"{\\rtf1 \\u-10179 x\\v\\deleted }", "\xff\xfea\x00", "<?x \x80?>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if isOLE(b) || detect(b, "") == wordForm || detect(b, "") == cellForm {
			return // programs read those
		}
		fuzzed(t, "", b)
	})
}

// FuzzBinary gives any bytes as records of a binary workbook and as a package
// of Windows.
func FuzzBinary(f *testing.F) {
	f.Add([]byte("\x9c\x01\x08aaaabbbb"))
	f.Add([]byte("\x20\x00\x00\x00\x02\x00a\x00b\x00\x00\x00\x03\x00\x01\x00\x00\x00c\x00\x01\x00\x00\x00d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzPack(t, "a.xlsb", "xl/workbook.bin", string(b), "xl/sharedStrings.bin", string(b))
		if name, data := native(b); len(data) > len(b) || len(name) > 4*len(b) {
			t.Fatalf("%q %d", name, len(data))
		}
	})
}
