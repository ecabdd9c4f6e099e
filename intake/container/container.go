// Package container opens what mails are handed over in: zip, tar, 7z, rar, ar
// and cpio archives, compressed streams, programs that unpack themselves, and
// files of Outlook, whose members are made from what they hold. They are known
// by their bytes and, but for brotli, which has no mark, never by their names.
//
// Members come as streams, one after the other; nothing is written anywhere,
// and a member's name is for showing only: decoded first, then cleaned. A tar
// or cpio inside a compressed stream is opened with it. Office files are zips by
// their bytes but documents to us and are not opened. What is encrypted is tried
// with the passwords that were given and else listed.
//
// The decoders allocate what hostile headers ask for, so [Expand] belongs into
// a process with a memory limit: package worker calls it in a child.
package container

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/gabriel-vasile/mimetype"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"unseal/intake/chat"
	"unseal/intake/outlook"
	"unseal/trove"
)

// Format is a kind of container; empty for none.
type Format string

// The formats that can be opened.
const (
	Zip   Format = "zip"
	Tar   Format = "tar"
	Seven Format = "7z"
	Rar   Format = "rar"
	Gzip  Format = "gzip"
	Bzip2 Format = "bzip2"
	XZ    Format = "xz"
	Zstd  Format = "zstd"

	Compress Format = "compress" // .Z
	LZ4      Format = "lz4"
	Brotli   Format = "brotli"
	Ar       Format = "ar"
	Cpio     Format = "cpio"

	MSG  Format = "msg"  // a message of Outlook
	TNEF Format = "tnef" // winmail.dat
	PST  Format = "pst"  // folders of Outlook; OST too

	// Rows is a table of mails. Only who asks for it by name has one opened, by
	// an [Expand] of its own: see house.
	Rows Format = "rows"
)

// HeadSize is how many bytes from a file's beginning [Detect] likes to see.
const HeadSize = 64 << 10

// maxWindow bounds the dictionary of a compressed stream; the highest levels of
// the usual tools need 128 MB at most.
const maxWindow = 128 << 20

// ErrDocument says that a zip is a document that consists of parts (an office
// file, a book, a program) and stays whole.
var ErrDocument = errors.New("a document, not a container")

// Member is a regular file in a container.
type Member struct {
	Name   string // cleaned for showing by [CleanName]
	Unsafe bool   // the name as it stands tried to leave its folder
	// Rule is trove.Reconstructed for a mail that was made from a file of
	// Outlook, else empty.
	Rule trove.Rule
}

// Visit receives the members in the container's order. r is good during the
// call and need not be read to its end. An error of r other than io.EOF means
// that the member is damaged or cannot be decoded: return it, and Expand notes
// it and goes on where it can. Any other error ends Expand, which returns it.
type Visit func(m Member, r io.Reader) error

// Report is what Expand found besides members.
type Report struct {
	Members  int             // given to Visit
	Entries  int             // of an archive's list: folders, links and what could not be had among them
	Problems []trove.Warning // members that could not be had, and links, which are not followed
	Notes    []trove.Warning // what else a person should know; nothing is missing for it
}

// Options are what Expand is told.
type Options struct {
	MaxEntries int    // bounds the members
	Mapping    string // of [Rows]: which column is what
	Name       string // of [Rows]: what the table is called

	// Unlock gives the passwords to try, in their order. It is asked once, and
	// only where something is encrypted; nil is none.
	Unlock func() []string `json:"-"`
}

// Codes of problems.
const (
	Encrypted   = "encrypted"
	Damaged     = "damaged"
	Unsupported = "unsupported"
	LinkSkipped = "link-skipped"
)

// Codes of notes.
const (
	PasswordUsed   = "opened-with-password"
	SelfExtracting = "self-extracting"
	Outlook        = "outlook"
)

// maxProblems bounds the list; a last one says that there are more.
const maxProblems = 50

func (p *Report) problem(code, format string, args ...any) {
	p.Problems = said(p.Problems, code, format, args...)
}

