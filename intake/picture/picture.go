// Package picture reads pictures: what they say of themselves, how large they
// are, a preview, and the text in them. Their sizes are known before a pixel is
// decoded. Common forms are decoded in this process, others by ffmpeg or
// libheif's heif-convert; without these programs a picture is read partly.
//
// A preview holds pixels and nothing else, the right way up.
package picture

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"unseal/intake/exif"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// Limits of one picture.
const (
	MaxSize   = 256 << 20   // bytes
	MaxPixels = 200_000_000 // of one frame
	MaxFrames = 5000        // that are counted
)

// Takes says whether files of a kind and media type are read: all pictures made
// of pixels.
func Takes(_ trove.Kind, mediaType string) bool {
	return strings.HasPrefix(mediaType, "image/") && mediaType != "image/svg+xml"
}

// Read makes record, text and reading of a picture. Its text is what the
// picture says of itself; the text that is to be seen in it comes from OCR.
func Read(_ context.Context, in *reader.Input) (res reader.Result) {
	res.Record.Kind = trove.Image
	b, err := in.Bytes(MaxSize)
	if err != nil {
		res.Failed = err.Error()
		res.Warn("unread", "%s", err)
		return res
	}
	f, err := facts(b, in.Type)
	if err != nil {
		res.Warn("metadata", "not all that the picture says of itself could be read: %v", err)
	}
	size, err := measure(b, in.Type)
	if err != nil && f.Width > 0 {
		size, err = Size{Width: f.Width, Height: f.Height, Frames: 1}, nil
	}
	if err != nil {
		res.Partly = "the size of the picture is not known: " + err.Error()
		res.Warn("unread", "%s", res.Partly)
	}
	tell(&res, f, size)
	return res
}

func facts(b []byte, mediaType string) (exif.Facts, error) {
	if !exif.Known(mediaType) {
		return exif.Facts{}, nil
	}
	return exif.Read(b, mediaType)
}

// tell writes the facts down.
func tell(res *reader.Result, f exif.Facts, size Size) {
	rec := &res.Record
	rec.Subject = f.Title
	res.Fact("title", f.Title)
	res.Fact("subject", f.Description)
	res.Fact("keywords", f.Keywords)
	if res.Fact("author", f.Author); f.Author != "" {
		res.Find("author", "%s", f.Author)
	}
	res.Fact("taken", f.Taken)
	rec.Date, rec.DateOffset = date(f.Taken)
	res.Fact("camera", f.Camera)
	res.Fact("software", f.Software)
	if f.Orientation > 0 {
		res.Fact("orientation", strconv.Itoa(f.Orientation))
	}
	if f.Placed {
		place := fmt.Sprintf("%.6f, %.6f", f.Latitude, f.Longitude)
		res.Fact("gps", place)
		res.Find("gps", "made at %s", place)
	}
	if size.Width > 0 {
		res.Fact("width", strconv.Itoa(size.Width))
		res.Fact("height", strconv.Itoa(size.Height))
		res.Fact("frames", strconv.Itoa(size.Frames))
	}
	res.Text = strings.TrimSpace(strings.Join([]string{f.Title, f.Description, f.Keywords}, "\n"))
	for i := range size.pages() {
		res.Reading.Pages = append(res.Reading.Pages, reading.Page{Number: i + 1})
	}
}

// date is the day on which a picture was taken, in UTC where it has no zone.
func date(taken string) (time.Time, int) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, taken); err == nil {
			_, offset := t.Zone()
			return t.UTC(), offset / 60
		}
	}
	return time.Time{}, 0
}
