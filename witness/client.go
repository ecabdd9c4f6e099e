package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"unseal/proof"
)

// ErrAhead says that the witness has cosigned a longer log than this one. Use
// the newer copy; where there is none, the log was put back to an older state.
var ErrAhead = errors.New("the witness has cosigned a longer log")

// ErrRefused says that the witness does not cosign, and why.
var ErrRefused = errors.New("the witness refuses")

// Client asks one witness.
type Client struct {
	URL     string        // the submission prefix
	Witness proof.Witness // whose cosignatures count
	HTTP    *http.Client  // with a timeout
}

// attempts is how often a size is asked for: others may bring the same log
// forward at the same time.
const attempts = 4

// Cosign has a checkpoint cosigned and returns the signature line, which is
// that of the witness and fits, and the time it states. prove gives the proof that the first old
// entries are the beginning of the checkpoint's. An error matches
// [ErrSplitView] where the witness holds another root for the same size.
func (c Client) Cosign(ctx context.Context, cp proof.Checkpoint, prove func(old int64) (tlog.TreeProof, error)) (line string, at time.Time, err error) {
	r := request{checkpoint: cp}
	for range attempts {
		if r.old > 0 {
			if r.proof, err = prove(r.old); err != nil {
				return "", at, err
			}
		}
		status, body, err := c.post(ctx, r.format())
		switch {
		case err != nil:
			return "", at, fmt.Errorf("ask %s: %w", c.Witness.Name, err)
		case status == http.StatusOK:
			return c.pick(cp, body)
		case status != http.StatusConflict:
			return "", at, fmt.Errorf("%s: %w: %s", c.Witness.Name, refusal(status), strings.TrimSpace(string(body)))
		}
		latest, err := parseSize(strings.TrimSuffix(string(body), "\n"))
		switch {
		case err != nil:
			return "", at, fmt.Errorf("%s: its newest checkpoint: %w", c.Witness.Name, err)
		case latest > cp.Size:
			return "", at, fmt.Errorf("%s: %w: %d entries, this one has %d", c.Witness.Name, ErrAhead, latest, cp.Size)
		case latest == r.old && latest == cp.Size:
			return "", at, fmt.Errorf("%s at %d entries: %w", c.Witness.Name, latest, ErrSplitView)
		}
		r.old = latest
	}
	return "", at, fmt.Errorf("%s: %w: its newest checkpoint changes with every request", c.Witness.Name, ErrRefused)
}

// refusal is the error for a status: for a proof that does not lead on from
// what the witness has, the tree itself is not the one it knows.
func refusal(status int) error {
	if status == http.StatusUnprocessableEntity {
		return fmt.Errorf("%w, since this log does not go on from the one it has cosigned (%w)", ErrRefused, proof.ErrMismatch)
	}
	return fmt.Errorf("%w (HTTP %d)", ErrRefused, status)
}

func (c Client) post(ctx context.Context, body []byte) (int, []byte, error) {
	return c.do(ctx, http.MethodPost, "add-checkpoint", body, maxRequest)
}

func (c Client) do(ctx context.Context, method, name string, body []byte, limit int64) (int, []byte, error) {
	url := strings.TrimSuffix(c.URL, "/") + "/" + name
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	return resp.StatusCode, answer, err
}

// Other is what a witness of our make has kept against cp: a checkpoint of the
// same size with another root, signed with the log's key too. False where the
// witness does not say, or what it says shows nothing.
func (c Client) Other(ctx context.Context, cp proof.Checkpoint, logKey string) (proof.Checkpoint, bool) {
	_, body, err := c.do(ctx, http.MethodGet, evidenceDir, nil, maxAnswer)
	if err != nil {
		return proof.Checkpoint{}, false
	}
	for _, split := range parseEvidence(string(body)) {
		other := split.A
		if other.Text() == cp.Text() {
			other = split.B
		}
		if other.Origin == cp.Origin && other.Size == cp.Size && other.Root != cp.Root && other.Verify(logKey) == nil {
			return other, true
		}
	}
	return proof.Checkpoint{}, false
}

// maxAnswer bounds the evidence that is read of a witness.
const maxAnswer = 1 << 20

// pick finds the line of the witness among those of an answer; lines of keys
// that are not known do not count.
func (c Client) pick(cp proof.Checkpoint, answer []byte) (line string, at time.Time, err error) {
	for line := range strings.Lines(string(answer)) {
		got, err := proof.ParseCheckpoint([]byte(cp.Text() + "\n" + line))
		if err != nil {
			continue
		}
		at, err := got.SeenBy(c.Witness)
		if errors.Is(err, proof.ErrUnseen) {
			continue
		}
		return line, at, err
	}
	return "", at, fmt.Errorf("%s: %w with a signature of another key", c.Witness.Name, ErrRefused)
}
