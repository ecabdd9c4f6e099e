package archive

import (
	"time"

	"unseal/proof"
	"unseal/trove"
)

// The formats that this version writes and reads. A reader refuses others.
const (
	InfoFormat       = "unseal-archive/1"
	CollectionFormat = "unseal-collection/1"
	ManifestFormat   = "unseal-manifest/1"
)

// Told is what a publisher tells of an archive at one checkpoint: what does
// not follow from the log.
type Told struct {
	Info        Info             `json:"info"`
	Collections []CollectionInfo `json:"collections"` // every one in the log
	Keys        []SenderKey      `json:"keys,omitempty"`
	Salt        proof.Seed       `json:"salt,omitzero"` // of keys.json: nobody may guess at keys that are told no more
	Checker     []byte           `json:"-"`             // verify.html; empty for none
}

// Info is unseal.json.
type Info struct {
	Format      string                 `json:"format"`
	Name        string                 `json:"name"`      // of the archive, for people
	Origin      string                 `json:"origin"`    // of the log
	LogKey      string                 `json:"log_key"`   // as the genesis entry has it; no reason to trust it
	Addresses   []string               `json:"addresses"` // where the archive is served, the publisher's first
	Collections []trove.CollectionName `json:"collections"`
}

// CollectionInfo is collection.json. What a publisher tells stands first; the
// rest repeats the log and the manifests, so that one small file is enough for
// a page.
type CollectionInfo struct {
	Format        string               `json:"format"`
	Name          trove.CollectionName `json:"name"`
	Title         string               `json:"title"`
	Series        string               `json:"series,omitempty"`
	Description   string               `json:"description,omitempty"`
	Promised      int                  `json:"promised,omitempty"`       // items in total, as announced
	PromisedBy    string               `json:"promised_by,omitempty"`    // the date
	PromiseSource string               `json:"promise_source,omitempty"` // where it was announced
	Committed     int                  `json:"committed"`
	Commitments   []CommitmentInfo     `json:"commitments"`
	Batches       []BatchInfo          `json:"batches"` // every edition, in log order
}

// CommitmentInfo repeats a commitment of the log.
type CommitmentInfo struct {
	K     int          `json:"k"`
	First int          `json:"first"`
	Count int          `json:"count"`
	Root  trove.Digest `json:"root"`
	Time  time.Time    `json:"time"`
}

// BatchInfo says of an edition of a batch what a list of batches shows.
type BatchInfo struct {
	Number     int          `json:"number"`
	Edition    int          `json:"edition"`
	Superseded bool         `json:"superseded,omitempty"` // by a later edition: it is not in the archive any more
	Published  time.Time    `json:"published"`
	Items      int          `json:"items"`
	First      int          `json:"first"` // lowest and highest number; 0 if it is empty
	Last       int          `json:"last"`
	Manifest   trove.Digest `json:"manifest"` // SHA-256 of manifest.json
}

// Manifest is manifest.json: all that an edition of a batch holds, which is
// every number of the batch that is out.
type Manifest struct {
	Format     string               `json:"format"`
	Collection trove.CollectionName `json:"collection"`
	Batch      int                  `json:"batch"`
	Edition    int                  `json:"edition"`
	Published  time.Time            `json:"published"` // UTC, whole seconds
	Files      []FileSum            `json:"files"`     // items.zip, search.seg
	Records    []RecordGroup        `json:"records"`   // in the order of the items
	Items      []Row                `json:"items"`     // by number
}

// FileSum is a file beside the manifest.
type FileSum struct {
	Name   string       `json:"name"`
	Size   int64        `json:"size"`
	SHA256 trove.Digest `json:"sha256"`
}

// Extent is where the packed bytes of a member lie in items.zip: offset and
// length. A length equal to that of the unpacked bytes means that they are
// stored as they are; else they are raw DEFLATE (RFC 1951).
type Extent [2]int64

// RecordGroup is a member with the records of up to 16 items, one line of
// JSON each; see [Record].
type RecordGroup struct {
	First  int          `json:"first"` // number of its first item
	Items  int          `json:"items"`
	Size   int64        `json:"size"` // unpacked
	SHA256 trove.Digest `json:"sha256"`
	At     Extent       `json:"at"`
}

// groupSize is how many records lie in one member: alone they pack badly.
const groupSize = 16

// Row is an item in a manifest.
type Row struct {
	Number  int          `json:"number"`
	Kind    trove.Kind   `json:"kind"`
	Date    time.Time    `json:"date,omitzero"`        // by which items are in order; zero for none
	Edition int          `json:"edition"`              // of the item, which may be older than that of the batch
	Hidden  int          `json:"redactions,omitempty"` // how many runs are hidden
	Size    int64        `json:"size"`                 // of what is shown
	SHA256  trove.Digest `json:"sha256"`               // of what is shown
	Name    string       `json:"name"`                 // of its member in items.zip
	At      Extent       `json:"at"`
}

// Record is what is published of an item beside its bytes: structure and
// offsets, not text, and the opening of its commitment. Number and opening
// come first in its line, so that a verifier need not read on.
type Record struct {
	Number   int              `json:"number"`
	Opening  proof.Opening    `json:"opening,omitzero"`   // unless it is redacted
	Redacted *proof.Rendition `json:"redacted,omitempty"` // what opens the commitment of a redacted item
	trove.Record
	Thread string   `json:"thread,omitempty"`
	Owners []string `json:"owners,omitempty"`  // of the mailboxes it was found in
	Paths  []string `json:"paths,omitempty"`   // where it was found
	Copies []int    `json:"copies,omitempty"`  // numbers of other copies of the same message
	CopyOf int      `json:"copy_of,omitempty"` // number of the first of them

	Redactions []Redaction `json:"redactions,omitempty"` // why, for each hidden run of Redacted
	Original   *Original   `json:"original,omitempty"`   // what was found before it was redacted
	Made       []Made      `json:"made,omitempty"`       // files made of it, by name
}

// Made is a file that was made of an item for readers: the image of a page,
// sound that browsers play, or what was read out of it (reading.Name).
type Made struct {
	Name   string       `json:"name"` // see ValidMade; its member is made/<number>/<name>
	Type   string       `json:"type"` // media type
	Size   int64        `json:"size"`
	SHA256 trove.Digest `json:"sha256"`
	At     Extent       `json:"at"`
}

// Redaction is why a run is hidden.
type Redaction struct {
	At     int64  `json:"at"`     // offset of its mark in what is shown
	Reason string `json:"reason"` // a code, as for withheld items
}

// Original is what the publisher found of the signatures of an item before it
// was redacted. Nobody else can check it.
type Original struct {
	Verdict    trove.Verdict     `json:"verdict"`
	Signatures []trove.Signature `json:"signatures,omitempty"`
}

// Item is a published item without its bytes.
type Item struct {
	Collection trove.CollectionName
	Batch      int
	Row        Row
	Record     Record
}
