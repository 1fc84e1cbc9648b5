"""Which copy of a repeated passage stays, and in which order the kept blocks are read."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

from dedupe.repeats.records import PageRepeats, Repeat
from dedupe.repeats.thresholds import CHOOSING
from dedupe.repeats.tokens import is_cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from dedupe.page import Page
    from dedupe.types import Block


@dataclass(frozen=True, slots=True)
class Choice:
    """`repeats[i]` are the blocks that block i repeats (none of them is a repeat itself).

    `order` lists all blocks in reading order: what only a removed copy has stands where the kept
    copy has its neighbours.
    """

    repeats: dict[int, tuple[int, ...]]
    order: tuple[int, ...]


class Fullness:
    """How full copies are, told from sums over the page; what stands elsewhere too is no copy's own."""

    def __init__(self, twins: PageRepeats, scores: Sequence[float]) -> None:
        self._source = twins.source
        self._units: defaultdict[int, float] = defaultdict(float)  # of each block before it was split
        self._last: dict[int, int] = {}  # its last piece
        for piece, (source, units) in enumerate(zip(twins.source, twins.units, strict=True)):
            self._units[source] += units
            self._last[source] = piece
        self._first = {source: piece for piece, source in reversed(list(enumerate(twins.source)))}
        copied = {piece for run in twins.runs for piece in run.left_covered | run.right_covered}
        words, least = CHOOSING.own_block_words, CHOOSING.own_block_score
        own = (
            units if units >= words and score >= least and piece not in copied else 0.0
            for piece, (units, score) in enumerate(zip(twins.units, scores, strict=True))
        )
        self._before = list(accumulate(own, initial=0.0))  # units of the copies' own among the first pieces

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
        return self._before[high] - self._before[low] if low < high else 0.0


def choose(
    twins: PageRepeats, scores: Sequence[float], other: bool = False, strange: Collection[int] = ()
) -> Choice:
    """Choose between copies; `scores[i]` says how likely block i is the article's own (`heuristic_scores`).

    With `other` the other copy of each passage stays: the same page, seen from there. Of the `strange` blocks
    it is known that they are not the article's where they stand: a copy made of them goes.
    """
    if not twins.runs:
        return Choice({}, tuple(range(len(twins.units))))
    says: dict[int, tuple[int, ...]] = {}
    lengths = Fullness(twins, scores)
    removed: list[list[int]] = []
    gave_way: list[list[int]] = []
    for run in sorted(twins.runs, key=lambda run: -run.size):
        keep_left = _less_strange(twins, run, strange)
        if keep_left is None:
            keep_left = _left_stays(twins, run, scores, lengths) != other
        gone = run.right_covered if keep_left else run.left_covered
        partners = _partners(run, keep_left)
        removed.append([piece for piece in sorted(gone) if _remove(piece, partners, says)])
        gave_way.append(_give_way(run, keep_left, says) if removed[-1] else [])
    _settle_equal(twins, scores, strange, says)
    places = _places(removed, gave_way, says)
    repeats = {piece: _roots(piece, says) for piece in list(says)}
    order = sorted(range(len(twins.units)), key=lambda piece: (*places.get(piece, (float(piece), -1)), piece))
    return Choice(repeats, tuple(order))


def keep_one_copy(
    page: Page, twins: PageRepeats, choice: Choice
) -> tuple[PageRepeats, tuple[tuple[int, ...], ...]]:
    """`page` as it is when every passage stands once, in reading order, and what each block is made of.

    What is chrome is judged on that page: next to a second copy an article has no end. Pieces of one block
    that stay side by side are that block again: half a paragraph does not read as the whole does.
    """
    if not twins.runs:
        return twins, tuple((piece,) for piece in range(len(twins.units)))
    groups = tuple(map(tuple, _side_by_side(twins, choice)))
    blocks = tuple([merge_parts(page, twins, group).numbered(number) for number, group in enumerate(groups)])
    where = tuple(twins.page.where[group[0]] for group in groups) if page.where else ()
    traits = tuple(twins.page.traits[group[0]] for group in groups) if page.where else ()
    once = replace(twins.page, blocks=blocks, where=where, traits=traits)
    words = tuple(tuple(chain.from_iterable(twins.words[piece] for piece in group)) for group in groups)
    units = tuple(sum(twins.units[piece] for piece in group) for group in groups)
    sentences = tuple(
        range(twins.sentences[group[0]].start, twins.sentences[group[-1]].stop) for group in groups
    )
    spans = tuple((0, len(block.text)) for block in blocks)
    return PageRepeats(once, tuple(range(len(groups))), (), words, units, sentences, spans), groups


def _side_by_side(twins: PageRepeats, choice: Choice) -> Iterator[list[int]]:
    """The pieces that stay, those of one block together."""
    group: list[int] = []
    for piece in (piece for piece in choice.order if piece not in choice.repeats):
        if group and (piece != group[-1] + 1 or twins.source[piece] != twins.source[group[-1]]):
            yield group
            group = []
        group.append(piece)
    if group:
        yield group


