// Package raster works on pixels that others decoded: it makes them smaller,
// turns them the right way up, finds what is painted over, and writes them in
// forms that every browser shows. What it writes holds pixels and nothing else:
// no metadata, no thumbnail, no colour profile. The same pixels give the same
// bytes.
package raster

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// MaxBytes bounds the memory of a picture that is decoded in this process.
const MaxBytes = 400 << 20

// Fit returns the picture on white, not larger than width and height, in its
// own proportions. A small one keeps its size.
func Fit(src image.Image, width, height int) *image.RGBA {
	b := src.Bounds()
	w, h := Size(b.Dx(), b.Dy(), width, height)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src)
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(dst, dst.Bounds(), src, b.Min, draw.Over)
	} else {
		draw.BiLinear.Scale(dst, dst.Bounds(), src, b, draw.Over, nil)
	}
	return dst
}

// Size is the largest size in the proportions of w and h within the limits,
// not above w and h themselves, and at least one pixel each way.
func Size(w, h, width, height int) (int, int) {
	if w > width {
		w, h = width, int(int64(h)*int64(width)/int64(w))
	}
	if h > height {
		w, h = int(int64(w)*int64(height)/int64(h)), height
	}
	return max(w, 1), max(h, 1)
}

// Upright turns a picture by its EXIF orientation (CIPA DC-008, tag 0x0112):
// 1 to 8; any other number leaves it as it is.
func Upright(src *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			p, q := src.PixOffset(src.Rect.Min.X+x, src.Rect.Min.Y+y), 0
			switch orientation {
			case 2:
				q = dst.PixOffset(w-1-x, y)
			case 3:
				q = dst.PixOffset(w-1-x, h-1-y)
			case 4:
				q = dst.PixOffset(x, h-1-y)
			case 5:
				q = dst.PixOffset(y, x)
			case 6:
				q = dst.PixOffset(h-1-y, x)
			case 7:
				q = dst.PixOffset(h-1-y, w-1-x)
			case 8:
				q = dst.PixOffset(y, w-1-x)
			}
			copy(dst.Pix[q:q+4], src.Pix[p:p+4])
		}
	}
	return dst
}

// Encoded is a picture as browsers show it.
type Encoded struct {
	Bytes []byte
	Type  string // image/png or image/jpeg
	Ext   string // ".png" or ".jpg"
}

// smallPNG is the size up to which a PNG is taken as it is: a page of print has
// about a third of it.
const smallPNG = 150 << 10

// Encode writes print and drawings as PNG, with sixteen greys where there is no
// colour, and what has more in it as JPEG, whichever is smaller.
func Encode(img *image.RGBA) (Encoded, error) {
	var src image.Image = img
	grey := isGrey(img)
	if grey {
		src = sixteen(img)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, src); err != nil {
		return Encoded{}, err
	}
	if b.Len() <= smallPNG {
		return Encoded{b.Bytes(), "image/png", ".png"}, nil
	}
	var j bytes.Buffer
	src = img
	if grey {
		src = Grey(img)
	}
	if err := jpeg.Encode(&j, src, &jpeg.Options{Quality: 80}); err != nil {
		return Encoded{}, err
	}
	if b.Len() <= j.Len() {
		return Encoded{b.Bytes(), "image/png", ".png"}, nil
	}
	return Encoded{j.Bytes(), "image/jpeg", ".jpg"}, nil
}

// isGrey says that no pixel has a colour that an eye would notice.
func isGrey(img *image.RGBA) bool {
	for i := 0; i+3 < len(img.Pix); i += 4 {
		r, g, b := img.Pix[i], img.Pix[i+1], img.Pix[i+2]
		if max(r, g, b)-min(r, g, b) > 10 {
			return false
		}
	}
	return true
}

// greys are sixteen steps from black to white.
var greys = func() (p color.Palette) {
	for i := range 16 {
		p = append(p, color.Gray{Y: uint8(i * 17)})
	}
	return p
}()

func sixteen(img *image.RGBA) *image.Paletted {
	dst := image.NewPaletted(img.Rect, greys)
	for i := range dst.Pix {
		dst.Pix[i] = uint8((int(luma(img.Pix[4*i:])) + 8) / 17)
	}
	return dst
}

// Grey returns the lightness of each pixel.
func Grey(img *image.RGBA) *image.Gray {
	dst := image.NewGray(img.Rect)
	for i := range dst.Pix {
		dst.Pix[i] = luma(img.Pix[4*i:])
	}
	return dst
}

func luma(p []byte) uint8 {
	return uint8((299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000)
}