func (p *Report) note(code, format string, args ...any) {
	p.Notes = said(p.Notes, code, format, args...)
}

func said(list []trove.Warning, code, format string, args ...any) []trove.Warning {
	switch n := len(list); {
	case n < maxProblems:
		return append(list, trove.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
	case n == maxProblems:
		return append(list, trove.Warning{Code: code, Text: "further problems of this container are not listed"})
	}
	return list
}

// magic holds the first bytes of the formats that have any.
var magic = []struct {
	format Format
	bytes  string
}{
	{Zip, "PK\x03\x04"},
	{Zip, "PK\x05\x06"},           // an empty one
	{Zip, "PK\x07\x08PK\x03\x04"}, // of several parts
	{Zip, "PK00PK\x03\x04"},       // the same, made as one
	{Seven, "7z\xbc\xaf\x27\x1c"},
	{Rar, "Rar!\x1a\x07\x00"},     // to version 4
	{Rar, "Rar!\x1a\x07\x01\x00"}, // version 5
	{Gzip, "\x1f\x8b\x08"},
	{Bzip2, "BZh"},
	{XZ, "\xfd7zXZ\x00"},
	{Zstd, "\x28\xb5\x2f\xfd"},
	{LZ4, "\x04\x22\x4d\x18"},
	{LZ4, "\x02\x21\x4c\x18"}, // of old Linux kernels
	{Ar, arMagic},
	{PST, "!BDN"},
	{TNEF, outlook.TNEFMagic},
}

// Detect tells the format of a file from its first bytes, of which [HeadSize]
// are enough. A zip that shows itself as a document is none.
func Detect(head []byte) Format {
	for _, m := range magic {
		if !bytes.HasPrefix(head, []byte(m.bytes)) {
			continue
		}
		if m.format == Bzip2 && !isBzip2(head) {
			return ""
		}
		if m.format == Zip && isDocument(head) {
			return ""
		}
		return m.format
	}
	switch {
	case isCompress(head):
		return Compress
	case isCpio(head):
		return Cpio
	case isTar(head):
		return Tar
	}
	return ""
}

// DetectIn tells the format of a file of which head is the beginning, also where
// the first bytes alone do not say it: of messages of Outlook, of programs that
// unpack themselves and, by the name's ending, of brotli.
func DetectIn(r io.ReaderAt, size int64, head []byte, name string) Format {
	switch f := Detect(head); {
	case f != "":
		return f
	case isMSG(r, head):
		return MSG
	case bytes.HasPrefix(head, []byte("MZ")):
		f, _ := insideProgram(r, size)
		return f
	case strings.EqualFold(path.Ext(name), ".br") && size > 0:
		return Brotli
	case chat.Several(head):
		return Chains
	}
	return ""
}

// isBzip2 looks for the level and the first block's or the stream end's magic.
func isBzip2(head []byte) bool {
	if len(head) < 10 || head[3] < '1' || head[3] > '9' {
		return false
	}
	block := string(head[4:10])
	return block == "1AY&SY" || block == "\x17\x72\x45\x38\x50\x90"
}

// plainZips are the media types of zips that are opened: programs for Java are
// archives of files.
var plainZips = map[string]bool{"application/zip": true, "application/jar": true, "application/java-archive": true, "application/x-java-archive": true}

// isDocument reports whether a zip is a document. One that no zip begins with
// is none.
func isDocument(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) && !plainZips[MediaType(head)]
}

// MediaType names what a file is by its first bytes. The detectors are not
// ours and run beside the catalog: one that panics costs the answer, not the run.
func MediaType(head []byte) string {
	return mediaType(head, func(b []byte) string { return mimetype.Detect(b).String() })
}

func mediaType(head []byte, detect func([]byte) string) (name string) {
	defer func() {
		if recover() != nil {
			name = "application/octet-stream"
		}
	}()
	name, _, _ = strings.Cut(detect(head), ";")
	return name
}

