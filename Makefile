# Only Python 3.11+ and make are taken for granted; everything else comes into .venv from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
CALLS ?= 5000
SEED ?= 1

.PHONY: help install dev demo test lint types architecture audit-dependencies lock bench chaos model clean

help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 22

install: $(VENV)/installed  ## .venv with the command `handoff`
dev: $(VENV)/installed-dev  ## the same, with what tests and lint need

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Handoff needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: install  ## the whole job on this machine, told as it happens; ARGS="--exit" ends by itself
	$(BIN)/handoff demo $(ARGS)

# Three on two cores: stories wait as long as they work. By whole files, since what a file starts serves all its tests.
test: dev  ## every test, on real parts
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations=25 $(ARGS)

lint: dev  ## ruff: rules and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev  ## mypy, strict
	$(BIN)/mypy

architecture: dev  ## who may import whom
	$(BIN)/lint-imports

bench: dev  ## calls taken and settled a second, beside the raw insert rate of the same Postgres
	$(BIN)/python -m benchmarks.throughput $(ARGS)

chaos: dev  ## kill, cut and mislead a whole deployment, then judge it; CALLS=5000 SEED=1
	$(BIN)/python -m tests.chaos --calls $(CALLS) --seed $(SEED) $(ARGS)

model: dev  ## the execute protocol in every order of events; ARGS="--every 7" walks some of them
	$(BIN)/python -m tests.model.orders $(ARGS)

lock: dev  ## new lock files from the ranges in pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --extra build -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

audit-dependencies: dev  ## known weaknesses of what we install
	$(BIN)/pip-audit --require-hashes -r requirements.lock

clean:  ## remove what was built; the data under .handoff stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
