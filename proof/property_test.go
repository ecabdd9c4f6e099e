package proof

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"unseal/trove"
)

// TestMain raises the number of generated cases, unless -rapid.checks is given:
// what follows is the promise of the whole project.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if checks := map[bool]string{true: "200", false: "2000"}[testing.Short()]; !given {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// published is one item as a reader has it.
type published struct {
	file        *File
	text, shown []byte
}

// world is a log in which some items of some collections are published, each
// proven against a checkpoint of when it came out and the newest one.
type world struct {
	key    string
	proofs []published
}

// press makes a world.
type press struct {
	tb      *testing.T
	t       *rapid.T
	origin  string
	entries [][]byte
	open    []published // without paths
}

func drawWorld(tb *testing.T, t *rapid.T, origin string) world {
	p := &press{tb: tb, t: t, origin: origin, entries: [][]byte{[]byte("genesis of " + origin)}}
	first := 1
	for k := range rapid.IntRange(1, 2).Draw(t, "commitments") {
		first += p.collection("mail", k+1, first)
	}
	if rapid.Bool().Draw(t, "another collection") {
		p.collection("post", 1, 1)
	}
	return p.sign()
}

// collection adds commitment k of a collection and publishes one or two of its
// items: one as it is and then again, redacted; the other redacted alone.
func (p *press) collection(name trove.CollectionName, k, first int) (count int) {
	count = rapid.IntRange(1, 9).Draw(p.t, "count")
	at := rapid.IntRange(0, count-1).Draw(p.t, "at")
	var tree memoryTree
	var items []published
	for i := range count {
		leaf := tlog.RecordHash(fmt.Append(nil, name, i))
		if i == at || i == at+1 {
			content := append(anyContent().Draw(p.t, "content"), 'x')
			if i == at {
				items = append(items, p.item(name, first+i, 1, content, true))
			}
			items = append(items, p.item(name, first+i, 2, content, false))
			leaf = p.leaf(name, first+i, content)
		}
		tree.add(p.tb, int64(i), leaf)
	}
	fixed := Commitment{Collection: name, Count: count, First: first, K: k, Rule: WordsRule, Root: tree.root(p.tb, int64(count)),
		Inventory: trove.Sum([]byte(name)), Time: time.Date(2026, 11, 20, 11, 0, k, 0, time.UTC)}
	if k > 1 {
		fixed.Previous = trove.Sum([]byte("the root before"))
	}
	index := p.log(fixed.Append(nil))
	for _, one := range items {
		f := one.file
		f.Commitment, f.CommitmentIndex = fixed, index
		f.Place = tree.path(p.tb, int64(count), int64(f.Item.Number-first))
		f.ItemIndex = p.log(f.Item.Append(nil))
		p.open = append(p.open, one)
	}
	return count
}

func (p *press) leaf(name trove.CollectionName, number int, content []byte) tlog.Hash {
	leaf, _ := Commit(Context{p.origin, name, number, trove.Mail}, testSecret.Item(name, number), content)
	return tlog.Hash(leaf)
}

// item is an edition of an item, as it is or redacted.
func (p *press) item(name trove.CollectionName, number, edition int, content []byte, whole bool) published {
	s := testSecret.Item(name, number)
	f := &File{Kind: trove.Mail, Item: Item{Batch: 1, Collection: name, Edition: edition, Number: number}}
	if whole {
		f.Seed, f.Salt, f.Item.Shown = s.Seed, s.Salt, Salted(s.Salt, content)
		return published{file: f, shown: content}
	}
	salt := testSecret.Edition(name, number, edition)
	shown, r, _, err := Redact(s, salt, content, drawCuts(p.t, content), drawBounds(p.t, content))
	if err != nil {
		p.t.Fatal(err)
	}
	f.Redacted, f.Item.Shown = &r, Salted(salt, shown)
	return published{file: f, shown: shown}
}

// log adds an entry, and sometimes others before it.
func (p *press) log(entry []byte) int64 {
	for range rapid.IntRange(0, 3).Draw(p.t, "others") {
		p.entries = append(p.entries, fmt.Append(nil, "entry ", len(p.entries)))
	}
	p.entries = append(p.entries, entry)
	return int64(len(p.entries) - 1)
}

