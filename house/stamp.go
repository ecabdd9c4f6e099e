package house

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"unseal/archive"
	"unseal/durable"
	"unseal/evidence/cms"
	"unseal/evidence/logtime"
	"unseal/evidence/opentimestamps"
	"unseal/evidence/timestamp"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// timesDir is where a desk keeps the proofs of time of its log, under the names
// they have in the archive.
const timesDir = "timestamps"

// ErrNoState says that a proof is of no state of this log.
var ErrNoState = errors.New("the proof is of no state of this log")

const (
	stampTime = 30 * time.Second  // for one question to an authority or a calendar
	maxAnswer = timestamp.MaxSize // bytes of an answer
	calendarQ = "application/vnd.opentimestamps.v1"
)

// StampOptions say where proofs of time come from.
type StampOptions struct {
	Dir         string   // a desk, or an archive
	Archive     string   // the archive of a desk, unless its configuration names it
	Authorities []string // URLs of RFC 3161
	Calendars   []string // URLs of OpenTimestamps
	Files       []string // proofs that were obtained elsewhere
	Certs       []string // files of certificates of authorities that are known
}

// Stamped is what came of one source.
type Stamped struct {
	Source  string                 `json:"source"`
	Path    string                 `json:"path,omitempty"` // in the archive
	Size    int64                  `json:"size,omitempty"` // of the state that it is of
	Shown   []trove.OtherSignature `json:"shown,omitempty"`
	Already bool                   `json:"already,omitempty"` // there was one, and it says as much
	Err     error                  `json:"-"`
}

// Stamp obtains proofs of time for the newest checkpoint of an archive, takes
// the promised rest of earlier ones from the calendars named, and keeps them
// beside the log and, where there is a desk, in it; durable on return. What one
// source does not give is in its row. Only authorities and calendars that are
// named are asked.
func Stamp(ctx context.Context, o StampOptions) (proof.Checkpoint, []Stamped, error) {
	s, err := openStamper(ctx, o)
	if err != nil {
		return proof.Checkpoint{}, nil, err
	}
	defer s.close()
	if err := s.exchange(); err != nil {
		return s.newest, nil, err
	}
	var list []Stamped
	for _, name := range o.Files {
		list = append(list, s.one(name, s.fromFile))
	}
	for _, url := range o.Authorities {
		list = append(list, s.one(url, func(url string, out *Stamped) error { return s.ask(ctx, url, out) }))
	}
	for _, url := range o.Calendars {
		list = append(list, s.calendar(ctx, url)...)
	}
	return s.newest, list, nil
}

// CheckpointText is what [Stamp] has stamped; of o only Dir and Archive count.
func CheckpointText(ctx context.Context, o StampOptions) ([]byte, error) {
	dir, done, err := cosignDir(ctx, CosignOptions{Dir: o.Dir, Archive: o.Archive})
	if err != nil {
		return nil, err
	}
	l, err := OpenLog(dir, "")
	if err := errors.Join(err, done()); err != nil {
		return nil, err
	}
	return checkpointText(l.View.Checkpoint), nil
}

func checkpointText(c proof.Checkpoint) []byte {
	return []byte(proof.FormatCheckpoint(c.Origin, c.Size, c.Root))
}

// stamper is one call of Stamp.
type stamper struct {
	log     *Log
	newest  proof.Checkpoint
	archive *durable.Folder
	desk    *durable.Folder // nil without a desk
	known   []*x509.Certificate
	http    *http.Client
	done    []func() error
}

func openStamper(ctx context.Context, o StampOptions) (_ *stamper, err error) {
	s := &stamper{http: &http.Client{Timeout: stampTime}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.known, err = readCertificates(o.Certs); err != nil {
		return nil, err
	}
	dir, done, err := cosignDir(ctx, CosignOptions{Dir: o.Dir, Archive: o.Archive})
	if err != nil {
		return nil, err
	}
	s.done = append(s.done, done)
	if s.log, err = OpenLog(dir, ""); err != nil {
		return nil, err
	}
	s.newest = s.log.View.Checkpoint
	if s.archive, err = durable.Dir(dir); err != nil {
		return nil, err
	}
	s.done = append(s.done, s.archive.Close)
	if !exists(filepath.Join(o.Dir, ConfigName)) {
		return s, nil
	}
	if s.desk, err = durable.Dir(o.Dir); err != nil {
		return nil, err
	}
	s.done = append(s.done, s.desk.Close)
	p, err := readPeople(filepath.Join(o.Dir, peopleDir))
	if err != nil {
		return nil, err
	}
	s.known = append(s.known, p.certificates.List()...)
	return s, nil
}

func (s *stamper) close() {
	for _, done := range slices.Backward(s.done) {
		_ = done() // only read from, or durable already
	}
}

// readCertificates reads files of certificates.
func readCertificates(files []string) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the certificate of an authority: %w", err)
		}
		found, err := cms.ParseCertificates(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, found...)
	}
	return list, nil
}

