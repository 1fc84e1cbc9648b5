"""Where pages come from: what is found, in which order, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ON_CI, ends
from hypothesis import given
from hypothesis import strategies as st

from dedupe.addresses import host
from dedupe.bulk.finish import record_line
from dedupe.errors import InputError, OptionsError
from dedupe.sources.chunks import Chunk, chunks, container_chunks, line_chunks, pages
from dedupe.sources.find import Plan, SourceFile, find, kind_of, output_name
from dedupe.sources.limits import Limits
from dedupe.sources.records import Fields, RawPage
from dedupe.sources.unpack import open_bounded, read_file

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
    assert _names(plan) == ["a.html", "gone.html"]
    assert [file.problem for file in plan.files] == [None, "is a link to nothing"]
    assert plan.outside == ("more",)
    followed = find([tmp_path / "pages"], follow_links=True)
    assert _names(followed) == ["a.html", "gone.html", "more/b.html"]
    assert followed.outside == ()


def _web(folder: Path, count: int) -> Path:
    """Folders that each hold a page and a link to every other one."""
    for number in range(count):
        _tree(folder, f"d{number}/page.html")
        for other in range(count):
            (folder / f"d{number}" / f"to{other}").symlink_to(folder / f"d{other}")
    return folder


@pytest.mark.parametrize("pattern", ["", "**/*.html", "**", "d*/**/*.html", "*/to*/page.html", "*"])
@pytest.mark.parametrize("follow", [False, True])
def test_every_real_folder_is_walked_once(tmp_path: Path, pattern: str, follow: bool) -> None:
    with ends():
        plan = find([_web(tmp_path / "web", 12) / pattern], follow_links=follow)
    real = {(tmp_path / "web" / name).resolve() for name in _names(plan)}
    assert len(real) == 12
    if "to" not in pattern:
        assert len(plan.files) == 12
    assert plan.outside == ()


def test_links_to_files_and_folders_elsewhere_are_named_and_read_only_on_demand(tmp_path: Path) -> None:
    _tree(tmp_path / "other", "secret.txt", "more/page.html")
    tree = _tree(tmp_path / "tree", "a.html", "b/c.html")
    (tree / "x.txt").symlink_to(tmp_path / "other" / "secret.txt")
    (tree / "b" / "own.html").symlink_to(tree / "a.html")
    (tree / "b" / "more").symlink_to(tmp_path / "other" / "more")
    (tree / "b" / "more-again").symlink_to(tmp_path / "other" / "more")
    (tree / "logo.png").symlink_to(tmp_path / "other" / "logo.png")
    outside = ("b/more", "b/more-again", "x.txt")
    for sources in ([tree], [str(tree / "**")], [tree, tree / "b"], [tree / "*", tree / "b" / "*.html"]):
        plan = find(sources)
        assert _names(plan) == ["a.html", "b/c.html", "b/own.html"], sources
        assert plan.outside == outside
    plan = find([tree], follow_links=True)
    assert _names(plan) == ["a.html", "b/c.html", "b/more/page.html", "b/own.html", "x.txt"]
    assert _names(find([tree, tmp_path / "other"])) == [
        "other/more/page.html",
        "other/secret.txt",
        "tree/a.html",
        "tree/b/c.html",
        "tree/b/own.html",
        "tree/x.txt",
    ]


def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    _tree(tmp_path / "crawls" / "may", "a.html", "b/c.html")
    (tmp_path / "latest").symlink_to(tmp_path / "crawls" / "may")
    (tmp_path / "page.html").symlink_to(tmp_path / "crawls" / "may" / "a.html")
    assert _names(find([tmp_path / "latest"])) == ["a.html", "b/c.html"]
    assert _names(find([tmp_path / "page.html"])) == ["page.html"]


def test_folders_may_be_nested_deeper_than_functions(tmp_path: Path) -> None:
    place = str(tmp_path)
    for _ in range(1200):  # one by one: libraries make and remove folders by recursion
        place += "/d"
        os.mkdir(place)
    Path(place, "page.html").write_text("<p>x</p>", "utf-8")
    try:
        assert len(_names(find([tmp_path]))[0]) == 2 * 1200 + len("page.html")
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)


# --- names of outputs


@given(st.lists(st.text("ab~é新.", min_size=1, max_size=400), min_size=1, max_size=9))
def test_outputs_have_names_that_can_be_written_and_no_two_the_same(parts: list[str]) -> None:
    name = "/".join(parts) + ".html.txt"
    short = output_name(name)
    assert all(len(os.fsencode(part)) <= 255 for part in short.split("/"))
    assert len(os.fsencode(short)) <= 1024
    assert short.endswith(".html.txt")
    assert output_name(name) == short
    fits = len(os.fsencode(name)) <= 1024 and all(len(os.fsencode(part)) <= 255 for part in name.split("/"))
    assert (short == name) == fits
    assert output_name(short) != short or fits  # a source that is called like it has another one


def test_long_names_that_differ_at_their_end_alone_have_two_outputs() -> None:
    names = [f"news/{'x' * 300}{number}.html.txt" for number in range(50)]
    taken = [output_name(name) for name in names]
    assert len({*taken, *map(output_name, taken)}) == 100
    assert all(name.startswith("news/xxx") for name in taken)
    raw = os.fsdecode(b"\xff" * 300 + b".html.txt")
    assert len(os.fsencode(output_name(raw))) <= 255


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    _tree(tmp_path, "a.html")
    os.mkfifo(tmp_path / "pipe.html")
    found = {page.path: page.error for page in _read(tmp_path)}
    assert found == {"a.html": None, "pipe.html": "is not a regular file"}
    with pytest.raises(InputError, match="not a regular file"):
        read_file(tmp_path / "pipe.html")


def test_outputs_that_could_not_be_written_are_known_at_once(tmp_path: Path) -> None:
    _tree(tmp_path, "a.html", "a.html.txt/b.html", f"{'n' * 250}.html")
    problems = {file.name: file.problem for file in find([tmp_path]).files}
    assert "taken by a folder" in (problems["a.html"] or "")
    assert problems[f"{'n' * 250}.html"] is None
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
        assert read_file(path).data == data, path


def test_read_bytes_unpacks_zstandard(tmp_path: Path) -> None:
    zstandard = _module("zstandard")
    data = b"some news\n" * 5000
    frames = zstandard.compress(data[:777]) + zstandard.compress(data[777:])
    (tmp_path / "a.html.zst").write_bytes(frames)
    assert read_file(tmp_path / "a.html.zst").data == data
    (tmp_path / "b.html.zst").write_bytes(frames[:-20])
    with pytest.raises(InputError):
        read_file(tmp_path / "b.html.zst")


@pytest.mark.parametrize("name", ["a.html.gz", "a.html.bz2", "a.html.zst"])
@pytest.mark.parametrize("more", [b"\n", b"some bytes behind the end" * 40, b"\xff", b"\0\0\0"])
def test_bytes_behind_the_end_are_left_out_with_a_warning(tmp_path: Path, name: str, more: bytes) -> None:
    data = b"<p>some news</p>" * 500
    (tmp_path / name).write_bytes(_packed(name, data) + more)
    found = read_file(tmp_path / name)
    assert found.data == data
    if not (name.endswith(".gz") and not more.strip(b"\0")):  # NULs may fill up a block
        assert "behind the end" in found.warnings[0]


def _packed(name: str, data: bytes) -> bytes:
    if name.endswith(".zst"):
        return bytes(_module("zstandard").ZstdCompressor(write_checksum=True).compress(data))
    return gzip.compress(data, mtime=0) if name.endswith(".gz") else bz2.compress(data)


def _as_far_as_it_goes(path: Path, size: int = 1 << 16) -> tuple[bytes, str]:
    """All that can be read of a file, and the fault that ends it."""
    parts = []
    with open_bounded(path, Limits()) as stream:
        try:
            while part := stream.read(size):
                parts.append(part)
        except InputError as error:
            return b"".join(parts), str(error)
    return b"".join(parts), ""


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.bz2", "a.jsonl.zst"])
@pytest.mark.parametrize("size", [100, 1 << 20])
def test_all_that_stands_before_a_fault_is_read_and_then_the_fault(
    tmp_path: Path, name: str, size: int
) -> None:
    rng = random.Random(name)
    members = [bytes(rng.choices(b"abcdefgh \n", k=length)) for length in (70_000, 300, 1, 250_000)]
    packed = [_packed(name, member) for member in members]
    path = tmp_path / name
    whole = b"".join(members)
    path.write_bytes(b"".join(packed))
    assert _as_far_as_it_goes(path, size) == (whole, "")
    for at in range(len(packed)):
        # the member is cut; has a wrong check sum; has a wrong byte
        before = len(b"".join(members[:at]))
        head = b"".join(packed[:at])
        tail = b"".join(packed[at + 1 :])
        path.write_bytes(head + packed[at][:-1])
        found, fault = _as_far_as_it_goes(path, size)
        assert found == whole[: len(found)]
        assert len(found) >= before + (len(members[at]) if not name.endswith(".bz2") else 0)
        assert "ends in the middle" in fault
        flipped = bytearray(packed[at])
        flipped[-6 if name.endswith(".gz") else -2] ^= 1
        path.write_bytes(head + flipped + tail)
        found, fault = _as_far_as_it_goes(path, size)
        assert found[:before] == whole[:before]
        assert len(found) >= before
        assert "damaged" in fault
        flipped = bytearray(packed[at])
        flipped[len(flipped) // 2] ^= 0xFF
        path.write_bytes(head + flipped + tail)
        found, fault = _as_far_as_it_goes(path, size)
        assert found[:before] == whole[:before]
        assert fault


@given(st.data())
def test_a_cut_file_gives_what_its_library_gives_byte_by_byte(data: st.DataObject) -> None:
    text = data.draw(st.binary(min_size=1, max_size=3000)) * data.draw(st.integers(1, 60))
    packed = gzip.compress(text, mtime=0)
    cut = data.draw(st.integers(11, len(packed) - 1))
    reference = zlib.decompressobj(31)
    expected = b"".join(reference.decompress(packed[at : at + 1]) for at in range(cut))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt.gz"
        path.write_bytes(packed[:cut])
        found, fault = _as_far_as_it_goes(path, data.draw(st.integers(1, 5000)))
    assert found == expected
    assert "ends in the middle" in fault


def test_a_member_with_a_damaged_head_is_a_fault_and_no_end(tmp_path: Path) -> None:
    members = [bytearray(gzip.compress(line)) for line in (b"one\n", b"two\n", b"three\n")]
    members[1][0] ^= 1
    (tmp_path / "a.jsonl.gz").write_bytes(b"".join(members))
    found, fault = _as_far_as_it_goes(tmp_path / "a.jsonl.gz")
    assert found == b"one\n"
    assert f"byte {len(members[0])}" in fault


def test_a_file_of_skippable_frames_is_unpacked(tmp_path: Path) -> None:
    frame = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note"
    path = tmp_path / "a.html.zst"
    path.write_bytes(frame + _packed(path.name, b"<p>x</p>") + frame)
    assert read_file(path) == (b"<p>x</p>", ())


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
        read_file(tmp_path / name)


@pytest.mark.parametrize("name", ["none.html", "folder"])
def test_what_is_no_file_is_an_input_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError):
        read_file(tmp_path / name)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, pack: Any) -> None:
    (tmp_path / "bomb").write_bytes(pack(b"\0" * (40 << 20)))
    with pytest.raises(InputError, match="expands more than 250 times"):
        read_file(tmp_path / "bomb", Limits())
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
            read_file(path, Limits(page_bytes=2 << 20))
        assert read_file(path, Limits(page_bytes=3 << 20)).data == data


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
    from dedupe.sources import chunks as sources_chunks

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources_chunks, "_BYTES", cut)
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


def _archive(count: int) -> list[bytes]:
    """Records of pages that cannot be packed much."""
    rng = random.Random(count)
    bodies = [b"<p>%d %s</p>" % (number, rng.randbytes(400).hex().encode()) for number in range(count)]
    http = "application/http; msgtype=response"
    return [
        _warc_record("response", f"https://a.example/{number}", _http(body), http)
        for number, body in enumerate(bodies)
    ]


def _numbers(found: list[RawPage]) -> tuple[list[int], list[str]]:
    """The pages that were read, by the numbers in their addresses, and what is wrong with others."""
    numbers = [int((page.url or "").rpartition("/")[2]) for page in found if not page.error]
    return numbers, [page.error for page in found if page.error]


def _is_right(found: list[RawPage], records: list[bytes]) -> bool:
    good = [(page.data, int((page.url or "").rpartition("/")[2])) for page in found if page.data]
    return all(isinstance(data, bytes) and data in records[number] for data, number in good)


@pytest.mark.parametrize("place", [0.02, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("member", [0, 3, 9])
def test_a_damaged_member_of_an_archive_costs_only_its_own_record(
    tmp_path: Path, member: int, place: float
) -> None:
    _module("fastwarc")
    records = _archive(10)
    members = [bytearray(gzip.compress(record)) for record in records]
    members[member][min(int(place * len(members[member])), len(members[member]) - 6)] ^= 0xFF
    (tmp_path / "a.warc.gz").write_bytes(b"".join(members))
    found = _read(tmp_path)
    numbers, errors = _numbers(found)
    assert numbers == [number for number in range(10) if number != member]
    assert len(errors) == 1
    assert "damaged" in errors[0]
    assert _is_right(found, records)


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_an_archive_that_is_cut_anywhere_says_so_and_gives_what_is_whole(tmp_path: Path, name: str) -> None:
    _module("fastwarc")
    records = _archive(4)
    parts = [gzip.compress(record) if name.endswith(".gz") else record for record in records]
    whole = b"".join(parts)
    ends_at = {len(b"".join(parts[:count])) for count in range(5)}
    for cut in range(len(parts[0]) // 2, len(whole), 37):
        (tmp_path / name).write_bytes(whole[:cut])
        found = _read(tmp_path)
        numbers, errors = _numbers(found)
        spare = 0 if name.endswith(".gz") else 4  # line ends behind the last record
        assert numbers == [*range(sum(end <= cut + spare for end in ends_at) - 1)], cut
        assert bool(errors) == (not any(end - spare <= cut <= end for end in ends_at)), cut
        assert _is_right(found, records)


def test_a_cut_record_that_holds_no_page_is_told_of(tmp_path: Path) -> None:
    _module("fastwarc")
    image = _warc_record("resource", "https://a.example/x.png", os.urandom(900), "image/png")
    (tmp_path / "a.warc").write_bytes(b"".join(_archive(2)) + image[:-300])
    numbers, errors = _numbers(_read(tmp_path))
    assert numbers == [0, 1]
    assert "ends inside" in errors[0]


def test_bytes_behind_an_archive_and_lines_are_told_of_with_the_last_page(tmp_path: Path) -> None:
    _module("fastwarc")
    lines = b'{"text": "one"}\n{"text": "two"}\n'
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines) + b"more")
    (tmp_path / "b.warc.gz").write_bytes(b"".join(map(gzip.compress, _archive(2))) + b"more")
    (tmp_path / "c.html.gz").write_bytes(gzip.compress(b"<p>x</p>") + b"more")
    found = _read(tmp_path)
    assert not any(page.error for page in found)
    assert [len(page.warnings) for page in found] == [0, 1, 0, 1, 1]


def test_a_whole_last_line_before_a_fault_counts(tmp_path: Path) -> None:
    flipped = bytearray(gzip.compress(b'{"text": "one"}\n{"text": "two"}'))
    flipped[-6] ^= 1
    (tmp_path / "a.jsonl.gz").write_bytes(flipped)
    assert [page.data for page in _read(tmp_path)] == ["one", "two", b""]
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "one"}\n{"text": "tw')[:-8])
    assert [page.data for page in _read(tmp_path)] == ["one", b""]


def test_what_is_not_json_in_a_line_becomes_null(tmp_path: Path) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    path = _lines(
        tmp_path / "a.jsonl",
        b'{"text": "NaN", "a": NaN, "b": [Infinity, {"c": -Infinity}], "d": 1e999, "e": "\\ud800"}\n',
        b'{"text": "Infinity",\r "a": 1.50}\n',
        b'{"text": "x", "a": 1.50, "b": "NaN"}\n',
    )
    odd, split, plain = _read(path)
    assert json.loads(odd.record or b"", parse_constant=refuse) == {
        "text": "NaN", "a": None, "b": [None, {"c": None}], "d": None, "e": "\ud800",
    }  # fmt: skip
    assert b"\r" not in (split.record or b"")
    assert plain.record == b'{"text": "x", "a": 1.50, "b": "NaN"}'
    for page in (odd, split, plain):
        line = record_line(page.record or b"", {"text": "new"})
        assert json.loads(line, parse_constant=refuse)["text"] == "new"


def _odd_columns(pyarrow: Any) -> dict[str, Any]:
    """Columns that Python cannot hold, with what becomes of their two values."""
    moment = 1717171717123456789
    stamp, us = pyarrow.timestamp("ns"), "2024-05-31 16:08:37.123456"
    dictionary = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    broken = pyarrow.py_buffer(b"\xff\xfeok")
    places = pyarrow.array([0, 2, 4], pyarrow.int32()).buffers()[1]
    far = pyarrow.array([2**30, 3], pyarrow.int32())
    return {
        "stamp": (pyarrow.array([moment, moment - 789], stamp), [f"{us}789", us]),
        "time": (pyarrow.array([123456789, 0], pyarrow.time64("ns")), ["00:00:00.123456789", "00:00:00"]),
        "day": (far.cast(pyarrow.date32()), [None, "1970-01-04"]),
        "far": (pyarrow.array([2**60, None], pyarrow.timestamp("ms")), [None, None]),
        "span": (pyarrow.array([2**60 + 1, 10**9], pyarrow.duration("ns")), [str(2**60 + 1), "0:00:01"]),
        "zone": (pyarrow.array([0, 1], pyarrow.timestamp("us", "Mars/Phobos")), [None, None]),
        "list": (pyarrow.array([[moment], []], pyarrow.list_(stamp)), [[f"{us}789"], []]),
        "row": (pyarrow.array([{"a": 1, "t": moment}, None]).cast(
            pyarrow.struct([("a", pyarrow.int64()), ("t", stamp)])), [{"a": 1, "t": f"{us}789"}, None]),
        "map": (pyarrow.array([[("k", moment)], []], pyarrow.map_(pyarrow.string(), stamp)),
            [[{"key": "k", "value": f"{us}789"}], []]),
        "twice": (pyarrow.StructArray.from_arrays(
            [pyarrow.array([1, 2]), pyarrow.array([3, 4])], names=["a", "a"]), [{"a": 1}, {"a": 2}]),
        "bytes": (pyarrow.Array.from_buffers(pyarrow.string(), 2, [None, places, broken]),
            ["\ufffd\ufffd", "ok"]),
        "kinds": (pyarrow.array(["a", "a"], pyarrow.string()).cast(dictionary), ["a", "a"]),
        "half": (pyarrow.array([1.5, float("nan")], pyarrow.float16()), [1.5, None]),
    }  # fmt: skip


@pytest.mark.parametrize("alone", [False, True])
def test_odd_values_in_other_columns_never_matter(tmp_path: Path, alone: bool) -> None:
    pyarrow = _module("pyarrow")
    parquet = _module("pyarrow.parquet")
    odd = _odd_columns(pyarrow)
    for names in [[name] for name in odd] if alone else [list(odd)]:
        columns = {name: odd[name][0] for name in names}
        path = tmp_path / "a.parquet"
        parquet.write_table(pyarrow.table({**columns, "text": ["one", "two"]}), path)
        found = _read(path)
        assert [(page.data, page.error) for page in found] == [("one", None), ("two", None)], names
        records = [json.loads(page.record or b"") for page in found]
        assert list(records[0]) == [*names, "text"]
        for name in names:
            assert [record[name] for record in records] == odd[name][1], name


def test_odd_values_in_the_columns_of_pages_cost_that_field_alone(tmp_path: Path) -> None:
    pyarrow = _module("pyarrow")
    parquet = _module("pyarrow.parquet")
    odd = _odd_columns(pyarrow)
    columns = {"id": odd["stamp"][0], "url": odd["bytes"][0], "site": odd["row"][0], "text": odd["bytes"][0]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    one, two = _read(tmp_path)
    assert (one.data, one.error, one.url) == (b"\xff\xfe", None, None)
    assert (two.data, two.error, two.url) == ("ok", None, "ok")


def test_a_dictionary_counts_as_what_it_becomes(tmp_path: Path) -> None:
    pyarrow = _module("pyarrow")
    parquet = _module("pyarrow.parquet")
    for is_nested in (False, True):
        values = pyarrow.DictionaryArray.from_arrays(
            pyarrow.array([0] * 4000, pyarrow.int32()), pyarrow.array(["x" * 100_000])
        )
        more = pyarrow.StructArray.from_arrays([values], names=["a"]) if is_nested else values
        table = pyarrow.table({"text": ["t"] * 4000, "more": more})
        parquet.write_table(table, tmp_path / "a.parquet", compression="zstd")
        found = _read(tmp_path, limits=Limits(page_bytes=4 << 20, ratio=100))
        assert "bomb" in (found[-1].error or "")
        assert len(found) < 400


def test_a_damaged_column_of_others_becomes_null_and_one_of_pages_costs_its_row_group(tmp_path: Path) -> None:
    pyarrow = _module("pyarrow")
    parquet = _module("pyarrow.parquet")
    texts = [os.urandom(300).hex() for _ in range(300)]
    table = pyarrow.table({"more": texts[::-1], "text": texts, "n": range(300)})
    path = tmp_path / "a.parquet"
    parquet.write_table(
        table, path, row_group_size=100, compression="gzip", use_dictionary=False, write_statistics=False
    )
    meta = parquet.ParquetFile(path).metadata.row_group(1)
    for column, expected in ((0, 300), (1, 200)):
        place = meta.column(column).data_page_offset
        data = bytearray(path.read_bytes())
        data[place + 60 : place + 120] = b"\xff" * 60
        (tmp_path / "b").mkdir(exist_ok=True)
        (tmp_path / "b" / "b.parquet").write_bytes(data)
        found = _read(tmp_path / "b")
        good = [page for page in found if not page.error]
        assert len(good) == expected
        assert [page.data for page in good] == (texts if column == 0 else texts[:100] + texts[200:])
        assert good[-1].id == "300"
        records = [json.loads(page.record or b"") for page in good]
        assert [record["n"] for record in records[-100:]] == [*range(200, 300)]
        if column == 0:
            assert {record["more"] for record in records[100:200]} == {None}
            assert [record["n"] for record in records[100:200]] == [*range(100, 200)]


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
    monkeypatch.setitem(sys.modules, package, None)
    for reader in ("parquet", "warc"):  # as in a process that has read no such file
        monkeypatch.delitem(sys.modules, f"dedupe.sources.{reader}", raising=False)
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
