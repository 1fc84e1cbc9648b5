"""Dumps in every order of their parts, with one to five copies of the article: do the same blocks come out?

    python benchmarks/orders.py [--orders 60] [--show] [NAME …]

The parts of a dump are its article, as often as there are to be copies, its headline alone where it stands
so, and the groups of chrome lines around them. The dumps are the text fixtures that hold an article and
chrome, and the seed page where `../shared` is. A result is right when it is the expected text; `--show` tells
of each other one the order (A article, H headline, 0, 1 … chrome) and what is lost or too much.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import dedupe

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT.parent / "shared" / "seed"
NAMES = (
    "seed",
    "zh-app-page-twice",
    "zh-two-scrapes-lines",
    "ko-app-dump",
    "pt-duas-capturas",
    "es-bloque-unico",
)
COPIES = (1, 2, 3, 4, 5)
CLEANER = dedupe.Cleaner(dedupe.Options(input="text"))


@dataclass(frozen=True, slots=True)
class Dump:
    """A dump's article as its blocks, whether its headline stands alone too, its chrome in groups of lines.

    The `optional` lines of chrome may stay: people differ about them.
    """

    name: str
    article: tuple[str, ...]
    optional: frozenset[str]
    has_stray: bool
    chrome: tuple[tuple[str, ...], ...]
    gap: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order: blocks that are lost, that stand too often, and lines of chrome that stay."""

    order: tuple[str, ...]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    chrome: tuple[str, ...]
    in_order: bool
    result: dedupe.CleanResult

    @property
    def right(self) -> bool:
        return self.in_order and not (self.lost or self.doubled or self.chrome)


def dump(name: str) -> Dump:
    """The parts of a fixture, or of the seed page."""
    folder = SEED if name == "seed" else ROOT / "fixtures" / name
    page = next(folder.glob("000_*.txt" if name == "seed" else "page.txt")).read_text("utf-8")
    article = tuple((folder / "expected.txt").read_text("utf-8").removesuffix("\n").split("\n\n"))
    lines = [line.strip() for line in page.split("\n") if line.strip()]
    body = set(article)
    runs = [(said, list(group)) for said, group in itertools.groupby(lines, key=lambda line: line in body)]
    chrome = tuple(tuple(run) for said, run in runs if not said and len("".join(run)) < 300)
    has_stray = any(run == [article[0]] for said, run in runs if said)
    removed = json.loads((folder / "removals.json").read_text("utf-8"))
    items = removed["removed"] if isinstance(removed, dict) else []
    optional = frozenset(item["text"] for item in items if item.get("optional"))
    return Dump(name, article, optional, has_stray, chrome, "\n\n" if "\n\n" in page else "\n")


def is_there(name: str) -> bool:
    return name != "seed" or SEED.is_dir()


def orders(parts: Dump, copies: int, most: int) -> Iterator[tuple[str, ...]]:
    """Orders of the parts by their names, all of them or `most` drawn at random, the same each time."""
    names = ["A"] * copies + ["H"] * parts.has_stray + [str(at) for at in range(len(parts.chrome))]
    if math.factorial(len(names)) // math.factorial(copies) <= most:
        yield from dict.fromkeys(itertools.permutations(names))
        return
    rng = random.Random(f"orders {parts.name} {copies}")
    for _ in range(most):
        rng.shuffle(names)
        yield tuple(names)


def outcome(parts: Dump, order: Sequence[str]) -> Outcome:
    """Clean the dump in this order."""
    lines: list[str] = []
    for name in order:
        lines += (
            parts.article if name == "A" else parts.article[:1] if name == "H" else parts.chrome[int(name)]
        )
    result = CLEANER.clean(parts.gap.join(lines))
    kept = [block.text.removeprefix("- ") for block in result.blocks]
    count = Counter(kept)
    return Outcome(
        tuple(order),
        tuple(block for block in parts.article if not count[block]),
        tuple(block for block in parts.article if count[block] > 1),
        tuple(block for block in count if block not in parts.article and block not in parts.optional),
        [block for block in kept if block in parts.article] == list(parts.article),
        result,
    )


def outcomes(name: str, copies: int, most: int) -> list[Outcome]:
    parts = dump(name)
    return [outcome(parts, order) for order in orders(parts, copies, most)]


def main() -> None:
    """Print how many orders of each dump are right, by the number of copies."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=[name for name in NAMES if is_there(name)])
    parser.add_argument("--orders", type=int, default=60, help="orders of each dump and number of copies")
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args()
    print(
        f"{'dump':24}{'copies':>7}{'orders':>8}{'right':>8}{'lost':>6}{'doubled':>9}{'chrome':>8}{'order':>7}"
    )
    for name, copies in itertools.product(args.names, COPIES):
        found = outcomes(name, copies, args.orders)
        counts = (
            sum(each.right for each in found),
            sum(bool(each.lost) for each in found),
            sum(bool(each.doubled) for each in found),
            sum(bool(each.chrome) for each in found),
            sum(not each.in_order for each in found),
        )
        print(
            f"{name:24}{copies:7}{len(found):8}{counts[0]:8}{counts[1]:6}{counts[2]:9}{counts[3]:8}{counts[4]:7}"
        )
        if args.show:
            print(*(line for each in found if not each.right for line in told(each)), sep="\n")


def told(found: Outcome) -> Iterator[str]:
    """What is wrong with an order, and by which rules."""
    yield f"  {' '.join(found.order)}"
    for what, texts in (("lost", found.lost), ("doubled", found.doubled), ("chrome", found.chrome)):
        for text in texts:
            rules = [
                f"{each.block.path} {each.reason} by {each.rule} {each.score}"
                for each in found.result.removals
                if each.block.text.removeprefix("- ") == text
            ]
            yield f"    {what:8} {text[:50]!r} {'; '.join(rules)}"


if __name__ == "__main__":
    main()
