package office

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// The media types of OOXML and OpenDocument begin so.
const (
	openXML = "application/vnd.openxmlformats-officedocument."
	openDoc = "application/vnd.oasis.opendocument."
)

// mediaTypes are media types by the endings of names.
var mediaTypes = map[string]string{
	"docx": openXML + "wordprocessingml.document", "dotx": openXML + "wordprocessingml.template",
	"xlsx": openXML + "spreadsheetml.sheet", "xltx": openXML + "spreadsheetml.template",
	"pptx": openXML + "presentationml.presentation", "ppsx": openXML + "presentationml.slideshow", "potx": openXML + "presentationml.template",
	"docm": "application/vnd.ms-word.document.macroenabled.12", "dotm": "application/vnd.ms-word.template.macroenabled.12",
	"xlsm": "application/vnd.ms-excel.sheet.macroenabled.12", "xltm": "application/vnd.ms-excel.template.macroenabled.12", "xlam": "application/vnd.ms-excel.addin.macroenabled.12",
	"xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
	"pptm": "application/vnd.ms-powerpoint.presentation.macroenabled.12", "ppsm": "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
	"vsdx": "application/vnd.ms-visio.drawing", "vsdm": "application/vnd.ms-visio.drawing.macroenabled.12",
	"xps": "application/vnd.ms-xpsdocument", "oxps": "application/oxps", "epub": "application/epub+zip",
	"odt": openDoc + "text", "ott": openDoc + "text-template", "odm": openDoc + "text-master", "fodt": openDoc + "text-flat-xml",
	"ods": openDoc + "spreadsheet", "ots": openDoc + "spreadsheet-template", "fods": openDoc + "spreadsheet-flat-xml",
	"odp": openDoc + "presentation", "otp": openDoc + "presentation-template", "fodp": openDoc + "presentation-flat-xml",
	"odg": openDoc + "graphics", "fodg": openDoc + "graphics-flat-xml", "odf": openDoc + "formula", "odc": openDoc + "chart", "odb": openDoc + "base",
	"sxw": "application/vnd.sun.xml.writer", "sxc": "application/vnd.sun.xml.calc", "sxi": "application/vnd.sun.xml.impress",
	"doc": "application/msword", "dot": "application/msword", "xls": "application/vnd.ms-excel", "xlt": "application/vnd.ms-excel",
	"ppt": "application/vnd.ms-powerpoint", "pps": "application/vnd.ms-powerpoint", "pot": "application/vnd.ms-powerpoint",
	"wps": "application/vnd.ms-works", "pub": "application/vnd.ms-publisher", "vsd": "application/vnd.visio", "mpp": "application/vnd.ms-project",
	"one": "application/onenote", "onepkg": "application/onenote", "wpd": "application/vnd.wordperfect", "wp": "application/vnd.wordperfect",
	"qpw": "application/vnd.quattro-pro", "wb1": "application/vnd.quattro-pro", "wb2": "application/vnd.quattro-pro", "wb3": "application/vnd.quattro-pro",
	"wk1": "application/vnd.lotus-1-2-3", "wk3": "application/vnd.lotus-1-2-3", "wk4": "application/vnd.lotus-1-2-3",
	"rtf": "application/rtf", "html": "text/html", "htm": "text/html", "xhtml": "text/html", "xml": "application/xml", "txt": "text/plain",
}

// unknownDoc is a document of which no more is known.
const unknownDoc = "application/x-office-document"

// takes are the media types that [Detect] gives.
var takes = func() map[string]bool {
	m := map[string]bool{unknownDoc: true, "text/plain": true}
	for _, t := range mediaTypes {
		m[t] = true
	}
	return m
}()

// sheetTypes are those of spreadsheets.
var sheetTypes = func() map[string]bool {
	m := map[string]bool{}
	for _, ext := range []string{"xlsx", "xltx", "xlsm", "xltm", "xlam", "xlsb", "xls", "ods", "ots", "fods", "sxc"} {
		m[mediaTypes[ext]] = true
	}
	return m
}()

