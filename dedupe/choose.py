"""Which copy of a repeated passage stays, and in which order the kept blocks are read."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise

from .repeats import Run, Twins
from .stream import is_cut
from .types import Block, Page

TIE = 3.0  # units by which a copy must be fuller than the other
HIDDEN_FULLER = 1.2  # a copy that is not shown must be that much fuller to be preferred
BETTER = 0.25  # by that much must the mean article score of one copy be above the other's
HEADED = 8  # blocks above a copy among which its headline stands
GAP = 6  # blocks between two of a copy, or as many as it has above and below them, that are a part of it
OWN_BLOCK = 6.0  # units from which a block that only one copy has counts for its fullness


@dataclass(frozen=True, slots=True)
class Choice:
    """`repeats[i]` are the blocks that block i repeats (none of them is a repeat itself).

    `order` lists all blocks in reading order: what only a removed copy has stands where the kept
    copy has its neighbours.
    """

    repeats: dict[int, tuple[int, ...]]
    order: tuple[int, ...]


def choose(twins: Twins, scores: Sequence[float], other: bool = False) -> Choice:
    """Choose between copies; `scores[i]` says how likely block i is the article's own, as `chrome.prior`.

    With `other` the other copy of each passage stays: the same page, seen from there.
    """
    if not twins.runs:
        return Choice({}, tuple(range(len(twins.units))))
    says: dict[int, tuple[int, ...]] = {}
    places: dict[int, tuple[float, int]] = {}
    lengths = _Lengths(twins, scores)
    for run in sorted(twins.runs, key=lambda run: -run.size):
        keep_left = _left_stays(twins, run, scores, lengths) != other
        gone = run.right_covered if keep_left else run.left_covered
        partners = _partners(run, keep_left)
        removed = [piece for piece in sorted(gone) if _remove(piece, partners, says)]
        if removed:
            _place_rest(removed, partners, places)
            _give_way(run, keep_left, says, places)
    repeats = {piece: _roots(piece, says) for piece in list(says)}
    order = sorted(range(len(twins.units)), key=lambda piece: (*places.get(piece, (float(piece), -1)), piece))
    return Choice(repeats, tuple(order))


def single(page: Page, twins: Twins, choice: Choice) -> tuple[Twins, tuple[tuple[int, ...], ...]]:
    """`page` as it is when every passage stands once, in reading order, and what each block is made of.

    What is chrome is judged on that page: next to a second copy an article has no end. Pieces of one block
    that stay side by side are that block again: half a paragraph does not read as the whole does.
    """
    if not twins.runs:
        return twins, tuple((piece,) for piece in range(len(twins.units)))
    groups = tuple(map(tuple, _side_by_side(twins, choice)))
    blocks = tuple([whole(page, twins, group).numbered(number) for number, group in enumerate(groups)])
    where = tuple(twins.page.where[group[0]] for group in groups) if page.where else ()
    traits = tuple(twins.page.traits[group[0]] for group in groups) if page.where else ()
    once = replace(twins.page, blocks=blocks, where=where, traits=traits)
    words = tuple(tuple(chain.from_iterable(twins.words[piece] for piece in group)) for group in groups)
    units = tuple(sum(twins.units[piece] for piece in group) for group in groups)
    return Twins(once, tuple(range(len(groups))), (), words, units), groups


def _side_by_side(twins: Twins, choice: Choice) -> Iterator[list[int]]:
    """The pieces that stay, those of one block together."""
    group: list[int] = []
    for piece in (piece for piece in choice.order if piece not in choice.repeats):
        if group and (piece != group[-1] + 1 or twins.source[piece] != twins.source[group[-1]]):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def whole(page: Page, twins: Twins, pieces: Sequence[int]) -> Block:
    """Neighbouring pieces of one block of `page` as one block, with what stood between them."""
    first = twins.page.blocks[pieces[0]]
    if len(pieces) == 1:
        return first
    text = page.blocks[twins.source[pieces[0]]].text[twins.places[pieces[0]][0] : twins.places[pieces[-1]][1]]
    chars = sum(twins.page.blocks[piece].link_chars for piece in pieces)
    return replace(first, text=text, link_chars=chars)


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
    settled: set[int] = set()
    stack = [piece]
    while stack:
        at = stack[-1]
        deeper = [original for original in says[at] if original in says and original not in settled]
        if deeper:
            stack += reversed(deeper)
            continue
        stack.pop()
        settled.add(at)  # and all on the way there, so that long series of copies stay cheap
        says[at] = tuple(dict.fromkeys(root for each in says[at] for root in says.get(each, (each,))))
    return says[piece]


def _left_stays(twins: Twins, run: Run, scores: Sequence[float], lengths: _Lengths) -> bool:
    lefts = sorted({left for left, _ in run.pairs})
    rights = sorted({right for _, right in run.pairs})
    left, right = lengths.fullness(lefts, rights), lengths.fullness(rights, lefts)
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
    headed_left, headed_right = (_is_headed(twins, side[0]) for side in (lefts, rights))
    if headed_left != headed_right:
        return headed_left
    mean_left, mean_right = (sum(scores[p] for p in side) / len(side) for side in (lefts, rights))
    return mean_left + BETTER >= mean_right


class _Lengths:
    """How full copies are, told from sums over the page that are made once."""

    def __init__(self, twins: Twins, scores: Sequence[float]) -> None:
        self._source = twins.source
        self._units: defaultdict[int, float] = defaultdict(float)  # of each block before it was split
        self._last: dict[int, int] = {}  # its last piece
        for piece, (source, units) in enumerate(zip(twins.source, twins.units, strict=True)):
            self._units[source] += units
            self._last[source] = piece
        self._first = {source: piece for piece, source in reversed(list(enumerate(twins.source)))}
        own = (
            units if units >= OWN_BLOCK and score >= 0.5 else 0.0
            for units, score in zip(twins.units, scores, strict=True)
        )
        self._own = list(accumulate(own, initial=0.0))

    def fullness(self, side: Sequence[int], other: Sequence[int]) -> float:
        """Units of a copy, with what stands inside it and only there; `other` is the other copy."""
        between = (
            self._between(start, end)
            for start, end in pairwise(side)
            if bisect_left(other, start) == bisect_left(other, end)  # no place of the other copy
        )
        return sum(self._units[source] for source in {self._source[piece] for piece in side}) + sum(between)

    def _between(self, start: int, end: int) -> float:
        """Units of the blocks of some length between those that hold two pieces."""
        low, high = self._last[self._source[start]] + 1, self._first[self._source[end]]
        return self._own[high] - self._own[low] if low < high else 0.0


def _is_headed(twins: Twins, first: int) -> bool:
    """Whether the page's main heading stands where a copy begins, or just above."""
    above = twins.page.blocks[max(0, first - HEADED) : first + 1]
    return any(block.role == "heading" and block.level == 1 for block in above)


