// Package reader is the contract of what reads items that are no mails: each
// kind of material has a leaf of intake with functions of type [Func], which
// house connects to stages and kinds. They run in a child process that has no
// network, a private folder and limits of memory and time, so a crash costs one
// item; see package worker.
//
// The same content, request and tools give the same result.
package reader

import (
	"context"
	"errors"
	"fmt"
	"io"

	"unseal/reading"
	"unseal/trove"
)

// Stage is a step of reading an item. Stages are done and redone apart.
type Stage string

// The stages, in their order.
const (
	Read      Stage = "read"      // record, text and reading from the bytes alone
	Picture   Stage = "picture"   // images of pages, small pictures
	OCR       Stage = "ocr"       // text of pictures
	Sound     Stage = "sound"     // what browsers play
	Speech    Stage = "speech"    // transcript, by a server that the operator names
	Translate Stage = "translate" // by a server that the operator names
)

// Stages lists the stages in their order.
var Stages = []Stage{Read, Picture, OCR, Sound, Speech, Translate}

// Pieces is no stage of reading an item, but asked of a recording that is to be
// redacted: which of its bytes carry the seconds Request.Silenced. The answer
// is Result.Pieces.
const Pieces Stage = "pieces"

// Beside is a file that lay next to the item and belongs to it: a transcript,
// the data of a call. Intake hands over small ones with the same name but for
// the ending.
type Beside struct {
	Name  string
	Bytes []byte
}

// Request says what is wanted of an item.
type Request struct {
	Stage     Stage             `json:"stage"`
	Kind      trove.Kind        `json:"kind"`
	Name      string            `json:"name"` // the last name it was handed over under, decoded; never a path to open
	Path      string            `json:"path"` // inside the trove, for words alone
	Type      string            `json:"type"` // media type by its first bytes
	Langs     []string          `json:"langs,omitempty"`
	Passwords []string          `json:"passwords,omitempty"`
	Options   map[string]string `json:"options,omitempty"` // the desk's answers: "dates": "dmy"
	Beside    []Beside          `json:"beside,omitempty"`
	Reading   reading.Reading   `json:"reading,omitzero"`   // of the stages before; empty for Read
	Text      string            `json:"text,omitempty"`     // the item's text, for the stage Translate alone
	Silenced  []reading.Span    `json:"silenced,omitempty"` // seconds of a redacted recording that a tone stands for
}

// Input is an item to be read. It is used by one goroutine.
type Input struct {
	Request
	Content io.ReaderAt // the exact bytes
	Size    int64
	Dir     string // a private folder that is empty and goes away afterwards; for tools

	// Earlier gives a file that an earlier stage made of the item, for the
	// stages that run in the parent; nil in a child.
	Earlier func(name string) ([]byte, error)
}

// Made is a file made of an item, for readers.
type Made struct {
	Name  string // "p1.png", "play.mp3": letters, digits, dots and hyphens
	Type  string // media type
	Bytes []byte
}

// What is read of the files in one item; more is only listed in its record.
const (
	MaxEmbedded      = 200
	MaxEmbeddedBytes = 64 << 20
)

// Embedded is a file that lies in the item. The engine reads it in its turn, and
// takes the size and digest of its part from these bytes; of a part without
// bytes here they are what the reader says, which nobody has checked.
type Embedded struct {
	Path  string // of its part in Result.Record
	Name  string
	Type  string // media type, where the item says it
	Bytes []byte
}

// Result is what a stage made. Only the stage Read gives Record and Text.
type Result struct {
	Record   trove.Record
	Text     string // UTF-8 with "\n" line ends
	Reading  reading.Reading
	Files    []Made
	Embedded []Embedded // bytes of the files in the item, each named in Record.Parts
	Partly   string     // what could not be had, one sentence; empty if all was
	Failed   string     // why the stage gave nothing, one sentence; the item stays listed
	Locked   bool       // it is encrypted, and none of the request's passwords opens it
	Waiting  string     // what the stage waits for, such as a server that does not answer; it is tried again with the next run
	Pieces   [][2]int64 // ranges of the exact bytes, [from, to), ascending; see Pieces
	By       string     // programs and versions that a person should know of: "tesseract 5.3.0"
}

// Func reads an item. It does not fail: what goes wrong is said in the result.
// It may panic; the child catches that.
type Func func(ctx context.Context, in *Input) Result

// ErrTooLarge says that there are more bytes than a reader holds in memory.
var ErrTooLarge = errors.New("larger than can be read")

// Bytes returns the content, at most max bytes of it: more is ErrTooLarge.
func (in *Input) Bytes(max int64) ([]byte, error) {
	if in.Size > max {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, in.Size, max)
	}
	b := make([]byte, in.Size)
	if _, err := io.ReadFull(io.NewSectionReader(in.Content, 0, in.Size), b); err != nil {
		return nil, err
	}
	return b, nil
}

// Warn adds a warning to the record.
func (r *Result) Warn(code, format string, args ...any) {
	r.Record.Warnings = append(r.Record.Warnings, trove.Warning{Code: code, Text: fmt.Sprintf(format, args...)})
}

// Find adds a finding.
func (r *Result) Find(code, format string, args ...any) {
	r.Reading.Findings = append(r.Reading.Findings, reading.Finding{Code: code, Text: fmt.Sprintf(format, args...)})
}

// Fact adds a fact, unless its value is empty.
func (r *Result) Fact(name, value string) {
	if value != "" {
		r.Reading.Facts = append(r.Reading.Facts, reading.Fact{Name: name, Value: value})
	}
}
