package archive

import (
	"fmt"
	"path"
	"strconv"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
)

// NoticesDir holds the texts of notices.
const NoticesDir = "notices"

// NoticePath is where the text of notice n lies.
func NoticePath(n int) string { return path.Join(NoticesDir, strconv.Itoa(n)+".txt") }

// MaxNotice is the size of the longest text of a notice.
const MaxNotice = 64 << 10

// CheckNotice refuses what no notice can say.
func CheckNotice(text []byte) error {
	if len(text) == 0 || len(text) > MaxNotice || !utf8.Valid(text) {
		return fmt.Errorf("the text of a notice is UTF-8 and has 1 to %d bytes", MaxNotice)
	}
	return nil
}

// WriteNotice makes the text of notice n durable, before Append of its entry.
// What an earlier attempt left is replaced.
func (w *Writer) WriteNotice(n int, text []byte) error {
	if err := CheckNotice(text); err != nil {
		return err
	}
	if err := w.fsys.MkdirAll(NoticesDir); err != nil {
		return err
	}
	return durable.WriteFile(w.fsys, NoticePath(n), text)
}

// AddKey adds a log key to sign with at the sizes at which it is in force.
func (w *Writer) AddKey(log note.Signer) { w.log.AddKey(log) }

// CanSign reports whether the log key is at hand that is in force now.
func (w *Writer) CanSign() bool { return w.log.CanSign() }
