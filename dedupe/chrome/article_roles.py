"""The article's edges: the headline, deck, byline, dateline and notice around its body."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from dedupe.chrome.lexicon_format import CJK
from dedupe.chrome.reasons import is_menu
from dedupe.chrome.thresholds import EDGES, ROLES, RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.chrome.context import PageContext
    from dedupe.types import Role

_SENTENCE_END = re.compile(r"[.!?。！？…][\"”’»」』)]*$")
_DECK_NAMES = re.compile(
    r"lead|deck|dek\b|standfirst|sub-?title|summary|intro|abstract|excerpt|subhead|chapo|description"
)
_BYLINE_NAMES = re.compile(r"byline|aut(?:h?or|eur)|writer|contributor|\bfirma\b|verfasser|zuozhe")
_DATE_NAMES = re.compile(r"date|time|publish|datum|fecha|riqi")


def find_roles(context: PageContext, body: frozenset[int]) -> dict[int, Role]:
    """Roles of the blocks around the body, and of body blocks that are rather an edge."""
    first, last = min(body), max(body)
    roles: dict[int, Role] = {}
    headline, place = _headline(context, body, first)
    if headline is not None:
        roles[headline] = "headline"
    for at in _zone(context, max(0, first - ROLES.reach_blocks) if place is None else place, body):
        role = _edge_role(context, at, place, first)
        if role:
            roles.setdefault(at, role)
    if last + 1 < len(context) and _is_signature(context, last + 1):
        roles.setdefault(last + 1, "byline")
    for at in range(first + 1, min(len(context), last + ROLES.tail_blocks + 1)):
        hit = context.hit(at, ("notice",))
        if (
            hit
            and (hit.sure or at in body)
            and any(above in body for above in range(at - ROLES.tail_blocks, at + 1))
        ):
            roles.setdefault(at, "notice")
    return roles


def _is_signature(context: PageContext, at: int) -> bool:
    """Whether the block below the article is its author's name."""
    block = context.page.blocks[at]
    if block.role != "paragraph" or context.units[at] > RULES.short_words or context.linked(at) > 0:
        return False
    hit = context.hit(at, ("byline",))
    if hit:
        return hit.sure or context.scores[at] >= ROLES.signed_score
    return not context.phrases[at] and context.scores[at] >= ROLES.signed_score and is_name(block.text)


def is_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= ROLES.name_words and all(
        word[0].isupper() and not word[-1].isdigit() for word in words
    )


def _zone(context: PageContext, top: int, body: frozenset[int]) -> Iterator[int]:
    """The blocks from just above the headline down to the first long paragraph, and the lines that sign it:
    an article that opens with its lead tells below it who wrote it."""
    long = next(
        (at for at in sorted(body) if at > top and context.units[at] >= RULES.paragraph_words), max(body)
    )
    end = min(long, top + ROLES.reach_blocks, len(context) - 1) + 1
    yield from range(max(0, top - ROLES.above_headline_blocks), end)
    below = range(end, min(end + ROLES.signature_lines, max(body)))
    yield from takewhile(
        lambda at: context.scores[at] < ROLES.line_score and _signed(context, at) is not None, below
    )


def _headline(context: PageContext, body: frozenset[int], first: int) -> tuple[int | None, int | None]:
    """The headline, and the block in whose place it stands: that above the body, also where one of its copies
    does so and another is in the page."""
    headline = _marked_headline(context, body, first)
    if headline is not None:
        return headline, headline
    headline = _unmarked_headline(context, body)
    if headline is None or not _stands_again(context, headline):
        for at, below in _headlines_elsewhere(context, body, first):
            return at, below - 1
    return headline, headline


def _headlines_elsewhere(context: PageContext, body: frozenset[int], first: int) -> Iterator[tuple[int, int]]:
    """Blocks that look like the headline and have a copy which stood directly above the body or its deck and
    byline, and the blocks that they stood above, the likeliest first."""
    top = first
    while top > max(0, first - ROLES.signature_lines) and (
        _looks_like_deck(context, top - 1) or context.hit(top - 1, EDGES)
    ):
        top -= 1
    for at in sorted(context.copied, key=lambda at: -context.scores[at]):
        doubted = at not in body or context.scores[at] < RULES.body_score
        if doubted and context.units[at] > ROLES.headline_words and _looks_like_headline(context, at):
            yield from ((at, below) for below in sorted(context.copied[at]) if top <= below <= first)


def _marked_headline(context: PageContext, body: frozenset[int], first: int) -> int | None:
    """The block above the body that is the page's title, or stands as one does."""
    best: tuple[float, int] | None = None
    for at in range(
        max(0, first - ROLES.headline_blocks), min(len(context), first + ROLES.headline_below_blocks)
    ):
        if not 1 <= context.units[
            at
        ] <= RULES.short_words + ROLES.headline_more_words or context.is_sure_chrome(at):
            continue
        worth = _headline_worth(context, at, first, body)
        if worth >= 1 and (best is None or (worth, at) > best):
            best = (worth, at)
    return best[1] if best else None


def _headline_worth(context: PageContext, at: int, first: int, body: frozenset[int]) -> float:
    block = context.page.blocks[at]
    worth = 0.0
    if block.role == "heading":
        worth += _heading_worth(block.level)
    if context.titles and context.is_title(at):
        worth += ROLES.first_heading_worth
    if worth and first - at > ROLES.reach_blocks:
        worth -= ROLES.far_worth
    if worth and (context.linked(at) > RULES.linked_share or context.phrases[at]):
        worth -= ROLES.linked_worth
    if at > first or context.is_hidden(at):
        worth -= ROLES.far_worth
    return worth