// isTar checks the checksum of the first header (POSIX.1-2001, pax, "ustar
// Interchange Format"), which every dialect has.
func isTar(head []byte) bool {
	const size, at, end = 512, 148, 156
	if len(head) < size || head[0] == 0 {
		return false
	}
	var sum, signed int64
	for i, c := range head[:size] {
		if i >= at && i < end {
			c = ' '
		}
		sum += int64(c)
		signed += int64(int8(c)) // as old tars counted
	}
	want, ok := octal(head[at:end])
	return ok && (want == sum || want == signed)
}

func octal(b []byte) (int64, bool) {
	b = bytes.Trim(b, " \x00")
	var n int64
	for _, c := range b {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n<<3 | int64(c-'0')
	}
	return n, len(b) > 0
}

// Expand gives the members of the container in r to visit. An error that visit
// did not return is the reason why the container could not be opened, or not
// to its end; [ErrDocument] is one.
func Expand(r io.ReaderAt, size int64, f Format, o Options, visit Visit) (report Report, err error) {
	x := &expansion{visit: visit, left: o.MaxEntries, passwords: func() []string { return nil }}
	if o.Unlock != nil {
		x.passwords = sync.OnceValue(o.Unlock)
	}
	defer func() {
		if p := recover(); p != nil { // of a decoder; these are not ours
			report, err = x.Report, fmt.Errorf("the decoder gave up: %v", p)
		}
	}()
	head := make([]byte, min(size, HeadSize))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return x.Report, err
	}
	switch got := DetectIn(r, size, head, ""); {
	case got == "" && f == Zip && bytes.HasPrefix(head, []byte("PK")):
		return x.Report, ErrDocument
	case got != f && f != Brotli: // rardecode does not end without its magic
		return x.Report, fmt.Errorf("not of the format %s", f)
	}
	if bytes.HasPrefix(head, []byte("MZ")) {
		x.note(SelfExtracting, "a program that unpacks itself: what it holds was taken out, it was not run")
		_, at := insideProgram(r, size)
		r, size = io.NewSectionReader(r, at, size-at), size-at
	}
	err = x.open(r, size, f)
	return x.Report, err
}

func (x *expansion) open(r io.ReaderAt, size int64, f Format) error {
	all := io.NewSectionReader(r, 0, size)
	switch f {
	case Zip:
		return x.zip(r, size)
	case Seven:
		return x.seven(r, size)
	case Rar:
		return x.rar(r, size)
	case Tar:
		return x.tar(all)
	case Ar:
		return x.ar(all)
	case Cpio:
		return x.cpio(bufio.NewReaderSize(all, 64<<10))
	case Chains:
		return x.chains(r, size)
	case MSG, TNEF, PST:
		return x.outlook(r, size, outlookKinds[f])
	}
	return x.stream(f, all, f == XZ && !endsXZ(r, size))
}

type expansion struct {
	Report
	visit     Visit
	left      int
	passwords func() []string
	decode    func(string) string // of names; nil for [decodeName]
	told      bool                // that a password was used
}

// memberError marks an error of a member's own stream.
type memberError struct{ error }

func (e memberError) Unwrap() error { return e.error }

// clean decodes and cleans a name.
func (x *expansion) clean(raw string) (name string, safe bool) {
	if x.decode == nil {
		return CleanName(raw)
	}
	return cleanDecoded(x.decode(raw))
}

// member hands one member over. Errors of its stream become problems; visit's
// own errors come back.
func (x *expansion) member(raw string, r io.Reader) error {
	name, safe := x.clean(raw)
	return x.give(name, safe, trove.Verbatim, r)
}

func (x *expansion) give(name string, safe bool, rule trove.Rule, r io.Reader) error {
	if x.left--; x.left < 0 {
		return errors.New("too many entries")
	}
	x.Members++
	err := x.visit(Member{Name: name, Unsafe: !safe, Rule: rule}, marking{r})
	var m memberError
	if errors.As(err, &m) {
		x.problem(Damaged, "damaged: %s: %s", name, m.error)
		return nil
	}
	return err
}

