"""Many texts at once as numbers: words, sentences and shingles in numpy arrays.

Words are those of `normalize.tokens`. Every hash is a polynomial in 64-bit arithmetic over code points
or word hashes, so it is the same in every process, on every machine and however texts are batched.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from dedupe.text.normalize import CJK, CJK_UNITS, RULES, fold
from dedupe.text.ragged import F64, I64, U64, Flags, Mask, Value, offsets, ranges, segments

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
MIX = 0xD6E8FEB86659FD93  # odd as well: a factor that spreads the bits of a hash
NUMERIC = np.uint32(1)  # the bit of a sampled shingle that says that it holds a number
CHUNK = 1 << 16  # characters hashed together: their arrays stay in the processor's cache

_INVERSE = pow(BASE, -1, 1 << 64)
_WORD, _CJK, _DIGIT, _STOP, _POINT, _SPACE, _DASH, _TEXT = 1, 2, 4, 8, 16, 32, 64, 128
_BMP = 1 << 16  # code points whose folding stands in a table
_STOPS = "。！？!?"
_POINTS = ".…"
_DASHES = "-‐‑‒–—―−"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of texts, as arrays with one entry a word.

    `hashes` are 64-bit, `cjk` says which words are single CJK characters, `numeric` which hold a digit,
    `opens` which begin a sentence. `blocks` and `texts` are offsets: block i has the words
    [blocks[i], blocks[i + 1]), text i the blocks [texts[i], texts[i + 1]). `sums` and `wide` are running
    sums, one entry more than words, which give the hash of any stretch of words and its CJK characters.
    """

    hashes: U64
    cjk: Mask
    numeric: Mask
    opens: Mask
    blocks: I64
    texts: I64
    sums: U64
    wide: I64

    @property
    def offsets(self) -> I64:
        """Offsets of the texts' words: text i has the words [offsets[i], offsets[i + 1])."""
        return self.blocks[self.texts]

    @property
    def years(self) -> Mask:
        """Which words are years that news may name."""
        found = self.numeric.copy()
        found[found] = among(self.hashes[found], _years())
        return found

    @property
    def sentences(self) -> I64:
        """Offsets of the sentences' words, the number of words as the last."""
        return np.append(np.flatnonzero(self.opens), len(self.hashes))

    def sequences(self, bounds: I64) -> U64:
        """As `sequence_hashes` of these words."""
        return _between(self.sums, bounds[:-1], bounds[1:])

    def units(self, bounds: I64) -> F64:
        """The length of each stretch [bounds[i], bounds[i + 1]), comparable across scripts."""
        return np.asarray(np.diff(bounds) - np.diff(self.wide[bounds]) * (1 - CJK_UNITS), np.float64)


def words(texts: Sequence[Sequence[str]]) -> Words:
    """The words of many texts, each given as its blocks."""
    lines, blocks = _lines([_without_sharp_s(block) for text in texts for block in text])
    parts = [_line_words(part) for part in _chunks(lines)]
    hashes, kinds, opens = (np.concatenate([part[column] for part in parts]) for column in range(3))
    counts = np.concatenate([np.diff(part.places) for part in parts])
    cjk = (kinds & _CJK) != 0
    return Words(
        hashes,
        cjk,
        (kinds & _DIGIT) != 0,
        opens,
        offsets(counts)[blocks],
        offsets([len(text) for text in texts]),
        _running(hashes),
        offsets(cjk),
    )


def shingles(words: Words, k: int, k_cjk: int) -> tuple[U64, Mask]:
    """The hash of the shingle that begins at each word, and where one does.

    A shingle is `k` words in a row of one text, or `k_cjk` (not fewer) if the first is a CJK character.
    A text that holds none although it has words is one shingle itself. Hashes are as `sequence_hashes`.
    """
    hashes, whole = kgrams(words, k, k_cjk)
    bounds = words.offsets
    for text in np.flatnonzero((np.diff(bounds) > 0) & (np.diff(offsets(whole)[bounds]) == 0)).tolist():
        first = bounds[text]
        hashes[first] = words.sequences(bounds[text : text + 2])[0]
        whole[first] = True
    return hashes, whole


