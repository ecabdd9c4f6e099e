package raster

import "image"

// What counts as a painted box, in pixels of a picture of [BoxWidth] pixels'
// width: larger than any bold letter, dash or bullet of a page of print.
const (
	BoxWidth   = 1000
	minWidth   = 16
	minHeight  = 9
	maxShift   = 2   // by which the ends of a box may move from row to row
	dark       = 56  // a pixel of a box is not lighter
	light      = 170 // paper is not darker
	paperShare = 2   // at least one in so many pixels is paper
	edge       = 10  // pixels at the border, where scanners leave black
	maxBoxes   = 200
)

// Boxes finds boxes of one dark colour on light paper, as a pen or a program
// leaves them that blackens a scanned page. The picture should be about
// BoxWidth wide. There are none in a picture that is not mostly paper, such as a
// photograph.
func Boxes(img *image.RGBA) []image.Rectangle {
	g := Grey(img)
	if !paper(g) {
		return nil
	}
	var open, done []image.Rectangle
	for y := g.Rect.Min.Y; y < g.Rect.Max.Y; y++ {
		var next []image.Rectangle
		for _, run := range runs(g, y) {
			next = append(next, grown(open, run))
		}
		done = closed(done, open, next)
		open = next
	}
	return keep(g, closed(done, open, nil))
}

func paper(g *image.Gray) bool {
	n := 0
	for _, p := range g.Pix {
		if p >= light {
			n++
		}
	}
	return n*paperShare >= len(g.Pix)
}

// runs are the stretches of dark pixels in a row, as boxes of one row.
func runs(g *image.Gray, y int) (list []image.Rectangle) {
	row := g.Pix[g.PixOffset(g.Rect.Min.X, y):][:g.Rect.Dx()]
	start := -1
	for x, p := range row {
		if p <= dark {
			if start < 0 {
				start = x
			}
			continue
		}
		if start >= 0 && x-start >= minWidth {
			list = append(list, image.Rect(start, y, x, y+1))
		}
		start = -1
	}
	if start >= 0 && len(row)-start >= minWidth {
		list = append(list, image.Rect(start, y, len(row), y+1))
	}
	return list
}

// grown is the open box that the run goes on with, or the run itself.
func grown(open []image.Rectangle, run image.Rectangle) image.Rectangle {
	for _, r := range open {
		if near(r, run) {
			return image.Rect(run.Min.X, r.Min.Y, run.Max.X, run.Max.Y)
		}
	}
	return run
}

// near says that two boxes begin and end at the same place of a row.
func near(a, b image.Rectangle) bool {
	return abs(a.Min.X-b.Min.X) <= maxShift && abs(a.Max.X-b.Max.X) <= maxShift
}

// closed adds the open boxes that did not go on to those that are done.
func closed(done, open, next []image.Rectangle) []image.Rectangle {
	for _, r := range open {
		gone := true
		for _, n := range next {
			gone = gone && !(n.Min.Y == r.Min.Y && near(n, r))
		}
		if gone && r.Dy() >= minHeight {
			done = append(done, r)
		}
	}
	return done
}

// keep leaves out what lies at the border and what is not of one colour.
func keep(g *image.Gray, list []image.Rectangle) (boxes []image.Rectangle) {
	inner := g.Rect.Inset(edge)
	for _, r := range list {
		if r.In(inner) && plain(g, r.Inset(2)) && len(boxes) < maxBoxes {
			boxes = append(boxes, r)
		}
	}
	return boxes
}

// plain says that the darkest and the lightest pixel hardly differ.
func plain(g *image.Gray, r image.Rectangle) bool {
	var seen [256]int
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			seen[g.GrayAt(x, y).Y]++
		}
	}
	return percentile(seen, r, 98)-percentile(seen, r, 2) <= 24
}

func percentile(seen [256]int, r image.Rectangle, percent int) int {
	n := 0
	for v, k := range seen {
		if n += k; n*100 >= r.Dx()*r.Dy()*percent {
			return v
		}
	}
	return 255
}

func abs(n int) int { return max(n, -n) }
