package container

import (
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"unicode/utf8"

	"github.com/bodgit/sevenzip"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/nwaples/rardecode/v2"

	"unseal/trove"
)

// documentParts are members that only documents made of parts have: Office
// Open XML and IDPF's packages.
var documentParts = map[string]bool{"[Content_Types].xml": true, "META-INF/container.xml": true}

const (
	zipEncrypted = 1 // APPNOTE.TXT 4.4.4, general purpose bit 0
	zipUTF8      = 1 << 11
	zipMasked    = 1 << 13
	zipBzip2     = 12
)

// errPart says that a file is one part of an archive in several.
var errPart = errors.New("one part of an archive that was split; hand over all parts joined to one file")

func (x *expansion) zip(r io.ReaderAt, size int64) error {
	if isSpanned(r, size) {
		return errPart
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		if isEncryptedZip(r) {
			return ErrEncrypted
		}
		return err
	}
	if zipDocument(z.File) {
		return ErrDocument
	}
	names := zipNames(z.File)
	for i, f := range z.File {
		x.Entries++
		if err := x.zipped(f, names[i]); err != nil {
			return err
		}
	}
	return nil
}

// zipDocument reports whether the members are those of a document.
func zipDocument(files []*zip.File) bool {
	manifest, content := false, false
	for i, f := range files {
		if documentParts[f.Name] || i == 0 && f.Name == "mimetype" && f.UncompressedSize64 > 0 {
			return true
		}
		manifest = manifest || f.Name == "META-INF/manifest.xml"
		content = content || f.Name == "content.xml"
	}
	return manifest && content // of OASIS, from before there was a mimetype
}

// zipNames decodes the names of all members: those that say that they are UTF-8
// are, some repeat themselves in UTF-8, and the others are in one charset.
func zipNames(files []*zip.File) []string {
	names := make([]string, len(files))
	var open []string
	for i, f := range files {
		if s, ok := unicodeName(f); ok {
			names[i] = s
		} else if names[i] = f.Name; f.Flags&zipUTF8 == 0 || !utf8.ValidString(f.Name) {
			open = append(open, f.Name)
		}
	}
	decode := decodeAll(open)
	for i := range names {
		names[i] = decode(names[i])
	}
	return names
}

// decodeAll reads names in the charset that fits them all, and each by itself
// where none does.
func decodeAll(names []string) func(string) string {
	decode := namesDecoder(names)
	return func(raw string) string {
		if s, ok := decode(raw); ok {
			return s
		}
		return decodeName(raw)
	}
}

// unicodeName is the name in the Info-ZIP Unicode Path Extra Field (APPNOTE.TXT
// 4.6.9), which counts only for the name that it was made for.
func unicodeName(f *zip.File) (string, bool) {
	const id, head = 0x7075, 5
	p := extraField(f.Extra, id)
	if len(p) < head || p[0] != 1 || binary.LittleEndian.Uint32(p[1:]) != crc32.ChecksumIEEE([]byte(f.Name)) {
		return "", false
	}
	s := string(p[head:])
	return s, utf8.ValidString(s)
}

// extraField finds one by its number, nil if it is not there.
func extraField(p []byte, id uint16) []byte {
	for len(p) >= 4 {
		n := int(binary.LittleEndian.Uint16(p[2:]))
		if n > len(p)-4 {
			return nil
		}
		if binary.LittleEndian.Uint16(p) == id {
			return p[4 : 4+n]
		}
		p = p[4+n:]
	}
	return nil
}

// isSpanned looks for the mark of the first part of several, and for the number
// of the last in the end of the directory (APPNOTE.TXT 4.3.16 and 8.5).
func isSpanned(r io.ReaderAt, size int64) bool {
	var head [4]byte
	if _, err := r.ReadAt(head[:], 0); err == nil && string(head[:]) == "PK\x07\x08" {
		_, _, ok := endOfZip(r, size)
		return !ok
	}
	end, _, ok := endOfZip(r, size)
	disk := binary.LittleEndian.Uint16(end[4:])
	return ok && disk != 0 && disk != 0xffff
}

// endOfZip finds the end of central directory record, and where it stands.
func endOfZip(r io.ReaderAt, size int64) (end [22]byte, at int64, ok bool) {
	const longest = 22 + 1<<16 // with its comment
	tail := make([]byte, min(size, longest))
	if n, _ := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) {
		return end, 0, false
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+len(end) > len(tail) {
		return end, 0, false
	}
	copy(end[:], tail[i:])
	return end, size - int64(len(tail)) + int64(i), true
}

func (x *expansion) zipped(f *zip.File, decoded string) error {
	name, safe := cleanDecoded(decoded)
	switch mode := f.Mode(); {
	case f.Flags&zipMasked != 0:
		x.problem(Encrypted, "encrypted, not opened: %s", name)
		return nil
	case mode.IsDir() && f.UncompressedSize64 == 0: // one that holds bytes is a file, whatever it is called
		return nil
	case mode&fs.ModeSymlink != 0:
		x.problem(LinkSkipped, "%s is a link and was not followed", name)
		return nil
	}
	r, err := x.zipContent(f)
	var method methodError
	switch {
	case errors.Is(err, ErrEncrypted):
		x.problem(Encrypted, "encrypted, not opened: %s", name)
		return nil
	case errors.As(err, &method):
		x.problem(Unsupported, "%v, which is not supported: %s", err, name)
		return nil
	case err != nil:
		x.problem(Damaged, "damaged: %s: %v", name, err)
		return nil
	}
	defer r.Close()
	return x.give(name, safe, trove.Verbatim, r)
}

// methodError is a method of packing that is not known.
type methodError uint16

func (e methodError) Error() string { return fmt.Sprintf("packed by method %d", uint16(e)) }

// zipContent opens a member, with one of the passwords where it must be.
func (x *expansion) zipContent(f *zip.File) (io.ReadCloser, error) {
	if f.Flags&zipEncrypted == 0 {
		raw, err := f.OpenRaw()
		if err != nil {
			return nil, err
		}
		return unpackZip(f, raw, f.Method, true)
	}
	for _, pw := range x.passwords() {
		r, err := unlockZip(f, pw)
		if errors.Is(err, errPassword) {
			continue
		}
		if err == nil {
			x.usedPassword()
		}
		return r, err
	}
	return nil, ErrEncrypted
}

// unpackZip undoes the packing; whole says that the directory has a checksum.
func unpackZip(f *zip.File, raw io.Reader, method uint16, whole bool) (io.ReadCloser, error) {
	unpack, ok := zipMethods[method]
	if !ok {
		return nil, methodError(method)
	}
	r := unpack(raw)
	return closing{&checked{r: r, size: f.UncompressedSize64, want: f.CRC32, whole: whole, sum: crc32.NewIEEE()}, r}, nil
}

type closing struct {
	io.Reader
	io.Closer
}

// zipMethods unpack what is usual, APPNOTE.TXT 4.4.5.
var zipMethods = map[uint16]func(io.Reader) io.ReadCloser{
	zip.Store:            io.NopCloser,
	zip.Deflate:          flate.NewReader,
	zipBzip2:             func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) },
	zstd.ZipMethodWinZip: zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true)),
}

