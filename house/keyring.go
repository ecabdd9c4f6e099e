package house

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/durable"
	"unseal/release"
	"unseal/translog"
	"unseal/translog/tiles"
	"unseal/trove"
)

// OurKeys are the keys of a log as they stand, without private halves.
type OurKeys struct {
	LogID    trove.Digest // the leaf hash of the genesis entry
	Log      []translog.LogKey
	Release  []string
	Quorum   int
	Recovery string          // empty if the log has none
	Here     map[string]bool // the keys whose private halves the desk has
	Requests []string        // for signatures that wait, in the desk's folder
}

// initKeys makes the keys of a new desk and its genesis entry, durable: the log
// key, the recovery key, and a release key unless those of others are given.
func (o InitOptions) initKeys(files durable.FS, origin string, seed []byte) (OurKeys, error) {
	log, err := newKeyPair(origin, seed)
	if err != nil {
		return OurKeys{}, err
	}
	recovery, err := o.keep(files, recoveryKeyFile, origin+"/recovery", seed)
	if err != nil {
		return OurKeys{}, err
	}
	g := translog.Genesis{LogKey: log.public, Origin: origin, Recovery: recovery.public, ReleaseKeys: o.ReleaseKeys, ReleaseQuorum: o.Quorum}
	if len(g.ReleaseKeys) == 0 {
		own, err := o.keep(files, releaseKeyFile, origin+"/release", seed)
		if err != nil {
			return OurKeys{}, err
		}
		g.ReleaseKeys = []string{own.public}
	}
	if g.ReleaseQuorum == 0 {
		g.ReleaseQuorum = len(g.ReleaseKeys)
	}
	begin, err := translog.Sign(g, log.signer)
	if err != nil {
		return OurKeys{}, err
	}
	var s translog.State
	line := begin.Append(nil)
	if err := s.Apply(line); err != nil {
		return OurKeys{}, err
	}
	if err := durable.WriteFile(files, genesisFile, append(line, '\n')); err != nil {
		return OurKeys{}, err
	}
	if err := writeKeyPairs(files, logKeyFile, []keyPair{log}); err != nil {
		return OurKeys{}, err
	}
	return keysOf(&s), durable.WriteFile(files, logPublicFile, []byte(log.public+"\n"))
}

// keep makes a key beside the log key. That of a demonstration follows from the
// seed of the log key.
func (o InitOptions) keep(files durable.FS, file, name string, seed []byte) (keyPair, error) {
	own := derived(seed, name)
	if o.Seed == nil {
		rand.Read(own)
	}
	p, err := newKeyPair(name, own)
	if err != nil {
		return p, err
	}
	return p, writeKeyPairs(files, file, []keyPair{p})
}

func keysOf(s *translog.State) OurKeys {
	return OurKeys{LogID: s.ID, Log: s.LogKeys, Release: s.ReleaseKeys, Quorum: s.ReleaseQuorum, Recovery: s.Genesis.Recovery, Here: map[string]bool{}}
}

