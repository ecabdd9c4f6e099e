package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
)

// Size is how large a picture is, by its headers alone.
type Size struct {
	Width, Height int // of the first frame, as it is stored
	Frames        int
	bytes         int64 // that decoding the first frame takes; 0 where others decode it
	tiff          []uint32
}

// pages are the frames that are shown: those of a TIFF. Of what moves the first
// is shown.
func (s Size) pages() int {
	if len(s.tiff) > 0 {
		return len(s.tiff)
	}
	return 1
}

var errSize = errors.New("no size in the header")

// measure reads the size of a picture.
func measure(b []byte, mediaType string) (s Size, err error) {
	s.Frames = 1
	switch mediaType {
	case "image/jpeg":
		return fromConfig(jpeg.DecodeConfig, b, jpegCost(b))
	case "image/png", "image/vnd.mozilla.apng":
		return fromConfig(png.DecodeConfig, b, 8)
	case "image/gif":
		s, err = fromConfig(gif.DecodeConfig, b, 1)
		s.Frames = max(gifFrames(b), 1)
		return s, err
	case "image/bmp":
		return fromConfig(bmp.DecodeConfig, b, 4)
	case "image/webp":
		s, err = fromConfig(webp.DecodeConfig, b, 8)
		s.Frames = max(webpFrames(b), 1)
		return s, err
	case "image/tiff":
		return tiffSize(b)
	case "image/vnd.adobe.photoshop", "image/x-psd":
		return s.of(psdSize(b))
	case "image/jp2", "image/jpx", "image/jpm":
		return s.of(boxSize(b, "ihdr", 0, true))
	case "image/heic", "image/heif", "image/avif", "image/heic-sequence", "image/heif-sequence":
		return s.of(boxSize(b, "ispe", 4, false))
	case "image/jxl":
		return s.of(jxlSize(b))
	}
	return s, fmt.Errorf("%s is not known", mediaType)
}

func (s Size) of(w, h int) (Size, error) {
	if s.Width, s.Height = w, h; w <= 0 || h <= 0 {
		return Size{Frames: s.Frames}, errSize
	}
	return s, nil
}

// fromConfig measures with a decoder of this process, that takes so many bytes
// a pixel.
func fromConfig(decode func(io.Reader) (image.Config, error), b []byte, cost int64) (Size, error) {
	c, err := decode(bytes.NewReader(b))
	if err != nil {
		return Size{Frames: 1}, err
	}
	s, err := Size{Frames: 1}.of(c.Width, c.Height)
	s.bytes = int64(c.Width) * int64(c.Height) * cost
	return s, err
}

// jpegCost is more for a progressive JPEG, of which the decoder keeps all
// coefficients. ISO/IEC 10918-1, B.1.1.3: FF C2.
func jpegCost(b []byte) int64 {
	if bytes.Contains(b, []byte{0xff, 0xc2}) {
		return 16
	}
	return 4
}

// gifFrames counts the images of a GIF, without decoding them. GIF89a, appendix
// A: blocks of 21 (extension), 2C (image), 3B (end).
func gifFrames(b []byte) (n int) {
	if len(b) < 13 {
		return 0
	}
	at := 13 + gifColours(b[10])
	for at < len(b) && n < MaxFrames {
		switch b[at] {
		case 0x2c:
			if at+10 > len(b) {
				return n
			}
			n++
			at += 11 + gifColours(b[at+9])
		case 0x21:
			at += 2
		default:
			return n
		}
		for at < len(b) && b[at] != 0 {
			at += 1 + int(b[at])
		}
		at++
	}
	return n
}

// gifColours is the length of a table of colours, by the byte that tells of it.
func gifColours(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// webpFrames counts the frames of an animation: the chunks ANMF of the RIFF.
func webpFrames(b []byte) (n int) {
	for at := 12; at+8 <= len(b) && n < MaxFrames; {
		if string(b[at:at+4]) == "ANMF" {
			n++
		}
		size := int64(binary.LittleEndian.Uint32(b[at+4:]))
		if size > int64(len(b)) {
			break
		}
		at += 8 + int(size+size&1)
	}
	return n
}

// psdSize reads the header of Photoshop's format: "8BPS", version, six bytes,
// channels, height, width.
func psdSize(b []byte) (w, h int) {
	if len(b) < 26 || string(b[:4]) != "8BPS" {
		return 0, 0
	}
	return clamp(binary.BigEndian.Uint32(b[18:])), clamp(binary.BigEndian.Uint32(b[14:]))
}

// boxSize reads the largest size that a box of a name holds, as JPEG 2000 (ihdr,
// the height first) and HEIF (ispe, after four bytes of version and flags) keep
// it. It searches for the name, since the boxes lie in others.
func boxSize(b []byte, name string, skip int, heightFirst bool) (w, h int) {
	for range MaxFrames {
		at := bytes.Index(b, []byte(name))
		if at < 0 {
			return w, h
		}
		if b = b[at+len(name):]; len(b) < skip+8 {
			return w, h
		}
		x, y := clamp(binary.BigEndian.Uint32(b[skip:])), clamp(binary.BigEndian.Uint32(b[skip+4:]))
		if heightFirst {
			x, y = y, x
		}
		if int64(x)*int64(y) > int64(w)*int64(h) {
			w, h = x, y
		}
	}
	return w, h
}

func clamp(v uint32) int { return int(min(v, 1<<30)) }

// jxlSize reads the header of a JPEG XL codestream, ISO/IEC 18181-1, annex D:
// FF 0A and the bits of SizeHeader, bare or in a box.
func jxlSize(b []byte) (w, h int) {
	if bytes.HasPrefix(b, []byte{0, 0, 0, 12, 'J', 'X', 'L', ' '}) {
		at := bytes.Index(b, []byte("jxlc"))
		if p := bytes.Index(b, []byte("jxlp")); at < 0 && p >= 0 {
			at = p + 4
		}
		if at < 0 || at+4 > len(b) {
			return 0, 0
		}
		b = b[at+4:]
	}
	if !bytes.HasPrefix(b, []byte{0xff, 0x0a}) {
		return 0, 0
	}
	r := bits{b: b[2:]}
	small := r.take(1) == 1
	h = r.side(small)
	ratio := r.take(3)
	if ratio == 0 {
		return r.side(small), h
	}
	part := [8][2]int{1: {1, 1}, 2: {12, 10}, 3: {4, 3}, 4: {3, 2}, 5: {16, 9}, 6: {5, 4}, 7: {2, 1}}[ratio]
	return h * part[0] / part[1], h
}

// bits are read from the lowest of each byte on.
type bits struct {
	b  []byte
	at int
}

func (r *bits) take(n int) (v int) {
	for i := range n {
		if r.at/8 < len(r.b) {
			v |= int(r.b[r.at/8]>>(r.at%8)&1) << i
		}
		r.at++
	}
	return v
}

// side is one side of a picture.
func (r *bits) side(small bool) int {
	if small {
		return (r.take(5) + 1) * 8
	}
	return r.take([4]int{9, 13, 18, 30}[r.take(2)]) + 1
}
