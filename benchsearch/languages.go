package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"

	"unseal/search"
	"unseal/search/segment"
	"unseal/trove"
)

//go:embed words.tsv
var wordsText string

// languageWords are the words to look for, in the order of the list.
type languageWords struct {
	lang  string
	words []string
}

func readWords(text string) (list []languageWords) {
	for line := range strings.Lines(text) {
		lang, words, ok := strings.Cut(line, "\t")
		if ok && !strings.HasPrefix(line, "#") {
			list = append(list, languageWords{lang, strings.Fields(words)})
		}
	}
	return list
}

// analysers are bleve's, by language.
var analysers = map[string]string{"fr": fr.AnalyzerName, "de": de.AnalyzerName, "es": es.AnalyzerName, "ru": ru.AnalyzerName, "ar": ar.AnalyzerName}

// chains are the stock chains beside ours, as columns.
var chains = []string{"bleve's analyser", "FTS5 unicode61", "FTS5 porter"}

// languages counts the documents that each word finds, in ours and in stock
// chains, over the texts of several languages.
func (b *bench) languages() error {
	if !b.peers {
		return nil
	}
	b.say("comparing languages")
	docs, err := b.languageDocs()
	if err != nil {
		return fmt.Errorf("languages: %w", err)
	}
	ours, err := newOurWords(docs)
	if err != nil {
		return err
	}
	b.doc.section("Languages")
	b.doc.text("Texts found, summed over twenty words a language; each engine looks among the texts of that language. bleve uses its analyser for the language.\n")
	b.doc.table(append([]string{"language", "texts", "ours, as written", "ours"}, append(chains, "words where a stock chain finds more")...)...)
	var worse []string
	for _, l := range readWords(wordsText) {
		list, err := b.language(l, docs, ours)
		if err != nil {
			return fmt.Errorf("language %s: %w", l.lang, err)
		}
		worse = append(worse, list...)
	}
	b.targets.worseWords = len(worse)
	if len(worse) == 0 {
		b.doc.text("\nNo stock chain finds more for any word.")
		return nil
	}
	b.doc.text("\nEvery word for which a stock chain finds more (what it finds may be another word with the same stem):\n")
	for _, w := range worse {
		b.doc.text("- %s", w)
	}
	return nil
}

// language writes the row of a language and returns the words for which a stock
// chain finds more.
func (b *bench) language(l languageWords, docs []*search.Doc, ours *ourWords) (worse []string, err error) {
	var own []*search.Doc
	for _, d := range docs {
		if d.Lang == l.lang {
			own = append(own, d)
		}
	}
	stock, stop, err := b.stockChains(l.lang, own)
	if err != nil {
		return nil, err
	}
	defer stop()
	sums := make([]int, 2+len(stock))
	for _, w := range l.words {
		counts, err := ours.counts(w, l.lang)
		for _, count := range stock {
			n, e := count(w)
			counts, err = append(counts, n), errors.Join(err, e)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w, err)
		}
		if slices.Max(counts[2:]) > counts[1] {
			worse = append(worse, fmt.Sprintf("%s, `%s`: ours %d; %s", l.lang, w, counts[1], named(counts[2:])))
		}
		for i, n := range counts {
			sums[i] += n
		}
	}
	cells := []string{l.lang, number(len(own))}
	for _, n := range sums {
		cells = append(cells, number(n))
	}
	b.targets.learnLanguage(sums)
	b.doc.row(append(cells, number(len(worse)))...)
	return worse, nil
}

// named says what each stock chain finds.
func named(counts []int) string {
	var list []string
	for i, n := range counts {
		list = append(list, fmt.Sprintf("%s %d", chains[i], n))
	}
	return strings.Join(list, ", ")
}

// languageDocs reads the texts of the material.
func (b *bench) languageDocs() (docs []*search.Doc, err error) {
	out, err := exec.CommandContext(b.ctx, "xz", "-dc", filepath.Join(b.shared, "languages.jsonl.xz")).Output()
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var t struct{ Lang, Subject, Body string }
		if err := dec.Decode(&t); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		n := len(docs) + 1
		docs = append(docs, &search.Doc{Collection: "texts", Number: n, Batch: 1, Edition: 1, Kind: trove.Mail, Lang: t.Lang,
			Subject: t.Subject, Body: t.Body, SHA256: trove.Sum(fmt.Append(nil, n))})
	}
}

