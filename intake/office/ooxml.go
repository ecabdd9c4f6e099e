package office

import (
	"encoding/xml"
	"net/url"
	"path"
	"slices"
	"strings"
)

// relation leads from one member of an OOXML document to another, or outside.
// ECMA-376 part 2 section 9.3.
type relation struct {
	kind     string // last word of its type
	target   string // name of the member, or the URL as it stands
	external bool
}

// ooxml is a document of ECMA-376.
type ooxml struct {
	*document
	*pack
}

// readOOXML reads a zip of OOXML, whatever it holds.
func readOOXML(d *document, p *pack) error {
	x := &ooxml{d, p}
	main := x.main()
	x.properties()
	x.dangers()
	defer x.files()
	kind := x.root(main)
	switch {
	case kind == "document" || strings.HasPrefix(main, "word/") && kind == "":
		return x.word(main)
	case kind == "presentation":
		return x.slides(main)
	case kind == "workbook" || path.Ext(main) == ".bin":
		return x.workbook(main)
	case kind == "FixedDocumentSequence":
		return x.fixed(main)
	}
	return x.anything()
}

// main is the member that the document begins with.
func (x *ooxml) main() string {
	for _, r := range x.related("") {
		switch r.kind {
		case "officeDocument", "fixedrepresentation":
			if x.has(r.target) {
				return r.target
			}
		}
	}
	for _, name := range []string{"word/document.xml", "ppt/presentation.xml", "xl/workbook.xml", "xl/workbook.bin", "FixedDocSeq.fdseq"} {
		if x.has(name) {
			return name
		}
	}
	return ""
}

// root is the name of a member's root element, "" if it has none.
func (x *ooxml) root(name string) string {
	if name == "" || path.Ext(name) == ".bin" {
		return ""
	}
	b, err := x.read(name)
	if err != nil {
		return ""
	}
	t := newTokens(b)
	for {
		token, _ := t.next()
		if token == nil {
			return ""
		}
		if e, ok := token.(xml.StartElement); ok {
			return e.Name.Local
		}
	}
}

// related are the relations of a member; of the whole document for "".
func (x *ooxml) related(name string) []relation {
	list := []relation{}
	for _, r := range x.relations(name) {
		list = append(list, r.relation)
	}
	return list
}

type namedRelation struct {
	id string
	relation
}

func (x *ooxml) relations(name string) (list []namedRelation) {
	b, err := x.read(path.Join(path.Dir(name), "_rels", base(name)+".rels"))
	if err != nil {
		return nil
	}
	for e := range newTokens(b).starts() {
		if e.Name.Local == "Relationship" {
			list = append(list, namedRelation{attr(e, "Id"), relationOf(e, path.Dir(name))})
		}
	}
	return list
}

func base(name string) string {
	if name == "" {
		return ""
	}
	return path.Base(name)
}

