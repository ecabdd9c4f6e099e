package house

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"unseal/archive"
	"unseal/catalog"
	"unseal/durable"
	"unseal/intake"
	"unseal/release"
	"unseal/search/segment"
	"unseal/trove"
	"unseal/verifier"
)

// Release is the room that commits and publishes from this desk.
func (d *Desk) Release() *release.Desk {
	return &release.Desk{
		Catalog: d.Catalog, Blobs: d.Blobs, Files: d.Files, LogFiles: d.logFiles,
		Name: d.Config.Name, Origin: d.Config.Origin, LogKey: d.LogKey, Signer: d.Signer, Keys: d.keyring(), Addresses: d.Config.Addresses, Checker: verifier.Page,
		Now: d.Now, NewSecret: d.newSecret, Segment: segment.Build, SenderKeys: d.listKeys, Read: d.readLeft,
		Beside: func(ctx context.Context, c trove.CollectionName) (map[catalog.ItemID]bool, error) {
			return intake.BesideHidden(ctx, d.Catalog, c)
		},
	}
}

// newSecret is a random secret, unless the desk is a demonstration.
func (d *Desk) newSecret(trove.CollectionName) (s catalog.Secret) {
	if d.secret != nil {
		return *d.secret
	}
	rand.Read(s[:])
	return s
}

// ArchiveDir is where publish writes: the folder given, else the one that the
// configuration names.
func (d *Desk) ArchiveDir(given string) (string, error) {
	switch {
	case given != "":
		return given, nil
	case d.Config.Archive == "":
		return "", fmt.Errorf("no archive is named; add --to DIR, or archive = \"DIR\" to %s", ConfigName)
	case filepath.IsAbs(d.Config.Archive):
		return d.Config.Archive, nil
	}
	return filepath.Join(d.Dir, d.Config.Archive), nil
}

// Publish publishes the named batches, or all that are planned, into the
// folder to, which is made if it is missing; see [release.Desk.Publish]. After
// a restore it matches [ErrRestored] where there is no archive in to, unless
// alone says that nothing was published since the backup; and [ErrTellsDigest]
// where a proof of time would open what is held back to guessing.
func (d *Desk) Publish(ctx context.Context, r *release.Desk, names []trove.Name, to string, alone bool) (release.Published, error) {
	if err := errors.Join(d.refuseInside(to), d.refuseDigests(ctx, names), d.meetArchive(to, alone)); err != nil {
		return release.Published{}, err
	}
	folder, err := durable.Make(to)
	if err != nil {
		return release.Published{}, fmt.Errorf("open the archive's folder: %w", err)
	}
	defer folder.Close()
	done, err := r.Publish(ctx, folder, names)
	if err != nil {
		return done, err
	}
	return done, errors.Join(copyTimes(d.Files, timesDir, folder, archive.TimesDir), d.met())
}

// refuseInside keeps an archive from being written over a desk: over this one's
// own folders, or into another.
func (d *Desk) refuseInside(to string) error {
	if _, err := os.Stat(filepath.Join(to, ConfigName)); err == nil {
		return fmt.Errorf("%s is a desk; an archive is a folder of its own", to)
	}
	first, inside := d.inside(to)
	if inside && slices.Contains([]string{catalogFile, blobsDir, keysDir, logDir, indexDir, release.BatchesDir, release.ToldDir,
		release.NoticesDir, release.RequestsDir, timesDir}, first) {
		return fmt.Errorf("%s is a folder of the desk itself; an archive is a folder of its own", to)
	}
	return nil
}

// inside reports whether a path lies in the desk's folder, or is it, and the
// name in the desk under which it does.
func (d *Desk) inside(path string) (first string, inside bool) {
	rel, err := filepath.Rel(realPath(d.Dir), realPath(path))
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	first, _, _ = strings.Cut(filepath.ToSlash(rel), "/")
	return first, true
}

// absolute is a path as the catalog keeps that of a trove.
func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}

// realPath resolves links in as much of a path as exists.
func realPath(path string) string {
	abs := absolute(path)
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if filepath.Dir(abs) == abs {
		return abs
	}
	return filepath.Join(realPath(filepath.Dir(abs)), filepath.Base(abs))
}
