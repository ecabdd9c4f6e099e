package verifier

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
	"unseal/trove"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// vector is one question to a verifier.
type vector struct {
	What    string `json:"what"`
	Proof   []byte `json:"proof"`
	Content []byte `json:"content"`
	Key     string `json:"key"`
}

// answer is what a verifier says of a vector.
type answer struct {
	Result string `json:"result"`
	Origin string `json:"origin"`
	Item   string `json:"item"`
	Kind   string `json:"kind"`
	Count  int    `json:"count"`
	First  int    `json:"first"`
	Time   string `json:"time"`
	Size   string `json:"size"` // of the log
}

// ask answers a vector with package proof, in the words of verify.ts.
func ask(v *vector) answer {
	f, err := proof.Parse(v.Proof)
	if err != nil {
		return answer{Result: "not a proof file"}
	}
	s, err := proof.Verify(f, v.Content, v.Key)
	a := answer{Result: "matches"}
	switch {
	case errors.Is(err, proof.ErrKey):
		a.Result = "key not known"
	case err != nil:
		return answer{Result: "does not match"}
	}
	a.Origin, a.Kind, a.Size = s.Origin, string(s.Kind), fmt.Sprint(s.LogSize)
	a.Item = fmt.Sprintf("%s/%d@%d in %d", s.Item.Collection, s.Item.Number, s.Item.Edition, s.Item.Batch)
	a.Count, a.First, a.Time = s.Commitment.Count, s.Commitment.First, s.Commitment.Time.Format(time.RFC3339)
	return a
}

// memoryTree is an RFC 6962 tree of leaf hashes.
type memoryTree struct {
	size   int64
	stored []tlog.Hash
}

func (m *memoryTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m.stored[x]
	}
	return out, nil
}

func (m *memoryTree) add(t testing.TB, h tlog.Hash) {
	hs, err := tlog.StoredHashesForRecordHash(m.size, h, m)
	must(t, err)
	m.stored = append(m.stored, hs...)
	m.size++
}

func (m *memoryTree) root(t testing.TB, n int64) trove.Digest {
	h, err := tlog.TreeHash(n, m)
	must(t, err)
	return trove.Digest(h)
}

func (m *memoryTree) path(t testing.TB, n, i int64) proof.Path {
	p, err := tlog.ProveRecord(n, i, m)
	must(t, err)
	return p
}

// random is a stream of bytes for keys, the same each run.
type random struct{ *rand.Rand }

func (r random) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return len(b), nil
}

// world is a log with two collections, all of whose items are out.
type world struct {
	r       random
	origin  string
	key     string
	signers []note.Signer // the log, then perhaps a witness
	entries [][]byte
	log     memoryTree
	sets    []*set
}

// set is what one commitment covers.
type set struct {
	entry    int64 // index of the commitment in the log
	first    int
	items    []int64 // indexes of the items in the log
	contents [][]byte
	kinds    []trove.Kind
	openings []proof.Opening
	tree     memoryTree
}

func newWorld(t testing.TB, seed uint64, origin string, items int) *world {
	w := &world{r: random{rand.New(rand.NewPCG(seed, 1))}, origin: origin}
	w.sign(t, origin)
	w.signers = w.signers[:1]
	if seed%2 == 0 {
		key := w.key
		w.sign(t, "witness.example/w")
		w.key = key
	}
	w.append(t, []byte(`{"type":"genesis"}`))
	w.commit(t, "mail", 1, 1+w.r.IntN(items))
	w.commit(t, "voice-2016", 1+w.r.IntN(40_000), items-len(w.sets[0].contents))
	for range w.r.IntN(40) {
		w.append(t, fmt.Appendf(nil, "%d", w.r.Int()))
	}
	return w
}

// sign adds a signer of that name; its key is the last one made.
func (w *world) sign(t testing.TB, name string) {
	skey, vkey, err := note.GenerateKey(w.r, name)
	must(t, err)
	s, err := note.NewSigner(skey)
	must(t, err)
	w.signers, w.key = append(w.signers, s), vkey
}

func (w *world) append(t testing.TB, entry []byte) int64 {
	w.entries = append(w.entries, entry)
	w.log.add(t, tlog.RecordHash(entry))
	return w.log.size - 1
}