// openKeys reads the keys that the desk has.
func (d *Desk) openKeys() (err error) {
	if d.logKeys, err = readKeyPairs(filepath.Join(d.Dir, logKeyFile)); err != nil {
		return err
	}
	d.Signer, d.LogKey = d.logKeys[0].signer, d.logKeys[0].public
	if told, err := readLogKeyGiven(filepath.Join(d.Dir, logPublicFile)); err == nil {
		for _, p := range d.logKeys {
			if p.public == told {
				d.LogKey = told
			}
		}
	}
	d.releaseKeys, err = readKeyPairs(filepath.Join(d.Dir, releaseKeyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	b, err := os.ReadFile(filepath.Join(d.Dir, genesisFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a desk of before there were release keys
	}
	if err != nil {
		return fmt.Errorf("read the genesis entry: %w", err)
	}
	e, err := translog.Parse(bytes.TrimSuffix(b, []byte("\n")))
	begin, ok := e.(translog.Genesis)
	if err != nil || !ok {
		return fmt.Errorf("read the genesis entry: %s is none: %v", genesisFile, err)
	}
	if begin.Origin != d.Config.Origin {
		return fmt.Errorf("%s: the origin is %q, and the log is named %q, which never changes", ConfigName, d.Config.Origin, begin.Origin)
	}
	d.begin = begin
	return nil
}

// keyring are the desk's keys as releasing uses them.
func (d *Desk) keyring() release.Keyring {
	k := release.Keyring{Begin: d.begin}
	for _, p := range d.logKeys[1:] {
		k.Log = append(k.Log, p.signer)
	}
	for _, p := range d.releaseKeys {
		k.Release = append(k.Release, p.signer)
	}
	return k
}

// OurKeys tells of the desk's keys, by its log as it stands.
func (d *Desk) OurKeys() (OurKeys, error) {
	s, err := d.logState()
	if err != nil {
		return OurKeys{}, err
	}
	k := keysOf(s)
	for _, p := range append(slices.Clone(d.logKeys), d.releaseKeys...) {
		k.Here[p.public] = true
	}
	if p, err := readKey(filepath.Join(d.Dir, recoveryKeyFile)); err == nil {
		k.Here[p.public] = true
	}
	k.Requests, err = release.Requests(d.Files, s)
	return k, err
}

// logState is what the desk's log says; of one that is not begun, what it will
// begin with.
func (d *Desk) logState() (*translog.State, error) {
	v, err := tiles.Load(regularFiles(os.DirFS(filepath.Join(d.Dir, logDir))), archive.LogDir)
	if err == nil {
		return &v.State, nil
	}
	if !errors.Is(err, fs.ErrNotExist) || exists(filepath.Join(d.Dir, logDir, archive.LogDir, translog.CheckpointPath)) {
		return nil, fmt.Errorf("read the desk's log: %w", err)
	}
	var s translog.State
	begin := translog.Entry(d.begin)
	if d.begin.LogKey == "" {
		begin, err = translog.Sign(translog.Genesis{Origin: d.Config.Origin, LogKey: d.LogKey}, d.Signer)
		if err != nil {
			return nil, err
		}
	}
	return &s, s.Apply(begin.Append(nil))
}

// RotateLogKey makes a new log key and puts it in force, signed by the one so
// far, or by the recovery key in a file, if one is named. It returns the new
// key. After a stop it goes on with the key that it had made. Durable on
// return; readers learn of it with the next publish.
func (d *Desk) RotateLogKey(ctx context.Context, recoveryFile string) (string, error) {
	s, err := d.logState()
	if err != nil {
		return "", err
	}
	recovery, err := d.recoverySigner(s, recoveryFile)
	if err != nil {
		return "", err
	}
	newest := d.logKeys[len(d.logKeys)-1]
	now := s.LogKey(s.Size)
	switch told, err := readLogKeyGiven(filepath.Join(d.Dir, logPublicFile)); {
	case err != nil:
		return "", err
	case told != now: // all but the last step was done
		return now, d.tellLogKey(now)
	case s.Leads(newest.public):
		if newest, err = newKeyPair(s.Genesis.Origin, randomSeed()); err != nil {
			return "", err
		}
		d.logKeys = append(d.logKeys, newest)
		if err := writeKeyPairs(d.Files, logKeyFile, d.logKeys); err != nil {
			return "", err
		}
	}
	if err := d.Release().RotateLog(ctx, newest.public, newest.signer, recovery); err != nil {
		return "", err
	}
	return newest.public, d.tellLogKey(newest.public)
}

func (d *Desk) tellLogKey(key string) error {
	return durable.WriteFile(d.Files, logPublicFile, []byte(key+"\n"))
}

func randomSeed() []byte {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	return seed
}

// recoverySigner reads the recovery key of a log; nil if no file is named.
func (d *Desk) recoverySigner(s *translog.State, file string) (note.Signer, error) {
	if file == "" {
		return nil, nil
	}
	p, err := readKey(file)
	if err != nil {
		return nil, err
	}
	if p.public != s.Genesis.Recovery {
		return nil, fmt.Errorf("%s: the recovery key of this log is %s: %w", file, s.Genesis.Recovery, ErrWrongKey)
	}
	return p.signer, nil
}

// RotateReleaseKeys puts release keys in force, signed by a quorum of those so
// far, or by the recovery key in a file, if one is named. Without keys it makes
// a new one for the desk. A quorum of 0 is all of them. It returns them with
// their quorum; see [release.Desk.RotateRelease].
func (d *Desk) RotateReleaseKeys(ctx context.Context, keys []string, quorum int, recoveryFile string) ([]string, int, error) {
	s, err := d.logState()
	if err != nil {
		return nil, 0, err
	}
	recovery, err := d.recoverySigner(s, recoveryFile)
	if err != nil {
		return nil, 0, err
	}
	own := len(keys) == 0
	if own {
		if keys, err = d.nextReleaseKey(s); err != nil {
			return nil, 0, err
		}
	}
	if quorum == 0 {
		quorum = len(keys)
	}
	if err := d.Release().RotateRelease(ctx, keys, quorum, recovery); err != nil || !own {
		return keys, quorum, err
	}
	// The desk's old key is of no use any more.
	d.releaseKeys = d.releaseKeys[len(d.releaseKeys)-1:]
	return keys, quorum, writeKeyPairs(d.Files, releaseKeyFile, d.releaseKeys)
}

// nextReleaseKey is the key that the desk shall sign with next: the newest in
// its file if the file says that a change of it was stopped, else a new one.
func (d *Desk) nextReleaseKey(s *translog.State) ([]string, error) {
	n := len(d.releaseKeys)
	if n > 0 && (n > 1 || !slices.Contains(s.ReleaseKeys, d.releaseKeys[0].public)) {
		return []string{d.releaseKeys[n-1].public}, nil
	}
	p, err := newKeyPair(s.Genesis.Origin+"/release", randomSeed())
	if err != nil {
		return nil, err
	}
	d.releaseKeys = append(d.releaseKeys, p)
	return []string{p.public}, writeKeyPairs(d.Files, releaseKeyFile, d.releaseKeys)
}

// Notice makes a public statement and brings the archive in to up to date with
// it; see [release.Desk.Notice]. It returns the notice's number.
func (d *Desk) Notice(ctx context.Context, kind string, text []byte, to string, alone bool) (int, release.Published, error) {
	if err := errors.Join(d.refuseInside(to), d.meetArchive(to, alone)); err != nil {
		return 0, release.Published{}, err
	}
	r := d.Release()
	n, err := r.Notice(ctx, kind, text)
	if err != nil {
		return n, release.Published{}, err
	}
	folder, err := durable.Make(to)
	if err != nil {
		return n, release.Published{}, fmt.Errorf("open the archive's folder: %w", err)
	}
	defer folder.Close()
	done, err := r.Bring(ctx, folder)
	if err != nil {
		return n, done, err
	}
	return n, done, d.met()
}

// ExportKey takes the desk's release key ("release") or the recovery key
// ("recovery") away from the desk, into a folder elsewhere, where no file of
// that name may be. It is durable there before it is removed here. It returns
// the name of the file.
func (d *Desk) ExportKey(role, dir string) (string, error) {
	from := map[string]string{"release": releaseKeyFile, "recovery": recoveryKeyFile}[role]
	if from == "" {
		return "", fmt.Errorf("the %s key is not one that can be away from the desk", role)
	}
	if _, inside := d.inside(dir); inside {
		return "", fmt.Errorf("%s lies in the desk; name a folder elsewhere", dir)
	}
	b, err := os.ReadFile(filepath.Join(d.Dir, from))
	if err != nil {
		return "", fmt.Errorf("the %s key is not on the desk: %w", role, err)
	}
	out, err := durable.Make(dir)
	if err != nil {
		return "", err
	}
	defer out.Close()
	to := filepath.Join(dir, filepath.Base(from))
	if err := writeNew(to, string(b), 0o600); err != nil {
		return "", fmt.Errorf("export the %s key: %w", role, err)
	}
	if again, err := os.ReadFile(to); err != nil || !bytes.Equal(again, b) {
		return "", fmt.Errorf("export the %s key: %s does not read back: %v", role, to, err)
	}
	if err := d.Files.Remove(from); err != nil {
		return "", err
	}
	return to, d.Files.SyncDir(keysDir)
}

// NewKey makes a key file where none is, with a key of that name, and its
// public half beside it (.pub). It needs no desk. It returns the public half.
func NewKey(file, name string) (string, error) {
	p, err := newKeyPair(name, randomSeed())
	if err != nil {
		return "", err
	}
	if err := writeNew(file, p.private+"\n"+p.public+"\n", 0o600); err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	return p.public, writeNew(file+".pub", p.public+"\n", 0o644)
}

// Request is what release keys are asked to sign.
type Request struct {
	Entry translog.Entry // a batch, a notice or a change of keys
	text  string
	file  string
	have  string // the signature lines that it has
}

// ReadRequest reads a request for signatures. It needs no desk.
func ReadRequest(file string) (Request, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return Request{}, fmt.Errorf("read the request: %w", err)
	}
	line, have, ok := strings.Cut(string(b), "\n\n")
	if !ok {
		return Request{}, fmt.Errorf("%s is no request for signatures: %w", file, ErrWrongKey)
	}
	e, err := translog.Parse([]byte(line))
	if err != nil {
		return Request{}, fmt.Errorf("%s is no request for signatures: %w", file, err)
	}
	switch e.(type) {
	case translog.Batch, translog.Notice, translog.Key:
	default:
		return Request{}, fmt.Errorf("%s asks to sign what release keys do not sign", file)
	}
	r := Request{Entry: e, text: translog.Text(e), file: file, have: have}
	if r.text != line+"\n" {
		return Request{}, fmt.Errorf("%s has signatures in its text", file)
	}
	return r, nil
}

// Sign adds the signature of the key in a file to the request's file, unless it
// is there, and returns the signature line.
func (r Request) Sign(keyFile string) (line string, err error) {
	p, err := readKey(keyFile)
	if err != nil {
		return "", err
	}
	msg, err := note.Sign(&note.Note{Text: r.text}, p.signer)
	if err != nil {
		return "", fmt.Errorf("sign the request: %w", err)
	}
	line = strings.TrimPrefix(string(msg), r.text+"\n")
	if strings.Contains(r.have, line) {
		return line, nil
	}
	folder, err := durable.Dir(filepath.Dir(r.file))
	if err != nil {
		return "", err
	}
	defer folder.Close()
	return line, durable.WriteFile(folder, filepath.Base(r.file), []byte(r.text+"\n"+r.have+line))
}

// KeyGiven takes a public key as such ("name+hash+base64") or from a file.
func KeyGiven(s string) (string, error) {
	key, err := readLogKeyGiven(s)
	if err == nil {
		_, err = note.NewVerifier(key)
	}
	if err != nil {
		return "", fmt.Errorf("key %q: %w", s, err)
	}
	return key, nil
}
