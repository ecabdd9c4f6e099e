package office

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"math"
	"strconv"
	"unicode/utf16"

	"unseal/intake/table"
)

// Records of MS-XLSB that hold cells.
const (
	brtRowHdr     = 0
	brtCellBlank  = 1
	brtCellRk     = 2
	brtCellError  = 3
	brtCellBool   = 4
	brtCellReal   = 5
	brtCellSt     = 6
	brtCellIsst   = 7
	brtFmlaString = 8
	brtFmlaNum    = 9
	brtFmlaBool   = 10
	brtFmlaError  = 11
	brtSSTItem    = 19
	brtBundleSh   = 156
)

// errRecord says that a record of a binary workbook is cut off.
var errRecord = errors.New("a record of the workbook is damaged")

// records calls do with each record of a member. MS-XLSB section 2.1.4.
func records(b []byte, do func(kind int, data []byte) error) error {
	for len(b) > 0 {
		kind, n := int(b[0]), 1
		if kind&0x80 != 0 && len(b) > 1 {
			kind, n = kind&0x7f|int(b[1])<<7, 2
		}
		b = b[n:]
		size, shift := 0, 0
		for {
			if len(b) == 0 || shift > 21 {
				return errRecord
			}
			c := b[0]
			b = b[1:]
			size |= int(c&0x7f) << shift
			if shift += 7; c&0x80 == 0 {
				break
			}
		}
		if size > len(b) {
			return errRecord
		}
		if err := do(kind, b[:size]); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}

// wide reads a string with its length before it, in letters of two bytes.
func wide(b []byte) (string, []byte) {
	if len(b) < 4 {
		return "", nil
	}
	n := int64(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if n == math.MaxUint32 || 2*n > int64(len(b)) {
		return "", b
	}
	u := make([]uint16, n)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u)), b[2*n:]
}

// binaryWorkbook reads an xlsb. Numbers and dates are shown as the file holds
// them, since their formats are not applied.
func (x *ooxml) binaryWorkbook(main string, book *table.Book) error {
	b, err := x.read(main)
	if err != nil {
		return err
	}
	shared := x.binaryStrings()
	rels := x.byID(main)
	x.partly("a binary workbook: numbers and dates are shown without their formats")
	return records(b, func(kind int, data []byte) error {
		if kind != brtBundleSh || len(data) < 8 {
			return nil
		}
		hidden := binary.LittleEndian.Uint32(data) != 0
		id, rest := wide(data[8:])
		if _, ok := rels[id]; !ok && len(data) > 12 { // before the format was final
			id, rest = wide(data[12:])
		}
		name, _ := wide(rest)
		name = oneLine(name)
		if !book.Open(name, hidden) {
			return nil
		}
		if hidden {
			x.find("hidden-sheet", "the sheet %s is hidden", name)
		}
		b, err := x.read(rels[id].target)
		if err != nil {
			return err
		}
		return binaryRows(b, shared, book)
	})
}

func (x *ooxml) binaryStrings() (list []string) {
	b, err := x.read("xl/sharedStrings.bin")
	if err != nil {
		return nil
	}
	_ = records(b, func(kind int, data []byte) error {
		if kind == brtSSTItem && len(data) > 1 {
			s, _ := wide(data[1:])
			list = append(list, s)
		}
		return nil
	})
	return list
}

// binaryRows reads the cells of a sheet.
func binaryRows(b []byte, shared []string, book *table.Book) error {
	var row []string
	open := false
	err := records(b, func(kind int, data []byte) error {
		switch {
		case kind == brtRowHdr:
			if open && !book.Row(row) {
				return errLimit
			}
			row, open = nil, true
		case kind > brtRowHdr && kind <= brtFmlaError && len(data) >= 8:
			column := int(binary.LittleEndian.Uint32(data))
			for column < 1<<14 && len(row) <= column {
				row = append(row, "")
			}
			if column < len(row) {
				row[column] = binaryCell(kind, data[8:], shared)
			}
		}
		return nil
	})
	if open {
		book.Row(row)
	}
	return err
}

func binaryCell(kind int, b []byte, shared []string) string {
	switch {
	case kind == brtCellSt || kind == brtFmlaString:
		s, _ := wide(b)
		return s
	case kind == brtCellIsst && len(b) >= 4:
		if i := binary.LittleEndian.Uint32(b); int64(i) < int64(len(shared)) {
			return shared[i]
		}
	case kind == brtCellRk && len(b) >= 4:
		return number(rk(binary.LittleEndian.Uint32(b)))
	case (kind == brtCellReal || kind == brtFmlaNum) && len(b) >= 8:
		return number(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case (kind == brtCellBool || kind == brtFmlaBool) && len(b) >= 1:
		if b[0] != 0 {
			return "TRUE"
		}
		return "FALSE"
	case (kind == brtCellError || kind == brtFmlaError) && len(b) >= 1:
		return "#ERROR"
	}
	return ""
}

// rk is a number of 30 bits: the upper ones of a float, or an integer, perhaps
// in hundredths. MS-XLSB section 2.5.122.
func rk(v uint32) float64 {
	f := math.Float64frombits(uint64(v&^3) << 32)
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// fixed reads XPS: the strings of glyphs, page by page.
func (x *ooxml) fixed(main string) error {
	for _, name := range x.below("") {
		if len(name) < 6 || name[len(name)-6:] != ".fpage" {
			continue
		}
		b, err := x.read(name)
		if err != nil {
			return err
		}
		x.page.open("")
		t := newTokens(b)
		for {
			token, err := t.next()
			if token == nil {
				if err != nil {
					return err
				}
				break
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "Glyphs" {
				x.page.block(attr(e, "UnicodeString"), false)
			}
		}
	}
	return nil
}
