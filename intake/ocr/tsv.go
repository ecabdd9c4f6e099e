package ocr

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The columns of tesseract's TSV, see tesseract(1): level, page, block,
// paragraph, line, word, left, top, width, height, confidence, text.
const (
	colBlock = 2
	colLine  = 4
	colConf  = 10
	colText  = 11
	columns  = 12
)

// parseTSV makes lines and paragraphs of the words. What is no row of words is
// left out.
func parseTSV(b []byte) Page {
	var text strings.Builder
	var last [3]string // block, paragraph, line
	var sum, weight float64
	for row := range strings.SplitSeq(strings.ToValidUTF8(string(b), "\uFFFD"), "\n") {
		f := strings.SplitN(strings.TrimSuffix(row, "\r"), "\t", columns)
		if len(f) < columns || strings.TrimSpace(f[colText]) == "" {
			continue
		}
		conf, err := strconv.ParseFloat(f[colConf], 64)
		if err != nil || !(conf >= 0 && conf <= 100) {
			continue
		}
		here := [3]string(f[colBlock : colLine+1])
		text.WriteString(between(text.Len() == 0, last, here))
		text.WriteString(strings.TrimSpace(f[colText]))
		last = here
		n := float64(utf8.RuneCountInString(f[colText]))
		sum, weight = sum+n*conf, weight+n
	}
	if weight == 0 {
		return Page{}
	}
	return Page{Text: text.String(), Confidence: sum / weight / 100}
}

// between is what stands between two words.
func between(first bool, last, here [3]string) string {
	switch {
	case first:
		return ""
	case last[0] != here[0] || last[1] != here[1]:
		return "\n\n"
	case last != here:
		return "\n"
	}
	return " "
}
