package imessage

import (
	"time"

	"unseal/intake/chat/draft"
	"unseal/reading"
)

// epoch is that of Apple's clocks.
var epoch = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// edits is what the summary of a message says of its changes.
type edits struct {
	versions []version // oldest first; the last is what stands
	unsent   bool      // parts were taken back
}

type version struct {
	at   time.Time
	text string
}

// parseEdits reads message_summary_info: "ec" holds the versions of each part
// of an edited message, "rp" the parts that were taken back.
func parseEdits(b []byte) (e edits) {
	root, err := parsePlist(b)
	m, ok := root.(map[string]any)
	if err != nil || !ok {
		return edits{}
	}
	if parts, _ := m["rp"].([]any); len(parts) > 0 {
		e.unsent = true
	}
	changed, _ := m["ec"].(map[string]any)
	for _, part := range []string{"0", "1", "2", "3"} { // the parts of a message that people edit
		list, _ := changed[part].([]any)
		for _, v := range list {
			one, _ := v.(map[string]any)
			body, _ := one["t"].([]byte)
			seconds, _ := one["d"].(float64)
			if text, ok := Text(body); ok {
				e.versions = append(e.versions, version{at: appleTime(seconds), text: text})
			}
		}
		if len(e.versions) > 0 {
			break
		}
	}
	return e
}

// appleTime reads seconds since the epoch; the zero time for what is none.
func appleTime(seconds float64) time.Time {
	if !(seconds > 0 && seconds < 6e9) {
		return time.Time{}
	}
	return epoch.Add(time.Duration(seconds * float64(time.Second))).Truncate(time.Second)
}

// apply writes the edits into a message.
func (e edits) apply(m *draft.Message) {
	if e.unsent && len(e.versions) == 0 && m.Text == "" {
		m.Kind = "deleted"
	}
	if len(e.versions) < 2 {
		return
	}
	last := e.versions[len(e.versions)-1]
	if m.Text == "" {
		m.Text = last.text
	}
	m.Edited = said(last.at)
	for _, v := range e.versions[:len(e.versions)-1] {
		m.Earlier = append(m.Earlier, reading.Earlier{When: when(v.at), Text: draft.Text(v.text)})
	}
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func said(t time.Time) string {
	if t.IsZero() {
		return "yes"
	}
	return when(t)
}
