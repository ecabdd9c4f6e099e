package house

import (
	"context"
	"errors"
	"fmt"
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
	folder, err := durable.Make(filepath.Join(d.Dir, blobsDir))
	if err != nil {
		return fmt.Errorf("open the blobs: %w", err)
	}
	d.closers = append(d.closers, folder)
	blobs, err := disk.Open(folder)
	if err != nil {
		return fmt.Errorf("open the blobs: %w", err)
	}
	d.Blobs = blobs
	if d.logFiles, err = durable.Make(filepath.Join(d.Dir, logDir)); err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	d.closers = append(d.closers, d.logFiles)
	return nil
}
