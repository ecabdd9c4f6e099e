package house

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"unseal/catalog"
	"unseal/evidence/opentimestamps"
	"unseal/evidence/timestamp"
	"unseal/intake/sandbox"
	"unseal/intake/worker"
	"unseal/release"
	"unseal/trove"
)

// Proofs of time may come with the material: NAME.ots or NAME.tsr beside NAME,
// or one under any name that speaks of the digest of a file as handed over.
// Such a proof stays an item of its own, whose record says what it is of. Here
// it is also told of the items that it speaks of. The proofs are read in a
// child; this process compares digests.

// proofsOnly makes a child read proofs of time in place of mails.
const proofsOnly = "UNSEAL_WORKER_PROOFS"

// readProof is the record of a file that is a proof of time. It runs in a
// child. The zero record is that of anything else.
func (p *peopleKeys) readProof(raw []byte) trove.Record {
	var list []trove.OtherSignature
	var of string
	if t, err := timestamp.Parse(raw); err == nil {
		of = digestName(t.Hash, t.Digest)
		list = []trove.OtherSignature{t.Judge(p.certificates.List())}
	} else if o, err := opentimestamps.Parse(raw); err == nil {
		of = digestName(o.Hash, o.Digest)
		list = o.Judge()
	}
	for i := range list {
		list[i].Of = of
	}
	return trove.Record{Kind: trove.File, Others: list}
}

// hashNames are the prefixes of digests in a record.
var hashNames = map[crypto.Hash]string{crypto.SHA1: "sha1:", crypto.SHA256: digestPrefix, crypto.SHA384: "sha384:", crypto.SHA512: "sha512:"}

func digestName(hash crypto.Hash, digest []byte) string {
	return cmp.Or(hashNames[hash], "unknown:") + hex.EncodeToString(digest)
}

// proofOfTime is an item that is one.
type proofOfTime struct {
	item   catalog.Item
	others []trove.OtherSignature
}

// maxProof is the size of the largest file that is looked at.
const maxProof = timestamp.MaxSize

// TellTimes finds the proofs of time among a collection's files and records
// them, in their own records and in those of the items that they speak of, as
// long as these are not published. It may be repeated at any time, and says the
// same again.
func (d *Desk) TellTimes(ctx context.Context, name trove.CollectionName) error {
	j := timeJoiner{Desk: d, ctx: ctx, name: name, told: map[catalog.ItemID][]trove.OtherSignature{}}
	any, err := j.hasFiles()
	if err != nil || !any {
		return err
	}
	if err := j.findProofs(); err != nil {
		return fmt.Errorf("read the proofs of time: %w", err)
	}
	if len(j.proofs) > 0 {
		if err := j.findItems(); err != nil {
			return err
		}
	}
	return j.record()
}

// timeJoiner is one call of TellTimes.
type timeJoiner struct {
	*Desk
	ctx    context.Context // of the call, which the joiner does not outlive
	name   trove.CollectionName
	proofs []proofOfTime
	told   map[catalog.ItemID][]trove.OtherSignature // what the records are to say of time
}

// hasFiles reports whether there is anything but mails: most collections end here.
func (j *timeJoiner) hasFiles() (any bool, err error) {
	err = j.Catalog.Items(j.ctx, catalog.Query{Collection: j.name, NoRecord: true}, func(it *catalog.Item) error {
		any = any || it.Kind == trove.File
		return nil
	})
	return any, err
}

