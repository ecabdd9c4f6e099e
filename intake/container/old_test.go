package container

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/pierrec/lz4/v4"
)

// arFile writes an archive of Unix with a long name in the table.
func arFile(members ...string) []byte {
	b := bytes.NewBufferString(arMagic)
	put := func(name, data string) {
		fmt.Fprintf(b, "%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", name, 0, 0, 0, 0o644, len(data), data)
		if len(data)%2 == 1 {
			b.WriteByte('\n')
		}
	}
	put("//", "a-name-that-is-long-for-ar.txt/\n")
	put("/0", "long")
	for i := 0; i < len(members); i += 2 {
		put(members[i], members[i+1])
	}
	return b.Bytes()
}

// cpioFile writes an archive in one of the forms.
func cpioFile(form string, members ...string) []byte {
	var b bytes.Buffer
	put := func(name, data string, mode int) {
		pad := 1
		switch form {
		case "new":
			fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0)
			pad = 4
		case "odc":
			fmt.Fprintf(&b, "070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o", 0, 0, mode, 0, 0, 1, 0, 0, len(name)+1, len(data))
		case "bin":
			h := []uint16{0o070707, 0, 0, uint16(mode), 0, 0, 1, 0, 0, 0, uint16(len(name) + 1), uint16(len(data) >> 16), uint16(len(data))}
			_ = binary.Write(&b, binary.LittleEndian, h)
			pad = 2
		}
		fill := func() {
			for b.Len()%pad != 0 {
				b.WriteByte(0)
			}
		}
		b.WriteString(name + "\x00")
		fill()
		b.WriteString(data)
		fill()
	}
	put("folder", "", modeDir|0o755)
	for i := 0; i < len(members); i += 2 {
		put(members[i], members[i+1], modeFile|0o644)
	}
	put("away", "/etc/passwd", modeLink|0o777)
	put(cpioEnd, "", 0)
	return b.Bytes()
}

// lzw packs as compress(1) does, without ever emptying its table.
func lzw(data []byte, maxBits uint) []byte {
	out := []byte{0x1f, 0x9d, 0x80 | byte(maxBits)}
	table := map[string]int{}
	next, bits := lzwClear+1, uint(9)
	var group []byte
	used := uint(0)
	emit := func(code int) {
		if next-1 == 1<<bits && bits < maxBits { // the reader's table is one behind
			out = append(out, pad(group, int(bits))...)
			group, used = nil, 0
			bits++
		}
		for i := range bits {
			if used%8 == 0 {
				group = append(group, 0)
			}
			group[used/8] |= byte(code>>i&1) << (used % 8)
			used++
		}
		if used == 8*bits {
			out, group, used = append(out, group...), nil, 0
		}
	}
	code := func(s string) int {
		if len(s) == 1 {
			return int(s[0])
		}
		return table[s]
	}
	cur := ""
	for _, c := range data {
		if _, ok := table[cur+string([]byte{c})]; ok || cur == "" {
			cur += string([]byte{c})
			continue
		}
		emit(code(cur))
		if next < 1<<maxBits {
			table[cur+string([]byte{c})] = next
			next++
		}
		cur = string([]byte{c})
	}
	if cur != "" {
		emit(code(cur))
	}
	return append(out, group...)
}

func pad(b []byte, n int) []byte {
	if len(b) == 0 {
		return nil
	}
	return append(b, make([]byte, n-len(b))...)
}

func TestOldArchivesOpen(t *testing.T) {
	for name, b := range map[string][]byte{
		"ar": arFile("a.txt/", "A", "b.txt", "BB"), "new cpio": cpioFile("new", "a.txt", "A", "b.txt", "BB"),
		"odc cpio": cpioFile("odc", "a.txt", "A", "b.txt", "BB"), "binary cpio": cpioFile("bin", "a.txt", "A", "b.txt", "BB"),
		"cpio.Z": lzw(cpioFile("new", "a.txt", "A", "b.txt", "BB"), 16),
	} {
		o := open(b, name)
		got := slices.Sorted(slices.Values(o.names))
		want := []string{"a.txt", "b.txt"}
		if o.format == Ar {
			want = []string{"a-name-that-is-long-for-ar.txt", "a.txt", "b.txt"}
		}
		if o.err != nil || !slices.Equal(got, want) || o.format != Ar && !o.says(LinkSkipped) {
			t.Errorf("%s: %s %q %v %v", name, o.format, got, o.Problems, o.err)
		}
		for cut := range len(b) { // it ends, and says that something is missing
			if o := open(b[:cut], name); o.format != "" && o.format != Ar && o.err == nil && len(o.Problems) == 0 && len(o.names) == 2 && o.bytes == 3 && cut < len(b)-200 {
				t.Errorf("%s cut at %d is whole", name, cut)
			}
		}
	}
}

func TestStreamsOfCompressComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(random.IntN(7))
	}
	for name, data := range map[string][]byte{"nothing": {}, "one": []byte("x"), "runs": bytes.Repeat([]byte("ab"), 100_000), "noise": noise} {
		for _, bits := range []uint{9, 12, 16} {
			r, err := newUncompress(bytes.NewReader(lzw(data, bits)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s in %d bits: %d bytes of %d, %v", name, bits, len(got), len(data), err)
			}
		}
	}
}

