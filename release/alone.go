package release

import (
	"context"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// What lies beside an item is read with it: a transcript beside a recording,
// the pictures of a chain beside its text. Where such a neighbour is excluded,
// withheld, withdrawn or redacted, nothing of it may come out with the item,
// which is then read again without it.

// madeAlone is madeOf without what files beside the item may have given: all of
// the stage that reads it but the files in it, and translations that were not
// made of its own text.
func (r *Desk) madeAlone(ctx context.Context, it *catalog.Item) (made, error) {
	return gather(ctx, r.Catalog, r.Blobs, it, func(o *catalog.Outcome, read *reading.Reading) {
		switch reader.Stage(o.Stage) {
		case reader.Read:
			o.Made, *read = nil, reading.Reading{Files: read.Files}
		case reader.Translate:
			read.Texts = slices.DeleteFunc(read.Texts, func(t reading.Text) bool { return it.Kind == trove.Voice || t.Made != reading.Machine })
		}
		if read.Sound != nil {
			read.Sound.Call = nil
		}
	})
}

// isAlone reports whether an item is shown without what lies beside it. A
// recording that is redacted itself keeps the transcript of a neighbour that is
// no more than redacted: it loses the same seconds, and all words that go.
func (v *veil) isAlone(it *catalog.Item) bool {
	gone, near := v.beside[it.ID]
	return near && (gone || it.Kind != trove.Voice || len(v.rows[it.ID]) == 0)
}

// madeIn is what may come out of what was made of an item.
func (r *Desk) madeIn(ctx context.Context, it *catalog.Item, v *veil) (made, error) {
	if v.isAlone(it) {
		return r.madeAlone(ctx, it)
	}
	return madeOf(ctx, r.Catalog, r.Blobs, it)
}

// alone reads an item again without the files beside it, for its line and for m,
// which is what madeAlone gave.
func (r *Desk) alone(ctx context.Context, it *catalog.Item, line *batchLine, m *made, put blob.Batch) error {
	content, err := r.exactBytes(ctx, it)
	if err != nil {
		return err
	}
	again, err := r.Read(ctx, it, reader.Request{Stage: reader.Read, Kind: it.Kind}, content)
	if err != nil {
		return fmt.Errorf("read %s without what lies beside it: %w", nameOf(it), err)
	}
	stages := *m
	*m = made{reading: again.Reading, files: stages.files}
	m.reading.Merge(stages.reading)
	if err := m.take(ctx, put, again.Files, &reading.Sound{}); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, f := range m.files {
		names[f.Name] = true
	}
	onlyNames(&m.reading, names)
	line.alone(it, &again)
	line.Text, err = putText(ctx, put, again.Text)
	return err
}

// alone puts what was read without the files beside an item into its line.
func (l *batchLine) alone(it *catalog.Item, again *reader.Result) {
	was := l.Record.Record
	l.Alone, l.Date = true, shownDate(l.Date, &again.Record)
	again.Record.Kind, again.Record.Verdict, again.Record.Signatures = was.Kind, was.Verdict, nil
	again.Record.Parts, again.Record.Others = was.Parts, was.Others
	l.Record.Record = publicRecord(again.Record)
	if again.Record.MessageID != was.MessageID { // the name of the thread may follow from it
		l.Record.Thread = trove.LoneThread(it.Number)
	}
}

// putText keeps a text as intake does: as one zstd frame.
func putText(ctx context.Context, put blob.Batch, text string) (catalog.TextRef, error) {
	if text == "" {
		return catalog.TextRef{}, nil
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return catalog.TextRef{}, err
	}
	frame := z.EncodeAll([]byte(text), nil)
	sum, err := put.Put(ctx, frame)
	return catalog.TextRef{Blob: sum, Length: int64(len(frame))}, err
}