// formEndings are the endings whose media types a form may have, the usual
// first.
var formEndings = map[*form]string{
	rtfForm: "rtf", htmlForm: "html", xmlForm: "xml", plainForm: "txt", cellForm: "xls", wordForm: "doc",
	flatForm: "fodt fods fodp fodg", keptForm: "wpd one onepkg wp qpw wb1 wb2 wb3 wk1 wk3 wk4",
	oleForm: "doc dot xls xlt ppt pps pot wps pub vsd mpp docx docm xlsx xlsm xlsb pptx pptm qpw wb3",
}

// marks tell documents by a member or a stream.
var formMarks = []struct {
	form *form
	mark []byte
	ext  string
}{
	{zipForm, []byte("word/"), "docx"}, {zipForm, []byte("xl/workbook.bin"), "xlsb"}, {zipForm, []byte("xl/"), "xlsx"}, {zipForm, []byte("ppt/"), "pptx"}, {zipForm, []byte(".fpage"), "xps"},
	{zipForm, []byte("mimetype" + openDoc + "spreadsheet"), "ods"}, {zipForm, []byte("mimetype" + openDoc + "presentation"), "odp"}, {zipForm, []byte("mimetype" + openDoc + "text"), "odt"},
	{zipForm, []byte("mimetypeapplication/epub+zip"), "epub"},
	{oleForm, utf16Bytes("WordDocument"), "doc"}, {oleForm, utf16Bytes("Workbook"), "xls"}, {oleForm, utf16Bytes("PowerPoint Document"), "ppt"},
	{flatForm, []byte("opendocument.spreadsheet"), "fods"}, {flatForm, []byte("opendocument.presentation"), "fodp"}, {flatForm, []byte("opendocument.text"), "fodt"},
	{keptForm, []byte("\xe4\x52\x5c\x7b"), "one"}, {keptForm, []byte("\xffWPC"), "wpd"},
}

// mediaType names what a document is: by its ending, if that goes with its form,
// else by what lies in it.
func mediaType(f *form, head []byte, ext string) string {
	if f == zipForm && isZipDoc[ext] {
		return mediaTypes[ext]
	}
	may := strings.Fields(formEndings[f])
	if len(may) == 1 {
		return mediaTypes[may[0]]
	}
	if slices.Contains(may, ext) {
		return mediaTypes[ext]
	}
	for _, m := range formMarks {
		if m.form == f && bytes.Contains(head, m.mark) {
			return mediaTypes[m.ext]
		}
	}
	return unknownDoc
}

// typeOf is the media type of an embedded file by its first bytes, else by its
// name.
func typeOf(name string, b []byte) string {
	for _, m := range mediaMagics {
		if bytes.HasPrefix(b, []byte(m.bytes)) {
			return m.typ
		}
	}
	return mediaEndings[ending(name)]
}

var mediaMagics = []struct{ bytes, typ string }{
	{"\x89PNG\r\n\x1a\n", "image/png"}, {"\xff\xd8\xff", "image/jpeg"}, {"GIF8", "image/gif"}, {"BM", "image/bmp"}, {"II*\x00", "image/tiff"}, {"MM\x00*", "image/tiff"},
	{"%PDF-", "application/pdf"}, {`{\rtf`, "application/rtf"}, {"ID3", "audio/mpeg"},
}

var mediaEndings = func() map[string]string {
	m := map[string]string{
		"emf": "image/emf", "wmf": "image/wmf", "svg": "image/svg+xml", "wav": "audio/wav", "mp3": "audio/mpeg", "mp4": "video/mp4", "webp": "image/webp", "mht": "message/rfc822", "bin": "application/x-ole-storage",
	}
	maps.Copy(m, mediaTypes)
	return m
}()