func relationOf(e xml.StartElement, dir string) relation {
	r := relation{kind: path.Base(attr(e, "Type")), target: attr(e, "Target"), external: strings.EqualFold(attr(e, "TargetMode"), "External")}
	if r.external {
		return r
	}
	target := r.target
	if u, err := url.PathUnescape(target); err == nil {
		target = u
	}
	target = strings.ReplaceAll(target, `\`, "/")
	if !strings.HasPrefix(target, "/") {
		target = path.Join("/", dir, target)
	}
	r.target = strings.TrimPrefix(path.Clean(target), "/")
	return r
}

// byID are the relations of a member by their id.
func (x *ooxml) byID(name string) map[string]relation {
	m := map[string]relation{}
	for _, r := range x.relations(name) {
		m[r.id] = r.relation
	}
	return m
}

// dangers are findings that the list of members and relations shows.
func (x *ooxml) dangers() {
	for _, name := range x.names {
		low := strings.ToLower(name)
		switch {
		case path.Base(low) == "vbaproject.bin":
			x.once("macro", "the document holds macros (%s)", name)
		case strings.Contains(low, "/macrosheets/"):
			x.once("macro", "the document holds a sheet of macros (%s)", name)
		case strings.Contains(low, "/activex/") && strings.HasSuffix(low, ".bin"):
			x.once("active-content", "the document holds ActiveX controls")
		case strings.HasPrefix(low, "_xmlsignatures/") && strings.HasSuffix(low, ".xml"):
			x.once("signature", "the document is signed by XML signature; it was not checked")
		case strings.HasSuffix(low, ".rels"):
			x.outside(name)
		}
	}
}

// outside finds what is loaded from elsewhere when the document is opened.
// Links that a reader follows are none.
func (x *ooxml) outside(rels string) {
	name := path.Join(path.Dir(path.Dir(rels)), strings.TrimSuffix(path.Base(rels), ".rels"))
	for _, r := range x.related(name) {
		switch {
		case !r.external || r.target == "":
		case r.kind == "hyperlink":
		case r.kind == "oleObject" && strings.HasPrefix(strings.ToLower(r.target), "mhtml:"):
			x.once("active-content", "an object is loaded from %s", r.target)
		default:
			x.once("external-link", "%s: %s", r.kind, r.target)
		}
	}
}

// properties are what the document says of itself: docProps and custom ones.
func (x *ooxml) properties() {
	core, app, custom := "docProps/core.xml", "docProps/app.xml", "docProps/custom.xml"
	for _, r := range x.related("") {
		switch r.kind {
		case "core-properties", "coreProperties":
			core = r.target
		case "extended-properties", "extendedProperties":
			app = r.target
		case "custom-properties", "customProperties":
			custom = r.target
		}
	}
	x.leaves(core, coreFacts)
	x.leaves(app, appFacts)
	x.customFacts(custom)
}

// coreFacts and appFacts say which fact an element is.
var (
	coreFacts = map[string]string{
		"title": "title", "creator": "author", "lastModifiedBy": "last-author", "subject": "subject", "keywords": "keywords", "description": "description",
		"created": "created", "modified": "modified", "lastPrinted": "printed", "category": "category", "revision": "revision", "language": "language",
	}
	appFacts = map[string]string{
		"Company": "company", "Manager": "manager", "Template": "template", "Pages": "pages", "Slides": "pages", "Application": "software", "HyperlinkBase": "link-base",
	}
)

// leaves makes facts of the elements of a member.
func (x *ooxml) leaves(name string, facts map[string]string) {
	b, err := x.read(name)
	if err != nil {
		return
	}
	t := newTokens(b)
	for {
		token, _ := t.next()
		if token == nil {
			return
		}
		e, ok := token.(xml.StartElement)
		if !ok || facts[e.Name.Local] == "" {
			continue
		}
		fact := facts[e.Name.Local]
		s, _ := t.text(maxLine)
		x.said(fact, s)
	}
}

// said adds a fact, and a person where it names one.
func (d *document) said(fact, value string) {
	switch fact {
	case "author", "last-author", "manager":
		d.person(fact, value)
	default:
		d.fact(fact, value)
	}
}

func (x *ooxml) customFacts(name string) {
	b, err := x.read(name)
	if err != nil {
		return
	}
	t := newTokens(b)
	for n := 0; n < maxTold; {
		token, _ := t.next()
		if token == nil {
			return
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "property" {
			label := attr(e, "name")
			s, _ := t.text(maxLine)
			if s = strings.TrimSpace(s); s != "" {
				x.fact("property", label+": "+s)
				n++
			}
		}
	}
}

// embeddedIn are the folders whose members are files of their own.
var embeddedIn = []string{"/media/", "/embeddings/"}

// files are the files in the document, in the order of the zip.
func (x *ooxml) files() {
	names := slices.DeleteFunc(slices.Clone(x.names), func(name string) bool {
		low := "/" + strings.ToLower(name)
		return !slices.ContainsFunc(embeddedIn, func(dir string) bool { return strings.Contains(low, dir) }) && !strings.HasPrefix(low, "/docprops/thumbnail")
	})
	for _, name := range names {
		b, err := x.read(name)
		if err != nil {
			x.res.Warn(warnDamaged, "a file in the document cannot be read: %s", oneLine(err.Error()))
			x.partly("a file in the document cannot be read: " + err.Error())
			continue
		}
		x.file(name, b)
	}
}

// file adds one embedded file, and what an OLE object holds below it.
func (d *document) file(name string, b []byte) {
	at := d.part("", path.Base(name), typeOf(name, b), b)
	if strings.Contains(strings.ToLower(name), "embeddings/") || path.Ext(name) == ".bin" {
		d.find("embedded-file", "%s", path.Base(name))
	}
	if isOLE(b) {
		d.packaged(at+".", b)
	}
}

// anything gives the text of all members of a kind that is not known.
func (x *ooxml) anything() error {
	for _, name := range x.names {
		if ext := strings.ToLower(path.Ext(name)); ext != ".xml" || strings.HasPrefix(name, "docProps/") || name == "[Content_Types].xml" {
			continue
		}
		b, err := x.read(name)
		if err != nil {
			return err
		}
		x.page.block(xmlText(b), true)
	}
	x.partly("a document of a kind that is not known: its words are shown without their order")
	return nil
}
