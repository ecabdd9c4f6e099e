package house

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"unseal/intake"
	"unseal/intake/calendar"
	"unseal/intake/chat"
	"unseal/intake/container"
	"unseal/intake/office"
	"unseal/intake/outlook"
	"unseal/intake/pdf"
	"unseal/intake/picture"
	"unseal/intake/reader"
	"unseal/intake/speech"
	"unseal/intake/table"
	"unseal/intake/translate"
	"unseal/intake/voice"
	"unseal/intake/worker"
	"unseal/trove"
)

// leaf is a room that reads one sort of material, as it is connected to stages
// and kinds.
type leaf struct {
	// detect tells by the first bytes what a file is, and by its name what they
	// leave open; no kind where it is not of this sort.
	detect func(head []byte, name string) (trove.Kind, string)
	// takes reports whether the leaf reads such a file.
	takes func(kind trove.Kind, mediaType string) bool
	// confirm is asked for the file itself where kind and type are those of
	// files of others too; nil is yes.
	confirm func(head []byte) bool
	stages  map[reader.Stage]reader.Func
}

// leaves are all there are. The first that takes a file reads it, and the first
// that knows one says what it is; so those that know more of a file come first,
// and plain text is left to the last. cache is where PDFium lies compiled, or
// empty.
func leaves(cache string) []leaf {
	pages := pdf.New(cache)
	return []leaf{
		{
			detect: func(head []byte, _ string) (trove.Kind, string) { return voice.Takeout(head), "text/html" },
			takes: func(kind trove.Kind, mediaType string) bool {
				return (kind == trove.Chain || kind == trove.Doc) && mediaType == "text/html"
			},
			confirm: func(head []byte) bool { return voice.Takeout(head) != "" },
			stages:  map[reader.Stage]reader.Func{reader.Read: voice.ReadTakeout},
		},
		{
			detect: func(head []byte, _ string) (trove.Kind, string) {
				if _, ok := chat.Detect(head); ok {
					return trove.Chain, chainType(head)
				}
				return "", ""
			},
			takes:  func(kind trove.Kind, _ string) bool { return kind == trove.Chain },
			stages: map[reader.Stage]reader.Func{reader.Read: chat.Read},
		},
		{
			detect: func(head []byte, name string) (trove.Kind, string) {
				if t := voice.Type(head, name); t != "" {
					return trove.Voice, t
				}
				return "", ""
			},
			takes:  func(kind trove.Kind, _ string) bool { return kind == trove.Voice },
			stages: map[reader.Stage]reader.Func{reader.Read: voice.Read, reader.Sound: voice.Sound, reader.Pieces: pieces},
		},
		{
			detect: func(head []byte, _ string) (trove.Kind, string) {
				if outlook.IsWinmail(head) {
					return trove.Doc, outlook.WinmailType
				}
				return "", ""
			},
			takes:  outlook.Takes,
			stages: map[reader.Stage]reader.Func{reader.Read: outlook.ReadWinmail},
		},
		{
			detect: pdf.Detect, takes: pdf.Takes,
			stages: map[reader.Stage]reader.Func{reader.Read: pages.Read, reader.Picture: pages.Picture, reader.OCR: pages.OCR},
		},
		{
			detect: func(head []byte, _ string) (trove.Kind, string) {
				mediaType := container.MediaType(head)
				if picture.Takes(trove.Image, mediaType) {
					return trove.Image, mediaType
				}
				return "", ""
			},
			takes:  picture.Takes,
			stages: map[reader.Stage]reader.Func{reader.Read: picture.Read, reader.Picture: picture.Picture, reader.OCR: picture.OCR},
		},
		{detect: calendar.Detect, takes: calendar.Takes, stages: map[reader.Stage]reader.Func{reader.Read: calendar.Read}},
		{detect: table.Detect, takes: table.Takes, stages: map[reader.Stage]reader.Func{reader.Read: table.Read}},
		{detect: office.Detect, takes: office.Takes, stages: map[reader.Stage]reader.Func{reader.Read: office.Read}},
	}
}

