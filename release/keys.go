package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/durable"
	"unseal/translog"
	"unseal/trove"
)

// Keyring is what a desk has of keys, beside the log key that it was made with.
type Keyring struct {
	Begin   translog.Genesis // how a new log begins, signed; the zero value is one without release keys
	Log     []note.Signer    // further log keys, older and newer ones
	Release []note.Signer    // the release keys that are here
}

// UnsignedError says that release keys which are not here have to sign before
// something can be said. What they have to sign lies in File of the desk; put
// their signatures there and do the same again.
type UnsignedError struct {
	What       string
	File       string
	Have, Need int
}

func (e *UnsignedError) Error() string {
	return fmt.Sprintf("%s: signed by %d release keys, %d must", e.What, e.Have, e.Need)
}

// genesis is how the desk's log begins.
func (r *Desk) genesis() (translog.Entry, error) {
	if r.Keys.Begin.LogKey != "" {
		return r.Keys.Begin, nil
	}
	return translog.Sign(translog.Genesis{Origin: r.Origin, LogKey: r.LogKey}, r.Signer)
}

// addKeys gives a log the keys that it may be signed with.
func (r *Desk) addKeys(w *archive.Writer) {
	for _, k := range r.Keys.Log {
		w.AddKey(k)
	}
}

// A request is a note (c2sp.org/signed-note) without the signatures that it asks
// for: the text that keys sign of an entry, and the signatures that it has. Any
// file in the folder of requests with that text may hold further ones.

func requestFile(name string) string { return path.Join(RequestsDir, name+".txt") }

func batchRequest(name trove.CollectionName, n, edition int) string {
	return requestFile(fmt.Sprintf("batch-%s-%04d-%d", name, n, edition))
}

// endorse adds to an entry the signatures of release keys, those that are here
// and those that lie in requests, by the order of the keys. If they are too
// few, it keeps a request in file, durable on return, and the error is an
// [UnsignedError].
func (r *Desk) endorse(e translog.Entry, what, file string) (translog.Entry, error) {
	text := translog.Text(e)
	lines, err := r.answers(text)
	if err != nil {
		return nil, err
	}
	for _, k := range r.Keys.Release {
		msg, err := note.Sign(&note.Note{Text: text}, k)
		if err != nil {
			return nil, fmt.Errorf("sign %s: %w", what, err)
		}
		lines = append(lines, signatures(msg, text)...)
	}
	s := r.log.State()
	have, msg := 0, text+"\n"
	for _, key := range s.ReleaseKeys {
		for _, line := range lines {
			if n, err := translog.SignedBy(translog.AddSignatures(e, line), key); err == nil && n == 1 {
				e, msg = translog.AddSignatures(e, line), msg+"— "+line+"\n"
				have++
				break
			}
		}
	}
	if have >= s.ReleaseQuorum {
		return e, nil
	}
	if err := r.Files.MkdirAll(RequestsDir); err != nil {
		return nil, err
	}
	if err := durable.WriteFile(r.Files, file, []byte(msg)); err != nil {
		return nil, err
	}
	return nil, &UnsignedError{What: what, File: file, Have: have, Need: s.ReleaseQuorum}
}

// signatures lists those of a note with that text, as they stand in entries.
func signatures(msg []byte, text string) (lines []string) {
	rest, ok := strings.CutPrefix(string(msg), text+"\n")
	if !ok {
		return nil
	}
	for line := range strings.Lines(rest) {
		if sig, ok := strings.CutPrefix(strings.TrimSpace(line), "— "); ok {
			lines = append(lines, sig)
		}
	}
	return lines
}

// maxRequest bounds a file in the folder of requests.
const maxRequest = 1 << 20

// eachRequest walks the files in the folder of requests.
func eachRequest(files fs.FS, fn func(file string, msg []byte) error) error {
	entries, err := fs.ReadDir(files, RequestsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxRequest {
			continue // nobody's answer
		}
		file := path.Join(RequestsDir, e.Name())
		msg, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		if err := fn(file, msg); err != nil {
			return err
		}
	}
	return nil
}

// answers lists the signatures in requests of that text, not judged.
func (r *Desk) answers(text string) (lines []string, err error) {
	err = eachRequest(r.Files, func(_ string, msg []byte) error {
		lines = append(lines, signatures(msg, text)...)
		return nil
	})
	return lines, err
}

// dropRequests removes the requests for what the log has said since, or can
// say no more.
func (r *Desk) dropRequests() error {
	return eachRequest(r.Files, func(file string, msg []byte) error {
		if e, ok := requested(msg); !ok || !settled(r.log.State(), e) {
			return nil
		}
		return r.Files.Remove(file)
	})
}

// requested is the entry that a request asks to sign.
func requested(msg []byte) (translog.Entry, bool) {
	line, _, _ := strings.Cut(string(msg), "\n")
	e, err := translog.Parse([]byte(line))
	return e, err == nil
}

// settled reports whether the log has no place for an entry any more.
func settled(s *translog.State, e translog.Entry) bool {
	switch e := e.(type) {
	case translog.Batch:
		c := s.Collection(e.Collection)
		return c != nil && e.Edition <= c.Edition(e.Batch)
	case translog.Key:
		return e.Effective <= s.Size
	case translog.Notice:
		return e.Number <= len(s.Notices)
	}
	return false
}

