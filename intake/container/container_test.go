package container

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// mail is what lies in the containers of these tests.
const mail = "From: a@example.org\nSubject: packed\n\nhello\n"

// packedBzip2 is mail, as the standard library does not write bzip2.
const packedBzip2 = "QlpoOTFBWSZTWf5dFxUAAAVfgAAQQAEAEEEACAA+3tZAIAAxQaNGgyA0IoGTT9RqD1HsqCH1qzxL0bj5KlmMkwsFOB7jS09xUhD8XckU4UJD+XRcVA=="

// packed returns mail in every format, or in those that carry names as a.eml.
func packed(t testing.TB) map[Format][]byte {
	t.Helper()
	bz, err := base64.StdEncoding.DecodeString(packedBzip2)
	if err != nil {
		t.Fatal(err)
	}
	return map[Format][]byte{
		Zip:   zipped(t, "a.eml", mail),
		Tar:   tarred(t, "a.eml", mail),
		Seven: sevenZ("a.eml", mail),
		Rar:   rar4("a.eml", mail),
		Gzip:  compressed(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }, mail),
		Bzip2: bz,
		XZ:    compressed(t, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }, mail),
		Zstd:  compressed(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }, mail),
	}
}

func compressed(t testing.TB, make func(io.Writer) (io.WriteCloser, error), s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := make(&b)
	if err == nil {
		_, err = io.WriteString(w, s)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for p := range slices.Chunk(pairs, 2) {
		w, err := z.Create(p[0])
		if err == nil {
			_, err = io.WriteString(w, p[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := tar.NewWriter(&b)
	for p := range slices.Chunk(pairs, 2) {
		err := z.WriteHeader(&tar.Header{Name: p[0], Size: int64(len(p[1])), Mode: 0o600})
		if err == nil {
			_, err = io.WriteString(z, p[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sevenZ writes a 7z archive of one stored member, after 7zFormat.txt.
func sevenZ(name, body string) []byte {
	var h bytes.Buffer
	h.Write([]byte{1, 4})                                                            // header, main streams
	h.Write([]byte{6, 0, 1, 9, byte(len(body)), 0})                                  // pack info: at 0, one stream, its size
	h.Write([]byte{7, 0x0b, 1, 0, 1, 1, 0, 0x0c, byte(len(body)), 0x0a, 1})          // one folder, coder "copy", size, digest
	h.Write(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body)))) //
	h.Write([]byte{0, 0})                                                            // ends
	h.Write([]byte{5, 1, 0x11, byte(2*len(name) + 3), 0})                            // one file, names
	for _, c := range name + "\x00" {
		h.Write([]byte{byte(c), 0})
	}
	h.Write([]byte{0, 0})
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(body)))
	start = binary.LittleEndian.AppendUint64(start, uint64(h.Len()))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(h.Bytes()))
	b := []byte("7z\xbc\xaf\x27\x1c\x00\x04")
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(start))
	b = append(b, start...)
	b = append(b, body...)
	return append(b, h.Bytes()...)
}

// rar4 writes a RAR archive of one stored member, after the technote of RAR 4.
func rar4(name, body string) []byte {
	block := func(kind byte, flags uint16, rest, data []byte) []byte {
		b := []byte{kind}
		b = binary.LittleEndian.AppendUint16(b, flags)
		b = binary.LittleEndian.AppendUint16(b, uint16(7+len(rest)))
		b = append(b, rest...)
		b = append(binary.LittleEndian.AppendUint16(nil, uint16(crc32.ChecksumIEEE(b))), b...)
		return append(b, data...)
	}
	var f []byte
	f = binary.LittleEndian.AppendUint32(f, uint32(len(body)))
	f = binary.LittleEndian.AppendUint32(f, uint32(len(body)))
	f = append(f, 3) // written on Unix
	f = binary.LittleEndian.AppendUint32(f, crc32.ChecksumIEEE([]byte(body)))
	f = append(f, 0, 0, 0, 0, 20, 0x30) // time, version, stored
	f = binary.LittleEndian.AppendUint16(f, uint16(len(name)))
	f = binary.LittleEndian.AppendUint32(f, 0o100600)
	f = append(f, name...)
	b := []byte("Rar!\x1a\x07\x00")
	b = append(b, block(0x73, 0, make([]byte, 6), nil)...)
	b = append(b, block(0x74, 0x8000, f, []byte(body))...)
	return append(b, block(0x7b, 0, nil, nil)...)
}

// expand opens a container and returns "name: body" of its members.
func expand(t testing.TB, f Format, b []byte) ([]string, Report, error) {
	t.Helper()
	var got []string
	rep, err := Expand(bytes.NewReader(b), int64(len(b)), f, Options{MaxEntries: 1000}, func(m Member, r io.Reader) error {
		body, err := io.ReadAll(r)
		got = append(got, m.Name+": "+string(body))
		return err
	})
	return got, rep, err
}

func TestEveryFormatOpens(t *testing.T) {
	for f, b := range packed(t) {
		if got := Detect(b); got != f {
			t.Errorf("%s is taken for %q", f, got)
		}
		want := ": " + mail
		if f == Zip || f == Tar || f == Seven || f == Rar {
			want = "a.eml" + want
		}
		got, rep, err := expand(t, f, b)
		if err != nil || !slices.Equal(got, []string{want}) || rep.Members != 1 || len(rep.Problems) > 0 {
			t.Errorf("%s: %q, %+v, %v", f, got, rep, err)
		}
	}
}

func TestTarInsideAStreamOpensWithIt(t *testing.T) {
	b := compressed(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }, string(tarred(t, "x/a", "1", "b", "2")))
	got, _, err := expand(t, Gzip, b)
	if err != nil || !slices.Equal(got, []string{"x/a: 1", "b: 2"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDocumentsAreNotContainers(t *testing.T) {
	filler := strings.Repeat("x", 100)
	for name, b := range map[string][]byte{
		"docx":                       zipped(t, "[Content_Types].xml", "<Types/>", "_rels/.rels", "x", "word/document.xml", "x"),
		"odt":                        zipped(t, "mimetype", "application/vnd.oasis.opendocument.text", "content.xml", "x"),
		"epub":                       zipped(t, "mimetype", "application/epub+zip", "META-INF/container.xml", "x"),
		"docx with late directories": zipped(t, "a.bin", filler, "b.bin", filler, "[Content_Types].xml", "<Types/>"),
	} {
		if _, _, err := expand(t, Zip, b); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if Detect(zipped(t, "a.docx", "x")) != Zip {
		t.Error("a zip of documents is none itself")
	}
}

func TestADetectorThatPanicsCostsTheAnswerOnly(t *testing.T) {
	if got := mediaType([]byte(mail), func([]byte) string { panic("of a detector") }); got != "application/octet-stream" {
		t.Errorf("%q", got)
	}
}

func TestWhatIsNoContainer(t *testing.T) {
	for _, s := range []string{"", "P", "PK", "BZh", "BZhello world", "hello", strings.Repeat("\x00", 1024), strings.Repeat("7", 600), mail} {
		if f := Detect([]byte(s)); f != "" {
			t.Errorf("%.20q is taken for %s", s, f)
		}
	}
}

func TestDamagedContainersSaySo(t *testing.T) {
	for f, b := range packed(t) {
		for cut := 1; cut < len(b); cut++ {
			got, rep, err := expand(t, f, b[:cut])
			part := len(got) > 0 && !strings.HasSuffix(got[0], mail) // an empty one is the caller's to complain of
			if err == nil && len(rep.Problems) == 0 && part {
				t.Errorf("%s cut at %d of %d: %q and no complaint", f, cut, len(b), got)
			}
		}
		for i := range b {
			spoilt := bytes.Clone(b)
			spoilt[i] ^= 0x55
			_, _, _ = expand(t, f, spoilt) // whatever comes, it comes back
		}
	}
}

func TestEncryptedMembersAreNamed(t *testing.T) {
	b := zipped(t, "open", "1", "locked", "2")
	dir := bytes.LastIndex(b, []byte("PK\x01\x02"))
	b[dir+8] |= zipEncrypted
	got, rep, err := expand(t, Zip, b)
	if err != nil || !slices.Equal(got, []string{"open: 1"}) {
		t.Errorf("%q, %v", got, err)
	}
	if len(rep.Problems) != 1 || rep.Problems[0].Code != Encrypted || !strings.Contains(rep.Problems[0].Text, "locked") {
		t.Errorf("problems %+v", rep.Problems)
	}
	whole := bytes.Clone(b[:dir]) // the directory is encrypted too
	whole[6] |= zipEncrypted
	if _, _, err := expand(t, Zip, whole); !errors.Is(err, ErrEncrypted) {
		t.Errorf("encrypted directory: %v", err)
	}
}

func TestEmptyContainers(t *testing.T) {
	empty7z := append([]byte("7z\xbc\xaf\x27\x1c\x00\x03\x8d\x9b\xd5\x0f"), make([]byte, 20)...)
	for f, b := range map[Format][]byte{Zip: zipped(t), Seven: empty7z} {
		got, rep, err := expand(t, f, b)
		if len(got) > 0 || rep.Members > 0 || err != nil || Detect(b) != f {
			t.Errorf("%s: %q, %+v, %v", f, got, rep, err)
		}
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	var b bytes.Buffer
	z := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "../x"},
		{Name: "dir/", Typeflag: tar.TypeDir},
		{Name: "null", Typeflag: tar.TypeChar},
	} {
		if err := z.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	got, rep, err := expand(t, Tar, b.Bytes())
	if len(got) > 0 || err != nil || len(rep.Problems) != 3 || rep.Problems[0].Code != LinkSkipped || rep.Problems[1].Code != LinkSkipped || rep.Problems[2].Code != Unsupported {
		t.Errorf("%q, %+v, %v", got, rep, err)
	}
}

// tarOf is a tar of one entry "a" of that type; more is written over its header.
func tarOf(t testing.TB, kind byte, body string, more map[int]string) []byte {
	t.Helper()
	b := tarred(t, "a", body)
	b[156] = kind
	for at, s := range more {
		copy(b[at:], s)
	}
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

// What tar has besides files, links and folders is not passed over in silence.
func TestEveryEntryOfATarIsGivenOrNamed(t *testing.T) {
	// GNU's old form of a sparse file: a map of offset and length, the true size.
	sparse := map[int]string{257: "ustar  \x00", 386: "00000000001\x0000000000001\x00", 483: "00000000003\x00"}
	for _, c := range []struct {
		kind byte
		body string
		more map[int]string
		want string
	}{
		{tar.TypeReg, "x", nil, "a: x"},
		{tar.TypeCont, "x", nil, "a: x"},
		{tar.TypeGNUSparse, "x", sparse, "a: \x00x\x00"},
		{tar.TypeDir, "", nil, ""},
		{tar.TypeSymlink, "", nil, LinkSkipped},
		{tar.TypeLink, "", nil, LinkSkipped},
		{tar.TypeChar, "", nil, Unsupported},
		{tar.TypeFifo, "", nil, Unsupported},
		{'Z', "", nil, Unsupported},
	} {
		got, rep, err := expand(t, Tar, tarOf(t, c.kind, c.body, c.more))
		said := strings.Join(got, ",")
		for _, p := range rep.Problems {
			said += p.Code
		}
		if said != c.want || err != nil {
			t.Errorf("type %q: %q, %v; want %q", c.kind, said, err, c.want)
		}
	}
}

func TestWhatFollowsATarIsNotPassedOver(t *testing.T) {
	one, two := tarred(t, "a", "1"), tarred(t, "b", "2")
	padded := append(slices.Clone(one), make([]byte, 64<<10)...)
	gz := func(b []byte) []byte {
		return compressed(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }, string(b))
	}
	badSum := gz(padded)
	badSum[len(badSum)-8] ^= 1
	for name, c := range map[string]struct {
		f    Format
		b    []byte
		good bool
	}{
		"padded": {Tar, padded, true}, "padded, packed": {Gzip, gz(padded), true},
		"two": {Tar, append(slices.Clone(padded), two...), false}, "two, packed": {Gzip, gz(append(slices.Clone(one), two...)), false},
		"wrong checksum": {Gzip, badSum, false},
	} {
		got, rep, err := expand(t, c.f, c.b)
		if !slices.Equal(got, []string{"a: 1"}) || c.good != (err == nil && len(rep.Problems) == 0) {
			t.Errorf("%s: %q, %+v, %v", name, got, rep, err)
		}
	}
}

func TestAFolderOfAZipThatHoldsBytesIsAFile(t *testing.T) {
	packed := bytes.Replace(zipped(t, "evil.eml", mail, "d/", ""), []byte("evil.eml"), []byte("evilbox/"), -1)
	got, rep, err := expand(t, Zip, packed)
	if err != nil || !slices.Equal(got, []string{"evilbox: " + mail}) {
		t.Errorf("%q, %+v, %v", got, rep, err)
	}
}

func TestVisitorsErrorsComeBack(t *testing.T) {
	stop := errors.New("enough")
	for f, b := range packed(t) {
		_, err := Expand(bytes.NewReader(b), int64(len(b)), f, Options{MaxEntries: 10}, func(Member, io.Reader) error { return stop })
		if !errors.Is(err, stop) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestEntriesAndProblemsAreBounded(t *testing.T) {
	var pairs []string
	for i := range 100 {
		pairs = append(pairs, fmt.Sprint(i), "x")
	}
	b := zipped(t, pairs...)
	n := 0
	_, err := Expand(bytes.NewReader(b), int64(len(b)), Zip, Options{MaxEntries: 10}, func(Member, io.Reader) error { n++; return nil })
	if err == nil || n != 10 {
		t.Errorf("%d members, %v", n, err)
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		at += i + 8
		b[at] |= zipEncrypted
	}
	_, rep, err := expand(t, Zip, b)
	if err != nil || len(rep.Problems) != maxProblems+1 {
		t.Errorf("%d problems, %v", len(rep.Problems), err)
	}
}

func FuzzDetect(f *testing.F) {
	for format, b := range packed(f) {
		f.Add(b)
		f.Add(append([]byte(format), b...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		format := Detect(b)
		if format == "" || format == Seven || format == Rar {
			return // their decoders take memory and time as they like; the child's limits hold them
		}
		left := int64(10 << 20)
		_, err := Expand(bytes.NewReader(b), int64(len(b)), format, Options{MaxEntries: 100}, func(m Member, r io.Reader) error {
			if name, safe := CleanName(m.Name); name != m.Name || !safe {
				t.Errorf("name %q is not clean", m.Name)
			}
			n, err := io.Copy(io.Discard, io.LimitReader(r, left))
			if left -= n; left <= 0 {
				return errors.New("enough")
			}
			return err
		})
		_ = err // any error will do
	})
}
