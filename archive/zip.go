package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"

	"unseal/trove"
)

// packLevel is the DEFLATE level of members: on mails of 3 kB it packs to 0.46
// at 65 MB/s; level 1 packs to 0.48 and level 6 no better. The bytes of an
// archive depend on it.
const packLevel = 5

// digester counts and hashes what passes through it.
type digester struct {
	w    io.Writer
	size int64
	hash hash.Hash
}

func newDigester(w io.Writer) *digester { return &digester{w: w, hash: sha256.New()} }

func (d *digester) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.hash.Write(p[:n])
	d.size += int64(n)
	return n, err
}

func (d *digester) file(name string) FileSum {
	f := FileSum{Name: name, Size: d.size}
	d.hash.Sum(f.SHA256[:0])
	return f
}

// zipWriter writes a zip file (APPNOTE 6.3) whose bytes follow from its
// members alone: no times, no modes, sizes before the data.
type zipWriter struct {
	zip    *zip.Writer
	at     int64 // length so far
	pack   *flate.Writer
	packed bytes.Buffer
}

func newZipWriter(w io.Writer) (*zipWriter, error) {
	pack, err := flate.NewWriter(nil, packLevel)
	if err != nil {
		return nil, err
	}
	return &zipWriter{zip: zip.NewWriter(w), pack: pack}, nil
}

// localHeader is the length of a local file header without name and extra
// field (APPNOTE section 4.3.7).
const localHeader = 30

// dosEpoch is 1 January 1980, the first date that a zip file can state.
const dosEpoch = 1<<5 | 1

// add writes a member, packed unless that makes it no smaller, and says where
// its bytes lie.
func (z *zipWriter) add(name string, b []byte) (Extent, error) {
	if len(b) > maxMember {
		return Extent{}, fmt.Errorf("%s: %d bytes, at most %d can be packed", name, len(b), maxMember)
	}
	method, data, err := z.deflate(b)
	if err != nil {
		return Extent{}, err
	}
	return z.write(name, b, method, data)
}

// store writes a member as it stands, so that any range of it can be read
// alone.
func (z *zipWriter) store(name string, b []byte) (Extent, error) {
	if len(b) > maxMember {
		return Extent{}, fmt.Errorf("%s: %d bytes, at most %d can be stored", name, len(b), maxMember)
	}
	return z.write(name, b, zip.Store, b)
}

func (z *zipWriter) write(name string, b []byte, method uint16, data []byte) (Extent, error) {
	head := &zip.FileHeader{
		Name: name, Method: method, CRC32: crc32.ChecksumIEEE(b),
		CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(len(b)),
	}
	//lint:ignore SA1019 Modified would add an extra field with a time zone
	head.ModifiedDate = dosEpoch
	w, err := z.zip.CreateRaw(head)
	if err != nil {
		return Extent{}, err
	}
	if _, err := w.Write(data); err != nil {
		return Extent{}, err
	}
	e := Extent{z.at + localHeader + int64(len(name)), int64(len(data))}
	z.at = e[0] + e[1]
	return e, nil
}

// deflate packs b, unless that does not make it smaller.
func (z *zipWriter) deflate(b []byte) (method uint16, data []byte, err error) {
	z.packed.Reset()
	z.pack.Reset(&z.packed)
	if _, err = z.pack.Write(b); err == nil {
		err = z.pack.Close()
	}
	if err != nil || z.packed.Len() >= len(b) {
		return zip.Store, b, err
	}
	return zip.Deflate, z.packed.Bytes(), nil
}

func (z *zipWriter) close() error { return z.zip.Close() }

// sumOf is the digest of a whole file and its size.
func sumOf(r io.ReaderAt, size int64) (trove.Digest, error) {
	h := sha256.New()
	var d trove.Digest
	_, err := io.Copy(h, io.NewSectionReader(r, 0, size))
	h.Sum(d[:0])
	return d, err
}
