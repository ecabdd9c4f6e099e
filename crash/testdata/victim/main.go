// Victim is a small desk and publisher for the kill harness: it stores blobs,
// records items, and publishes objects, tiles and a checkpoint, and prints a
// line for each thing that it holds to be done.
//
//	victim ingest  DIR [ack-early]
//	victim publish DIR [checkpoint-first]
//
// The second words are controls: orders that the harness must catch.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"unseal/blob"
	"unseal/blob/disk"
	"unseal/catalog"
	"unseal/catalog/sqlite"
	"unseal/durable"
	"unseal/trove"
)

// items is how many items there are, chunk how many go into one transaction.
const (
	items = 24
	chunk = 4
)

func main() {
	log.SetFlags(0)
	job, dir, control := os.Args[1], os.Args[2], strings.Join(os.Args[3:], " ")
	var err error
	switch job {
	case "ingest":
		err = ingest(context.Background(), dir, control == "ack-early")
	case "publish":
		err = publish(dir, control == "checkpoint-first")
	default:
		err = errors.New("no such job")
	}
	if err == nil {
		_, err = fmt.Println("done")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func text(i int) []byte { return []byte(strings.Repeat(fmt.Sprintf("text of item %d\n", i), 20)) }

func ingest(ctx context.Context, dir string, ackEarly bool) error {
	fsys, err := durable.Make(filepath.Join(dir, "blobs"))
	if err != nil {
		return err
	}
	blobs, err := disk.Open(fsys)
	if err != nil {
		return err
	}
	cat, err := openCatalog(ctx, filepath.Join(dir, "catalog.db"))
	if err != nil {
		return err
	}
	if err := cat.PutCollection(ctx, catalog.Collection{Name: "mail"}); err != nil {
		return err
	}
	tr, err := cat.BeginTrove(ctx, catalog.Trove{Collection: "mail", Path: "in"}, catalog.Author{})
	if err != nil {
		return err
	}
	files, err := cat.BeginFiles(ctx, tr.ID, []catalog.File{{Path: "f", SHA256: trove.Sum(nil)}})
	if err != nil {
		return err
	}
	for i := int(files[0].Progress); i < items; i += chunk {
		if err := add(ctx, blobs, cat, files[0], i, ackEarly); err != nil {
			return err
		}
	}
	if err := cat.EndTrove(ctx, tr.ID); err != nil {
		return err
	}
	return cat.Close()
}

func openCatalog(ctx context.Context, path string) (*sqlite.Catalog, error) {
	cat, err := sqlite.Open(ctx, path, sqlite.Options{})
	if errors.Is(err, catalog.ErrNotFound) {
		return sqlite.Create(ctx, path, sqlite.Options{})
	}
	return cat, err
}

func add(ctx context.Context, blobs blob.Store, cat catalog.Catalog, f catalog.File, from int, ackEarly bool) error {
	batch := blobs.NewBatch()
	c := catalog.Chunk{File: f}
	for i := from; i < from+chunk; i++ {
		d, err := batch.Put(ctx, text(i))
		if err != nil {
			return errors.Join(err, batch.Flush())
		}
		it := catalog.Item{SHA256: d, Size: int64(len(text(i))), Span: catalog.Span{Blob: d, Length: int64(len(text(i)))}, Record: []byte("{}"), State: trove.In}
		c.Items = append(c.Items, catalog.NewItem{Item: it, Occurrences: []trove.Occurrence{{Path: "f", FileSHA256: f.SHA256, Offset: int64(i)}}})
	}
	c.File.Progress = int64(from + chunk)
	if ackEarly {
		if err := ack(c); err != nil {
			return err
		}
	}
	if err := batch.Flush(); err != nil {
		return err
	}
	if _, err := cat.AddChunks(ctx, []catalog.Chunk{c}); err != nil {
		return err
	}
	if ackEarly {
		return nil
	}
	return ack(c)
}

func ack(c catalog.Chunk) error {
	for _, it := range c.Items {
		if _, err := fmt.Println(it.SHA256); err != nil {
			return err
		}
	}
	return nil
}

func publish(dir string, checkpointFirst bool) error {
	fsys, err := durable.Make(filepath.Join(dir, "archive"))
	if err != nil {
		return err
	}
	if err := durable.Sweep(fsys, "."); err != nil {
		return err
	}
	checkpoint := func() error { return durable.WriteFile(fsys, "checkpoint", fmt.Append(nil, items)) }
	if checkpointFirst {
		if err := checkpoint(); err != nil {
			return err
		}
	}
	if err := fsys.MkdirAll("log/tile"); err != nil {
		return err
	}
	for i := range items {
		if err := durable.WriteFile(fsys, fmt.Sprintf("log/tile/%d", i), text(i)); err != nil {
			return err
		}
	}
	return checkpoint()
}