// checked compares what comes out with the directory's length and checksum. Of
// a zip it is the central directory, and that alone: the copies beside the data
// often disagree.
type checked struct {
	r     io.Reader
	size  uint64
	want  uint32
	whole bool // there is a checksum
	sum   hash.Hash32
	n     uint64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum.Write(p[:n])
	c.n += uint64(n)
	switch {
	case err != io.EOF:
		return n, err
	case c.n != c.size:
		return n, io.ErrUnexpectedEOF
	case c.whole && c.sum.Sum32() != c.want:
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
	z, locked, err := sevenOpen(r, size, "")
	for i := 0; locked && i < len(x.passwords()); i++ {
		var opened *sevenzip.Reader
		if opened, locked, err = sevenOpen(r, size, x.passwords()[i]); !locked {
			x.usedPassword()
			z = opened
		}
	}
	if z == nil {
		if locked {
			return ErrEncrypted
		}
		return err
	}
	for _, f := range z.File {
		x.Entries++
		name, _ := CleanName(f.Name)
		switch {
		case f.FileInfo().IsDir():
		case f.Mode()&fs.ModeSymlink != 0:
			x.problem(LinkSkipped, "%s is a link and was not followed", name)
		default:
			if err := x.sevened(f, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxTrial bounds what is unpacked to see whether a password is right.
const maxTrial = 16 << 20

// sevenOpen opens an archive and reads its first file that has bytes, since 7z
// does not say otherwise whether a password is right.
func sevenOpen(r io.ReaderAt, size int64, password string) (z *sevenzip.Reader, locked bool, err error) {
	if z, err = sevenzip.NewReaderWithPassword(r, size, password); err != nil {
		return nil, sevenLocked(err) || password != "", err
	}
	for _, f := range z.File {
		if f.FileInfo().IsDir() || f.UncompressedSize == 0 {
			continue
		}
		rc, err := f.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, io.LimitReader(sevenChecked(f, rc), maxTrial))
			_ = rc.Close() // only read from
		}
		if locked = err != nil && (sevenLocked(err) || password != ""); locked {
			return z, true, err
		}
		z, err = sevenzip.NewReaderWithPassword(r, size, password) // it does not go back to what was read
		return z, false, err
	}
	return z, false, nil
}

func sevenLocked(err error) bool {
	var re *sevenzip.ReadError
	return errors.As(err, &re) && re.Encrypted
}

// emptySeven recognises an archive without a header of members: the size of it
// stands at byte 20 of the signature header (7zFormat.txt).
func emptySeven(r io.ReaderAt) bool {
	var head [28]byte
	_, err := r.ReadAt(head[:], 0)
	return err == nil && string(head[:2]) == "7z" && [8]byte(head[20:]) == [8]byte{}
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
	return x.member(f.Name, sevenChecked(f, io.MultiReader(bytes.NewReader(first[:n]), r)))
}

// sevenChecked compares what comes out with the length and checksum of the
// list, which the decoder does not do.
func sevenChecked(f *sevenzip.File, r io.Reader) io.Reader {
	return &checked{r: r, size: f.UncompressedSize, want: f.CRC32, whole: f.CRC32 != 0, sum: crc32.NewIEEE()}
}

func (x *expansion) sevenProblem(err error, name string) {
	if sevenLocked(err) {
		x.problem(Encrypted, "encrypted, not opened: %s", name)
	} else {
		x.problem(Damaged, "damaged: %s: %v", name, err)
	}
}

// ErrEncrypted says that a whole container is locked; ask the one who handed it
// over for the password.
var ErrEncrypted = errors.New("encrypted, not opened")

func (x *expansion) rar(r io.ReaderAt, size int64) error {
	password, locked := "", rarLocked(r, size, "")
	for i := 0; locked && i < len(x.passwords()); i++ {
		if password = x.passwords()[i]; !rarLocked(r, size, password) {
			x.usedPassword()
			locked = false
		}
	}
	if locked {
		password = ""
	}
	z, err := rarReader(r, size, password)
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
		if err := x.rarred(h, z, locked); err != nil {
			return err
		}
	}
}

func (x *expansion) rarred(h *rardecode.FileHeader, z io.Reader, locked bool) error {
	x.Entries++
	name, _ := CleanName(h.Name)
	switch {
	case h.IsDir:
	case h.Encrypted && locked:
		x.problem(Encrypted, "encrypted, not opened: %s", name)
	case h.Mode()&fs.ModeSymlink != 0, h.PackedSize == 0 && h.UnPackedSize > 0: // a hard link has a size and no data
		x.problem(LinkSkipped, "%s is a link and was not followed", name)
	default:
		return x.member(h.Name, &volume{z})
	}
	return nil
}

// volume says in words that a member goes on in another file.
type volume struct{ r io.Reader }

func (v *volume) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	if errors.Is(err, rardecode.ErrMultiVolume) {
		err = errPart
	}
	return n, err
}

func rarReader(r io.ReaderAt, size int64, password string) (*rardecode.Reader, error) {
	o := []rardecode.Option{rardecode.MaxDictionarySize(maxWindow)}
	if password != "" {
		o = append(o, rardecode.Password(password))
	}
	return rardecode.NewReader(io.NewSectionReader(r, 0, size), o...)
}

// rarLocked reports whether something in the archive needs another password: it
// reads the first encrypted file that has bytes.
func rarLocked(r io.ReaderAt, size int64, password string) bool {
	z, err := rarReader(r, size, password)
	for n := 0; err == nil && n < maxRarTrial; n++ {
		var h *rardecode.FileHeader
		if h, err = z.Next(); err == nil && h.Encrypted && h.UnPackedSize != 0 && !h.IsDir {
			if password == "" {
				return true
			}
			_, err = io.Copy(io.Discard, io.LimitReader(z, maxTrial))
			return err != nil
		}
	}
	return errors.Is(rarError(err), ErrEncrypted) || password != "" && err != nil && err != io.EOF
}

// maxRarTrial bounds the entries that are looked at for encryption.
const maxRarTrial = 10_000

func rarError(err error) error {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted), errors.Is(err, rardecode.ErrBadPassword):
		return ErrEncrypted
	case errors.Is(err, rardecode.ErrMultiVolume), errors.Is(err, rardecode.ErrBadVolumeNumber):
		return errPart
	}
	return err
}
