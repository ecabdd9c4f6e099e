package intake

import (
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"unseal/catalog"
	"unseal/intake/reader"
	"unseal/reading"
	"unseal/trove"
)

// outcome is what a stage made of one item, before it is durable.
type outcome struct {
	kind    trove.Kind
	row     *catalog.OutcomeRow // nil where there was nothing to do
	keep    bool                // what an earlier run made is better and stays
	text    []byte              // a zstd frame; nil where the item's text stays
	reading []byte              // likewise
	files   [][]byte            // bytes of row.Made
	table   TableOfMails        // where the item looks like one
	pages   int                 // of the item, where the stage found them
	seconds float64             // of sound
}

func (u *outcome) weight() int {
	n := len(u.text) + len(u.reading) + len(u.row.Cause)
	if u.row.Change != nil {
		n += len(u.row.Change.Record)
	}
	for _, f := range u.files {
		n += len(f)
	}
	return n
}

// place appends text and reading to what will be one blob, and notes where.
func (u *outcome) place(frames []byte, row *catalog.OutcomeRow) []byte {
	if u.reading != nil {
		row.Reading = catalog.TextRef{Offset: int64(len(frames)), Length: int64(len(u.reading))}
		frames = append(frames, u.reading...)
	}
	if u.text != nil {
		row.Change.Text = catalog.TextRef{Offset: int64(len(frames)), Length: int64(len(u.text))}
		frames = append(frames, u.text...)
	}
	return frames
}

// found notes the blob that place appended to.
func (u *outcome) found(blob trove.Digest, row *catalog.OutcomeRow) {
	if u.reading != nil {
		row.Reading.Blob = blob
	}
	if u.text != nil {
		row.Change.Text.Blob = blob
	}
}

// frames makes zstd frames; EncodeAll is safe for concurrent use. A frame's
// window is small, so that whoever reads it needs little memory.
var frames = func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // only for options that contradict each other
	}
	return e
}()

// frame is s as one zstd frame; nil for nothing.
func frame(s []byte) []byte {
	if len(s) == 0 {
		return nil
	}
	return frames.EncodeAll(s, nil)
}

// newOutcome turns a result into what the catalog keeps. The item's record and
// text change only where change is not nil; its text is then res.Text.
func newOutcome(item *catalog.Item, stage reader.Stage, res *reader.Result, change *catalog.Change) (*outcome, error) {
	u := &outcome{kind: item.Kind, row: &catalog.OutcomeRow{Change: change, Outcome: catalog.Outcome{
		Item: item.ID, Stage: string(stage), State: stateOf(res), Cause: causeOf(res), By: res.By, Findings: findings(&res.Reading),
	}}}
	h := sha256.New()
	if !empty(&res.Reading) {
		res.Reading.Format = reading.Format
		b, err := json.Marshal(&res.Reading)
		if err != nil {
			return nil, err
		}
		h.Write(b)
		u.reading = frame(b)
	}
	if change != nil {
		h.Write(change.Record)
		h.Write([]byte(res.Text))
		u.text = frame([]byte(res.Text))
	}
	for _, f := range res.Files {
		m := catalog.Made{Name: f.Name, Type: f.Type, Size: int64(len(f.Bytes)), SHA256: trove.Sum(f.Bytes)}
		h.Write([]byte(m.Name + "\x00" + m.Type + "\x00"))
		h.Write(m.SHA256[:])
		u.row.Made = append(u.row.Made, m)
		u.files = append(u.files, f.Bytes)
	}
	if u.gave() {
		u.row.Sum = trove.Digest(h.Sum(nil))
	}
	return u, nil
}

// gave reports whether there is anything that readers could see.
func (u *outcome) gave() bool {
	return u.reading != nil || u.row.Change != nil || len(u.row.Made) > 0
}

func stateOf(res *reader.Result) catalog.OutcomeState {
	switch {
	case res.Waiting != "":
		return catalog.ReadWaiting
	case res.Failed != "":
		return catalog.ReadFailed
	case res.Partly != "":
		return catalog.ReadPartly
	}
	return catalog.ReadDone
}

func causeOf(res *reader.Result) string {
	for _, s := range []string{res.Waiting, res.Failed, res.Partly} {
		if s != "" {
			return oneLine(s)
		}
	}
	return ""
}

// maxCause bounds what is kept of a cause.
const maxCause = 300

// oneLine makes a cause fit for a list.
func oneLine(s string) string {
	s = shownPath(string([]rune(s)[:min(len([]rune(s)), maxCause)]))
	return s
}

// empty reports whether nothing was read beside record and text.
func empty(r *reading.Reading) bool {
	return len(r.Facts) == 0 && len(r.Findings) == 0 && len(r.Pages) == 0 && r.Sound == nil && r.Chain == nil &&
		len(r.Sheets) == 0 && len(r.Texts) == 0 && len(r.Files) == 0
}

// findings counts the findings of an item and of the files in it, by code.
func findings(r *reading.Reading) map[string]int {
	counts := map[string]int{}
	for _, f := range r.Findings {
		counts[f.Code]++
	}
	for i := range r.Files {
		for code, n := range findings(&r.Files[i].Reading) {
			counts[code] += n
		}
	}
	return counts
}

// goodNames drops made files whose name is none or given twice, and says so.
func goodNames(res *reader.Result) {
	seen := map[string]bool{reading.Name: true}
	res.Files = slices.DeleteFunc(res.Files, func(f reader.Made) bool {
		fold := strings.ToLower(f.Name)
		bad := !isMadeName(f.Name) || !madeType.MatchString(f.Type) || seen[fold]
		seen[fold] = true
		if bad && res.Partly == "" {
			res.Partly = "a file made of it has a name or a type that cannot be published"
		}
		return bad
	})
}

// maxMadeName bounds the names of made files.
const maxMadeName = 100

// madeType is a media type as an archive takes it.
var madeType = regexp.MustCompile(`^[a-z0-9]{1,40}/[a-z0-9+.-]{1,59}$`)

// isMadeName reports whether a name may be one of a made file: letters, digits,
// dots and hyphens, a letter or digit first and last, no two dots side by side.
func isMadeName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return s != "" && strings.Trim(s[:1]+s[len(s)-1:], ".-") == s[:1]+s[len(s)-1:] && !strings.Contains(s, "..") && len(s) <= maxMadeName
}
