package release

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"unseal/blob"
	"unseal/catalog"
	"unseal/reading"
	"unseal/search"
	"unseal/trove"
)

// maxText bounds the text of one item, or the reading of one stage, in memory.
const maxText = 256 << 20

// decoders are shared: making one costs more than decoding a mail's text.
var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxText))
	if err != nil {
		panic(err) // only for options that contradict each other
	}
	return d
}}

// Text reads the text that intake made of an item: one zstd frame (RFC 8878) in
// a blob. An item without text has "".
func Text(ctx context.Context, blobs blob.Store, ref catalog.TextRef) (string, error) {
	if ref.Length == 0 {
		return "", nil
	}
	frame, err := blob.Read(ctx, blobs, blob.Span{Blob: ref.Blob, Offset: ref.Offset, Length: ref.Length}, maxText)
	if err != nil {
		return "", fmt.Errorf("read text: %w", err)
	}
	d := decoders.Get().(*zstd.Decoder)
	defer decoders.Put(d)
	text, err := d.DecodeAll(frame, nil)
	if err != nil {
		return "", fmt.Errorf("read text at byte %d of blob %s: %w", ref.Offset, ref.Blob.Short(), err)
	}
	return string(text), nil
}

// Record reads the record that intake made of an item.
func Record(it *catalog.Item) (*trove.Record, error) {
	r := new(trove.Record)
	if err := json.Unmarshal(it.Record, r); err != nil {
		return nil, fmt.Errorf("record of item %d of %s: %w", it.ID, it.Collection, err)
	}
	return r, nil
}

// Document is what a search index learns of an item from its record, its text
// and what was read of it (nil for nothing). The caller adds what the item has
// from the collection: its number, batch, thread, digest and so on.
func Document(r *trove.Record, text string, read *reading.Reading) *search.Doc {
	d := &search.Doc{
		Kind: r.Kind, Date: r.Date, Subject: r.Subject, From: r.From, To: r.To, Cc: r.Cc, Bcc: r.Bcc,
		MessageID: r.MessageID, Lang: r.Lang, Verdict: r.Verdict, Mass: r.Mass,
	}
	var paths []string
	for _, p := range r.Files() {
		d.Files = append(d.Files, search.File{Name: p.Name, Type: p.Type, SHA256: p.SHA256})
		paths = append(paths, p.Path)
	}
	learn(d, text, paths, read)
	return d
}

// learn adds the texts of an item: its own and those made of it are the body,
// which begins with its own; those of files in it go to the files of these
// paths, and to the body where there is none.
func learn(d *search.Doc, text string, paths []string, read *reading.Reading) {
	d.Body = text
	if read == nil {
		return
	}
	d.Body = joined(text, read.Spoken())
	d.Made = textKinds(read)
	for i := range read.Files {
		f := &read.Files[i]
		if at := slices.Index(paths, f.Part); at >= 0 {
			d.Files[at].Text = joined(d.Files[at].Text, joined(f.Text, f.Spoken()))
		} else {
			d.Body = joined(d.Body, joined(f.Text, f.Spoken()))
		}
	}
}

// textKinds are the kinds of texts made of an item by which it is found: transcripts
// and translations.
func textKinds(read *reading.Reading) (kinds []string) {
	for _, t := range read.Texts {
		if (t.Kind == reading.Transcript || t.Kind == reading.Translation) && !slices.Contains(kinds, t.Kind) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// joined is two texts, the second one on a line of its own.
func joined(a, b string) string {
	if a == "" || b == "" || strings.HasSuffix(a, "\n") {
		return a + b
	}
	return a + "\n" + b
}
