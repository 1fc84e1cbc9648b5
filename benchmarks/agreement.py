"""Do a bulk run and an index say the same? Their links on generated pages, compared.

    python benchmarks/agreement.py across --count 1800 --seed 1
    python benchmarks/agreement.py forms --count 30
    python benchmarks/agreement.py docs.jsonl          records with "id" and "text", a line a block

A page is linked if it has a relative: in a bulk run another page of its cluster, or a page that holds it
among others; in an index, filled with all pages, the page that a query names.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twice import across, forms

from dedupe.bulk.seen_before import taken
from dedupe.corpus.clusters import cluster
from dedupe.corpus.records import Document
from dedupe.corpus.signatures import compute_signatures
from dedupe.index.index import open_index

LOT = 100  # pages added together


@dataclass(frozen=True, slots=True)
class Agreement:
    """`f1` of the pages that have a relative, those named by the index being relatives in the bulk run too;
    `least_near` is the lowest similarity that the index calls near."""

    pages: int
    f1: float
    only_index: int
    only_bulk: int
    least_near: float


def agreement(pages: Sequence[Document]) -> Agreement:
    """How far both agree on a collection of pages."""
    signed = compute_signatures(pages)
    relatives = _relatives(pages)
    with open_index("memory:") as index:
        lots = [taken(signed, range(at, min(at + LOT, len(pages)))) for at in range(0, len(pages), LOT)]
        for lot in lots:
            index.add_signed(lot)
        seen = [answer for lot in lots for answer in index.query_signed(lot)]
    named = {page.key: answer.key for page, answer in zip(pages, seen, strict=True) if answer.key}
    both = sum(key in relatives.get(page, ()) for page, key in named.items())
    near = [answer.similarity for answer in seen if "near" in (answer.status, answer.relation)]
    return Agreement(
        len(pages),
        2 * both / max(1, len(named) + len(relatives)),
        len(named.keys() - relatives.keys()),
        len(relatives.keys() - named.keys()),
        min(near, default=1.0),
    )


def _relatives(pages: Sequence[Document]) -> dict[str, set[str]]:
    found = cluster(compute_signatures(pages), lambda numbers: [pages[number].blocks for number in numbers])
    relatives: defaultdict[str, set[str]] = defaultdict(set)
    for each in found.clusters:
        members = {each.kept, *(link.a for link in each.copies)}
        for member in members:
            relatives[member] |= members - {member}
    for link in found.linked:
        relatives[link.a].add(link.b)
        relatives[link.b].add(link.a)
    return relatives


def main() -> None:
    """Print the figures of one collection."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", help="across, forms, or a file of records")
    parser.add_argument("--count", type=int, default=1800, help="stories, or reports of each form")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(agreement(_pages(args.what, args.count, args.seed)))


def _pages(what: str, count: int, seed: int) -> list[Document]:
    if what == "across":
        return [Document(each.id, each.lines, each.site) for each in across.collection(count, seed)]
    if what == "forms":
        every = [(language, form) for language in forms.languages() for form in forms.forms(language)]
        made = [report for each in every for report in forms.reports(*each, count, seed)]
        return [Document(each.id, each.blocks, "s.example") for each in made]
    records = map(json.loads, Path(what).read_text("utf-8").splitlines())
    return [Document(row["id"], tuple(filter(str.strip, row["text"].split("\n")))) for row in records]


if __name__ == "__main__":
    main()
