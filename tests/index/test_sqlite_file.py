"""The file of an index: replaced or removed while it is open, only read, damaged, or none at all."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prose import edited, prose
from test_index import LINE, page

from dedupe import DedupeError, StoreError, open_index
from dedupe.index.index import Index
from dedupe.index.stores import sqlite_log


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "seen.db"
    with open_index(place) as index:
        index.add_many([(page(seed, LINE), None) for seed in range(30)])
    return place


def files(folder: Path) -> dict[str, bytes]:
    return {place.name: place.read_bytes() for place in folder.iterdir()}


STEPS: dict[str, Callable[[Index], object]] = {
    "add": lambda index: index.add(prose(99), key="a"),
    "query": lambda index: index.query(prose(99)),
    "contains": lambda index: "a" in index,
    "stats": lambda index: index.stats(),
    "verify": lambda index: index.verify(),
    "expire": lambda index: index.expire(10**10),
    "forget": lambda index: index.forget("a"),
    "template": lambda index: index.template_blocks([LINE], "gazette.example"),
}

# ---------------------------------------------------------------- it goes away


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink()


def _replace(file: Path, data: bytes | None = None) -> None:
    other = file.with_name("other.db")
    open_index(other).close()
    if data is not None:
        other.write_bytes(data)
    os.replace(other, file)


GONE: dict[str, Callable[[Path], object]] = {
    "removed": _remove,
    "moved away": lambda file: file.rename(file.with_name("moved.db")),
    "another in its place": _replace,
    "a page in its place": lambda file: _replace(file, b"<p>A page.</p>" * 99),
    "its log removed": lambda file: Path(f"{file}-wal").unlink(),
    "its locks removed": lambda file: Path(f"{file}-shm").unlink(),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", GONE)
def test_a_file_that_goes_away_gives_no_answer(how: str, step: str, file: Path) -> None:
    index = open_index(file)
    index.query(prose(1))
    GONE[how](file)
    with pytest.raises(StoreError, match=r"seen\.db: was removed, or replaced"):
        STEPS[step](index)
    with pytest.raises(StoreError, match="open the index again"):
        STEPS[step](index)
    index.close()


def test_a_file_that_goes_away_during_an_add_is_not_told_as_stored(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_index(file) as index:
        write = index._store.write

        def removing(changes: object) -> object:
            found = write(changes)  # type: ignore[arg-type]
            _remove(file)
            return found

        monkeypatch.setattr(index._store, "write", removing)
        with pytest.raises(StoreError, match="was removed"):
            index.add(prose(99), key="a")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_new_file_is_made_where_one_was_before_a_fork(file: Path) -> None:
    with open_index(file) as index:
        if not (child := os.fork()):
            os._exit(0)
        os.waitpid(child, 0)
        file.unlink()
        with pytest.raises(StoreError, match="was removed"):
            index.add(prose(1), key="a")
        assert not file.exists()


def test_a_link_that_leads_elsewhere_later(file: Path) -> None:
    link, other = file.with_name("link.db"), file.with_name("other.db")
    link.symlink_to(file)
    open_index(other).close()
    with open_index(link) as index:
        assert index.add(prose(50), key="through the link").status == "new"
        assert index.query(prose(50)).key == "through the link"
        link.unlink()
        link.symlink_to(other)
        with pytest.raises(StoreError, match="replaced by another"):
            index.query(prose(50))


def test_where_the_process_goes_later_makes_no_difference(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_index("seen.db") as index:
        (tmp_path / "below").mkdir()
        monkeypatch.chdir(tmp_path / "below")
        assert index.add(prose(99), key="a").status == "new"
        assert "a" in index
    assert not list(Path().iterdir())


# ---------------------------------------------------------------- it is only read


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "dedupe", "index", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, encoding="utf-8", timeout=120)


@pytest.mark.parametrize("name", ["stats", "verify", "query"])
def test_commands_that_read_change_nothing(name: str, file: Path) -> None:
    asked = file.with_name("asked.txt")
    asked.write_text("\n\n".join(prose(3)), "utf-8")
    before = files(file.parent)
    done = command(name, file, *([asked] if name == "query" else []))
    assert (done.returncode, done.stderr) == (0, "")
    assert files(file.parent) == before


@pytest.mark.parametrize("name", ["stats", "verify", "query"])
def test_what_a_killed_writer_left_is_read_and_left(name: str, file: Path) -> None:
    writer = (
        "import os, sys, dedupe\n"
        "dedupe.open_index(sys.argv[1]).add('Words that nobody else has said so far, ' * 9, key='late')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", writer, str(file)], check=True, timeout=120)
    before = {name: data for name, data in files(file.parent).items() if not name.endswith("-shm")}
    assert f"{file.name}-wal" in before
    done = command(name, file, *([__file__] if name == "query" else []))
    assert done.returncode == 0, done.stderr
    after = {name: data for name, data in files(file.parent).items() if not name.endswith("-shm")}
    assert after == before
    with open_index(file, read_only=True) as index:
        assert "late" in index
        assert len(index) == 31


@pytest.mark.parametrize("name", ["stats", "verify", "query", "forget", "expire"])
def test_an_empty_file_stays_empty(name: str, tmp_path: Path) -> None:
    place = tmp_path / "seen.db"
    place.touch()
    more = {"query": [__file__], "forget": ["a"], "expire": ["--older-than", "1d"]}
    done = command(name, place, *more.get(name, []))
    assert done.returncode == 1
    assert "is empty: there is no index in it" in done.stderr
    assert files(tmp_path) == {"seen.db": b""}


def test_what_is_open_for_reading_is_not_changed(file: Path) -> None:
    with open_index(file, read_only=True) as index:
        assert index.query(page(3, LINE)).status == "known"
        for step in ("add", "expire", "forget"):
            with pytest.raises(StoreError, match="for reading only"):
                STEPS[step](index)
        assert index.verify().ok
    with pytest.raises(StoreError, match="no such index"):
        open_index(file.with_name("none.db"), read_only=True)


def test_an_older_schema_is_not_brought_up_by_reading(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"schema 1, made by an older release.*add a page"):
        open_index(file, read_only=True)
    assert file.read_bytes() == before


# ---------------------------------------------------------------- it is no index

NO_INDEX = {
    "page": b"<html><body><p>A page of the user.</p></body></html>" * 40,
    "short page": b"<p>A page.</p>",
    "letter": b"x",
    "jsonl": b'{"text": "a record"}\n' * 100,
    "packed": gzip.compress(random.Random(1).randbytes(3000)),
    "zeros": bytes(8192),
}


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("kind", NO_INDEX)
def test_a_file_that_is_no_index_is_called_that_and_left_alone(
    kind: str, create: bool, tmp_path: Path
) -> None:
    place = tmp_path / "page.html"
    place.write_bytes(NO_INDEX[kind])
    with pytest.raises(StoreError, match=r"page\.html: is no index") as told:
        open_index(place, create=create)
    assert "delete" not in str(told.value)
    assert files(tmp_path) == {"page.html": NO_INDEX[kind]}


def test_no_message_advises_to_delete_a_file(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096:12288] = bytes(8192)
    file.write_bytes(data)
    with pytest.raises(StoreError, match=r"is damaged.*restore a copy, or add the pages to a new") as told:
        STEPS["add"](open_index(file))
    assert "delete" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "no file is named"),
        ("a\0b.db", "null byte"),
        ("n" * 300, "too long"),
        ("/dev/null", "no regular file"),
        ("loop.db", "cannot be opened"),
        (":memory:", "give a path, sqlite:///path, memory:"),
        ("redis:localhost", "redis://"),
        ("memory:x", "unknown kind"),
        ("sqlite:seen.db", "sqlite:///"),
    ],
)
def test_names_that_no_index_can_have(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop.db").symlink_to("loop.db")
    with pytest.raises(StoreError, match=message):
        open_index(name)
    assert [place.name for place in tmp_path.iterdir()] == ["loop.db"]


# ---------------------------------------------------------------- it is damaged


def test_whatever_bytes_are_wrong_it_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are overwritten all over a file: an answer or a `DedupeError`, nothing else."""
    monkeypatch.setattr(sqlite_log, "STEP", 150)  # so that its trees are filled, too
    whole = tmp_path / "whole.db"
    with open_index(whole) as index:
        for seed in range(30):
            index.add(page(seed, LINE), key=f"https://gazette.example/{seed}" if seed else "\ud800")
    data, told = whole.read_bytes(), 0
    for seed in range(120):
        rng = random.Random(seed)
        wrong = bytearray(data)
        for _ in range(rng.choice((1, 1, 4, 20))):
            at, size = rng.randrange(len(wrong)), rng.choice((1, 1, 8))
            wrong[at : at + size] = rng.randbytes(size) if rng.random() < 0.7 else b"\xff" * size
        folder = tmp_path / f"{seed}"
        folder.mkdir()
        (folder / "seen.db").write_bytes(wrong[: len(data)])
        told += sum(isinstance(answer, DedupeError) for answer in _answers(folder / "seen.db"))
        shutil.rmtree(folder)
    assert told > 50


