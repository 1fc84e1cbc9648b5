"""Many texts at once as numbers: words, sentences and shingles in numpy arrays.

Words are those of `normalize.tokens`. Every hash is a polynomial in 64-bit arithmetic over code points
or word hashes, so it is the same in every process, on every machine and however texts are batched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from .normalize import CJK, CJK_UNITS, fold

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

Value = TypeVar("Value", bound=np.generic)

BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
MIX = 0xD6E8FEB86659FD93
NUMERIC = np.uint32(1)  # the bit of a sampled shingle that says that it holds a number
CHUNK = 1 << 16  # characters hashed together: their arrays stay in the processor's cache

_INVERSE = pow(BASE, -1, 1 << 64)
_WORD, _CJK, _DIGIT, _STOP, _POINT, _SPACE, _DASH, _TEXT = 1, 2, 4, 8, 16, 32, 64, 128
_BMP = 1 << 16
_STOPS = "。！？!?"
_POINTS = ".…"
_DASHES = "-‐‑‒–—―−"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of texts, as arrays with one entry a word.

    `hashes` are 64-bit, `cjk` says which words are single CJK characters, `numeric` which hold a digit,
    `opens` which begin a sentence. `blocks` and `texts` are offsets: block i has the words
    [blocks[i], blocks[i + 1]), text i the blocks [texts[i], texts[i + 1]).
    """

    hashes: U64
    cjk: Mask
    numeric: Mask
    opens: Mask
    blocks: I64
    texts: I64

    @property
    def offsets(self) -> I64:
        """Offsets of the texts' words: text i has the words [offsets[i], offsets[i + 1])."""
        return self.blocks[self.texts]

    @property
    def units(self) -> F64:
        """What each word counts where lengths are compared across scripts."""
        return np.where(self.cjk, CJK_UNITS, 1.0)

    @property
    def years(self) -> Mask:
        """Which words are years that news may name."""
        found = self.numeric.copy()
        found[found] = np.isin(self.hashes[found], _years())
        return found

    @property
    def sentences(self) -> I64:
        """Offsets of the sentences' words, the number of words as the last."""
        return np.append(np.flatnonzero(self.opens), len(self.hashes))


def words(texts: Sequence[Sequence[str]]) -> Words:
    """The words of many texts, each given as its blocks."""
    lines, blocks = _lines([block for text in texts for block in text])
    parts = [_line_words(part) for part in _chunks(lines)]
    hashes, flags, opens = (np.concatenate([part[column] for part in parts]) for column in range(3))
    counts = np.concatenate([np.diff(part.places) for part in parts])
    return Words(
        hashes,
        (flags & _CJK) != 0,
        (flags & _DIGIT) != 0,
        opens,
        offsets(counts)[blocks],
        offsets([len(text) for text in texts]),
    )


def shingles(words: Words, k: int, k_cjk: int) -> tuple[U64, I64, I64]:
    """Hashes of the shingles of all texts, the first word of each, and the offsets of the texts in them.

    A shingle is `k` words in a row, or `k_cjk` if the first is a CJK character. A text that holds none
    although it has words is one shingle itself.
    """
    hashes, whole = kgrams(words.hashes, words.cjk, words.offsets, k, k_cjk)
    counts = segment_sum(whole.astype(np.int64), words.offsets)
    for text in np.flatnonzero((counts == 0) & (np.diff(words.offsets) > 0)).tolist():
        first, end = words.offsets[text], words.offsets[text + 1]
        hashes[first] = sequence_hashes(words.hashes[first:end], np.array([0, end - first]))[0]
        whole[first] = True
        counts[text] = 1
    firsts = np.flatnonzero(whole)
    return hashes[firsts], firsts, offsets(counts)


def kgrams(hashes: U64, cjk: Mask, bounds: I64, k: int, k_cjk: int) -> tuple[U64, Mask]:
    """The hash of the k words (k_cjk, not fewer, from a CJK character on) from each word on.

    Also says which of these stretches end before the next bound.
    """
    left = np.repeat(bounds[1:], np.diff(bounds)) - np.arange(len(hashes))
    found = hashes.copy()
    _extend(found, hashes, 1, k)
    whole = left >= k
    if k_cjk != k and cjk.any():
        at = np.flatnonzero(cjk)
        longer = found.copy()
        _extend(longer, hashes, k, k_cjk)
        found[at] = longer[at]
        whole[at] = left[at] >= k_cjk
    return mixed(found), whole


def _extend(found: U64, hashes: U64, low: int, high: int) -> None:
    """Make hashes of `low` words hashes of `high` words; those that reach over the end stay as they are."""
    count = len(hashes) - high + 1
    if count > 0:
        sums = found[:count]
        for step in range(low, high):
            sums *= np.uint64(BASE)
            sums += hashes[step : step + count]


