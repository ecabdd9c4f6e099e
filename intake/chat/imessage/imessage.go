// Package imessage reads chat.db, the database of Messages on a Mac (sms.db on
// an iPhone), out of the bytes as they are: nothing is written, no file is
// opened. It holds all conversations of a person, among each other, so they are
// one item, grouped.
//
// A text may lie in an attributed body (a typedstream), and its earlier
// versions in a property list; both are read here, as far as they hold text.
package imessage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
	"modernc.org/sqlite/vfs"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// Detect tells from a file's first bytes whether it is such a database.
func Detect(head []byte) bool {
	return bytes.HasPrefix(head, []byte("SQLite format 3\x00")) && bytes.Contains(head, []byte("chat_message_join"))
}

// Logged reports whether the newest messages may lie in another file, the
// write-ahead log beside the database (sqlite.org/fileformat2.html, offset 18).
func Logged(head []byte) bool { return len(head) > 18 && head[18] == 2 }

// maxMedia bounds the files of messages that are held.
const maxMedia = 1_000_000

// Read adds the messages of the database to c. partly says what the database
// holds that could not be had.
func Read(ctx context.Context, r io.ReaderAt, size int64, c *draft.Chain) (partly string, err error) {
	name, fsys, err := vfs.New(oneFile{r, size})
	if err != nil {
		return "", err
	}
	defer fsys.Close()
	db, err := sql.Open("sqlite", "file:"+fileName+"?vfs="+name+"&mode=ro&immutable=1&_pragma=trusted_schema(0)&_pragma=temp_store(2)&_pragma=cell_size_check(1)")
	if err != nil {
		return "", err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	d := &database{ctx: ctx, db: db, chain: c, handles: map[int64]string{}, media: map[int64][]reading.Media{}}
	err = d.read()
	if d.lost > 0 {
		partly = fmt.Sprintf("The text of %d messages could not be read.", d.lost)
	}
	return partly, err
}

// database is one being read.
type database struct {
	ctx     context.Context
	db      *sql.DB
	chain   *draft.Chain
	handles map[int64]string
	media   map[int64][]reading.Media
	self    int
	lost    int // bodies that are no text
}

func (d *database) read() error {
	if err := d.tables("message", "handle", "chat", "chat_message_join"); err != nil {
		return err
	}
	for _, step := range []func() error{d.readHandles, d.readChats, d.readMedia} {
		if err := step(); err != nil {
			return err
		}
	}
	d.self = d.chain.Member("Me", "me")
	d.chain.Self(d.self)
	return d.readMessages()
}

// tables checks that the names are tables: a view could be made to run for
// ever.
func (d *database) tables(names ...string) error {
	for _, name := range names {
		var kind string
		err := d.db.QueryRowContext(d.ctx, `SELECT type FROM sqlite_master WHERE name = ? AND type IN ('table', 'view')`, name).Scan(&kind)
		if err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
		if kind != "table" {
			return fmt.Errorf("%s is no table", name)
		}
	}
	return nil
}

// columns are those of a table, which grew from system to system.
func (d *database) columns(table string) ([]string, error) {
	rows, err := d.db.QueryContext(d.ctx, `SELECT name FROM pragma_table_info(?)`, table)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
}

func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) (list []T, err error) {
	defer rows.Close()
	for rows.Next() && len(list) < draft.MaxMessages {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// each calls fn for the rows of a query.
func (d *database) each(query string, fn func(*sql.Rows) error) error {
	rows, err := d.db.QueryContext(d.ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (d *database) readHandles() error {
	return d.each(`SELECT ROWID, id FROM handle`, func(rows *sql.Rows) error {
		var id int64
		var handle sql.NullString
		if len(d.handles) >= draft.MaxMessages {
			return nil
		}
		err := rows.Scan(&id, &handle)
		d.handles[id] = handle.String
		return err
	})
}

func (d *database) readChats() error {
	return d.each(`SELECT guid, COALESCE(NULLIF(display_name, ''), chat_identifier) FROM chat`, func(rows *sql.Rows) error {
		var guid, title sql.NullString
		err := rows.Scan(&guid, &title)
		if len(d.chain.Titles) < draft.MaxMessages {
			d.chain.Titles[guid.String] = title.String
		}
		return err
	})
}

func (d *database) readMedia() error {
	if d.tables("attachment", "message_attachment_join") != nil {
		return nil
	}
	n := 0
	return d.each(`SELECT j.message_id, a.transfer_name, a.filename, a.mime_type FROM message_attachment_join j JOIN attachment a ON a.ROWID = j.attachment_id`, func(rows *sql.Rows) error {
		var id int64
		var name, path, kind sql.NullString
		if err := rows.Scan(&id, &name, &path, &kind); err != nil {
			return err
		}
		if n++; n > maxMedia {
			return nil
		}
		if name.String == "" {
			name.String = path.String[strings.LastIndexByte(path.String, '/')+1:]
		}
		d.media[id] = append(d.media[id], reading.Media{Name: name.String, Type: kind.String})
		return nil
	})
}

// wanted are the columns of message that are read where they are there.
var wanted = []string{"ROWID", "guid", "text", "attributedBody", "handle_id", "date", "is_from_me", "date_edited", "date_retracted",
	"message_summary_info", "associated_message_guid", "associated_message_type", "associated_message_emoji",
	"thread_originator_guid", "item_type", "group_title"}

// row is one message as it stands.
type row struct {
	id, handle, date, fromMe, edited, retracted, tapback, item sql.NullInt64
	guid, text, target, emoji, answers, title, chat            sql.NullString
	body, summary                                              []byte
}

func (r *row) fields() []any {
	return []any{&r.id, &r.guid, &r.text, &r.body, &r.handle, &r.date, &r.fromMe, &r.edited, &r.retracted,
		&r.summary, &r.target, &r.tapback, &r.emoji, &r.answers, &r.item, &r.title, &r.chat}
}

func (d *database) readMessages() error {
	have, err := d.columns("message")
	if err != nil {
		return err
	}
	list := slices.Clone(wanted)
	for i, name := range list {
		if list[i] = "m." + name; name != "ROWID" && !slices.Contains(have, name) {
			list[i] = "NULL"
		}
	}
	query := `SELECT ` + strings.Join(list, ", ") + `, c.guid FROM message m
		LEFT JOIN chat_message_join j ON j.message_id = m.ROWID LEFT JOIN chat c ON c.ROWID = j.chat_id ORDER BY m.ROWID`
	seen := int64(-1)
	err = d.each(query, func(rows *sql.Rows) error {
		var r row
		if err := rows.Scan(r.fields()...); err != nil {
			return err
		}
		if r.id.Int64 == seen {
			return nil // in a second chat too
		}
		seen = r.id.Int64
		return d.message(&r)
	})
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the database took too long: %w", err)
	}
	return err
}

// tapbacks are the signs of associated_message_type 2000 and on; 3000 and on
// take them back.
var tapbacks = []string{"❤", "👍", "👎", "😂", "‼", "❓"}

const (
	tapback     = 2000
	tapbackGone = 3000
	tapbackEnd  = 4000
)

func (d *database) message(r *row) error {
	by := d.self
	if r.fromMe.Int64 == 0 {
		by = d.chain.Member("", d.handles[r.handle.Int64])
	}
	if kind := r.tapback.Int64; kind >= tapback && kind < tapbackEnd {
		sign := r.emoji.String
		if i := int(kind % 1000); sign == "" && i < len(tapbacks) {
			sign = tapbacks[i]
		}
		d.chain.React(r.chat.String, target(r.target.String), sign, by, kind >= tapbackGone)
		return nil
	}
	m := draft.Message{Conversation: r.chat.String, Answers: r.answers.String, Zoned: true, At: moment(r.date.Int64)}
	m.ID, m.By, m.Text, m.Media = r.guid.String, by, r.text.String, d.media[r.id.Int64]
	if m.Text == "" && len(r.body) > 0 {
		text, ok := Text(r.body)
		if m.Text = text; !ok {
			d.lost++
		}
	}
	m.Text = strings.TrimSpace(strings.ReplaceAll(m.Text, string(replacement), ""))
	if len(r.summary) > 0 {
		parseEdits(r.summary).apply(&m)
	}
	switch {
	case r.retracted.Int64 != 0 && m.Text == "":
		m.Kind = "deleted"
	case r.edited.Int64 != 0 && m.Edited == "" && m.Kind == "":
		m.Edited = said(moment(r.edited.Int64))
	case r.item.Int64 != 0:
		m.Kind, m.Text = "system", strings.TrimSpace(m.Text+" "+r.title.String)
	}
	return d.chain.Add(m)
}

// target is the message that a tapback is on: "p:0/GUID" or "bp:GUID".
func target(guid string) string {
	if _, after, ok := strings.Cut(guid, "/"); ok {
		return after
	}
	return strings.TrimPrefix(guid, "bp:")
}

// moment reads a date: nanoseconds since 2001, or seconds in older databases.
func moment(n int64) time.Time {
	const nano = 1e12 // no second of this century is so large
	if n > nano {
		return appleTime(float64(n) / 1e9)
	}
	return appleTime(float64(n))
}