// one gathers what comes of one source.
func (s *stamper) one(source string, from func(string, *Stamped) error) Stamped {
	out := Stamped{Source: source}
	out.Err = from(source, &out)
	return out
}

// exchange copies proofs that only one of desk and archive has to the other.
func (s *stamper) exchange() error {
	if s.desk == nil {
		return nil
	}
	return errors.Join(copyTimes(s.archive, archive.TimesDir, s.desk, timesDir), copyTimes(s.desk, timesDir, s.archive, archive.TimesDir))
}

// copyTimes copies the files of one folder that the other has not.
func copyTimes(from fs.FS, in string, to durable.FS, into string) error {
	entries, err := fs.ReadDir(from, in)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || durable.IsTemp(e.Name()) {
			continue
		}
		if _, err := fs.Stat(to, path.Join(into, e.Name())); err == nil {
			continue
		}
		b, err := fs.ReadFile(from, path.Join(in, e.Name()))
		if err != nil {
			return err
		}
		if err := writeInto(to, path.Join(into, e.Name()), b); err != nil {
			return err
		}
	}
	return err
}

func writeInto(to durable.FS, name string, b []byte) error {
	if err := to.MkdirAll(path.Dir(name)); err != nil {
		return err
	}
	return durable.WriteFile(to, name, b)
}

// put keeps a proof: on the desk first, then in the archive.
func (s *stamper) put(name string, b []byte) error {
	if s.desk != nil {
		if err := writeInto(s.desk, path.Join(timesDir, path.Base(name)), b); err != nil {
			return err
		}
	}
	return writeInto(s.archive, name, b)
}

// keepStamp keeps a timestamp of a state under the first name that is free. One
// of the same authority is there only once.
func (s *stamper) keepStamp(out *Stamped, b, text []byte) (err error) {
	if out.Shown, err = logtime.Judge(logtime.Stamp, b, text, s.known); err != nil {
		return err
	}
	for k := 1; ; k++ {
		out.Path = archive.TimePath(out.Size, k, logtime.Stamp)
		old, err := fs.ReadFile(s.archive, out.Path)
		if errors.Is(err, fs.ErrNotExist) {
			return s.put(out.Path, b)
		}
		if err != nil {
			return err
		}
		shown, err := logtime.Judge(logtime.Stamp, old, text, s.known)
		if err == nil && shown[0].Fingerprint == out.Shown[0].Fingerprint {
			out.Shown, out.Already = shown, true
			return nil
		}
	}
}

// keepChain keeps an OpenTimestamps proof together with the one that is there.
func (s *stamper) keepChain(out *Stamped, p *opentimestamps.Proof) error {
	out.Path = archive.TimePath(out.Size, 1, logtime.Chain)
	old, err := fs.ReadFile(s.archive, out.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		there, err := opentimestamps.Parse(old)
		if err != nil {
			return fmt.Errorf("%s: %w", out.Path, err)
		}
		if err := there.Join(p); err != nil {
			return fmt.Errorf("%s: %w", out.Path, err)
		}
		p = there
	}
	if _, err := opentimestamps.Parse(p.Bytes()); err != nil { // grown beyond what is read
		return fmt.Errorf("%s: %w", out.Path, err)
	}
	out.Shown = p.Judge()
	if out.Already = bytes.Equal(p.Bytes(), old); out.Already {
		return nil
	}
	return s.put(out.Path, p.Bytes())
}

// fromFile keeps a proof that was obtained elsewhere, of whatever state it is.
func (s *stamper) fromFile(name string, out *Stamped) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAnswer+1))
	if err != nil {
		return err
	}
	if opentimestamps.Is(b) {
		p, err := opentimestamps.Parse(b)
		if err != nil {
			return err
		}
		if out.Size, _, err = s.stateOf(p.Covers); err != nil {
			return err
		}
		return s.keepChain(out, p)
	}
	t, err := timestamp.Parse(b)
	if err != nil {
		return err
	}
	var text []byte
	if out.Size, text, err = s.stateOf(t.Covers); err != nil {
		return err
	}
	return s.keepStamp(out, b, text)
}

