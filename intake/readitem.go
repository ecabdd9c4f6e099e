package intake

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"unseal/blob"
	"unseal/catalog"
	"unseal/intake/language"
	"unseal/intake/reader"
	"unseal/mime/body"
	"unseal/reading"
	"unseal/trove"
)

// job is one item being read in one stage.
type job struct {
	*stageRun
	u      *catalog.Unread
	rec    trove.Record // as it stands
	first  trove.Record // as pass one made it
	path   string
	beside []reader.Beside
	before reading.Reading                        // of the stages before
	made   map[string]catalog.Made                // by the stages before
	old    catalog.OutcomeState                   // of this stage; empty for none
	budget struct{ files, bytes, read, made int } // of files in the item: their number and bytes, what was read and made of them
}

// item reads one item.
func (r *stageRun) item(ctx context.Context, u *catalog.Unread) (*outcome, error) {
	j := &job{stageRun: r, u: u, made: map[string]catalog.Made{}}
	j.budget.files, j.budget.bytes = reader.MaxEmbedded, reader.MaxEmbeddedBytes
	j.budget.read, j.budget.made = maxEmbeddedRead, maxEmbeddedMade
	if err := errors.Join(json.Unmarshal(u.Record, &j.rec), json.Unmarshal(u.First, &j.first)); err != nil {
		return nil, fmt.Errorf("its record: %w", err)
	}
	if err := j.look(ctx); err != nil {
		return nil, err
	}
	read := j.whole
	if u.Kind == trove.Mail {
		read = j.mail
	}
	res, err := read(ctx)
	if err != nil || res == nil {
		return &outcome{kind: u.Kind}, err
	}
	return j.outcome(res)
}

