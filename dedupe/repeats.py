"""Repeats inside one page: seed, chain, extend.

A page becomes one stream of tokens, whatever its block borders are. Chains of equal passages
(`align`) that cover whole blocks or long stretches are *runs*: the page says the same twice. Where
a run begins or ends inside a block, the block is split at that sentence. Nothing is removed here:
which copy stays is chosen later, when it is known what is chrome.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import count, pairwise

import numpy as np
import numpy.typing as npt

from .align import Match, chains, kgram_keys, seeds
from .normalize import CJK, CJK_UNITS, fold, is_cjk, line_tokens, sentence_ends, units
from .types import Block, Page

# Lengths are in units: words, a CJK character counting half. Tuned on generated pages of several
# seeds and on real pages that hold their article twice.
SEED_TOKENS = 5
SEED_TOKENS_CJK = 8
LONG_RUN = 150  # a run of that length may hold many edits
SHORT_RUN = 60  # so may one of three blocks and that length; if all its lines are short it must have it
PASSAGE = 60  # a single match of that length is no refrain
LONG_BLOCK = 25  # one block of that length may be a run by itself
EQUAL_BLOCK = 12  # so may one of that length that is equal, word for word,
APART = 8  # … and more than that many blocks away, or
EQUAL_NEAR = 17  # … of that length
MIDDLE_BLOCK = 9  # several of that length may, together with
MIDDLE_RUN = 28  # … that much in all
LEAD = 12  # one of that length, if a bigger block begins with it
CUT = 3  # … or one cut off in an ellipsis
LEAD_LIST = 6  # first sentences of later blocks, one below the other
OPENING = 3  # sentences of a block that may be its lead
LEADS = 12  # lead sentences that stand together, apart in what follows: that much in all
OPEN_RUN = 60  # a stretch inside two bigger blocks is a run from that length on
OPEN_SENTENCES = 4  # … and from that many sentences on: less is a quotation
EDITED = 0.75  # the share of equal tokens that a long run needs
SAME = 0.95  # … and a short one
COVERED = 0.6  # a sentence of which that share stands elsewhere too is covered
OWN = 0.34  # one with less is the block's own
WHOLE = 0.8  # a block of which that share is covered, and no sentence its own, is covered
EDIT_GAP = 12  # tokens between two matches that count as an edit, not as new text
EDIT_SHIFT = 3  # … if the two sides differ by that many at most
REWRITTEN = 0.6  # share of words that two rewritten blocks have in common, in order
REWRITTEN_BLOCKS = 2  # … and so many such pairs in a row make a copy
BANDS, ROWS = 24, 2  # propose nearly every pair from a Jaccard of 0.3 of word pairs on
REFRAIN = 4  # places in which a line must stand to be a refrain, or a label ("Q:")
REST = 2  # units of a block that no copy has, up to which the block may still be a run by itself
LEAST = 8  # a chain whose matches are shorter in all is no run
LOOSE_END = 3  # an uncovered sentence up to that length goes with its neighbours ("Read more")
COMPARED = (
    1_000_000  # pairs of equal words up to which two blocks are compared: blocks with more are no prose
)
ALIKE = 0.2  # of that share of a block's word pairs another place must have each for it to be looked at
PART = 1 << 20  # characters that are cut into tokens together
MANY_SIGNS = 80  # different characters up to which replacing them one by one is quick
REACH = 3  # short blocks beyond the end of a run that are tried

_QUOTED = re.compile(r"^(?:- )?[\"“„«»『「].*[\"”“«»』」]\.?$", re.S)
_CUT = re.compile(r"(?:…|\.\.\.)[\])»]*[^\s…]{0,20}(?:\s+[^\s…]{1,20}){0,4}\s*$")
_CUT_WITHIN = 100  # characters at the end of a block
_ASCII = bytes(range(128))
_PLAIN = bytes(
    sign if sign > 127 or sign == 10 else ord(chr(sign).lower() if chr(sign).isalnum() else " ")
    for sign in range(256)
)


@dataclass(frozen=True, slots=True)
class Run:
    """A passage that stands in two places: pairs of blocks (left, right) that say the same.

    `left_covered` are the blocks of the left side that the right side says entirely, `right_covered`
    the other way round. `size` is in units, `exact` the share of equal tokens in what is covered.
    """

    pairs: tuple[tuple[int, int], ...]
    left_covered: frozenset[int]
    right_covered: frozenset[int]
    size: float
    exact: float


@dataclass(frozen=True, slots=True)
class Twins:
    """A page, its blocks split where runs begin or end, with the runs, the longest first.

    `source[i]` is the number that block i had before splitting, `words[i]` its tokens as numbers
    (equal for equal tokens), `units[i]` its length.
    """

    page: Page
    source: tuple[int, ...]
    runs: tuple[Run, ...]
    words: tuple[tuple[int, ...], ...]
    units: tuple[float, ...]


def find(page: Page) -> Twins:
    """Find all passages that stand in the page twice or more."""
    stream = _Stream(page)
    said = _Said(stream)
    for chain in chains(seeds(stream.ids, stream.seed_tokens)):
        if sum(stream.units(match.left, match.left + match.size) for match in chain) >= LEAST:
            said.add_run([match for match in chain if not said.holds(match)])
    for pair in _equal_pairs(stream):
        if not said.holds(pair) and not said.pairs(pair):
            said.add_run([pair])
    for edited in _edited_copies(stream, said):
        said.add(edited)
    for leads in _lead_lists(stream):
        if not all(map(said.holds, leads)):
            said.add(_cover(stream, leads))
    return _split(page, stream, said.covers)


class _Said:
    """The accepted runs, what they pair already, and which sentences are the same to them."""

    def __init__(self, stream: _Stream) -> None:
        self.covers: list[_Cover] = []
        self._stream = stream
        self._tokens = np.zeros(len(stream.ids), bool)
        self._same: dict[int, int] = {}

    def add_run(self, matches: list[Match]) -> None:
        """Accept matches in a row if they are a run."""
        if matches and _is_passage(self._stream, matches):
            cover = _cover(self._stream, matches)
            if _is_run(self._stream, cover):
                for part in self._parts(cover):
                    self.add(part)

    def _parts(self, cover: _Cover) -> list[_Cover]:
        """The run, or where not all parts of it are runs by themselves, those that are.

        A further copy stands on one side of all its matches, and on the other what earlier runs pair. Where
        matches lead both ways, or others are paired with each other already, passages that are merely alike
        would be carried along by those.
        """
        parts: defaultdict[str, list[Match]] = defaultdict(list)
        kinds = [self._kind(match) for match in cover.matches] if self._same else []
        for at, (kind, match) in enumerate(zip(kinds, cover.matches, strict=False)):
            around = [each for each in (at - 1, at + 1) if 0 <= each < len(kinds) and kinds[each] == "known"]
            if any(_stand_together(self._stream, match, cover.matches[each]) for each in around):
                kind = "known"
            parts[kind].append(match)
        if len(parts.keys() - {"new"}) < 2:
            return [cover]
        parts["known"] = sorted(parts["known"] + parts.pop("new", []))
        covers = [_covered(self._stream, part) for part in parts.values() if part]
        runs = [part for part in covers if _is_run(self._stream, part)]
        return runs if len(runs) < len(covers) else [cover]

    def _kind(self, match: Match) -> str:
        """Whether runs pair the two sides of a match with each other, or one of them with anything."""
        if self.pairs(match):
            return "known"
        left, right = (self._is_paired(low, match.size) for low in (match.left, match.right))
        return "new" if left == right else "left" if left else "right"

    def _is_paired(self, low: int, size: int) -> bool:
        return bool(self._tokens[low : low + size].mean() > COVERED)

    def add(self, cover: _Cover) -> None:
        """Accept a run, and note its pairs."""
        self.covers.append(cover)
        for match in cover.matches:
            self._tokens[match.left : match.left + match.size] = True
            self._tokens[match.right : match.right + match.size] = True
            for one, low, high in self._stream.overlapping(match.left, match.left + match.size):
                two = self._stream.sentence_at(match.right + (low + high) // 2 - match.left)
                self._same[self._root(one)] = self._root(two)

    def lacks(self, block: int) -> bool:
        """Whether no run pairs anything of a block."""
        return (
            not self._same
            or not self._tokens[self._stream.block_starts[block] : self._stream.block_ends[block]].any()
        )

    def holds(self, match: Match) -> bool:
        """Whether longer runs pair both sides of a match already, with other passages: a refrain inside
        a passage that is copied. What is long itself is a copy inside the copy."""
        if (
            not self._same
            or match.period
            or self._stream.units(match.left, match.left + match.size) >= PASSAGE
        ):
            return False
        if not (self._is_paired(match.left, match.size) and self._is_paired(match.right, match.size)):
            return False
        middle = match.size // 2
        one = self._stream.sentence_at(match.left + middle)
        return self._root(one) != self._root(self._stream.sentence_at(match.right + middle))

    def pairs(self, match: Match) -> bool:
        """Whether a run, or several, pair both sides of a match with each other."""
        one = self._stream.sentence_at(match.left + match.size // 2)
        two = self._stream.sentence_at(match.right + match.size // 2)
        return self._root(one) == self._root(two)

    def _root(self, sentence: int) -> int:
        while (parent := self._same.get(sentence, sentence)) != sentence:
            self._same[sentence] = self._same.get(parent, parent)
            sentence = parent
        return sentence


def _equal_pairs(stream: _Stream) -> Iterator[Match]:
    """Blocks in a row that are equal to earlier ones, each with the last such: where all their words are
    common, or longer runs pair them with others, no chain shows them."""
    last: dict[tuple[int, ...], int] = {}
    rows: list[tuple[int, int, int]] = []  # first block, the one it is equal to, how many
    for block, words in enumerate(stream.block_words):
        if words in last:
            one, (first, second, count) = last[words], rows[-1] if rows else (0, 0, 0)
            if count < second - first and (one, block) == (first + count, second + count):
                rows[-1] = (first, second, count + 1)
            else:
                rows.append((one, block, 1))
        if words:
            last[words] = block
    for first, second, count in rows:
        longest = max(range(first, first + count), key=stream.block_units)
        if min(stream.block_units(longest), len(stream.block_words[longest])) >= EQUAL_BLOCK:
            start = stream.block_starts[first]
            yield Match(start, stream.block_starts[second], stream.block_ends[first + count - 1] - start)


def _edited_copies(stream: _Stream, said: _Said) -> Iterator[_Cover]:
    """Passages of long blocks that were rewritten so much that they share few long matches.

    MinHash signatures of the blocks' word pairs, cut into bands, propose pairs of blocks; comparing their
    words decides. A lone pair is no copy, however like: two in the same order are.
    """
    blocks = [
        at
        for at, block in enumerate(stream.blocks)
        if stream.block_units(at) >= LONG_BLOCK and block.role != "quote" and said.lacks(at)
    ]
    if len(blocks) < 2 * REWRITTEN_BLOCKS:
        return
    group: list[list[Match]] = []
    last = (-1, -1)
    for one, two in _likely_pairs(stream, blocks):
        if one <= last[0] or two <= last[1] or not (matches := _word_matches(stream, one, two)):
            continue
        if group and (one - last[0] > REACH or two - last[1] > REACH):
            yield from _rewritten(stream, group)
            group = []
        group.append(matches)
        last = (one, two)
    yield from _rewritten(stream, group)


def _likely_pairs(stream: _Stream, blocks: list[int]) -> list[tuple[int, int]]:
    """Pairs of blocks with a band of their signatures in common, in page order."""
    blocks, every, bounds = _word_pairs(stream, blocks)
    if len(blocks) < 2 * REWRITTEN_BLOCKS:
        return []
    from .minhash import band_keys, pairs, signatures

    keys = band_keys(signatures(every >> np.uint64(32), bounds, BANDS * ROWS), BANDS, ROWS)
    left, right = pairs(keys.ravel(), np.repeat(np.arange(len(blocks)), keys.shape[1]))
    found = {(min(one, two), max(one, two)) for one, two in zip(left.tolist(), right.tolist(), strict=True)}
    return sorted((blocks[one], blocks[two]) for one, two in found if one != two)


def _word_pairs(
    stream: _Stream, blocks: list[int]
) -> tuple[list[int], npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The blocks that have enough word pairs in common with others, the keys of their word pairs, and where
    each block's keys begin and end."""
    keys = kgram_keys(stream.ids, 2)
    lows = np.array([stream.block_starts[at] for at in blocks])
    sizes = np.array([stream.block_ends[at] - 1 for at in blocks]) - lows
    every, bounds = _ranges(keys, lows, sizes)
    again = np.zeros(len(every), bool)
    order = np.argsort(every)
    equal = every[order[1:]] == every[order[:-1]]
    again[order[1:]] = equal
    again[order[:-1]] |= equal
    alike = np.add.reduceat(again, bounds[:-1]) >= ALIKE * sizes
    if alike.all():
        return blocks, every, bounds
    blocks = [at for at, good in zip(blocks, alike.tolist(), strict=True) if good]
    return blocks, *_ranges(keys, lows[alike], sizes[alike])


