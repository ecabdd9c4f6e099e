// Package exif reads what a picture says of itself, in EXIF, IPTC and XMP: where
// it was made, when, with what and by whom, and which side is up. It reads no
// pixels.
package exif

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bep/imagemeta"
)

// Limits of one picture.
const (
	maxTags    = 5000
	maxTag     = 64 << 10
	maxValue   = 1000 // bytes of a value that is kept
	decodeTime = 10 * time.Second
)

// Facts are what a picture says of itself; a zero value says nothing.
type Facts struct {
	Orientation         int // 1 to 8, CIPA DC-008; 0 if it is not said
	Placed              bool
	Latitude, Longitude float64 // degrees, north and east
	Taken               string  // date and time, with a zone only where the picture has one
	Camera              string
	Software            string
	Author              string
	Title               string
	Description         string
	Keywords            string
	Width, Height       int // as the decoder of metadata sees it; 0 if it does not
}

// formats are the media types that are read.
var formats = map[string]imagemeta.ImageFormat{
	"image/jpeg": imagemeta.JPEG, "image/tiff": imagemeta.TIFF, "image/png": imagemeta.PNG, "image/webp": imagemeta.WebP,
	"image/heic": imagemeta.HEIF, "image/heif": imagemeta.HEIF, "image/avif": imagemeta.AVIF,
}

// Known says that pictures of a media type are read.
func Known(mediaType string) bool { return formats[mediaType] != 0 }

// Read reads the facts of a picture of a known media type. What is broken ends
// it: the facts before are returned together with the error.
func Read(b []byte, mediaType string) (f Facts, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("metadata of a picture: %v", p)
		}
	}()
	var tags imagemeta.Tags
	conf, err := imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(b), ImageFormat: formats[mediaType],
		Sources:         imagemeta.EXIF | imagemeta.IPTC | imagemeta.XMP | imagemeta.CONFIG,
		ShouldHandleTag: wanted,
		HandleTag: func(t imagemeta.TagInfo) error {
			if !tags.Has(t) {
				tags.Add(t)
			}
			return nil
		},
		Warnf: func(string, ...any) {}, Timeout: decodeTime, LimitNumTags: maxTags, LimitTagSize: maxTag,
	})
	f = facts(&tags)
	f.Width, f.Height = conf.ImageConfig.Width, conf.ImageConfig.Height
	return f, err
}

// wanted leaves out the thumbnail's tags and those of interoperability, whose
// numbers the decoder takes for the ones of a place.
func wanted(t imagemeta.TagInfo) bool {
	return !strings.HasPrefix(t.Namespace, "IFD1") && !strings.HasSuffix(t.Namespace, "InteroperabilityIFD")
}

// facts chooses among the tags: EXIF before IPTC before XMP.
func facts(tags *imagemeta.Tags) (f Facts) {
	first := func(names ...string) string {
		for _, source := range []map[string]imagemeta.TagInfo{tags.EXIF(), tags.IPTC(), tags.XMP()} {
			for _, n := range names {
				if v := text(source[n].Value); v != "" {
					return v
				}
			}
		}
		return ""
	}
	f.Orientation = orientation(tags)
	if lat, long, err := tags.GetLatLong(); err == nil {
		f.place(lat, long)
	}
	f.Taken = taken(first("DateTimeOriginal", "DateTime", "ModifyDate", "CreateDate", "DateCreated"), first("OffsetTimeOriginal", "OffsetTime"))
	f.Camera = camera(first("Make"), first("Model"))
	f.Software = first("Software", "CreatorTool")
	f.Author = first("Artist", "By-line", "Byline", "Creator", "creator")
	f.Title = first("DocumentName", "ObjectName", "Headline", "Title", "title")
	f.Description = first("ImageDescription", "Caption-Abstract", "Description", "description")
	f.Keywords = first("XPKeywords", "Keywords", "subject", "Subject")
	return f
}

// place takes a place that can be one. Cameras without a fix write 0, 0.
func (f *Facts) place(lat, long float64) {
	if math.Abs(lat) <= 90 && math.Abs(long) <= 180 && (lat != 0 || long != 0) {
		f.Placed, f.Latitude, f.Longitude = true, lat, long
	}
}

func orientation(tags *imagemeta.Tags) int {
	for _, source := range []map[string]imagemeta.TagInfo{tags.EXIF(), tags.XMP()} {
		var n int
		if t, ok := source["Orientation"]; ok {
			if _, err := fmt.Sscan(fmt.Sprint(t.Value), &n); err == nil && n >= 1 && n <= 8 {
				return n
			}
		}
	}
	return 0
}

// camera joins maker and model, unless the model names the maker.
func camera(maker, model string) string {
	if strings.HasPrefix(strings.ToLower(model), strings.ToLower(maker)) {
		return model
	}
	return strings.TrimSpace(maker + " " + model)
}

var (
	moment = regexp.MustCompile(`^(\d{4})[:-](\d\d)[:-](\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?(?:\.\d+)?(Z|[+-]\d\d:\d\d)?`)
	zone   = regexp.MustCompile(`^(Z|[+-]\d\d:\d\d)$`)
)

// taken is a moment as 2006-01-02T15:04:05, with a zone where there is one;
// empty if the value is no moment, such as 0000:00:00.
func taken(value, offset string) string {
	m := moment.FindStringSubmatch(value)
	if m == nil {
		return ""
	}
	s := m[1] + "-" + m[2] + "-" + m[3]
	if _, err := time.Parse(time.DateOnly, s); err != nil || m[1] < "1800" {
		return ""
	}
	if m[4] == "" {
		return s
	}
	if s += "T" + m[4]; m[5] == "" && zone.MatchString(offset) {
		m[5] = offset
	}
	return s + m[5]
}

// text is a value in one line, cut.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []string:
		return text(strings.Join(v, ", "))
	case string:
		v = strings.ToValidUTF8(strings.Trim(v, "\x00 "), "\uFFFD")
		v = strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f && r <= 0xa0 }), " ")
		for len(v) > maxValue || !utf8.ValidString(v) {
			v = v[:min(len(v)-1, maxValue)]
		}
		return v
	default:
		return text(fmt.Sprint(v))
	}
}
