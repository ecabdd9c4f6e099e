package house

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"unseal/blob/disk"
	"unseal/catalog"
	"unseal/catalog/sqlite"
	"unseal/durable"
)

// createVariants makes what the chosen variants need in a new desk.
func createVariants(ctx context.Context, dir string) error {
	c, err := sqlite.Create(ctx, filepath.Join(dir, catalogFile), sqlite.Options{Now: now})
	if err != nil {
		return err
	}
	return c.Close()
}

// openVariants opens the chosen variant of each storage contract.
func (d *Desk) openVariants(ctx context.Context) error {
	c, err := sqlite.Open(ctx, filepath.Join(d.Dir, catalogFile), sqlite.Options{Now: now})
	if errors.Is(err, catalog.ErrLocked) {
		return fmt.Errorf("%w: %v", ErrLocked, err)
	}
	if err != nil {
		return fmt.Errorf("open the catalog: %w", err)
	}
	d.Catalog = c
	d.closers = append(d.closers, c)
	folder, err := d.room(blobsDir)
	if err != nil {
		return fmt.Errorf("open the blobs: %w", err)
	}
	blobs := disk.OpenReader(folder)
	if d.writing {
		if blobs, err = disk.Open(folder); err != nil {
			return fmt.Errorf("open the blobs: %w", err)
		}
	}
	d.Blobs = blobs
	d.closers = append(d.closers, blobs)
	if d.logFiles, err = d.room(logDir); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	return nil
}

// room opens a folder of the desk. Only who writes makes one that is missing.
func (d *Desk) room(name string) (*durable.Folder, error) {
	path := filepath.Join(d.Dir, name)
	f, err := durable.Dir(path)
	if d.writing && errors.Is(err, fs.ErrNotExist) {
		f, err = durable.Make(path)
	}
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, f)
	return f, nil
}
