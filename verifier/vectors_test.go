package verifier

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
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

	Witnesses []string `json:"witnesses"` // their keys
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

	Segments int    `json:"segments"`
	Hidden   string `json:"hidden"`
	Seen     string `json:"seen"` // by witnesses
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
	a.Origin, a.Kind, a.Size = s.Origin, strings.ToValidUTF8(string(s.Kind), "\ufffd"), fmt.Sprint(s.LogSize)
	a.Item = fmt.Sprintf("%s/%d@%d in %d", s.Item.Collection, s.Item.Number, s.Item.Edition, s.Item.Batch)
	a.Count, a.First, a.Time = s.Commitment.Count, s.Commitment.First, s.Commitment.Time.Format(time.RFC3339)
	a.Segments = s.Segments
	for _, h := range s.Hidden {
		a.Hidden += fmt.Sprintf("%d+%d ", h.First, h.Count)
	}
	for _, key := range v.Witnesses {
		said, ok := seenBy(f.Checkpoint, key)
		if !ok {
			return answer{Result: "does not match"}
		}
		a.Seen += said + " "
	}
	return a
}

// seenBy says when a witness saw a checkpoint; false if his cosignature is wrong.
func seenBy(c proof.Checkpoint, key string) (string, bool) {
	w, err := proof.ParseWitness(key)
	if err != nil {
		return "not a key", true
	}
	at, err := c.SeenBy(w)
	switch {
	case errors.Is(err, proof.ErrUnseen):
		return "not seen", true
	case err != nil:
		return "", false
	}
	return fmt.Sprint("seen ", at.Unix()), true
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
	signer  note.Signer
	entries [][]byte
	log     memoryTree
	sets    []*set

	witness   proof.Witness
	witnessed ed25519.PrivateKey // nil where no witness cosigns
}

// set is what one commitment covers.
type set struct {
	fixed    proof.Commitment
	entry    int64 // index of the commitment in the log
	items    []published
	contents [][]byte // what is shown
	tree     memoryTree
}

// published is one item that is out.
type published struct {
	entry  proof.Item
	index  int64 // in the log
	kind   trove.Kind
	secret proof.ItemSecret
	hidden *proof.Rendition // nil for an item that is shown as it is
}

func newWorld(t testing.TB, seed uint64, origin string, items int) *world {
	w := &world{r: random{rand.New(rand.NewPCG(seed, 1))}, origin: origin}
	w.signer, w.key = w.newSigner(t, origin)
	if seed%2 == 0 {
		key := make([]byte, ed25519.SeedSize)
		_, _ = w.r.Read(key)
		w.witnessed = ed25519.NewKeyFromSeed(key)
		var err error
		w.witness, err = proof.NewWitness("witness.example/w", w.witnessed.Public().(ed25519.PublicKey))
		must(t, err)
	}
	w.append([]byte(`{"type":"genesis"}`))
	w.commit(t, "mail", 1, 1+w.r.IntN(items))
	w.commit(t, "voice-2016", 1+w.r.IntN(40_000), items-len(w.sets[0].contents))
	for range w.r.IntN(40) {
		w.append(fmt.Appendf(nil, "%d", w.r.Int()))
	}
	return w
}

func (w *world) newSigner(t testing.TB, name string) (note.Signer, string) {
	skey, vkey, err := note.GenerateKey(w.r, name)
	must(t, err)
	s, err := note.NewSigner(skey)
	must(t, err)
	return s, vkey
}

func (w *world) append(entry []byte) int64 {
	w.entries = append(w.entries, entry)
	hs, err := tlog.StoredHashesForRecordHash(w.log.size, tlog.RecordHash(entry), &w.log)
	if err != nil {
		panic(err) // the tree is in memory
	}
	w.log.stored = append(w.log.stored, hs...)
	w.log.size++
	return w.log.size - 1
}

