"""What can be measured of a block: a matrix of numbers, one row a block, for the model.

Everything is independent of the language: lengths in units, punctuation classes, links, markup names,
position, the page's densest container. Text dumps have the same columns: those of markup are 0 there, and
how far a block shares the words of the page's running text is measured there alone. What the neighbours
are, the model sees itself.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.chrome.features.columns import Array, BlockColumns, Matrix, fill_columns
from dedupe.chrome.features.markup import PageElements, fill_markup, page_elements
from dedupe.chrome.features.names import CONSENT, NAME_GROUPS, TAGS
from dedupe.chrome.features.text import CLASSES, COUNTED, ROLES, text_columns
from dedupe.limits import TITLE_CHARS
from dedupe.text.normalize import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.chrome.lexicon import PhraseMatch
    from dedupe.page import Page
    from dedupe.repeats.records import PageRepeats


HIT_LABELS = (
    "navigation", "download-prompt", "comments", "related", "share", "advert", "subscription", "consent",
    "tags", "metadata", "empty-widget", "byline", "dateline", "notice",
)  # fmt: skip
_HIT = {label: index for index, label in enumerate(HIT_LABELS)}
_SECTIONS = ("comments", "related")  # what may follow an article at length
_CHROME_LABELS = 11  # the first ones are reasons, the others roles of an article's edge

LONG = 12.0  # units from which a block without links counts as a paragraph of somebody's text
LINKED = 0.4  # share of its characters from which a block counts as links
PAIRS = 0x7FFF  # pairs of words are counted in so many buckets
MOST = 400.0  # units that a block counts at most: more are no paragraph


def matrix(twins: PageRepeats, phrases: Sequence[tuple[PhraseMatch, ...]]) -> Matrix:
    """The features of all blocks of a page, shape (blocks, len(NAMES)), float32.

    `hits[i]` is what the lexicons say of block i (all empty is allowed: the model works without).
    """
    page = twins.page
    rows = np.zeros((len(NAMES), len(page.blocks)), np.float32)
    if not page.blocks:
        return rows.T
    text = rows[:_TEXT]
    lexical = rows[_TEXT : _TEXT + _LEXICAL]
    context = rows[_TEXT + _LEXICAL :]
    elements = page_elements(page) if page.where else None
    blocks = _measure(page, twins.units, elements)
    fill_columns(text, text_columns(page, blocks))
    _fill_hits(lexical, phrases)
    fill_columns(context, _context_columns(twins, blocks, text, lexical))
    fill_columns(context[_CONTEXT - 4 :], _opened_columns(phrases, len(page.blocks)))
    if elements is not None:
        fill_markup(context[_CONTEXT + _WORDS :], page, blocks, elements)
    else:  # where there is markup it tells more, and the words mislead
        fill_columns(context[_CONTEXT:], _word_columns(twins, blocks.mass > 0))
    return np.ascontiguousarray(rows.T)


def _measure(page: Page, lengths: Sequence[float], elements: PageElements | None) -> BlockColumns:
    texts = [block.text for block in page.blocks]
    units = np.array(lengths, np.float32)
    chars = np.array([len(text) or 1 for text in texts], np.float32)
    links = np.minimum(1, np.array([block.link_chars for block in page.blocks], np.float32) / chars)
    is_text = (units >= LONG) & (links < LINKED)
    if elements is not None:
        is_text &= (elements.above & CONSENT) == 0
    mass = np.where(is_text, np.minimum(units, MOST), np.float32(0))
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


def _opened_columns(phrases: Sequence[tuple[PhraseMatch, ...]], count: int) -> list[Array]:
    """Whether a section of comments, or of related articles, has been opened above; and how many dates stand
    above, and in the page: a list of posts or comments has one each."""
    opened = np.zeros((len(_SECTIONS), count), bool)
    for column, found in enumerate(phrases):
        for hit in found:
            if hit.kind == "opens" and hit.label in _SECTIONS:
                opened[_SECTIONS.index(hit.label), column] = True
    dated = np.array([any(hit.label == "dateline" for hit in found) for found in phrases], bool)
    stamps = np.log1p(np.cumsum(dated)) / 3
    return [*np.logical_or.accumulate(opened, axis=1), stamps, np.full(count, stamps[-1])]


# ---------------------------------------------------------------- place in the page


def _context_columns(
    twins: PageRepeats, blocks: BlockColumns, text: Matrix, lexical: Matrix
) -> list[Array | float]:
    page, mass = twins.page, blocks.mass
    at = np.arange(len(mass))
    title = np.array(_title_column(page, blocks))
    titled = _headline(title > 0.9, blocks.headings)
    left, right = _run_columns(twins, len(mass))
    return [
        *_place_columns(blocks, text),
        _since(mass > 0),
        _since((mass > 0)[::-1])[::-1],
        _since(blocks.headings > 0),
        _since(lexical[-1] > 0),
        _since(lexical[:_CHROME_LABELS].max(axis=0) == 1),
        title,
        at > titled,
        _since(at == titled),
        np.array(_copies(twins)),
        left,
        right,
    ]


def _place_columns(blocks: BlockColumns, text: Matrix) -> list[Array | float]:
    """Where a block stands in its page, and how much text stands above and below it."""
    mass = blocks.mass
    count, total = len(mass), max(1.0, float(mass.sum()))
    at, through = np.arange(count), np.cumsum(mass)
    return [
        at / count,
        np.log1p(at) / 5,
        np.log1p(count - at) / 5,
        float(np.log1p(count) / 6),
        float(np.log1p(total) / 8),
        float(blocks.links.mean()),
        float(text[COUNTED + 2].mean()),
        float(np.log1p(total / max(1, int((mass > 0).sum()))) / 5),
        (through - mass) / total,
        (total - through) / total,
        np.log1p(through - mass) / 6,
        np.log1p(np.maximum(0, total - through)) / 6,
    ]


def _headline(title: npt.NDArray[np.bool_], headings: Array) -> int:
    """Where the headline stands: a heading that is the title, else the title, else an h1; -1 if nowhere."""
    for marks in (title & (headings > 0), title, headings == 1):
        if marks.any():
            return int(marks.argmax())
    return -1


def _since(marks: npt.NDArray[np.bool_]) -> Array:
    """How near the last marked block before or at each one is: 1 at it, falling to 0."""
    rows = np.arange(len(marks))
    last: Array = np.maximum.accumulate(np.where(marks, rows, -1000))
    return 4 / (4 + rows - last)


def _title_column(page: Page, blocks: BlockColumns) -> list[float]:
    """1 where a block is the page's title, less where it holds it or is part of it."""
    known = (page.meta.get(key) for key in ("og_title", "ld_headline", "title"))
    titles = [fold(title[:TITLE_CHARS]) for title in known if title]
    if not titles:
        return [0.0] * len(blocks.texts)
    joined = "\n".join(titles)
    longest = 2 * max(map(len, titles)) + 20
    short = [text if 3 < len(text) <= longest and "\n" not in text else "" for text in blocks.texts]
    folded = fold("\n".join(short)).split("\n")
    long = [title for title in titles if len(title) > 8]
    return [_titleness(text, titles, joined, long) if text else 0.0 for text in folded]


