"""The passages that are known so far, and what they explain."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from dedupe.repeats.coverage import Alignment, stand_together
from dedupe.repeats.rules import anchored, enclosed, is_passage, is_repeat
from dedupe.repeats.thresholds import MATCHING, RULES

if TYPE_CHECKING:
    from dedupe.repeats.records import ExactMatch
    from dedupe.repeats.tokens import TokenStream

WORK = 100_000  # sentences looked at in all passages of a page, the longest first: no real page has a tenth
EACH = 20  # sentences that a passage costs beside those that it holds


class AcceptedRepeats:
    """The accepted runs, what they pair already, and which sentences are the same to them."""

    def __init__(self, stream: TokenStream) -> None:
        self.covers: list[Alignment] = []
        self._stream = stream
        self._tokens = np.zeros(len(stream.ids), bool)
        self._same: dict[int, int] = {}
        self._work = WORK
        self.bounded = False  # something that may be a copy was not looked at

    def add_run(self, matches: list[ExactMatch]) -> None:
        """Accept matches in a row if they are a run."""
        matches = anchored(self._stream, matches)
        if matches and self._work <= 0:
            self.bounded = True
        elif matches and is_passage(self._stream, matches):
            cover = Alignment.around(self._stream, matches)
            self._work -= EACH + len(cover.left.units) + len(cover.right.units)
            if is_repeat(self._stream, cover):
                for part in self._parts(cover):
                    self.add(part)

    def _parts(self, cover: Alignment) -> list[Alignment]:
        """The run, or where not all parts of it are runs by themselves, those that are.

        A further copy stands on one side of all its matches, and on the other what earlier runs pair. Where
        matches lead both ways, or others are paired with each other already, passages that are merely alike
        would be carried along by those.
        """
        parts: defaultdict[str, list[ExactMatch]] = defaultdict(list)
        kinds = [self._kind(match) for match in cover.matches] if self._same else []
        for at, (kind, match) in enumerate(zip(kinds, cover.matches, strict=False)):
            around = [each for each in (at - 1, at + 1) if 0 <= each < len(kinds) and kinds[each] == "known"]
            if any(stand_together(self._stream, match, cover.matches[each]) for each in around):
                kind = "known"
            parts[kind].append(match)
        if len(parts.keys() - {"new"}) < 2:
            return [cover]
        parts["known"] = sorted(parts["known"] + parts.pop("new", []))
        covers = [Alignment.of(self._stream, part) for part in parts.values() if part]
        runs = [part for part in covers if is_repeat(self._stream, part)]
        return runs if len(runs) < len(covers) else [cover]

    def _kind(self, match: ExactMatch) -> str:
        """Whether runs pair the two sides of a match with each other, or one of them with anything."""
        if self.pairs(match):
            return "known"
        left, right = (self._is_paired(low, match.size) for low in (match.left, match.right))
        return "new" if left == right else "left" if left else "right"

    def _is_paired(self, low: int, size: int) -> bool:
        return bool(self._tokens[low : low + size].mean() > MATCHING.covered_share)

    def add(self, cover: Alignment) -> None:
        """Accept a run, and note its pairs."""
        self.covers.append(enclosed(self._stream, cover))
        for match in cover.matches:
            self._tokens[match.left : match.left + match.size] = True
            self._tokens[match.right : match.right + match.size] = True
            for one, low, high in self._stream.overlapping(match.left, match.left + match.size):
                two = self._stream.sentence_at(match.right + (low + high) // 2 - match.left)
                self._same[self._root(one)] = self._root(two)

    def is_untouched(self, block: int) -> bool:
        """Whether no run pairs anything of a block."""
        return (
            not self._same
            or not self._tokens[self._stream.block_starts[block] : self._stream.block_ends[block]].any()
        )

    def explains(self, match: ExactMatch) -> bool:
        """Whether longer runs pair both sides of a match already, with other passages: a refrain inside
        a passage that is copied. What is long itself is a copy inside the copy."""
        if (
            not self._same
            or match.period
            or self._stream.units(match.left, match.left + match.size) >= RULES.passage_words
        ):
            return False
        if not (self._is_paired(match.left, match.size) and self._is_paired(match.right, match.size)):
            return False
        middle = match.size // 2
        one = self._stream.sentence_at(match.left + middle)
        return self._root(one) != self._root(self._stream.sentence_at(match.right + middle))

    def pairs(self, match: ExactMatch) -> bool:
        """Whether a run, or several, pair both sides of a match with each other."""
        one = self._stream.sentence_at(match.left + match.size // 2)
        two = self._stream.sentence_at(match.right + match.size // 2)
        return self._root(one) == self._root(two)

    def _root(self, sentence: int) -> int:
        while (parent := self._same.get(sentence, sentence)) != sentence:
            self._same[sentence] = self._same.get(parent, parent)
            sentence = parent
        return sentence
