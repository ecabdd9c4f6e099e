package redact

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"unseal/intake/mail"
	"unseal/material"
	"unseal/redact/leak"
	"unseal/trove"
)

// Of real mails, each word that a reader sees can be hidden, and is gone then:
// the text that intake makes of the copy does not hold it, and package leak
// finds it nowhere.
func TestWordsOfRealMailsCanBeHidden(t *testing.T) {
	list := mails(t)
	tried := 0
	for i, path := range slices.Sorted(maps.Keys(list)) {
		raw := list[path]
		_, text := mail.Parse(raw)
		word := longestWord(text)
		if i%7 != 0 || word == "" || len(raw) > 60_000 {
			continue
		}
		tried++
		f, err := Find(raw, trove.Mail, Selection{Words: []string{word}})
		if err != nil {
			t.Errorf("%s: %q, which intake reads: %v", path, word, err)
			continue
		}
		left := hide(raw, f.Places)
		if _, text := mail.Parse(left); newPatterns([]string{word}).holds([]byte(text)) {
			t.Errorf("%s: %q is in the text of the copy", path, word)
		}
		err = leak.New([]string{word}, nil).In("x", left, func(l leak.Leak) { t.Errorf("%s: %q is still there: %+v", path, word, l) })
		if err != nil {
			t.Logf("%s: %v", path, err)
		}
	}
	if tried < 50 {
		t.Errorf("only %d mails were tried", tried)
	}
}

// longestWord is a word of a text that is long enough to be no accident.
func longestWord(text string) string {
	best := ""
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if n := utf8.RuneCountInString(w); n >= 7 && n < 30 && n > utf8.RuneCountInString(best) {
			best = w
		}
	}
	return best
}

// The texts under the black boxes of real court documents are found by a
// search for them (CASES.md, 15), so that the documents are hidden.
func TestTextUnderBlackBoxesIsFound(t *testing.T) {
	corpora := material.Corpora(t)
	for file, text := range map[string]string{
		"rectangles_yes.pdf": `did not disclose all relevant medical history`,
	} {
		content := readFile(t, filepath.Join(corpora, "docs-redaction", "x-ray", file))
		raw := attached(content)
		f, err := Find([]byte(raw), trove.Mail, Selection{Text: regexp.MustCompile(`(?i)` + strings.ReplaceAll(text, " ", `\s*`))})
		if err != nil || len(f.Places) != 1 || raw[f.Places[0].From:f.Places[0].To] != b64(content) {
			t.Errorf("%s: %d places, error %v", file, len(f.Places), err)
		}
	}
}