// commit commits to count items and publishes them, in an order of its own.
func (w *world) commit(t testing.TB, coll trove.CollectionName, first, count int) {
	var secret proof.Secret
	_, _ = w.r.Read(secret[:])
	s := &set{items: make([]published, count), contents: make([][]byte, count)}
	for i := range count {
		it, content := &s.items[i], w.content()
		it.kind, it.secret = []trove.Kind{trove.Mail, trove.Doc, trove.Voice}[w.r.IntN(3)], secret.Item(coll, first+i)
		it.entry = proof.Item{Batch: 1 + i/7, Collection: coll, Edition: 1 + w.r.IntN(3), Number: first + i}
		leaf, _ := proof.Commit(w.context(it), it.secret, content)
		s.tree.add(t, tlog.Hash(leaf))
		it.entry.Shown = proof.Salted(it.secret.Salt, content)
		if len(content) > 0 && w.r.IntN(3) == 0 {
			salt := secret.Edition(coll, first+i, it.entry.Edition)
			shown, r, _, err := proof.Redact(it.secret, salt, content, w.cuts(content), w.bounds(content))
			must(t, err)
			it.hidden, it.entry.Shown, content = &r, proof.Salted(salt, shown), shown
		}
		s.contents[i] = content
	}
	s.fixed = proof.Commitment{Collection: coll, Count: count, First: first, K: 1, Rule: proof.WordsRule,
		Inventory: trove.Sum(secret[:]), Time: time.Unix(1_400_000_000+w.r.Int64N(400_000_000), 0).UTC()}
	if count > 0 {
		s.fixed.Root = s.tree.root(t, int64(count))
	}
	if first > 1 {
		s.fixed.K, s.fixed.Previous = 2, trove.Sum([]byte("previous"))
	}
	s.entry = w.append(s.fixed.Append(nil))
	for _, i := range w.r.Perm(count) {
		s.items[i].index = w.append(s.items[i].entry.Append(nil))
	}
	w.sets = append(w.sets, s)
}

func (w *world) context(it *published) proof.Context {
	return proof.Context{Origin: w.origin, Collection: it.entry.Collection, Number: it.entry.Number, Kind: it.kind}
}

// cuts are one to five places of content, which is not empty.
func (w *world) cuts(content []byte) []proof.Cut {
	var list []proof.Cut
	for range 1 + w.r.IntN(5) {
		from := w.r.IntN(len(content))
		list = append(list, proof.Cut{From: int64(from), To: int64(min(len(content), from+1+w.r.IntN(60))), Base64: w.r.IntN(3) == 0})
	}
	return list
}

