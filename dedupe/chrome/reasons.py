"""Why a block that is not the article's goes: the reason that fits it best, and the rule that says so."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, cast

from dedupe.chrome.lexicon_format import CJK
from dedupe.chrome.markup import OWN_ELEMENT_DEPTH
from dedupe.chrome.thresholds import EDGES, REASONS, RULES

if TYPE_CHECKING:
    from dedupe.chrome.context import Body, PageContext, Passages
    from dedupe.chrome.lexicon import PhraseMatch
    from dedupe.page import Page
    from dedupe.types import Reason

_STAMP = re.compile(r"\d{4}\s?[./年년-]\s?\d{1,2}\s?[./月월-]\s?\d{1,2}.{0,12}\d{1,2}:\d{2}")


class RemovalReasons:
    """Why the blocks of a page go that are not its article's."""

    def __init__(self, context: PageContext, body: Body) -> None:
        self._context = context
        self._body = body

    def of(self, at: int) -> tuple[Reason, str]:
        """The reason that fits a removed block best: phrase, section, markup, links, then none finer."""
        context = self._context
        hit = context.chrome_hit(at)
        listed = context.page.blocks[at].role == "list-item"  # an item of a menu heads no section
        if hit and (hit.sure or (hit.kind in ("opens", "pattern") and not listed)):
            return cast("Reason", hit.label), hit.rule
        named = context.markup.reason(at, OWN_ELEMENT_DEPTH)
        opened = None if named else self._section(at)
        if opened:
            return cast("Reason", opened.label), opened.rule
        if hit and not (listed and hit.kind == "opens"):
            return cast("Reason", hit.label), hit.rule
        return named or context.markup.reason(at) or self._by_shape(at)

    def _section(self, at: int) -> PhraseMatch | None:
        """The heading of the section that a block stands in, if one opens above it."""
        context = self._context
        above = self._signs_above[at]
        while above > max(-1, at - REASONS.section_blocks) and above not in self._body.blocks:
            hit = context.chrome_hit(above)
            if hit and opens_section(context, above, hit):
                return hit if stands_with(context.page, above, at) else None
            if hit and hit.sure:
                return hit if hit.label == "consent" and _is_button(context, above, at) else None
            above = self._signs_above[above]
        return None

    @cached_property
    def _signs_above(self) -> list[int]:
        """For each block the nearest one above that is the body's or that a lexicon knows, else -1."""
        last, signs = -1, []
        for at, phrases in enumerate(self._context.phrases):
            signs.append(last)
            if phrases or at in self._body.blocks:
                last = at
        return signs

    def _by_shape(self, at: int) -> tuple[Reason, str]:
        context, body = self._context, self._body
        words = context.units[at]
        below = -1 < body.last < at
        edge = context.hit(at, EDGES)
        if edge is not None:
            return "metadata", edge.rule
        if at == body.author_note:
            return "metadata", "about the author"
        if below and context.page.blocks[at].role == "list-item" and words >= REASONS.label_words:
            return "related", "list below the article"
        if context.linked(at) >= RULES.linked_share:
            if below and words >= REASONS.label_words:
                return "related", "links below the article"
            return "navigation", "links"
        if below and words <= REASONS.label_words and self._is_keyword(at):
            return "tags", "keyword below the article"
        if words == 0:
            return "empty-widget", "no words"
        if words <= RULES.short_words and _STAMP.match(context.text(at)):
            return "metadata", "date and time"
        if not below and (words <= REASONS.label_words or is_menu(context.text(at))):
            return "navigation", "short line outside the article"
        if context.scores[at] < RULES.body_score:
            return "boilerplate", "model"
        return "boilerplate", "below the rights notice" if at > body.notice else "apart from the article"

    def _is_keyword(self, at: int) -> bool:
        """Whether the words of a short line stand in the article in that order."""
        words = self._context.words[at]
        return bool(words) and words in self._passages

    @cached_property
    def _passages(self) -> Passages:
        return self._context.passages(self._body.blocks)


def opens_section(context: PageContext, at: int, hit: PhraseMatch) -> bool:
    """Whether a block heads a section: a phrase that does, or a heading or short label that begins as one."""
    if hit.kind in ("opens", "long", "end", "inside"):
        return hit.kind == "opens" and (hit.sure or context.page.blocks[at].role != "list-item")
    if (
        hit.label not in ("related", "comments")
        or hit.kind == "whole"
        or context.units[at] > REASONS.opener_words
    ):
        return False
    return context.page.blocks[at].role == "heading" or context.text(at).endswith((":", "："))


def _is_button(context: PageContext, above: int, at: int) -> bool:
    """Whether a block is one of the few short ones that follow a banner's text in the same element."""
    return (
        at - above <= REASONS.button_blocks
        and context.units[at] <= REASONS.label_words
        and stands_with(context.page, above, at)
    )


def stands_with(page: Page, above: int, at: int) -> bool:
    """Whether the element around a section's heading holds a block too; in a dump nothing tells."""
    if not page.where or page.where[above] < 0:
        return True
    home = page.nodes[page.where[above]].parent
    node = page.where[at]
    while node > home:
        node = page.nodes[node].parent
    return node == home


def is_menu(text: str) -> bool:
    """Whether a line is short words of a script that sets no spaces inside a sentence, or few."""
    names = text.split()
    return len(names) >= REASONS.menu_words and all(
        name[0] >= CJK and len(name) <= REASONS.menu_word_chars for name in names
    )