def _is_hidden(twins: Twins, side: Sequence[int]) -> bool:
    page = twins.page
    if not page.where:
        return False
    hidden = [page.where[piece] >= 0 and page.nodes[page.where[piece]].hidden for piece in side]
    return 2 * sum(hidden) > len(hidden)


def _give_way(
    run: Run, keep_left: bool, says: dict[int, tuple[int, ...]], places: dict[int, tuple[float, int]]
) -> None:
    """A sentence gives way to one of the other copy that says it with words of its own, and so cannot go."""
    partners = _partners(run, not keep_left)
    for piece in sorted(run.left_covered if keep_left else run.right_covered):
        fuller = partners.get(piece, ())
        if (
            piece not in says
            and all(other not in says for other in fuller)
            and _remove(piece, partners, says)
        ):
            for other in fuller:
                places.setdefault(other, places.get(piece, (float(piece), -1)))


def _place_rest(
    removed: Sequence[int], partners: dict[int, list[int]], places: dict[int, tuple[float, int]]
) -> None:
    """Give what only the removed copy has its place behind the kept twin of its neighbour.

    What is more than a gap in the copy stands between two copies that are chained, and stays where it is.
    """
    for before, (piece, behind) in enumerate(pairwise(removed), 1):
        if behind - piece - 1 <= max(GAP, min(before, len(removed) - before)):
            after = float(max(partners[piece]))
            for between in range(piece + 1, behind):
                places.setdefault(between, (after, between))
