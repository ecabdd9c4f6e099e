package translog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
	"unseal/trove"
)

// Entry is one line of the log, in canonical JSON: keys in order, no white
// space, ASCII without escapes. The types are [Genesis], [Key],
// [proof.Commitment], [proof.Item], [Withheld], [Tombstone], [Batch], [Notice]
// and [Index].
type Entry interface {
	// Append appends the line, without a line end.
	Append(b []byte) []byte
}

// Genesis is entry 0, and only that.
type Genesis struct {
	LogKey        string   `json:"log_key"`        // that signs checkpoints; named as Origin
	Origin        string   `json:"origin"`         // the log's name: no scheme, no white space, no '+'
	Recovery      string   `json:"recovery"`       // a key kept offline that may replace all others; may be empty
	ReleaseKeys   []string `json:"release_keys"`   // that may sign batches and notices
	ReleaseQuorum int      `json:"release_quorum"` // how many of them must; 0 for none
	Signatures    []string `json:"signatures"`     // by the log key
	Type          string   `json:"type"`           // "genesis"
}

// Withheld says that numbers First to Last, none of them out, are kept back.
type Withheld struct {
	Collection trove.CollectionName `json:"collection"`
	First      int                  `json:"first"`
	Last       int                  `json:"last"`
	Reason     string               `json:"reason"` // a code; "unreadable" for what could not be read
	Type       string               `json:"type"`   // "withheld"
}

// Tombstone says that a number that was out is withdrawn for good.
type Tombstone struct {
	Collection trove.CollectionName `json:"collection"`
	Number     int                  `json:"number"`
	Reason     string               `json:"reason"`
	Type       string               `json:"type"` // "tombstone"
}

// Batch closes an edition of a batch: it covers the item and tombstone entries
// of that batch since its edition before. Its manifest has a row for every
// number of the batch that is out, and replaces that of the edition before.
type Batch struct {
	Batch      int                  `json:"batch"`
	Collection trove.CollectionName `json:"collection"`
	Edition    int                  `json:"edition"`
	Items      int                  `json:"items"`      // how many rows that are
	Manifest   trove.Digest         `json:"manifest"`   // SHA-256 of manifest.json
	Signatures []string             `json:"signatures"` // by release keys; see [Sign]
	Type       string               `json:"type"`       // "batch"
}

// Index fixes the small files of the archive that are replaced by a publish,
// by their paths in the archive. It is the last entry of every publish.
type Index struct {
	Files map[string]trove.Digest `json:"files"`
	Type  string                  `json:"type"` // "index"
}

func (e Genesis) Append(b []byte) []byte {
	e.Type, e.ReleaseKeys, e.Signatures = "genesis", orEmpty(e.ReleaseKeys), orEmpty(e.Signatures)
	return appendJSON(b, e)
}

func (e Withheld) Append(b []byte) []byte  { e.Type = "withheld"; return appendJSON(b, e) }
func (e Tombstone) Append(b []byte) []byte { e.Type = "tombstone"; return appendJSON(b, e) }
func (e Index) Append(b []byte) []byte     { e.Type = "index"; return appendJSON(b, e) }

func (e Batch) Append(b []byte) []byte {
	e.Type, e.Signatures = "batch", orEmpty(e.Signatures)
	return appendJSON(b, e)
}

func appendJSON(b []byte, e any) []byte {
	line, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings, numbers, digests and maps of them marshal
	}
	return append(b, line...)
}

// MaxEntry is the longest entry: in a tile its length stands in two bytes.
const MaxEntry = 1<<16 - 1

// LeafHash is the hash under which an entry stands in the tree (RFC 6962
// section 2.1).
func LeafHash(entry []byte) trove.Digest { return trove.Digest(tlog.RecordHash(entry)) }

// Parse reads one entry. Anything but the canonical form of a known type is
// refused.
func Parse(line []byte) (Entry, error) {
	if len(line) > MaxEntry {
		return nil, fmt.Errorf("entry of %d bytes, at most %d are allowed", len(line), MaxEntry)
	}
	for _, c := range line {
		if c < ' ' || c > '~' || c == '\\' {
			return nil, errors.New("entry is not plain ASCII")
		}
	}
	if bytes.HasSuffix(line, []byte(`,"type":"item"}`)) { // nearly all, so found first
		return proof.ParseItem(line)
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, fmt.Errorf("entry: %v", err)
	}
	switch head.Type {
	case "genesis":
		return parseAs[Genesis](line)
	case "commitment":
		return proof.ParseCommitment(line)
	case "withheld":
		return parseAs[Withheld](line)
	case "tombstone":
		return parseAs[Tombstone](line)
	case "batch":
		return parseAs[Batch](line)
	case "index":
		return parseAs[Index](line)
	case "key":
		return parseAs[Key](line)
	case "notice":
		return parseAs[Notice](line)
	}
	return nil, fmt.Errorf("entry type %q is not known to this version", head.Type)
}

func parseAs[E Entry](line []byte) (Entry, error) {
	var e E
	if err := json.Unmarshal(line, &e); err != nil {
		return nil, fmt.Errorf("entry: %v", err)
	}
	if !bytes.Equal(e.Append(make([]byte, 0, len(line))), line) {
		return nil, errors.New("entry is not in canonical form")
	}
	return e, nil
}

// checkReason accepts 1 to 40 lower-case letters, digits and hyphens.
func checkReason(s string) error {
	if s == "" || len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("reason %q: use a code of at most 40 letters, digits and hyphens", s)
	}
	return nil
}

func (e Index) check() error {
	for path := range e.Files {
		if !fs.ValidPath(path) || path == "." {
			return fmt.Errorf("index names %q, which is no path in an archive", path)
		}
	}
	return nil
}
