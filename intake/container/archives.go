package container

import (
	"archive/zip"
	"compress/bzip2"
	"errors"
	"io"
	"io/fs"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/nwaples/rardecode/v2"
)

// documentParts are members that only documents made of parts have: Office
// Open XML, Java archives, and what OASIS' and IDPF's packages begin with.
var documentParts = map[string]bool{"[Content_Types].xml": true, "META-INF/MANIFEST.MF": true, "META-INF/container.xml": true, "META-INF/manifest.xml": true}

const (
	zipEncrypted = 1 // APPNOTE.TXT 4.4.4, general purpose bit 0
	zipMasked    = 1 << 13
	zipBzip2     = 12
)

func (x *expansion) zip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return err
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	z.RegisterDecompressor(zipBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	z.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true)))
	for _, f := range z.File {
		if documentParts[f.Name] {
			return ErrDocument
		}
	}
	for _, f := range z.File {
		if err := x.zipped(f); err != nil {
			return err
		}
	}
	return nil
}

func (x *expansion) zipped(f *zip.File) error {
	name, _ := CleanName(f.Name)
	switch mode := f.Mode(); {
	case f.Flags&(zipEncrypted|zipMasked) != 0:
		x.problem(Encrypted, "encrypted, not opened: %s", name)
		return nil
	case mode.IsDir():
		return nil
	case mode&fs.ModeSymlink != 0:
		x.problem(LinkSkipped, "%s is a link and was not followed", name)
		return nil
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		x.problem(Unsupported, "packed by method %d, which is not supported: %s", f.Method, name)
		return nil
	}
	if err != nil {
		x.problem(Damaged, "damaged: %s: %v", name, err)
		return nil
	}
	defer r.Close()
	return x.member(f.Name, r)
}

func (x *expansion) seven(r io.ReaderAt, size int64) error {
	z, err := sevenzip.NewReader(r, size)
	if err != nil {
		return sevenError(err)
	}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		name, _ := CleanName(f.Name)
		if f.Mode()&fs.ModeSymlink != 0 {
			x.problem(LinkSkipped, "%s is a link and was not followed", name)
			continue
		}
		if err := x.sevened(f, name); err != nil {
			return err
		}
	}
	return nil
}

// sevened reads a first byte to tell an encrypted member, which 7z does not
// mark, before the visitor is told of it.
func (x *expansion) sevened(f *sevenzip.File, name string) error {
	r, err := f.Open()
	if err != nil {
		x.sevenProblem(err, name)
		return nil
	}
	defer r.Close()
	var first [1]byte
	n, err := r.Read(first[:])
	if err != nil && err != io.EOF {
		x.sevenProblem(err, name)
		return nil
	}
	return x.member(f.Name, io.MultiReader(&oneByte{first[:n]}, r))
}

type oneByte struct{ b []byte }

func (o *oneByte) Read(p []byte) (int, error) {
	if len(o.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, o.b)
	o.b = o.b[n:]
	return n, nil
}

func (x *expansion) sevenProblem(err error, name string) {
	if e := sevenError(err); errors.Is(e, ErrEncrypted) {
		x.problem(Encrypted, "encrypted, not opened: %s", name)
	} else {
		x.problem(Damaged, "damaged: %s: %v", name, e)
	}
}

// ErrEncrypted says that a whole container is locked; ask the one who handed it
// over for the password.
var ErrEncrypted = errors.New("encrypted, not opened")

func sevenError(err error) error {
	var re *sevenzip.ReadError
	if errors.As(err, &re) && re.Encrypted {
		return ErrEncrypted
	}
	return err
}

func (x *expansion) rar(r io.Reader) error {
	z, err := rardecode.NewReader(r, rardecode.MaxDictionarySize(maxWindow))
	if err != nil {
		return rarError(err)
	}
	for {
		h, err := z.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return rarError(err)
		}
		name, _ := CleanName(h.Name)
		switch {
		case h.IsDir:
		case h.Encrypted:
			x.problem(Encrypted, "encrypted, not opened: %s", name)
		case h.Mode()&fs.ModeSymlink != 0:
			x.problem(LinkSkipped, "%s is a link and was not followed", name)
		default:
			if err := x.member(h.Name, z); err != nil {
				return err
			}
		}
	}
}

func rarError(err error) error {
	if errors.Is(err, rardecode.ErrArchiveEncrypted) || errors.Is(err, rardecode.ErrArchivedFileEncrypted) || errors.Is(err, rardecode.ErrBadPassword) {
		return ErrEncrypted
	}
	return err
}
