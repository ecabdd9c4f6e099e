// Package pdf reads PDF files with PDFium, compiled to WebAssembly and run in
// this process by wazero, without cgo: text by page, facts, outline, forms,
// comments, attached files, images of the pages, and the text of scanned pages
// by OCR. What the file does not mean to show is looked for and said as
// findings: text under boxes, scripts, links, attached files.
//
// PDFium sees no file, no clock and no randomness of the system; a file that
// breaks it costs its instance alone. No script of a document runs.
//
// A file that needs a password which nobody gave is "encrypted, not opened". One
// that is damaged is read as far as PDFium can put it right, with a warning.
package pdf

import (
	"bytes"
	"strings"

	"unseal/trove"
)

// headerWithin is where the header is looked for, as readers of PDF do: ISO
// 32000-1, annex H, implementation note 13.
const headerWithin = 1024

// Type is the media type of what the package reads.
const Type = "application/pdf"

// Detect says whether a file is a PDF by its first bytes, at least 1,024 of
// them where there are as many; or by its name, if it begins like one that has
// lost its header. It returns no kind if it is none.
func Detect(head []byte, name string) (trove.Kind, string) {
	head = head[:min(len(head), headerWithin)]
	named := strings.HasSuffix(strings.ToLower(name), ".pdf") && bytes.HasPrefix(head, []byte("%")) && bytes.Contains(head, []byte(" obj"))
	if named || begins(head) {
		return trove.Doc, Type
	}
	return "", ""
}

// begins finds a header that is not just spoken of: at the beginning, or after
// what is no text.
func begins(head []byte) bool {
	at := bytes.Index(head, []byte("%PDF-"))
	if at < 0 {
		return bytes.HasPrefix(head, []byte("%PDF"))
	}
	for _, c := range head[:at] {
		if c >= 0x20 && c < 0x7f {
			continue
		}
		if c != '\t' && c != '\n' && c != '\r' {
			return true
		}
	}
	return len(bytes.TrimSpace(head[:at])) == 0 || at > 0 && head[at-1] == '\n' && bytes.Contains(head[at:], []byte(" obj"))
}

// Takes says whether a file of a kind and media type is read.
func Takes(_ trove.Kind, mediaType string) bool { return mediaType == Type }
