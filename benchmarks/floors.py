"""Quality floors: what this cleaner reaches on the development corpus, which may only rise.

`floors.json` holds for each suite the figures that must be reached; all of them are better when higher. The
test suite measures them where the corpus is there; `python benchmarks/bench.py --floors` raises them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import copies
import peers
import quality

FILE = Path(__file__).resolve().with_name("floors.json")
#: Pages in a suite are one in so many: the whole check is to take less than a minute of one core.
STEPS = {
    "article-twice": 4,
    "twice": 1,
    "extraction": 1,
    "dumps": 1,
    "intra": 3,
    "sites": 4,
    "across": 4,
    "cross": 1,
    "crosspage": 1,
}
#: The figures that are held, and for those that count faults the size they are taken from.
HELD = {
    "article-twice": ("perfect", "precision", "recall", "provenance"),
    "copies": ("right", "kept", "named"),
    "twice": ("body_clean", "core_clean", "short_clean", "dumps_clean", "single"),
    "extraction": ("f1", "page_f1", "p", "r"),
    "dumps": ("f1_once", "f1_twice", "right_once", "right_twice"),
    "intra": ("perfect", "precision", "recall", "kept"),
    "sites": ("f1", "gone"),
    "across": ("f1", "precision", "recall"),
    "cross": ("f1", "precision", "recall"),
    "crosspage": ("f1", "precision", "recall"),
}

Floors = dict[str, dict[str, float]]


def read() -> Floors:
    """The floors as they stand."""
    floors: Floors = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    return floors


def measure(suite: str, shared: Path) -> dict[str, float]:
    """The held figures of a suite as they are now, rounded down to three places.

    Raises:
        RuntimeError: the cleaner failed on a page.
    """
    figures = copies.figures() if suite == "copies" else _quality(suite, shared)
    return {name: math.floor(figures[name] * 1000) / 1000 for name in HELD[suite]}


def _quality(suite: str, shared: Path) -> dict[str, Any]:
    cleaner = peers.load_cleaner("dedupe") if suite in quality.CLEANING else None
    find = peers.load_finder("dedupe") if suite in quality.FINDING else None
    figures = quality.run(suite, quality.Job(cleaner, find, shared, STEPS[suite]))
    if figures["failures"]:
        raise RuntimeError(f"{suite}: failed on pages: {figures['failures']}")
    return figures


def below(floors: Mapping[str, float], figures: Mapping[str, Any]) -> list[str]:
    """What does not reach its floor, each in words."""
    return [
        f"{name} {figures[name]} is below its floor of {floor}"
        for name, floor in floors.items()
        if figures[name] < floor
    ]


def raised(floors: Floors, figures: Floors) -> Floors:
    """The higher of both everywhere."""
    return {
        suite: {name: max(value, floors.get(suite, {}).get(name, value)) for name, value in row.items()}
        for suite, row in figures.items()
    }


def raise_floors(shared: Path) -> int:
    """Measure everything and raise what is higher now; 1, and nothing written, if a figure has fallen."""
    if not (shared / "corpus").is_dir():
        print(f"{shared} is not there: the floors are those of the development corpus")
        return 1
    floors = read()
    figures = {suite: measure(suite, shared) for suite in HELD}
    faults = [
        f"{suite}: {fault}" for suite in figures for fault in below(floors.get(suite, {}), figures[suite])
    ]
    if faults:
        print("Floors are not lowered:", *faults, sep="\n  ")
        return 1
    FILE.write_text(json.dumps(raised(floors, figures), indent=1) + "\n", "utf-8")
    print(json.dumps(figures, indent=1))
    return 0
