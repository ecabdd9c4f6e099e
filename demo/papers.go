package demo

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"time"
)

// kept are the files of files/ that are handed over as they stand, by the name
// that the trove gives them. The voices are those of a speech synthesizer
// (espeak-ng); the letter was printed, turned and spotted like a scan; the paper
// has black boxes over words that are still in it; the table has a sheet that
// is hidden; the chain is as both parties exported it, and not the same.
var kept = []struct{ file, name string }{
	{"voicemail/call-1-1.mp3", "voicemail/call 1 of 2, message 1 of 2.mp3"},
	{"voicemail/call-1-1.json", "voicemail/call 1 of 2, message 1 of 2.json"},
	{"voicemail/call-1-2.ogg", "voicemail/call 1 of 2, message 2 of 2.ogg"},
	{"voicemail/call-1-2.json", "voicemail/call 1 of 2, message 2 of 2.json"},
	{"voicemail/call-2.mp3", "voicemail/call 2 of 2.mp3"},
	{"voicemail/call-2.json", "voicemail/call 2 of 2.json"},
	{"chain/edith.txt", "chain-marlowe/WhatsApp Chat - Luc Ferrand.txt"},
	{"chain/luc.txt", "chain-ferrand/Discussion WhatsApp avec Edith Marlowe.txt"},
	{"papers/letter-2-march.png", "papers/letter 2 March.png"},
	{"papers/paper-19-07.pdf", "papers/paper 19-07.pdf"},
	{"papers/berths.xlsx", "papers/berths.xlsx"},
}

// PrivateSound is where the same number as [Private] is spoken: in the recording
// of that name, between these seconds.
var PrivateSound = struct {
	Name     string
	From, To float64
}{"call 1 of 2, message 1 of 2.mp3", 16.44, 23}

// papers are the files of the trove that are no mailboxes.
func papers() ([]File, error) {
	var list []File
	for _, k := range kept {
		list = append(list, File{k.name, attachmentText(k.file)})
	}
	nested, err := nestedArchive()
	return append(list, File{"papers/laboratory.zip", nested}), err
}

// nestedArchive is a tar inside a zip, with the field notes of the story.
func nestedArchive() ([]byte, error) {
	inner, err := tarFile("round 1/notes.txt", "round 1/annex-c-results.csv")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "laboratory/round 1.tar.gz", Method: zip.Store, Modified: finished})
	if err == nil {
		_, err = f.Write(inner)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

// tarFile packs files of files/ under other folders.
func tarFile(names ...string) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, name := range names {
		text := attachmentText(name[len("round 1/"):])
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), ModTime: finished.Truncate(time.Second)}); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		if _, err := t.Write(text); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	for _, c := range []io.Closer{t, z} {
		if err := c.Close(); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	return b.Bytes(), nil
}
