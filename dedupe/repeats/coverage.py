"""What an alignment covers on either side: from exact matches to runs of blocks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile
from typing import TYPE_CHECKING

from dedupe.repeats.records import ExactMatch
from dedupe.repeats.thresholds import MATCHING, RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.repeats.tokens import TokenStream


@dataclass(slots=True)
class Alignment:
    """A chain with what it covers on both sides."""

    left: CoveredSide
    right: CoveredSide
    matches: list[ExactMatch]
    size: float
    exact: float

    @classmethod
    def of(cls, stream: TokenStream, matches: list[ExactMatch]) -> Alignment:
        left, right = CoveredSide(stream), CoveredSide(stream)
        equal = sum(stream.units(match.left, match.left + match.size) for match in matches)
        size = 0.0
        for low, high, low2, high2 in _stretches(matches):
            left.add(low, high)
            right.add(low2, high2)
            size += max(stream.units(low, high), stream.units(low2, high2))
        left.same, right.same = _same_ranges(stream, matches)
        left.settle()
        right.settle()
        return cls(left, right, matches, size, equal / size if size else 0.0)

    @classmethod
    def around(cls, stream: TokenStream, chain: list[ExactMatch]) -> Alignment:
        """What a chain covers, with the short blocks in place around its matches."""
        return cls.of(stream, _extended(stream, chain))


class CoveredSide:
    """What a chain covers on one side: units for each sentence, and whole blocks."""

    def __init__(self, stream: TokenStream) -> None:
        self.stream = stream
        self.units: defaultdict[int, float] = defaultdict(float)
        self.same: list[tuple[int, int]] = []  # ranges of tokens with the same numbers on the other side

    def add(self, low: int, high: int) -> None:
        for sentence, first, last in self.stream.overlapping(low, high):
            self.units[sentence] += self.stream.units(first, last)

    def settle(self) -> None:
        """Decide which sentences and blocks are covered."""
        stream = self.stream
        by_block = self._by_block = defaultdict[int, float](float)
        for sentence, covered in self.units.items():
            by_block[stream.spans[sentence][0]] += covered
        share = MATCHING.covered_share
        self.whole = {block for block, units in by_block.items() if self._is_whole(block, units)}
        self.sentences = {
            sentence
            for sentence, units in self.units.items()
            if stream.spans[sentence][0] in self.whole or units >= share * stream.sentence_units(sentence)
        }
        held: defaultdict[int, list[int]] = defaultdict(list)
        for sentence in sorted(self.sentences):
            held[stream.spans[sentence][0]].append(sentence)
        for block, mine in held.items():
            self._absorb(block, mine)
        self.entries = {block for block in by_block if self._has_own_numbers(block)}
        for block in self.entries:
            self.whole.discard(block)
            self.sentences.difference_update(stream.sentences[block])

    def _has_own_numbers(self, block: int) -> bool:
        """Whether a line has numbers that the other side has not: it is another entry of the same form."""
        stream = self.stream
        return stream.block_units(block) < RULES.long_block_words and any(
            not stream.numeric.isdisjoint(words) for words in self._own_words(block)
        )

    def _own_words(self, block: int) -> Iterator[tuple[int, ...]]:
        """The stretches of a block in which the other side may have other numbers."""
        at, end = self.stream.block_starts[block], self.stream.block_ends[block]
        first = max(0, bisect_left(self.same, (at, at)) - 1)
        for low, high in takewhile(lambda part: part[0] < end, islice(self.same, first, None)):
            yield self.stream.words(at, low)
            at = max(at, high)
        yield self.stream.words(at, end)

    def rest(self, block: int) -> float:
        """Units of a block that the other side has not."""
        return self.stream.own_units(block) - self._by_block[block]

    def _is_whole(self, block: int, covered: float) -> bool:
        stream, share = self.stream, MATCHING.covered_block_share
        if covered < share * stream.block_units(block) and covered < share * stream.own_units(block):
            return False
        loose, own = MATCHING.loose_end_words, MATCHING.own_sentence_share
        return not any(
            stream.sentence_units(s) > loose and self.units.get(s, 0.0) < own * stream.sentence_units(s)
            for s in stream.sentences[block]
        )

    def _absorb(self, block: int, mine: list[int]) -> None:
        """Loose ends go with their covered neighbours, `mine`; covered scraps of a block are no reason to
        split it."""
        stream = self.stream
        part = stream.sentences[block]
        if block in self.whole:
            self.sentences.update(part)
            return
        every, words = set(mine), MATCHING.loose_end_words
        for step in (1, -1):
            for covered in mine:
                loose = covered + step
                while loose in part and loose not in every and stream.sentence_units(loose) <= words:
                    every.add(loose)
                    loose += step
        if sum(map(stream.sentence_units, every)) < RULES.middle_block_words:
            self.sentences -= every
        else:
            self.sentences |= every

    def open_units(self) -> tuple[float, int]:
        """Units and number of the covered sentences that stand in blocks not covered as a whole."""
        open_ = [s for s in self.sentences if self.stream.spans[s][0] not in self.whole]
        return sum(map(self.stream.sentence_units, open_)), len(open_)


def _stretches(matches: list[ExactMatch]) -> Iterator[tuple[int, int, int, int]]:
    """Token ranges (left, right) that say the same: the matches, and the edits between them."""
    before, edit, shift = None, MATCHING.edit_gap_tokens, MATCHING.edit_shift_tokens
    for match in matches:
        if before is not None:
            left, right = before.left + before.size, before.right + before.size
            gaps = match.left - left, match.right - right
            if max(gaps) <= edit and abs(gaps[0] - gaps[1]) <= shift:
                yield left, match.left, right, match.right
        yield match.left, match.left + match.size, match.right, match.right + match.size
        before = match


def _same_ranges(
    stream: TokenStream, matches: list[ExactMatch]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Ranges of tokens in which both sides have the same numbers, in order: the matches, and short gaps
    between them."""
    left = [(match.left, match.left + match.size) for match in matches]
    right = [(match.right, match.right + match.size) for match in matches]
    for one, two in pairwise(matches):
        gap, other = (one.left + one.size, two.left), (one.right + one.size, two.right)
        is_short = max(gap[1] - gap[0], other[1] - other[0]) <= MATCHING.number_gap_tokens
        if is_short and _numbers(stream, *gap) == _numbers(stream, *other):
            left.append(gap)
            right.append(other)
    return sorted(left), sorted(right)


