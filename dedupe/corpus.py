"""Copies across pages: pure functions over batches of articles.

    prepared ─ sign ─▶ Signed ─ candidates ─▶ pairs ─ verify ─▶ links ─ cluster ─▶ clusters

`sign` works on any part of a corpus by itself, so a pool of processes can call it; all that is kept
of an article between the batches is some hundred bytes in arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .minhash import band_keys, grouped_pairs, pairs, signatures
from .shingles import (
    I64,
    NUMERIC,
    U32,
    U64,
    Mask,
    Words,
    entries,
    offsets,
    segment_sum,
    segments,
    sequence_hashes,
    shingles,
    words,
)

U16 = npt.NDArray[np.uint16]
F32 = npt.NDArray[np.float32]

SHINGLE = 4  # words
SHINGLE_CJK = 7  # characters
SAMPLED_BITS = 3  # a shingle is sampled if that many bits of its hash are 0: an eighth of all
FEW_SAMPLES = 32  # texts with fewer samples are found by the MinHash of all their shingles too
BANDS, ROWS = 16, 4
BATCH = 200  # articles signed together: their arrays stay in the processor's cache
LONGEST = 65535  # half units of a sentence that are counted


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article as the corpus stages take it: its body blocks, where and when it was published.

    `key` names the page and is unique in the corpus; `date` is an ISO date or "".
    """

    key: str
    blocks: tuple[str, ...]
    site: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """What is kept of a batch of articles: arrays, and three strings an article.

    `digests` hash all words of an article, `units` are its length. `samples` are the sampled shingles, with
    the bit `NUMERIC`: article i has those from `sample_at[i]` to `sample_at[i + 1]`; likewise `sentences`,
    hashes of sentences with their `lengths` in half units, and `blocks`, the keys of blocks as site templates
    know them (`block_keys`), with the lengths of what these speak of and the numbers of sentences and
    samples that begin in them. `bands` are MinHash band keys, a row for each article in `banded`.
    """

    keys: tuple[str, ...]
    sites: tuple[str, ...]
    dates: tuple[str, ...]
    digests: U64
    units: F32
    samples: U32
    sample_at: I64
    sentences: U32
    lengths: U16
    sentence_at: I64
    blocks: U64
    block_units: F32
    block_sentences: U32
    block_samples: U32
    block_at: I64
    bands: U64
    banded: I64

    def __len__(self) -> int:
        return len(self.keys)


def sign(articles: Sequence[Prepared]) -> Signed:
    """The signatures of a batch of articles."""
    if len(articles) > BATCH:
        return joined(sign(articles[at : at + BATCH]) for at in range(0, len(articles), BATCH))
    found = words([article.blocks for article in articles])
    samples, sampled, bands, banded = _sketches(found)
    blocks, block_units = _blocks(found)
    sentences, units = found.sentences, found.units
    sample_at, sentence_at = (np.searchsorted(each, found.blocks) for each in (sampled, sentences[:-1]))
    return Signed(
        tuple(article.key for article in articles),
        tuple(article.site for article in articles),
        tuple(article.date for article in articles),
        sequence_hashes(found.hashes, found.offsets),
        segment_sum(units, found.offsets).astype(np.float32),
        samples,
        sample_at[found.texts],
        sequence_hashes(found.hashes, sentences).astype(np.uint32),
        np.minimum(segment_sum(units * 2, sentences), LONGEST).astype(np.uint16),
        sentence_at[found.texts],
        blocks,
        block_units,
        np.diff(sentence_at).astype(np.uint32),
        np.diff(sample_at).astype(np.uint32),
        found.texts,
        bands,
        banded,
    )


