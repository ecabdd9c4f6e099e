package archive

import (
	"fmt"
	"strings"

	"unseal/trove"
)

// Limits of the files made of one item. They are part of the format.
const (
	MaxMade     = 10_000
	maxMadeName = 100
	maxMadeType = 100
)

// madeKey stands in the line of a record that lists files made of the item, and
// in no other: quotes in strings are escaped.
var madeKey = []byte(`"made":`)

// The characters of names and types.
const (
	lowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
	nameLetters    = lowerAndDigits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// ValidMade reports whether a file made of an item may have that name: 1 to 100
// ASCII letters, digits, dots, hyphens and underscores, with a letter or digit
// first and last and no two dots side by side. Such a name is no path on any
// system.
func ValidMade(name string) bool {
	return name != "" && len(name) <= maxMadeName && strings.Trim(name, nameLetters+"._-") == "" &&
		strings.Contains(nameLetters, name[:1]) && strings.Contains(nameLetters, name[len(name)-1:]) && !strings.Contains(name, "..")
}

// validType reports whether s is a media type without parameters, in lower case.
func validType(s string) bool {
	kind, sub, ok := strings.Cut(s, "/")
	return ok && len(s) <= maxMadeType && kind != "" && sub != "" && strings.Trim(kind, lowerAndDigits) == "" &&
		strings.Trim(sub, lowerAndDigits+"+.-") == ""
}

// checkMade checks the list of a record: valid names in ascending order, no two
// of which are one where letter case does not count.
func checkMade(list []Made) error {
	if len(list) > MaxMade {
		return fmt.Errorf("lists %d files made of it, at most %d are allowed", len(list), MaxMade)
	}
	folded := make(map[string]bool, len(list))
	for i, m := range list {
		fold := strings.ToLower(m.Name)
		switch {
		case !ValidMade(m.Name) || i > 0 && m.Name <= list[i-1].Name || folded[fold]:
			return fmt.Errorf("lists %.80q among the files made of it, out of order or with a name that is none", m.Name)
		case !validType(m.Type) || !m.At.valid() || m.Size < 0 || m.Size > maxMember:
			return fmt.Errorf("lists %s among the files made of it, with a type, size or place that cannot be", m.Name)
		}
		folded[fold] = true
	}
	return nil
}

// made writes the files made of an item, each as a member of its own.
func (p *packer) made(item *NewItem) (list []Made, err error) {
	if item.Made == nil {
		return nil, nil
	}
	name := trove.Name{Collection: p.c.Name, Number: item.Number}
	for f, err := range item.Made {
		if err == nil {
			err = p.ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("%s: files made of it: %w", name, err)
		}
		m := Made{Name: f.Name, Type: f.Type, Size: int64(len(f.Content)), SHA256: trove.Sum(f.Content)}
		write := p.zip.store
		if packs(f.Type) {
			write = p.zip.add
		}
		if m.At, err = write(madeName(item.Number, f.Name), f.Content); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	if err := checkMade(list); err != nil {
		return nil, fmt.Errorf("%s: its record %w", name, err)
	}
	return list, nil
}

// packs reports whether a file of that type is worth packing. Pictures and
// sound are packed already, and are read by range.
func packs(mediaType string) bool {
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "text/")
}
