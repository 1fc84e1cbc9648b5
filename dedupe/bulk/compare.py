"""Compares the prepared pages of a run with each other: which are copies, what is a site's template.

The engine is `corpus`, `verify` and `clusters`. Its batches are signed in the workers and kept in the work
folder; here they are put together again, and what it finds becomes a verdict on each page.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from itertools import chain, groupby, islice, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.bulk.records import CleanedPage, PageDecision, article_texts
from dedupe.bulk.tasks import unique_names
from dedupe.corpus import records as records_
from dedupe.corpus import signatures as corpus
from dedupe.corpus.clusters import cluster
from dedupe.corpus.evidence import Evidence, PairBatch, joined_evidence
from dedupe.corpus.graph import Clustering, left
from dedupe.corpus.records import Document, Signatures
from dedupe.corpus.templates import template_places
from dedupe.corpus.verify import batch_by_words
from dedupe.text.ragged import offsets

if TYPE_CHECKING:
    from dedupe.bulk.folder import Folder
    from dedupe.bulk.tasks import Shard


_STRINGS = ("keys", "sites", "dates")
_LOT_BYTES = 4 << 20  # kept pages that a worker compares at once

#: A page in the work folder: its shard, where it begins there, its size, the places of blocks to leave out.
KeptPage = tuple[int, int, int, tuple[int, ...]]

#: Has tasks worked off, in any order: each with its result, None where that failed.
WorkOff = Callable[[Iterable["PairBatchTask"]], Iterable[tuple["PairBatchTask", Evidence | None]]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing found, by the pages' numbers in path order.

    `names` are the pages' final paths, each once in the run; `found` has the pages of which something is
    to be said.
    """

    names: tuple[str, ...]
    found: Mapping[int, PageDecision] = field(default_factory=dict)
    clusters: int = 0

    def paths(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.names[number] for number in numbers)

    def verdicts(self, numbers: Iterable[int]) -> tuple[PageDecision, ...]:
        nothing = PageDecision()
        return tuple(self.found.get(number, nothing) for number in numbers)


def compare(folder: Folder, shards: Sequence[Shard], run: WorkOff) -> Comparison:
    """Find copies and templates among all pages of a run; `run` has lots of pairs compared by workers."""
    names = unique_names(shards)
    if not names:
        return Comparison(names)
    signed = replace(records_.joined(_signed(folder, shards)), keys=names)
    found = cluster(signed, _Texts(folder, shards, run))
    verdicts = _verdicts(found, names)
    for number, places in template_places(signed, found.templates, found.spared):
        verdicts[number] = replace(verdicts.get(number, PageDecision()), template=places)
    return Comparison(names, verdicts, len(found.clusters))


def prepared(page: CleanedPage) -> Document:
    """A cleaned page as the engine takes it; without blocks if it failed."""
    return Document(page.path, tuple([block.text for block in page.article]), page.site, page.date or "")


# ---------------------------------------------------------------- signatures


def compute_signatures(pages: Sequence[CleanedPage]) -> bytes:
    """The signatures of a batch of pages, as the work folder keeps them: a line of JSON, then the arrays.

    Their keys are the pages' URLs, "" for none: an index knows them by these.
    """
    found = corpus.compute_signatures([replace(prepared(page), key=page.url or "") for page in pages])
    columns = {item.name: getattr(found, item.name) for item in fields(Signatures) if item.name != "codes"}
    columns["codes"] = np.frombuffer(b"".join(found.codes), np.uint8)
    columns["code_sizes"] = np.array([len(codes) for codes in found.codes], np.int64)
    strings = {name: columns.pop(name) for name in _STRINGS}
    shapes = {name: (array.dtype.str, array.shape) for name, array in columns.items()}
    return b"".join([json.dumps([strings, shapes]).encode(), b"\n", *(a.tobytes() for a in columns.values())])


def signed(data: bytes) -> Signatures:
    """Reads back what `compute_signatures` gave."""
    at = data.index(b"\n") + 1
    strings, shapes = json.loads(data[:at])
    values: dict[str, Any] = {name: tuple(map(sys.intern, found)) for name, found in strings.items()}
    for name, (kind, shape) in shapes.items():
        values[name] = np.frombuffer(data, kind, math.prod(shape), at).reshape(shape)
        at += values[name].nbytes
    codes, bounds = values["codes"].tobytes(), offsets(values.pop("code_sizes")).tolist()
    values["codes"] = tuple([codes[low:high] for low, high in pairwise(bounds)])
    return Signatures(**values)


def _signed(folder: Folder, shards: Iterable[Shard]) -> Iterator[Signatures]:
    for shard in shards:
        data = folder.read_part(shard.number, "signed")
        if data is not None:
            part = corpus.without_codes(corpus.without_sites(signed(data)))
            yield replace(part, keys=("",) * len(part))  # the paths are known already


