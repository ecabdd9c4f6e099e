package picture

import (
	"context"
	"fmt"
	"image"
	"strings"
	"time"

	"unseal/intake/ocr"
	"unseal/intake/raster"
	"unseal/intake/reader"
	"unseal/reading"
)

// Limits of previews.
const (
	PreviewSide = 1600     // pixels, the longer side of a preview
	PageWidth   = 1000     // pixels of a page of several
	MaxPages    = 200      // of which there are images
	maxBytes    = 48 << 20 // of all images of a file
	fileTime    = 100 * time.Second
)

// Picture makes a preview, view.png or view.jpg; of a TIFF with several pages
// p0001.png or p0001.jpg and so on. Boxes that are painted over it are findings.
func Picture(ctx context.Context, in *reader.Input) (res reader.Result) {
	s, err := open(in)
	if err != nil {
		res.Failed = err.Error()
		return res
	}
	pages, limit, size := s.size.pages(), limitOf(ctx), 0
	for n := range min(pages, MaxPages) {
		if time.Now().After(limit) || size > maxBytes {
			break
		}
		img, err := s.frame(ctx, n)
		if err == nil {
			size, err = add(&res, img, n, pages, size)
		}
		if err != nil && pages == 1 {
			res.Failed = s.refusal(err)
		} else if err != nil && res.Partly == "" {
			res.Partly = fmt.Sprintf("page %d: %s", n+1, s.refusal(err))
		}
	}
	if n := len(res.Files); pages > 1 && n < pages && res.Partly == "" {
		res.Partly = fmt.Sprintf("there are images of %d of %d pages", n, pages)
	}
	if len(res.Files) == 0 && res.Failed == "" {
		res.Failed, res.Partly = res.Partly, ""
	}
	return res
}

func limitOf(ctx context.Context) time.Time {
	end := time.Now().Add(fileTime)
	if t, ok := ctx.Deadline(); ok && t.Add(-2*time.Second).Before(end) {
		return t.Add(-2 * time.Second)
	}
	return end
}

// add adds the image of a frame and what is painted over it.
func add(res *reader.Result, img *image.RGBA, n, pages, size int) (int, error) {
	view, name := raster.Fit(img, PreviewSide, PreviewSide), "view"
	if pages > 1 {
		view, name = raster.Fit(img, PageWidth, 4*PageWidth), fmt.Sprintf("p%04d", n+1)
	}
	e, err := raster.Encode(view)
	if err != nil {
		return size, err
	}
	res.Files = append(res.Files, reader.Made{Name: name + e.Ext, Type: e.Type, Bytes: e.Bytes})
	res.Reading.Pages = append(res.Reading.Pages, reading.Page{Number: n + 1, Image: name + e.Ext, Width: view.Rect.Dx(), Height: view.Rect.Dy()})
	painted(res, img, n+1)
	return size + len(e.Bytes), nil
}

// painted looks for boxes over a frame.
func painted(res *reader.Result, img *image.RGBA, page int) {
	small := raster.Fit(img, raster.BoxWidth, 4*raster.BoxWidth)
	w, h := small.Rect.Dx(), small.Rect.Dy()
	for _, b := range raster.Boxes(small) {
		res.Reading.Findings = append(res.Reading.Findings, reading.Finding{
			Code: "pixel-redaction", Text: "a box is painted over a part of the picture", Page: page,
			Box: &reading.Box{X: b.Min.X * 1000 / w, Y: b.Min.Y * 1000 / h, W: b.Dx() * 1000 / w, H: b.Dy() * 1000 / h},
		})
	}
}

// OCR reads the text in a picture, page by page. What an earlier run of the
// same program in the same languages has read, is kept; see pdf.Reader.OCR.
func OCR(ctx context.Context, in *reader.Input) (res reader.Result) {
	e, err := ocr.New(ctx, in.Dir, in.Langs)
	if err != nil {
		res.Failed = ocr.Refusal(err)
		return res
	}
	s, err := open(in)
	if err != nil {
		res.Failed = err.Error()
		return res
	}
	res.By = e.By()
	before, limit, pages := ocr.Before(in.Reading.Texts, e.By()), limitOf(ctx), s.size.pages()
	text := reading.Text{Kind: reading.OCR, Made: reading.Machine, By: e.By()}
	var missed []string
	for n := range pages {
		if time.Now().After(limit) {
			missed = append(missed, fmt.Sprintf("%d of %d pages were read in the time there is; the next run goes on", n, pages))
			break
		}
		g, ok := before[n+1]
		if !ok {
			if g, err = s.words(ctx, e, n); err != nil {
				missed = append(missed, fmt.Sprintf("page %d: %s", n+1, s.refusal(err)))
				continue
			}
		}
		text.Segments = append(text.Segments, g)
		res.Reading.Pages = append(res.Reading.Pages, reading.Page{Number: g.Page, Confidence: g.Confidence})
	}
	if m := e.Missing(); m != "" {
		missed = append(missed, m)
	}
	if len(text.Segments) == 0 {
		res.Failed = strings.Join(missed, "; ")
		return res
	}
	res.Partly, res.Reading.Texts = strings.Join(missed, "; "), []reading.Text{text}
	return res
}

// words reads the text of a frame.
func (s *source) words(ctx context.Context, e *ocr.Engine, n int) (reading.Segment, error) {
	img, err := s.frame(ctx, n)
	if err != nil {
		return reading.Segment{}, err
	}
	p, err := e.Read(ctx, img)
	return reading.Segment{Page: n + 1, Text: p.Text, Confidence: p.Confidence}, err
}
