package office

import (
	"bytes"
	"path"
	"strings"

	"unseal/trove"
)

// headSize is how much of a file's beginning tells what it is.
const headSize = 64 << 10

// form is a kind of document.
type form struct {
	name string
	kind trove.Kind
	read func(*document) error
}

// The forms.
var (
	zipForm   = &form{"zip", trove.Doc, (*document).zip}
	oleForm   = &form{"ole", trove.Doc, (*document).ole}
	wordForm  = &form{"word", trove.Doc, (*document).oldWord}
	rtfForm   = &form{"rtf", trove.Doc, (*document).rtf}
	htmlForm  = &form{"html", trove.Doc, (*document).html}
	xmlForm   = &form{"xml", trove.Doc, (*document).xml}
	flatForm  = &form{"odf", trove.Doc, (*document).flat}
	plainForm = &form{"text", trove.Doc, (*document).plain}
	cellForm  = &form{"excel", trove.Table, (*document).oldExcel}
	keptForm  = &form{"kept", trove.Doc, (*document).kept}
)

// magics are first bytes that tell a form.
var magics = []struct {
	bytes string
	form  *form
}{
	{ole, oleForm},
	{`{\rtf`, rtfForm},
	{"\xdb\xa5\x2d\x00", wordForm}, {"\x31\xbe\x00\x00", wordForm}, {"\x9b\xa5\x21\x00", wordForm}, {"\xfe\x37\x00\x23", wordForm}, // Word before version 6
	{"\x09\x00\x04\x00", cellForm}, {"\x09\x02\x06\x00", cellForm}, {"\x09\x04\x06\x00", cellForm}, {"\x09\x08\x08\x00", cellForm}, // Excel 2 to 5 without OLE
	{"\xffWPC", keptForm}, // WordPerfect
	{"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", keptForm}, // OneNote
	{"\x00\x00\x02\x00\x01\x10", keptForm},                                         // Quattro Pro
	{"\x00\x00\x1a\x00", keptForm},                                                 // Lotus 1-2-3
}

const ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

func isOLE(b []byte) bool { return bytes.HasPrefix(b, []byte(ole)) }

// Detect tells the kind and the media type of a file that is a document which
// this package reads: [trove.Doc], [trove.Table] for spreadsheets, no kind if
// it is none. head are its first bytes, 64 KiB if there are as many. The name
// decides where bytes do not. Plain text is a document, so ask those first who
// know texts of their own: chains, calendars, tables.
func Detect(head []byte, name string) (trove.Kind, string) {
	f := detect(head, name)
	if f == nil {
		return "", ""
	}
	typ := mediaType(f, head, ending(name))
	if f.kind == trove.Table || sheetTypes[typ] {
		return trove.Table, typ
	}
	return f.kind, typ
}

// Takes reports whether [Read] reads files of a media type as [Detect] names it.
func Takes(kind trove.Kind, mediaType string) bool {
	return (kind == trove.Doc || kind == trove.Table) && takes[mediaType]
}

func ending(name string) string { return strings.TrimPrefix(strings.ToLower(path.Ext(name)), ".") }

// isZipDoc are endings of documents that are zips.
var isZipDoc = map[string]bool{
	"docx": true, "docm": true, "dotx": true, "dotm": true, "pptx": true, "pptm": true, "ppsx": true, "ppsm": true, "potx": true,
	"xlsx": true, "xlsm": true, "xlsb": true, "xltx": true, "xltm": true, "xlam": true, "vsdx": true, "vsdm": true, "xps": true, "oxps": true,
	"odt": true, "ott": true, "ods": true, "ots": true, "odp": true, "otp": true, "odg": true, "odf": true, "odm": true, "odc": true, "odb": true, "sxw": true, "sxc": true, "sxi": true, "epub": true,
}

// isOleDoc are endings of old office documents.
var isOleDoc = map[string]bool{
	"doc": true, "dot": true, "xls": true, "xlt": true, "ppt": true, "pps": true, "pot": true, "wps": true, "pub": true, "vsd": true, "mpp": true, "qpw": true, "wb3": true,
	"docx": true, "docm": true, "xlsx": true, "xlsm": true, "xlsb": true, "pptx": true, "pptm": true, // encrypted
}

func detect(head []byte, name string) *form {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.bytes)) {
			if m.form == oleForm && !isOldOffice(head, name) {
				return nil
			}
			return m.form
		}
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		if isZipDocument(head, name) {
			return zipForm
		}
		return nil
	}
	return detectText(head, name)
}

// isOldOffice tells office documents from other files of OLE, such as mails of
// Outlook: by the names of streams, which lie anywhere, or the file's own.
func isOldOffice(head []byte, name string) bool {
	if bytes.Contains(head, utf16Bytes("__properties_version1.0")) {
		return false
	}
	for _, stream := range []string{"WordDocument", "Workbook", "Book", "PowerPoint Document", "EncryptedPackage"} {
		if bytes.Contains(head, append(utf16Bytes(stream), 0, 0)) {
			return true
		}
	}
	return isOleDoc[ending(name)]
}

