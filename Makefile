# One command each; every target brings its own set-up. Needs Python ≥ 3.11 and make; uses uv where it is installed.
PORT ?= 8000
DATA_DIR ?= .local
PROCESSES ?= 2
PYTHON ?= $(shell for python in python3.11 python3; do $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
UV ?= $(shell command -v uv 2>/dev/null)

# One more worker beside them repeats, where a tenant has a schema of its own, what must hold there too: see tests/plugin.py.
ALL_TESTS := --dist load --tx $(PROCESSES)*popen --tx popen//env:PAYMENT_ENGINE_TEST_PLACEMENT=schema

VENV := .venv
BIN := $(VENV)/bin
WITH_SERVERS := $(BIN)/python -m payment_engine.devserver.with_servers --
RUN_FILES := requirements.txt requirements-embedded.txt
DEV_FILES := $(RUN_FILES) requirements-dev.txt
# The stamps carry the files' checksum: set-up runs again only when a requirement changed, not when a date did.
RUN_STAMP := $(VENV)/.run-$(firstword $(shell cat $(RUN_FILES) | cksum))
DEV_STAMP := $(VENV)/.dev-$(firstword $(shell cat $(DEV_FILES) | cksum))
ifneq ($(strip $(UV)),)
MAKE_VENV = $(UV) venv --quiet --clear --python $(PYTHON) $(VENV)
INSTALL = VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes
else
MAKE_VENV = $(PYTHON) -m venv --clear $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --require-hashes --prefer-binary --no-compile --disable-pip-version-check --no-input
endif

# Images of containers often forbid bytecode: then each start of Python compiles all of Django again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test ci lint types contracts migrations-check openapi bench lock browser pooler clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(RUN_STAMP) ## Start everything: PORT=8000 DATA_DIR=.local, RESET=1 forgets all data
	@exec $(BIN)/python -m payment_engine.devserver --port $(PORT) --data-dir "$(DATA_DIR)" $(if $(RESET),--reset)

test: $(DEV_STAMP) ## Run the tests: ARGS="tests/payments -k refund"
	@$(BIN)/python -m pytest $(if $(strip $(ARGS)),-n $(PROCESSES) $(ARGS),$(ALL_TESTS))

ci: lint types contracts migrations-check openapi ## What the pipeline runs: all checks, then the tests
	@$(MAKE) --no-print-directory test

lint: $(DEV_STAMP) ## Format and rules (ruff)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV_STAMP) ## Types (mypy, strict)
	$(BIN)/mypy .

contracts: $(DEV_STAMP) ## Who may import whom (import-linter)
	$(BIN)/lint-imports

migrations-check: $(DEV_STAMP) ## Every model change has its migration
	DJANGO_ENV=test DATABASE_LOGIN=owner $(WITH_SERVERS) $(BIN)/python manage.py makemigrations --check --dry-run

openapi: $(DEV_STAMP) ## The published API document is valid and complete
	$(WITH_SERVERS) $(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: $(DEV_STAMP) ## Measure: one table, JSON in benchmarks/results
	@exec $(BIN)/python -m benchmarks $(ARGS)

lock: $(DEV_STAMP) ## Compile requirements*.in into hashed requirements*.txt
	for name in requirements requirements-embedded requirements-dev; do \
	  $(or $(UV),$(BIN)/uv) pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate \
	    $$name.in --output-file $$name.txt || exit 1; \
	done

browser: ## Install Chromium for the portal's page tests (Debian, Ubuntu)
	$(if $(filter 0,$(shell id -u)),,sudo) apt-get install --yes --no-install-recommends chromium chromium-driver

pooler: ## Install PgBouncer for the tests that go through it (Debian, Ubuntu)
	$(if $(filter 0,$(shell id -u)),,sudo) apt-get install --yes --no-install-recommends pgbouncer

clean: ## Remove the environment and caches; data in DATA_DIR stays
	rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)…"
	@$(MAKE_VENV) || { rm -rf $(VENV); exit 1; }

$(RUN_STAMP): | $(VENV)/bin/python
	@echo "Installing what the product runs on…"
	@$(INSTALL) $(RUN_FILES:%=-r %)
	@rm -f $(VENV)/.run-*
	@touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@echo "Installing what tests and checks need…"
	@$(INSTALL) $(DEV_FILES:%=-r %)
	@rm -f $(VENV)/.dev-*
	@touch $@
