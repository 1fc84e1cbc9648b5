"""What speaks for a pair of articles being copies, as columns, and the thresholds that decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

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

# Lengths are in units: words, a CJK character counting half. Tuned on generated corpora of several seeds.
SHARED = 0.5  # a copy shares that much of the shorter side
KEPT_TOGETHER = 0.42  # … and what copies connect, that much with the article to keep
OWN = 0.12  # a copy has less of its own on one side, whatever the edits …
OWN_STUB, STUB_SHARED = 21.0, 0.8  # … or no more than that much, if it shares that much: a short teaser
OWN_SURE = 0.07  # … and less than that if the rest is equal to the letter …
OWN_SETTLED = 0.025  # … by equal sentences alone, less than that
REWRITTEN = 0.45  # articles of two sites that are so similar are copies, whatever else each of them has
OWN_LEAST = 25.0  # units that never count as own text: a caption, a line of rights
ALTERED = 0.5  # own text is not due to edits if it makes up that much of the altered sentences
PASSAGE = 20.0  # a block with more of its own is more than a line: its page is no part of the other one
NEAR = 0.8  # both sides share that much, or the one nearly as much as the other: near; else a part


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
        return np.asarray(self.shared / np.maximum(self.length, 1e-9), np.float64)

    @property
    def similarity(self) -> F64:
        """Jaccard similarity of the pairs, by length."""
        both = self.shared.mean(axis=1)
        return np.asarray(both / np.maximum(self.length.sum(axis=1) - both, 1e-9), np.float64)

    @property
    def is_copy(self) -> Mask:
        """Pairs of which one side has almost nothing of its own, or alike for the most part on two sites."""
        share = self.own / np.maximum(self.length, 1e-9)
        distinct = (share > OWN_SURE) & (self.own > OWN_LEAST) & (self.own > ALTERED * self.altered)
        distinct &= ~self.apart
        stub = (self.own <= OWN_STUB) & (self.containment >= STUB_SHARED)
        distinct |= ((share > OWN) & ~stub) | self.figures
        copy = ~distinct.all(axis=1) & self.is_related
        rewritten = self.apart.all(axis=1) & ~self.figures.any(axis=1) & (self.similarity >= REWRITTEN)
        return np.asarray(copy | rewritten)

    @property
    def is_related(self) -> Mask:
        """Pairs that share most of the shorter side."""
        return np.asarray(self.containment.max(axis=1) >= SHARED)

    @property
    def is_one_story(self) -> Mask:
        """Pairs that other ones connect, and that share enough to be kept together; they report no different
        things."""
        return np.asarray((self.containment.max(axis=1) >= KEPT_TOGETHER) & ~self.figures.all(axis=1))

    def relations(self) -> list[Relation]:
        """What the first of each pair of copies is to the second.

        It is "contained" or "near" only if it has no passage of its own: so much can be left out unread. Else
        it "contains" the other one, as far as that goes, and has more to say.
        """
        low, high = self.containment.min(axis=1), self.containment.max(axis=1)
        near = (low >= NEAR) | (low >= NEAR * high)
        more = self.containment[:, 0] < self.containment[:, 1]
        contains = (self.passage[:, 0] > PASSAGE) | (~near & more)
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
