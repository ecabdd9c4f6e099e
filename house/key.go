package house

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
	"unseal/trove"
)

// ErrWrongKey says that a key is not the one that is needed here.
var ErrWrongKey = errors.New("not the right key")

// signerKey writes a signing key as golang.org/x/mod/sumdb/note reads it (C2SP
// signed-note, Ed25519), and the key that verifies it. seed is 32 bytes.
func signerKey(name string, seed []byte) (private, public string, err error) {
	key := ed25519.NewKeyFromSeed(seed)
	public, err = note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", "", fmt.Errorf("make a key named %q: %w", name, err)
	}
	_, rest, _ := strings.Cut(public, "+")
	hash, _, _ := strings.Cut(rest, "+")
	const ed25519Algorithm = 1
	secret := base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, seed...))
	return "PRIVATE+KEY+" + name + "+" + hash + "+" + secret, public, nil
}

// keyPair is a signing key with the key that verifies it. A key file has both,
// a line each; the file of the log key has every one that there was, the newest
// last.
type keyPair struct {
	private, public string
	signer          note.Signer
}

func newKeyPair(name string, seed []byte) (keyPair, error) {
	private, public, err := signerKey(name, seed)
	if err != nil {
		return keyPair{}, err
	}
	return parseKeyPair(private, public)
}

func parseKeyPair(private, public string) (keyPair, error) {
	signer, err := note.NewSigner(private)
	if err != nil {
		return keyPair{}, err
	}
	// Only a signature shows that the two are halves of one key.
	v, err := note.NewVerifier(public)
	if err == nil {
		var msg []byte
		if msg, err = note.Sign(&note.Note{Text: "one key\n"}, signer); err == nil {
			_, err = note.Open(msg, note.VerifierList(v))
		}
	}
	if err != nil {
		return keyPair{}, fmt.Errorf("the halves are not those of one key: %w", err)
	}
	return keyPair{private, public, signer}, nil
}

// readKeyPairs reads a key file: at least one key.
func readKeyPairs(file string) ([]keyPair, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	lines := strings.Fields(string(b))
	var pairs []keyPair
	for i := 0; i+1 < len(lines); i += 2 {
		p, err := parseKeyPair(lines[i], lines[i+1])
		if err != nil {
			return nil, fmt.Errorf("read the key %s: %w", file, err)
		}
		pairs = append(pairs, p)
	}
	if len(lines) == 0 || len(lines)%2 != 0 {
		return nil, fmt.Errorf("read the key: %s is not whole", file)
	}
	return pairs, nil
}

// readKey reads a file with one key.
func readKey(file string) (keyPair, error) {
	pairs, err := readKeyPairs(file)
	if err == nil && len(pairs) != 1 {
		err = fmt.Errorf("%s: %d keys, one is needed: %w", file, len(pairs), ErrWrongKey)
	}
	if err != nil {
		return keyPair{}, err
	}
	return pairs[0], nil
}

// writeKeyPairs makes a key file durable.
func writeKeyPairs(files durable.FS, name string, pairs []keyPair) error {
	var b strings.Builder
	for _, p := range pairs {
		b.WriteString(p.private + "\n" + p.public + "\n")
	}
	return durable.WriteFile(files, name, []byte(b.String()))
}

// derived is a seed that follows from another one, for demonstrations.
func derived(seed []byte, what string) []byte {
	sum := trove.Sum(append([]byte(what+"\n"), seed...))
	return sum[:]
}
