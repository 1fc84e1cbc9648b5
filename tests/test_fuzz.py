"""The fuzzer: inputs depend on their number alone, its checks tell faults, its command saves and replays."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import dedupe

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import fuzz  # noqa: E402
import fuzz_checks  # noqa: E402
import fuzz_inputs  # noqa: E402

PARAGRAPH = (
    "The ferry to the outer islands will stop running at the end of the month, the harbour board said."
)
OTHER = (
    "Bread costs twice as much since Friday, because flour must cross by rowing boat while winter storms "
    "last, bakers say."
)
PAGE = f"<h1>Ferry to stop</h1><p>{PARAGRAPH}</p><p>{OTHER}</p><p>{PARAGRAPH}</p>"


def kinds(result: dedupe.CleanResult) -> set[str]:
    return {fault.partition(":")[0] for fault in fuzz_checks.answer_faults(result)}


@pytest.fixture
def result() -> dedupe.CleanResult:
    return dedupe.clean(PAGE)


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_an_input_depends_on_its_number_alone(target: str) -> None:
    make = fuzz.TARGETS[target][0]
    assert repr(make(random.Random("input 3 4"))) == repr(make(random.Random("input 3 4")))
    assert len({repr(make(random.Random(f"input 3 {number}"))) for number in range(8)}) > 1


def test_a_right_answer_has_no_fault(result: dedupe.CleanResult) -> None:
    assert [removal.reason for removal in result.removals] == ["repeat"]
    assert list(fuzz_checks.faults(PAGE, "html", True)) == []


def test_repeats_that_name_nothing_or_something_else_are_told(result: dedupe.CleanResult) -> None:
    (removal,) = result.removals
    other = next(block for block in result.blocks if block.text == OTHER)
    assert kinds(replace(result, removals=(replace(removal, originals=()),))) == {"unnamed"}
    assert kinds(replace(result, removals=(replace(removal, originals=(removal.block,)),))) == {"unnamed"}
    assert kinds(replace(result, removals=(replace(removal, originals=(other,)),))) == {"misnamed"}
    gone = tuple(block for block in result.blocks if block.text != PARAGRAPH)
    assert kinds(replace(result, blocks=gone, removals=(replace(removal, originals=(other,)),))) == {
        "foreign"
    }


def test_passages_and_headlines_that_are_gone_are_told(result: dedupe.CleanResult) -> None:
    headline = next(block for block in result.blocks if block.text == "Ferry to stop")
    paragraph = next(block for block in result.blocks if block.text == PARAGRAPH)
    for block, kind in ((headline, "headline"), (paragraph, "gone")):
        sure = dedupe.Removal(replace(block, score=0.95), "boilerplate", "model", 0.05)
        rest = tuple(each for each in result.blocks if each != block)
        twice = (sure, replace(sure, block=replace(sure.block, number=90, score=0.2)))
        assert kinds(replace(result, blocks=rest, removals=twice)) == {kind}
    long = replace(paragraph, text=f"{PARAGRAPH} {PARAGRAPH}", score=0.95)
    named = dedupe.Removal(long, "share", "markup:share", 0.05)
    assert kinds(replace(result, blocks=(headline,), removals=(named,))) == {"class"}


def test_exceptions_and_hanging_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def raising(value: object, rng: random.Random, place: Path) -> Iterator[str]:
        raise dedupe.DedupeError("told") if value == "right" else KeyError("wrong")

    def hanging(value: object, rng: random.Random, place: Path) -> Iterator[str]:
        while True:
            pass

    before = signal.signal(signal.SIGALRM, fuzz._ring)
    try:
        monkeypatch.setitem(fuzz.TARGETS, "page", (fuzz_inputs.page, raising, 1))
        assert fuzz.told("page", "right", "1 1", tmp_path) == []
        assert fuzz.told("page", "x", "1 1", tmp_path) == ["raises: KeyError in the fuzzer: 'wrong'"]
        monkeypatch.setitem(fuzz.TARGETS, "page", (fuzz_inputs.page, hanging, 1))
        monkeypatch.setattr(fuzz, "PATIENCE", 1)
        assert fuzz.told("page", "x", "1 1", tmp_path) == ["hangs: more than 1 s"]
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_failing_input_is_made_short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def check(value: str, rng: random.Random, place: Path) -> Iterator[str]:
        if "<b>" in value and "<i>" in value:
            yield "odd: both"

    monkeypatch.setitem(fuzz.TARGETS, "page", (fuzz_inputs.page, check, 1))
    long = "<p>one<b>two<p>three" * 9 + "<i>four</i>" + "<p>five" * 9
    before = signal.signal(signal.SIGALRM, fuzz._ring)
    try:
        assert fuzz.shortened("page", long, "1 1", "odd", tmp_path) == "<b><i>"
    finally:
        signal.signal(signal.SIGALRM, before)


def test_command_counts_saves_and_replays(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "fuzz.py")]
    args = ["--seconds", "3", "--target", "signs", "records", "--out", str(tmp_path / "found")]
    done = subprocess.run([*command, *args], capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert " inputs: " in done.stdout, done.stderr
    saved = list((tmp_path / "found").glob("*.json")) if (tmp_path / "found").is_dir() else []
    assert (done.returncode == 1) == bool(saved)
    fuzz.tell(tmp_path, "kind", "kind: fault", "bytes", "1 1", b"<p>a", b"a")
    (file,) = tmp_path.glob("kind-*.json")
    assert json.loads(file.read_text("utf-8"))["short"] == {"bytes": "61"}
    again = subprocess.run([*command, "--replay", str(file)], capture_output=True, text=True, timeout=60)
    assert (again.returncode, again.stdout.count("all is well")) == (0, 2), again.stderr
