"""Signatures, bands and pairs, with datasketch as the oracle."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.text import minhash
from dedupe.text.ragged import I64, U64, offsets

SETS = st.lists(st.lists(st.integers(0, (1 << 64) - 1), max_size=30), min_size=1, max_size=6)


def arrays(sets: list[list[int]]) -> tuple[U64, I64]:
    return np.array([value for each in sets for value in each], np.uint64), offsets(list(map(len, sets)))


def oracle(values: list[int], count: int, seed: int) -> MinHash:
    sketch = MinHash(count, seed=seed, hashfunc=lambda value: value & 0xFFFFFFFF)
    sketch.update_batch(values)
    return sketch


@settings(max_examples=40)
@given(SETS, st.sampled_from([1, 16, 128]), st.sampled_from([1, 7]))
def test_signatures_are_those_of_datasketch(sets: list[list[int]], count: int, seed: int) -> None:
    found = minhash.signatures(*arrays(sets), count, seed)
    assert found.dtype == np.uint32
    for row, values in zip(found, sets, strict=True):
        assert row.tolist() == oracle(values, count, seed).hashvalues.tolist()


def test_blocks_of_hashes_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    hashes = random.integers(0, 1 << 63, 900, dtype=np.uint64)
    at = offsets([0, 300, 0, 1, 499, 100, 0])
    whole = minhash.signatures(hashes, at)
    monkeypatch.setattr(minhash, "_BLOCK", 64)
    assert (minhash.signatures(hashes, at) == whole).all()


@given(SETS, st.integers(1, 40))
def test_few_hashes_at_once_are_as_many_one_after_the_other(sets: list[list[int]], count: int) -> None:
    at_once = minhash.signatures(*arrays(sets), count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minhash, "SMALL", 0)
        assert (minhash.signatures(*arrays(sets), count) == at_once).all()


def test_more_bands_than_values_are_refused() -> None:
    with pytest.raises(ValueError, match="8 bands of 4 rows need 32 values, not 16"):
        minhash.band_keys(np.zeros((2, 16), np.uint32), 8, 4)


def test_pairs_are_those_of_an_lsh_index() -> None:
    random = np.random.default_rng(11)
    base = random.integers(0, 1 << 63, (40, 120), dtype=np.uint64)
    sets: list[list[int]] = []
    for row in base.tolist():
        others = random.integers(0, 1 << 63, 60, dtype=np.uint64).tolist()
        sets.extend(row[share:] + others[:share] for share in (0, 6, 24, 60))
    matrix = minhash.signatures(*arrays(sets))
    bands, rows = 18, 6
    index = MinHashLSH(num_perm=128, params=(bands, rows))
    sketches = [MinHash(hashvalues=row, scheme="affine32") for row in matrix]
    for number, sketch in enumerate(sketches):
        index.insert(number, sketch)
    expected = {
        (min(number, other), max(number, other))
        for number, sketch in enumerate(sketches)
        for other in index.query(sketch)
        if other != number
    }
    keys = minhash.band_keys(matrix, bands, rows)
    one, two = minhash.pairs(keys.ravel(), np.repeat(np.arange(len(sets)), bands))
    assert set(zip(one.tolist(), two.tolist(), strict=True)) == expected
    assert len(expected) > 60


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40)), max_size=120), st.integers(2, 6))
def test_owners_of_a_key_stay_connected(entries: list[tuple[int, int]], full: int) -> None:
    keys = np.array([key for key, _ in entries], np.uint64)
    owners = np.array([owner for _, owner in entries], np.int64)
    one, two = minhash.pairs(keys, owners, full, 1)
    found = set(zip(one.tolist(), two.tolist(), strict=True))
    assert all(left < right for left, right in found)
    for key in set(keys.tolist()):
        mine = sorted(set(owners[keys == key].tolist()))
        wanted = [(a, b) for a in mine for b in mine if a < b]
        if len(mine) > full:
            wanted = list(pairwise(mine))
        assert found >= set(wanted)


def test_work_on_a_common_key_is_linear() -> None:
    one, _ = minhash.pairs(np.zeros(5000, np.uint64), np.arange(5000))
    assert len(one) < 5000 * (minhash.NEIGHBOURS + 1)


def test_datasketch_is_not_needed() -> None:
    left_out = ["datasketch", "scipy"]
    code = f"import sys, dedupe.corpus.clusters; sys.exit(not sys.modules.keys().isdisjoint({left_out}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
