# Everything sets itself up: a virtual environment in .venv, nothing else on the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGE := $(VENV)/.package
STAMP := $(VENV)/.installed
BENCH := .venv-bench
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test check fuzz bench clean

help:
	@echo "make demo   clean a fixture page and show what was removed, and why"
	@echo "make test   run the whole test suite"
	@echo "make check  ruff and mypy --strict"
	@echo "make fuzz   inputs that nobody wrote, for FUZZ_SECONDS seconds (60): no exception, nothing lost"
	@echo "make bench  quality and speed beside the peers, measured (QUICK=1: under three minutes)"

# The package and what it needs, nothing more.
$(PACKAGE): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) --editable .
	@touch $@

# All optional parts, and the tools of tests and checks; dependency groups need pip 25.1.
$(STAMP): $(PACKAGE)
	$(BIN)/python $(PIP_INSTALL) 'pip>=25.1'
	$(BIN)/python $(PIP_INSTALL) --editable '.[all]' --group test --group check
	@touch $@

demo: $(PACKAGE)
	@$(BIN)/dedupe explain --color never fixtures/zh-app-page-twice/page.txt
	@echo
	@echo "The clean copy (dedupe clean fixtures/zh-app-page-twice/page.txt):"
	@echo
	@$(BIN)/dedupe clean fixtures/zh-app-page-twice/page.txt

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: $(STAMP)
	$(BIN)/python benchmarks/fuzz.py --seconds $(or $(FUZZ_SECONDS),60) $(FUZZ)

# The peers bring versions of their own: they get an environment of their own, one after the other.
bench:
	test -d $(BENCH) || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python $(PIP_INSTALL) --upgrade pip
	$(BENCH)/bin/python $(PIP_INSTALL) --editable '.[all]'
	$(BENCH)/bin/python benchmarks/peers.py --install $(if $(QUICK),--without-text-dedup)
	$(BENCH)/bin/python benchmarks/bench.py $(if $(QUICK),--quick)

clean:
	rm -rf $(VENV) $(BENCH) .pytest_cache .mypy_cache .ruff_cache .hypothesis
