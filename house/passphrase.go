package house

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Passphrase reads the passphrase of a backup from the file that
// UNSEAL_PASSPHRASE_FILE names, else from the output of the command in
// UNSEAL_PASSPHRASE_COMMAND. Secrets are never flags. One trailing line end is
// dropped. An empty passphrase is refused.
func Passphrase() (string, error) {
	text, err := passphraseText()
	if err != nil {
		return "", err
	}
	text = strings.TrimRight(text, "\r\n")
	if text == "" {
		return "", fmt.Errorf("%w: the passphrase is empty", ErrPassphrase)
	}
	return text, nil
}

func passphraseText() (string, error) {
	if f := os.Getenv("UNSEAL_PASSPHRASE_FILE"); f != "" {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", fmt.Errorf("%w: %v", ErrPassphrase, err)
		}
		return string(b), nil
	}
	if c := os.Getenv("UNSEAL_PASSPHRASE_COMMAND"); c != "" {
		words := strings.Fields(c)
		if len(words) == 0 {
			return "", fmt.Errorf("%w: UNSEAL_PASSPHRASE_COMMAND is blank", ErrPassphrase)
		}
		b, err := exec.Command(words[0], words[1:]...).Output()
		if err != nil {
			return "", fmt.Errorf("%w: run %s: %v", ErrPassphrase, words[0], err)
		}
		return string(b), nil
	}
	return "", errors.Join(ErrPassphrase, errors.New("set UNSEAL_PASSPHRASE_FILE or UNSEAL_PASSPHRASE_COMMAND"))
}
