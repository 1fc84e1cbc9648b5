"""What can be measured of a block: a matrix of numbers, one row a block, for the model.

Everything is independent of the language: lengths in units, punctuation classes, links, markup names,
position, the page's densest container. Text dumps have the same columns: those of markup are 0 there, and
how far a block shares the words of the page's running text is measured there alone. What the neighbours
are, the model sees itself.
"""

from __future__ import annotations

from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

import numpy as np

from dedupe.chrome.features.columns import BlockColumns, Matrix, fill_columns
from dedupe.chrome.features.markup import MARKUP_NAMES, PageElements, fill_markup, page_elements
from dedupe.chrome.features.names import CONSENT
from dedupe.chrome.features.place import OPENED_NAMES, PLACE_NAMES, opened_columns, place_columns
from dedupe.chrome.features.text import ROLES, TEXT_NAMES, text_columns
from dedupe.chrome.features.words import WORD_NAMES, word_columns
from dedupe.chrome.thresholds import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.chrome.lexicon import PhraseMatch
    from dedupe.page import Page
    from dedupe.repeats.records import PageRepeats


HIT_LABELS = (
    "navigation", "download-prompt", "comments", "related", "share", "advert", "subscription", "consent",
    "tags", "metadata", "empty-widget", "byline", "dateline", "notice",
)  # fmt: skip
_HIT = {label: index for index, label in enumerate(HIT_LABELS)}
_HIT_NAMES = (*(f"lexicon:{label}" for label in HIT_LABELS), "lexicon:opens")
_GROUPED_NAMES = (TEXT_NAMES, _HIT_NAMES, PLACE_NAMES, OPENED_NAMES, WORD_NAMES, MARKUP_NAMES)

#: What each column is called.
NAMES: tuple[str, ...] = tuple(chain.from_iterable(_GROUPED_NAMES))


def matrix(twins: PageRepeats, phrases: Sequence[tuple[PhraseMatch, ...]]) -> Matrix:
    """The features of all blocks of a page, shape (blocks, len(NAMES)), float32.

    `hits[i]` is what the lexicons say of block i (all empty is allowed: the model works without).
    """
    page = twins.page
    rows = np.zeros((len(NAMES), len(page.blocks)), np.float32)
    if not page.blocks:
        return rows.T
    text, lexical, place, opened, words, markup = _parts(rows)
    elements = page_elements(page) if page.where else None
    blocks = _measure(page, twins.units, elements)
    fill_columns(text, TEXT_NAMES, text_columns(page, blocks))
    _fill_hits(lexical, phrases)
    fill_columns(place, PLACE_NAMES, place_columns(twins, blocks, text, lexical))
    fill_columns(opened, OPENED_NAMES, opened_columns(phrases, len(page.blocks)))
    if elements is not None:
        fill_markup(markup, page, blocks, elements)
    else:  # where there is markup it tells more, and the words mislead
        fill_columns(words, WORD_NAMES, word_columns(twins, blocks.mass > 0))
    return np.ascontiguousarray(rows.T)


def _parts(rows: Matrix) -> Iterator[Matrix]:
    """The rows of each group of names."""
    ends = [0, *accumulate(map(len, _GROUPED_NAMES))]
    return (rows[low:high] for low, high in pairwise(ends))


def _measure(page: Page, lengths: Sequence[float], elements: PageElements | None) -> BlockColumns:
    texts = [block.text for block in page.blocks]
    units = np.array(lengths, np.float32)
    chars = np.array([len(text) or 1 for text in texts], np.float32)
    links = np.minimum(1, np.array([block.link_chars for block in page.blocks], np.float32) / chars)
    is_text = (units >= MEASURES.paragraph_words) & (links < MEASURES.linked_share)
    if elements is not None:
        is_text &= (elements.above & CONSENT) == 0
    mass = np.where(is_text, np.minimum(units, MEASURES.most_words), np.float32(0))
    headings = np.array([block.level if block.role == "heading" else 0 for block in page.blocks])
    return BlockColumns(texts, units, links, mass, headings)


def _fill_hits(rows: Matrix, phrases: Sequence[tuple[PhraseMatch, ...]]) -> None:
    """For each label 1 for a sure hit, 0.5 for a hint; the last column says that a section opens."""
    for column, found in enumerate(phrases):
        for hit in found:
            at = _HIT[hit.label]
            rows[at, column] = max(rows[at, column], 1.0 if hit.sure else 0.5)
            if hit.kind == "opens":
                rows[-1, column] = 1.0


# ---------------------------------------------------------------- groups


def _groups() -> dict[str, list[int]]:
    """The columns by what they are about, for explanations: class and id words one group a word class."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(NAMES):
        groups.setdefault(_group(name), []).append(column)
    return groups


def _group(name: str) -> str:
    _place, _, bit = name.partition(" ")
    if bit:
        return f"element {bit}" if bit[0] == "<" else f"class or id: {bit}"
    if name.startswith("lexicon:"):
        return name
    return next((group for group, names in _GROUP_NAMES.items() if name in names), "punctuation")


_GROUP_NAMES = {
    "length": ("chars", "units", "sentences", "word-length"),
    "links": ("links", "link-count", "alike-links"),
    "role": ("h1", "h2", "h3+", *ROLES, "bold", "time", "images", "hidden", "depth"),
    "place in the page": ("place", "place-from-start", "place-to-end", "before", "after", "before-units",
                          "after-units", "since-text", "until-text", "since-heading", "since-opens",
                          "since-lexicon", "comments-opened", "related-opened", "dates-above", "dates"),
    "the page": ("page-blocks", "page-mass", "page-links", "page-cjk", "page-paragraph"),
    "title": ("title", "below-title", "since-title"),
    "repeats": ("copies", "said-again", "says-again"),
    "words shared with the text": WORD_NAMES,
    "borders of boxes": ("boxes-closed", "boxes-opened"),
    "the article's container": ("node-mass", "parent-mass", "grandparent-mass", "parent-links",
                                "grandparent-links", "parent-units", "container", "container-wide",
                                "container-narrow", "container-distance", "container-depth",
                                "container-before", "branch-mass", "branch-links", "branch-units"),
    "lists of posts or teasers": ("record-count", "record-units", "record-links", "record-mass",
                                  "record-blocks", "record-first"),
    "blocks of the same kind": ("alike-mass", "alike-count"),
}  # fmt: skip
#: The columns of each group of features that an explanation names.
GROUPS: dict[str, list[int]] = _groups()
