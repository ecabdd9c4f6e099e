package main

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"unseal/search"
	"unseal/trove"
)

// kept is what the file of parsed mails holds of one.
type kept struct {
	Number, Batch               int
	Date                        time.Time
	Subject, Body               string
	From, To, Cc                []trove.Address
	MessageID, Thread, Lang, In string
	SHA256                      []byte
	Size                        int64
}

// writeCorpus keeps documents in a file, so that many processes can read them
// without holding them.
func writeCorpus(name string, docs []*search.Doc) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	enc := gob.NewEncoder(w)
	for _, d := range docs {
		k := kept{d.Number, d.Batch, d.Date, d.Subject, d.Body, d.From, d.To, d.Cc, d.MessageID, d.Thread, d.Lang, string(d.Collection), d.SHA256[:], d.Size}
		if err := enc.Encode(&k); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Flush(), f.Close())
}

// readCorpus yields the documents of a file in order.
func readCorpus(name string) iter.Seq2[*search.Doc, error] {
	return func(yield func(*search.Doc, error) bool) {
		f, err := os.Open(name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		for dec := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)); ; {
			var k kept
			if err := dec.Decode(&k); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				yield(nil, fmt.Errorf("%s: %w", name, err))
				return
			}
			if !yield(k.doc(), nil) {
				return
			}
		}
	}
}

func (k *kept) doc() *search.Doc {
	d := &search.Doc{Collection: trove.CollectionName(k.In), Number: k.Number, Batch: k.Batch, Edition: 1, Kind: trove.Mail, Date: k.Date,
		Subject: k.Subject, Body: k.Body, From: k.From, To: k.To, Cc: k.Cc, MessageID: k.MessageID, Thread: k.Thread, Lang: k.Lang,
		Verdict: trove.Unsigned, Size: k.Size}
	copy(d.SHA256[:], k.SHA256)
	return d
}

// enlarge yields the documents of a file copies times over. Each copy takes its
// own stretch of the same years, in the order of the dates, and has Message-IDs,
// threads and hashes of its own. Digits of the numbers in its texts are turned,
// so that the dictionary grows as it does where the mails are new; the words
// stay, so that a word has copies times the hits.
func enlarge(name string, docs, copies, perBatch int) iter.Seq2[*search.Doc, error] {
	return func(yield func(*search.Doc, error) bool) {
		from, to, err := span(name)
		if err != nil {
			yield(nil, err)
			return
		}
		for c := range copies {
			begin := from.Add(to.Sub(from) / time.Duration(copies) * time.Duration(c))
			for d, err := range readCorpus(name) {
				if err == nil {
					d.Number += c * docs
					d.Batch = 1 + (d.Number-1)/perBatch
					if copies > 1 && !d.Date.IsZero() {
						d.Date = begin.Add(d.Date.Sub(from) / time.Duration(copies)).Truncate(time.Second)
					}
					alter(d, c)
				}
				if !yield(d, err) || err != nil {
					return
				}
			}
		}
	}
}

// span is from when to when the dated documents of a file are.
func span(name string) (from, to time.Time, err error) {
	for d, err := range readCorpus(name) {
		if err != nil {
			return from, to, err
		}
		if d.Date.IsZero() {
			continue
		}
		if from.IsZero() {
			from = d.Date
		}
		to = d.Date
	}
	return from, to, nil
}

// alter makes a document of copy c, which is 0 for the documents as they are.
func alter(d *search.Doc, c int) {
	if c == 0 {
		return
	}
	d.MessageID = fmt.Sprintf("%d.%s", c, d.MessageID)
	d.Thread = trove.ThreadID(fmt.Sprintf("%d.%s", c, d.Thread))
	d.SHA256 = trove.Sum([]byte(d.MessageID))
	d.Subject, d.Body = turn(d.Subject, c), turn(d.Body, c)
}

// longNumber is from how many digits on numbers are turned: shorter ones are as
// common as words.
const longNumber = 4

// turn adds c to each digit of the long numbers of a text, modulo ten, and from
// the eleventh copy on to every second one differently, so that no two copies
// have the same numbers.
func turn(text string, c int) string {
	b := []byte(text)
	for i := 0; i < len(b); {
		n := 0
		for i+n < len(b) && b[i+n] >= '0' && b[i+n] <= '9' {
			n++
		}
		if n >= longNumber {
			for j := range n {
				b[i+j] = '0' + (b[i+j]-'0'+byte(c%10)+byte(j%2*(c/10)))%10
			}
		}
		i += n + 1
	}
	return string(b)
}