// commit commits to count items and publishes them, in an order of its own.
func (w *world) commit(t testing.TB, coll trove.CollectionName, first, count int) {
	var secret proof.Secret
	_, _ = w.r.Read(secret[:])
	s := &set{first: first, items: make([]int64, count)}
	for i := range count {
		content := w.content()
		kind := []trove.Kind{trove.Mail, trove.Doc, trove.Voice}[w.r.IntN(3)]
		c := proof.Context{Origin: w.origin, Collection: coll, Number: first + i, Kind: kind}
		leaf, opening := proof.Commit(c, secret.Item(coll, first+i), content)
		s.tree.add(t, tlog.Hash(leaf))
		s.contents, s.kinds, s.openings = append(s.contents, content), append(s.kinds, kind), append(s.openings, opening)
	}
	fixed := proof.Commitment{Collection: coll, Count: count, First: first, K: 1, Rule: proof.WordsRule,
		Inventory: trove.Sum(secret[:]), Time: time.Unix(1_400_000_000+w.r.Int64N(400_000_000), 0)}
	if count > 0 {
		fixed.Root = s.tree.root(t, int64(count))
	}
	if first > 1 {
		fixed.K, fixed.Previous = 2, trove.Sum([]byte("previous"))
	}
	s.entry = w.append(t, fixed.Append(nil))
	for _, i := range w.r.Perm(count) {
		e := proof.Item{Batch: 1 + i/7, Collection: coll, Edition: 1 + w.r.IntN(3), Number: first + i, SHA256: trove.Sum(s.contents[i])}
		s.items[i] = w.append(t, e.Append(nil))
	}
	w.sets = append(w.sets, s)
}

// content is an item of any shape: text, base64, bytes, long lines, or none.
func (w *world) content() []byte {
	var b []byte
	for range w.r.IntN(30) {
		n := w.r.IntN(120)
		switch w.r.IntN(7) {
		case 0:
			raw := make([]byte, n*w.r.IntN(20))
			_, _ = w.r.Read(raw)
			b = append(b, base64.StdEncoding.EncodeToString(raw)...)
		case 1:
			raw := make([]byte, n)
			_, _ = w.r.Read(raw)
			b = append(b, raw...)
		case 2:
			b = append(b, strings.Repeat([]string{"-", "a", " ", "é", "=", "> "}[w.r.IntN(6)], n)...)
		default:
			for range n / 8 {
				b = append(b, []string{"harbour ", "wall, ", "From: ada@example.org", " 3.5 mm", "naïve\t", ">> ", "the "}[w.r.IntN(7)]...)
			}
		}
		b = append(b, []string{"\n", "\r\n", "\n\n", "\r", ""}[w.r.IntN(5)]...)
	}
	return b
}

// checkpoint signs the log at that size.
func (w *world) checkpoint(t testing.TB, size int64, root trove.Digest, signers ...note.Signer) proof.Checkpoint {
	text := proof.FormatCheckpoint(w.origin, size, root)
	if w.r.IntN(4) == 0 {
		text += "an extension line\n"
	}
	msg, err := note.Sign(&note.Note{Text: text}, signers...)
	must(t, err)
	c, err := proof.ParseCheckpoint(msg)
	must(t, err)
	return c
}

// file is the proof of the i-th item of s at a size of the log that covers it.
func (w *world) file(t testing.TB, s *set, i int) *proof.File {
	least := max(s.items[i], s.entry) + 1
	size := least + w.r.Int64N(w.log.size-least+1)
	return &proof.File{
		Item: w.entries[s.items[i]], ItemIndex: s.items[i], ItemPath: w.log.path(t, size, s.items[i]),
		Commitment: w.entries[s.entry], CommitmentIndex: s.entry, CommitmentPath: w.log.path(t, size, s.entry),
		Kind: s.kinds[i], Opening: s.openings[i], Place: s.tree.path(t, int64(len(s.items)), int64(i)),
		Checkpoint: w.checkpoint(t, size, w.log.root(t, size), w.signers...),
	}
}

// worlds are as many as hold that number of items together.
func worlds(t testing.TB, items int) []*world {
	var list []*world
	for n := uint64(1); items > 0; n++ {
		origin := []string{"log.example.org/a", "demo.example.org/log", "prøve.example/lög"}[n%3]
		list = append(list, newWorld(t, n, origin, min(items, 50)))
		items -= 50
	}
	return list
}

