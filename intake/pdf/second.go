package pdf

import (
	"bytes"
	"context"
	"io"
	"strings"

	"unseal/intake/reader"
	"unseal/intake/tool"
	"unseal/reading"
	"unseal/trove"
)

// damage is the code of the warning that a file is damaged.
const damage = "damaged"

// secondOpinion asks Poppler's pdftotext for the text of a file in which PDFium
// found none: the two put different damages right. Without the program, or
// without text, as with scanned pages, the result stays as it is.
func secondOpinion(ctx context.Context, in *reader.Input, res *reader.Result) {
	if res.Text != "" || in.Dir == "" {
		return
	}
	args := []string{"-enc", "UTF-8", "-eol", "unix", "-", "-"}
	out, err := tool.Run(ctx, tool.Command{Name: "pdftotext", Args: args, Stdin: io.NewSectionReader(in.Content, 0, in.Size), Dir: in.Dir, Max: MaxText})
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		return
	}
	var text strings.Builder
	var pages []reading.Page
	for part := range strings.SplitSeq(strings.TrimSuffix(string(out), "\f"), "\f") {
		p := reading.Page{Number: len(pages) + 1, From: text.Len()}
		text.WriteString(strings.TrimSpace(clean(part)))
		p.To = text.Len()
		text.WriteString("\n\n")
		if pages = append(pages, p); len(pages) >= MaxPages {
			break
		}
	}
	res.Text = strings.TrimRight(text.String(), "\n")
	for i := range pages {
		pages[i].From, pages[i].To = min(pages[i].From, len(res.Text)), min(pages[i].To, len(res.Text))
	}
	res.Reading.Pages, res.Record.Kind = pages, trove.Doc
	if res.Failed != "" {
		res.Failed, res.Partly = "", "damaged: only its text could be read, by another program"
	}
	res.By = "pdftotext"
	res.Warn(damage, "its text could be read by a second program alone")
}
