"""A bulk run against what earlier runs have left in an index."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from test_index import chinese, edited, prose

from dedupe import open_index
from dedupe.bulk_index import earlier, from_json, index_keys, remember, taken, to_json, with_earlier
from dedupe.bulk_stages import Verdict
from dedupe.corpus import Prepared, Signed, sign


def run(day: int, articles: list[list[str]]) -> Signed:
    return sign(
        [Prepared(f"day{day}/{number}", tuple(blocks), "a.example") for number, blocks in enumerate(articles)]
    )


def equal(one: Signed, two: Signed) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(two, field.name)) for field in fields(Signed))


def test_a_part_of_a_corpus_is_as_signed_by_itself() -> None:
    articles = [
        Prepared(
            f"p{seed}", tuple(prose(seed, 1 + seed % 4) + chinese(seed, seed % 2)), f"s{seed % 3}", "2026"
        )
        for seed in range(12)
    ]
    articles[5] = Prepared("empty", ())
    whole = sign(articles)
    for numbers in ([], [5], [0, 1, 2], [11, 3, 5, 7], list(range(12))):
        assert equal(taken(whole, numbers), sign([articles[number] for number in numbers]))


def test_the_crawl_of_today_against_that_of_yesterday() -> None:
    with open_index("memory:") as index:
        first = run(1, [prose(seed) for seed in range(5)])
        assert earlier(index, first, {}) == {}
        remember(index, first)
        today = [
            prose(3),
            edited(prose(4), 0.02),
            prose(7),
            prose(2)[:3],
            [*prose(1), *prose(9)],
            prose(7),
            [],
        ]
        second = run(2, today)
        own = {2: Verdict("day2/2"), 5: Verdict("day2/2", "day2/2", "exact", 1.0, 1.0)}
        seen = earlier(index, second, own)
        assert {number: (result.status, result.key) for number, result in seen.items()} == {
            0: ("exact", "day1/3"),
            1: ("near", "day1/4"),
            3: ("contained", "day1/2"),
        }
        assert from_json(to_json(seen)) == seen
        found = with_earlier(own, second.keys, seen)
        assert found[2] == own[2]
        assert found[5] == own[5]
        assert (found[0].keeper, found[0].relation, found[0].similarity) == ("day1/3", "exact", 1.0)
        assert {number for number, verdict in found.items() if verdict.keeper} == {0, 1, 3, 5}


def test_copies_of_a_page_that_was_there_before_follow_it() -> None:
    with open_index("memory:") as index:
        remember(index, run(1, [prose(1)]))
        today = run(2, [edited(prose(1), 0.01), prose(1)])
        own = {0: Verdict("day2/0"), 1: Verdict("day2/0", "day2/0", "near", 0.9, 0.9)}
        found = with_earlier(own, today.keys, earlier(index, today, own))
    assert [found[number].keeper for number in (0, 1)] == ["day1/0", "day1/0"]


def test_a_run_that_is_done_again_says_the_same() -> None:
    with open_index("memory:") as index:
        remember(index, run(1, [prose(1), prose(2)]))
        today = run(2, [prose(2), prose(3), prose(3)])
        before = earlier(index, today, {})
        remember(index, today)
        again = earlier(index, today, {})
        assert list(before) == [0]
        assert {number: seen.key for number, seen in before.items()} == {0: "day1/1"}
        assert with_earlier({}, today.keys, again) == with_earlier({}, today.keys, before)
        assert index.verify().ok


@pytest.mark.parametrize("root", ["/crawl", "."])
def test_keys_are_urls_or_whole_paths(root: str) -> None:
    names = ("a.html", "b.html", "c.jsonl#1", "d.html")
    keys = index_keys(names, ["https://a.example/1", "https://a.example/1", None, ""], root)
    assert keys[0] == "https://a.example/1"
    assert [key.rpartition("/")[2] for key in keys[1:]] == ["b.html", "c.jsonl#1", "d.html"]
    assert all(key.startswith("/") for key in keys[1:])
    assert len(set(keys)) == 4
