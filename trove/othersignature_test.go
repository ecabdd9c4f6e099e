package trove

import (
	"strings"
	"testing"
)

func TestSignerNamesAreOneShortLine(t *testing.T) {
	for in, want := range map[string]string{
		"  Ada Lovelace ":             "Ada Lovelace",
		"Ada\r\nBcc: x\x00\x7f":       "AdaBcc: x",
		"na\xefve":                    "na\uFFFDve",
		strings.Repeat("\u00e4", 300): strings.Repeat("\u00e4", maxSigner),
	} {
		if got := SignerName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
