"""Pairs of articles that may be copies: shared samples, and MinHash bands."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dedupe.corpus.thresholds import CANDIDATE_RULES
from dedupe.text.minhash import grouped_pairs, pairs
from dedupe.text.ragged import I64, U32, U64, Mask, changes, segment_sum, segments
from dedupe.text.words import BASE

if TYPE_CHECKING:
    from dedupe.corpus.records import Signatures

# ---------------------------------------------------------------- candidates

COUPLE_BITS = 32  # of a couple's hash, as of a sample
PARTS_BITS = 4  # couples are joined in sixteen parts, by so many first bits: less stands in memory at once
TOGETHER = 1 << 18  # samples, or pairs with a couple, gone through at once: bounds the memory of their arrays
PLACE_BITS, COUNT_BITS = 26, 12  # of each of two articles' places, and of a number of couples: 64 in all


def candidates(signed: Signatures, among: I64) -> tuple[I64, I64]:
    """Pairs of articles (smaller, larger) that may hold the same passage, each once, sorted.

    They share couples of successive sampled shingles (a single one may be a common phrase), or a band of the
    MinHash of all their shingles. Only the articles in `among` are looked at.

    Raises:
        ValueError: there are more than 2**26 articles; compare them in parts.
    """
    if len(among) >> PLACE_BITS:
        raise ValueError(f"{len(among)} articles are too many to be compared at once")
    ordered = among[_content_order(signed, among)]
    pairs = (_sample_pairs(signed, ordered), _band_pairs(signed, ordered))
    one, two = (ordered[np.concatenate(side)] for side in zip(*pairs, strict=True))
    return _unpacked(np.unique(_packed(np.minimum(one, two), np.maximum(one, two))))


def _content_order(signed: Signatures, among: I64) -> I64:
    """An order of articles that sets likely copies side by side and depends on their words alone."""
    return np.lexsort((signed.digests[among], least_samples(signed)[among]))


def least_samples(signed: Signatures) -> U32:
    """The least sample of each article, 0 without any: articles in that order lie beside likely copies."""
    return segments(np.minimum, signed.samples, signed.sample_at, 0)


def _sample_pairs(signed: Signatures, ordered: I64) -> tuple[I64, I64]:
    """Pairs of places in `ordered` whose articles share enough couples of samples."""
    place = _places(signed, ordered)
    gathered = bytearray()  # grows in its place
    for part in range(1 << PARTS_BITS):
        gathered.extend(_sharing(_couples(signed, place, part)).view(np.uint8).data)
    found = np.frombuffer(gathered, np.uint64)
    found.sort()
    sizes = np.diff(signed.sample_at)[ordered]
    kept = [_enough(found[low:high], sizes) for low, high in _stretches(found)]
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *(one for one, _ in kept)]), np.concatenate(
        [none, *(two for _, two in kept)]
    )


def _stretches(found: U64) -> list[tuple[int, int]]:
    """Stretches of about `TOGETHER` sorted entries of `_sharing` that part no pair's entries."""
    cuts = found[TOGETHER::TOGETHER]
    borders = np.searchsorted(found, cuts >> np.uint64(COUNT_BITS) << np.uint64(COUNT_BITS))
    return list(pairwise(sorted({0, *borders.tolist(), len(found)})))


def _enough(found: U64, sizes: I64) -> tuple[I64, I64]:
    """The pairs that share enough couples, all of whose sorted entries of `_sharing` these are."""
    starts = np.flatnonzero(changes(found >> np.uint64(COUNT_BITS)))
    counts = (found & np.uint64((1 << COUNT_BITS) - 1)).astype(np.int64)
    shared = segment_sum(counts, np.append(starts, len(found)))
    one, two = _two_places(found[starts] >> np.uint64(COUNT_BITS))
    fewer = np.minimum(sizes[one], sizes[two])
    enough = share_enough(shared, fewer)
    return one[enough], two[enough]


def share_enough(shared: I64, fewer: I64) -> Mask:
    """Which pairs are candidates, by the couples that they share and the samples of the one with fewer."""
    is_short = fewer < CANDIDATE_RULES.short_article_samples
    couples = np.where(is_short, 1, CANDIDATE_RULES.shared_couples)
    return np.asarray(shared >= np.maximum(couples, CANDIDATE_RULES.shared_samples_share * fewer))


def _places(signed: Signatures, ordered: I64) -> I64:
    """For each article its place in `ordered`, -1 for those that are not there."""
    place = np.full(len(signed), -1, np.int64)
    place[ordered] = np.arange(len(ordered))
    return place


def shingle_pairs(signed: Signatures) -> tuple[I64, I64]:
    """The couples of successive samples of all articles, each once an article, and whose they are."""
    every = [_couples(signed, np.arange(len(signed)), part) for part in range(1 << PARTS_BITS)]
    return _unpacked(np.concatenate(every))


def _couples(signed: Signatures, place: I64, part: int) -> U64:
    """A part of the couples, packed with the places of their articles, each once, sorted."""
    gathered = bytearray()
    for low in range(0, len(signed.samples) - 1, TOGETHER):
        samples = signed.samples[low : low + TOGETHER + 1]
        coupled = (samples[:-1] * np.uint32(BASE & 0xFFFFFFFF)) ^ samples[1:]
        found = np.flatnonzero(coupled >> np.uint32(COUPLE_BITS - PARTS_BITS) == part)
        owners = np.searchsorted(signed.sample_at, found + low, side="right") - 1
        kept = (found + low + 1 < signed.sample_at[owners + 1]) & (place[owners] >= 0)
        gathered.extend(_packed(coupled[found[kept]], place[owners[kept]]).view(np.uint8).data)
    packed = np.frombuffer(gathered, np.uint64)
    packed.sort()
    return packed[changes(packed)]


def _sharing(packed: U64) -> U64:
    """Pairs of places that share a couple, each once with the number of couples, packed."""
    shingle_pairs, places = _unpacked(packed)
    neighbours = CANDIDATE_RULES.neighbour_articles
    one, two = grouped_pairs(shingle_pairs.astype(np.uint64), places, neighbours=neighbours)
    found = (one.astype(np.uint64) << np.uint64(PLACE_BITS)) | two.astype(np.uint64)
    found.sort()
    starts = np.flatnonzero(changes(found))
    counts = np.minimum(np.diff(np.append(starts, len(found))), (1 << COUNT_BITS) - 1)
    return (found[starts] << np.uint64(COUNT_BITS)) | counts.astype(np.uint64)


def _two_places(packed: U64) -> tuple[I64, I64]:
    places = (packed >> np.uint64(PLACE_BITS), packed & np.uint64((1 << PLACE_BITS) - 1))
    return places[0].astype(np.int64), places[1].astype(np.int64)


def _band_pairs(signed: Signatures, ordered: I64) -> tuple[I64, I64]:
    """Pairs of places in `ordered` whose articles share a band."""
    place = _places(signed, ordered)
    rows = np.flatnonzero(place[signed.banded] >= 0)
    keys = signed.bands[rows]
    return pairs(keys.ravel(), np.repeat(place[signed.banded[rows]], keys.shape[1]))


def _packed(high: I64 | U32, low: I64) -> U64:
    """Two numbers below 2**32 as one, which sorts by the first."""
    return (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)


def _unpacked(packed: U64) -> tuple[I64, I64]:
    return (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
