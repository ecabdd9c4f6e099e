package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/trove"
)

// Mark is what stands in a rendition for a hidden run of segments. There are
// six, so that a publisher cannot say anything with them: one for text and one
// for lines of base64, each with the line end that the run ended in.
type Mark uint8

// MarkBase64 is the first of the marks for lines of base64; it decodes to
// "[redacted]  ", so that what follows keeps its place.
const MarkBase64 Mark = 3

var marks = [...]string{
	"[redacted]", "[redacted]\n", "[redacted]\r\n",
	"W3JlZGFjdGVkXSAg", "W3JlZGFjdGVkXSAg\n", "W3JlZGFjdGVkXSAg\r\n",
}

// String is the mark as it stands in the rendition, line end included.
func (m Mark) String() string {
	if int(m) < len(marks) {
		return marks[m]
	}
	return "mark " + strconv.Itoa(int(m))
}

func (m Mark) endsLine() bool { return m%3 > 0 }

// Hidden is a run of segments that a rendition does not show.
type Hidden struct {
	At    int64 // offset of its mark in the rendition
	Mark  Mark
	First int // the first of the segments, counted from 0
	Count int
}

func (h Hidden) end() int { return h.First + h.Count }

// MarshalJSON writes the fields as a list of four numbers.
func (h Hidden) MarshalJSON() ([]byte, error) {
	return json.Marshal([4]int64{h.At, int64(h.Mark), int64(h.First), int64(h.Count)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Hidden) UnmarshalJSON(b []byte) error {
	var v []int64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if len(v) != 4 || v[1] < 0 || v[1] >= int64(len(marks)) || v[2] < 0 || v[2] > maxCount || v[3] < 1 || v[3] > maxCount {
		return fmt.Errorf("%.60s is no hidden run", b)
	}
	*h = Hidden{v[0], Mark(v[1]), int(v[2]), int(v[3])}
	return nil
}

// Rendition is what opens the commitment of an item of which some places are
// hidden: seeds for the segments that are shown, hashes for those that are
// not. It tells nothing of hidden bytes but how many segments they are.
type Rendition struct {
	Rule     string       `json:"rule"`
	Segments int          `json:"segments"` // of the item, the hidden ones included
	Salted   trove.Digest `json:"salted"`   // of the item's salt and its exact bytes
	Salt     Seed         `json:"salt"`     // of the digest of what is shown
	Hidden   []Hidden     `json:"hidden"`   // in order; between two of them something is shown
	Seeds    []byte       `json:"seeds"`    // of the largest subtrees that are shown, from left to right
	Hashes   []byte       `json:"hashes"`   // of the largest subtrees that are hidden, from left to right
}

// Open is the commitment that follows from a rendition and the bytes shown,
// and the salted digest of these. The commitment equals the logged one only if
// every byte outside the marks is what was committed to, in its place. Which
// mark stands for a run, and so whether a line ends there, does not follow. The
// error, ErrMismatch, is for what cannot be the rendition of anything.
func (r *Rendition) Open(c Context, shown []byte) (leaf, digest trove.Digest, err error) {
	if r.Rule != WordsRule {
		return leaf, digest, fmt.Errorf("segmentation rule %q is not known to this version: %w", r.Rule, ErrMismatch)
	}
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	open, err := r.cut(w, shown)
	if err != nil {
		return leaf, digest, fmt.Errorf("rendition: %w: %w", err, ErrMismatch)
	}
	w.tree.rest, w.tree.lens = open, w.lens
	v := cover{tree: w.tree, hidden: r.Hidden, seeds: r.Seeds, hashes: r.Hashes}
	root := v.node(0, r.Segments)
	w.tree.rest, w.tree.lens = nil, nil
	if v.short || len(v.seeds)+len(v.hashes) > 0 {
		return leaf, digest, fmt.Errorf("rendition: seeds and hashes are not those of its hidden runs: %w", ErrMismatch)
	}
	o := Opening{Rule: r.Rule, Root: root, Segments: r.Segments}
	return o.commitment(c, r.Salted), Salted(r.Salt, shown), nil
}

// cut takes the marks out of shown and puts the lengths of the segments that
// are left into w. It checks that all counts add up.
func (r *Rendition) cut(w *workspace, shown []byte) (open []byte, err error) {
	w.lens = w.lens[:0]
	pos, hidden, lineStart := 0, 0, true
	for i, h := range r.Hidden {
		mark := h.Mark.String()
		if h.At < int64(pos) || h.At > int64(len(shown)) || !bytes.HasPrefix(shown[h.At:], []byte(mark)) {
			return nil, fmt.Errorf("no mark at byte %d", h.At)
		}
		open = append(open, shown[pos:h.At]...)
		w.lens = cutPiece(shown[pos:h.At], lineStart, false, w.lens)
		if h.Count < 1 || h.First != len(w.lens)+hidden || i > 0 && int(h.At) == pos {
			return nil, fmt.Errorf("hidden run %d is not where it says", i)
		}
		pos, hidden, lineStart = int(h.At)+len(mark), hidden+h.Count, h.Mark.endsLine()
	}
	open = append(open, shown[pos:]...)
	w.lens = cutPiece(shown[pos:], lineStart, true, w.lens)
	if len(r.Hidden) == 0 || len(w.lens)+hidden != r.Segments {
		return nil, fmt.Errorf("%d segments shown and %d hidden, %d stated", len(w.lens), hidden, r.Segments)
	}
	return open, nil
}

// cover walks the tree of segments, taking seeds and hashes as it goes.
type cover struct {
	tree          *segmentTree
	hidden        []Hidden // that are not passed yet
	seeds, hashes []byte
	short         bool // there were too few of them
}

// shows reports whether n segments from first on are all shown or all hidden.
func (v *cover) shows(first, n int) (open, whole bool) {
	for len(v.hidden) > 0 && v.hidden[0].end() <= first {
		v.hidden = v.hidden[1:]
	}
	if len(v.hidden) == 0 || v.hidden[0].First >= first+n {
		return true, true
	}
	return false, v.hidden[0].First <= first && v.hidden[0].end() >= first+n
}

// node is the hash over n segments from first on. The depth of recursion is at
// most 1 + log2 n.
func (v *cover) node(first, n int) (sum [sha256.Size]byte) {
	open, whole := v.shows(first, n)
	switch {
	case whole && open:
		var seed Seed
		v.short = v.short || !take(&v.seeds, seed[:])
		return v.tree.subtree(n, seed)
	case whole:
		v.short = v.short || !take(&v.hashes, sum[:])
		return sum
	}
	k := split(n)
	left := v.node(first, k)
	right := v.node(first+k, n-k)
	return tlog.NodeHash(left, right)
}

// take moves the beginning of from to to.
func take(from *[]byte, to []byte) bool {
	if len(*from) < len(to) {
		return false
	}
	*from = (*from)[copy(to, *from):]
	return true
}

// uncover is cover for whoever knows all: it makes seeds and hashes.
type uncover struct {
	cover
	content []byte
	at      []int // where the segments begin
	lens    []uint16
}

func (u *uncover) node(first, n int, seed Seed) {
	open, whole := u.shows(first, n)
	switch {
	case whole && open:
		u.seeds = append(u.seeds, seed[:]...)
	case whole:
		u.tree.rest, u.tree.lens = u.content[u.at[first]:], u.lens[first:first+n]
		sum := u.tree.subtree(n, seed)
		u.hashes = append(u.hashes, sum[:]...)
	default:
		k := split(n)
		left, right := seed.children()
		u.node(first, k, left)
		u.node(first+k, n-k, right)
	}
}

// children are the seeds of the two nodes below the one of s.
func (s Seed) children() (left, right Seed) {
	both := sha256.Sum256(append([]byte{seedPrefix}, s[:]...))
	return Seed(both[:16]), Seed(both[16:])
}
