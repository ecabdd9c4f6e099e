package demo

import (
	"archive/zip"
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// copied is a letter as it lies in one mailbox.
type copied struct {
	*letter
	box   string
	bytes []byte
}

// mailboxes makes each owner's copies, in order of date.
func (s *story) mailboxes() (map[string][]copied, error) {
	boxes := map[string][]copied{}
	for _, l := range s.letters {
		for _, box := range l.boxes {
			b, err := s.copyFor(l, box)
			if err != nil {
				return nil, err
			}
			boxes[box] = append(boxes[box], copied{l, box, b})
		}
	}
	return boxes, nil
}

// copyFor makes the bytes of a letter in one mailbox. The signature is made on
// what was sent; what the copy has on its way or afterwards follows.
func (s *story) copyFor(l *letter, box string) ([]byte, error) {
	signature, err := s.signature(l)
	if err != nil {
		return nil, err
	}
	inside := *l
	if a := l.altered; a != nil && a.box == box {
		if inside.body = strings.Replace(l.body, a.was, a.is, 1); inside.body == l.body {
			return nil, fmt.Errorf("demo: %s: %q is not in the text", l.id, a.was)
		}
	}
	msg, err := s.compose(&inside)
	if err != nil {
		return nil, err
	}
	if l.form == "list" && l.from != box {
		msg = viaList(msg)
	}
	msg = signature + msg
	if slices.Contains(l.traces, box) || l.badDate {
		msg = trace(l, box) + msg
	}
	if slices.Contains(l.crlf, box) {
		msg = strings.ReplaceAll(msg, "\n", "\r\n")
	}
	return []byte(msg), nil
}

// signature signs a letter as its sender wrote it, with its end.
func (s *story) signature(l *letter) (string, error) {
	if l.sign == "none" {
		return "", nil
	}
	whole := *l
	if l.form == "missing-end" {
		whole.form = ""
	}
	msg, err := s.compose(&whole)
	if err != nil {
		return "", err
	}
	for _, k := range signingKeys {
		if k.selector == l.sign && k.domain == domain(people[l.from].Addr) {
			return sign(msg, k, l.date)
		}
	}
	return "", fmt.Errorf("demo: %s: no key %q for %s", l.id, l.sign, l.from)
}

// viaList is what a mailing list does to a mail: fields of its own and a
// footer, on which the sender's signature breaks. In a mail of several parts
// the footer stands behind the last one, where few people see it.
func viaList(msg string) string {
	head, body, _ := strings.Cut(msg, "\n\n")
	return head + "\nSender: residents-owner@example.net\nList-Id: Varnmouth Residents <residents.example.net>" +
		"\nList-Unsubscribe: <mailto:residents-leave@example.net>\nPrecedence: list\n\n" +
		body + "\n-- \nresidents@example.net - leave: residents-leave@example.net\n"
}

// trace is the fields of a delivery (RFC 5321 section 4.4).
func trace(l *letter, box string) string {
	from, to := people[l.from].Addr, people[box].Addr
	tag := seed("queue " + l.id + box)
	return fmt.Sprintf("Return-Path: <%s>\nDelivered-To: %s\nReceived: from mail.%s (mail.%s [192.0.2.25])\n\tby in.%s with ESMTPS id %X\n\tfor <%s>; %s\n",
		from, to, domain(from), domain(from), domain(to), tag[:5], to, l.date.Add(9*time.Second).Format(time.RFC1123Z))
}

var fromLine = regexp.MustCompile(`(?m)^(>*From )`)

// mboxFile joins copies in the mboxrd form.
func mboxFile(list []copied) []byte {
	var b bytes.Buffer
	for _, c := range list {
		fmt.Fprintf(&b, "From %s %s\n", people[c.from].Addr, c.date.UTC().Format(time.ANSIC))
		b.Write(fromLine.ReplaceAll(c.bytes, []byte(">$1")))
		if !bytes.HasSuffix(c.bytes, []byte("\n")) {
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// maildir names copies as a Maildir does; what the owner sent lies in .Sent.
func maildir(dir string, list []copied) []File {
	var files []File
	for i, c := range list {
		folder := "cur"
		if c.from == c.box {
			folder = ".Sent/cur"
		}
		name := fmt.Sprintf("%s/%s/%d.M%06dP1.post:2,S", dir, folder, c.date.Unix(), i)
		files = append(files, File{name, c.bytes})
	}
	return files
}

// zipFile packs copies as .eml files, one of them a second time in a folder
// that the owner made. Members are stored, not deflated, so that the bytes do
// not depend on the version of a packer.
func zipFile(list []copied) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(folder string, c copied) error {
		name := fmt.Sprintf("haddad/%s/%s %s.eml", folder, c.date.Format("2006-01-02"), c.id)
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: finished})
		if err != nil {
			return err
		}
		_, err = f.Write(c.bytes)
		return err
	}
	for _, c := range list {
		folder := "Inbox"
		if c.from == c.box {
			folder = "Sent"
		}
		if err := add(folder, c); err != nil {
			return nil, err
		}
		if slices.Contains(c.attach, "annex-c.pdf") {
			if err := add("Annexe C – الملحق ج", c); err != nil {
				return nil, err
			}
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
