package house

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
)

// ConfigName is the configuration file of a desk.
const ConfigName = "unseal.toml"

// Config is the configuration of a desk; the comments are its manual.
type Config struct {
	// Name is what readers see as the name of the archive.
	Name string `toml:"name"`
	// Origin is the unique name of the log (C2SP tlog-checkpoint): a
	// schema-less URL such as "example.org/harbour". It never changes.
	Origin string `toml:"origin"`
	// Archive is the folder that publish writes to unless --to names another;
	// relative to the desk. Empty: --to has to be given.
	Archive string `toml:"archive"`
	// Addresses are where readers find the archive, first the main one.
	Addresses []string `toml:"addresses"`
}

// readConfig reads file and refuses keys that it does not know, so that a
// slip of the pen is not ignored in silence.
func readConfig(file string) (Config, error) {
	var c Config
	meta, err := toml.DecodeFile(file, &c)
	if errors.Is(err, os.ErrNotExist) {
		return c, fmt.Errorf("%w: no %s in %s", ErrNoDesk, ConfigName, filepath.Dir(file))
	}
	if err != nil {
		return c, fmt.Errorf("read %s: %w", file, err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return c, fmt.Errorf("%s: unknown key %q; the keys are name, origin, archive, addresses", file, extra[0])
	}
	return c, c.check()
}

func (c Config) check() error {
	if c.Name == "" {
		return errors.New("the configuration has no name")
	}
	if c.Origin == "" || strings.ContainsAny(c.Origin, " +\n\t") || len(c.Origin) > 255 {
		return fmt.Errorf("log origin %q: use a schema-less URL without spaces or '+', such as example.org/harbour", c.Origin)
	}
	return nil
}

// text is the configuration as the file holds it.
func (c Config) text() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# The desk's configuration. See docs/desk.md.\n")
	err := toml.NewEncoder(&b).Encode(c)
	return b.Bytes(), err
}