// sign makes the log and all proofs.
func (p *press) sign() world {
	signer, key := testKey(p.tb, p.origin)
	w := world{key: key}
	p.log([]byte("the last entry"))
	var tree memoryTree
	for i, e := range p.entries {
		tree.add(p.tb, int64(i), tlog.RecordHash(e))
	}
	for _, one := range p.open {
		for _, size := range []int64{one.file.ItemIndex + 1, int64(len(p.entries))} {
			f := *one.file
			f.ItemPath, f.CommitmentPath = tree.path(p.tb, size, f.ItemIndex), tree.path(p.tb, size, f.CommitmentIndex)
			msg, err := note.Sign(&note.Note{Text: FormatCheckpoint(p.origin, size, tree.root(p.tb, size))}, signer)
			if err == nil {
				f.Checkpoint, err = ParseCheckpoint(msg)
			}
			if err != nil {
				p.t.Fatal(err)
			}
			w.proofs = append(w.proofs, published{&f, f.Format(), one.shown})
		}
	}
	return w
}

// draw is one of the proofs of a new world.
func draw(tb *testing.T, t *rapid.T) (published, world) {
	w := drawWorld(tb, t, testContext.Origin)
	return rapid.SampledFrom(w.proofs).Draw(t, "proof"), w
}

func TestRandomItemsAndRedactionsVerify(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		for _, p := range drawWorld(t, rt, testContext.Origin).proofs {
			back, err := Parse(p.text)
			if err != nil {
				rt.Fatal(err)
			}
			_, key := testKey(t, testContext.Origin)
			s, err := Verify(back, p.shown, key)
			if err != nil || !s.KeyKnown || s.Item != p.file.Item || s.Commitment != p.file.Commitment || (s.Hidden == nil) != (p.file.Redacted == nil) {
				rt.Fatalf("%v: %+v of\n%s", err, s, p.text)
			}
		}
	})
}

// An altered byte anywhere, in the proof or in what is shown, is refused; so is
// a byte more, a byte less and two bytes swapped.
func TestAnyAlteredByteAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p, w := draw(t, rt)
		for name, where := range map[string][]byte{"proof": p.text, "rendition": p.shown} {
			at := rapid.IntRange(0, len(where)-1).Draw(rt, "at")
			flipped, swapped := bytes.Clone(where), bytes.Clone(where)
			flipped[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
			other := rapid.IntRange(0, len(where)-1).Draw(rt, "other")
			swapped[at], swapped[other] = swapped[other], swapped[at]
			for what, altered := range map[string][]byte{
				"flipped": flipped, "swapped": swapped,
				"one more": slices.Insert(bytes.Clone(where), at, where[other]), "one less": slices.Delete(bytes.Clone(where), at, at+1),
			} {
				text, shown := altered, p.shown
				if name == "rendition" {
					text, shown = p.text, altered
				}
				if !bytes.Equal(altered, where) {
					refused(rt, fmt.Sprintf("%s of the %s at %d", what, name, at), text, shown, w.key)
				}
			}
		}
	})
}

// leaves alters, one at a time, everything that stands in v, and calls visit
// while it is altered.
func leaves(v reflect.Value, name string, visit func(what string)) {
	set := func(what string, to reflect.Value) {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		v.Set(to.Convert(v.Type()))
		visit(name + " " + what)
		v.Set(old)
	}
	switch x := v.Interface().(type) {
	case time.Time:
		set("later", reflect.ValueOf(x.Add(time.Second)))
		return
	case Checkpoint:
		leaves(v.FieldByName("Note"), name+".Note", visit)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			leaves(v.Elem(), name, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), name+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Int, reflect.Int64:
		set("+1", reflect.ValueOf(v.Int()+1))
		set("-1", reflect.ValueOf(v.Int()-1))
	case reflect.Uint8:
		v.SetUint(v.Uint() ^ 1)
		visit(name)
		v.SetUint(v.Uint() ^ 1)
	case reflect.String:
		set("longer", reflect.ValueOf(v.String()+"x"))
	case reflect.Array:
		leaves(v.Index(v.Len()/2), name, visit)
	case reflect.Slice:
		sliceLeaves(v, name, visit, set)
	}
}

// sliceLeaves alters every node of a list; takes one out, and puts one in.
func sliceLeaves(v reflect.Value, name string, visit func(string), set func(string, reflect.Value)) {
	step := 1
	if v.Type().Elem().Kind() == reflect.Uint8 {
		step = len(Seed{})
	}
	for i := 0; i < v.Len(); i += step {
		leaves(v.Index(i), fmt.Sprintf("%s[%d]", name, i), visit)
		end := min(i+step, v.Len())
		without := reflect.AppendSlice(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v.Slice(0, i)), v.Slice(end, v.Len()))
		set(fmt.Sprintf("without %d", i), without)
		longer := reflect.AppendSlice(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v.Slice(0, end)), v.Slice(i, v.Len()))
		set(fmt.Sprintf("%d twice", i), longer)
	}
}

