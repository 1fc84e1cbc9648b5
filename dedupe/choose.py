"""Which copy of a repeated passage stays, and in which order the kept blocks are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .repeats import Run, Twins, is_cut

TIE = 3.0  # units by which a copy must be fuller than the other
HIDDEN_FULLER = 1.2  # a copy that is not shown must be that much fuller to be preferred
BETTER = 0.25  # by that much must the mean article score of one copy be above the other's
OWN_BLOCK = 6.0  # units from which a block that only one copy has counts for its fullness


@dataclass(frozen=True, slots=True)
class Choice:
    """`repeats[i]` are the blocks that block i repeats (none of them is a repeat itself).

    `order` lists all blocks in reading order: what only a removed copy has stands where the kept
    copy has its neighbours.
    """

    repeats: dict[int, tuple[int, ...]]
    order: tuple[int, ...]


def choose(twins: Twins, scores: Sequence[float]) -> Choice:
    """Choose between copies; `scores[i]` says how likely block i is the article's own, as `chrome.prior`."""
    if not twins.runs:
        return Choice({}, tuple(range(len(twins.units))))
    says: dict[int, tuple[int, ...]] = {}
    places: dict[int, tuple[float, int]] = {}
    for run in sorted(twins.runs, key=lambda run: -run.size):
        keep_left = _left_stays(twins, run, scores)
        gone = run.right_covered if keep_left else run.left_covered
        partners = _partners(run, keep_left)
        removed = [piece for piece in sorted(gone) if _remove(piece, partners, says)]
        if removed:
            _place_rest(twins, run, removed, partners, keep_left, places)
    repeats = {piece: _roots(piece, says) for piece in list(says)}
    order = sorted(range(len(twins.units)), key=lambda piece: (*places.get(piece, (float(piece), -1)), piece))
    return Choice(repeats, tuple(order))


def single(twins: Twins, choice: Choice) -> tuple[Twins, tuple[int, ...]]:
    """The page as it is when every passage stands once, in reading order, and the old number of each block.

    What is chrome is judged on that page: next to a second copy an article has no end.
    """
    kept = tuple(piece for piece in choice.order if piece not in choice.repeats)
    if len(kept) == len(twins.units) and kept == tuple(range(len(kept))):
        return twins, kept
    page = twins.page
    blocks = tuple([page.blocks[piece].numbered(number) for number, piece in enumerate(kept)])
    where = tuple(page.where[piece] for piece in kept) if page.where else ()
    traits = tuple(page.traits[piece] for piece in kept) if page.where else ()
    once = replace(page, blocks=blocks, where=where, traits=traits)
    words = tuple(twins.words[piece] for piece in kept)
    units = tuple(twins.units[piece] for piece in kept)
    return Twins(once, tuple(range(len(kept))), (), words, units), kept


def _partners(run: Run, keep_left: bool) -> dict[int, list[int]]:
    """For each block of the side that goes, the blocks of the other side that say the same."""
    partners: dict[int, list[int]] = {}
    for left, right in run.pairs:
        gone, stays = (right, left) if keep_left else (left, right)
        partners.setdefault(gone, []).append(stays)
    return partners


def _remove(piece: int, partners: dict[int, list[int]], says: dict[int, tuple[int, ...]]) -> bool:
    """Note a block as a repeat, unless its originals would be repeats of itself."""
    originals = tuple(partners.get(piece, ()))
    if piece in says or not originals:
        return False
    roots = dict.fromkeys(root for original in originals for root in _roots(original, says))
    if piece in roots:
        return False
    says[piece] = tuple(roots)
    return True


def _roots(piece: int, says: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    """The blocks that a block repeats in the end: those that are no repeats themselves."""
    if piece not in says:
        return (piece,)
    found: dict[int, None] = {}
    stack = list(reversed(says[piece]))
    seen = set(stack)
    while stack:
        at = stack.pop()
        if at not in says:
            found[at] = None
            continue
        fresh = [original for original in says[at] if original not in seen]
        seen.update(fresh)
        stack.extend(reversed(fresh))
    says[piece] = tuple(found)  # so that long series of copies stay cheap
    return says[piece]


def _left_stays(twins: Twins, run: Run, scores: Sequence[float]) -> bool:
    lefts = sorted({left for left, _ in run.pairs})
    rights = sorted({right for _, right in run.pairs})
    left, right = (_fullness(twins, side, scores) for side in (lefts, rights))
    hidden_left, hidden_right = (_is_hidden(twins, side) for side in (lefts, rights))
    if hidden_left != hidden_right:
        shown, other = (right, left) if hidden_left else (left, right)
        shown_stays = shown * HIDDEN_FULLER + TIE >= other
        return shown_stays != hidden_left
    cut_left, cut_right = (is_cut(twins.page.blocks[side[-1]].text) for side in (lefts, rights))
    if cut_left != cut_right:
        return cut_right
    if abs(left - right) > TIE:
        return left > right
    mean_left, mean_right = (sum(scores[p] for p in side) / len(side) for side in (lefts, rights))
    return mean_left + BETTER >= mean_right


def _fullness(twins: Twins, side: Sequence[int], scores: Sequence[float]) -> float:
    """Units of a copy, with what stands inside it and only there."""
    sources = {twins.source[piece] for piece in side}
    low, high = side[0], side[-1]
    while low > 0 and twins.source[low - 1] == twins.source[side[0]]:
        low -= 1
    while high + 1 < len(twins.source) and twins.source[high + 1] == twins.source[side[-1]]:
        high += 1
    mine = {piece for piece in range(low, high + 1) if twins.source[piece] in sources}
    between = (
        piece
        for piece in range(side[0], side[-1])
        if piece not in mine and twins.units[piece] >= OWN_BLOCK and scores[piece] >= 0.5
    )
    return sum(twins.units[piece] for piece in mine) + sum(twins.units[piece] for piece in between)


def _is_hidden(twins: Twins, side: Sequence[int]) -> bool:
    page = twins.page
    if not page.where:
        return False
    hidden = [page.where[piece] >= 0 and page.nodes[page.where[piece]].hidden for piece in side]
    return 2 * sum(hidden) > len(hidden)


def _place_rest(
    twins: Twins,
    run: Run,
    removed: Sequence[int],
    partners: dict[int, list[int]],
    keep_left: bool,
    places: dict[int, tuple[float, int]],
) -> None:
    """Give what only the removed copy has its place behind the kept twin of its neighbour."""
    gone = set(removed)
    after: int | None = None
    for piece in range(removed[0], removed[-1]):
        if piece in gone:
            after = max(partners[piece])
        elif after is not None and piece not in places:
            places[piece] = (float(after), piece)
