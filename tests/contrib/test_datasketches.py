"""Signatures as datasketch's objects: its indexes take them, and they tell copies from others."""

from __future__ import annotations

import pytest
from conftest import ARTICLES
from datasketch import MinHash, MinHashLSH

import dedupe
from dedupe.contrib.datasketch import minhashes

TEXTS = ["\n\n".join(paragraphs) for paragraphs in ARTICLES.values()]


def test_an_index_of_datasketch_finds_the_edited_copy() -> None:
    index = MinHashLSH(threshold=0.5, num_perm=128)
    for number, signature in enumerate(dedupe.minhashes(TEXTS)):
        index.insert(number, signature)
    for number, text in enumerate(TEXTS):
        (edited,) = dedupe.minhashes([text[: -len(text) // 12]])
        assert index.query(edited) == [number]


def test_the_estimate_is_near_the_truth() -> None:
    words = " ".join(f"w{number}" for number in range(600))
    half = " ".join(f"w{number}" for number in range(300, 900))
    one, two = minhashes([words, half], 512)
    assert one.jaccard(two) == pytest.approx(296 / 896, abs=0.07)


def test_batches_and_single_ones_are_the_same_and_results_are_their_bodies() -> None:
    result = dedupe.clean(f"<h1>Ferry stops</h1>{''.join(f'<p>{text}</p>' for text in ARTICLES['en'])}")
    together = minhashes([result, *TEXTS])
    assert together[0] == minhashes([result.body])[0]
    assert together[1:] == [minhashes([text])[0] for text in TEXTS]


def test_they_are_what_datasketch_makes_of_the_same_hashes() -> None:
    (ours,) = minhashes(["one two three four five"])
    again = MinHash(128, seed=1, scheme="affine32")
    assert (ours.permutations == again.permutations).all()
    assert minhashes([]) == []
    assert minhashes([""])[0].is_empty()
