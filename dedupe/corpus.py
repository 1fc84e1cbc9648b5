"""Copies across pages: pure functions over batches of articles.

    prepared ─ sign ─▶ Signed ─ candidates ─▶ pairs ─ verify ─▶ links ─ cluster ─▶ clusters

`sign` works on any part of a corpus by itself, so a pool of processes can call it; all that is kept
of an article between the batches is some hundred bytes in arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from .minhash import U32, band_keys, grouped_pairs, pairs, signatures
from .normalize import tokens
from .shingles import I64, U64, Mask, Words, offsets, segment_sum, sequence_hashes, shingles, words

U16 = npt.NDArray[np.uint16]

SHINGLE = 4  # words
SHINGLE_CJK = 7  # characters
SAMPLED_BITS = 3  # a shingle is sampled if that many bits of its hash are 0: an eighth of all
FEW_SAMPLES = 32  # texts with fewer samples are found by the MinHash of all their shingles too
BANDS, ROWS = 16, 4


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

    `digests` hash all words of an article, `units` are its length. `samples` are the sampled shingles
    (article i has those from `sample_at[i]` to `sample_at[i + 1]`), `sentences` the sentences' hashes
    with their `lengths` in half units and `closes` for the last sentence of a block, `blocks` the keys of
    blocks as site templates know them. `bands` are MinHash band keys, a row for each article in `banded`.
    """

    keys: tuple[str, ...]
    sites: tuple[str, ...]
    dates: tuple[str, ...]
    digests: U64
    units: npt.NDArray[np.float32]
    samples: U32
    sample_at: I64
    sentences: U32
    lengths: U16
    closes: Mask
    sentence_at: I64
    blocks: U64
    block_at: I64
    bands: U64
    banded: I64

    def __len__(self) -> int:
        return len(self.keys)


def sign(articles: Sequence[Prepared], date_words: Collection[str] = ()) -> Signed:
    """The signatures of a batch of articles.

    `date_words` are names of months, weekdays and the like: they and numbers do not count where the blocks
    of a site are compared, so that a date in a template line does not hide it.
    """
    found = words([article.blocks for article in articles])
    samples, sample_at = _samples(found)
    bands, banded = _bands(found, sample_at)
    lengths = np.minimum(segment_sum(found.units * 2, found.sentences), 65535).astype(np.uint16)
    firsts = found.sentences[:-1]
    opening = np.zeros(len(found.hashes) + 1, np.bool_)
    opening[found.blocks] = True
    return Signed(
        tuple(article.key for article in articles),
        tuple(article.site for article in articles),
        tuple(article.date for article in articles),
        sequence_hashes(found.hashes, found.offsets),
        segment_sum(found.units, found.offsets).astype(np.float32),
        samples,
        sample_at,
        sequence_hashes(found.hashes, found.sentences).astype(np.uint32),
        lengths,
        opening[found.sentences[1:]],
        np.searchsorted(firsts, found.offsets),
        _block_keys(found, date_words),
        found.texts,
        bands,
        banded,
    )


def _samples(found: Words) -> tuple[U32, I64]:
    hashes, at = shingles(found, SHINGLE, SHINGLE_CJK)
    kept = hashes >> np.uint64(64 - SAMPLED_BITS) == 0
    return hashes[kept].astype(np.uint32), offsets(segment_sum(kept.astype(np.int64), at))


def _bands(found: Words, sample_at: I64) -> tuple[U64, I64]:
    banded = np.flatnonzero((np.diff(sample_at) < FEW_SAMPLES) & (np.diff(found.offsets) > 0))
    hashes, at = shingles(found, SHINGLE, SHINGLE_CJK)
    counts = np.diff(at)[banded]
    kept = np.repeat(at[banded] - offsets(counts)[:-1], counts) + np.arange(counts.sum())
    matrix = signatures(hashes[kept], offsets(counts), BANDS * ROWS)
    return band_keys(matrix, BANDS, ROWS), banded


def _block_keys(found: Words, date_words: Collection[str]) -> U64:
    return sequence_hashes(found.hashes, found.blocks)


def joined(batches: Iterable[Signed]) -> Signed:
    """Batches one after the other as one."""
    parts = list(batches)
    columns = {}
    for field in fields(Signed):
        values = [getattr(part, field.name) for part in parts]
        if field.name in ("keys", "sites", "dates"):
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
    """Pairs of articles (smaller, larger) that may hold the same passage, each once, sorted."""
    rank = _ranks(signed, among)
    one, two, count = _joined_samples(signed, among, rank)
    sizes = np.diff(signed.sample_at)
    enough = count >= np.maximum(LEAST_SHARED, SHARE * np.minimum(sizes[one], sizes[two]))
    rows = np.flatnonzero(np.isin(signed.banded, among))
    keys = signed.bands[rows]
    more = pairs(keys.ravel(), np.repeat(signed.banded[rows], keys.shape[1]))
    every = _packed(np.concatenate([one[enough], more[0]]), np.concatenate([two[enough], more[1]]))
    every = np.unique(every)
    return (every >> np.uint64(32)).astype(np.int64), (every & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _packed(one: I64, two: I64) -> U64:
    low, high = np.minimum(one, two), np.maximum(one, two)
    return (low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64)


def _ranks(signed: Signed, among: I64) -> I64:
    """An order of the articles that sets likely copies side by side and depends on their words alone."""
    from .shingles import segments

    least = segments(np.minimum, signed.samples, signed.sample_at, 0)
    return np.lexsort((signed.digests[among], least[among]))


def _joined_samples(signed: Signed, among: I64, rank: I64) -> tuple[I64, I64, I64]:
    ordered = among[rank]
    counts = np.diff(signed.sample_at)[ordered]
    owners = np.repeat(np.arange(len(ordered)), counts)
    at = np.repeat(signed.sample_at[ordered] - offsets(counts)[:-1], counts) + np.arange(counts.sum())
    entries = (signed.samples[at].astype(np.uint64) << np.uint64(32)) | owners.astype(np.uint64)
    entries.sort()
    entries = entries[np.r_[True, entries[1:] != entries[:-1]][: len(entries)]]
    one, two = grouped_pairs(entries >> np.uint64(32), (entries & np.uint64(0xFFFFFFFF)).astype(np.int64), 12, 3)
    packed = _packed(one, two)
    packed.sort()
    starts = np.flatnonzero(np.r_[True, packed[1:] != packed[:-1]][: len(packed)])
    count = np.diff(np.r_[starts, len(packed)])
    packed = packed[starts]
    return (
        ordered[(packed >> np.uint64(32)).astype(np.int64)],
        ordered[(packed & np.uint64(0xFFFFFFFF)).astype(np.int64)],
        count,
    )