// accepted are proofs that hold, one of each item.
func accepted(t testing.TB, list []*world) []vector {
	var vs []vector
	for _, w := range list {
		for _, s := range w.sets {
			for i := range s.items {
				vs = append(vs, vector{"sound", w.file(t, s, i).Format(), s.contents[i], w.key})
			}
		}
	}
	return vs
}

// pick is a set of w that has items, and one of them.
func (w *world) pick() (*set, int) {
	for {
		if s := w.sets[w.r.IntN(len(w.sets))]; len(s.items) > 0 {
			return s, w.r.IntN(len(s.items))
		}
	}
}

// clone copies what forgers alter in place.
func clone(f *proof.File) *proof.File {
	g := *f
	g.ItemPath, g.CommitmentPath, g.Place = slices.Clone(f.ItemPath), slices.Clone(f.CommitmentPath), slices.Clone(f.Place)
	return &g
}

// forge makes every forgery of one sound proof: each field and each node of a
// path altered, and parts or all of other sound proofs.
func forge(t testing.TB, list []*world) []vector {
	w := list[list[0].r.IntN(len(list))]
	s, i := w.pick()
	for len(s.contents[i]) == 0 { // nothing has no segments, and so no use for a seed
		s, i = w.pick()
	}
	f, content := w.file(t, s, i), s.contents[i]
	var vs []vector
	add := func(what string, g *proof.File) { vs = append(vs, vector{what, g.Format(), content, w.key}) }
	w.forgeEntries(f, add)
	w.forgePaths(f, add)
	w.forgeOpening(f, add)
	w.forgeCheckpoint(t, f, add)
	w.forgeWithOthers(t, list, s, i, f, add)
	for what, other := range w.alterContent(content) {
		if !bytes.Equal(other, content) {
			vs = append(vs, vector{what, f.Format(), other, w.key})
		}
	}
	return append(vs, w.alterText(f.Format(), content)...)
}

func (w *world) forgeEntries(f *proof.File, add func(string, *proof.File)) {
	item, _ := proof.ParseItem(f.Item)
	fixed, _ := proof.ParseCommitment(f.Commitment)
	n := 1 + w.r.IntN(400)
	for what, alter := range map[string]func(e *proof.Item, c *proof.Commitment){
		"batch":      func(e *proof.Item, _ *proof.Commitment) { e.Batch += n },
		"collection": func(e *proof.Item, c *proof.Commitment) { e.Collection, c.Collection = "post", "post" },
		"edition":    func(e *proof.Item, _ *proof.Commitment) { e.Edition += n },
		"number":     func(e *proof.Item, _ *proof.Commitment) { e.Number += n },
		"sha256":     func(e *proof.Item, _ *proof.Commitment) { e.SHA256[n%32] ^= 1 },
		"of another": func(e *proof.Item, _ *proof.Commitment) { e.Collection = "post" },
		"count":      func(_ *proof.Item, c *proof.Commitment) { c.Count += n },
		"first":      func(_ *proof.Item, c *proof.Commitment) { c.First += n },
		"inventory":  func(_ *proof.Item, c *proof.Commitment) { c.Inventory[n%32] ^= 1 },
		"k":          func(_ *proof.Item, c *proof.Commitment) { c.K += n },
		"previous":   func(_ *proof.Item, c *proof.Commitment) { c.Previous[n%32] ^= 1 },
		"root":       func(_ *proof.Item, c *proof.Commitment) { c.Root[n%32] ^= 1 },
		"rule":       func(_ *proof.Item, c *proof.Commitment) { c.Rule = "unseal-words-2" },
		"time":       func(_ *proof.Item, c *proof.Commitment) { c.Time = c.Time.Add(time.Duration(n) * time.Second) },
	} {
		e, c := item, fixed
		alter(&e, &c)
		g := clone(f)
		g.Item, g.Commitment = e.Append(nil), c.Append(nil)
		add(what, g)
	}
}

