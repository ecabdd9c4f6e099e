// Package translate has texts translated by a server that the operator names,
// over the API of LibreTranslate (POST /translate), and takes translations that
// lie beside an item. It runs in the desk's own process, since what reads
// hostile bytes has no network.
//
// What a server makes is labelled as made by a machine. A translation follows
// its original piece by piece: the segments of a transcript, the messages of a
// chain, the pages of a document, the paragraphs of a text.
package translate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"unseal/intake/ask"
	"unseal/intake/reader"
	"unseal/intake/transcript"
	"unseal/reading"
	"unseal/trove"
)

// Limits of one item.
const (
	maxText    = 1 << 20 // bytes that are translated
	maxRequest = 20_000  // bytes of pieces in one request, as long as they are more than one
	maxPieces  = 50      // in one request
	maxPiece   = 10_000  // bytes; a longer paragraph is cut between sentences or words
)

// maker is how readers are told of a server: its answers do not name their maker.
const maker = "machine translation"

// Config names a server and what is wanted of it. Without an address nothing
// is asked, and translations that lie beside items are all there are.
type Config struct {
	Address string   // with the path below which /translate lies
	Key     string   // may be empty; goes out as api_key
	Into    []string // languages, as BCP 47 names them
}

// Translator gives items translations. It is safe for concurrent use.
type Translator struct {
	ask  *ask.Server
	key  string
	into []string
}

// New checks a configuration; nothing is sent.
func New(c Config) (*Translator, error) {
	t := &Translator{key: c.Key, into: c.Into}
	if c.Address == "" {
		return t, nil
	}
	if len(c.Into) == 0 {
		return nil, errors.New("translate: a server needs a language to translate into")
	}
	var err error
	if t.ask, err = ask.New(c.Address, ""); err != nil {
		return nil, fmt.Errorf("translate: %w", err)
	}
	return t, nil
}

// Read gives an item its translations: stage reader.Translate. Those beside it
// come first; the server makes what is missing of the languages that are
// wanted, but for the item's own. Where it does not answer, the result waits.
func (t *Translator) Read(ctx context.Context, in *reader.Input) (res reader.Result) {
	supplied(in, &res)
	if t.ask == nil {
		return res
	}
	pieces, cut := piecesOf(in)
	if len(pieces) == 0 {
		return res
	}
	for _, lang := range t.into {
		if has(in.Reading.Texts, lang) || has(res.Reading.Texts, lang) {
			continue
		}
		text, err := t.translate(ctx, pieces, source(in), lang)
		switch {
		case errors.Is(err, ask.ErrAway), errors.Is(err, context.Canceled):
			res.Waiting = "translation: " + err.Error()
			return res
		case err != nil:
			res.Failed = "translation: " + err.Error()
			return res
		case len(text.Segments) > 0:
			res.Reading.Texts = append(res.Reading.Texts, text)
			res.By = maker
		}
	}
	if cut {
		res.Partly = fmt.Sprintf("only the first %d bytes of the text were translated", maxText)
	}
	return res
}

// supplied reads the translations beside an item. Recordings were read with
// theirs.
func supplied(in *reader.Input, res *reader.Result) {
	for _, b := range in.Beside {
		side, ok := transcript.Of(in.Name, b.Name)
		if !ok || side.Kind != reading.Translation || in.Kind == trove.Voice {
			continue
		}
		texts, err := transcript.Parse(side, b.Bytes)
		if err != nil {
			res.Warn("unread-beside", "%s beside the item %v", b.Name, err)
			continue
		}
		res.Reading.Merge(reading.Reading{Texts: texts})
	}
}

// has reports whether there is a text in a language that no machine needs to
// make: any translation that a person made or that came with the material, or
// the transcript itself.
func has(texts []reading.Text, lang string) bool {
	for _, t := range texts {
		if same(t.Lang, lang) && (t.Kind == reading.Transcript || t.Kind == reading.Translation && t.Made != reading.Machine) {
			return true
		}
	}
	return false
}

// same compares languages without region and script.
func same(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return a != "" && strings.EqualFold(a, b)
}

// source is the language of the original, where it is known.
func source(in *reader.Input) string {
	if lang, ok := transcript.Language(in.Options["lang"]); ok {
		return lang
	}
	if t := best(in.Reading.Texts); t != nil && t.Lang != "" {
		base, _, _ := strings.Cut(t.Lang, "-")
		return base
	}
	return "auto"
}

// rank orders transcripts: what a person corrected, what came with the
// material, what a machine heard.
var rank = map[string]int{reading.Corrected: 3, reading.Supplied: 2, reading.Typed: 2, reading.Machine: 1}

