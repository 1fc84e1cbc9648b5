# Everything sets itself up: a virtual environment in .venv, nothing else on the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH := .venv-bench

.PHONY: help demo test check bench clean

help:
	@echo "make demo   clean a fixture page and show what was removed, and why"
	@echo "make test   run the whole test suite"
	@echo "make check  ruff and mypy --strict"
	@echo "make bench  quality and speed beside the peers, measured (QUICK=1: under three minutes)"

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,check]'
	@touch $@

demo: $(STAMP)
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

# The peers bring versions of their own: they get an environment of their own, one after the other.
bench:
	test -d $(BENCH) || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	$(BENCH)/bin/python benchmarks/peers.py --install $(if $(QUICK),--without-text-dedup)
	$(BENCH)/bin/python benchmarks/bench.py $(if $(QUICK),--quick)

clean:
	rm -rf $(VENV) $(BENCH) .pytest_cache .mypy_cache .ruff_cache .hypothesis