def _ranges(
    keys: npt.NDArray[np.uint64], lows: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Ranges of an array one behind the other, and where each begins and ends."""
    bounds = np.append(0, np.cumsum(sizes))
    return keys[np.arange(bounds[-1]) + np.repeat(lows - bounds[:-1], sizes)], bounds


def _word_matches(stream: _Stream, one: int, two: int) -> list[Match]:
    """The words that two blocks have in common, in order; empty where they are too few, or numbers differ."""
    from difflib import SequenceMatcher

    words, others = stream.block_words[one], stream.block_words[two]
    if len(words) * len(others) > COMPARED and _encounters(words, others) > COMPARED:
        return []
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    if matcher.quick_ratio() < REWRITTEN or matcher.ratio() < REWRITTEN:
        return []
    if sorted(stream.numeric.intersection(words)) != sorted(stream.numeric.intersection(others)):
        return []
    left, right = stream.block_starts[one], stream.block_starts[two]
    return [Match(left + a, right + b, size) for a, b, size in matcher.get_matching_blocks() if size]


def _encounters(words: Sequence[int], others: Sequence[int]) -> int:
    """How many pairs of equal words two blocks have: the work of comparing them."""
    again = Counter(others)
    return sum(times * again[word] for word, times in Counter(words).items())


def _rewritten(stream: _Stream, group: list[list[Match]]) -> Iterator[_Cover]:
    if len(group) < REWRITTEN_BLOCKS:
        return
    cover = _cover(stream, [match for matches in group for match in matches])
    for matches in group:  # compared word by word: a rewritten block is a copy although matches are short
        cover.left.whole.add(stream.block_at(matches[0].left))
        cover.right.whole.add(stream.block_at(matches[0].right))
    for side in (cover.left, cover.right):
        for block in side.whole:
            side.sentences.update(stream.sentences[block])
    yield cover


def _lead_lists(stream: _Stream) -> Iterator[list[Match]]:
    """Blocks in a row that are the first sentences of blocks further down, in the same order."""
    openings = _openings(stream)
    group: list[Match] = []
    last = before = -1
    for block, words in enumerate(stream.block_words):
        partners = openings.get(words, ()) if words else ()
        after = bisect_right(partners, max(block, last)) if partners else 0
        partner = partners[after] if after < len(partners) else None
        if group and (partner is None or block != before + 1):
            yield from _lead_list(stream, group)
            group, last = [], -1
        if partner is not None:
            group.append(Match(stream.block_starts[block], stream.block_starts[partner], len(words)))
            last, before = partner, block
    yield from _lead_list(stream, group)


def _openings(stream: _Stream) -> dict[tuple[int, ...], list[int]]:
    """The blocks that begin with these words, for every first sentence, or first few, of a longer block."""
    found: dict[tuple[int, ...], list[int]] = {}
    for block, sentences in enumerate(stream.sentences):
        if len(sentences) > 1:
            for sentence in sentences[:-1][:OPENING]:
                words = stream.words(stream.block_starts[block], stream.sentence_ends[sentence])
                found.setdefault(words, []).append(block)
    return found


def _lead_list(stream: _Stream, group: list[Match]) -> Iterator[list[Match]]:
    if not group:
        return
    size = sum(stream.units(match.left, match.left + match.size) for match in group)
    listed = stream.blocks[stream.block_at(group[0].left)].role == "list-item"
    if (len(group) > 1 and size >= LEAD_LIST) or (listed and size >= LEAST):
        yield group


@lru_cache(maxsize=1)
def _cjk() -> re.Pattern[str]:
    return re.compile(f"[{CJK}]")  # takes milliseconds: only where it is needed


def is_cut(text: str) -> bool:
    """Whether a block ends as a teaser does: in an ellipsis, with a few words behind it at most."""
    return _cut(text) is not None


def _cut(text: str) -> re.Match[str] | None:
    end = text[-_CUT_WITHIN:]
    if "…" not in end and "..." not in end:
        return None
    return _CUT.search(text, max(0, len(text) - _CUT_WITHIN))


# ---------------------------------------------------------------- the page as one stream of tokens


class _Stream:
    """The page's tokens as numbers, and its sentences and blocks as ranges of tokens."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.blocks = page.blocks
        self.spans: list[tuple[int, int, int]] = []  # block, first and last character of each sentence
        self.sentences: list[range] = []  # of each block
        self._number(self._lines())
        self.sentence_starts = [0, *self.sentence_ends[:-1]]
        self.block_starts = [self.sentence_starts[part.start] for part in self.sentences]
        self.block_ends = [self.sentence_ends[part.stop - 1] for part in self.sentences]
        self.block_words = [
            tuple(self._ids[low:high]) for low, high in zip(self.block_starts, self.block_ends, strict=True)
        ]
        self._own: dict[int, float] = {}

    def _lines(self) -> list[str]:
        """The sentences, each as one line."""
        lines: list[str] = []
        for number, block in enumerate(self.blocks):
            text = block.text
            first, start = len(lines), 0
            line = text.replace("\n", " ") if "\n" in text else text
            for end in sentence_ends(text):
                self.spans.append((number, start, end))
                lines.append(line[start:end])
                start = end
            self.sentences.append(range(first, len(lines)))
        return lines

    def _number(self, lines: list[str]) -> None:
        """Numbers for the tokens, equal for equal tokens."""
        text = "\n".join(lines)
        numbers: defaultdict[str, int] = defaultdict(count(1).__next__)
        numbers["\n"] = numbers["\0"] = 0
        marked: list[int] = []
        for part in _parts(text):
            marked += map(numbers.__getitem__, _tokens(part))
        ids = np.fromiter(marked, np.int32, len(marked))
        ends = np.flatnonzero(ids == 0)
        self.sentence_ends: list[int] = (np.append(ends, len(ids)) - np.arange(len(ends) + 1)).tolist()
        self.ids = ids[ids > 0]
        self._ids = list(filter(None, marked))
        self._numbers = numbers
        self.seed_tokens = SEED_TOKENS
        self._total: Sequence[float] | None = None
        if not text.isascii() and _cjk().search(text):
            self._weigh()

    def _weigh(self) -> None:
        """Let CJK characters count less than words."""
        weights = np.ones(len(self._numbers) + 1)
        weights[[n for token, n in self._numbers.items() if len(token) == 1 and is_cjk(token)]] = CJK_UNITS
        each = weights[self.ids]
        if len(each) and (each < 1).mean() > 0.3:
            self.seed_tokens = SEED_TOKENS_CJK
        self._total = array("d", np.append(0.0, np.cumsum(each)).tobytes())

    @cached_property
    def numeric(self) -> set[int]:
        """The tokens that begin with a digit."""
        return {number for token, number in self._numbers.items() if token[0].isdigit()}

    def units(self, low: int, high: int) -> float:
        total = self._total
        return total[high] - total[low] if total else float(high - low)

    def words(self, low: int, high: int) -> tuple[int, ...]:
        return tuple(self._ids[low:high])

    def sentence_units(self, sentence: int) -> float:
        return self.units(self.sentence_starts[sentence], self.sentence_ends[sentence])

    def block_units(self, block: int) -> float:
        return self.units(self.block_starts[block], self.block_ends[block])

    def own_units(self, block: int) -> float:
        """Units of a block without what a cut teaser ends with ("wor… Read more")."""
        if block not in self._own:
            self._own[block] = self._without_end(block)
        return self._own[block]

    def _without_end(self, block: int) -> float:
        text = self.blocks[block].text
        cut = _cut(text)
        if cut is None:
            return self.block_units(block)
        kept = text[: cut.start()]
        return units(kept) - (CJK_UNITS if is_cjk(kept[-1:]) else 1) if kept.strip() else 0.0

    def is_refrain(self, block: int) -> bool:
        """Whether a block stands in the page again and again."""
        return self.times(block) >= REFRAIN

    def times(self, block: int) -> int:
        """How many blocks say the same words."""
        return self._times[self.block_words[block]]

    @cached_property
    def _times(self) -> Counter[tuple[int, ...]]:
        return Counter(self.block_words)

    def overlapping(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """The sentences that hold tokens of [low, high), with the range that each holds."""
        at = bisect_right(self.sentence_starts, low) - 1
        while low < high:
            end = min(high, self.sentence_ends[at])
            if end > low:
                yield at, low, end
                low = end
            at += 1

    def block_at(self, token: int) -> int:
        """The block that holds a token."""
        return self.spans[self.sentence_at(token)][0]

    def sentence_at(self, token: int) -> int:
        """The sentence that holds a token."""
        return bisect_right(self.sentence_starts, token) - 1

    def blocks_inside(self, low: int, high: int) -> range:
        """The blocks that stand entirely in the tokens [low, high)."""
        return range(bisect_left(self.block_starts, low), bisect_right(self.block_ends, high))


def _parts(text: str) -> Iterator[str]:
    """A text cut at line ends, so that the tokens of a very long one are never held all at once."""
    start = 0
    while start < len(text):
        end = start + PART
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or end
        yield text[start:end]
        start = end


def _tokens(text: str) -> list[str]:
    """What `normalize.line_tokens` gives, much quicker where no CJK is; "\\0" ends a line."""
    data = text.encode("utf-8", "surrogatepass")
    if not text.isascii():
        strange = set(data.translate(None, _ASCII).decode("utf-8", "surrogatepass"))
        folded = {sign: _folded(sign) for sign in strange}
        changes = [(sign, new) for sign, new in folded.items() if new != sign]
        if None in folded.values() or len(changes) > MANY_SIGNS:
            return line_tokens([text])
        for sign, new in changes:
            data = data.replace(sign.encode("utf-8", "surrogatepass"), str(new).encode())
    return data.translate(_PLAIN).replace(b"\n", b" \0 ").decode("utf-8", "surrogatepass").split()


@lru_cache(maxsize=4096)
def _folded(sign: str) -> str | None:
    """What a character beyond ASCII becomes, a space if it is no part of a word; None where the characters
    around it matter, or each is a word."""
    new = fold(sign)
    if any(
        unicodedata.category(part)[0] == "M" or is_cjk(part) or "\u1100" <= part <= "\u11ff" for part in new
    ):
        return None
    return "".join(part if part.isalnum() else " " for part in new)


# ---------------------------------------------------------------- what a chain covers


class _Side:
    """What a chain covers on one side: units for each sentence, and whole blocks."""

    def __init__(self, stream: _Stream) -> None:
        self.stream = stream
        self.units: defaultdict[int, float] = defaultdict(float)

    def add(self, low: int, high: int) -> None:
        for sentence, first, last in self.stream.overlapping(low, high):
            self.units[sentence] += self.stream.units(first, last)

    def settle(self) -> None:
        """Decide which sentences and blocks are covered."""
        stream = self.stream
        by_block = self._by_block = defaultdict[int, float](float)
        for sentence, covered in self.units.items():
            by_block[stream.spans[sentence][0]] += covered
        self.whole = {block for block, units in by_block.items() if self._is_whole(block, units)}
        self.sentences = {
            sentence
            for sentence, units in self.units.items()
            if stream.spans[sentence][0] in self.whole or units >= COVERED * stream.sentence_units(sentence)
        }
        for block in by_block:
            self._absorb(block)

    def rest(self, block: int) -> float:
        """Units of a block that the other side has not."""
        return self.stream.own_units(block) - self._by_block[block]

    def _is_whole(self, block: int, covered: float) -> bool:
        stream = self.stream
        if covered < WHOLE * stream.block_units(block) and covered < WHOLE * stream.own_units(block):
            return False
        return not any(
            stream.sentence_units(s) > LOOSE_END and self.units.get(s, 0.0) < OWN * stream.sentence_units(s)
            for s in stream.sentences[block]
        )

    def _absorb(self, block: int) -> None:
        """Loose ends go with covered neighbours; covered scraps of a block are no reason to split it."""
        stream = self.stream
        part = stream.sentences[block]
        if block in self.whole:
            self.sentences.update(part)
            return
        for order in (part, reversed(part)):
            last = None
            for sentence in order:
                if last in self.sentences and stream.sentence_units(sentence) <= LOOSE_END:
                    self.sentences.add(sentence)
                last = sentence
        mine = [sentence for sentence in part if sentence in self.sentences]
        if sum(map(stream.sentence_units, mine)) < MIDDLE_BLOCK:
            self.sentences.difference_update(mine)

    def open_units(self) -> tuple[float, int]:
        """Units and number of the covered sentences that stand in blocks not covered as a whole."""
        open_ = [s for s in self.sentences if self.stream.spans[s][0] not in self.whole]
        return sum(map(self.stream.sentence_units, open_)), len(open_)


@dataclass(slots=True)
class _Cover:
    """A chain with what it covers on both sides."""

    left: _Side
    right: _Side
    matches: list[Match]
    size: float
    exact: float


def _cover(stream: _Stream, chain: list[Match]) -> _Cover:
    """What a chain covers, with the short blocks in place around its matches."""
    return _covered(stream, _extended(stream, chain))


def _covered(stream: _Stream, matches: list[Match]) -> _Cover:
    left, right = _Side(stream), _Side(stream)
    equal = sum(stream.units(match.left, match.left + match.size) for match in matches)
    size = 0.0
    for low, high, low2, high2 in _stretches(matches):
        left.add(low, high)
        right.add(low2, high2)
        size += max(stream.units(low, high), stream.units(low2, high2))
    left.settle()
    right.settle()
    return _Cover(left, right, matches, size, equal / size if size else 0.0)


def _stretches(matches: list[Match]) -> Iterator[tuple[int, int, int, int]]:
    """Token ranges (left, right) that say the same: the matches, and the edits between them."""
    before = None
    for match in matches:
        if before is not None:
            left, right = before.left + before.size, before.right + before.size
            gaps = match.left - left, match.right - right
            if max(gaps) <= EDIT_GAP and abs(gaps[0] - gaps[1]) <= EDIT_SHIFT:
                yield left, match.left, right, match.right
        yield match.left, match.left + match.size, match.right, match.right + match.size
        before = match


def _extended(stream: _Stream, chain: list[Match]) -> list[Match]:
    """The chain with the short blocks that stand in place between, before and after its matches."""
    found = []
    before = None
    for match in chain:
        if before is not None:
            left = stream.blocks_inside(before.left + before.size, match.left)
            right = stream.blocks_inside(before.right + before.size, match.right)
            found += _equal_blocks(stream, left, right)
        found.append(match)
        before = match
    first, last = chain[0], chain[-1]
    head = _outward(stream, first.left, first.right, -1, 0)
    tail = _outward(stream, last.left + last.size, last.right + last.size, 1, first.right)
    return [*reversed(head), *found, *tail]


def _stand_together(stream: _Stream, one: Match, two: Match) -> bool:
    """Whether two matches stand near each other on both sides."""
    first, second = sorted((one, two))
    return all(
        stream.block_at(high) - stream.block_at(low + first.size - 1) <= REACH
        for low, high in ((first.left, second.left), (first.right, second.right))
    )


def _equal_blocks(stream: _Stream, left: range, right: range) -> Iterator[Match]:
    """Blocks of two stretches that are equal, in order."""
    if not (left and right):
        return
    places: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for two in right:
        places[stream.block_words[two]].append(two)
    start = right.start
    for one in left:
        words = stream.block_words[one]
        equal = places.get(words, []) if words else []
        at = bisect_left(equal, start)
        if at < len(equal):
            yield Match(stream.block_starts[one], stream.block_starts[equal[at]], len(words))
            start = equal[at] + 1


def _outward(stream: _Stream, left: int, right: int, step: int, limit: int) -> list[Match]:
    """Equal blocks that follow (step 1) or precede (step -1) a run on both sides."""
    found: list[Match] = []
    ones, twos = _beyond(stream, left, step), _beyond(stream, right, step)
    while ones and twos:
        hit = _first_equal(stream, ones, twos)
        if hit is None:
            break
        one, two = hit
        if (step > 0 and stream.block_ends[one] > limit) or (step < 0 and stream.block_starts[two] < left):
            break
        words = stream.block_words[one]
        found.append(Match(stream.block_starts[one], stream.block_starts[two], len(words)))
        ones, twos = _next(stream, one, step), _next(stream, two, step)
    return found


def _beyond(stream: _Stream, token: int, step: int) -> list[int]:
    """The blocks next to a token, going in one direction."""
    if step > 0:
        at = bisect_left(stream.block_starts, token)
        return _next(stream, at - 1, 1)
    at = bisect_right(stream.block_ends, token)
    return _next(stream, at, -1)


def _next(stream: _Stream, block: int, step: int) -> list[int]:
    """Up to REACH blocks with words beyond a block."""
    found: list[int] = []
    block += step
    while 0 <= block < len(stream.blocks) and len(found) < REACH:
        if stream.block_ends[block] > stream.block_starts[block]:
            found.append(block)
        block += step
    return found


def _first_equal(stream: _Stream, ones: list[int], twos: list[int]) -> tuple[int, int] | None:
    """The nearest pair of equal blocks of which at least one is the very next; of refrains both are."""
    for reach in range(max(len(ones), len(twos))):
        for one, two in ((0, reach), (reach, 0)):
            if one < len(ones) and two < len(twos):
                words = stream.block_words[ones[one]]
                if words == stream.block_words[twos[two]] and not (reach and stream.is_refrain(ones[one])):
                    return ones[one], twos[two]
    return None


def _is_run(stream: _Stream, cover: _Cover) -> bool:
    """Whether a chain says a passage again, rather than a refrain, a label or a quotation."""
    if not (cover.left.units and cover.right.units) or _quotes(stream, cover):
        return False
    best = max((sorted(map(stream.block_units, side.whole)) for side in (cover.left, cover.right)), key=sum)
    total = sum(best)
    length, sentences = min(cover.left.open_units(), cover.right.open_units())
    long = total >= LONG_RUN or (total >= SHORT_RUN and len(best) >= 3)
    if long or (length >= OPEN_RUN and sentences >= OPEN_SENTENCES):
        return cover.exact >= EDITED
    if _is_middle(stream, cover) and cover.exact >= SAME and _same_numbers(stream, cover):
        return True
    return _is_equal(stream, cover) or _is_lead(stream, cover)


def _is_middle(stream: _Stream, cover: _Cover) -> bool:
    """Whether blocks that are no refrains, with next to nothing of their own, make a run that is not long."""
    sizes = [
        [
            stream.block_units(block)
            for block in side.whole
            if side.rest(block) <= max(REST, (1 - SAME) * stream.own_units(block))
            and (not stream.is_refrain(block) or stream.block_units(block) >= EQUAL_BLOCK)
        ]
        for side in (cover.left, cover.right)
    ]
    best = max(sizes, key=sum)
    longest = max(best, default=0.0)
    return longest >= LONG_BLOCK or (longest >= MIDDLE_BLOCK and sum(best) >= MIDDLE_RUN)


def _is_passage(stream: _Stream, chain: list[Match]) -> bool:
    """Whether what stands in a row again and again would be a run if it were two and two copies only."""
    first = chain[0]
    if not all(match.period for match in chain):
        return True
    if stream.units(first.left, first.left + first.period) < LEAST:
        return False
    size = 2 * first.period
    return _is_run(stream, _cover(stream, [Match(first.left, first.left + size, size)]))


def _is_equal(stream: _Stream, cover: _Cover) -> bool:
    """Whether a match pairs two blocks that are equal, word for word, not short, and far apart: near
    each other, or said many times, they are the steps of a list or a refrain."""
    return any(
        stream.block_units(one) >= EQUAL_NEAR
        or (
            stream.block_units(one) >= EQUAL_BLOCK
            and not stream.is_refrain(one)
            and not _is_series(stream, one, two)
        )
        for match in cover.matches
        for one, two in _whole_pairs(stream, match)
    )


def _whole_pairs(stream: _Stream, match: Match) -> Iterator[tuple[int, int]]:
    """The equal blocks that a match pairs from their beginning to their end."""
    for one in range(stream.block_at(match.left), stream.block_at(match.left + match.size - 1) + 1):
        shift = stream.block_starts[one] - match.left
        if 0 <= shift < match.size and shift + len(stream.block_words[one]) <= match.size:
            two = stream.block_at(match.right + shift)
            if stream.block_words[one] == stream.block_words[two]:
                yield one, two


def _is_series(stream: _Stream, one: int, two: int) -> bool:
    """Whether two blocks may be steps of one list or lines of one poem: said more than twice, near, but not
    next to each other, and in the same element where there is markup."""
    if stream.times(one) <= 2 or not 1 < two - one <= APART:
        return False
    page = stream.page
    if not page.where:
        return True
    homes = [page.nodes[page.where[block]].parent for block in (one, two) if page.where[block] >= 0]
    return len(set(homes)) < 2


def _is_lead(stream: _Stream, cover: _Cover) -> bool:
    """Whether blocks are, word for word, the beginnings of bigger blocks: a teaser, a deck, some leads."""
    held = []
    for one, two, places in _openings_held(stream, cover):
        length = stream.own_units(one)
        if is_cut(stream.blocks[one].text) and not is_cut(stream.blocks[two].text) and length >= CUT:
            return True
        if places > 0 and not _QUOTED.search(stream.blocks[one].text):
            held.append((one, length))
    blocks = sorted(one for one, _ in held)
    together = len(held) > 1 and all(two - one <= 1 for one, two in pairwise(blocks))
    lengths = [length for _, length in held]
    return max(lengths, default=0.0) >= LEAD or (together and sum(lengths) >= LEADS)


def _openings_held(stream: _Stream, cover: _Cover) -> Iterator[tuple[int, int, int]]:
    """Covered blocks that a longer block of the other side begins with: (block, longer one, 1 or -1 for
    above or below it)."""
    for match in cover.matches:
        for places, low, high in ((1, match.left, match.right), (-1, match.right, match.left)):
            side = cover.left if places > 0 else cover.right
            first, last = stream.block_at(low), stream.block_at(low + match.size - 1)
            for one in range(first, last + 1):
                shift = stream.block_starts[one] - low
                two = stream.block_at(high + shift) if 0 <= shift < match.size else one
                if one in side.whole and two != one and stream.block_starts[two] == high + shift:
                    enough = match.size - shift >= stream.own_units(one)
                    if enough and stream.block_units(two) > stream.own_units(one):
                        yield one, two, places


def _quotes(stream: _Stream, cover: _Cover) -> bool:
    """Whether one side is a quotation of the other, as in replies."""
    for side, other in ((cover.left, cover.right), (cover.right, cover.left)):
        quoted = [stream.blocks[stream.spans[s][0]].role == "quote" for s in side.units]
        again = [stream.blocks[stream.spans[s][0]].role == "quote" for s in other.units]
        if all(quoted) and not any(again):
            return True
    return False


def _same_numbers(stream: _Stream, cover: _Cover) -> bool:
    """Whether the edits inside the passage leave its numbers as they are."""
    for low, high, low2, high2 in _stretches(cover.matches):
        one = [word for word in stream.words(low, high) if word in stream.numeric]
        if one != [word for word in stream.words(low2, high2) if word in stream.numeric]:
            return False
    return True


# ---------------------------------------------------------------- splitting


def _split(page: Page, stream: _Stream, covers: list[_Cover]) -> Twins:
    """Split blocks where runs begin or end inside them, and say the runs in terms of the pieces."""
    if not covers:
        every = range(len(page.blocks))
        return Twins(page, tuple(every), (), tuple(stream.block_words), tuple(map(stream.block_units, every)))
    piece_of, pieces = _pieces(stream, covers)
    blocks, where, traits, source, spoken, lengths = [], [], [], [], [], []
    for number, (first, last) in enumerate(pieces):
        original, start, _ = stream.spans[first]
        block = page.blocks[original]
        text = block.text[start : stream.spans[last][2]].strip()
        blocks.append(block if text == block.text and number == block.number else _piece(block, number, text))
        source.append(original)
        low, high = stream.sentence_starts[first], stream.sentence_ends[last]
        spoken.append(stream.words(low, high))
        lengths.append(stream.units(low, high))
        if page.where:
            where.append(page.where[original])
            traits.append(page.traits[original])
    split = replace(page, blocks=tuple(blocks), where=tuple(where), traits=tuple(traits))
    runs = tuple(_run(stream, cover, piece_of, pieces) for cover in covers)
    return Twins(split, tuple(source), runs, tuple(spoken), tuple(lengths))


def _piece(block: Block, number: int, text: str) -> Block:
    share = len(text) / max(1, len(block.text))
    return replace(block, number=number, text=text, link_chars=round(block.link_chars * share))


def _pieces(stream: _Stream, covers: list[_Cover]) -> tuple[list[int], list[tuple[int, int]]]:
    """For each sentence its piece, for each piece its first and last sentence."""
    marks: list[list[int]] = [[] for _ in stream.spans]
    for index, cover in enumerate(covers):
        for side_index, side in enumerate((cover.left, cover.right)):
            for sentence in side.sentences:
                marks[sentence].append(2 * index + side_index)
    piece_of: list[int] = []
    pieces: list[tuple[int, int]] = []
    for sentence, (block, _, _) in enumerate(stream.spans):
        new = not pieces or stream.spans[sentence - 1][0] != block or marks[sentence] != marks[sentence - 1]
        if new:
            pieces.append((sentence, sentence))
        else:
            pieces[-1] = (pieces[-1][0], sentence)
        piece_of.append(len(pieces) - 1)
    return piece_of, pieces


def _run(stream: _Stream, cover: _Cover, piece_of: list[int], pieces: list[tuple[int, int]]) -> Run:
    pairs = {
        (piece_of[one], piece_of[two]): None
        for match in cover.matches
        for one, low, high in stream.overlapping(match.left, match.left + match.size)
        for two, _, _ in stream.overlapping(match.right + low - match.left, match.right + high - match.left)
    }
    covered = [
        frozenset(
            piece
            for piece in {piece_of[sentence] for sentence in side.sentences}
            if all(s in side.sentences for s in range(pieces[piece][0], pieces[piece][1] + 1))
        )
        for side in (cover.left, cover.right)
    ]
    return Run(tuple(sorted(pairs)), covered[0], covered[1], cover.size, cover.exact)