// ourWords is our index over the texts of all languages.
type ourWords struct{ *segment.Index }

func newOurWords(docs []*search.Doc) (*ourWords, error) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	err := segment.Build(w, func(yield func(*search.Doc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		return nil, err
	}
	s, err := segment.Open(segment.Bytes(out.Bytes()), int64(out.Len()))
	if err != nil {
		return nil, err
	}
	return &ourWords{segment.NewIndex(s)}, nil
}

// counts are the hits of a word as it is written and with other spellings,
// among the texts of a language.
func (o *ourWords) counts(word, lang string) ([]int, error) {
	written, err := o.count(word+" also:no", lang)
	if err != nil {
		return nil, err
	}
	all, err := o.count(word, lang)
	return []int{written, all}, err
}

func (o *ourWords) count(word, lang string) (int, error) {
	q, err := search.Parse(word + " lang:" + lang)
	if err != nil {
		return 0, err
	}
	res, err := o.Search(context.Background(), search.Request{Query: q})
	if err != nil {
		return 0, err
	}
	return res.Total, nil
}

// stockChains index the texts of one language with what peers have for it.
func (b *bench) stockChains(lang string, docs []*search.Doc) (list []func(string) (int, error), stop func(), err error) {
	bl, err := bleveWords(analysers[lang], docs)
	if err != nil {
		return nil, nil, err
	}
	closers := []io.Closer{bl}
	stop = func() {
		for _, c := range closers {
			c.Close()
		}
	}
	list = append(list, func(word string) (int, error) {
		q := bleve.NewMatchQuery(word)
		q.SetField("Text")
		res, err := bl.Search(bleve.NewSearchRequestOptions(q, 0, 0, false))
		if err != nil {
			return 0, err
		}
		return int(res.Total), nil
	})
	for _, tokenizer := range []string{"unicode61", "porter unicode61"} {
		db, err := ftsWords(tokenizer, docs)
		if err != nil {
			stop()
			return nil, nil, err
		}
		closers = append(closers, db)
		list = append(list, func(word string) (n int, err error) {
			err = db.QueryRow(`SELECT count(*) FROM words WHERE words MATCH ?`, `"`+word+`"`).Scan(&n)
			return n, err
		})
	}
	return list, stop, nil
}

// bleveWords is a bleve index in memory with an analyser.
func bleveWords(analyser string, docs []*search.Doc) (bleve.Index, error) {
	if analyser == "" {
		return nil, errors.New("bleve has no analyser for this language")
	}
	text := bleve.NewTextFieldMapping()
	text.Analyzer, text.Store, text.IncludeInAll = analyser, false, false
	m := bleve.NewIndexMapping()
	m.DefaultMapping = bleve.NewDocumentStaticMapping()
	m.DefaultMapping.AddFieldMappingsAt("Text", text)
	ix, err := bleve.NewMemOnly(m)
	if err != nil {
		return nil, err
	}
	batch := ix.NewBatch()
	for _, d := range docs {
		if err := batch.Index(fmt.Sprint(d.Number), map[string]any{"Text": []string{d.Subject, d.Body}}); err != nil {
			return nil, err
		}
	}
	return ix, ix.Batch(batch)
}

// ftsWords is an FTS5 table in memory with a tokenizer.
func ftsWords(tokenizer string, docs []*search.Doc) (*sql.DB, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // each connection to memory is a database of its own
	if _, err := db.Exec(fmt.Sprintf(`CREATE VIRTUAL TABLE words USING fts5(subject, body, content='', tokenize='%s')`, tokenizer)); err != nil {
		return nil, err
	}
	for _, d := range docs {
		if _, err := db.Exec(`INSERT INTO words(rowid, subject, body) VALUES(?,?,?)`, d.Number, d.Subject, d.Body); err != nil {
			return nil, err
		}
	}
	return db, nil
}
