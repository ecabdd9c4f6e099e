package site

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"unseal/search"
	"unseal/trove"
)

// Sizes of what is taken home whole.
const (
	savedPerPage = 1000 // hits asked for at once
	savedAtOnce  = 2    // lists being written at once
)

// savedForm is a form in which a list is taken home whole: every hit of the
// query, in its order, whatever their number.
type savedForm struct {
	mediaType string
	open      func(s *site, w io.Writer) savedList
}

// savedList writes hits in one form. close ends what was begun; without it the
// file is not whole.
type savedList interface {
	add(hits []search.Hit) error
	close() error
}

var savedForms = map[string]savedForm{
	".csv":     {"text/csv; charset=utf-8; header=present", openCSV},
	".ndjson":  {"application/x-ndjson", openNDJSON},
	".mbox.gz": {"application/gzip", openMbox},
	".zip":     {"application/zip", openZip},
}

// errCutShort says that an index ran out of time inside a list.
var errCutShort = errors.New("the index ran out of time inside a list")

// saved answers /search.csv, .ndjson, .mbox.gz and .zip. What fails before the
// first hit is answered as such; after it the connection is cut, so that no
// part of a list passes for the whole.
func (s *site) saved(w http.ResponseWriter, r *http.Request) error {
	a := readAsked(r.URL.Query())
	a.cursor = ""
	if a.q == "" {
		return badRequest("search.empty")
	}
	var err error
	if a.query, err = search.Parse(a.q); err != nil {
		return s.searchRefused(w, r, &a, err)
	}
	select {
	case s.saving <- struct{}{}:
		defer func() { <-s.saving }()
	default:
		return &fault{status: http.StatusServiceUnavailable, w: "error.busy"}
	}
	first, err := s.savedPage(r.Context(), &a, "")
	if err != nil {
		return err
	}
	form := savedForms[strings.TrimPrefix(r.URL.Path, "/search")]
	h := w.Header()
	h["Content-Type"] = []string{form.mediaType}
	h["Content-Security-Policy"] = headerPolicyDownload
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": path.Base(r.URL.Path)}))
	if r.Method == http.MethodHead {
		return nil
	}
	if err := s.save(r.Context(), &a, first, form.open(s, w)); err != nil {
		if r.Context().Err() == nil {
			s.log.ErrorContext(r.Context(), "list not written", "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// save writes a page of hits and all that follow.
func (s *site) save(ctx context.Context, a *asked, res *search.Result, list savedList) error {
	for {
		if err := list.add(res.Hits); err != nil {
			return err
		}
		if res.Next == "" {
			return list.close()
		}
		var err error
		if res, err = s.savedPage(ctx, a, res.Next); err != nil {
			return err
		}
	}
}

func (s *site) savedPage(ctx context.Context, a *asked, cursor string) (*search.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	req := a.request(savedPerPage)
	req.Cursor, req.Facets, req.Snippets = cursor, nil, 0
	res, err := s.ask(ctx, req)
	if err == nil && res.Partial {
		err = errCutShort
	}
	return res, err
}

// csvList writes one line for each hit (RFC 4180), below a header.
type csvList struct {
	s *site
	w *csv.Writer
}

func openCSV(s *site, w io.Writer) savedList {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write(strings.Fields("collection number url batch state reason kind date from to receivers subject files verdict thread copy_of size")) // Flush reports it
	return &csvList{s, out}
}

func (l *csvList) add(hits []search.Hit) error {
	for _, r := range l.s.hitRows(hits) {
		date := ""
		if !r.Date.IsZero() {
			date = r.Date.UTC().Format(time.RFC3339)
		}
		fields := []string{string(r.Collection), strconv.Itoa(r.Number), l.s.address(itemPath(r.Collection, r.Number)), blank(r.Batch), string(r.State), r.Reason,
			string(r.Kind), date, r.From, r.To, blank(r.Receivers), r.Subject, blank(r.Files), string(r.Verdict), r.Thread, blank(r.CopyOf), blank(int(r.Size))}
		for i := range fields {
			fields[i] = harmless(fields[i])
		}
		if err := l.w.Write(fields); err != nil {
			return err
		}
	}
	return nil
}

func (l *csvList) close() error {
	l.w.Flush()
	return l.w.Error()
}

// blank is a number as a table shows it: nothing for 0.
func blank(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// harmless puts an apostrophe before what a spreadsheet would take for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// ndjsonList writes one line of JSON for each hit, the same as in .json.
type ndjsonList struct {
	s *site
	w *json.Encoder
}

func openNDJSON(s *site, w io.Writer) savedList { return &ndjsonList{s, json.NewEncoder(w)} }

func (l *ndjsonList) add(hits []search.Hit) error {
	for _, it := range l.s.foundItems(hits) {
		if err := l.w.Encode(&it); err != nil {
			return err
		}
	}
	return nil
}

func (*ndjsonList) close() error { return nil }

// mboxList writes one message for each hit: a mail as it was published, with
// lines that begin with From quoted (mboxrd, which can be undone); anything
// else as the file of a message that says so.
type mboxList struct {
	s *site
	w *gzip.Writer
}

func openMbox(s *site, w io.Writer) savedList { return &mboxList{s, gzip.NewWriter(w)} }

func (l *mboxList) add(hits []search.Hit) error {
	for i := range hits {
		b, date, err := l.s.asMessage(&hits[i])
		if err != nil {
			return err
		}
		if _, err := l.w.Write(inMbox(b, date)); err != nil {
			return err
		}
	}
	return nil
}

func (l *mboxList) close() error { return l.w.Close() }

// inMbox is a message as an mbox file holds it.
func inMbox(message []byte, date time.Time) []byte {
	if date.IsZero() {
		date = time.Unix(0, 0)
	}
	b := append([]byte("From unseal@invalid "), date.UTC().Format(time.ANSIC)...)
	b = append(b, '\n')
	for line := range bytes.Lines(message) {
		if bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
			b = append(b, '>')
		}
		b = append(b, line...)
	}
	if !bytes.HasSuffix(b, []byte("\n")) {
		b = append(b, '\n')
	}
	return append(b, '\n')
}

// asMessage is a hit as a mail: itself, or one of ours around it.
func (s *site) asMessage(h *search.Hit) ([]byte, time.Time, error) {
	it, err := s.hitItem(h)
	if err != nil || it == nil {
		return s.wrapped(h, nil, ""), time.Time{}, err
	}
	b, err := it.bytes()
	if err != nil || it.rec.Kind == trove.Mail {
		return b, it.rec.Date, err
	}
	return s.wrapped(h, b, it.fileBase()+it.native()), it.rec.Date, nil
}

// hitItem is the item of a hit, or nil if it is not to be read.
func (s *site) hitItem(h *search.Hit) (*item, error) {
	c := s.byName[h.Collection]
	if s.stateOf(h).State != trove.Published {
		return nil, nil
	}
	return s.openRecord(c, h.Number)
}

// wrapped is a message of ours around a file, or around nothing where there is
// nothing to be read.
func (s *site) wrapped(h *search.Hit, content []byte, name string) []byte {
	var b bytes.Buffer
	head := func(field, value string) { b.WriteString(field + ": " + value + "\r\n") }
	head("From", "unseal@invalid")
	head("Subject", string(h.Collection)+"/"+strconv.Itoa(h.Number))
	head("X-Unseal-State", string(s.hitRow(h).State))
	head("X-Unseal-Url", s.address(itemPath(h.Collection, h.Number)))
	head("MIME-Version", "1.0")
	if name == "" {
		head("Content-Type", "text/plain; charset=utf-8")
		b.WriteString("\r\n")
		return b.Bytes()
	}
	head("Content-Type", "application/octet-stream")
	head("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	head("Content-Transfer-Encoding", "base64")
	b.WriteString("\r\n")
	const lineBytes = 57 // of content, 76 characters (RFC 2045 section 6.8)
	for len(content) > 0 {
		n := min(lineBytes, len(content))
		b.WriteString(base64.StdEncoding.EncodeToString(content[:n]) + "\r\n")
		content = content[n:]
	}
	return b.Bytes()
}

// zipList writes the exact published bytes of each hit as a file, and the list
// itself as list.csv, which also names what is not to be read.
type zipList struct {
	s     *site
	w     *zip.Writer
	list  *csvList
	lines bytes.Buffer
}

func openZip(s *site, w io.Writer) savedList {
	l := &zipList{s: s, w: zip.NewWriter(w)}
	l.list = openCSV(s, &l.lines).(*csvList)
	return l
}

func (l *zipList) add(hits []search.Hit) error {
	for i := range hits {
		it, err := l.s.hitItem(&hits[i])
		if err != nil {
			return err
		}
		if it == nil {
			continue
		}
		b, err := it.bytes()
		if err != nil {
			return err
		}
		if err := l.file(it.fileBase()+it.native(), b); err != nil {
			return err
		}
	}
	return l.list.add(hits)
}

func (l *zipList) file(name string, b []byte) error {
	f, err := l.w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate}) // without a time: the same list is the same file
	if err == nil {
		_, err = f.Write(b)
	}
	return err
}

func (l *zipList) close() error {
	if err := l.list.close(); err != nil {
		return err
	}
	if err := l.file("list.csv", l.lines.Bytes()); err != nil {
		return err
	}
	return l.w.Close()
}
