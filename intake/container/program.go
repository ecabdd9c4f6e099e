package container

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// maxStub is how far into a program the archive is looked for, as the decoders
// do it.
const maxStub = 1 << 20

// insideProgram tells which archive a program carries that unpacks itself; empty
// for none. A mark alone is not enough: programs that read archives hold these
// marks, too.
func insideProgram(r io.ReaderAt, size int64) Format {
	if isZipTail(r, size) {
		return Zip
	}
	b := make([]byte, min(size, maxStub))
	if n, _ := r.ReadAt(b, 0); n < len(b) {
		return ""
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("7z\xbc\xaf\x27\x1c"))
		if i < 0 {
			break
		}
		if at += i; len(b)-at >= 32 && crc32.ChecksumIEEE(b[at+12:at+32]) == binary.LittleEndian.Uint32(b[at+8:]) {
			return Seven
		}
		at++
	}
	return insideRar(b)
}

func insideRar(b []byte) Format {
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], []byte("Rar!\x1a\x07"))
		if i < 0 {
			return ""
		}
		if at += i; isRarHead(b[at:]) {
			return Rar
		}
	}
}

// isRarHead checks the first block behind the mark: its checksum, of 16 bits in
// version 4 and of 32 in version 5.
func isRarHead(b []byte) bool {
	le := binary.LittleEndian
	switch {
	case len(b) >= 20 && b[6] == 0:
		return le.Uint16(b[7:]) == uint16(crc32.ChecksumIEEE(b[9:20])) && b[9] == 0x73
	case len(b) >= 32 && b[6] == 1 && b[7] == 0:
		n, k := binary.Uvarint(b[12:])
		end := 12 + k + int(min(n, 1<<16))
		return k > 0 && end <= len(b) && le.Uint32(b[8:]) == crc32.ChecksumIEEE(b[12:end])
	}
	return false
}

// isZipTail reports whether a zip's directory stands at the end, with a first
// entry where it says.
func isZipTail(r io.ReaderAt, size int64) bool {
	end, at, ok := endOfZip(r, size)
	if !ok || binary.LittleEndian.Uint16(end[10:]) == 0 {
		return false
	}
	var mark [4]byte
	_, err := r.ReadAt(mark[:], at-int64(binary.LittleEndian.Uint32(end[12:])))
	return err == nil && string(mark[:]) == "PK\x01\x02"
}
