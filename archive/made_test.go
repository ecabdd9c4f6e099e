package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"unseal/proof"
)

func itemOf(tb testing.TB, a *Archive, n int) *Item {
	tb.Helper()
	item, err := a.Collections()[0].Item(n)
	must(tb, err)
	return item
}

func TestFilesMadeOfAnItemAreReadWholeAndByRange(t *testing.T) {
	p := newPress(t, 20, 20)
	fsys, _ := p.published()
	a := opened(t, fsys)
	c := a.Collections()[0]
	if list := itemOf(t, a, 3).Record.Made; len(list) != 0 {
		t.Errorf("of number 3 was made: %+v", list)
	}
	list := itemOf(t, a, 7).Record.Made
	if len(list) != 2 || list[0].At[1] != list[0].Size || list[1].At[1] >= list[1].Size {
		t.Fatalf("sound is stored and a reading is packed, here: %+v", list)
	}
	for i, want := range madeOf(7) {
		if list[i].Name != want.Name || list[i].Type != want.Type || list[i].Size != int64(len(want.Content)) {
			t.Errorf("%+v", list[i])
		}
		b, err := c.Made(7, want.Name)
		if err != nil || !bytes.Equal(b, want.Content) {
			t.Errorf("%s: %d bytes, %v", want.Name, len(b), err)
		}
		f, err := c.OpenMade(7, want.Name)
		must(t, err)
		if b, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size)); err != nil || !bytes.Equal(b, want.Content) {
			t.Errorf("%s by range: %d bytes, %v", want.Name, len(b), err)
		}
		if n, err := f.ReadAt(make([]byte, 10), f.Size-4); n != 4 || err != io.EOF {
			t.Errorf("%s at its end: %d, %v", want.Name, n, err)
		}
		if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
			t.Errorf("%s before its beginning", want.Name)
		}
	}
	for _, name := range []string{"", "play.mp3", "../7.eml", "reading.json/"} {
		if _, err := c.Made(7, name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := c.OpenMade(3, "play.ogg"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if r := verified(t, fsys, VerifyOptions{}); r.Made != 8 {
		t.Errorf("%d made files verified", r.Made)
	}
}

// A range is checked when it is read, not only when the file was opened.
func TestARangeThatChangesAfterItWasCheckedIsNotShown(t *testing.T) {
	fsys, dir := newPress(t, 20, 20).published()
	c := opened(t, fsys).Collections()[0]
	f, err := c.OpenMade(7, "play.ogg")
	must(t, err)
	name := filepath.Join(dir, BatchDir("mail", 1, 1), ItemsName)
	b, err := os.ReadFile(name)
	must(t, err)
	b[f.At[0]+blockSize+3] ^= 1 // in its second block
	must(t, os.WriteFile(name, b, 0o644))
	if _, err := f.ReadAt(make([]byte, 100), 0); err != nil {
		t.Errorf("its first block: %v", err)
	}
	if n, err := f.ReadAt(make([]byte, 100), blockSize-50); n != 50 || !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("over the altered block: %d bytes, %v", n, err)
	}
	again, err := c.OpenMade(7, "play.ogg") // its blocks are known
	must(t, err)
	if _, err := again.ReadAt(make([]byte, 1), blockSize); !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("opened again: %v", err)
	}
	fresh := opened(t, fsys).Collections()[0]
	if _, err := fresh.OpenMade(7, "play.ogg"); !errors.Is(err, proof.ErrMismatch) {
		t.Errorf("opened by another reader: %v", err)
	}
}

func TestBlockListsAreBounded(t *testing.T) {
	var l blockLists
	a := &Archive{}
	for i := range 3 * maxBlockLists {
		f := &MadeFile{a: a, zip: fmt.Sprint(i), Made: Made{SHA256: newDigester(io.Discard).file("").SHA256}}
		_, err := l.of(f)
		must(t, err)
	}
	if len(l.lists) != maxBlockLists || len(l.old) != maxBlockLists {
		t.Errorf("%d lists, %d in order", len(l.lists), len(l.old))
	}
}

