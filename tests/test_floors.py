"""Quality floors on the development corpus: measured figures, a little below, that may only rise."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import dedupe

SHARED = Path(__file__).resolve().parents[2] / "shared"
needs_corpus = pytest.mark.skipif(
    not (SHARED / "corpus").is_dir(), reason="needs the development corpus in ../shared"
)

#: Lines of the seed page in the plainest markups.
MARKUPS = ("<p>{}</p>", "<div>{}</div>", "<div><span>{}</span></div>", "{}<br>", "{}<br><br>")


def scorer(name: str) -> Any:
    folder = str(SHARED / "eval")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


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


@needs_corpus
def test_real_pages_that_hold_their_article_twice() -> None:
    score = scorer("score_twice")
    corpus = SHARED / "corpus" / "twice"
    cases = [score.json.loads(line) for line in (corpus / "cases.jsonl").read_text("utf-8").splitlines()]
    rows = score.run_pages(corpus, cases, lambda page, url: dedupe.clean(page, url=url).text)
    counts = {name: score.count_up([row for row in rows if name in row["sets"]]) for name in score.SETS}
    assert counts["body"]["clean"] >= 22
    assert counts["core"]["clean"] >= 30
    assert counts["short"]["clean"] >= 4
    assert score.count_up(rows)["crashed"] == 0
