package imessage

import (
	"io"
	"io/fs"
	"time"
)

// fileName is what SQLite calls the database.
const fileName = "chat.db"

// oneFile is a file system that holds the database alone, so that neither a
// journal beside it nor another file is ever opened.
type oneFile struct {
	r    io.ReaderAt
	size int64
}

func (o oneFile) Open(name string) (fs.File, error) {
	if name != fileName {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &content{SectionReader: io.NewSectionReader(o.r, 0, o.size)}, nil
}

// content is the open database: a reader that can seek.
type content struct{ *io.SectionReader }

func (c *content) Stat() (fs.FileInfo, error) { return info{c.Size()}, nil }
func (c *content) Close() error               { return nil }

type info struct{ size int64 }

func (i info) Name() string     { return fileName }
func (i info) Size() int64      { return i.size }
func (info) Mode() fs.FileMode  { return 0o400 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }
