package pdf

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"unseal/intake/raster"
	"unseal/reading"
)

// Limits of one page.
const (
	maxObjects = 20_000 // that are looked at
	maxDepth   = 8      // of forms in forms
	maxChars   = 100_000
	maxPixels  = 8 << 20 // of an image of the page
)

// page is an open page. It is used by one goroutine.
type page struct {
	d      *document
	number int // from 1
	ref    requests.Page
	w, h   float64 // in points, as the page is shown
	toUnit affine
}

// open opens a page, from 1.
func (d *document) page(number int) (*page, error) {
	loaded, err := d.lib.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: d.ref, Index: number - 1})
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", number, err)
	}
	p := &page{d: d, number: number, ref: requests.Page{ByReference: &loaded.Page}}
	w, err := d.lib.FPDF_GetPageWidthF(&requests.FPDF_GetPageWidthF{Page: p.ref})
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", number, err)
	}
	h, err := d.lib.FPDF_GetPageHeightF(&requests.FPDF_GetPageHeightF{Page: p.ref})
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", number, err)
	}
	p.w, p.h = float64(w.PageWidth), float64(h.PageHeight)
	if !(p.w > 0 && p.h > 0) || math.IsInf(p.w, 0) || math.IsInf(p.h, 0) {
		return nil, fmt.Errorf("page %d has no size", number)
	}
	p.toUnit, err = p.unit()
	return p, err
}

func (p *page) close() {
	if p.d.lib != nil && p.ref.ByReference != nil {
		p.d.lib.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: *p.ref.ByReference})
	}
}

// affine maps a point of the page, in points, to the page as it is shown: 0, 0
// is its top left and 1, 1 its bottom right corner.
type affine struct{ xx, xy, x0, yx, yy, y0 float64 }

func (a affine) at(x, y float64) (float64, float64) {
	return a.xx*x + a.xy*y + a.x0, a.yx*x + a.yy*y + a.y0
}

// box is a rectangle of the page as it is shown, in the unit of [affine].
type box struct{ x0, y0, x1, y1 float64 }

func (a affine) box(left, bottom, right, top float64) box {
	x0, y0 := a.at(left, bottom)
	x1, y1 := a.at(right, top)
	return box{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

func (b box) union(c box) box {
	return box{min(b.x0, c.x0), min(b.y0, c.y0), max(b.x1, c.x1), max(b.y1, c.y1)}
}

// within says that at least nine tenths of b lie in c.
func (b box) within(c box) bool {
	w, h := min(b.x1, c.x1)-max(b.x0, c.x0), min(b.y1, c.y1)-max(b.y0, c.y0)
	return w > 0 && h > 0 && w*h >= 0.9*(b.x1-b.x0)*(b.y1-b.y0)
}

func (b box) touches(c box) bool {
	return b.x0 < c.x1 && c.x0 < b.x1 && b.y0 < c.y1 && c.y0 < b.y1
}

// outside says that nothing of b is on the page.
func (b box) outside() bool { return b.x1 <= 0 || b.y1 <= 0 || b.x0 >= 1 || b.y0 >= 1 }

// pixels are the pixels of an image of the page that b touches.
func (b box) pixels(r image.Rectangle) image.Rectangle {
	w, h := float64(r.Dx()), float64(r.Dy())
	return image.Rect(int(math.Floor(b.x0*w)), int(math.Floor(b.y0*h)), int(math.Ceil(b.x1*w)), int(math.Ceil(b.y1*h))).Intersect(r)
}

// place is the box as a finding names it.
func (b box) place() *reading.Box {
	th := func(v float64) int { return int(math.Round(1000 * min(max(v, 0), 1))) }
	return &reading.Box{X: th(b.x0), Y: th(b.y0), W: th(b.x1) - th(b.x0), H: th(b.y1) - th(b.y0)}
}

// unit asks PDFium where three points of the page are shown; crop box and
// rotation are in the answer.
func (p *page) unit() (affine, error) {
	const n, step = 1 << 20, 100
	var at [3][2]float64
	for i, q := range [3][2]float64{{0, 0}, {step, 0}, {0, step}} {
		r, err := p.d.lib.FPDF_PageToDevice(&requests.FPDF_PageToDevice{Page: p.ref, SizeX: n, SizeY: n, PageX: q[0], PageY: q[1]})
		if err != nil {
			return affine{}, fmt.Errorf("page %d: %w", p.number, err)
		}
		at[i] = [2]float64{float64(int32(r.DeviceX)) / n, float64(int32(r.DeviceY)) / n}
	}
	return affine{
		xx: (at[1][0] - at[0][0]) / step, xy: (at[2][0] - at[0][0]) / step, x0: at[0][0],
		yx: (at[1][1] - at[0][1]) / step, yy: (at[2][1] - at[0][1]) / step, y0: at[0][1],
	}, nil
}

// render draws the page with its annotations and form fields on white, at most
// width pixels wide and within maxPixels.
func (p *page) render(width int) (*image.RGBA, error) {
	w, h := width, int(math.Round(float64(width)*p.h/p.w))
	if w*h > maxPixels || h > 4*width {
		w, h = raster.Size(w, max(h, 1), width, min(4*width, maxPixels/width))
	}
	w, h = max(w, 1), max(h, 1)
	bitmap, err := p.d.lib.FPDFBitmap_Create(&requests.FPDFBitmap_Create{Width: w, Height: h})
	if err != nil {
		return nil, err
	}
	defer func() {
		if p.d.lib != nil {
			p.d.lib.FPDFBitmap_Destroy(&requests.FPDFBitmap_Destroy{Bitmap: bitmap.Bitmap})
		}
	}()
	if err := p.draw(bitmap.Bitmap, w, h); err != nil {
		return nil, err
	}
	buf, err := p.d.lib.FPDFBitmap_GetBuffer(&requests.FPDFBitmap_GetBuffer{Bitmap: bitmap.Bitmap})
	if err != nil {
		return nil, err
	}
	if len(buf.Buffer) != 4*w*h {
		return nil, errors.New("an image of another size than asked for")
	}
	img := &image.RGBA{Pix: slices.Clone(buf.Buffer), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 0xff
	}
	return img, nil
}

func (p *page) draw(bitmap references.FPDF_BITMAP, w, h int) error {
	const flags = enums.FPDF_RENDER_FLAG_ANNOT | enums.FPDF_RENDER_FLAG_REVERSE_BYTE_ORDER
	lib := p.d.lib
	if _, err := lib.FPDFBitmap_FillRect(&requests.FPDFBitmap_FillRect{Bitmap: bitmap, Width: w, Height: h, Color: 0xffffffff}); err != nil {
		return err
	}
	if _, err := lib.FPDF_RenderPageBitmap(&requests.FPDF_RenderPageBitmap{Bitmap: bitmap, Page: p.ref, SizeX: w, SizeY: h, Flags: flags}); err != nil {
		return err
	}
	if p.d.form == "" {
		return nil
	}
	_, err := lib.FPDF_FFLDraw(&requests.FPDF_FFLDraw{FormHandle: p.d.form, Bitmap: bitmap, Page: p.ref, SizeX: w, SizeY: h, Flags: flags})
	return err
}

// object is something that the page draws.
type object struct {
	ref  references.FPDF_PAGEOBJECT
	kind enums.FPDF_PAGEOBJ
	form int // index of the outermost form that it is in; -1 if it is in none
	at   box // of one that is in no form
}

func (o object) top() bool { return o.form < 0 }

// objects are what the page draws, in the order of drawing, forms before what
// is in them, at most maxObjects.
func (p *page) objects() ([]object, error) {
	n, err := p.d.lib.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: p.ref})
	if err != nil {
		return nil, err
	}
	var list []object
	for i := range n.Count {
		o, err := p.d.lib.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: p.ref, Index: i})
		if err != nil {
			return nil, err
		}
		if list, err = p.add(list, o.PageObject, -1, 0); err != nil {
			return nil, err
		}
	}
	return list, nil
}

