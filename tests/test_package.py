"""The package as it is shipped: modules, licence, metadata, and what work on it needs."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import dedupe

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
#: What modules of optional parts cannot do without.
EXTRAS = {"dedupe.contrib.spark": ("pandas", "pyspark"), "dedupe.contrib.scrapy": ("scrapy",)}

MODULES = [found.name for found in pkgutil.walk_packages(dedupe.__path__, "dedupe.", onerror=lambda _: None)]


@pytest.mark.parametrize("name", sorted({*MODULES, "dedupe"} - {"dedupe.__main__"}))
def test_every_module_can_be_imported(name: str) -> None:
    """Where a module cannot be imported its doctests are skipped: here it fails, but for a missing extra."""
    for prefix, packages in EXTRAS.items():
        if name.startswith(prefix):
            for package in packages:
                pytest.importorskip(package)
    importlib.import_module(name)


def test_doctests_are_run_with_the_tests() -> None:
    options = PROJECT["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in options["addopts"].split()
    assert set(options["testpaths"]) == {"tests", "dedupe"}
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "--collect-only", "-q", "dedupe/__init__.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "dedupe/__init__.py: 1" in listed.stdout, listed.stdout + listed.stderr


def test_what_is_published_asks_for_no_tools_of_ours() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    assert set(extras) == {"parquet", "redis", "scrapy", "warc", "zstd", "spark", "all"}
    assert set(PROJECT["dependency-groups"]) == {"test", "check", "bench", "train"}


def test_the_licence_is_the_one_that_is_named() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    assert PROJECT["project"]["license-files"] == ["LICENSE"], "in what is built, too"
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert text.startswith("MIT License\n")
    assert re.search(r"^Copyright \(c\) \d{4} the dedupe authors$", text, re.M)


def test_the_changelog_tells_of_this_version() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert headings[0] == "Unreleased"
    assert PROJECT["project"]["version"] == dedupe.__version__ == headings[1].split()[0]


# ---------------------------------------------------------------- what work on it needs


def _recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, without $(BIN)/."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (found,) = re.findall(rf"^{target}:.*\n((?:\t.+\n)+)", makefile, re.M)
    return [line.strip().removeprefix("$(BIN)/") for line in found.splitlines()]


def test_the_hooks_run_what_make_check_runs() -> None:
    """Hooks of our own only, with the tools of .venv: they need no network."""
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert re.findall(r"repo: (.+)", text) == ["local"]
    entries = re.findall(r"entry: (.+)", text)
    commands = [entry.removeprefix(".venv/bin/") for entry in entries]
    assert commands == [command.removesuffix(" .") for command in _recipe("check")]
    assert all(entry.startswith(".venv/bin/") for entry in entries)


def test_contributing_names_the_commands_that_there_are() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)\b", text))
    assert targets >= {"demo", "test", "check", "bench", "clean"}
    assert all(_recipe(target) for target in targets)
    ran = re.findall(r"^(make \w+)$", (ROOT / ".ci" / "run").read_text("utf-8"), re.M)
    assert ran == ["make check", "make test"]
    for path in re.findall(r"`((?:benchmarks|tests|fixtures|dedupe)/[\w./-]*\w/?)`", text):
        assert (ROOT / path).exists(), path
    assert "ruff check, ruff format --check, mypy --strict" in text
    assert PROJECT["tool"]["mypy"]["strict"] is True


def test_tools_come_from_groups_that_there_are() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert set(re.findall(r"--group (\w+)", makefile)) == {"test", "check"}
    assert "pip>=25.1" in makefile, "older ones know no groups"
    extras = set(re.findall(r"'\.\[(\w+)\]'", makefile + (ROOT / ".ci" / "run").read_text("utf-8")))
    assert extras <= set(PROJECT["project"]["optional-dependencies"])


def test_the_algorithm_is_told_in_full() -> None:
    text = (ROOT / "docs" / "algorithm.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in (ROOT / "dedupe").rglob("*.py")]
    classes = {name for source in sources for name in re.findall(r"^class (\w+Rules)\b", source, re.M)}
    assert classes == set(re.findall(r"`(\w+Rules)`", text))
    fixtures = {path.name for path in (ROOT / "fixtures").iterdir() if path.is_dir()}
    assert set(re.findall(r"`((?:[a-z]{2}|zhant)-[a-z0-9-]+)`", text)) <= fixtures