// Requests lists the requests for signatures that wait in a desk's folder, by
// its log.
func Requests(files fs.FS, s *translog.State) (waiting []string, err error) {
	err = eachRequest(files, func(file string, msg []byte) error {
		if e, ok := requested(msg); ok && !settled(s, e) {
			waiting = append(waiting, file)
		}
		return nil
	})
	return waiting, err
}

// writeSigned writes the folder of an assembled edition of a batch into the
// archive, and signs its entry, the last. Where release keys are elsewhere it
// is written below the desk's log first, which nobody sees: nothing reaches the
// archive before they have signed.
func (r *Desk) writeSigned(ctx context.Context, t *archive.Writer, b planned) ([]translog.Entry, error) {
	what, file := "batch "+b.name().String(), batchRequest(b.Collection, b.Number, b.Edition+1)
	var signed translog.Entry
	if !r.enoughKeys() {
		tried, err := r.writeBatch(ctx, r.log, &b.collection, b.Number, b.Edition+1)
		if err == nil {
			signed, err = r.endorse(tried[len(tried)-1], what, file)
		}
		if err := errors.Join(err, r.log.Tidy()); err != nil {
			return nil, err
		}
	}
	made, err := r.writeBatch(ctx, t, &b.collection, b.Number, b.Edition+1)
	if err != nil {
		return nil, err
	}
	last := &made[len(made)-1]
	if signed == nil {
		signed, err = r.endorse(*last, what, file)
	} else if translog.Text(signed) != translog.Text(*last) {
		err = fmt.Errorf("%s: made twice, with other bytes", what)
	}
	*last = signed
	return made, err
}

// enoughKeys reports whether the release keys here make up the quorum.
func (r *Desk) enoughKeys() bool {
	s := r.log.State()
	have := 0
	for _, key := range s.ReleaseKeys {
		if signerOf(key, r.Keys.Release) != nil {
			have++
		}
	}
	return have >= s.ReleaseQuorum
}

// signerOf finds the signer with that key; nil if there is none.
func signerOf(key string, signers []note.Signer) note.Signer {
	v, err := note.NewVerifier(key)
	for _, s := range signers {
		if err == nil && s.Name() == v.Name() && s.KeyHash() == v.KeyHash() {
			return s
		}
	}
	return nil
}

// publishedAt is when the next edition of a batch says that it was published:
// now, or what the edition said that waits for signatures, so that they still
// fit it.
func (r *Desk) publishedAt(name trove.CollectionName, n, edition int) time.Time {
	if _, err := fs.Stat(r.Files, batchRequest(name, n, edition)); err == nil {
		if head, err := r.readBatchHead(name, n, edition); err == nil {
			return head.Published
		}
	}
	return r.Now().UTC().Truncate(time.Second)
}

// RotateLog puts another log key in force, signed by the one so far, or by the
// recovery key if that is not nil, which revokes the one so far. It may be
// called again. Durable on return; the archive learns of it with the next
// publish.
func (r *Desk) RotateLog(ctx context.Context, key string, next, recovery note.Signer) error {
	if err := r.Settle(ctx); err != nil {
		return err
	}
	r.Keys.Log = append(r.Keys.Log, next)
	r.log.AddKey(next)
	s := r.log.State()
	if now := s.LogKey(s.Size); now != key {
		by := recovery
		if by == nil {
			by = signerOf(now, append(slices.Clone(r.Keys.Log), r.Signer))
		}
		if by == nil {
			return fmt.Errorf("the log key %s is not here, and without it only the recovery key can replace it", now)
		}
		e, err := translog.Sign(translog.Key{Effective: s.Size + 1, Keys: []string{key}, Log: s.ID, Role: translog.RoleLog}, next, by)
		if err != nil {
			return err
		}
		if err := r.log.Append(e); err != nil {
			return fmt.Errorf("change the log key: %w", err)
		}
	}
	return r.tell(ctx, r.log)
}

// RotateRelease puts other release keys in force, signed by the ones so far,
// or by the recovery key if that is not nil. The error is an [UnsignedError]
// as long as too few have signed: then it is to be called again with the same
// keys, before anything else is said in the log. Durable on return.
func (r *Desk) RotateRelease(ctx context.Context, keys []string, quorum int, recovery note.Signer) error {
	if err := r.Settle(ctx); err != nil {
		return err
	}
	s := r.log.State()
	if !slices.Equal(s.ReleaseKeys, keys) || s.ReleaseQuorum != quorum {
		var e translog.Entry = translog.Key{Effective: s.Size + 1, Keys: keys, Log: s.ID, Quorum: quorum, Role: translog.RoleRelease}
		var err error
		if recovery != nil {
			e, err = translog.Sign(e, recovery)
		} else {
			e, err = r.endorse(e, "the change of release keys", requestFile(fmt.Sprintf("keys-%d", s.Size)))
		}
		if err != nil {
			return err
		}
		if err := r.log.Append(e); err != nil {
			return fmt.Errorf("change the release keys: %w", err)
		}
	}
	if err := r.tell(ctx, r.log); err != nil {
		return err
	}
	return r.dropRequests()
}
