package site

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"unseal/archive"
	"unseal/trove"
)

// batchNames are the files of a batch that its address serves.
var batchNames = [...]string{archive.ManifestName, archive.SumsName, archive.ItemsName, archive.SegmentName}

// batchFiles are the files of a batch in its newest edition, with sizes.
func (s *site) batchFiles(c *collection, b *batch) ([]archive.FileSum, error) {
	m, err := c.src.Manifest(b.Number, b.Edition)
	if err != nil {
		return nil, err
	}
	files := make([]archive.FileSum, 0, len(batchNames))
	for _, name := range batchNames {
		f := archive.FileSum{Name: name}
		if i := slices.IndexFunc(m.Files, func(f archive.FileSum) bool { return f.Name == name }); i >= 0 {
			f = m.Files[i]
		} else {
			info, err := fs.Stat(s.folder, path.Join(archive.BatchDir(c.Name, b.Number, b.Edition), name))
			if err != nil {
				return nil, err
			}
			f.Size = info.Size()
		}
		if name == archive.ManifestName {
			f.SHA256 = b.Manifest
		}
		files = append(files, f)
	}
	return files, nil
}

// batchFile answers /c/mail/batch/23/manifest.json and its like.
func (s *site) batchFile(w http.ResponseWriter, r *http.Request, c *collection, b *batch, name string) error {
	if !slices.Contains(batchNames[:], name) {
		return missing("error.no-page")
	}
	sum := trove.Digest{}
	if name == archive.ManifestName {
		sum = b.Manifest
	}
	return s.sendFolderFile(w, r, path.Join(archive.BatchDir(c.Name, b.Number, b.Edition), name), sum)
}

// editionFile answers a file of a batch at the place where the archive has it,
// /c/mail/batch/0023/1/manifest.json. What the log does not name is not served,
// nor an edition that is superseded: a copy may still hold it.
func (s *site) editionFile(w http.ResponseWriter, r *http.Request, c *collection, number, rest string) error {
	ed, name, _ := strings.Cut(rest, "/")
	at := edition{parseNumber(strings.TrimLeft(number, "0")), parseNumber(ed)}
	dir := archive.BatchDir(c.Name, at.batch, at.edition)
	b := c.batch(at.batch)
	if b == nil || b.Edition != at.edition || !slices.Contains(batchNames[:], name) || r.URL.Path != "/"+dir+"/"+name {
		return missing("error.no-page")
	}
	return s.sendFolderFile(w, r, dir+"/"+name, trove.Digest{})
}

// archiveFile answers a file of the archive at its own path, so that a mirror
// can be made from the site.
func (s *site) archiveFile(w http.ResponseWriter, r *http.Request) error {
	return s.sendFolderFile(w, r, strings.TrimPrefix(r.URL.Path, "/"), trove.Digest{})
}

// folderTypes are the types of the archive's own files.
var folderTypes = map[string]string{".json": "application/json; charset=utf-8", ".zip": "application/zip", "": "text/plain; charset=utf-8"}

// sendFolderFile answers a file of the archive's folder as it stands, whole or
// by range. sum is its digest where that is known.
func (s *site) sendFolderFile(w http.ResponseWriter, r *http.Request, name string, sum trove.Digest) error {
	if !fs.ValidPath(name) {
		return missing("error.no-page")
	}
	f, err := s.folder.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return missing("error.no-page")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	seeker, ok := f.(io.ReadSeeker)
	if !ok || !info.Mode().IsRegular() {
		return missing("error.no-page")
	}
	h := w.Header()
	h["Content-Security-Policy"] = headerPolicyDownload
	base := path.Base(name)
	mediaType := folderTypes[path.Ext(base)]
	if mediaType == "" || strings.Contains(name, "/tile/") {
		mediaType = "application/octet-stream"
	}
	h.Set("Content-Type", mediaType)
	if ext := path.Ext(base); ext == ".zip" || ext == ".seg" {
		h.Set("Content-Disposition", `attachment; filename="`+base+`"`)
	}
	if !sum.IsZero() {
		h.Set("Etag", `"`+sum.String()+`"`)
	}
	http.ServeContent(w, r, base, time.Time{}, seeker)
	return nil
}
