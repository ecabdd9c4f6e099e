package pdf

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"

	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// Limits of the stage Read.
const (
	MaxPages    = 5000
	MaxText     = 32 << 20 // bytes of all pages
	maxComments = 1000     // comments, links and fields of a file
)

// Read makes record, text and reading of a file.
func (r *Reader) Read(ctx context.Context, in *reader.Input) (res reader.Result) {
	res.Record.Kind = trove.Doc
	d, err := r.open(ctx, in)
	if err != nil {
		refuse(&res, err)
		explain(&res, err)
		if errors.Is(err, pdferrors.ErrFormat) {
			secondOpinion(ctx, in, &res)
		}
		return res
	}
	defer d.close()
	v := &visit{d: d, res: &res, limit: limitOf(ctx, r.times.file)}
	if err := d.within(r.times.page, v.whole); err != nil {
		v.miss("facts and attached files: %v", err)
	}
	v.scan()
	v.places()
	v.pages()
	v.finish()
	secondOpinion(ctx, in, &res)
	return res
}

// limitOf is when work must be done: a little before the caller's deadline.
func limitOf(ctx context.Context, most time.Duration) time.Time {
	end := time.Now().Add(most)
	if t, ok := ctx.Deadline(); ok && t.Add(-2*time.Second).Before(end) {
		return t.Add(-2 * time.Second)
	}
	return end
}

// refuse ends with what kept a file from being opened.
func refuse(res *reader.Result, err error) {
	res.Failed, res.Locked = refusal(err), errors.Is(err, pdferrors.ErrPassword)
}

// refusal says why a file gives nothing.
func refusal(err error) string {
	switch {
	case errors.Is(err, pdferrors.ErrPassword):
		return "encrypted, not opened: it needs a password"
	case errors.Is(err, pdferrors.ErrSecurity):
		return "encrypted, not opened: the kind of encryption is not known"
	case errors.Is(err, pdferrors.ErrFormat):
		return "damaged: it cannot be put right"
	case errors.Is(err, errLate):
		return "opening it took too long"
	}
	return err.Error()
}

// explain adds to the record what a refusal means.
func explain(res *reader.Result, err error) {
	switch {
	case errors.Is(err, pdferrors.ErrPassword) || errors.Is(err, pdferrors.ErrSecurity):
		res.Fact("encrypted", "not opened")
		res.Warn("encrypted", "%s", refusal(err))
	case errors.Is(err, pdferrors.ErrFormat):
		res.Warn(damage, "%s", refusal(err))
	default:
		res.Warn("unread", "%s", refusal(err))
	}
}

// visit is one reading of a file.
type visit struct {
	d       *document
	res     *reader.Result
	limit   time.Time
	text    strings.Builder
	missed  []string // what could not be had
	unread  []int    // pages
	checked time.Duration
	skipped int // pages that were not looked through
	said    map[string]bool
	notes   int
	fields  int
}

func (v *visit) miss(format string, args ...any) {
	v.missed = append(v.missed, fmt.Sprintf(format, args...))
}

// once says that something is told for the first time.
func (v *visit) once(key string) bool {
	if v.said == nil {
		v.said = map[string]bool{}
	}
	defer func() { v.said[key] = true }()
	return !v.said[key]
}

// whole reads what is of the file and of no page.
func (v *visit) whole() error {
	v.facts()
	v.outline()
	v.attached()
	v.scripts()
	v.signatures()
	return nil
}

func (v *visit) pages() {
	n := min(v.d.pages, MaxPages)
	if n < v.d.pages {
		v.miss("%d of %d pages, the first ones, were read", n, v.d.pages)
	}
	for i := 1; i <= n; i++ {
		if time.Now().After(v.limit) || v.text.Len() > MaxText || v.d.late > maxLate {
			v.miss("pages %d to %d were not read: the limits of time and size were reached", i, n)
			return
		}
		v.page(i)
	}
}

// page reads the text of a page, then looks for what is hidden on it.
func (v *visit) page(number int) {
	p := reading.Page{Number: number, From: v.text.Len()}
	var chars []char
	err := v.d.within(v.d.r.times.page, func() error {
		pg, err := v.d.page(number)
		if err != nil {
			return err
		}
		defer pg.close()
		p.Label = v.label(number)
		if chars, err = pg.chars(); err != nil {
			return err
		}
		v.text.WriteString(layout(chars))
		v.annotations(pg)
		return nil
	})
	if err != nil {
		v.unread = append(v.unread, number)
	}
	p.To = v.text.Len()
	v.res.Reading.Pages = append(v.res.Reading.Pages, p)
	if p.To > p.From {
		v.text.WriteString("\n\n")
	}
	if err == nil {
		v.check(number, chars)
	}
}

func (v *visit) label(number int) string {
	l, err := v.d.lib.FPDF_GetPageLabel(&requests.FPDF_GetPageLabel{Document: v.d.ref, Page: number - 1})
	if err != nil || l.Label == fmt.Sprint(number) {
		return ""
	}
	return oneLine(l.Label)
}

// check looks through the drawing of a page, as long as there is time for it.
func (v *visit) check(number int, chars []char) {
	if v.checked > v.d.r.times.check {
		v.skipped++
		return
	}
	start := time.Now()
	err := v.d.within(v.d.r.times.page, func() error {
		pg, err := v.d.page(number)
		if err != nil {
			return err
		}
		defer pg.close()
		found, err := pg.look(chars)
		room := max(maxHidden-v.notes, 0)
		v.notes += len(found)
		v.res.Reading.Findings = append(v.res.Reading.Findings, found[:min(len(found), room)]...)
		return err
	})
	if err != nil {
		v.skipped++
	}
	v.checked += time.Since(start)
}

// finish closes the text and says what is missing.
func (v *visit) finish() {
	v.res.Text = strings.TrimRight(v.text.String(), "\n")
	for i := range v.res.Reading.Pages {
		p := &v.res.Reading.Pages[i]
		p.From, p.To = min(p.From, len(v.res.Text)), min(p.To, len(v.res.Text))
	}
	if v.fields > 0 {
		v.res.Find("form", "%d form fields hold a value", v.fields)
	}
	if len(v.unread) > 0 {
		v.miss("%s could not be read", numbers(v.unread))
	}
	if v.skipped > 0 {
		v.miss("%d pages were not looked through for hidden text", v.skipped)
	}
	if v.notes > maxHidden {
		v.miss("%d more places with hidden text are not listed", v.notes-maxHidden)
	}
	if v.res.Partly = strings.Join(v.missed, "; "); v.res.Partly != "" {
		v.res.Warn("incomplete", "%s", v.res.Partly)
	}
}

// numbers names pages: "page 3", "pages 3, 4, 7 and 12 others".
func numbers(list []int) string {
	const most = 10
	var words []string
	for _, n := range list[:min(len(list), most)] {
		words = append(words, fmt.Sprint(n))
	}
	s := strings.Join(words, ", ")
	if len(list) > most {
		s = fmt.Sprintf("%s and %d others", s, len(list)-most)
	}
	if len(list) == 1 {
		return "page " + s
	}
	return "pages " + s
}
