"""What README says is true: every command and block in it is run."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from bulk_pages import html
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SCORE = re.compile(r"\b[01]\.\d\d\b")


def section(title: str) -> str:
    """The text below a heading or a bold line, up to the next one."""
    found = re.search(rf"^(?:## {title}\n|\*\*{title}\*\*)(.*?)(?=^(?:## |\*\*)|\Z)", README, re.M | re.S)
    assert found is not None, title
    return found[1]


def commands(text: str) -> list[str]:
    """The lines of a section's indented blocks, without their comments."""
    lines = re.findall(r"^    (\S.*)$", text, re.M)
    return [re.sub(r"\s+# .*", "", line) for line in lines]


def shell(folder: Path, *lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run lines as a reader would type them; without a network, `curl` gives a page of the folder."""
    python = shutil.which("python", path=str(Path(sys.executable).parent)) or sys.executable
    start = [
        "set -e -o pipefail",
        f'dedupe() {{ "{python}" -m dedupe "$@"; }}; pip() {{ "{python}" -m pip "$@"; }}',
        "curl() { cat page.html; }",
    ]
    return subprocess.run(
        ["bash", "-c", "\n".join([*start, *lines])],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as README supposes it: a page, and two crawls."""
    for name, seeds in (("crawl", ("page", "one", "two")), ("today", ("one", "three"))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            (tmp_path / name / f"{seed}.html").write_text(html(seed), "utf-8")
    shutil.copy(tmp_path / "crawl" / "page.html", tmp_path)
    return tmp_path


# ---------------------------------------------------------------- the first screen


def shown() -> Iterator[tuple[str, list[str]]]:
    """Each command after a prompt, and the lines that README shows below it."""
    block = re.compile(r"^    \$ (.+)\n((?:(?:    .*)?\n)+?)(?=^    \$ |^[^ \n])", re.M)
    for command, printed in block.findall(README):
        yield command, [line[4:] for line in printed.rstrip("\n").split("\n")]


@pytest.mark.parametrize(("command", "lines"), list(shown()))
def test_readme_shows_what_the_command_prints(command: str, lines: list[str]) -> None:
    done = shell(ROOT, command)
    assert (done.returncode, done.stderr) == (0, "")
    printed = done.stdout.rstrip("\n").split("\n")
    assert [SCORE.sub("", line) for line in printed] == [SCORE.sub("", line) for line in lines]
    # the last digit may be another one on another processor
    scores = [[float(found) for line in text for found in SCORE.findall(line)] for text in (printed, lines)]
    assert scores[0] == pytest.approx(scores[1], abs=0.011)


def test_the_first_screen_shows_ten_lines_of_english_and_ten_of_chinese() -> None:
    (english, one), (chinese, two) = shown()
    assert README.index(chinese) < README.index("\n## ")
    for command, lines in ((english, one), (chinese, two)):
        assert len([line for line in lines if line.startswith(("+ ", "- "))]) == 10, command
    assert ("fixtures/en-" in english, "fixtures/zh-" in chinese) == (True, True)
    assert README.count("\n", 0, README.index("\n## ")) <= 45


# ---------------------------------------------------------------- installing


def test_the_first_way_to_install_works_from_a_checkout(tmp_path: Path) -> None:
    """The very line, but for what it would download: that is here already."""
    pytest.importorskip("hatchling", reason="needs the build backend, which has no network to come from")
    line = commands(section("Install"))[0]
    assert line == "pip install ."
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_TARGET": str(tmp_path),
    }
    checkout = tmp_path / "checkout"
    names = ("dedupe", "pyproject.toml", "README.md", "LICENSE")
    checkout.mkdir()
    for name in names:
        (checkout / name).symlink_to(ROOT / name)
    done = shell(checkout, line, **offline)
    assert done.returncode == 0, done.stderr
    (installed,) = tmp_path.glob("news_dedupe-*.dist-info")
    assert (installed / "licenses" / "LICENSE").read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")
    assert (tmp_path / "dedupe" / "py.typed").exists()
    assert "License-Expression: MIT\n" in (installed / "METADATA").read_text("utf-8")


def test_make_s_targets_are_there_and_the_demo_shows_a_page() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^    make (\w+)", README, re.M)
    assert set(targets) == {"demo", "test", "check", "bench"}
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)
    done = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if "dedupe " in line and "pip" not in line]
    ran = shell(ROOT, *(re.sub(r"\S*/dedupe", "dedupe", line) for line in lines))
    assert ran.returncode == 0, ran.stderr
    assert "kept 13 blocks" in ran.stdout


