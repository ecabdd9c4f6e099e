package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"unseal/intake/reader"
	"unseal/trove"
)

// paper is a PDF that a test writes: object 1 is the catalog, 2 the pages.
type paper struct {
	objects []string
	catalog string // more of the catalog
	info    string
}

func newPaper() *paper { return &paper{objects: []string{"", ""}} }

func (p *paper) add(body string) int {
	p.objects = append(p.objects, body)
	return len(p.objects)
}

func (p *paper) stream(dict, body string) int {
	return p.add(fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(body), body))
}

// page adds a page of a drawing, with more of its dictionary and its resources.
func (p *paper) page(drawing, more, resources string) int {
	c := p.stream("", drawing)
	return p.add(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R %s /Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> %s >> >>", c, more, resources))
}

func (p *paper) bytes(pages ...int) []byte {
	var kids string
	for _, k := range pages {
		kids += fmt.Sprintf("%d 0 R ", k)
	}
	p.objects[0] = "<< /Type /Catalog /Pages 2 0 R " + p.catalog + " >>"
	p.objects[1] = fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(pages), kids)
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	var at []int
	for i, o := range p.objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, p.info, start)
	return b.Bytes()
}

const words = "BT /F 12 Tf 72 700 Td (An ordinary line of the letter.) Tj ET\n"

func readPaper(t *testing.T, b []byte, passwords ...string) reader.Result {
	t.Helper()
	return shared().Read(context.Background(), input(t, b, passwords...))
}

func findings(res reader.Result, code string) (list []string) {
	for _, f := range res.Reading.Findings {
		if f.Code == code {
			list = append(list, f.Text)
		}
	}
	return list
}

func TestTextAndFactsOfAPaper(t *testing.T) {
	p := newPaper()
	one := p.page(words, "", "")
	two := p.page("BT /F 12 Tf 72 700 Td (The second page) Tj ET", "", "")
	info := p.add("<< /Title (Minutes) /Author (A. Clerk) /Creator (Typewriter) /CreationDate (D:20240305101500+01'00') >>")
	head := p.add("")
	item := p.add(fmt.Sprintf("<< /Title (Chapter) /Parent %d 0 R /A << /S /GoTo /D [%d 0 R /Fit] >> >>", head, two))
	p.objects[head-1] = fmt.Sprintf("<< /Type /Outlines /First %d 0 R /Last %d 0 R /Count 1 >>", item, item)
	p.catalog, p.info = fmt.Sprintf("/Outlines %d 0 R", head), fmt.Sprintf("/Info %d 0 R", info)
	res := readPaper(t, p.bytes(one, two))
	if res.Failed != "" || res.Partly != "" || len(res.Record.Warnings) > 0 {
		t.Fatalf("failed %q, partly %q, warnings %v", res.Failed, res.Partly, res.Record.Warnings)
	}
	if want := "An ordinary line of the letter.\n\nThe second page"; res.Text != want {
		t.Errorf("the text is %q, want %q", res.Text, want)
	}
	if q := res.Reading.Pages; len(q) != 2 || res.Text[q[1].From:q[1].To] != "The second page" || q[0].To != 31 {
		t.Errorf("the pages are %+v", q)
	}
	rec := res.Record
	if rec.Kind != trove.Doc || rec.Subject != "Minutes" || !rec.Date.Equal(time.Date(2024, 3, 5, 9, 15, 0, 0, time.UTC)) || rec.DateOffset != 60 {
		t.Errorf("the record is %+v", rec)
	}
	if fact(res.Reading, "author") != "A. Clerk" || fact(res.Reading, "software") != "Typewriter" || fact(res.Reading, "created") != "2024-03-05T10:15:00+01:00" || fact(res.Reading, "pages") != "2" {
		t.Errorf("the facts are %+v", res.Reading.Facts)
	}
	if o := res.Reading.Outline; len(o) != 1 || o[0].Title != "Chapter" || o[0].Page != 2 || o[0].Level != 1 {
		t.Errorf("the outline is %+v", o)
	}
}

