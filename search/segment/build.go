package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"unseal/search"
	"unseal/trove"
)

// maxTerm is where whole addresses are cut as terms.
const maxTerm = 120

// maxDocs bounds a segment, so that documents and places fit 32 bits.
const maxDocs = 1 << 24

// Build writes one segment of the documents, which come in the order of their
// numbers. The bytes depend on the documents alone. Memory is about 20 bytes a
// word of the segment, and no text is held. On an error what was written is
// of no use; the first error of docs is returned as it is.
func Build(w io.Writer, docs iter.Seq2[*search.Doc, error]) error {
	b, err := newBuilder(w)
	if err != nil {
		return err
	}
	for d, err := range docs {
		if err != nil {
			return err
		}
		if err := b.add(d); err != nil {
			return err
		}
	}
	return b.finish()
}

// Tokens of a document are ids of words in the order of their places; a token
// with placeMark set gives the place of the next one instead.
const placeMark = 1 << 31

type builder struct {
	out     *pageWriter
	sec     [sections]extent
	frame   []byte  // text not yet written
	frames  []int64 // where each frame begins in the text section, and their end
	textLen int64

	words  *intern
	tokens []uint32
	starts []int // of each document in tokens
	place  int   // of the next token
	scan   search.Scanner

	keys    *intern // terms other than words
	keyDocs []keyDoc
	keyLast []uint32 // by key: the last document that has it, plus one
	key     []byte

	lengths []byte
	total   uint64 // places in all documents
	records []byte
	stretch []byte // of the current document: its zones
	cols    [columns][]int64
	facets  [facets]facetBuilder
	names   *intern
}

type keyDoc struct{ key, doc uint32 }

// tozstd packs frames for all builders. It is made once, as encoders are large;
// what a frame packs to depends on its text alone.
var tozstd = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithWindowSize(frameSize), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
})

func newBuilder(w io.Writer) (*builder, error) {
	b := &builder{out: &pageWriter{w: w}, words: newIntern(), keys: newIntern(), names: newIntern(), frames: []int64{0}}
	if _, err := io.WriteString(b.out, magic); err != nil {
		return nil, err
	}
	b.sec[secText].off = b.out.n
	return b, nil
}

func (b *builder) add(d *search.Doc) error {
	if len(b.starts) == maxDocs {
		return fmt.Errorf("segment: more than %d documents", maxDocs)
	}
	body := clean(d.Body)
	b.cols[colText] = append(b.cols[colText], b.textLen)
	b.cols[colRecord] = append(b.cols[colRecord], int64(len(b.records)))
	b.starts = append(b.starts, len(b.tokens))
	b.place, b.stretch = 0, b.stretch[:0]
	b.addBody(body)
	subject := clean(d.Subject)
	b.addZone(zoneSubject, termSubject, subject)
	b.addAddresses(zoneFrom, termFrom, d.From)
	b.addAddresses(zoneTo, termTo, d.To)
	b.addAddresses(zoneCc, termCc, d.Cc)
	b.addAddresses(zoneBcc, termBcc, d.Bcc)
	texts := make([]string, len(d.Files))
	for i, f := range d.Files {
		texts[i] = clean(f.Text)
		b.addZone(zoneFilename, termFilename, clean(f.Name))
		b.addZone(zoneFileText, 0, texts[i])
		b.addHash(f.SHA256)
	}
	b.addHash(d.SHA256)
	if d.MessageID != "" {
		sum := trove.Sum([]byte(search.Fold(clean(d.MessageID))))
		b.addKey(termMsgID, sum[:8])
	}
	code := lengthCode(uint64(b.place))
	b.lengths = append(b.lengths, code)
	b.total += uint64(b.place)
	b.addColumns(d)
	b.addFacets(d)
	b.addRecord(d, subject, body, texts)
	if err := b.addText(body); err != nil {
		return err
	}
	for _, t := range texts {
		if err := b.addText(t); err != nil {
			return err
		}
	}
	return nil
}

// clean makes s valid UTF-8 in form C.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return search.Normal(s)
}

