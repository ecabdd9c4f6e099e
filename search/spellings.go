package search

import (
	"strings"

	"unseal/search/spelling"
)

// formFields are the fields whose words are found in their other forms, and
// nameFields those whose names are found in other scripts.
var (
	formFields = map[Field]bool{Any: true, Subject: true, Body: true, Own: true, Quoted: true, Filename: true}
	nameFields = map[Field]bool{Any: true, Subject: true, Body: true, Own: true, Quoted: true, Filename: true,
		From: true, To: true, Cc: true, Bcc: true, With: true, Person: true}
)

// Spellings lists the other spellings of the text's word that are to be found
// as well, in texts of the given languages, unless [Query.Exact] is set: forms
// of the word, and the name that it may be in other scripts. Where pieces of
// the word are joined, one of the spellings is the word in one piece. The word
// itself may be among them. Only a single word without quotes has any.
func (t *Text) Spellings(langs []string) (out []spelling.Pattern) {
	if t.Quoted || !t.whole() {
		return nil
	}
	word := t.Word()
	if len(t.Words) > 1 {
		out = append(out, spelling.Pattern{{word}})
	}
	if formFields[t.Field] {
		out = append(out, spelling.Forms(word, langs)...)
	}
	if nameFields[t.Field] {
		out = append(out, spelling.Names(word)...)
	}
	return out
}

// Word is the text's words in one piece.
func (t *Text) Word() string {
	var b strings.Builder
	for _, w := range t.Words {
		b.WriteString(w.Text)
	}
	return b.String()
}
