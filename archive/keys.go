package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"unseal/evidence"
	"unseal/proof"
)

// KeysFormat is the format of keys.json.
const KeysFormat = "unseal-keys/1"

// SenderKey is a DKIM key as keys.json has it: a record that was seen under a
// name in DNS, and who says so. Whether to believe that is the reader's affair.
type SenderKey = evidence.Key

// keyFile is keys.json: the keys that judge the mails of this archive.
type keyFile struct {
	Format string            `json:"format"`
	Salt   proof.Seed        `json:"salt"` // see Told; any, or none
	Keys   []json.RawMessage `json:"keys"`
}

// JoinKeys puts lists of keys together: by name and record, each once, with
// all that the lists say of it.
func JoinKeys(lists ...[]SenderKey) []SenderKey {
	var all evidence.Keys
	for _, list := range lists {
		for _, k := range list {
			all.Add(k)
		}
	}
	joined := []SenderKey{}
	for _, k := range all.All() {
		joined = append(joined, *k)
	}
	return joined
}

// formatKeys writes keys.json, a key a line.
func formatKeys(salt proof.Seed, keys []SenderKey) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"format\":%q,\"salt\":\"%x\"", KeysFormat, salt)
	writeRows(&b, "keys", JoinKeys(keys))
	b.WriteString("}\n")
	return b.Bytes()
}

// parseKeys reads keys.json. What its keys are worth is not judged: one whose
// record is no usable key is kept as what was seen.
func parseKeys(b []byte) (*evidence.Keys, error) {
	var f keyFile
	if err := strictJSON(b, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", err, proof.ErrMismatch)
	}
	if f.Format != KeysFormat {
		return nil, fmt.Errorf("format %q, this version reads %q", f.Format, KeysFormat)
	}
	keys := new(evidence.Keys)
	for i, raw := range f.Keys {
		var k SenderKey
		err := strictJSON(raw, &k)
		if err == nil && (!lowerName(k.Domain) || !lowerName(k.Selector)) {
			err = errors.New("not the name of a key")
		}
		if err == nil && !keys.Add(k) {
			err = errors.New("stands there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("key %d: %w: %w", i+1, err, proof.ErrMismatch)
		}
	}
	return keys, nil
}

// lowerName reports whether s could be a domain or a selector in lower case.
func lowerName(s string) bool {
	return s != "" && s == strings.ToLower(s) && !strings.ContainsAny(s, " \t\r\n\"")
}