// best is the transcript, or the text of a picture, to be translated.
func best(texts []reading.Text) (found *reading.Text) {
	for i := range texts {
		if t := &texts[i]; t.Kind != reading.Translation && (found == nil || rank[t.Made] > rank[found.Made]) {
			found = t
		}
	}
	return found
}

// piecesOf are the pieces of an item to be translated, and whether some were
// left out.
func piecesOf(in *reader.Input) (pieces []reading.Segment, cut bool) {
	switch r := &in.Reading; {
	case r.Chain != nil:
		for _, m := range r.Chain.Messages {
			pieces = append(pieces, reading.Segment{Message: m.N, Text: m.Text})
		}
	case len(r.Pages) > 0 && in.Text != "":
		for _, p := range r.Pages {
			if p.From >= 0 && p.From <= p.To && p.To <= len(in.Text) {
				pieces = append(pieces, paragraphs(in.Text[p.From:p.To], p.Number)...)
			}
		}
	case in.Text != "":
		pieces = paragraphs(in.Text, 0)
	default:
		if t := best(r.Texts); t != nil {
			pieces = append(pieces, t.Segments...)
		}
	}
	return bounded(pieces)
}

// paragraphs parts a text at blank lines, and long paragraphs further.
func paragraphs(s string, page int) (pieces []reading.Segment) {
	for p := range strings.SplitSeq(s, "\n\n") {
		for p = strings.TrimSpace(p); p != ""; {
			n := len(p)
			if n > maxPiece {
				n = breakAt(p[:maxPiece])
			}
			pieces = append(pieces, reading.Segment{Page: page, Text: strings.TrimSpace(p[:n])})
			p = strings.TrimSpace(p[n:])
		}
	}
	return pieces
}

// breakAt is where a text is best cut: after its last sentence, word or
// character.
func breakAt(s string) int {
	for _, end := range []string{". ", "\n", " "} {
		if i := strings.LastIndex(s, end); i > 0 {
			return i + len(end)
		}
	}
	n := len(s)
	for n > 1 && !utf8.RuneStart(s[n-1]) {
		n--
	}
	return max(n-1, 1)
}

// bounded leaves out what is hidden, empty or beyond the limit.
func bounded(all []reading.Segment) (pieces []reading.Segment, cut bool) {
	total := 0
	for _, p := range all {
		if p.Hidden || strings.TrimSpace(p.Text) == "" {
			continue
		}
		if total += len(p.Text); total > maxText {
			return pieces, true
		}
		p.Confidence = 0 // of what was heard, not of its translation
		pieces = append(pieces, p)
	}
	return pieces, false
}

// translate sends the pieces, some at a time. Where the server finds that they
// are in the wanted language already, there is no translation.
func (t *Translator) translate(ctx context.Context, pieces []reading.Segment, from, into string) (reading.Text, error) {
	text := reading.Text{Kind: reading.Translation, Lang: into, Made: reading.Machine, By: maker}
	if same(from, into) {
		return text, nil
	}
	for len(pieces) > 0 {
		n, bytes := 0, 0
		for n < len(pieces) && n < maxPieces && (n == 0 || bytes+len(pieces[n].Text) <= maxRequest) {
			bytes += len(pieces[n].Text)
			n++
		}
		got, native, err := t.request(ctx, pieces[:n], from, into)
		if err != nil || native && len(text.Segments) == 0 {
			return reading.Text{}, err
		}
		for i, p := range pieces[:n] {
			if p.Text = strings.TrimSpace(got[i]); p.Text != "" {
				text.Segments = append(text.Segments, p)
			}
		}
		pieces = pieces[n:]
	}
	return text, nil
}

// question and answer are those of LibreTranslate.
type question struct {
	Q      []string `json:"q"`
	Source string   `json:"source"`
	Target string   `json:"target"`
	Format string   `json:"format"`
	Key    string   `json:"api_key,omitempty"`
}

type answer struct {
	Text     []string `json:"translatedText"`
	Detected []struct {
		Language string `json:"language"`
	} `json:"detectedLanguage"`
}

func (t *Translator) request(ctx context.Context, pieces []reading.Segment, from, into string) (got []string, native bool, err error) {
	q := question{Source: from, Target: into, Format: "text", Key: t.key}
	for _, p := range pieces {
		q.Q = append(q.Q, p.Text)
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, false, err
	}
	raw, err := t.ask.Post(ctx, "translate", "application/json", body)
	if err != nil {
		return nil, false, err
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil || len(a.Text) != len(pieces) {
		return nil, false, errors.New("the server's answer is no translation of what was asked")
	}
	native = len(a.Detected) > 0
	for _, d := range a.Detected {
		native = native && same(d.Language, into)
	}
	return a.Text, native, nil
}
