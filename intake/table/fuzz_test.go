package table

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"unseal/intake/mail"
)

// FuzzRows reads any text in any dialect; where encoding/csv reads it without
// complaint, both see the same.
func FuzzRows(f *testing.F) {
	for _, s := range []string{"a,b\n\"c\"\"d\",e\r\n", "a\r\rb", "\"", ",\n,", "a;\"b\nc\"", "\xff,\x00"} {
		f.Add(s, byte(','))
	}
	f.Fuzz(func(t *testing.T, s string, delim byte) {
		if Delimiter(s, "x.csv") == 0 && delim == 0 {
			return
		}
		if !strings.ContainsRune(delimiters, rune(delim)) {
			delim = ','
		}
		got := rows(t, s, delim)
		for _, row := range got {
			for _, c := range row {
				if !utf8.ValidString(c) {
					t.Fatalf("%q is no UTF-8", c)
				}
			}
		}
		r := csv.NewReader(strings.NewReader(s))
		r.Comma, r.FieldsPerRecord = rune(delim), -1
		want, err := r.ReadAll()
		if err != nil || strings.Contains(s, "\r") || !utf8.ValidString(s) {
			return
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%q = %q, encoding/csv says %q", s, got, want)
		}
	})
}

// FuzzMapping gives any table and mapping to the expander: what it makes are
// messages that read back, twice the same.
func FuzzMapping(f *testing.F) {
	f.Add("From,To,Date,Body\na@b,\"Doe, J\",2011-01-02,hi\n", "from=From,to=To,date=Date,body=Body")
	f.Add("a;b\n\"x\ny\";z\n", "subject=a,body=b,date=b")
	f.Add(`[{"a":"x","b":["y"]}]`, `subject=a,date=b,"body=a"`)
	f.Fuzz(func(t *testing.T, table, mapping string) {
		m, err := ParseMapping(mapping)
		if err != nil {
			return
		}
		if again, err := ParseMapping(m.String()); err != nil || again.String() != m.String() {
			t.Fatalf("%q reads back as %q, %v", m, again, err)
		}
		n := 0
		_, _ = Expand(context.Background(), input("t.csv", []byte(table)), m, func(msg Message) error {
			rec, _ := mail.Parse(msg.Raw)
			if rec.Unreadable != "" {
				t.Fatalf("%s: %q", rec.Unreadable, msg.Raw)
			}
			for line := range strings.SplitSeq(string(msg.Raw), "\r\n") {
				if strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
					t.Fatalf("a line %q", line)
				}
			}
			if n++; n > 100 {
				return io.EOF
			}
			return nil
		})
		_ = Read(context.Background(), input("t.csv", []byte(table)))
	})
}
