"""The article's edges: the headline, deck, byline, dateline and notice around its body."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from dedupe.chrome.lexicon_format import CJK
from dedupe.chrome.reasons import is_menu
from dedupe.chrome.rules import BODY, EDGES, LINKED, PARAGRAPH, SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.chrome.context import View
    from dedupe.types import Role

DECK = 90.0  # units: longer blocks are no deck
SIGNED = 0.2  # score from which a name below the body is its author's
REACH = 12  # blocks above the body in which its headline and its other edges are looked for
TAIL = 4  # blocks below the body in which its rights notice is looked for
SIGNATURES = 3  # lines below the body's lead that tell who wrote it, and when

BODY_LINE = 0.9  # belief from which a short line below the lead is the body's own, whatever its class is
DECK_LINE = 0.25  # belief that a sentence below the headline needs where no class says that it is the deck
NAME = 3.0  # units: a headline is longer than that where a name may be meant
AUTHOR = 4.0  # units: in scripts without capitals a shorter line may name the author
DOUBTED = 0.1  # score from which a line above others of the kind is rather the headline than a menu's

_SENTENCE_END = re.compile(r"[.!?。！？…][\"”’»」』)]*$")
_DECK_NAMES = re.compile(
    r"lead|deck|dek\b|standfirst|sub-?title|summary|intro|abstract|excerpt|subhead|chapo|description"
)
_BYLINE_NAMES = re.compile(r"byline|aut(?:h?or|eur)|writer|contributor|\bfirma\b|verfasser|zuozhe")
_DATE_NAMES = re.compile(r"date|time|publish|datum|fecha|riqi")


def edges_of(view: View, body: frozenset[int]) -> dict[int, Role]:
    """Roles of the blocks around the body, and of body blocks that are rather an edge."""
    first, last = min(body), max(body)
    edges: dict[int, Role] = {}
    headline, place = _headline(view, body, first)
    if headline is not None:
        edges[headline] = "headline"
    for at in _zone(view, max(0, first - REACH) if place is None else place, body):
        role = _edge_role(view, at, place, first)
        if role:
            edges.setdefault(at, role)
    if last + 1 < len(view) and _is_signature(view, last + 1):
        edges.setdefault(last + 1, "byline")
    for at in range(first + 1, min(len(view), last + TAIL + 1)):
        hit = view.hit(at, ("notice",))
        if hit and (hit.sure or at in body) and any(above in body for above in range(at - TAIL, at + 1)):
            edges.setdefault(at, "notice")
    return edges


def _is_signature(view: View, at: int) -> bool:
    """Whether the block below the article is its author's name."""
    block = view.page.blocks[at]
    if block.role != "paragraph" or view.units[at] > SHORT or view.linked(at) > 0:
        return False
    hit = view.hit(at, ("byline",))
    if hit:
        return hit.sure or view.scores[at] >= SIGNED
    return not view.hits[at] and view.scores[at] >= SIGNED and is_name(block.text)


def is_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 4 and all(word[0].isupper() and not word[-1].isdigit() for word in words)


def _zone(view: View, top: int, body: frozenset[int]) -> Iterator[int]:
    """The blocks from just above the headline down to the first long paragraph, and the lines that sign it:
    an article that opens with its lead tells below it who wrote it."""
    long = next((at for at in sorted(body) if at > top and view.units[at] >= PARAGRAPH), max(body))
    end = min(long, top + REACH, len(view) - 1) + 1
    yield from range(max(0, top - 2), end)
    below = range(end, min(end + SIGNATURES, max(body)))
    yield from takewhile(lambda at: view.scores[at] < BODY_LINE and _signed(view, at) is not None, below)


def _headline(view: View, body: frozenset[int], first: int) -> tuple[int | None, int | None]:
    """The headline, and the block in whose place it stands: that above the body, also where one of its copies
    does so and another is in the page."""
    headline = _marked_headline(view, body, first)
    if headline is not None:
        return headline, headline
    headline = _unmarked_headline(view, body)
    if headline is None or not _stands_again(view, headline):
        for at, below in _headlines_elsewhere(view, body, first):
            return at, below - 1
    return headline, headline


def _headlines_elsewhere(view: View, body: frozenset[int], first: int) -> Iterator[tuple[int, int]]:
    """Blocks that look like the headline and have a copy which stood directly above the body or its deck and
    byline, and the blocks that they stood above, the likeliest first."""
    top = first
    while top > max(0, first - SIGNATURES) and (_looks_like_deck(view, top - 1) or view.hit(top - 1, EDGES)):
        top -= 1
    for at in sorted(view.copied, key=lambda at: -view.scores[at]):
        doubted = at not in body or view.scores[at] < BODY
        if doubted and view.units[at] > NAME and _looks_like_headline(view, at):
            yield from ((at, below) for below in sorted(view.copied[at]) if top <= below <= first)


def _marked_headline(view: View, body: frozenset[int], first: int) -> int | None:
    """The block above the body that is the page's title, or stands as one does."""
    best: tuple[float, int] | None = None
    for at in range(max(0, first - 60), min(len(view), first + 3)):
        if not 1 <= view.units[at] <= SHORT + 10 or view.is_sure_chrome(at):
            continue
        worth = _headline_worth(view, at, first, body)
        if worth >= 1 and (best is None or (worth, at) > best):
            best = (worth, at)
    return best[1] if best else None


