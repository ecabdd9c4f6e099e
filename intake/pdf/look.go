package pdf

import (
	"image"

	"github.com/klippa-app/go-pdfium/enums"

	"unseal/intake/raster"
	"unseal/reading"
)

// scanShare is the part of a page that an image takes on a scanned page.
const scanShare = 0.4

// look finds what is hidden on a page, or painted over: text below boxes, parts
// of a scanned picture below boxes, and boxes in the picture itself. chars is
// the page's text. When it fails, the page must not be used again.
func (p *page) look(chars []char) ([]reading.Finding, error) {
	objects, err := p.objects()
	if err != nil {
		return nil, err
	}
	scan, scanned := scanOf(objects)
	if !scanned && !letters(chars) {
		return nil, nil
	}
	width := min(max(int(p.w*checkScale), 100), maxCheck)
	full, err := p.render(width)
	if err != nil {
		return nil, err
	}
	var found []reading.Finding
	if letters(chars) {
		if found, err = p.hidden(chars, objects, full); err != nil {
			return found, err
		}
	}
	if scanned {
		painted, err := p.painted(scan, objects, full)
		return append(found, painted...), err
	}
	return found, nil
}

// scanOf is the place of the image that makes a page a scanned one.
func scanOf(objects []object) (box, bool) {
	for _, o := range objects {
		if o.kind == enums.FPDF_PAGEOBJ_IMAGE && o.top() && (o.at.x1-o.at.x0)*(o.at.y1-o.at.y0) >= scanShare {
			return o.at, true
		}
	}
	return box{}, false
}

// painted finds boxes on a scanned page. If they are gone when lines and boxes
// are not drawn, what lies below them is in the file.
func (p *page) painted(scan box, objects []object, full *image.RGBA) ([]reading.Finding, error) {
	boxes := raster.Boxes(full)
	if len(boxes) == 0 {
		return nil, nil
	}
	err := p.show(objects, func(o object) bool { return o.kind == enums.FPDF_PAGEOBJ_IMAGE || o.kind == enums.FPDF_PAGEOBJ_FORM })
	if err != nil {
		return nil, err
	}
	bare, err := p.render(full.Rect.Dx())
	if err != nil {
		return nil, err
	}
	var found []reading.Finding
	for _, b := range boxes {
		at := unitBox(b, full.Rect)
		f := reading.Finding{Code: "pixel-redaction", Text: "a box is painted over a part of the picture", Page: p.number, Box: at.place()}
		if shows(bare, b) {
			f.Code, f.Text = "hidden-text", "a part of the picture lies below a box and is in the file"
		}
		if at.within(scan) {
			found = append(found, f)
		}
	}
	return found, nil
}

func unitBox(r, of image.Rectangle) box {
	w, h := float64(of.Dx()), float64(of.Dy())
	return box{float64(r.Min.X) / w, float64(r.Min.Y) / h, float64(r.Max.X) / w, float64(r.Max.Y) / h}
}

// shows says that a place is mostly not dark and that there is something on it.
func shows(img *image.RGBA, r image.Rectangle) bool {
	share, colour := groundOf(img, []image.Rectangle{r.Inset(2)})
	return max(colour[0], colour[1], colour[2]) > darkColour && share < blankShare
}
