// Package ask sends requests to the servers that the operator names for speech
// and translation. What it sends is unpublished material: so it follows no
// redirect, uses no proxy of the environment, keeps no cookie, and never says
// the address or the key in an error.
package ask

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

var (
	// ErrAway says that the server did not answer, or said that it cannot now:
	// ask again later.
	ErrAway = errors.New("the server does not answer")
	// ErrRefused says that the server does not take the request: asking again
	// gives the same.
	ErrRefused = errors.New("the server refuses the request")
)

// Limits of one request.
const (
	maxAnswer = 32 << 20
	maxWait   = time.Minute
	tries     = 4
	// Timeout bounds one try: speech of an hour takes minutes.
	Timeout = 20 * time.Minute
)

// Server is a server with an HTTP API. It is safe for concurrent use.
type Server struct {
	base   *url.URL
	key    string
	client *http.Client
	pause  func(context.Context, time.Duration) error
}

// New names a server by the address under which its API lies. A key goes out
// as a bearer token; it may be empty.
func New(address, key string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("an address of a server is http:// or https://, a host, and a path at most")
	}
	if strings.ContainsFunc(key, unicode.IsControl) {
		return nil, errors.New("the key of a server is one line without controls")
	}
	return &Server{base: u, key: key, pause: pause, client: &http.Client{
		Timeout:       Timeout,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Post sends body to a path below the server's address and returns the answer.
// It tries again, with growing pauses, as long as the server is away.
func (s *Server) Post(ctx context.Context, path, contentType string, body []byte) ([]byte, error) {
	wait := time.Second
	for try := 1; ; try++ {
		answer, after, err := s.once(ctx, path, contentType, body)
		if !errors.Is(err, ErrAway) || try == tries || ctx.Err() != nil {
			return answer, err
		}
		if err := s.pause(ctx, min(max(wait, after), maxWait)); err != nil {
			return nil, err
		}
		wait *= 4
	}
}

// once tries once. after is how long the server asks to be left alone.
func (s *Server) once(ctx context.Context, path, contentType string, body []byte) (answer []byte, after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "unseal")
	if s.key != "" {
		req.Header.Set("Authorization", "Bearer "+s.key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %s", ErrAway, cause(err))
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("%w: its answer ended early", ErrAway)
	case len(answer) > maxAnswer:
		return nil, 0, fmt.Errorf("%w: its answer is larger than is read", ErrRefused)
	}
	return judge(resp, answer)
}

// judge tells answers that may become better from those that do not.
func judge(resp *http.Response, answer []byte) ([]byte, time.Duration, error) {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return answer, 0, nil
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		n, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return nil, time.Duration(min(max(n, 0), 3600)) * time.Second, fmt.Errorf("%w: status %d", ErrAway, code)
	default:
		return nil, 0, fmt.Errorf("%w: status %d %s", ErrRefused, code, said(answer))
	}
}

// cause is what went wrong below HTTP, without the address that url.Error has.
func cause(err error) string {
	var u *url.Error
	if errors.As(err, &u) && u.Timeout() {
		return "it took too long"
	}
	return "no connection"
}

// said is the beginning of what a server says of an error, on one line.
func said(answer []byte) string {
	s := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(answer[:min(len(answer), 300)]), ""))
	return strings.Join(strings.Fields(s), " ")
}
