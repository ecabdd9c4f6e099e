package translog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"unseal/proof"
	"unseal/trove"
)

// Key replaces the log key or the release keys. It is in force from the next
// entry on, and for the checkpoint that covers it.
type Key struct {
	Effective  int64        `json:"effective"`  // its own index + 1, so that it is good in one place only
	Keys       []string     `json:"keys"`       // the one log key, or all release keys
	Log        trove.Digest `json:"log"`        // see State.ID
	Quorum     int          `json:"quorum"`     // how many release keys must sign; 0 with the log key
	Role       string       `json:"role"`       // RoleLog or RoleRelease
	Signatures []string     `json:"signatures"` // of the recovery key or those replaced; a new log key's as well
	Type       string       `json:"type"`       // "key"
}

// What a Key entry replaces.
const (
	RoleLog     = "log"
	RoleRelease = "release"
)

// Notice is a public statement of who publishes, signed as a batch is.
type Notice struct {
	Kind       string       `json:"kind"` // one of NoticeKinds
	Log        trove.Digest `json:"log"`  // see State.ID
	Number     int          `json:"number"`
	Signatures []string     `json:"signatures"` // by release keys
	Text       trove.Digest `json:"text"`       // SHA-256 of the text
	Type       string       `json:"type"`       // "notice"
}

// NoticeKinds are what a notice can be about: that the publisher was cut off,
// a correction, something that is passed off as his, or anything else.
var NoticeKinds = []string{"cut-off", "correction", "not-ours", "statement"}

func (e Key) Append(b []byte) []byte {
	e.Type, e.Keys, e.Signatures = "key", orEmpty(e.Keys), orEmpty(e.Signatures)
	return appendJSON(b, e)
}

func (e Notice) Append(b []byte) []byte {
	e.Type, e.Signatures = "notice", orEmpty(e.Signatures)
	return appendJSON(b, e)
}

func orEmpty(list []string) []string { return append([]string{}, list...) }

// withSignatures is e with other signatures. Only Genesis, Batch, Key and
// Notice have any.
func withSignatures(e Entry, change func([]string) []string) Entry {
	switch e := e.(type) {
	case Genesis:
		e.Signatures = change(e.Signatures)
		return e
	case Batch:
		e.Signatures = change(e.Signatures)
		return e
	case Key:
		e.Signatures = change(e.Signatures)
		return e
	case Notice:
		e.Signatures = change(e.Signatures)
		return e
	}
	return e
}

// Text is what keys sign of an entry: the entry without signatures, and a line
// end. With signature lines it is a note (c2sp.org/signed-note).
func Text(e Entry) string {
	bare := withSignatures(e, func([]string) []string { return nil })
	return string(bare.Append(nil)) + "\n"
}

// AddSignatures adds signatures, in the form that they have in entries: what
// follows on the dash of a note's signature line.
func AddSignatures(e Entry, more ...string) Entry {
	return withSignatures(e, func(have []string) []string { return append(slices.Clone(have), more...) })
}

// Sign adds the signatures of signers.
func Sign(e Entry, signers ...note.Signer) (Entry, error) {
	text := Text(e)
	for _, s := range signers {
		msg, err := note.Sign(&note.Note{Text: text}, s)
		if err != nil {
			return nil, fmt.Errorf("sign entry: %w", err)
		}
		e = AddSignatures(e, strings.TrimSuffix(strings.TrimPrefix(string(msg), text+"\n— "), "\n"))
	}
	return e, nil
}

// SignedBy counts the keys among keys that have signed e. It is an error if
// one of them is there with a wrong signature.
func SignedBy(e Entry, keys ...string) (int, error) {
	var list []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return 0, fmt.Errorf("key %q: %v", k, err)
		}
		list = append(list, v)
	}
	msg, any := Text(e)+"\n", false
	withSignatures(e, func(have []string) []string {
		for _, s := range have {
			msg, any = msg+"— "+s+"\n", true
		}
		return nil
	})
	if !any {
		return 0, nil
	}
	n, err := note.Open([]byte(msg), note.VerifierList(list...))
	if _, unknown := errors.AsType[*note.UnverifiedNoteError](err); unknown {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("signatures: %v", err)
	}
	return len(n.Sigs), nil
}

// LogKey is a key that signs checkpoints.
type LogKey struct {
	Key      string
	From     int64 // the size of the first checkpoint that it signs
	Recovery bool  // put in place by the recovery key: the one before is revoked
}

// LogKey is the key that signs a checkpoint of that size.
func (s *State) LogKey(size int64) string {
	key := s.Genesis.LogKey
	for _, k := range s.LogKeys {
		if k.From <= size {
			key = k.Key
		}
	}
	return key
}

// Verify judges a checkpoint of the log by the key that was in force at its
// size; see [proof.Checkpoint.Verify].
func (s *State) Verify(c proof.Checkpoint) error { return c.Verify(s.LogKey(c.Size)) }

// Leads reports whether what a reader knows of the log leads to the key that
// signs it now. That is any of its keys, old or new: each has signed the
// genesis entry, the first within it and the others in the Key entry that put
// them in place, and so has vouched for the recovery key too. Or it is ID in
// hex, which, other than a key, cannot begin a second log.
func (s *State) Leads(known string) bool {
	return known == s.ID.String() || slices.ContainsFunc(s.LogKeys, func(k LogKey) bool { return k.Key == known })
}

func (s *State) begin(e Genesis) error {
	if err := e.check(); err != nil {
		return err
	}
	s.Genesis, s.ID = e, LeafHash(e.Append(nil))
	s.LogKeys = []LogKey{{Key: e.LogKey}}
	s.ReleaseKeys, s.ReleaseQuorum = e.ReleaseKeys, e.ReleaseQuorum
	return nil
}