def _sketches(found: Words) -> tuple[U32, I64, U64, I64]:
    """Sampled shingles, their first words; MinHash band keys of articles with few, and which these are."""
    hashes, firsts, at = shingles(found, SHINGLE, SHINGLE_CJK)
    kept = np.flatnonzero(hashes >> np.uint64(64 - SAMPLED_BITS) == 0)
    counts = np.diff(np.searchsorted(kept, at))
    banded = np.flatnonzero((counts < FEW_SAMPLES) & (np.diff(at) > 0))
    rows, bounds = entries(at, banded)
    matrix = signatures(hashes[rows], bounds, BANDS * ROWS)
    return _samples(hashes[kept], firsts[kept], found), firsts[kept], band_keys(matrix, BANDS, ROWS), banded


def _samples(hashes: U64, firsts: I64, found: Words) -> U32:
    """Shingle hashes as 32 bits, of which the last says whether the shingle holds a number."""
    ends = firsts + np.where(found.cjk[firsts], SHINGLE_CJK, SHINGLE)
    numbers = offsets(found.numeric)
    numeric = numbers[np.minimum(ends, len(found.numeric))] > numbers[firsts]
    return (hashes.astype(np.uint32) & ~NUMERIC) | numeric


# ---------------------------------------------------------------- blocks as templates know them


def block_keys(blocks: Sequence[str]) -> list[int]:
    """The keys by which site templates know these blocks; a date or a counter does not change them."""
    found: list[int] = _blocks(words([blocks]))[0].tolist()
    return found


def _blocks(found: Words) -> tuple[U64, F32]:
    """For each block its key and the length of what the key speaks of."""
    kept = np.flatnonzero(~_masked(found))
    bounds = np.searchsorted(kept, found.blocks)
    keys = sequence_hashes(found.hashes[kept], bounds)
    return keys, segment_sum(found.units[kept], bounds).astype(np.float32)


def _masked(found: Words) -> Mask:
    """Words that block keys leave out: dates, and numbers where they stand in one place of the block only.

    A block with numbers in several places is no template line with a counter but a line of data.
    """
    places = np.flatnonzero(found.numeric)
    block = np.searchsorted(found.blocks, places, side="right")
    new = np.ones(len(places) + 1, np.bool_)
    new[1:-1] = (np.diff(places) > 2) | (block[1:] != block[:-1])  # one word between: "3 May 2024", "5月3日"
    bounds = np.flatnonzero(new)
    firsts, lasts = places[bounds[:-1]], places[bounds[1:] - 1]
    dated = segments(np.logical_or, found.years[places], bounds, 0) & (lasts > firsts)
    owner = block[bounds[:-1]]
    others = np.bincount(owner[~dated], minlength=len(found.blocks) + 1)
    firsts = firsts - (dated & (firsts > found.blocks[owner - 1]))  # the month, where it stands first
    change = np.zeros(len(found.hashes) + 1, np.int64)
    masked = dated | (others[owner] == 1)
    np.add.at(change, firsts[masked], 1)
    np.add.at(change, lasts[masked] + 1, -1)
    return np.cumsum(change)[:-1] > 0


# ---------------------------------------------------------------- batches


def without(signed: Signed, templates: Mapping[str, frozenset[int]]) -> Signed:
    """The corpus without the sentences and samples of blocks that belong to their site."""
    lost = in_template(signed, templates)
    sentences = np.repeat(~lost, signed.block_sentences)
    samples = np.repeat(~lost, signed.block_samples)
    sentence_at = offsets(sentences)[signed.sentence_at]
    lengths = signed.lengths[sentences]
    touched = segment_sum(lost.astype(np.int64), signed.block_at) > 0
    units = segment_sum(lengths.astype(np.int64), sentence_at) / 2
    return replace(
        signed,
        units=np.where(touched, units, signed.units).astype(np.float32),
        samples=signed.samples[samples],
        sample_at=offsets(samples)[signed.sample_at],
        sentences=signed.sentences[sentences],
        lengths=lengths,
        sentence_at=sentence_at,
    )