func TestTextThatIsNotSeenIsHidden(t *testing.T) {
	const box = "0 g 70 595 200 16 re f\n"
	const secret = "BT /F 12 Tf 72 600 Td (The name is Mallory) Tj ET\n"
	annot := func(p *paper) string {
		a := p.stream("/Type /XObject /Subtype /Form /BBox [0 0 200 16]", "0 g 0 0 200 16 re f")
		return fmt.Sprintf("/Annots [%d 0 R]", p.add(fmt.Sprintf("<< /Type /Annot /Subtype /Square /Rect [70 595 270 611] /AP << /N %d 0 R >> >>", a)))
	}
	for _, c := range []struct {
		name, drawing string
		more          func(*paper) string
		want          []string
	}{
		{"under a box", words + secret + box, nil, []string{"The name is Mallory"}},
		{"on a box of its colour", words + box + secret, nil, []string{"The name is Mallory"}},
		{"under a box with a word on it", words + secret + box + "1 g BT /F 8 Tf 75 600 Td (EXEMPT \\(b\\)\\(6\\) OF THE ACT) Tj ET", nil, []string{"The name is Mallory"}},
		{"white on white", words + "1 g " + secret, nil, []string{"The name is Mallory"}},
		{"drawn with no ink", words + "BT /F 12 Tf 3 Tr 72 600 Td (The name is Mallory) Tj ET", nil, []string{"The name is Mallory"}},
		{"under an annotation", words + secret, annot, []string{"The name is Mallory"}},
		{"under a hatching", words + secret + box + "0.6 G " + strings.Repeat("70 595 m 270 611 l 70 611 m 270 595 l S ", 2), nil, []string{"The name is Mallory"}},
		{"before a box", words + "0.9 g 70 595 200 16 re f 0 g " + secret, nil, nil},
		{"beside a box", words + secret + "0 g 72 640 300 20 re f", nil, nil},
		{"in a frame", words + secret + "0 G 70 595 200 16 re S", nil, nil},
		{"white on black", words + box + "1 g " + secret, nil, nil},
		{"grey on white", words + "0.8 g " + secret, nil, nil},
		{"a box over spaces", words + "BT /F 12 Tf 72 600 Td (      ) Tj ET " + box, nil, nil},
		{"a line through it", words + secret + "0 g 70 603 200 1 re f", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, more := newPaper(), ""
			if c.more != nil {
				more = c.more(p)
			}
			res := readPaper(t, p.bytes(p.page(c.drawing, more, "")))
			if got := findings(res, "hidden-text"); !slices.Equal(got, c.want) {
				t.Errorf("hidden is %q, want %q (%s)", got, c.want, res.Partly)
			}
			if !strings.Contains(res.Text, "An ordinary line") {
				t.Errorf("the text is %q", res.Text)
			}
		})
	}
}

// scanPage is a page with one picture: print, and a box painted into it or over
// it.
func scanPage(t *testing.T, p *paper, inPicture bool) int {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 850, 1100))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	paint := func(r image.Rectangle) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				img.Set(x, y, color.Black)
			}
		}
	}
	for y := 200; y < 900; y += 40 {
		for x := 100; x < 700; x += 12 {
			paint(image.Rect(x, y, x+3, y+14))
		}
	}
	if inPicture {
		paint(image.Rect(100, 395, 400, 420))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	x := p.stream("/Type /XObject /Subtype /Image /Width 850 /Height 1100 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", b.String())
	drawing := "q 612 0 0 792 0 0 cm /I Do Q\n"
	if !inPicture {
		drawing += "0 g 72 489 216 20 re f\n"
	}
	return p.page(drawing, "", fmt.Sprintf("/XObject << /I %d 0 R >>", x))
}

func TestBoxesOverAScanAreFound(t *testing.T) {
	for _, c := range []struct {
		inPicture bool
		code      string
	}{{true, "pixel-redaction"}, {false, "hidden-text"}} {
		p := newPaper()
		res := readPaper(t, p.bytes(scanPage(t, p, c.inPicture)))
		f := res.Reading.Findings
		if len(f) != 1 || f[0].Code != c.code || f[0].Page != 1 || f[0].Box == nil || f[0].Box.W < 330 || f[0].Box.W > 370 {
			t.Errorf("painted in the picture %v: %+v", c.inPicture, f)
		}
	}
}

