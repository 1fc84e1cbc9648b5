"""`dedupe index …` from the command line's side."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ARTICLES

from dedupe.cli import index as cli_index
from dedupe.cli.main import cli
from dedupe.index.index import open_index


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dedupe", "index", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    folder = tmp_path / "crawl"
    folder.mkdir()
    for language in ("de", "en", "zh"):
        text = "".join(f"<p>{paragraph}</p>" for paragraph in ARTICLES[language])
        (folder / f"{language}.html").write_text(f"<body><h1>…</h1>{text}</body>", "utf-8")
    (folder / "reprint.html").write_text((folder / "en.html").read_text("utf-8"), "utf-8")
    return folder


def test_from_the_first_page_to_the_last(crawl: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen.db"
    added = run("add", seen, crawl)
    assert (added.returncode, added.stderr) == (0, "")
    assert [(Path(str(row["path"])).name, row["status"]) for row in rows(added)] == [
        ("de.html", "new"),
        ("en.html", "new"),
        ("reprint.html", "exact"),
        ("zh.html", "new"),
    ]
    assert rows(added)[2]["key"] == str(crawl / "en.html")
    asked = run("query", seen, crawl / "zh.html", "--key", "another")
    assert [(row["status"], row["key"]) for row in rows(asked)] == [("exact", str(crawl / "zh.html"))]
    assert json.loads(run("stats", seen).stdout)["pages"] == 4
    assert run("verify", seen).stdout == "ok, 4 pages\n"
    assert run("forget", seen, crawl / "zh.html").stdout == "1 forgotten\n"
    assert [row["status"] for row in rows(run("query", seen, crawl / "zh.html"))] == ["new"]
    assert run("expire", seen, "--older-than", "1d").stdout == "0 expired\n"
    assert run("expire", seen, "--before", "2200-01-01").stdout == "3 expired\n"
    assert json.loads(run("stats", seen).stdout)["pages"] == 0


def test_keys_are_the_same_however_a_page_is_named(
    crawl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a folder, so from here; a page that names its URL goes by that, as in `dedupe bulk --index`."""
    seen, page = tmp_path / "seen.db", crawl / "fr.html"
    head = '<html><head><link rel="canonical" href="https://a.example/fr"></head><body>'
    page.write_text(head + "".join(f"<p>{text}</p>" for text in ARTICLES["ru"]) + "</body></html>", "utf-8")
    (crawl / "reprint.html").unlink()
    added = {Path(str(row["path"])).name: row["own_key"] for row in rows(run("add", seen, crawl))}
    assert added["fr.html"] == "https://a.example/fr"
    assert added["de.html"] == str(crawl / "de.html")
    monkeypatch.chdir(crawl)
    for name, key in added.items():
        (row,) = rows(run("query", seen, name))
        assert (row["own_key"], row["known"], row["status"]) == (key, True, "known")
    assert run("forget", seen, "de.html", "https://a.example/fr").stdout == "2 forgotten\n"
    command = [sys.executable, "-m", "dedupe", "bulk", ".", "-o", str(tmp_path / "out"), "--index", str(seen)]
    assert subprocess.run(command, capture_output=True, timeout=120).returncode == 0
    assert [row["known"] for row in rows(run("query", seen, "de.html", "fr.html", "en.html"))] == [True] * 3


def test_of_pages_with_one_url_the_first_has_it_as_its_key(
    crawl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_index, "_LOT", 1)
    link = '<link rel="canonical" href="https://a.example/story">'
    names = [crawl / name for name in ("en.html", "de.html")]
    for name in names:
        name.write_text(f"<head>{link}</head>{name.read_text('utf-8')}", "utf-8")
    told: list[str] = []
    monkeypatch.setattr(cli_index, "print_text", told.append)
    CliRunner().invoke(cli, ["index", "add", str(tmp_path / "seen.db"), *map(str, names)], obj={})
    assert [json.loads(line)["own_key"] for line in told] == ["https://a.example/story", str(names[1])]


def test_pages_that_cannot_be_cleaned_are_named(crawl: Path, tmp_path: Path) -> None:
    done = run("add", tmp_path / "seen.db", crawl / "en.html", tmp_path)
    assert done.returncode == 0
    (crawl / "bad.html").write_bytes(b"\x00\x01\x02" * 500)
    done = run("add", tmp_path / "seen.db", crawl)
    assert done.returncode == 1
    assert "bad.html" in done.stderr
    assert len(rows(done)) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("stats", "none.db"), "no such index"),
        (("query", "none.db", __file__), "no such index"),
        (("verify", "http://example.org"), "unknown kind of index"),
        (("stats", "."), "is a folder"),
    ],
)
def test_wrong_indexes(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("expire", "seen.db"), "either --before or --older-than"),
        (("expire", "seen.db", "--older-than", "3 moons"), "is no age"),
        (("add", "seen.db"), "SRC"),
        (("add", "seen.db", "nowhere/at/all"), "nowhere/at/all"),
        (("add", "seen.db", __file__, __file__, "--key", "a"), "--key is for a single page"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = run(*(tmp_path / part if part == "seen.db" else part for part in arguments))
    assert done.returncode == 2
    assert message in done.stderr


def test_forget_says_what_is_not_there(tmp_path: Path) -> None:
    with open_index(tmp_path / "seen.db") as index:
        index.add("Some text that an index may keep for a while.", key="a")
    done = run("forget", tmp_path / "seen.db", "a", "b")
    assert (done.returncode, done.stdout) == (1, "1 forgotten\n")
    assert "b: there is no such key" in done.stderr


def test_verify_names_what_is_wrong(tmp_path: Path) -> None:
    place = tmp_path / "seen.db"
    with open_index(place) as index:
        index.add("\n".join(ARTICLES["en"]), key="https://a.example/1")
    with sqlite3.connect(place) as connection:
        connection.execute("DELETE FROM page")
    connection.close()
    done = run("verify", place)
    assert done.returncode == 1
    assert "does not have it" in done.stderr
    assert "counted wrongly" in done.stderr


def test_help_is_lazy_and_complete() -> None:
    done = run("--help")
    assert all(name in done.stdout for name in ("stats", "query", "add", "verify", "forget", "expire"))
