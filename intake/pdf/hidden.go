package pdf

import (
	"image"
	"strings"
	"unicode"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/requests"

	"unseal/reading"
)

// The measures of the search for hidden text. They are of pixels of an image
// of the page with checkScale pixels a point, or fewer on a large page.
const (
	checkScale   = 1.5
	maxCheck     = 2000 // pixels of its width
	sameColour   = 16   // steps of 256 by which two pixels may differ and be alike
	seenShare    = 0.03 // of a glyph's box that changes with the text: it is seen
	nearColour   = 32   // steps from the colour that an area mostly has
	plainShare   = 0.9  // of an area with an image in it that is of one colour
	blankShare   = 0.97 // of an area on which text that draws nothing is no layer of OCR
	cratedShare  = 0.5  // of an area that is covered by lines and boxes alone
	darkColour   = 80   // a box is not lighter
	minLetters   = 2
	maxHidden    = 500  // findings of a file
	maxStamp     = 8    // objects of which a stamp is made
	maxStampArea = 0.05 // of the page that it takes
)

// hidden finds text that can be read out of the page and not be seen on it.
//
// It asks the rendering, not the drawing operators: a glyph whose removal
// changes no pixel is not seen, whatever covers it, be it a box, a hatching, an
// image, an annotation or a colour like that of the ground. What is left then
// are layers of OCR, which are not meant to be seen, since the words are in the
// picture: there the ground is not of one colour.
func (p *page) hidden(chars []char, objects []object, full *image.RGBA) ([]reading.Finding, error) {
	shots, err := p.shots(objects, full)
	if err != nil {
		return nil, err
	}
	var found []reading.Finding
	runs := p.unseen(chars, shots)
	if len(runs) > 0 {
		if err := p.ink(objects, runs, shots); err != nil {
			return nil, err
		}
	}
	if err := p.show(objects, always); err != nil {
		return nil, err
	}
	stamps := p.stamps(objects)
	for _, r := range runs {
		if r.hidden(shots.full, objects) && !stamped(stamps, r) {
			found = append(found, p.found(r.text, r.at))
		}
	}
	under, err := p.labelled(objects, shots, found)
	return append(found, under...), err
}

func always(object) bool { return true }

// letters says that there is text on the page, and not points and lines alone.
func letters(chars []char) bool {
	n := 0
	for _, c := range chars {
		if c.ok && (unicode.IsLetter(c.r) || unicode.IsDigit(c.r)) {
			n++
		}
	}
	return n >= minLetters
}

func enough(text string) bool {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n >= minLetters
}

// shots are images of the page.
type shots struct {
	full, without *image.RGBA // with all that it draws, and without text
}

func (p *page) shots(objects []object, full *image.RGBA) (shots, error) {
	if p.allInvisible(objects) {
		return shots{full, full}, nil
	}
	if err := p.show(objects, func(o object) bool { return o.kind != enums.FPDF_PAGEOBJ_TEXT }); err != nil {
		return shots{}, err
	}
	without, err := p.render(full.Rect.Dx())
	return shots{full, without}, err
}

// allInvisible says that no text of the page is drawn, as with layers of OCR;
// that saves drawing a scanned page once more.
func (p *page) allInvisible(objects []object) bool {
	for _, o := range objects {
		if o.kind != enums.FPDF_PAGEOBJ_TEXT {
			continue
		}
		m, err := p.d.lib.FPDFTextObj_GetTextRenderMode(&requests.FPDFTextObj_GetTextRenderMode{PageObject: o.ref})
		if err != nil || m.TextRenderMode != enums.FPDF_TEXTRENDERMODE_INVISIBLE {
			return false
		}
	}
	return true
}

// run is a stretch of text in one line.
type run struct {
	text  string
	at    box
	chars []char
	inked int // glyphs that would be seen if nothing else were drawn
}

