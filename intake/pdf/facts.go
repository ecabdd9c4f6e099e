package pdf

import (
	"strconv"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"unseal/reading"
)

// facts reads what the file says of itself.
func (v *visit) facts() {
	res := v.res
	res.Record.Subject = v.meta("Title")
	res.Fact("title", res.Record.Subject)
	if author := v.meta("Author"); author != "" {
		res.Fact("author", author)
		res.Find("author", "%s", author)
	}
	res.Fact("subject", v.meta("Subject"))
	res.Fact("keywords", v.meta("Keywords"))
	res.Fact("software", v.meta("Creator"))
	if p := v.meta("Producer"); p != v.meta("Creator") {
		res.Fact("software", p)
	}
	v.dates()
	res.Fact("pages", strconv.Itoa(v.d.pages))
	v.encryption()
	if x, err := v.d.lib.FPDF_DocumentHasValidCrossReferenceTable(&requests.FPDF_DocumentHasValidCrossReferenceTable{Document: v.d.ref}); err == nil && !x.DocumentHasValidCrossReferenceTable || v.d.mended {
		res.Warn(damage, "the file is damaged; it was put right to be read")
	}
}

func (v *visit) meta(tag string) string {
	m, err := v.d.lib.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: v.d.ref, Tag: tag})
	if err != nil {
		return ""
	}
	return oneLine(m.Value)
}

// dates takes the day on which the document was made as the item's date.
func (v *visit) dates() {
	for _, f := range []struct{ tag, fact string }{{"CreationDate", "created"}, {"ModDate", "modified"}} {
		t, zone, ok := parseDate(v.meta(f.tag))
		if !ok {
			continue
		}
		layout := time.RFC3339
		if !zone {
			layout = "2006-01-02T15:04:05"
		}
		v.res.Fact(f.fact, t.Format(layout))
		if rec := &v.res.Record; rec.Date.IsZero() {
			rec.Date = t.UTC()
			_, offset := t.Zone()
			rec.DateOffset = offset / 60
		}
	}
}

// parseDate reads a date of ISO 32000-1, 7.9.4: D:YYYYMMDDHHmmSSOHH'mm', of
// which all after the year may be missing. zone says whether it has one; there
// is no other way to say that the time is the one of an unknown place.
func parseDate(s string) (t time.Time, zone, ok bool) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "D:")
	n := 0
	for n < len(s) && n < 14 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n < 4 || n%2 != 0 {
		return t, false, false
	}
	const full = "00000101000000"
	where, zone := parseZone(s[n:])
	t, err := time.ParseInLocation("20060102150405", s[:n]+full[n:], where)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, false, false
	}
	return t, zone, true
}

// parseZone reads Z, +HH'mm' and the like; UTC where there is none.
func parseZone(s string) (*time.Location, bool) {
	if strings.HasPrefix(s, "Z") {
		return time.UTC, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return time.UTC, false
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s[1:]) + "00"
	if len(digits) < 4 {
		return time.UTC, false
	}
	h, _ := strconv.Atoi(digits[:2])
	m, _ := strconv.Atoi(digits[2:4])
	if h > 14 || m > 59 {
		return time.UTC, false
	}
	offset := (h*60 + m) * 60
	if s[0] == '-' {
		offset = -offset
	}
	return time.FixedZone("", offset), true
}

func (v *visit) encryption() {
	s, err := v.d.lib.FPDF_GetSecurityHandlerRevision(&requests.FPDF_GetSecurityHandlerRevision{Document: v.d.ref})
	switch {
	case err != nil || s.SecurityHandlerRevision < 0:
	case v.d.password == "":
		v.res.Fact("encrypted", "opens without a password")
	default:
		v.res.Fact("encrypted", "opened with a password that was given")
	}
}

// Limits of an outline.
const (
	maxHeadings = 2000
	maxLevels   = 20
)

// outline reads the headings that a reader shows beside the pages. A file may
// lead in circles: the limits end it.
func (v *visit) outline() {
	first, err := v.d.lib.FPDFBookmark_GetFirstChild(&requests.FPDFBookmark_GetFirstChild{Document: v.d.ref})
	if err == nil {
		v.headings(first.Bookmark, 1)
	}
}

// headings reads a heading, those below it and those after it.
//
// BUG(go-pdfium v1.17.0): FPDFBookmark_GetDest calls another function of PDFium,
// so headings that lead to their page without an action have none here.
func (v *visit) headings(b *references.FPDF_BOOKMARK, level int) {
	lib, list := v.d.lib, &v.res.Reading.Outline
	for b != nil && level <= maxLevels && len(*list) < maxHeadings {
		h := reading.Heading{Level: level}
		if t, err := lib.FPDFBookmark_GetTitle(&requests.FPDFBookmark_GetTitle{Bookmark: *b}); err == nil {
			h.Title = oneLine(t.Title)
		}
		if a, err := lib.FPDFBookmark_GetAction(&requests.FPDFBookmark_GetAction{Bookmark: *b}); err == nil && a.Action != nil {
			v.action(*a.Action, 0)
			if d, err := lib.FPDFAction_GetDest(&requests.FPDFAction_GetDest{Document: v.d.ref, Action: *a.Action}); err == nil && d.Dest != nil {
				h.Page = v.pageOf(*d.Dest)
			}
		}
		*list = append(*list, h)
		if c, err := lib.FPDFBookmark_GetFirstChild(&requests.FPDFBookmark_GetFirstChild{Document: v.d.ref, Bookmark: b}); err == nil {
			v.headings(c.Bookmark, level+1)
		}
		next, err := lib.FPDFBookmark_GetNextSibling(&requests.FPDFBookmark_GetNextSibling{Document: v.d.ref, Bookmark: *b})
		if err != nil {
			return
		}
		b = next.Bookmark
	}
}

func (v *visit) pageOf(dest references.FPDF_DEST) int {
	p, err := v.d.lib.FPDFDest_GetDestPageIndex(&requests.FPDFDest_GetDestPageIndex{Document: v.d.ref, Dest: dest})
	if err != nil || p.Index < 0 || p.Index >= v.d.pages {
		return 0
	}
	return p.Index + 1
}

// signatures says who signed, as far as the file says it; nothing is checked.
func (v *visit) signatures() {
	n, err := v.d.lib.FPDF_GetSignatureCount(&requests.FPDF_GetSignatureCount{Document: v.d.ref})
	if err != nil || n.Count <= 0 {
		return
	}
	v.res.Find("signature", "%d signatures of the document's own, not checked", n.Count)
}