func (w *world) forgePaths(f *proof.File, add func(string, *proof.File)) {
	for which := range 3 {
		path := func(g *proof.File) *proof.Path { return []*proof.Path{&g.ItemPath, &g.CommitmentPath, &g.Place}[which] }
		nodes := len(*path(f))
		for k := range nodes {
			g := clone(f)
			(*path(g))[k][w.r.IntN(32)] ^= 1 << w.r.IntN(8)
			add(fmt.Sprintf("node %d of path %d", k, which), g)
		}
		for what, alter := range map[string]func(p proof.Path) proof.Path{
			"longer":   func(p proof.Path) proof.Path { return append(p, tlog.Hash(sha256.Sum256(nil))) },
			"deeper":   func(p proof.Path) proof.Path { return slices.Insert(p, 0, tlog.Hash(sha256.Sum256(nil))) },
			"shorter":  func(p proof.Path) proof.Path { return p[:max(0, len(p)-1)] },
			"reversed": func(p proof.Path) proof.Path { slices.Reverse(p); return p },
			"none":     func(proof.Path) proof.Path { return nil },
		} {
			g := clone(f)
			if *path(g) = alter(*path(g)); !slices.Equal(*path(g), *path(f)) {
				add(fmt.Sprintf("path %d %s", which, what), g)
			}
		}
	}
	g := clone(f)
	g.ItemPath, g.CommitmentPath = g.CommitmentPath, g.ItemPath
	add("paths swapped", g)
}

func (w *world) forgeOpening(f *proof.File, add func(string, *proof.File)) {
	for what, alter := range map[string]func(g *proof.File){
		"item index":       func(g *proof.File) { g.ItemIndex++ },
		"commitment index": func(g *proof.File) { g.CommitmentIndex++ },
		"far index":        func(g *proof.File) { g.ItemIndex = 1 << 62 },
		"kind":             func(g *proof.File) { g.Kind += "x" },
		"no kind":          func(g *proof.File) { g.Kind = "" },
		"segments":         func(g *proof.File) { g.Opening.Segments++ },
		"seed":             func(g *proof.File) { g.Opening.Seed[w.r.IntN(16)] ^= 1 },
		"salt":             func(g *proof.File) { g.Opening.Salt[w.r.IntN(16)] ^= 1 },
		"segment root":     func(g *proof.File) { g.Opening.Root[w.r.IntN(32)] ^= 1 },
	} {
		g := clone(f)
		alter(g)
		add(what, g)
	}
}

// forgeCheckpoint alters what is signed, or has it signed by somebody else.
func (w *world) forgeCheckpoint(t testing.TB, f *proof.File, add func(string, *proof.File)) {
	c := f.Checkpoint
	skey, _, err := note.GenerateKey(w.r, w.origin)
	must(t, err)
	impostor, err := note.NewSigner(skey)
	must(t, err)
	line := bytes.LastIndexByte(c.Note[:len(c.Note)-1], '\n') + 1
	for what, msg := range map[string][]byte{
		"signed by an impostor": w.checkpoint(t, c.Size, c.Root, impostor).Note,
		"another size, signed":  w.checkpoint(t, c.Size+1, c.Root, impostor).Note,
		"another root, signed":  w.checkpoint(t, c.Size, trove.Sum(nil), impostor).Note,
		"size":                  bytes.Replace(c.Note, fmt.Appendf(nil, "\n%d\n", c.Size), fmt.Appendf(nil, "\n%d\n", c.Size+1), 1),
		"origin":                append([]byte("x"), c.Note...),
		"no signature":          c.Note[:bytes.Index(c.Note, []byte("\n\n"))+2],
		"a malformed one more":  append(bytes.Clone(c.Note), "— "+w.origin+" AAAA\n"...),
		"too many":              append(bytes.Clone(c.Note), bytes.Repeat(c.Note[line:], 100)...),
		"a control character":   append(bytes.Clone(c.Note), "— a\x01b AAAAAAAAAAAA\n"...),
		"a plus in a name":      append(bytes.Clone(c.Note), "— a+b AAAAAAAAAAAA\n"...),
		"space in a name":       append(bytes.Clone(c.Note), "— a\u00a0b AAAAAAAAAAAA\n"...),
		"no UTF-8":              append(bytes.Clone(c.Note), "— a\xff AAAAAAAAAAAA\n"...),
	} {
		g := clone(f)
		g.Checkpoint.Note = msg
		add("checkpoint: "+what, g)
	}
}