def _heading_worth(level: int) -> float:
    if level == 1:
        return ROLES.first_heading_worth
    return ROLES.second_heading_worth if level == 2 else ROLES.heading_worth


def _unmarked_headline(context: PageContext, body: frozenset[int]) -> int | None:
    """Where no markup or meta data tells the headline: the nearest line above the first long paragraph that
    looks like one, with nothing but other edges between; preferred is one that is not the body's anyway, as
    its sub-headings are, and that an author's name follows; then one that stands in the page again."""
    long = next((at for at in sorted(body) if context.units[at] >= RULES.paragraph_words), min(body))
    found = None
    for at in range(long - 1, max(-1, long - ROLES.reach_blocks), -1):
        if _is_author(context, at) or context.hit(at, EDGES):
            continue
        if _looks_like_headline(context, at):
            if found is None or _preference(context, at, body) > _preference(context, found, body):
                found = at
        elif found is not None and not _looks_like_deck(context, at):
            break
    return found


def _preference(context: PageContext, at: int, body: frozenset[int]) -> tuple[bool, bool, bool]:
    is_new = (
        at not in body
        and context.units[at] > ROLES.headline_words
        and context.scores[at] >= ROLES.doubted_score
    )
    is_new &= not is_menu(context.text(at))
    is_signed = bool(context.hit(at + 1, ("byline",))) or _is_author(context, at + 1)
    return is_new and is_signed, _stands_again(context, at), is_new


def _stands_again(context: PageContext, at: int) -> bool:
    return context.units[at] >= ROLES.headline_words and (
        at in context.copied or context.words.count(context.words[at]) > 1
    )


def _is_author(context: PageContext, at: int) -> bool:
    """Whether a line of a dump is a bare name below a line that is rather the headline."""
    if context.page.kind != "text" or at == 0 or not _looks_like_headline(context, at - 1):
        return False
    name, above = context.units[at], context.units[at - 1]
    if is_name(context.text(at)):
        return not is_name(context.text(at - 1)) and above > max(name, ROLES.headline_words)
    return name <= ROLES.author_words and above >= 2 * name and _has_no_capitals(context.text(at))


def _has_no_capitals(text: str) -> bool:
    """Whether a line of several words is of a script without capitals, where any of them may be names."""
    return len(text.split()) > 1 and text.upper() == text.lower() and max(text) < CJK


def _looks_like_headline(context: PageContext, at: int) -> bool:
    return (
        2 <= context.units[at] <= RULES.short_words
        and not context.phrases[at]
        and context.linked(at) < RULES.linked_share
        and context.page.blocks[at].role in ("paragraph", "heading")
        and not re.search(r"[。.:：;；,，]$", context.text(at))
    )


def _looks_like_deck(context: PageContext, at: int) -> bool:
    return (
        ROLES.deck_least_words <= context.units[at] <= ROLES.deck_words
        and not context.phrases[at]
        and context.linked(at) < ROLES.deck_linked_share
        and context.page.blocks[at].role in ("paragraph", "heading", "quote")
    )


def _edge_role(context: PageContext, at: int, headline: int | None, first: int) -> Role | None:
    """The role of a block between headline and body, or None where it is no edge."""
    if signed := _signed(context, at):
        return signed
    if (
        headline == at - 1
        and not context.phrases[at]
        and not context.is_hidden(at)
        and _is_author(context, at)
    ):
        return "byline"
    if headline is None or at <= headline:
        return None
    if (
        (at < first or at == headline + 1)
        and _looks_like_deck(context, at)
        and _is_deck(context, at, headline)
    ):
        return (
            "deck"
            if context.scores[at] < RULES.body_score or context.units[at] < RULES.paragraph_words / 2
            else None
        )
    return None


def _signed(context: PageContext, at: int) -> Role | None:
    """Whether a short block is a byline or a dateline, by its phrase or its element's name."""
    if context.units[at] > RULES.short_words or context.is_hidden(at):
        return None
    byline, dateline = context.hit(at, ("byline",)), context.hit(at, ("dateline",))
    if byline and (byline.sure or context.units[at] <= ROLES.byline_words):
        return "byline"
    if dateline and (dateline.sure or context.units[at] <= ROLES.dateline_words):
        return "dateline"
    if context.page.kind == "html" and not context.phrases[at] and context.units[at] <= ROLES.byline_words:
        name = context.name(at)
        if _BYLINE_NAMES.search(name) and context.units[at] >= 1:
            return "byline"
        if _DATE_NAMES.search(name) and re.search(r"\d", context.text(at)):
            return "dateline"
    return None


def _is_deck(context: PageContext, at: int, headline: int) -> bool:
    if context.page.kind == "text":
        return _SENTENCE_END.search(context.text(at)) is not None or at == headline + 1
    if _DECK_NAMES.search(context.name(at)) and context.units[at] >= ROLES.named_deck_words:
        return True
    is_sentence = (
        context.units[at] >= ROLES.sentence_words and _SENTENCE_END.search(context.text(at)) is not None
    )
    return at == headline + 1 and is_sentence and context.scores[at] >= ROLES.sentence_score
