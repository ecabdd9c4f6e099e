package container

import (
	"archive/zip"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
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
		if isEncryptedZip(r) {
			return ErrEncrypted
		}
		return err
	}
	for i, f := range z.File {
		if documentParts[f.Name] || i == 0 && f.Name == "mimetype" {
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
	case mode.IsDir() && f.UncompressedSize64 == 0: // one that holds bytes is a file, whatever it is called
		return nil
	case mode&fs.ModeSymlink != 0:
		x.problem(LinkSkipped, "%s is a link and was not followed", name)
		return nil
	}
	unpack, ok := zipMethods[f.Method]
	if !ok {
		x.problem(Unsupported, "packed by method %d, which is not supported: %s", f.Method, name)
		return nil
	}
	raw, err := f.OpenRaw()
	if err != nil {
		x.problem(Damaged, "damaged: %s: %v", name, err)
		return nil
	}
	r := unpack(raw)
	defer r.Close()
	return x.member(f.Name, &checked{r: r, file: f, sum: crc32.NewIEEE()})
}

// zipMethods unpack what is usual, APPNOTE.TXT 4.4.5.
var zipMethods = map[uint16]func(io.Reader) io.ReadCloser{
	zip.Store:            io.NopCloser,
	zip.Deflate:          flate.NewReader,
	zipBzip2:             func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) },
	zstd.ZipMethodWinZip: zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true)),
}

// checked compares what comes out with the central directory, and with it
// alone: the copies of size and checksum beside the data often disagree.
type checked struct {
	r    io.Reader
	file *zip.File
	sum  hash.Hash32
	n    uint64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum.Write(p[:n])
	c.n += uint64(n)
	switch {
	case err != io.EOF:
		return n, err
	case c.n != c.file.UncompressedSize64:
		return n, io.ErrUnexpectedEOF
	case c.sum.Sum32() != c.file.CRC32:
		return n, zip.ErrChecksum
	}
	return n, io.EOF
}

// isEncryptedZip looks at the first member's own header, for archives whose
// directory is encrypted too (APPNOTE.TXT 7.3).
func isEncryptedZip(r io.ReaderAt) bool {
	var head [8]byte
	_, err := r.ReadAt(head[:], 0)
	return err == nil && string(head[:4]) == "PK\x03\x04" && head[5] == 0 && binary.LittleEndian.Uint16(head[6:])&(zipEncrypted|zipMasked) != 0
}

func (x *expansion) seven(r io.ReaderAt, size int64) error {
	if emptySeven(r) {
		return nil
	}
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

// emptySeven recognises an archive without a header of members: the size of it
// stands at byte 20 of the signature header (7zFormat.txt).
func emptySeven(r io.ReaderAt) bool {
	var size [8]byte
	_, err := r.ReadAt(size[:], 20)
	return err == nil && size == [8]byte{}
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