// forgeWithOthers mixes a sound proof with other sound ones.
func (w *world) forgeWithOthers(t testing.TB, list []*world, s *set, i int, f *proof.File, add func(string, *proof.File)) {
	for _, other := range []*world{w, list[w.r.IntN(len(list))]} {
		s2, i2 := other.pick()
		if s2 == s && i2 == i || bytes.Equal(s2.contents[i2], s.contents[i]) {
			continue
		}
		o := other.file(t, s2, i2)
		add("of another item or log", o)
		for what, mix := range map[string]func(g *proof.File){
			"item":       func(g *proof.File) { g.Item, g.ItemIndex, g.ItemPath = o.Item, o.ItemIndex, o.ItemPath },
			"opening":    func(g *proof.File) { g.Opening, g.Kind, g.Place = o.Opening, o.Kind, o.Place },
			"checkpoint": func(g *proof.File) { g.Checkpoint = o.Checkpoint },
		} {
			g := clone(f)
			if mix(g); !bytes.Equal(g.Format(), f.Format()) && !(what == "checkpoint" && o.Checkpoint.Size == f.Checkpoint.Size && other == w) {
				add(what+" of another item or log", g)
			}
		}
	}
}

func (w *world) alterContent(content []byte) map[string][]byte {
	flipped := bytes.Clone(content)
	if len(flipped) > 0 {
		flipped[w.r.IntN(len(flipped))] ^= 1 << w.r.IntN(8)
	}
	return map[string][]byte{"content: a bit": flipped, "content: cut": content[:len(content)/2], "content: longer": append(bytes.Clone(content), '\n'), "content: none": nil}
}

var segmentCount = regexp.MustCompile(`(\nopening \S* )\d+ `)

// alterText alters the text of a proof, whatever it says. What a witness signed
// is left alone: nobody has given the verifier his key.
func (w *world) alterText(text, content []byte) []vector {
	var vs []vector
	ours, _, _ := bytes.Cut(text, []byte("— witness"))
	for range 8 {
		at := w.r.IntN(len(ours))
		b := bytes.Clone(text)
		b[at] ^= 1 << w.r.IntN(8)
		vs = append(vs, vector{fmt.Sprintf("bit of byte %d", at), b, content, w.key})
	}
	at := w.r.IntN(len(ours))
	for what, b := range map[string][]byte{
		"cut":              text[:at],
		"a byte twice":     slices.Insert(bytes.Clone(text), at, text[at]^0x20),
		"a line end":       slices.Insert(bytes.Clone(text), at, '\n'),
		"carriage returns": bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
		"byte order mark":  append([]byte("\ufeff"), text...),
		"loose bits":       bytes.Replace(text, []byte("=="), []byte("B="), 1),
		"leading zero":     bytes.Replace(text, []byte("\nitem "), []byte("\nitem 0"), 1),
		"plus":             bytes.Replace(text, []byte("\nitem "), []byte("\nitem +"), 1),
		"escape":           bytes.Replace(text, []byte(`"collection":"`), []byte(`"collection":"\u006d`), 1),
		"space":            bytes.Replace(text, []byte(`,"`), []byte(`, "`), 1),
		"a line more":      bytes.Replace(text, []byte("\n\n"), []byte("\npath \n\n"), 1),
		"many segments":    segmentCount.ReplaceAll(text, []byte("${1}2147483648 ")),
		"version":          bytes.Replace(text, []byte("proof/1"), []byte("proof/2"), 1),
		"nothing":          nil,
		"huge":             append(bytes.Clone(text), make([]byte, proof.MaxFile)...),
	} {
		vs = append(vs, vector{what, b, content, w.key})
	}
	return vs
}