// addBody adds the body, stretch by stretch of own and quoted lines.
func (b *builder) addBody(body string) {
	for len(body) > 0 {
		run, z := bodyRun(body)
		b.addStretch(z, 0, run)
		body = body[len(run):]
	}
	if len(b.stretch) > 0 {
		b.place++
	}
}

// bodyRun takes the first lines of one kind off a body.
func bodyRun(body string) (run string, z zone) {
	if body[0] == '>' {
		z = zoneQuoted
	}
	n := 0
	for n < len(body) && (body[n] == '>') == (z == zoneQuoted) {
		i := strings.IndexByte(body[n:], '\n')
		if i < 0 {
			return body, z
		}
		n += i + 1
	}
	return body[:n], z
}

// addZone adds the words of a text as a stretch of their own.
func (b *builder) addZone(z zone, kind byte, text string) {
	b.addStretch(z, kind, text)
	b.place++
}

// addStretch adds words as a stretch without a free place behind it.
func (b *builder) addStretch(z zone, kind byte, text string) {
	from := b.place
	b.addWords(kind, text)
	b.stretch = binary.AppendUvarint(b.stretch, uint64(b.place-from)<<4|uint64(z))
}

// addWords adds the words of a text, and each as a term of the kind unless that is 0.
func (b *builder) addWords(kind byte, text string) {
	base, next := b.place, b.place
	if base > 0 {
		b.tokens = append(b.tokens, placeMark|uint32(base))
	}
	for b.scan.Reset(text); b.scan.Next(); {
		at := base + b.scan.At
		if at != next {
			b.tokens = append(b.tokens, placeMark|uint32(at))
		}
		b.tokens = append(b.tokens, b.words.id(b.scan.Word))
		if kind != 0 {
			b.addKey(kind, b.scan.Word)
		}
		next = at + 1
	}
	b.place = next
}

func (b *builder) addAddresses(z zone, kind byte, list []trove.Address) {
	for _, a := range list {
		from := b.place
		b.addWords(kind, clean(a.Name))
		addr := clean(a.Addr)
		b.addWords(kind, addr)
		b.stretch = binary.AppendUvarint(b.stretch, uint64(b.place-from)<<4|uint64(z))
		b.place++
		if strings.Contains(addr, "@") {
			b.addKey(kind, []byte(wholeAddress(addr)))
		}
	}
}

// wholeAddress is the term of an address as a whole.
func wholeAddress(addr string) string {
	a := search.Fold(addr)
	return a[:min(len(a), maxTerm)]
}

func (b *builder) addHash(d trove.Digest) {
	if !d.IsZero() {
		b.addKey(termSHA256, d[:16])
	}
}

func (b *builder) addKey(kind byte, term []byte) {
	b.key = append(append(b.key[:0], kind), term...)
	id := b.keys.id(b.key)
	doc := uint32(len(b.starts)) // the current document plus one
	if int(id) == len(b.keyLast) {
		b.keyLast = append(b.keyLast, 0)
	}
	if b.keyLast[id] != doc {
		b.keyLast[id] = doc
		b.keyDocs = append(b.keyDocs, keyDoc{id, doc - 1})
	}
}

func (b *builder) addColumns(d *search.Doc) {
	b.cols[colNumber] = append(b.cols[colNumber], int64(d.Number))
	b.cols[colDate] = append(b.cols[colDate], seconds(d.Date))
	b.cols[colPublished] = append(b.cols[colPublished], seconds(d.Published))
	b.cols[colCopyOf] = append(b.cols[colCopyOf], int64(d.CopyOf))
	b.cols[colEdition] = append(b.cols[colEdition], int64(d.Edition))
}

// seconds is the stored form of a date: from the year 1 to 9999, or noDate.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return noDate
	}
	return max(-62135596800, min(253402300799, t.Unix()))
}

