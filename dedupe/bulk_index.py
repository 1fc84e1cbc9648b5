"""A bulk run beside an index: today's crawl against all earlier ones.

`against` adds to a run's own verdicts what earlier runs say, `remember` puts the run's pages into the index
when its outputs are in place. Pages of the run itself never count as earlier ones, so a run that is done
again, or goes on after an interruption, says the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .bulk_compare import Comparison, signed
from .bulk_stages import Verdict
from .corpus import Signed, sign
from .index import Index, SeenResult, open_index
from .shingles import I64, entries

if TYPE_CHECKING:
    from .bulk_store import Folder
    from .bulk_work import Shard

LOT = 500  # pages looked up together
_ANSWERS = "index.json"  # in the work folder
COPIES = frozenset({"exact", "near", "contained"})  # a page that contains an earlier one has more to say


class RunPages(NamedTuple):
    """The pages of a run: where they are kept, their names in path order, the folder these start from."""

    folder: Folder
    shards: tuple[Shard, ...]
    names: tuple[str, ...]
    root: str

    def parts(self) -> Iterator[Signed]:
        """The run's signatures chunk by chunk, under their URLs."""
        for shard in self.shards:
            data = self.folder.read_part(shard.number, "signed")
            if data is not None:
                yield signed(data)


def against(url: str, pages: RunPages, found: Comparison) -> Comparison:
    """What a run found, and what the index at `url` knows from earlier runs.

    The answer is kept in the work folder: it must not change when the run goes on after an interruption.

    Raises:
        StoreError: the index cannot be opened or read.
    """
    place = os.path.join(pages.folder.work, _ANSWERS)
    if os.path.exists(place):
        seen = from_json(Path(place).read_bytes())
    else:
        with open_index(url) as index:
            keys = index_keys(pages.names, _urls(pages), pages.root)
            seen = earlier(index, pages.parts(), keys, found.found)
        pages.folder.put(place, [to_json(seen)], sync=True)
    return replace(found, found=with_earlier(found.found, pages.names, seen))


def remember(url: str, pages: RunPages) -> None:
    """Put all pages of a run into the index at `url`; those that are there already are seen again.

    Raises:
        StoreError: the index cannot be opened or written.
    """
    keys = index_keys(pages.names, _urls(pages), pages.root)
    with open_index(url) as index:
        for part in _keyed(pages.parts(), keys):
            for at in range(0, len(part), LOT):
                index.add_signed(taken(part, range(at, min(at + LOT, len(part)))))


def _urls(pages: RunPages) -> Iterator[str]:
    return (key for part in pages.parts() for key in part.keys)


def index_keys(
    names: Sequence[str], urls: Iterable[str | None], root: str, seen: set[str] | None = None
) -> tuple[str, ...]:
    """The keys by which an index knows the pages of a run: their URLs, each once, else their whole paths.

    Where a run comes in lots, `seen` holds the keys of those before, and takes these.
    """
    seen = set() if seen is None else seen
    keys = []
    for name, url in zip(names, urls, strict=True):
        key = url if url and url not in seen else os.path.abspath(os.path.join(root, name))
        seen.add(key)
        keys.append(key)
    return tuple(keys)


def _keyed(parts: Iterable[Signed], keys: Sequence[str]) -> Iterator[Signed]:
    at = 0
    for part in parts:
        yield replace(part, keys=tuple(keys[at : at + len(part)]))
        at += len(part)


def earlier(
    index: Index, parts: Iterable[Signed], keys: Sequence[str], found: Mapping[int, Verdict]
) -> dict[int, SeenResult]:
    """For the pages that a run keeps so far: of which page of an earlier run each is a copy, if of any.

    Args:
        index: what earlier runs have left.
        parts: the signatures of the run's pages, in their order.
        keys: their `index_keys`.
        found: the run's own verdicts, by the pages' numbers.
    """
    own, nothing, start = frozenset(keys), Verdict(), 0
    answers: dict[int, SeenResult] = {}
    for part in _keyed(parts, keys):
        kept = [at for at in range(len(part)) if found.get(start + at, nothing).keeper is None]
        for low in range(0, len(kept), LOT):
            lot = kept[low : low + LOT]
            for at, seen in zip(lot, index.query_signed(taken(part, lot), own), strict=True):
                if seen.relation in COPIES:
                    answers[start + at] = seen
        start += len(part)
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
            relation=result.relation,
            similarity=result.similarity,
            containment=result.containment,
        )
    return verdicts


def to_json(seen: Mapping[int, SeenResult]) -> bytes:
    """What `earlier` found as a work folder keeps it, so that a run that goes on says the same."""
    return json.dumps({number: result.to_dict() for number, result in seen.items()}).encode()


def from_json(data: bytes) -> dict[int, SeenResult]:
    return {int(number): SeenResult(**row) for number, row in json.loads(data).items()}


def taken(whole: Signed, numbers: Sequence[int]) -> Signed:
    """Some articles of a corpus, in this order, as a corpus of their own."""
    rows = np.array(numbers, np.int64)
    parts: dict[str, I64] = {}
    columns: dict[str, Any] = {}
    for of in ("sample", "sentence", "block"):
        at, bounds = entries(getattr(whole, f"{of}_at"), rows)
        parts[of], columns[f"{of}_at"] = at, bounds
    owner = {"samples": "sample", "sentences": "sentence", "lengths": "sentence"}
    for field in fields(Signed):
        value = getattr(whole, field.name)
        if isinstance(value, tuple):
            columns[field.name] = tuple(value[number] for number in numbers)
        elif field.name in owner:
            columns[field.name] = value[parts[owner[field.name]]]
        elif field.name.startswith("block") and field.name != "block_at":
            columns[field.name] = value[parts["block"]]
        elif field.name in ("digests", "units"):
            columns[field.name] = value[rows]
    place = np.full(len(whole), -1, np.int64)
    place[rows] = np.arange(len(rows))
    inside = np.flatnonzero(place[whole.banded] >= 0)
    inside = inside[np.argsort(place[whole.banded[inside]], kind="stable")]
    columns["bands"], columns["banded"] = whole.bands[inside], place[whole.banded[inside]]
    return replace(sign([]), **columns)
