package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"unseal/intake/reader"
	"unseal/intake/tool"
	"unseal/material"
	"unseal/trove"
)

func canvas(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(w/4, h/4, w/2, h/2), image.NewUniform(color.RGBA{200, 30, 30, 255}), image.Point{}, draw.Src)
	return img
}

func encoded(t *testing.T, kind string, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	err := map[string]func() error{
		"image/png":  func() error { return png.Encode(&b, img) },
		"image/jpeg": func() error { return jpeg.Encode(&b, img, nil) },
		"image/gif":  func() error { return gif.Encode(&b, img, nil) },
		"image/bmp":  func() error { return bmp.Encode(&b, img) },
	}[kind]()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// grey is one image of a TIFF that a test writes.
type grey struct {
	w, h  uint32
	shade byte
}

// tiffOf writes a TIFF with images of one shade each.
func tiffOf(images ...grey) []byte {
	b := []byte("II*\x00\x00\x00\x00\x00")
	link := 4
	for _, g := range images {
		data := len(b)
		b = append(b, bytes.Repeat([]byte{g.shade}, int(g.w*g.h))...)
		b = append(b, make([]byte, len(b)%2)...)
		binary.LittleEndian.PutUint32(b[link:], uint32(len(b)))
		fields := [][2]uint32{{256, g.w}, {257, g.h}, {258, 8}, {259, 1}, {262, 1}, {273, uint32(data)}, {277, 1}, {278, g.h}, {279, g.w * g.h}}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(fields)))
		for _, f := range fields {
			b = binary.LittleEndian.AppendUint16(b, uint16(f[0]))
			b = binary.LittleEndian.AppendUint16(b, 4)
			b = binary.LittleEndian.AppendUint32(b, 1)
			b = binary.LittleEndian.AppendUint32(b, f[1])
		}
		link = len(b)
		b = append(b, 0, 0, 0, 0)
	}
	return b
}

func TestPicturesAreMeasuredAndShown(t *testing.T) {
	for _, kind := range []string{"image/png", "image/jpeg", "image/gif", "image/bmp"} {
		b := encoded(t, kind, canvas(2000, 500))
		res := Read(context.Background(), input(t, b))
		if res.Record.Kind != trove.Image || fact(res, "width") != "2000" || fact(res, "height") != "500" || fact(res, "frames") != "1" || len(res.Reading.Pages) != 1 {
			t.Errorf("%s: %+v", kind, res)
		}
		view := Picture(context.Background(), input(t, b))
		if len(view.Files) != 1 || !strings.HasPrefix(view.Files[0].Name, "view.") || view.Reading.Pages[0].Width != PreviewSide || view.Reading.Pages[0].Height != 400 {
			t.Errorf("%s: %+v %s", kind, view.Reading, view.Failed)
		}
		if again := Picture(context.Background(), input(t, b)); !bytes.Equal(again.Files[0].Bytes, view.Files[0].Bytes) {
			t.Errorf("%s: the preview differs", kind)
		}
	}
}

// A preview has no metadata: none of the words that a picture says of itself.
func TestPreviewsHoldNoMetadata(t *testing.T) {
	b := encoded(t, "image/jpeg", canvas(40, 20))
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x02\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x01\x3b\x00\x02\x00\x00\x00\x08\x00\x00\x00\x26\x00\x00\x00\x00Mallory\x00"
	seg := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	b = slices.Insert(b, 2, seg...)
	res := Read(context.Background(), input(t, b))
	if fact(res, "author") != "Mallory" || fact(res, "orientation") != "6" || !found(res, "author") {
		t.Fatalf("%+v %v", res.Reading, res.Record.Warnings)
	}
	view := Picture(context.Background(), input(t, b))
	if len(view.Files) != 1 || bytes.Contains(view.Files[0].Bytes, []byte("Mallory")) || bytes.Contains(view.Files[0].Bytes, []byte("Exif")) {
		t.Errorf("the preview says who made it")
	}
	if p := view.Reading.Pages[0]; p.Width != 20 || p.Height != 40 {
		t.Errorf("the preview is not upright: %+v", p)
	}
}

