package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
	"unseal/proof"
	"unseal/translog"
	"unseal/trove"
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

// Notices are the public statements in the log, in order.
func (a *Archive) Notices() []translog.LoggedNotice { return a.view.State.Notices }

// NoticeText reads the text of notice n, checked against the log.
func (a *Archive) NoticeText(n int) (string, error) {
	if n < 1 || n > len(a.view.State.Notices) {
		return "", fmt.Errorf("notice %d: %w", n, ErrNotFound)
	}
	b, err := readWhole(a.fsys, NoticePath(n), MaxNotice)
	if err == nil {
		err = CheckNotice(b)
	}
	if err == nil && trove.Sum(b) != a.view.State.Notices[n-1].Text {
		err = proof.ErrMismatch
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", NoticePath(n), err)
	}
	return string(b), nil
}

// LogID is the leaf hash of the log's genesis entry, by which readers may know
// it; see [translog.State.Leads].
func (a *Archive) LogID() trove.Digest { return a.view.State.ID }

// LogKeys are the keys that have signed checkpoints, in order.
func (a *Archive) LogKeys() []translog.LogKey { return a.view.State.LogKeys }

// checkNotices compares the texts of notices with the log.
func (v *verifier) checkNotices() {
	v.report.Notices = v.state.Notices
	for _, n := range v.state.Notices {
		name := NoticePath(n.Number)
		b, ok := v.read(name, MaxNotice)
		if !ok {
			continue
		}
		if got := trove.Sum(b); got != n.Text {
			v.altered(name, "has SHA-256 %s, the log says %s", got, n.Text)
		} else if err := CheckNotice(b); err != nil {
			v.altered(name, "%v", err)
		}
	}
}

// comingNotice reports whether a file may be the text of a notice that the log
// does not have yet.
func (v *verifier) comingNotice(name string) bool {
	n, err := strconv.Atoi(strings.TrimSuffix(path.Base(name), ".txt"))
	return err == nil && n > len(v.state.Notices) && name == NoticePath(n)
}

// tidyNotices removes texts of notices that the log does not have: of a run
// that was stopped.
func (w *Writer) tidyNotices() error {
	entries, err := fs.ReadDir(w.fsys, NoticesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), ".txt"))
		if err != nil || n <= len(w.State().Notices) || path.Join(NoticesDir, e.Name()) != NoticePath(n) {
			continue
		}
		err = w.fsys.Remove(NoticePath(n))
		if err == nil {
			err = w.fsys.SyncDir(NoticesDir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// AddKey adds a log key to sign with at the sizes at which it is in force.
func (w *Writer) AddKey(log note.Signer) { w.log.AddKey(log) }

// CanSign reports whether the log key is at hand that is in force now.
func (w *Writer) CanSign() bool { return w.log.CanSign() }