// chainType is the media type of an export of a chain. Lines with commas are
// no table.
func chainType(head []byte) string {
	t := container.MediaType(head)
	if t == "text/csv" || t == "text/tab-separated-values" {
		return "text/plain"
	}
	return t
}

// kindOf tells what a file is: by what the leaves know, else by its media type.
// A leaf that panics knows nothing.
func kindOf() intake.KindOf {
	all := leaves("")
	return func(head []byte, name string) (trove.Kind, string) {
		for i := range all {
			if all[i].detect == nil || len(head) == 0 {
				continue
			}
			if kind, mediaType := guardedDetect(all[i].detect, head, name); kind != "" {
				return kind, mediaType
			}
		}
		return intake.Kind(head, name)
	}
}

func guardedDetect(detect func([]byte, string) (trove.Kind, string), head []byte, name string) (kind trove.Kind, mediaType string) {
	defer func() {
		if recover() != nil {
			kind, mediaType = "", ""
		}
	}()
	return detect(head, name)
}

// readItem is what a child does: it finds the leaf that takes the item.
func readItem(ctx context.Context, in *reader.Input) reader.Result {
	head := make([]byte, min(in.Size, container.HeadSize))
	if _, err := io.ReadFull(io.NewSectionReader(in.Content, 0, in.Size), head); err != nil && in.Size > 0 {
		return reader.Result{Failed: "its bytes cannot be read: " + err.Error()}
	}
	for _, l := range leaves(os.Getenv(cacheVariable)) {
		f := l.stages[in.Stage]
		if f != nil && l.takes(in.Kind, in.Type) && (l.confirm == nil || l.confirm(head)) {
			return f(ctx, in)
		}
	}
	return reader.Result{Failed: fmt.Sprintf("nothing here reads %s in stage %s", in.Type, in.Stage)}
}

// These tell a child that it reads items that are no mails, and where PDFium
// lies compiled.
const (
	readVariable  = "UNSEAL_WORKER_READS"
	cacheVariable = "UNSEAL_WORKER_CACHE"
)

// readKinds are the kinds of the items that stages look at.
var readKinds = []trove.Kind{trove.Mail, trove.Voice, trove.Chain, trove.Doc, trove.Image, trove.Table}

// stages connects the leaves to the stages of reading, in their order.
func (d *Desk) stages(readers intake.ItemReader) ([]intake.Stage, error) {
	all := leaves("")
	var list []intake.Stage
	for _, name := range []reader.Stage{reader.Read, reader.Picture, reader.OCR, reader.Sound} {
		var of []leaf
		for _, l := range all {
			if l.stages[name] != nil {
				of = append(of, l)
			}
		}
		list = append(list, intake.Stage{Name: name, Kinds: readKinds, Takes: anyTakes(of), Reader: readers})
	}
	more, err := d.serverStages()
	return append(list, more...), err
}

func anyTakes(of []leaf) func(trove.Kind, string) bool {
	return func(kind trove.Kind, mediaType string) bool {
		return slices.ContainsFunc(of, func(l leaf) bool { return l.takes(kind, mediaType) })
	}
}

// askAtOnce is how many items a server is asked for at the same time.
const askAtOnce = 2

