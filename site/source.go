package site

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"unseal/archive"
	"unseal/mime"
	"unseal/mime/body"
	"unseal/reading"
	"unseal/search"
	"unseal/trove"
)

// collection is a collection as the pages show it, read once at the start: an
// open archive does not change.
type collection struct {
	archive.CollectionInfo
	src      *archive.Collection
	batches  []batch // by number
	states   map[trove.State]int
	editions map[edition]time.Time // when each edition of a batch came out
}

// edition names an edition of a batch.
type edition struct{ batch, edition int }

// batch is a batch with all its editions: when the first came out, and which
// the newest is. Items, First and Last count what came out in any of them.
type batch struct {
	archive.BatchInfo
	gone int // of Items, withdrawn since
}

// published is how many items can be read.
func (c *collection) published() int { return c.states[trove.Published] }

// batch is the batch of that number, or nil.
func (c *collection) batch(n int) *batch {
	if i := c.indexOf(n); i >= 0 {
		return &c.batches[i]
	}
	return nil
}

// indexOf is the place of batch n in the list, or -1.
func (c *collection) indexOf(n int) int {
	return slices.IndexFunc(c.batches, func(b batch) bool { return b.Number == n })
}

// item is an item as a page shows it.
type item struct {
	coll       *collection
	number     int
	batch      int
	state      trove.State
	reason     string
	published  time.Time
	index      int64 // of its newest entry in the log
	edition    int
	row        archive.Row
	rec        archive.Record
	files      []trove.Part
	read       *reading.Reading // what was read beside record and text; nil for nothing
	text       string
	signed     string // text with a sign for each mark of a redacted item; else empty
	prev, next int    // neighbours that have a page of their own; 0 at the ends
}

// readCollections reads what every page needs of the collections.
func readCollections(a *archive.Archive) ([]*collection, error) {
	var list []*collection
	for _, src := range a.Collections() {
		c := &collection{CollectionInfo: src.Info, src: src}
		c.Name, c.Committed = src.Name, src.Count()
		if c.Title == "" {
			c.Title = string(c.Name)
		}
		if err := c.readBatches(); err != nil {
			return nil, err
		}
		c.count()
		list = append(list, c)
	}
	return list, nil
}

// readBatches joins the editions of each batch: the first says when it came
// out, the newest what its files are.
func (c *collection) readBatches() error {
	editions, err := c.src.Batches()
	if err != nil {
		return err
	}
	c.editions = make(map[edition]time.Time, len(editions))
	for _, e := range editions {
		c.editions[edition{e.Number, e.Edition}] = e.Published
		if b := c.batch(e.Number); b != nil {
			b.Edition, b.Manifest = e.Edition, e.Manifest
			continue
		}
		c.batches = append(c.batches, batch{BatchInfo: archive.BatchInfo{Number: e.Number, Edition: e.Edition, Published: e.Published, Manifest: e.Manifest}})
	}
	slices.SortFunc(c.batches, func(a, b batch) int { return a.Number - b.Number })
	return nil
}

// count adds up the numbers by state and by batch, from the log alone.
func (c *collection) count() {
	c.states = map[trove.State]int{}
	at := make(map[int]*batch, len(c.batches))
	for i := range c.batches {
		at[c.batches[i].Number] = &c.batches[i]
	}
	for n := 1; n <= c.Committed; n++ {
		st, _ := c.src.Status(n)
		c.states[st.State]++
		b := at[st.Batch]
		if b == nil || st.State != trove.Published && st.State != trove.Tombstone {
			continue
		}
		if b.First == 0 {
			b.First = n
		}
		b.Last = n
		b.Items++
		if st.State == trove.Tombstone {
			b.gone++
		}
	}
}

// openItem reads number n of a collection with its record and its text. What
// is not published comes back with its state alone. A number that was never
// committed to is missing.
func (s *site) openItem(ctx context.Context, c *collection, n int) (*item, error) {
	it, err := s.openRecord(c, n)
	if err != nil || it.state != trove.Published {
		return it, err
	}
	if err := it.loadReading(); err != nil {
		return nil, err
	}
	return it, s.loadText(ctx, it)
}

