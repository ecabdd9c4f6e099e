package house

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"unseal/evidence/openpgp"
	"unseal/evidence/smime"
	"unseal/trove"
)

// peopleDir is where an editor lays OpenPGP keys and certificates of people and
// authorities that are known to be theirs: files of any name.
const peopleDir = keysDir + "/people"

// peopleDir is the folder of the keys of people of the desk, if there is one.
func (s KeySource) peopleDir() string {
	if s.Desk == "" || !exists(filepath.Join(s.Desk, ConfigName)) {
		return ""
	}
	return filepath.Join(s.Desk, peopleDir)
}

// peopleKeys are keys and certificates that are known, with which signatures of
// people are judged.
type peopleKeys struct {
	certificates smime.Certificates
	keys         openpgp.Keys
}

// readPeople reads every file in dir, which need not be there. A file that
// holds neither a key nor a certificate is an error that names it.
func readPeople(dir string) (*peopleKeys, error) {
	p := new(peopleKeys)
	if dir == "" {
		return p, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the keys of people: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if err := p.add(filepath.Join(dir, e.Name())); err != nil {
			return nil, fmt.Errorf("read the keys of people: %w", err)
		}
	}
	return p, nil
}

func (p *peopleKeys) add(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > openpgp.MaxKeyFile {
		return fmt.Errorf("%s: no file of keys", file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if p.keys.Add(b) == nil {
		return nil
	}
	if err := p.certificates.Add(b); err != nil {
		return fmt.Errorf("%s: neither an OpenPGP key nor a certificate: %w", file, err)
	}
	return nil
}

// examine judges the signatures of people in a mail's exact bytes. Where a
// library fails on one, that is said, and the mail is still read.
func (p *peopleKeys) examine(raw []byte) []trove.OtherSignature {
	return append(
		guarded(trove.SMIME, func() []trove.OtherSignature { return smime.Examine(raw, &p.certificates) }),
		guarded(trove.OpenPGP, func() []trove.OtherSignature { return openpgp.Examine(raw, &p.keys) })...)
}

func guarded(kind trove.SignatureType, examine func() []trove.OtherSignature) (list []trove.OtherSignature) {
	defer func() {
		if recover() != nil {
			list = []trove.OtherSignature{{Type: kind, Result: "nokey", Cause: "not judged: the check itself failed"}}
		}
	}()
	return examine()
}

// fill writes them into a record in place of those there, and keeps the proofs
// of time, which do not follow from the mail alone.
func (p *peopleKeys) fill(rec *trove.Record, raw []byte) {
	times := slices.DeleteFunc(slices.Clone(rec.Others), func(s trove.OtherSignature) bool { return !isTime(s) })
	rec.Others = append(p.examine(raw), times...)
}
