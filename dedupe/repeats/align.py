"""Seed and chain: where a stream of tokens says the same thing twice.

Seeds are maximal exact matches of at least k tokens, found by sorting the hashes of all k-grams
at once. Chains are matches that run in the same order in both places, as in sequence alignment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.repeats.records import ExactMatch
from dedupe.repeats.thresholds import MATCHING

if TYPE_CHECKING:
    from collections.abc import Iterator

Ids = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # of 64 bits: 2**64 by the golden ratio, an odd number
_MIXED = np.uint64(29)  # bits by which a token's key is shifted to mix it
# What bounds the work on one page:
_NEIGHBOURS = 3  # later occurrences that one of a k-gram is linked to, if it is not common
_COMMON = 8  # occurrences: a k-gram that has more is linked to its next occurrence only
_LOOK_BACK = 48  # matches before one that may precede it in its chain
_SERIES = 30  # copies of one passage in a row that are matched one by one; more are matched by halves
_BATCH = 4096  # matches that are compared with earlier ones at once
MATCHES = 100_000  # matches of a page, the longest: linking that many takes about a second


def seeds(ids: Ids, k: int, most: int = MATCHES) -> tuple[list[ExactMatch], bool]:
    """Maximal exact matches of at least k tokens, by left and right, and whether these are all: no more than
    so many are found, the longest.

    `ids` holds a number for each token, equal for equal tokens. A common k-gram is only matched with
    its next occurrence, so that work stays linear.
    """
    left, right = _equal_pairs(kgram_keys(ids, k))
    return _maximal(left, right, k, most) if len(left) else ([], True)


def kgram_keys(ids: Ids, k: int) -> npt.NDArray[np.uint64]:
    """A 64-bit key for the k tokens from each place on; empty where there are fewer than k."""
    count = len(ids) - k + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    words = ids.astype(np.uint64)
    words += np.uint64(1)
    words *= _MULTIPLIER
    words ^= words >> _MIXED
    keys = words[:count].copy()
    for offset in range(1, k):
        keys *= _MULTIPLIER
        keys += words[offset : offset + count]
    return keys


def _equal_pairs(keys: npt.NDArray[np.uint64]) -> tuple[Places, Places]:
    """Places whose k-grams are equal: each with its next occurrences."""
    order = np.argsort(keys, kind="stable").astype(np.int32)
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    lefts, rights = [order[:-1][same]], [order[1:][same]]
    if len(lefts[0]):
        starts = np.flatnonzero(np.append(True, ~same))
        sizes = np.diff(np.append(starts, len(ordered)))
        rare = np.repeat(sizes <= _COMMON, sizes)
        for step in range(2, _NEIGHBOURS + 1):
            same = (ordered[step:] == ordered[:-step]) & rare[step:]
            lefts.append(order[:-step][same])
            rights.append(order[step:][same])
    return np.concatenate(lefts), np.concatenate(rights)


def _maximal(left: Places, right: Places, k: int, most: int) -> tuple[list[ExactMatch], bool]:
    """Join neighbouring pairs of one diagonal; cut matches that overlap themselves."""
    distance = right - left
    order = np.lexsort((left, distance))
    left, distance = left[order], distance[order]
    del right, order
    starts = np.flatnonzero(np.append(True, (np.diff(distance) != 0) | (np.diff(left) != 1)))
    sizes = np.diff(np.append(starts, len(left))) + k - 1
    left, distance = left[starts], distance[starts]
    order = np.argsort(-sizes, kind="stable")
    longest = order[: np.searchsorted(np.cumsum(_copies(sizes, distance)[order]), most, "right")]
    are_all = len(longest) == len(order)
    if not are_all:
        left, distance, sizes = left[longest], distance[longest], sizes[longest]
    found: list[ExactMatch] = []
    for low, step, size in zip(left.tolist(), distance.tolist(), sizes.tolist(), strict=True):
        if size > _SERIES * step:
            found += _halves(low, step, size)
            continue
        while size > step:  # a text that repeats itself at once: one copy after the other
            found.append(ExactMatch(low, low + step, step))
            low += step
            size -= step
        if size >= min(k, step):
            found.append(ExactMatch(low, low + step, size))
    found.sort()
    return found, are_all


def _copies(sizes: npt.NDArray[np.int64], distances: Places) -> npt.NDArray[np.int64]:
    """How many matches each stretch of equal tokens becomes at most: one a copy, or two for each halving."""
    copies = -(-sizes // distances)
    halvings = 2 * np.ceil(np.log2(copies + 1)).astype(np.int64)
    return np.where(copies > _SERIES, np.minimum(copies, halvings), copies)


def _halves(low: int, step: int, size: int) -> Iterator[ExactMatch]:
    """A long series of copies: its second half repeats the first, and so on down to a single copy."""
    copies = size // step + 1
    while copies > 1:
        half = copies // 2 * step
        yield ExactMatch(low, low + half, half, step)
        if copies % 2:
            yield ExactMatch(low, low + 2 * half, step, step)
        copies //= 2


def chains(matches: list[ExactMatch]) -> list[list[ExactMatch]]:
    """Group matches into chains, the heaviest first; a match is in one chain at most.

    In a chain both sides go forward, and the whole left side stands before the right side.
    """
    best = [float(match.size) for match in matches]
    before = [-1] * len(matches)
    for start in range(0, len(matches) if len(matches) > 1 else 0, _BATCH):
        for at, index, gain in _links(matches, start):
            if best[at] + gain > best[index]:
                best[index] = best[at] + gain
                before[index] = at
    return _collect(matches, best, before)


def _links(matches: list[ExactMatch], start: int) -> Iterator[tuple[int, int, float]]:
    """For a batch of matches the earlier ones that each may follow, and what appending it adds."""
    first = max(0, start - _LOOK_BACK)
    part = matches[first : start + _BATCH]
    table = np.array(part)
    two = np.arange(start - first, len(part))[:, None]
    one = two - np.arange(min(_LOOK_BACK, len(part) - 1), 0, -1)
    allowed = one >= 0
    left, right, size, _ = table.T
    left2, right2, size2 = left[two], right[two], size[two]
    gap_left = left2 - (left + size)[one]
    gap_right = right2 - (right + size)[one]
    overlap = -np.minimum(np.minimum(gap_left, gap_right), 0)
    allowed &= (right2 > right[one]) & (left2 > left[one]) & (left2 + size2 <= right[one])
    allowed &= (np.maximum(gap_left, gap_right) <= MATCHING.chain_gap_tokens) & (overlap < size2)
    gaps = np.maximum(gap_left, 0) + np.maximum(gap_right, 0)
    shifts = np.abs(gap_left - gap_right)
    gains = size2 - overlap - MATCHING.gap_cost_tokens * gaps - MATCHING.shift_cost_tokens * shifts
    rows, columns = np.nonzero(allowed)
    yield from zip(
        (one[rows, columns] + first).tolist(),
        (rows + start).tolist(),
        gains[rows, columns].tolist(),
        strict=True,
    )


def _collect(matches: list[ExactMatch], best: list[float], before: list[int]) -> list[list[ExactMatch]]:
    used = [False] * len(matches)
    found = []
    for index in sorted(range(len(matches)), key=lambda index: (-best[index], index)):
        chain = []
        at = index
        while at >= 0 and not used[at]:
            chain.append(at)
            at = before[at]
        for part in _apart(chain[::-1], matches):
            for at in part:
                used[at] = True
            found.append(_without_overlap([matches[at] for at in part]))
    return found


def _apart(chain: list[int], matches: list[ExactMatch]) -> list[list[int]]:
    """The chain, cut so that no left side reaches into the right side of its own part: a short match
    that leads into a longer one by chance is left out, at a long one a new part begins."""
    parts: list[list[int]] = [[]]
    for at in chain:
        match, part = matches[at], parts[-1]
        strays = []
        while (
            part and matches[part[0]].right < match.left + match.size and matches[part[0]].size <= match.size
        ):
            strays.append(part.pop(0))
        parts[-1:-1] = [[stray] for stray in strays]
        if part and matches[part[0]].right < match.left + match.size:
            parts.append([])
        parts[-1].append(at)
    return parts


def _without_overlap(chain: list[ExactMatch]) -> list[ExactMatch]:
    """Shorten matches that begin before the one before them ends."""
    cut = []
    left = right = 0
    for match in chain:
        skip = max(0, left - match.left, right - match.right)
        if skip < match.size:
            cut.append(
                match if not skip else ExactMatch(match.left + skip, match.right + skip, match.size - skip)
            )
            left, right = match.left + match.size, match.right + match.size
    return cut