def in_template(signed: Signed, templates: Mapping[str, frozenset[int]]) -> Mask:
    """Which blocks of a corpus belong to their site."""
    found = np.zeros(len(signed.blocks), np.bool_)
    sites = np.repeat(np.array(["", *signed.sites])[1:], np.diff(signed.block_at))
    for site, keys in templates.items():
        found |= (sites == site) & np.isin(signed.blocks, np.fromiter(keys, np.uint64, len(keys)))
    return found


def joined(batches: Iterable[Signed]) -> Signed:
    """Batches one after the other as one."""
    parts = list(batches)
    columns: dict[str, Any] = {}
    for field in fields(Signed):
        values = [getattr(part, field.name) for part in parts]
        if isinstance(values[0], tuple):
            columns[field.name] = tuple(item for value in values for item in value)
        elif field.name.endswith("_at"):
            columns[field.name] = offsets(np.concatenate([np.diff(value) for value in values]))
        elif field.name == "banded":
            firsts = offsets([len(part) for part in parts])
            columns[field.name] = np.concatenate([v + f for v, f in zip(values, firsts, strict=False)])
        else:
            columns[field.name] = np.concatenate(values)
    return Signed(**columns)


# ---------------------------------------------------------------- candidates

LEAST_SHARED = 2  # samples
SHARE = 0.15  # … and that share of those of the article with fewer


def candidates(signed: Signed, among: I64) -> tuple[I64, I64]:
    """Pairs of articles (smaller, larger) that may hold the same passage, each once, sorted.

    They share sampled shingles, or a band of the MinHash of all their shingles. Only the articles in `among`
    are looked at.
    """
    ordered = among[_content_order(signed, among)]
    places = np.concatenate([_sample_pairs(signed, ordered), _band_pairs(signed, ordered)])
    left, right = (ordered[side] for side in _unpacked(places))
    return _unpacked(np.unique(_packed(np.minimum(left, right), np.maximum(left, right))))


def _content_order(signed: Signed, among: I64) -> I64:
    """An order of articles that sets likely copies side by side and depends on their words alone."""
    least = segments(np.minimum, signed.samples, signed.sample_at, 0)
    return np.lexsort((signed.digests[among], least[among]))


def _sample_pairs(signed: Signed, ordered: I64) -> U64:
    """Pairs of places in `ordered` whose articles share enough samples."""
    at, bounds = entries(signed.sample_at, ordered)
    places = np.repeat(np.arange(len(ordered)), np.diff(bounds))
    found = _packed(signed.samples[at].astype(np.int64), places)
    found.sort()
    keys, owners = _unpacked(found[_changes(found)])
    shared = _packed(*grouped_pairs(keys.astype(np.uint64), owners))
    shared.sort()
    starts = np.flatnonzero(_changes(shared))
    counts = np.diff(np.append(starts, len(shared)))
    one, two = _unpacked(shared[starts])
    sizes = np.diff(bounds)
    enough = counts >= np.maximum(LEAST_SHARED, SHARE * np.minimum(sizes[one], sizes[two]))
    return shared[starts][enough]


def _band_pairs(signed: Signed, ordered: I64) -> U64:
    """Pairs of places in `ordered` whose articles share a band."""
    place = np.full(len(signed), -1, np.int64)
    place[ordered] = np.arange(len(ordered))
    rows = np.flatnonzero(place[signed.banded] >= 0)
    keys = signed.bands[rows]
    return _packed(*pairs(keys.ravel(), np.repeat(place[signed.banded[rows]], keys.shape[1])))


def _packed(high: I64, low: I64) -> U64:
    """Two numbers below 2**32 as one, which sorts by the first."""
    return (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)


def _unpacked(packed: U64) -> tuple[I64, I64]:
    return (packed >> np.uint64(32)).astype(np.int64), (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _changes(values: U64) -> Mask:
    """Where a sorted array has another value than before; the first is one."""
    changes: Mask = np.r_[True, values[1:] != values[:-1]][: len(values)]
    return changes
