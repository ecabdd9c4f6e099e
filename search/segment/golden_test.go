package segment

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"unseal/search"
	"unseal/trove"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenTexts are in every writing that folds in a way of its own.
var goldenTexts = []string{
	"The harbour council meets on Monday about the budget of the harbour.\n> Who pays for the harbour?\nThe council does.\n",
	"L’élection du cœur: aujourd'hui, les comptes de l'année 2015.\n",
	"الإنتخابات جَدْوَل كتـــاب ٢٠١٥\n",
	"会议记录已经完成，预算 2016。\n",
	"Всё о порте и совете порта.\n",
	"Die Straße am Hafen; Über die Kosten des Hafens wird später entschieden.\n",
	"El año próximo: la reunión del puerto, número siete.\n",
}

// goldenDocs are the documents of testdata/golden.seg: lists of several blocks,
// inline terms, files, addresses, undated items, copies and two batches.
func goldenDocs() (docs []*search.Doc) {
	for i := 1; i <= 420; i++ {
		d := &search.Doc{Collection: "mail", Number: i, Batch: 1 + i/250, Edition: 1 + i%2, Kind: trove.Mail, Lang: []string{"en", "fr", "ar", "zh", "ru", "de", "es"}[i%7],
			Subject: fmt.Sprintf("Item %d of the council", i), Body: goldenTexts[i%7], Verdict: []trove.Verdict{trove.Valid, trove.Unsigned, trove.Mismatch}[i%3],
			From:      []trove.Address{{Name: fmt.Sprintf("Mary Example %d", i%11), Addr: fmt.Sprintf("mary%d@example.org", i%11)}},
			To:        []trove.Address{{Name: "Omar", Addr: "omar@example.net"}, {Addr: "list@example.com"}},
			MessageID: fmt.Sprintf("m%d@example.org", i), Thread: trove.ThreadID(fmt.Sprintf("m%d@example.org", i/5)),
			SHA256: trove.Sum([]byte{byte(i), byte(i >> 8)}), Size: int64(1000 + i), Owner: "omar"}
		if i <= 410 {
			d.Date = time.Date(2012+i/80, time.Month(1+i/7%12), 1+i%7, i%24, 0, 0, 0, time.UTC)
		}
		if i%10 == 0 {
			d.Files = []search.File{{Name: fmt.Sprintf("annex-%d.pdf", i), Type: "application/pdf", Text: fmt.Sprintf("Annex %d, budget of %d.", i, 2000+i), SHA256: trove.Sum([]byte{1, byte(i)})}}
		}
		if i%50 == 0 {
			d.CopyOf = i - 1
		}
		for n := range i % 4 {
			d.Body += fmt.Sprintf("Word%d repeats harbour.\n", n+i%90)
		}
		docs = append(docs, d)
	}
	return docs
}

// TestGoldenSegment holds the format: these documents give these bytes, for
// ever within a version. The reader in the browser reads the same file.
func TestGoldenSegment(t *testing.T) {
	name := filepath.Join("testdata", "golden.seg")
	got := build(t, goldenDocs())
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes, not the %d of %s: is the version of the format a new one?", len(got), len(want), name)
	}
	if err := Check(Bytes(want), int64(len(want))); err != nil {
		t.Error(err)
	}
}