func TestPagesOfATIFFAreShownEach(t *testing.T) {
	b := tiffOf(grey{30, 20, 0}, grey{10, 40, 255}, grey{5, 5, 128})
	res := Read(context.Background(), input(t, b))
	if fact(res, "frames") != "3" || fact(res, "width") != "30" || len(res.Reading.Pages) != 3 {
		t.Fatalf("%+v", res.Reading)
	}
	view := Picture(context.Background(), input(t, b))
	if len(view.Files) != 3 || view.Files[1].Name != "p0002.png" || view.Reading.Pages[1].Height != 40 || view.Partly != "" {
		t.Fatalf("%+v %s %s", view.Reading.Pages, view.Partly, view.Failed)
	}
	img, err := png.Decode(bytes.NewReader(view.Files[0].Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(0, 0).RGBA(); r > 0x2000 {
		t.Errorf("the first page is not the black one: %d", r)
	}
}

func TestAListOfImagesThatLeadsInACircleEnds(t *testing.T) {
	b := tiffOf(grey{3, 3, 0})
	first := binary.LittleEndian.Uint32(b[4:])
	binary.LittleEndian.PutUint32(b[len(b)-4:], first)
	if s, err := measure(b, "image/tiff"); err != nil || s.Frames != 1 {
		t.Errorf("%+v %v", s, err)
	}
	many := make([]grey, MaxPages+3)
	for i := range many {
		many[i] = grey{2, 2, 9}
	}
	if res := Picture(context.Background(), input(t, tiffOf(many...))); len(res.Files) != MaxPages || !strings.Contains(res.Partly, "200 of 203") {
		t.Errorf("%d images, %q", len(res.Files), res.Partly)
	}
}

// A bomb says that it is huge; no pixel of it is decoded.
func TestPixelBombsAreNotDecoded(t *testing.T) {
	b := encoded(t, "image/png", canvas(4, 4))
	binary.BigEndian.PutUint32(b[16:], 60_000)
	binary.BigEndian.PutUint32(b[20:], 60_000)
	crc(b[12:33])
	res := Read(context.Background(), input(t, b))
	if fact(res, "width") != "60000" {
		t.Errorf("%+v", res.Reading.Facts)
	}
	if view := Picture(context.Background(), input(t, b)); !strings.Contains(view.Failed, "more pixels than are decoded: 60000 × 60000") {
		t.Errorf("%q", view.Failed)
	}
	// Below the limit of pixels and above that of this process: a program has it.
	binary.BigEndian.PutUint32(b[16:], 14_000)
	binary.BigEndian.PutUint32(b[20:], 14_000)
	crc(b[12:33])
	s := &source{in: input(t, b), b: b}
	if _, err := s.here(0); err == nil || !strings.Contains(err.Error(), errMemory.Error()) {
		t.Errorf("%v", err)
	}
}

// crc closes a chunk of a PNG: type, data and sum.
func crc(chunk []byte) {
	var sum uint32 = 0xffffffff
	for _, c := range chunk[:len(chunk)-4] {
		sum ^= uint32(c)
		for range 8 {
			sum = sum>>1 ^ 0xedb88320*(sum&1)
		}
	}
	binary.BigEndian.PutUint32(chunk[len(chunk)-4:], ^sum)
}

func TestBrokenPicturesAreKeptWithAWord(t *testing.T) {
	good := encoded(t, "image/png", canvas(50, 50))
	for name, b := range map[string][]byte{"cut": good[:60], "a header alone": good[:33], "a jpeg of nothing": {0xff, 0xd8, 0xff, 0xe0}} {
		res, view := Read(context.Background(), input(t, b)), Picture(context.Background(), input(t, b))
		if view.Failed == "" || len(view.Files) != 0 || res.Record.Kind != trove.Image {
			t.Errorf("%s: %+v %q", name, res.Record, view.Failed)
		}
	}
	in := input(t, good)
	in.Size = MaxSize + 1
	if res := Read(context.Background(), in); !strings.Contains(res.Failed, "larger than") {
		t.Errorf("%q", res.Failed)
	}
}

func TestBoxesPaintedOverAPictureAreFound(t *testing.T) {
	img := canvas(1000, 1000)
	draw.Draw(img, image.Rect(600, 600, 900, 640), image.Black, image.Point{}, draw.Src)
	res := Picture(context.Background(), input(t, encoded(t, "image/png", img)))
	f := res.Reading.Findings
	if len(f) != 1 || f[0].Code != "pixel-redaction" || f[0].Box == nil || f[0].Box.X != 600 || f[0].Box.W != 300 || f[0].Page != 1 {
		t.Errorf("%+v", f)
	}
}

func TestWithoutAProgramItIsSaidWhatToInstall(t *testing.T) {
	s := &source{in: &reader.Input{Request: reader.Request{Type: "image/heic"}}}
	s.lacks(tool.ErrAbsent, "libheif-examples")
	if got := s.refusal(tool.ErrAbsent); got != "pictures of type image/heic are not decoded: install libheif-examples" {
		t.Error(got)
	}
	if !Takes(trove.Image, "image/heic") || Takes(trove.Image, "image/svg+xml") || Takes(trove.Doc, "application/pdf") {
		t.Error("other things are taken")
	}
}

func TestOtherProgramsDecodeWhatGoDoesNot(t *testing.T) {
	if _, err := tool.Find("ffmpeg"); err != nil {
		material.Missing(t, "ffmpeg")
	}
	dir := t.TempDir()
	if err := tool.Put(dir, "in.png", bytes.NewReader(encoded(t, "image/png", canvas(64, 48)))); err != nil {
		t.Fatal(err)
	}
	if _, err := tool.Run(context.Background(), tool.Command{Name: "ffmpeg", Args: []string{"-v", "error", "-i", "in.png", "-c:v", "libopenjpeg", "out.jp2"}, Dir: dir}); err != nil {
		material.Missing(t, "an ffmpeg that makes JPEG 2000 ("+err.Error()+")")
	}
	b, err := os.ReadFile(dir + "/out.jp2")
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, b)
	if in.Type != "image/jp2" {
		t.Fatalf("%s", in.Type)
	}
	if res := Read(context.Background(), in); fact(res, "width") != "64" || fact(res, "height") != "48" {
		t.Errorf("%+v", res.Reading.Facts)
	}
	if res := Picture(context.Background(), in); len(res.Files) != 1 || res.Reading.Pages[0].Width != 64 {
		t.Errorf("%s", res.Failed)
	}
}

func FuzzSize(f *testing.F) {
	f.Add(tiffOf(grey{2, 3, 4}, grey{1, 1, 1}), uint8(0))
	f.Add([]byte("8BPS\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x05\x00\x00\x00\x06\x00\x08\x00\x03"), uint8(1))
	f.Add([]byte{0xff, 0x0a, 0xff, 0x07, 0, 0}, uint8(2))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"), uint8(3))
	types := []string{"image/tiff", "image/vnd.adobe.photoshop", "image/jxl", "image/gif", "image/webp", "image/jp2", "image/heic", "image/png", "image/jpeg", "image/bmp"}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		s, err := measure(b, types[int(kind)%len(types)])
		if s.Frames < 1 || s.Frames > MaxFrames || s.Width < 0 || s.Height < 0 || err == nil && s.Width*s.Height <= 0 || len(s.tiff) > MaxFrames {
			t.Errorf("%+v %v", s, err)
		}
		if len(s.tiff) > 0 {
			tiffAt(b, s.tiff[0])
		}
	})
}
