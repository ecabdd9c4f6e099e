package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"unseal/intake/reader"
)

// Limits of one file.
const (
	MaxSize   = 1 << 30 // bytes of a file; PDFium's own offsets end at 2 GiB
	inMemory  = 64 << 20
	memory    = 3584 // pages of 64 KiB that PDFium may have, 224 MiB
	startTime = 60 * time.Second
	maxLate   = 3 // pages that are given up before the rest is
)

// times are limits by the clock.
type times struct {
	page  time.Duration // for one page, or for opening the file
	check time.Duration // for looking through all pages for what is hidden
	file  time.Duration // for all, where the caller sets no deadline
}

var usual = times{page: 30 * time.Second, check: 50 * time.Second, file: 100 * time.Second}

var (
	// errLate says that PDFium took too long over something.
	errLate = errors.New("took too long")
	// errBroken says that PDFium gave up, as when it has no more memory.
	errBroken = errors.New("broke PDFium")
)

// Reader reads PDF files. It compiles PDFium at the first file and gives each
// file an instance of its own, so that nothing is left of one file in another.
// It may be used by several goroutines.
type Reader struct {
	cache string
	times times
	mu    sync.Mutex
	pool  pdfium.Pool // nil before the first file
}

// New returns a reader. cache is a folder with what [Warm] has put there, or
// empty: then each process compiles for itself, which takes some seconds.
func New(cache string) *Reader { return &Reader{cache: cache, times: usual} }

// Warm compiles PDFium into a folder, so that readers which are given it start
// fast. It does nothing if that was done before. The folder holds machine code:
// children should be able to read it and not to write it.
func Warm(cache string) error {
	r := New(cache)
	if _, err := r.start(); err != nil {
		return err
	}
	return r.Close()
}

// Close frees what the reader holds. It may be called twice.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pool == nil {
		return nil
	}
	p := r.pool
	r.pool = nil
	return p.Close()
}

// start returns the compiled PDFium. It sees no file of the system.
func (r *Reader) start() (pdfium.Pool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pool != nil {
		return r.pool, nil
	}
	config := wazero.NewRuntimeConfig().WithCloseOnContextDone(true).WithMemoryLimitPages(memory)
	if r.cache != "" {
		c, err := wazero.NewCompilationCacheWithDir(r.cache)
		if err != nil {
			return nil, fmt.Errorf("cache of PDFium: %w", err)
		}
		config = config.WithCompilationCache(c)
	}
	pool, err := webassembly.Init(webassembly.Config{
		MaxTotal: 4, FSConfig: wazero.NewFSConfig(), RuntimeConfig: config,
		Stdout: io.Discard, Stderr: io.Discard, RandomSource: zeros{},
	})
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	r.pool = pool
	return pool, nil
}

// zeros is the only randomness that PDFium gets: the same file gives the same
// reading.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// document is an open file. It is used by one goroutine.
type document struct {
	r        *Reader
	ctx      context.Context
	whole    []byte      // the file, unless it is large
	rest     io.ReaderAt // then read from here
	size     int64
	password string
	mended   bool

	lib   pdfium.Pdfium
	ref   references.FPDF_DOCUMENT
	form  references.FPDF_FORMHANDLE
	pages int
	late  int // how often PDFium had to be stopped
}

// open opens the file with the first of the passwords that fits; the empty one
// is tried first. pdferrors.ErrPassword says that none did.
func (r *Reader) open(ctx context.Context, in *reader.Input) (*document, error) {
	d := &document{r: r, ctx: ctx, rest: in.Content, size: in.Size}
	if err := d.fetch(in); err != nil {
		return nil, err
	}
	err := d.unlock(in.Passwords)
	if errors.Is(err, pdferrors.ErrFormat) && d.whole != nil {
		if mended := mend(d.whole); mended != nil {
			d.whole, d.mended = mended, true
			err = d.unlock(in.Passwords)
		}
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *document) unlock(passwords []string) (err error) {
	for _, d.password = range append([]string{""}, passwords...) {
		if err = d.load(); !errors.Is(err, pdferrors.ErrPassword) {
			return err
		}
	}
	return err
}

// fetch takes the file into memory unless it is large.
func (d *document) fetch(in *reader.Input) error {
	if d.size > MaxSize {
		return fmt.Errorf("%w: %d bytes, the limit is %d", reader.ErrTooLarge, d.size, int64(MaxSize))
	}
	if d.size > inMemory {
		return nil
	}
	b, err := in.Bytes(inMemory)
	if err != nil {
		return err
	}
	d.whole = headed(b)
	d.mended = len(d.whole) > len(b)
	return nil
}

// load gives the file to a fresh instance.
func (d *document) load() error {
	d.close()
	d.ref, d.form = "", ""
	pool, err := d.r.start()
	if err != nil {
		return err
	}
	if d.lib, err = pool.GetInstance(startTime); err != nil {
		return fmt.Errorf("start PDFium: %w", err)
	}
	if err := reserve(d.lib); err != nil {
		return err
	}
	return d.within(d.r.times.page, func() error {
		doc, err := d.lib.OpenDocument(d.request())
		if err != nil {
			return err
		}
		d.ref = doc.Document
		n, err := d.lib.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.ref})
		if err != nil {
			return err
		}
		d.pages = n.PageCount
		d.fillForms()
		return nil
	})
}