func (w *world) bounds(content []byte) []int64 {
	var list []int64
	for range w.r.IntN(4) {
		list = append(list, w.r.Int64N(int64(len(content))))
	}
	slices.Sort(list)
	return list
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

// checkpoint signs the log at that size, and has the witness cosign.
func (w *world) checkpoint(t testing.TB, size int64, root trove.Digest, signer note.Signer) proof.Checkpoint {
	text := proof.FormatCheckpoint(w.origin, size, root)
	if w.r.IntN(4) == 0 {
		text += "an extension line\n"
	}
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	must(t, err)
	if w.witnessed != nil {
		at := 1_500_000_000 + w.r.Int64N(1_000_000)
		line := binary.BigEndian.AppendUint32(nil, w.witness.ID)
		line = binary.BigEndian.AppendUint64(line, uint64(at))
		line = append(line, ed25519.Sign(w.witnessed, proof.CosignedText(at, text))...)
		msg = fmt.Appendf(msg, "— %s %s\n", w.witness.Name, base64.StdEncoding.EncodeToString(line))
	}
	c, err := proof.ParseCheckpoint(msg)
	must(t, err)
	return c
}

// file is the proof of the i-th item of s at a size of the log that covers it.
func (w *world) file(t testing.TB, s *set, i int) *proof.File {
	it := s.items[i]
	least := max(it.index, s.entry) + 1
	size := least + w.r.Int64N(w.log.size-least+1)
	f := &proof.File{
		Item: it.entry, ItemIndex: it.index, ItemPath: w.log.path(t, size, it.index),
		Commitment: s.fixed, CommitmentIndex: s.entry, CommitmentPath: w.log.path(t, size, s.entry),
		Kind: it.kind, Redacted: it.hidden, Place: s.tree.path(t, int64(len(s.items)), int64(i)),
		Checkpoint: w.checkpoint(t, size, w.log.root(t, size), w.signer),
	}
	if it.hidden == nil {
		f.Seed, f.Salt = it.secret.Seed, it.secret.Salt
	}
	return f
}

// witnesses are the keys of those who cosign.
func (w *world) witnesses() []string {
	if w.witnessed == nil {
		return nil
	}
	return []string{w.witness.String()}
}

func (w *world) vector(what string, text, content []byte) vector {
	return vector{what, text, content, w.key, w.witnesses()}
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
				vs = append(vs, w.vector("sound", w.file(t, s, i).Format(), s.contents[i]))
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
	if f.Redacted != nil {
		r := *f.Redacted
		r.Hidden, r.Seeds, r.Hashes = slices.Clone(r.Hidden), slices.Clone(r.Seeds), slices.Clone(r.Hashes)
		g.Redacted = &r
	}
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
	add := func(what string, g *proof.File) { vs = append(vs, w.vector(what, g.Format(), content)) }
	w.forgeEntries(f, add)
	w.forgePaths(f, add)
	w.forgeOpening(f, add)
	w.forgeCheckpoint(t, f, add)
	w.forgeWithOthers(t, list, s, i, f, add)
	vs = append(vs, w.forgeWithEditions(t, s, i, f)...)
	if f.Redacted != nil {
		w.forgeRendition(f, add)
		vs = append(vs, w.forgeMarks(f, content)...)
	}
	for what, other := range w.alterContent(content) {
		if !bytes.Equal(other, content) {
			vs = append(vs, w.vector(what, f.Format(), other))
		}
	}
	return append(vs, w.alterText(f.Format(), content)...)
}

func (w *world) forgeEntries(f *proof.File, add func(string, *proof.File)) {
	n := 1 + w.r.IntN(400)
	for what, alter := range map[string]func(e *proof.Item, c *proof.Commitment){
		"batch":      func(e *proof.Item, _ *proof.Commitment) { e.Batch += n },
		"collection": func(e *proof.Item, c *proof.Commitment) { e.Collection, c.Collection = "post", "post" },
		"edition":    func(e *proof.Item, _ *proof.Commitment) { e.Edition += n },
		"number":     func(e *proof.Item, _ *proof.Commitment) { e.Number += n },
		"shown":      func(e *proof.Item, _ *proof.Commitment) { e.Shown[n%32] ^= 1 },
		"count":      func(_ *proof.Item, c *proof.Commitment) { c.Count += n },
		"first":      func(_ *proof.Item, c *proof.Commitment) { c.First += n },
		"both":       func(e *proof.Item, c *proof.Commitment) { e.Number += n; c.First += n },
		"inventory":  func(_ *proof.Item, c *proof.Commitment) { c.Inventory[n%32] ^= 1 },
		"k":          func(_ *proof.Item, c *proof.Commitment) { c.K += n },
		"previous":   func(_ *proof.Item, c *proof.Commitment) { c.Previous[n%32] ^= 1 },
		"rule":       func(_ *proof.Item, c *proof.Commitment) { c.Rule = "unseal-words-2" },
		"time":       func(_ *proof.Item, c *proof.Commitment) { c.Time = c.Time.Add(time.Duration(n) * time.Second) },
	} {
		g := clone(f)
		alter(&g.Item, &g.Commitment)
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
	forgeries := map[string]func(g *proof.File){
		"item index":       func(g *proof.File) { g.ItemIndex++ },
		"commitment index": func(g *proof.File) { g.CommitmentIndex++ },
		"far index":        func(g *proof.File) { g.ItemIndex = 1 << 62 },
		"kind":             func(g *proof.File) { g.Kind += "x" },
		"no kind":          func(g *proof.File) { g.Kind = "" },
	}
	if f.Redacted == nil {
		forgeries["seed"] = func(g *proof.File) { g.Seed[w.r.IntN(16)] ^= 1 }
		forgeries["salt"] = func(g *proof.File) { g.Salt[w.r.IntN(16)] ^= 1 }
	} else {
		forgeries["shown as it is"] = func(g *proof.File) { g.Redacted, g.Salt = nil, g.Redacted.Salt }
	}
	for what, alter := range forgeries {
		g := clone(f)
		alter(g)
		add(what, g)
	}
}

// forgeRendition alters what opens a redacted item: every field, seed and hash,
// and segments that are moved, dropped and added.
func (w *world) forgeRendition(f *proof.File, add func(string, *proof.File)) {
	r := f.Redacted
	i := w.r.IntN(len(r.Hidden))
	forgeries := map[string]func(r *proof.Rendition){
		"segments":            func(r *proof.Rendition) { r.Segments++ },
		"salted":              func(r *proof.Rendition) { r.Salted[w.r.IntN(32)] ^= 1 },
		"salt of the edition": func(r *proof.Rendition) { r.Salt[w.r.IntN(16)] ^= 1 },
		"mark moved":          func(r *proof.Rendition) { r.Hidden[i].At++ },
		"mark before all":     func(r *proof.Rendition) { r.Hidden[i].At = -1 },
		"mark beyond all":     func(r *proof.Rendition) { r.Hidden[i].At = 1<<63 - 1 },
		"another mark":        func(r *proof.Rendition) { r.Hidden[i].Mark = (r.Hidden[i].Mark + 1) % 6 },
		"run moved":           func(r *proof.Rendition) { r.Hidden[i].First++ },
		"run longer":          func(r *proof.Rendition) { r.Hidden[i].Count++ },
		"segment added":       func(r *proof.Rendition) { r.Hidden[i].Count++; r.Segments++ },
		"vast run":            func(r *proof.Rendition) { r.Hidden[i].Count, r.Segments = 1<<31-1, 1<<31-1 },
		"run dropped":         func(r *proof.Rendition) { r.Hidden = slices.Delete(r.Hidden, i, i+1) },
		"run twice":           func(r *proof.Rendition) { r.Hidden = slices.Insert(r.Hidden, i, r.Hidden[i]) },
		"seed added":          func(r *proof.Rendition) { r.Seeds = append(r.Seeds, make([]byte, 16)...) },
		"hash added":          func(r *proof.Rendition) { r.Hashes = append(r.Hashes, make([]byte, 32)...) },
		"hashes dropped":      func(r *proof.Rendition) { r.Hashes = nil },
	}
	for at := 0; at < len(r.Seeds); at += 16 {
		forgeries[fmt.Sprintf("seed %d", at/16)] = func(r *proof.Rendition) { r.Seeds[at+w.r.IntN(16)] ^= 1 << w.r.IntN(8) }
	}
	for at := 0; at < len(r.Hashes); at += 32 {
		forgeries[fmt.Sprintf("hash %d", at/32)] = func(r *proof.Rendition) { r.Hashes[at+w.r.IntN(32)] ^= 1 << w.r.IntN(8) }
	}
	if len(r.Seeds) > 0 {
		forgeries["seed dropped"] = func(r *proof.Rendition) { r.Seeds = r.Seeds[16:] }
	}
	if len(r.Hashes) > 32 {
		forgeries["hashes reversed"] = func(r *proof.Rendition) {
			r.Hashes = slices.Concat(r.Hashes[32:64], r.Hashes[:32], r.Hashes[64:])
		}
	}
	for what, alter := range forgeries {
		g := clone(f)
		alter(g.Redacted)
		if len(g.Redacted.Hidden) > 0 {
			add("rendition: "+what, g)
		}
	}
}

// forgeMarks alters what is shown together with its digest, so that only the
// commitment tells.
func (w *world) forgeMarks(f *proof.File, content []byte) []vector {
	h := f.Redacted.Hidden[w.r.IntN(len(f.Redacted.Hidden))]
	mark, end := h.Mark.String(), int(h.At)+len(h.Mark.String())
	var vs []vector
	for what, other := range map[string][]byte{
		"mark altered":     bytes.Replace(content, []byte(mark), bytes.ToUpper([]byte(mark)), 1),
		"mark dropped":     slices.Delete(bytes.Clone(content), int(h.At), end),
		"mark twice":       slices.Insert(bytes.Clone(content), end, []byte(mark)...),
		"words put in":     slices.Insert(bytes.Clone(content), end, []byte("some words ")...),
		"byte after it":    slices.Insert(bytes.Clone(content), end, 'x'),
		"words for a mark": slices.Concat(content[:h.At], []byte("harbour wall"), content[end:]),
	} {
		g := clone(f)
		g.Item.Shown = proof.Salted(g.Redacted.Salt, other)
		vs = append(vs, w.vector("rendition: "+what, g.Format(), other))
	}
	return vs
}

// forgeCheckpoint alters what is signed, or has it signed by somebody else.
func (w *world) forgeCheckpoint(t testing.TB, f *proof.File, add func(string, *proof.File)) {
	c := f.Checkpoint
	impostor, _ := w.newSigner(t, w.origin)
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
			"item": func(g *proof.File) { g.Item, g.ItemIndex, g.ItemPath = o.Item, o.ItemIndex, o.ItemPath },
			"opening": func(g *proof.File) {
				g.Seed, g.Salt, g.Redacted, g.Kind, g.Place = o.Seed, o.Salt, o.Redacted, o.Kind, o.Place
			},
			"checkpoint": func(g *proof.File) { g.Checkpoint = o.Checkpoint },
		} {
			g := clone(f)
			if mix(g); !bytes.Equal(g.Format(), f.Format()) && !(what == "checkpoint" && o.Checkpoint.Size == f.Checkpoint.Size && other == w) {
				add(what+" of another item or log", g)
			}
		}
	}
}