// stateOf finds the state of the log whose text is covered: the newest, or any
// before it.
func (s *stamper) stateOf(covers func([]byte) bool) (int64, []byte, error) {
	c := s.newest
	if text := checkpointText(c); covers(text) {
		return c.Size, text, nil
	}
	edge := tiles.Edge{}
	for first := int64(0); first < c.Size; first += tiles.Width {
		t := tiles.Tile{Level: tiles.Entries, N: first / tiles.Width}.In(c.Size)
		b, err := tiles.ReadEntries(s.log.read, archive.LogDir, t)
		if err != nil {
			return 0, nil, err
		}
		lines, err := t.SplitEntries(b)
		if err != nil {
			return 0, nil, err
		}
		for _, line := range lines {
			if err := edge.Add(translog.LeafHash(line), nil); err != nil {
				return 0, nil, err
			}
			if text := []byte(proof.FormatCheckpoint(c.Origin, edge.Size, edge.Root())); covers(text) {
				return edge.Size, text, nil
			}
		}
	}
	return 0, nil, ErrNoState
}

// ask asks an authority for a timestamp of the newest checkpoint.
func (s *stamper) ask(ctx context.Context, url string, out *Stamped) error {
	out.Size = s.newest.Size
	text := checkpointText(s.newest)
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return err
	}
	question, err := timestamp.Request(trove.Sum(text), nonce)
	if err != nil {
		return err
	}
	answer, err := s.request(ctx, http.MethodPost, url, question, timestamp.RequestType, timestamp.ResponseType)
	if err != nil {
		return err
	}
	t, err := timestamp.Parse(answer)
	if err != nil {
		return err
	}
	if err := t.Answers(trove.Sum(text), nonce); err != nil {
		return err
	}
	return s.keepStamp(out, answer, text)
}

// errNotYet says that a calendar has no more than it has promised.
var errNotYet = errors.New("not yet")

// request asks once and reads a bounded answer.
func (s *stamper) request(ctx context.Context, method, url string, body []byte, send, accept string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if send != "" {
		r.Header.Set("Content-Type", send)
	}
	r.Header.Set("Accept", accept)
	resp, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusNotFound && method == http.MethodGet:
		return nil, errNotYet
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	case len(b) > maxAnswer:
		return nil, fmt.Errorf("%s answers with more than %d bytes", url, maxAnswer)
	}
	return b, nil
}

// calendar asks a calendar for the rest of what it promised of any state, and,
// unless it has promised that already, to take in the newest.
func (s *stamper) calendar(ctx context.Context, url string) []Stamped {
	url = strings.TrimRight(url, "/")
	var list []Stamped
	asked := false
	for _, size := range s.chains() {
		out := Stamped{Source: url, Size: size}
		mine, err := s.upgrade(ctx, url, &out)
		if out.Err = err; mine {
			list = append(list, out)
			asked = asked || size == s.newest.Size
		}
	}
	if !asked {
		list = append(list, s.one(url, func(url string, out *Stamped) error { return s.submit(ctx, url, out) }))
	}
	return list
}

// chains are the sizes of which there is an OpenTimestamps proof.
func (s *stamper) chains() []int64 {
	entries, _ := fs.ReadDir(s.archive, archive.TimesDir) // mostly there are none
	var sizes []int64
	for _, e := range entries {
		var size int64
		if n, _ := fmt.Sscanf(e.Name(), "%d"+logtime.Chain, &size); n == 1 && path.Join(archive.TimesDir, e.Name()) == archive.TimePath(size, 1, logtime.Chain) {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// upgrade takes what a calendar promised into a proof. mine is false where it
// has promised nothing there.
func (s *stamper) upgrade(ctx context.Context, url string, out *Stamped) (mine bool, err error) {
	out.Path = archive.TimePath(out.Size, 1, logtime.Chain)
	b, err := fs.ReadFile(s.archive, out.Path)
	if err != nil {
		return false, err
	}
	p, err := opentimestamps.Parse(b)
	if err != nil {
		return false, err
	}
	for _, a := range p.Attestations() {
		if a.Kind != opentimestamps.Pending || strings.TrimRight(a.URI, "/") != url || a.Message == nil {
			continue
		}
		mine = true
		if a.Kept {
			continue
		}
		answer, err := s.request(ctx, http.MethodGet, url+"/timestamp/"+hex.EncodeToString(a.Message), nil, "", calendarQ)
		if errors.Is(err, errNotYet) {
			continue
		}
		if err == nil {
			_, err = p.Extend(a.Message, answer)
		}
		if err != nil {
			return true, err
		}
	}
	if !mine {
		return false, nil
	}
	return true, s.keepChain(out, p)
}

// submit has a calendar take in the newest checkpoint.
func (s *stamper) submit(ctx context.Context, url string, out *Stamped) error {
	out.Size = s.newest.Size
	digest := trove.Sum(checkpointText(s.newest))
	answer, err := s.request(ctx, http.MethodPost, url+"/digest", digest[:], "application/x-www-form-urlencoded", calendarQ)
	if err != nil {
		return err
	}
	p := opentimestamps.New(digest)
	if _, err := p.Extend(digest[:], answer); err != nil {
		return err
	}
	return s.keepChain(out, p)
}
