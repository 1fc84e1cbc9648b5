"""Which chains of equal passages are runs: what a chain covers on both sides, and whether it is a passage
said again, rather than a refrain, a label, the steps of a list or a quotation."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dedupe.repeats.align import ExactMatch
from dedupe.repeats.coverage import EDIT_GAP, LONG_BLOCK, MIDDLE_BLOCK, Alignment, CoveredSide, same_numbers
from dedupe.repeats.tokens import TokenStream, is_cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.page import Page

# Lengths are in units: words, a CJK character counting half. Tuned on generated pages of several
# seeds and on real pages that hold their article twice.
LONG_RUN = 150  # a run of that length may hold many edits
SHORT_RUN = 60  # so may one of three blocks and that length; if all its lines are short it must have it
EQUAL_BLOCK = 12  # so may one of that length that is equal, word for word,
APART = 8  # … and more than that many blocks away, or
EQUAL_NEAR = 17  # … of that length
MIDDLE_RUN = 28  # … that much in all
LEAD = 12  # one of that length, if a bigger block begins with it
CUT = 3  # … or one cut off in an ellipsis
LEADS = 12  # lead sentences that stand together, apart in what follows: that much in all
OPEN_RUN = 60  # a stretch inside two bigger blocks is a run from that length on
OPEN_SENTENCES = 4  # … and from that many sentences on: less is a quotation
EDITED = 0.75  # the share of equal tokens that a long run needs
SAME = 0.95  # … and a short one
REST = 2  # units of a block that no copy has, up to which the block may still be a run by itself
QUOTED = 0.8  # share of a run that stands in quotations on one side only, from which it is one
ENTRIES = 3  # lines with other numbers from which a long run may be two lists of one form,
ENTRY_SHARE = 0.25  # … and for each other block so many of them
BOXES = 2  # elements that a pull quote's box may be made of
SCATTERED = 4  # times its own length that a run is spread over on both sides, at most
LEAST = 8  # a chain whose matches are shorter in all is no run

_QUOTED = re.compile(r"^(?:- )?[\"“„«»『「].*[\"”“«»』」]\.?$", re.S)


def anchored(stream: TokenStream, chain: list[ExactMatch]) -> list[ExactMatch]:
    """The chain without quotations that it carries along: what stands in the middle of a block on both sides
    must follow or precede other matches at once, or be long enough for itself."""
    return [
        match
        for at, match in enumerate(chain)
        if stream.units(match.left, match.left + match.size) >= OPEN_RUN
        or not all(_is_inside(stream, low, low + match.size) for low in (match.left, match.right))
        or any(_follows(*pair) for pair in pairwise(chain[max(0, at - 1) : at + 2]))
    ]


def _is_inside(stream: TokenStream, low: int, high: int) -> bool:
    """Whether tokens stand in the middle of a block, neither at its beginning nor at its end."""
    block = stream.block_at(low)
    return stream.block_starts[block] < low and high < stream.block_ends[block]


def _follows(one: ExactMatch, two: ExactMatch) -> bool:
    """Whether hardly more than an edit stands between two matches, on either side."""
    return max(two.left - one.left, two.right - one.right) - one.size <= EDIT_GAP


def is_repeat(stream: TokenStream, cover: Alignment) -> bool:
    """Whether a chain says a passage again, rather than a refrain, a label or a quotation."""
    if not (cover.left.units and cover.right.units) or _quotes(stream, cover) or _is_scattered(stream, cover):
        return False
    if _is_long(stream, cover):
        return cover.exact >= EDITED and not (_is_form(cover.left) or _is_form(cover.right))
    if _is_middle(stream, cover) and cover.exact >= SAME and same_numbers(stream, cover):
        return True
    return _is_equal(stream, cover) or _is_lead(stream, cover)


def is_passage(stream: TokenStream, chain: list[ExactMatch]) -> bool:
    """Whether what stands in a row again and again would be a run if it were two and two copies only."""
    first = chain[0]
    if not all(match.period for match in chain):
        return True
    if stream.units(first.left, first.left + first.period) < LEAST:
        return False
    size = 2 * first.period
    return is_repeat(stream, Alignment.around(stream, [ExactMatch(first.left, first.left + size, size)]))


def _is_middle(stream: TokenStream, cover: Alignment) -> bool:
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


def _is_equal(stream: TokenStream, cover: Alignment) -> bool:
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
        if not (_heads(stream, one) and _heads(stream, two))
    )


def _heads(stream: TokenStream, block: int) -> bool:
    """Whether a block is a sub-heading, which alone is no passage: by its markup, in a dump as a question."""
    if stream.block_units(block) >= LONG_BLOCK:
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
    if stream.times(one) <= 2 or not 1 < two - one <= APART:
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
        if is_cut(stream.blocks[one].text) and not is_cut(stream.blocks[two].text) and length >= CUT:
            return True
        if places > 0 and not _QUOTED.search(stream.blocks[one].text):
            held.append((one, length))
    blocks = sorted(one for one, _ in held)
    together = len(held) > 1 and all(two - one <= 1 for one, two in pairwise(blocks))
    lengths = [length for _, length in held]
    return max(lengths, default=0.0) >= LEAD or (together and sum(lengths) >= LEADS)


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
    is_open = length >= OPEN_RUN and sentences >= OPEN_SENTENCES
    return is_open or sum(best) >= LONG_RUN or (sum(best) >= SHORT_RUN and len(best) >= 3)


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
        if units >= EQUAL_BLOCK or not stream.is_refrain(block):
            yield units


def _quotes(stream: TokenStream, cover: Alignment) -> bool:
    """Whether most of one side are quotations of the other, as in replies."""
    quoted = sum(
        stream.units(match.left, match.left + match.size)
        for match in cover.matches
        if _is_quoted(stream, match)
    )
    every = sum(stream.units(match.left, match.left + match.size) for match in cover.matches)
    return quoted > QUOTED * every


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
    for _ in range(BOXES):
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
    return len(side.entries) >= max(ENTRIES, ENTRY_SHARE * len(side.whole))


def _is_scattered(stream: TokenStream, cover: Alignment) -> bool:
    """Whether little of what two stretches of the page hold is equal: lines of two lists that are alike."""
    first, last = cover.matches[0], cover.matches[-1]
    spans = (last.left + last.size - first.left, last.right + last.size - first.right)
    return min(
        stream.units(first.left, first.left + spans[0]), stream.units(first.right, first.right + spans[1])
    ) > (SCATTERED * cover.size)