func (b *builder) addFacets(d *search.Doc) {
	f := &b.facets
	f[facetCollection].add(string(d.Collection))
	f[facetBatch].add(strconv.Itoa(d.Batch))
	f[facetKind].add(string(d.Kind))
	f[facetVerdict].add(string(d.Verdict))
	f[facetLang].add(strings.ToLower(clean(d.Lang)))
	f[facetOwner].add(clean(d.Owner))
	f[facetThread].add(search.Fold(clean(d.Thread)))
	f[facetState].add(string(d.State))
	year := "0"
	if !d.Date.IsZero() {
		year = strconv.Itoa(d.Date.UTC().Year())
	}
	f[facetYear].add(year)
	types := []string{string(d.Kind)}
	var exts, has []string
	for _, file := range d.Files {
		types = append(types, fileTypes(file.Type)...)
		exts = append(exts, extension(clean(file.Name)))
		has = []string{"attachment"}
	}
	has = append(has, d.Made...)
	f[facetType].add(types...)
	f[facetExt].add(exts...)
	f[facetHas].add(has...)
	var people []string
	for _, a := range d.From {
		people = append(people, f[facetPerson].person(a))
	}
	f[facetPerson].add(people...)
}

// extension is the part behind the last dot of a file name, folded.
func extension(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return search.Fold(strings.TrimSpace(name[i+1:]))
}

// office are short names of media types that are long.
var office = map[string]string{
	"application/msword": "word",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "word",
	"application/vnd.ms-excel": "excel",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "excel",
	"application/vnd.ms-powerpoint":                                             "powerpoint",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "powerpoint",
}

// fileTypes are the values of type: for a file: its media type and a short
// name (image, pdf).
func fileTypes(media string) []string {
	media, _, _ = strings.Cut(search.Fold(clean(media)), ";")
	media = strings.TrimSpace(media)
	family, sub, ok := strings.Cut(media, "/")
	switch {
	case !ok:
		return nil
	case office[media] != "":
		return []string{media, office[media]}
	case family == "application":
		return []string{media, strings.TrimPrefix(sub, "x-")}
	}
	return []string{media, family}
}

