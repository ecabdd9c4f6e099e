package timestamp_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"unseal/evidence/timestamp"
	"unseal/material"
)

// TestTokensOfARealAuthorityPass takes those of the Italian notaries out of
// real files (RFC 5544, which is not read here): a token begins two bytes of
// type and length before its content type.
func TestTokensOfARealAuthorityPass(t *testing.T) {
	dir := filepath.Join(material.Corpora(t), "email-crypto", "tika-pkcs7")
	signed := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
	for name, at := range map[string]time.Time{
		"Test1.txt.tsd": time.Date(2017, 3, 31, 13, 40, 16, 0, time.UTC), "Test2.txt.tsd": time.Date(2017, 3, 31, 13, 41, 57, 0, time.UTC),
	} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		const head = 4 // a sequence of between 256 and 65,535 bytes
		i := bytes.Index(b, signed) - head
		if i < 0 || b[i] != 0x30 || b[i+1] != 0x82 {
			t.Fatalf("%s: no token at %d", name, i)
		}
		b = b[i : i+head+int(b[i+2])<<8+int(b[i+3])]
		got := parse(t, b).Judge(nil)
		if got.Result != "pass" || !got.Time.Equal(at) || got.Cause != timestamp.Unknown || !timestamp.Is(b) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
