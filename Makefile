# One command per job. Each sets up .venv first when that is missing or older than pyproject.toml.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SILENT:

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of processes that import the same files: each is compiled once.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP_LOG := $(VENV)/pip.log
PROFILE := reference_bot/thrice.toml
# Only folders that hold code: mypy refuses an empty one.
CODE := $(sort $(dir $(wildcard emulator/*.py harness/*.py reference_bot/*.py loadtests/*.py))) tests/

# What the tests have that is written for Node, and the marks that its packages are there. The bot
# in Next.js is built as well.
NODE_FOLDERS := tests/bots/node tests/bots/next tests/e2e/node tests/e2e/node_firestore tests/e2e/node_meta tests/e2e/node_qstash tests/e2e/node_cloudtasks tests/e2e/node_redis tests/e2e/node_sqs
NEXT_BOT := tests/bots/next
NEXT_READY := $(NEXT_BOT)/.next/.ready
NODE_READY := $(NODE_FOLDERS:%=%/node_modules/.ready) $(NEXT_READY)
NPM_LOG := $(VENV)/npm.log
# How often the live tests are run by the proofs.
PROOFS ?= 50

.PHONY: help setup certify test check bench prove

help:  ## Show the commands
	sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

setup: $(READY) $(NODE_READY)  ## Create .venv with everything; the other commands do it themselves

certify: $(READY)  ## Certify the reference bot, and see the bot of the incident refused
	$(BIN)/thrice certify --app reference_bot.app:app --profile $(PROFILE)
	printf '\nNow the bot of the incident, which has to be refused:\n\n'
	status=0; \
	$(BIN)/thrice certify --app reference_bot.broken.incident:app --profile $(PROFILE) || status=$$?; \
	if [ $$status -ne 1 ]; then \
		echo "The bot of the incident has to be refused (exit status 1), but the exit status was $$status." >&2; \
		exit 1; \
	fi

test: $(READY) $(NODE_READY)  ## Run the tests
	$(BIN)/pytest -q -n 3 --dist worksteal

check: $(READY)  ## Check formatting, lint and types
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary $(CODE)

bench: $(READY)  ## Measure speed and memory, in CPU time
	$(BIN)/python loadtests/simulation.py
	$(BIN)/python loadtests/messages.py
	$(BIN)/python loadtests/users.py
	$(BIN)/python loadtests/certificates.py 20
	$(BIN)/python loadtests/schedules.py
	$(BIN)/python loadtests/burn.py
	$(BIN)/python loadtests/freeze.py
	$(BIN)/python -m loadtests.cloudtasks
	$(BIN)/python -m loadtests.sqs
	$(BIN)/python -m loadtests.stores
	$(BIN)/python -m loadtests.firestore
	$(BIN)/python -m pip install -q -e '.[bench]' >$(PIP_LOG) 2>&1 || { cat $(PIP_LOG) >&2; exit 1; }
	$(BIN)/python -m loadtests.qstash

prove: $(READY) $(NODE_READY)  ## Run the long proofs: every matrix at all seeds, live runs many times (hours)
	THRICE_PROVE=1 $(BIN)/pytest -q -n 2 tests/explore tests/harness/test_matrix.py tests/harness/test_queue_matrix.py tests/harness/test_sqs_matrix.py tests/harness/test_bots.py tests/harness/test_outages.py tests/harness/test_direct_binding.py
	$(BIN)/pytest -q tests/qstash/prove_account_model.py
	$(BIN)/pytest -q tests/qstash/prove_openapi.py
	$(BIN)/pytest -q -o faulthandler_timeout=1800 tests/meta/delivery/prove_delivery_model.py
	$(BIN)/pytest -q -o faulthandler_timeout=900 tests/e2e/prove_kept.py
	$(BIN)/pytest -q tests/e2e/prove_live.py
	$(BIN)/pytest -q -o faulthandler_timeout=900 tests/e2e/prove_redis_race.py tests/e2e/prove_redis_bots.py
	$(BIN)/pytest -q -o faulthandler_timeout=900 tests/e2e/prove_cloudtasks.py
	$(BIN)/pytest -q tests/e2e/prove_freeze.py
	$(BIN)/pytest -q -o faulthandler_timeout=900 tests/e2e/prove_firestore.py
	$(BIN)/pytest -q -o faulthandler_timeout=1800 tests/e2e/prove_node.py
	for (( run = 1; run <= $(PROOFS); run++ )); do echo "live tests, run $$run of $(PROOFS)"; $(BIN)/pytest -q tests/net tests/e2e; done

# Without Node its tests are skipped, so its packages are not needed either.
%/node_modules/.ready: %/package.json
	if command -v npm >/dev/null; then \
		npm install --prefix $* --no-audit --no-fund --no-package-lock --silent; \
		touch $@; \
	fi

# What npm prints is shown only when it fails.
$(NEXT_READY): $(NEXT_BOT)/node_modules/.ready $(NEXT_BOT)/tsconfig.json $(shell find $(NEXT_BOT)/app $(NEXT_BOT)/lib -type f) | $(READY)
	if command -v npm >/dev/null; then \
		NEXT_TELEMETRY_DISABLED=1 npm run build --prefix $(NEXT_BOT) >$(NPM_LOG) 2>&1 || { cat $(NPM_LOG) >&2; exit 1; }; \
		touch $@; \
	fi

# What pip prints is shown only when it fails.
$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("thrice needs Python 3.11 or later, this is %d.%d; try: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e '.[dev]' >$(PIP_LOG) 2>&1 || { cat $(PIP_LOG) >&2; exit 1; }
	touch $@