func TestNamesOfMadeFiles(t *testing.T) {
	for _, good := range []string{"p1.png", "p0001.png", "play.mp3", "reading.json", "a", "9", "A_b-c.d", strings.Repeat("x", 100)} {
		if !ValidMade(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", ".", "..", ".x", "x.", "-x", "a..b", "a/b", "a\\b", "a b", "ü", "a\x00", "x_", strings.Repeat("x", 101), "CON:"} {
		if ValidMade(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, bad := range []string{"", "image", "image/", "/png", "image/png; q=1", "Image/png", "image/png/x", strings.Repeat("x", 99) + "/y"} {
		if validType(bad) {
			t.Errorf("type %q is taken", bad)
		}
	}
}

func TestListsOfMadeFilesThatCannotBe(t *testing.T) {
	ok := Made{Name: "b.png", Type: "image/png", Size: 1, At: Extent{5, 1}}
	with := func(change func(*Made)) []Made {
		m := ok
		change(&m)
		return []Made{{Name: "a.png", Type: "image/png"}, m}
	}
	must(t, checkMade(with(func(*Made) {})))
	for name, list := range map[string][]Made{
		"order":     with(func(m *Made) { m.Name = "a.jpg" }),
		"twice":     with(func(m *Made) { m.Name = "a.png" }),
		"same name": with(func(m *Made) { m.Name = "a.pNg" }),
		"name":      with(func(m *Made) { m.Name = "b/c.png" }),
		"type":      with(func(m *Made) { m.Type = "png" }),
		"size":      with(func(m *Made) { m.Size = -1 }),
		"too large": with(func(m *Made) { m.Size = maxMember + 1 }),
		"place":     with(func(m *Made) { m.At = Extent{-1, 1} }),
		"too many":  make([]Made, MaxMade+1),
	} {
		if checkMade(list) == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A publisher's mistake is refused before anything is said.
func TestMadeFilesThatCannotBeAreNotPublished(t *testing.T) {
	fail := errors.New("the disk")
	for name, seq := range map[string]iter.Seq2[NewMade, error]{
		"order": func(yield func(NewMade, error) bool) {
			_ = yield(NewMade{Name: "b", Type: "image/png"}, nil) && yield(NewMade{Name: "a", Type: "image/png"}, nil)
		},
		"name":  func(yield func(NewMade, error) bool) { yield(NewMade{Name: "../a", Type: "image/png"}, nil) },
		"error": func(yield func(NewMade, error) bool) { yield(NewMade{}, fail) },
	} {
		p := newPress(t, 3, 3)
		fsys, _ := testFolder(t)
		w := p.writer(fsys)
		must(t, p.start(w))
		items := func(yield func(*NewItem, error) bool) {
			i := p.item(1)
			i.Made = seq
			yield(i, nil)
		}
		_, err := w.WriteBatch(context.Background(), NewBatch{Collection: "mail", Number: 1, Edition: 1}, items, func(io.Writer) error { return nil })
		if err == nil || name == "error" && !errors.Is(err, fail) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// repacked is a zip file with its members as fn changes them, and with more of
// them at its end.
func repacked(tb testing.TB, data []byte, fn func(name string, b []byte) (string, []byte), more ...string) []byte {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(tb, err)
	var out bytes.Buffer
	w, err := newZipWriter(&out)
	must(tb, err)
	for _, f := range z.File {
		r, err := f.Open()
		must(tb, err)
		b, err := io.ReadAll(r)
		must(tb, err)
		name, b := fn(f.Name, b)
		write := w.add
		if f.Method == zip.Store {
			write = w.store
		}
		_, err = write(name, b)
		must(tb, err)
	}
	for _, name := range more {
		_, err := w.add(name, []byte("nobody lists this"))
		must(tb, err)
	}
	must(tb, w.close())
	return out.Bytes()
}

func same(name string, b []byte) (string, []byte) { return name, b }

// What is said of made files is found wrong by what it is, not only by the
// digest of items.zip: its own line names the member.
func TestVerifyNamesTheMadeFileThatIsWrong(t *testing.T) {
	p := newPress(t, 10, 10)
	m := p.archived()
	zipName := path.Join(BatchDir("mail", 1, 1), ItemsName)
	good := m[zipName].Data
	for what, x := range map[string]struct {
		want string
		bad  []byte
	}{
		"a flipped bit of sound": {"made/2/play.ogg is not what the record", repacked(t, good, func(name string, b []byte) (string, []byte) {
			if name == "made/2/play.ogg" {
				b[len(b)/2] ^= 4
			}
			return name, b
		})},
		"another name": {`member "made/2/plan.ogg" is not where a record has it`, repacked(t, good, func(name string, b []byte) (string, []byte) {
			return strings.Replace(name, "2/play", "2/plan", 1), b
		})},
		"one that no record lists": {`member "made/8/x" is not where a record has it`, repacked(t, good, same, "made/8/x")},
	} {
		for _, deep := range []bool{false, true} {
			r := verified(t, with(m, zipName, x.bad), VerifyOptions{LogKey: p.key, Deep: deep})
			told := ""
			for _, f := range r.Findings {
				told += f.Path + ": " + f.What + "\n"
			}
			if !strings.Contains(told, zipName+": "+x.want) {
				t.Errorf("%s, deep %v: %s", what, deep, told)
			}
		}
	}
}

// A record that hides its list of made files from a fast verification is
// refused by whoever reads all of it.
func TestARecordListsMadeFilesInOneForm(t *testing.T) {
	p := newPress(t, 3, 3)
	item := p.item(2)
	row := Row{Number: 2, Kind: item.Kind}
	item.Record.Number = 2
	line := func(tail string) []byte {
		b := mustJSON(item.Record)
		return append(b[:len(b)-1], tail...)
	}
	list := `[{"name":"a.png","type":"image/png","size":0,"sha256":"` + strings.Repeat("0", 64) + `","at":[0,0]}]`
	for tail, ok := range map[string]bool{
		`}`:                                         true,
		`,"made":` + list + `}`:                     true,
		`,"MADE":` + list + `}`:                     false,
		`,"m\u0061de":` + list + `}`:                false,
		`,"made" :` + list + `}`:                    false,
		`,"x":{"made":` + list + `}}`:               false,
		`,"made":` + list + `,"made":` + list + `}`: false,
	} {
		var r Record
		if err := r.parse(line(tail), row); (err == nil) != ok {
			t.Errorf("%.30s: %v", tail, err)
		}
	}
}
