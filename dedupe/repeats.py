"""Repeats inside one page: seed, chain, extend.

A page becomes one stream of tokens, whatever its block borders are. Chains of equal passages
(`align`) that cover whole blocks or long stretches are *runs*: the page says the same twice. Where
a run begins or ends inside a block, the block is split at that sentence. Nothing is removed here:
which copy stays is chosen later, when it is known what is chrome.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .align import Match, chains, kgram_keys, seeds
from .runs import (
    COVERED,
    EQUAL_BLOCK,
    LEAST,
    LONG_BLOCK,
    REACH,
    Cover,
    anchored,
    enclosed,
    is_passage,
    is_run,
    stand_together,
)
from .stream import Stream
from .types import Block, Page, only

# Lengths are in units: words, a CJK character counting half. Tuned on generated pages of several
# seeds and on real pages that hold their article twice.
PASSAGE = 60  # a single match of that length is no refrain
LEAD_LIST = 6  # first sentences of later blocks, one below the other
OPENING = 3  # sentences of a block that may be its lead
REWRITTEN_BLOCKS = 2  # pairs of rewritten blocks in a row that make a copy
BANDS, ROWS = 24, 2  # propose nearly every pair from a Jaccard of 0.3 of word pairs on
WORK = 100_000  # sentences that all passages of a page hold which are looked at, the longest first,
EACH = 20  # … and each passage counts for so many more: of real pages none comes to a tenth of that
PAIRS = 500_000  # pairs of blocks that may be rewritten copies: of real pages none has 700
BOUNDED = "too many passages are alike: not all were compared, so that some copies may stay"
ALIKE = 0.2  # of that share of a block's word pairs another place must have each for it to be looked at


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
    (equal for equal tokens), `units[i]` its length, `sentences[i]` the page's sentences in it, `places[i]`
    where it begins and ends in the text of the block that it was (empty where no block was split).
    """

    page: Page
    source: tuple[int, ...]
    runs: tuple[Run, ...]
    words: tuple[tuple[int, ...], ...]
    units: tuple[float, ...]
    sentences: tuple[range, ...]
    places: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A run in terms of the page's sentences: pairs (left, right) that say the same, and those that each side
    covers; `size` and `exact` as in `Run`."""

    pairs: tuple[tuple[int, int], ...]
    left: frozenset[int]
    right: frozenset[int]
    size: float
    exact: float


@dataclass(frozen=True, slots=True)
class Search:
    """What was found of a page's repeats so far; `again` looks once more in what is left of the page."""

    page: Page
    stream: Stream
    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, page: Page) -> Search:
        """Look for all passages that stand in a page twice or more."""
        stream = Stream.of(page)
        rows, left = _rows(stream)
        rest = stream if not rows else stream.part(only(page, left), [stream.sentences[at] for at in left])
        return cls(page, stream, rows)._with(*_passages(rest))

    def again(self, left: Page, sentences: Sequence[Sequence[int]]) -> Search:
        """Look once more in what is left of the page: block i of `left` is made of `sentences[i]`.

        Without the copies that are gone, passages that were apart stand side by side: of four paragraphs that
        are the same, the first two repeat the last two, and then each other. Returns itself if nothing is
        found, or if one look was too much work already.
        """
        if BOUNDED in self.page.warnings:
            return self
        found, bounded = _passages(self.stream.part(left, sentences))
        return self._with(found, bounded) if found else self

    def _with(self, found: tuple[Passage, ...], bounded: bool) -> Search:
        page = self.page
        if bounded and BOUNDED not in page.warnings:
            page = replace(page, warnings=(*page.warnings, BOUNDED))
        return replace(self, page=page, passages=self.passages + found)

    def twins(self) -> Twins:
        """The page, split where the passages begin and end."""
        return _split(self.page, self.stream, self.passages)


def find(page: Page) -> Twins:
    """All passages that stand in a page twice or more, found in one look; a warning is added to the page if
    the work for that was bounded."""
    return Search.of(page).twins()


