"""Which chains of equal passages are runs: what a chain covers on both sides, and whether it is a passage
said again, rather than a refrain, a label, the steps of a list or a quotation."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dedupe.repeats.coverage import Alignment, CoveredSide, same_numbers
from dedupe.repeats.records import ExactMatch
from dedupe.repeats.thresholds import MATCHING, RULES
from dedupe.repeats.tokens import TokenStream, is_cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.page import Page

_QUOTED = re.compile(r"^(?:- )?[\"“„«»『「].*[\"”“«»』」]\.?$", re.S)


def anchored(stream: TokenStream, chain: list[ExactMatch]) -> list[ExactMatch]:
    """The chain without quotations that it carries along: what stands in the middle of a block on both sides
    must follow or precede other matches at once, or be long enough for itself."""
    return [
        match
        for at, match in enumerate(chain)
        if stream.units(match.left, match.left + match.size) >= RULES.passage_words
        or not all(_is_inside(stream, low, low + match.size) for low in (match.left, match.right))
        or any(_follows(*pair) for pair in pairwise(chain[max(0, at - 1) : at + 2]))
    ]


def _is_inside(stream: TokenStream, low: int, high: int) -> bool:
    """Whether tokens stand in the middle of a block, neither at its beginning nor at its end."""
    block = stream.block_at(low)
    return stream.block_starts[block] < low and high < stream.block_ends[block]


def _follows(one: ExactMatch, two: ExactMatch) -> bool:
    """Whether hardly more than an edit stands between two matches, on either side."""
    return max(two.left - one.left, two.right - one.right) - one.size <= MATCHING.edit_gap_tokens


def is_repeat(stream: TokenStream, cover: Alignment) -> bool:
    """Whether a chain says a passage again, rather than a refrain, a label or a quotation."""
    if not (cover.left.units and cover.right.units) or _quotes(stream, cover) or _is_scattered(stream, cover):
        return False
    if _is_long(stream, cover):
        return cover.exact >= RULES.long_run_equal_share and not (
            _is_form(cover.left) or _is_form(cover.right)
        )
    if _is_middle(stream, cover) and cover.exact >= RULES.equal_share and same_numbers(stream, cover):
        return True
    return _is_equal(stream, cover) or _is_lead(stream, cover)


def is_passage(stream: TokenStream, chain: list[ExactMatch]) -> bool:
    """Whether what stands in a row again and again would be a run if it were two and two copies only."""
    first = chain[0]
    if not all(match.period for match in chain):
        return True
    if stream.units(first.left, first.left + first.period) < RULES.least_words:
        return False
    size = 2 * first.period
    return is_repeat(stream, Alignment.around(stream, [ExactMatch(first.left, first.left + size, size)]))


def _is_middle(stream: TokenStream, cover: Alignment) -> bool:
    """Whether blocks that are no refrains, with next to nothing of their own, make a run that is not long."""
    sizes = [
        [
            stream.block_units(block)
            for block in side.whole
            if side.rest(block) <= max(RULES.rest_words, (1 - RULES.equal_share) * stream.own_units(block))
            and (not stream.is_refrain(block) or stream.block_units(block) >= RULES.equal_block_words)
        ]
        for side in (cover.left, cover.right)
    ]
    best = max(sizes, key=sum)
    longest = max(best, default=0.0)
    if longest >= RULES.long_block_words:
        return True
    return longest >= RULES.middle_block_words and sum(best) >= RULES.middle_run_words


def _is_equal(stream: TokenStream, cover: Alignment) -> bool:
    """Whether a match pairs two blocks that are equal, word for word, not short, and far apart: near
    each other, or said many times, they are the steps of a list or a refrain."""
    return any(
        stream.block_units(one) >= RULES.near_equal_block_words
        or (
            stream.block_units(one) >= RULES.equal_block_words
            and not stream.is_refrain(one)
            and not _is_series(stream, one, two)
        )
        for match in cover.matches
        for one, two in _whole_pairs(stream, match)
        if not (_heads(stream, one) and _heads(stream, two))
    )


def _heads(stream: TokenStream, block: int) -> bool:
    """Whether a block is a sub-heading, which alone is no passage: by its markup, in a dump as a question."""
    if stream.block_units(block) >= RULES.long_block_words:
        return False
    is_question = not stream.page.where and stream.blocks[block].text.endswith(("?", "？", "؟"))
    return is_question or stream.blocks[block].role == "heading"


def _whole_pairs(stream: TokenStream, match: ExactMatch) -> Iterator[tuple[int, int]]:
    """The equal blocks that a match pairs from their beginning to their end."""
    for one in range(stream.block_at(match.left), stream.block_at(match.left + match.size - 1) + 1):
        shift = stream.block_starts[one] - match.left
        if 0 <= shift < match.size and shift + len(stream.block_words[one]) <= match.size:
            two = stream.block_at(match.right + shift)
            if stream.block_words[one] == stream.block_words[two]:
                yield one, two


def _is_series(stream: TokenStream, one: int, two: int) -> bool:
    """Whether two blocks may be steps of one list or lines of one poem: said more than twice, near, but not
    next to each other, and in the same element where there is markup."""
    if stream.times(one) <= 2 or not 1 < two - one <= RULES.series_blocks:
        return False
    page = stream.page
    if not page.where:
        return True
    homes = [page.nodes[page.where[block]].parent for block in (one, two) if page.where[block] >= 0]
    return len(set(homes)) < 2


def _is_lead(stream: TokenStream, cover: Alignment) -> bool:
    """Whether blocks are, word for word, the beginnings of bigger blocks: a teaser, a deck, some leads."""
    held = []
    for one, two, places in _openings_held(stream, cover):
        length = stream.own_units(one)
        is_teaser = is_cut(stream.blocks[one].text) and not is_cut(stream.blocks[two].text)
        if is_teaser and length >= RULES.cut_lead_words:
            return True
        if places > 0 and not _QUOTED.search(stream.blocks[one].text):
            held.append((one, length))
    blocks = sorted(one for one, _ in held)
    together = len(held) > 1 and all(two - one <= 1 for one, two in pairwise(blocks))
    lengths = [length for _, length in held]
    longest = max(lengths, default=0.0)
    return longest >= RULES.lead_words or (together and sum(lengths) >= RULES.lead_words)


def _openings_held(stream: TokenStream, cover: Alignment) -> Iterator[tuple[int, int, int]]:
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


def _is_long(stream: TokenStream, cover: Alignment) -> bool:
    """Whether a chain is so long that edits do not matter."""
    best = max((list(_counted(stream, side)) for side in (cover.left, cover.right)), key=sum)
    length, sentences = min(cover.left.open_units(), cover.right.open_units())
    if length >= RULES.passage_words and sentences >= RULES.passage_sentences:
        return True
    words = sum(best)
    return words >= RULES.long_run_words or (
        words >= RULES.several_blocks_words and len(best) >= RULES.several_blocks
    )


def enclosed(stream: TokenStream, cover: Alignment) -> Alignment:
    """The run without sentences that stand among others on both sides, unless it is long: two paragraphs that
    begin alike are two."""
    if not _is_long(stream, cover):
        for match in cover.matches:
            for one, low, high in stream.overlapping(match.left, match.left + match.size):
                two = stream.sentence_at(match.right + (low + high) // 2 - match.left)
                if (
                    stream.spans[one][0] not in cover.left.whole
                    and stream.spans[two][0] not in cover.right.whole
                ):
                    cover.left.sentences.discard(one)
                    cover.right.sentences.discard(two)
    return cover


def _counted(stream: TokenStream, side: CoveredSide) -> Iterator[float]:
    """Units of the blocks that count for a run's length: lines that a page says again and again do not."""
    for block in side.whole:
        units = stream.block_units(block)
        if units >= RULES.equal_block_words or not stream.is_refrain(block):
            yield units


