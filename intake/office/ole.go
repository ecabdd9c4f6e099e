package office

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/richardlehane/mscfb"
	"github.com/richardlehane/msoleps"
	"github.com/xuri/excelize/v2"

	"unseal/mime"
)

// Limits of a compound file.
const (
	maxStreams    = 20_000
	maxStream     = 96 << 20 // bytes of one that is read
	maxProperties = 4 << 20  // of a stream of properties
)

// stream is a stream of a compound file, MS-CFB.
type stream struct {
	path string // names of its storages and its own, with slashes
	file *mscfb.File
}

// streams lists the streams of a compound file.
func streams(r io.ReaderAt) (list []stream, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the compound file is damaged: %v", p)
		}
	}()
	doc, err := mscfb.New(r)
	if err != nil {
		return nil, fmt.Errorf("the compound file is damaged: %w", err)
	}
	for f, err := doc.Next(); err == nil && len(list) < maxStreams; f, err = doc.Next() {
		if !f.FileInfo().IsDir() {
			list = append(list, stream{path.Join(append(append([]string{}, f.Path...), f.Name)...), f})
		}
	}
	return list, nil
}

// read gives the bytes of a stream, at most max.
func (s stream) read(max int64) (b []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the compound file is damaged: %v", p)
		}
	}()
	return io.ReadAll(io.LimitReader(s.file, min(max, s.file.Size)))
}

// find is the stream of a name without regard to case; nil if there is none.
func find(list []stream, name string) *stream {
	for i := range list {
		if strings.EqualFold(list[i].path, name) {
			return &list[i]
		}
	}
	return nil
}

// ole reads a document in a compound file: what was encrypted since 2007, or
// written before.
func (d *document) ole() error {
	list, err := streams(d.in.Content)
	if err != nil {
		d.failed(err)
	}
	if find(list, "EncryptedPackage") != nil {
		return d.encryptedPackage()
	}
	d.oleProperties(list)
	d.oleDangers(list)
	switch ext := ending(d.in.Name); {
	case find(list, "WordDocument") != nil:
		err = d.oldWordIn(list)
	case find(list, "Workbook") != nil || find(list, "Book") != nil:
		err = d.oldExcelIn(list)
	case find(list, "PowerPoint Document") != nil || ext == "ppt" || ext == "pps":
		err = d.oldSlides(list)
	case ext == "doc" || ext == "dot":
		err = d.oldWord()
	case ext == "xls" || ext == "xlt":
		err = d.oldExcel()
	default:
		err = d.kept()
	}
	d.oleFiles(list)
	return err
}

// maxPasswords bounds the passwords that are tried: each costs 100,000 rounds
// of a hash.
const maxPasswords = 20

// encryptedPackage opens what Word, Excel or PowerPoint encrypted since 2007,
// MS-OFFCRYPTO: with the password that programs try by themselves, or one of
// those given.
func (d *document) encryptedPackage() error {
	b, err := d.bytes()
	if err != nil {
		return err
	}
	tried := append([]string{"VelvetSweatshop"}, d.in.Passwords...)
	for i, password := range tried[:min(len(tried), maxPasswords)] {
		inner := decrypt(b, password)
		if inner == nil {
			continue
		}
		how := "opened with a password of the desk"
		if i == 0 {
			how = "opened with the password that every program tries by itself (VelvetSweatshop)"
		}
		d.fact("encrypted", how)
		in := *d.in
		in.Content, in.Size = bytes.NewReader(inner), int64(len(inner))
		d.in = &in
		return d.zip()
	}
	d.fact("encrypted", "not opened")
	return &encryptedError{}
}

// decrypt opens an encrypted package; nil if the password is wrong.
func decrypt(b []byte, password string) (inner []byte) {
	defer func() {
		if recover() != nil {
			inner = nil
		}
	}()
	out, err := excelize.Decrypt(b, &excelize.Options{Password: password})
	if err != nil || !bytes.HasPrefix(out, []byte("PK\x03\x04")) {
		return nil
	}
	return out
}

// oleFacts are names of properties, MS-OLEPS, that are facts.
var oleFacts = map[string]string{
	"Title": "title", "Author": "author", "LastAuthor": "last-author", "Subject": "subject", "Keywords": "keywords", "Comments": "description", "Template": "template",
	"CreateTime": "created", "LastSaveTime": "modified", "AppName": "software", "PageCount": "pages", "SlideCount": "pages", "Company": "company", "Manager": "manager",
}

