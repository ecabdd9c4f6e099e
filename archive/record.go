package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"unseal/proof"
	"unseal/trove"
)

// maxRedacted bounds the record of a redacted item: its proof file has to hold
// the same.
const maxRedacted = proof.MaxFile

// opens is the item commitment that follows from a record and the bytes shown,
// and the salted digest of these, which stands in the log. For an item that is
// not redacted the root of its tree is taken as stated.
func (r *Record) opens(c proof.Context, shown []byte) (leaf, digest trove.Digest, err error) {
	if r.Redacted != nil {
		return r.Redacted.Open(c, shown)
	}
	leaf, digest = r.Opening.Fast(c, shown)
	return leaf, digest, nil
}

// rule is that of the segments.
func (r *Record) rule() string {
	if r.Redacted != nil {
		return r.Redacted.Rule
	}
	return r.Opening.Rule
}

// errRecord says that a line is not the record that should stand there.
var errRecord = errors.New("is not one, or not that of this number")

// parse reads the line of a record, which must agree with its row. What the
// head of the line says, by which a fast verification goes, must be what the
// whole says.
func (r *Record) parse(line []byte, row Row) error {
	if row.Hidden > 0 && len(line) > maxRedacted {
		return fmt.Errorf("has %d bytes, that of a redacted item at most %d", len(line), maxRedacted)
	}
	if err := json.Unmarshal(line, r); err != nil {
		return err
	}
	if r.Number != row.Number || !bytes.HasPrefix(line, r.head()) {
		return errRecord
	}
	if row.Kind != r.Kind {
		return fmt.Errorf("is of kind %q, the manifest says %q", r.Kind, row.Kind)
	}
	if h, _ := parseRecordHead(line); row.Hidden == 0 && (trove.Verdict(h.verdict) != r.Verdict || (len(h.unreadable) > 0) != (r.Unreadable != "")) {
		return errors.New("has a field twice")
	}
	if bytes.Count(line, madeKey) != min(1, len(r.Made)) {
		return errors.New("lists files made of it in another form")
	}
	if err := checkMade(r.Made); err != nil {
		return err
	}
	return r.checkRedaction(row.Hidden)
}

// head is how the line of a record begins.
func (r *Record) head() []byte {
	b := append(strconv.AppendInt([]byte(`{"number":`), int64(r.Number), 10), ',')
	if r.Redacted != nil {
		return append(append(b, `"redacted":`...), mustJSON(r.Redacted)...)
	}
	return append(append(b, `"opening":`...), mustJSON(r.Opening)...)
}

// checkRedaction checks that a record and its row, which says how many runs are
// hidden, agree on what is redacted and why.
func (r *Record) checkRedaction(hidden int) error {
	switch {
	case r.Redacted == nil && (hidden > 0 || len(r.Redactions) > 0 || r.Original != nil):
		return errors.New("states redactions of an item that is shown as it is")
	case r.Redacted == nil:
		return nil
	case r.Opening != proof.Opening{}:
		return errors.New("opens an item that is redacted")
	case len(r.Redacted.Hidden) != hidden || len(r.Redactions) != hidden:
		return fmt.Errorf("hides %d runs with reasons for %d, the manifest says %d", len(r.Redacted.Hidden), len(r.Redactions), hidden)
	}
	for i, why := range r.Redactions {
		if why.At != r.Redacted.Hidden[i].At || !isReason(why.Reason) {
			return fmt.Errorf("gives the reason %.40q at byte %d, hidden is byte %d", why.Reason, why.At, r.Redacted.Hidden[i].At)
		}
	}
	return nil
}

// isReason reports whether s is a code as the log has them.
func isReason(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// recordHead is what a fast verification needs of a record.
type recordHead struct {
	number     int
	opening    proof.Opening
	verdict    []byte
	unreadable []byte // why, as far as the first quote in it
}

// parseRecordHead reads number and opening from the beginning of a record,
// where every record has them, in one form; and two fields, in their
// order, wherever they stand: no string can hold their keys, since quotes in
// strings are escaped.
func parseRecordHead(line []byte) (h recordHead, ok bool) {
	p := scanner{rest: line, ok: true}
	h.number = p.number(`{"number":`)
	h.opening.Rule = string(p.text(`,"opening":{"rule":"`))
	p.hex(`,"root":"`, h.opening.Root[:])
	h.opening.Segments = p.number(`,"segments":`)
	p.hex(`,"seed":"`, h.opening.Seed[:])
	p.hex(`,"salt":"`, h.opening.Salt[:])
	rest := p.rest
	if _, after, found := bytes.Cut(rest, []byte(`"verdict":"`)); found {
		h.verdict, rest, _ = bytes.Cut(after, []byte{'"'})
	}
	if _, after, found := bytes.Cut(rest, []byte(`"unreadable":"`)); found { // stands behind the verdict
		h.unreadable, _, _ = bytes.Cut(after, []byte{'"'})
	}
	return h, p.ok
}