// addRecord writes what a reader of the document needs: where its words stand,
// how its text is cut, and the result row.
func (b *builder) addRecord(d *search.Doc, subject, body string, texts []string) {
	r := binary.AppendUvarint(b.records, uint64(len(b.stretch)))
	r = append(r, b.stretch...)
	r = appendString(r, subject)
	r = binary.AppendUvarint(r, uint64(b.name(display(d.From))))
	r = binary.AppendUvarint(r, uint64(b.name(display(slices.Concat(d.To, d.Cc, d.Bcc)))))
	r = binary.AppendUvarint(r, uint64(len(d.To)+len(d.Cc)+len(d.Bcc)))
	mass := uint64(0)
	if d.Mass {
		mass = 1
	}
	r = binary.AppendUvarint(r, mass)
	r = binary.AppendUvarint(r, uint64(max(0, d.Size)))
	r = binary.AppendUvarint(r, uint64(len(body)))
	r = binary.AppendUvarint(r, uint64(len(d.Files)))
	for i, f := range d.Files {
		r = appendString(r, clean(f.Name))
		r = binary.AppendUvarint(r, uint64(len(texts[i])))
	}
	b.records = r
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (b *builder) name(s string) uint32 { return b.names.id([]byte(s)) }

// display is the first of the addresses as a result row shows it.
func display(list []trove.Address) string {
	if len(list) == 0 {
		return ""
	}
	if name := clean(list[0].Name); name != "" {
		return name
	}
	return clean(list[0].Addr)
}

func (b *builder) addText(s string) error {
	b.textLen += int64(len(s))
	for len(s) > 0 {
		n := min(len(s), frameSize-len(b.frame))
		b.frame = append(b.frame, s[:n]...)
		s = s[n:]
		if len(b.frame) == frameSize {
			if err := b.flushFrame(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) flushFrame() error {
	if len(b.frame) == 0 {
		return nil
	}
	if _, err := b.out.Write(tozstd().EncodeAll(b.frame, nil)); err != nil {
		return err
	}
	b.frame = b.frame[:0]
	b.frames = append(b.frames, b.out.n-b.sec[secText].off)
	return nil
}

// extent is where a section lies.
type extent struct{ off, size int64 }

// section writes the bytes of a section and its padding.
func (b *builder) section(id int, data []byte) error {
	b.sec[id] = extent{b.out.n, int64(len(data))}
	if _, err := b.out.Write(data); err != nil {
		return err
	}
	_, err := b.out.Write(make([]byte, slack))
	return err
}

func (b *builder) finish() error {
	if err := b.flushFrame(); err != nil {
		return err
	}
	b.sec[secText].size = b.out.n - b.sec[secText].off
	if _, err := b.out.Write(make([]byte, slack)); err != nil {
		return err
	}
	inv := invert(b)
	b.cols[colRecord] = append(b.cols[colRecord], int64(len(b.records)))
	b.cols[colText] = append(b.cols[colText], b.textLen)
	for _, s := range []struct {
		id   int
		data []byte
	}{
		{secPostings, inv.postings}, {secPlaces, inv.places}, {secTerms, inv.dict.pages}, {secPages, inv.dict.index},
		{secMeta, b.meta()}, {secFrames, appendColumn(nil, b.frames)}, {secLengths, b.lengths}, {secDocs, b.records},
		{secColumns, b.columns()}, {secFacets, b.facetBytes()}, {secNames, appendStrings(nil, b.names.strings())},
	} {
		if err := b.section(s.id, s.data); err != nil {
			return err
		}
	}
	return b.end()
}

func (t *intern) strings() []string {
	out := make([]string, len(t.items))
	for i := range out {
		out[i] = string(t.bytes(uint32(i)))
	}
	return out
}

func (b *builder) columns() []byte {
	var out []byte
	for i := range b.cols {
		out = appendColumn(out, b.cols[i])
	}
	return out
}

func (b *builder) facetBytes() []byte {
	out := binary.AppendUvarint(nil, facets)
	for i := range b.facets {
		out = b.facets[i].append(out)
	}
	return out
}

// meta holds the counts and ranges, and whether the documents stand in the
// order of their dates and numbers.
func (b *builder) meta() []byte {
	m := meta{docs: len(b.starts), words: b.total, text: b.textLen, terms: len(b.words.items) + len(b.keys.items)}
	m.scan(b.cols[colDate], b.cols[colNumber], len(b.facets[facetCollection].values) <= 1)
	return m.append(nil)
}

// end writes footer, page sums and trailer.
func (b *builder) end() error {
	t := trailer{footer: b.out.n}
	f := binary.AppendUvarint(nil, version)
	f = binary.AppendUvarint(f, sections-1)
	for id := secMeta; id < sections; id++ {
		f = binary.AppendUvarint(f, uint64(id))
		f = binary.AppendUvarint(f, uint64(b.sec[id].off))
		f = binary.AppendUvarint(f, uint64(b.sec[id].size))
	}
	if _, err := b.out.Write(f); err != nil {
		return err
	}
	t.footerSize = int64(len(f))
	sums := b.out.sums()
	t.sums = crc32.Checksum(sums, castagnoli)
	t.size = b.out.n + int64(len(sums)) + trailerSize
	_, err := b.out.w.Write(t.append(sums))
	return err
}

// pageWriter counts what goes through it and keeps a checksum a page.
type pageWriter struct {
	w    io.Writer
	n    int64
	done []byte // sums of full pages
	crc  uint32 // of the page so far
}

func (p *pageWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if err != nil {
		return n, err
	}
	for len(b) > 0 {
		part := b[:min(int64(len(b)), pageSize-p.n%pageSize)]
		p.crc = crc32.Update(p.crc, castagnoli, part)
		p.n += int64(len(part))
		if p.n%pageSize == 0 {
			p.done = binary.LittleEndian.AppendUint32(p.done, p.crc)
			p.crc = 0
		}
		b = b[len(part):]
	}
	return n, nil
}

// sums returns the checksums of all pages.
func (p *pageWriter) sums() []byte {
	if p.n%pageSize == 0 {
		return p.done
	}
	return binary.LittleEndian.AppendUint32(p.done, p.crc)
}
