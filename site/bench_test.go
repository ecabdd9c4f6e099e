package site

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// nowhere takes an answer and keeps nothing of it.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(status int)      { n.status = status }

// benchmarkPages answers the addresses one after another.
func benchmarkPages(b *testing.B, paths []string) {
	f := newFixture(b)
	requests := make([]*http.Request, len(paths))
	for i, path := range paths {
		requests[i] = httptest.NewRequest(http.MethodGet, path, nil)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w := nowhere{header: http.Header{}}
		f.ServeHTTP(&w, requests[i%len(requests)])
		if w.status != http.StatusOK {
			b.Fatalf("%s: %d", paths[i%len(paths)], w.status)
		}
	}
}

func BenchmarkItemPage(b *testing.B) {
	var paths []string
	for n := threadFirst; n <= threadLast; n++ {
		paths = append(paths, "/c/mail/"+strconv.Itoa(n))
	}
	benchmarkPages(b, paths)
}

func BenchmarkLongItemPage(b *testing.B) { benchmarkPages(b, []string{"/c/mail/5"}) }

func BenchmarkHomePage(b *testing.B) { benchmarkPages(b, []string{"/"}) }

func BenchmarkSearchPage(b *testing.B) { benchmarkPages(b, []string{"/search?q=harbour"}) }

func BenchmarkSafeHTML(b *testing.B) { benchmarkPages(b, []string{"/c/mail/3?view=html"}) }