// forgeWithEditions publishes the item once more, redacted, and mixes what is
// shown in one edition with the proof of the other.
func (w *world) forgeWithEditions(t testing.TB, s *set, i int, f *proof.File) []vector {
	it, content := s.items[i], s.contents[i]
	if it.hidden != nil {
		return nil // its exact bytes are not kept here
	}
	shown, r, _, err := proof.Redact(it.secret, proof.Seed{7}, content, w.cuts(content), nil)
	must(t, err)
	it.entry.Edition, it.entry.Shown, it.hidden = it.entry.Edition+1, proof.Salted(r.Salt, shown), &r
	it.index = w.append(it.entry.Append(nil))
	items := s.items
	s.items = slices.Clone(items)
	s.items[i] = it
	g := w.file(t, s, i)
	s.items = items
	sound := w.vector("another edition", g.Format(), shown)
	if got := ask(&sound); got.Result != "matches" {
		t.Fatalf("an edition that is sound: %+v", got)
	}
	mixed := clone(f)
	mixed.Redacted, mixed.Seed, mixed.Salt = g.Redacted, proof.Seed{}, proof.Seed{}
	return []vector{w.vector("bytes of a later edition", f.Format(), shown), w.vector("bytes of an earlier edition", g.Format(), content), w.vector("opening of a later edition", mixed.Format(), shown)}
}

