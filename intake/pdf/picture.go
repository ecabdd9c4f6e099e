package pdf

import (
	"context"
	"fmt"
	"strings"
	"time"

	"unseal/intake/raster"
	"unseal/intake/reader"
	"unseal/reading"
)

// Limits of the stage Picture.
const (
	MaxPictures     = 200
	PictureWidth    = 1000     // pixels
	MaxPictureBytes = 48 << 20 // of all images of a file
)

// Picture makes images of the pages, p0001.png or p0001.jpg and so on. They
// hold pixels and nothing else of the file.
func (r *Reader) Picture(ctx context.Context, in *reader.Input) (res reader.Result) {
	d, err := r.open(ctx, in)
	if err != nil {
		refuse(&res, err)
		return res
	}
	defer d.close()
	var missed []string
	if d.pages > MaxPictures {
		missed = append(missed, fmt.Sprintf("there are images of the first %d of %d pages", MaxPictures, d.pages))
	}
	limit, size := limitOf(ctx, r.times.file), 0
	var failed []int
	for i := 1; i <= min(d.pages, MaxPictures); i++ {
		if time.Now().After(limit) || size > MaxPictureBytes || d.late > maxLate {
			missed = append(missed, fmt.Sprintf("there are no images of the pages from %d on: the limits of time and size were reached", i))
			break
		}
		n, err := d.picture(i, &res)
		if err != nil {
			failed = append(failed, i)
		}
		size += n
	}
	if len(failed) > 0 {
		missed = append(missed, "no image could be made of "+numbers(failed))
	}
	res.Partly = strings.Join(missed, "; ")
	if len(res.Files) == 0 {
		res.Failed, res.Partly = "no page could be drawn", ""
	}
	return res
}

// picture adds the image of a page and returns how large it is.
func (d *document) picture(number int, res *reader.Result) (size int, err error) {
	err = d.within(d.r.times.page, func() error {
		p, err := d.page(number)
		if err != nil {
			return err
		}
		defer p.close()
		img, err := p.render(PictureWidth)
		if err != nil {
			return err
		}
		e, err := raster.Encode(img)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("p%04d%s", number, e.Ext)
		size = len(e.Bytes)
		res.Files = append(res.Files, reader.Made{Name: name, Type: e.Type, Bytes: e.Bytes})
		res.Reading.Pages = append(res.Reading.Pages, reading.Page{Number: number, Image: name, Width: img.Rect.Dx(), Height: img.Rect.Dy()})
		return nil
	})
	return size, err
}
