package site

import (
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
)

// castagnoli is the second of the two checksums in an ETag.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tag names the content of an answer: its length and two different checksums.
// It tells versions of a page apart and proves nothing.
func tag(b []byte) string {
	var buf [48]byte
	t := append(buf[:0], `W/"`...)
	t = strconv.AppendInt(t, int64(len(b)), 36)
	t = append(t, '-')
	t = strconv.AppendUint(t, uint64(crc32.ChecksumIEEE(b)), 36)
	t = append(t, '-')
	t = strconv.AppendUint(t, uint64(crc32.Checksum(b, castagnoli)), 36)
	return string(append(t, '"'))
}

// send answers with body, or with 304 where the reader has it already.
func send(w http.ResponseWriter, r *http.Request, status int, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType
	if status == http.StatusOK {
		etag := tag(body)
		h["Etag"] = []string{etag}
		if matches(r.Header.Get("If-None-Match"), etag) {
			delete(h, "Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone away; nobody is left to tell
	}
}

// matches reports whether the If-None-Match field names etag (RFC 9110
// section 13.1.2, weak comparison).
func matches(field, etag string) bool {
	if field == "" {
		return false
	}
	for t := range strings.SplitSeq(field, ",") {
		t = strings.TrimSpace(t)
		if strings.TrimPrefix(t, "W/") == strings.TrimPrefix(etag, "W/") || t == "*" {
			return true
		}
	}
	return false
}

// sendPage answers with the page and gives it back.
func sendPage(w http.ResponseWriter, r *http.Request, status int, p *page) {
	send(w, r, status, headerHTML, p.b)
	p.free()
}

// sendJSON answers with v as JSON and a line end.
func sendJSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	send(w, r, status, headerJSON, append(b, '\n'))
	return nil
}

// fault is an error that a reader may see: the status and the words for it.
type fault struct {
	status int
	w      word // the sentence; the title is that of the status
	args   []arg
}

func (f *fault) Error() string { return strconv.Itoa(f.status) + " " + string(f.w) }

// missing is the answer where nothing stands.
func missing(w word, args ...arg) error { return &fault{http.StatusNotFound, w, args} }

// badRequest is the answer to what cannot be understood.
func badRequest(w word, args ...arg) error { return &fault{http.StatusBadRequest, w, args} }

// asFault is what a reader sees of err: any error that is no fault is internal.
func asFault(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	return &fault{status: http.StatusInternalServerError, w: "error.internal"}
}
