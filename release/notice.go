package release

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"unseal/archive"
	"unseal/durable"
	"unseal/translog"
	"unseal/trove"
)

func noticeFile(n int) string { return path.Join(NoticesDir, strconv.Itoa(n)+".txt") }

// Notice puts a public statement into the desk's log and returns its number.
// The same text and kind as that of the newest notice is not said again, so it
// may be repeated. The error is an [UnsignedError] as long as too few release
// keys have signed. Durable on return; the archive learns of it with the next
// publish, or by [Desk.Bring].
func (r *Desk) Notice(ctx context.Context, kind string, text []byte) (int, error) {
	if err := archive.CheckNotice(text); err != nil {
		return 0, err
	}
	if err := r.Settle(ctx); err != nil {
		return 0, err
	}
	s := r.log.State()
	n, sum := len(s.Notices), trove.Sum(text)
	if n == 0 || s.Notices[n-1].Kind != kind || s.Notices[n-1].Text != sum {
		n++
		e := translog.Notice{Kind: kind, Log: s.ID, Number: n, Text: sum}
		if err := r.sayNotice(e, text); err != nil {
			return n, err
		}
	}
	if err := r.tell(ctx, r.log); err != nil {
		return n, err
	}
	return n, r.dropRequests()
}

func (r *Desk) sayNotice(e translog.Notice, text []byte) error {
	if err := r.Files.MkdirAll(NoticesDir); err != nil {
		return err
	}
	if err := durable.WriteFile(r.Files, noticeFile(e.Number), text); err != nil {
		return err
	}
	signed, err := r.endorse(e, fmt.Sprintf("notice %d", e.Number), requestFile(fmt.Sprintf("notice-%d", e.Number)))
	if err != nil {
		return err
	}
	return r.log.Append(signed)
}

// readNotice reads the text of a notice in the log.
func (r *Desk) readNotice(e translog.Notice) ([]byte, error) {
	text, err := fs.ReadFile(r.Files, noticeFile(e.Number))
	if err == nil && trove.Sum(text) != e.Text {
		err = fmt.Errorf("it has not the logged digest")
	}
	if err != nil {
		return nil, fmt.Errorf("the text of notice %d: %w", e.Number, err)
	}
	return text, nil
}

// Bring brings the archive in to up to date with the desk's log, and publishes
// nothing that the log does not say yet. It refuses as [Desk.Publish] does.
// Durable on return.
func (r *Desk) Bring(ctx context.Context, to durable.FS) (Published, error) {
	if err := r.Settle(ctx); err != nil {
		return Published{}, err
	}
	t, err := r.openArchive(to)
	if err != nil {
		return Published{}, err
	}
	err = r.catchUp(ctx, t)
	return Published{LogSize: t.Signed().Size, Root: t.Signed().Root}, err
}
