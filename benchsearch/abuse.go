package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"unseal/search"
)

// The abuse of issue 5, and what ordinary readers keep beside it.
const (
	abusers     = 40
	ordinaries  = 4
	ordinaryGap = 50 * time.Millisecond // between an answer and the next question of a reader
	aloneTime   = 5 * time.Second
	abuseTime   = 15 * time.Second
	aimOrdinary = 100 * time.Millisecond
	answerTime  = 20 * time.Second // a client gives up
)

// abuse has many clients ask the costliest queries that are allowed, beside
// readers with ordinary ones, all of the real binary over HTTP.
func (b *bench) abuse() error {
	if b.unseal == "" {
		return nil
	}
	b.say("abuse")
	s, err := b.startServer(b.archiveDir("ordinary"))
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.answered("/search?q=" + firstQuestion); err != nil {
		return err
	}
	b.doc.section("Abuse")
	b.doc.text("`unseal serve` with the mails once; %d readers ask the questions of this page as result pages in HTML, each from an address of its own, with %s between answer and next question. Beside them %d clients ask, without a pause and each from its own address, the costliest queries that are allowed: %d clauses of prefixes, of fuzzy words, of words with other spellings, of near words and of phrases of the commonest words, with all facets.\n",
		ordinaries, ordinaryGap, abusers, search.MaxClauses)
	b.doc.table("", "ordinary: answers", "p50 / p95 / p99 ms", "slowest ms", "not answered with 200", "costly: answers", "with 200", "p50 / p95 / p99 ms", "server beyond the page cache, MB")
	for _, c := range []struct {
		name    string
		abusers int
		long    time.Duration
	}{{"alone", 0, aloneTime}, {fmt.Sprintf("beside %d", abusers), abusers, abuseTime}} {
		if err := b.siege(s, c.name, c.abusers, c.long); err != nil {
			return err
		}
	}
	return nil
}

// siege writes the row of one load.
func (b *bench) siege(s *server, name string, abusers int, long time.Duration) error {
	ctx, stop := context.WithTimeout(b.ctx, long)
	defer stop()
	peak := make(chan int64)
	go func() { peak <- watchPeak(ctx, s.cmd.Process.Pid, "RssAnon") }()
	var wg sync.WaitGroup
	readers, costly := make([]client, ordinaries), make([]client, abusers)
	for i := range readers {
		wg.Go(func() { readers[i].ask(ctx, s.base, i, ordinaryGap, b.ordinary) })
	}
	for i := range costly {
		wg.Go(func() { costly[i].ask(ctx, s.base, ordinaries+i, 0, costliest) })
	}
	wg.Wait()
	memory := <-peak
	r, c := together(readers), together(costly)
	b.doc.row(name, number(len(r.took)), r.took.cell(), millis(r.took.quantile(1)), number(r.refused), number(len(c.took)), number(len(c.took)-c.refused),
		c.took.cell(), decimals(megabytes(memory), 0))
	if abusers > 0 {
		b.targets.ordinary, b.targets.ordinaryRefused, b.targets.siegeMemory = r.took.quantile(0.95), r.refused, memory
	}
	return nil
}

// client is one address that asks, and what it got.
type client struct {
	took    times
	refused int // answers that are not 200, or none
}

func together(list []client) (all client) {
	for _, c := range list {
		all.took = append(all.took, c.took...)
		all.refused += c.refused
	}
	all.took.sort()
	return all
}

// ask asks queries until ctx ends. What is under way then is not counted,
// unless it took longer than a reader of the ordinary should ever wait.
func (c *client) ask(ctx context.Context, base string, n int, gap time.Duration, next func(*rand.Rand) string) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+n))} // all of 127/8 is this machine
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: from}).DialContext}
	defer transport.CloseIdleConnections()
	h := &http.Client{Transport: transport, Timeout: answerTime}
	r := rand.New(rand.NewPCG(7, uint64(n)))
	for ctx.Err() == nil {
		start := time.Now()
		err := get(ctx, h, base+next(r))
		took := time.Since(start)
		if ctx.Err() != nil && took < aimOrdinary {
			return
		}
		if c.took = append(c.took, took); err != nil {
			c.refused++
		}
		select {
		case <-ctx.Done():
		case <-time.After(gap):
		}
	}
}

