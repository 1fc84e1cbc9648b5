"""Words, sentences and shingles of many texts at once, against a slow plain reference."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.text import ragged
from dedupe.text import words as shingles
from dedupe.text.normalize import tokens, units
from dedupe.text.words import BASE, MIX

WRAP = (1 << 64) - 1
TRICKY = (
    "aBc Straße … ﬁn ½ é e\u0301 ＡＢ １２ 。！？.! \n \u3000 한글 \u1100\u1161\u11a8 ｶﾞ が 中文 𠀀 😀 ²³ "
    "İ ſ K ǰ ΐ \u0345 ᾳ _ - ' ’ ٣ ৩ \ud800 q\u0303 ™ ℃ ㎏ \x00 \x85 \u2028 3.5 example.com. ”"
)
TEXT = st.text(alphabet=st.one_of(st.sampled_from(TRICKY), st.characters()), max_size=60)
TEXTS = st.lists(st.lists(TEXT, max_size=4), max_size=4)


def mixed(value: int) -> int:
    value ^= value >> 32
    value = value * MIX & WRAP
    return value ^ (value >> 29)


def sequence_hash(values: list[int]) -> int:
    return (
        mixed(sum(value * pow(BASE, at, 1 << 64) for at, value in enumerate(values)) & WRAP) if values else 0
    )


def word_hash(word: str) -> int:
    return sequence_hash([ord(character) for character in word])


def plain_shingles(words: list[str], k: int, k_cjk: int) -> list[int]:
    found = []
    hashes = [word_hash(word) for word in words]
    for at, word in enumerate(words):
        size = k_cjk if len(word) == 1 and "一" <= word <= "鿿" else k
        if at + size <= len(words):
            found.append(sequence_hash(hashes[at : at + size]))
    return found or ([sequence_hash(hashes)] if hashes else [])


@given(TEXTS)
@example([["x" * 5, "😀 ½ ok"], [], [""], ["\u0301a", "b"]])
def test_words_are_those_of_the_normaliser(texts: list[list[str]]) -> None:
    found = shingles.words(texts)
    blocks = [tokens(block) for text in texts for block in text]
    assert found.hashes.tolist() == [word_hash(word) for block in blocks for word in block]
    assert np.diff(found.blocks).tolist() == [len(block) for block in blocks]
    assert np.diff(found.texts).tolist() == [len(text) for text in texts]
    numeric = [any(map(str.isdigit, word)) for block in blocks for word in block]
    assert found.numeric.tolist() == numeric


@given(TEXTS)
def test_every_block_with_words_begins_a_sentence(texts: list[list[str]]) -> None:
    found = shingles.words(texts)
    filled = found.blocks[:-1][np.diff(found.blocks) > 0]
    assert found.opens[filled].all()
    assert found.sentences[-1] == len(found.hashes)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One two. Three four? Five", 3),
        ("It cost 3.5 million at example.com today", 1),
        ("他来了。他走了！为什么？因为累", 4),
        ("“End.” Next", 2),
        ("Wait… what", 2),
        ("Wait... what", 2),
        ("LAKEWOOD (AP) - A ferry", 2),
        ("“It is.” (He left)", 2),
        ("A 3.5-fold well-known rise", 1),
        ("- Item one", 1),
    ],
)
def test_sentences(text: str, sentences: int) -> None:
    assert len(shingles.words([[text]]).sentences) - 1 == sentences


def test_batches_and_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [[TRICKY * 3, "plain words in a line"], ["", "中文字" * 40], ["last"]] * 5
    whole = shingles.words(texts)
    monkeypatch.setattr(shingles, "CHUNK", 64)
    apart = [shingles.words([[piece for piece in text if len(piece) <= 64]]) for text in texts]
    monkeypatch.undo()
    again = shingles.words([[piece for piece in text if len(piece) <= 64] for text in texts])
    assert np.concatenate([part.hashes for part in apart]).tolist() == again.hashes.tolist()
    assert whole.hashes.tolist() == [word_hash(w) for text in texts for block in text for w in tokens(block)]


def test_a_block_longer_than_a_chunk_stays_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shingles, "CHUNK", 50)
    found = shingles.words([["short", "word " * 40, "end"]])
    assert np.diff(found.blocks).tolist() == [1, 40, 1]


@given(st.lists(TEXT, max_size=3), st.integers(1, 5), st.integers(0, 4))
@example(["a b c", "", "d", "中文 e f 中文字符 g"], 3, 2)
def test_shingles_match_the_plain_ones(texts: list[str], k: int, more: int) -> None:
    found = shingles.words([[text] for text in texts])
    hashes, whole = shingles.shingles(found, k, k)
    expected = [plain_shingles(tokens(text), k, k) for text in texts]
    assert hashes[whole].tolist() == [each for text in expected for each in text]
    bounds = found.offsets[:-1], found.offsets[1:]
    assert [int(whole[low:high].sum()) for low, high in zip(*bounds, strict=True)] == list(map(len, expected))
    lines = ["中文字符abc和 12 其他的词", "中文", "x 其他 的词 y z"]
    hashes, whole = shingles.shingles(shingles.words([[line] for line in lines]), k, k + more)
    mixed_scripts = [each for line in lines for each in plain_shingles(tokens(line), k, k + more)]
    assert hashes[whole].tolist() == mixed_scripts


@given(TEXTS)
def test_stretches_of_words(texts: list[list[str]]) -> None:
    found = shingles.words(texts)
    assert found.sequences(found.blocks).tolist() == [
        sequence_hash([word_hash(word) for word in tokens(block)]) for text in texts for block in text
    ]
    assert found.units(found.blocks).tolist() == [units(block) for text in texts for block in text]


@given(
    st.integers(0, 1).flatmap(
        lambda least: st.lists(st.lists(st.integers(0, 9), min_size=least, max_size=5))
    ),
    st.sampled_from((np.int64, np.float64, np.uint8)),
)
def test_segment_sums_of_empty_stretches_are_zero(stretches: list[list[int]], kind: type[np.generic]) -> None:
    values = np.array([value for stretch in stretches for value in stretch], kind)
    bounds = ragged.offsets([len(stretch) for stretch in stretches])
    found = ragged.segment_sum(values, bounds)
    assert found.dtype == np.dtype(kind)
    assert found.tolist() == [sum(stretch) for stretch in stretches]


def test_entries_of_a_ragged_array() -> None:
    at, bounds = ragged.entries(np.array([0, 2, 2, 5]), np.array([2, 0, 1]))
    assert at.tolist() == [2, 3, 4, 0, 1]
    assert bounds.tolist() == [0, 3, 5, 5]


def test_hashes_are_the_same_in_another_process() -> None:
    code = "from dedupe.text.words import words; print(words([['Grüße, 世界 2024']]).hashes.tolist())"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == str(shingles.words([["Grüße, 世界 2024"]]).hashes.tolist())


def test_nothing_at_all() -> None:
    nothing: list[list[list[str]]] = [[], [[]], [[""]], [["…", "—"]]]
    for texts in nothing:
        found = shingles.words(texts)
        assert len(found.hashes) == 0
        assert not shingles.shingles(found, 4, 7)[1].any()
        assert len(found.offsets) == len(texts) + 1
