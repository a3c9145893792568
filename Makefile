# make app     set up and open the lab in the browser (a second start installs nothing)
# make test    set up and run the tests
# make check   lint, format, types, floors
# make e2e     drive the app in a browser (needs chromium)
# make bench   print the ratios the speed claims rest on
#
# PYTHON=python3.12 chooses an interpreter; ARGS="--server.port 8600" goes to the app, TESTS=tests/merging to pytest.
# On Linux without a GPU, a much smaller torch is installed with
# PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make app

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
LAB := $(BIN)/codemix-lab
RECENT := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c '$(RECENT)' 2>/dev/null && echo $(p))))
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt
SETTINGS := pyproject.toml constraints.txt
WORKERS ?= 2
TESTS ?=

# Large buffers come in large pages: allocation-heavy tests run faster (glibc 2.35 and later).
ifeq ($(shell uname -s),Linux)
TUNED := GLIBC_TUNABLES=glibc.malloc.hugetlb=1
endif

.PHONY: help app setup test check bench e2e starter real

help:
	@sed -n 's/^# \{0,1\}//; /^$$/q; p' Makefile

app: $(VENV)/.ready starter
	$(LAB) app $(ARGS)

setup: $(VENV)/.ready-dev

starter: | $(VENV)/.ready
	@$(LAB) starter || echo "Going on without the starter model: everything that needs it says so."

test: setup starter
	$(TUNED) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(TESTS)

real: setup starter
	@$(LAB) starter --causal || echo "Going on without the decoder: its test is skipped."
	$(TUNED) $(BIN)/python -m pytest -m real -n $(WORKERS) --dist loadfile

e2e: setup starter
	$(BIN)/python -m pytest -m e2e --timeout 900

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup starter
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script --quick; done

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "CodeMix Lab needs Python 3.11 or later, and no python3 here is: install one, or name it as in: make app PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c '$(RECENT)' || { echo "CodeMix Lab needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) --version 2>&1 || true). Name another one: make app PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install them first, on Debian and Ubuntu with: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(SETTINGS) | $(BIN)/python
	$(INSTALL) -e .
	@touch $@

$(VENV)/.ready-dev: $(SETTINGS) | $(BIN)/python
	$(INSTALL) -e ".[dev]"
	$(INSTALL) --no-deps mergekit immutables
	@touch $(VENV)/.ready $@
