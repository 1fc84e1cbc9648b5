"""Is one article a copy of the other? What a proposed pair shares, and what each side has of its own.

Pairs are compared a batch at a time: first by the hashes of whole sentences, which settles most, then, where
that leaves doubt, by the words of both articles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .shingles import F64, I64, NUMERIC, U32, U64, Mask, entries, segment_sum, words
from .sides import Sentences, Side, coded, head_room, side, word_sides

if TYPE_CHECKING:
    from .corpus import Signed

#: Gives the body blocks of articles by their numbers in the corpus.
Fetch = Callable[[Sequence[int]], Sequence[Sequence[str]]]
#: Pairs that are compared by their words together: both sides, and which pairs are of two sites.
Lot = tuple[I64, I64, Mask]


@runtime_checkable
class Comparing(Protocol):
    """A `Fetch` that has lots compared where the texts are, in whatever order and number at once."""

    def without(self, lost: Callable[[int], Sequence[int]]) -> Fetch:
        """The same, each article without the blocks at the places that `lost` names."""

    def compared(self, lots: Sequence[Lot]) -> list[Evidence]:
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
SAMPLES_LEAST = 8  # samples in what equal sentences do not explain that are enough to tell
SAMPLES_OWN = 0.12  # if fewer of them agree, the rest is own text
BATCH = 500  # pairs compared by their words at once
TOGETHER = 2000  # … by sentences and samples: their arrays stay in the processor's cache


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


def verify(signed: Signed, one: I64, two: I64, fetch: Fetch) -> tuple[Evidence, Mask]:
    """Compare pairs of articles, as far as it takes to know what connects the articles.

    A pair that stays in doubt by its sentences, or by its samples, is not compared further if other pairs
    connect its articles already: it is reported as what these say. The second result says which pairs are
    compared in full.

    Args:
        signed: the corpus.
        one, two: the pairs, as numbers of articles.
        fetch: gives the blocks of articles where sentences leave doubt; it is asked for some hundreds at
            a time.
    """
    evidence = by_sentences(signed, one, two)
    known = is_settled(evidence)
    doubt = _unconnected(len(signed), one, two, known, np.flatnonzero(~known))
    better, sure = by_samples(signed, one[doubt], two[doubt], evidence.take(doubt))
    evidence = evidence.put(doubt, better)
    known[doubt[sure]] = True
    rest = _unconnected(len(signed), one, two, known & evidence.is_copy, doubt[~sure])
    known[rest] = True
    return evidence.put(rest, by_words(one[rest], two[rest], fetch, evidence.apart[rest, 0])), known


def resolved(signed: Signed, one: I64, two: I64, fetch: Fetch, evidence: Evidence, doubt: I64) -> Evidence:
    """The evidence with that of doubtful pairs improved: by their samples, else by their words."""
    better, sure = by_samples(signed, one[doubt], two[doubt], evidence.take(doubt))
    rest = doubt[~sure]
    found = by_words(one[rest], two[rest], fetch, evidence.apart[rest, 0])
    return evidence.put(doubt, better).put(rest, found)


def _unconnected(size: int, one: I64, two: I64, links: Mask, rows: I64) -> I64:
    """Those of some pairs whose articles no chain of the pairs that are `links` connects."""
    return rows[~connected(size, one[links], two[links], one[rows], two[rows])]


def connected(size: int, one: I64, two: I64, left: I64, right: I64) -> Mask:
    """Which of the pairs (left, right) the links (one, two) connect, over whatever other articles."""
    labels = components(size, one, two)
    return np.asarray(labels[left] == labels[right])


def components(size: int, one: I64, two: I64) -> I64:
    """The first of the articles that links (one, two) connect with each of `size` articles.

    The links between labels hook each label to a smaller one until none is left; scipy's way takes a quarter
    of a second to import.
    """
    labels = np.arange(size)
    while len(one):
        low, high = (order(labels[one], labels[two]) for order in (np.minimum, np.maximum))
        apart = low != high
        one, two = one[apart], two[apart]
        np.minimum.at(labels, high[apart], low[apart])
        labels = _flattened(labels)
    return labels


def _flattened(labels: I64) -> I64:
    """The labels that labels lead to: the last of each chain."""
    while True:
        onward = labels[labels]
        if np.array_equal(onward, labels):
            return labels
        labels = onward


# ---------------------------------------------------------------- by sentences


def by_sentences(signed: Signed, one: I64, two: I64) -> Evidence:
    """What pairs share by whole sentences."""
    apart = _apart(signed, one, two)
    found = []
    for at in range(0, len(one), TOGETHER):
        rows = slice(at, at + TOGETHER)
        found.append(evidence_of(_sentence_sides(signed, one[rows], two[rows]), apart[rows]))
    return joined_evidence(found)


def _sentence_sides(signed: Signed, one: I64, two: I64) -> list[Side]:
    indexes = [entries(signed.sentence_at, side) for side in (one, two)]
    sides = []
    for (at, bounds), found in zip(indexes, _shared_entries(signed.sentences, indexes), strict=True):
        units = signed.lengths[at].astype(np.float64) * 0.5
        told = (~found & (signed.sentences[at] & NUMERIC != 0)).astype(np.float64)
        sides.append(side(Sentences(units, found * units, bounds, told)))
    return sides


def _apart(signed: Signed, one: I64, two: I64) -> Mask:
    """Pairs of articles that are known to be of different sites."""
    sites = signed.sites
    pairs = zip(one.tolist(), two.tolist(), strict=True)
    found = (sites[a] != sites[b] and sites[a] != "" and sites[b] != "" for a, b in pairs)
    return np.fromiter(found, np.bool_, len(one))


def is_settled(evidence: Evidence) -> Mask:
    """Pairs that are copies by their equal sentences alone: one side has next to nothing else, and no number
    in that."""
    settled = evidence.own <= np.minimum(OWN_LEAST, OWN_SETTLED * evidence.length)
    settled &= (evidence.passage <= PASSAGE) & (evidence.told == 0)
    head = evidence.length - evidence.shared - evidence.own
    settled &= head <= head_room(evidence.length)
    return np.asarray(settled.any(axis=1) & evidence.is_related)


def by_samples(signed: Signed, one: I64, two: I64, evidence: Evidence) -> tuple[Evidence, Mask]:
    """What the samples add to equal sentences, and for which pairs that is enough to know.

    If hardly a sample agrees beyond what equal sentences explain, the rest is each side's own. Else only the
    words can tell.
    """
    better, sure = [], [np.zeros(0, np.bool_)]
    for at in range(0, len(one), TOGETHER):
        rows = slice(at, at + TOGETHER)
        part, known = _sampled(signed, one[rows], two[rows], evidence.take(rows))
        better.append(part)
        sure.append(known)
    return joined_evidence(better), np.concatenate(sure)


def _sampled(signed: Signed, one: I64, two: I64, evidence: Evidence) -> tuple[Evidence, Mask]:
    indexes = [entries(signed.sample_at, side) for side in (one, two)]
    agreed, own = [], []
    for column, found in enumerate(_shared_entries(signed.samples, indexes)):
        _, bounds = indexes[column]
        equal = np.diff(bounds) * evidence.containment[:, column]
        rest = np.diff(bounds) - equal
        more = segment_sum(found.astype(np.int64), bounds) - equal
        agreed.append(np.clip(more / np.maximum(rest, 1e-9), 0, 1))
        own.append((rest >= SAMPLES_LEAST) & (agreed[column] < SAMPLES_OWN))
    rest = evidence.length - evidence.shared
    better = replace(evidence, shared=evidence.shared + rest * np.stack(agreed, axis=1))
    return better, own[0] & own[1] & ~better.is_copy


def _shared_entries(hashes: U32, indexes: Sequence[tuple[I64, I64]]) -> tuple[Mask, Mask]:
    """Which entries of one side of pairs the other side has too; each side's as places and offsets."""
    mine, theirs = (_pair_keys(hashes[at], bounds) for at, bounds in indexes)
    found = _in_both(mine, theirs)
    return found[: len(mine)], found[len(mine) :]