func TestActiveContentLinksCommentsAndFormsAreFound(t *testing.T) {
	p := newPaper()
	link := p.add("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://tracker.example/x) >> >>")
	run := p.add("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (calc.exe) >> >>")
	note := p.add("<< /Type /Annot /Subtype /Text /Rect [100 100 120 120] /Contents (Ask Eve first) /T (Bob) >>")
	field := p.add("<< /Type /Annot /Subtype /Widget /FT /Tx /T (Surname) /V (Carol) /Rect [100 200 200 220] >>")
	script := p.add("<< /S /JavaScript /JS (app.alert\\(1\\)) >>")
	p.catalog = fmt.Sprintf("/Names << /JavaScript << /Names [(hello) %d 0 R] >> >> /AcroForm << /Fields [%d 0 R] >>", script, field)
	res := readPaper(t, p.bytes(p.page(words, fmt.Sprintf("/Annots [%d 0 R %d 0 R %d 0 R %d 0 R]", link, run, note, field), "")))
	for code, want := range map[string][]string{
		"external-link": {"https://tracker.example/x"},
		"comment":       {"Bob: Ask Eve first"},
		"form":          {"1 form fields hold a value"},
	} {
		if got := findings(res, code); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	active := strings.Join(findings(res, "active-content"), "|")
	for _, want := range []string{"a link opens or runs calc.exe", `JavaScript "hello": app.alert(1)`, "the document holds JavaScript", "the document opens or runs a file"} {
		if !strings.Contains(active, want) {
			t.Errorf("active content is %q, want %q in it", active, want)
		}
	}
	if !strings.Contains(res.Text, "Surname: Carol") || !strings.Contains(res.Text, "Comment: Bob: Ask Eve first") {
		t.Errorf("the text is %q", res.Text)
	}
}

func TestAttachedFilesArePartsWithTheirBytes(t *testing.T) {
	p := newPaper()
	f := p.stream("/Type /EmbeddedFile /Subtype /text#2Fplain", "inner words")
	spec := p.add(fmt.Sprintf("<< /Type /Filespec /F (note.txt) /UF (note.txt) /EF << /F %d 0 R >> >>", f))
	p.catalog = fmt.Sprintf("/Names << /EmbeddedFiles << /Names [(note.txt) %d 0 R] >> >>", spec)
	res := readPaper(t, p.bytes(p.page(words, "", "")))
	if len(res.Record.Parts) != 1 || len(res.Embedded) != 1 {
		t.Fatalf("parts %+v, files %+v", res.Record.Parts, res.Embedded)
	}
	part, e := res.Record.Parts[0], res.Embedded[0]
	if part.Path != "1" || part.Name != "note.txt" || part.Type != "text/plain" || part.Size != 11 || part.SHA256 != trove.Sum([]byte("inner words")) || part.Role != trove.RoleAttachment {
		t.Errorf("the part is %+v", part)
	}
	if e.Path != "1" || string(e.Bytes) != "inner words" || !slices.Equal(findings(res, "embedded-file"), []string{"note.txt"}) {
		t.Errorf("the file is %+v", e)
	}
}

func TestReadingIsTheSameEachTime(t *testing.T) {
	p := newPaper()
	b := p.bytes(p.page(words+"0 g 70 695 200 16 re f", "", ""), scanPage(t, p, true))
	if one, two := readPaper(t, b), readPaper(t, b); !reflect.DeepEqual(one, two) {
		t.Errorf("%+v\n%+v", one, two)
	}
	x, y := shared().Picture(context.Background(), input(t, b)), shared().Picture(context.Background(), input(t, b))
	if len(x.Files) != 2 || len(y.Files) != 2 {
		t.Fatalf("%d and %d images: %s", len(x.Files), len(y.Files), x.Failed)
	}
	for i := range x.Files {
		if x.Files[i].Name != y.Files[i].Name || !bytes.Equal(x.Files[i].Bytes, y.Files[i].Bytes) {
			t.Errorf("image %d differs", i)
		}
	}
}

func TestImagesOfPagesAreSmallAndNamedInOrder(t *testing.T) {
	p := newPaper()
	b := p.bytes(p.page(words, "", ""), p.page(words, "/Rotate 90", ""))
	res := shared().Picture(context.Background(), input(t, b))
	if res.Failed != "" || len(res.Files) != 2 || res.Files[0].Name != "p0001.png" || res.Files[1].Name != "p0002.png" {
		t.Fatalf("%+v %s", res.Files, res.Failed)
	}
	if q := res.Reading.Pages; q[0].Image != "p0001.png" || q[0].Width != 1000 || q[0].Height != 1294 || q[1].Height != 773 {
		t.Errorf("%+v", q)
	}
	if n := len(res.Files[0].Bytes); n > 20<<10 {
		t.Errorf("a page with one line takes %d bytes", n)
	}
}

func TestImagesAreLimited(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes seconds; go test without -short")
	}
	p := newPaper()
	page := p.page("", "", "")
	pages := make([]int, MaxPictures+2)
	for i := range pages {
		pages[i] = p.add(strings.Replace(p.objects[page-1], "612 792", "40 40", 1))
	}
	res := shared().Picture(context.Background(), input(t, p.bytes(pages...)))
	if len(res.Files) != MaxPictures || !strings.Contains(res.Partly, "first 200 of 202 pages") {
		t.Errorf("%d images, %q, %q", len(res.Files), res.Partly, res.Failed)
	}
	huge := newPaper()
	b := huge.bytes(huge.add("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 14000] >>"))
	if res := shared().Picture(context.Background(), input(t, b)); len(res.Files) != 1 || res.Reading.Pages[0].Height > 4*PictureWidth {
		t.Errorf("a page that is a strip: %+v %s", res.Reading.Pages, res.Failed)
	}
}

