package container

import (
	"archive/zip"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// zipStrong marks members under PKWARE's own strong encryption, APPNOTE.TXT
// 4.4.4, bit 6.
const zipStrong = 1 << 6

// strongZip undoes AES under a password as APPNOTE.TXT 7.2 describes it: a head
// with the vector, random data under a key made from the password, and data to
// check the key that is made from these.
func strongZip(f *zip.File, raw io.Reader, password string) (io.ReadCloser, error) {
	iv, head, err := strongHead(raw)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	const firstAES, passwordOnly, fixed = 0x660e, 1, 10
	alg, size := le.Uint16(head[2:]), int(le.Uint16(head[8:]))
	if alg < firstAES || alg > firstAES+2 || le.Uint16(head[6:])&3 != passwordOnly || len(head) < fixed+size+6 {
		return nil, methodError(zipStrong)
	}
	random, rest := head[fixed:fixed+size], head[fixed+size+4:]
	check := rest[2:]
	if n := int(le.Uint16(rest)); n <= len(check) {
		check = check[:n]
	}
	keyLen := 16 + 8*int(alg-firstAES)
	master := sha1.Sum([]byte(password))
	if !cbc(strongKey(master[:], keyLen), iv, random) || len(random) < aes.BlockSize {
		return nil, errPassword
	}
	sum := sha1.New()
	sum.Write(iv)
	sum.Write(random[:len(random)-aes.BlockSize])
	key := strongKey(sum.Sum(nil), keyLen)
	if len(check) < aes.BlockSize {
		return nil, errPassword
	}
	last := bytes.Clone(check[len(check)-aes.BlockSize:]) // the data go on from here
	if !cbc(key, iv, check) || crc32.ChecksumIEEE(check[:len(check)-4]) != le.Uint32(check[len(check)-4:]) {
		return nil, errPassword
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var plain io.Reader = &cbcReader{r: raw, mode: cipher.NewCBCDecrypter(block, last)}
	if f.Method == zip.Store {
		plain = io.LimitReader(plain, int64(f.UncompressedSize64)) // what fills it up stands behind
	}
	return unpackZip(f, plain, f.Method, true)
}

// strongHead reads the vector and what follows it. Only a vector of its own is
// known.
func strongHead(raw io.Reader) (iv, head []byte, err error) {
	const least, most = 16, 64 << 10
	var n [4]byte
	if _, err = io.ReadFull(raw, n[:2]); err != nil {
		return nil, nil, err
	}
	if binary.LittleEndian.Uint16(n[:]) != aes.BlockSize {
		return nil, nil, methodError(zipStrong)
	}
	iv = make([]byte, aes.BlockSize)
	if _, err = io.ReadFull(raw, iv); err != nil {
		return nil, nil, err
	}
	if _, err = io.ReadFull(raw, n[:]); err != nil {
		return nil, nil, err
	}
	size := binary.LittleEndian.Uint32(n[:])
	if size < least || size > most {
		return nil, nil, io.ErrUnexpectedEOF
	}
	head = make([]byte, size)
	_, err = io.ReadFull(raw, head)
	return iv, head, err
}

// strongKey makes a key out of a digest.
func strongKey(digest []byte, size int) []byte {
	var key []byte
	for _, c := range []byte{0x36, 0x5c} {
		b := bytes.Repeat([]byte{c}, sha1.BlockSize)
		for i, d := range digest {
			b[i] ^= d
		}
		sum := sha1.Sum(b)
		key = append(key, sum[:]...)
	}
	return key[:size]
}

// cbc decrypts in place; it reports whether b is whole blocks.
func cbc(key, iv, b []byte) bool {
	block, err := aes.NewCipher(key)
	if err != nil || len(b)%aes.BlockSize != 0 {
		return false
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(b, b)
	return true
}

// cbcReader decrypts block by block.
type cbcReader struct {
	r    io.Reader
	mode cipher.BlockMode
	buf  [aes.BlockSize]byte
	rest []byte
}

func (c *cbcReader) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if _, err := io.ReadFull(c.r, c.buf[:]); err != nil {
			return 0, err
		}
		c.mode.CryptBlocks(c.buf[:], c.buf[:])
		c.rest = c.buf[:]
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
