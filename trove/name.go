package trove

import (
	"fmt"
	"strconv"
	"strings"
)

// CollectionName is the name of a collection as it stands in URLs: 1 to 63
// lower-case ASCII letters, digits and hyphens, beginning with a letter or digit.
type CollectionName string

// maxCollectionName keeps a collection usable as one DNS-like label.
const maxCollectionName = 63

// ParseCollection checks s against the rule of [CollectionName].
func ParseCollection(s string) (CollectionName, error) {
	if s == "" || len(s) > maxCollectionName || s[0] == '-' {
		return "", badCollection(s)
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return "", badCollection(s)
		}
	}
	return CollectionName(s), nil
}

func badCollection(s string) error {
	return fmt.Errorf("collection name %q: use 1 to %d of a-z, 0-9 and '-', not '-' first", s, maxCollectionName)
}

// Name names something published or to be published, as in URLs and on the
// command line: "mail", "mail/5205", "mail/5205@2", "mail/5205/att/1",
// "mail/batch/23" (short "mail@23"), "mail/33101-34103". Fields that a name
// does not carry are zero; numbers, editions, attachments and batches count from 1.
type Name struct {
	Collection CollectionName
	Number     int // first or only item number
	Last       int // last item number of a range, else 0
	Edition    int
	Attachment int
	Batch      int
}

// ParseName reads any form of [Name].
func ParseName(s string) (Name, error) {
	head, rest, slash := strings.Cut(s, "/")
	head, batch, short := strings.Cut(head, "@")
	coll, err := ParseCollection(head)
	if err != nil {
		return Name{}, fmt.Errorf("name %q: %w", s, err)
	}
	n := Name{Collection: coll}
	switch {
	case short && slash:
		err = fmt.Errorf("name %q: a batch in short form has no further part", s)
	case short:
		n.Batch, err = positive(batch)
	case slash:
		err = n.parseRest(rest)
	}
	if err != nil {
		return Name{}, fmt.Errorf("name %q: %w", s, err)
	}
	return n, nil
}

func (n *Name) parseRest(s string) (err error) {
	if b, ok := strings.CutPrefix(s, "batch/"); ok {
		n.Batch, err = positive(b)
		return err
	}
	item, att, hasAtt := strings.Cut(s, "/att/")
	if hasAtt {
		if n.Attachment, err = positive(att); err != nil {
			return err
		}
	}
	item, edition, hasEdition := strings.Cut(item, "@")
	if hasEdition {
		if n.Edition, err = positive(edition); err != nil {
			return err
		}
	}
	first, last, isRange := strings.Cut(item, "-")
	if n.Number, err = positive(first); err != nil || !isRange {
		return err
	}
	if n.Last, err = positive(last); err != nil {
		return err
	}
	if n.Last < n.Number || hasAtt || hasEdition {
		return fmt.Errorf("%q is no range of items", s)
	}
	return nil
}

// maxNumber bounds item numbers, editions and the like, so that sums stay in range.
const maxNumber = 1 << 31

func positive(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 || n >= maxNumber || s[0] == '0' {
		return 0, fmt.Errorf("%q is no number from 1 up", s)
	}
	return int(n), nil
}

// String writes the long form; ParseName reads it back to the same value.
func (n Name) String() string {
	s := string(n.Collection)
	if n.Batch > 0 {
		return s + "/batch/" + strconv.Itoa(n.Batch)
	}
	if n.Number == 0 {
		return s
	}
	s += "/" + strconv.Itoa(n.Number)
	if n.Last > 0 {
		s += "-" + strconv.Itoa(n.Last)
	}
	if n.Edition > 0 {
		s += "@" + strconv.Itoa(n.Edition)
	}
	if n.Attachment > 0 {
		s += "/att/" + strconv.Itoa(n.Attachment)
	}
	return s
}

// ThreadID is the public name of a thread: the first 16 hex digits of the
// digest of its root's Message-ID. Replies carry that id in the open, so the
// name tells nothing new.
func ThreadID(rootID string) string { return Sum([]byte(rootID)).String()[:16] }

// LoneThread is the public name of the thread of an item that has none: mail
// without Message-ID to which nothing can refer.
func LoneThread(number int) string { return "n" + strconv.Itoa(number) }
