# Two commands for newcomers: `make demo` and `make test`. Both need Rust, and Debian (or Ubuntu)
# for what `make test` installs; nothing else is asked.

CARGO ?= cargo
TOOLS := target/tools
FUZZ_SECONDS ?= 600

.PHONY: demo test lint unit services deny build docs bench fuzz help

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: ## Gateway, simulated vendors and live traffic in one process; no key, no network
	$(CARGO) run --quiet --package crossfade -- demo

test: lint unit ## Everything that CI runs: formatting, lints, dependencies, all tests

lint: ## Formatting, clippy with warnings as errors, licences and sources of dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	scripts/deny

unit: services ## All tests
	$(CARGO) test --workspace --locked

services: ## Starts (or, on Debian, installs) what tests need: PostgreSQL, Python
	scripts/services

build: ## The binary that goes to production
	$(CARGO) build --release --locked --package crossfade

docs: ## Writes the generated parts of docs/ again
	CROSSFADE_WRITE_DOCUMENTS=1 $(CARGO) test --package control --package dialect --locked documents

bench: ## nginx and crossfade side by side; writes docs/benchmarks.md
	bench/run

fuzz: ## Fuzzes the readers of foreign bytes, FUZZ_SECONDS (600) for each target
	scripts/fuzz $(FUZZ_SECONDS)