def _titleness(text: str, titles: list[str], joined: str, known: list[str]) -> float:
    if text in joined:
        return 1.0 if text in titles or joined.startswith(text) else 0.5
    for title in known:
        if title in text:
            return 0.7
    return 0.0


def _copies(twins: PageRepeats) -> list[float]:
    """Whether the same words make other blocks too: 0 to 1, by how many."""
    counts = Counter(twins.words)
    return [min(1.0, (counts[words] - 1) / 3) if words else 0.0 for words in twins.words]


def _run_columns(twins: PageRepeats, count: int) -> tuple[Matrix, Matrix]:
    """Which blocks say what a later one (left) or an earlier one (right) says too."""
    left, right = np.zeros(count, np.float32), np.zeros(count, np.float32)
    for run in twins.runs:
        left[list(run.left_covered)] = 1
        right[list(run.right_covered)] = 1
    return left, right


# ---------------------------------------------------------------- words


def _word_columns(twins: PageRepeats, main: npt.NDArray[np.bool_]) -> list[Array]:
    """How far a block speaks the words of the page's running text, `main`: a teaser shares few of them.

    Shares of its words and of its pairs of words that stand elsewhere in `main`, rare ones counting
    more, and how frequent its words are there, which tells function words in any language.
    """
    count = len(main)
    lengths = np.fromiter(map(len, twins.words), np.int64, count)
    ids = np.fromiter(chain.from_iterable(twins.words), np.int64, int(lengths.sum()))
    if not len(ids):
        return [np.zeros(count)] * _WORDS
    owner = np.repeat(np.arange(count), lengths)
    own = main[owner]
    page = np.bincount(ids)
    elsewhere = np.bincount(ids[own], minlength=len(page))[ids] - own
    weights = 1 / np.sqrt(page[ids])
    known = elsewhere > 0
    lengths = np.maximum(1, lengths)
    frequent = np.log1p(np.maximum(0, elsewhere))
    pairs = (ids[:-1] * 40503 + ids[1:]) & PAIRS
    own_pairs = own[1:]
    known_pairs = (np.bincount(pairs[own_pairs], minlength=PAIRS + 1)[pairs] - own_pairs > 0) & (
        owner[1:] == owner[:-1]
    )
    return [
        np.bincount(owner, known, count) / lengths,
        np.bincount(owner, known * weights, count) / np.maximum(0.1, np.bincount(owner, weights, count)),
        np.bincount(owner, frequent, count) / lengths / 3,
        np.bincount(owner[1:], known_pairs, count) / lengths,
    ]


