"""A bulk run against what earlier runs have left in an index."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prose import chinese, edited, prose

from dedupe import OptionsError, StoreError, open_index
from dedupe.bulk.records import PageDecision, Rendering
from dedupe.bulk.restore import restored
from dedupe.bulk.run import run
from dedupe.bulk.seen_before import earlier, from_json, index_keys, taken, to_json, with_earlier
from dedupe.bulk.tasks import BulkOptions
from dedupe.corpus.records import Document, Signatures
from dedupe.corpus.signatures import compute_signatures
from dedupe.index.index import Index
from dedupe.index.lookup import SeenResult
from dedupe.report.bulk import write_report


def day(number: int, articles: list[list[str]]) -> Signatures:
    pages = [Document(f"day{number}/{at}", tuple(blocks), "a.example") for at, blocks in enumerate(articles)]
    return compute_signatures(pages)


def asked(index: Index, signed: Signatures) -> dict[int, SeenResult]:
    return earlier(index, [signed], signed.keys)


def equal(one: Signatures, two: Signatures) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(two, field.name)) for field in fields(Signatures)
    )


def test_a_part_of_a_corpus_is_as_signed_by_itself() -> None:
    articles = [
        Document(f"p{seed}", (*prose(seed, 1 + seed % 4), *chinese(seed, seed % 2)), f"s{seed % 3}")
        for seed in range(12)
    ]
    articles[5] = Document("empty", ())
    whole = compute_signatures(articles)
    for numbers in ([], [5], [0, 1, 2], [11, 3, 5, 7], list(range(12))):
        assert equal(taken(whole, numbers), compute_signatures([articles[number] for number in numbers]))


def test_what_earlier_days_say() -> None:
    with open_index("memory:") as index:
        first = day(1, [prose(seed) for seed in range(5)])
        assert asked(index, first) == {}
        index.add_signed(first)
        today = [prose(3), edited(prose(4), 0.02), prose(7), prose(2)[:3], [*prose(1), *prose(9)], prose(7)]
        second = day(2, [*today, []])
        own = {2: PageDecision("day2/2"), 5: PageDecision("day2/2", "day2/2", "exact", 1.0, 1.0)}
        seen = asked(index, second)
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
        own = {0: PageDecision("day2/0"), 1: PageDecision("day2/0", "day2/0", "near", 0.9, 0.9)}
        found = with_earlier(own, today.keys, asked(index, today))
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
        patch.setattr("dedupe.bulk.run._run_record", lambda *_: 1 / 0)  # when the index has all pages already
        with pytest.raises(ZeroDivisionError):
            run([str(second)], str(tmp_path / "out2"), options)
    with open_index(tmp_path / "seen.db") as index:
        assert len(index) == 4
    run([str(second)], str(tmp_path / "out2"), options, mode="resume")
    found = statuses(tmp_path / "out2")
    assert [status for status, _ in found.values()] == ["duplicate", "kept", "duplicate"]


# ---------------------------------------------------------------- known and updated pages


def days(tmp_path: Path) -> tuple[Path, Path]:
    """Two crawls of records: of the second one page is as before, one has other words, one is new."""
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    texts = {"a": prose(1), "b": prose(2), "copy": prose(2), "c": prose(3)}
    later = {**texts, "b": [*prose(2), *prose(20)], "c": [*prose(3)[:5], prose(30)[0]], "d": prose(4)}
    for place, pages in ((first, texts), (second, later)):
        rows = [
            {"id": name, "url": f"https://{name}.example/1", "text": "\n\n".join(blocks)}
            for name, blocks in pages.items()
        ]
        place.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return first, second


def told(dest: Path) -> dict[str, tuple[str, str | None]]:
    rows = [json.loads(line) for line in (dest / "pages.jsonl").read_text("utf-8").splitlines()]
    return {row["id"]: (row["status"], row.get("seen")) for row in rows}


def written(dest: Path) -> set[str]:
    (place,) = (dest / "clean").glob("*.jsonl")
    return {json.loads(line)["id"] for line in place.read_text("utf-8").splitlines()}


@pytest.mark.parametrize("known", ["drop", "keep"])
def test_known_pages_go_or_stay_and_updated_ones_stay(known: Any, tmp_path: Path) -> None:
    options = BulkOptions(
        index=str(tmp_path / "seen.db"), rendering=Rendering(known=known), already_clean=True
    )
    first, second = days(tmp_path)
    run([str(first)], str(tmp_path / "out1"), options)
    assert {seen for _, seen in told(tmp_path / "out1").values()} == {None}
    summary = run([str(second)], str(tmp_path / "out2"), options)
    left = ("known", "known") if known == "drop" else ("kept", "known")
    expected = {"a": left, "b": ("kept", "updated"), "c": ("kept", "updated"), "d": ("kept", None)}
    found = told(tmp_path / "out2")
    assert {name: found[name] for name in expected} == expected
    assert found["copy"][1] == "known"
    assert summary.seen == {"known": 2, "updated": 2}
    assert json.loads((tmp_path / "out2" / "run.json").read_bytes())["seen"] == summary.seen
    assert {"b", "c", "d"} <= written(tmp_path / "out2")
    assert ("a" in written(tmp_path / "out2")) == (known == "keep")
    (name,) = [row["path"] for row in _rows(tmp_path / "out2") if row["id"] == "a"]
    assert restored(str(tmp_path / "out2"), name) == prose(1)  # what was left out can be put back
    write_report(str(tmp_path / "report.html"), str(tmp_path / "out2"), "text")
    with open_index(tmp_path / "seen.db") as index:
        answers = [index.query("\n\n".join(prose(seed)), f"https://{name}.example/1") for seed, name in
                   ((1, "a"), (20, "b"))]  # fmt: skip
    assert [answer.status for answer in answers] == ["known", "updated"]


def _rows(dest: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (dest / "pages.jsonl").read_text("utf-8").splitlines()]


def test_the_same_crawl_again_is_known_as_a_whole(tmp_path: Path) -> None:
    options = BulkOptions(index=str(tmp_path / "seen.db"))
    source = crawl(tmp_path / "first", {"a": prose(1), "b": prose(2), "b2": prose(2), "none": []})
    run([str(source)], str(tmp_path / "out1"), options)
    summary = run([str(source)], str(tmp_path / "out2"), options)
    assert summary.seen == {"known": 3}
    assert summary.pages == {"known": 3, "no-article": 1}


def test_copies_of_a_known_page_follow_it(tmp_path: Path) -> None:
    options = BulkOptions(index=str(tmp_path / "seen.db"))
    first = crawl(tmp_path / "first", {"a": prose(1)})
    run([str(first)], str(tmp_path / "out1"), options)
    (first / "z.html").write_text((first / "a.html").read_text("utf-8"), "utf-8")
    run([str(first)], str(tmp_path / "out2"), options)
    assert statuses(tmp_path / "out2") == {
        "a.html": ("known", None),
        "z.html": ("duplicate", str(first / "a.html")),
    }


@pytest.mark.parametrize("times", [1, 2])
def test_a_run_that_is_done_again_in_its_folder_leaves_out_nothing_of_its_own(
    times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was stopped on the way: what it has put into the index itself is no earlier run's."""
    options = BulkOptions(index=str(tmp_path / "seen.db"), already_clean=True)
    first, second = days(tmp_path)
    run([str(first)], str(tmp_path / "out1"), options)
    dest = str(tmp_path / "out2")
    run([str(second)], dest, options)
    expected, outputs = told(tmp_path / "out2"), written(tmp_path / "out2")
    for _ in range(times):
        with monkeypatch.context() as patch:
            patch.setattr("dedupe.bulk.run._Run._publish", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                run([str(second)], dest, options, mode="overwrite")
    run([str(second)], dest, options, mode="overwrite")
    assert told(tmp_path / "out2") == expected
    assert written(tmp_path / "out2") == outputs
    other = replace(options, index=str(tmp_path / "other.db"))
    run([str(first)], str(tmp_path / "out3"), other)
    run([str(first)], dest, other, mode="overwrite")  # that index knows them from another run
    assert {seen for _, seen in told(tmp_path / "out2").values()} == {"known"}


def test_a_resumed_run_must_have_the_same_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = BulkOptions(index=str(tmp_path / "seen.db"), already_clean=True)
    first, _ = days(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("dedupe.bulk.run._Run._publish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run([str(first)], str(tmp_path / "out"), options)
    other = replace(options, rendering=Rendering(known="keep"))
    with pytest.raises(OptionsError, match="--known = 'drop', now it is 'keep'"):
        run([str(first)], str(tmp_path / "out"), other, mode="resume")
    run([str(first)], str(tmp_path / "out"), options, mode="resume")


def test_a_page_that_failed_takes_no_place_in_the_index(tmp_path: Path) -> None:
    options = BulkOptions(index=str(tmp_path / "seen.db"))
    source = crawl(tmp_path / "first", {"a": prose(1)})
    run([str(source)], str(tmp_path / "out1"), options)
    (source / "a.html").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    run([str(source)], str(tmp_path / "out2"), options)
    assert statuses(tmp_path / "out2")["a.html"][0] == "error"
    with open_index(tmp_path / "seen.db") as index:
        assert index.query(prose(1)).key == str(source / "a.html")


STORY = "https://courier.example/story"


def _page(blocks: list[str], canonical: str | None = None) -> str:
    head = f'<head><link rel="canonical" href="{canonical}"></head>' if canonical else ""
    body = "".join(f"<p>{block}</p>" for block in blocks)
    return f"<html>{head}<body><article>{body}</article></body></html>"


def test_a_claimed_url_takes_no_place_and_is_known_later(tmp_path: Path) -> None:
    seen = tmp_path / "seen.db"
    options = BulkOptions(index=str(seen))
    with open_index(seen) as index:
        index.add(prose(1), key=STORY)
    source = tmp_path / "crawl"
    source.mkdir()
    (source / "false.html").write_text(_page(prose(2), STORY), "utf-8")
    run([str(source)], str(tmp_path / "out1"), options)
    assert statuses(tmp_path / "out1") == {"false.html": ("kept", None)}
    with open_index(seen) as index:
        assert index.query(prose(1), key=STORY).status == "known"
        assert str(index.query(prose(2)).key).startswith(f"{STORY}#")
    run([str(source)], str(tmp_path / "out2"), options)
    assert statuses(tmp_path / "out2") == {"false.html": ("known", None)}
    place = source / "courier.example"  # a folder of that name says so, too
    place.mkdir()
    (source / "false.html").rename(place / "true.html")
    (place / "true.html").write_text(_page(prose(3), STORY), "utf-8")
    run([str(source)], str(tmp_path / "out3"), options)
    with open_index(seen) as index:
        assert index.query(prose(3)).key == STORY


def test_all_ways_say_the_same_of_a_page(tmp_path: Path) -> None:
    """Library, command and bulk run: known, updated, and a claimed URL."""
    seen = tmp_path / "seen.db"
    source = crawl(tmp_path / "crawl", {"known": prose(1), "updated": prose(2), "new": prose(3)})
    (source / "claims.html").write_text(_page(prose(4), STORY), "utf-8")
    with open_index(seen) as index:
        index.add(prose(1), key=str(source / "known.html"))
        index.add(prose(9), key=str(source / "updated.html"))
        index.add(prose(8), key=STORY)
    command = [sys.executable, "-m", "dedupe", "index", "query", str(seen), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    asked = {Path(row["path"]).stem: row["status"] for row in rows}
    assert asked == {"known": "known", "updated": "updated", "new": "new", "claims": "updated"}
    command = [
        sys.executable,
        "-m",
        "dedupe",
        "bulk",
        str(source),
        "-o",
        str(tmp_path / "out"),
        "--index",
        str(seen),
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    assert "1 known; 2 updated" in done.stderr
    found = {row["path"].partition(".")[0]: row.get("seen") for row in _rows(tmp_path / "out")}
    assert found == {name: None if status == "new" else status for name, status in asked.items()}


# ---------------------------------------------------------------- copies beside known pages


def records(place: Path, pages: dict[str, list[str]]) -> Path:
    """Pages as records: the name of each is its id and its URL's host."""
    rows = [
        {"id": name, "url": f"https://{name}.example/1", "text": "\n\n".join(blocks)}
        for name, blocks in pages.items()
    ]
    place.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return place


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dedupe", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


def test_the_report_shows_copies_of_pages_that_earlier_runs_have_kept(tmp_path: Path) -> None:
    first = records(tmp_path / "first.jsonl", {name: prose(seed) for seed, name in enumerate("abc")})
    second = records(tmp_path / "second.jsonl", {"x": prose(0), "y": edited(prose(1), 0.01), "c": prose(2)})
    index, report = tmp_path / "seen.db", tmp_path / "report.html"
    for source, dest in ((first, "out1"), (second, "out2")):
        done = command("bulk", source, "-o", tmp_path / dest, "--index", index, "--report", report)
        assert done.returncode == 0, done.stderr
    text = report.read_text("utf-8")
    assert text.count("kept by an earlier run") == 2
    assert "https://a.example/1" in text


@pytest.mark.parametrize("known", ["drop", "keep"])
def test_a_copy_of_a_known_page_of_its_own_run(known: Any, tmp_path: Path) -> None:
    """As the library says: a fuller page is no news where the index has nearly the same."""
    fuller = [*edited(prose(1), 0.01)[:5], f"{prose(1)[5]} And so it was to be."]
    first = {"a": prose(1), "b": prose(2)}
    pages = {**first, "near": fuller, "more": [*prose(2), *prose(40)], "other": prose(3)}
    options = BulkOptions(
        index=str(tmp_path / "seen.db"), rendering=Rendering(known=known), already_clean=True
    )
    run([str(records(tmp_path / "first.jsonl", first))], str(tmp_path / "out1"), options)
    with open_index(tmp_path / "seen.db") as index:
        said = {name: index.query(blocks, f"https://{name}.example/1") for name, blocks in pages.items()}
    assert [said[name].status for name in pages] == ["known", "known", "near", "contains", "new"]
    for mode in ("new", "overwrite"):  # done again, it knows none of its own pages
        second = records(tmp_path / "second.jsonl", pages)
        run([str(second)], str(tmp_path / "out2"), options, mode=mode)
        if known == "drop":
            rows = {row["id"]: row for row in _rows(tmp_path / "out2")}
            found = [rows[name]["status"] for name in pages]
            assert found == ["known", "known", "duplicate", "kept", "kept"]
            assert rows["near"]["duplicate_of"] == "https://a.example/1"
            assert rows["a"]["duplicate_of"] != "https://a.example/1"
        assert written(tmp_path / "out2") == {"more", "other"} | ({"near"} if known == "keep" else set())


def test_a_copy_that_was_updated_stays_though_the_page_it_follows_goes() -> None:
    names = ("n", "edited", "cut", "updated", "known")
    own = {0: PageDecision("n")} | {at: PageDecision("n", "n", "near", 0.9, 0.9) for at in (1, 3, 4)}
    own[2] = PageDecision("n", "n", "contained", 0.5, 1.0)
    near = SeenResult("near", "old", 0.9, 0.9, relation="near")
    seen = {
        0: replace(near, own_key="n"),
        1: replace(near, own_key="e"),
        3: replace(near, status="updated", known=True, changed=True, own_key="u"),
        4: SeenResult("known", known=True, own_key="k"),
    }
    found = with_earlier(own, names, seen)
    assert [found[at].keeper for at in range(5)] == ["old", "old", "old", None, "old"]
    assert [found[at].seen for at in range(5)] == [None, None, None, "updated", "known"]
    without = with_earlier(own, names, {at: result for at, result in seen.items() if at != 1})
    assert [without[at].keeper for at in range(5)] == [None, "n", "n", "n", "n"]  # nobody else says "edited"
    keeping = with_earlier(own, names, seen, "keep")
    assert [keeping[at].keeper for at in range(5)] == [None, "n", "n", "n", "n"]
