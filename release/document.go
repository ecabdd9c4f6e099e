package release

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"unseal/blob"
	"unseal/catalog"
	"unseal/search"
	"unseal/trove"
)

// maxText bounds the text of one item in memory.
const maxText = 64 << 20

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

// Document is what a search index learns of an item from its record and text.
// The caller adds what the item has from the collection: its number, batch,
// thread, digest and so on.
func Document(r *trove.Record, text string) *search.Doc {
	d := &search.Doc{
		Kind: r.Kind, Date: r.Date, Subject: r.Subject, From: r.From, To: r.To, Cc: r.Cc, Bcc: r.Bcc, Body: text,
		MessageID: r.MessageID, Lang: r.Lang, Verdict: r.Verdict, Mass: r.Mass,
	}
	for _, p := range r.Files() {
		d.Files = append(d.Files, search.File{Name: p.Name, Type: p.Type, SHA256: p.SHA256})
	}
	return d
}
