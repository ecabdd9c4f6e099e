package house

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"unseal/durable"
)

// signerKey writes the signing key of a log as golang.org/x/mod/sumdb/note
// reads it (C2SP signed-note, Ed25519), and the key that verifies it.
// seed is 32 bytes; origin becomes the name of the key.
func signerKey(origin string, seed []byte) (private, public string, err error) {
	key := ed25519.NewKeyFromSeed(seed)
	public, err = note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", "", fmt.Errorf("make the log key: %w", err)
	}
	_, rest, _ := strings.Cut(public, "+")
	hash, _, _ := strings.Cut(rest, "+")
	const ed25519Algorithm = 1
	secret := base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, seed...))
	return "PRIVATE+KEY+" + origin + "+" + hash + "+" + secret, public, nil
}

// readLogKey returns the signer of the key file and its public half.
func readLogKey(file string) (note.Signer, string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, "", fmt.Errorf("read the log key: %w", err)
	}
	private, public, ok := strings.Cut(strings.TrimSpace(string(b)), "\n")
	if !ok {
		return nil, "", fmt.Errorf("read the log key: %s is not whole", file)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, "", fmt.Errorf("read the log key: %w", err)
	}
	return signer, public, nil
}

// writeLogKey keeps both halves of the key, and the public one also by itself,
// to be handed on.
func writeLogKey(files durable.FS, private, public string) error {
	if err := durable.WriteFile(files, logKeyFile, []byte(private+"\n"+public+"\n")); err != nil {
		return err
	}
	return durable.WriteFile(files, logPublicFile, []byte(public+"\n"))
}
