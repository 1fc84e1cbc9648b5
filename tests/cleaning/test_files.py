"""Many files at once: in their order, and no file stops the others."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from conftest import ARTICLES, PATIENCE, ends

import dedupe
from dedupe.sources.limits import Limits


def _html(number: int) -> str:
    paragraphs = "".join(f"<p>{number}. {text}</p>" for text in ARTICLES["en"])
    return f"<html><body><nav><a href='/'>Home</a></nav><h1>No. {number}</h1>{paragraphs}</body></html>"


@pytest.fixture
def tree(tmp_path: Path) -> list[Path]:
    """Thirty page files."""
    paths = [tmp_path / f"{number:02}.html" for number in range(30)]
    for number, path in enumerate(paths):
        path.write_text(_html(number), "utf-8")
    return paths


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_come_in_the_order_of_the_files(tree: list[Path], jobs: int) -> None:
    paths = tree[::-1]
    with ends():
        outcomes = list(dedupe.clean_files(paths, jobs=jobs))
    assert [outcome.path for outcome in outcomes] == list(map(str, paths))
    assert [outcome.result for outcome in outcomes] == [dedupe.clean(path) for path in paths]
    assert not any(outcome.error for outcome in outcomes)


def test_a_bad_file_is_an_outcome_with_an_error(tree: list[Path]) -> None:
    tree[1].write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    tree[2].unlink()
    (tree[2].parent / "cut.html.gz").write_bytes(gzip.compress(_html(3).encode())[:-20])
    (tree[2].parent / "packed.html.gz").write_bytes(gzip.compress(_html(3).encode()))
    paths = [*tree[:4], *sorted(tree[2].parent.glob("*.gz")), tree[2].parent]
    with ends():
        outcomes = list(dedupe.clean_files(paths, jobs=2))
    assert [outcome.result is None for outcome in outcomes] == [False, True, True, False, True, False, True]
    for outcome in outcomes:
        assert (outcome.error is None) != (outcome.result is None)
        if outcome.error:
            assert isinstance(outcome.error, dedupe.InputError)
            assert str(outcome.error).startswith(f"{outcome.path}: ")
            assert outcome.error.source == outcome.path
    reasons = [str(outcome.error) for outcome in outcomes if outcome.error]
    for reason, word in zip(reasons[1:], ("no such file", "damaged", "not a regular file"), strict=True):
        assert word in reason


def test_a_page_beyond_the_limits_is_given_up_and_the_others_are_done(tree: list[Path]) -> None:
    cells = "".join(f"<p>word <b>{number}</b> tower</p>" for number in range(150_000))
    tree[3].write_text(f"<html><body>{cells}</body></html>", "utf-8")
    with ends():
        outcomes = list(dedupe.clean_files(tree[:12], jobs=2, limits=Limits(seconds=1)))
    assert [outcome.path for outcome in outcomes if outcome.error] == [str(tree[3])]
    assert "took longer than 1 s" in str(outcomes[3].error)


def test_options_count(tree: list[Path]) -> None:
    options = dedupe.Options(drop=frozenset({"headline"}))
    (outcome,) = dedupe.clean_files(tree[:1], options=options)
    assert outcome.result == dedupe.Cleaner(options).clean(tree[0]) != dedupe.clean(tree[0])


def test_files_without_end_are_taken_as_they_are_needed(tree: list[Path]) -> None:
    cells = "".join(f"<p>word <b>{number}</b> tower</p>" for number in range(20_000))
    tree[0].write_text(f"<html><body>{cells}</body></html>", "utf-8")  # the others wait for this one
    taken = 0

    def endless() -> Iterator[Path]:
        nonlocal taken
        yield tree[0]
        for taken in count(1):
            yield tree[1 + taken % (len(tree) - 1)]

    with ends():
        outcomes = dedupe.clean_files(endless(), jobs=2)
        first = [next(outcomes) for _ in range(20)]
        assert all(outcome.result for outcome in first)
        assert taken < 200
        outcomes.close()  # type: ignore[attr-defined]


def test_no_files_no_outcomes() -> None:
    assert list(dedupe.clean_files([])) == []


def test_wrong_numbers_of_jobs_are_refused_at_once() -> None:
    with pytest.raises(dedupe.OptionsError, match="at least 1, not 0"):
        dedupe.clean_files([], jobs=0)


def test_a_bad_lexicon_fails_the_call(tree: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "lexicons"
    folder.mkdir()
    (folder / "bad.toml").write_text("not = [toml", "utf-8")
    with ends(), pytest.raises(dedupe.LexiconError, match=r"bad\.toml"):
        list(dedupe.clean_files(tree, options=dedupe.Options(lexicons=folder)))


def test_a_script_without_a_guard_is_not_run_again_by_the_workers(tree: list[Path], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    root = str(Path(dedupe.__file__).parents[1])
    script.write_text(
        f"import sys\nsys.path.insert(0, {root!r})\nprint('started')\nimport dedupe\n"
        f"print(sum(bool(found.result) for found in dedupe.clean_files({list(map(str, tree))!r}, jobs=2)))\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout.split()) == (0, ["started", "30"]), done.stderr