def _headline_worth(view: View, at: int, first: int, body: frozenset[int]) -> float:
    block = view.page.blocks[at]
    worth = 0.0
    if block.role == "heading":
        worth += {1: 2.0, 2: 0.6}.get(block.level, 0.2)
    if view.titles and view.is_title(at):
        worth += 2.0
    if worth and first - at > REACH:
        worth -= 0.5
    if worth and (view.linked(at) > LINKED or view.hits[at]):
        worth -= 0.7
    if at > first or view.is_hidden(at):
        worth -= 0.5
    return worth


def _unmarked_headline(view: View, body: frozenset[int]) -> int | None:
    """Where no markup or meta data tells the headline: the nearest line above the first long paragraph that
    looks like one, with nothing but other edges between; preferred is one that is not the body's anyway, as
    its sub-headings are, and that an author's name follows; then one that stands in the page again."""
    long = next((at for at in sorted(body) if view.units[at] >= PARAGRAPH), min(body))
    found = None
    for at in range(long - 1, max(-1, long - REACH), -1):
        if _is_author(view, at) or view.hit(at, EDGES):
            continue
        if _looks_like_headline(view, at):
            if found is None or _preference(view, at, body) > _preference(view, found, body):
                found = at
        elif found is not None and not _looks_like_deck(view, at):
            break
    return found


def _preference(view: View, at: int, body: frozenset[int]) -> tuple[bool, bool, bool]:
    is_new = at not in body and view.units[at] > NAME and view.scores[at] >= DOUBTED
    is_new &= not is_menu(view.text(at))
    is_signed = bool(view.hit(at + 1, ("byline",))) or _is_author(view, at + 1)
    return is_new and is_signed, _stands_again(view, at), is_new


def _stands_again(view: View, at: int) -> bool:
    return view.units[at] >= 3 and (at in view.copied or view.words.count(view.words[at]) > 1)


def _is_author(view: View, at: int) -> bool:
    """Whether a line of a dump is a bare name below a line that is rather the headline."""
    if view.page.kind != "text" or at == 0 or not _looks_like_headline(view, at - 1):
        return False
    name, above = view.units[at], view.units[at - 1]
    if is_name(view.text(at)):
        return not is_name(view.text(at - 1)) and above > max(name, NAME)
    return name <= AUTHOR and above >= 2 * name and _has_no_capitals(view.text(at))


def _has_no_capitals(text: str) -> bool:
    """Whether a line of several words is of a script without capitals, where any of them may be names."""
    return len(text.split()) > 1 and text.upper() == text.lower() and max(text) < CJK


def _looks_like_headline(view: View, at: int) -> bool:
    return (
        2 <= view.units[at] <= SHORT
        and not view.hits[at]
        and view.linked(at) < LINKED
        and view.page.blocks[at].role in ("paragraph", "heading")
        and not re.search(r"[。.:：;；,，]$", view.text(at))
    )


def _looks_like_deck(view: View, at: int) -> bool:
    return (
        4 <= view.units[at] <= DECK
        and not view.hits[at]
        and view.linked(at) < 0.3
        and view.page.blocks[at].role in ("paragraph", "heading", "quote")
    )


def _edge_role(view: View, at: int, headline: int | None, first: int) -> Role | None:
    """The role of a block between headline and body, or None where it is no edge."""
    if signed := _signed(view, at):
        return signed
    if headline == at - 1 and not view.hits[at] and not view.is_hidden(at) and _is_author(view, at):
        return "byline"
    if headline is None or at <= headline:
        return None
    if (at < first or at == headline + 1) and _looks_like_deck(view, at) and _is_deck(view, at, headline):
        return "deck" if view.scores[at] < BODY or view.units[at] < PARAGRAPH / 2 else None
    return None


def _signed(view: View, at: int) -> Role | None:
    """Whether a short block is a byline or a dateline, by its phrase or its element's name."""
    if view.units[at] > SHORT or view.is_hidden(at):
        return None
    byline, dateline = view.hit(at, ("byline",)), view.hit(at, ("dateline",))
    if byline and (byline.sure or view.units[at] <= 12):
        return "byline"
    if dateline and (dateline.sure or view.units[at] <= 16):
        return "dateline"
    if view.page.kind == "html" and not view.hits[at] and view.units[at] <= 12:
        name = view.name(at)
        if _BYLINE_NAMES.search(name) and view.units[at] >= 1:
            return "byline"
        if _DATE_NAMES.search(name) and re.search(r"\d", view.text(at)):
            return "dateline"
    return None


def _is_deck(view: View, at: int, headline: int) -> bool:
    if view.page.kind == "text":
        return _SENTENCE_END.search(view.text(at)) is not None or at == headline + 1
    if _DECK_NAMES.search(view.name(at)) and view.units[at] >= 5:
        return True
    is_sentence = view.units[at] >= 6 and _SENTENCE_END.search(view.text(at)) is not None
    return at == headline + 1 and is_sentence and view.scores[at] >= DECK_LINE
