"""Seeds and chains, held against plain references that compare every place with every other."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from dedupe.repeats.align import chains, kgram_keys, seeds
from dedupe.repeats.records import ExactMatch

K = 3
FEW = 4  # occurrences up to which every one is linked to every later one
STREAMS = st.lists(st.integers(0, 5), max_size=60)


@st.composite
def copied_streams(draw: st.DrawFn) -> list[int]:
    """Streams of mostly different tokens in which pieces stand again, as in pages."""
    source = draw(st.lists(st.integers(0, 40), min_size=4, max_size=40))
    parts = [source]
    for _ in range(draw(st.integers(1, 3))):
        low = draw(st.integers(0, len(source) - 1))
        part = source[low : draw(st.integers(low, len(source)))]
        parts.append(draw(st.lists(st.integers(0, 40), max_size=5)) + part)
    return [token for part in parts for token in part]


def found(stream: Sequence[int], k: int = K) -> list[ExactMatch]:
    return seeds(np.array(stream, np.int64), k)[0]


def kgrams(stream: Sequence[int], k: int) -> dict[tuple[int, ...], list[int]]:
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for at in range(len(stream) - k + 1):
        places[tuple(stream[at : at + k])].append(at)
    return places


def maximal_matches(stream: Sequence[int], k: int) -> list[ExactMatch]:
    """All pairs of equal stretches of k tokens or more that cannot be made longer."""
    every = []
    for left in range(len(stream)):
        for right in range(left + 1, len(stream)):
            if left and stream[left - 1] == stream[right - 1]:
                continue
            size = 0
            while right + size < len(stream) and stream[left + size] == stream[right + size]:
                size += 1
            if size >= k:
                every.append(ExactMatch(left, right, size))
    return every


def covered(matches: Iterable[ExactMatch]) -> set[tuple[int, int]]:
    """The pairs of equal places that matches name."""
    return {(match.left + at, match.right + at) for match in matches for at in range(match.size)}


# ---------------------------------------------------------------- seeds


@given(STREAMS | copied_streams())
def test_a_match_is_equal_text_in_two_places_that_do_not_overlap(stream: list[int]) -> None:
    for match in found(stream):
        assert match.size > 0
        assert match.left + match.size <= match.right <= len(stream) - match.size
        assert stream[match.left : match.left + match.size] == stream[match.right : match.right + match.size]


@given(copied_streams())
def test_where_no_kgram_is_common_all_maximal_matches_are_found(stream: list[int]) -> None:
    assume(all(len(places) <= FEW for places in kgrams(stream, K).values()))
    plain = maximal_matches(stream, K)
    assume(all(match.left + match.size <= match.right for match in plain))
    assert found(stream) == sorted(plain, key=lambda match: (match.left, match.right))


@example([0, 1, 2, 3, 4] * 3 + [0, 1])
@given(STREAMS)
def test_every_kgram_is_linked_to_its_next_occurrence(stream: list[int]) -> None:
    # only its first token: of a text that repeats itself at once, a rest of fewer than k tokens is left over
    links = {(one, two) for places in kgrams(stream, K).values() for one, two in pairwise(places)}
    assert links <= covered(found(stream))


@given(STREAMS)
def test_matches_come_in_order_and_once(stream: list[int]) -> None:
    order = [(match.left, match.right) for match in found(stream)]
    assert order == sorted(set(order))


@pytest.mark.parametrize("period", [1, 2, 7, 20])
def test_a_text_that_repeats_itself_at_once_is_one_copy_after_the_other(period: int) -> None:
    copies = 30
    stream = list(range(period)) * copies
    expected = [ExactMatch(at * period, (at + 1) * period, period) for at in range(copies - 1)]
    assert found(stream, 5) == expected


@pytest.mark.parametrize("period", [1, 2, 7, 20])
@pytest.mark.parametrize("copies", [40, 64, 127, 1_001])
def test_a_long_series_of_copies_is_paired_by_halves(period: int, copies: int) -> None:
    matches = found(list(range(period)) * copies, 5)
    assert len(matches) <= 2 * copies.bit_length()
    assert {match.period for match in matches} == {period}
    paired = {
        at for match in matches for at in range(match.right // period, (match.right + match.size) // period)
    }
    assert paired == set(range(1, copies)), "every copy but the first repeats an earlier one"


@pytest.mark.parametrize("stream", [[], [1], [1, 2], [1, 2, 3], list(range(50)), [1, 2, 9, 1, 2]])
def test_nothing_is_found_where_nothing_repeats(stream: list[int]) -> None:
    assert found(stream) == []


def test_common_kgrams_make_linearly_many_matches() -> None:
    rng = np.random.default_rng(1)
    counts = []
    for copies in (500, 1000, 2000):
        unique = rng.integers(100, 10**9, size=(copies, 4))
        stream = np.hstack([np.tile(np.arange(8), (copies, 1)), unique]).ravel()
        counts.append(len(seeds(stream, 5)[0]))
    assert counts == [499, 999, 1999]


def test_long_periodic_streams_make_linearly_many_matches() -> None:
    for period in (1, 3, 10):
        size = 60_000
        assert len(seeds(np.arange(size, dtype=np.int64) % period, 5)[0]) <= size // period


# ---------------------------------------------------------------- k-gram keys


@given(STREAMS, st.integers(1, 6))
def test_keys_are_equal_where_the_tokens_are(stream: list[int], k: int) -> None:
    keys = kgram_keys(np.array(stream, np.int64), k).tolist()
    grams = [tuple(stream[at : at + k]) for at in range(len(stream) - k + 1)]
    assert len(keys) == len(grams)
    assert len(set(keys)) == len(set(zip(keys, grams, strict=True))) == len(set(grams))


def test_keys_differ_for_many_different_kgrams() -> None:
    ids = np.arange(300_000, dtype=np.int64)
    assert len(np.unique(kgram_keys(ids, 5))) == len(ids) - 4
    swapped = np.array([at for one in range(0, 20_000, 2) for at in (one + 1, one)], np.int64)
    both = np.concatenate([kgram_keys(np.arange(20_000), 5), kgram_keys(swapped, 5)])
    assert len(np.unique(both)) == len(both)


# ---------------------------------------------------------------- chains


def made(matches: list[ExactMatch]) -> list[list[ExactMatch]]:
    """The chains of matches that hold any."""
    return [chain for chain in chains(matches) if chain]


@pytest.mark.xfail(strict=True, reason="a match that is in a chain already adds an empty chain")
def test_every_chain_holds_a_match() -> None:
    copy = list(range(100, 140))
    assert all(chains(found([*copy, 1, 2, 3, *copy[:20], 7, *copy[21:]])))


def assert_chains(matches: list[ExactMatch], grouped: list[list[ExactMatch]]) -> None:
    for chain in grouped:
        assert chain
        for one, two in pairwise(chain):
            assert one.left + one.size <= two.left, "the left side goes forward"
            assert one.right + one.size <= two.right, "the right side goes forward"
        assert chain[-1].left + chain[-1].size <= chain[0].right, (
            "the left side ends before the right one begins"
        )
    inside = Counter(pair for chain in grouped for pair in covered(chain))
    assert set(inside) <= covered(matches), "a chain holds matches, shortened perhaps, and nothing else"


@example([0, 0, 0, 1, 0], 1)
@given(STREAMS | copied_streams(), st.integers(1, 5))
def test_chains_of_seeds_are_in_order(stream: list[int], k: int) -> None:
    matches = found(stream, k)
    assert_chains(matches, made(matches))


@st.composite
def match_lists(draw: st.DrawFn) -> list[ExactMatch]:
    """Matches as far apart as pages have them, which need not come from one stream."""
    pairs = draw(
        st.lists(st.tuples(st.integers(0, 400), st.integers(1, 400), st.integers(1, 30)), max_size=30)
    )
    unique = {(left, left + gap): ExactMatch(left, left + gap, min(size, gap)) for left, gap, size in pairs}
    return [unique[key] for key in sorted(unique)]


@example([ExactMatch(0, 2, 1), ExactMatch(1, 3, 1)])
@given(match_lists())
def test_chains_of_any_matches_are_in_order(matches: list[ExactMatch]) -> None:
    assert_chains(matches, made(matches))


@given(match_lists())
def test_a_match_is_in_one_chain_at_most(matches: list[ExactMatch]) -> None:
    owners: Counter[ExactMatch] = Counter()
    for chain in made(matches):
        for match in chain:
            owners.update(
                {
                    whole
                    for whole in matches
                    if whole.right - whole.left == match.right - match.left
                    and whole.left <= match.left
                    and match.left + match.size == whole.left + whole.size
                }
            )
    single = [whole for whole in matches if _ends_alone(whole, matches)]
    assert all(owners[whole] <= 1 for whole in single)


def _ends_alone(whole: ExactMatch, matches: list[ExactMatch]) -> bool:
    """Whether no other match has the same end in both places, so that a shortened one is known by its end."""
    ends = [(match.left + match.size, match.right + match.size) for match in matches]
    return ends.count((whole.left + whole.size, whole.right + whole.size)) == 1


def test_two_copies_with_an_edit_make_one_chain() -> None:
    copy = list(range(100, 140))
    edited = [*copy[:20], 7, *copy[21:]]
    stream = [*copy, 1, 2, 3, *edited]
    assert made(found(stream)) == [[ExactMatch(0, 43, 20), ExactMatch(21, 64, 19)]]


def test_a_left_out_part_is_leapt_over() -> None:
    copy = list(range(100, 160))
    stream = [*copy, 1, 2, 3, *copy[:20], *copy[40:]]
    assert made(found(stream)) == [[ExactMatch(0, 63, 20), ExactMatch(40, 83, 20)]]


def test_parts_in_another_order_are_two_chains() -> None:
    one, two = list(range(100, 120)), list(range(200, 220))
    grouped = made(found([*one, *two, 1, 2, 3, *two, *one]))
    assert sorted(map(len, grouped)) == [1, 1]


def test_places_far_apart_are_no_chain() -> None:
    one, two = list(range(100, 120)), list(range(200, 220))
    between = list(range(1000, 4000))
    grouped = made(found([*one, *between, *two, *one, *(at + 5000 for at in between), *two]))
    assert sorted(map(len, grouped)) == [1, 1]


def test_three_copies_are_chains_between_two_each() -> None:
    copy = list(range(100, 130))
    grouped = made(found([*copy, 1, *copy, 2, *copy]))
    assert len(grouped) == 3
    assert {(chain[0].left, chain[0].right) for chain in grouped} == {(0, 31), (31, 62), (0, 62)}


def test_the_heaviest_chain_comes_first() -> None:
    short, long = list(range(100, 110)), list(range(200, 260))
    grouped = made(found([*short, 1, *short, 2, *long, 3, *long]))
    assert [sum(match.size for match in chain) for chain in grouped] == [60, 10]


@settings(max_examples=30)
@given(copied_streams())
def test_the_same_stream_gives_the_same_chains(stream: list[int]) -> None:
    assert chains(found(stream)) == chains(found(stream))


# ---------------------------------------------------------------- bounds


@given(st.lists(st.integers(1, 4), max_size=200), st.integers(0, 40))
def test_where_there_are_too_many_matches_the_longest_are_found(stream: list[int], most: int) -> None:
    ids = np.array(stream, np.int64)
    every, are_all = seeds(ids, 3)
    some, are_some = seeds(ids, 3, most)
    assert are_all
    assert set(some) <= set(every)
    assert len(some) <= most
    assert some == every if are_some else len(some) < len(every) + most
    assert are_some or len(every) * 2 > most


def test_of_many_matches_none_is_shorter_than_one_that_is_left_out() -> None:
    rng = random.Random(3)
    stream: list[int] = []
    for size in range(5, 60):
        passage = [rng.randrange(1, 1_000_000) for _ in range(size)]
        stream += [*passage, rng.randrange(1_000_000), *passage, rng.randrange(1_000_000)]
    ids = np.array(stream, np.int64)
    every, _ = seeds(ids, 5)
    some, are_all = seeds(ids, 5, 20)
    assert not are_all
    assert sorted(match.size for match in some) == sorted(match.size for match in every)[-20:]
