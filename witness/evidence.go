package witness

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"unseal/durable"
	"unseal/proof"
	"unseal/trove"
)

const (
	evidenceDir = "evidence"
	// maxEvidence bounds the cases of each kind that are kept of one log. One is
	// enough to show; and a stranger can make up unproven ones, of checkpoints
	// that are good, by leaving the proof out.
	maxEvidence = 100
	// maxShown bounds the cases of one log that are handed out.
	maxShown = 10

	splitView = "split-view"
	unproven  = "unproven"
)

// Case is two checkpoints of one size with two roots, both signed by the log:
// whoever has its key sees from them alone that it shows two histories.
type Case struct {
	Dir  string // in the witness's folder; its files are a and b
	A, B proof.Checkpoint
}

// keep keeps two checkpoints that the log has signed and that do not agree, or
// that it did not prove to agree. It needs w.mu.
func (s *Server) keep(w *watched, r request, why error) error {
	what := unproven
	switch {
	case errors.Is(why, ErrSplitView):
		what = splitView
	case !errors.Is(why, errProof) || w.latest.Note == nil:
		return nil
	}
	a, b := w.latest, r.checkpoint
	sum := trove.Sum(fmt.Appendf(nil, "%s\n%s", a.Text(), b.Text()))
	dir := path.Join(w.dir, evidenceDir, what+"-"+sum.String()[:16])
	kept, known, err := w.count(what, path.Base(dir))
	if err != nil || !known && kept >= maxEvidence {
		return err
	}
	if !known {
		s.warn(what, dir, a, b)
	}
	if err := w.fsys.MkdirAll(dir); err != nil {
		return err
	}
	return cmp.Or(w.keepNote(dir+"/a", a), w.keepNote(dir+"/b", b))
}

// warn tells the operator of a new case; of a split view with both notes, so
// that they stand in a second place.
func (s *Server) warn(what, dir string, a, b proof.Checkpoint) {
	args := []any{"log", a.Origin, "what", what, "have", a.Size, "sent", b.Size, "evidence", dir}
	if what == splitView {
		args = append(args, "a", string(a.Note), "b", string(b.Note))
	}
	s.o.Log.Warn("checkpoints of a log do not agree", args...)
}

// count is how many cases of a kind are kept, and whether one is among them.
func (w *watched) count(what, name string) (kept int, known bool, err error) {
	cases, err := fs.ReadDir(w.fsys, w.dir+"/"+evidenceDir)
	for _, e := range cases {
		known = known || e.Name() == name
		if strings.HasPrefix(e.Name(), what) {
			kept++
		}
	}
	return kept, known, err
}

// keepNote writes a note unless it is there.
func (w *watched) keepNote(name string, c proof.Checkpoint) error {
	if b, err := fs.ReadFile(w.fsys, name); err == nil && bytes.HasPrefix(b, []byte(c.Text())) {
		return nil
	}
	return durable.WriteFile(w.fsys, name, c.Note)
}

// SplitViews are the cases that the witness has kept, at most ten of each log.
// A folder that was broken off while it was written is no case.
func (s *Server) SplitViews() (list []Case, err error) {
	for _, w := range s.logs {
		cases, err := fs.ReadDir(w.fsys, w.dir+"/"+evidenceDir)
		if err != nil {
			return nil, err
		}
		shown := 0
		for _, e := range cases {
			c, ok := w.split(path.Join(w.dir, evidenceDir, e.Name()))
			if ok && shown < maxShown {
				list = append(list, c)
				shown++
			}
		}
	}
	return list, nil
}

// split reads a case, and judges it anew.
func (w *watched) split(dir string) (Case, bool) {
	c := Case{Dir: dir}
	for name, to := range map[string]*proof.Checkpoint{"a": &c.A, "b": &c.B} {
		b, err := fs.ReadFile(w.fsys, dir+"/"+name)
		if err != nil {
			return c, false
		}
		if *to, err = proof.ParseCheckpoint(b); err != nil || !w.signed(*to) {
			return c, false
		}
	}
	return c, c.A.Size == c.B.Size && c.A.Root != c.B.Root
}

// serveEvidence answers GET …/evidence: the notes of all split views, two and
// two, an empty line behind each. It is ours, and in no specification.
func (s *Server) serveEvidence(rw http.ResponseWriter) {
	list, err := s.SplitViews()
	if err != nil {
		s.refuse(rw, err)
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, c := range list {
		fmt.Fprintf(rw, "%s\n%s\n", c.A.Note, c.B.Note)
	}
}

// parseEvidence reads what serveEvidence has written; it stops at what is not that.
func parseEvidence(text string) (list []Case) {
	var notes []proof.Checkpoint
	parts := strings.Split(text, "\n\n") // text and signatures, by turns
	for i := 0; i+1 < len(parts); i += 2 {
		c, err := proof.ParseCheckpoint([]byte(parts[i] + "\n\n" + parts[i+1] + "\n"))
		if err != nil {
			break
		}
		notes = append(notes, c)
	}
	for i := 0; i+1 < len(notes); i += 2 {
		list = append(list, Case{A: notes[i], B: notes[i+1]})
	}
	return list
}
