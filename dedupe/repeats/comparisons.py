"""Blocks compared word by word: what two of them have in common, in order, although one was rewritten."""

from __future__ import annotations

import difflib
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from dedupe.repeats.records import ExactMatch
from dedupe.repeats.thresholds import MATCHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.repeats.tokens import TokenStream

ENCOUNTERS = 1_000_000  # pairs of equal words up to which two blocks are compared: no prose has more
#: Words, and pairs of equal words, that all comparisons of a page may meet: half a second's work, and 30
#: times what the most laborious of 3,000 real pages needs.
WORK = 5_000_000


class Comparisons:
    """Compares the blocks of one page, as long as the work that a page may cause lasts.

    `bounded` says that two blocks were not compared for want of it.
    """

    def __init__(self, stream: TokenStream, work: int = WORK) -> None:
        self._stream = stream
        self._left = work
        self.bounded = False

    def matches(self, one: int, two: int) -> list[ExactMatch]:
        """The words that two blocks have in common, in order; empty where they are too few, numbers
        differ, or there is no work left to compare them."""
        try:
            return self._matches(one, two)
        except _SpentError:
            self.bounded = True
            return []

    def _matches(self, one: int, two: int) -> list[ExactMatch]:
        stream = self._stream
        words, others = stream.block_words[one], stream.block_words[two]
        self.spend(len(words) + len(others))
        if len(words) * len(others) > ENCOUNTERS and _encounters(words, others) > ENCOUNTERS:
            raise _SpentError
        matcher = _Matcher(words, others, self)
        share = MATCHING.rewritten_share
        if matcher.quick_ratio() < share or matcher.ratio() < share:
            return []
        if sorted(stream.numeric.intersection(words)) != sorted(stream.numeric.intersection(others)):
            return []
        left, right = stream.block_starts[one], stream.block_starts[two]
        return [ExactMatch(left + a, right + b, size) for a, b, size in matcher.get_matching_blocks() if size]

    def spend(self, work: int) -> None:
        """Take some of the work that is left; when there is none any more, nothing is compared further."""
        self._left -= work
        if self._left < 0:
            self._left = 0
            raise _SpentError


class _SpentError(Exception):
    """There is not enough work left."""


class _Matcher(difflib.SequenceMatcher[int]):
    """A matcher whose every search for a longest match is paid for: in the worst case there is one a word."""

    def __init__(self, words: Sequence[int], others: Sequence[int], comparisons: Comparisons) -> None:
        super().__init__(None, words, others, autojunk=False)
        self._comparisons = comparisons
        places = Counter(others)
        self._met = list(accumulate((places[word] for word in words), initial=0))

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        self._comparisons.spend(1 + self._met[-1 if ahi is None else ahi] - self._met[alo])
        return super().find_longest_match(alo, ahi, blo, bhi)


def _encounters(words: Sequence[int], others: Sequence[int]) -> int:
    """How many pairs of equal words two blocks have: the work of looking for their longest match."""
    again = Counter(others)
    return sum(times * again[word] for word, times in Counter(words).items())
