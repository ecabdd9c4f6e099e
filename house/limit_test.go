package house

import (
	"errors"
	"strings"
	"testing"
)

func TestNothingIsReadBeyondItsLimit(t *testing.T) {
	if b, err := readAtMost(strings.NewReader("12345"), 5); err != nil || string(b) != "12345" {
		t.Errorf("at the limit: %q, %v", b, err)
	}
	if b, err := readAtMost(strings.NewReader("123456"), 5); !errors.Is(err, errTooLong) || b != nil {
		t.Errorf("beyond it: %q, %v", b, err)
	}
}

func TestOneKeyRecordIsTaken(t *testing.T) {
	if s, err := keyRecord([]string{"a text", "v=DKIM1; p=QUJD"}); err != nil || s != "v=DKIM1; p=QUJD" {
		t.Errorf("%q, %v", s, err)
	}
	if _, err := keyRecord([]string{"p=" + strings.Repeat("A", maxDNSRecord)}); err == nil {
		t.Error("a record beyond the limit is taken")
	}
}
