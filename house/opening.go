package house

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"

	"unseal/archive"
	"unseal/proof"
	"unseal/release"
	"unseal/trove"
)

// openingsName is, in a file of openings, the member that lists them, a line
// of JSON each; beside it lie the exact bytes of the items.
const openingsName = "openings.ndjson"

// maxOpenings bounds a file of openings that is read, unpacked.
const maxOpenings = 1 << 30

// Open seals the openings of a range of items to a recipient: an age public
// key, or the name of a file that holds some. It writes a zip file
// encrypted by age (c2sp.org/age) and returns how many items it opens.
func (d *Desk) Open(ctx context.Context, name trove.Name, to string, w io.Writer) (int, error) {
	recipients, err := readRecipients(to)
	if err != nil {
		return 0, err
	}
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return 0, fmt.Errorf("seal to %s: %w", to, err)
	}
	z := zip.NewWriter(sealed)
	var list bytes.Buffer
	n := 0
	err = d.Release().Open(ctx, name.Collection, name.Number, max(name.Number, name.Last), func(o release.Opening, content []byte) error {
		n++
		line, err := json.Marshal(o)
		if err != nil {
			return err
		}
		list.Write(append(line, '\n'))
		return addMember(z, o.File, content)
	})
	if err != nil {
		return 0, err
	}
	return n, errors.Join(addMember(z, openingsName, list.Bytes()), z.Close(), sealed.Close())
}

func addMember(z *zip.Writer, name string, b []byte) error {
	m, err := z.Create(name)
	if err == nil {
		_, err = m.Write(b)
	}
	return err
}

// readRecipients reads who may open: one public key, or a file of them.
func readRecipients(to string) ([]age.Recipient, error) {
	if b, err := os.ReadFile(to); err == nil {
		to = string(b)
	}
	list, err := age.ParseRecipients(strings.NewReader(to))
	if err != nil {
		return nil, fmt.Errorf("the auditor's key, an age1… or a file of them: %w", err)
	}
	return list, nil
}

// Opened is one opening as an auditor finds it.
type Opened struct {
	release.Opening
	Fits    bool   // its bytes are what the archive's commitment fixes the number to
	Why     string // it does not fit
	Content []byte
}

// ReadOpenings unseals a file of openings with an identity file of age and
// compares each with the commitment in the archive in dir.
func ReadOpenings(ctx context.Context, sealed io.Reader, identity, dir string) ([]Opened, error) {
	ids, err := readIdentities(identity)
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(sealed, ids...)
	if err != nil {
		return nil, fmt.Errorf("unseal: %w: %w", ErrPassphrase, err)
	}
	b, err := readAtMost(plain, maxOpenings)
	if err != nil {
		return nil, fmt.Errorf("unseal: %w", err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("openings: %w", err)
	}
	a, _, err := OpenArchive(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	return compareOpenings(a, z)
}

func readIdentities(name string) ([]age.Identity, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("the auditor's own key: %w", err)
	}
	return age.ParseIdentities(bytes.NewReader(b))
}

func compareOpenings(a *archive.Archive, z *zip.Reader) ([]Opened, error) {
	list, err := readMember(z, openingsName)
	if err != nil {
		return nil, err
	}
	var all []Opened
	for line := range bytes.Lines(list) {
		var o Opened
		if err := json.Unmarshal(line, &o.Opening); err != nil {
			return nil, fmt.Errorf("%s: %w", openingsName, err)
		}
		if o.Content, err = readMember(z, o.File); err != nil {
			return nil, err
		}
		o.compare(a)
		all = append(all, o)
	}
	return all, nil
}

// compare looks whether the opening is one of what the archive commits to.
func (o *Opened) compare(a *archive.Archive) {
	c, err := a.Collection(o.Collection)
	if err == nil && o.Origin != a.Checkpoint().Origin {
		err = fmt.Errorf("it is of the log %s, the archive of %s", o.Origin, a.Checkpoint().Origin)
	}
	if err == nil {
		o.Fits, err = c.Opens(o.Number, o.Kind, proof.ItemSecret{Seed: o.Seed, Salt: o.Salt}, o.Content)
	}
	if err == nil && !o.Fits {
		err = errors.New("these bytes are not what was committed to")
	}
	if err != nil {
		o.Why = err.Error()
	}
}

func readMember(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, fmt.Errorf("openings: %w", err)
	}
	defer f.Close()
	b, err := readAtMost(f, maxOpenings)
	if err != nil {
		return nil, fmt.Errorf("openings: member %q: %w", name, err)
	}
	return b, nil
}
