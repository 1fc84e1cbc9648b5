"""The words of an article as codes, kept for exact comparisons."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dedupe.corpus.records import BLOCK, HASH, NUMBER, OPENS, TIME, WIDE, YEAR, Coded
from dedupe.text.ragged import I64, U16, U64, Mask, offsets, segment_sum
from dedupe.text.words import BASE, Words, among, mixed, words

if TYPE_CHECKING:
    from collections.abc import Sequence

_HASH_SHIFT = 56  # bits of a word's 64-bit hash that are left out of a code: it keeps the first 8 (`HASH`)


def coded(found: Words) -> Coded:
    """The codes of the words of articles."""
    codes = (found.hashes >> np.uint64(_HASH_SHIFT)).astype(np.uint16)
    flags = ((found.cjk, WIDE), (found.numeric, NUMBER), (found.opens, OPENS), (found.years, YEAR))
    for mask, bit in flags:
        codes[mask] |= bit
    wide = np.flatnonzero(found.cjk)
    codes[wide[among(found.hashes[wide], _times())]] |= TIME
    starts = found.blocks[:-1]
    codes[starts[starts < found.blocks[1:]]] |= BLOCK
    return Coded(codes, found.offsets)


@lru_cache(maxsize=1)
def _times() -> U64:
    """The words behind the numbers of a date or time where each character is a word, sorted."""
    return np.sort(words([["年月日时時分"]]).hashes)


# ---------------------------------------------------------------- codes as bytes


def split_codes(articles: Coded) -> tuple[bytes, ...]:
    """The codes of each article as bytes."""
    data, at = articles.codes.astype("<u2").tobytes(), (2 * articles.bounds).tolist()
    return tuple([data[low:high] for low, high in pairwise(at)])


def codes_of(data: bytes) -> U16:
    """Reads back what `split_codes` gave."""
    return np.frombuffer(data, "<u2").astype(np.uint16, copy=False)


def joined_codes(parts: Sequence[U16]) -> Coded:
    """Articles, each given as its codes, as one."""
    none = np.zeros(0, np.uint16)
    return Coded(np.concatenate([none, *parts]), offsets([len(part) for part in parts]))


def without_blocks(codes: U16, gone: Mask) -> U16:
    """An article without some of its blocks."""
    kept: U16 = codes[~gone[np.cumsum(codes & BLOCK != 0) - 1]]
    return kept


def sentence_hashes(codes: U16) -> tuple[U64, I64]:
    """A hash of each sentence of an article, and for each word the number of its sentence."""
    owner = np.cumsum(codes & OPENS != 0) - 1
    starts = np.append(np.flatnonzero(codes & OPENS != 0), len(codes))
    values = (codes & HASH).astype(np.uint64) + np.uint64(1)
    powers = np.uint64(BASE) ** (np.arange(len(codes)) - starts[owner]).astype(np.uint64)
    return mixed(segment_sum(values * powers, starts)), owner
