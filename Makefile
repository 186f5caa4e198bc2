# Two commands for newcomers: `make demo` and `make test`. Both need Rust, and Debian (or Ubuntu)
# for what they install (Node.js for the dashboard; what tests talk to); nothing else is asked.
# `cargo build` alone needs nothing but Rust, and leaves the dashboard out.

CARGO ?= cargo
# Where `scripts/services` puts a newer Node.js, if the system's is too old.
export PATH := $(CURDIR)/target/tools/node_modules/.bin:$(PATH)

# What the dashboard is made of; it is built again when one of these has changed.
UI_SOURCES := $(shell find ui/src ui/public -type f ! -name schema.d.ts) \
	ui/index.html ui/package.json ui/package-lock.json ui/vite.config.js ui/svelte.config.js docs/openapi.json

FUZZ_SECONDS ?= 600

.PHONY: demo test lint unit browser services build ui docs bench fuzz help

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: ui ## Gateway, simulated vendors and live traffic in one process; no key, no network
	$(CARGO) run --quiet --package crossfade -- demo

test: lint unit browser ## Everything that CI runs: formatting, lints, dependencies, all tests

lint: ui ## Formatting, clippy with warnings as errors, licences and sources of dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	scripts/deny
	cd ui && npm run --silent check

unit: services ui ## All tests of the gateway
	$(CARGO) test --workspace --locked

# With the binary that `unit` has made: a build by itself takes other features of dependencies, and minutes.
browser: services ui ## All tests of the dashboard, in Chromium
	$(CARGO) test --workspace --locked --no-run
	cd ui && npm run --silent test

services: ## Starts (or, on Debian, installs) what tests need: PostgreSQL, Python, Chromium
	scripts/services

ui: ui/dist/index.html ## The dashboard's files, which the next `cargo build` puts into the binary

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run --silent build
	@touch $@

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	scripts/services node
	cd ui && npm ci --no-audit --no-fund
	@touch $@

build: ui ## The binary that goes to production
	$(CARGO) build --release --locked --package crossfade

docs: ## Writes the generated parts of docs/ again
	CROSSFADE_WRITE_DOCUMENTS=1 $(CARGO) test --package control --package dialect --locked documents

bench: ## crossfade beside nginx, HAProxy and bare hyper; writes docs/benchmarks-table.md
	bench/run

fuzz: ## Fuzzes the readers of foreign bytes, FUZZ_SECONDS (600) for each target
	scripts/fuzz $(FUZZ_SECONDS)