@dataclass(frozen=True, slots=True)
class PairBatchTask:
    """Pairs to compare by their words, as places in `pages`."""

    number: int
    lot: PairBatch
    pages: tuple[KeptPage, ...]

    def evidence(self, folder: Folder) -> Evidence:
        """What the pairs share."""
        texts = _texts(folder, self.pages)
        return batch_by_words(self.lot, lambda numbers: [texts[number] for number in numbers])


def _texts(folder: Folder, pages: Iterable[KeptPage]) -> list[list[str]]:
    """The body blocks of pages."""
    found = []
    for shard, group in groupby(pages, key=itemgetter(0)):
        rows = [*group]
        frames = folder.read_frames(shard, [(start, size) for _, start, size, _ in rows])
        found += [left(article_texts(frame), row[3]) for frame, row in zip(frames, rows, strict=True)]
    return found


class _Texts:
    """The texts of pages by their numbers, for `cluster`: they are only read where pairs are compared."""

    def __init__(self, folder: Folder, shards: Sequence[Shard], run: WorkOff) -> None:
        self._folder = folder
        self._run = run
        self._lost: Callable[[int], Sequence[int]] = lambda number: ()
        counts = [len(shard.sizes) for shard in shards]
        self._shards = np.repeat(np.array([shard.number for shard in shards], np.int32), counts)
        self._sizes = np.fromiter(chain.from_iterable(shard.sizes for shard in shards), np.int64)
        borders = offsets(self._sizes)
        self._starts = borders[:-1] - np.repeat(borders[offsets(counts)[:-1]], counts)

    def __call__(self, numbers: Sequence[int]) -> list[list[str]]:
        """The body blocks of some pages."""
        return _texts(self._folder, map(self._page, numbers))

    def without(self, lost: Callable[[int], Sequence[int]]) -> _Texts:
        other = copy(self)
        other._lost = lost
        return other

    def compared(self, lots: Sequence[PairBatch]) -> list[Evidence]:
        """The evidence of each lot; what workers cannot do, for want of memory or time, is done here."""
        parts = [self._parts(lot) for lot in lots]
        tasks = (self._task(number, lot) for number, lot in enumerate(chain.from_iterable(parts)))
        found: dict[int, Evidence] = {}
        for task, evidence in self._run(tasks):
            found[task.number] = task.evidence(self._folder) if evidence is None else evidence
        in_order = map(found.__getitem__, range(len(found)))
        return [joined_evidence([*islice(in_order, len(of_lot))]) for of_lot in parts]

    def _parts(self, lot: PairBatch) -> list[PairBatch]:
        """The lot in parts whose pages are about `_LOT_BYTES` together."""
        sizes = self._sizes[lot[0]] + self._sizes[lot[1]]
        cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // _LOT_BYTES)) + 1
        one, two, apart = lot
        sides = (np.split(one, cuts), np.split(two, cuts), np.split(apart, cuts))
        return [*zip(*sides, strict=True)]

    def _task(self, number: int, lot: PairBatch) -> PairBatchTask:
        one, two, apart = lot
        numbers, which = np.unique(np.concatenate([one, two]), return_inverse=True)
        pages = tuple(self._page(page) for page in numbers.tolist())
        return PairBatchTask(number, (which[: len(one)], which[len(one) :], apart), pages)

    def _page(self, number: int) -> KeptPage:
        shard, start, size = (int(column[number]) for column in (self._shards, self._starts, self._sizes))
        return shard, start, size, tuple(self._lost(number))


# ---------------------------------------------------------------- verdicts


def _verdicts(found: Clustering, names: Sequence[str]) -> dict[int, PageDecision]:
    links = [*found.linked, *(link for group in found.clusters for link in group.copies)]
    named = {name for link in links for name in (link.a, link.b)}
    numbers = {name: number for number, name in enumerate(names) if name in named}
    verdicts: dict[int, PageDecision] = {}
    for group in found.clusters:
        verdicts[numbers[group.kept]] = PageDecision(cluster=group.kept)
        for link in group.copies:
            keeper = None if link.relation == "contains" else link.b
            verdicts[numbers[link.a]] = PageDecision(
                group.kept, keeper, link.relation, link.similarity, link.containment
            )
    linked: dict[str, set[str]] = defaultdict(set)
    for link in found.linked:
        linked[link.a].add(link.b)
        linked[link.b].add(link.a)
    for name, others in linked.items():
        number = numbers[name]
        verdicts[number] = replace(verdicts.get(number, PageDecision()), linked=tuple(sorted(others)))
    return verdicts
