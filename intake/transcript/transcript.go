// Package transcript reads texts that lie beside an item as files of their own:
// transcripts of recordings and translations, as WebVTT, SubRip, plain text or
// JSON, and what JSON says of a call. It does no I/O.
//
// The names decide what belongs to what; see [Of]. Whatever the bytes are, a
// reader takes time linear in their number and holds a small multiple of them.
package transcript

import (
	"errors"
	"path"
	"regexp"
	"strings"

	"golang.org/x/text/language"

	"unseal/intake/text"
	"unseal/reading"
)

// Limits of a file of this kind.
const (
	MaxBytes    = 4 << 20
	maxSegments = 100_000
)

// ErrNone says that the bytes hold no text of the form that the name promises.
var ErrNone = errors.New("holds no transcript")

// Side says what a file beside an item is, by its name alone.
type Side struct {
	Kind string // reading.Transcript or reading.Translation
	Lang string // BCP 47; empty where the name does not say it
	Form string // "vtt", "srt", "txt", "json"
}

// Of tells whether the file name lies beside the item and belongs to it:
//
//	NAME.vtt, .srt, .txt, .json       a transcript of a recording
//	NAME.transcript.LANG.vtt …        the same, with its language
//	NAME.LANG.vtt …                   a translation into LANG
//
// where NAME is the item's name with or without its ending, and LANG is a
// language as in BCP 47: fr, pt-BR, zh-Hant.
func Of(item, name string) (Side, bool) {
	form := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	if form != "vtt" && form != "srt" && form != "txt" && form != "json" || item == name {
		return Side{}, false
	}
	stem := strings.TrimSuffix(name, path.Ext(name))
	if bare := strings.TrimSuffix(item, path.Ext(item)); stem == item || stem == bare {
		return Side{reading.Transcript, "", form}, true
	}
	lang, ok := tag(strings.TrimPrefix(path.Ext(stem), "."))
	if !ok {
		return Side{}, false
	}
	stem = strings.TrimSuffix(stem, path.Ext(stem))
	kind := reading.Translation
	if rest, ok := strings.CutSuffix(stem, ".transcript"); ok {
		kind, stem = reading.Transcript, rest
	}
	return Side{kind, lang, form}, stem == item || stem == strings.TrimSuffix(item, path.Ext(item))
}

var tagForm = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

// tag reads a language of BCP 47 that is in use.
func tag(s string) (string, bool) {
	if !tagForm.MatchString(s) {
		return "", false
	}
	t, err := language.Parse(s)
	if err != nil {
		return "", false
	}
	return t.String(), true
}

// Parse reads the text in one file beside an item. What the file says of
// itself - its language, who made it and how - goes before what its name says.
func Parse(side Side, b []byte) ([]reading.Text, error) {
	if len(b) > MaxBytes {
		return nil, errors.New("is larger than is read")
	}
	if side.Form == "json" {
		doc, err := ParseJSON(b)
		if err != nil {
			return nil, err
		}
		return doc.texts(side)
	}
	s, _, _ := text.Decode(b, "")
	t := reading.Text{Kind: side.Kind, Lang: side.Lang, Made: reading.Supplied}
	switch s = text.Lines(s); side.Form {
	case "vtt":
		parseVTT(s, &t)
	case "srt":
		t.Segments = cues(strings.Split(s, "\n"), tags.Replace)
	default:
		t.Segments = parsePlain(s)
	}
	if len(t.Segments) == 0 {
		return nil, ErrNone
	}
	return []reading.Text{t}, nil
}

// add appends a segment, as long as there are not too many.
func add(list []reading.Segment, s reading.Segment) []reading.Segment {
	if s.Text = strings.TrimSpace(s.Text); s.Text == "" || len(list) >= maxSegments {
		return list
	}
	return append(list, s)
}

// made checks a word for the way in which a text was made.
func made(s string) (string, bool) {
	switch s = strings.ToLower(strings.TrimSpace(s)); s {
	case reading.Machine, reading.Corrected, reading.Supplied, reading.Typed:
		return s, true
	case "person", "human":
		return reading.Corrected, true
	}
	return "", false
}
