package house

import (
	"bytes"
	"cmp"
	"context"

	"unseal/catalog"
	"unseal/intake"
	"unseal/intake/language"
	"unseal/intake/mail"
	"unseal/intake/reader"
	"unseal/intake/voice"
	"unseal/release"
	"unseal/trove"
)

// readLeft reads what is left of a redacted item: a mail in this process, since
// intake has read the whole of it before, under its limits; anything else in a
// child, as what intake does.
func (d *Desk) readLeft(ctx context.Context, it *catalog.Item, req reader.Request, content []byte) (reader.Result, error) {
	if it.Kind == trove.Mail {
		rec, text := mail.Parse(content)
		return reader.Result{Record: rec, Text: text}, nil
	}
	children, err := d.itemReaders()
	if err != nil {
		return reader.Result{}, err
	}
	if err := d.completeRequest(ctx, it, &req); err != nil {
		return reader.Result{}, err
	}
	res, err := children.Read(ctx, req, bytes.NewReader(content), int64(len(content)))
	if res.Text != "" {
		lang, _ := language.Main(res.Text, req.Langs)
		res.Record.Lang = cmp.Or(res.Record.Lang, lang)
	}
	return res, err
}

// completeRequest adds what intake tells a reader of an item.
func (d *Desk) completeRequest(ctx context.Context, it *catalog.Item, req *reader.Request) (err error) {
	full, err := catalog.One(ctx, d.Catalog, catalog.Query{Collection: it.Collection, ID: it.ID})
	if err != nil {
		return err
	}
	rec, err := release.Record(&full)
	if err != nil {
		return err
	}
	if len(rec.Parts) > 0 {
		req.Name, req.Type = rec.Parts[0].Name, rec.Parts[0].Type
	}
	req.Langs = d.Config.Intake.Languages
	if req.Passwords, err = d.passwords(); err != nil {
		return err
	}
	err = d.Catalog.Outcomes(ctx, catalog.OutcomeQuery{Collection: it.Collection, Items: []catalog.ItemID{it.ID}}, func(o *catalog.Outcome) error {
		req.Options = o.Options
		return nil
	})
	if err == nil {
		req.Path, req.Beside, err = intake.Beside(ctx, d.Catalog, d.Blobs, it.Collection, it.ID)
	}
	return err
}

// pieces answers reader.Pieces.
func pieces(_ context.Context, in *reader.Input) (res reader.Result) {
	list, err := voice.Pieces(in.Content, in.Size, in.Silenced)
	if err != nil {
		return reader.Result{Failed: err.Error()}
	}
	res.Pieces = list
	return res
}