def merge_parts(page: Page, twins: PageRepeats, pieces: Sequence[int]) -> Block:
    """Neighbouring pieces of one block of `page` as one block, with what stood between them."""
    first = twins.page.blocks[pieces[0]]
    if len(pieces) == 1:
        return first
    text = page.blocks[twins.source[pieces[0]]].text[twins.places[pieces[0]][0] : twins.places[pieces[-1]][1]]
    chars = sum(twins.page.blocks[piece].link_chars for piece in pieces)
    return replace(first, text=text, link_chars=chars)


def _partners(run: Repeat, keep_left: bool) -> dict[int, list[int]]:
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


def _less_strange(twins: PageRepeats, run: Repeat, strange: Collection[int]) -> bool | None:
    """Whether the left copy stays since the right one is strange; None where that does not tell."""
    left, right = (_strange_share(twins, {pair[side] for pair in run.pairs}, strange) for side in (0, 1))
    share = CHOOSING.strange_share
    return None if (left > share) == (right > share) else right > left


def _strange_share(twins: PageRepeats, side: Collection[int], strange: Collection[int]) -> float:
    every = sum(twins.units[piece] for piece in side)
    return sum(twins.units[piece] for piece in side if piece in strange) / every if every else 0.0


def _left_stays(twins: PageRepeats, run: Repeat, scores: Sequence[float], lengths: Fullness) -> bool:
    """Which copy of a run stays."""
    lefts = sorted({left for left, _ in run.pairs})
    rights = sorted({right for _, right in run.pairs})
    left, right = lengths.fullness(lefts, rights), lengths.fullness(rights, lefts)
    hidden_left, hidden_right = (_is_hidden(twins, side) for side in (lefts, rights))
    if hidden_left != hidden_right:
        shown, other = (right, left) if hidden_left else (left, right)
        shown_stays = shown * CHOOSING.hidden_fuller_times + CHOOSING.tie_words >= other
        return shown_stays != hidden_left
    cut_left, cut_right = (is_cut(twins.page.blocks[side[-1]].text) for side in (lefts, rights))
    if cut_left != cut_right:
        return cut_right
    if abs(left - right) > CHOOSING.tie_words:
        return left > right
    headed_left, headed_right = (_is_headed(twins, side[0]) for side in (lefts, rights))
    if headed_left != headed_right:
        return headed_left
    mean_left, mean_right = (sum(scores[p] for p in side) / len(side) for side in (lefts, rights))
    return mean_left + CHOOSING.better_score >= mean_right


def _settle_equal(
    twins: PageRepeats,
    scores: Sequence[float],
    strange: Collection[int],
    says: dict[int, tuple[int, ...]],
) -> None:
    """Leave one of the passages that are equal, word for word, also where only copies that are gone link
    them.

    It is one that stands in a longer copy; of lone paragraphs the first in the article, not among teasers.
    """
    longer = _in_longer_copies(twins)
    for copies in _equal_pieces(twins):
        kept = [piece for piece in copies if piece not in says]
        if not kept:
            continue
        told = _without_pull_quotes(twins, copies, scores)
        first = min(frozenset(kept).intersection(told), default=told[0])
        going_on = frozenset(_going_on(copies, says))
        best = next((piece for piece in (first, *told, *kept) if piece in going_on), None)
        if best is None:
            is_lone = twins.units[first] >= CHOOSING.paragraph_words and longer.isdisjoint(copies)
            is_lone = is_lone and not _is_headed(twins, first)
            best = kept[0]
            if is_lone:
                good = _as_good(twins, told, first, scores, strange)
                best = _first_in_the_flow(twins, good, first, scores, says)
        if best in strange and twins.page.where:  # a dump's chrome tells too little to go by it
            best = next((piece for piece in copies if piece not in strange), best)
        says.pop(best, None)
        says.update((piece, (best,)) for piece in kept if piece != best)


def _equal_pieces(twins: PageRepeats) -> Iterator[list[int]]:
    """The blocks that runs link, directly or by way of each other, and that are equal, word for word."""
    first: dict[int, int] = {}

    def root(piece: int) -> int:
        while first.setdefault(piece, piece) != piece:
            first[piece] = piece = first[first[piece]]
        return piece

    for run in twins.runs:
        for left, right in run.pairs:
            if twins.words[left] == twins.words[right] and left in run.left_covered:
                low, high = sorted((root(left), root(right)))
                first[high] = low
    equal: defaultdict[int, list[int]] = defaultdict(list)
    for piece in sorted(first):
        equal[root(piece)].append(piece)
    yield from equal.values()


def _without_pull_quotes(twins: PageRepeats, copies: Sequence[int], scores: Sequence[float]) -> Sequence[int]:
    """The copies that are no quotations and stand in no box, unless all do."""
    least = max(scores[piece] for piece in copies)
    return [
        piece
        for piece in copies
        if not _is_pulled(twins.page, piece) and scores[piece] + CHOOSING.better_score >= least
    ] or copies