def sequence_hashes(hashes: U64, bounds: I64) -> U64:
    """A 64-bit hash for each stretch [bounds[i], bounds[i + 1]) of words; 0 for an empty one."""
    powers, inverse = _powers(len(hashes))
    sums = segment_sum(hashes * powers[: len(hashes)], bounds)
    return mixed(sums * inverse[np.minimum(bounds[:-1], max(0, len(hashes) - 1))])


def segment_sum(values: npt.NDArray[Value], bounds: I64) -> npt.NDArray[Value]:
    """The sum of each stretch [bounds[i], bounds[i + 1]); 0 for an empty one."""
    return segments(np.add, values, bounds, 0)


def segments(ufunc: np.ufunc, values: npt.NDArray[Value], bounds: I64, empty: int) -> npt.NDArray[Value]:
    """A ufunc reduced over each stretch [bounds[i], bounds[i + 1]); `empty` for an empty one."""
    found = np.full(len(bounds) - 1, empty, values.dtype)
    filled = np.flatnonzero(bounds[1:] > bounds[:-1])
    if len(filled):
        found[filled] = ufunc.reduceat(values[: bounds[-1]], bounds[:-1][filled])
    return found


def offsets(counts: npt.ArrayLike) -> I64:
    """Where each of the groups of these sizes begins, the total as the last."""
    return np.append(np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64))


def entries(bounds: I64, rows: I64) -> tuple[I64, I64]:
    """Where the entries of some rows of a ragged array stand, row after row, and the rows' offsets there."""
    counts = bounds[rows + 1] - bounds[rows]
    found = offsets(counts)
    return np.repeat(bounds[rows] - found[:-1], counts) + np.arange(found[-1]), found


def mixed(values: U64) -> U64:
    """64-bit values with their bits mixed, so that any part of them can be used as a hash."""
    values = values ^ (values >> np.uint64(32))
    values *= np.uint64(MIX)
    values ^= values >> np.uint64(29)
    return values


# ---------------------------------------------------------------- characters to words


def _lines(blocks: list[str]) -> tuple[list[str], I64]:
    """The blocks as lines of bounded length, and the offsets of the blocks in them."""
    if max(map(len, blocks), default=0) <= CHUNK:
        return blocks, np.arange(len(blocks) + 1)
    cut = [[block[at : at + CHUNK] for at in range(0, max(1, len(block)), CHUNK)] for block in blocks]
    return [piece for pieces in cut for piece in pieces], offsets([len(pieces) for pieces in cut])


def _chunks(lines: list[str]) -> list[list[str]]:
    """The lines in parts of about `CHUNK` characters, at least one."""
    ends = offsets(_lengths(lines))[1:]
    cuts = np.searchsorted(ends, np.arange(CHUNK, ends[-1] if len(ends) else 0, CHUNK), side="right")
    edges = sorted({0, len(lines), *cuts.tolist()})
    return [lines[low:high] for low, high in pairwise(edges)] or [[]]


def _lengths(lines: Sequence[str]) -> I64:
    return np.fromiter(map(len, lines), np.int64, len(lines)) + 1


class _Found(NamedTuple):
    """The words of some lines: hashes, flags, which begin a sentence; and the lines' offsets in them."""

    hashes: U64
    flags: Flags
    opens: Mask
    places: I64


def _line_words(lines: list[str]) -> _Found:
    """The words of some lines.

    A table folds nearly all characters; a line with one whose folding depends on its neighbours, or is
    longer than one character, is folded as text.
    """
    points = _points(lines)
    bounds = offsets(_lengths(lines))
    folding = _folding()
    kinds = folding.kinds.take(points, mode="clip")
    found = _split(folding.values.take(points, mode="clip"), kinds, bounds)
    hard = np.unique(np.searchsorted(bounds, np.flatnonzero(kinds >= _TEXT), side="right") - 1)
    if not len(hard):
        return found
    return _spliced(found, hard, _folded_words([fold(lines[line]) for line in hard.tolist()]))


def _folded_words(lines: list[str]) -> _Found:
    """The words of lines that are folded already."""
    points = _points(lines)
    kinds = _folding().plain.take(points, mode="clip")
    beyond = np.flatnonzero(points >= _BMP)
    if len(beyond):
        codes, which = np.unique(points[beyond], return_inverse=True)
        kinds[beyond] = np.array([_kind(chr(code)) for code in codes.tolist()], np.uint8)[which]
    values = np.where(kinds & _WORD, points, 0).astype(np.uint64)
    return _split(values, kinds, offsets(_lengths(lines)))


def _points(lines: list[str]) -> I64:
    """The code points of some lines, each with a line end."""
    encoded = ("\n".join(lines) + "\n").encode("utf-32-le", "surrogatepass")
    return np.frombuffer(encoded, np.uint32).astype(np.int64)


