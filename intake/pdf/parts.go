package pdf

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"unseal/intake/reader"
	"unseal/trove"
)

// maxAttached bounds the files of a file that are listed.
const maxAttached = 1000

// attached lists the files that are attached to the document.
func (v *visit) attached() {
	n, err := v.d.lib.FPDFDoc_GetAttachmentCount(&requests.FPDFDoc_GetAttachmentCount{Document: v.d.ref})
	if err != nil {
		return
	}
	for i := range n.AttachmentCount {
		a, err := v.d.lib.FPDFDoc_GetAttachment(&requests.FPDFDoc_GetAttachment{Document: v.d.ref, Index: i})
		if err == nil {
			v.attach(a.Attachment, 0)
		}
	}
}

// attach adds a file as a part, with its bytes as long as there is room.
func (v *visit) attach(a references.FPDF_ATTACHMENT, page int) {
	rec := &v.res.Record
	if len(rec.Parts) >= maxAttached {
		if v.once("more attached files") {
			v.miss("more than %d attached files", maxAttached)
		}
		return
	}
	name := "unnamed"
	if n, err := v.d.lib.FPDFAttachment_GetName(&requests.FPDFAttachment_GetName{Attachment: a}); err == nil && oneLine(n.Name) != "" {
		name = oneLine(n.Name)
	}
	part := trove.Part{Path: strconv.Itoa(len(rec.Parts) + 1), Name: name, Role: trove.RoleAttachment, Disposition: "attachment"}
	if s, err := v.d.lib.FPDFAttachment_GetSubtype(&requests.FPDFAttachment_GetSubtype{Attachment: a}); err == nil && s.Subtype != nil {
		part.Type = mediaType(*s.Subtype)
	}
	f, err := v.d.lib.FPDFAttachment_GetFile(&requests.FPDFAttachment_GetFile{Attachment: a})
	if err != nil {
		v.miss("the attached file %q could not be read", name)
	} else {
		part.Size, part.SHA256 = int64(len(f.Contents)), sha256.Sum256(f.Contents)
		v.embed(part, f.Contents)
	}
	rec.Parts = append(rec.Parts, part)
	v.find("embedded-file", page, name)
}

// embed hands the bytes on, as many as the engine reads.
func (v *visit) embed(part trove.Part, b []byte) {
	sum := int64(len(b))
	for _, e := range v.res.Embedded {
		sum += int64(len(e.Bytes))
	}
	if sum > reader.MaxEmbeddedBytes || len(v.res.Embedded) >= reader.MaxEmbedded {
		v.miss("the attached file %q was listed and not read", part.Name)
		return
	}
	v.res.Embedded = append(v.res.Embedded, reader.Embedded{Path: part.Path, Name: part.Name, Type: part.Type, Bytes: b})
}

// mediaType is what the file says of an attachment, if that is a media type.
func mediaType(s string) string {
	s = strings.ToLower(oneLine(s))
	if kind, sub, ok := strings.Cut(s, "/"); !ok || kind == "" || sub == "" || strings.ContainsAny(s, " ;\"<>") || len(s) > 100 {
		return ""
	}
	return s
}