def _quotes(stream: TokenStream, cover: Alignment) -> bool:
    """Whether most of one side are quotations of the other, as in replies."""
    quoted = sum(
        stream.units(match.left, match.left + match.size)
        for match in cover.matches
        if _is_quoted(stream, match)
    )
    every = sum(stream.units(match.left, match.left + match.size) for match in cover.matches)
    return quoted > RULES.quoted_share * every


def _is_quoted(stream: TokenStream, match: ExactMatch) -> bool:
    """Whether one side of a match is a quotation of the other: in another post, or a dump's.

    What stands beside the paragraph that it repeats, or in a box beside it, is a pull quote.
    """
    one, two = stream.block_at(match.left), stream.block_at(match.right)
    if (stream.blocks[one].role == "quote") == (stream.blocks[two].role == "quote"):
        return False
    page = stream.page
    if not page.where:
        return True
    quote, paragraph = (one, two) if stream.blocks[one].role == "quote" else (two, one)
    home, box = _home(page, paragraph), _home(page, quote)
    for _ in range(RULES.pull_quote_elements):
        if box != home and box >= 0:
            box = page.nodes[box].parent
    return box != home


def _home(page: Page, block: int) -> int:
    """The element around a paragraph or quotation."""
    node = page.where[block]
    while node >= 0 and page.nodes[node].tag in ("p", "blockquote", "q"):
        node = page.nodes[node].parent
    return node


def _is_form(side: CoveredSide) -> bool:
    """Whether many lines have numbers of their own: two lists of one form, not one list twice."""
    return len(side.entries) >= max(RULES.form_lines, RULES.form_line_share * len(side.whole))


def _is_scattered(stream: TokenStream, cover: Alignment) -> bool:
    """Whether little of what two stretches of the page hold is equal: lines of two lists that are alike."""
    first, last = cover.matches[0], cover.matches[-1]
    spans = (last.left + last.size - first.left, last.right + last.size - first.right)
    return min(
        stream.units(first.left, first.left + spans[0]), stream.units(first.right, first.right + spans[1])
    ) > (RULES.scattered_times * cover.size)