// A forgery of each field and of each node of each path is refused.
func TestAForgeryOfEachFieldAndEachNodeIsRefused(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	rapid.Check(t, func(rt *rapid.T) {
		p, w := draw(t, rt)
		g, err := Parse(p.text)
		if err != nil {
			rt.Fatal(err)
		}
		leaves(reflect.ValueOf(g).Elem(), "File", func(what string) {
			text := g.Format()
			if !bytes.Equal(text, p.text) { // it is a field that stands in the text
				refused(rt, what, text, p.shown, w.key)
				tried[strings.TrimRight(strings.SplitN(what, "[", 2)[0], " +-1")] = true
			}
		})
		if !bytes.Equal(g.Format(), p.text) {
			rt.Fatal("the forger has not put back what he altered")
		}
	})
	for _, field := range []string{"ItemIndex", "Item.Collection longer", "Item.Number", "Item.Edition", "Item.Batch", "Item.Shown", "ItemPath",
		"Commitment.K", "Commitment.First", "Commitment.Count", "Commitment.Time later", "Commitment.Rule longer", "Commitment.Inventory",
		"Commitment.Previous", "CommitmentIndex", "CommitmentPath", "Kind longer", "Seed", "Salt", "Place", "Checkpoint.Note",
		"Redacted.Segments", "Redacted.Salted", "Redacted.Salt", "Redacted.Hidden", "Redacted.Seeds", "Redacted.Hashes"} {
		if !tried["File."+field] {
			t.Errorf("no forgery of %s was tried", field)
		}
	}
}

// A proof that is put together from the lines of two valid ones is refused,
// unless it is one of them; and a valid one is refused for the bytes of another
// item, collection, origin, number or edition.
func TestAMixtureOfValidProofsIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a, w := draw(t, rt)
		v := w
		if rapid.Bool().Draw(rt, "another origin") {
			v = drawWorld(t, rt, "other.example.org/log")
		}
		b := rapid.SampledFrom(v.proofs).Draw(rt, "other")
		valid := map[string]bool{}
		for _, p := range w.proofs {
			if bytes.Equal(p.shown, a.shown) {
				valid[string(p.text)] = true
			}
		}
		if !valid[string(b.text)] {
			refused(rt, "the proof of another item", b.text, a.shown, w.key)
			refused(rt, "the bytes of another item", a.text, b.shown, v.key)
		}
		mine, theirs := bytes.SplitN(a.text, []byte("\n"), 9), bytes.SplitN(b.text, []byte("\n"), 9)
		random := rapid.SliceOfN(rapid.IntRange(0, 1<<len(mine)-1), 6, 6).Draw(rt, "lines")
		for i := range mine {
			random = append(random, 1<<i, (1<<len(mine)-1)^1<<i) // one line of the other; all but one
		}
		for _, take := range random {
			mixed := slices.Clone(mine)
			for i := range mixed {
				if take&(1<<i) != 0 {
					mixed[i] = theirs[i]
				}
			}
			if text := bytes.Join(mixed, []byte("\n")); !valid[string(text)] {
				refused(rt, fmt.Sprintf("lines %b", take), text, a.shown, w.key)
			}
		}
	})
}

// pieces are the segments that a rendition shows, and nil for a hidden run.
func (p published) pieces(tb *testing.T) (list [][]byte) {
	pos, lineStart := 0, true
	show := func(part []byte, last bool) {
		for _, n := range cutPiece(part, lineStart, last, nil) {
			list, part = append(list, part[:n]), part[n:]
		}
		if len(part) > 0 {
			tb.Fatalf("%q is in no segment", part)
		}
	}
	for _, h := range p.file.Redacted.Hidden {
		show(p.shown[pos:h.At], false)
		list = append(list, nil)
		pos, lineStart = int(h.At)+len(h.Mark.String()), h.Mark.endsLine()
	}
	show(p.shown[pos:], true)
	return list
}

// rendered puts pieces together again, with all numbers as they must be for
// them: a forger who knows the format.
func rendered(r Rendition, pieces [][]byte) ([]byte, *Rendition) {
	var shown []byte
	hidden := slices.Clone(r.Hidden)
	r.Hidden, r.Segments = nil, 0
	for _, piece := range pieces {
		if piece != nil {
			shown, r.Segments = append(shown, piece...), r.Segments+1
			continue
		}
		h := hidden[len(r.Hidden)]
		h.At, h.First = int64(len(shown)), r.Segments
		shown, r.Segments = append(shown, h.Mark.String()...), r.Segments+h.Count
		r.Hidden = append(r.Hidden, h)
	}
	return shown, &r
}

