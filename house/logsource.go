package house

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"unseal/archive"
	"unseal/proof"
	"unseal/translog"
	"unseal/translog/tiles"
)

// webTimeout bounds the reading of one file of a log over HTTP.
const webTimeout = 30 * time.Second

// logFiles opens what a log is read from: a folder, a zip file of one, or the
// address of an archive on the web. A zip file stays open until the process
// ends.
func logFiles(where string) (tiles.ReadFunc, error) {
	if strings.HasPrefix(where, "https://") || strings.HasPrefix(where, "http://") {
		return webFiles(where)
	}
	if info, err := os.Stat(where); err == nil && info.Mode().IsRegular() {
		return zipFiles(where)
	}
	return regularFiles(os.DirFS(where)), nil
}

// zipFiles reads a log from a zip file in which it lies at the top, or in the
// one folder that does.
func zipFiles(name string) (tiles.ReadFunc, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is neither a folder nor a zip file: %w", ErrNoArchive, name, err)
	}
	var files fs.FS = z
	if _, err := fs.Stat(z, archive.LogDir); err != nil {
		if top, err := fs.ReadDir(z, "."); err == nil && len(top) == 1 && top[0].IsDir() {
			if files, err = fs.Sub(z, top[0].Name()); err != nil {
				return nil, err
			}
		}
	}
	return regularFiles(files), nil
}

// webFiles reads a log over HTTP. Redirects to another host are not followed,
// and nothing that comes is trusted: it is checked as files of a folder are.
func webFiles(where string) (tiles.ReadFunc, error) {
	base, err := url.Parse(where)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("%w: %q is no address of an archive", ErrNoArchive, where)
	}
	client := &http.Client{Timeout: webTimeout, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if to.URL.Host != base.Host || len(via) > 3 {
			return fmt.Errorf("a redirect to %s is not followed", to.URL.Host)
		}
		return nil
	}}
	return func(name string) ([]byte, error) {
		at := *base
		at.Path = path.Join("/", base.Path, name)
		return webFile(client, &at, name)
	}, nil
}

func webFile(client *http.Client, at *url.URL, name string) ([]byte, error) {
	answer, err := client.Get(at.String())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, &fs.PathError{Op: "get", Path: at.String(), Err: fs.ErrNotExist}
	default:
		return nil, fmt.Errorf("read %s: the server answers %s", name, answer.Status)
	}
	b, err := readAtMost(answer.Body, tiles.MaxSize)
	if errors.Is(err, errTooLong) {
		err = fmt.Errorf("%w: %w", err, proof.ErrMismatch)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return b, nil
}

// statedOrigin is the origin that a checkpoint states, unchecked.
func statedOrigin(read tiles.ReadFunc) string {
	b, err := read(path.Join(archive.LogDir, translog.CheckpointPath))
	if err != nil {
		return ""
	}
	c, err := proof.ParseCheckpoint(b)
	if err != nil {
		return ""
	}
	return c.Origin
}
