"""Columns of text side by side: what runs along them, found without comparing every two gutters."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.segment import columns as text_columns
from dedupe.segment.columns import _edges_beside, _Gutter, _spans, _strongest, split_columns

GUTTERS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(2, 30), st.integers(3, 60), st.integers(3, 9)).map(
        lambda parts: _Gutter(parts[0], parts[0] + parts[1], parts[2], parts[3])
    ),
    max_size=15,
)


@given(GUTTERS)
def test_edges_beside_a_gutter_are_those_of_a_plain_search(gutters: list[_Gutter]) -> None:
    chosen = _strongest(gutters, 100)
    assert _edges_beside(gutters, chosen) == [
        {other.edge for other in gutters if _spans(other, each.first, each.last)} for each in chosen
    ]
    assert all(one.last < two.first for one, two in pairwise(chosen))


@given(GUTTERS)
def test_the_strongest_gutters_are_those_of_a_plain_choice(gutters: list[_Gutter]) -> None:
    taken: set[int] = set()
    chosen = []
    for gutter in sorted(gutters, key=lambda gutter: (-gutter.lines, gutter)):
        rows = set(range(gutter.first, gutter.last + 1))
        if taken.isdisjoint(rows):
            taken |= rows
            chosen.append(gutter)
    assert _strongest(gutters, 100) == sorted(chosen)


def test_work_grows_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def counted(gutter: _Gutter, first: int, last: int) -> bool:
        nonlocal asked
        asked += 1
        return _spans(gutter, first, last)

    monkeypatch.setattr(text_columns, "_spans", counted)
    rng = random.Random(1)
    counts = []
    for lines in (400, 1_600):
        rows = ["    ".join("x" * rng.randrange(1, 7) for _ in range(12)) for _ in range(lines)]
        asked = 0
        split_columns(list(enumerate(rows)))
        counts.append(asked)
    assert counts[1] < 6 * counts[0]