func (w *world) alterContent(content []byte) map[string][]byte {
	flipped := bytes.Clone(content)
	if len(flipped) > 0 {
		flipped[w.r.IntN(len(flipped))] ^= 1 << w.r.IntN(8)
	}
	return map[string][]byte{"content: a bit": flipped, "content: cut": content[:len(content)/2], "content: longer": append(bytes.Clone(content), '\n'), "content: none": nil}
}

// alterText alters the text of a proof, whatever it says. The line of a witness
// is left alone: altered, it can become that of one whom nobody knows.
func (w *world) alterText(text, content []byte) []vector {
	var vs []vector
	ours, _, _ := bytes.Cut(text, []byte("— witness"))
	for range 8 {
		at := w.r.IntN(len(ours))
		b := bytes.Clone(text)
		b[at] ^= 1 << w.r.IntN(8)
		vs = append(vs, w.vector(fmt.Sprintf("bit of byte %d", at), b, content))
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
		"a space more":     bytes.Replace(text, []byte("\ncommitment "), []byte("\ncommitment  "), 1),
		"a word more":      bytes.Replace(text, []byte("\npath "), []byte(" x\npath "), 1),
		"a line more":      bytes.Replace(text, []byte("\n\n"), []byte("\npath \n\n"), 1),
		"many editions":    bytes.Replace(text, []byte("\nitem "), []byte("\nitem 2147483648"), 1),
		"version":          bytes.Replace(text, []byte("proof/2"), []byte("proof/1"), 1),
		"nothing":          nil,
	} {
		vs = append(vs, w.vector(what, b, content))
	}
	return vs
}

