package office

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	"unseal/intake/table"
	"unseal/intake/text"
	"unseal/intake/tool"
)

// toolTime bounds one program on one document.
const toolTime = 40 * time.Second

// install says what reads old documents.
const install = "install the packages catdoc and antiword to have its text read"

// run runs a program over the document, whose bytes lie as "in" in its folder.
func (d *document) run(name string, args ...string) (string, error) {
	if err := d.spread(); err != nil {
		return "", err
	}
	out, err := tool.Run(d.ctx, tool.Command{Name: name, Args: append(args, "in"), Dir: d.in.Dir, Time: toolTime, Max: 2 * MaxText})
	if errors.Is(err, tool.ErrTooMuch) {
		d.page.cut = true
		err = nil
	}
	return text.Lines(strings.ToValidUTF8(string(out), "\uFFFD")), err
}

// spread writes the document into the folder once.
func (d *document) spread() error {
	if d.told["spread"]++; d.told["spread"] > 1 {
		return nil
	}
	if d.in.Size > MaxDocument {
		_, err := d.bytes()
		return err
	}
	return tool.Put(d.in.Dir, "in", io.NewSectionReader(d.in.Content, 0, d.in.Size))
}

// oldWord reads what Word wrote before 2007: the body by antiword, which keeps
// tables and notes, and by catdoc what antiword cannot open or leaves out.
func (d *document) oldWord() error {
	body, err := d.run("antiword", "-m", "UTF-8.txt", "-w", "0")
	if said := strings.TrimSpace(body); strings.HasPrefix(said, "I'm afraid") || strings.HasPrefix(said, "This OLE file does not") {
		body = ""
	}
	all, errAll := d.run("catdoc", "-d", "utf-8", "-w")
	if errors.Is(err, tool.ErrAbsent) && errors.Is(errAll, tool.ErrAbsent) {
		d.partly("a document of an old Word: " + install)
		return nil
	}
	if strings.TrimSpace(body) == "" {
		d.page.block(all, false)
	} else {
		d.page.block(body, false)
		d.behind("Further text in the file: headers, notes, comments, hidden text", leftOut(body, all))
	}
	switch {
	case d.stopped(err, errAll):
		return context.DeadlineExceeded
	case strings.TrimSpace(body+all) == "":
		return errNoText
	}
	d.res.By = "antiword, catdoc"
	return nil
}

// stopped reports whether the time of the document is over.
func (d *document) stopped(errs ...error) bool {
	return d.ctx.Err() != nil && errors.Join(errs...) != nil
}

// leftOut are the lines of all whose words body does not hold.
func leftOut(body, all string) (lines []string) {
	has := squeeze(body)
	for line := range strings.SplitSeq(all, "\n") {
		if s := squeeze(line); len(s) > 1 && !strings.Contains(has, s) {
			lines = append(lines, strings.TrimSpace(strings.ReplaceAll(line, "\a", "\t")))
		}
	}
	return lines
}

// squeeze leaves the letters and digits.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r < 0x80 && !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') || r == '\uFFFD' || r == '\u00a0' {
			return -1
		}
		return r
	}, s)
}

// oldWordIn reads a document of Word in a compound file; whether it is
// encrypted stands in its first bytes, MS-DOC section 2.5.2.
func (d *document) oldWordIn(list []stream) error {
	b, err := find(list, "WordDocument").read(32)
	if err == nil && len(b) > 12 && binary.LittleEndian.Uint16(b[10:])&0x0100 != 0 {
		d.fact("encrypted", "not opened")
		return &encryptedError{"Word"}
	}
	return d.oldWord()
}

// oldExcelIn reads a workbook in a compound file; a record FILEPASS among the
// first says that it is encrypted, MS-XLS section 2.4.117.
func (d *document) oldExcelIn(list []stream) error {
	s := find(list, "Workbook")
	if s == nil {
		s = find(list, "Book")
	}
	if b, err := s.read(64 << 10); err == nil && filePass(b) {
		d.fact("encrypted", "not opened")
		return &encryptedError{"Excel"}
	}
	d.boundSheets(s)
	return d.oldExcel()
}

func filePass(b []byte) bool {
	for i := 0; len(b) >= 4 && i < 20; i++ {
		kind, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if kind == 0x2f {
			return true
		}
		b = b[min(len(b), 4+size):]
	}
	return false
}

// boundSheets finds hidden sheets, MS-XLS section 2.4.28.
func (d *document) boundSheets(s *stream) {
	_, _ = s.file.Seek(0, io.SeekStart)
	b, err := s.read(maxProperties)
	for err == nil && len(b) >= 4 {
		kind, size := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if len(b) < 4+size {
			return
		}
		if data := b[4 : 4+size]; kind == 0x85 && size > 8 && data[4]&3 != 0 {
			name := string(bytes.ReplaceAll(data[8:], []byte{0}, nil))
			d.find("hidden-sheet", "the sheet %s is hidden", strings.ToValidUTF8(name, ""))
		} else if kind == 0x85 && size > 8 && data[5] == 1 {
			d.once("macro", "the workbook holds a sheet of macros")
		}
		b = b[4+size:]
	}
}

// pageBreak stands between the sheets that xls2csv writes.
const pageBreak = "\f"

// oldExcel reads what Excel wrote before 2007, by xls2csv.
func (d *document) oldExcel() error {
	book := d.book()
	out, err := d.run("xls2csv", "-d", "utf-8", "-q", "1", "-b", pageBreak)
	if errors.Is(err, tool.ErrAbsent) {
		d.partly("a workbook of an old Excel: " + install)
		return nil
	}
	for sheet := range strings.SplitSeq(out, pageBreak) {
		if strings.TrimSpace(sheet) == "" || !book.Open("", false) {
			continue
		}
		rows := table.NewRows(strings.NewReader(sheet), ',')
		for row, err := rows.Next(); err == nil && book.Row(row); row, err = rows.Next() {
		}
	}
	d.keep(book)
	d.res.By = "xls2csv"
	if d.stopped(err) {
		return context.DeadlineExceeded
	} else if len(book.Sheets) == 0 {
		return errNoText
	}
	return nil
}

// oldSlides reads what PowerPoint wrote before 2007, by catppt.
func (d *document) oldSlides(list []stream) error {
	if find(list, "EncryptedSummary") != nil {
		d.fact("encrypted", "not opened")
		return &encryptedError{"PowerPoint"}
	}
	out, err := d.run("catppt", "-d", "utf-8", "-b", pageBreak)
	if errors.Is(err, tool.ErrAbsent) {
		d.partly("slides of an old PowerPoint: " + install)
		return nil
	}
	slides := strings.Split(strings.TrimRight(out, pageBreak+"\n "), pageBreak)
	for _, s := range slides {
		if len(slides) > 1 {
			d.page.open("")
		}
		d.page.block(s, false)
	}
	d.res.By = "catppt"
	if d.stopped(err) {
		return context.DeadlineExceeded
	} else if strings.TrimSpace(out) == "" {
		return errNoText
	}
	return nil
}
