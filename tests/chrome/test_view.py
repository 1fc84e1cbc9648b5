"""What is asked of a page that is judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.chrome import context
from dedupe.chrome.context import Passages
from dedupe.repeats import align

WORDS = st.lists(st.integers(1, 3), max_size=12).map(tuple)


@given(st.lists(WORDS, max_size=5), WORDS.filter(bool))
def test_passages_are_those_of_a_plain_search(texts: list[tuple[int, ...]], words: tuple[int, ...]) -> None:
    size = len(words)
    held = any(text[at : at + size] == words for text in texts for at in range(len(text) - size + 1))
    assert (words in Passages(texts)) == held


def test_many_questions_go_through_the_text_once_a_length(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []

    def counted(ids: align.Ids, k: int) -> object:
        lengths.append(len(ids))
        return align.kgram_keys(ids, k)

    monkeypatch.setattr(context, "kgram_keys", counted)
    passages = Passages([tuple(range(1, 10_001))])
    assert all((at, at + 1) in passages and (at, at + 2) not in passages for at in range(1, 500))
    assert (1, 2, 3) in passages
    assert sum(length > 3 for length in lengths) == 2
