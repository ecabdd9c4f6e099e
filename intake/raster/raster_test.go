package raster

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"slices"
	"testing"
)

func white(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	return img
}

func paint(img *image.RGBA, c color.Color, boxes ...image.Rectangle) {
	for _, b := range boxes {
		draw.Draw(img, b, image.NewUniform(c), image.Point{}, draw.Src)
	}
}

func TestPicturesFitInTheirProportions(t *testing.T) {
	for _, c := range []struct{ w, h, maxW, maxH, wantW, wantH int }{
		{100, 50, 1000, 1000, 100, 50}, {2000, 1000, 1000, 1000, 1000, 500}, {1000, 4000, 1000, 1000, 250, 1000}, {100_000, 1, 1000, 1000, 1000, 1}, {1, 100_000, 10, 10, 1, 10},
	} {
		if w, h := Size(c.w, c.h, c.maxW, c.maxH); w != c.wantW || h != c.wantH {
			t.Errorf("%+v is %d × %d", c, w, h)
		}
	}
	clear := image.NewNRGBA(image.Rect(5, 5, 45, 25)) // all transparent, not at the origin
	if got := Fit(clear, 20, 20); got.Rect != image.Rect(0, 0, 20, 10) || got.RGBAAt(3, 3) != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("%v %v", got.Rect, got.RGBAAt(3, 3))
	}
}

// The letters of a picture "AB/CD" and where EXIF's eight orientations put them.
func TestPicturesAreTurnedUpright(t *testing.T) {
	shade := map[byte]uint8{'A': 10, 'B': 60, 'C': 110, 'D': 160, 'E': 210, 'F': 250}
	src := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i, c := range []byte("ABCDEF") {
		src.SetRGBA(i%3, i/3, color.RGBA{shade[c], 0, 0, 255})
	}
	for orientation, want := range map[int][]string{
		0: {"ABC", "DEF"}, 1: {"ABC", "DEF"}, 2: {"CBA", "FED"}, 3: {"FED", "CBA"}, 4: {"DEF", "ABC"},
		5: {"AD", "BE", "CF"}, 6: {"DA", "EB", "FC"}, 7: {"FC", "EB", "DA"}, 8: {"CF", "BE", "AD"}, 9: {"ABC", "DEF"},
	} {
		got := Upright(src, orientation)
		if got.Rect.Dx() != len(want[0]) || got.Rect.Dy() != len(want) {
			t.Errorf("orientation %d is %v", orientation, got.Rect)
			continue
		}
		for y, row := range want {
			for x := range row {
				if got.RGBAAt(x, y).R != shade[row[x]] {
					t.Errorf("orientation %d: pixel %d, %d is wrong", orientation, x, y)
				}
			}
		}
	}
}

func TestPrintIsPNGAndPhotographsAreJPEG(t *testing.T) {
	print := white(1000, 1300)
	for y := 100; y < 1200; y += 20 {
		for x := 80; x < 900; x += 9 {
			paint(print, color.Gray{Y: uint8(x % 3 * 20)}, image.Rect(x, y, x+5, y+10))
		}
	}
	e, err := Encode(print)
	if err != nil || e.Type != "image/png" || e.Ext != ".png" || len(e.Bytes) > 60<<10 {
		t.Errorf("print: %s, %d bytes, %v", e.Type, len(e.Bytes), err)
	}
	if img, err := png.Decode(bytes.NewReader(e.Bytes)); err != nil || img.Bounds() != print.Rect {
		t.Errorf("%v", err)
	}
	photo := white(600, 600)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range photo.Pix {
		photo.Pix[i] = uint8(r.IntN(256)) | uint8(255*(i%4/3))
	}
	one, err := Encode(photo)
	two, err2 := Encode(photo)
	if err != nil || err2 != nil || one.Type != "image/jpeg" || one.Ext != ".jpg" || !bytes.Equal(one.Bytes, two.Bytes) {
		t.Errorf("photograph: %s %v %v", one.Type, err, err2)
	}
}

func TestPaintedBoxesAreFound(t *testing.T) {
	boxes := []image.Rectangle{image.Rect(100, 100, 300, 120), image.Rect(400, 100, 460, 130), image.Rect(100, 500, 118, 510)}
	img := white(1000, 1400)
	paint(img, color.Gray{Y: 20}, boxes...)
	got := Boxes(img)
	slices.SortFunc(got, func(a, b image.Rectangle) int { return a.Min.Y*2000 + a.Min.X - b.Min.Y*2000 - b.Min.X })
	if !slices.Equal(got, boxes) {
		t.Errorf("boxes are %v, want %v", got, boxes)
	}
}

func TestWhatIsNoBoxIsNotFound(t *testing.T) {
	for name, draw := range map[string]func(*image.RGBA){
		"rules":      func(m *image.RGBA) { paint(m, color.Black, image.Rect(50, 100, 900, 106)) },
		"bold print": func(m *image.RGBA) { paint(m, color.Black, image.Rect(50, 100, 62, 140), image.Rect(80, 100, 95, 140)) },
		"grey field": func(m *image.RGBA) { paint(m, color.Gray{Y: 120}, image.Rect(50, 100, 400, 200)) },
		"the edge of the glass": func(m *image.RGBA) {
			paint(m, color.Black, image.Rect(0, 0, 30, 1400), image.Rect(0, 0, 1000, 20))
		},
		"night": func(m *image.RGBA) {
			paint(m, color.Black, m.Rect)
			paint(m, color.White, image.Rect(100, 100, 500, 500))
		},
		"a dark photograph": func(m *image.RGBA) {
			r := rand.New(rand.NewPCG(3, 4))
			for y := 200; y < 500; y++ {
				for x := 200; x < 600; x++ {
					m.Set(x, y, color.Gray{Y: uint8(r.IntN(90))})
				}
			}
		},
		"a disc": func(m *image.RGBA) {
			for y := -100; y < 100; y++ {
				for x := -100; x < 100; x++ {
					if x*x+y*y < 10000 {
						m.Set(500+x, 500+y, color.Black)
					}
				}
			}
		},
	} {
		img := white(1000, 1400)
		draw(img)
		if got := Boxes(img); len(got) > 0 && name != "a disc" || len(got) > 4 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
