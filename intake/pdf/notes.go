package pdf

import (
	"fmt"
	"strings"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"unseal/reading"
)

// maxNotes bounds the annotations of a page that are looked at.
const maxNotes = 5000

// find adds a finding, each once and maxComments of them.
func (v *visit) find(code string, page int, text string) {
	v.findAt(code, page, text, nil)
}

func (v *visit) findAt(code string, page int, text string, at *reading.Box) {
	if !v.once(code+"\x00"+text) || len(v.said) > maxComments {
		return
	}
	v.res.Reading.Findings = append(v.res.Reading.Findings, reading.Finding{Code: code, Text: text, Page: page, Box: at})
}

// annotations reads what is laid over the page: comments, links, fields, files.
// The values of fields and the words of comments follow the text of the page.
func (v *visit) annotations(p *page) {
	n, err := v.d.lib.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: p.ref})
	if err != nil {
		return
	}
	for i := range min(n.Count, maxNotes) {
		a, err := v.d.lib.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: p.ref, Index: i})
		if err != nil {
			continue
		}
		v.annotation(p, a.Annotation)
		v.d.lib.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: a.Annotation})
	}
}

func (v *visit) annotation(p *page, a references.FPDF_ANNOTATION) {
	kind, err := v.d.lib.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a})
	if err != nil {
		return
	}
	switch kind.Subtype {
	case enums.FPDF_ANNOT_SUBTYPE_LINK:
		v.link(p, a)
	case enums.FPDF_ANNOT_SUBTYPE_WIDGET:
		v.field(p, a)
	case enums.FPDF_ANNOT_SUBTYPE_FILEATTACHMENT:
		if f, err := v.d.lib.FPDFAnnot_GetFileAttachment(&requests.FPDFAnnot_GetFileAttachment{Document: v.d.ref, Annotation: a}); err == nil {
			v.attach(f.Attachment, p.number)
		}
		v.comment(p, a)
	case enums.FPDF_ANNOT_SUBTYPE_SOUND, enums.FPDF_ANNOT_SUBTYPE_MOVIE, enums.FPDF_ANNOT_SUBTYPE_SCREEN,
		enums.FPDF_ANNOT_SUBTYPE_RICHMEDIA, enums.FPDF_ANNOT_SUBTYPE_THREED:
		v.find("active-content", p.number, "sound, film or a model in the page")
	case enums.FPDF_ANNOT_SUBTYPE_REDACT:
		v.findAt("comment", p.number, "marked to be redacted, and not redacted", v.place(p, a))
		v.comment(p, a)
	case enums.FPDF_ANNOT_SUBTYPE_POPUP:
	default:
		v.comment(p, a)
	}
}

// comment adds the words of a comment as a finding and to the text.
func (v *visit) comment(p *page, a references.FPDF_ANNOTATION) {
	words := v.value(a, "Contents")
	if words == "" {
		return
	}
	if by := v.value(a, "T"); by != "" {
		words = by + ": " + words
	}
	v.findAt("comment", p.number, words, v.place(p, a))
	v.line("Comment: " + words)
}

// line adds a line to the text of the page.
func (v *visit) line(s string) {
	if v.text.Len() > 0 && !strings.HasSuffix(v.text.String()[max(v.text.Len()-1, 0):], "\n") {
		v.text.WriteByte('\n')
	}
	v.text.WriteString(s)
}

func (v *visit) value(a references.FPDF_ANNOTATION, key string) string {
	s, err := v.d.lib.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: a, Key: key})
	if err != nil {
		return ""
	}
	return oneLine(s.Value)
}

func (v *visit) place(p *page, a references.FPDF_ANNOTATION) *reading.Box {
	r, err := v.d.lib.FPDFAnnot_GetRect(&requests.FPDFAnnot_GetRect{Annotation: a})
	if err != nil {
		return nil
	}
	return p.toUnit.box(float64(r.Rect.Left), float64(r.Rect.Bottom), float64(r.Rect.Right), float64(r.Rect.Top)).place()
}

