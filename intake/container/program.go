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

// insideProgram tells which archive a program carries that unpacks itself, and
// where it begins; empty for none. A mark alone is not enough: programs that
// read archives hold these marks, too.
func insideProgram(r io.ReaderAt, size int64) (Format, int64) {
	if isZipTail(r, size) {
		return Zip, 0 // counted from its end
	}
	b := make([]byte, min(size, maxStub))
	if n, _ := r.ReadAt(b, 0); n < len(b) {
		return "", 0
	}
	if at := find(b, "7z\xbc\xaf\x27\x1c", isSevenHead); at >= 0 {
		return Seven, int64(at)
	}
	if at := find(b, "Rar!\x1a\x07", isRarHead); at >= 0 {
		return Rar, int64(at)
	}
	return "", 0
}

// find returns where a mark stands at which ok holds, -1 for nowhere.
func find(b []byte, mark string, ok func([]byte) bool) int {
	for at := 0; ; at++ {
		i := bytes.Index(b[at:], []byte(mark))
		if i < 0 {
			return -1
		}
		if at += i; ok(b[at:]) {
			return at
		}
	}
}

// isSevenHead checks the checksum of the first header (7zFormat.txt).
func isSevenHead(b []byte) bool {
	return len(b) >= 32 && crc32.ChecksumIEEE(b[12:32]) == binary.LittleEndian.Uint32(b[8:])
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
