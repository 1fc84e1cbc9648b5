"""A page as one stream of tokens, whatever its block borders are: what repeats are looked for in."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dedupe.repeats.thresholds import MATCHING
from dedupe.text.normalize import CJK_UNITS, LINE_END, is_cjk, line_tokens, sentence_ends, units

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dedupe.page import Page

PART = 1 << 20  # characters that are cut into tokens together

_LETTERS = MATCHING.teaser_word_chars
_CUT = re.compile(
    rf"(?:…|\.\.\.)[\])»]*[^\s…]{{0,{_LETTERS}}}(?:\s+[^\s…]{{1,{_LETTERS}}}){{0,{MATCHING.teaser_end_words}}}\s*$"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of sentences, one sentence behind the other.

    `ids` holds a number for each token, equal for equal tokens, `listed` the same as a plain list; `ends[i]`
    is where sentence i ends in it. `numbers` is what each token's number is. `total[i]` are the units before
    token i, None where each token is one. `seed` is how many tokens in a row a match needs.
    """

    ids: npt.NDArray[np.int32]
    listed: list[int]
    ends: list[int]
    numbers: Mapping[str, int]
    total: Sequence[float] | None
    seed: int

    @classmethod
    def of(cls, lines: list[str]) -> Tokens:
        """The tokens of sentences, each of them one line."""
        text = "\n".join(lines)
        numbers: defaultdict[str, int] = defaultdict(count(1).__next__)
        numbers[LINE_END] = 0
        marked: list[int] = []
        for part in _parts(text):
            marked += map(numbers.__getitem__, line_tokens(part))
        ids = np.fromiter(marked, np.int32, len(marked))
        ends = np.flatnonzero(ids == 0)
        ends = np.append(ends, len(ids)) - np.arange(len(ends) + 1)
        ids = ids[ids > 0]
        each = None if text.isascii() else _weights(numbers, ids)
        return cls(ids, list(filter(None, marked)), ends.tolist(), numbers, _total(each), _seed_tokens(each))

    def take(self, sentences: Sequence[int]) -> Tokens:
        """The tokens of some sentences, in this order."""
        starts = [0, *self.ends[:-1]]
        ranges = [np.arange(starts[at], self.ends[at]) for at in sentences]
        places = np.concatenate(ranges) if ranges else np.zeros(0, np.int64)
        ids = self.ids[places]
        ends = np.cumsum([len(each) for each in ranges]).tolist()
        each = None if self.total is None else np.diff(np.asarray(self.total))[places]
        return Tokens(ids, ids.tolist(), ends, self.numbers, _total(each), self.seed)


def _weights(numbers: Mapping[str, int], ids: npt.NDArray[np.int32]) -> npt.NDArray[np.float64] | None:
    """The units of each token, as a CJK character counts less than a word; None where there is none."""
    wide = [number for token, number in numbers.items() if len(token) == 1 and is_cjk(token)]
    if not wide:
        return None
    weights = np.ones(len(numbers) + 1)
    weights[wide] = CJK_UNITS
    each: npt.NDArray[np.float64] = weights[ids]
    return each


def _total(each: npt.NDArray[np.float64] | None) -> Sequence[float] | None:
    return None if each is None else array("d", np.append(0.0, np.cumsum(each)).tobytes())


def _seed_tokens(each: npt.NDArray[np.float64] | None) -> int:
    is_mostly_words = each is None or not len(each) or (each < 1).mean() <= MATCHING.cjk_share
    return MATCHING.seed_tokens if is_mostly_words else MATCHING.cjk_seed_tokens


class TokenStream:
    """The page's tokens as numbers, and its sentences and blocks as ranges of tokens.

    `sentences[i]` are the sentences of block i, `spans[s]` is the block of sentence s with its first and last
    character. `origin[s]` is the number of sentence s in the stream that this one was taken from.
    """

    def __init__(
        self,
        page: Page,
        spans: list[tuple[int, int, int]],
        sentences: list[range],
        tokens: Tokens,
        origin: Sequence[int],
    ) -> None:
        self.page = page
        self.blocks = page.blocks
        self.spans = spans
        self.sentences = sentences
        self.origin = origin
        self.ids = tokens.ids
        self.seed_tokens = tokens.seed
        self.sentence_ends = tokens.ends
        self.sentence_starts = [0, *tokens.ends[:-1]]
        self._tokens = tokens
        self.block_starts = [self.sentence_starts[part.start] for part in sentences]
        self.block_ends = [self.sentence_ends[part.stop - 1] for part in sentences]
        self.block_words = [
            tuple(tokens.listed[low:high])
            for low, high in zip(self.block_starts, self.block_ends, strict=True)
        ]
        self._own: dict[int, float] = {}

    @classmethod
    def of(cls, page: Page) -> TokenStream:
        """The whole of a page."""
        spans: list[tuple[int, int, int]] = []
        sentences: list[range] = []
        lines: list[str] = []
        for number, block in enumerate(page.blocks):
            text = block.text
            first, start = len(lines), 0
            line = text.replace("\n", " ") if "\n" in text else text
            for end in sentence_ends(text):
                spans.append((number, start, end))
                lines.append(line[start:end])
                start = end
            sentences.append(range(first, len(lines)))
        return cls(page, spans, sentences, Tokens.of(lines), range(len(spans)))

    def part(self, page: Page, groups: Sequence[Sequence[int]]) -> TokenStream:
        """The stream of a page whose blocks are made of this page's sentences: `groups[i]` are those of its
        block i."""
        chosen = [sentence for group in groups for sentence in group]
        ends = np.cumsum([len(group) for group in groups]).tolist()
        sentences = [range(end - len(group), end) for end, group in zip(ends, groups, strict=True)]
        spans = [(block, *self.spans[s][1:]) for block, group in enumerate(groups) for s in group]
        return TokenStream(page, spans, sentences, self._tokens.take(chosen), chosen)

    @cached_property
    def numeric(self) -> set[int]:
        """The tokens that begin with a digit."""
        return {number for token, number in self._tokens.numbers.items() if token[0].isdigit()}

    def units(self, low: int, high: int) -> float:
        total = self._tokens.total
        return total[high] - total[low] if total else float(high - low)

    def words(self, low: int, high: int) -> tuple[int, ...]:
        return tuple(self._tokens.listed[low:high])

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
        return self.times(block) >= MATCHING.refrain_places

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
    end = text[-MATCHING.teaser_end_chars :]
    if "…" not in end and "..." not in end:
        return None
    return _CUT.search(text, max(0, len(text) - MATCHING.teaser_end_chars))


def _parts(text: str) -> Iterator[str]:
    """A text cut at line ends, so that the tokens of a very long one are never held all at once."""
    start = 0
    while start < len(text):
        end = start + PART
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or end
        yield text[start:end]
        start = end