// openRecord is openItem without the text.
func (s *site) openRecord(c *collection, n int) (*item, error) {
	st, ok := c.src.Status(n)
	if !ok {
		return nil, missing("error.no-item", val("Collection", c.Title), num("Total", c.Committed))
	}
	it := &item{coll: c, number: n, batch: st.Batch, state: st.State, reason: st.Reason, index: st.Index, edition: st.Edition,
		prev: c.neighbour(n, -1), next: c.neighbour(n, 1)}
	if st.State != trove.Published {
		return it, nil
	}
	read, err := c.src.Item(n)
	if err != nil {
		return nil, err
	}
	it.row, it.rec = read.Row, read.Record
	it.published = c.batch(st.Batch).Published
	it.files = it.rec.Files()
	return it, nil
}

// neighbourReach is how far the links to the items before and after look for
// one that is published.
const neighbourReach = 2000

// neighbour is the nearest published number from n in a direction, or 0.
func (c *collection) neighbour(n, step int) int {
	for i := 1; i <= neighbourReach; i++ {
		st, ok := c.src.Status(n + i*step)
		if !ok {
			return 0
		}
		if st.State == trove.Published {
			return n + i*step
		}
	}
	return 0
}

// loadText reads the item's text: of a plain mail from its exact bytes, which
// the log vouches for; of other items, whose text is made of several parts or
// of HTML, from the index. Without an index every text part is decoded.
func (s *site) loadText(ctx context.Context, it *item) error {
	if err := s.findText(ctx, it); err != nil {
		return err
	}
	return it.signText()
}

func (s *site) findText(ctx context.Context, it *item) error {
	if text, ok, err := it.plainText(); ok || err != nil {
		it.text = text
		return err
	}
	if s.index == nil {
		return it.readText()
	}
	text, err := s.index.Text(ctx, it.coll.Name, it.number)
	if errors.Is(err, search.ErrNotFound) {
		return it.readText()
	}
	it.text = it.ownText(text)
	return err
}

// ownText is the item's text in what the index has of it, where texts that
// were made of it follow: of these only what was read off its pictures stays,
// since pages show the others apart.
func (it *item) ownText(text string) string {
	if it.read == nil {
		return text
	}
	spoken := it.read.Spoken()
	at := strings.LastIndex(text, spoken)
	if spoken == "" || at < 0 {
		return text
	}
	own := text[:at]
	for _, i := range it.texts(reading.OCR) {
		for _, s := range it.read.Texts[i].Segments {
			if !s.Hidden {
				own += s.Text + "\n"
			}
		}
	}
	return own
}

// maxPlain is the longest text that is decoded for each page; the index keeps
// longer ones ready.
const maxPlain = 256 << 10

// plainText is the text of a plain mail; false for any other item.
func (it *item) plainText() (text string, ok bool, err error) {
	if !it.isPlain() {
		return "", false, nil
	}
	raw, err := it.bytes()
	if err != nil {
		return "", false, err
	}
	return it.decodePlain(raw)
}

// isPlain reports whether the item is a mail that holds one text and nothing else.
func (it *item) isPlain() bool {
	return it.rec.Kind == trove.Mail && len(it.rec.Parts) == 1 && it.rec.Parts[0].Role == trove.RoleText && it.row.Size <= maxPlain
}

// decodePlain is the text of a plain mail, the same as intake made of it; false
// where intake had to guess the charset.
func (it *item) decodePlain(raw []byte) (text string, ok bool, err error) {
	text, ok, err = decodeText(raw, it.rec.Parts[0])
	return strings.TrimRight(strings.TrimLeft(text, "\n"), " \t\n"), ok, err
}

// readText decodes the item's text parts, one after another.
func (it *item) readText() error {
	if it.rec.Kind != trove.Mail {
		return nil
	}
	raw, err := it.bytes()
	if err != nil {
		return err
	}
	it.text, err = it.decodeTexts(raw)
	return err
}

// decodeTexts decodes the item's text parts in raw, one after another.
func (it *item) decodeTexts(raw []byte) (all string, err error) {
	for _, part := range it.rec.Parts {
		if part.Role != trove.RoleText {
			continue
		}
		text, _, err := decodeText(raw, part)
		if err != nil {
			return "", err
		}
		all += text
	}
	return all, nil
}

// toShow is the text for a page: that with signs where there is one.
func (it *item) toShow() string {
	if it.signed != "" {
		return it.signed
	}
	return it.text
}