func (d *document) request() *requests.OpenDocument {
	if d.whole != nil {
		return &requests.OpenDocument{File: &d.whole, Password: &d.password}
	}
	return &requests.OpenDocument{FileReader: io.NewSectionReader(d.rest, 0, d.size), FileReaderSize: d.size, Password: &d.password}
}

// close frees the instance with all that it holds.
func (d *document) close() {
	if d.lib != nil {
		d.closeForm()
		d.lib.Close()
		d.lib = nil
	}
}

// closeForm takes the form out of go-pdfium's list of all forms of the process,
// which would keep the memory of the instance for ever. An instance that was
// stopped has no form any more: its memory stays until the child ends.
func (d *document) closeForm() {
	if d.form == "" || d.late > 0 {
		return
	}
	_, _ = d.lib.FPDFDOC_ExitFormFillEnvironment(&requests.FPDFDOC_ExitFormFillEnvironment{FormHandle: d.form})
	d.form = ""
}

// within runs calls of PDFium under a limit of time, by the clock. When it is
// over, the instance is gone: errLate, and the next call of within starts
// another, maxLate times.
func (d *document) within(limit time.Duration, f func() error) error {
	if d.lib == nil {
		if d.late > maxLate || d.ctx.Err() != nil {
			return errLate
		}
		if err := d.load(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(d.ctx, limit)
	defer cancel()
	if err := setContext(d.lib, ctx); err != nil {
		return err
	}
	err := f()
	switch {
	case ctx.Err() != nil:
		err = errLate
	case !trapped(err) && d.alive():
		return errors.Join(err, setContext(d.lib, d.ctx))
	default:
		err = errors.Join(errBroken, err)
	}
	d.late++
	d.close()
	runtime.GC() // two instances have room in a child, three have not
	return err
}

// trapped says that the error is one of WebAssembly, whose type wazero keeps to
// itself: PDFium stopped in the middle of something and cannot go on.
func trapped(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "wasm error") || strings.Contains(err.Error(), "panic occurred"))
}

// alive says that the instance still answers: what runs out of memory or meets
// a fault of PDFium ends it.
func (d *document) alive() bool {
	if d.lib == nil || d.ref == "" {
		return d.lib != nil
	}
	_, err := d.lib.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.ref})
	return err == nil
}

// setContext makes the calls of an instance end with a context. The library
// hands wazero the one it keeps in an exported field of a type that it does not
// export, and has no other way to stop a call.
func setContext(lib pdfium.Pdfium, ctx context.Context) error {
	f, err := field(lib, "Context")
	if err != nil {
		return err
	}
	f.Set(reflect.ValueOf(ctx))
	return nil
}

// reserve gives an instance all the memory that it may have. It would grow by
// copying, and the copies would count against the child's limit.
func reserve(lib pdfium.Pdfium) error {
	f, err := field(lib, "Module")
	if err != nil {
		return err
	}
	m, ok := f.Interface().(api.Module)
	if !ok {
		return errField
	}
	if have := m.Memory().Size() >> 16; have < memory {
		m.Memory().Grow(memory - have)
	}
	return nil
}

var errField = errors.New("PDFium cannot be put under limits")

func field(lib pdfium.Pdfium, name string) (reflect.Value, error) {
	i, ok := lib.(interface{ GetImplementation() any })
	if !ok {
		return reflect.Value{}, errField
	}
	f := reflect.ValueOf(i.GetImplementation()).Elem().FieldByName(name)
	if !f.IsValid() || !f.CanSet() {
		return reflect.Value{}, errField
	}
	return f, nil
}
