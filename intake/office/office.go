// Package office reads documents: OOXML (Word, PowerPoint, Excel, XPS),
// OpenDocument, RTF, HTML, XML, plain text, EPUB, and, through programs of the
// system, what Word, Excel and PowerPoint wrote before 2007.
//
// The text comes in reading order: headers, the body with its tables and notes,
// footers, then what a reader of the printed page does not see (comments, what
// was deleted, hidden text), each under a line that says so. What the file says
// of itself are facts, what a person should look at are findings, and files in
// it are parts with their bytes for the engine.
//
// Everything is read under limits, since the bytes are hostile: members and
// bytes of a zip, depth and length of XML, cells of a sheet. Nothing is
// rendered, nothing is run, no link is followed.
package office

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// MaxDocument bounds the bytes of one document. Plain text may be longer: of
// that the beginning is read.
const MaxDocument = 192 << 20

// Codes of warnings.
const (
	warnDamaged   = "damaged"
	warnEncrypted = "encrypted"
	warnCut       = "text-cut"
	warnCharset   = "guessed-charset"
	warnParts     = "parts-cut"
)

// document is one that is being read.
type document struct {
	ctx   context.Context
	in    *reader.Input
	res   reader.Result
	page  page
	held  int64 // bytes of embedded files
	told  map[string]int
	after []string // what stands behind the text
}

// Read reads a document; it is the stage [reader.Read] of what [Detect] knows.
// What cannot be read is said in the result.
func Read(ctx context.Context, in *reader.Input) reader.Result {
	d := &document{ctx: ctx, in: in, told: map[string]int{}}
	d.res.Record.Kind = trove.Doc
	f := d.form()
	d.guard(func() error { return f.read(d) })
	d.finish()
	return d.res
}

// guard runs one reader; a panic of a library is a damaged document.
func (d *document) guard(read func() error) {
	defer func() {
		if p := recover(); p != nil {
			d.failed(fmt.Errorf("the reader gave up: %v", p))
		}
	}()
	if err := read(); err != nil {
		d.failed(err)
	}
}

// failed says that not all could be read: nothing, where there is no text yet.
func (d *document) failed(err error) {
	said := oneLine(err.Error())
	var closed *encryptedError
	if errors.As(err, &closed) {
		d.res.Warn(warnEncrypted, "%s", said)
		d.res.Partly, d.res.Locked = said, true
		return
	}
	d.res.Warn(warnDamaged, "%s", said)
	d.partly(said)
}

// partly says what could not be had; the first cause stands.
func (d *document) partly(said string) {
	if d.res.Partly == "" {
		d.res.Partly = oneLine(said)
	}
}

// finish moves text and pages into the result.
func (d *document) finish() {
	d.page.shut()
	d.res.Reading.Pages = d.page.pages
	for i, s := range d.after {
		d.page.block(s, i == 0)
	}
	d.res.Text = d.page.b.String()
	if d.page.cut {
		d.res.Warn(warnCut, "the text is longer than is shown")
		d.partly("the text is longer than is read")
	}
	if d.res.Text == "" && len(d.res.Record.Parts) == 0 && d.res.Partly != "" && len(d.res.Reading.Facts) == 0 {
		d.res.Failed, d.res.Partly = d.res.Partly, ""
	}
	for code, n := range d.told {
		if n > maxTold {
			d.res.Find(code, "%d more are not listed", n-maxTold)
		}
	}
}

// maxTold bounds the findings of one code.
const maxTold = 200

// find adds a finding with its place, up to a number.
func (d *document) find(code, format string, args ...any) {
	if d.told[code]++; d.told[code] > maxTold {
		return
	}
	f := reading.Finding{Code: code, Text: oneLine(fmt.Sprintf(format, args...))}
	if n := len(d.page.pages); n > 0 {
		f.Page = n
	}
	d.res.Reading.Findings = append(d.res.Reading.Findings, f)
}

// once adds a finding that is not there yet.
func (d *document) once(code, format string, args ...any) {
	said := oneLine(fmt.Sprintf(format, args...))
	for _, f := range d.res.Reading.Findings {
		if f.Code == code && f.Text == said {
			return
		}
	}
	d.find(code, "%s", said)
}

// fact adds a fact once, cleaned to one line; title and date go into the record.
func (d *document) fact(name, value string) {
	if value = oneLine(value); value == "" {
		return
	}
	for _, f := range d.res.Reading.Facts {
		if f.Name == name && f.Value == value {
			return
		}
	}
	d.res.Fact(name, value)
	if name == "title" && d.res.Record.Subject == "" {
		d.res.Record.Subject = value
	}
}

// person notes who wrote or changed the document, as a fact and a finding.
func (d *document) person(name, who string) {
	if who = oneLine(who); who != "" {
		d.fact(name, who)
		d.once("author", "%s", who)
	}
}

// deletedText is the heading of what tracked changes took out of the text.
const deletedText = "Deleted text that the document keeps"

// behind adds what stands behind the text, under its heading.
func (d *document) behind(heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	heading, said := "["+heading+"]\n", strings.Join(lines, "\n")
	for i, s := range d.after {
		if strings.HasPrefix(s, heading) {
			d.after[i] += "\n" + said
			return
		}
	}
	d.after = append(d.after, heading+said)
}

// bytes are those of the whole document.
func (d *document) bytes() ([]byte, error) { return d.in.Bytes(MaxDocument) }

// head are the first bytes.
func (d *document) head() []byte {
	b := make([]byte, min(d.in.Size, headSize))
	n, _ := d.in.Content.ReadAt(b, 0)
	return b[:n]
}

// encryptedError says that a document needs a password that is not known.
type encryptedError struct{ how string }

func (e *encryptedError) Error() string {
	if e.how == "" {
		return "encrypted, not opened"
	}
	return "encrypted (" + e.how + "), not opened"
}

// Limits of embedded files.
const (
	maxParts    = 2000
	maxEmbedded = 64 << 20 // bytes handed to the engine; more is only listed
)

// part adds an embedded file and hands over its bytes. It returns its path.
func (d *document) part(under, name, typ string, b []byte) string {
	n := 1
	for _, p := range d.res.Record.Parts {
		if rest, ok := strings.CutPrefix(p.Path, under); ok && !strings.Contains(rest, ".") {
			n++
		}
	}
	path := fmt.Sprintf("%s%d", under, n)
	if len(d.res.Record.Parts) >= maxParts {
		if len(d.res.Record.Parts) == maxParts && d.told[warnParts] == 0 {
			d.told[warnParts]++
			d.res.Warn(warnParts, "more than %d files lie in the document", maxParts)
		}
		return path
	}
	d.res.Record.Parts = append(d.res.Record.Parts, trove.Part{
		Path: path, Name: oneLine(name), Type: typ, Role: trove.RoleAttachment, Size: int64(len(b)), SHA256: trove.Sum(b),
	})
	if d.held += int64(len(b)); d.held <= maxEmbedded {
		d.res.Embedded = append(d.res.Embedded, reader.Embedded{Path: path, Name: oneLine(name), Type: typ, Bytes: bytes.Clone(b)})
	}
	return path
}
