"""MinHash signatures, bands and the pairs they propose, for whole batches.

Signatures are bit for bit those of datasketch's `affine32` scheme for the same 32-bit input hashes, so
that its indexes can hold them; they are computed for all texts of a batch at once.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dedupe.text.ragged import I64, U32, U64, segments
from dedupe.text.words import BASE, mixed

PERMUTATIONS = 128  # values of a signature
SEED = 1  # of the permutations, as datasketch has it
EMPTY = np.uint32(0xFFFFFFFF)  # every value of the signature of an empty set
FULL_GROUP = 12  # owners of a key up to which every two of them are a pair
NEIGHBOURS = 3  # in a bigger group each owner is paired with that many next ones
SMALL = 1 << 10  # hashes up to which all permutations at once are quicker than one after the other
_BLOCK = 1 << 15  # hashes permuted together: they stay in the processor's cache


@lru_cache(maxsize=8)
def permutations(count: int = PERMUTATIONS, seed: int = SEED) -> tuple[U32, U32]:
    """The parameters (a, b) of the permutations h → a·h + b modulo 2**32; every a is odd."""
    random = np.random.RandomState(seed)
    a = random.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, random.randint(0, 1 << 32, count, dtype=np.uint32)


def signatures(hashes: U64, offsets: I64, count: int = PERMUTATIONS, seed: int = SEED) -> U32:
    """The MinHash signatures of many sets, a row of `count` values each.

    Set i holds hashes[offsets[i]:offsets[i + 1]], of which the low 32 bits count. An empty set has
    `EMPTY` everywhere.
    """
    a, b = permutations(count, seed)
    found = np.empty((count, len(offsets) - 1), np.uint32)
    if not found.size:
        return found.T
    for low, high in _blocks(offsets):
        part = _scattered(hashes[offsets[low] : offsets[high]].astype(np.uint32))
        bounds = offsets[low : high + 1] - offsets[low]
        if len(part) <= SMALL and np.all(bounds[1:] > bounds[:-1]):
            found[:, low:high] = np.minimum.reduceat(part * a[:, None] + b[:, None], bounds[:-1], axis=1)
            continue
        for row in range(count):
            found[row, low:high] = segments(np.minimum, part * a[row] + b[row], bounds, int(EMPTY))
    return np.ascontiguousarray(found.T)


def band_keys(matrix: U32, bands: int, rows: int) -> U64:
    """A 64-bit key for each band of each signature: array of (signatures, bands).

    Raises:
        ValueError: the signatures are too short for that many rows.
    """
    if bands * rows > matrix.shape[1]:
        raise ValueError(f"{bands} bands of {rows} rows need {bands * rows} values, not {matrix.shape[1]}")
    keys = np.repeat(np.arange(1, bands + 1, dtype=np.uint64)[None], len(matrix), axis=0)
    values = matrix[:, : bands * rows].reshape(len(matrix), bands, rows).astype(np.uint64)
    for row in range(rows):
        keys = keys * np.uint64(BASE) + values[:, :, row]
    return mixed(keys)


def pairs(keys: U64, owners: I64, full: int = FULL_GROUP, neighbours: int = NEIGHBOURS) -> tuple[I64, I64]:
    """Owners that share a key: (smaller, larger), a pair once for each key, in no useful order.

    Owners of a key with more than `full` owners are only paired with their next `neighbours` ones, so that
    work stays linear; all of them are still connected.
    """
    if not len(keys):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = distinct(keys, owners)
    return grouped_pairs(keys[at], owners[at], full, neighbours)


def distinct(keys: U64, owners: I64) -> I64:
    """Where each key of each owner stands first, sorted by key and owner."""
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    first = np.r_[True, (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])][: len(keys)]
    return np.asarray(order[first])


def grouped_pairs(
    keys: U64, owners: I64, full: int = FULL_GROUP, neighbours: int = NEIGHBOURS
) -> tuple[I64, I64]:
    """As `pairs`, for entries that are sorted by key and owner already and stand once."""
    large = _in_large_group(keys, full)
    lefts, rights = [], []
    at = np.arange(len(keys))
    for step in range(1, full):
        at = at[at < len(keys) - step]
        at = at[keys[at + step] == keys[at]]
        if step > neighbours:
            at = at[~large[at]]
        lefts.append(owners[at])
        rights.append(owners[at + step])
        if not len(at):
            break
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *lefts]), np.concatenate([none, *rights])


def _in_large_group(keys: U64, full: int) -> npt.NDArray[np.bool_]:
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
    sizes = np.diff(np.r_[starts, len(keys)])
    return np.repeat(sizes > full, sizes)


def _scattered(hashes: U32) -> U32:
    """A bijection that spreads structured inputs: the finaliser of MurmurHash3."""
    hashes = hashes ^ (hashes >> np.uint32(16))
    hashes *= np.uint32(0x85EBCA6B)
    hashes ^= hashes >> np.uint32(13)
    hashes *= np.uint32(0xC2B2AE35)
    hashes ^= hashes >> np.uint32(16)
    return hashes


def _blocks(offsets: I64) -> list[tuple[int, int]]:
    """Ranges of sets that hold about `_BLOCK` hashes together."""
    steps = np.arange(0, offsets[-1] + 1, _BLOCK)
    edges = sorted({*np.searchsorted(offsets[:-1], steps).tolist(), len(offsets) - 1})
    return list(pairwise(edges))
