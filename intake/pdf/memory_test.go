package pdf

import (
	"bytes"
	"context"
	"runtime"
	"testing"
)

// An instance takes 224 MiB, and go-pdfium keeps it as long as it knows of its
// form.
func TestNothingOfAFileStaysInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it takes seconds; go test without -short")
	}
	before := heap()
	for i := range 4 {
		p := newPaper()
		b := p.bytes(p.page("BT /F1 12 Tf 72 700 Td (a page) Tj ET", "", ""))
		b = append(b, bytes.Repeat([]byte("%\n"), i*100_000)...)
		if res := shared().Read(context.Background(), input(t, b)); res.Failed != "" {
			t.Fatal(res.Failed)
		}
	}
	if more := heap() - before; more > 300<<20 {
		t.Errorf("%d MB stay", more>>20)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
