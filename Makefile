# Every target that runs Python first creates the environment it needs, in VENV, and recreates it only when
# pyproject.toml has changed since. The only requirements are Python >= 3.11 with pip and venv, and make.

VENV ?= .venv
PYTHON ?= python3
PIP_ARGS ?=
TESTS ?= --doctest-modules tests pdist pdist_nn
PYTEST_ARGS ?=
DEMO_ARGS ?=
BENCH_ARGS ?=
ACCURACY_ARGS ?=

python := $(VENV)/bin/python

# The oldest versions of pdist's dependencies that pyproject.toml allows: "numpy>=2.2" becomes "numpy==2.2".
oldest := $(shell sed -n 's/^dependencies = \[\(.*\)\]/\1/p' pyproject.toml | tr -d '",' | sed 's/>=/==/g')
# The part of the suite that CI runs with them: tests that depend on the numbers and rules of NumPy and SciPy.
numeric := tests/numerics tests/functions tests/autograd tests/distributions/test_accuracy.py \
  tests/distributions/test_accuracy_ratchet.py tests/distributions/test_poisson.py
# What a push runs: a sample of everything in half a minute.
quick := tests/autograd tests/numerics tests/test_api.py tests/test_house.py tests/test_docs.py \
  tests/distributions/test_accuracy_ratchet.py tests/functions/test_docstrings.py

# One process per core: BLAS threads in parallel tests only compete with each other.
one_thread := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.NOTPARALLEL:  # two pips in one environment would conflict
.DELETE_ON_ERROR:
.PHONY: help test test-quick test-oldest test-oldest-numeric coverage demo lint format types api bench bench-deps accuracy accuracy-ratchet clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-19s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: PYTHON=$(PYTHON)  VENV=$(VENV)  PIP_ARGS=  (for example: make test PYTHON=python3.12)"

test: $(VENV)/.ready-test ## all tests and the examples in docstrings, one process per core; PYTEST_ARGS="-k normal"
	$(one_thread) $(python) -m pytest -n auto $(TESTS) $(PYTEST_ARGS)

test-quick: ## the tests that pre-commit runs before a push
	$(MAKE) test TESTS="$(quick)"

test-oldest: ## all tests with the oldest NumPy and SciPy allowed, in a separate environment; options as for test
	@test -n "$(oldest)" || { echo "no dependencies found in pyproject.toml"; exit 1; }
	$(MAKE) test VENV="$(VENV)-oldest" PIP_ARGS="$(PIP_ARGS) $(oldest)"

test-oldest-numeric: ## the subset of test-oldest that CI runs
	$(MAKE) test-oldest TESTS="$(numeric)"

coverage: $(VENV)/.ready-dev ## the tests again, with a table of the lines and branches they cover, and htmlcov/index.html
	$(one_thread) $(python) -m pytest -n auto $(TESTS) \
	  --cov --cov-report=term-missing:skip-covered --cov-report=html $(PYTEST_ARGS)

demo: $(VENV)/.ready-examples ## the demo; DEMO_ARGS="--quick --out DIR"
	$(python) -m examples.demo $(DEMO_ARGS)

lint: $(VENV)/.ready-dev ## ruff: rules and format
	$(python) -m ruff check .
	$(python) -m ruff format --check .

format: $(VENV)/.ready-dev ## let ruff fix what it can
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

types: $(VENV)/.ready-dev ## mypy on pdist and pdist_nn
	$(python) -m mypy

api: $(VENV)/.ready-test ## rewrite tests/data/api.txt, the reference of the test of public names
	$(python) -m tests.test_api

bench: $(VENV)/.ready-examples ## speed, against PyTorch and JAX if they are installed; BENCH_ARGS=
	$(python) -m benchmarks $(BENCH_ARGS)

bench-deps: $(VENV)/.ready-examples ## install PyTorch (large) and JAX for make bench
	$(python) -m pip install $(PIP_ARGS) torch jax optax numpyro

accuracy: $(VENV)/.ready-examples ## errors in ulps against 60-digit references; ACCURACY_ARGS="--dist Normal --worst 10"
	$(python) -m benchmarks.accuracy $(ACCURACY_ARGS)
	$(python) -m benchmarks.accuracy.incomplete

accuracy-ratchet: $(VENV)/.ready-test ## tighten tests/data/accuracy.txt, the recorded lower bounds of accuracy
	$(python) -m tests.distributions.test_accuracy_ratchet

clean: ## remove the environment and all files left by tools
	rm -rf .venv .venv-oldest build dist htmlcov .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find pdist pdist_nn tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# A link to a removed Python counts as absent here, so the environment is then recreated over the old one.
$(python):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("pdist needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ": make ... PYTHON=python3.12")'
	rm -f $(VENV)/bin/python*
	$(PYTHON) -m venv $(VENV)

# The stamp is written last, so that an interrupted installation is repeated, also if pip is still missing.
$(VENV)/.ready-%: pyproject.toml $(python)
	@$(python) -m pip --version >/dev/null 2>&1 || { test -e $(VENV)/pyvenv.cfg && $(PYTHON) -m venv --clear $(VENV); }
	$(python) -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable '.[$*]'
	@touch $@
