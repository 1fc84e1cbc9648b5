"""What a search for repeats finds: equal tokens, repeated passages, and the page in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dedupe.page import Page


class ExactMatch(NamedTuple):
    """Tokens [left, left + size) stand again, equal, at [right, right + size); left < right.

    A `period` says that these tokens are themselves one passage of that length, again and again.
    """

    left: int
    right: int
    size: int
    period: int = 0


@dataclass(frozen=True, slots=True)
class Repeat:
    """A passage that stands in two places: pairs of blocks (left, right) that say the same.

    `left_covered` are the blocks of the left side that the right side says entirely, `right_covered`
    the other way round. `size` is in units, `exact` the share of equal tokens in what is covered.
    """

    pairs: tuple[tuple[int, int], ...]
    left_covered: frozenset[int]
    right_covered: frozenset[int]
    size: float
    exact: float


@dataclass(frozen=True, slots=True)
class PageRepeats:
    """A page, its blocks split where runs begin or end, with the runs, the longest first.

    `source[i]` is the number that block i had before splitting, `words[i]` its tokens as numbers
    (equal for equal tokens), `units[i]` its length, `sentences[i]` the page's sentences in it, `places[i]`
    where it begins and ends in the text of the block that it was (empty where no block was split).
    """

    page: Page
    source: tuple[int, ...]
    runs: tuple[Repeat, ...]
    words: tuple[tuple[int, ...], ...]
    units: tuple[float, ...]
    sentences: tuple[range, ...]
    places: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A run in terms of the page's sentences: pairs (left, right) that say the same, and those that each side
    covers; `size` and `exact` as in `Repeat`."""

    pairs: tuple[tuple[int, int], ...]
    left: frozenset[int]
    right: frozenset[int]
    size: float
    exact: float
