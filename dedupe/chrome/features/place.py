"""Columns of where a block stands in its page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.chrome.features.text import TEXT_NAMES
from dedupe.chrome.thresholds import MEASURES
from dedupe.limits import TITLE_CHARS
from dedupe.text.normalize import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.chrome.features.columns import Array, BlockColumns, Columns, Matrix
    from dedupe.chrome.lexicon import PhraseMatch
    from dedupe.page import Page
    from dedupe.repeats.records import PageRepeats

PLACE_NAMES = (
    "place", "place-from-start", "place-to-end", "page-blocks", "page-mass", "page-links", "page-cjk",
    "page-paragraph", "before", "after", "before-units", "after-units", "since-text", "until-text",
    "since-heading", "since-opens", "since-lexicon", "title", "below-title", "since-title", "copies",
    "said-again", "says-again",
)  # fmt: skip
OPENED_NAMES = ("comments-opened", "related-opened", "dates-above", "dates")
_SECTIONS = ("comments", "related")  # what may follow an article at length
CHROME_LABELS = 11  # the lexicons' first labels are reasons, the others roles of an article's edge

# Scale: what the logarithms of numbers are divided by, so that most columns lie between 0 and 1.
LOG_BLOCKS, LOG_PAGE_BLOCKS = 5, 6
LOG_WORDS, LOG_PAGE_WORDS, LOG_PARAGRAPH = 6, 8, 5
LOG_DATES = 3
COPIES = 3  # scale: so many copies of a block make 1
NEAR = 4  # scale: so many blocks below a mark its column is .5
FAR = 1000  # blocks: a mark that is nowhere counts as one so far above the page
PART_OF_TITLE, HOLDS_TITLE = 0.5, 0.7  # scale: what a block counts that is not all of the title


def place_columns(twins: PageRepeats, blocks: BlockColumns, text: Matrix, lexical: Matrix) -> Columns:
    """Where a block stands to the page's text, headline, headings and sections, and whether it is said again;
    `text` and `lexical` are the columns of `TEXT_NAMES` and of the lexicons' findings."""
    page, mass = twins.page, blocks.mass
    at = np.arange(len(mass))
    title = np.array(_title_column(page, blocks))
    titled = _headline(title == 1, blocks.headings)
    left, right = _run_columns(twins, len(mass))
    return {
        **_height_columns(blocks, text),
        "since-text": _since(mass > 0),
        "until-text": _since((mass > 0)[::-1])[::-1],
        "since-heading": _since(blocks.headings > 0),
        "since-opens": _since(lexical[-1] > 0),
        "since-lexicon": _since(lexical[:CHROME_LABELS].max(axis=0) == 1),
        "title": title,
        "below-title": at > titled,
        "since-title": _since(at == titled),
        "copies": np.array(_copies(twins)),
        "said-again": left,
        "says-again": right,
    }


def _height_columns(blocks: BlockColumns, text: Matrix) -> Columns:
    """Where a block stands in its page, and how much text stands above and below it."""
    mass = blocks.mass
    count, total = len(mass), max(1.0, float(mass.sum()))
    at, through = np.arange(count), np.cumsum(mass)
    return {
        "place": at / count,
        "place-from-start": np.log1p(at) / LOG_BLOCKS,
        "place-to-end": np.log1p(count - at) / LOG_BLOCKS,
        "page-blocks": float(np.log1p(count) / LOG_PAGE_BLOCKS),
        "page-mass": float(np.log1p(total) / LOG_PAGE_WORDS),
        "page-links": float(blocks.links.mean()),
        "page-cjk": float(text[TEXT_NAMES.index("cjk")].mean()),
        "page-paragraph": float(np.log1p(total / max(1, int((mass > 0).sum()))) / LOG_PARAGRAPH),
        "before": (through - mass) / total,
        "after": (total - through) / total,
        "before-units": np.log1p(through - mass) / LOG_WORDS,
        "after-units": np.log1p(np.maximum(0, total - through)) / LOG_WORDS,
    }


def _headline(title: npt.NDArray[np.bool_], headings: Array) -> int:
    """Where the headline stands: a heading that is the title, else the title, else an h1; -1 if nowhere."""
    for marks in (title & (headings > 0), title, headings == 1):
        if marks.any():
            return int(marks.argmax())
    return -1


def _since(marks: npt.NDArray[np.bool_]) -> Array:
    """How near the last marked block before or at each one is: 1 at it, falling to 0."""
    rows = np.arange(len(marks))
    last: Array = np.maximum.accumulate(np.where(marks, rows, -FAR))
    return NEAR / (NEAR + rows - last)


def _title_column(page: Page, blocks: BlockColumns) -> list[float]:
    """1 where a block is the page's title, less where it holds it or is part of it."""
    known = (page.meta.get(key) for key in ("og_title", "ld_headline", "title"))
    titles = [fold(title[:TITLE_CHARS]) for title in known if title]
    if not titles:
        return [0.0] * len(blocks.texts)
    joined = "\n".join(titles)
    longest = MEASURES.title_factor * max(map(len, titles)) + MEASURES.title_spare_chars
    least = MEASURES.title_least_chars
    short = [text if least <= len(text) <= longest and "\n" not in text else "" for text in blocks.texts]
    folded = fold("\n".join(short)).split("\n")
    long = [title for title in titles if len(title) >= MEASURES.held_title_chars]
    return [_titleness(text, titles, joined, long) if text else 0.0 for text in folded]


def _titleness(text: str, titles: list[str], joined: str, known: list[str]) -> float:
    if text in joined:
        return 1.0 if text in titles or joined.startswith(text) else PART_OF_TITLE
    for title in known:
        if title in text:
            return HOLDS_TITLE
    return 0.0


def _copies(twins: PageRepeats) -> list[float]:
    """Whether the same words make other blocks too: 0 to 1, by how many."""
    counts = Counter(twins.words)
    return [min(1.0, (counts[words] - 1) / COPIES) if words else 0.0 for words in twins.words]


def _run_columns(twins: PageRepeats, count: int) -> tuple[Matrix, Matrix]:
    """Which blocks say what a later one (left) or an earlier one (right) says too."""
    left, right = np.zeros(count, np.float32), np.zeros(count, np.float32)
    for run in twins.runs:
        left[list(run.left_covered)] = 1
        right[list(run.right_covered)] = 1
    return left, right


def opened_columns(phrases: Sequence[tuple[PhraseMatch, ...]], count: int) -> Columns:
    """Whether a section of comments, or of related articles, has been opened above; and how many dates stand
    above, and in the page: a list of posts or comments has one each."""
    opened = np.zeros((len(_SECTIONS), count), bool)
    for column, found in enumerate(phrases):
        for hit in found:
            if hit.kind == "opens" and hit.label in _SECTIONS:
                opened[_SECTIONS.index(hit.label), column] = True
    dated = np.array([any(hit.label == "dateline" for hit in found) for found in phrases], bool)
    stamps = np.log1p(np.cumsum(dated)) / LOG_DATES
    comments, related = np.logical_or.accumulate(opened, axis=1)
    return {
        "comments-opened": comments,
        "related-opened": related,
        "dates-above": stamps,
        "dates": float(stamps[-1]),
    }