// oddProofs have fields that are nearly in form, in a log that was made for
// each: they find differences between two readers.
func oddProofs(t testing.TB, w *world) []vector {
	s, i := w.pick()
	f := w.file(t, s, i)
	most := 1<<31 - 1
	var vs []vector
	for _, alter := range []func(g *proof.File){
		func(g *proof.File) { g.Commitment.K = most }, func(g *proof.File) { g.Commitment.K = most + 1 }, func(g *proof.File) { g.Commitment.K = 0 }, func(g *proof.File) { g.Commitment.K = -1 },
		func(g *proof.File) { g.Commitment.Rule = "" }, func(g *proof.File) { g.Commitment.Rule = "unseal-words-2" }, func(g *proof.File) { g.Commitment.Rule = "unseal-words-1 " }, func(g *proof.File) { g.Commitment.Rule = "a\xffb" },
		func(g *proof.File) { g.Commitment.Previous = trove.Digest{} }, func(g *proof.File) { g.Commitment.Inventory = trove.Digest{} }, func(g *proof.File) { g.Commitment.First = 0 },
		func(g *proof.File) { g.Commitment.Count = 0 }, func(g *proof.File) { g.Commitment.Count = 1<<31 - 1 }, func(g *proof.File) { g.Commitment.Collection = "post" },
		func(g *proof.File) { g.Item.Batch = 0 }, func(g *proof.File) { g.Item.Batch = most }, func(g *proof.File) { g.Item.Batch = most + 1 },
		func(g *proof.File) { g.Item.Edition = 0 }, func(g *proof.File) { g.Item.Edition = 1<<31 - 1 }, func(g *proof.File) { g.Item.Edition = -1 }, func(g *proof.File) { g.Item.Number = 0 },
		func(g *proof.File) { g.Kind = "x y" }, func(g *proof.File) { g.Kind = "\u00e9\xff" }, func(g *proof.File) { g.ItemIndex = -1 }, func(g *proof.File) { g.ItemIndex = 1<<62 + 1 },
	} {
		vs = append(vs, w.made(t, f, s.contents[i], alter))
	}
	for _, name := range []trove.CollectionName{"", "-a", "a-", "A", "a b", "é", "a\"b", trove.CollectionName(strings.Repeat("a", 63)), trove.CollectionName(strings.Repeat("a", 64))} {
		vs = append(vs, w.made(t, f, s.contents[i], func(g *proof.File) { g.Item.Collection, g.Commitment.Collection = name, name }))
	}
	text, when := string(f.Format()), f.Commitment.Time.UTC().Format(time.RFC3339)
	for _, other := range []string{"2016-02-29T23:59:59Z", "2015-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2016-12-31T23:59:60Z", "2016-12-31T24:00:00Z", "2016-13-01T00:00:00Z",
		"2016-00-01T00:00:00Z", "2016-04-31T00:00:00Z", "2016-04-00T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2016-04-01T00:00:00z", "2016-04-01_00:00:00Z", "2016-4-01T00:00:00ZZ", "2016-04-01T00:00:00.5Z", "2016-04-01T00:00:00+00:00"} {
		if at, err := time.Parse(time.RFC3339, other); err == nil && at.UTC().Format(time.RFC3339) == other {
			vs = append(vs, w.made(t, f, s.contents[i], func(g *proof.File) { g.Commitment.Time = at }))
		} else {
			vs = append(vs, w.vector("time "+other, []byte(strings.Replace(text, when, other, 1)), s.contents[i]))
		}
	}
	return vs
}

