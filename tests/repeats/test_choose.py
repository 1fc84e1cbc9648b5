"""Which copy stays, and where the rest of the other one goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from conftest import ARTICLES, page_of
from hypothesis import given
from hypothesis import strategies as st

from dedupe.page import Node, Traits
from dedupe.repeats.choose import Fullness, _roots, choose, keep_one_copy, merge_parts
from dedupe.repeats.records import PageRepeats, Repeat
from dedupe.repeats.search import find
from dedupe.repeats.thresholds import CHOOSING
from dedupe.types import Block

TIE, BETTER, GAP = CHOOSING.tie_words, CHOOSING.better_score, CHOOSING.gap_blocks
OWN_BLOCK = CHOOSING.own_block_words


def twins_of(
    lengths: Sequence[float],
    *runs: Sequence[tuple[int, int]],
    hidden: Sequence[int] = (),
    cut: Sequence[int] = (),
) -> PageRepeats:
    """Blocks of these lengths, with runs of pairs; `hidden` and `cut` are numbers of blocks."""
    texts = [f"block {at}" + ("…" if at in cut else ".") for at in range(len(lengths))]
    page = replace(
        page_of(*texts),
        nodes=(Node(-1, "p", 1, "", False), Node(-1, "p", 2, "", True)),
        where=tuple(int(at in hidden) for at in range(len(lengths))),
    )
    made = [
        Repeat(
            tuple(pairs),
            frozenset(left for left, _ in pairs),
            frozenset(right for _, right in pairs),
            sum(lengths[left] for left, _ in pairs),
            1.0,
        )
        for pairs in runs
    ]
    words = tuple((at,) for at in range(len(lengths)))
    sentences = tuple(range(at, at + 1) for at in range(len(lengths)))
    return PageRepeats(page, tuple(range(len(lengths))), tuple(made), words, tuple(lengths), sentences)


def gone(twins: PageRepeats, scores: Sequence[float] | None = None) -> dict[int, tuple[int, ...]]:
    return choose(twins, scores or [0.5] * len(twins.units)).repeats


def test_of_two_equal_copies_the_first_stays() -> None:
    assert gone(twins_of([20, 9, 20], [(0, 2)])) == {2: (0,)}


def test_without_runs_all_stays_in_order() -> None:
    choice = choose(twins_of([1, 2, 3]), [0.5] * 3)
    assert (choice.repeats, choice.order) == ({}, (0, 1, 2))
    empty = choose(twins_of([]), [])
    assert (empty.repeats, empty.order) == ({}, ())


@pytest.mark.parametrize(("more", "stays"), [(TIE, 0), (TIE + 0.5, 1), (50, 1)])
def test_a_copy_that_is_fuller_stays(more: float, stays: int) -> None:
    assert gone(twins_of([20, 20 + more], [(0, 1)])) == {1 - stays: (stays,)}


@pytest.mark.parametrize(("better", "stays"), [(0.0, 0), (BETTER - 0.01, 0), (BETTER + 0.01, 1), (0.8, 1)])
def test_of_equally_full_copies_the_one_in_the_article_stays(better: float, stays: int) -> None:
    assert gone(twins_of([20, 21], [(0, 1)]), [0.1, 0.1 + better]) == {1 - stays: (stays,)}


def test_a_score_does_not_outweigh_a_fuller_copy() -> None:
    assert gone(twins_of([20, 40], [(0, 1)]), [0.99, 0.01]) == {0: (1,)}


@pytest.mark.parametrize("hidden", [0, 1])
def test_a_copy_that_is_shown_stays(hidden: int) -> None:
    shown = 1 - hidden
    lengths = [20.0, 20.0]
    assert gone(twins_of(lengths, [(0, 1)], hidden=[hidden])) == {hidden: (shown,)}
    lengths[hidden] = 20 * CHOOSING.hidden_fuller_times + TIE
    assert gone(twins_of(lengths, [(0, 1)], hidden=[hidden])) == {hidden: (shown,)}
    lengths[hidden] += 1
    assert gone(twins_of(lengths, [(0, 1)], hidden=[hidden])) == {shown: (hidden,)}


@pytest.mark.parametrize("cut", [0, 1])
def test_a_copy_that_is_cut_goes(cut: int) -> None:
    merge_parts = 1 - cut
    assert gone(twins_of([20, 20], [(0, 1)], cut=[cut])) == {cut: (merge_parts,)}
    assert gone(twins_of([20, 20], [(0, 1)], cut=[0, 1])) == {1: (0,)}, "both are cut"


def test_own_blocks_inside_a_copy_make_it_fuller() -> None:
    runs = [(0, 2), (1, 4)]
    assert gone(twins_of([20, 20, 20, OWN_BLOCK, 20], runs)) == {0: (2,), 1: (4,)}
    assert gone(twins_of([20, 20, 20, OWN_BLOCK - 1, 20], runs)) == {2: (0,), 4: (1,)}, "too short to count"
    scores = [0.5, 0.5, 0.5, 0.1, 0.5]
    assert gone(twins_of([20, 20, 20, OWN_BLOCK, 20], runs), scores) == {2: (0,), 4: (1,)}, "it is chrome"


def test_a_block_may_repeat_several() -> None:
    assert gone(twins_of([10, 10, 20], [(0, 2), (1, 2)])) == {2: (0, 1)}
    assert gone(twins_of([20, 10, 10], [(0, 1), (0, 2)])) == {1: (0,), 2: (0,)}


def test_three_copies_repeat_the_one_that_stays() -> None:
    assert gone(twins_of([20, 20, 20], [(0, 1)], [(1, 2)])) == {1: (0,), 2: (0,)}


def test_the_longest_run_is_decided_first() -> None:
    assert gone(twins_of([90, 10, 10, 90], [(1, 2)], [(0, 3), (1, 2)])) == {3: (0,), 2: (1,)}


def test_what_only_the_removed_copy_has_stands_behind_the_twin_of_its_neighbour() -> None:
    twins = twins_of([20, 20, 30, 20, 9, 20], [(0, 3), (1, 5)])
    choice = choose(twins, [0.5, 0.5, 0.5, 0.5, 0.1, 0.5])
    assert choice.repeats == {3: (0,), 5: (1,)}
    assert choice.order == (0, 4, 1, 2, 3, 5)


@pytest.mark.parametrize("between", [GAP, GAP + 1])
def test_what_stands_between_two_copies_that_are_chained_keeps_its_place(between: int) -> None:
    # a teaser, the page's head, a hidden line; far below the article's lead and the line again
    head = range(1, 1 + between)
    lead, line = 2 + between, 3 + between
    twins = twins_of([20, *[9.0] * between, 3, 30, 3], [(0, lead), (line - 2, line)], cut=[0])
    choice = choose(twins, [0.0] * (line + 1))
    assert choice.repeats.keys() == {0, line - 2}
    after_lead = [piece for piece in choice.order[choice.order.index(lead) :] if piece in head]
    assert after_lead == ([*head] if between == GAP else [])


def test_the_page_around_the_other_copy_is_no_part_of_a_copy() -> None:
    # the article stands between the two passages of the left copy: it makes that one no fuller
    twins = twins_of([20, 40, 24, 40, 3, 3], [(0, 2), (4, 5)])
    assert choose(twins, [0.9] * 6).repeats == {0: (2,), 4: (5,)}


@st.composite
def many_runs(draw: st.DrawFn) -> PageRepeats:
    count = draw(st.integers(2, 9))
    runs = []
    for _ in range(draw(st.integers(1, 6))):
        border = draw(st.integers(1, count - 1))
        size = draw(st.integers(1, min(border, count - border)))
        lefts = sorted(draw(st.permutations(range(border)))[:size])
        rights = sorted(draw(st.permutations(range(border, count)))[:size])
        runs.append(list(zip(lefts, rights, strict=True)))
    blocks = st.sets(st.integers(0, count - 1))
    return twins_of(
        draw(st.lists(st.integers(1, 30), min_size=count, max_size=count)),
        *runs,
        hidden=sorted(draw(blocks)),
        cut=sorted(draw(blocks)),
    )


@given(many_runs(), st.data())
def test_whatever_the_runs_are_a_repeat_names_blocks_that_stay(
    twins: PageRepeats, data: st.DataObject
) -> None:
    count = len(twins.units)
    scores = data.draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    choice = choose(twins, scores)
    assert sorted(choice.order) == list(range(count)), "every block has one place"
    linked = {frozenset(pair) for run in twins.runs for pair in run.pairs}
    for block, originals in choice.repeats.items():
        assert originals
        assert not set(originals) & set(choice.repeats)
        assert set(originals) <= _reach(block, linked)


def _reach(block: int, linked: set[frozenset[int]]) -> set[int]:
    """The blocks that say the same as one, over any number of pairs: a plain search."""
    seen, edge = {block}, {block}
    while edge:
        edge = {at for pair in linked if pair & edge for at in pair} - seen
        seen |= edge
    return seen - {block}


@given(many_runs())
def test_of_blocks_that_say_the_same_not_all_go(twins: PageRepeats) -> None:
    choice = choose(twins, [0.5] * len(twins.units))
    linked = {frozenset(pair) for run in twins.runs for pair in run.pairs}
    for block in range(len(twins.units)):
        assert {block, *_reach(block, linked)} - set(choice.repeats)


def test_the_copy_on_the_page_stays_where_the_hidden_one_is_no_fuller() -> None:
    article = ARTICLES["en"]
    page = page_of(*article, "Menu", *article)
    shown = replace(
        page,
        nodes=(Node(-1, "div", 1, "", True), Node(-1, "div", 2, "", False)),
        where=(0, 0, 0, 0, 1, 1, 1, 1, 1),
        traits=(Traits(),) * 9,
    )
    assert choose(find(shown), [0.5] * 9).repeats == {0: (5,), 1: (6,), 2: (7,), 3: (8,)}


# ---------------------------------------------------------------- the page that says everything once


def test_pieces_that_stay_side_by_side_are_their_block_again() -> None:
    article = ARTICLES["en"]
    teaser = article[1][: article[1].index(". ") + 1]
    page = page_of("- Harbour", teaser, "- Chess", *article)
    twins = find(page)
    assert len(twins.units) > len(page.blocks), "the paragraph is split behind what the teaser says"
    choice = choose(twins, [0.5] * len(twins.units))
    once, pieces = keep_one_copy(page, twins, choice)
    texts = [block.text for block in once.page.blocks]
    assert texts == ["- Harbour", "- Chess", *article]
    assert [block.number for block in once.page.blocks] == list(range(len(texts)))
    assert sorted(piece for group in pieces for piece in group) == sorted(
        set(range(len(twins.units))) - set(choice.repeats)
    )
    assert once.words[3] == tuple(word for piece in pieces[3] for word in twins.words[piece])
    assert once.units[3] == sum(twins.units[piece] for piece in pieces[3])


def test_the_other_copies_can_be_looked_at_too() -> None:
    twins = twins_of([20, 9, 20], [(0, 2)])
    assert choose(twins, [0.5] * 3, other=True).repeats == {0: (2,)}


def test_a_sentence_gives_way_to_a_fuller_one_that_cannot_go() -> None:
    twins = twins_of([20, 15, 6, 20, 18], [(0, 3), (1, 4)])
    (run,) = twins.runs
    twins = replace(twins, runs=(replace(run, right_covered=frozenset({3})),))
    choice = choose(twins, [0.5] * 5)
    assert choice.repeats == {3: (0,), 1: (4,)}
    assert [piece for piece in choice.order if piece not in choice.repeats] == [0, 4, 2]


# ---------------------------------------------------------------- what a repeat repeats in the end


class Counted(dict[int, tuple[int, ...]]):
    """What pieces say, and how often that was asked."""

    asked = 0

    def __getitem__(self, piece: int) -> tuple[int, ...]:
        self.asked += 1
        return super().__getitem__(piece)


def reached(piece: int, says: dict[int, tuple[int, ...]]) -> set[int]:
    """The roots of a piece, looked for in the plainest way."""
    if piece not in says:
        return {piece}
    return {root for original in says[piece] for root in reached(original, says)}


@given(st.lists(st.lists(st.integers(0, 1000), max_size=4), max_size=12), st.data())
def test_roots_are_those_of_a_plain_search(rows: list[list[int]], data: st.DataObject) -> None:
    says = {at: tuple(dict.fromkeys(each % at for each in row)) for at, row in enumerate(rows, 1) if row}
    expected = {piece: reached(piece, says) for piece in range(len(rows) + 1)}
    for piece in data.draw(st.permutations(range(len(rows) + 1))):
        roots = _roots(piece, says)
        assert set(roots) == expected[piece]
        assert len(roots) == len(set(roots))


@pytest.mark.parametrize("width", [1, 3])
def test_a_long_series_of_repeats_is_followed_once(width: int) -> None:
    count = 2_000
    says = Counted(
        (at, tuple(range(max(0, at - width), at))) for at in range(width, count)
    )  # each says what the ones before it say
    for piece in reversed(range(count)):
        assert set(_roots(piece, says)) == set(range(width)) & set(range(piece + 1)) or piece < width
    assert says.asked <= 8 * width * count


# ---------------------------------------------------------------- a page in one block


def test_pieces_of_a_block_are_joined_where_they_stand() -> None:
    one, two, three = "The ferry is late.", "The mail waits.", "The harbour sleeps in the rain."
    page = page_of(f"{one} {two}  {one} {three}")
    places = ((0, 18), (19, 34), (36, 54), (55, 86))
    pieces = tuple(Block(at, page.blocks[0].text[low:high]) for at, (low, high) in enumerate(places))
    words, sentences = ((1,), (2,), (1,), (3,)), tuple(range(at, at + 1) for at in range(4))
    twins = PageRepeats(replace(page, blocks=pieces), (0,) * 4, (), words, (4.0,) * 4, sentences, places)
    assert merge_parts(page, twins, [2, 3]).text == f"{one} {three}"
    assert merge_parts(page, twins, [0, 1, 2]).text == f"{one} {two}  {one}"


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.data())
def test_fullness_is_that_of_a_plain_sum(sizes: list[int], data: st.DataObject) -> None:
    source = [block for block, size in enumerate(sizes) for _ in range(size)]
    count = len(source)
    units = data.draw(st.lists(st.sampled_from([1.0, 5.5, 8.0, 30.0]), min_size=count, max_size=count))
    scores = data.draw(st.lists(st.sampled_from([0.2, 0.7]), min_size=count, max_size=count))
    twins = replace(twins_of(units), source=tuple(source))
    pieces = st.lists(st.integers(0, count - 1), min_size=1, unique=True).map(sorted)
    side, other = data.draw(pieces), data.draw(pieces)
    mine = {piece for piece in range(count) if source[piece] in {source[at] for at in side}}
    own = {
        piece
        for start, end in pairwise(side)
        if not any(start <= at < end for at in other)
        for piece in range(start + 1, end)
        if piece not in mine and units[piece] >= OWN_BLOCK and scores[piece] >= CHOOSING.own_block_score
    }
    assert Fullness(twins, scores).fullness(side, other) == sum(units[piece] for piece in mine | own)
