package site

import (
	"time"

	"unseal/archive"
	"unseal/evidence"
	"unseal/trove"
)

// verifyJSON is the answer of /c/mail/5205/verify.json: the panel as data.
type verifyJSON struct {
	Name         string                 `json:"name"`
	Verdict      trove.Verdict          `json:"verdict"` // as recorded
	Checked      bool                   `json:"checked"` // here, again
	Found        trove.Verdict          `json:"found,omitempty"`
	Keys         string                 `json:"keys"` // "archive" or "built-in"
	At           time.Time              `json:"judged_at,omitzero"`
	Signatures   []signatureJSON        `json:"signatures"`
	Edition      int                    `json:"edition"`
	Redactions   int                    `json:"redactions,omitempty"`
	Segments     int                    `json:"segments,omitempty"` // of a redacted item
	Original     *archive.Original      `json:"original,omitempty"` // by the publisher's word
	SHA256       trove.Digest           `json:"sha256"`
	Number       int                    `json:"number"`
	Committed    int                    `json:"committed"`
	CommittedAt  time.Time              `json:"committed_at,omitzero"` // as the publisher states it
	LogIndex     int64                  `json:"log_index"`
	LogSize      int64                  `json:"log_size"`
	LogRoot      trove.Digest           `json:"log_root"`
	Witnesses    []witnessed            `json:"witnesses"` // their keys are not judged
	Others       []trove.OtherSignature `json:"other_signatures"`
	Times        []timeJSON             `json:"times"`     // of the log with the entry in it
	Published    time.Time              `json:"published"` // as the publisher states it
	FileURL      string                 `json:"file_url"`
	ProofURL     string                 `json:"proof_url"`
	TlogProofURL string                 `json:"tlog_proof_url"`
}

// timeJSON is what a proof of time shows of the log's first LogSize entries.
type timeJSON struct {
	LogSize int64 `json:"log_size"`
	trove.OtherSignature
}

// signatureJSON is a signature as recorded, with what the site found of it.
type signatureJSON struct {
	trove.Signature
	Covered     []string            `json:"covered,omitempty"`
	NotCovered  []string            `json:"not_covered,omitempty"`
	BodyLength  int64               `json:"body_length,omitempty"`
	BodyCovered int64               `json:"body_covered,omitempty"`
	KeyBits     int                 `json:"key_bits,omitempty"`
	KeySeen     []evidence.Sighting `json:"key_seen,omitempty"`
}

func (s *site) verifyJSON(it *item, j *judged) *verifyJSON {
	cp := s.archive.Checkpoint()
	path := "/" + itemPath(it.coll.Name, it.number)
	out := &verifyJSON{
		Name: trove.Name{Collection: it.coll.Name, Number: it.number}.String(), Verdict: it.rec.Verdict,
		Checked: j.done, Found: j.Verdict, Keys: "archive", At: j.At, Signatures: []signatureJSON{}, Others: append([]trove.OtherSignature{}, it.rec.Others...), Times: []timeJSON{}, SHA256: it.row.SHA256,
		Number: it.number, Committed: it.coll.Committed, LogIndex: it.index, LogSize: cp.Size, LogRoot: cp.Root,
		Witnesses: append([]witnessed{}, s.witnessesOf(it.index)...), Published: it.published, FileURL: path + it.suffix(), ProofURL: path + ".proof", TlogProofURL: path + ".tlog-proof",
	}
	for _, t := range s.times {
		if t.Size > it.index {
			out.Times = append(out.Times, timeJSON{t.Size, t.OtherSignature})
		}
	}
	if out.Edition, out.Redactions = it.edition, redactions(&it.rec); it.rec.Redacted != nil {
		out.Segments, out.Original = it.rec.Redacted.Segments, it.rec.Original
	}
	if s.keysOurs {
		out.Keys = "built-in"
	}
	if k := it.coll.commitment(it.number); k != nil {
		out.CommittedAt = k.Time
	}
	for i, sig := range j.matched(it.rec.Signatures) {
		one := signatureJSON{Signature: it.rec.Signatures[i]}
		if sig != nil {
			one.Covered, one.NotCovered, one.BodyLength, one.BodyCovered = sig.Signed, sig.Unsigned, sig.BodyLength, sig.BodyCovered
			if sig.Key != nil {
				one.KeyBits, one.KeySeen = sig.Key.Bits(), sig.Key.Seen
			}
		}
		out.Signatures = append(out.Signatures, one)
	}
	return out
}
