"""What speaks for a pair of articles being copies, as columns, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dedupe.corpus.thresholds import COPY_RULES
from dedupe.text.ragged import F64, I64, Mask

#: Gives the body blocks of articles by their numbers in the corpus.
Fetch = Callable[[Sequence[int]], Sequence[Sequence[str]]]
#: Pairs that are compared by their words together: both sides, and which pairs are of two sites.
PairBatch = tuple[I64, I64, Mask]


@runtime_checkable
class Comparing(Protocol):
    """A `Fetch` that has lots compared where the texts are, in whatever order and number at once."""

    def without(self, lost: Callable[[int], Sequence[int]]) -> Fetch:
        """The same, each article without the blocks at the places that `lost` names."""

    def compared(self, lots: Sequence[PairBatch]) -> list[Evidence]:
        """What `by_words` finds for each of the lots."""


Relation = Literal["exact", "near", "contains", "contained"]

DECIMALS = 4  # to which likeness is rounded where it is told
TINY = 1e-9  # words: the least length in a quotient, so that an empty side divides nothing by zero


@dataclass(frozen=True, slots=True)
class Evidence:
    """What pairs of articles share: arrays of (pairs, 2), a column a side, in units.

    `length` is the side's length, `shared` what the other side says too, `own` what stands in sentences that
    only this side has (the head apart), `altered` the length of its sentences that are not shared whole;
    `passage` is the longest own text in one block (in all, where blocks are not known), the head included,
    `told` how many numbers only this side says. `figures` says that a side reports something else, by its
    numbers; `apart`, the same in both columns, that the articles are known to be of different sites, so that
    no site template explains what they share.
    """

    length: F64
    shared: F64
    own: F64
    altered: F64
    passage: F64
    told: F64
    figures: Mask
    apart: Mask

    @property
    def containment(self) -> F64:
        """The share of each side that the other one says."""
        return np.asarray(self.shared / np.maximum(self.length, TINY), np.float64)

    @property
    def similarity(self) -> F64:
        """Jaccard similarity of the pairs, by length."""
        both = self.shared.mean(axis=1)
        return np.asarray(both / np.maximum(self.length.sum(axis=1) - both, TINY), np.float64)

    @property
    def is_copy(self) -> Mask:
        """Pairs of which one side has almost nothing of its own, or alike for the most part on two sites."""
        share = self.own / np.maximum(self.length, TINY)
        distinct = ~self.apart & (share > COPY_RULES.unedited_own_share)
        distinct &= self.own > COPY_RULES.insignificant_own_words
        distinct &= self.own > COPY_RULES.unedited_altered_share * self.altered
        stub = (self.own <= COPY_RULES.stub_own_words) & (self.containment >= COPY_RULES.stub_shared_share)
        distinct |= ((share > COPY_RULES.own_share) & ~stub) | self.figures
        copy = ~distinct.all(axis=1) & self.is_related
        rewritten = self.apart.all(axis=1) & ~self.figures.any(axis=1)
        rewritten &= self.similarity >= COPY_RULES.rewritten_similarity_share
        return np.asarray(copy | rewritten)

    @property
    def is_related(self) -> Mask:
        """Pairs that share most of the shorter side."""
        return np.asarray(self.containment.max(axis=1) >= COPY_RULES.shared_share)

    @property
    def is_one_story(self) -> Mask:
        """Pairs that other ones connect, and that share enough to be kept together; they report no different
        things."""
        is_close = self.containment.max(axis=1) >= COPY_RULES.kept_together_share
        return np.asarray(is_close & ~self.figures.all(axis=1))

    def relations(self) -> list[Relation]:
        """What the first of each pair of copies is to the second.

        It is "contained" or "near" only if it has no passage of its own: so much can be left out unread. Else
        it "contains" the other one, as far as that goes, and has more to say.
        """
        low, high = self.containment.min(axis=1), self.containment.max(axis=1)
        near = (low >= COPY_RULES.near_share) | (low >= COPY_RULES.near_share * high)
        more = self.containment[:, 0] < self.containment[:, 1]
        contains = (self.passage[:, 0] > COPY_RULES.passage_own_words) | (~near & more)
        return [
            "contains" if c else "near" if n else "contained" for c, n in zip(contains, near, strict=True)
        ]

    def take(self, rows: npt.NDArray[np.generic] | slice) -> Evidence:
        """The evidence of some of the pairs."""
        return Evidence(*(getattr(self, name)[rows] for name in self.__slots__))

    def turned(self, rows: Mask) -> Evidence:
        """The evidence with the sides of some pairs exchanged."""
        sides = np.where(rows[:, None], [1, 0], [0, 1])
        columns = (np.take_along_axis(getattr(self, name), sides, axis=1) for name in self.__slots__)
        return Evidence(*columns)

    def put(self, rows: npt.NDArray[np.generic], other: Evidence) -> Evidence:
        """The evidence with that of some pairs replaced."""
        columns = [getattr(self, name).copy() for name in self.__slots__]
        for column, name in zip(columns, self.__slots__, strict=True):
            column[rows] = getattr(other, name)
        return Evidence(*columns)


def joined_evidence(parts: Sequence[Evidence]) -> Evidence:
    """Evidence of several lots of pairs as one."""
    none = ComparedSide(
        *(np.zeros(0, np.bool_ if name == "figures" else np.float64) for name in ComparedSide._fields)
    )
    every = [evidence_of([none, none], np.zeros(0, np.bool_)), *parts]
    return Evidence(*(np.concatenate([getattr(part, name) for part in every]) for name in Evidence.__slots__))


def evidence_of(sides: Sequence[ComparedSide], apart: Mask) -> Evidence:
    """Both sides of some pairs as evidence; `apart` says which pairs are of two sites."""
    columns = {
        name: np.stack([getattr(each, name) for each in sides], axis=1) for name in ComparedSide._fields
    }
    return Evidence(**columns, apart=np.stack([apart, apart], axis=1))


class ComparedSide(NamedTuple):
    """One side of many pairs, summed up: the columns of `Evidence`."""

    length: F64
    shared: F64
    own: F64
    altered: F64
    passage: F64
    told: F64
    figures: Mask
