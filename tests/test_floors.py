"""Quality floors: the figures of benchmarks/floors.json are reached, and they may only rise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import dedupe

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import floors
import quality

SHARED = Path(__file__).resolve().parents[2] / "shared"
needs_corpus = pytest.mark.skipif(
    not (SHARED / "corpus").is_dir(), reason="needs the development corpus in ../shared"
)

#: Lines of the seed page in the plainest markups.
MARKUPS = ("<p>{}</p>", "<div>{}</div>", "<div><span>{}</span></div>", "{}<br>", "{}<br><br>")


@needs_corpus
def test_seed_page_is_exact() -> None:
    page = next((SHARED / "seed").glob("000_*.txt"))
    result = dedupe.clean(page)
    assert result.text == (SHARED / "seed" / "expected.txt").read_text(encoding="utf-8")
    assert len(result.removals) == 26
    assert sum(removal.reason == "repeat" for removal in result.removals) == 16


@needs_corpus
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("markup", MARKUPS)
def test_seed_page_as_html(markup: str, declared: bool, encoding: str) -> None:
    page = next((SHARED / "seed").glob("000_*.txt")).read_text(encoding="utf-8")
    lines = [line.strip() for line in page.split("\n") if line.strip()]
    head = f'<meta charset="{encoding}">' if declared else ""
    body = "\n".join(markup.format(line) for line in lines)
    result = dedupe.clean(f"<html><head>{head}</head><body><div>{body}</div></body></html>".encode(encoding))
    assert result.text == (SHARED / "seed" / "expected.txt").read_text(encoding="utf-8")


# ---------------------------------------------------------------- figures of benchmarks/floors.json


@pytest.mark.parametrize("suite", floors.HELD)
def test_no_figure_is_below_its_floor(suite: str) -> None:
    if quality.needs_shared(suite) and not (SHARED / "corpus").is_dir():
        pytest.skip("needs the development corpus in ../shared")
    held = floors.read()[suite]
    assert set(held) == set(floors.HELD[suite])
    assert floors.below(held, floors.measure(suite, SHARED)) == []


def test_a_fallen_figure_is_told() -> None:
    told = floors.below({"f1": 0.9, "recall": 0.8}, {"f1": 0.899, "recall": 0.8})
    assert told == ["f1 0.899 is below its floor of 0.9"]


def test_floors_rise_and_never_fall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "floors.json"
    (tmp_path / "corpus").mkdir()
    monkeypatch.setattr(floors, "FILE", file)
    monkeypatch.setattr(floors, "HELD", {"one": ("f1", "recall")})
    figures = iter(({"f1": 0.5, "recall": 0.7}, {"f1": 0.6, "recall": 0.7}, {"f1": 0.9, "recall": 0.6}))
    monkeypatch.setattr(floors, "measure", lambda suite, shared: next(figures))
    assert [floors.raise_floors(tmp_path) for _ in range(3)] == [0, 0, 1]
    assert floors.read() == {"one": {"f1": 0.6, "recall": 0.7}}


def test_floors_need_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "FILE", tmp_path / "floors.json")
    assert floors.raise_floors(tmp_path) == 1
    assert floors.read() == {}
