package house

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	// Intake is the section [intake].
	Intake IntakeConfig `toml:"intake,omitempty"`
}

// IntakeConfig says how material is read.
type IntakeConfig struct {
	// Languages are those of the material, as BCP 47 names them ("en", "fr",
	// "zh-Hant"): texts are told apart among them, and pictures read in them.
	Languages []string `toml:"languages,omitempty"`
	// Passwords is a file with a password on each line, which are tried on what
	// is encrypted; relative to the desk.
	Passwords string `toml:"passwords,omitempty"`
	// Speech is the address of a server that transcribes recordings, with the
	// path below which /audio/transcriptions lies; without it nothing is
	// transcribed. SpeechModel is what it calls its model, SpeechKey a file
	// with its key; relative to the desk.
	Speech      string `toml:"speech,omitempty"`
	SpeechModel string `toml:"speech_model,omitempty"`
	SpeechKey   string `toml:"speech_key,omitempty"`
	// Translate is the address of a server that translates texts, with the path
	// below which /translate lies; TranslateInto are the languages wanted, and
	// TranslateKey is a file with its key; relative to the desk.
	Translate     string   `toml:"translate,omitempty"`
	TranslateInto []string `toml:"translate_into,omitempty"`
	TranslateKey  string   `toml:"translate_key,omitempty"`
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
		return c, fmt.Errorf("%s: unknown key %q; the keys are %s", file, extra[0], strings.Join(configKeys, ", "))
	}
	return c, c.check()
}

// configKeys are all keys, in their order.
var configKeys = []string{"name", "origin", "archive", "addresses", "intake.languages", "intake.passwords",
	"intake.speech", "intake.speech_model", "intake.speech_key", "intake.translate", "intake.translate_into", "intake.translate_key"}

// languageTag is what we take for a BCP 47 name (RFC 5646 section 2.1, without
// extensions).
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

func (c Config) check() error {
	for _, l := range slices.Concat(c.Intake.Languages, c.Intake.TranslateInto) {
		if !languageTag.MatchString(l) {
			return fmt.Errorf("[intake]: %q is no name of a language; write en, fr, zh-Hant …", l)
		}
	}
	if c.Intake.Translate != "" && len(c.Intake.TranslateInto) == 0 {
		return errors.New("[intake]: translate names a server, and translate_into no language")
	}
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
