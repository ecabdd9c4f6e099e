# The gates of the project; CONTRIBUTING.md says when to use which.
#   make check   under two minutes: format, vet, staticcheck, architecture, short tests
#   make test    all tests: unit, scripts, browser; what a machine lacks is skipped aloud
#   make long    fuzzing, kills, large properties, the race detector
#   make bench   measures beside peers and writes docs/figures.md
#   make bench-search   measures the search engine beside others and writes docs/figures-search.md
#   make bin     the binary, without cgo

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
FUZZMINUTE ?= 60

CHECKS ?= 10000
PROOFCHECKS ?= 100000

.PHONY: check test long bench bench-search bin format vet browser interop peers fuzz properties kills race

check: format vet
	$(GO) test -short -timeout 5m ./...

test: browser
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...
	$(MAKE) interop peers

long: kills properties race fuzz

bench: bin
	$(GO) run ./bench -unseal ./unseal -o docs/figures.md

# About 20 minutes on two quiet cores; SEARCHFLAGS="-peers=false" leaves the peers out, "-mails 3000" is a trial.
bench-search: bin
	cd benchsearch && GOFLAGS=-mod=mod $(GO) run . -unseal ../unseal -o ../docs/figures-search.md $(SEARCHFLAGS)

bin:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o unseal ./cmd/unseal

format:
	@files="$$(gofmt -l .)"; if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet ./...
	GOARCH=386 $(GO) vet ./...
	$(GO) tool staticcheck ./...

# The browser tests want axe-core beside Chromium. Without npm they run without it, aloud.
browser:
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund; \
	else echo "no npm here: the accessibility tests will skip"; fi

# Tessera reads our log, from a module of its own, whose modules stand in no list of ours.
interop:
	@if (cd interop && $(GO) mod download); then \
	  cd interop && $(GO) vet ./... && $(GO) test -count=1 -timeout 10m ./...; \
	elif [ -n "$${UNSEAL_REQUIRE:-}" ]; then echo "tessera's modules cannot be had here, and UNSEAL_REQUIRE is set"; exit 1; \
	else echo "SKIPPED: tessera's modules cannot be had here"; fi

# The measuring of search has tests too, in a module of its own for the sake of the engines beside ours.
peers:
	@if (cd benchsearch && $(GO) mod download); then \
	  cd benchsearch && GOFLAGS=-mod=mod $(GO) vet ./... && GOFLAGS=-mod=mod $(GO) test -count=1 -timeout 5m ./...; \
	elif [ -n "$${UNSEAL_REQUIRE:-}" ]; then echo "the modules of other engines cannot be had here, and UNSEAL_REQUIRE is set"; exit 1; \
	else echo "SKIPPED: the modules of other engines cannot be had here"; fi

# Every fuzz target of fuzz.list for its CPU minutes; what they find lands in
# testdata/fuzz. make fuzz FUZZMINUTE=1 takes a second for each minute. The go
# command fails a run whose time is up in the middle of an input, and says
# "context deadline exceeded": without a failing input that is no finding.
fuzz:
	@out="$$(mktemp)"; trap 'rm -f "$$out"' EXIT; \
	grep -v '^#' fuzz.list | while read -r package target minutes; do \
	  echo "$$package $$target, $$minutes CPU minutes"; \
	  $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $$((minutes * $(FUZZMINUTE)))s -fuzzminimizetime 10s -parallel 1 "$$package" </dev/null 2>&1 | tee "$$out" || \
	    { grep -q 'context deadline exceeded' "$$out" && ! grep -q 'Failing input' "$$out"; } || exit 1; \
	done

# The properties over generated values, on many more of them than in make test.
properties:
	$(GO) test -count=1 -timeout 60m \
	  $$($(GO) list -f '{{$$p := .ImportPath}}{{range .TestImports}}{{if and (eq . "pgregory.net/rapid") (ne $$p "unseal/proof")}}{{$$p}}{{end}}{{end}}' ./...) \
	  $$($(GO) list -f '{{$$p := .ImportPath}}{{range .XTestImports}}{{if eq . "pgregory.net/rapid"}}{{$$p}}{{end}}{{end}}' ./...) \
	  -rapid.checks=$(CHECKS)
	$(GO) test -count=1 -timeout 240m ./proof -rapid.checks=$(PROOFCHECKS)

# Every kill, power loss and disk error that the harnesses can make.
kills:
	UNSEAL_LONG=1 $(GO) test -count=1 -timeout 60m ./...

race:
	CGO_ENABLED=1 $(GO) test -race -short -timeout 30m ./...
