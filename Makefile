# Everything sets itself up: a virtual environment in .venv, nothing else on the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check bench clean

help:
	@echo "make demo   clean a fixture page and show what was removed, and why"
	@echo "make test   run the whole test suite"
	@echo "make check  ruff and mypy --strict"
	@echo "make bench  quality on the development corpus and cost, measured"

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
	$(BIN)/python -m pytest -n auto

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/cost.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
