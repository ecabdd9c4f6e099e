package cms_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"unseal/evidence/cms"
	"unseal/material"
)

// TestRealContainers: what truth.json calls signed is read, what it calls
// enveloped is called encrypted, and the signatures that enclose what they sign
// hold. A broken one is an error and no panic.
func TestRealContainers(t *testing.T) {
	type expectation struct {
		Type        string
		ContentType string `json:"content_type"`
	}
	dir := material.Corpora(t)
	met := map[string]int{}
	for name, f := range material.Truth[expectation](t, "email-crypto/") {
		if f.Type != "pkcs7" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		d, err := cms.Parse(b)
		met[f.ContentType]++
		switch f.ContentType {
		case "pkcs7-signedData":
			if err != nil || len(d.Signers) == 0 {
				t.Errorf("%s: %v", name, err)
			} else if _, err := d.Signers[0].Verify(d.Content, nil); !d.Detached && err != nil && !errors.Is(err, cms.ErrNoKey) {
				t.Errorf("%s: %v", name, err)
			}
		case "pkcs7-envelopedData":
			if !errors.Is(err, cms.ErrEncrypted) {
				t.Errorf("%s: %v", name, err)
			}
		case "undefined": // TimeStampedData, RFC 5544
			if !errors.Is(err, cms.ErrOther) {
				t.Errorf("%s: %v", name, err)
			}
		default:
			if err == nil {
				t.Errorf("%s is read", name)
			}
		}
	}
	if met["pkcs7-signedData"] == 0 || met["pkcs7-envelopedData"] == 0 || met["undefined"] == 0 {
		t.Errorf("met %v", met)
	}
}
