"""Comparing pairs: shared entries, connected articles, and lots that are compared elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from signed import article, prose

from dedupe.corpus import signatures as corpus
from dedupe.corpus.clusters import cluster
from dedupe.corpus.components import components
from dedupe.corpus.evidence import Evidence, PairBatch
from dedupe.corpus.graph import left
from dedupe.corpus.records import Document
from dedupe.corpus.verify import _shared_entries, batch_by_words

Ragged = list[tuple[list[int], list[int]]]


def plain_components(size: int, links: Sequence[tuple[int, int]]) -> list[int]:
    """The first article that each is connected with, by following all links."""
    groups = [{number} for number in range(size)]
    for one, two in links:
        joined = groups[one] | groups[two]
        for number in joined:
            groups[number] = joined
    return [min(group) for group in groups]


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60))
def test_components_are_those_of_a_plain_search(links: list[tuple[int, int]]) -> None:
    one, two = (np.array([link[side] for link in links], np.int64) for side in (0, 1))
    assert components(40, one, two).tolist() == plain_components(40, links)


def test_a_long_chain_is_one_component_in_whatever_order() -> None:
    order = np.random.RandomState(1).permutation(5000)
    assert not components(5000, order[:-1], order[1:]).any()
    assert components(0, order[:0], order[:0]).tolist() == []


few = st.lists(st.sampled_from([0, 1, 2, 3, 0xFFFFFFFF]), max_size=6)


@given(st.lists(st.tuples(few, few), max_size=5))
def test_shared_entries_are_those_of_sets(pairs: Ragged) -> None:
    flat = [side for pair in pairs for side in pair]
    bounds = np.cumsum([0, *map(len, flat)])
    hashes = np.array([value for side in flat for value in side], np.uint32)
    indexes = []
    for side in (0, 1):
        rows = np.arange(side, len(flat), 2)
        at = [place for row in rows for place in range(bounds[row], bounds[row + 1])]
        sizes = [len(flat[row]) for row in rows]
        indexes.append((np.array(at, np.int64), np.cumsum([0, *sizes])))
    expected = [[value in pair[1 - side] for pair in pairs for value in pair[side]] for side in (0, 1)]
    assert [found.tolist() for found in _shared_entries(hashes, indexes)] == expected


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Texts that are only seen where lots are compared."""

    articles: Sequence[Document]
    asked: list[int] = field(default_factory=list)
    lost: Callable[[int], Sequence[int]] = lambda number: ()

    def __call__(self, numbers: Sequence[int]) -> list[list[str]]:
        raise AssertionError("these texts stand elsewhere")

    def without(self, lost: Callable[[int], Sequence[int]]) -> Elsewhere:
        return Elsewhere(self.articles, self.asked, lost)

    def compared(self, lots: Sequence[PairBatch]) -> list[Evidence]:
        self.asked.append(sum(len(lot[0]) for lot in lots))
        return [batch_by_words(lot, self._texts) for lot in lots]

    def _texts(self, numbers: Sequence[int]) -> list[list[str]]:
        return [left(self.articles[number].blocks, self.lost(number)) for number in numbers]


def test_lots_compared_elsewhere_give_the_same_clusters() -> None:
    boiler = prose(70, 6)
    pages = []
    for story in range(8):
        base = prose(story, 12)
        pages.append(article(f"{story}", [*base, *boiler], "one.example"))
        shuffled = [" ".join(sorted(block.split(), key=len)) for block in base[:1]]
        pages.append(article(f"{story} copy", [*base[1:], *shuffled, *boiler], "one.example"))
    signed, elsewhere = corpus.compute_signatures(pages), Elsewhere(pages)
    here = cluster(signed, lambda numbers: [pages[number].blocks for number in numbers])
    assert cluster(signed, elsewhere) == here
    assert here.clusters
    assert here.templates
    assert sum(elsewhere.asked) > 0
