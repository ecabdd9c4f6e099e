package site

import (
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"unseal/mime/body"
	"unseal/trove"
)

// knownTypes are the media types that a download may carry, by file name
// extension. Whatever is not here, and everything that a browser would run
// (html, svg, xml, script), goes out as bytes.
var knownTypes = map[string]string{
	".txt": "text/plain; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".log": "text/plain; charset=utf-8",
	".ics": "text/calendar; charset=utf-8", ".vcf": "text/vcard; charset=utf-8", ".eml": "message/rfc822",
	".pdf": "application/pdf", ".rtf": "application/rtf", ".zip": "application/zip", ".gz": "application/gzip",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".tif": "image/tiff", ".tiff": "image/tiff", ".bmp": "image/bmp",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".m4a": "audio/mp4", ".mp4": "video/mp4",
}

// activeExtensions mark files that can carry programs, forms or links that
// call home.
var activeExtensions = map[string]bool{
	".pdf": true, ".rtf": true, ".doc": true, ".docx": true, ".docm": true, ".dot": true, ".xls": true, ".xlsx": true, ".xlsm": true,
	".ppt": true, ".pptx": true, ".pptm": true, ".odt": true, ".ods": true, ".odp": true, ".htm": true, ".html": true, ".xhtml": true,
	".shtml": true, ".mht": true, ".svg": true, ".xml": true, ".js": true, ".vbs": true, ".exe": true, ".scr": true, ".bat": true,
	".cmd": true, ".com": true, ".ps1": true, ".jar": true, ".lnk": true, ".iso": true, ".img": true, ".hta": true, ".msi": true,
	".zip": true, ".rar": true, ".7z": true, ".gz": true, ".tar": true, ".eml": true, ".msg": true, ".one": true, ".chm": true,
}

// risky reports whether readers are warned of a file's active content.
func risky(name, mediaType string) bool {
	switch mediaType {
	case "text/html", "application/pdf", "application/javascript", "text/javascript", "image/svg+xml", "application/x-msdownload":
		return true
	}
	return activeExtensions[extension(name)]
}

// extension is the lower-case extension of a file name, with its dot.
func extension(name string) string { return strings.ToLower(path.Ext(name)) }

// typeFor is the type that a file of that name goes out as.
func typeFor(name string) string {
	if t := knownTypes[extension(name)]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// maxFileName keeps a suggested name within what file systems take.
const maxFileName = 120

// fileName is the name suggested for saving: no path, no hidden characters,
// no control characters, and never a name that begins with a dot.
func fileName(name, otherwise string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	clean := strings.Map(func(r rune) rune {
		switch {
		case r < 0x20, r == 0x7f, r == utf8.RuneError, strings.ContainsRune(`"<>:|?*%`, r):
			return '_'
		}
		return r
	}, string(appendEscaped(nil, name, inPlain)))
	clean = strings.TrimLeft(clean, ". ")
	if ext := path.Ext(clean); len(clean) > maxFileName {
		if len(ext) > 10 {
			ext = ""
		}
		clean = cutBytes(clean, maxFileName-len(ext)) + ext
	}
	if clean == "" {
		return otherwise
	}
	return clean
}

// sendFile answers with bytes of the archive as a download that no browser
// shows or runs.
func sendFile(w http.ResponseWriter, r *http.Request, name, mediaType string, b []byte) {
	h := w.Header()
	h["Content-Security-Policy"] = headerPolicyDownload
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	send(w, r, http.StatusOK, []string{mediaType}, b)
}

// itemFile answers 5205.eml, or the exact bytes of an item of another kind as
// 17.bin, and with the ending that it had.
func (s *site) itemFile(w http.ResponseWriter, r *http.Request, it *item, suffix string) error {
	b, err := it.bytes()
	if err != nil {
		return err
	}
	sendFile(w, r, it.fileBase()+suffix, typeFor(suffix), b)
	return nil
}

// itemText answers 5205.txt: the text as searched; of a recording what was
// heard, of a chain its messages.
func (s *site) itemText(w http.ResponseWriter, r *http.Request, it *item) error {
	text := it.plainForm()
	if text == "" {
		return missing("error.no-text")
	}
	send(w, r, http.StatusOK, headerText, []byte(text))
	return nil
}

// itemAttachment answers attachment k, decoded.
func (s *site) itemAttachment(w http.ResponseWriter, r *http.Request, it *item, k int) error {
	if k < 1 || k > len(it.files) {
		return missing("error.no-attachment", count(len(it.files)))
	}
	if !hasBytes(&it.files[k-1]) {
		return missing("error.not-apart")
	}
	raw, err := it.bytes()
	if err != nil {
		return err
	}
	part := it.files[k-1]
	b, err := body.DecodePart(raw, part)
	if err != nil {
		return err
	}
	name := fileName(part.Name, string(it.coll.Name)+"-"+strconv.Itoa(it.number)+"-"+strconv.Itoa(k))
	if part.Role == trove.RoleMessage && extension(name) != ".eml" {
		name += ".eml"
	}
	sendFile(w, r, name, typeFor(name), b)
	return nil
}

// itemProof answers 5205.proof: what a reader takes home.
func (s *site) itemProof(w http.ResponseWriter, r *http.Request, it *item) error {
	b, err := s.archive.Proof(it.coll.Name, it.number)
	if err != nil {
		return err
	}
	sendFile(w, r, string(it.coll.Name)+"-"+strconv.Itoa(it.number)+".proof", "text/plain; charset=utf-8", b)
	return nil
}
