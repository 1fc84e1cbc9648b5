"""Is one article a copy of the other? What a proposed pair shares, and what each side has of its own.

Pairs are compared a batch at a time: first by the hashes of whole sentences, which settles most, then, where
that leaves doubt, by the words of both articles.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.corpus.codes import coded
from dedupe.corpus.components import components, unconnected
from dedupe.corpus.evidence import (
    TINY,
    ComparedSide,
    Comparing,
    Evidence,
    Fetch,
    PairBatch,
    evidence_of,
    joined_evidence,
)
from dedupe.corpus.sides import Sentences, head_room, side, word_sides
from dedupe.corpus.thresholds import COPY_RULES
from dedupe.text.ragged import I64, U32, U64, Mask, entries, segment_sum
from dedupe.text.words import NUMERIC, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.corpus.records import Signatures


BATCH = 500  # pairs compared by their words at once: their articles' texts stand in memory together
TOGETHER = 2000  # pairs compared by sentences and samples at once: their arrays stay in the processor's cache


def verify(signed: Signatures, one: I64, two: I64, fetch: Fetch) -> tuple[Evidence, Mask]:
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
    doubt = unconnected(len(signed), one, two, known, np.flatnonzero(~known))
    better, sure = by_samples(signed, one[doubt], two[doubt], evidence.take(doubt))
    evidence = evidence.put(doubt, better)
    known[doubt[sure]] = True
    rest = unconnected(len(signed), one, two, known & evidence.is_copy, doubt[~sure])
    known[rest] = True
    return evidence.put(rest, by_words(one[rest], two[rest], fetch, evidence.apart[rest, 0])), known


def resolved(
    signed: Signatures, pairs: tuple[I64, I64], fetch: Fetch, evidence: Evidence, doubt: I64
) -> Evidence:
    """The evidence with that of doubtful pairs improved: by their samples, else by their words."""
    one, two = pairs
    better, sure = by_samples(signed, one[doubt], two[doubt], evidence.take(doubt))
    rest = doubt[~sure]
    found = by_words(one[rest], two[rest], fetch, evidence.apart[rest, 0])
    return evidence.put(doubt, better).put(rest, found)


# ---------------------------------------------------------------- by sentences


def by_sentences(signed: Signatures, one: I64, two: I64) -> Evidence:
    """What pairs share by whole sentences."""
    apart = _apart(signed, one, two)
    found = []
    for at in range(0, len(one), TOGETHER):
        rows = slice(at, at + TOGETHER)
        found.append(evidence_of(_sentence_sides(signed, one[rows], two[rows]), apart[rows]))
    return joined_evidence(found)


def _sentence_sides(signed: Signatures, one: I64, two: I64) -> list[ComparedSide]:
    indexes = [entries(signed.sentence_at, side) for side in (one, two)]
    sides = []
    for (at, bounds), found in zip(indexes, _shared_entries(signed.sentences, indexes), strict=True):
        units = signed.lengths[at].astype(np.float64) * 0.5
        told = (~found & (signed.sentences[at] & NUMERIC != 0)).astype(np.float64)
        sides.append(side(Sentences(units, found * units, bounds, told)))
    return sides


def _apart(signed: Signatures, one: I64, two: I64) -> Mask:
    """Pairs of articles that are known to be of different sites."""
    sites = signed.sites
    pairs = zip(one.tolist(), two.tolist(), strict=True)
    found = (sites[a] != sites[b] and sites[a] != "" and sites[b] != "" for a, b in pairs)
    return np.fromiter(found, np.bool_, len(one))


def is_settled(evidence: Evidence) -> Mask:
    """Pairs that are copies by their equal sentences alone: one side has next to nothing else, and no number
    in that."""
    settled = evidence.own <= COPY_RULES.insignificant_own_words
    settled &= evidence.own <= COPY_RULES.settled_own_share * evidence.length
    settled &= (evidence.passage <= COPY_RULES.passage_own_words) & (evidence.told == 0)
    head = evidence.length - evidence.shared - evidence.own
    settled &= head <= head_room(evidence.length)
    return np.asarray(settled.any(axis=1) & evidence.is_related)


def by_samples(signed: Signatures, one: I64, two: I64, evidence: Evidence) -> tuple[Evidence, Mask]:
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


def _sampled(signed: Signatures, one: I64, two: I64, evidence: Evidence) -> tuple[Evidence, Mask]:
    indexes = [entries(signed.sample_at, side) for side in (one, two)]
    agreed, own = [], []
    for column, found in enumerate(_shared_entries(signed.samples, indexes)):
        _, bounds = indexes[column]
        equal = np.diff(bounds) * evidence.containment[:, column]
        rest = np.diff(bounds) - equal
        more = segment_sum(found.astype(np.int64), bounds) - equal
        agreed.append(np.clip(more / np.maximum(rest, TINY), 0, 1))
        is_enough = rest >= COPY_RULES.sampled_least_samples
        own.append(is_enough & (agreed[column] < COPY_RULES.sampled_agreeing_share))
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
        found = [batch_by_words(lot, fetch) for lot in lots]
    return joined_evidence(found).take(np.argsort(order))


def batch_by_words(lot: PairBatch, fetch: Fetch) -> Evidence:
    """What the pairs of one lot share by their words."""
    one, two, apart = lot
    numbers, which = np.unique(np.concatenate([one, two]), return_inverse=True)
    articles = coded(words(fetch(numbers.tolist())))
    return evidence_of(word_sides(articles, which[: len(one)], which[len(one) :]), apart)


def _together(one: I64, two: I64) -> I64:
    """An order of pairs in which those with an article in common stand near each other."""
    numbers, which = np.unique(np.concatenate([one, two]), return_inverse=True)
    left, right = which[: len(one)], which[len(one) :]
    return np.lexsort((right, left, components(len(numbers), left, right)[left]))
