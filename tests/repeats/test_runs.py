"""What a chain covers, and that the work for it does not depend on how big the blocks are."""

from __future__ import annotations

import pytest
from conftest import page_of
from hypothesis import given
from hypothesis import strategies as st

from dedupe.repeats.coverage import Alignment, CoveredSide
from dedupe.repeats.records import ExactMatch
from dedupe.repeats.thresholds import MATCHING, RULES
from dedupe.repeats.tokens import TokenStream

SENTENCES = st.sampled_from(
    ["Read more now.", "The old ferry leaves the harbour at noon with mail.", "No news today here, again."]
)


def plainly_absorbed(side: CoveredSide, block: int, covered: set[int]) -> set[int]:
    """The covered sentences of a block that is not whole, going through all of its sentences."""
    stream, part = side.stream, side.stream.sentences[block]
    found = covered & set(part)
    for order in (part, reversed(part)):
        last = None
        for sentence in order:
            if last in found and stream.sentence_units(sentence) <= MATCHING.loose_end_words:
                found.add(sentence)
            last = sentence
    return found if sum(map(stream.sentence_units, found)) >= RULES.middle_block_words else set()


@given(st.lists(SENTENCES, min_size=2, max_size=12), st.data())
def test_loose_ends_are_those_of_a_plain_walk(sentences: list[str], data: st.DataObject) -> None:
    stream = TokenStream.of(page_of(" ".join(sentences), "The last line of the page is another one."))
    side = CoveredSide(stream)
    covered = data.draw(st.sets(st.sampled_from(stream.sentences[0])))
    side.sentences = set(covered)
    side.whole = set()
    side._absorb(0, sorted(covered))
    assert side.sentences == plainly_absorbed(side, 0, covered)


def test_a_match_inside_a_big_block_does_not_go_through_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    length = TokenStream.sentence_units

    def counted(stream: TokenStream, sentence: int) -> float:
        nonlocal asked
        asked += 1
        return length(stream, sentence)

    text = " ".join(f"Ferry number {at} leaves the harbour at noon with mail." for at in range(2_000))
    stream = TokenStream.of(page_of(text))
    monkeypatch.setattr(TokenStream, "sentence_units", counted)
    Alignment.of(stream, [ExactMatch(stream.sentence_starts[5], stream.sentence_starts[1_500], 20)])
    assert asked < 100
