package search

import "testing"

// TestEveryNameOfAFieldIsUnderstood has every row of query-language.md,
// section 2.
func TestEveryNameOfAFieldIsUnderstood(t *testing.T) {
	for _, row := range []struct {
		value, canonical string
		names            []string
	}{
		{"mary", "from:mary", []string{"from", "f", "FROM", "From"}},
		{"mary", "to:mary", []string{"to", "t", "tc"}},
		{"mary", "cc:mary", []string{"cc", "c"}},
		{"mary", "bcc:mary", []string{"bcc"}},
		{"mary", "with:mary", []string{"with", "a"}},
		{"mary", "person:mary", []string{"person"}},
		{"annex", "subject:annex", []string{"subject", "s", "title"}},
		{"annex", "body:annex", []string{"body", "b"}},
		{"annex", "subject:annex OR body:annex", []string{"bs"}},
		{"annex", "own:annex", []string{"own", "nq"}},
		{"annex", "quoted:annex", []string{"quoted", "q"}},
		{"2015", "date:2015", []string{"date", "d", "on"}},
		{"2015", "date:2015-01-01..", []string{"after", "newer"}},
		{"2015", "date:..2014-12-31", []string{"before", "older"}},
		{"2015", "published:2015", []string{"published"}},
		{"Attachment", "has:attachment", []string{"has"}},
		{"annex.pdf", "filename:annex.pdf", []string{"filename", "n", "attachment"}},
		{"PDF", "type:pdf", []string{"type", "mimetype"}},
		{"PDF", "ext:pdf", []string{"ext"}},
		{"5205", "no:5205", []string{"no", "document"}},
		{"<x@y.org>", "msgid:x@y.org", []string{"msgid", "rfc822msgid", "id", "m"}},
		{"abc", "thread:abc", []string{"thread"}},
		{"C0FFEE25", "sha256:c0ffee25", []string{"sha256"}},
		{"Mail", "in:mail", []string{"in"}},
		{"20..23", "batch:20..23", []string{"batch"}},
		{"AR", "lang:ar", []string{"lang"}},
		{"Valid", "is:valid", []string{"is"}},
		{"no", "also:no", []string{"also"}},
	} {
		for _, name := range row.names {
			if q := parsed(t, name+":"+row.value); q.String() != row.canonical || len(q.Notes) > 0 {
				t.Errorf("%s:%s is read as %s with %v, want %s", name, row.value, q, q.Notes, row.canonical)
			}
		}
	}
	for _, state := range []string{"valid", "kept-key", "unchecked", "unsigned", "mismatch", "redacted", "signed", "withdrawn", "new"} {
		if q := parsed(t, "is:"+state); len(q.Notes) > 0 {
			t.Errorf("is:%s has notes: %v", state, q.Notes)
		}
	}
	for _, text := range []string{"has:wings", "is:starred", "also:yes", "frm:mary"} {
		if q := parsed(t, text); len(q.Notes) != 1 {
			t.Errorf("%s: %v, want one note", text, q.Notes)
		}
	}
}
