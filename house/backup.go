package house

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"unseal/durable"
)

// BackupName is the one file of a backup: a tar of the desk, compressed by
// zstd (RFC 8878), encrypted by age (c2sp.org/age) with a passphrase.
const BackupName = "desk.tar.zst.age"

// notBackedUp are the parts of a desk that it can make again.
var notBackedUp = []string{lockFile, indexLock, indexDir, catalogFile + "-wal", catalogFile + "-shm", catalogFile}

// Backup writes the whole desk, keys and secrets included, into dir as one
// encrypted file, replacing an earlier one. It is durable on return; a stopped
// backup leaves the earlier one whole. It returns the size of the file.
func (d *Desk) Backup(ctx context.Context, dir, passphrase string) (int64, error) {
	if _, inside := d.inside(dir); inside {
		return 0, fmt.Errorf("backup: %s lies in the desk, with which it would be lost; name a folder elsewhere", dir)
	}
	snapshot := filepath.Join(d.Dir, ".catalog-backup")
	forget := func() { // may not be there
		os.Remove(snapshot)
		os.Remove(snapshot + "-journal")
	}
	forget()
	defer forget()
	if err := d.Catalog.Backup(ctx, snapshot); err != nil {
		return 0, fmt.Errorf("backup the catalog: %w", err)
	}
	out, err := durable.Make(dir)
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer out.Close()
	err = durable.WriteStream(out, BackupName, func(w io.Writer) error {
		return d.encryptTo(ctx, w, passphrase, snapshot)
	})
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	info, err := os.Stat(filepath.Join(dir, BackupName))
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	return info.Size(), nil
}

func (d *Desk) encryptTo(ctx context.Context, w io.Writer, passphrase, snapshot string) error {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	sealed, err := age.Encrypt(w, to)
	if err != nil {
		return err
	}
	packed, err := zstd.NewWriter(sealed, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	t := tar.NewWriter(packed)
	if err := d.tarTo(ctx, t, snapshot); err != nil {
		return err
	}
	return errors.Join(t.Close(), packed.Close(), sealed.Close())
}

func (d *Desk) tarTo(ctx context.Context, t *tar.Writer, snapshot string) error {
	if err := addFile(ctx, t, snapshot, catalogFile); err != nil {
		return err
	}
	return filepath.WalkDir(d.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		name, err := filepath.Rel(d.Dir, path)
		if err != nil || name == "." {
			return err
		}
		if skipInBackup(name) {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		return addFile(ctx, t, path, filepath.ToSlash(name))
	})
}

func skipInBackup(name string) bool {
	for _, n := range notBackedUp {
		if name == n {
			return true
		}
	}
	return strings.HasPrefix(filepath.Base(name), ".")
}

func addFile(ctx context.Context, t *tar.Writer, path, name string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), Typeflag: tar.TypeReg, Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.Copy(t, stoppable{ctx, f})
	return err
}

// Restore makes a desk in the empty or absent folder to from the backup in
// dir. A wrong passphrase is [ErrPassphrase]; a damaged backup is an error and
// what was written stays for inspection. The caller checks the desk afterwards
// with [Desk.Fsck].
func Restore(ctx context.Context, dir, to, passphrase string) error {
	if err := emptyDir(to); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, BackupName))
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer f.Close()
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	id.SetMaxWorkFactor(22)
	plain, err := age.Decrypt(f, id)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return fmt.Errorf("restore: %w: it does not open this backup", ErrPassphrase)
	}
	if err != nil {
		return fmt.Errorf("restore %s: %w", BackupName, err)
	}
	packed, err := zstd.NewReader(plain)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer packed.Close()
	return untar(ctx, tar.NewReader(packed), to)
}

func untar(ctx context.Context, t *tar.Reader, to string) error {
	out, err := durable.Make(to)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer out.Close()
	if err := makeRooms(to, out); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	for {
		h, err := t.Next()
		if err == io.EOF {
			return markRestored(out)
		}
		if err != nil {
			return fmt.Errorf("restore: the backup is damaged: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("restore: the backup holds a file outside the desk: %q", h.Name)
		}
		if err := restoreFile(out, h.Name, stoppable{ctx, t}); err != nil {
			return fmt.Errorf("restore %s: %w", h.Name, err)
		}
	}
}

func restoreFile(out durable.FS, name string, r io.Reader) error {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		if err := out.MkdirAll(name[:i]); err != nil {
			return err
		}
	}
	return durable.WriteStream(out, name, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// emptyDir makes dir, or finds it empty.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty; name a new folder", dir)
	}
	return nil
}
