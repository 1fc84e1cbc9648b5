"""A bulk run beside an index: today's crawl against all earlier ones.

    seen = earlier(index, signed, found)       pages of earlier runs that today's kept pages are copies of
    found = with_earlier(found, names, seen)   … as verdicts, also for the copies of those pages
    remember(index, signed)                    when the run's outputs are in place

The pages of the run itself never count as earlier ones, so a run that is done again, or goes on after an
interruption between, says the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from .bulk_stages import Verdict
from .corpus import Signed, sign
from .index import Index, SeenResult
from .shingles import I64, entries

LOT = 500  # pages looked up together
COPIES = frozenset({"exact", "near", "contained"})  # a page that contains an earlier one has more to say


def index_keys(names: Sequence[str], urls: Iterable[str | None], root: str) -> tuple[str, ...]:
    """The keys by which an index knows the pages of a run: their URLs, each once, else their whole paths."""
    seen: set[str] = set()
    keys = []
    for name, url in zip(names, urls, strict=True):
        key = url if url and url not in seen else os.path.abspath(os.path.join(root, name))
        seen.add(key)
        keys.append(key)
    return tuple(keys)


def earlier(index: Index, signed: Signed, found: Mapping[int, Verdict]) -> dict[int, SeenResult]:
    """For the pages that a run keeps so far: of which page of an earlier run each is a copy, if of any.

    Args:
        index: what earlier runs have left.
        signed: all pages of the run, under their `index_keys`.
        found: the run's own verdicts, by the pages' numbers.
    """
    own = frozenset(signed.keys)
    nothing = Verdict()
    kept = [
        number
        for number in range(len(signed))
        if found.get(number, nothing).keeper is None and signed.units[number] > 0
    ]
    answers = {}
    for at in range(0, len(kept), LOT):
        lot = kept[at : at + LOT]
        for number, seen in zip(lot, index.query_signed(taken(signed, lot), own), strict=True):
            if seen.status in COPIES:
                answers[number] = seen
    return answers


def with_earlier(
    found: Mapping[int, Verdict], names: Sequence[str], seen: Mapping[int, SeenResult]
) -> dict[int, Verdict]:
    """A run's verdicts with what earlier runs say.

    A page that an earlier one is kept for is its duplicate; the run's own copies of that page are, too.
    """
    verdicts = dict(found)
    keepers = {names[number]: result for number, result in seen.items()}
    for number, verdict in found.items():
        if verdict.keeper in keepers:
            verdicts[number] = replace(verdict, keeper=keepers[verdict.keeper].key)
    for number, result in seen.items():
        verdicts[number] = replace(
            verdicts.get(number, Verdict()),
            cluster=found[number].cluster if number in found and found[number].cluster else result.key,
            keeper=result.key,
            relation=result.status if result.status != "new" else None,
            similarity=result.similarity,
            containment=result.containment,
        )
    return verdicts


def remember(index: Index, signed: Signed) -> None:
    """Put all pages of a run into the index, under their `index_keys`."""
    for lot in _lots(len(signed)):
        index.add_signed(taken(signed, lot))


def to_json(seen: Mapping[int, SeenResult]) -> bytes:
    """What `earlier` found as a work folder keeps it, so that a run that goes on says the same."""
    return json.dumps({number: result.to_dict() for number, result in seen.items()}).encode()


def from_json(data: bytes) -> dict[int, SeenResult]:
    return {int(number): SeenResult(**row) for number, row in json.loads(data).items()}


def taken(signed: Signed, numbers: Sequence[int]) -> Signed:
    """Some articles of a corpus, in this order, as a corpus of their own."""
    rows = np.array(numbers, np.int64)
    parts: dict[str, I64] = {}
    columns: dict[str, Any] = {}
    for of in ("sample", "sentence", "block"):
        at, bounds = entries(getattr(signed, f"{of}_at"), rows)
        parts[of], columns[f"{of}_at"] = at, bounds
    owner = {"samples": "sample", "sentences": "sentence", "lengths": "sentence"}
    for field in fields(Signed):
        value = getattr(signed, field.name)
        if isinstance(value, tuple):
            columns[field.name] = tuple(value[number] for number in numbers)
        elif field.name in owner:
            columns[field.name] = value[parts[owner[field.name]]]
        elif field.name.startswith("block") and field.name != "block_at":
            columns[field.name] = value[parts["block"]]
        elif field.name in ("digests", "units"):
            columns[field.name] = value[rows]
    place = np.full(len(signed), -1, np.int64)
    place[rows] = np.arange(len(rows))
    inside = np.flatnonzero(place[signed.banded] >= 0)
    inside = inside[np.argsort(place[signed.banded[inside]], kind="stable")]
    columns["bands"], columns["banded"] = signed.bands[inside], place[signed.banded[inside]]
    return replace(sign([]), **columns)


def _lots(count: int) -> Iterator[range]:
    return (range(at, min(at + LOT, count)) for at in range(0, count, LOT))
