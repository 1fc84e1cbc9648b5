"""Is one article a copy of the other? What a proposed pair shares, and what each side has of its own.

Pairs are compared a batch at a time: first by the hashes of whole sentences, which settles most, then, where
that leaves doubt, by the words of both articles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .shingles import (
    F64,
    I64,
    NUMERIC,
    U32,
    U64,
    Mask,
    Words,
    entries,
    kgrams,
    offsets,
    segment_sum,
    segments,
    words,
)

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


# Lengths are in units: words, a CJK character counting half. Tuned on generated corpora of several seeds.
GRAM, GRAM_CJK = 4, 5  # words that must stand together in both articles to count as shared
OWN_SENTENCE = 0.5  # a sentence with that share of unshared words is one side's own
ANCHOR = 6.0  # a shared sentence of that length ends the head: headline, byline, dateline
HEAD = 30.0  # own text that a head may hold; more is own text of the article …
HEAD_SHARE = 0.15  # … unless it is no more than that share of it: a rewritten lead
SHARED = 0.5  # a copy shares that much of the shorter side
OWN = 0.12  # a copy has less of its own on one side, whatever the edits …
OWN_STUB, STUB_SHARED = 21.0, 0.8  # … or no more than that much, if it shares that much: a short teaser
OWN_SURE = 0.07  # … and less than that if the rest is equal to the letter …
OWN_SETTLED = 0.025  # … by equal sentences alone, less than that
REWRITTEN = 0.45  # articles of two sites that are so similar are copies, whatever else each of them has
OWN_LEAST = 25.0  # units that never count as own text: a caption, a line of rights
ALTERED = 0.5  # own text is not due to edits if it makes up that much of the altered sentences
FIGURES = 7  # that many changed numbers
FIGURES_SHARE = 0.4  # … which are that much of all changed words: another report of the same form
FIGURES_OWN = 0.15  # … or, in own sentences, that much of what the other side does not say
OWN_SHORTEST = 3.0  # shorter sentences are nobody's own
TOUCHED = 0.04  # a sentence with more unshared words is altered
DATA_LINE = 0.12  # … with more, most of them numbers, it reports something else
REPLACED = 0.75  # … with more, it is another sentence
DATE_LINE = 12.0  # a line up to that length that holds a year is a date: its numbers are no figures
SAMPLES_LEAST = 8  # samples in what equal sentences do not explain that are enough to tell
SAMPLES_OWN = 0.3  # if fewer of them agree, the rest is own text
SAMPLES_EDITED = 0.6  # if more agree
SAMPLES_MISSED = 6  # … no more of them are missing in a row
SAMPLES_NUMERIC = 0.4  # … and no more of those missing hold numbers, the rest is edited text
EDITED_WORDS = 0.25  # exponent: a shingle of four words is equal if all of them are
SAMPLES_FIGURES = 6  # if so many missing ones hold numbers
SAMPLES_DATA = 0.6  # … and that share of all, the rest is other data
BATCH = 500  # pairs compared by their words at once
TOGETHER = 2000  # … by sentences and samples: their arrays stay in the processor's cache
MARK_BITS = 20
MARKS = 1 << MARK_BITS


@dataclass(frozen=True, slots=True)
class Evidence:
    """What pairs of articles share: arrays of (pairs, 2), a column a side, in units.

    `length` is the side's length, `shared` what the other side says too, `own` what stands in sentences that
    only this side has (the head apart), `altered` the length of its sentences that are not shared whole.
    `figures` says that a side differs in its numbers above all; `apart`, the same in both columns, that the
    articles are known to be of different sites, so that no site template explains what they share.
    """

    length: F64
    shared: F64
    own: F64
    altered: F64
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
        found.append(_evidence(_sentence_sides(signed, one[rows], two[rows]), apart[rows]))
    return joined_evidence(found)


def _sentence_sides(signed: Signed, one: I64, two: I64) -> list[_Side]:
    indexes = [entries(signed.sentence_at, side) for side in (one, two)]
    sides = []
    for (at, bounds), found in zip(indexes, _shared_entries(signed.sentences, indexes), strict=True):
        units = signed.lengths[at].astype(np.float64) * 0.5
        sides.append(_side(_Sentences(units, found * units, bounds)))
    return sides


def _apart(signed: Signed, one: I64, two: I64) -> Mask:
    """Pairs of articles that are known to be of different sites."""
    sites = signed.sites
    pairs = zip(one.tolist(), two.tolist(), strict=True)
    found = (sites[a] != sites[b] and sites[a] != "" and sites[b] != "" for a, b in pairs)
    return np.fromiter(found, np.bool_, len(one))


def is_settled(evidence: Evidence) -> Mask:
    """Pairs that are copies by their equal sentences alone."""
    head = evidence.length - evidence.shared - evidence.own
    settled = evidence.own <= np.minimum(OWN_LEAST, OWN_SETTLED * evidence.length)
    settled &= head <= _head_room(evidence.length)
    return np.asarray(settled.any(axis=1) & evidence.is_related)


def by_samples(signed: Signed, one: I64, two: I64, evidence: Evidence) -> tuple[Evidence, Mask]:
    """What the samples add to equal sentences, and for which pairs that is enough to know.

    If hardly a sample agrees beyond what equal sentences explain, the rest is each side's own. If most agree
    and none are missing for long, one side is an edited copy. Else only the words can tell.
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
    agreed, own, edited, figures = [], [], [], []
    for side, found in enumerate(_shared_entries(signed.samples, indexes)):
        at, bounds = indexes[side]
        equal = np.diff(bounds) * evidence.containment[:, side]
        rest = np.diff(bounds) - equal
        more = segment_sum(found.astype(np.int64), bounds) - equal
        agreed.append(np.clip(more / np.maximum(rest, 1e-9), 0, 1))
        enough = rest >= SAMPLES_LEAST
        some, many = _other_numbers(found, signed.samples[at], bounds)
        own.append(enough & ((agreed[side] < SAMPLES_OWN) | many))
        near = (agreed[side] >= SAMPLES_EDITED) & (_longest_miss(found, bounds) <= SAMPLES_MISSED)
        edited.append(enough & near & ~some)
        figures.append(enough & many)
    better = _with_samples(evidence, np.stack(agreed, axis=1), np.stack(edited, axis=1))
    better = replace(better, figures=better.figures | np.stack(figures, axis=1))
    return better, edited[0] | edited[1] | (own[0] & own[1])


