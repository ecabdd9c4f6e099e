package segment

import (
	"encoding/binary"
	"fmt"
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
	defer spare.Put(b.memory)
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
	out  *writer
	text textWriter

	*memory
	starts []int // of each document in tokens
	place  int   // of the next token
	scan   search.Scanner

	key []byte

	lengths []byte
	total   uint64 // places in all documents
	stretch []byte // of the current document: its zones
	cols    [columns]ints
	facets  [facets]facetBuilder
}

// memory is what one builder leaves to the next.
type memory struct {
	words   *intern
	tokens  []uint32
	occs    []uint64
	keys    *intern // terms other than words
	keyDocs []keyDoc
	keyLast []uint32 // by key: the last document that has it, plus one
	records []byte
	lists   []byte
}

var spare = sync.Pool{New: func() any { return &memory{words: newIntern(), keys: newIntern()} }}

// newMemory is memory with nothing in it.
func newMemory() *memory {
	m := spare.Get().(*memory)
	m.words.reset()
	m.keys.reset()
	m.tokens, m.keyDocs, m.keyLast, m.records, m.lists = m.tokens[:0], m.keyDocs[:0], m.keyLast[:0], m.records[:0], m.lists[:0]
	return m
}

type keyDoc struct{ key, doc uint32 }

// tozstd packs frames for all builders. It is made once, as encoders are large;
// what a frame packs to depends on its text alone.
var tozstd = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)),
		zstd.WithWindowSize(frameSize), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
})

func newBuilder(w io.Writer) (*builder, error) {
	out, err := newWriter(w)
	if err != nil {
		return nil, err
	}
	return &builder{out: out, text: textWriter{out: out, starts: []int64{0}}, memory: newMemory()}, nil
}

func (b *builder) add(d *search.Doc) error {
	if len(b.starts) == maxDocs {
		return fmt.Errorf("segment: more than %d documents", maxDocs)
	}
	body := clean(d.Body)
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
	for _, t := range append([]string{body}, texts...) {
		if err := b.text.add([]byte(t)); err != nil {
			return err
		}
	}
	return nil
}

// clean makes s valid UTF-8 in form C.
func clean(s string) string {
	if isASCII(s) {
		return s
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return search.Normal(s)
}

// isASCII looks at 8 bytes at a time.
func isASCII(s string) bool {
	const high = 0x8080808080808080
	for ; len(s) >= 8; s = s[8:] {
		if x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56; x&high != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
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
	r := row{number: d.Number, date: seconds(d.Date), edition: d.Edition, copyOf: d.CopyOf, text: b.text.size, body: int64(len(body)),
		size: max(0, d.Size), receivers: len(d.To) + len(d.Cc) + len(d.Bcc), mass: d.Mass,
		subject: subject, from: display(d.From), to: display(slices.Concat(d.To, d.Cc, d.Bcc))}
	for i, f := range rowFacets {
		docs := b.facets[f].docs
		r.sets[i] = docs[len(docs)-1]
	}
	for i, f := range d.Files {
		r.files = append(r.files, fileRow{clean(f.Name), int64(len(texts[i]))})
	}
	b.records = r.append(b.records, b.stretch)
}

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

// textWriter packs texts into frames as they come.
type textWriter struct {
	out    *writer
	frame  []byte // not yet written
	packed []byte
	starts ints  // of each frame in the section, and the end of the last
	size   int64 // of all texts
}

func (t *textWriter) add(s []byte) error {
	t.size += int64(len(s))
	for len(s) > 0 {
		n := min(len(s), frameSize-len(t.frame))
		t.frame = append(t.frame, s[:n]...)
		s = s[n:]
		if len(t.frame) == frameSize {
			if err := t.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *textWriter) flush() error {
	if len(t.frame) == 0 {
		return nil
	}
	t.packed = tozstd().EncodeAll(t.frame, t.packed[:0])
	t.frame = t.frame[:0]
	t.starts = append(t.starts, t.starts[len(t.starts)-1]+int64(len(t.packed)))
	return t.out.write(t.packed)
}

func (b *builder) finish() error {
	if err := b.text.flush(); err != nil {
		return err
	}
	b.out.end(secText)
	inv := invert(b)
	b.cols[colRecord] = append(b.cols[colRecord], int64(len(b.records)))
	b.out.section(secDocs, b.records)
	b.lists = inv.lists
	b.out.section(secLists, inv.lists)
	b.out.section(secLengths, b.lengths)
	b.out.section(secPages, inv.dict.index.b)
	b.out.section(secTerms, inv.dict.pages)
	b.out.columns(b.columns())
	return b.out.finish(b.meta(), inv.dict.groups.b)
}

// columns lists all columns in the order of the layout.
func (b *builder) columns() []numbers {
	list := make([]numbers, 0, layoutSize)
	for _, c := range b.cols {
		list = append(list, c)
	}
	for i := range b.facets {
		list = append(list, b.facets[i].docs)
	}
	list = append(list, b.text.starts)
	for _, f := range tableOrder {
		list = append(list, b.facets[f].table()...)
	}
	return list
}

// meta holds the counts and ranges, and whether the documents stand in the
// order of their dates and numbers.
func (b *builder) meta() []byte {
	m := meta{docs: len(b.starts), words: b.total, text: b.text.size, terms: len(b.words.items) + len(b.keys.items)}
	m.scan(b.cols[colDate], b.cols[colNumber], len(b.facets[facetCollection].values) <= 1)
	return m.append(nil)
}