// findProofs reads the files that begin as a proof of time does.
func (j *timeJoiner) findProofs() error {
	var found []catalog.Item
	var raws [][]byte
	err := j.Catalog.Items(j.ctx, catalog.Query{Collection: j.name}, func(it *catalog.Item) error {
		if it.Kind != trove.File || it.State == trove.Excluded || it.Size > maxProof || !maybeProof(it.Record) {
			return nil
		}
		raw, err := j.Bytes(j.ctx, it)
		if err != nil {
			return err
		}
		if timestamp.Is(raw) || opentimestamps.Is(raw) {
			own := *it
			own.Record = nil
			found, raws = append(found, own), append(raws, raw)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return err
	}
	results, err := j.readProofs(raws)
	if err != nil {
		return err
	}
	for i, r := range results {
		var rec trove.Record
		if err := json.Unmarshal(r.Record, &rec); err != nil {
			return err
		}
		if rec.Kind == trove.File && len(rec.Others) > 0 {
			j.proofs = append(j.proofs, proofOfTime{found[i], rec.Others})
			j.told[found[i].ID] = rec.Others
		}
	}
	return nil
}

// maybeProof passes over files of other types: proofs have none of their own.
func maybeProof(record []byte) bool {
	return slices.ContainsFunc(proofTypes, func(s string) bool { return bytes.Contains(record, []byte(s)) })
}

var proofTypes = []string{`"type":"application/octet-stream"`, `"type":"application/pkcs7-`, `.ots"`, `.tsr"`, `.tst"`}

// proofGroup is how many proofs go to a child together.
const proofGroup = 50

// readProofs has proofs read in a child.
func (j *timeJoiner) readProofs(raws [][]byte) (results []worker.Result, err error) {
	self, err := worker.Self()
	if err != nil {
		return nil, err
	}
	people := filepath.Join(j.Dir, peopleDir)
	pool := worker.NewPool(worker.InSandbox(func() *exec.Cmd {
		c := self()
		c.Env = append(os.Environ(), proofsOnly+"=1", peopleVariable+"="+people)
		return c
	}, sandbox.Options{Read: []string{people}}))
	defer func() { err = errors.Join(err, pool.Close()) }()
	for group := range slices.Chunk(raws, proofGroup) {
		r, err := pool.Parse(j.ctx, group)
		if err != nil {
			return nil, err
		}
		results = append(results, r...)
	}
	return results, nil
}

// findItems gives each proof to the items that it speaks of.
func (j *timeJoiner) findItems() error {
	m, err := j.places()
	if err != nil {
		return err
	}
	for i := range j.proofs {
		p := &j.proofs[i]
		sum := p.digest()
		own, found := m.whole[sum]
		if found {
			j.tell(own, p, "")
		}
		for _, id := range m.inFile[sum] {
			if id != own {
				j.tell(id, p, fileItCameIn)
			}
		}
		if found || len(m.inFile[sum]) > 0 {
			continue
		}
		for _, w := range m.of[p.item.ID] {
			if err := j.compare(p, m.at[m.target(w)]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileItCameIn is what a proof speaks of that is of the file as handed over in
// which an item was found.
const fileItCameIn = "the file it came in"

// digest is the SHA-256 that the proof speaks of, or zero.
func (p *proofOfTime) digest() trove.Digest {
	if s, ok := strings.CutPrefix(p.others[0].Of, digestPrefix); ok {
		d, _ := trove.ParseDigest(s) // zero if it is none
		return d
	}
	return trove.Digest{}
}

// where is a place of bytes: in which file as handed over, and under which path.
type where struct {
	file trove.Digest
	path string
}

// placeMap says what lies where in a collection.
type placeMap struct {
	whole  map[trove.Digest]catalog.ItemID   // items by the digest of their bytes
	inFile map[trove.Digest][]catalog.ItemID // by that of the file they came in
	at     map[where][]catalog.ItemID
	of     map[catalog.ItemID][]where
	beside map[where]where // of a proof handed over as a file: the file it is named after
}

func (j *timeJoiner) places() (*placeMap, error) {
	m := &placeMap{whole: map[trove.Digest]catalog.ItemID{}, inFile: map[trove.Digest][]catalog.ItemID{},
		at: map[where][]catalog.ItemID{}, of: map[catalog.ItemID][]where{}}
	err := j.Catalog.Items(j.ctx, catalog.Query{Collection: j.name, NoRecord: true}, func(it *catalog.Item) error {
		if it.State != trove.Excluded {
			m.whole[it.SHA256] = it.ID
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = j.Catalog.Occurrences(j.ctx, j.name, 0, func(id catalog.ItemID, o *trove.Occurrence) error {
		w := where{o.FileSHA256, o.Path}
		m.at[w] = append(m.at[w], id)
		m.of[id] = append(m.of[id], w)
		m.inFile[o.FileSHA256] = append(m.inFile[o.FileSHA256], id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.beside, err = j.filesBeside()
	return m, err
}

// filesBeside finds, for each file handed over that is named as a proof, the
// file of the same trove that it is named after.
func (j *timeJoiner) filesBeside() (map[where]where, error) {
	type key struct {
		trove catalog.TroveID
		path  string
	}
	files := map[key]trove.Digest{}
	err := j.Catalog.Files(j.ctx, j.name, func(f *catalog.File) error {
		files[key{f.Trove, f.Path}] = f.SHA256
		return nil
	})
	beside := map[where]where{}
	for k, sum := range files {
		if name := provenName(k.path); name != "" {
			if other, ok := files[key{k.trove, name}]; ok {
				beside[where{sum, k.path}] = where{other, name}
			}
		}
	}
	return beside, err
}

// provenName is the name of the file that a proof is named after, or "".
func provenName(name string) string {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".ots", ".tsr", ".tst":
		return name[:len(name)-len(ext)]
	}
	return ""
}

// target is the place that a proof is named after, zero if there is none.
// Inside a container it is in the same one.
func (m *placeMap) target(w where) where {
	if name := provenName(w.path); name != "" && strings.Contains(w.path, "!/") {
		return where{w.file, name}
	}
	return m.beside[w]
}

// compare tells the one item at the place that a proof is named after whether
// the proof is of its bytes: by another digest than SHA-256, or not at all.
func (j *timeJoiner) compare(p *proofOfTime, there []catalog.ItemID) error {
	if len(there) != 1 {
		return nil // a mailbox, or nothing
	}
	it, err := catalog.One(j.ctx, j.Catalog, catalog.Query{Collection: j.name, ID: there[0]})
	if err != nil {
		return err
	}
	b, err := j.Bytes(j.ctx, &it)
	if err != nil {
		return err
	}
	for hash, prefix := range hashNames {
		if strings.HasPrefix(p.others[0].Of, prefix) {
			h := hash.New()
			h.Write(b)
			if digestName(hash, h.Sum(nil)) == p.others[0].Of {
				j.tell(it.ID, p, "")
			} else {
				j.tellMismatch(it.ID, p)
			}
		}
	}
	return nil
}

// tell adds what a proof says to what is told of an item.
func (j *timeJoiner) tell(id catalog.ItemID, p *proofOfTime, of string) {
	for _, s := range p.others {
		s.Of = of
		j.add(id, s)
	}
}

func (j *timeJoiner) tellMismatch(id catalog.ItemID, p *proofOfTime) {
	s := p.others[0]
	j.add(id, trove.OtherSignature{Type: s.Type, Result: "fail", Cause: "the proof beside it is of other bytes"})
}

// maxTimes is how many proofs of time a record tells.
const maxTimes = 50

func (j *timeJoiner) add(id catalog.ItemID, s trove.OtherSignature) {
	if !slices.Contains(j.told[id], s) && len(j.told[id]) < maxTimes {
		j.told[id] = append(j.told[id], s)
	}
}

// record makes durable what is told otherwise than it is recorded.
func (j *timeJoiner) record() error {
	var rows []catalog.RecordRow
	err := j.Catalog.Items(j.ctx, catalog.Query{Collection: j.name}, func(it *catalog.Item) error {
		told := j.told[it.ID]
		if it.State == trove.Published || it.State == trove.Tombstone || len(told) == 0 && !tellsTime(it.Record) {
			return nil
		}
		rec, err := release.Record(it)
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(slices.Clone(rec.Others), isTime)
		if others = append(others, told...); slices.Equal(others, rec.Others) {
			return nil
		}
		rec.Others = others
		b, err := json.Marshal(rec)
		rows = append(rows, catalog.RecordRow{Item: it.ID, Record: b})
		return err
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	return j.Catalog.ReplaceRecords(j.ctx, j.name, rows, catalog.Author{Who: Who(), Why: "proofs of time that came with the material"})
}

// tellsTime finds fast whether a record may tell of a proof of time.
func tellsTime(record []byte) bool {
	return bytes.Contains(record, []byte(trove.RFC3161)) || bytes.Contains(record, []byte(trove.OpenTimestamps))
}

func isTime(s trove.OtherSignature) bool {
	return s.Type == trove.RFC3161 || s.Type == trove.OpenTimestamps
}