def _passages(stream: Stream) -> tuple[tuple[Passage, ...], bool]:
    """The passages that stand twice or more, and whether the work for that was bounded."""
    said = _Said(stream)
    matches, are_all = seeds(stream.ids, stream.seed_tokens)
    said.bounded = not are_all
    for chain in chains(matches):
        if sum(stream.units(match.left, match.left + match.size) for match in chain) >= LEAST:
            said.add_run([match for match in chain if not said.holds(match)])
    for pair in _equal_pairs(stream):
        if not said.holds(pair) and not said.pairs(pair):
            said.add_run([pair])
    for edited in _edited_copies(stream, said):
        said.add(edited)
    for leads in _lead_lists(stream):
        if not all(map(said.holds, leads)):
            said.add(Cover.around(stream, leads))
    return tuple([_passage(stream, cover) for cover in said.covers]), said.bounded


def _rows(stream: Stream) -> tuple[tuple[Passage, ...], list[int]]:
    """Blocks, or several in a row, that stand again and again one behind the other, and the blocks that are
    left of the page with one copy of each.

    They are found first: among many copies in a row every one matches every other, in chains of all lengths.
    """
    found: list[Passage] = []
    gone: set[int] = set()
    for first, period, copies in _block_rows(stream):
        match = _copied(stream, first, first + period, period)
        if stream.units(match.left, match.right) >= LEAST and _is_row(
            stream, range(first, first + 2 * period)
        ):
            for two, several in _halves(copies):
                match = _copied(stream, first, first + two * period, several * period)
                found.append(_passage(stream, Cover.of(stream, [match])))
            gone.update(range(first + period, first + copies * period))
    return tuple(found), [at for at in range(len(stream.blocks)) if at not in gone]


def _halves(copies: int) -> Iterator[tuple[int, int]]:
    """Of copies in a row the first half and the second one, and so on down to a single copy: (which copy it
    is that the first one is equal to, how many are equal from there on)."""
    while copies > 1:
        half = copies // 2
        if copies % 2:
            yield copies - 1, 1
        yield half, half
        copies = half


def _is_row(stream: Stream, blocks: range) -> bool:
    """Whether two copies of what stands in a row, which are these blocks, would be a run by themselves."""
    two = stream.part(only(stream.page, blocks), [stream.sentences[at] for at in blocks])
    half = len(blocks) // 2
    return is_run(two, Cover.of(two, [_copied(two, 0, half, half)]))


def _copied(stream: Stream, one: int, two: int, blocks: int) -> Match:
    """The match of so many equal blocks from two places on."""
    low = stream.block_starts[one]
    return Match(low, stream.block_starts[two], stream.block_ends[one + blocks - 1] - low)


def _block_rows(stream: Stream) -> Iterator[tuple[int, int, int]]:
    """Where equal blocks stand in a row three times or more: (first block, blocks in a copy, copies)."""
    words = stream.block_words
    following: list[int] = [0] * len(words)  # the next block with the same words, 0 for none
    last: dict[tuple[int, ...], int] = {}
    for at in range(len(words) - 1, -1, -1):
        following[at] = last.get(words[at], 0)
        last[words[at]] = at
    at = 0
    while at < len(words):
        period, end = following[at] - at, at
        while end < len(words) and following[end] == end + period > end:
            end += 1
        copies = (end - at) // period + 1 if words[at] and period > 0 else 0
        if copies > 2:
            yield at, period, copies
            at += copies * period
        else:
            at = max(at + 1, end)


def _passage(stream: Stream, cover: Cover) -> Passage:
    origin = stream.origin
    pairs = {
        (origin[one], origin[two])
        for match in cover.matches
        for one, low, high in stream.overlapping(match.left, match.left + match.size)
        for two, _, _ in stream.overlapping(match.right + low - match.left, match.right + high - match.left)
    }
    left, right = (frozenset(origin[s] for s in side.sentences) for side in (cover.left, cover.right))
    return Passage(tuple(sorted(pairs)), left, right, cover.size, cover.exact)


