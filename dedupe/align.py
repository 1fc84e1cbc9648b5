"""Seed and chain: where a stream of tokens says the same thing twice.

Seeds are maximal exact matches of at least k tokens, found by sorting the hashes of all k-grams
at once. Chains are matches that run in the same order in both places, as in sequence alignment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_NEIGHBOURS = 3  # an occurrence is linked to that many later ones, if the k-gram is not common
_COMMON = 8  # a k-gram that occurs more often is linked to its next occurrence only
_LOOK_BACK = 48  # matches before one that may precede it in its chain
_GAP_COST = 0.01  # tokens lost per token that a chain leaps over
_SHIFT_COST = 0.005  # … and per token by which the two gaps differ
_LONGEST_GAP = 1500  # tokens


@dataclass(frozen=True, slots=True)
class Match:
    """Tokens [left, left + size) stand again, equal, at [right, right + size); left < right."""

    left: int
    right: int
    size: int


def seeds(ids: Ids, k: int) -> list[Match]:
    """Maximal exact matches of at least k tokens, by left and right.

    `ids` holds a number for each token, equal for equal tokens. A common k-gram is only matched with
    its next occurrence, so that work stays linear.
    """
    keys = kgram_keys(ids, k)
    if len(keys) < 2:
        return []
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    if not (ordered[1:] == ordered[:-1]).any():
        return []
    left, right = _pairs(order, ordered)
    return _maximal(left, right, k)


def kgram_keys(ids: Ids, k: int) -> npt.NDArray[np.uint64]:
    """A 64-bit key for the k tokens from each place on; empty where there are fewer than k."""
    count = len(ids) - k + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    words = (ids.astype(np.uint64) + np.uint64(1)) * _MULTIPLIER
    words ^= words >> np.uint64(29)
    keys = words[:count].copy()
    for offset in range(1, k):
        keys *= _MULTIPLIER
        keys += words[offset : offset + count]
    return keys


def _pairs(order: Ids, ordered: npt.NDArray[np.uint64]) -> tuple[Ids, Ids]:
    """Places whose k-grams are equal: each with its next occurrences."""
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    rare = np.repeat(sizes <= _COMMON, sizes)
    lefts, rights = [], []
    for step in range(1, _NEIGHBOURS + 1):
        same = ordered[step:] == ordered[:-step]
        if step > 1:
            same &= rare[step:]
        lefts.append(order[:-step][same])
        rights.append(order[step:][same])
    return np.concatenate(lefts), np.concatenate(rights)


def _maximal(left: Ids, right: Ids, k: int) -> list[Match]:
    """Join neighbouring pairs of one diagonal; cut matches that overlap themselves."""
    distance = right - left
    order = np.lexsort((left, distance))
    left, distance = left[order], distance[order]
    first = np.r_[True, (np.diff(distance) != 0) | (np.diff(left) != 1)]
    starts = np.flatnonzero(first)
    sizes = np.diff(np.r_[starts, len(left)]) + k - 1
    found = []
    for low, step, size in zip(left[starts].tolist(), distance[starts].tolist(), sizes.tolist(), strict=True):
        while size > step:  # a text that repeats itself at once: one copy after the other
            found.append(Match(low, low + step, step))
            low += step
            size -= step
        if size >= min(k, step):
            found.append(Match(low, low + step, size))
    found.sort(key=lambda match: (match.left, match.right))
    return found


def chains(matches: list[Match]) -> list[list[Match]]:
    """Group matches into chains, the heaviest first; a match is in one chain at most.

    In a chain both sides go forward, and the whole left side stands before the right side.
    """
    best = [float(match.size) for match in matches]
    before = [-1] * len(matches)
    for index, match in enumerate(matches):
        for at in range(max(0, index - _LOOK_BACK), index):
            gain = _link_score(matches[at], match)
            if gain is not None and best[at] + gain > best[index]:
                best[index] = best[at] + gain
                before[index] = at
    return _collect(matches, best, before)


def _link_score(one: Match, two: Match) -> float | None:
    """What appending `two` to a chain that ends with `one` adds, or None if it cannot follow."""
    gap_left = two.left - one.left - one.size
    gap_right = two.right - one.right - one.size
    if two.right <= one.right or two.left <= one.left or two.left + two.size > one.right:
        return None
    if max(gap_left, gap_right) > _LONGEST_GAP:
        return None
    overlap = -min(0, gap_left, gap_right)
    if overlap >= two.size:
        return None
    gaps = max(0, gap_left) + max(0, gap_right)
    return two.size - overlap - _GAP_COST * gaps - _SHIFT_COST * abs(gap_left - gap_right)


def _collect(matches: list[Match], best: list[float], before: list[int]) -> list[list[Match]]:
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


def _apart(chain: list[int], matches: list[Match]) -> list[list[int]]:
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


def _without_overlap(chain: list[Match]) -> list[Match]:
    """Shorten matches that begin before the one before them ends."""
    cut = []
    left = right = 0
    for match in chain:
        skip = max(0, left - match.left, right - match.right)
        if skip < match.size:
            cut.append(Match(match.left + skip, match.right + skip, match.size - skip))
            left, right = match.left + match.size, match.right + match.size
    return cut
