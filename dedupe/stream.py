"""A page as one stream of tokens, whatever its block borders are: what repeats are looked for in."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import count

import numpy as np

from .normalize import CJK_UNITS, LINE_END, is_cjk, line_tokens, sentence_ends, units
from .types import Page

SEED_TOKENS = 5
SEED_TOKENS_CJK = 8
REFRAIN = 4  # places in which a line must stand to be a refrain, or a label ("Q:")
PART = 1 << 20  # characters that are cut into tokens together

_CUT = re.compile(r"(?:…|\.\.\.)[\])»]*[^\s…]{0,20}(?:\s+[^\s…]{1,20}){0,4}\s*$")
_CUT_WITHIN = 100  # characters at the end of a block


class Stream:
    """The page's tokens as numbers, and its sentences and blocks as ranges of tokens."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.blocks = page.blocks
        self.spans: list[tuple[int, int, int]] = []  # block, first and last character of each sentence
        self.sentences: list[range] = []  # of each block
        self._number(self._lines())
        self.sentence_starts = [0, *self.sentence_ends[:-1]]
        self.block_starts = [self.sentence_starts[part.start] for part in self.sentences]
        self.block_ends = [self.sentence_ends[part.stop - 1] for part in self.sentences]
        self.block_words = [
            tuple(self._ids[low:high]) for low, high in zip(self.block_starts, self.block_ends, strict=True)
        ]
        self._own: dict[int, float] = {}

    def _lines(self) -> list[str]:
        """The sentences, each as one line."""
        lines: list[str] = []
        for number, block in enumerate(self.blocks):
            text = block.text
            first, start = len(lines), 0
            line = text.replace("\n", " ") if "\n" in text else text
            for end in sentence_ends(text):
                self.spans.append((number, start, end))
                lines.append(line[start:end])
                start = end
            self.sentences.append(range(first, len(lines)))
        return lines

    def _number(self, lines: list[str]) -> None:
        """Numbers for the tokens, equal for equal tokens."""
        text = "\n".join(lines)
        numbers: defaultdict[str, int] = defaultdict(count(1).__next__)
        numbers[LINE_END] = 0
        marked: list[int] = []
        for part in _parts(text):
            marked += map(numbers.__getitem__, line_tokens(part))
        ids = np.fromiter(marked, np.int32, len(marked))
        ends = np.flatnonzero(ids == 0)
        self.sentence_ends: list[int] = (np.append(ends, len(ids)) - np.arange(len(ends) + 1)).tolist()
        self.ids = ids[ids > 0]
        self._ids = list(filter(None, marked))
        self._numbers = numbers
        self.seed_tokens = SEED_TOKENS
        self._total: Sequence[float] | None = None
        if not text.isascii():
            self._weigh()

    def _weigh(self) -> None:
        """Let CJK characters count less than words."""
        wide = [number for token, number in self._numbers.items() if len(token) == 1 and is_cjk(token)]
        if not wide:
            return
        weights = np.ones(len(self._numbers) + 1)
        weights[wide] = CJK_UNITS
        each = weights[self.ids]
        if len(each) and (each < 1).mean() > 0.3:
            self.seed_tokens = SEED_TOKENS_CJK
        self._total = array("d", np.append(0.0, np.cumsum(each)).tobytes())

    @cached_property
    def numeric(self) -> set[int]:
        """The tokens that begin with a digit."""
        return {number for token, number in self._numbers.items() if token[0].isdigit()}

    def units(self, low: int, high: int) -> float:
        total = self._total
        return total[high] - total[low] if total else float(high - low)

    def words(self, low: int, high: int) -> tuple[int, ...]:
        return tuple(self._ids[low:high])

    def sentence_units(self, sentence: int) -> float:
        return self.units(self.sentence_starts[sentence], self.sentence_ends[sentence])

    def block_units(self, block: int) -> float:
        return self.units(self.block_starts[block], self.block_ends[block])

    def own_units(self, block: int) -> float:
        """Units of a block without what a cut teaser ends with ("wor… Read more")."""
        if block not in self._own:
            self._own[block] = self._without_end(block)
        return self._own[block]

    def _without_end(self, block: int) -> float:
        text = self.blocks[block].text
        cut = _cut(text)
        if cut is None:
            return self.block_units(block)
        kept = text[: cut.start()]
        return units(kept) - (CJK_UNITS if is_cjk(kept[-1:]) else 1) if kept.strip() else 0.0

    def is_refrain(self, block: int) -> bool:
        """Whether a block stands in the page again and again."""
        return self.times(block) >= REFRAIN

    def times(self, block: int) -> int:
        """How many blocks say the same words."""
        return self._times[self.block_words[block]]

    @cached_property
    def _times(self) -> Counter[tuple[int, ...]]:
        return Counter(self.block_words)

    def overlapping(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """The sentences that hold tokens of [low, high), with the range that each holds."""
        at = bisect_right(self.sentence_starts, low) - 1
        while low < high:
            end = min(high, self.sentence_ends[at])
            if end > low:
                yield at, low, end
                low = end
            at += 1

    def block_at(self, token: int) -> int:
        """The block that holds a token."""
        return self.spans[self.sentence_at(token)][0]

    def sentence_at(self, token: int) -> int:
        """The sentence that holds a token."""
        return bisect_right(self.sentence_starts, token) - 1

    def blocks_inside(self, low: int, high: int) -> range:
        """The blocks that stand entirely in the tokens [low, high)."""
        return range(bisect_left(self.block_starts, low), bisect_right(self.block_ends, high))


def is_cut(text: str) -> bool:
    """Whether a block ends as a teaser does: in an ellipsis, with a few words behind it at most."""
    return _cut(text) is not None


def _cut(text: str) -> re.Match[str] | None:
    end = text[-_CUT_WITHIN:]
    if "…" not in end and "..." not in end:
        return None
    return _CUT.search(text, max(0, len(text) - _CUT_WITHIN))


def _parts(text: str) -> Iterator[str]:
    """A text cut at line ends, so that the tokens of a very long one are never held all at once."""
    start = 0
    while start < len(text):
        end = start + PART
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or end
        yield text[start:end]
        start = end
