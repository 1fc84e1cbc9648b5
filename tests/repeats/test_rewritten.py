"""Blocks compared word by word, and the work that a page may cause by that."""

from __future__ import annotations

import random
from collections import Counter
from difflib import SequenceMatcher

import pytest
from conftest import page_of
from hypothesis import given
from hypothesis import strategies as st
from prose import prose

import dedupe
from dedupe.repeats.comparisons import WORK, Comparisons
from dedupe.repeats.rewritten import BOUNDED
from dedupe.repeats.search import find
from dedupe.repeats.thresholds import MATCHING
from dedupe.repeats.tokens import TokenStream

SOME = ["harbour", "ferry", "island", "winter", "letter", "captain", "evening", "market"]
TEXT = st.lists(st.sampled_from(SOME), min_size=1, max_size=30).map(" ".join)


@given(TEXT, TEXT)
def test_matches_are_those_of_difflib(one: str, two: str) -> None:
    stream = TokenStream.of(page_of(one, two))
    words, others = stream.block_words
    matcher = SequenceMatcher(None, words, others, autojunk=False)
    start = stream.block_starts[1]
    comparisons = Comparisons(stream)
    found = [(match.left, match.right - start, match.size) for match in comparisons.matches(0, 1)]
    blocks = [tuple(block) for block in matcher.get_matching_blocks() if block.size]
    assert found == (blocks if matcher.ratio() >= MATCHING.rewritten_share else [])
    assert not comparisons.bounded


@pytest.mark.parametrize("every", [4, 5])
def test_a_copy_of_which_every_few_words_are_others_is_a_copy(every: int) -> None:
    article = prose(3, 6)
    copy = [
        " ".join(f"other{at}" if at % every == 0 else word for at, word in enumerate(text.split()))
        for text in article
    ]
    found = {pair for run in find(page_of(*article, *copy)).runs for pair in run.pairs}
    assert found <= {(at, at + 6) for at in range(6)}
    assert len(found) >= 5, "one block in six may be too much altered"
    assert find(page_of(*article, *prose(4, 6))).runs == ()


def texts_of_few_words(count: int, length: int) -> list[str]:
    rng = random.Random(5)
    words = [f"word{chr(97 + at)}" for at in range(26)]
    return [" ".join(rng.choices(words, k=length)) for _ in range(count)]


def test_all_pairs_of_a_page_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    met = 0
    search = SequenceMatcher.find_longest_match

    def counted(matcher: SequenceMatcher[int], alo: int, ahi: int, blo: int, bhi: int) -> object:
        nonlocal met
        ours: list[int] = matcher.a  # type: ignore[attr-defined]
        theirs = Counter[int](matcher.b)  # type: ignore[attr-defined]
        met += sum(theirs[word] for word in ours[alo:ahi])
        return search(matcher, alo, ahi, blo, bhi)

    monkeypatch.setattr(SequenceMatcher, "find_longest_match", counted)
    twins = find(page_of(*texts_of_few_words(12, 1_500)))
    assert 0 < met <= WORK
    assert BOUNDED in twins.page.warnings


def test_a_page_that_was_not_compared_entirely_says_so_and_keeps_all() -> None:
    texts = texts_of_few_words(12, 1_500)
    result = dedupe.clean("\n\n".join(texts))
    assert BOUNDED in result.warnings
    assert [block.text for block in result.blocks] == texts


def test_what_is_spent_is_not_there_for_later_pairs() -> None:
    stream = TokenStream.of(page_of(*[" ".join(SOME)] * 4))
    comparisons = Comparisons(stream, work=60)
    pairs = [comparisons.matches(0, other) for other in (1, 2, 3)]
    assert pairs[0]
    assert pairs[-1] == []
    assert comparisons.bounded