def _is_pulled(page: Page, piece: int) -> bool:
    """Whether a block is a quotation or stands in an `aside`."""
    node = page.where[piece] if page.where else -1
    while node >= 0 and page.nodes[node].tag in ("p", "div", "span"):
        node = page.nodes[node].parent
    return page.blocks[piece].role == "quote" or (node >= 0 and page.nodes[node].tag == "aside")


def _going_on(copies: Sequence[int], says: dict[int, tuple[int, ...]]) -> Iterator[int]:
    """Those of equal blocks beside which a kept block stands that is repeated beside one of the others."""
    equal = frozenset(copies)
    for copy in copies:
        for step in (-1, 1):
            roots = _roots(copy + step, says) if copy + step in says else ()
            if len(roots) == 1 and roots[0] not in equal and roots[0] - step in equal:
                yield roots[0] - step


def _as_good(
    twins: PageRepeats, copies: Sequence[int], kept: int, scores: Sequence[float], strange: Collection[int]
) -> list[int]:
    """Those of equal blocks that are as good as the kept one."""
    return [
        piece
        for piece in copies
        if _is_hidden(twins, [piece]) <= _is_hidden(twins, [kept])
        and (piece in strange) <= (kept in strange)
        and scores[piece] + CHOOSING.better_score >= scores[kept]
    ]


def _first_in_the_flow(
    twins: PageRepeats, copies: Sequence[int], kept: int, scores: Sequence[float], gone: Collection[int]
) -> int:
    """The first of equal blocks that has text above or below it; the kept one where none has."""
    flow = {piece: _flow(twins, piece, scores, gone) for piece in copies}
    most = max(flow.values())
    if most < CHOOSING.paragraph_words:
        return kept
    return min(piece for piece in flow if 2 * flow[piece] >= most)


def _in_longer_copies(twins: PageRepeats) -> set[int]:
    """The blocks of runs that say other blocks again, too."""
    found: set[int] = set()
    for run in twins.runs:
        pairs = [pair for pair in run.pairs if pair[0] in run.left_covered or pair[1] in run.right_covered]
        if len({twins.words[piece] for pair in pairs for piece in pair}) > 1:
            found.update(chain.from_iterable(pairs))
    return found


def _flow(twins: PageRepeats, at: int, scores: Sequence[float], gone: Collection[int]) -> float:
    """Units of running text just above and below a block, of each block no more than makes it a paragraph."""
    reach, text_words = CHOOSING.neighbour_blocks, CHOOSING.text_words
    near = range(max(0, at - reach), min(len(twins.units), at + reach + 1))
    return sum(
        min(twins.units[piece], CHOOSING.paragraph_words) * scores[piece]
        for piece in near
        if twins.units[piece] >= text_words and piece not in gone and twins.words[piece] != twins.words[at]
    )


def _is_headed(twins: PageRepeats, first: int) -> bool:
    """Whether the page's main heading stands where a copy begins, or just above."""
    above = twins.page.blocks[max(0, first - CHOOSING.headline_blocks) : first + 1]
    return any(block.role == "heading" and block.level == 1 for block in above)


def _is_hidden(twins: PageRepeats, side: Sequence[int]) -> bool:
    page = twins.page
    if not page.where:
        return False
    hidden = [page.where[piece] >= 0 and page.nodes[page.where[piece]].hidden for piece in side]
    return 2 * sum(hidden) > len(hidden)


def _give_way(run: Repeat, keep_left: bool, says: dict[int, tuple[int, ...]]) -> list[int]:
    """A sentence gives way to one of the other copy that says it with words of its own, and so cannot go; the
    sentences that gave way."""
    partners = _partners(run, not keep_left)
    return [
        piece
        for piece in sorted(run.left_covered if keep_left else run.right_covered)
        if piece not in says
        and all(other not in says for other in partners.get(piece, ()))
        and _remove(piece, partners, says)
    ]


def _places(
    removed: Sequence[Sequence[int]], gave_way: Sequence[Sequence[int]], says: dict[int, tuple[int, ...]]
) -> dict[int, tuple[float, int]]:
    """Where blocks stand that do not stand in page order: what only a copy that goes has, behind the kept
    twin of the block above it; what other blocks gave way to, in their place.

    `removed[i]` are the blocks of run i that go, `gave_way[i]` those of its other copy.
    """
    places: dict[int, tuple[float, int]] = {}
    for gone, given in zip(removed, gave_way, strict=True):
        for before, (piece, behind) in enumerate(pairwise(gone), 1):
            above, below = max(_roots(piece, says)), min(_roots(behind, says))
            # more than a gap, or twins in another order, stand between two copies that are chained
            gap = max(CHOOSING.gap_blocks, min(before, len(gone) - before))
            if above < below and behind - piece - 1 <= gap:
                for between in range(piece + 1, behind):
                    places.setdefault(between, (float(above), between))
        for piece in given:
            for other in _roots(piece, says):
                places.setdefault(other, places.get(piece, (float(piece), -1)))
    return places