// unseen are the stretches of text whose glyphs change no pixel.
func (p *page) unseen(chars []char, s shots) (list []run) {
	var r run
	end := func() {
		if r.text = strings.TrimSpace(r.text); letters(r.chars) {
			list = append(list, r)
		}
		r = run{}
	}
	for _, c := range chars {
		switch {
		case c.r == '\n' || c.r == '\r':
			end()
		case !c.ok:
			if len(r.chars) > 0 {
				r.text += string(c.r)
			}
		case c.at.outside() || changes(s.full, s.without, c.at) > seenShare:
			end()
		case len(r.chars) == 0:
			r = run{text: string(c.r), at: c.at, chars: []char{c}}
		default:
			r.text, r.at, r.chars = r.text+string(c.r), r.at.union(c.at), append(r.chars, c)
		}
	}
	end()
	return list
}

// changes is the share of the pixels of a place that differ in two images.
func changes(a, b *image.RGBA, at box) float64 {
	r := at.pixels(a.Rect)
	if r.Empty() {
		return 0
	}
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for i := a.PixOffset(r.Min.X, y); i < a.PixOffset(r.Max.X, y); i += 4 {
			if differ(a.Pix[i:], b.Pix[i:], sameColour) {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}

func differ(a, b []byte, by int) bool {
	for k := range 3 {
		if d := int(a[k]) - int(b[k]); d > by || d < -by {
			return true
		}
	}
	return false
}

// ink counts in each run the glyphs that are drawn at all.
func (p *page) ink(objects []object, runs []run, s shots) error {
	err := p.show(objects, func(o object) bool {
		return o.kind == enums.FPDF_PAGEOBJ_TEXT || o.kind == enums.FPDF_PAGEOBJ_FORM
	})
	if err != nil {
		return err
	}
	alone, err := p.render(s.full.Rect.Dx())
	if err != nil {
		return err
	}
	if err := p.show(objects, func(o object) bool { return o.kind == enums.FPDF_PAGEOBJ_FORM }); err != nil {
		return err
	}
	nothing, err := p.render(s.full.Rect.Dx())
	if err != nil {
		return err
	}
	for i, r := range runs {
		for _, c := range r.chars {
			if changes(alone, nothing, c.at) > seenShare {
				runs[i].inked++
			}
		}
	}
	return nil
}

// hidden says that the run is no layer of OCR over its own picture.
func (r *run) hidden(full *image.RGBA, objects []object) bool {
	share, colour := ground(full, r.chars)
	image := overImage(objects, r.at)
	switch {
	case 2*r.inked < len(r.chars):
		return share >= blankShare && (!image || max(colour[0], colour[1], colour[2]) <= darkColour)
	case image:
		return share >= plainShare
	}
	return share >= cratedShare
}

// overImage says that an image, or a form that may hold one, lies at the place.
func overImage(objects []object, at box) bool {
	for _, o := range objects {
		if o.kind == enums.FPDF_PAGEOBJ_IMAGE && (!o.top() || at.within(o.at)) {
			return true
		}
	}
	return false
}

// ground is the colour that the glyphs' boxes mostly have, and the share of
// their pixels that are about of it.
func ground(img *image.RGBA, chars []char) (float64, [3]uint8) {
	var places []image.Rectangle
	for _, c := range chars {
		places = append(places, c.at.pixels(img.Rect))
	}
	return groundOf(img, places)
}

func groundOf(img *image.RGBA, places []image.Rectangle) (float64, [3]uint8) {
	var seen [3][256]int
	var pixels [][]byte
	for _, r := range places {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for i := img.PixOffset(r.Min.X, y); i < img.PixOffset(r.Max.X, y); i += 4 {
				pixels = append(pixels, img.Pix[i:i+3])
				for k := range 3 {
					seen[k][img.Pix[i+k]]++
				}
			}
		}
	}
	var colour [3]uint8
	for k := range 3 {
		colour[k] = median(seen[k], len(pixels))
	}
	n := 0
	for _, p := range pixels {
		if !differ(p, colour[:], nearColour) {
			n++
		}
	}
	return float64(n) / float64(max(len(pixels), 1)), colour
}

func median(seen [256]int, n int) uint8 {
	sum := 0
	for v, k := range seen {
		if sum += k; 2*sum >= n {
			return uint8(v)
		}
	}
	return 255
}

// labelled finds text under a box that bears other text, such as the reason of
// a redaction: there the page without any text looks different, but not the
// page without what lies below.
func (p *page) labelled(objects []object, s shots, found []reading.Finding) (more []reading.Finding, err error) {
	below := map[int]bool{}
	for i, o := range objects {
		if o.kind == enums.FPDF_PAGEOBJ_TEXT && o.top() && covered(objects[i+1:], o.at) {
			below[i] = true
		}
	}
	if len(below) == 0 {
		return nil, nil
	}
	gone := map[string]bool{}
	for i := range below {
		gone[string(objects[i].ref)] = true
	}
	if err := p.show(objects, func(o object) bool { return !gone[string(o.ref)] }); err != nil {
		return nil, err
	}
	without, err := p.render(s.full.Rect.Dx())
	if err != nil {
		return nil, err
	}
	if err := p.show(objects, always); err != nil {
		return nil, err
	}
	for i, o := range objects {
		if below[i] && changes(s.full, without, o.at) <= seenShare/4 && !told(found, o.at) {
			if text := p.textOf(o); enough(text) {
				more = append(more, p.found(text, o.at))
			}
		}
	}
	return more, nil
}

// covered says that something which may hide it is drawn later at the place.
func covered(later []object, at box) bool {
	for _, o := range later {
		if o.top() && o.kind == enums.FPDF_PAGEOBJ_PATH && at.within(o.at) {
			return true
		}
	}
	return false
}

// stamp is a box that brings a text of its own along.
type stamp struct {
	at   box
	text string
}

// stamps are the boxes of programs that write a date or a reason on each: small
// forms that draw a path first, then text, and little else. In the colour of
// the box that text cannot be seen, but it is not of the page.
func (p *page) stamps(objects []object) (list []stamp) {
	inside := map[int][]object{}
	for _, o := range objects {
		if !o.top() {
			inside[o.form] = append(inside[o.form], o)
		}
	}
	for i, o := range objects {
		in := inside[i]
		if len(in) < 2 || len(in) > maxStamp || in[0].kind != enums.FPDF_PAGEOBJ_PATH || (o.at.x1-o.at.x0)*(o.at.y1-o.at.y0) > maxStampArea {
			continue
		}
		s := stamp{at: o.at}
		for _, t := range in {
			if t.kind == enums.FPDF_PAGEOBJ_TEXT {
				s.text += p.textOf(t)
			}
		}
		list = append(list, s)
	}
	return list
}

// stamped says that nothing is left of a run without the texts of the stamps
// that it lies on.
func stamped(stamps []stamp, r run) bool {
	left := squeeze(r.text)
	for _, s := range stamps {
		if text := squeeze(s.text); text != "" && r.at.touches(s.at) {
			left = strings.ReplaceAll(left, text, "")
		}
	}
	return !enough(left)
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

// told says that the middle of the place lies in a finding.
func told(found []reading.Finding, at box) bool {
	m := box{(at.x0 + at.x1) / 2, (at.y0 + at.y1) / 2, (at.x0 + at.x1) / 2, (at.y0 + at.y1) / 2}.place()
	for _, f := range found {
		if f.Box != nil && m.X >= f.Box.X && m.X <= f.Box.X+f.Box.W && m.Y >= f.Box.Y-1 && m.Y <= f.Box.Y+f.Box.H+1 {
			return true
		}
	}
	return false
}

// textOf is the text of a text object. PDFium has none of objects that are not
// shown.
func (p *page) textOf(o object) string {
	text, err := p.d.lib.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: p.ref})
	if err != nil {
		return ""
	}
	defer p.d.lib.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage})
	t, err := p.d.lib.FPDFTextObj_GetText(&requests.FPDFTextObj_GetText{PageObject: o.ref, TextPage: text.TextPage})
	if err != nil {
		return ""
	}
	return oneLine(t.Text)
}

func (p *page) found(text string, at box) reading.Finding {
	return reading.Finding{Code: "hidden-text", Text: oneLine(text), Page: p.number, Box: at.place()}
}