def _other_numbers(found: Mask, samples: U32, bounds: I64) -> tuple[Mask, Mask]:
    """Sides whose missing samples hold numbers too often for mere edits, and those that do for certain."""
    numeric = (samples & NUMERIC) != 0
    missed = segment_sum((~found).astype(np.int64), bounds)
    of_them = segment_sum((~found & numeric).astype(np.int64), bounds)
    some = (of_them >= 2) & (of_them > SAMPLES_NUMERIC * missed)
    return some, (of_them >= SAMPLES_FIGURES) & (of_them > SAMPLES_DATA * missed)


def _with_samples(evidence: Evidence, agreed: F64, edited: Mask) -> Evidence:
    """Count as shared, too, what the samples say of the rest: in edited text a shingle survives less often
    than each of its words does. What an edited side shares, the other one shares as well."""
    rest = evidence.length - evidence.shared
    shared = evidence.shared + rest * np.where(edited, agreed**EDITED_WORDS, agreed)
    sides = edited.sum(axis=1, keepdims=True)
    mean = (shared * edited).sum(axis=1, keepdims=True) / np.maximum(sides, 1)
    shared = np.where(sides > 0, np.minimum(mean, evidence.length), shared)
    return replace(evidence, shared=shared, own=np.where(edited, 0.0, evidence.own))


def _longest_miss(found: Mask, bounds: I64) -> I64:
    """How many entries in a row are not found, at most, in each stretch [bounds[i], bounds[i + 1])."""
    place = np.arange(len(found))
    last = np.where(found, place, -1)
    starts = bounds[:-1][bounds[:-1] < bounds[1:]]
    last[starts] = np.maximum(last[starts], starts - 1)
    return segments(np.maximum, place - np.maximum.accumulate(last), bounds, 0)


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
    return _evidence(_word_sides(one, two, fetch), apart)


