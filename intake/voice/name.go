package voice

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"unseal/reading"
	"unseal/trove"
)

// What file names tell of calls, in any case of letters and with blanks, dots,
// hyphens or underscores between the words:
//
//	… call 11 of 29 … message 2 of 3 …    "of" may be missing, "part" stands for "message"
//	NAME - Voicemail - 2014-05-17T02_54_27Z    Google Voice; also Recorded
var (
	callName    = regexp.MustCompile(`(?i)(?:^|[^\pL])call[ ._#-]*(\d{1,6})(?:[ ._-]*of[ ._-]*(\d{1,6}))?`)
	partName    = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:message|part)[ ._#-]*(\d{1,6})(?:[ ._-]*of[ ._-]*(\d{1,6}))?`)
	takeoutName = regexp.MustCompile(`^(.*?) ?- (Voicemail|Recorded) - (\d{4}-\d\d-\d\dT\d\d_\d\d_\d\dZ)`)
)

// named is what a file's name tells of a call.
type named struct {
	call reading.Call
	who  string
	date time.Time
}

func fromName(name string) (n named) {
	if m := takeoutName.FindStringSubmatch(name); m != nil {
		n.call.Kind, n.who = strings.ToLower(m[2]), strings.TrimSpace(m[1])
		n.date, _ = time.Parse("2006-01-02T15_04_05Z", m[3])
		return n
	}
	n.call.Number, n.call.Of = numbers(callName, name)
	n.call.Part, n.call.Parts = numbers(partName, name)
	if n.call.Number == 0 {
		n.call.Part, n.call.Parts = 0, 0 // a part of what?
	}
	return n
}

func numbers(form *regexp.Regexp, name string) (number, of int) {
	m := form.FindStringSubmatch(name)
	if m == nil {
		return 0, 0
	}
	number, _ = strconv.Atoi(m[1])
	of, _ = strconv.Atoi(m[2])
	return number, of
}

// namedGSM reports whether a name is one of GSM without a head.
func namedGSM(name string) bool { return strings.EqualFold(path.Ext(name), ".gsm") }

// join makes the parts of one call a thread: the first has the call's id as
// its own, the others have ids of their own and name the first. series tells
// calls of the same number apart; without one it is the folder.
func join(rec *trove.Record, c *reading.Call, series, folder string) {
	if c == nil || c.Number == 0 {
		return
	}
	if series == "" {
		series = "folder " + folder
	}
	sum := sha256.Sum256([]byte(series))
	first := "call-" + strconv.Itoa(c.Number) + "@" + hex.EncodeToString(sum[:6])
	rec.MessageID = first
	if c.Part > 1 {
		rec.MessageID = "part-" + strconv.Itoa(c.Part) + "-of-" + first
		rec.References = []string{first}
	}
}

// stem is a name without its ending.
func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }
