package house

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"unseal/catalog"
	"unseal/durable"
	"unseal/release"
	"unseal/search/segment"
	"unseal/trove"
)

// Release is the room that commits and publishes from this desk.
func (d *Desk) Release() *release.Desk {
	return &release.Desk{
		Catalog: d.Catalog, Blobs: d.Blobs, Files: d.Files, LogFiles: d.logFiles,
		Name: d.Config.Name, Origin: d.Config.Origin, LogKey: d.LogKey, Signer: d.Signer, Addresses: d.Config.Addresses,
		Now: d.Now, NewSecret: d.newSecret, Segment: segment.Build,
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
// folder to, which is made if it is missing; see [release.Desk.Publish].
func (d *Desk) Publish(ctx context.Context, r *release.Desk, names []trove.Name, to string) (release.Published, error) {
	if err := d.refuseInside(to); err != nil {
		return release.Published{}, err
	}
	folder, err := durable.Make(to)
	if err != nil {
		return release.Published{}, fmt.Errorf("open the archive's folder: %w", err)
	}
	defer folder.Close()
	return r.Publish(ctx, folder, names)
}

// refuseInside keeps an archive from being written over the desk itself.
func (d *Desk) refuseInside(to string) error {
	if _, err := os.Stat(filepath.Join(to, ConfigName)); err == nil {
		return fmt.Errorf("%s is a desk; an archive is a folder of its own", to)
	}
	return nil
}
