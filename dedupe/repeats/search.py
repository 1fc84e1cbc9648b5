"""Repeats inside one page: seed, chain, extend.

A page becomes one stream of tokens, whatever its block borders are. Chains of equal passages
(`align`) that cover whole blocks or long stretches are *runs*: the page says the same twice. Where
a run begins or ends inside a block, the block is split at that sentence. Nothing is removed here:
which copy stays is chosen later, when it is known what is chrome.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dedupe.page import Page, only
from dedupe.repeats.accepted import AcceptedRepeats
from dedupe.repeats.align import chains, seeds
from dedupe.repeats.coverage import Alignment
from dedupe.repeats.records import ExactMatch, PageRepeats, Passage
from dedupe.repeats.rewritten import BOUNDED, edited_copies
from dedupe.repeats.rules import is_repeat
from dedupe.repeats.split import split_page
from dedupe.repeats.thresholds import RULES
from dedupe.repeats.tokens import TokenStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class RepeatSearch:
    """What was found of a page's repeats so far; `again` looks once more in what is left of the page."""

    page: Page
    stream: TokenStream
    passages: tuple[Passage, ...]

    @classmethod
    def of(cls, page: Page) -> RepeatSearch:
        """Look for all passages that stand in a page twice or more."""
        stream = TokenStream.of(page)
        rows, left = _rows(stream)
        rest = stream if not rows else stream.part(only(page, left), [stream.sentences[at] for at in left])
        return cls(page, stream, rows)._with(*_passages(rest))

    def again(self, left: Page, sentences: Sequence[Sequence[int]]) -> RepeatSearch:
        """Look once more in what is left of the page: block i of `left` is made of `sentences[i]`.

        Without the copies that are gone, passages that were apart stand side by side: of four paragraphs that
        are the same, the first two repeat the last two, and then each other. Returns itself if nothing is
        found, or if one look was too much work already.
        """
        if BOUNDED in self.page.warnings:
            return self
        found, bounded = _passages(self.stream.part(left, sentences))
        return self._with(found, bounded) if found else self

    def _with(self, found: tuple[Passage, ...], bounded: bool) -> RepeatSearch:
        page = self.page
        if bounded and BOUNDED not in page.warnings:
            page = replace(page, warnings=(*page.warnings, BOUNDED))
        return replace(self, page=page, passages=self.passages + found)

    def twins(self) -> PageRepeats:
        """The page, split where the passages begin and end."""
        return split_page(self.page, self.stream, self.passages)


def find(page: Page) -> PageRepeats:
    """All passages that stand in a page twice or more, found in one look; a warning is added to the page if
    the work for that was bounded."""
    return RepeatSearch.of(page).twins()


def _passages(stream: TokenStream) -> tuple[tuple[Passage, ...], bool]:
    """The passages that stand twice or more, and whether the work for that was bounded."""
    said = AcceptedRepeats(stream)
    matches, are_all = seeds(stream.ids, stream.seed_tokens)
    said.bounded = not are_all
    for chain in chains(matches):
        if sum(stream.units(match.left, match.left + match.size) for match in chain) >= RULES.least_words:
            said.add_run([match for match in chain if not said.explains(match)])
    for pair in _equal_pairs(stream):
        if not said.explains(pair) and not said.pairs(pair):
            said.add_run([pair])
    for edited in edited_copies(stream, said):
        said.add(edited)
    for leads in _lead_lists(stream):
        if not all(map(said.explains, leads)):
            said.add(Alignment.around(stream, leads))
    return tuple([_passage(stream, cover) for cover in said.covers]), said.bounded


def _rows(stream: TokenStream) -> tuple[tuple[Passage, ...], list[int]]:
    """Blocks, or several in a row, that stand again and again one behind the other, and the blocks that are
    left of the page with one copy of each.

    They are found first: among many copies in a row every one matches every other, in chains of all lengths.
    """
    found: list[Passage] = []
    gone: set[int] = set()
    for first, period, copies in _block_rows(stream):
        match = _copied(stream, first, first + period, period)
        if stream.units(match.left, match.right) >= RULES.least_words and _is_row(
            stream, range(first, first + 2 * period)
        ):
            for two, several in _halves(copies):
                match = _copied(stream, first, first + two * period, several * period)
                found.append(_passage(stream, Alignment.of(stream, [match])))
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


def _is_row(stream: TokenStream, blocks: range) -> bool:
    """Whether two copies of what stands in a row, which are these blocks, would be a run by themselves."""
    two = stream.part(only(stream.page, blocks), [stream.sentences[at] for at in blocks])
    half = len(blocks) // 2
    return is_repeat(two, Alignment.of(two, [_copied(two, 0, half, half)]))


def _copied(stream: TokenStream, one: int, two: int, blocks: int) -> ExactMatch:
    """The match of so many equal blocks from two places on."""
    low = stream.block_starts[one]
    return ExactMatch(low, stream.block_starts[two], stream.block_ends[one + blocks - 1] - low)


def _block_rows(stream: TokenStream) -> Iterator[tuple[int, int, int]]:
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


def _passage(stream: TokenStream, cover: Alignment) -> Passage:
    origin = stream.origin
    pairs = {
        (origin[one], origin[two])
        for match in cover.matches
        for one, low, high in stream.overlapping(match.left, match.left + match.size)
        for two, _, _ in stream.overlapping(match.right + low - match.left, match.right + high - match.left)
    }
    left, right = (frozenset(origin[s] for s in side.sentences) for side in (cover.left, cover.right))
    return Passage(tuple(sorted(pairs)), left, right, cover.size, cover.exact)


def _equal_pairs(stream: TokenStream) -> Iterator[ExactMatch]:
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
        if min(stream.block_units(longest), len(stream.block_words[longest])) >= RULES.equal_block_words:
            start = stream.block_starts[first]
            yield ExactMatch(start, stream.block_starts[second], stream.block_ends[first + count - 1] - start)


def _lead_lists(stream: TokenStream) -> Iterator[list[ExactMatch]]:
    """Blocks in a row that are the first sentences of blocks further down, in the same order."""
    openings = _openings(stream)
    group: list[ExactMatch] = []
    last = before = -1
    for block, words in enumerate(stream.block_words):
        partners = openings.get(words, ()) if words else ()
        after = bisect_right(partners, max(block, last)) if partners else 0
        partner = partners[after] if after < len(partners) else None
        if group and (partner is None or block != before + 1):
            yield from _lead_list(stream, group)
            group, last = [], -1
        if partner is not None:
            group.append(ExactMatch(stream.block_starts[block], stream.block_starts[partner], len(words)))
            last, before = partner, block
    yield from _lead_list(stream, group)


def _openings(stream: TokenStream) -> dict[tuple[int, ...], list[int]]:
    """The blocks that begin with these words, for every first sentence, or first few, of a longer block."""
    found: dict[tuple[int, ...], list[int]] = {}
    for block, sentences in enumerate(stream.sentences):
        if len(sentences) > 1:
            for sentence in sentences[:-1][: RULES.lead_sentences]:
                words = stream.words(stream.block_starts[block], stream.sentence_ends[sentence])
                found.setdefault(words, []).append(block)
    return found


def _lead_list(stream: TokenStream, group: list[ExactMatch]) -> Iterator[list[ExactMatch]]:
    if not group:
        return
    size = sum(stream.units(match.left, match.left + match.size) for match in group)
    listed = stream.blocks[stream.block_at(group[0].left)].role == "list-item"
    if (len(group) > 1 and size >= RULES.lead_list_words) or (listed and size >= RULES.least_words):
        yield group
