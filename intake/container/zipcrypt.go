package container

import (
	"archive/zip"
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// errPassword says that a password does not open a member.
var errPassword = errors.New("not the password")

const (
	zipAES      = 99     // the method that stands for encryption by AES
	aesExtra    = 0x9901 // the field that says what is below it
	zipStreamed = 1 << 3 // APPNOTE.TXT 4.4.4, bit 3
)

// unlockZip opens an encrypted member with a password. Since a check of one
// byte or two lets wrong ones pass, the member is unpacked for a trial first.
func unlockZip(f *zip.File, password string) (io.ReadCloser, error) {
	r, err := lockedZip(f, password)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(r, maxTrial))
	_ = r.Close() // only read from
	if err != nil {
		return nil, errPassword
	}
	return lockedZip(f, password)
}

func lockedZip(f *zip.File, password string) (io.ReadCloser, error) {
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, err
	}
	switch {
	case f.Method == zipAES:
		return aesZip(f, raw, password)
	case f.Flags&zipStrong != 0:
		return strongZip(f, bufio.NewReader(raw), password)
	}
	plain, err := oldZip(f, bufio.NewReader(raw), password)
	if err != nil {
		return nil, err
	}
	return unpackZip(f, plain, f.Method, true)
}

// zipKeys is the state of the old cipher, APPNOTE.TXT 6.1.
type zipKeys [3]uint32

func (k *zipKeys) update(c byte) {
	k[0] = crc32Byte(k[0], c)
	k[1] = (k[1]+k[0]&0xff)*134775813 + 1
	k[2] = crc32Byte(k[2], byte(k[1]>>24))
}

func crc32Byte(crc uint32, c byte) uint32 { return crc32.IEEETable[byte(crc)^c] ^ crc>>8 }

func (k *zipKeys) next(c byte) byte {
	t := k[2] | 2
	c ^= byte(t * (t ^ 1) >> 8)
	k.update(c)
	return c
}

// oldZip undoes the cipher of the first zips. The last byte of its head of
// twelve is that of the checksum, or of the time where that was not yet known.
func oldZip(f *zip.File, r io.Reader, password string) (io.Reader, error) {
	k := zipKeys{0x12345678, 0x23456789, 0x34567890}
	for _, c := range []byte(password) {
		k.update(c)
	}
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	last := byte(0)
	for _, c := range head {
		last = k.next(c)
	}
	if last != byte(f.CRC32>>24) && (f.Flags&zipStreamed == 0 || last != byte(f.ModifiedTime>>8)) {
		return nil, errPassword
	}
	return &oldCipher{r: r, k: k}, nil
}

type oldCipher struct {
	r io.Reader
	k zipKeys
}

func (o *oldCipher) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	for i := range p[:n] {
		p[i] = o.k.next(p[i])
	}
	return n, err
}

// aesZip undoes encryption by AES as WinZip writes it: salt, two bytes to check
// the password, the data, ten bytes of HMAC.
func aesZip(f *zip.File, raw io.Reader, password string) (io.ReadCloser, error) {
	const check, mac, rounds = 2, 10, 1000
	extra := extraField(f.Extra, aesExtra)
	if len(extra) < 7 || extra[4] < 1 || extra[4] > 3 {
		return nil, methodError(zipAES)
	}
	keyLen := 8 + 8*int(extra[4])
	saltLen := keyLen / 2
	left := int64(f.CompressedSize64) - int64(saltLen+check+mac)
	salt := make([]byte, saltLen+check)
	if _, err := io.ReadFull(raw, salt); err != nil || left < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	key, err := pbkdf2.Key(sha1.New, password, salt[:saltLen], rounds, 2*keyLen+check)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(key[2*keyLen:], salt[saltLen:]) == 0 {
		return nil, errPassword
	}
	block, err := aes.NewCipher(key[:keyLen])
	if err != nil {
		return nil, err
	}
	a := &aesReader{r: raw, left: left, block: block, sum: hmac.New(sha1.New, key[keyLen:2*keyLen]), used: aes.BlockSize}
	version := binary.LittleEndian.Uint16(extra)
	return unpackZip(f, a, binary.LittleEndian.Uint16(extra[5:]), version == 1)
}

// aesReader decrypts in counter mode with a counter that begins at one and
// counts from its low end, and checks the HMAC at the end.
type aesReader struct {
	r       io.Reader
	left    int64
	block   cipher.Block
	counter uint64
	pad     [aes.BlockSize]byte
	used    int
	sum     hash.Hash
}

func (a *aesReader) Read(p []byte) (int, error) {
	if a.left == 0 {
		return 0, a.end()
	}
	n, err := a.r.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	a.sum.Write(p[:n])
	for i := range p[:n] {
		if a.used == len(a.pad) {
			a.refill()
		}
		p[i] ^= a.pad[a.used]
		a.used++
	}
	if err == io.EOF && a.left > 0 {
		err = io.ErrUnexpectedEOF
	} else if err == io.EOF {
		err = nil
	}
	return n, err
}

func (a *aesReader) refill() {
	a.counter++
	var c [aes.BlockSize]byte
	binary.LittleEndian.PutUint64(c[:], a.counter)
	a.block.Encrypt(a.pad[:], c[:])
	a.used = 0
}

func (a *aesReader) end() error {
	want := make([]byte, 10)
	if _, err := io.ReadFull(a.r, want); err != nil {
		return io.ErrUnexpectedEOF
	}
	a.left = -1
	if subtle.ConstantTimeCompare(a.sum.Sum(nil)[:10], want) == 0 {
		return zip.ErrChecksum
	}
	return io.EOF
}