func utf16Bytes(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}

// isZipDocument tells documents from other zips: by a member that only they
// have, or the file's name.
func isZipDocument(head []byte, name string) bool {
	for _, member := range []string{
		"mimetypeapplication/vnd.oasis.opendocument", "mimetypeapplication/vnd.sun.xml", "mimetypeapplication/epub+zip",
		"[Content_Types].xml", "_rels/.rels", "word/document.xml", "ppt/presentation.xml", "xl/workbook",
	} {
		if bytes.Contains(head, []byte(member)) {
			return true
		}
	}
	return isZipDoc[ending(name)]
}

// detectText tells forms of text. What holds control characters is none.
func detectText(head []byte, name string) *form {
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	low := bytes.ToLower(start[:min(len(start), 1024)])
	switch ext := ending(name); {
	case len(head) == 0 || !isText(head):
		return keptByName[ext]
	case bytes.HasPrefix(low, []byte("<?xml")) && bytes.Contains(start[:min(len(start), 4096)], []byte("urn:oasis:names:tc:opendocument")):
		return flatForm
	case bytes.Contains(low, []byte("<html")) || bytes.HasPrefix(low, []byte("<!doctype html")) || ext == "html" || ext == "htm" || ext == "xhtml":
		return htmlForm
	case bytes.HasPrefix(low, []byte("<?xml")) || ext == "xml" && bytes.HasPrefix(low, []byte("<")):
		return xmlForm
	}
	return plainForm
}

// keptByName are endings of documents that nothing here reads.
var keptByName = map[string]*form{
	"one": keptForm, "onepkg": keptForm, "wpd": keptForm, "wp": keptForm, "qpw": keptForm, "wb1": keptForm, "wb2": keptForm, "wb3": keptForm, "wk1": keptForm, "wk3": keptForm, "wk4": keptForm,
	"docx": zipForm, "xlsx": zipForm, "pptx": zipForm, "odt": zipForm, "ods": zipForm, "odp": zipForm, "doc": wordForm, "xls": cellForm,
}

// isText reports whether bytes are text in some charset: of one or two bytes a
// letter, with few control characters.
func isText(b []byte) bool {
	if len(b) > 1 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		return true
	}
	odd := 0
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b && c != 0x1a {
			odd++
		}
	}
	if odd*100 <= len(b) {
		return odd == 0 || bytes.IndexByte(b, 0) < 0
	}
	zeros := bytes.Count(b, []byte{0})
	return zeros == odd && zeros*10 > len(b)*4 && zeros*10 <= len(b)*5+10 // two bytes a letter
}

// form is how the document at hand is read.
func (d *document) form() *form {
	if f := detect(d.head(), d.in.Name); f != nil {
		return f
	}
	if isOLE(d.head()) {
		return oleForm
	}
	return keptForm
}

// words of what is kept unread, by ending.
var keptWords = map[string]string{
	"one": "a OneNote notebook", "onepkg": "a OneNote notebook", "wpd": "a WordPerfect document", "wp": "a WordPerfect document", "qpw": "a Quattro Pro workbook", "wk1": "a Lotus workbook",
}

// kept says that nothing here reads the document.
func (d *document) kept() error {
	what := keptWords[ending(d.in.Name)]
	switch head := d.head(); {
	case what != "":
	case bytes.HasPrefix(head, []byte("\xffWPC")):
		what = "a WordPerfect document"
	case bytes.HasPrefix(head, []byte("\xe4\x52\x5c\x7b")):
		what = "a OneNote notebook"
	default:
		what = "a document of a format that is not known"
	}
	d.res.Warn("kept-only", "%s: kept as it is, no program here reads it", what)
	d.partly(what + ": kept as it is, no program here reads it")
	return nil
}

// zip reads documents that are zips.
func (d *document) zip() error {
	p, err := openPack(d.in.Content, d.in.Size)
	if err != nil {
		return damagedZip(err)
	}
	switch {
	case p.has("mimetype") && p.has("content.xml"), p.has("content.xml") && p.has("META-INF/manifest.xml"):
		return readODF(d, p)
	case p.has("META-INF/container.xml"):
		return readEPUB(d, p)
	}
	return readOOXML(d, p)
}

func damagedZip(err error) error { return &damagedError{"the document is cut off or damaged", err} }

// damagedError is a document that cannot be opened.
type damagedError struct {
	what  string
	cause error
}

func (e *damagedError) Error() string { return e.what + ": " + e.cause.Error() }
func (e *damagedError) Unwrap() error { return e.cause }
