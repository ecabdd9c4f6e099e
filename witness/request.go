package witness

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
)

// Limits of a request (c2sp.org/tlog-witness, "add-checkpoint").
const (
	maxProof   = 63
	maxRequest = 80 << 10 // 63 lines, and the largest checkpoint that is read
)

// request is the body of add-checkpoint.
type request struct {
	old        int64 // size from which the proof leads to the checkpoint
	proof      tlog.TreeProof
	checkpoint proof.Checkpoint
}

// errRequest is wrapped by every error of parseRequest.
var errRequest = errors.New("not a request of c2sp.org/tlog-witness")

// parseRequest checks the form alone: a line with the old size, lines of the
// proof, an empty line, a checkpoint.
func parseRequest(body []byte) (r request, err error) {
	head, note, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !ok || len(lines) > 1+maxProof {
		return r, fmt.Errorf("%w: want the old size, at most %d hashes, an empty line, a checkpoint", errRequest, maxProof)
	}
	size, ok := strings.CutPrefix(lines[0], "old ")
	if r.old, err = parseSize(size); !ok || err != nil {
		return r, fmt.Errorf("%w: old size %.40q", errRequest, lines[0])
	}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return r, fmt.Errorf("%w: hash %.60q", errRequest, line)
		}
		r.proof = append(r.proof, h)
	}
	if r.checkpoint, err = proof.ParseCheckpoint(note); err != nil {
		return r, fmt.Errorf("%w: %w", errRequest, err)
	}
	if r.old > r.checkpoint.Size {
		return r, fmt.Errorf("%w: the old size %d is beyond the checkpoint's, %d", errRequest, r.old, r.checkpoint.Size)
	}
	return r, nil
}

func (r request) format() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.old)
	for _, h := range r.proof {
		b = append(b, h.String()+"\n"...)
	}
	return append(append(b, '\n'), r.checkpoint.Note...)
}

// parseSize accepts decimal without leading zeros.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("size %.40q", s)
	}
	return n, nil
}