def kgrams(words: Words, k: int, k_cjk: int) -> tuple[U64, Mask]:
    """The hash of the k words (k_cjk, not fewer, from a CJK character on) from each word on.

    Also says which of these stretches end within their text; the hashes of the others mean nothing.
    """
    count, sums = len(words.hashes), words.sums
    found = np.zeros(count, np.uint64)
    np.subtract(sums[k:], sums[:-k], out=found[: max(0, count + 1 - k)])
    wide = np.flatnonzero(words.cjk)
    found[wide] = sums.take(wide + k_cjk, mode="clip") - sums[wide]
    found *= _powers(count)[1][:count]
    return mixed(found), _whole(words, k, k_cjk)


def _whole(words: Words, k: int, k_cjk: int) -> Mask:
    """From which words on a text holds k words, or k_cjk from a CJK character on."""
    count, last = len(words.hashes), words.offsets[1:]
    whole = np.ones(count + k_cjk, np.bool_)  # what stands before the first word falls on the last entries
    for step in range(1, k):
        whole[last - step] = False
    for step in range(k, k_cjk):
        short = last[last >= step] - step
        whole[short[words.cjk[short]]] = False
    return whole[:count]


def sequence_hashes(hashes: U64, bounds: I64) -> U64:
    """A 64-bit hash for each stretch [bounds[i], bounds[i + 1]) of words; 0 for an empty one."""
    return _between(_running(hashes), bounds[:-1], bounds[1:])


def _running(values: U64) -> U64:
    """Running sums of values, the one at place i times BASE to the power i; one entry more than values."""
    powers, _ = _powers(len(values))
    sums = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * powers[: len(values)], out=sums[1:])
    return sums


def _between(sums: U64, starts: I64, ends: I64) -> U64:
    """Hashes of the stretches [starts[i], ends[i]) of what these are the running sums of."""
    _, inverse = _powers(len(sums))
    found = sums[ends]
    found -= sums[starts]
    found *= inverse[starts]
    return mixed(found)


def mixed(values: U64) -> U64:
    """64-bit values with their bits mixed, so that any part of them can be used as a hash."""
    values = values ^ (values >> np.uint64(32))
    values *= np.uint64(MIX)
    values ^= values >> np.uint64(29)
    return values


def among(values: U64, known: U64) -> Mask:
    """Which values are among some known ones, which are sorted and at least one."""
    return np.asarray(known.take(np.searchsorted(known, values), mode="clip") == values)


# ---------------------------------------------------------------- characters to words


_SHARP_S = re.compile("ß(?=[\0-\u02ff]|\\Z)")  # that no accent follows


def _without_sharp_s(block: str) -> str:
    """The block with the one common letter that folds to two folded already: other such letters cost more."""
    return _SHARP_S.sub("ss", block) if "ß" in block else block


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
    """The words of some lines: hashes, kinds, which begin a sentence; and the lines' offsets in them."""

    hashes: U64
    kinds: Flags
    opens: Mask
    places: I64


def _line_words(lines: list[str]) -> _Found:
    """The words of some lines.

    A table folds nearly all characters; a line with one whose folding depends on its neighbours, or is
    longer than one character, is folded as text before.
    """
    values, kinds, bounds = _characters(lines)
    hard = np.flatnonzero(kinds >= _TEXT)
    if len(hard):
        values, kinds, bounds = _with_folded(lines, hard, values, kinds, bounds)
    return _split(values, kinds, bounds)


def _with_folded(
    lines: list[str], hard: I64, values: U64, kinds: Flags, bounds: I64
) -> tuple[U64, Flags, I64]:
    """The characters of some lines with those of the lines that hold `hard` ones put in anew."""
    chosen = np.array(sorted({*(np.searchsorted(bounds, hard, side="right") - 1).tolist()}))
    folded = [fold(lines[line]) for line in chosen.tolist()]
    new_values, new_kinds, new_bounds = _characters(folded)
    _settle(new_values, new_kinds, folded)
    edges = np.stack([bounds[chosen], bounds[chosen + 1]], axis=1).ravel()
    sizes = np.diff(bounds)
    sizes[chosen] = np.diff(new_bounds)
    values = _spliced(values, new_values, edges, new_bounds)
    return values, _spliced(kinds, new_kinds, edges, new_bounds), offsets(sizes)


def _spliced(old: npt.NDArray[Value], new: npt.NDArray[Value], edges: I64, bounds: I64) -> npt.NDArray[Value]:
    """The old values with every second of the stretches between `edges` replaced by a stretch of new ones."""
    parts = np.split(old, edges)
    parts[1::2] = np.split(new, bounds[1:-1])
    return np.concatenate(parts)


