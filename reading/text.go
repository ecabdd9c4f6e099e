package reading

import "strings"

// Spoken is what a search learns of the texts that were made of the item: all
// of them that are shown, one segment a line.
func (r *Reading) Spoken() string {
	var b strings.Builder
	for _, t := range r.Texts {
		for _, s := range t.Segments {
			if !s.Hidden {
				b.WriteString(s.Text)
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

// Merge adds what a later stage found. Pages of the same number are completed,
// a sound and files of the same part likewise; texts of the same kind, language,
// making and maker are replaced; lists are joined.
func (r *Reading) Merge(more Reading) {
	r.Facts = append(r.Facts, more.Facts...)
	r.Findings = append(r.Findings, more.Findings...)
	r.Sheets = append(r.Sheets, more.Sheets...)
	if more.Chain != nil {
		r.Chain = more.Chain
	}
	if more.Outline != nil {
		r.Outline = more.Outline
	}
	r.mergeSound(more.Sound)
	for _, p := range more.Pages {
		r.mergePage(p)
	}
	for _, t := range more.Texts {
		r.mergeText(t)
	}
	for _, f := range more.Files {
		r.mergeFile(f)
	}
}

// mergeFile completes what is known of the file of the same part.
func (r *Reading) mergeFile(f File) {
	for i := range r.Files {
		if old := &r.Files[i]; old.Part == f.Part {
			if f.Text != "" {
				old.Text, old.Lang = f.Text, f.Lang
			}
			old.Reading.Merge(f.Reading)
			return
		}
	}
	r.Files = append(r.Files, f)
}

func (r *Reading) mergeSound(more *Sound) {
	switch {
	case more == nil:
	case r.Sound == nil:
		r.Sound = more
	default:
		s := *r.Sound
		s.Play, s.Silenced = more.Play, more.Silenced
		if more.Seconds > 0 {
			s.Seconds = more.Seconds
		}
		if more.Call != nil {
			s.Call = more.Call
		}
		r.Sound = &s
	}
}

func (r *Reading) mergePage(p Page) {
	for i := range r.Pages {
		if q := &r.Pages[i]; q.Number == p.Number {
			if p.Image != "" {
				q.Image, q.Width, q.Height = p.Image, p.Width, p.Height
			}
			if p.Confidence > 0 {
				q.Confidence = p.Confidence
			}
			return
		}
	}
	r.Pages = append(r.Pages, p)
}

func (r *Reading) mergeText(t Text) {
	for i, old := range r.Texts {
		if old.Kind == t.Kind && old.Lang == t.Lang && old.Made == t.Made && old.By == t.By {
			r.Texts[i] = t
			return
		}
	}
	r.Texts = append(r.Texts, t)
}