func get(ctx context.Context, h *http.Client, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := h.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return err
}

// ordinary is a question of the material as a reader asks it.
func (b *bench) ordinary(r *rand.Rand) string {
	q := &b.queries[r.IntN(len(b.queries))]
	sort := "relevance"
	if q.Class == classNewest || q.Class == classDeep {
		sort = "newest"
	}
	return "/search?" + url.Values{"q": {q.Text}, "sort": {sort}}.Encode()
}

// The commonest words and beginnings of English.
var (
	commonest = strings.Fields("the of to and in is it that for on with this be as you not are from have at by or an if but was can will all do")
	beginning = strings.Fields("con pro com res int pre per tra dis sta mod str par for the una dat fun var sub exp app reg mat ele est")
	inflected = strings.Fields("estimates regressions variables functions packages models computing distributed averaged tested plotting fitted grouped errors weighted sampled ordered merging numbers values names loading writing")
	misspelt  = strings.Fields("regresion functoin variabel analisys packege problme estimat distributon coeficient probabilty comparision significent")
)

// costliest is a query at the limits of what is allowed, another one each time.
func costliest(r *rand.Rand) string {
	words := slices.Clone(commonest)
	r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	var clauses []string
	kind := r.IntN(6)
	for i := range search.MaxClauses {
		a, z := words[i%len(words)], words[(i+1+r.IntN(5))%len(words)]
		switch kind {
		case 0:
			clauses = append(clauses, beginning[(i+r.IntN(3))%len(beginning)]+"*")
		case 1:
			clauses = append(clauses, misspelt[(i+r.IntN(9))%len(misspelt)]+"~2")
		case 2:
			clauses = append(clauses, fmt.Sprintf(`"%s %s"~%d`, a, z, search.MaxSlop))
		case 3:
			clauses = append(clauses, fmt.Sprintf(`"%s %s"`, a, z))
		case 4:
			clauses = append(clauses, inflected[(i+r.IntN(9))%len(inflected)])
		default:
			clauses = append(clauses, []string{"own:", "quoted:", "body:", "with:"}[r.IntN(4)]+a)
		}
	}
	q := fit(clauses)
	return "/search?" + url.Values{"q": {q}, "sort": {[]string{"relevance", "oldest", "number"}[r.IntN(3)]}, "copies": {"fold"}, "facet": {"person"}}.Encode()
}

// fit joins as many clauses with OR as a query may be long.
func fit(clauses []string) string {
	q := clauses[0]
	for _, c := range clauses[1:] {
		if len(q)+len(" OR ")+len(c) > search.MaxQueryBytes {
			break
		}
		q += " OR " + c
	}
	return q
}

// server is a running binary that answers pages. Stop it.
type server struct {
	cmd  *exec.Cmd
	base string
	done chan error
}

func (b *bench) startServer(archive string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s := &server{cmd: b.command("serve", archive, "--listen", address, "-q"), base: "http://" + address, done: make(chan error, 1)}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.done <- s.cmd.Wait() }()
	return s, nil
}

// stop ends the server and waits for it.
func (s *server) stop() {
	if s.cmd.Process.Signal(syscall.SIGTERM) == nil {
		<-s.done
	}
}

// answered waits until the server gives a page; the limit is far beyond any aim.
func (s *server) answered(path string) error {
	deadline := time.After(time.Minute)
	for {
		resp, err := http.Get(s.base + path)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			if err = errors.Join(err, resp.Body.Close()); err == nil && resp.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.Join(err, fmt.Errorf("GET %s: %s", path, resp.Status))
		}
		select {
		case end := <-s.done:
			s.done <- end
			return fmt.Errorf("the server ended: %w", errors.Join(end, err))
		case <-deadline:
			return fmt.Errorf("no page within a minute: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