def _characters(lines: list[str]) -> tuple[U64, Flags, I64]:
    """The characters of some lines, each with a line end: folded (0 outside words), and their kinds.

    Also the lines' offsets in them.
    """
    encoded = ("\n".join(lines) + "\n").encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(encoded, np.uint32).astype(np.int64)
    folding = _folding()
    values, kinds = folding.values.take(points, mode="clip"), folding.kinds.take(points, mode="clip")
    return values, kinds, offsets(_lengths(lines))


def _settle(values: U64, kinds: Flags, lines: list[str]) -> None:
    """Give the characters of folded lines that are left open their own values and kinds."""
    text = "\n".join(lines)
    hard = np.flatnonzero(kinds >= _TEXT)
    for place in hard.tolist():
        kinds[place] = kind = _kind(text[place])
        values[place] = ord(text[place]) if kind & _WORD else 0


def _split(values: U64, kinds: Flags, bounds: I64) -> _Found:
    """Words from folded code points (0 outside words), their kinds and the lines' offsets."""
    starts = np.flatnonzero(_begins(kinds))
    places = np.searchsorted(starts, bounds)
    hashes = _between(_running(values), starts, np.append(starts, len(values))[1:])
    found = kinds[starts]
    signs = np.flatnonzero(kinds & (_DIGIT | _STOP | _POINT | _DASH) != 0)
    owners = np.searchsorted(starts, signs, side="right") - 1
    signs, owners = signs[owners >= 0], owners[owners >= 0]  # what stands before all words says nothing
    found[owners[kinds[signs] & _DIGIT != 0]] |= _DIGIT
    return _Found(hashes, found, _opens(kinds, starts, signs, owners, places), places)


def _begins(kinds: Flags) -> Mask:
    """Which characters begin a word: the first of a run of letters and digits, and every CJK character."""
    word = (kinds & _WORD).view(np.bool_)
    alone = (kinds & _CJK) != 0
    begins = word.copy()
    begins[1:] &= ~word[:-1] | alone[1:] | alone[:-1]
    return begins


def _opens(kinds: Flags, starts: I64, signs: I64, owners: I64, places: I64) -> Mask:
    """Which words begin a sentence: the first of a line, and any after a full stop or a dash.

    `starts` are the words' first characters, `signs` the characters that may end a sentence, `owners` the
    words before them. A dash sets off datelines, which copies of an article do not share.
    """
    opens = np.zeros(len(starts) + 1, np.bool_)
    ends = kinds[signs]
    opens[owners[ends & _STOP != 0] + 1] = True
    may = np.flatnonzero(ends & (_POINT | _DASH) != 0)
    after = np.append(starts, len(kinds))[owners[may] + 1]
    opens[owners[may[_spaced(kinds, signs[may], after)]] + 1] = True
    opens[places[:-1]] = True
    return opens[:-1]


def _spaced(kinds: Flags, signs: I64, ends: I64) -> Mask:
    """Signs with white space before them or up to the next word: not those of "3.5" and "well-known"."""
    at, bounds = ranges(signs - 1, ends)
    return np.asarray(segments(np.bitwise_or, kinds[at], bounds, 0) & _SPACE != 0, np.bool_)


_CJK_CHARACTER = re.compile(rf"[{CJK}]")


@lru_cache(maxsize=1 << 16)
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
    """For each code point its folded value (0 outside words) and its kind once folded.

    The last entry stands for all code points beyond.
    """

    values: U64
    kinds: Flags


@lru_cache(maxsize=1)
def _folding() -> _Folding:
    values, kinds = np.zeros(_BMP, np.uint64), np.full(_BMP, _TEXT, np.uint8)
    joining = _joining()
    for point in range(_BMP - 1):
        character = chr(point)
        folded = fold(character)
        if not folded or character in joining or not joining.isdisjoint(folded):
            continue
        if len(folded) == 1:
            kinds[point] = kind = _kind(folded)
            values[point] = ord(folded) if kind & _WORD else 0
        elif not any(map(str.isalnum, folded)):
            kinds[point] = reduce(or_, map(_kind, folded), 0)
    return _Folding(values, kinds)


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
    years = range(RULES.first_year, RULES.last_year + 1)
    return np.sort(words([[str(year)] for year in years]).hashes)


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
