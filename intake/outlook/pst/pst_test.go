package pst

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unseal/intake/outlook/mapi"
	"unseal/intake/outlook/pst/psttest"
)

// encode does what decode undoes.
func encode(method byte) func(uint64, []byte) {
	switch method {
	case permute:
		return func(_ uint64, p []byte) {
			for i, c := range p {
				p[i] = tableR[c]
			}
		}
	case cyclic: // its own inverse
		return func(bid uint64, p []byte) { decode(cyclic, bid, p) }
	}
	return nil
}

func sample(method byte) []byte {
	text := func(id mapi.ID, s string) psttest.Prop {
		return psttest.Prop{ID: id, Type: mapi.String8, Value: []byte(s)}
	}
	return psttest.File([]psttest.Node{
		{NID: Store, Props: []psttest.Prop{text(0x3001, "store")}},
		{NID: nameMap, Props: []psttest.Prop{{ID: 3, Type: mapi.Binary, Value: []byte{0x0d, 0x82, 0, 0, 2, 0, 0, 0}}}},
		{NID: RootFolder, Parent: RootFolder, Props: []psttest.Prop{text(0x3001, "")}},
		{NID: 0x200024, Parent: RootFolder, Props: []psttest.Prop{
			text(0x37, "subject"), text(0x1000, strings.Repeat("long text ", 2000)), {ID: 0x0e07, Type: mapi.Int32, Value: []byte{7, 0, 0, 0}},
			{ID: 0x0e06, Type: mapi.Time, Value: make([]byte, 8)},
		}, Below: []psttest.Node{{NID: 0x8025, Props: []psttest.Prop{{ID: 0x3701, Type: mapi.Binary, Value: bytes.Repeat([]byte("z"), 2<<20)}}}}},
	}, method, encode(method))
}

func TestNodesAndTheirPropertiesAreRead(t *testing.T) {
	for _, method := range []byte{plain, permute, cyclic} {
		f, err := Open(bytes.NewReader(sample(method)))
		if err != nil {
			t.Fatal(err)
		}
		n, ok := f.Node(0x200024)
		if !ok || n.Parent != RootFolder || n.Type() != Message || len(f.Problems) > 0 || f.Names[0x8000].ID != 0x820d {
			t.Fatalf("method %d: %+v %q %v", method, n, f.Problems, f.Names)
		}
		o, err := f.Object(n)
		if err != nil || o.Text(0x37) != "subject" || len(o.Text(0x1000)) != 20_000 || o.Int(0x0e07) != 7 {
			t.Errorf("method %d: %q, %d, %v", method, o.Text(0x37), len(o.Text(0x1000)), err)
		}
		a, err := f.Object(o.Sub[0x8025])
		if err != nil {
			t.Fatal(err)
		}
		size, ok := a.Big(0x3701)
		r, err := a.Open(0x3701)
		if err != nil || !ok || size != 2<<20 {
			t.Fatalf("%d, %v", size, err)
		}
		if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, bytes.Repeat([]byte("z"), 2<<20)) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
}

// TestTheTwoTablesUndoThemselves: the second table of the specification is its
// own inverse, and cyclic encoding with it.
func TestTheTwoTablesUndoThemselves(t *testing.T) {
	seen := [256]bool{}
	for i := range 256 {
		if tableS[tableS[i]] != byte(i) || tableI[tableR[i]] != byte(i) {
			t.Errorf("at %d", i)
		}
		seen[tableR[i]] = true
	}
	for i, ok := range seen {
		if !ok {
			t.Errorf("%d is not in the table", i)
		}
	}
	p := []byte("the same text again")
	q := bytes.Clone(p)
	decode(cyclic, 0x12345678, q)
	if bytes.Equal(p, q) {
		t.Error("nothing was encoded")
	}
	if decode(cyclic, 0x12345678, q); !bytes.Equal(p, q) {
		t.Errorf("%q", q)
	}
}

func TestTablesAreRead(t *testing.T) {
	le := binary.LittleEndian
	info := []byte{0x7c, 2}
	for _, n := range []uint16{8, 8, 8, 9} {
		info = le.AppendUint16(info, n)
	}
	info = le.AppendUint32(info, 3<<5)                              // index of rows
	info = le.AppendUint32(info, 5<<5)                              // rows
	info = le.AppendUint32(info, 0)                                 // nothing
	info = append(info, 0x1f, 0, 1, 0x30, 0, 0, 4, 0)               // a name in the heap
	info = append(info, 0x03, 0, 0x15, 0x0c, 4, 0, 4, 1)            // a number in the row
	tree := []byte{0xb5, 4, 4, 0, 4 << 5, 0, 0, 0}                  // to the next
	index := []byte{9, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0} // two rows
	rows := []byte{6 << 5, 0, 0, 0, 1, 0, 0, 0, 0xc0, 6 << 5, 0, 0, 0, 2, 0, 0, 0, 0x40}
	b := psttest.File([]psttest.Node{
		{NID: Recipients, Raw: psttest.Heap(0x7c, 1<<5, info, []byte{0}, tree, index, rows, []byte("B\x00o\x00b\x00"))},
	}, plain, nil)
	f, err := Open(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := f.Node(Recipients)
	list, err := f.Table(n, 100)
	if err != nil || len(list) != 2 || list[0].Text(0x3001) != "Bob" || list[0].Int(0x0c15) != 1 || list[1].Text(0x3001) != "" || list[1].Int(0x0c15) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestADamagedFileGivesWhatIsLeft(t *testing.T) {
	whole := sample(permute)
	for _, bad := range [][]byte{nil, []byte(Magic), whole[:600], append([]byte("!BDX"), whole[4:]...)} {
		if _, err := Open(bytes.NewReader(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
	b := bytes.Clone(whole)
	at := bytes.Index(b, []byte{tableR['s'], tableR['u'], tableR['b'], tableR['j']})
	b[at] ^= 1
	f, err := Open(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := f.Node(0x200024)
	o, err := f.Object(n)
	if err != nil || !strings.HasSuffix(o.Text(0x37), "ubject") || len(f.Problems) == 0 {
		t.Errorf("%q %v %v", o.Text(0x37), f.Problems, err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		b := bytes.Clone(whole[:20_000])
		for range 1 + random.IntN(20) {
			b[random.IntN(len(b))] ^= byte(1 << random.IntN(8))
		}
		walkAll(b)
	}
}

// walkAll reads all that there is.
func walkAll(b []byte) {
	f, err := Open(bytes.NewReader(b))
	if err != nil {
		return
	}
	for _, n := range f.Nodes() {
		o, err := f.Object(n)
		if err != nil {
			_, _ = f.Table(n, 100)
			continue
		}
		for _, s := range o.Sub {
			_, _ = f.Object(s)
			_, _ = f.Table(s, 100)
		}
	}
}

// FuzzOpen gives any bytes as a file of folders, seeded with our own and, where
// they are, with those of the corpora.
func FuzzOpen(f *testing.F) {
	for _, method := range []byte{plain, permute, cyclic} {
		f.Add(sample(method)[:16_000])
	}
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "corpora", "email-outlook", "*", "32-bit.pst"))
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(_ *testing.T, b []byte) { walkAll(b) })
}
