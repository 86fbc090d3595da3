# Một Cửa. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

# The first Python that is new enough; say PYTHON=... to choose another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
MOTCUA_CACHE_DIR ?= $(CURDIR)/.cache
override MOTCUA_CACHE_DIR := $(abspath $(MOTCUA_CACHE_DIR))
export MOTCUA_CACHE_DIR

# Variables of an activated environment must not lead pip or uv elsewhere; what was compiled is kept, tests too.
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME UV_PROJECT_ENVIRONMENT PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
STAMPS := .venv/.stamps
JARS := $(MOTCUA_CACHE_DIR)/jars/.complete
CLASSES := $(MOTCUA_CACHE_DIR)/jars/classes.aot
PROTOS := $(shell find $(CURDIR)/protos -name '*.proto' -o -type d 2>/dev/null)
# Networks with a certificate authority of their own: the second try trusts the system's store.
UV := uv() { $(BIN)/uv --quiet "$$@" 2>/dev/null || $(BIN)/uv --quiet --system-certs "$$@"; }; uv
# An environment that was moved, or whose Python is gone, is made again.
$(shell { test "$$(cat $(STAMPS)/place)" = "$(CURDIR)" && $(BIN)/python -c ''; } 2>/dev/null || rm -rf $(STAMPS))

fail = { echo "setup: $(1)" >&2; exit 1; }

.PHONY: help setup protos test lint bench soak demo run wheel protos-bundle lock lock-jars clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMPS)/installed $(CLASSES) ## Bring everything a fresh machine needs into .venv, gen and .cache

$(STAMPS)/uv: requirements/bootstrap.txt
	@test -n "$(PYTHON)" || $(call fail,no Python 3.11 or newer found on PATH (set PYTHON=/path/to/python3))
	@echo "setup: virtual environment ($(PYTHON))"
	@rm -rf .venv
	@"$(PYTHON)" -m venv .venv || $(call fail,cannot make .venv: $(PYTHON) lacks venv or ensurepip (Debian and Ubuntu: package python3-venv))
	@$(BIN)/python -m pip --quiet --disable-pip-version-check install --require-hashes --no-deps --only-binary :all: \
		-r requirements/bootstrap.txt || $(call fail,cannot fetch uv: the package index is out of reach or its file has another hash)
	@mkdir -p $(STAMPS) && echo "$(CURDIR)" > $(STAMPS)/place && touch $@

$(STAMPS)/packages: requirements.lock $(STAMPS)/uv
	@echo "setup: Python packages"
	@# What an interrupted run has written is not trusted.
	@again=; test ! -e $@.begun || again=--reinstall; touch $@.begun; \
		$(UV) pip sync --python $(BIN)/python --require-hashes --compile-bytecode $$again requirements.lock \
		|| $(call fail,cannot install the locked packages (reason above))
	@rm $@.begun && touch $@

gen/.stamp: $(PROTOS) tools/protos.py tools/entry.py $(STAMPS)/packages
	@echo "setup: generated code (gen/)"
	@$(BIN)/python -m tools.protos || $(call fail,cannot generate code from protos/ (reason above))

$(STAMPS)/installed: pyproject.toml gen/.stamp $(STAMPS)/packages
	@echo "setup: this project, editable"
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable . \
		|| $(call fail,cannot install the project (reason above))
	@# Every process that starts without compiling starts a second sooner, and stays smaller.
	@$(BIN)/python -m compileall -q kernel office services cli demo partner_sim infra gen
	@touch $@

$(JARS): infra/kafka/jars.lock infra/kafka/jars.py $(STAMPS)/packages
	@$(BIN)/python -m infra.kafka.jars

# A broker starts with half the processor time when it finds its classes loaded.
$(CLASSES): $(JARS) infra/local/class_cache.py $(STAMPS)/installed
	@$(BIN)/python -m infra.local.class_cache

protos: gen/.stamp ## Generate code from protos/ into gen/

# Three processes share most tests, the slow files first (tests/support/scheduling.py), and then two the whole stacks.
# What depends on the real time that passes runs alone.
# The slowest tests are listed, so that whoever makes one sees what it costs.
# pytest's status of each part that did not pass goes to the file TEST_STATUS, if one is named.
test: setup ## Run all tests, on a real Kafka and a real PostgreSQL (ARGS="tests/unit -k name" for some)
ifdef ARGS
	@$(BIN)/pytest $(ARGS)
else
	@status=0; part() { $(BIN)/pytest --durations=25 --durations-min=8 "$$@" || { echo $$? >> "$${TEST_STATUS:-/dev/null}"; status=1; }; }; \
		part --numprocesses 3 --no-loadscope-reorder -m "not alone and not e2e"; \
		part --numprocesses 2 --no-loadscope-reorder -m "e2e and not alone"; \
		part -m alone; \
		exit $$status
endif

lint: setup ## Check style, types, layers and contracts
	@$(BIN)/python -m tools.lint

bench: setup ## Measure, and print each figure beside what it is compared with
	@$(BIN)/python -m benchmarks $(ARGS)

soak: setup ## An hour of steady load: memory of each service, kept in benchmarks/reports
	@$(BIN)/python -m benchmarks soak $(ARGS)

demo: setup ## A working week at a one-stop centre, from nothing (SCALE=1000 for more dossiers)
	@$(BIN)/python -m demo $(ARGS)

run: setup ## The whole system in the foreground until Ctrl-C
	@$(BIN)/motcua up

wheel: setup ## Build the wheel into dist/
	@$(UV) build --wheel --no-build-isolation --python $(BIN)/python --out-dir dist .

protos-bundle: $(STAMPS)/packages ## Write the contracts with all they import, for partners, into dist/
	@$(BIN)/python -m tools.protos_bundle

lock: $(STAMPS)/uv ## Resolve the packages again and write requirements.lock
	@$(UV) pip compile pyproject.toml requirements/build.in --extra dev --extra local --universal --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --python-version 3.11 --output-file requirements.lock >/dev/null

lock-jars: $(STAMPS)/packages ## Resolve Kafka's jars again and write infra/kafka/jars.lock
	@$(BIN)/python -m infra.kafka.lock_jars

clean: ## Remove what was generated, built and cached (not .motcua, which holds data)
	@rm -rf .venv gen build dist .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
