"""Passages that stand again, in every way that was seen to go wrong: does each remain, once, in order?

    python benchmarks/copies.py [--seed N] [--rounds N] [--kind K …] [--language L …] [--show]
    python benchmarks/copies.py --page "KIND FORM LANGUAGE SEED.NUMBER"

The pages come from `twice/again.py`: every kind, as HTML and as a text dump, in ten languages. A page is
right when every passage of the article stands exactly once, in order. `--show` tells of each page that is
not right what is lost or doubled, and by which rule; `--page` writes one page to the standard output.

right     pages on which all is well
lost, doubled, order    pages that lack a passage, say one too often or cut off, have them in another order
unnamed   pages with a removal as a repeat that names no kept block
again     pages whose cleaned text, cleaned as a dump, has another repeat
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

from twice import again, score
from twice.language import all_languages
from twice.plant import Page

import dedupe

CLEANERS = {form: dedupe.Cleaner(dedupe.Options(input=form)) for form in ("html", "text")}
SHOWN = 90  # characters of a text that `--show` prints


class Faults(NamedTuple):
    """Units of the page that a text lacks, that it says too often, and whether the rest is in order."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    in_order: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a page: faults of its text, repeats that name nothing, repeats that are found again in
    the cleaned text."""

    page: Page
    faults: Faults
    unnamed: int
    again: int
    result: dedupe.CleanResult

    @property
    def right(self) -> bool:
        return not (self.faults.lost or self.faults.doubled) and self.faults.in_order


def main() -> None:
    """Print the table, and the pages that are not right if they are asked for."""
    args = _arguments()
    if args.page:
        print(again.page(args.page).content, end="")
        return
    verdicts = []
    for page in again.pages(args.rounds, args.seed, args.kind):
        if page.language in args.language:
            verdicts.append(judge(page))
            if args.show and not (verdicts[-1].right and not verdicts[-1].unnamed):
                print(*told(verdicts[-1]), "", sep="\n")
    print(*table(verdicts), sep="\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1, help="pages of each kind, form and language")
    parser.add_argument("--kind", nargs="+", choices=tuple(again.KINDS), default=tuple(again.KINDS))
    parser.add_argument("--language", nargs="+", choices=all_languages(), default=all_languages())
    parser.add_argument("--show", action="store_true", help="tell what is lost or doubled, and why")
    parser.add_argument("--page", help="write the page of this name")
    return parser.parse_args()


def faults(page: Page, text: str) -> Faults:
    """What is wrong with the text that is left of a page."""
    units = page.units
    found = [item for item in score.Matcher(page).find(text) if item.unit]
    have, must = Counter(item.unit for item in found if not item.cut), Counter(page.sequence)
    lost = tuple(unit for unit, n in must.items() if have[unit] < n and not units[unit].optional)
    most = {unit: max(must[unit], units[unit].optional) + units[unit].spare for unit in have}
    doubled = [unit for unit, n in have.items() if n > most[unit]] + [item.unit for item in found if item.cut]
    order, wanted = (
        _in_place(page, [item.unit for item in found if not item.cut]),
        _in_place(page, page.sequence),
    )
    return Faults(lost, tuple(doubled), bool(lost or doubled) or order == wanted)


def _in_place(page: Page, found: Sequence[str]) -> list[str]:
    """The units whose place matters, those that may stand again where they stand first."""
    spare = [unit for unit in dict.fromkeys(found) if page.units[unit].spare]
    first = {unit: found.index(unit) for unit in spare}
    return [
        unit
        for at, unit in enumerate(found)
        if not (page.units[unit].optional or page.units[unit].free) and first.get(unit, at) == at
    ]


def judge(page: Page) -> Verdict:
    """Clean a page and compare what is left with what must be."""
    result = CLEANERS[page.form].clean(page.content)
    nameless = sum(removal.reason == "repeat" and not removal.originals for removal in result.removals)
    second = CLEANERS["text"].clean(result.text)
    more = sum(removal.reason == "repeat" for removal in second.removals)
    return Verdict(page, faults(page, result.text), nameless, more, result)


def figures(rounds: int = 1, seed: int = 1) -> dict[str, float]:
    """Shares of the pages that are right, that lose nothing, and whose repeats all name a kept block."""
    verdicts = [judge(page) for page in again.pages(rounds, seed)]
    return {
        "right": sum(each.right for each in verdicts) / len(verdicts),
        "kept": sum(not each.faults.lost for each in verdicts) / len(verdicts),
        "named": sum(not each.unnamed for each in verdicts) / len(verdicts),
    }


# ---------------------------------------------------------------- telling


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """For each kind the pages and what is wrong with them, by form and language."""
    groups: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        page = verdict.page
        for name in ("all", page.form, f"language {page.language}", f"{page.kind} {page.form}"):
            groups[name].append(verdict)
    names = ("pages", "right", "lost", "doubled", "order", "unnamed", "again")
    yield f"{'':28}" + "".join(f"{name:>9}" for name in names) + "  not right in"
    last = ("all", "html", "text", *(name for name in groups if name.startswith("language ")))
    for name in (*(name for name in groups if name not in last), *last):
        yield _row(name, groups.get(name, []))


def _row(name: str, verdicts: Sequence[Verdict]) -> str:
    counts = (
        len(verdicts),
        sum(each.right for each in verdicts),
        sum(bool(each.faults.lost) for each in verdicts),
        sum(bool(each.faults.doubled) for each in verdicts),
        sum(not each.faults.in_order for each in verdicts),
        sum(bool(each.unnamed) for each in verdicts),
        sum(bool(each.again) for each in verdicts),
    )
    where = Counter(each.page.language for each in verdicts if not each.right)
    share = f"{counts[1] / max(1, counts[0]):8.1%}"
    places = " ".join(f"{language}:{count}" for language, count in where.items())
    return f"{name:28}{counts[0]:9} {share}" + "".join(f"{count:9}" for count in counts[2:]) + f"  {places}"


def told(verdict: Verdict) -> Iterator[str]:
    """What went wrong on a page: each lost or doubled text, where it is now and by which rule."""
    page, result = verdict.page, verdict.result
    yield f"== {page.id}"
    matcher = score.Matcher(page)
    for unit in verdict.faults.lost:
        yield f"lost     {page.units[unit].ok[0][:SHOWN]}"
        for removal in result.removals:
            if any(item.unit == unit for item in matcher.find(removal.block.text)):
                named = [block.number for block in removal.originals]
                yield (
                    f"         removed {removal.block.number} {removal.block.path}: {removal.reason} by "
                    f"{removal.rule} {removal.score} {named or ''} {removal.block.text[:40]!r}"
                )
    for unit in dict.fromkeys(verdict.faults.doubled):
        yield f"doubled  {page.units[unit].ok[0][:SHOWN]}"
        for block in result.blocks:
            if any(item.unit == unit for item in matcher.find(block.text)):
                yield f"         kept {block.number} {block.path}: {block.role} {block.rule} {block.score}"
    if not verdict.faults.in_order:
        yield "order    " + ", ".join(f"{block.number}:{block.text[:20]!r}" for block in result.blocks)
    for removal in result.removals:
        if removal.reason == "repeat" and not removal.originals:
            yield f"unnamed  {removal.block.number} by {removal.rule}: {removal.block.text[:SHOWN]}"


if __name__ == "__main__":
    main()
