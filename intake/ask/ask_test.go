package ask

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serve starts a server of the test and remembers the pauses made between tries.
func serve(t *testing.T, key string, h http.HandlerFunc) (*Server, *[]time.Duration) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s, err := New(srv.URL+"/api", key)
	if err != nil {
		t.Fatal(err)
	}
	var pauses []time.Duration
	s.pause = func(ctx context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return ctx.Err()
	}
	return s, &pauses
}

func TestAServerThatIsAwayIsAskedAgain(t *testing.T) {
	n := 0
	s, pauses := serve(t, "secret", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/api/do" || string(b) != "body" || r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("Content-Type") != "text/x" {
			t.Errorf("%s %q %v", r.URL, b, r.Header)
		}
		if n++; n == 1 {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		} else if n == 2 {
			w.WriteHeader(http.StatusBadGateway)
		} else {
			io.WriteString(w, "good")
		}
	})
	got, err := s.Post(context.Background(), "do", "text/x", []byte("body"))
	if err != nil || string(got) != "good" || len(*pauses) != 2 || (*pauses)[0] != 7*time.Second || (*pauses)[1] != 4*time.Second {
		t.Errorf("%q %v after %v", got, err, *pauses)
	}
}

func TestAServerThatStaysAwayIsSaid(t *testing.T) {
	n := 0
	s, _ := serve(t, "", func(w http.ResponseWriter, r *http.Request) { n++; w.WriteHeader(500) })
	if _, err := s.Post(context.Background(), "do", "text/x", nil); !errors.Is(err, ErrAway) || n != tries {
		t.Errorf("%v after %d tries", err, n)
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	s, err := New(closed.URL, "secret")
	if err != nil {
		t.Fatal(err)
	}
	s.pause = func(context.Context, time.Duration) error { return nil }
	if _, err := s.Post(context.Background(), "do", "text/x", nil); !errors.Is(err, ErrAway) || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func TestARefusalIsFinalAndRedirectsAreNotFollowed(t *testing.T) {
	n := 0
	s, _ := serve(t, "secret", func(w http.ResponseWriter, r *http.Request) {
		n++
		if strings.HasSuffix(r.URL.Path, "/away") {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/elsewhere") {
			t.Error("the redirect was followed")
		}
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, "no\x1b[31m\nsuch key")
	})
	if _, err := s.Post(context.Background(), "do", "text/x", nil); !errors.Is(err, ErrRefused) || n != 1 || !strings.HasSuffix(err.Error(), "401 no [31m such key") {
		t.Errorf("%v after %d tries", err, n)
	}
	if _, err := s.Post(context.Background(), "away", "text/x", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
}

func TestAnAnswerWithoutEndIsRefused(t *testing.T) {
	s, _ := serve(t, "", func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 1<<20)
		for range maxAnswer>>20 + 2 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if _, err := s.Post(context.Background(), "do", "text/x", nil); !errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	s, _ := serve(t, "", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) })
	ctx, cancel := context.WithCancel(context.Background())
	s.pause = func(ctx context.Context, _ time.Duration) error { cancel(); return pause(ctx, time.Hour) }
	if _, err := s.Post(ctx, "do", "text/x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAddressesAndKeysAreChecked(t *testing.T) {
	for _, a := range []string{"", "speech.example", "ftp://x", "file:///etc", "http://", "http://u:p@x/", "http://x/?k=v", "http://x/#y", "http://[::1"} {
		if _, err := New(a, ""); err == nil {
			t.Errorf("%q was taken", a)
		}
	}
	if _, err := New("http://x", "a\nb"); err == nil {
		t.Error("a key of two lines was taken")
	}
}