// usedPassword notes once that something was opened with a password.
func (x *expansion) usedPassword() {
	if !x.told {
		x.told = true
		x.note(PasswordUsed, "it is encrypted and was opened with one of the passwords given")
	}
}

// marking marks the errors of a stream as the stream's.
type marking struct{ r io.Reader }

func (m marking) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err != nil && err != io.EOF {
		err = memberError{err}
	}
	return n, err
}

// StreamError reports whether err came from a member's stream rather than from
// the visitor.
func StreamError(err error) bool {
	var m memberError
	return errors.As(err, &m)
}

// stream opens a compressed stream. A tar in it is opened at once. short says
// that the stream is known to break off.
func (x *expansion) stream(f Format, r io.Reader, short bool) error {
	z, name, err := decompress(f, bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return err
	}
	defer z.Close()
	var all io.Reader = z
	if short {
		all = io.MultiReader(z, cutShort{})
	}
	head := bufio.NewReaderSize(all, HeadSize)
	b, err := head.Peek(512)
	switch {
	case err == nil && isTar(b):
		return x.tar(head)
	case isCpio(b):
		return x.cpio(head)
	case f == Brotli && err != nil && err != io.EOF:
		return ErrDocument // it has the ending alone
	}
	x.Entries++
	return x.member(name, head)
}

// cutShort is the end of a stream that breaks off.
type cutShort struct{}

func (cutShort) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// endsXZ looks for the footer's magic (xz-file-format.txt 2.1.2.4), before
// padding: the decoder takes some places where a file breaks off for its end.
func endsXZ(r io.ReaderAt, size int64) bool {
	tail := make([]byte, min(size, 512))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return false
	}
	return bytes.HasSuffix(bytes.TrimRight(tail, "\x00"), []byte("YZ"))
}

// decompress opens a stream; the name is the one that gzip may have kept.
func decompress(f Format, r io.Reader) (io.ReadCloser, string, error) {
	switch f {
	case Gzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, "", err
		}
		return z, z.Name, nil
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(r)), "", nil
	case XZ:
		z, err := xz.NewReader(r)
		if err != nil {
			return nil, "", err
		}
		return io.NopCloser(z), "", nil
	case Zstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, "", err
		}
		return z.IOReadCloser(), "", nil
	case LZ4:
		return io.NopCloser(lz4.NewReader(r)), "", nil
	case Compress:
		z, err := newUncompress(r)
		return io.NopCloser(z), "", err
	case Brotli:
		return io.NopCloser(brotli.NewReader(r)), "", nil
	}
	return nil, "", fmt.Errorf("format %q is not known", f)
}

func (x *expansion) tar(r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			return x.afterTar(r)
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return err
		}
		x.Entries++
		if err := x.tarred(h, t); err != nil {
			return err
		}
	}
}

func (x *expansion) tarred(h *tar.Header, r io.Reader) error {
	name, _ := x.clean(h.Name)
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		return x.member(h.Name, r)
	case tar.TypeSymlink, tar.TypeLink:
		x.problem(LinkSkipped, "%s is a link and was not followed", name)
	case tar.TypeDir, tar.TypeXGlobalHeader: // hold nothing
	default:
		x.problem(Unsupported, "%s is an entry of type %q, which is not supported", name, h.Typeflag)
	}
	return nil
}

// maxPadding is how far the end of a tar is looked at: tapes are padded to
// whole blocks, the usual tools fill up to 10 kB.
const maxPadding = 16 << 20

// afterTar looks at what stands after the end of a tar, which should be zeros.
// It also brings a compressed stream to its end, where its checksum stands.
func (x *expansion) afterTar(r io.Reader) error {
	r = io.LimitReader(r, maxPadding)
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if len(bytes.Trim(buf[:n], "\x00")) > 0 {
			x.problem(Damaged, "more data stand after the end of the tar archive and were not looked into")
			return nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
