package house

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"unseal/trove"
)

// memory is what an earlier verify has found of a log, kept in the user's own
// configuration, one file a log, so that the next verify knows it.
type memory struct {
	keys []string // every log key, the newest last
	id   string   // of the log, in hex
}

func memoryFile(origin string) string {
	dir, err := os.UserConfigDir()
	if err != nil || origin == "" {
		return ""
	}
	return filepath.Join(dir, "unseal", "log-keys", trove.Sum([]byte(origin)).String()[:32])
}

// recall reads what is remembered of a log; nothing if it was never verified.
func recall(origin string) (m memory) {
	b, err := os.ReadFile(memoryFile(origin))
	if err != nil {
		return m
	}
	for _, s := range strings.Fields(string(b)) {
		if _, err := trove.ParseDigest(s); err == nil {
			m.id = s
		} else {
			m.keys = append(m.keys, s)
		}
	}
	return m
}

// known is what leads to the log alone, or else its newest key; "" for nothing.
func (m memory) known() string {
	if m.id == "" {
		return m.key()
	}
	return m.id
}

// key is the newest key.
func (m memory) key() string {
	if len(m.keys) == 0 {
		return ""
	}
	return m.keys[len(m.keys)-1]
}

// contradicts reports whether a key that was given is of the log remembered,
// and the log at hand is another one.
func (m memory) contradicts(given string, id trove.Digest) bool {
	return m.id != "" && id != (trove.Digest{}) && m.id != id.String() && slices.Contains(m.keys, given)
}

// remember keeps what is known of a log. Where that is not possible the next
// verify has to be given its key again, which is no fault of the archive.
func remember(origin string, keys []string, id trove.Digest) {
	file := memoryFile(origin)
	if file == "" || os.MkdirAll(filepath.Dir(file), 0o700) != nil {
		return
	}
	_ = os.WriteFile(file, []byte(strings.Join(append(slices.Clone(keys), id.String()), "\n")+"\n"), 0o600)
}
