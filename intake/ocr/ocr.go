// Package ocr reads the text of pictures with tesseract, a program that the
// operator installs with the languages of the collection. It says which
// languages are missing; it never guesses another for one.
package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"unseal/intake/raster"
	"unseal/intake/tool"
	"unseal/reading"
)

// Limits of one picture.
const (
	MaxWidth  = 4000 // pixels; larger pictures are made smaller
	MaxHeight = 6000
	MinHeight = 12 // pixels of a picture that may hold a line of text
	pageTime  = 60 * time.Second
	maxTSV    = 32 << 20
)

// ErrNoLanguage says that the program is there and none of the languages is.
var ErrNoLanguage = errors.New("none of the languages is installed")

// Engine is tesseract with the languages it was asked for. It is used by one
// goroutine.
type Engine struct {
	dir     string
	version string
	codes   []string // tesseract's names of languages, in the order asked for
	missing []string // names of packages that are not installed
	turned  bool     // it can tell which side is up
}

// New finds tesseract and the languages, named by BCP 47; English if none is
// named. dir is a folder in which it may write. Without the program the error
// is tool.ErrAbsent, without any of the languages ErrNoLanguage.
func New(ctx context.Context, dir string, langs []string) (*Engine, error) {
	e := &Engine{dir: dir}
	out, err := tool.Run(ctx, tool.Command{Name: "tesseract", Args: []string{"--version"}, Dir: dir, Time: pageTime})
	if err != nil {
		return nil, err
	}
	e.version = firstLine(out)
	if out, err = tool.Run(ctx, tool.Command{Name: "tesseract", Args: []string{"--list-langs"}, Dir: dir, Time: pageTime}); err != nil {
		return nil, err
	}
	e.choose(strings.Fields(string(out)), langs)
	if len(e.codes) == 0 {
		return nil, fmt.Errorf("%s: %w; install %s", e.version, ErrNoLanguage, strings.Join(e.missing, ", "))
	}
	return e, nil
}

func firstLine(out []byte) string {
	line, _, _ := bytes.Cut(out, []byte("\n"))
	return string(bytes.TrimSpace(line))
}

func (e *Engine) choose(installed, langs []string) {
	if len(langs) == 0 {
		langs = []string{"en"}
	}
	for _, l := range langs {
		switch code := Code(l); {
		case slices.Contains(e.codes, code):
		case code != "" && slices.Contains(installed, code):
			e.codes = append(e.codes, code)
		case code != "":
			e.missing = append(e.missing, Package(code))
		default:
			e.missing = append(e.missing, "a pack for "+l)
		}
	}
	e.turned = slices.Contains(installed, "osd")
}

// Code is tesseract's name of a language, such as deu for de-AT; empty if the
// tag is none.
func Code(tag string) string {
	t, err := language.Parse(tag)
	if err != nil || t == language.Und {
		return ""
	}
	base, _ := t.Base()
	script, _ := t.Script()
	switch base.String() {
	case "zh":
		if script.String() == "Hant" {
			return "chi_tra"
		}
		return "chi_sim"
	case "sr", "az", "uz":
		return base.ISO3() + map[string]string{"srLatn": "_latn", "azCyrl": "_cyrl", "uzCyrl": "_cyrl"}[base.String()+script.String()]
	case "no", "nb", "nn":
		return "nor"
	case "ku":
		return "kmr"
	}
	return base.ISO3()
}

// Package is Debian's package of a language.
func Package(code string) string { return "tesseract-ocr-" + strings.ReplaceAll(code, "_", "-") }

// By names the program, its version and the languages.
func (e *Engine) By() string { return e.version + " (" + strings.Join(e.codes, "+") + ")" }

// Missing says in words which languages were asked for and are not there; it is
// empty if all are.
func (e *Engine) Missing() string {
	if len(e.missing) == 0 {
		return ""
	}
	return "not all languages could be read in pictures: install " + strings.Join(e.missing, ", ")
}

// Page is the text of one picture.
type Page struct {
	Text       string  // UTF-8 with "\n" line ends; empty if none was found
	Confidence float64 // 0 to 1, of the words by their length
}

// Read reads a picture that is the right way up, or nearly.
func (e *Engine) Read(ctx context.Context, img *image.RGBA) (Page, error) {
	if img.Rect.Dy() < MinHeight || img.Rect.Dx() < MinHeight {
		return Page{}, nil
	}
	img = raster.Fit(img, MaxWidth, MaxHeight)
	out, err := tool.Run(ctx, tool.Command{
		Name: "tesseract", Stdin: pgm(raster.Grey(img)), Args: []string{"stdin", "stdout", "-l", strings.Join(e.codes, "+"), "--psm", e.mode(img), "--dpi", "300", "tsv"},
		Dir: e.dir, Env: []string{"OMP_THREAD_LIMIT=1"}, Max: maxTSV, Time: pageTime,
	})
	if err != nil {
		return Page{}, err
	}
	return parseTSV(out), nil
}

// mode is tesseract's page segmentation: with the search for the side that is
// up, where it can and where there is enough to judge by.
func (e *Engine) mode(img *image.RGBA) string {
	if e.turned && img.Rect.Dy() >= 500 && img.Rect.Dx() >= 500 {
		return "1"
	}
	return "3"
}

// pgm writes greys in the simplest form that the program reads.
func pgm(g *image.Gray) *bytes.Buffer {
	b := bytes.NewBuffer(make([]byte, 0, len(g.Pix)+32))
	fmt.Fprintf(b, "P5 %d %d 255\n", g.Rect.Dx(), g.Rect.Dy())
	for y := g.Rect.Min.Y; y < g.Rect.Max.Y; y++ {
		b.Write(g.Pix[g.PixOffset(g.Rect.Min.X, y):][:g.Rect.Dx()])
	}
	return b
}

// Refusal says why no text can be read.
func Refusal(err error) string {
	if errors.Is(err, tool.ErrAbsent) {
		return "no text was read in pictures: install tesseract-ocr and the languages of the collection"
	}
	return err.Error()
}

// Before are the pages whose text the same program read in the same languages
// in an earlier run, by number.
func Before(texts []reading.Text, by string) map[int]reading.Segment {
	pages := map[int]reading.Segment{}
	for _, t := range texts {
		if t.Kind == reading.OCR && t.Made == reading.Machine && t.By == by {
			for _, s := range t.Segments {
				pages[s.Page] = s
			}
		}
	}
	return pages
}