// field adds the name and the value of a form field to the text.
func (v *visit) field(p *page, a references.FPDF_ANNOTATION) {
	if v.d.form == "" {
		return
	}
	lib := v.d.lib
	val, err := lib.FPDFAnnot_GetFormFieldValue(&requests.FPDFAnnot_GetFormFieldValue{FormHandle: v.d.form, Annotation: a})
	if err != nil || oneLine(val.FormFieldValue) == "" || oneLine(val.FormFieldValue) == "Off" {
		return
	}
	name := "field"
	if n, err := lib.FPDFAnnot_GetFormFieldName(&requests.FPDFAnnot_GetFormFieldName{FormHandle: v.d.form, Annotation: a}); err == nil && oneLine(n.FormFieldName) != "" {
		name = oneLine(n.FormFieldName)
	}
	if v.fields++; v.fields <= maxComments {
		v.line(name + ": " + oneLine(val.FormFieldValue))
	}
}

func (v *visit) link(p *page, a references.FPDF_ANNOTATION) {
	l, err := v.d.lib.FPDFAnnot_GetLink(&requests.FPDFAnnot_GetLink{Annotation: a})
	if err != nil {
		return
	}
	act, err := v.d.lib.FPDFLink_GetAction(&requests.FPDFLink_GetAction{Link: l.Link})
	if err == nil && act.Action != nil {
		v.action(*act.Action, p.number)
	}
}

// action says where a link leads, if that is out of the document.
func (v *visit) action(a references.FPDF_ACTION, page int) {
	kind, err := v.d.lib.FPDFAction_GetType(&requests.FPDFAction_GetType{Action: a})
	if err != nil {
		return
	}
	switch kind.Type {
	case enums.FPDF_ACTION_ACTION_URI:
		u, err := v.d.lib.FPDFAction_GetURIPath(&requests.FPDFAction_GetURIPath{Document: v.d.ref, Action: a})
		if err == nil && u.URIPath != nil && oneLine(*u.URIPath) != "" {
			v.find("external-link", page, oneLine(*u.URIPath))
		}
	case enums.FPDF_ACTION_ACTION_LAUNCH, enums.FPDF_ACTION_ACTION_REMOTEGOTO:
		f, err := v.d.lib.FPDFAction_GetFilePath(&requests.FPDFAction_GetFilePath{Action: a})
		path := "another file"
		if err == nil && f.FilePath != nil && oneLine(*f.FilePath) != "" {
			path = oneLine(*f.FilePath)
		}
		if kind.Type == enums.FPDF_ACTION_ACTION_LAUNCH {
			v.find("active-content", page, "a link opens or runs "+path)
		} else {
			v.find("external-link", page, path)
		}
	}
}

// maxScript bounds what is shown of a script.
const maxScript = 300

// scripts lists the scripts of the document that have a name.
func (v *visit) scripts() {
	n, err := v.d.lib.FPDFDoc_GetJavaScriptActionCount(&requests.FPDFDoc_GetJavaScriptActionCount{Document: v.d.ref})
	if err != nil {
		return
	}
	for i := range min(n.JavaScriptActionCount, maxComments) {
		a, err := v.d.lib.FPDFDoc_GetJavaScriptAction(&requests.FPDFDoc_GetJavaScriptAction{Document: v.d.ref, Index: i})
		if err != nil {
			continue
		}
		name, words := "", ""
		if s, err := v.d.lib.FPDFJavaScriptAction_GetName(&requests.FPDFJavaScriptAction_GetName{JavaScriptAction: a.JavaScriptAction}); err == nil {
			name = oneLine(s.Name)
		}
		if s, err := v.d.lib.FPDFJavaScriptAction_GetScript(&requests.FPDFJavaScriptAction_GetScript{JavaScriptAction: a.JavaScriptAction}); err == nil {
			words = oneLine(s.Script)
		}
		v.find("active-content", 0, fmt.Sprintf("JavaScript %q: %s", name, strings.ToValidUTF8(words[:min(len(words), maxScript)], "")))
	}
}
