"""Compares the prepared pages of a run with each other: which are copies, what is a site's template.

The engine is `corpus`, `verify` and `clusters`. Its batches are signed in the workers and kept in the work
folder; here they are put together again, and what it finds becomes a verdict on each page.
"""

from __future__ import annotations

import json
import math
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import accumulate, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from . import corpus
from .bulk_stages import CleanedPage, Verdict, article_texts
from .clusters import Clustering, cluster
from .corpus import Prepared, Signed

if TYPE_CHECKING:
    from .bulk_store import Folder
    from .bulk_work import Shard

_STRINGS = ("keys", "sites", "dates")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing found, by the pages' numbers in path order.

    `names` are the pages' final paths, each once in the run; `found` has the pages of which something is
    to be said.
    """

    names: tuple[str, ...]
    found: Mapping[int, Verdict] = field(default_factory=dict)
    clusters: int = 0

    def paths(self, numbers: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.names[number] for number in numbers)

    def verdicts(self, numbers: Iterable[int]) -> tuple[Verdict, ...]:
        nothing = Verdict()
        return tuple(self.found.get(number, nothing) for number in numbers)


def compare(folder: Folder, shards: Sequence[Shard]) -> Comparison:
    """Find copies and templates among all pages of a run."""
    names = unique_names(shards)
    if not names:
        return Comparison(names)
    signed = replace(corpus.joined(_signed(folder, shards)), keys=names)
    found = cluster(signed, _Texts(folder, shards).fetch)
    verdicts = _verdicts(found, names)
    for number, places in template_places(signed, found.templates):
        verdicts[number] = replace(verdicts.get(number, Verdict()), template=places)
    return Comparison(names, verdicts, len(found.clusters))


def prepared(page: CleanedPage) -> Prepared:
    """A cleaned page as the engine takes it; without blocks if it failed."""
    return Prepared(page.path, tuple([row[1] for row in page.article]), page.site, page.date or "")


# ---------------------------------------------------------------- signatures


def sign(pages: Sequence[CleanedPage]) -> bytes:
    """The signatures of a batch of pages, as the work folder keeps them: a line of JSON, then the arrays.

    Their keys are the pages' URLs, "" for none: an index knows them by these.
    """
    found = corpus.sign([replace(prepared(page), key=page.url or "") for page in pages])
    columns = {item.name: getattr(found, item.name) for item in fields(Signed)}
    strings = {name: columns.pop(name) for name in _STRINGS}
    shapes = {name: (array.dtype.str, array.shape) for name, array in columns.items()}
    return b"".join([json.dumps([strings, shapes]).encode(), b"\n", *(a.tobytes() for a in columns.values())])


def signed(data: bytes) -> Signed:
    """Reads back what `sign` gave."""
    at = data.index(b"\n") + 1
    strings, shapes = json.loads(data[:at])
    values: dict[str, Any] = {name: tuple(map(sys.intern, found)) for name, found in strings.items()}
    for name, (kind, shape) in shapes.items():
        values[name] = np.frombuffer(data, kind, math.prod(shape), at).reshape(shape)
        at += values[name].nbytes
    return Signed(**values)


def _signed(folder: Folder, shards: Iterable[Shard]) -> Iterator[Signed]:
    for shard in shards:
        data = folder.read_part(shard.number, "signed")
        if data is not None:
            part = corpus.without_sites(signed(data))
            yield replace(part, keys=("",) * len(part))  # the paths are known already


def unique_names(shards: Iterable[Shard]) -> tuple[str, ...]:
    """The pages' paths; where records share an id, the later ones get a number behind it."""
    seen: set[str] = set()
    names = []
    for path in (path for shard in shards for path in shard.paths):
        name, number = path, 1
        while name in seen:
            number += 1
            name = f"{path}~{number}"
        seen.add(name)
        names.append(name)
    return tuple(names)


class _Texts:
    """The texts of pages by their numbers, read from the work folder when they are asked for."""

    def __init__(self, folder: Folder, shards: Sequence[Shard]) -> None:
        self._folder = folder
        self._shards = shards
        self._starts = [0, *accumulate(len(shard.paths) for shard in shards)]

    def fetch(self, numbers: Sequence[int]) -> list[tuple[str, ...]]:
        """The body blocks of some pages."""
        wanted: dict[int, list[int]] = defaultdict(list)
        for number in numbers:
            wanted[bisect_right(self._starts, number) - 1].append(number)
        texts: dict[int, tuple[str, ...]] = {}
        for at, found in wanted.items():
            shard, start = self._shards[at], self._starts[at]
            places = [number - start for number in found]
            frames = self._folder.read_frames(shard.number, shard.sizes, places)
            texts.update(zip(found, map(article_texts, frames), strict=True))
        return [texts[number] for number in numbers]


# ---------------------------------------------------------------- verdicts


def _verdicts(found: Clustering, names: Sequence[str]) -> dict[int, Verdict]:
    links = [*found.linked, *(link for group in found.clusters for link in group.copies)]
    named = {name for link in links for name in (link.a, link.b)}
    numbers = {name: number for number, name in enumerate(names) if name in named}
    verdicts: dict[int, Verdict] = {}
    for group in found.clusters:
        verdicts[numbers[group.kept]] = Verdict(cluster=group.kept)
        for link in group.copies:
            verdicts[numbers[link.a]] = Verdict(
                group.kept, group.kept, link.relation, link.similarity, link.containment
            )
    linked: dict[str, set[str]] = defaultdict(set)
    for link in found.linked:
        linked[link.a].add(link.b)
        linked[link.b].add(link.a)
    for name, others in linked.items():
        number = numbers[name]
        verdicts[number] = replace(verdicts.get(number, Verdict()), linked=tuple(sorted(others)))
    return verdicts


def template_places(
    signed: Signed, templates: Mapping[str, Collection[int]]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The pages that hold blocks of their site's template, and the places of these."""
    lost = np.flatnonzero(corpus.in_template(signed, templates))
    owners = np.searchsorted(signed.block_at, lost, side="right") - 1
    places = (lost - signed.block_at[owners]).tolist()
    for number, found in groupby(zip(owners.tolist(), places, strict=True), itemgetter(0)):
        yield number, tuple(place for _, place in found)
