"""Signing batches of articles, and the pairs that are worth comparing."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest
from signed import article, chinese, prose

from dedupe.corpus import candidates as candidates_
from dedupe.corpus import records as records_
from dedupe.corpus import signatures as corpus
from dedupe.corpus.records import Signatures
from dedupe.text.words import NUMERIC


def equal(one: Signatures, two: Signatures) -> bool:
    pairs = [(getattr(one, field.name), getattr(two, field.name)) for field in fields(Signatures)]
    return all(np.array_equal(left, right) and type(left) is type(right) for left, right in pairs)


def every(signed: Signatures) -> set[tuple[str, str]]:
    one, two = candidates_.candidates(signed, np.arange(len(signed)))
    assert (one < two).all()
    return {(signed.keys[a], signed.keys[b]) for a, b in zip(one.tolist(), two.tolist(), strict=True)}


def test_batches_do_not_matter() -> None:
    articles = [article(f"p{seed}", prose(seed, 3 * (seed % 5)) + chinese(seed, 3)) for seed in range(12)]
    articles.append(article("empty", []))
    whole = corpus.compute_signatures(articles)
    assert equal(
        whole, records_.joined([corpus.compute_signatures(articles[at : at + 5]) for at in range(0, 13, 5)])
    )
    assert equal(whole, pickle.loads(pickle.dumps(whole)))


def test_a_kept_article_takes_less_than_a_kilobyte() -> None:
    signed = corpus.compute_signatures([article(f"p{seed}", prose(seed, 36)) for seed in range(50)])
    arrays = [getattr(signed, field.name) for field in fields(Signatures)]
    assert sum(array.nbytes for array in arrays if isinstance(array, np.ndarray)) < 50 * 1000


def test_samples_are_an_eighth_and_know_numbers() -> None:
    words = " ".join(f"w{number} word{number}a" for number in range(4000)).replace("w", "x")
    plain = " ".join(prose(7, 600))
    for text, numeric in ((words, 1.0), (plain, 0.0)):
        signed = corpus.compute_signatures([article("a", [text])])
        count = len(text.split())
        assert len(signed.samples) == pytest.approx(count / 8, rel=0.15)
        assert ((signed.samples & NUMERIC) != 0).mean() == numeric


@pytest.mark.parametrize("make", [prose, chinese])
def test_truncated_edited_and_grown_copies_are_candidates(make: Callable[[int, int], list[str]]) -> None:
    base = make(1, 36)
    articles = [
        article("base", base),
        article("cut", base[:4]),
        article("grown", make(2, 36) + base),
        article("edited", [block.replace("a", "e").replace("的", "了") for block in base[:6]] + base[6:]),
        article("other", make(3, 36)),
    ]
    found = every(corpus.compute_signatures(articles))
    assert {("base", "cut"), ("base", "grown"), ("base", "edited")} <= found
    assert not any("other" in pair for pair in found)


def test_short_texts_are_found_by_their_bands() -> None:
    flash = "The harbour of Lindau is closed until noon because of a strong storm over the lake"
    signed = corpus.compute_signatures(
        [article("a", [flash]), article("b", [flash + " today"]), article("c", prose(4, 3))]
    )
    assert set(signed.banded.tolist()) == {0, 1, 2}
    assert ("a", "b") in every(signed)


def test_candidates_do_not_depend_on_order() -> None:
    articles = [article(f"p{seed}-{cut}", prose(seed, 30)[cut:]) for seed in range(4) for cut in range(6)]
    articles += [
        article(f"s{number}", [f"A short note number {number} that says always the same thing"])
        for number in range(30)
    ]
    shuffled = random.Random(1).sample(articles, len(articles))
    found, again = every(corpus.compute_signatures(articles)), every(corpus.compute_signatures(shuffled))
    assert {frozenset(pair) for pair in found} == {frozenset(pair) for pair in again}


def test_a_common_phrase_proposes_nothing() -> None:
    phrase = "on the evening of the day before yesterday in the middle of the town"
    articles = [article(f"p{n}", [*prose(n, 9), phrase, *prose(100 + n, 9)]) for n in range(30)]
    assert not every(corpus.compute_signatures(articles))


def test_parts_and_stretches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    articles = [article(f"p{seed}-{cut}", prose(seed, 60)[cut:]) for seed in range(4) for cut in range(8)]
    signed = corpus.compute_signatures(articles)
    expected = every(signed)
    assert len(expected) == 4 * 28
    monkeypatch.setattr(candidates_, "TOGETHER", 7)
    monkeypatch.setattr(candidates_, "PARTS_BITS", 1)
    assert every(signed) == expected


def test_too_many_articles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates_, "PLACE_BITS", 2)
    with pytest.raises(ValueError, match="too many"):
        every(corpus.compute_signatures([article(f"p{n}", prose(n, 3)) for n in range(5)]))


def test_candidates_stay_linear_where_all_are_alike() -> None:
    base = prose(5, 30)
    articles = [article(f"p{number}", [*base, *prose(1000 + number, 3)]) for number in range(300)]
    assert len(every(corpus.compute_signatures(articles))) < 300 * 12


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (
            "All rights are with the Courier (March 12, 2014 09:30)",
            "All rights are with the Courier (May 3, 2021 23:01)",
        ),
        ("Stand der Dinge: 3. Mai 2024, 10:31 Uhr", "Stand der Dinge: 12. Juni 2023, 9:05 Uhr"),
        ("本网站最后更新于2024年5月3日 10:31", "本网站最后更新于2023年12月21日 9:05"),
        ("Read by 1,204 people so far", "Read by 87 people so far"),
        ("Line 7 of the terms holds (June 1, 2020)", "Line 7 of the terms holds (July 30, 2019)"),
    ],
)
def test_dates_and_counters_do_not_change_a_block_key(one: str, two: str) -> None:
    keys = corpus.block_keys([one, two, one + " anew"])
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (
            "Monday: sunny, high near 12, low around 3, winds at 9 mph.",
            "Monday: sunny, high near 31, low around 20, winds at 7 mph.",
        ),
        ("Harlow beat Dover 3-2 in front of 900 fans.", "Harlow beat Dover 1-0 in front of 60000 fans."),
        ("It was founded in 1998", "It was founded in 2004 by two"),
    ],
)
def test_lines_of_data_keep_their_numbers(one: str, two: str) -> None:
    keys = corpus.block_keys([one, two])
    assert keys[0] != keys[1]


def test_a_corpus_without_its_templates() -> None:
    notice = " ".join(prose(77))
    articles = [article("a", [*prose(1), notice], "x.org"), article("b", [notice, *prose(2)], "y.org")]
    signed = corpus.compute_signatures(articles)
    key = corpus.block_keys([notice])[0]
    cut = corpus.without(signed, {"x.org": frozenset([key])})
    bare = corpus.compute_signatures([article("a", prose(1), "x.org"), articles[1]])
    assert cut.sentences.tolist() == bare.sentences.tolist()
    assert cut.sentence_at.tolist() == bare.sentence_at.tolist()
    assert len(signed.samples) > len(cut.samples) >= len(bare.samples)
    assert cut.sample_at[-1] == len(cut.samples)
    assert cut.units.tolist() == bare.units.tolist()
    assert records_.in_template(signed, {"x.org": frozenset([key])}).sum() == 1


def test_articles_of_no_site_need_no_blocks() -> None:
    notice = " ".join(prose(77))
    sites = ["", "x.org", "", "y.org", ""]
    articles = [article(f"p{n}", [*prose(n), notice, *prose(60 + n)], site) for n, site in enumerate(sites)]
    signed = corpus.compute_signatures(articles)
    slim = corpus.without_sites(signed)
    assert np.diff(slim.block_at).tolist() == [0, 9, 0, 9, 0]
    templates = {"x.org": frozenset(corpus.block_keys([notice]))}
    cut, cut_slim = corpus.without(signed, templates), corpus.without(slim, templates)
    assert len(cut.sentences) < len(signed.sentences)
    for column in ("sentences", "sentence_at", "samples", "sample_at", "units"):
        assert getattr(cut, column).tolist() == getattr(cut_slim, column).tolist()
    assert every(slim) == every(signed)


def test_joined_batches_can_be_a_stream() -> None:
    articles = [article(f"p{seed}", prose(seed)) for seed in range(6)]
    stream = (corpus.compute_signatures([each]) for each in articles)
    assert equal(records_.joined(stream), corpus.compute_signatures(articles))


def test_records_are_plain() -> None:
    record = article("k", ["one"], "site", "2024-01-02")
    assert replace(record, key="k2").key == "k2"
    assert pickle.loads(pickle.dumps(record)) == record
    assert not hasattr(record, "__dict__")