def joined_evidence(parts: Sequence[Evidence]) -> Evidence:
    """Evidence of several lots of pairs as one."""
    none = _side(_Sentences(np.zeros(0), np.zeros(0), np.zeros(1, np.int64)))
    every = [_evidence([none, none], np.zeros(0, np.bool_)), *parts]
    return Evidence(*(np.concatenate([getattr(part, name) for part in every]) for name in Evidence.__slots__))


def _together(one: I64, two: I64) -> I64:
    """An order of pairs in which those with an article in common stand near each other."""
    numbers, which = np.unique(np.concatenate([one, two]), return_inverse=True)
    left, right = which[: len(one)], which[len(one) :]
    return np.lexsort((right, left, components(len(numbers), left, right)[left]))


def _word_sides(one: I64, two: I64, fetch: Fetch) -> list[_Side]:
    numbers, which = np.unique(np.concatenate([one, two]), return_inverse=True)
    found = words(fetch(numbers.tolist()))
    lefts, rights = which[: len(one)], which[len(one) :]
    sides = []
    for side, hit in zip((lefts, rights), _shared_grams(found, lefts, rights), strict=True):
        at, _ = entries(found.offsets, side)
        sides.append(_side(_sentences(found, side, at, _covered(hit, found.cjk[at]))))
    return sides


def _shared_grams(found: Words, lefts: I64, rights: I64) -> tuple[Mask, Mask]:
    """For each word of both sides of all pairs whether the gram that begins there stands on the other side.

    A table of marks takes the place of a set: two grams share a mark in one of a million cases.
    """
    grams, whole = kgrams(found, GRAM, GRAM_CJK)
    marks = (grams >> np.uint64(64 - MARK_BITS)).astype(np.int64)
    sought = np.where(whole, marks, MARKS)  # never set
    marks[~whole] = MARKS + 1  # never sought
    table = np.zeros(MARKS + 2, np.bool_)
    bounds = found.offsets.tolist()
    hits: tuple[list[Mask], list[Mask]] = ([], [])
    for pair in zip(lefts.tolist(), rights.tolist(), strict=True):
        for mine, other, into in ((*pair, hits[0]), (*pair[::-1], hits[1])):
            theirs = marks[bounds[other] : bounds[other + 1]]
            table[theirs] = True
            into.append(table[sought[bounds[mine] : bounds[mine + 1]]])
            table[theirs] = False
    return np.concatenate(hits[0]), np.concatenate(hits[1])


def _covered(hit: Mask, cjk: Mask) -> Mask:
    """The words that stand in a shared gram; `hit` says where such grams begin."""
    covered = hit.copy()
    for step in range(1, GRAM):
        covered[step:] |= hit[:-step]
    for step in range(GRAM, GRAM_CJK):
        covered[step:] |= hit[:-step] & cjk[:-step]
    return covered


def _sentences(found: Words, articles: I64, at: I64, covered: Mask) -> _Sentences:
    """The sentences of one side of all pairs; `at` are the words of this side, in `found`."""
    packed = np.where(found.cjk, 1, 2) | (found.numeric.astype(np.int64) << 21) | (1 << 42)
    sentences = found.sentences
    sentence_at = np.searchsorted(sentences[:-1], found.offsets)
    rows, bounds = entries(sentence_at, articles)
    starts = offsets(np.diff(sentences)[rows])
    total, shared = segment_sum(packed, sentences)[rows], segment_sum(packed[at] * covered, starts)
    units, numbers, count = (_unpacked(total, field) for field in range(3))
    units_shared, numbers_shared, count_shared = (_unpacked(shared, field) for field in range(3))
    dated = np.zeros(len(sentences) - 1, np.int64)
    dated[np.searchsorted(sentences, np.flatnonzero(found.years), side="right") - 1] = 1
    return _Sentences(
        units.astype(np.float64) / 2,
        units_shared.astype(np.float64) / 2,
        bounds,
        (count, count - count_shared),
        (numbers, numbers - numbers_shared),
        (dated[rows] > 0) & (units <= 2 * DATE_LINE),
    )


