"""The headline in its place, where the page says it more than once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.repeats.choose import Choice

if TYPE_CHECKING:
    from dedupe.chrome.body import Classification
    from dedupe.cleaning.passes import DeduplicatedPage


def with_one_headline(reduced: DeduplicatedPage, classification: Classification) -> DeduplicatedPage:
    """The page with that copy of its headline kept that stands above the article, if another was chosen."""
    at = classification.headline
    kept = [block for block, verdict in enumerate(classification.verdicts) if verdict.reason is None]
    if at is None or at not in kept or at == kept[0] or len(reduced.pieces[at]) > 1:
        return reduced
    root, first = reduced.pieces[at][0], reduced.pieces[kept[0]][0]
    above = [
        piece
        for piece in _equal(reduced, root)
        if first in reduced.choice.repeats.get(piece + 1, (piece + 1,))
    ]
    if not above:
        return reduced
    piece = min(above, key=lambda piece: abs(first - piece))
    pieces = (*reduced.pieces[:at], (piece,), *reduced.pieces[at + 1 :])
    return replace(reduced, choice=_exchanged(reduced.choice, root, piece, first), pieces=pieces)


def _equal(reduced: DeduplicatedPage, root: int) -> list[int]:
    """A piece and all that repeat it word for word."""
    words = reduced.split_page.words
    repeats = reduced.choice.repeats.items()
    return [root, *(piece for piece, said in repeats if said == (root,) and words[piece] == words[root])]


def _exchanged(choice: Choice, root: int, piece: int, below: int) -> Choice:
    """The choice with `piece` kept in place of `root`, which it repeats, and read just above another one."""
    order = [each for each in choice.order if each != piece]
    order.insert(order.index(below), piece)
    if piece == root:
        return replace(choice, order=tuple(order))
    repeats = {
        each: tuple(piece if original == root else original for original in said)
        for each, said in choice.repeats.items()
        if each != piece
    }
    return Choice({**repeats, root: (piece,)}, tuple(order))
