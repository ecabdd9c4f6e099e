package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed uniform.lua
var uniformLua []byte

const (
	loadFor     = "10s"
	connections = 16
	sampleStep  = 7 // nginx gets every seventh page as a file
)

// The aims for pages, from issue 2.
const (
	aimPages     = 5000 // a second, uniformly
	aimResident  = 150  // MB beyond the page cache
	aimFirstPage = 1000 // ms from the start of the server
)

// server is a running program that answers pages.
type server struct {
	cmd  *exec.Cmd
	base string
	done chan error
}

// stop ends the server and waits for it.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.done
}

func startServer(cmd *exec.Cmd, base string) (*server, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, base: base, done: make(chan error, 1)}
	go func() { s.done <- cmd.Wait() }()
	return s, nil
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
		case <-time.After(time.Millisecond):
		}
	}
}

// serve measures our server: the first page, memory, latency, throughput.
// The pages it answers are also kept as files for nginx.
func (b *bench) serve() error {
	b.say("serving")
	address, err := freeAddress()
	if err != nil {
		return err
	}
	start := time.Now()
	s, err := startServer(b.program("serve", b.archive, "--listen", address, "-q"), "http://"+address)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.answered("/c/" + collection + "/1"); err != nil {
		return err
	}
	first := time.Since(start)
	b.doc.section("Pages")
	b.doc.text("`wrk` on the same machine, item pages drawn uniformly over all %s items, uncompressed, %s each.\n", number(b.items), loadFor)
	b.doc.table("server", "connections", "pages / s", "p50 ms", "p99 ms")
	if err := b.load("unseal serve", s.base, 1); err != nil {
		return err
	}
	anonymous, _ := strconv.Atoi(strings.Fields(procField(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid), "RssAnon") + " 0")[0])
	b.doc.text("\nFirst page %s ms after the start of the server (aim: %d). Memory after the load, beyond the page cache: %s MB (aim: %d). Throughput aim: %s pages / s.",
		decimals(ms(first), 0), aimFirstPage, decimals(float64(anonymous)*1024/1e6, 0), aimResident, number(aimPages))
	if !b.peers {
		return nil
	}
	return b.savePages(s)
}

// savePages writes every sampleStep-th item page to a folder for nginx.
func (b *bench) savePages(s *server) error {
	dir := filepath.Join(b.dir, "pages", "c", collection)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	numbers := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range 4 {
		wg.Go(func() {
			for n := range numbers {
				if err := savePage(s.base, dir, n); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
		})
	}
	for n := sampleStep; n <= b.items; n += sampleStep {
		numbers <- n
	}
	close(numbers)
	wg.Wait()
	return failed
}

func savePage(base, dir string, n int) error {
	resp, err := http.Get(fmt.Sprintf("%s/c/%s/%d", base, collection, n))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("item %d: %s", n, resp.Status)
	}
	return errors.Join(err, os.WriteFile(filepath.Join(dir, strconv.Itoa(n)), page, 0o644))
}

// nginx serves the same pages from files.
func (b *bench) nginx() error {
	if !b.have("nginx") {
		return nil
	}
	b.say("nginx with the same pages")
	address, err := freeAddress()
	if err != nil {
		return err
	}
	config := fmt.Sprintf(`daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.log;
events { worker_connections 512; }
http {
  access_log off;
  sendfile on;
  default_type text/html;
  client_body_temp_path %[1]s/nginx-1; proxy_temp_path %[1]s/nginx-2; fastcgi_temp_path %[1]s/nginx-3;
  uwsgi_temp_path %[1]s/nginx-4; scgi_temp_path %[1]s/nginx-5;
  server { listen %[2]s; root %[1]s/pages; }
}
`, b.dir, address)
	if os.Getuid() == 0 {
		config = "user root;\n" + config
	}
	file := filepath.Join(b.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return err
	}
	s, err := startServer(exec.CommandContext(b.ctx, "nginx", "-e", filepath.Join(b.dir, "nginx.log"), "-c", file), "http://"+address)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := s.answered(fmt.Sprintf("/c/%s/%d", collection, sampleStep)); err != nil {
		return err
	}
	b.doc.text("\nnginx, with every %dth of these pages as a ready file in the page cache:\n", sampleStep)
	b.doc.table("server", "connections", "pages / s", "p50 ms", "p99 ms")
	if err := b.load("nginx", s.base, sampleStep); err != nil {
		return err
	}
	b.doc.text("\nnginx hands out %s as many ready files as unseal makes pages.", times(b.rate["nginx"], b.rate["unseal serve"]))
	return nil
}

// load runs wrk with one connection, for latency, and with many, for throughput.
func (b *bench) load(name, base string, step int) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		b.doc.row(name, "", "wrk is not installed", "", "")
		return nil
	}
	script := filepath.Join(b.dir, "uniform.lua")
	if err := os.WriteFile(script, uniformLua, 0o644); err != nil {
		return err
	}
	for _, c := range []int{1, connections} {
		cmd := exec.CommandContext(b.ctx, "wrk", "-t1", "-c", strconv.Itoa(c), "-d", loadFor, "--latency", "-s", script, base)
		cmd.Env = append(os.Environ(), "ITEMS="+strconv.Itoa(b.items), "STEP="+strconv.Itoa(step))
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("wrk: %w", err)
		}
		r, err := parseWrk(string(out))
		if err != nil {
			return err
		}
		b.rate[name] = r.rate
		b.doc.row(name, strconv.Itoa(c), number(int(r.rate)), decimals(ms(r.p50), 2), decimals(ms(r.p99), 2))
	}
	return nil
}

// wrkResult is what we use of wrk's report.
type wrkResult struct {
	rate     float64
	p50, p99 time.Duration
}

var (
	wrkRate    = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkLatency = regexp.MustCompile(`(?m)^\s+(50|99)%\s+([\d.]+)(us|ms|s)\s*$`)
	wrkFailed  = regexp.MustCompile(`(?m)^\s*(Non-2xx.*|Socket errors.*)$`)
)

// parseWrk reads wrk's report; answers other than 200 make it worthless.
func parseWrk(out string) (wrkResult, error) {
	var r wrkResult
	if m := wrkFailed.FindString(out); m != "" {
		return r, fmt.Errorf("wrk: %s", strings.TrimSpace(m))
	}
	rate := wrkRate.FindStringSubmatch(out)
	latency := wrkLatency.FindAllStringSubmatch(out, -1)
	if rate == nil || len(latency) != 2 {
		return r, fmt.Errorf("wrk's report is not understood: %q", out)
	}
	var err error
	if r.rate, err = strconv.ParseFloat(rate[1], 64); err != nil {
		return r, err
	}
	for i, to := range []*time.Duration{&r.p50, &r.p99} {
		if *to, err = time.ParseDuration(latency[i][2] + latency[i][3]); err != nil {
			return r, err
		}
	}
	return r, nil
}

// freeAddress finds a port of the loopback interface that is free now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
