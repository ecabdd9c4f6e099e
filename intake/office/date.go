package office

import (
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// dateStyles say which styles of cells show a number as a date, for sheets that
// are read without the formats of numbers.
type dateStyles struct {
	is       []bool
	from1904 bool
}

// dateStyles reads them, ECMA-376 part 1 sections 18.8.10 and 18.8.30.
func (x *ooxml) dateStyles() (d dateStyles) {
	b, err := x.read("xl/styles.xml")
	if err != nil {
		return d
	}
	custom := map[string]bool{}
	inside := false
	each(b, func(e xml.StartElement, _ *tokens) {
		switch e.Name.Local {
		case "numFmt":
			custom[attr(e, "numFmtId")] = isDateFormat(attr(e, "formatCode"))
		case "cellXfs":
			inside = true
		case "cellStyles", "dxfs":
			inside = false
		case "xf":
			if inside && len(d.is) < excelize.MaxCellStyles {
				id := attr(e, "numFmtId")
				n, _ := strconv.Atoi(id)
				d.is = append(d.is, custom[id] || n >= 14 && n <= 22 || n >= 45 && n <= 47)
			}
		}
	})
	if b, err := x.read("xl/workbook.xml"); err == nil {
		each(b, func(e xml.StartElement, _ *tokens) {
			d.from1904 = d.from1904 || e.Name.Local == "workbookPr" && on(attr(e, "date1904"))
		})
	}
	return d
}

// isDateFormat reports whether a format of numbers shows a part of a date: one
// of its letters stands outside quotes, brackets and escapes.
func isDateFormat(code string) bool {
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"', '[':
			shut := map[byte]byte{'"': '"', '[': ']'}[c]
			end := strings.IndexByte(code[i+1:], shut)
			if end < 0 {
				return false
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		case 'y', 'm', 'd', 'h', 's', 'Y', 'M', 'D', 'H', 'S':
			return true
		}
	}
	return false
}

// show writes a number of a style: a date by ISO 8601 where it is one.
func (d dateStyles) show(style int, v string) string {
	if style < 0 || style >= len(d.is) || !d.is[style] {
		return v
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || n < 0 {
		return v
	}
	t, err := excelize.ExcelDateToTime(n, d.from1904)
	switch {
	case err != nil:
		return v
	case n < 1:
		return t.Format("15:04:05")
	case n == float64(int64(n)):
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05")
}