// oleProperties reads what the document says of itself.
func (d *document) oleProperties(list []stream) {
	codePage := ""
	for _, name := range []string{"\x05SummaryInformation", "\x05DocumentSummaryInformation"} {
		s := find(list, name)
		if s == nil {
			continue
		}
		b, err := s.read(maxProperties)
		if err == nil {
			d.guardQuietly(func() { codePage = d.propertySet(b, codePage) })
		}
	}
}

// guardQuietly runs what is of no weight; a panic of a library ends it.
func (d *document) guardQuietly(read func()) {
	defer func() { _ = recover() }()
	read()
}

func (d *document) propertySet(b []byte, codePage string) string {
	props, err := msoleps.NewFrom(bytes.NewReader(b))
	if err != nil {
		return codePage
	}
	for _, p := range props.Property {
		if p.Name == "CodePage" {
			codePage = p.String()
		}
		fact := oleFacts[p.Name]
		if value := oneLine(p.String()); fact != "" && value != "" && value != "0" {
			if strings.HasPrefix(value, "1601-01-01") || strings.HasPrefix(value, "0001-01-01") {
				continue
			}
			d.said(fact, value)
		}
	}
	return codePage
}

// oleDangers finds macros and signatures.
func (d *document) oleDangers(list []stream) {
	for _, s := range list {
		low := strings.ToLower(s.path)
		switch {
		case strings.HasSuffix(low, "_vba_project") || strings.HasPrefix(low, "macros/") || strings.HasPrefix(low, "_vba_project_cur/"):
			d.once("macro", "the document holds macros")
		case low == "_signatures" || strings.HasPrefix(low, "_xmlsignatures"):
			d.once("signature", "the document holds a signature; it was not checked")
		}
	}
}

// oleFiles are the objects in an old document: each storage below the pool.
func (d *document) oleFiles(list []stream) {
	for _, s := range list {
		dir, name := path.Split(s.path)
		if dir == "" {
			continue
		}
		switch name {
		case "\x01Ole10Native", "Package", "CONTENTS":
			d.find("embedded-file", "an object lies in the document (%s)", strings.Trim(dir, "/"))
			d.unpacked("", s)
		}
	}
}

// packaged adds the file that an OLE object holds: a package of Windows, a
// document of a newer Office, a PDF.
func (d *document) packaged(under string, b []byte) {
	list, err := streams(bytes.NewReader(b))
	if err != nil {
		return
	}
	for _, s := range list {
		switch path.Base(s.path) {
		case "\x01Ole10Native", "Package", "CONTENTS", "EmbeddedOdf":
			d.unpacked(under, s)
		}
	}
}

func (d *document) unpacked(under string, s stream) {
	b, err := s.read(maxStream)
	if err != nil || len(b) == 0 {
		return
	}
	name := ""
	if path.Base(s.path) == "\x01Ole10Native" {
		if name, b = native(b); b == nil {
			return
		}
	}
	d.part(under, name, typeOf(name, b), b)
}

// native reads a package of Windows: size, label, path, temporary path, bytes.
// MS-OLEDS section 2.3.6. Without names it is the bytes alone.
func native(b []byte) (name string, data []byte) {
	if len(b) < 6 {
		return "", nil
	}
	whole, rest := b[4:], b[6:]
	label, rest, ok1 := cString(rest)
	_, rest, ok2 := cString(rest)
	if !ok1 || !ok2 || len(rest) < 8 || binary.LittleEndian.Uint16(b[4:]) != 2 {
		return "", whole
	}
	n := binary.LittleEndian.Uint32(rest[4:])
	rest = rest[8:]
	if int64(n) > int64(len(rest)) {
		return "", whole
	}
	rest = rest[n:]
	if len(rest) < 4 {
		return "", whole
	}
	size := int64(binary.LittleEndian.Uint32(rest))
	rest = rest[4:]
	return path.Base(strings.ReplaceAll(label, `\`, "/")), rest[:min(size, int64(len(rest)))]
}

// cString reads bytes up to a zero.
func cString(b []byte) (string, []byte, bool) {
	i := bytes.IndexByte(b, 0)
	if i < 0 {
		return "", nil, false
	}
	s, _ := mime.ToUTF8(b[:i], "")
	return s, b[i+1:], true
}

// errNoText says that programs found none.
var errNoText = errors.New("no text was found in the document")
