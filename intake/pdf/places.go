package pdf

import (
	"bytes"
	"fmt"

	"unseal/intake/exif"
)

// Limits of the search for pictures that say where they were made.
const (
	maxPhotos  = 200
	photoBytes = 1 << 20 // of each that are looked at; what is wanted stands at its beginning
)

// places tells where the photographs in the document were made, if they say
// so. A JPEG lies in a PDF as it came from the camera.
func (v *visit) places() {
	b, start := v.d.whole, []byte{0xff, 0xd8, 0xff}
	for range maxPhotos {
		at := bytes.Index(b, start)
		if at < 0 {
			return
		}
		b = b[at:]
		head := b[:min(len(b), photoBytes)]
		if bytes.Contains(head[:min(len(head), 64<<10)], []byte("Exif\x00\x00")) {
			if f, _ := exif.Read(head, "image/jpeg"); f.Placed {
				v.find("gps", 0, fmt.Sprintf("a picture was made at %.6f, %.6f", f.Latitude, f.Longitude))
			}
		}
		b = b[len(start):]
	}
}