# ---------------------------------------------------------------- three uses


def test_the_commands_for_one_page(folder: Path) -> None:
    lines = commands(section("Clean a single file"))
    assert len(lines) >= 5
    for line in lines:
        done = shell(folder, line)
        assert (done.returncode, done.stderr) == (0, ""), line
        assert done.stdout or "-o" in line or "--html" in line
    assert (folder / "article.md").read_text("utf-8").startswith("# ")
    assert "<html" in (folder / "why.html").read_text("utf-8")


def test_the_commands_for_many_pages(folder: Path) -> None:
    lines = commands(section("Bulk dedupe over a directory"))
    assert {line.split()[1] for line in lines} == {"bulk", "restore"}
    for line in lines:
        done = shell(folder, line)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert (folder / "why.html").exists()
    assert (folder / "new" / "clean" / "three.html.txt").exists()
    assert (folder / "seen.db").exists()


def library_block() -> str:
    (block,) = re.findall(r"^```python\n(.*?)^```$", section("A library call from a scraper"), re.M | re.S)
    return str(block)


def test_the_library_block_runs(folder: Path) -> None:
    script = folder / "client.py"
    script.write_text(library_block(), "utf-8")
    done = shell(folder, f'"{sys.executable}" client.py')
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("crawl/") == 3
    assert "\nnew None 0.0\n" in done.stdout


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")
def test_the_library_block_is_well_typed(tmp_path: Path) -> None:
    (tmp_path / "client.py").write_text(library_block(), "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file", "", "client.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


# ---------------------------------------------------------------- what stands in the running text

NAMED = sorted(set(re.findall(r"`(?:[^`]*\")?(dedupe\.[\w.]+)", README)))
COMMANDS = sorted({" ".join(found.split()) for found in re.findall(r"`(dedupe [a-z][^`]*)`", README)})


@pytest.mark.parametrize("name", NAMED)
def test_names_in_the_text_are_there(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    if "contrib" in module:
        pytest.importorskip(module, exc_type=ImportError)
    assert hasattr(import_module(module), attribute), name


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_in_the_text_are_there(command: str) -> None:
    """Each with the options that it names."""
    from dedupe.cli.main import cli

    name, options = command.split()[1], re.findall(r"(?<!\S)--?[a-z][\w-]*", command)
    shown = CliRunner().invoke(cli, [name, "--help"], obj={"debug": False})
    assert shown.exit_code == 0, command
    assert all(re.search(rf"(?<!\S){option}\b", shown.output) for option in options), command


def test_files_in_the_text_are_there() -> None:
    named = re.findall(r"`((?:benchmarks|fixtures|dedupe|tests)/[\w./-]+|[A-Z]+\.md|LICENSE)`", README)
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "benchmarks/results/tables.md"} <= set(named)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_block_is_run_by_one_of_these_tests() -> None:
    sections = ("Install", "Clean a single file", "Bulk dedupe over a directory", "For developers")
    known = {line for title in sections for line in commands(section(title))}
    known |= {line.strip() for command, lines in shown() for line in (f"$ {command}", *lines)}
    text = README.replace(library_block(), "")
    assert [line for line in commands(text) if line not in known] == []
    assert len(re.findall(r"^```", README, re.M)) == 2
