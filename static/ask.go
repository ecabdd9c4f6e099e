package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// heldMost is how much of an answer is held in memory; a longer file goes to
// the disk while it is answered.
const heldMost = 4 << 20

// answer takes what the site answers to one request. Use one per request.
type answer struct {
	folder *folder
	header http.Header
	status int
	held   bytes.Buffer
	long   *temp // of an answer longer than heldMost
	err    error // of writing it
}

// ask asks the site for one address. done must be called on the answer.
func ask(ctx context.Context, method string, h http.Handler, f *folder, at address) *answer {
	a := &answer{folder: f, header: http.Header{}}
	u := &url.URL{Path: "/" + at.path, RawQuery: at.query}
	r := &http.Request{Method: method, URL: u, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RequestURI: u.RequestURI()}
	h.ServeHTTP(a, r.WithContext(ctx))
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.long == nil && (a.isPage() || a.held.Len()+len(b) <= heldMost) {
		return a.held.Write(b)
	}
	if a.err == nil {
		a.err = a.spill(b)
	}
	return len(b), a.err
}

func (a *answer) spill(b []byte) (err error) {
	if a.long == nil {
		if a.long, err = a.folder.temp(); err != nil {
			return err
		}
		if _, err = a.long.file.Write(a.held.Bytes()); err != nil {
			return err
		}
		a.held = bytes.Buffer{}
	}
	_, err = a.long.file.Write(b)
	return err
}

// isPage reports whether the answer is a page to read, and no file to save.
func (a *answer) isPage() bool {
	return strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && a.save() == ""
}

// save is the name under which the site has a browser save the answer.
func (a *answer) save() string {
	how, params, err := mime.ParseMediaType(a.header.Get("Content-Disposition"))
	if err != nil || how != "attachment" {
		return ""
	}
	return params["filename"]
}

// keep gives the answer its name in the folder and returns its size.
func (a *answer) keep(name string) (int64, error) {
	if a.err != nil {
		return 0, a.err
	}
	if a.long != nil {
		t := a.long
		a.long = nil
		return t.keep(name)
	}
	return int64(a.held.Len()), a.folder.write(name, a.held.Bytes())
}

// done lets go of what was not kept.
func (a *answer) done() error {
	if a.long == nil {
		return nil
	}
	return a.long.drop()
}

// harmless are the endings that no browser runs when it gets a file of a folder
// without headers, on any host and from disk. A file with another is named .bin.
var harmless = func() map[string]bool {
	m := map[string]bool{}
	for _, ext := range strings.Fields(".txt .csv .ics .vcf .eml .pdf .rtf .zip .gz .doc .docx .xls .xlsx .ppt .pptx .odt .ods" +
		" .png .jpg .jpeg .gif .webp .tif .tiff .bmp .mp3 .wav .ogg .opus .m4a .mp4 .vtt .srt" +
		" .json .ndjson .atom .proof .tlog-proof .signed .body .bin") {
		m[ext] = true
	}
	return m
}()

// answerFile is the file of an answer that is no page. What lies at the root is
// the site's own and keeps its name.
func answerFile(at address, save string) string {
	name := segments(at.path)
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index"
	}
	ext := path.Ext(name)
	if !strings.Contains(at.path, "/") || harmless[ext] {
		return name
	}
	end := strings.ToLower(path.Ext(save))
	switch {
	case ext == "" && end == ".txt":
		return name + "-file.txt" // name.txt is the text that was read of it
	case ext == "" && harmless[end]:
		return name + end
	}
	return name + ".bin"
}

// errAnswer says that the site did not answer as it should.
var errAnswer = errors.New("not answered")

// check returns why an answer that should be there is none.
func (a *answer) check(ctx context.Context, at address) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.status >= http.StatusInternalServerError {
		return fmt.Errorf("/%s: %w: status %d", at.path, errAnswer, a.status)
	}
	return a.err
}