// No segment of a redacted item can be moved, dropped or added, by one who
// makes all numbers fit, seeds included, and signs whatever the log says of
// what is shown: the commitment does not open.
func TestNoSegmentIsMovedDroppedOrAdded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		_, w := draw(t, rt)
		for _, p := range w.proofs {
			if p.file.Redacted == nil {
				continue
			}
			c := Context{Origin: testContext.Origin, Collection: p.file.Item.Collection, Number: p.file.Item.Number, Kind: p.file.Kind}
			want, _, err := p.file.Redacted.Open(c, p.shown)
			list := p.pieces(t)
			again, r := rendered(*p.file.Redacted, list)
			if err != nil || !bytes.Equal(again, p.shown) || !reflect.DeepEqual(r, p.file.Redacted) {
				rt.Fatalf("put together again it differs: %v, %q", err, again)
			}
			i, j := rapid.IntRange(0, len(list)-1).Draw(rt, "i"), rapid.IntRange(0, len(list)-1).Draw(rt, "j")
			swapped := slices.Clone(list)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			forgeries := map[string][][]byte{"moved": swapped}
			if list[i] != nil {
				forgeries["dropped"] = slices.Delete(slices.Clone(list), i, i+1)
				forgeries["added"] = slices.Insert(slices.Clone(list), j, list[i])
			}
			for what, forged := range forgeries {
				if !slices.EqualFunc(forged, list, bytes.Equal) {
					p.shut(rt, what, c, want, forged)
				}
			}
		}
	})
}

// shut wants the commitment not to open for pieces, whichever seeds are left
// out or made up.
func (p published) shut(t *rapid.T, what string, c Context, want trove.Digest, pieces [][]byte) {
	shown, r := rendered(*p.file.Redacted, pieces)
	if bytes.Equal(shown, p.shown) {
		return // the segment moved is the same as the one in its new place
	}
	seeds := r.Seeds
	for _, r.Seeds = range [][]byte{seeds, append(bytes.Clone(seeds), make([]byte, 16)...), seeds[:max(0, len(seeds)-16)]} {
		for _, r.Hashes = range [][]byte{p.file.Redacted.Hashes, append(bytes.Clone(p.file.Redacted.Hashes), make([]byte, 32)...)} {
			if leaf, _, err := r.Open(c, shown); err == nil && leaf == want {
				t.Fatalf("%s: %q opens the commitment of what is shown as %q", what, shown, p.shown)
			}
		}
	}
}

// Who has the whole item can hide more of it, since he has its seeds. The
// log's entry says what the publisher shows, so that it does not pass as his.
func TestAReaderWhoHidesMoreIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		_, w := draw(t, rt)
		for _, p := range w.proofs {
			if p.file.Redacted != nil {
				continue
			}
			g := *p.file
			shown, r, _, err := Redact(ItemSecret{g.Seed, g.Salt}, g.Salt, p.shown, drawCuts(rt, p.shown), nil)
			if err != nil {
				rt.Fatal(err)
			}
			g.Redacted = &r
			refused(rt, "hidden by a reader", g.Format(), shown, w.key)
			g.Item.Shown = Salted(r.Salt, shown)
			refused(rt, "and his own entry", g.Format(), shown, w.key)
		}
	})
}

// The proof of a redaction of k places in n segments is small.
func TestRedactionsTakeFewSeedsAndHashes(t *testing.T) {
	t.Parallel()
	word := []byte("word ")
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 5000).Draw(rt, "n")
		content := bytes.Repeat(word, n)
		cut := rapid.Custom(func(t *rapid.T) Cut {
			at := rapid.IntRange(0, n-1).Draw(t, "at")
			return Cut{From: int64(at * len(word)), To: int64(min(n, at+rapid.IntRange(1, 20).Draw(t, "words")) * len(word))}
		})
		cuts := rapid.SliceOfN(cut, 1, 40).Draw(rt, "cuts")
		_, r, _, err := Redact(testSecret.Item("mail", 1), Seed{}, content, cuts, nil)
		if err != nil {
			rt.Fatal(err)
		}
		have, most := len(r.Seeds)/len(Seed{})+len(r.Hashes)/len(trove.Digest{}), 2*float64(len(r.Hidden))*math.Log2(float64(r.Segments))+64
		if float64(have) > most || len(r.Hidden) > len(cuts) {
			rt.Fatalf("%d seeds and hashes for %d places (%d asked for) in %d segments, at most %.0f", have, len(r.Hidden), len(cuts), r.Segments, most)
		}
	})
}