// oddEntries are sound proofs but for entries that are nearly in form, in a
// log that was made for each: they find differences between two readers.
func oddEntries(t testing.TB, w *world) []vector {
	s, i := w.pick()
	f := w.file(t, s, i)
	var vs []vector
	for _, change := range [][2]string{
		{`"k":1`, `"k":9223372036854775807`}, {`"k":1`, `"k":9223372036854775808`}, {`"k":1`, `"k":0`}, {`"k":1`, `"k":-1`},
		{`unseal-words-1`, `unseal-words-2`}, {`unseal-words-1`, ``}, {`unseal-words-1`, "a\u2028b"}, {`unseal-words-1`, "a\u007fb"}, {`unseal-words-1`, "a\xffb"},
		{`unseal-words-1`, `a&b`}, {`unseal-words-1`, `a\\b`}, {`unseal-words-1`, "é"}, {`unseal-words-1`, "\ufeffa"}, {`unseal-words-1`, "a\tb"}, {`unseal-words-1`, strings.Repeat("a", proof.MaxFile)},
		{`"time":"20`, `"time":"00`}, {`"time":"2`, `"time":"0`}, {`Z","type"`, `+00:00","type"`}, {`Z","type"`, `.5Z","type"`}, {`"time":"20`, `"time":"2016-02-30T00:00:00Z","x":"20`},
		{`"previous":""`, `"previous":"` + strings.Repeat("0", 64) + `"`}, {`"count":`, `"count":9`}, {`"first":`, `"first":214748364`}, {`"first":`, `"first":0`},
		{`"inventory":"`, `"inventory":"a`}, {`"type":"commitment"`, `"type":"item"`},
	} {
		vs = append(vs, w.odd(t, f, s.contents[i], "commitment", change))
	}
	fixed, _ := proof.ParseCommitment(f.Commitment)
	when := fixed.Time.UTC().Format(time.RFC3339)
	for _, other := range []string{"2016-02-29T23:59:59Z", "2015-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2016-12-31T23:59:60Z", "2016-12-31T24:00:00Z", "2016-13-01T00:00:00Z",
		"2016-00-01T00:00:00Z", "2016-04-31T00:00:00Z", "2016-04-00T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2016-04-01T00:00:00z", "2016-04-01 00:00:00Z", "2016-4-01T00:00:00ZZ"} {
		vs = append(vs, w.odd(t, f, s.contents[i], "commitment", [2]string{when, other}))
	}
	for _, change := range [][2]string{
		{`"batch":`, `"batch":9999999999`}, {`"batch":`, `"batch":0`}, {`"batch":`, `"batch":21474836`}, {`"edition":`, `"edition":-`}, {`"edition":1`, `"edition":2147483647`}, {`"edition":1`, `"edition":2147483648`},
		{`"collection":"`, `"collection":"-`}, {`"collection":"`, `"collection":"` + strings.Repeat("a", 60)}, {`"collection":"`, `"collection":"` + strings.Repeat("a", 59)}, {`"collection":"m`, `"collection":"M`},
		{`"type":"item"`, `"type":"item","x":1`}, {`a`, `A`}, {`,`, `, `},
	} {
		vs = append(vs, w.odd(t, f, s.contents[i], "item", change))
	}
	return vs
}

// dishonest are commitments that a publisher made wrongly and signed: each
// fails one check alone.
func dishonest(t testing.TB, w *world) []vector {
	s, i := w.pick()
	f := w.file(t, s, i)
	item, _ := proof.ParseItem(f.Item)
	fixed, _ := proof.ParseCommitment(f.Commitment)
	fixed.Count, fixed.First, f.Place = 1, item.Number, nil
	vast := make(proof.Path, 64)
	for i := range vast {
		_, _ = w.r.Read(vast[i][:])
	}
	var vs []vector
	for what, alter := range map[string]func(g *proof.File, e *proof.Item, c *proof.Commitment){
		"honest":                func(*proof.File, *proof.Item, *proof.Commitment) {},
		"halves that disagree":  func(g *proof.File, _ *proof.Item, _ *proof.Commitment) { g.Opening.Root[0] ^= 1 },
		"number of segments":    func(g *proof.File, _ *proof.Item, _ *proof.Commitment) { g.Opening.Segments++ },
		"seed":                  func(g *proof.File, _ *proof.Item, _ *proof.Commitment) { g.Opening.Seed[0] ^= 1 },
		"unknown rule":          func(g *proof.File, _ *proof.Item, c *proof.Commitment) { g.Opening.Rule, c.Rule = "rule-2", "rule-2" },
		"other collection":      func(_ *proof.File, _ *proof.Item, c *proof.Commitment) { c.Collection = "post" },
		"before the first":      func(_ *proof.File, _ *proof.Item, c *proof.Commitment) { c.First++ },
		"behind the last":       func(_ *proof.File, e *proof.Item, _ *proof.Commitment) { e.Number++ },
		"a vast collection":     func(g *proof.File, _ *proof.Item, c *proof.Commitment) { c.Count, g.Place = 1<<30, vast[:30] },
		"too vast a collection": func(g *proof.File, _ *proof.Item, c *proof.Commitment) { c.Count, g.Place = 1<<31-1, vast[:31] },
		"other bytes":           func(_ *proof.File, e *proof.Item, _ *proof.Commitment) { e.SHA256[0] ^= 1 },
	} {
		g, e, c := clone(f), item, fixed
		alter(g, &e, &c)
		leaf := g.Opening.Fast(proof.Context{Origin: w.origin, Collection: e.Collection, Number: e.Number, Kind: g.Kind}, s.contents[i])
		c.Root = leftmost(leaf, g.Place)
		g.Item, g.Commitment = e.Append(nil), c.Append(nil)
		vs = append(vs, w.odd(t, g, s.contents[i], what, [2]string{}))
		if what == "honest" { // beside its commitment at the beginning of a log of 2^62 entries
			c, e := tlog.RecordHash(g.Commitment), tlog.RecordHash(g.Item)
			g.CommitmentIndex, g.ItemIndex = 0, 1
			g.CommitmentPath, g.ItemPath = append(proof.Path{e}, vast[:61]...), append(proof.Path{c}, vast[:61]...)
			g.Checkpoint = w.checkpoint(t, 1<<62, leftmost(trove.Digest(c), g.CommitmentPath), w.signers...)
			vs = append(vs, vector{"a vast log", g.Format(), s.contents[i], w.key})
			vs = append(vs, w.behind(t, g, s.contents[i]))
		}
	}
	return vs
}

