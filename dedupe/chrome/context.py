"""A page that is judged, with all that is known of its blocks."""

from __future__ import annotations

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


class PageContext:
    """A page with all that is known of its blocks, indexed by block."""

    def __init__(
        self,
        twins: PageRepeats,
        phrases: Sequence[tuple[PhraseMatch, ...]],
        scores: Sequence[float],
        copied: Mapping[int, Collection[int]],
    ) -> None:
        self.page: Page = twins.page
        self.copied = copied
        self.units = twins.units
        self.words = twins.words
        self.phrases = phrases
        self.scores = scores
        self.markup = Markup(twins.page)
        self.last = -1  # of the body's blocks
        self.author = -1  # the block that tells of the author
        self.notice = len(twins.units)  # the article's rights notice
        self._said: Passages | None = None
        self._signs_above: list[int] = []
        self.titles = {
            fold(twins.page.meta[key][:TITLE_CHARS])
            for key in ("og_title", "ld_headline", "title")
            if twins.page.meta.get(key)
        }

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

    def says(self, words: tuple[int, ...], body: frozenset[int]) -> bool:
        """Whether one of these blocks has these words in that order."""
        if self._said is None:
            self._said = Passages([self.words[at] for at in sorted(body)])
        return words in self._said

    def signs_above(self, body: frozenset[int]) -> list[int]:
        """For each block the nearest one above that is the body's or that a lexicon knows, else -1."""
        if not self._signs_above:
            last = -1
            for at, phrases in enumerate(self.phrases):
                self._signs_above.append(last)
                if phrases or at in body:
                    last = at
        return self._signs_above

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