# ---------------------------------------------------------------- names

_TEXT_NAMES = (
    "chars", "units", "links", *CLASSES, "digits", "capitals", "small-letters", "cjk", "sentences", "ends",
    "ends-colon", "ends-cut", "starts-small", "starts-digit", "starts-quote", "word-length", "h1", "h2",
    "h3+", *ROLES,
)  # fmt: skip
_LEXICAL_NAMES = (*(f"lexicon:{label}" for label in HIT_LABELS), "lexicon:opens")
_CONTEXT_NAMES = (
    "place", "place-from-start", "place-to-end", "page-blocks", "page-mass", "page-links", "page-case",
    "page-paragraph", "before", "after", "before-units", "after-units", "since-text", "until-text",
    "since-heading", "since-opens", "since-lexicon", "title", "below-title", "since-title", "copies",
    "said-again", "says-again", "comments-opened", "related-opened", "dates-above", "dates",
)  # fmt: skip
_WORD_NAMES = ("words-known", "rare-words-known", "words-frequent", "pairs-known")
_DENSE_NAMES = (
    "link-count", "bold", "time", "images", "depth", "hidden", "boxes-closed", "boxes-opened", "node-mass",
    "parent-mass", "grandparent-mass", "parent-links", "grandparent-links", "parent-units", "alike-mass",
    "alike-links", "alike-count", "container", "container-wide", "container-narrow", "container-distance",
    "container-depth", "container-before", "branch-mass", "branch-links", "branch-units", "record-count",
    "record-units", "record-links", "record-mass", "record-blocks", "record-first",
)  # fmt: skip
_BIT_NAMES = (*(name for name, _ in NAME_GROUPS), *(f"<{tag}>" for tag in TAGS))
_TEXT, _LEXICAL, _CONTEXT, _WORDS = map(len, (_TEXT_NAMES, _LEXICAL_NAMES, _CONTEXT_NAMES, _WORD_NAMES))

#: What each column is called.
NAMES: tuple[str, ...] = (
    *_TEXT_NAMES,
    *_LEXICAL_NAMES,
    *_CONTEXT_NAMES,
    *_WORD_NAMES,
    *_DENSE_NAMES,
    *(f"{place} {bit}" for place in ("in", "near", "branch") for bit in _BIT_NAMES),
)


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
    "the page": ("page-blocks", "page-mass", "page-links", "page-case", "page-paragraph"),
    "title": ("title", "below-title", "since-title"),
    "repeats": ("copies", "said-again", "says-again"),
    "words shared with the text": _WORD_NAMES,
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