// look learns what earlier stages made of the item.
func (j *job) look(ctx context.Context) error {
	var before []catalog.Outcome
	err := j.o.Catalog.Outcomes(ctx, catalog.OutcomeQuery{Collection: j.o.Collection, Items: []catalog.ItemID{j.u.ID}}, func(o *catalog.Outcome) error {
		if o.Stage == string(j.Name) {
			j.old = o.State
		} else if j.Name != reader.Read {
			before = append(before, *o)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(before, func(a, b catalog.Outcome) int { return j.rank(a.Stage) - j.rank(b.Stage) })
	for i := range before {
		if j.rank(before[i].Stage) >= j.rank(string(j.Name)) {
			continue
		}
		r, err := loadReading(ctx, j.o.Blobs, before[i].Reading)
		if err != nil {
			return err
		}
		j.before.Merge(r)
		for _, m := range before[i].Made {
			j.made[m.Name] = m
		}
	}
	return nil
}

// stageOrder is the order in which readings are merged.
var stageOrder = []reader.Stage{reader.Read, reader.Picture, reader.OCR, reader.Sound, reader.Speech, reader.Translate}

func (j *job) rank(stage string) int { return slices.Index(stageOrder, reader.Stage(stage)) }

// maxReading bounds one stage's reading in memory.
const maxReading = 256 << 20

// loadReading reads what a stage made, as flush wrote it.
func loadReading(ctx context.Context, blobs blob.Store, ref catalog.TextRef) (r reading.Reading, err error) {
	b, err := unframe(ctx, blobs, ref)
	if err == nil && len(b) > 0 {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read what an earlier stage made: %w", err)
	}
	return r, nil
}

// unframe reads what lies in a blob as one zstd frame.
func unframe(ctx context.Context, blobs blob.Store, ref catalog.TextRef) ([]byte, error) {
	if ref.Length == 0 {
		return nil, nil
	}
	b, err := blob.Read(ctx, blobs, blob.Span{Blob: ref.Blob, Offset: ref.Offset, Length: ref.Length}, maxReading)
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxReading))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(b, nil)
}

// request says what is wanted of the item, or of a file in it.
func (j *job) request(kind trove.Kind, name, path, mediaType string) reader.Request {
	return reader.Request{Stage: j.Name, Kind: kind, Name: name, Path: path, Type: mediaType,
		Langs: j.o.Langs, Passwords: j.o.Passwords, Options: j.u.Options}
}

// whole reads an item that is one file; nil means that the stage has nothing
// to do for it.
func (j *job) whole(ctx context.Context) (*reader.Result, error) {
	var part trove.Part
	if len(j.first.Parts) > 0 {
		part = j.first.Parts[0]
	}
	if !j.Takes(j.u.Kind, part.Type) {
		if j.Name != reader.Read {
			return nil, nil
		}
		return &reader.Result{Failed: "nothing here reads " + part.Type}, nil
	}
	var err error
	if j.path, j.beside, err = j.near.of(ctx, &j.o, j.u.ID); err != nil {
		return nil, err
	}
	content, closer, err := openSpan(ctx, j.o.Blobs, j.u.Span)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	req := j.request(j.u.Kind, part.Name, j.path, part.Type)
	req.Beside, req.Reading = j.beside, j.before
	if j.Name == reader.Translate {
		text, err := unframe(ctx, j.o.Blobs, j.u.Text)
		if err != nil {
			return nil, err
		}
		req.Text = string(text)
	}
	res, err := j.read(ctx, req, content, j.u.Size, "")
	if err != nil {
		return nil, err
	}
	return &res, j.embedded(ctx, &res, res.Embedded, "", 0)
}

// read has a file read, in a child or here, and adds in what languages it is.
// before is what names of files made of it begin with.
func (j *job) read(ctx context.Context, req reader.Request, content io.ReaderAt, size int64, before string) (reader.Result, error) {
	res, err := j.call(ctx, req, content, size, before)
	weigh(&res)
	if j.Name == reader.Read && res.Text != "" {
		main, all := language.Main(res.Text, j.o.Langs)
		res.Record.Lang = cmp.Or(res.Record.Lang, main)
		if len(all) > 1 {
			res.Fact("languages", strings.Join(all, ", "))
		}
	}
	return res, err
}

// weigh takes the size and digest of the files that came out from their bytes,
// whatever the child says they are. Of a file that is only listed, its word is
// all there is.
func weigh(res *reader.Result) {
	bytesOf := map[string][]byte{}
	for _, e := range res.Embedded {
		bytesOf[e.Path] = e.Bytes
	}
	for i := range res.Record.Parts {
		if p := &res.Record.Parts[i]; len(bytesOf[p.Path]) > 0 {
			p.Size, p.SHA256 = int64(len(bytesOf[p.Path])), trove.Sum(bytesOf[p.Path])
		}
	}
}

func (j *job) call(ctx context.Context, req reader.Request, content io.ReaderAt, size int64, before string) (reader.Result, error) {
	if j.Reader != nil {
		return j.Reader.Read(ctx, req, content, size)
	}
	return guarded(ctx, j.Func, &reader.Input{Request: req, Content: content, Size: size, Earlier: func(name string) ([]byte, error) {
		m, ok := j.made[before+name]
		if !ok {
			return nil, fmt.Errorf("no earlier stage made %s", name)
		}
		return blob.Read(ctx, j.o.Blobs, blob.Span{Blob: m.SHA256, Length: m.Size}, maxReading)
	}}), ctx.Err()
}

// guarded turns a panic into a failed result.
func guarded(ctx context.Context, f reader.Func, in *reader.Input) (res reader.Result) {
	defer func() {
		if p := recover(); p != nil {
			res = reader.Result{Failed: fmt.Sprintf("the reader gave up: %v", p)}
		}
	}()
	return f(ctx, in)
}

// mail reads the files in a mail; nil means that there is none to read.
func (j *job) mail(ctx context.Context) (*reader.Result, error) {
	if j.rec.Unreadable != "" {
		return nil, nil
	}
	n := min(2*j.u.Size, maxInFlight/2)
	if err := j.memory.Acquire(ctx, n); err != nil {
		return nil, err
	}
	defer j.memory.Release(n)
	raw, err := blob.Read(ctx, j.o.Blobs, blob.Span(j.u.Span), maxInFlight)
	if err != nil {
		return nil, err
	}
	if j.path, err = j.firstPath(ctx); err != nil {
		return nil, err
	}
	var files []reader.Embedded
	for _, p := range j.rec.Parts {
		if p.Role != trove.RoleAttachment || p.Length == 0 {
			continue
		}
		b, err := body.DecodePart(raw, p)
		if err != nil {
			continue // the record says what is wrong with it
		}
		files = append(files, reader.Embedded{Path: p.Path, Name: p.Name, Type: p.Type, Bytes: b})
	}
	res := &reader.Result{}
	j.budget.bytes = maxInFlight
	tried := j.budget.files
	err = j.embedded(ctx, res, files, "", 0)
	if j.budget.files == tried && err == nil {
		return nil, nil
	}
	return res, err
}

func (j *job) firstPath(ctx context.Context) (path string, err error) {
	err = j.o.Catalog.Occurrences(ctx, j.o.Collection, j.u.ID, func(_ catalog.ItemID, o *trove.Occurrence) error {
		if path == "" {
			path = o.Path
		}
		return nil
	})
	return path, err
}

// What is kept of all that files in one item give: of text and readings, and of
// files made of them. Without these bounds one mail with many files that unpack
// to much could need more memory than there is.
const (
	maxEmbeddedRead = 48 << 20
	maxEmbeddedMade = 256 << 20
)

// fits takes what was read of a file from the budget; false is that there is
// too much.
func (j *job) fits(got *reader.Result) (bool, error) {
	b, err := json.Marshal(&got.Reading)
	if err != nil {
		return false, err
	}
	rec, err := json.Marshal(&got.Record)
	j.budget.read -= len(b) + len(rec) + len(got.Text)
	for _, f := range got.Files {
		j.budget.made -= len(f.Bytes)
	}
	return j.budget.read >= 0 && j.budget.made >= 0, err
}

// maxNesting is how deep files in files are read.
const maxNesting = 4

// embedded reads the files in an item, or in a file of it at the part path, and
// adds what they hold to the result. What is over a limit is listed only, and
// said.
func (j *job) embedded(ctx context.Context, res *reader.Result, files []reader.Embedded, at string, depth int) error {
	for i := range files {
		f := &files[i]
		f.Path = rebase(f.Path, at)
		if len(f.Bytes) == 0 {
			continue
		}
		kind, mediaType := j.o.KindOf(f.Bytes[:min(len(f.Bytes), headSize)], f.Name)
		if !j.Takes(kind, mediaType) {
			continue
		}
		if j.budget.files == 0 || len(f.Bytes) > j.budget.bytes || depth == maxNesting {
			res.Partly = "there are more files in it than are read"
			return nil
		}
		j.budget.files--
		j.budget.bytes -= len(f.Bytes)
		if err := j.file(ctx, res, f, kind, mediaType, depth); err != nil {
			return err
		}
	}
	return nil
}

// file reads one file in an item.
func (j *job) file(ctx context.Context, res *reader.Result, f *reader.Embedded, kind trove.Kind, mediaType string, depth int) error {
	req := j.request(kind, f.Name, j.path+"!/"+f.Name, mediaType)
	for i := range j.before.Files {
		if old := &j.before.Files[i]; old.Part == f.Path {
			req.Reading = localized(old.Reading, f.Path)
			if j.Name == reader.Translate {
				req.Text = old.Text
			}
		}
	}
	got, err := j.read(ctx, req, bytes.NewReader(f.Bytes), int64(len(f.Bytes)), f.Path+"-")
	if err != nil {
		return err
	}
	goodNames(&got)
	ok, err := j.fits(&got)
	if err != nil {
		return err
	}
	if !ok {
		got, j.budget.files = reader.Result{Partly: "what the files in it hold is more than is kept"}, 0
	}
	j.join(res, &got, f)
	return j.embedded(ctx, res, got.Embedded, f.Path, depth+1)
}

// ofPart begins every warning about a file in an item.
const ofPart = "in part "

// join adds what was read of a file to the result of its item.
func (j *job) join(res, got *reader.Result, f *reader.Embedded) {
	if cause := causeOf(got); cause != "" {
		res.Partly = cause
		res.Warn("file-not-read", ofPart+"%s: %s", f.Path, cause)
	}
	for _, w := range got.Record.Warnings {
		res.Warn(w.Code, ofPart+"%s: %s", f.Path, w.Text)
	}
	if !strings.Contains(res.By, got.By) {
		res.By = strings.TrimPrefix(res.By+", "+got.By, ", ")
	}
	for _, p := range got.Record.Parts {
		if p.Path != "1" && p.Path != "" {
			p.Path = rebase(p.Path, f.Path)
			p.Offset, p.Length = 0, 0
			res.Record.Parts = append(res.Record.Parts, p)
		}
	}
	globalize(&got.Reading, f.Path)
	for _, m := range got.Files {
		m.Name = f.Path + "-" + m.Name
		res.Files = append(res.Files, m)
	}
	if got.Text == "" && empty(&got.Reading) {
		return
	}
	res.Reading.Merge(reading.Reading{Files: []reading.File{{Part: f.Path, Lang: got.Record.Lang, Text: got.Text, Reading: got.Reading}}})
}

// rebase puts a path of a file's own parts under the part that the file is:
// "1" is the file itself.
func rebase(path, at string) string {
	switch rest, in := strings.CutPrefix(path, "1."); {
	case at == "":
		return path
	case path == "1" || path == "":
		return at
	case in:
		return at + "." + rest
	}
	return at + "." + path
}

// globalize makes what was read of a file name its part and the files made of
// it as the item does; localized is its inverse for a later stage.
func globalize(r *reading.Reading, at string) {
	for i := range r.Facts {
		r.Facts[i].Part = rebase(r.Facts[i].Part, at)
	}
	for i := range r.Findings {
		r.Findings[i].Part = rebase(r.Findings[i].Part, at)
	}
	rename(r, func(name string) string { return at + "-" + name })
}

func localized(r reading.Reading, at string) reading.Reading {
	rename(&r, func(name string) string { return strings.TrimPrefix(name, at+"-") })
	return r
}

// rename changes the names of made files, in copies of what holds them.
func rename(r *reading.Reading, to func(string) string) {
	r.Pages = slices.Clone(r.Pages)
	for i := range r.Pages {
		if r.Pages[i].Image != "" {
			r.Pages[i].Image = to(r.Pages[i].Image)
		}
	}
	if r.Sound != nil {
		s := *r.Sound
		s.Play = slices.Clone(s.Play)
		for i := range s.Play {
			s.Play[i] = to(s.Play[i])
		}
		r.Sound = &s
	}
}

// outcome turns the result into what becomes durable.
func (j *job) outcome(res *reader.Result) (*outcome, error) {
	goodNames(res)
	var change *catalog.Change
	var err error
	if j.Name == reader.Read {
		if change, err = j.change(res); err != nil {
			return nil, err
		}
	}
	u, err := newOutcome(&j.u.Item, j.Name, res, change)
	if err != nil {
		return nil, err
	}
	if change != nil && u.text == nil && j.u.Kind == trove.Mail {
		change.Text = j.u.Text
	}
	u.table = j.tableOfMails(res)
	u.pages = len(res.Reading.Pages)
	if sound := res.Reading.Sound; sound != nil {
		u.seconds = sound.Seconds
	}
	good := j.old == catalog.ReadDone || j.old == catalog.ReadPartly
	u.keep = good && (u.row.State == catalog.ReadFailed || u.row.State == catalog.ReadWaiting)
	return u, nil
}

// change is what reading changes about the item itself.
func (j *job) change(res *reader.Result) (*catalog.Change, error) {
	rec := j.document(res)
	if j.u.Kind == trove.Mail {
		rec = j.mailRecord(res)
	}
	if cause := causeOf(res); cause != "" && j.u.Kind != trove.Mail {
		code := "read-partly"
		if res.Failed != "" {
			code = "not-read"
		}
		if !slices.ContainsFunc(rec.Warnings, func(w trove.Warning) bool { return w.Text == cause }) {
			rec.Warnings = append(rec.Warnings, trove.Warning{Code: code, Text: cause})
		}
	}
	b, err := json.Marshal(rec)
	if err != nil {
		return nil, err
	}
	c := &catalog.Change{Kind: rec.Kind, Record: b, SortDate: j.u.SortDate, MessageID: rec.MessageID}
	if j.u.Kind != trove.Mail {
		c.SortDate = sortDate(rec.Date, rec.Received, j.o.Now())
	}
	return c, nil
}

// mailRecord is the record of a mail with the parts of the files in it, in place
// of what an earlier run found of them. Everything else may have been judged
// since pass one and stays.
func (j *job) mailRecord(res *reader.Result) *trove.Record {
	rec := j.rec
	rec.Parts = append(slices.Clone(j.first.Parts), res.Record.Parts...)
	rec.Warnings = slices.DeleteFunc(slices.Clone(rec.Warnings), func(w trove.Warning) bool { return strings.HasPrefix(w.Text, ofPart) })
	rec.Warnings = append(rec.Warnings, res.Record.Warnings...)
	return &rec
}

// ofReaders are the kinds that a reader may find an item to be: what is a mail,
// pass one says.
var ofReaders = []trove.Kind{trove.Voice, trove.Chain, trove.Doc, trove.Image, trove.Table, trove.File}

// document is the record of an item that is no mail: what the reader found,
// and what pass one knew.
func (j *job) document(res *reader.Result) *trove.Record {
	rec := res.Record
	if j.u.Number > 0 || !slices.Contains(ofReaders, rec.Kind) {
		rec.Kind = j.u.Kind
	}
	rec.Verdict, rec.Signatures, rec.Others, rec.Unreadable = j.first.Verdict, nil, j.rec.Others, ""
	parts := slices.Clone(j.first.Parts)
	for _, p := range rec.Parts {
		if p.Path != "1" && p.Path != "" {
			p.Offset, p.Length = 0, 0
			parts = append(parts, p)
		}
	}
	rec.Parts = parts
	rec.Warnings = append(slices.Clone(j.first.Warnings), rec.Warnings...)
	return &rec
}
