package table

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"

	"unseal/intake/reader"
	"unseal/intake/text"
	"unseal/reading"
	"unseal/trove"
)

// Option is the name of the desk's answer that a table holds mails: the value
// is a [Mapping] as text.
const Option = "mails"

// sampleSize is how much of a table's beginning is looked at to tell what it is.
const sampleSize = 256 << 10

// headSize is how much [Detect] looks at.
const headSize = 64 << 10

// Media types of tables.
const (
	typeCSV  = "text/csv"
	typeTSV  = "text/tab-separated-values"
	typeJSON = "application/json"
)

// Detect tells the kind and the media type of a file that is a table which this
// package reads: delimited text by its ending and evenness, a list of JSON
// objects by its beginning. head are its first bytes, 64 KiB if there are as
// many. There is no kind if it is none.
func Detect(head []byte, name string) (trove.Kind, string) {
	head = head[:min(len(head), headSize)]
	if len(head) == 0 || bytes.IndexByte(head[:min(len(head), 512)], 0) >= 0 && !isWide(head) {
		return "", ""
	}
	switch ext := strings.ToLower(path.Ext(name)); {
	case isObjects(head):
		return trove.Table, typeJSON
	case markup(head):
	case ext == ".tsv" || ext == ".tab":
		return trove.Table, typeTSV
	case ext == ".csv":
		return trove.Table, typeCSV
	case ext == ".txt" || ext == "":
		if s, _, _ := text.Decode(head, ""); evenly(s) {
			return trove.Table, typeTSV
		}
	}
	return "", ""
}

// Takes reports whether [Read] reads files of a media type as [Detect] names it.
func Takes(kind trove.Kind, mediaType string) bool {
	return kind == trove.Table && (mediaType == typeCSV || mediaType == typeTSV || mediaType == typeJSON)
}

func isWide(b []byte) bool {
	return len(b) > 1 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff)
}

func markup(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	return bytes.HasPrefix(b, []byte("<!")) || bytes.HasPrefix(b, []byte("<?")) || bytes.HasPrefix(b, []byte("<html")) || bytes.HasPrefix(b, []byte(`{\rtf`))
}

// evenly reports whether text that does not call itself a table is one beyond
// doubt: five rows of tabs or bars at least, all with as many fields.
func evenly(s string) bool {
	for _, delim := range []byte("\t|") {
		rows, n, fields := NewRows(strings.NewReader(s), delim), 0, 0
		for ; n < sampleRows; n++ {
			if _, err := rows.Next(); err != nil || rows.eof {
				break
			}
			if n == 0 {
				fields = len(rows.ends)
			}
			if len(rows.ends) != fields {
				return false
			}
		}
		if n >= 5 && fields >= 3 {
			return true
		}
	}
	return false
}

// isObjects reports whether JSON is a list of objects, or objects line by line.
func isObjects(b []byte) bool {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(b) > 0 && b[0] == '[' {
		b = bytes.TrimLeft(b[1:], " \t\r\n")
		return len(b) > 0 && b[0] == '{'
	}
	first, rest, more := bytes.Cut(b, []byte("\n"))
	return more && json.Valid(first) && len(first) > 0 && first[0] == '{' && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("{"))
}

// source is a table that can be passed over row by row, more than once.
type source struct {
	in      *reader.Input
	json    bool
	delim   byte
	charset string // empty for UTF-8
	sure    bool
	named   bool // the first row names the columns
	columns []string
}

// open tells how the table of an item is written.
func open(in *reader.Input) (*source, error) {
	sample := make([]byte, min(in.Size, sampleSize))
	if n, err := in.Content.ReadAt(sample, 0); n < len(sample) && err != nil {
		return nil, err
	}
	s := &source{in: in}
	if isObjects(sample) {
		s.json, s.named, s.sure = true, true, true
		return s, s.keys()
	}
	decoded, charset, sure := text.Decode(whole(sample, in.Size), "")
	s.charset, s.sure = charset, sure
	if s.delim = Delimiter(decoded, in.Name); s.delim == 0 {
		s.delim = ','
	}
	return s, nil
}

// whole takes a letter off that the end of the sample cut.
func whole(sample []byte, size int64) []byte {
	if int64(len(sample)) == size {
		return sample
	}
	for range utf8.UTFMax - 1 {
		if r, n := utf8.DecodeLastRune(sample); r != utf8.RuneError || n != 1 {
			break
		}
		sample = sample[:len(sample)-1]
	}
	return sample
}

// each passes over the rows; of JSON the first has the names of the columns.
func (s *source) each(ctx context.Context, do func(row []string) bool) (cut bool, err error) {
	if s.json {
		return s.objects(ctx, do)
	}
	rows := NewRows(s.reader(), s.delim)
	for n := 0; ; n++ {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return rows.Cut, nil
		} else if err != nil {
			return rows.Cut, err
		}
		if n == 0 && len(row) > 0 {
			row[0] = strings.TrimPrefix(row[0], "\uFEFF")
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return rows.Cut, ctx.Err()
		}
		if !do(row) {
			return true, nil
		}
	}
}

// reader gives the table's bytes as UTF-8.
func (s *source) reader() io.Reader {
	r := io.NewSectionReader(s.in.Content, 0, s.in.Size)
	if s.charset == "" || s.charset == "utf-8" {
		return &latin{r: r}
	}
	enc, err := htmlindex.Get(s.charset)
	if err != nil {
		return &latin{r: r}
	}
	return transform.NewReader(r, enc.NewDecoder())
}

// Read reads a table; it is the stage [reader.Read] of what [Detect] knows.
func Read(ctx context.Context, in *reader.Input) (res reader.Result) {
	res.Record.Kind = trove.Table
	s, err := open(in)
	if err != nil {
		res.Failed = "the table cannot be read: " + err.Error()
		return res
	}
	var book Book
	book.Open("", false)
	cut, err := s.each(ctx, book.Row)
	book.Close()
	s.tell(&res, cut || book.Cut, err)
	Guessed(&res, book.Sheets)
	res.Text, res.Reading.Sheets = book.Text(), book.Sheets
	return res
}

// tell says what could not be had.
func (s *source) tell(res *reader.Result, cut bool, err error) {
	if !s.sure {
		res.Warn("guessed-charset", "the table does not say which charset it is written in; it is read as %s", nameOf(s.charset))
	}
	if cut {
		res.Warn("text-cut", "the table is longer than is shown and searched")
		res.Partly = "the table is longer than is shown and searched"
	}
	if err != nil {
		res.Warn("damaged", "the table cannot be read to its end: %v", err)
		res.Partly = "the table cannot be read to its end"
	}
}

func nameOf(charset string) string {
	if charset == "" {
		return "windows-1252"
	}
	return charset
}

// Guessed says in a fact which mapping makes mails of a table that looks like
// one of mails.
func Guessed(res *reader.Result, sheets []reading.Sheet) {
	for _, s := range sheets {
		if !s.Head || len(s.Cells) < 2 {
			continue
		}
		if m := Guess(s.Cells[0], s.Cells[1:]); m.Mails() {
			res.Fact("mails", m.String())
			return
		}
	}
}
