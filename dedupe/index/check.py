"""Whether an index is whole: posts and counts compared with what the pages say they must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.errors import DedupeError
from dedupe.index.posts import removal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dedupe.index.stores import Store

_SHOWN = 10  # problems of each kind that are told


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether an index is whole; `problems` are lines to read. True if there are none."""

    pages: int
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems

    def __bool__(self) -> bool:
        return self.ok


def verified(store: Store) -> Verification:
    """Compare posts and counts with what the pages say they must be."""
    problems: list[str] = []
    own, every, counts = [], [], []
    pages = 0
    for lot in store.pages():
        pages += len(lot)
        for page in lot:
            try:
                change = removal(page)
            except DedupeError as error:
                problems.append(f"page {page.key!r} cannot be read: {error}")
                continue
            entries = np.array(change.old_posts, np.uint64) << np.uint64(32) | np.uint64(page.number)
            own.append(entries[0])
            every.append(entries)
            counts.append(np.array(change.old_places, np.uint64))
    posted = np.fromiter((post << 32 | number for post, number in store.posted()), np.uint64)
    lost = np.setdiff1d(np.array(own, np.uint64), posted)
    stray = np.setdiff1d(posted, _joined(every))
    problems += [f"page {int(entry) & 0xFFFFFFFF} is not found by its key" for entry in lost[:_SHOWN]]
    problems += [
        f"a post leads to page {int(entry) & 0xFFFFFFFF}, which does not have it" for entry in stray[:_SHOWN]
    ]
    problems += _wrong_counts(_joined(counts), dict(store.counted()))
    return Verification(pages, tuple(problems))


def _joined(arrays: Sequence[Any]) -> Any:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.uint64)


def _wrong_counts(expected: Any, stored: Mapping[int, int]) -> list[str]:
    places, counts = np.unique(expected, return_counts=True)
    wanted = dict(zip(places.tolist(), counts.tolist(), strict=True))
    wrong = [place for place in wanted.keys() | stored.keys() if wanted.get(place, 0) != stored.get(place, 0)]
    return [f"{len(wrong)} passages are counted wrongly"] if wrong else []
