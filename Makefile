# `make help` lists the targets. Needs Python 3.11 or newer, pip and make; everything else comes from requirements.lock.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help run test check client format bench fuzz years crash failover recovery screenshots lock clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY)  ## set up what is missing and serve on http://127.0.0.1:8080
	@exec $(BIN)/licensing serve

test: $(READY)  ## every test, on SQLite and on PostgreSQL
	$(BIN)/pytest -n auto

check: $(READY)  ## formatting, lint, types, direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

client:  ## the Go client: vet, format and tests (needs Go 1.21 or newer)
	@for module in $$(find clients/go -name go.mod -exec dirname {} \;); do \
	  echo "$$module"; (cd $$module && test -z "$$(gofmt -l .)" && go vet ./... && \
	  go test -count=1 $$(command -v gcc >/dev/null && echo -race) ./...) || exit 1; \
	done

format: $(READY)  ## format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)  ## measure, as ratios in one run, into bench/RESULTS.md
	$(BIN)/python -m bench

fuzz: $(READY)  ## ten minutes of requests that schemathesis makes up from the API's document (SECONDS=600)
	$(BIN)/python -m tests.fuzz $(or $(SECONDS),600)

years: $(READY)  ## play 25 months of one customer against a running server
	$(BIN)/python -m tests.years

failover: $(READY)  ## kill a PostgreSQL primary under load, promote its standby, compare what was acknowledged
	$(BIN)/python -m tests.failover

crash: $(READY)  ## kill servers and databases under load; then servers broken on purpose, and migrations
	$(BIN)/python -m tests.crash
	$(BIN)/python -m tests.crash.broken
	$(BIN)/python -m tests.crash.migrations

recovery: $(READY)  ## lose a database of 100,000 licenses, and restore it: how long that takes (LICENSES=100000)
	$(BIN)/python -m tests.recovery $(or $(LICENSES),100000)

screenshots: $(READY)  ## every page as people see it, into var/screenshots (needs Chromium)
	$(BIN)/python -m tests.browser.screenshots

lock: $(READY)  ## pin the dependencies of pyproject.toml anew, with hashes
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --extra server --extra otel --extra pkcs11 --extra dev --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --constraint requirements.lock \
	  --no-emit-index-url --no-emit-find-links --extra server --extra otel --extra pkcs11 \
	  --output-file deploy/docker/requirements.lock pyproject.toml deploy/docker/build.in

clean:  ## remove the environment and caches; your data in var/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