class _Said:
    """The accepted runs, what they pair already, and which sentences are the same to them."""

    def __init__(self, stream: Stream) -> None:
        self.covers: list[Cover] = []
        self._stream = stream
        self._tokens = np.zeros(len(stream.ids), bool)
        self._same: dict[int, int] = {}
        self._work = WORK
        self.bounded = False  # something that may be a copy was not looked at

    def add_run(self, matches: list[Match]) -> None:
        """Accept matches in a row if they are a run."""
        matches = anchored(self._stream, matches)
        if matches and self._work <= 0:
            self.bounded = True
        elif matches and is_passage(self._stream, matches):
            cover = Cover.around(self._stream, matches)
            self._work -= EACH + len(cover.left.units) + len(cover.right.units)
            if is_run(self._stream, cover):
                for part in self._parts(cover):
                    self.add(part)

    def _parts(self, cover: Cover) -> list[Cover]:
        """The run, or where not all parts of it are runs by themselves, those that are.

        A further copy stands on one side of all its matches, and on the other what earlier runs pair. Where
        matches lead both ways, or others are paired with each other already, passages that are merely alike
        would be carried along by those.
        """
        parts: defaultdict[str, list[Match]] = defaultdict(list)
        kinds = [self._kind(match) for match in cover.matches] if self._same else []
        for at, (kind, match) in enumerate(zip(kinds, cover.matches, strict=False)):
            around = [each for each in (at - 1, at + 1) if 0 <= each < len(kinds) and kinds[each] == "known"]
            if any(stand_together(self._stream, match, cover.matches[each]) for each in around):
                kind = "known"
            parts[kind].append(match)
        if len(parts.keys() - {"new"}) < 2:
            return [cover]
        parts["known"] = sorted(parts["known"] + parts.pop("new", []))
        covers = [Cover.of(self._stream, part) for part in parts.values() if part]
        runs = [part for part in covers if is_run(self._stream, part)]
        return runs if len(runs) < len(covers) else [cover]

    def _kind(self, match: Match) -> str:
        """Whether runs pair the two sides of a match with each other, or one of them with anything."""
        if self.pairs(match):
            return "known"
        left, right = (self._is_paired(low, match.size) for low in (match.left, match.right))
        return "new" if left == right else "left" if left else "right"

    def _is_paired(self, low: int, size: int) -> bool:
        return bool(self._tokens[low : low + size].mean() > COVERED)

    def add(self, cover: Cover) -> None:
        """Accept a run, and note its pairs."""
        self.covers.append(enclosed(self._stream, cover))
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


def _equal_pairs(stream: Stream) -> Iterator[Match]:
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


def _edited_copies(stream: Stream, said: _Said) -> Iterator[Cover]:
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
    from .rewritten import Comparisons

    comparisons = Comparisons(stream)
    group: list[list[Match]] = []
    last = (-1, -1)
    for one, two in _likely_pairs(stream, said, blocks):
        if one <= last[0] or two <= last[1] or not (matches := comparisons.matches(one, two)):
            continue
        if group and (one - last[0] > REACH or two - last[1] > REACH):
            yield from _rewritten(stream, group)
            group = []
        group.append(matches)
        last = (one, two)
    said.bounded |= comparisons.bounded
    yield from _rewritten(stream, group)


def _likely_pairs(stream: Stream, said: _Said, blocks: list[int]) -> list[tuple[int, int]]:
    """Pairs of blocks with a band of their signatures in common, in page order."""
    blocks, every, bounds = _word_pairs(stream, blocks)
    if len(blocks) < 2 * REWRITTEN_BLOCKS:
        return []
    from .minhash import band_keys, pairs, signatures

    keys = band_keys(signatures(every >> np.uint64(32), bounds, BANDS * ROWS), BANDS, ROWS)
    left, right = pairs(keys.ravel(), np.repeat(np.arange(len(blocks)), keys.shape[1]))
    found = np.unique(np.minimum(left, right) * len(blocks) + np.maximum(left, right))
    said.bounded |= len(found) > PAIRS
    places = np.array(blocks)
    one, two = (places[each].tolist() for each in np.divmod(found[:PAIRS], len(blocks)))
    return [pair for pair in zip(one, two, strict=True) if pair[0] != pair[1]]