def _answers(file: Path) -> list[object]:
    answers: list[object] = []
    try:
        index = open_index(file)
    except DedupeError as error:
        return [error]
    more: list[Callable[[Index], object]] = [
        lambda index: index.query(page(3, LINE)),
        lambda index: index.query(edited(prose(4), 0.02)),
        lambda index: index.add_many([(prose(seed), f"n{seed}") for seed in range(100, 130)]),
        lambda index: index.forget("https://gazette.example/7"),
    ]
    for step in (*more, *STEPS.values()):
        try:
            answers.append(step(index))
        except DedupeError as error:
            answers.append(error)
    index.close()
    return answers


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE page SET data = 'text'",
        "UPDATE page SET data = 5.5",
        "UPDATE page SET seen = 'x' WHERE number > 3",
        "UPDATE page SET key = x'ff'",
        "UPDATE log SET posts = 'text'",
        "UPDATE log SET step = 'x'",
        "UPDATE log SET due = 2.5",
        "UPDATE log SET places = x'00000000000000f0'",
        "UPDATE log SET gone = x'ffffffffffffffff'",
    ],
)
@pytest.mark.parametrize("step", ["add", "query", "verify"])
def test_columns_of_another_kind_are_named(damage: str, step: str, file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(damage)
    connection.close()
    known = {
        "add": lambda index: index.add(page(5, LINE)),
        "query": lambda index: index.query(page(5, LINE)),
        "verify": STEPS["verify"],
    }
    with open_index(file) as index, pytest.raises(StoreError, match=r"seen\.db: is damaged"):
        known[step](index)
