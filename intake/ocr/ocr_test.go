package ocr

import (
	"context"
	"errors"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"unseal/intake/tool"
	"unseal/material"
	"unseal/reading"
)

func engine(t *testing.T, langs ...string) *Engine {
	t.Helper()
	e, err := New(context.Background(), t.TempDir(), langs)
	if errors.Is(err, tool.ErrAbsent) {
		material.Missing(t, "tesseract")
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// letter is a picture of a line, in letters large enough to be read.
func letter(s string) *image.RGBA {
	small := image.NewRGBA(image.Rect(0, 0, 7*len(s)+20, 30))
	draw.Draw(small, small.Rect, image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: small, Src: image.NewUniform(color.Black), Face: basicfont.Face7x13, Dot: fixed.P(10, 20)}
	d.DrawString(s)
	big := image.NewRGBA(image.Rect(0, 0, small.Rect.Dx()*4, small.Rect.Dy()*4))
	draw.CatmullRom.Scale(big, big.Rect, small, small.Rect, draw.Src, nil)
	return big
}

func TestTextOfAPictureIsRead(t *testing.T) {
	e := engine(t, "en")
	p, err := e.Read(context.Background(), letter("The minutes of the meeting"))
	if err != nil || p.Text != "The minutes of the meeting" || p.Confidence < 0.5 || p.Confidence > 1 {
		t.Errorf("%+v %v", p, err)
	}
	if !strings.HasPrefix(e.By(), "tesseract ") || !strings.HasSuffix(e.By(), " (eng)") || e.Missing() != "" {
		t.Errorf("by %q, missing %q", e.By(), e.Missing())
	}
	if p, err := e.Read(context.Background(), image.NewRGBA(image.Rect(0, 0, 3, 3))); err != nil || p.Text != "" {
		t.Errorf("a speck: %+v %v", p, err)
	}
}

func TestMissingLanguagesAreNamed(t *testing.T) {
	e := engine(t, "en", "vo", "en-GB")
	if m := e.Missing(); !strings.Contains(m, "tesseract-ocr-vol") || strings.Contains(m, "eng") {
		t.Errorf("missing: %q", m)
	}
	_, err := New(context.Background(), t.TempDir(), []string{"vo", "!"})
	if !errors.Is(err, ErrNoLanguage) || !strings.Contains(err.Error(), "tesseract-ocr-vol") {
		t.Errorf("%v", err)
	}
}

func TestLanguagesHaveTheirCodes(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "eng", "de-AT": "deu", "fr": "fra", "ar": "ara", "zh": "chi_sim", "zh-Hant": "chi_tra", "zh-TW": "chi_tra", "nb": "nor", "sr": "srp", "sr-Latn": "srp_latn", "ku": "kmr", "": "", "und": "", "no such": "",
	} {
		if got := Code(tag); got != want {
			t.Errorf("%q is %q, want %q", tag, got, want)
		}
	}
	if p := Package("chi_sim"); p != "tesseract-ocr-chi-sim" {
		t.Error(p)
	}
}

func TestRowsBecomeLinesAndParagraphs(t *testing.T) {
	rows := []string{
		"level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext",
		"4\t1\t1\t1\t1\t0\t0\t0\t9\t9\t-1\t",
		"5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t90\tab",
		"5\t1\t1\t1\t1\t2\t0\t0\t9\t9\t60\tcd",
		"5\t1\t1\t1\t2\t1\t0\t0\t9\t9\t75\tnext",
		"5\t1\t2\t1\t1\t1\t0\t0\t9\t9\t75\tblock",
		"5\t1\t2\t1\t1\t2\t0\t0\t9\t9\tNaN\tbroken",
		"5\t1\t2",
	}
	p := parseTSV([]byte(strings.Join(rows, "\n")))
	if p.Text != "ab cd\nnext\n\nblock" || p.Confidence != 0.75 {
		t.Errorf("%+v", p)
	}
	if p := parseTSV(nil); p.Text != "" || p.Confidence != 0 {
		t.Errorf("%+v", p)
	}
}

func TestPagesOfAnEarlierRunAreKnown(t *testing.T) {
	texts := []reading.Text{
		{Kind: reading.OCR, Made: reading.Machine, By: "tesseract 5 (eng)", Segments: []reading.Segment{{Page: 2, Text: "two"}}},
		{Kind: reading.Translation, Made: reading.Machine, By: "tesseract 5 (eng)", Segments: []reading.Segment{{Page: 3}}},
	}
	if got := Before(texts, "tesseract 5 (eng)"); len(got) != 1 || got[2].Text != "two" {
		t.Errorf("%+v", got)
	}
	if got := Before(texts, "tesseract 5 (deu)"); len(got) != 0 {
		t.Errorf("another language: %+v", got)
	}
}

func TestWithoutTheProgramItIsSaid(t *testing.T) {
	if s := Refusal(tool.ErrAbsent); !strings.Contains(s, "install tesseract-ocr") {
		t.Error(s)
	}
	if s := Refusal(ErrNoLanguage); s != ErrNoLanguage.Error() {
		t.Error(s)
	}
}

func FuzzTSV(f *testing.F) {
	f.Add([]byte("5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t90\tab"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := parseTSV(b)
		if !utf8.ValidString(p.Text) || !(p.Confidence >= 0 && p.Confidence <= 1) || slices.Contains([]byte(p.Text), 0) && !slices.Contains(b, 0) {
			t.Errorf("%+v", p)
		}
	})
}