// made alters f, and makes log and commitment around it anew, as a publisher
// could who does not keep to the format.
func (w *world) made(t testing.TB, f *proof.File, content []byte, alter func(g *proof.File)) vector {
	g := clone(f)
	g.Place, g.Commitment.Count, g.Commitment.First, g.CommitmentIndex, g.ItemIndex = nil, 1, g.Item.Number, 0, 1
	alter(g)
	if r := g.Redacted; r != nil {
		r.Rule, g.Item.Shown = g.Commitment.Rule, proof.Salted(r.Salt, content)
	} else {
		g.Item.Shown = proof.Salted(g.Salt, content)
	}
	g.Commitment.Root = leftmost(leafOf(w.origin, g, content), g.Place)
	commitment, item := tlog.RecordHash(g.Commitment.Append(nil)), tlog.RecordHash(g.Item.Append(nil))
	var log memoryTree
	log.add(t, commitment)
	log.add(t, item)
	if g.ItemPath = (proof.Path{commitment}); g.CommitmentIndex > g.ItemIndex && g.ItemIndex == 0 {
		log = memoryTree{}
		log.add(t, item)
		log.add(t, commitment)
	}
	g.CommitmentPath = proof.Path{item}
	g.Checkpoint = w.checkpoint(t, 2, log.root(t, 2), w.signer)
	return w.vector(fmt.Sprintf("%d %+v %d %+v", g.ItemIndex, g.Item, g.CommitmentIndex, g.Commitment), g.Format(), content)
}

// dishonest are collections that a publisher made wrongly and signed: most fail
// one check alone.
func dishonest(t testing.TB, w *world) []vector {
	s, i := w.pick()
	f := w.file(t, s, i)
	vast := make(proof.Path, 64)
	for i := range vast {
		_, _ = w.r.Read(vast[i][:])
	}
	var vs []vector
	for _, alter := range []func(g *proof.File){
		func(*proof.File) {},
		func(g *proof.File) { g.Commitment.First++ },
		func(g *proof.File) { g.Item.Number++ },
		func(g *proof.File) { g.Commitment.Count, g.Place = 1<<30, vast[:30] },
		func(g *proof.File) { g.Commitment.Count, g.Place = 1<<30, vast[:29] },
		func(g *proof.File) {
			g.Commitment.Count, g.Commitment.First, g.Item.Number, g.Place = 1<<31-2, 1, 1, vast[:31]
		},
		func(g *proof.File) { g.Commitment.Count, g.Place = 1<<31-1, vast[:31] },
		func(g *proof.File) { g.CommitmentIndex, g.ItemIndex = 1, 0 }, // the commitment behind its item
		func(g *proof.File) { g.CommitmentIndex = 1 },
	} {
		vs = append(vs, w.made(t, f, s.contents[i], alter))
	}
	// Beside its commitment at the beginning of a log of 2^62 entries.
	g, err := proof.Parse(vs[0].Proof)
	must(t, err)
	g.CommitmentPath, g.ItemPath = append(g.CommitmentPath, vast[:61]...), append(g.ItemPath, vast[:61]...)
	fixed := g.Commitment
	fixed.Root = leafOf(w.origin, g, s.contents[i])
	g.Checkpoint = w.checkpoint(t, 1<<62, leftmost(trove.Digest(tlog.RecordHash(fixed.Append(nil))), g.CommitmentPath), w.signer)
	return append(vs, w.vector("a vast log", g.Format(), s.contents[i]))
}

