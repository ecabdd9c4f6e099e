package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// attachmentText reads a file of files/, which are all part of the program.
func attachmentText(name string) []byte {
	b, err := content.ReadFile("files/" + name)
	if err != nil {
		panic(err) // the story's tests read every file
	}
	return b
}

// title gives some attachments the names that people give them.
var title = map[string]string{
	"petition.txt":         "petition – عريضة.txt",
	"releve-des-fonds.csv": "relevé des fonds.csv",
	"sampling-points.png":  "sampling points.png",
}

// attachment makes the part of a file: .pdf from the words in files/, .png
// drawn here, others as they stand. With disguise the name of a text file
// holds a character that turns round what follows it.
func attachment(file string, disguise bool) (part, error) {
	name := file
	if t := title[file]; t != "" {
		name = t
	}
	switch {
	case strings.HasSuffix(file, ".pdf"):
		return filePart("application/pdf", name, pdf(string(attachmentText(file+".txt")))), nil
	case strings.HasSuffix(file, ".png"):
		b, err := sketch()
		return filePart("image/png", name, b), err
	case strings.HasSuffix(file, ".csv"):
		return filePart("text/csv; charset=utf-8", name, attachmentText(file)), nil
	case disguise:
		return filePart("text/plain; charset=utf-8", "field notes\u202Efdp.txt", attachmentText(file)), nil
	}
	return filePart("text/plain; charset=utf-8", name, attachmentText(file)), nil
}

// filePart encodes a file, and its name in one of the two ways that are seen:
// RFC 2231 section 4, or an encoded word where RFC 2047 section 5 forbids it.
func filePart(typ, name string, b []byte) part {
	disposition := `attachment; filename="` + name + `"`
	switch {
	case !ascii(name) && (arabic(name) || strings.Contains(name, "\u202E")):
		disposition = "attachment;\n filename*=utf-8''" + percent(name)
	case !ascii(name):
		disposition = "attachment;\n filename=\"" + encodeWord("iso-8859-1", name) + `"`
	}
	fields := []string{"Content-Type: " + typ, "Content-Disposition: " + disposition}
	if ascii(string(b)) && strings.HasPrefix(typ, "text/") {
		return part{append(fields, "Content-Transfer-Encoding: 7bit"), string(b)}
	}
	return part{append(fields, "Content-Transfer-Encoding: base64"), base64Lines(b)}
}

// percent encodes a parameter value (RFC 2231 section 7, attribute-char).
func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// pdf sets lines of Latin text on one page, in Helvetica, uncompressed
// (ISO 32000-1 section 7.5).
func pdf(text string) []byte {
	var page strings.Builder
	page.WriteString("BT /F1 11 Tf 14 TL 60 780 Td\n")
	escape := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`)
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		page.WriteString("(" + escape.Replace(line) + ") Tj T*\n")
	}
	page.WriteString("ET\n")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", page.Len(), page.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return b.Bytes()
}

// sketch draws the basin with its twelve sampling points, three of them red.
// It is written without compression, so that the bytes do not depend on the
// version of a packer.
func sketch() ([]byte, error) {
	const width, height = 240, 120
	water, land := color.Gray{Y: 230}, color.Gray{Y: 150}
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{
		water, land, color.RGBA{R: 180, A: 255}, color.RGBA{B: 120, A: 255},
	})
	for y := range height {
		for x := range width {
			if y < 16 || x < 10 && y < 90 || y > 104 && x < 150 {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	for point := range 12 {
		x, y, ink := 30+point%4*45, 34+point/4*26, uint8(3)
		if point == 2 || point == 3 || point == 6 {
			ink = 2
		}
		for dy := range 9 {
			for dx := range 9 {
				img.SetColorIndex(x+dx, y+dy, ink)
			}
		}
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img)
	return b.Bytes(), err
}