var errObjects = errors.New("more is drawn on the page than is looked at")

func (p *page) add(list []object, ref references.FPDF_PAGEOBJECT, form, depth int) ([]object, error) {
	if len(list) >= maxObjects || depth > maxDepth {
		return nil, errObjects
	}
	lib := p.d.lib
	kind, err := lib.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: ref})
	if err != nil {
		return nil, err
	}
	o := object{ref: ref, kind: kind.Type, form: form}
	if o.top() {
		if b, err := lib.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: ref}); err == nil {
			o.at = p.toUnit.box(float64(b.Left), float64(b.Bottom), float64(b.Right), float64(b.Top))
		}
	}
	list = append(list, o)
	if o.kind != enums.FPDF_PAGEOBJ_FORM {
		return list, nil
	}
	n, err := lib.FPDFFormObj_CountObjects(&requests.FPDFFormObj_CountObjects{PageObject: ref})
	if err != nil {
		return list, nil
	}
	if o.top() {
		form = len(list) - 1
	}
	for i := range n.Count {
		inner, err := lib.FPDFFormObj_GetObject(&requests.FPDFFormObj_GetObject{PageObject: ref, Index: uint64(i)})
		if err != nil {
			return nil, err
		}
		if list, err = p.add(list, inner.PageObject, form, depth+1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// show says of each object whether it is drawn from now on.
func (p *page) show(list []object, drawn func(object) bool) error {
	for _, o := range list {
		if _, err := p.d.lib.FPDFPageObj_SetIsActive(&requests.FPDFPageObj_SetIsActive{PageObject: o.ref, Active: drawn(o)}); err != nil {
			return err
		}
	}
	return nil
}

// char is a character of the page's text, in the order of reading.
type char struct {
	r  rune
	at box
	ok bool // it stands on the page: it is neither a space nor put in by PDFium
}

// chars reads the text of the page with the places of its characters.
func (p *page) chars() ([]char, error) {
	lib := p.d.lib
	text, err := lib.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: p.ref})
	if err != nil {
		return nil, err
	}
	defer func() {
		if p.d.lib != nil {
			p.d.lib.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage})
		}
	}()
	n, err := lib.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil {
		return nil, err
	}
	list := make([]char, 0, min(n.Count, maxChars))
	for i := range min(n.Count, maxChars) {
		c, err := p.char(text.TextPage, i)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (p *page) char(text references.FPDF_TEXTPAGE, i int) (char, error) {
	lib := p.d.lib
	u, err := lib.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: text, Index: i})
	if err != nil {
		return char{}, err
	}
	c := char{r: rune(u.Unicode)}
	if c.r <= ' ' || c.r == 0xa0 {
		return c, nil
	}
	if g, err := lib.FPDFText_IsGenerated(&requests.FPDFText_IsGenerated{TextPage: text, Index: i}); err != nil || g.IsGenerated {
		return c, nil
	}
	b, err := lib.FPDFText_GetCharBox(&requests.FPDFText_GetCharBox{TextPage: text, Index: i})
	if err != nil {
		return c, nil
	}
	c.at, c.ok = p.toUnit.box(b.Left, b.Bottom, b.Right, b.Top), true
	return c, nil
}
