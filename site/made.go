package site

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"unseal/archive"
	"unseal/reading"
)

// madeTypes are the media types of made files, by extension of their names,
// whatever an archive calls them. A browser may show or play these; anything
// else goes out as bytes to save.
var madeTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
	".mp3": "audio/mpeg", ".opus": "audio/ogg", ".ogg": "audio/ogg", ".m4a": "audio/mp4", ".wav": "audio/wav",
}

// plays reports whether a browser plays a made file of that name.
func plays(name string) bool { return strings.HasPrefix(madeTypes[extension(name)], "audio/") }

// shows reports whether a browser shows a made file of that name.
func shows(name string) bool { return strings.HasPrefix(madeTypes[extension(name)], "image/") }

// madeOf is the file of that name made of the item, or nil.
func (it *item) madeOf(name string) *archive.Made {
	for i := range it.rec.Made {
		if it.rec.Made[i].Name == name {
			return &it.rec.Made[i]
		}
	}
	return nil
}

// maxReading bounds the document that says what was read of an item.
const maxReading = 64 << 20

// loadReading reads what was read of the item, where something was.
func (it *item) loadReading() error {
	f := it.madeOf(reading.Name)
	if f == nil || f.Size > maxReading {
		return nil
	}
	b, err := it.coll.src.Made(it.number, reading.Name)
	if err != nil {
		return err
	}
	if err := it.parseReading(b); err != nil {
		return fmt.Errorf("%s of %s no. %d: %w", reading.Name, it.coll.Name, it.number, err)
	}
	return nil
}

// parseReading takes b as what was read of the item.
func (it *item) parseReading(b []byte) error {
	var r reading.Reading
	if err := json.Unmarshal(b, &r); err != nil {
		return err
	}
	it.read = &r
	it.tidy(&r)
	return nil
}

// tidy takes out of a reading what the archive does not hold, so that no page
// leads nowhere.
func (it *item) tidy(r *reading.Reading) {
	r.Pages = slices.DeleteFunc(r.Pages, func(p reading.Page) bool { return p.Number < 1 })
	slices.SortStableFunc(r.Pages, func(a, b reading.Page) int { return a.Number - b.Number })
	r.Pages = slices.CompactFunc(r.Pages, func(a, b reading.Page) bool { return a.Number == b.Number })
	for i := range r.Pages {
		if p := &r.Pages[i]; it.madeOf(p.Image) == nil || !shows(p.Image) {
			p.Image, p.Width, p.Height = "", 0, 0
		}
	}
	if r.Sound != nil {
		r.Sound.Play = slices.DeleteFunc(r.Sound.Play, func(name string) bool { return it.madeOf(name) == nil || !plays(name) })
	}
	for i := range r.Files {
		it.tidy(&r.Files[i].Reading)
	}
}

// madePath is the address of a made file, from the root. Sound has a short one
// as well, 17.mp3, which the first of its kind answers to.
func (it *item) madePath(name string) string {
	path := itemPath(it.coll.Name, it.number)
	if it.playing(extension(name)) == name {
		return path + extension(name)
	}
	return path + "/made/" + pathEscape(name)
}

// playing is the first sound of the item whose name has that extension.
func (it *item) playing(ext string) string {
	if it.read == nil || it.read.Sound == nil {
		return ""
	}
	for _, name := range it.read.Sound.Play {
		if extension(name) == ext {
			return name
		}
	}
	return ""
}

// itemMade answers a file made of the item, whole or by range.
func (s *site) itemMade(w http.ResponseWriter, r *http.Request, it *item, name string) error {
	if it.madeOf(name) == nil {
		return missing("error.no-page")
	}
	f, err := it.coll.src.OpenMade(it.number, name)
	if err != nil {
		return err
	}
	h := w.Header()
	how, mediaType := "inline", madeTypes[extension(name)]
	if mediaType == "" { // else the policy of pages holds: a sandboxed document has no origin and could not load its own sound
		how, mediaType = "attachment", typeFor(name)
		h["Content-Security-Policy"] = headerPolicyDownload
	}
	h.Set("Etag", `"`+f.SHA256.String()+`"`)
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": it.fileBase() + "-" + fileName(name, "file")}))
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(f, 0, f.Size))
	return nil
}