def _unpacked(sums: I64, field: int) -> I64:
    return (sums >> (21 * field)) & ((1 << 21) - 1)


# ---------------------------------------------------------------- one side of many pairs


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The sentences of one side of many pairs: pair i has those from `bounds[i]` to `bounds[i + 1]`.

    `units` and `shared` are their lengths; `words` and `numbers` count, each as (all, not shared), their
    words and numbers; `dated` says which are the date of something. Counts are left out where only
    sentences are compared.
    """

    units: F64
    shared: F64
    bounds: I64
    words: tuple[I64, I64] | None = None
    numbers: tuple[I64, I64] | None = None
    dated: Mask | None = None


class _Side(NamedTuple):
    length: F64
    shared: F64
    own: F64
    altered: F64
    figures: Mask


def _side(found: _Sentences) -> _Side:
    """Sum up the sentences of one side."""
    units, bounds = found.units, found.bounds
    lost = 1 - found.shared / np.maximum(units, 1e-9)
    body = ~_head(lost, units, bounds)
    data, figures = _figures(found, lost, body)
    own = body & (units >= OWN_SHORTEST) & ((lost >= OWN_SENTENCE) | data)
    length = segment_sum(units, bounds)
    head = segment_sum((units - found.shared) * ~body, bounds)
    return _Side(
        length,
        segment_sum(found.shared, bounds),
        segment_sum(units * own, bounds) + np.maximum(0, head - _head_room(length)),
        segment_sum(units * (body & (lost > TOUCHED)), bounds),
        figures,
    )


def _figures(found: _Sentences, lost: F64, body: Mask) -> tuple[Mask, Mask]:
    """Sentences that say the same with other numbers, and sides that differ by such above all."""
    if found.words is None or found.numbers is None or found.dated is None:
        return np.zeros(len(lost), np.bool_), np.zeros(len(found.bounds) - 1, np.bool_)
    numbers, changed_numbers = found.numbers
    changed = found.words[1]
    data = (changed_numbers >= 1) & (changed_numbers * 3 >= changed) & (changed_numbers * 2 >= numbers)
    data &= (lost >= DATA_LINE) & ~found.dated
    edited = body & (lost < REPLACED) & ~found.dated
    some = segment_sum(changed_numbers * edited, found.bounds)
    most = some > FIGURES_SHARE * segment_sum(changed * edited, found.bounds)
    report = (some >= FIGURES) & most
    return data, report | _data_lines(found, changed_numbers * (body & (lost >= OWN_SENTENCE) & ~found.dated))


def _data_lines(found: _Sentences, numbers: I64) -> Mask:
    """Sides whose own sentences hold numbers above all; `numbers` counts those of each own sentence."""
    unsaid = segment_sum((found.units - found.shared) * (numbers > 0), found.bounds)
    return np.asarray(segment_sum(numbers, found.bounds) >= np.maximum(FIGURES, FIGURES_OWN * unsaid))


def _head_room(length: F64) -> F64:
    """How much own text the heads of articles of these lengths may hold."""
    return np.maximum(HEAD, HEAD_SHARE * length)


def _head(lost: F64, units: F64, bounds: I64) -> Mask:
    """The sentences up to the first shared one of some length: headline, byline, the dateline's sentence."""
    anchors = np.flatnonzero((lost < 0.34) & (units >= ANCHOR))
    after = np.append(anchors, len(units))[np.searchsorted(anchors, bounds[:-1])]
    return np.arange(len(units)) <= np.repeat(after, np.diff(bounds))


def _evidence(sides: Sequence[_Side], apart: Mask) -> Evidence:
    length, shared, own, altered, figures = (np.stack(pair, axis=1) for pair in zip(*sides, strict=True))
    return Evidence(length, shared, own, altered, figures, np.stack([apart, apart], axis=1))