// bomb is a page of forms that each draw the next ten times: 10^12 drawings.
func bomb(p *paper) int {
	next := p.stream("/Type /XObject /Subtype /Form /BBox [0 0 600 700]", "0 g 10 10 500 500 re f")
	for range 12 {
		next = p.stream(fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [0 0 600 700] /Resources << /XObject << /X %d 0 R >> >>", next), strings.Repeat("/X Do ", 10))
	}
	return p.page(words+"/X Do", "", fmt.Sprintf("/XObject << /X %d 0 R >>", next))
}

func TestAPageThatTakesTooLongCostsThatPageAlone(t *testing.T) {
	p := newPaper()
	b := p.bytes(p.page(words, "", ""), bomb(p), p.page("BT /F 12 Tf 72 700 Td (After the bomb) Tj ET", "", ""))
	r := New("")
	defer r.Close()
	if _, err := r.start(); err != nil {
		t.Fatal(err)
	}
	r.times = times{page: 8 * time.Second, check: time.Hour, file: time.Hour}
	res := r.Read(context.Background(), input(t, b))
	if !strings.Contains(res.Text, "After the bomb") || res.Partly == "" || len(res.Reading.Pages) != 3 {
		t.Errorf("text %q, partly %q, failed %q", res.Text, res.Partly, res.Failed)
	}
	pic := r.Picture(context.Background(), input(t, b))
	if len(pic.Files) < 2 || !strings.Contains(pic.Partly, "page 2") {
		t.Errorf("%d images, partly %q, failed %q", len(pic.Files), pic.Partly, pic.Failed)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	p := newPaper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if res := shared().Read(ctx, input(t, p.bytes(bomb(p)))); res.Failed == "" {
		t.Errorf("%+v", res)
	}
}

func TestMemoryOfAPDFIsLimited(t *testing.T) {
	p := newPaper()
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(make([]byte, 250<<20)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	f := p.stream("/Type /EmbeddedFile /Filter /FlateDecode", z.String())
	spec := p.add(fmt.Sprintf("<< /Type /Filespec /F (zeros) /EF << /F %d 0 R >> >>", f))
	p.catalog = fmt.Sprintf("/Names << /EmbeddedFiles << /Names [(zeros) %d 0 R] >> >>", spec)
	res := readPaper(t, p.bytes(p.page(words, "", "")))
	if !strings.Contains(res.Text, "An ordinary line") || res.Partly == "" {
		t.Errorf("text %q, partly %q, failed %q, parts %+v", res.Text, res.Partly, res.Failed, res.Record.Parts)
	}
}

func TestDamagedFilesAreReadOrRefused(t *testing.T) {
	p := newPaper()
	b := p.bytes(p.page(words, "", ""))
	for name, c := range map[string]struct {
		b    []byte
		text bool
	}{
		"no header":      {b[bytes.IndexByte(b, '\n')+1:], true},
		"no trailer":     {b[:bytes.LastIndex(b, []byte("xref\n0"))], true},
		"bad root":       {bytes.Replace(b, []byte("/Root 1 0 R"), []byte("/Root 9 0 R"), 1), true},
		"cut in the end": {b[:len(b)-20], true},
		"nothing":        {nil, false},
		"a header alone": {[]byte("%PDF-1.7\n"), false},
		"noise":          {bytes.Repeat([]byte("%PDF-1.7 obj << stream /Catalog"), 1000), false},
	} {
		res := readPaper(t, c.b)
		if got := strings.Contains(res.Text, "An ordinary line"); got != c.text {
			t.Errorf("%s: text %q, failed %q", name, res.Text, res.Failed)
		}
		if len(res.Record.Warnings) == 0 || !c.text && res.Failed == "" {
			t.Errorf("%s: warnings %v, failed %q", name, res.Record.Warnings, res.Failed)
		}
	}
	in := input(t, b)
	in.Size = MaxSize + 1
	if res := shared().Read(context.Background(), in); !strings.Contains(res.Failed, "larger than") {
		t.Errorf("a file that is too large: %q", res.Failed)
	}
}

func TestOutlineInACircleEnds(t *testing.T) {
	p := newPaper()
	page := p.page(words, "", "")
	head := p.add("")
	item := p.add("")
	p.objects[head-1] = fmt.Sprintf("<< /Type /Outlines /First %d 0 R /Last %d 0 R >>", item, item)
	p.objects[item-1] = fmt.Sprintf("<< /Title (Again) /Next %d 0 R /First %d 0 R >>", item, item)
	p.catalog = fmt.Sprintf("/Outlines %d 0 R", head)
	if res := readPaper(t, p.bytes(page)); res.Failed != "" || len(res.Reading.Outline) > maxHeadings {
		t.Errorf("%d headings, failed %q", len(res.Reading.Outline), res.Failed)
	}
}

func TestWarmReadersReadTheSame(t *testing.T) {
	cache := t.TempDir()
	if err := Warm(cache); err != nil {
		t.Fatal(err)
	}
	p := newPaper()
	b := p.bytes(p.page(words, "", ""))
	r := New(cache)
	defer r.Close()
	if got, want := r.Read(context.Background(), input(t, b)), readPaper(t, b); got.Text != want.Text || got.Failed != "" {
		t.Errorf("%q, want %q", got.Text, want.Text)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestPDFsAreKnownByTheirContent(t *testing.T) {
	for _, c := range []struct {
		head, name string
		want       trove.Kind
	}{
		{"%PDF-1.4\n%\xe2", "a", trove.Doc},
		{"\n\n%PDF-1.4\n", "a", trove.Doc},
		{"\x00\x01\x02junk%PDF-1.4\n", "a", trove.Doc},
		{"%1.4\n%\xe2\n1 0 obj \n", "a.PDF", trove.Doc},
		{"A PDF begins with %PDF-1.4, as we all know", "a.txt", ""},
		{"hello", "a.pdf", ""},
	} {
		if got, _ := Detect([]byte(c.head), c.name); got != c.want {
			t.Errorf("%q %s: %q, want %q", c.head, c.name, got, c.want)
		}
	}
}

func TestDatesOfPDF(t *testing.T) {
	for in, want := range map[string]string{
		"D:20240305101500+01'00'": "2024-03-05T10:15:00+01:00",
		"D:20240305101500-0530":   "2024-03-05T10:15:00-05:30",
		"D:20240305101500Z00'00'": "2024-03-05T10:15:00Z",
		"D:20240305":              "2024-03-05T00:00:00 no zone",
		"20240305101500":          "2024-03-05T10:15:00 no zone",
		"D:2024":                  "2024-01-01T00:00:00 no zone",
		"D:20241305":              "",
		"D:00000000000000":        "",
		"yesterday":               "",
	} {
		got := ""
		if at, zone, ok := parseDate(in); ok && zone {
			got = at.Format(time.RFC3339)
		} else if ok {
			got = at.Format("2006-01-02T15:04:05 no zone")
		}
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("1 0 obj << /Type /ObjStm >> stream\nx\x9c\nendstream /J#61vaScript /Launch"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for name := range activeNames(b) {
			if active[name] == "" {
				t.Errorf("%q is not looked for", name)
			}
		}
		if m := mend(headed(b)); m != nil && !bytes.Contains(m, []byte("/Root ")) {
			t.Error("mended without a root")
		}
	})
}

func FuzzDate(f *testing.F) {
	f.Add("D:20240305101500+01'00'")
	f.Fuzz(func(t *testing.T, s string) {
		if at, _, ok := parseDate(s); ok && (at.Year() < 1970 || at.Year() > 2200) {
			t.Errorf("%q is %v", s, at)
		}
		if l := oneLine(s); strings.ContainsAny(l, "\n\r\x00") || len(l) > maxLine+len("…") {
			t.Errorf("%q is not one line", l)
		}
	})
}
