# edgetick: `make help` lists what there is.

GO       ?= go
BIN      := bin
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
PKG      := github.com/prometheus/common/version
LDFLAGS  := -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Revision=$(REVISION)
BUILD    := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'

# The race detector needs a C compiler. Without one the tests run without it.
RACE := $(shell command -v $(shell $(GO) env CC) >/dev/null 2>&1 && echo -race)

# Correctness does not depend on the profile that edgetick is compiled by, and
# compiling by it takes long.
TEST := $(GO) test -pgo=off $(RACE)

PLATFORMS := linux/amd64 linux/arm64 linux/arm/7 linux/riscv64
FUZZTIME  ?= 60s

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list.
	@awk -F':.*## ' '/^[a-z][a-z0-9-]*:.*## /{printf "  make %-16s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: build ## Run edgetick beside a real Prometheus database and watch samples arrive. Ctrl-C stops it.
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && trap : INT && \
	$(BIN)/edgetick-receiver -- $(BIN)/edgetick \
		--tick.interval=1s --log.level=warn --wal.dir="$$dir" \
		--remote-write.url=http://127.0.0.1:9478/api/v1/write \
		--scrape.target=job=receiver,url=http://127.0.0.1:9478/metrics

.PHONY: test
test: ## Run all tests, with the race detector where there is a C compiler.
	$(TEST) ./...

.PHONY: test-receivers
test-receivers: ## Run the end-to-end tests against the prometheus and the victoria-metrics on the PATH, and stand-ins for others.
	EDGETICK_TEST_PROMETHEUS="$$(command -v prometheus)" EDGETICK_TEST_VICTORIAMETRICS="$$(command -v victoria-metrics)" \
		$(TEST) -count=1 -v -run 'TestPrometheus|TestMatrix' ./cmd/edgetick

CRASHES ?= 300
SEED    ?= random

.PHONY: crash
crash: ## Kill the real program CRASHES (300) times at random, and account for every sample. SEED repeats a run.
	EDGETICK_TEST_CRASHES=$(CRASHES) EDGETICK_TEST_SEED=$(SEED) $(TEST) -count=1 -timeout 60m -v -run 'TestCrash_' ./cmd/edgetick
	EDGETICK_TEST_CRASHES=$(CRASHES) $(GO) test -count=1 -timeout 30m -v -run 'TestBacklog_' ./cmd/edgetick

KILLS ?= 210

.PHONY: chaos
chaos: ## Let receivers answer anything at all while the real program is killed KILLS (210) times, and account for every sample.
	EDGETICK_TEST_CHAOS=$(KILLS) EDGETICK_TEST_SEED=$(SEED) $(TEST) -count=1 -timeout 60m -v -run 'TestChaos_' ./cmd/edgetick

.PHONY: test-disk
test-disk: ## Fill, remove and write-protect the disk under the real program. Some of it takes root, to mount a tmpfs.
	EDGETICK_TEST_DISK=1 $(TEST) -count=1 -timeout 10m -v -run 'TestDisk_' ./cmd/edgetick

.PHONY: build
build: ## Build the programs into bin/.
	$(BUILD) -o $(BIN)/ ./cmd/...

.PHONY: cross
cross: ## Build edgetick for every platform into dist/.
	@for p in $(PLATFORMS); do \
		set -- $$(echo $$p | tr / ' '); \
		echo "dist/edgetick-$$1-$$2$$3"; \
		GOOS=$$1 GOARCH=$$2 GOARM=$$3 $(BUILD) -o dist/edgetick-$$1-$$2$$3 ./cmd/edgetick || exit 1; \
	done

.PHONY: lint
lint: ## Check formatting, vet and staticcheck.
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt these files:" $$unformatted; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

.PHONY: doc
doc: ## Check that every package has documentation for go doc.
	@$(GO) list -f '{{printf "%-60s %s" .ImportPath .Doc}}' ./...
	@missing=$$($(GO) list -f '{{if not .Doc}}{{.ImportPath}}{{end}}' ./...); test -z "$$missing" || { echo "no package comment:" $$missing; exit 1; }
	@for p in $$($(GO) list ./...); do $(GO) doc $$p >/dev/null || exit 1; done

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (60s) each.
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
		done; \
	done

.PHONY: bench
bench: ## Run the benchmarks; compare two runs with benchstat.
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: profile
profile: ## Record, by benchmarks, the profile that edgetick is compiled by.
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	record() { $(GO) test -trimpath -run '^$$' -bench "$$2" -benchtime 2s -o "$$dir/test" -cpuprofile "$$dir/$$3" "./$$1"; } && \
	record agent/collector 'Scrape' gather && \
	record agent/journal 'Commit|Replay' log && \
	record agent/remote 'Pack/protocol=.../compression=snappy/series=10000/ticks=4' pack && \
	$(GO) tool pprof -proto "$$dir/gather" "$$dir/log" "$$dir/pack" > cmd/edgetick/default.pgo

.PHONY: drill-outage
drill-outage: build ## Outage and SIGKILL: what edgetick, prometheus and vmagent lose. DRILL holds more flags.
	$(BIN)/edgetick-drill outage $(DRILL)

.PHONY: drill-disk
drill-disk: build ## What edgetick, prometheus and vmagent write to disk, side by side.
	$(BIN)/edgetick-drill disk $(DRILL)

.PHONY: drill-drain
drill-drain: build ## How fast edgetick delivers a backlog, and in how much memory, every sample checked.
	$(BIN)/edgetick-drill drain $(or $(DRILL),--check --runs=3)

.PHONY: drill-wire
drill-wire: build ## Bytes on the wire per sample: edgetick with both protocols and several windows, prometheus and vmagent.
	$(BIN)/edgetick-drill wire $(DRILL)

.PHONY: drill-scale
drill-scale: build ## What a sample costs edgetick, and how late it ticks, from a thousand series a second to 1.2 million.
	$(BIN)/edgetick-drill scale $(or $(DRILL),--markdown)

.PHONY: drill-churn
drill-churn: build ## Whether edgetick stays as it is while a tenth of all series is replaced every 5 s.
	$(BIN)/edgetick-drill churn $(or $(DRILL),--churn-interval=5s --measure=5m)

.PHONY: bench-peers
bench-peers: build ## CPU, memory, disk and wire of edgetick, prometheus and vmagent as processes, every sample checked.
	$(BIN)/edgetick-drill peers $(or $(DRILL),--runs=3 --markdown)

.PHONY: bytes
bytes: ## Print the bytes a sample takes in the log, over an hour of real pages.
	$(GO) test -count=1 -v -run TestCodec_BytesPerSample ./buffer

.PHONY: clean
clean: ## Remove what was built.
	rm -rf $(BIN) dist