// behind puts the commitment of a sound proof behind its item.
func (w *world) behind(t testing.TB, g *proof.File, content []byte) vector {
	var log memoryTree
	log.add(t, tlog.RecordHash(g.Item))
	log.add(t, tlog.RecordHash(g.Commitment))
	g.ItemIndex, g.CommitmentIndex = 0, 1
	g.ItemPath, g.CommitmentPath = log.path(t, 2, 0), log.path(t, 2, 1)
	g.Checkpoint = w.checkpoint(t, 2, log.root(t, 2), w.signers...)
	return vector{"a commitment behind its item", g.Format(), content, w.key}
}

// leftmost is the root above the first leaf of a tree.
func leftmost(leaf trove.Digest, path proof.Path) trove.Digest {
	h := tlog.Hash(leaf)
	for _, p := range path {
		h = tlog.NodeHash(h, p)
	}
	return trove.Digest(h)
}

// odd changes one entry of f and makes log and signature around it anew.
func (w *world) odd(t testing.TB, f *proof.File, content []byte, which string, change [2]string) vector {
	g := clone(f)
	to := &g.Item
	if which == "commitment" {
		to = &g.Commitment
	}
	*to = bytes.Replace(*to, []byte(change[0]), []byte(change[1]), 1)
	var log memoryTree
	log.add(t, tlog.RecordHash(g.Commitment))
	log.add(t, tlog.RecordHash(g.Item))
	g.CommitmentIndex, g.ItemIndex = 0, 1
	g.CommitmentPath, g.ItemPath = log.path(t, 2, 0), log.path(t, 2, 1)
	g.Checkpoint = w.checkpoint(t, 2, log.root(t, 2), w.signers...)
	return vector{fmt.Sprintf("%s: %q for %q", which, change[1], change[0]), g.Format(), content, w.key}
}

// keys are ways to give a key, of which few are the log's.
func keys(t testing.TB, w *world) []vector {
	s, i := w.pick()
	text := w.file(t, s, i).Format()
	_, other, err := note.GenerateKey(w.r, w.origin)
	must(t, err)
	_, stranger, err := note.GenerateKey(w.r, "stranger.example/log")
	must(t, err)
	name, rest, _ := strings.Cut(w.key, "+")
	var list []vector
	for _, key := range []string{"", "nonsense", "+", "++", other, stranger, w.key[:len(w.key)-1], w.key + "=", w.key + "\n", w.key[:len(w.key)-4] + "\r\n" + w.key[len(w.key)-4:], " " + w.key, w.key + "+",
		name + "+" + strings.ToUpper(rest[:8]) + rest[8:], name + "+0" + rest, "x" + w.key, "é" + w.key, name, name + "+" + rest[:9],
		name + "+" + rest[:9] + base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64([]byte{2}, 1))} {
		list = append(list, vector{fmt.Sprintf("key %q", key), text, s.contents[i], key})
	}
	return list
}