def _extended(stream: TokenStream, chain: list[ExactMatch]) -> list[ExactMatch]:
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
    head = _outward(stream, first.left, first.right, -1, last.left + last.size)
    tail = _outward(stream, last.left + last.size, last.right + last.size, 1, first.right)
    return [*reversed(head), *found, *tail]


def _equal_blocks(stream: TokenStream, left: range, right: range) -> Iterator[ExactMatch]:
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
            yield ExactMatch(stream.block_starts[one], stream.block_starts[equal[at]], len(words))
            start = equal[at] + 1


def _outward(stream: TokenStream, left: int, right: int, step: int, limit: int) -> list[ExactMatch]:
    """Equal blocks that follow (step 1) or precede (step -1) a run on both sides; the left side stays before
    the token `limit`, the right side behind it."""
    found: list[ExactMatch] = []
    ones, twos = _beyond(stream, left, step), _beyond(stream, right, step)
    while ones and twos:
        hit = _first_equal(stream, ones, twos)
        if hit is None:
            break
        one, two = hit
        if (step > 0 and stream.block_ends[one] > limit) or (step < 0 and stream.block_starts[two] < limit):
            break
        words = stream.block_words[one]
        found.append(ExactMatch(stream.block_starts[one], stream.block_starts[two], len(words)))
        ones, twos = _next(stream, one, step), _next(stream, two, step)
    return found


def _beyond(stream: TokenStream, token: int, step: int) -> list[int]:
    """The blocks next to a token, going in one direction."""
    if step > 0:
        at = bisect_left(stream.block_starts, token)
        return _next(stream, at - 1, 1)
    at = bisect_right(stream.block_ends, token)
    return _next(stream, at, -1)


def _next(stream: TokenStream, block: int, step: int) -> list[int]:
    """The next blocks with words beyond a block, no more than are tried."""
    found: list[int] = []
    most = MATCHING.reach_blocks
    block += step
    while 0 <= block < len(stream.blocks) and len(found) < most:
        if stream.block_ends[block] > stream.block_starts[block]:
            found.append(block)
        block += step
    return found


def _first_equal(stream: TokenStream, ones: list[int], twos: list[int]) -> tuple[int, int] | None:
    """The nearest pair of equal blocks of which at least one is the very next; of refrains both are."""
    for reach in range(max(len(ones), len(twos))):
        for one, two in ((0, reach), (reach, 0)):
            if one < len(ones) and two < len(twos):
                words = stream.block_words[ones[one]]
                if words == stream.block_words[twos[two]] and not (reach and stream.is_refrain(ones[one])):
                    return ones[one], twos[two]
    return None


def stand_together(stream: TokenStream, one: ExactMatch, two: ExactMatch) -> bool:
    """Whether two matches stand near each other on both sides."""
    first, second = sorted((one, two))
    return all(
        stream.block_at(high) - stream.block_at(low + first.size - 1) <= MATCHING.reach_blocks
        for low, high in ((first.left, second.left), (first.right, second.right))
    )


def same_numbers(stream: TokenStream, cover: Alignment) -> bool:
    """Whether the edits inside the passage leave its numbers as they are."""
    return all(
        _numbers(stream, low, high) == _numbers(stream, low2, high2)
        for low, high, low2, high2 in _stretches(cover.matches)
    )


def _numbers(stream: TokenStream, low: int, high: int) -> list[int]:
    return [word for word in stream.words(low, high) if word in stream.numeric]
