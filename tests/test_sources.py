"""Where pages come from: what is found, in which order, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ON_CI
from hypothesis import given
from hypothesis import strategies as st

from dedupe.errors import InputError, OptionsError
from dedupe.sources import Limits, Plan, SourceFile, find, kind_of, open_bounded, read_bytes
from dedupe.sources_records import Chunk, Fields, RawPage, chunks, container_chunks, host, line_chunks, pages

_SMALL = Limits(page_bytes=1 << 20)


def _module(name: str) -> Any:
    """An optional package; on CI it must be there."""
    return __import__(name, fromlist=["_"]) if ON_CI else pytest.importorskip(name)


def _tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}", encoding="utf-8")
    return folder


def _names(plan: Plan) -> list[str]:
    return [file.name for file in plan.files]


def _all_chunks(plan: Plan, fields: Fields | None = None, limits: Limits = _SMALL) -> Iterator[Chunk]:
    def read(file: SourceFile) -> Iterator[Chunk]:
        return container_chunks(plan, file, fields or Fields(), limits)

    return chunks(plan, read)


def _read(source: Path, fields: Fields | None = None, limits: Limits = _SMALL) -> list[RawPage]:
    plan = find([source])
    return [
        page
        for chunk in _all_chunks(plan, fields, limits)
        for page in pages(plan, chunk, fields or Fields(), limits, {})
    ]


# --- finding


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "page"),
        ("a.HTM.gz", "page"),
        ("a.md.zst", "page"),
        ("a.xhtml.bz2", "page"),
        ("a.b.txt", "page"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson.gz", "jsonl"),
        ("a.parquet", "parquet"),
        ("a.warc.gz", "warc"),
        ("a.warc.wet.gz", "warc"),
        ("a.png", None),
        ("a.gz", None),
        ("html", None),
        (".html.tmp", None),
    ],
)
def test_kind_of(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


def test_a_tree_is_found_in_path_order(tmp_path: Path) -> None:
    _tree(tmp_path, "b/z.html", "b/a.html", "a.b.html", "a/y.txt", "a.html", "c/d/e/f.md", "c/picture.png")
    plan = find([tmp_path])
    names = ["a.b.html", "a.html", "a/y.txt", "b/a.html", "b/z.html", "c/d/e/f.md"]
    assert _names(plan) == sorted(names)
    assert plan.skipped == 1
    assert plan.root == str(tmp_path)


def test_files_patterns_and_folders_are_named_from_the_folder_they_share(tmp_path: Path) -> None:
    _tree(tmp_path, "one/a.html", "one/b.html", "two/c.html", "two/d.txt", "three/e.html")
    sources = [tmp_path / "two", tmp_path / "one" / "*.html", tmp_path / "one" / "a.html"]
    assert _names(find(sources)) == ["one/a.html", "one/b.html", "two/c.html", "two/d.txt"]
    assert _names(find(sources[::-1])) == _names(find(sources))
    assert _names(find([str(tmp_path / "**" / "*.html")])) == [
        "one/a.html",
        "one/b.html",
        "three/e.html",
        "two/c.html",
    ]
    assert _names(find([tmp_path / "one" / "a.html"])) == ["a.html"]


def test_a_file_that_is_named_is_a_page_whatever_its_ending(tmp_path: Path) -> None:
    _tree(tmp_path, "page.shtml")
    assert [(file.name, file.kind) for file in find([tmp_path / "page.shtml"]).files] == [
        ("page.shtml", "page")
    ]


@pytest.mark.parametrize("source", ["nothing", "nothing/*.html"])
def test_a_source_that_is_not_there_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(OptionsError, match="nothing"):
        find([tmp_path / source])


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    _tree(tmp_path, "picture.png")
    with pytest.raises(OptionsError, match=r"no pages in .*\.html"):
        find([tmp_path])


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    _tree(tmp_path / "pages", "a.html")
    _tree(tmp_path / "elsewhere", "b.html")
    (tmp_path / "pages" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "pages" / "up").symlink_to(tmp_path / "pages")
    (tmp_path / "pages" / "gone.html").symlink_to(tmp_path / "gone")
    plan = find([tmp_path / "pages"])
    assert _names(plan) == ["a.html", "gone.html", "more/b.html"]
    assert [file.problem for file in plan.files] == [None, "is a link to nothing", None]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    _tree(tmp_path, "a.html")
    os.mkfifo(tmp_path / "pipe.html")
    found = {page.path: page.error for page in _read(tmp_path)}
    assert found == {"a.html": None, "pipe.html": "is not a regular file"}
    with pytest.raises(InputError, match="not a regular file"):
        read_bytes(tmp_path / "pipe.html")


def test_outputs_that_could_not_be_written_are_known_at_once(tmp_path: Path) -> None:
    _tree(tmp_path, "a.html", "a.html.txt/b.html", f"{'n' * 248}.html", f"{'m' * 247}.txt")
    problems = {file.name: file.problem for file in find([tmp_path]).files}
    assert "taken by a folder" in (problems["a.html"] or "")
    assert "longer than 255 bytes" in (problems[f"{'n' * 248}.html"] or "")
    assert problems[f"{'m' * 247}.txt"] is None
    assert find([tmp_path / "a.html"]).files[0].problem is None
    both = find([tmp_path / "a.html", tmp_path / "a.html.txt" / "b.html"])
    assert "taken by a folder" in (both.files[0].problem or "")


def test_the_digest_tells_another_input(tmp_path: Path) -> None:
    _tree(tmp_path, "a.html", "b.html")
    before = find([tmp_path]).digest()
    assert find([tmp_path]).digest() == before
    (tmp_path / "b.html").write_text("text of B.html.", encoding="utf-8")
    assert find([tmp_path]).digest() != before


# --- one file


def test_read_bytes_unpacks(tmp_path: Path) -> None:
    data = "Ärger mit 数据\n".encode() * 1000
    (tmp_path / "plain.html").write_bytes(data)
    (tmp_path / "a.html.gz").write_bytes(gzip.compress(data[:5000]) + gzip.compress(data[5000:]))
    (tmp_path / "a.html.bz2").write_bytes(bz2.compress(data))
    (tmp_path / "packed.html").write_bytes(gzip.compress(data))  # a server's slip: the name does not say it
    for path in tmp_path.iterdir():
        assert read_bytes(path) == data, path


def test_read_bytes_unpacks_zstandard(tmp_path: Path) -> None:
    zstandard = _module("zstandard")
    data = b"some news\n" * 5000
    frames = zstandard.compress(data[:777]) + zstandard.compress(data[777:])
    (tmp_path / "a.html.zst").write_bytes(frames)
    assert read_bytes(tmp_path / "a.html.zst") == data
    (tmp_path / "b.html.zst").write_bytes(frames[:-20])
    with pytest.raises(InputError):
        read_bytes(tmp_path / "b.html.zst")


_DAMAGED = {
    "cut.html.gz": gzip.compress(os.urandom(5000))[:-500],
    "cut.html.bz2": bz2.compress(os.urandom(5000))[:-500],
    "flipped.html.gz": gzip.compress(b"x" * 99999)[:60] + b"\xff\xff\xff" + gzip.compress(b"x" * 99999)[63:],
    "plain.html.gz": b"<p>not packed at all</p>",
    "empty.html.gz": b"",
    "head.html.gz": b"\x1f\x8b",
    "junk.html.bz2": b"BZh9" + b"junk" * 100,
}


@pytest.mark.parametrize("name", _DAMAGED)
def test_a_damaged_file_is_an_input_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(_DAMAGED[name])
    with pytest.raises(InputError, match="damaged"):
        read_bytes(tmp_path / name)


@pytest.mark.parametrize("name", ["none.html", "folder"])
def test_what_is_no_file_is_an_input_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError):
        read_bytes(tmp_path / name)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, pack: Any) -> None:
    (tmp_path / "bomb").write_bytes(pack(b"\0" * (40 << 20)))
    with pytest.raises(InputError, match="expands more than 250 times"):
        read_bytes(tmp_path / "bomb", Limits())
    with open_bounded(tmp_path / "bomb", Limits()) as stream:
        read = len(stream.read(1 << 20))
        try:
            while part := stream.read(1 << 20):
                read += len(part)
        except InputError:
            pass
    assert read < 16 << 20


def test_a_page_beyond_the_limit_is_refused_packed_or_not(tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    (tmp_path / "a.html").write_bytes(data)
    (tmp_path / "a.html.gz").write_bytes(gzip.compress(data))
    for path in tmp_path.iterdir():
        with pytest.raises(InputError, match="larger than 2 MiB"):
            read_bytes(path, Limits(page_bytes=2 << 20))
        assert read_bytes(path, Limits(page_bytes=3 << 20)) == data


def test_limits_are_checked() -> None:
    with pytest.raises(OptionsError, match="0 seconds"):
        Limits(seconds=0)
    with pytest.raises(OptionsError, match="memory"):
        Limits(memory=-1)


# --- JSON Lines


def _lines(path: Path, *records: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["news.jsonl", "news.ndjson.gz"])
def test_records_become_pages(tmp_path: Path, name: str) -> None:
    path = _lines(
        tmp_path / name,
        {"id": "x", "text": "Some news.", "url": "https://News.example/a"},
        {"id": 7, "html": "<p>More.</p>", "text": "ignored", "site": "field.example"},
        b"\n",
        {"text": "Without an id.", "url": "not an [address", "extra": [1, None]},
        {"id": True, "html": "", "text": "Only text."},
    )
    found = _read(path)
    assert [page.path for page in found] == [f"{name}#{id}" for id in ("x", "7", "4", "5")]
    assert [page.data for page in found] == ["Some news.", "<p>More.</p>", "Without an id.", "Only text."]
    assert [page.site for page in found] == ["news.example", "field.example", "", ""]
    assert [page.kind for page in found] == ["auto", "html", "auto", "auto"]
    assert json.loads(found[2].record or b"") == {
        "text": "Without an id.",
        "url": "not an [address",
        "extra": [1, None],
    }
    assert not any(page.error for page in found)


def test_other_field_names(tmp_path: Path) -> None:
    record = {"key": "k", "body": "<p>x</p>", "host": "s"}
    path = _lines(tmp_path / "in" / "a.jsonl", {**record, "link": "http://h/"})
    _lines(tmp_path / "in" / "top" / "b.jsonl", record, {"body": "y"})
    fields = Fields(html="body", url="link", id="key", site="host")
    found = _read(path.parent, fields)
    assert [(page.path, page.site) for page in found] == [
        ("a.jsonl#k", "h"),
        ("top/b.jsonl#k", "s"),
        ("top/b.jsonl#2", "top"),
    ]


_BAD_LINES = {
    b'{"text": "cut': "no JSON",
    b"[1, 2]": "a list",
    b'"text"': "a str",
    b"\xff\xfe{": "not UTF-8",
    b'{"text": "\xe9"}': "not UTF-8",
    b"[" * 100_000: "nested too deeply",
    b'{"text": 5}': "no text in the fields",
    b"{}": "no text in the fields",
    b'{"text": null, "html": ["x"]}': "no text in the fields",
    b"9" * 5000: "",
    b'{"text": "' + b"x" * (1 << 20) + b'"}': "longer than 1 MiB",
}


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_a_bad_line_is_an_error_of_that_line(tmp_path: Path, name: str) -> None:
    lines: list[object] = []
    for line in _BAD_LINES:
        lines += [line + b"\n", {"text": "good"}]
    found = _read(_lines(tmp_path / name, *lines))
    assert [page.path for page in found] == [f"{name}#{number + 1}" for number in range(len(lines))]
    for page, reason in zip(found[::2], _BAD_LINES.values(), strict=True):
        assert reason in (page.error or "no error"), page.path
    assert all(page.data == "good" and not page.error for page in found[1::2])


@given(st.lists(st.text(max_size=30), max_size=30), st.integers(20, 200))
def test_chunks_hold_every_line_once_wherever_they_are_cut(texts: list[str], cut: int) -> None:
    import tempfile

    from dedupe import sources_records

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources_records, "_BYTES", cut)
        path = _lines(Path(folder) / "a.jsonl", b"\n", *({"text": text} for text in texts))
        found = _read(path)
        assert [page.data for page in found] == texts
        assert [page.id for page in found] == [str(number) for number in range(2, len(texts) + 2)]
        packed = _read(_lines(Path(folder) / "b.jsonl.gz", b"\n", *({"text": text} for text in texts)))
        assert [page.data for page in packed] == texts


def test_a_last_line_without_end_counts(tmp_path: Path) -> None:
    path = _lines(tmp_path / "a.jsonl", {"text": "one"}, b'{"text": "two"}')
    assert [page.data for page in _read(path)] == ["one", "two"]
    plan = find([path])
    one, two = line_chunks(plan, plan.files[0])
    assert (one.offset, one.offset + one.length, one.first, two.first) == (0, two.offset, 1, 2)
    assert two.offset + two.length == path.stat().st_size


def test_records_before_the_damage_of_a_container_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = [json.dumps({"text": os.urandom(500).hex()}).encode() for _ in range(3000)]
    path.write_bytes(gzip.compress(b"\n".join(lines))[:-100_000])
    found = _read(path)
    assert len(found) > 100
    assert [page.error for page in found[:-1]] == [None] * (len(found) - 1)
    assert found[-1].path == "a.jsonl.gz"
    assert "damaged" in (found[-1].error or "")


def test_a_bomb_of_records_is_an_error_of_that_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "x"}\n' * (2 << 20)))
    found = _read(path)
    assert "bomb" in (found[-1].error or "")
    assert len(found) < 1 << 20


# --- Parquet, WARC


def test_parquet_rows_become_pages(tmp_path: Path) -> None:
    import datetime

    pyarrow = _module("pyarrow")
    parquet = _module("pyarrow.parquet")
    when = datetime.datetime(2024, 5, 6, tzinfo=datetime.UTC)
    columns = {
        "id": ["a", "b", None],
        "html": [b"<p>\xe9</p>", b"<p>x</p>", None],
        "text": [None, None, "t"],
        "when": [when, None, when],
        "n": [1.5, float("nan"), 2.0],
    }
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    found = _read(path)
    assert [page.path for page in found] == ["a.parquet#a", "a.parquet#b", "a.parquet#3"]
    assert [page.data for page in found] == [b"<p>\xe9</p>", b"<p>x</p>", "t"]
    records = [json.loads(page.record or b"") for page in found]
    assert records[0] == {"id": "a", "html": "<p>\ufffd</p>", "text": None, "when": str(when), "n": 1.5}
    assert [record["n"] for record in records] == [1.5, None, 2.0]


def test_damaged_parquet_is_an_error_of_that_file(tmp_path: Path) -> None:
    _module("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + os.urandom(500) + b"PAR1")
    (page,) = _read(tmp_path)
    assert "damaged" in (page.error or "")


def test_a_parquet_bomb_is_refused(tmp_path: Path) -> None:
    pyarrow = _module("pyarrow")
    parquet = _module("pyarrow.parquet")
    column = pyarrow.chunked_array([pyarrow.array(["x" * 500_000] * 16)] * 50)
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"text": column}), path, compression="zstd")
    found = _read(path, limits=Limits(page_bytes=4 << 20, ratio=100))
    assert "bomb" in (found[-1].error or "")
    assert len(found) < 400


def _warc_record(kind: str, url: str, payload: bytes, media: str) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\n"
        f"WARC-Record-ID: <urn:uuid:{hash(url) & 0xFFFFFFFF:08x}-0000>\r\n"
        f"WARC-Date: 2024-05-06T00:00:00Z\r\nContent-Type: {media}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload + b"\r\n\r\n"


def _http(
    body: bytes, media: str = "text/html; charset=iso-8859-1", status: str = "200 OK", more: str = ""
) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "a.warc.wet.gz"])
def test_warc_records_become_pages(tmp_path: Path, name: str) -> None:
    _module("fastwarc")
    http = "application/http; msgtype=response"
    packed = _http(gzip.compress(b"<p>packed</p>"), more="Content-Encoding: gzip\r\n")
    chunked = _http(b"5\r\n<p>ch\r\n9;x=y\r\nunked</p>\r\n0\r\n\r\n", more="Transfer-Encoding: chunked\r\n")
    unpacked = _http(b"<p>plain</p>", more="Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")
    bomb = _http(gzip.compress(b"<p>" + b"x" * (2 << 20)), more="Content-Encoding: gzip\r\n")
    broken = _http(gzip.compress(b"<p>packed</p>")[:-9], more="Content-Encoding: gzip\r\n")
    records = [
        _warc_record("response", "https://a.example/1", _http(b"<p>caf\xe9</p>"), http),
        _warc_record(
            "request", "https://a.example/1", b"GET / HTTP/1.1\r\n\r\n", "application/http; msgtype=request"
        ),
        _warc_record("response", "https://a.example/2", _http(b"GIF89", "image/gif"), http),
        _warc_record("response", "https://a.example/3", _http(b"<p>gone</p>", status="404 Not Found"), http),
        *(
            _warc_record("response", f"https://b.example/{number}", payload, http)
            for number, payload in enumerate((packed, chunked, unpacked, bomb, broken))
        ),
        _warc_record("conversion", "https://c.example/5", "Nur Text, größer.".encode(), "text/plain"),
    ]
    data = b"".join(gzip.compress(record) if name.endswith(".gz") else record for record in records)
    (tmp_path / name).write_bytes(data)
    found = _read(tmp_path)
    good = [page for page in found if not page.error]
    assert [page.data for page in good] == [
        b"<p>caf\xe9</p>",
        b"<p>packed</p>",
        b"<p>chunked</p>",
        b"<p>plain</p>",
        "Nur Text, größer.".encode(),
    ]
    assert [page.encoding for page in good] == [*["iso8859-1"] * 4, "utf-8"]
    assert [page.kind for page in good] == [*["html"] * 4, "text"]
    assert [page.site for page in good] == ["a.example", *["b.example"] * 3, "c.example"]
    errors = {str(page.url): page.error for page in found if page.error}
    assert sorted(errors) == ["https://b.example/3", "https://b.example/4"]
    assert "larger than 1 MiB" in (errors["https://b.example/3"] or "")
    assert "damaged" in (errors["https://b.example/4"] or "")
    assert len({page.path for page in found}) == len(found)


def test_what_is_no_warc_is_an_error_of_that_file(tmp_path: Path) -> None:
    _module("fastwarc")
    (tmp_path / "a.warc").write_bytes(b"nothing of the kind\r\n" * 50)
    (page,) = _read(tmp_path)
    assert page.path == "a.warc"
    assert page.error


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [
        ("pyarrow", "a.parquet", "parquet"),
        ("fastwarc.warc", "a.warc", "warc"),
        ("zstandard", "a.html.zst", "zstd"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str, extra: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    (tmp_path / name).write_bytes(b"\x28\xb5\x2f\xfd and so on")
    (page,) = _read(tmp_path)
    assert f"pip install 'news-dedupe[{extra}]'" in (page.error or "")


# --- small parts


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://News.Example:8080/x", "news.example"), ("nonsense", ""), (None, ""), ("http://[::1", "")],
)
def test_host(url: str | None, expected: str) -> None:
    assert host(url) == expected