def _in_both(one: U64, two: U64) -> Mask:
    """Which keys below 2**63, those of `one` and then those of `two`, are among the other ones too."""
    keys = np.concatenate([one << np.uint64(1), two << np.uint64(1) | np.uint64(1)])
    order = np.argsort(keys)  # one sort for all, equal ones of `one` first: no searching
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, np.diff(ordered >> np.uint64(1)) != 0][: len(keys)])
    bounds = np.append(starts, len(keys))
    both = ordered[starts] != ordered[bounds[1:] - 1]
    found = np.empty(len(keys), np.bool_)
    found[order] = np.repeat(both, np.diff(bounds))
    return found


def _pair_keys(hashes: U32, bounds: I64) -> U64:
    """Hashes made different for different pairs."""
    pair = np.repeat(np.arange(len(bounds) - 1, dtype=np.uint64) << np.uint64(32), np.diff(bounds))
    return pair | hashes


# ---------------------------------------------------------------- by words


def by_words(one: I64, two: I64, fetch: Fetch, apart: Mask) -> Evidence:
    """What pairs share by their words; `apart` says which pairs are of two sites."""
    order = _together(one, two)
    parts = [order[at : at + BATCH] for at in range(0, len(order), BATCH)]
    lots = [(one[rows], two[rows], apart[rows]) for rows in parts]
    if isinstance(fetch, Comparing):
        found = fetch.compared(lots)
    else:
        found = [lot_by_words(lot, fetch) for lot in lots]
    return joined_evidence(found).take(np.argsort(order))


def lot_by_words(lot: Lot, fetch: Fetch) -> Evidence:
    """What the pairs of one lot share by their words."""
    one, two, apart = lot
    numbers, which = np.unique(np.concatenate([one, two]), return_inverse=True)
    articles = coded(words(fetch(numbers.tolist())))
    return evidence_of(word_sides(articles, which[: len(one)], which[len(one) :]), apart)


def joined_evidence(parts: Sequence[Evidence]) -> Evidence:
    """Evidence of several lots of pairs as one."""
    none = side(Sentences(np.zeros(0), np.zeros(0), np.zeros(1, np.int64), np.zeros(0)))
    every = [evidence_of([none, none], np.zeros(0, np.bool_)), *parts]
    return Evidence(*(np.concatenate([getattr(part, name) for part in every]) for name in Evidence.__slots__))


def _together(one: I64, two: I64) -> I64:
    """An order of pairs in which those with an article in common stand near each other."""
    numbers, which = np.unique(np.concatenate([one, two]), return_inverse=True)
    left, right = which[: len(one)], which[len(one) :]
    return np.lexsort((right, left, components(len(numbers), left, right)[left]))


def evidence_of(sides: Sequence[Side], apart: Mask) -> Evidence:
    """Both sides of some pairs as evidence; `apart` says which pairs are of two sites."""
    columns = {name: np.stack([getattr(each, name) for each in sides], axis=1) for name in Side._fields}
    return Evidence(**columns, apart=np.stack([apart, apart], axis=1))