def _split(values: U64, kinds: Flags, bounds: I64) -> _Found:
    """Words from folded code points (0 outside words), their kinds and the lines' offsets."""
    starts = np.flatnonzero(_begins(kinds))
    places = np.searchsorted(starts, bounds)
    if not len(starts):
        return _Found(np.zeros(0, np.uint64), np.zeros(0, np.uint8), np.zeros(0, np.bool_), places)
    powers, inverse = _powers(len(values))
    values *= powers[: len(values)]
    hashes = mixed(np.add.reduceat(values, starts) * inverse[starts])
    flags = np.bitwise_or.reduceat(kinds, starts)
    return _Found(hashes, flags, _opens(flags, places), places)


def _spliced(found: _Found, lines: I64, other: _Found) -> _Found:
    """The words of all lines, those of the given lines from `other`."""
    starts, counts = found.places[:-1].copy(), np.diff(found.places)
    starts[lines] = other.places[:-1] + len(found.hashes)
    counts[lines] = np.diff(other.places)
    places = offsets(counts)
    order = np.arange(places[-1]) + np.repeat(starts - places[:-1], counts)
    hashes = np.concatenate([found.hashes, other.hashes])[order]
    flags = np.concatenate([found.flags, other.flags])[order]
    return _Found(hashes, flags, np.concatenate([found.opens, other.opens])[order], places)


def _begins(kinds: Flags) -> Mask:
    """Which characters begin a word: the first of a run of letters and digits, and every CJK character."""
    word = (kinds & _WORD).view(np.bool_)
    alone = (kinds & _CJK) != 0
    begins = word.copy()
    begins[1:] &= ~word[:-1] | alone[1:] | alone[:-1]
    return begins


def _opens(flags: Flags, places: I64) -> Mask:
    """Which words begin a sentence: the first of a line, and any after a full stop or a dash.

    A dash sets off datelines, which copies of an article do not share.
    """
    stopped = (flags & _STOP) != 0
    spaced = (flags & _SPACE) != 0  # "3.5", "example.com" and "well-known" go on
    stopped |= spaced & ((flags & (_POINT | _DASH)) != 0)
    opens = np.empty(len(flags), np.bool_)
    opens[1:] = stopped[:-1]
    firsts = places[:-1]
    opens[firsts[firsts < len(flags)]] = True
    return opens


_CJK_CHARACTER = re.compile(rf"[{CJK}]")


def _kind(character: str) -> int:
    if _CJK_CHARACTER.match(character):
        return _WORD | _CJK
    if character.isalnum():
        return _WORD | (_DIGIT if character.isdigit() else 0)
    if character in _STOPS:
        return _STOP
    if character in _POINTS:
        return _POINT
    return _DASH if character in _DASHES else _SPACE * character.isspace()


class _Folding(NamedTuple):
    """For each code point its folded value (0 outside words), its kind once folded, and its own kind.

    The last entry stands for all code points beyond.
    """

    values: U64
    kinds: Flags
    plain: Flags


@lru_cache(maxsize=1)
def _folding() -> _Folding:
    values, kinds = np.zeros(_BMP, np.uint64), np.full(_BMP, _TEXT, np.uint8)
    plain = np.array([_kind(chr(point)) for point in range(_BMP)], np.uint8)
    joining = _joining()
    for point in range(_BMP - 1):
        character = chr(point)
        folded = fold(character)
        if character in joining or not joining.isdisjoint(folded):
            continue
        if len(folded) == 1:
            kinds[point] = kind = _kind(folded)
            values[point] = ord(folded) if kind & _WORD else 0
        elif not any(map(str.isalnum, folded)):
            kinds[point] = reduce(or_, map(_kind, folded), 0)
    return _Folding(values, kinds, plain)


def _joining() -> frozenset[str]:
    """Characters that may fuse with the one before them under NFKC."""
    found = set(map(chr, (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))))
    for point in range(_BMP):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            found.add(chr(int(parts[1], 16)))
        if unicodedata.combining(chr(point)):
            found.add(chr(point))
    return frozenset(found)


@lru_cache(maxsize=1)
def _years() -> U64:
    return words([[str(year)] for year in range(1990, 2050)]).hashes


@lru_cache(maxsize=2)
def _power_tables(size: int) -> tuple[U64, U64]:
    tables = []
    for base in (BASE, _INVERSE):
        table = np.full(size, base, np.uint64)
        table[0] = 1
        tables.append(np.multiply.accumulate(table))
    return tables[0], tables[1]


def _powers(least: int) -> tuple[U64, U64]:
    """The powers of BASE and of its inverse, at least that many."""
    return _power_tables(1 << max(19, int(least).bit_length()))
