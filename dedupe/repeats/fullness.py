"""How full the copies of a passage are, from sums over the page."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.repeats.records import PageRepeats

OWN_BLOCK = 6.0  # units from which a block that only one copy has counts for its fullness


class Fullness:
    """How full copies are, told from sums over the page; what stands elsewhere too is no copy's own."""

    def __init__(self, twins: PageRepeats, scores: Sequence[float]) -> None:
        self._source = twins.source
        self._units: defaultdict[int, float] = defaultdict(float)  # of each block before it was split
        self._last: dict[int, int] = {}  # its last piece
        for piece, (source, units) in enumerate(zip(twins.source, twins.units, strict=True)):
            self._units[source] += units
            self._last[source] = piece
        self._first = {source: piece for piece, source in reversed(list(enumerate(twins.source)))}
        copied = {piece for run in twins.runs for piece in run.left_covered | run.right_covered}
        own = (
            units if units >= OWN_BLOCK and score >= 0.5 and piece not in copied else 0.0
            for piece, (units, score) in enumerate(zip(twins.units, scores, strict=True))
        )
        self._before = list(accumulate(own, initial=0.0))  # units of the copies' own among the first pieces

    def fullness(self, side: Sequence[int], other: Sequence[int]) -> float:
        """Units of a copy, with what stands inside it and only there; `other` is the other copy."""
        between = (
            self._between(start, end)
            for start, end in pairwise(side)
            if bisect_left(other, start) == bisect_left(other, end)  # no place of the other copy
        )
        return sum(self._units[source] for source in {self._source[piece] for piece in side}) + sum(between)

    def _between(self, start: int, end: int) -> float:
        """Units of the blocks of some length between those that hold two pieces."""
        low, high = self._last[self._source[start]] + 1, self._first[self._source[end]]
        return self._before[high] - self._before[low] if low < high else 0.0