func TestAFileOfLZ4Opens(t *testing.T) {
	var b bytes.Buffer
	w := lz4.NewWriter(&b)
	if _, err := io.WriteString(w, strings.Repeat("text ", 1000)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if o := open(b.Bytes(), "a.lz4"); o.format != LZ4 || o.bytes != 5000 || o.err != nil {
		t.Errorf("%+v", o)
	}
}

func TestBrotliIsKnownByItsNameAlone(t *testing.T) {
	var packed bytes.Buffer
	w := brotli.NewWriter(&packed)
	if _, err := io.WriteString(w, "hello"); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	b := packed.Bytes()
	if o := open(b, "a.txt.br"); o.format != Brotli || o.bytes != 5 || o.err != nil {
		t.Errorf("%+v", o)
	}
	if o := open(b, "a.txt"); o.format != "" {
		t.Errorf("%+v", o)
	}
}

func TestProgramsThatUnpackThemselvesOpen(t *testing.T) {
	stub := append([]byte("MZ"), bytes.Repeat([]byte("stub Rar!\x1a\x07\x00 7z\xbc\xaf\x27\x1c"), 500)...)
	o := open(append(bytes.Clone(stub), zipped(t, "a.txt", "A")...), "setup.exe")
	if o.format != Zip || !slices.Equal(o.names, []string{"a.txt"}) || !o.says(SelfExtracting) || o.err != nil {
		t.Errorf("%+v", o)
	}
	if o := open(stub, "program.exe"); o.format != "" {
		t.Errorf("a program that holds marks alone: %+v", o)
	}
}

func TestASplitZipIsSaidToBeOne(t *testing.T) {
	b := zipped(t, "a", "x")
	first := append([]byte("PK\x07\x08"), b[:40]...)
	if o := open(first, "a.z01"); o.err == nil || !strings.Contains(o.err.Error(), "split") {
		t.Errorf("the first part: %+v", o)
	}
	last := bytes.Clone(b)
	last[bytes.LastIndex(last, []byte("PK\x05\x06"))+4] = 2
	if o := open(last, "a.zip"); o.err == nil || !strings.Contains(o.err.Error(), "split") {
		t.Errorf("the last part: %+v", o)
	}
}

// TestNamesAreDecodedTogether has a name that alone reads as another charset.
func TestNamesAreDecodedTogether(t *testing.T) {
	koi := []string{"\xf0\xf2\xe9\xf7\xe5\xf4", "\xc1", "\xd0\xc9\xd3\xd8\xcd\xcf \xc7\xd5\xc2\xc5\xd2\xce\xc1\xd4\xcf\xd2\xd5.eml"}
	o := open(zipped(t, koi[0], "1", koi[1], "2", koi[2], "3"), "a.zip")
	if want := []string{"ПРИВЕТ", "а", "письмо губернатору.eml"}; !slices.Equal(o.names, want) {
		t.Errorf("%q, want %q", o.names, want)
	}
}

// FuzzOld gives any bytes to the readers of our own: they end, and give no more
// than the bytes can hold.
func FuzzOld(f *testing.F) {
	f.Add(arFile("a.txt/", "A", "#1/3", "abcdata", "__.SYMDEF", ""))
	for _, form := range []string{"new", "odc", "bin"} {
		f.Add(cpioFile(form, "a.txt", "A"))
		f.Add(lzw(cpioFile(form, "a.txt", "A"), 12))
	}
	f.Add([]byte("\x1f\x9d\x90\x00\x01\x02\x03\x04\x05\x06\x07"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for _, run := range []func(x *expansion) error{
			func(x *expansion) error { return x.open(r, r.Size(), Ar) },
			func(x *expansion) error { return x.open(r, r.Size(), Cpio) },
			func(x *expansion) error { return x.open(r, r.Size(), Compress) },
		} {
			left := int64(10 << 20)
			x := &expansion{left: 1000, visit: func(m Member, r io.Reader) error {
				n, err := io.Copy(io.Discard, io.LimitReader(r, left))
				if left -= n; left <= 0 {
					return io.ErrShortBuffer
				}
				return err
			}}
			_ = run(x) // any error will do
		}
		insideProgram(r, r.Size())
		isMSG(r, b[:min(len(b), HeadSize)])
	})
}

// FuzzLockedZip gives any bytes as an encrypted member.
func FuzzLockedZip(f *testing.F) {
	b := zipped(f, "a", strings.Repeat("x", 100))
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		at += i + 8
		b[at] |= zipEncrypted
	}
	f.Add(b)
	strong := bytes.Clone(b)
	strong[bytes.Index(strong, []byte("PK\x01\x02"))+8] |= zipStrong
	f.Add(strong)
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		_, _ = Expand(r, r.Size(), Zip, Options{MaxEntries: 100, Unlock: func() []string { return []string{"a", ""} }}, func(_ Member, r io.Reader) error {
			_, err := io.Copy(io.Discard, io.LimitReader(r, 1<<20))
			return err
		})
	})
}
