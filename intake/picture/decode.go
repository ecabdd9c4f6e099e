package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strconv"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"unseal/intake/raster"
	"unseal/intake/reader"
	"unseal/intake/tool"
)

// Limits of what a program decodes.
const (
	maxSide    = 4000     // pixels, to which it makes a picture smaller
	maxDecoded = 64 << 20 // bytes that it writes
)

var (
	errPixels = errors.New("more pixels than are decoded")
	errMemory = errors.New("too large to be decoded in this process")
)

// source is a picture that is to be decoded.
type source struct {
	in          *reader.Input
	b           []byte
	size        Size
	orientation int
	missing     []string // programs
	written     bool     // for programs
}

// open reads the file and its headers.
func open(in *reader.Input) (*source, error) {
	b, err := in.Bytes(MaxSize)
	if err != nil {
		return nil, err
	}
	s := &source{in: in, b: b}
	if s.size, err = measure(b, in.Type); err != nil {
		s.size = Size{Frames: 1}
	}
	if int64(s.size.Width)*int64(s.size.Height) > MaxPixels {
		return nil, fmt.Errorf("%w: %d × %d", errPixels, s.size.Width, s.size.Height)
	}
	f, _ := facts(b, in.Type)
	s.orientation = f.Orientation
	return s, nil
}

// frame decodes a frame, from 0, not larger than maxSide, the right way up.
func (s *source) frame(ctx context.Context, n int) (*image.RGBA, error) {
	img, err := s.here(n)
	if err == nil {
		return raster.Upright(raster.Fit(img, maxSide, maxSide), s.orientation), nil
	}
	out, turned, there := s.elsewhere(ctx, n)
	if there != nil {
		return nil, errors.Join(err, there)
	}
	small := raster.Fit(out, maxSide, maxSide)
	if turned {
		return small, nil
	}
	return raster.Upright(small, s.orientation), nil
}

// here decodes in this process.
func (s *source) here(n int) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder gave up: %v", p)
		}
	}()
	var decode func(io.Reader) (image.Image, error)
	b := s.b
	switch s.in.Type {
	case "image/jpeg":
		decode = jpeg.Decode
	case "image/png", "image/vnd.mozilla.apng":
		decode = png.Decode
	case "image/gif":
		decode = gif.Decode
	case "image/bmp":
		decode = bmp.Decode
	case "image/webp":
		decode = webp.Decode
	case "image/tiff":
		decode = tiff.Decode
		if n < len(s.size.tiff) {
			b = tiffAt(b, s.size.tiff[n])
		}
	default:
		return nil, fmt.Errorf("%s is decoded by other programs", s.in.Type)
	}
	if err := affordable(b, s.in.Type); err != nil {
		return nil, err
	}
	return decode(bytes.NewReader(b))
}

// affordable says whether the first frame can be decoded in memory. Each frame
// of a TIFF has a size of its own.
func affordable(b []byte, mediaType string) error {
	s, err := measure(b, mediaType)
	if err != nil {
		return err
	}
	if s.bytes > raster.MaxBytes {
		return fmt.Errorf("%w: %d × %d", errMemory, s.Width, s.Height)
	}
	return nil
}

// elsewhere has a program decode; turned says that it turned the picture the
// right way up.
func (s *source) elsewhere(ctx context.Context, n int) (img image.Image, turned bool, err error) {
	switch s.in.Type {
	case "image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence", "image/avif":
		img, err = s.heif(ctx)
		return img, true, err
	}
	name, ok := decoders[s.in.Type]
	if !ok {
		return nil, false, fmt.Errorf("no program decodes %s", s.in.Type)
	}
	if err := s.put(name); err != nil {
		return nil, false, err
	}
	img, err = s.ffmpeg(ctx, name, n)
	return img, s.in.Type == "image/jxl", err
}

// decoders are the names under which ffmpeg gets pictures; by the ending it
// chooses the decoder, and it is not asked to guess.
var decoders = map[string]string{
	"image/tiff": "in.tiff", "image/webp": "in.webp", "image/jpeg": "in.jpg", "image/png": "in.png", "image/bmp": "in.bmp",
	"image/jp2": "in.jp2", "image/jpx": "in.jp2", "image/jxl": "in.jxl",
	"image/vnd.adobe.photoshop": "in.psd", "image/x-psd": "in.psd",
}

// put writes the file where a program finds it, once.
func (s *source) put(name string) error {
	if s.written {
		return nil
	}
	s.written = true
	return tool.Put(s.in.Dir, name, bytes.NewReader(s.b))
}

func (s *source) ffmpeg(ctx context.Context, name string, n int) (image.Image, error) {
	args := []string{"-v", "error", "-nostdin", "-threads", "1", "-noautorotate", "-max_pixels", strconv.Itoa(MaxPixels),
		"-protocol_whitelist", "file,pipe", "-f", "image2", "-pattern_type", "none"}
	switch s.in.Type {
	case "image/tiff":
		args = append(args, "-page", strconv.Itoa(n+1))
	case "image/jp2", "image/jpx": // ffmpeg's own decoder does not find the picture in all of them
		args = append(args, "-c:v", "libopenjpeg")
	}
	args = append(args, "-i", name, "-frames:v", "1", "-vf", fmt.Sprintf("scale=w='min(%d,iw)':h='min(%d,ih)':force_original_aspect_ratio=decrease", maxSide, maxSide),
		"-threads", "1", "-f", "image2pipe", "-c:v", "png", "pipe:1")
	out, err := tool.Run(ctx, tool.Command{Name: "ffmpeg", Args: args, Dir: s.in.Dir, Max: maxDecoded})
	if err != nil {
		s.lacks(err, "ffmpeg")
		return nil, err
	}
	if len(out) == 0 {
		return nil, errors.New("ffmpeg made no picture of it")
	}
	return png.Decode(bytes.NewReader(out))
}

// heif has libheif decode, which turns pictures by what their boxes say.
func (s *source) heif(ctx context.Context) (image.Image, error) {
	if err := s.put("in.heic"); err != nil {
		return nil, err
	}
	_, err := tool.Run(ctx, tool.Command{Name: "heif-convert", Args: []string{"--quiet", "-q", "95", "in.heic", "out.jpg"}, Dir: s.in.Dir})
	if err != nil {
		s.lacks(err, "libheif-examples")
		return nil, err
	}
	out, err := tool.Get(s.in.Dir, "out.jpg", maxDecoded)
	if err != nil {
		out, err = tool.Get(s.in.Dir, "out-1.jpg", maxDecoded) // of several pictures
	}
	if err != nil {
		return nil, err
	}
	if err := affordable(out, "image/jpeg"); err != nil {
		return nil, err
	}
	return jpeg.Decode(bytes.NewReader(out))
}

func (s *source) lacks(err error, what string) {
	if errors.Is(err, tool.ErrAbsent) {
		s.missing = append(s.missing, what)
	}
}

// refusal says why no frame could be decoded.
func (s *source) refusal(err error) string {
	if len(s.missing) > 0 {
		return fmt.Sprintf("pictures of type %s are not decoded: install %s", s.in.Type, strings.Join(s.missing, ", "))
	}
	lines := strings.Split(err.Error(), "\n")
	return "the picture could not be decoded: " + lines[len(lines)-1]
}
