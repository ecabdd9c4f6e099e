package pdf

import (
	"context"
	"fmt"
	"image"
	"math"
	"strings"
	"time"

	"unseal/intake/ocr"
	"unseal/intake/reader"
	"unseal/reading"
)

// ocrScale is how many pixels a point has in an image that is read: 250 dots
// an inch.
const ocrScale = 250.0 / 72

// OCR reads the text of the pages that have none of their own. Where the time
// does not suffice for all, the pages read are kept, and the next run of the
// stage with the same program and languages goes on after them: it finds them in
// the request's reading.
func (r *Reader) OCR(ctx context.Context, in *reader.Input) (res reader.Result) {
	var todo []int
	for _, p := range in.Reading.Pages {
		if p.To <= p.From {
			todo = append(todo, p.Number)
		}
	}
	if len(todo) == 0 {
		return res
	}
	e, err := ocr.New(ctx, in.Dir, in.Langs)
	if err != nil {
		res.Failed = ocr.Refusal(err)
		return res
	}
	d, err := r.open(ctx, in)
	if err != nil {
		refuse(&res, err)
		return res
	}
	defer d.close()
	s := &scan{d: d, e: e, res: &res, before: ocr.Before(in.Reading.Texts, e.By()), limit: limitOf(ctx, r.times.file)}
	for i, number := range todo {
		if !s.read(ctx, number) {
			s.missed = append(s.missed, fmt.Sprintf("%d of %d scanned pages were read in the time there is; the next run goes on", i, len(todo)))
			break
		}
	}
	s.finish()
	return res
}

// scan is the OCR of one file.
type scan struct {
	d      *document
	e      *ocr.Engine
	res    *reader.Result
	before map[int]reading.Segment // pages that were read in an earlier run
	text   reading.Text
	failed []int
	missed []string
	limit  time.Time
}

// read reads a page; false says that there is no time left for it.
func (s *scan) read(ctx context.Context, number int) bool {
	if old, ok := s.before[number]; ok {
		s.add(old)
		return true
	}
	if time.Now().After(s.limit) || s.d.late > maxLate {
		return false
	}
	img, err := s.d.image(number)
	if err == nil {
		var p ocr.Page
		if p, err = s.e.Read(ctx, img); err == nil {
			s.add(reading.Segment{Page: number, Text: p.Text, Confidence: p.Confidence})
		}
	}
	if err != nil {
		s.failed = append(s.failed, number)
	}
	return true
}

func (s *scan) add(g reading.Segment) {
	s.text.Segments = append(s.text.Segments, g)
	s.res.Reading.Pages = append(s.res.Reading.Pages, reading.Page{Number: g.Page, Confidence: g.Confidence})
}

func (s *scan) finish() {
	s.res.By = s.e.By()
	if m := s.e.Missing(); m != "" {
		s.missed = append(s.missed, m)
	}
	if len(s.failed) > 0 {
		s.missed = append(s.missed, "the text of "+numbers(s.failed)+" could not be read")
	}
	s.res.Partly = strings.Join(s.missed, "; ")
	if len(s.text.Segments) > 0 {
		s.text.Kind, s.text.Made, s.text.By = reading.OCR, reading.Machine, s.e.By()
		s.res.Reading.Texts = []reading.Text{s.text}
	}
}

// image draws a page large enough to be read.
func (d *document) image(number int) (img *image.RGBA, err error) {
	err = d.within(d.r.times.page, func() error {
		p, err := d.page(number)
		if err != nil {
			return err
		}
		defer p.close()
		img, err = p.render(int(math.Round(min(p.w*ocrScale, ocr.MaxWidth))))
		return err
	})
	return img, err
}
