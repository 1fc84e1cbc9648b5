"""The headline in its place, where the page says it more than once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.repeats.choose import Choice

if TYPE_CHECKING:
    from dedupe.chrome.body import Classification
    from dedupe.cleaning.passes import Once


def headed(once: Once, classification: Classification) -> Once:
    """The page with that copy of its headline kept that stands above the article, if another was chosen."""
    at = classification.headline
    kept = [block for block, verdict in enumerate(classification.verdicts) if verdict.reason is None]
    if at is None or at not in kept or at == kept[0] or len(once.pieces[at]) > 1:
        return once
    root, first = once.pieces[at][0], once.pieces[kept[0]][0]
    above = [
        piece for piece in _equal(once, root) if first in once.choice.repeats.get(piece + 1, (piece + 1,))
    ]
    if not above:
        return once
    piece = min(above, key=lambda piece: abs(first - piece))
    pieces = (*once.pieces[:at], (piece,), *once.pieces[at + 1 :])
    return replace(once, choice=_exchanged(once.choice, root, piece, first), pieces=pieces)


def _equal(once: Once, root: int) -> list[int]:
    """A piece and all that repeat it word for word."""
    words = once.every.words
    repeats = once.choice.repeats.items()
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
