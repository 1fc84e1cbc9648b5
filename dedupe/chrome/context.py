"""A page that is judged, with all that is known of its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.chrome.markup import Markup
from dedupe.chrome.thresholds import EDGES, RULES
from dedupe.limits import TITLE_CHARS
from dedupe.repeats.align import kgram_keys
from dedupe.text.normalize import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dedupe.chrome.lexicon import PhraseMatch
    from dedupe.page import Page
    from dedupe.repeats.records import PageRepeats


@dataclass(frozen=True, slots=True)
class Body:
    """The article's body; `author_note` tells of the author and is no more part of it."""

    blocks: frozenset[int]
    last: int  # of the blocks, -1 if there are none
    author_note: int  # -1 if there is none
    notice: int  # the article's rights notice, or the number of the page's blocks if there is none


@dataclass(frozen=True, eq=False)
class PageContext:
    """A page with all that is known of its blocks, indexed by block."""

    twins: PageRepeats
    phrases: Sequence[tuple[PhraseMatch, ...]]
    scores: Sequence[float]
    copied: Mapping[int, Collection[int]]

    @cached_property
    def page(self) -> Page:
        return self.twins.page

    @cached_property
    def units(self) -> Sequence[float]:
        return self.twins.units

    @cached_property
    def words(self) -> Sequence[tuple[int, ...]]:
        return self.twins.words

    @cached_property
    def markup(self) -> Markup:
        return Markup(self.page)

    @cached_property
    def titles(self) -> frozenset[str]:
        known = (self.page.meta.get(key) for key in ("og_title", "ld_headline", "title"))
        return frozenset(fold(title[:TITLE_CHARS]) for title in known if title)

    def __len__(self) -> int:
        return len(self.units)

    def text(self, at: int) -> str:
        return self.page.blocks[at].text

    def linked(self, at: int) -> float:
        block = self.page.blocks[at]
        return block.link_chars / max(1, len(block.text))

    def hit(self, at: int, labels: Iterable[str], sure: bool = False) -> PhraseMatch | None:
        wanted = frozenset(labels)
        return next((hit for hit in self.phrases[at] if hit.label in wanted and (hit.sure or not sure)), None)

    def chrome_hit(self, at: int) -> PhraseMatch | None:
        """The strongest hit of a reason, unless an edge role stands before it."""
        phrases = self.phrases[at]
        return None if not phrases or phrases[0].label in EDGES else phrases[0]

    def name(self, at: int) -> str:
        """Class and id words of the block's element and the one above."""
        if not self.page.where or self.page.where[at] < 0:
            return ""
        node = self.page.nodes[self.page.where[at]]
        above = self.page.nodes[node.parent].name if node.parent >= 0 else ""
        return f"{node.name} {above} {self.page.traits[at].name}".lower()

    def passages(self, blocks: Iterable[int]) -> Passages:
        """All passages of these blocks."""
        return Passages([self.words[at] for at in sorted(blocks)])

    def is_heading(self, at: int) -> bool:
        return self.page.blocks[at].role == "heading"

    def is_hidden(self, at: int) -> bool:
        return is_hidden(self.page, at)

    def is_sure_chrome(self, at: int) -> bool:
        """Whether a phrase says that a block is chrome, and the model does not know better."""
        hit = self.chrome_hit(at)
        if hit is None or not hit.sure or hit.kind == "inside":
            return False
        return self.units[at] <= RULES.sure_words or self.scores[at] < RULES.sure_score

    def is_title(self, at: int) -> bool:
        text = fold(self.text(at))
        return any(
            text == title or (len(text) >= RULES.title_chars and title.startswith(text))
            for title in self.titles
        )


def is_hidden(page: Page, at: int) -> bool:
    """Whether markup hides a block."""
    return bool(page.where) and page.where[at] >= 0 and page.nodes[page.where[at]].hidden


class Passages:
    """All passages of some texts, for asking many times whether one is there.

    A text is a row of numbers above 0, one a word. `words in passages` says whether a text has these words in
    a row: the passages of that length are sorted once, so that no question goes through all the text.
    """

    def __init__(self, texts: Iterable[tuple[int, ...]]) -> None:
        self._ids = np.array([0, *chain.from_iterable((*words, 0) for words in texts)])
        self._keys: dict[int, npt.NDArray[np.uint64]] = {}  # sorted, by length

    def __contains__(self, words: tuple[int, ...]) -> bool:
        size = len(words)
        if size not in self._keys:
            self._keys[size] = np.sort(kgram_keys(self._ids, size))
        keys = self._keys[size]
        key = kgram_keys(np.array(words), size)[0]
        at = int(np.searchsorted(keys, key))
        return at < len(keys) and bool(keys[at] == key)