def _word_pairs(
    stream: Stream, blocks: list[int]
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


def _rewritten(stream: Stream, group: list[list[Match]]) -> Iterator[Cover]:
    if len(group) < REWRITTEN_BLOCKS:
        return
    cover = Cover.around(stream, [match for matches in group for match in matches])
    for matches in group:  # compared word by word: a rewritten block is a copy although matches are short
        cover.left.whole.add(stream.block_at(matches[0].left))
        cover.right.whole.add(stream.block_at(matches[0].right))
    for side in (cover.left, cover.right):
        for block in side.whole:
            side.sentences.update(stream.sentences[block])
    yield cover


def _lead_lists(stream: Stream) -> Iterator[list[Match]]:
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


def _openings(stream: Stream) -> dict[tuple[int, ...], list[int]]:
    """The blocks that begin with these words, for every first sentence, or first few, of a longer block."""
    found: dict[tuple[int, ...], list[int]] = {}
    for block, sentences in enumerate(stream.sentences):
        if len(sentences) > 1:
            for sentence in sentences[:-1][:OPENING]:
                words = stream.words(stream.block_starts[block], stream.sentence_ends[sentence])
                found.setdefault(words, []).append(block)
    return found


def _lead_list(stream: Stream, group: list[Match]) -> Iterator[list[Match]]:
    if not group:
        return
    size = sum(stream.units(match.left, match.left + match.size) for match in group)
    listed = stream.blocks[stream.block_at(group[0].left)].role == "list-item"
    if (len(group) > 1 and size >= LEAD_LIST) or (listed and size >= LEAST):
        yield group


# ---------------------------------------------------------------- splitting


def _split(page: Page, stream: Stream, passages: Sequence[Passage]) -> Twins:
    """Split blocks where passages begin or end inside them, and say these in terms of the pieces."""
    if not passages:
        every = range(len(page.blocks))
        units = tuple(map(stream.block_units, every))
        return Twins(page, tuple(every), (), tuple(stream.block_words), units, tuple(stream.sentences))
    piece_of, pieces = _pieces(stream, passages)
    blocks, where, traits, source, spoken, lengths, places = [], [], [], [], [], [], []
    for number, part in enumerate(pieces):
        original, start, _ = stream.spans[part[0]]
        block = page.blocks[original]
        text = block.text[start : stream.spans[part[-1]][2]].rstrip()
        start += len(text) - len(text := text.lstrip())
        places.append((start, start + len(text)))
        blocks.append(block if text == block.text and number == block.number else _piece(block, number, text))
        source.append(original)
        low, high = stream.sentence_starts[part[0]], stream.sentence_ends[part[-1]]
        spoken.append(stream.words(low, high))
        lengths.append(stream.units(low, high))
        if page.where:
            where.append(page.where[original])
            traits.append(page.traits[original])
    split = replace(page, blocks=tuple(blocks), where=tuple(where), traits=tuple(traits))
    runs = tuple(_run(passage, piece_of, pieces) for passage in passages)
    return Twins(split, tuple(source), runs, tuple(spoken), tuple(lengths), tuple(pieces), tuple(places))


def _piece(block: Block, number: int, text: str) -> Block:
    share = len(text) / max(1, len(block.text))
    return replace(block, number=number, text=text, link_chars=round(block.link_chars * share))


def _pieces(stream: Stream, passages: Sequence[Passage]) -> tuple[list[int], list[range]]:
    """For each sentence its piece, for each piece its sentences."""
    marks: list[list[int]] = [[] for _ in stream.spans]
    for index, passage in enumerate(passages):
        for side_index, side in enumerate((passage.left, passage.right)):
            for sentence in side:
                marks[sentence].append(2 * index + side_index)
    piece_of: list[int] = []
    pieces: list[range] = []
    for sentence, (block, _, _) in enumerate(stream.spans):
        new = not pieces or stream.spans[sentence - 1][0] != block or marks[sentence] != marks[sentence - 1]
        if new:
            pieces.append(range(sentence, sentence + 1))
        else:
            pieces[-1] = range(pieces[-1].start, sentence + 1)
        piece_of.append(len(pieces) - 1)
    return piece_of, pieces


def _run(passage: Passage, piece_of: list[int], pieces: list[range]) -> Run:
    pairs = {(piece_of[one], piece_of[two]) for one, two in passage.pairs}
    left, right = (
        frozenset(piece for piece in {piece_of[s] for s in side} if side.issuperset(pieces[piece]))
        for side in (passage.left, passage.right)
    )
    return Run(tuple(sorted(pairs)), left, right, passage.size, passage.exact)