// serverStages are those that run in this process: speech, where a server is
// named, and translations, which may also lie beside items.
func (d *Desk) serverStages() (list []intake.Stage, err error) {
	c := &d.Config.Intake
	if c.Speech != "" {
		key, err := d.keyOf(c.SpeechKey)
		if err != nil {
			return nil, err
		}
		server, err := speech.New(speech.Config{Address: c.Speech, Model: c.SpeechModel, Key: key})
		if err != nil {
			return nil, fmt.Errorf("%s, intake.speech: %w", ConfigName, err)
		}
		list = append(list, intake.Stage{Name: reader.Speech, Kinds: []trove.Kind{trove.Voice, trove.Mail}, Jobs: askAtOnce, Func: server.Read,
			Takes: func(kind trove.Kind, _ string) bool { return kind == trove.Voice }})
	}
	key, err := d.keyOf(c.TranslateKey)
	if err != nil {
		return nil, err
	}
	server, err := translate.New(translate.Config{Address: c.Translate, Key: key, Into: c.TranslateInto})
	if err != nil {
		return nil, fmt.Errorf("%s, intake.translate: %w", ConfigName, err)
	}
	return append(list, intake.Stage{Name: reader.Translate, Kinds: readKinds, Jobs: askAtOnce, Func: server.Read,
		Takes: func(kind trove.Kind, _ string) bool {
			return kind == trove.Voice || kind == trove.Chain || kind == trove.Doc
		}}), nil
}

// maxKey bounds the file of a server's key.
const maxKey = 64 << 10

// keyOf reads the key of a server from a file of the desk; none if none is named.
func (d *Desk) keyOf(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	f, err := os.Open(d.path(name))
	if err != nil {
		return "", fmt.Errorf("%s names a key of a server: %w", ConfigName, err)
	}
	defer f.Close()
	b, err := readAtMost(f, maxKey)
	return strings.TrimSpace(string(b)), err
}

// path is a path of the configuration, which is relative to the desk.
func (d *Desk) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.Dir, name)
}

// cache is where compiled PDFium is kept, for all desks of a user; it can be
// made again.
func cache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", nil // then each child compiles for itself
	}
	return filepath.Abs(filepath.Join(dir, "unseal", "pdfium"))
}

// itemReaders read items in sandboxed children of this program. PDFium is
// compiled for them once, when the first PDF file comes.
type itemReaders struct {
	*worker.Readers
	warm func()
}

// Read reads one item; see [worker.Readers.Read].
func (r *itemReaders) Read(ctx context.Context, req reader.Request, content io.ReaderAt, size int64) (reader.Result, error) {
	if req.Type == pdf.Type {
		r.warm()
	}
	return r.Readers.Read(ctx, req, content, size)
}

// foreign reports whether an item is read by code that was not written in Go:
// PDFium, and a database, whose engine is translated from C. Other programs end
// their child anyway (decision 032).
func foreign(req reader.Request) bool {
	return req.Type == pdf.Type || strings.Contains(req.Type, "sqlite")
}

// itemReaders are the readers of this desk, which end with it.
func (d *Desk) itemReaders() (*itemReaders, error) {
	d.reading.Lock()
	defer d.reading.Unlock()
	if d.readers != nil {
		return d.readers, nil
	}
	r, err := d.newReaders()
	if err == nil {
		d.readers, d.closers = r, append(d.closers, r)
	}
	return r, err
}

func (d *Desk) newReaders() (*itemReaders, error) {
	self, err := worker.Self()
	if err != nil {
		return nil, err
	}
	compiled, err := cache()
	if err != nil {
		return nil, err
	}
	var read []string
	if compiled != "" {
		read = append(read, compiled)
	}
	children := worker.NewReaders(func(dir string) worker.Command {
		return worker.InSandbox(func() *exec.Cmd {
			c := self()
			c.Env = append(os.Environ(), readVariable+"=1", cacheVariable+"="+compiled)
			return c
		}, worker.ReadOptions(dir, read...))
	}, "")
	children.Alone = foreign
	return &itemReaders{Readers: children, warm: sync.OnceFunc(func() {
		if compiled != "" && os.MkdirAll(compiled, 0o700) == nil {
			_ = pdf.Warm(compiled) // without it each child compiles for itself
		}
	})}, nil
}

// readerWork is the work of a child that reads items.
func readerWork() worker.Work { return worker.Work{Read: readItem, Memory: worker.ReadMemory} }
