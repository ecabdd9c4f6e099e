package office

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Limits of what is unpacked of a document that is a zip. A child process has
// 512 MB, and the text of a document lies in few members.
const (
	maxMembers  = 20_000
	maxMember   = 96 << 20  // unpacked bytes of one member
	maxUnpacked = 256 << 20 // of all that are held in memory
	maxSheet    = 768 << 20 // of a sheet, which is read as a stream
	maxWorkbook = 1 << 30   // of all members of a workbook
	maxRatio    = 200       // unpacked to packed, beyond freeRatio
	freeRatio   = 8 << 20   // unpacked bytes of a member whose ratio is not looked at
)

// errLimit says that a document unpacks to more than is read of it.
var errLimit = errors.New("unpacks to more than is read")

// pack is a document that is a zip of members.
type pack struct {
	members map[string]*zip.File // by name in lower case without a leading slash
	names   []string             // in the order of the zip, as they stand
	left    int64                // bytes that may still be unpacked
}

// openPack reads the directory of a zip.
func openPack(r io.ReaderAt, size int64) (*pack, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("%w: %d members", errLimit, len(z.File))
	}
	p := &pack{members: map[string]*zip.File{}, left: maxUnpacked}
	for _, f := range z.File {
		key := memberKey(f.Name)
		if _, twice := p.members[key]; twice || strings.HasSuffix(f.Name, "/") {
			continue
		}
		p.members[key] = f
		p.names = append(p.names, strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))
	}
	return p, nil
}

func memberKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

func (p *pack) has(name string) bool { return p.members[memberKey(name)] != nil }

// read unpacks one member.
func (p *pack) read(name string) ([]byte, error) {
	f := p.members[memberKey(name)]
	if f == nil {
		return nil, fmt.Errorf("the document has no %s", name)
	}
	limit := int64(maxMember)
	if most := max(int64(freeRatio), maxRatio*int64(min(f.CompressedSize64, maxMember))); most < limit {
		limit = most
	}
	limit = min(limit, p.left)
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Base(name), err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	p.left -= int64(len(b))
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s %w", path.Base(name), errLimit)
	}
	return b, err
}

// stream unpacks a member while it is read.
func (p *pack) stream(name string) (io.ReadCloser, error) {
	f := p.members[memberKey(name)]
	if f == nil {
		return nil, fmt.Errorf("the document has no %s", name)
	}
	if tooWide(f, maxSheet) {
		return nil, fmt.Errorf("%s %w", path.Base(name), errLimit)
	}
	return f.Open()
}

// tooWide reports whether a member unpacks to more than most bytes, or to too
// many for those that are packed. A member that unpacks to more than it says is
// an error of its reader.
func tooWide(f *zip.File, most uint64) bool {
	return f.UncompressedSize64 > most || f.UncompressedSize64 > freeRatio && f.UncompressedSize64/maxRatio > f.CompressedSize64
}

// below lists the members whose name begins so, in the order of the zip.
func (p *pack) below(prefix string) []string {
	var names []string
	for _, n := range p.names {
		if strings.HasPrefix(strings.ToLower(n), strings.ToLower(prefix)) {
			names = append(names, n)
		}
	}
	return names
}
