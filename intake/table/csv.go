package table

import (
	"bufio"
	"errors"
	"io"
	"path"
	"strings"
)

// Limits of a row. What is beyond is passed over, and said.
const (
	maxField   = 1 << 20 // bytes of one field
	maxFields  = 16384   // of one row, as many as a spreadsheet has
	maxRowSize = 8 << 20 // bytes of one row
)

// Rows reads delimited text row by row: RFC 4180, and the bare quotes, lone
// carriage returns and uneven rows that real files have. Its memory is bounded
// by that of one row.
type Rows struct {
	Cut bool // a row was longer than is read

	r      *bufio.Reader
	delim  byte
	buf    []byte
	ends   []int
	eof    bool
	quotes bool // the row has any
}

// NewRows reads UTF-8 text whose fields are divided by delim.
func NewRows(r io.Reader, delim byte) *Rows {
	return &Rows{r: bufio.NewReaderSize(r, 64<<10), delim: delim}
}

// Next returns the next row, good until the following call, and io.EOF at the
// end. Lines without anything are passed over.
func (r *Rows) Next() ([]string, error) {
	for !r.eof {
		if err := r.row(); err != nil {
			return nil, err
		}
		if len(r.ends) == 1 && r.ends[0] == 0 && !r.quotes {
			continue
		}
		return r.cells(), nil
	}
	return nil, io.EOF
}

func (r *Rows) cells() []string {
	all := string(r.buf)
	cells := make([]string, len(r.ends))
	from := 0
	for i, to := range r.ends {
		cells[i], from = strings.ToValidUTF8(all[from:to], "\uFFFD"), to
	}
	return cells
}

// row reads fields up to the end of a line outside quotes.
func (r *Rows) row() error {
	r.buf, r.ends, r.quotes = r.buf[:0], r.ends[:0], false
	quoted, start := false, true // within quotes; at the beginning of a field
	for {
		c, err := r.r.ReadByte()
		if errors.Is(err, io.EOF) {
			r.eof = true
			r.end()
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case c == '"' && start:
			quoted, start, r.quotes = true, false, true
			continue
		case c == '"' && quoted:
			if quoted = r.follows('"'); quoted {
				r.put('"')
			}
		case quoted:
			r.put(c)
		case c == r.delim:
			r.end()
			start = true
			continue
		case c == '\n', c == '\r':
			if c == '\r' {
				r.follows('\n')
			}
			r.end()
			return nil
		default:
			r.put(c)
		}
		start = false
	}
}

// follows takes the next byte if it is c.
func (r *Rows) follows(c byte) bool {
	next, _ := r.r.Peek(1)
	if len(next) == 0 || next[0] != c {
		return false
	}
	_, _ = r.r.Discard(1)
	return true
}

func (r *Rows) put(c byte) {
	from := 0
	if n := len(r.ends); n > 0 {
		from = r.ends[n-1]
	}
	if len(r.buf)-from >= maxField || len(r.buf) >= maxRowSize || len(r.ends) >= maxFields {
		r.Cut = true
		return
	}
	r.buf = append(r.buf, c)
}

func (r *Rows) end() {
	if len(r.ends) >= maxFields {
		r.Cut = true
		return
	}
	r.ends = append(r.ends, len(r.buf))
}

// delimiters that tables are written with, the likelier first.
const delimiters = ",;\t|"

// sampleRows is how many rows of a sample are looked at.
const sampleRows = 200

// Delimiter guesses what divides the fields of a table from the beginning of
// its text: what most rows hold the same number of. It is 0 where none does in
// at least two rows. The ending of name decides between equals.
func Delimiter(sample, name string) byte {
	best, most := byte(0), 0.0
	for i := range len(delimiters) {
		score := evenness(sample, delimiters[i])
		if strings.EqualFold(path.Ext(name), ".tsv") && delimiters[i] == '\t' || strings.EqualFold(path.Ext(name), ".csv") && delimiters[i] == ',' {
			score *= 1.2
		}
		if score > most {
			best, most = delimiters[i], score
		}
	}
	return best
}

// evenness says how much a text is a table divided so: the share of rows that
// have the usual number of fields, more for more fields, 0 for none.
func evenness(sample string, delim byte) float64 {
	rows := NewRows(strings.NewReader(sample), delim)
	counts := map[int]int{}
	n := 0
	for ; n < sampleRows; n++ {
		if _, err := rows.Next(); err != nil {
			break
		}
		counts[len(rows.ends)]++
	}
	fields, same := 0, 0
	for f, c := range counts {
		if c > same || c == same && f > fields {
			fields, same = f, c
		}
	}
	if fields < 2 || same < 2 {
		return 0
	}
	return float64(same) / float64(n) * (1 + float64(min(fields, 20))/40)
}
