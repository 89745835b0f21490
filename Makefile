# Everything a person or CI does with this repository. `make help` explains each target.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
PERIOD ?= 2026-10
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
VAR := $(CURDIR)/var
export QMSREPORTS_VAR ?= $(VAR)
export QMSREPORTS_CATALOG ?= $(CURDIR)/catalog
export QMSREPORTS_EXPECTATIONS ?= $(CURDIR)/expectations
export QMSREPORTS_TEMPLATES ?= $(CURDIR)/report_templates

# Python compiles a module once and keeps the result in the virtual environment, also where the machine forbids it to
# write beside the sources: without that every command would compile Airflow and SQLAlchemy anew.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/$(VENV)/compiled

# The demo company's systems. A real workspace sets these in its environment or in Airflow's connections.
DEMO := $(QMSREPORTS_VAR)/demo
review ingest doctor: export QMSREPORTS_CONNECTION_CRM ?= sqlite:///$(DEMO)/crm.db
review ingest doctor: export QMSREPORTS_CONNECTION_HELPDESK ?= sqlite:///$(DEMO)/helpdesk.db
review ingest doctor: export QMSREPORTS_CONNECTION_MES ?= sqlite:///$(DEMO)/mes.db
review ingest doctor: export QMSREPORTS_CONNECTION_PRODUCTION_FILES ?= $(DEMO)/production
review ingest doctor: export QMSREPORTS_CONNECTION_QMS_REGISTERS ?= $(DEMO)/qms_registers.xlsx

.PHONY: golden-pages help setup spark fuzz browser review test test-systems test-kills check format reference lock bench clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 15) else f"Python 3.11 to 3.14 is needed, this is {v[0]}.{v[1]}; run: make setup PYTHON=/path/to/python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || { echo "installing uv into $(VENV)"; $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	@echo "installing $$(grep -c '^[a-z0-9].*==' requirements.lock) packages of requirements.lock, hashes checked: about a minute, longer over a slow line"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.spark: requirements-spark.lock $(VENV)/.ready
	@echo "installing the spark extra from requirements-spark.lock (500 MB, about a minute)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.lock
	@touch $@

$(VENV)/.fuzz: requirements-fuzz.lock $(VENV)/.ready
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-fuzz.lock
	@touch $@

setup: $(VENV)/.ready ## Make the virtual environment .venv from requirements.lock

spark: $(VENV)/.spark ## Add the spark extra to .venv, from requirements-spark.lock

# What the line imports later and takes longest to compile, the first time.
IMPORTED := import great_expectations, dlt, scipy.stats, matplotlib.figure
COMPANY = $(BIN)/qmsreports demo --quiet \
	&& $(BIN)/qmsreports catalog apply --by quality.manager --quiet \
	&& $(BIN)/qmsreports catalog approve --all --by managing.director --quiet
COMPILED = { [ $(VENV)/.imported -nt $(VENV)/.ready ] || \
	{ touch $(VENV)/.imported; $(BIN)/python -c "$(IMPORTED)" >/dev/null 2>&1 & }; }
review: setup ## Demo company to management-review pack: seed, then the DAGs ingest, measure and management_review
	@# the company is seeded while Airflow starts, each on a processor of its own
	@$(BIN)/python dags/run_line.py --period $(PERIOD) --first '$(COMPANY) && $(COMPILED)'

ingest: setup ## Read the demo company's systems once more: qmsreports run ingest
	@$(BIN)/qmsreports run ingest

doctor: setup ## Look for what this machine or the demo workspace lacks: qmsreports doctor
	@$(BIN)/qmsreports doctor

test: setup ## Run the unit and integration tests, in minutes (CI runs check, this and test-systems)
	@$(BIN)/python -m pytest -n 2 -m "not system"

golden-pages: setup ## Paint the golden pages anew, to look at and commit, after the look of the print was changed
	@QMSREPORTS_GOLDEN_PAGES=renew $(BIN)/python -m pytest -q tests/unit/pack/test_pack_golden.py

AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js
$(AXE): | $(VENV)/.ready
	@command -v npm >/dev/null || { echo "npm is needed for the examination of the page; install Node.js"; exit 3; }
	@echo "installing axe-core into $(VENV)"
	@npm install --silent --no-audit --no-fund --prefix $(VENV)/axe axe-core@4.14.1 >/dev/null

browser: setup $(AXE) ## Install what examines the page: Chromium (Debian's, as root) and axe-core
	@command -v chromium >/dev/null || { echo "installing Chromium"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; }

INPUTS ?= 100000
fuzz: $(VENV)/.fuzz ## Fuzz loader and compiler of definitions with INPUTS inputs (100000), guided by coverage
	@$(BIN)/python -m tests.fuzz.definitions -runs=$(INPUTS)

test-systems: setup spark browser $(VENV)/.fuzz ## Run the other tests, slow ones: the whole line, kill and rerun, real systems, Spark, Chromium
	@$(BIN)/python -m pytest -m system

KILLS ?= 200
test-kills: setup ## Kill the line KILLS times (200) at random instants; it must end where one undisturbed run ends
	@QMSREPORTS_KILLS=$(KILLS) $(BIN)/python -m pytest -s tests/system/test_many_kills.py

check: setup ## Lint, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url
reference: setup ## Generate the schemas and the reference page of the definition language
	@$(BIN)/qmsreports catalog schema --out docs/schema
	@$(BIN)/qmsreports catalog reference --examples docs/reference/examples --out docs/reference/kpi-language.md

lock: setup ## Resolve requirements.lock and requirements-spark.lock anew (needs a package index)
	@$(BIN)/$(LOCK) --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/$(LOCK) --extra spark --constraint requirements.lock pyproject.toml -o requirements-spark.lock
	@echo 'atheris==3.0.0' | $(BIN)/$(LOCK) --constraint requirements.lock -o requirements-fuzz.lock -
	@! grep -nE '://' requirements.lock requirements-spark.lock requirements-fuzz.lock

bench: setup ## Measure speed and memory beside references; prints the tables of docs/performance.md
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove everything that is made: var/ and caches (not .venv)
	rm -rf $(QMSREPORTS_VAR) .pytest_cache .mypy_cache .ruff_cache .hypothesis
