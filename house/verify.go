package house

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"unseal/archive"
	"unseal/evidence"
	"unseal/evidence/logtime"
	"unseal/proof"
	"unseal/search/segment"
	"unseal/translog"
	"unseal/trove"
)

// demoOrigin begins the origin of logs whose key everybody has.
const demoOrigin = "demo."

// IsDemoOrigin reports whether a log is a demonstration: its key is public and
// its signature shows nothing.
func IsDemoOrigin(origin string) bool { return strings.HasPrefix(origin, demoOrigin) }

// VerifyOptions say how an archive is checked.
type VerifyOptions struct {
	LogKey   string // a key, or the name of a file that holds one; empty takes one remembered, if any
	Seen     string // the name of a checkpoint file; may be empty
	Remember bool   // keep a LogKey that fits for later calls
	Deep     bool
	Jobs     int
	TSACerts []string // files of certificates of time stamping authorities that the reader knows
	Progress func(done, total int64)
}

// VerifyArchive checks the archive in dir; see [archive.Verify]. A log whose key
// was given and fits is remembered for later calls, by its origin; another log
// that begins with the same key is a finding from then on.
func VerifyArchive(ctx context.Context, dir string, o VerifyOptions) (archive.Report, error) {
	key, err := readLogKeyGiven(o.LogKey)
	if err != nil {
		return archive.Report{}, err
	}
	seen, err := readOptional(o.Seen)
	if err != nil {
		return archive.Report{}, err
	}
	authorities, err := readCertificates(o.TSACerts)
	if err != nil {
		return archive.Report{}, err
	}
	if _, err := os.Stat(dir); err != nil {
		return archive.Report{}, fmt.Errorf("%w: %v", ErrNoArchive, err)
	}
	files := os.DirFS(dir)
	before := recall(statedOrigin(regularFiles(files)))
	given := key
	if given == "" {
		key = before.known()
	}
	rep, err := archive.Verify(ctx, files, archive.VerifyOptions{LogKey: key, Seen: seen, Deep: o.Deep, Jobs: o.Jobs,
		Progress: o.Progress, CheckSegment: segment.Check, KnownKeys: BuiltInKeys(),
		People: new(peopleKeys).examine,
		CheckTime: func(p *archive.TimeProof) ([]trove.OtherSignature, error) {
			return logtime.Judge(p.Path, p.Content, p.Text, authorities)
		}})
	if errors.Is(err, fs.ErrNotExist) {
		return rep, fmt.Errorf("%w: %v", ErrNoArchive, err)
	}
	if err == nil && before.contradicts(given, rep.LogID) {
		rep.Findings = append(rep.Findings, archive.Finding{Path: archive.LogDir + "/" + translog.CheckpointPath, Class: archive.Altered,
			What: fmt.Sprintf("is of another log, %s, begun with the same name and key as the one that you have verified before, %s", rep.LogID, before.id)})
	}
	if err == nil && o.Remember && rep.KeyKnown && len(rep.Findings) == 0 {
		remember(rep.Checkpoint.Origin, rep.LogKeys, rep.LogID)
	}
	return rep, err
}

// readLogKeyGiven takes a key as such ("name+hash+base64"), or the id of a log
// (64 hex digits), or either from a file.
func readLogKeyGiven(s string) (string, error) {
	_, err := trove.ParseDigest(s)
	if s == "" || (strings.Count(s, "+") >= 2 || err == nil) && !exists(s) {
		return s, nil
	}
	b, err := os.ReadFile(s)
	if err != nil {
		return "", fmt.Errorf("read the log key: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func readOptional(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the checkpoint to compare with: %w", err)
	}
	return b, nil
}

// FileReport is what was found of one file.
type FileReport struct {
	SHA256     trove.Digest
	Size       int64
	Statement  *proof.Statement       // with a proof only
	ProofErr   error                  // what the proof did not show; nil without one
	Checkpoint proof.Checkpoint       // of the proof
	Sender     *evidence.Result       // for mails only
	Others     []trove.OtherSignature // of people, for mails only
}

// VerifyFile checks one file offline: with a proof, its bytes, its place in the
// log and in the commitment, and the log's signature; and the sender's
// signature.
func VerifyFile(ctx context.Context, name, proofName, logKey string, keys KeySource) (FileReport, error) {
	content, rep, err := readToVerify(ctx, name)
	if err != nil {
		return rep, fmt.Errorf("verify: %w", err)
	}
	if content == nil && proofName != "" {
		return rep, fmt.Errorf("verify: %s has %d bytes, which is more than a published item has", name, rep.Size)
	}
	if proofName != "" {
		if err := rep.checkProof(content, proofName, logKey); err != nil {
			return rep, err
		}
	}
	known, err := keys.read(content)
	if err != nil {
		return rep, err
	}
	if content != nil && looksLikeMail(name) || rep.Statement != nil && rep.Statement.Kind == trove.Mail {
		r := evidence.Examine(content, known, now())
		p, err := readPeople(keys.peopleDir())
		if err != nil {
			return rep, err
		}
		rep.Sender, rep.Others = &r, p.examine(content)
	}
	return rep, nil
}

// maxVerified is the largest file that is held in memory to be checked: the
// largest member of an archive.
const maxVerified = 1 << 30

// readToVerify reads a file with its digest and size. The content of one that
// is larger than any item is nil.
func readToVerify(ctx context.Context, name string) ([]byte, FileReport, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, FileReport{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, FileReport{}, err
	}
	var content bytes.Buffer
	h := sha256.New()
	to := io.Writer(h)
	if info.Size() <= maxVerified {
		content.Grow(int(info.Size()) + bytes.MinRead)
		to = io.MultiWriter(h, &content)
	}
	n, err := io.Copy(to, stoppable{ctx, f})
	rep := FileReport{Size: n}
	h.Sum(rep.SHA256[:0])
	if err != nil || n > maxVerified {
		return nil, rep, err
	}
	return content.Bytes()[:n:n], rep, nil
}

func (rep *FileReport) checkProof(content []byte, proofName, logKey string) error {
	text, err := os.ReadFile(proofName)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	f, err := proof.Parse(text)
	if err != nil {
		rep.ProofErr = fmt.Errorf("%s: %w: %w", proofName, err, proof.ErrMismatch)
		return nil
	}
	key, err := readLogKeyGiven(logKey)
	if err != nil {
		return err
	}
	known := []string{key}
	if key == "" {
		known = recall(f.Checkpoint.Origin).keys
	}
	s, err := proof.Verify(f, content, signerOf(f.Checkpoint, known))
	rep.ProofErr, rep.Checkpoint = err, f.Checkpoint
	if err == nil || errors.Is(err, proof.ErrKey) {
		rep.Statement = &s
	}
	return nil
}

// signerOf is the one among the known keys that a checkpoint says to be signed
// with; "" if it is none of them. A log changes its key, so that a proof may be
// older or newer than the key that one knows.
func signerOf(c proof.Checkpoint, known []string) string {
	for _, k := range known {
		v, err := note.NewVerifier(k)
		if err != nil {
			continue
		}
		for _, s := range c.Signatures() {
			if s.Name == v.Name() && s.ID == v.KeyHash() {
				return k
			}
		}
	}
	return ""
}

func looksLikeMail(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return ext == ".eml" || ext == ".mail" || ext == ""
}

// Proof makes the proof file of a published item.
func Proof(ctx context.Context, dir, name string) ([]byte, error) {
	return ofArchived(ctx, dir, name, func(a *archive.Archive, c *archive.Collection, number int) ([]byte, error) {
		return a.Proof(c.Name, number)
	})
}