// leafOf is the commitment of the item that a proof shows.
func leafOf(origin string, f *proof.File, content []byte) trove.Digest {
	c := proof.Context{Origin: origin, Collection: f.Item.Collection, Number: f.Item.Number, Kind: f.Kind}
	if f.Redacted != nil {
		leaf, _, _ := f.Redacted.Open(c, content) // what cannot be opened has some leaf
		return leaf
	}
	leaf, _ := proof.Commit(c, proof.ItemSecret{Seed: f.Seed, Salt: f.Salt}, content)
	return leaf
}

// leftmost is the root above the first leaf of a tree.
func leftmost(leaf trove.Digest, path proof.Path) trove.Digest {
	h := tlog.Hash(leaf)
	for _, p := range path {
		h = tlog.NodeHash(h, p)
	}
	return trove.Digest(h)
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
		list = append(list, vector{fmt.Sprintf("key %q", key), text, s.contents[i], key, nil})
	}
	return list
}

// witnessing are ways to give a witness's key, and cosignatures that are altered.
func witnessing(t testing.TB, w *world) []vector {
	s, i := w.pick()
	f := w.file(t, s, i)
	key := w.witness.String()
	name, rest, _ := strings.Cut(key, "+")
	stranger, err := proof.NewWitness(name, make([]byte, ed25519.PublicKeySize))
	must(t, err)
	var list []vector
	for _, k := range []string{key, "", "nonsense", "+", w.key, stranger.String(), key[:len(key)-1], key + "\n", key[:len(key)-4] + "\r\n" + key[len(key)-4:], " " + key, key + "+",
		name + "+" + strings.ToUpper(rest[:8]) + rest[8:], name + "+0" + rest, "x" + key, name, name + "+" + rest[:9]} {
		list = append(list, vector{fmt.Sprintf("witness %q", k), f.Format(), s.contents[i], w.key, []string{k, key}})
	}
	note := f.Checkpoint.Note
	line := bytes.LastIndexByte(note[:len(note)-1], ' ') + 1
	raw, err := base64.StdEncoding.DecodeString(string(note[line : len(note)-1]))
	must(t, err)
	for at := range raw {
		b := bytes.Clone(raw)
		b[at] ^= 1 << w.r.IntN(8)
		list = append(list, w.cosigned(fmt.Sprintf("byte %d of a cosignature", at), f, s.contents[i], line, b))
	}
	late := bytes.Clone(raw)
	late[4] |= 0x80 // a time beyond all that is counted
	return append(list, w.cosigned("a short cosignature", f, s.contents[i], line, raw[:60]), w.cosigned("a long one", f, s.contents[i], line, append(raw, 0)), w.cosigned("a late one", f, s.contents[i], line, late))
}

// cosigned puts other bytes in the place of the last signature of a checkpoint.
func (w *world) cosigned(what string, f *proof.File, content []byte, line int, raw []byte) vector {
	g := clone(f)
	g.Checkpoint.Note = fmt.Appendf(bytes.Clone(f.Checkpoint.Note[:line]), "%s\n", base64.StdEncoding.EncodeToString(raw))
	return w.vector(what, g.Format(), content)
}