func (s *State) key(e Key) error {
	if e.Log != s.ID || e.Effective != s.Size+1 {
		return fmt.Errorf("a change of keys that was signed for entry %d of log %s", e.Effective-1, e.Log.Short())
	}
	recovered := false
	if s.Genesis.Recovery != "" {
		n, err := SignedBy(e, s.Genesis.Recovery)
		if err != nil {
			return err
		}
		recovered = n > 0
	}
	if e.Role == RoleLog {
		return s.logKey(e, recovered)
	}
	return s.releaseKeys(e, recovered)
}

func (s *State) logKey(e Key, recovered bool) error {
	if len(e.Keys) != 1 || e.Quorum != 0 {
		return errors.New("a log has one key")
	}
	if err := checkLogKey(e.Keys[0], s.Genesis.Origin); err != nil {
		return err
	}
	if s.Leads(e.Keys[0]) || bareKey(e.Keys[0]) == bareKey(s.Genesis.Recovery) {
		return fmt.Errorf("the log key %s was in use before", e.Keys[0])
	}
	if err := checkReleaseKeys(s.ReleaseKeys, s.ReleaseQuorum, e.Keys[0]); err != nil {
		return err
	}
	if n, err := SignedBy(e, e.Keys[0]); err != nil || n < 1 {
		return fmt.Errorf("the new log key has not signed: %v", err)
	}
	if n, err := SignedBy(e, s.LogKey(s.Size)); err != nil || n < 1 && !recovered {
		return fmt.Errorf("a new log key that neither the old one nor the recovery key has signed: %v", err)
	}
	s.LogKeys = append(s.LogKeys, LogKey{e.Keys[0], e.Effective, recovered})
	return nil
}

func (s *State) releaseKeys(e Key, recovered bool) error {
	if e.Role != RoleRelease || e.Quorum < 1 {
		return fmt.Errorf("role %q with a quorum of %d", e.Role, e.Quorum)
	}
	others := []string{s.Genesis.Recovery}
	for _, k := range s.LogKeys {
		others = append(others, k.Key)
	}
	if err := checkReleaseKeys(e.Keys, e.Quorum, others...); err != nil {
		return err
	}
	if !recovered {
		if err := s.released(e); err != nil {
			return fmt.Errorf("new release keys: %w", err)
		}
	}
	s.ReleaseKeys, s.ReleaseQuorum = e.Keys, e.Quorum
	return nil
}

// released checks that enough release keys have signed e.
func (s *State) released(e Entry) error {
	signed, err := SignedBy(e, s.ReleaseKeys...)
	if err == nil && signed < s.ReleaseQuorum {
		err = fmt.Errorf("signed by %d release keys, %d must", signed, s.ReleaseQuorum)
	}
	return err
}

func (s *State) notice(e Notice) error {
	if e.Log != s.ID || e.Number != len(s.Notices)+1 || !slices.Contains(NoticeKinds, e.Kind) {
		return fmt.Errorf("notice %d of kind %q for log %s after %d notices", e.Number, e.Kind, e.Log.Short(), len(s.Notices))
	}
	if err := s.released(e); err != nil {
		return fmt.Errorf("notice %d: %w", e.Number, err)
	}
	s.Notices = append(s.Notices, LoggedNotice{e, s.Size})
	return nil
}

func (e Genesis) check() error {
	if err := checkLogKey(e.LogKey, e.Origin); err != nil {
		return err
	}
	if n, err := SignedBy(e, e.LogKey); err != nil || n < 1 {
		return fmt.Errorf("the log key has not signed the genesis entry: %v", err)
	}
	if e.Recovery != "" {
		if _, err := checkKey(e.Recovery); err != nil || bareKey(e.Recovery) == bareKey(e.LogKey) {
			return fmt.Errorf("recovery key: %v", err)
		}
	}
	return checkReleaseKeys(e.ReleaseKeys, e.ReleaseQuorum, e.LogKey, e.Recovery)
}

// checkKey reads a key and accepts one form of it.
func checkKey(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(key)
	if err == nil && !strings.HasPrefix(key, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash())) {
		err = errors.New("hash not in lower case")
	}
	if err != nil {
		return nil, fmt.Errorf("key %q: %v", key, err)
	}
	return v, nil
}

// bareKey is a key without its name and hash.
func bareKey(key string) string {
	_, key, _ = strings.Cut(key, "+")
	_, key, _ = strings.Cut(key, "+")
	return key
}

func checkLogKey(key, origin string) error {
	v, err := checkKey(key)
	if err == nil && v.Name() != origin {
		err = fmt.Errorf("the log key is named %q, the log %q", v.Name(), origin)
	}
	return err
}

// checkReleaseKeys refuses a key that is there twice, under whatever names: it
// would count as two. Nor may one be among others, which sign something else.
func checkReleaseKeys(keys []string, quorum int, others ...string) error {
	seen := map[string]bool{}
	for _, k := range others {
		seen[bareKey(k)] = true
	}
	for _, k := range keys {
		if _, err := checkKey(k); err != nil {
			return fmt.Errorf("release %w", err)
		}
		if seen[bareKey(k)] {
			return fmt.Errorf("release key %q is there twice, or signs the log", k)
		}
		seen[bareKey(k)] = true
	}
	if quorum < 0 || quorum > len(keys) {
		return fmt.Errorf("%d of %d release keys must sign", quorum, len(keys))
	}
	return nil
}