// decodeText is the text of a part with plain line ends; known reports whether
// its charset was.
func decodeText(raw []byte, part trove.Part) (text string, known bool, err error) {
	b, err := body.DecodePart(raw, part)
	if err != nil {
		return "", false, err
	}
	text, known = mime.ToUTF8(b, part.Charset)
	text = strings.TrimPrefix(text, "\uFEFF")
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	return text, known, nil
}

// bytes are the item's exact bytes, checked against the log.
func (it *item) bytes() ([]byte, error) { return it.coll.src.Bytes(it.number) }

// html is the part that the HTML view shows, or nil.
func (it *item) html() *trove.Part {
	for i := range it.rec.Parts {
		if it.rec.Parts[i].Role == trove.RoleHTML {
			return &it.rec.Parts[i]
		}
	}
	return nil
}

// suffix ends the address of the item's exact bytes.
func (it *item) suffix() string {
	if it.rec.Kind == trove.Mail {
		return ".eml"
	}
	return ".bin"
}

// reserved are the endings of an item's address that mean another form of it.
var reserved = []string{".eml", ".txt", ".json", ".proof", ".vtt", ".srt", ".zip", ".csv", ".html"}

// native ends the address of the exact bytes as people save them: what the
// file was called under, where no other form of the item has that ending.
func (it *item) native() string {
	if it.rec.Kind == trove.Mail || len(it.rec.Paths) == 0 {
		return it.suffix()
	}
	ext := extension(it.rec.Paths[0])
	if !shortExtension.MatchString(ext) || slices.Contains(reserved, ext) || it.playing(ext) != "" {
		return it.suffix()
	}
	return ext
}

// originalPath is where a reader gets the exact bytes under the name that they
// had, if that is known.
func (it *item) originalPath() string {
	if self := it.self(); self >= 0 && it.native() == it.suffix() {
		return it.filePath(self + 1)
	}
	return itemPath(it.coll.Name, it.number) + it.native()
}

var shortExtension = regexp.MustCompile(`^\.[a-z][a-z0-9]{0,5}$`)

// copies are the other published items that hold the same message.
func (it *item) copies() []int {
	list := it.rec.Copies
	if it.rec.CopyOf > 0 && !slices.Contains(list, it.rec.CopyOf) {
		list = append([]int{it.rec.CopyOf}, list...)
	}
	return slices.DeleteFunc(slices.Clone(list), func(n int) bool {
		st, ok := it.coll.src.Status(n)
		return !ok || n == it.number || st.State != trove.Published
	})
}

// asRow is the item as lists show it.
func (it *item) asRow() row {
	r := row{Collection: it.coll.Name, Number: it.number, Batch: it.batch, State: it.state, Reason: it.reason}
	if it.state != trove.Published {
		return r
	}
	rec := &it.rec
	r.Kind, r.Subject, r.From, r.To = rec.Kind, rec.Subject, displayName(rec.From), displayName(rec.To)
	r.Receivers = len(rec.To) + len(rec.Cc) + len(rec.Bcc)
	r.Date, r.Files, r.Verdict, r.Thread, r.CopyOf, r.Size = rec.Date, len(it.files), rec.Verdict, rec.Thread, rec.CopyOf, it.row.Size
	return r
}

// batchRows are at most limit items of a batch from number from on, and the
// number to go on from, or 0.
func (s *site) batchRows(c *collection, b *batch, from, limit int) (rows []row, next int, err error) {
	for n := max(from, b.First); n > 0 && n <= b.Last; n++ {
		if !c.lists(b, n) {
			continue
		}
		if len(rows) == limit {
			s.extents(rows)
			return rows, n, nil
		}
		it, err := s.openRecord(c, n)
		if err != nil {
			return nil, 0, err
		}
		rows = append(rows, it.asRow())
	}
	s.extents(rows)
	return rows, 0, nil
}

// lists reports whether number n stands in the list of a batch.
func (c *collection) lists(b *batch, n int) bool {
	st, _ := c.src.Status(n)
	return st.Batch == b.Number && st.State != trove.Withheld && st.State != trove.Unreadable
}

// before is the number at which limit items of a batch begin that end before
// number from; 0 if they are the first.
func (c *collection) before(b *batch, from, limit int) int {
	at := 0
	for n := min(from-1, b.Last); n >= b.First; n-- {
		switch {
		case !c.lists(b, n):
		case limit == 0:
			return at
		default:
			at, limit = n, limit-1
		}
	}
	return 0
}
