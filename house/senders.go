package house

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"unseal/archive"
	"unseal/durable"
	"unseal/evidence"
	"unseal/evidence/keyfile"
	"unseal/evidence/known"
)

// readKeys reads an archive of senders' keys; a file that is not there is an
// empty one.
func readKeys(file string) (*evidence.Keys, error) {
	keys := new(evidence.Keys)
	if file == "" {
		return keys, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return keys, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the senders' keys: %w", err)
	}
	found, errs := keyfile.Parse(b, file)
	for _, k := range found {
		keys.Add(k)
	}
	return keys, errors.Join(errs...)
}

// judgingKeys are the keys with which mails are judged: those in file and
// those built in.
func judgingKeys(file string) (*evidence.Keys, error) {
	keys, err := readKeys(file)
	if err != nil {
		return nil, err
	}
	for _, k := range BuiltInKeys().All() {
		keys.Add(*k)
	}
	return keys, nil
}

// Keys is the desk's own archive of senders' keys, without those built in.
func (d *Desk) Keys() (*evidence.Keys, error) { return readKeys(d.keysFile()) }

// AllKeys are the keys with which the desk judges mails: its own and those
// built in.
func (d *Desk) AllKeys() (*evidence.Keys, error) { return judgingKeys(d.keysFile()) }

func (d *Desk) listKeys() ([]archive.SenderKey, error) {
	keys, err := d.AllKeys()
	list := []archive.SenderKey{}
	for _, k := range keys.All() {
		list = append(list, *k)
	}
	return list, err
}

func (d *Desk) keysFile() string { return filepath.Join(d.Dir, senderKeysFile) }

// BuiltInKeys is the set that comes with the program.
func BuiltInKeys() *evidence.Keys { return known.Keys() }

// ImportKeys adds the keys in file, in any form that package keyfile reads, to
// the desk's archive of senders' keys. It returns how many there are now, how
// many of them told something new, and what could not be read. Durable on
// return; importing twice adds nothing.
func (d *Desk) ImportKeys(file string) (all, added int, bad []error, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("import keys: %w", err)
	}
	found, bad := keyfile.Parse(b, filepath.Base(file))
	all, added, err = d.addKeys(found)
	if err != nil {
		err = fmt.Errorf("import keys: %w", err)
	}
	return all, added, bad, err
}

// addKeys adds keys to the desk's own archive, durable on return.
func (d *Desk) addKeys(found []evidence.Key) (all, added int, err error) {
	keys, err := d.Keys()
	if err != nil {
		return 0, 0, err
	}
	for _, k := range found {
		if keys.Add(k) {
			added++
		}
	}
	text, err := keyfile.Encode(keys)
	if err != nil {
		return 0, 0, err
	}
	return len(keys.All()), added, durable.WriteFile(d.Files, senderKeysFile, text)
}

// KeySource says with which keys a single mail is judged: those built in and
// those of the desk in the folder Desk, if there is one; but under the names in
// File, where one is given, with those in File alone.
type KeySource struct {
	File, Desk string
}

func (s KeySource) read(mail []byte) (*evidence.Keys, error) {
	own := ""
	if s.Desk != "" && exists(filepath.Join(s.Desk, ConfigName)) {
		own = filepath.Join(s.Desk, senderKeysFile)
	}
	others, err := judgingKeys(own)
	if err != nil || s.File == "" {
		return others, err
	}
	given, err := readGivenKeys(s.File, mail)
	if err != nil {
		return nil, fmt.Errorf("read the sender's key: %w", err)
	}
	keys := new(evidence.Keys)
	for _, k := range others.All() {
		if len(given.Lookup(k.Domain, k.Selector, time.Time{})) == 0 {
			keys.Add(*k)
		}
	}
	for _, k := range given.All() {
		keys.Add(*k)
	}
	return keys, nil
}

// readGivenKeys reads keys in any form that package keyfile knows, and a bare
// record, which has its name from the mail.
func readGivenKeys(file string, mail []byte) (*evidence.Keys, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if record, ok := keyfile.Bare(b); ok {
		return keysForMail(mail, evidence.Key{Record: record, Seen: []evidence.Sighting{{Where: filepath.Base(file)}}}), nil
	}
	found, errs := keyfile.Parse(b, filepath.Base(file))
	if len(found) == 0 {
		return nil, fmt.Errorf("no key record in %s: %w", file, errors.Join(errs...))
	}
	keys := new(evidence.Keys)
	for _, k := range found {
		keys.Add(k)
	}
	return keys, nil
}

// keysForMail gives a key the name under which a signature of the mail asks for
// it: that of the signature made with it, else of the first.
func keysForMail(mail []byte, k evidence.Key) *evidence.Keys {
	var first *evidence.Keys
	for _, s := range evidence.Examine(mail, nil, now()).Signatures {
		k.Domain, k.Selector = s.Domain, s.Selector
		keys := new(evidence.Keys)
		keys.Add(k)
		if first == nil {
			first = keys
		}
		for _, s := range evidence.Examine(mail, keys, now()).Signatures {
			switch {
			case s.Outcome == evidence.Pass, s.Cause == evidence.BodyChanged, s.Cause == evidence.HeaderChanged, s.Cause == evidence.BothChanged:
				return keys
			}
		}
	}
	return first
}
