"""A bulk run against what earlier runs have left in an index."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from test_index import chinese, edited, prose

from dedupe import StoreError, open_index
from dedupe.bulk import run
from dedupe.bulk_index import earlier, from_json, index_keys, taken, to_json, with_earlier
from dedupe.bulk_stages import Rendering, Verdict
from dedupe.bulk_work import BulkOptions
from dedupe.corpus import Prepared, Signed, sign
from dedupe.index import Index, SeenResult


def day(number: int, articles: list[list[str]]) -> Signed:
    pages = [Prepared(f"day{number}/{at}", tuple(blocks), "a.example") for at, blocks in enumerate(articles)]
    return sign(pages)


def asked(index: Index, signed: Signed, own: dict[int, Verdict]) -> dict[int, SeenResult]:
    return earlier(index, [signed], signed.keys, own)


def equal(one: Signed, two: Signed) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(two, field.name)) for field in fields(Signed))


def test_a_part_of_a_corpus_is_as_signed_by_itself() -> None:
    articles = [
        Prepared(f"p{seed}", (*prose(seed, 1 + seed % 4), *chinese(seed, seed % 2)), f"s{seed % 3}")
        for seed in range(12)
    ]
    articles[5] = Prepared("empty", ())
    whole = sign(articles)
    for numbers in ([], [5], [0, 1, 2], [11, 3, 5, 7], list(range(12))):
        assert equal(taken(whole, numbers), sign([articles[number] for number in numbers]))


def test_what_earlier_days_say() -> None:
    with open_index("memory:") as index:
        first = day(1, [prose(seed) for seed in range(5)])
        assert asked(index, first, {}) == {}
        index.add_signed(first)
        today = [prose(3), edited(prose(4), 0.02), prose(7), prose(2)[:3], [*prose(1), *prose(9)], prose(7)]
        second = day(2, [*today, []])
        own = {2: Verdict("day2/2"), 5: Verdict("day2/2", "day2/2", "exact", 1.0, 1.0)}
        seen = asked(index, second, own)
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
        index.add_signed(day(1, [prose(1)]))
        today = day(2, [edited(prose(1), 0.01), prose(1)])
        own = {0: Verdict("day2/0"), 1: Verdict("day2/0", "day2/0", "near", 0.9, 0.9)}
        found = with_earlier(own, today.keys, asked(index, today, own))
    assert [found[number].keeper for number in (0, 1)] == ["day1/0", "day1/0"]


@pytest.mark.parametrize("root", ["/crawl", "."])
def test_keys_are_urls_or_whole_paths(root: str) -> None:
    names = ("a.html", "b.html", "c.jsonl#1", "d.html")
    keys = index_keys(names, ["https://a.example/1", "https://a.example/1", None, ""], root)
    assert keys[0] == "https://a.example/1"
    assert [key.rpartition("/")[2] for key in keys[1:]] == ["b.html", "c.jsonl#1", "d.html"]
    assert all(key.startswith("/") for key in keys[1:])
    assert len(set(keys)) == 4


# ---------------------------------------------------------------- whole runs


def crawl(folder: Path, pages: dict[str, list[str]]) -> Path:
    folder.mkdir()
    for name, blocks in pages.items():
        body = "".join(f"<p>{block}</p>" for block in blocks)
        (folder / f"{name}.html").write_text(f"<html><body><article>{body}</article></body></html>", "utf-8")
    return folder


def statuses(dest: Path) -> dict[str, tuple[str, str | None]]:
    rows = [json.loads(line) for line in (dest / "pages.jsonl").read_text("utf-8").splitlines()]
    return {row["path"]: (row["status"], row["duplicate_of"]) for row in rows}


def test_the_crawl_of_today_against_all_earlier_ones(tmp_path: Path) -> None:
    options = BulkOptions(index=str(tmp_path / "seen.db"))
    first = crawl(tmp_path / "first", {"a": prose(1), "b": prose(2), "b2": prose(2)})
    run([str(first)], str(tmp_path / "out1"), options)
    assert [status for status, _ in statuses(tmp_path / "out1").values()] == ["kept", "kept", "duplicate"]
    second = crawl(tmp_path / "second", {"a": edited(prose(1), 0.02), "c": prose(3), "c2": prose(3)})
    run([str(second)], str(tmp_path / "out2"), options)
    expected = {
        "a.html": ("duplicate", str(first / "a.html")),
        "c.html": ("kept", None),
        "c2.html": ("duplicate", "c.html"),
    }
    assert statuses(tmp_path / "out2") == expected
    assert not (tmp_path / "out2" / "clean" / "a.html.txt").exists()
    run([str(second)], str(tmp_path / "out2"), options, mode="overwrite")
    assert statuses(tmp_path / "out2") == expected
    with open_index(tmp_path / "seen.db", create=False) as index:
        assert len(index) == 6
        assert index.verify().ok


def test_links_lead_to_pages_of_the_run_only(tmp_path: Path) -> None:
    options = BulkOptions(index=str(tmp_path / "seen.db"), rendering=Rendering(duplicates="link"))
    run([str(crawl(tmp_path / "first", {"a": prose(1)}))], str(tmp_path / "out1"), options)
    second = crawl(tmp_path / "second", {"b": prose(1), "c": prose(3), "d": prose(3)})
    run([str(second)], str(tmp_path / "out2"), options)
    outputs = sorted((tmp_path / "out2" / "clean").iterdir())
    assert [(place.name, place.is_symlink(), place.exists()) for place in outputs] == [
        ("c.html.txt", False, True),
        ("d.html.txt", True, True),
    ]


def test_an_index_that_will_not_do_ends_a_run_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "seen.db").write_bytes(b"no index" * 1000)
    source = crawl(tmp_path / "first", {"a": prose(1)})
    with pytest.raises(StoreError, match="is no index"):
        run([str(source)], str(tmp_path / "out"), BulkOptions(index=str(tmp_path / "seen.db")))
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_stopped_goes_on_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = BulkOptions(index=str(tmp_path / "seen.db"))
    run([str(crawl(tmp_path / "first", {"a": prose(1)}))], str(tmp_path / "out1"), options)
    second = crawl(tmp_path / "second", {"b": prose(1), "c": prose(3), "d": prose(3)})
    with monkeypatch.context() as patch:
        patch.setattr("dedupe.bulk._run_record", lambda *_: 1 / 0)  # when the index has all pages already
        with pytest.raises(ZeroDivisionError):
            run([str(second)], str(tmp_path / "out2"), options)
    with open_index(tmp_path / "seen.db") as index:
        assert len(index) == 4
    run([str(second)], str(tmp_path / "out2"), options, mode="resume")
    found = statuses(tmp_path / "out2")
    assert [status for status, _ in found.values()] == ["duplicate", "kept", "duplicate"]
