"""Whole runs of `dedupe bulk` and `dedupe restore` in real processes."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from bulk_pages import WORDS, broken, html, sentences, site
from conftest import PATIENCE
from hypothesis import given
from hypothesis import strategies as st

import dedupe
from dedupe.bulk.finish import finish, record_line, renamed
from dedupe.bulk.places import check_places
from dedupe.bulk.prepare import prepare
from dedupe.bulk.records import CleanedPage, PageDecision, Rendering, article_texts
from dedupe.bulk.tasks import BulkOptions, Counts, count
from dedupe.cleaning.cleaner import Cleaner
from dedupe.errors import InputError, OptionsError
from dedupe.result import CleanResult
from dedupe.sources.find import find
from dedupe.sources.limits import Limits
from dedupe.sources.records import RawPage
from dedupe.types import Block, Removal

_ROOT = Path(dedupe.__file__).parents[1]
# fmt: off
_PAGE_FIELDS = [
    "path", "id", "url", "site", "status", "cluster", "duplicate_of", "relation", "similarity",
    "containment", "title", "date", "chars_in", "chars_kept", "removals", "linked",
    "warnings",
]
# fmt: on


def _environment(**more: str) -> dict[str, str]:
    unwanted = ("NO_COLOR", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    paths = [more.pop("first", ""), str(_ROOT)]
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def _start(*args: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dedupe", *map(str, args)]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **{**streams, "env": _environment(), **options})


def _run(*args: str | Path, **options: Any) -> tuple[int, str, str]:
    process = _start(*args, **options)
    out, err = process.communicate(timeout=2 * PATIENCE)
    assert b"Traceback" not in err, err.decode()
    return process.returncode, out.decode(), err.decode()


def _bulk(source: Path | str, dest: Path, *args: str | Path, code: int = 0, **options: Any) -> str:
    found, _, err = _run("bulk", source, "-o", dest, "--jobs", "1", *args, **options)
    assert found == code, err
    return err


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _pages(dest: Path) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in _rows(dest / "pages.jsonl")}


def _tree(folder: Path, skip: Iterable[str] = ("run.json",)) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in skip)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# --- what a run writes


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over a small tree, beside its sources: tree/, out/."""
    folder = tmp_path_factory.mktemp("small")
    site(folder / "tree", 6)
    (folder / "tree" / "packed.html.gz").write_bytes(gzip.compress(html("packed").encode()))
    (folder / "tree" / "dump.txt").write_text("\n".join(sentences("dump")), "utf-8")
    records = [
        {"id": "a", "html": html("record a"), "url": "https://news.example/a", "n": 1.50},
        {"id": "b", "html": html("record b"), "clean_text": "gives way"},
        {"id": "b", "text": "\n".join(sentences("record c"))},
        {"id": 7},
    ]
    lines = "".join(f"{json.dumps(record)}\n" for record in records)
    (folder / "tree" / "records.jsonl").write_text(lines, "utf-8")
    _bulk(folder / "tree", folder / "out", code=1)
    return folder


def test_the_outputs_are_those_of_the_contract(small: Path) -> None:
    out = small / "out"
    assert {path.name for path in out.iterdir()} == {
        "clean", "pages.jsonl", "removals.jsonl", "errors.jsonl", "blocks.jsonl", "run.json",
    }  # fmt: skip
    pages = _rows(out / "pages.jsonl")
    assert all(list(page) == _PAGE_FIELDS for page in pages)
    files = [page["path"] for page in pages if "#" not in page["path"]]
    assert files == sorted(files)
    assert [page["path"].partition("#")[2] for page in pages if page["id"]] == ["a", "b", "b~2", "7"]
    assert {page["status"] for page in pages} == {"kept", "error"}
    run = json.loads((out / "run.json").read_bytes())
    assert run["pages"] == {"error": 1, "kept": 11}
    assert run["versions"]["dedupe"] == dedupe.__version__
    assert {"lxml", "numpy", "python"} < set(run["versions"])
    assert set(run["seconds"]) == {"prepare", "compare", "finish"}


def test_a_page_is_cleaned_as_dedupe_clean_does_it(small: Path) -> None:
    for name, page in _pages(small / "out").items():
        if name.endswith((".html", ".txt")):
            result = dedupe.clean(small / "tree" / name)
            assert (small / "out" / "clean" / f"{name}.txt").read_text("utf-8") == result.text
            assert (page["title"], page["url"], page["date"]) == (result.title, result.url, result.date)
            assert page["chars_kept"] == sum(len(block.text) for block in result.blocks)
            removed = sum(len(removal.block.text) for removal in result.removals)
            assert page["chars_in"] == page["chars_kept"] + removed
            assert sum(page["removals"].values()) == len(result.removals)
    packed = (small / "out" / "clean" / "packed.html.gz.txt").read_text("utf-8")
    assert packed == dedupe.clean(html("packed")).text


def test_records_keep_their_fields_and_get_their_text(small: Path) -> None:
    one, two, three = _rows(small / "out" / "clean" / "records.jsonl.jsonl")
    assert one.pop("clean_text") == dedupe.clean(html("record a")).text
    assert one == {"id": "a", "html": html("record a"), "url": "https://news.example/a", "n": 1.5}
    assert two["clean_text"] == dedupe.clean(html("record b")).text
    assert three["clean_text"] == dedupe.clean("\n".join(sentences("record c"))).text


def test_the_site_is_the_host_of_the_url_else_the_top_folder(small: Path) -> None:
    sites = {name: page["site"] for name, page in _pages(small / "out").items()}
    assert sites["site1/001.html"] == "site1"
    assert sites["records.jsonl#a"] == "news.example"
    assert sites["records.jsonl#b"] == sites["dump.txt"] == ""


def test_errors_are_named_with_their_reason(small: Path) -> None:
    (error,) = _rows(small / "out" / "errors.jsonl")
    assert (error["path"], error["id"]) == ("records.jsonl#7", "7")
    assert "no text in the fields 'html' and 'text'" in error["reason"]


def test_restore_gives_back_every_block_in_page_order(small: Path) -> None:
    for name in _pages(small / "out"):
        if name == "records.jsonl#7":
            continue
        code, text, err = _run("restore", small / "out", name)
        assert (code, err) == (0, "")
        if "#" in name:
            record = {"a": "record a", "b": "record b", "b~2": "record c"}[name.partition("#")[2]]
            source = "\n".join(sentences(record)) if record == "record c" else html(record)
        else:
            source = html("packed") if name.endswith(".gz") else (small / "tree" / name).read_text("utf-8")
        result = dedupe.clean(source)
        blocks = [*result.blocks, *(removal.block for removal in result.removals)]
        texts = [block.text for block in sorted(blocks, key=lambda block: block.number)]
        assert text == "\n\n".join(texts) + "\n"


@pytest.mark.parametrize(
    ("dest", "page", "message"),
    [
        ("out", "none.html", "is no page of"),
        ("out", "records.jsonl#7", "failed in that run"),
        ("tree", "dump.txt", "no finished run"),
    ],
)
def test_restore_says_what_it_cannot(small: Path, dest: str, page: str, message: str) -> None:
    code, out, err = _run("restore", small / dest, page)
    assert (code, out) == (1, "")
    assert message in err


def test_restore_notices_a_changed_output(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small / "out", tmp_path / "out")
    path = tmp_path / "out" / "clean" / "dump.txt.txt"
    path.write_text(path.read_text("utf-8") + "More.\n", "utf-8")
    code, _, err = _run("restore", tmp_path / "out", "dump.txt")
    assert code == 1
    assert "changed since the run" in err


@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_other_formats(small: Path, tmp_path: Path, form: str) -> None:
    _bulk(small / "tree", tmp_path / "out", "--format", form, code=1)
    suffix = {"markdown": "md", "html": "html", "json": "json"}[form]
    output = (tmp_path / "out" / "clean" / "site0" / f"000.html.{suffix}").read_text("utf-8")
    result = dedupe.clean(small / "tree" / "site0" / "000.html")
    assert output == {"markdown": result.markdown, "html": result.html}.get(form, output)
    first = _rows(tmp_path / "out" / "clean" / "records.jsonl.jsonl")[0]["clean_text"]
    if form == "json":
        assert dedupe.CleanResult.from_dict(json.loads(output)).text == result.text
        assert dedupe.CleanResult.from_dict(first).title == dedupe.clean(html("record a")).title
    code, text, _ = _run("restore", tmp_path / "out", "site0/000.html")
    assert (code, text) == (0, _run("restore", small / "out", "site0/000.html")[1])


def test_body_only_leaves_out_the_headline_and_can_be_restored(small: Path, tmp_path: Path) -> None:
    _bulk(small / "tree", tmp_path / "out", "--body-only", code=1)
    result = dedupe.clean(small / "tree" / "site0" / "000.html")
    output = (tmp_path / "out" / "clean" / "site0" / "000.html.txt").read_text("utf-8")
    assert output == result.body != result.text
    code, text, _ = _run("restore", tmp_path / "out", "site0/000.html")
    assert (code, text) == (0, _run("restore", small / "out", "site0/000.html")[1])


def test_already_clean_text_stays_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    lines = ["Home", *sentences("clean"), "Share this article", "Home"]
    (source / "a.txt").write_text("\n".join(lines), "utf-8")
    (source / "b.txt").write_text("\n\n".join(sentences("paragraphs")), "utf-8")
    _bulk(source, tmp_path / "out", "--already-clean")
    assert (tmp_path / "out" / "clean" / "a.txt.txt").read_text("utf-8") == "\n\n".join(lines) + "\n"
    assert _run("restore", tmp_path / "out", "b.txt")[1] == (source / "b.txt").read_text("utf-8") + "\n"
    assert _rows(tmp_path / "out" / "removals.jsonl") == []


def test_markup_that_is_already_clean_gives_its_blocks(tmp_path: Path) -> None:
    lines = sentences("markup")
    article = "".join(f"<p>{line}</p>" for line in lines)
    (tmp_path / "a.html").write_text(f"<article><h1>{lines[0][:30]}</h1>{article}</article>", "utf-8")
    records = [{"html": article}, {"text": "\n\n".join(lines)}]
    (tmp_path / "b.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    _bulk(tmp_path, tmp_path.with_name("out"), "--already-clean", "--duplicates", "keep")
    clean = tmp_path.with_name("out") / "clean"
    expected = "\n\n".join(lines) + "\n"
    assert (clean / "a.html.txt").read_text("utf-8") == f"{lines[0][:30]}\n\n{expected}"
    assert [row["clean_text"] for row in _rows(clean / "b.jsonl.jsonl")] == [expected, expected]


def test_a_dry_run_lists_and_writes_nothing(small: Path, tmp_path: Path) -> None:
    code, out, err = _run("bulk", small / "tree", "-o", tmp_path / "out", "--dry-run")
    assert code == 0
    assert [line.split("\t")[:2] for line in out.splitlines()][:3] == [
        ["dump.txt", "page"],
        ["packed.html.gz", "page"],
        ["records.jsonl", "jsonl"],
    ]
    assert "9 sources" in err
    assert not (tmp_path / "out").exists()


# --- across pages


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources with copies, and a site that says the same under each of its articles: tree/."""
    tree = tmp_path_factory.mktemp("copies") / "tree"
    articles = {f"a/{number}": sentences(f"a{number}", 16) for number in range(8)}
    for lines in articles.values():
        lines.insert(9, "Reporting for this series was paid for by readers of the valley fund.")
    edited = [
        *articles["a/0"][:5],
        "A few other words.",
        *articles["a/0"][6:],
    ]
    articles |= {"b/same": articles["a/0"], "b/edited": edited, "b/short": articles["a/1"][:8]}
    articles["b/other"] = sentences("other", 16)
    for name, lines in articles.items():
        path = tree / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(lines) + "\n", "utf-8")
    return tree


def test_one_copy_of_every_article_is_kept(copies: Path, tmp_path: Path) -> None:
    _bulk(copies, tmp_path / "out", "--already-clean")
    pages = _pages(tmp_path / "out")
    kept = {path for path, page in pages.items() if page["status"] == "kept"}
    assert kept == {*(f"a/{number}.txt" for number in range(8)), "b/other.txt"}
    assert pages["b/other.txt"]["cluster"] is None
    for path, relation in (("b/same.txt", "exact"), ("b/edited.txt", "near")):
        page = pages[path]
        assert (page["status"], page["duplicate_of"], page["cluster"]) == ("duplicate", "a/0.txt", "a/0.txt")
        assert page["relation"] == relation
        assert (page["similarity"] == 1.0) == (relation == "exact")
        assert page["similarity"] > 0.8
        assert not (tmp_path / "out" / "clean" / f"{path}.txt").exists()
        assert _run("restore", tmp_path / "out", path)[1] == (copies / path).read_text("utf-8")
    short = pages["b/short.txt"]
    assert (short["duplicate_of"], short["relation"]) == ("a/1.txt", "contained")
    assert short["containment"] == 1.0
    assert 0 < short["similarity"] < 0.7
    assert pages["a/1.txt"]["cluster"] == "a/1.txt"


def test_what_a_site_says_under_all_its_articles_is_template(copies: Path, tmp_path: Path) -> None:
    _bulk(copies, tmp_path / "out", "--already-clean")
    rows = [row for row in _rows(tmp_path / "out" / "removals.jsonl") if row["reason"] == "template"]
    assert {row["text"] for row in rows} == {
        "Reporting for this series was paid for by readers of the valley fund."
    }
    assert {row["path"] for row in rows} >= {f"a/{number}.txt" for number in range(1, 8)}
    text = (tmp_path / "out" / "clean" / "a" / "5.txt.txt").read_text("utf-8")
    assert "valley fund" not in text
    assert _run("restore", tmp_path / "out", "a/5.txt")[1] == (copies / "a" / "5.txt").read_text("utf-8")


@pytest.mark.parametrize("name", ["template", "paragraph"])
def test_a_site_s_template_can_be_kept(copies: Path, tmp_path: Path, name: str) -> None:
    _bulk(copies, tmp_path / "out", "--already-clean", "--keep", name)
    assert "valley fund" in (tmp_path / "out" / "clean" / "a" / "5.txt.txt").read_text("utf-8")
    assert {row["reason"] for row in _rows(tmp_path / "out" / "removals.jsonl")} == {"duplicate"}


def test_to_keep_duplicates_is_a_reason_as_well(copies: Path, tmp_path: Path) -> None:
    _bulk(copies, tmp_path / "out", "--already-clean", "--keep", "duplicate")
    assert {page["status"] for page in _pages(tmp_path / "out").values()} == {"kept"}
    assert (tmp_path / "out" / "clean" / "b" / "short.txt.txt").exists()


def test_duplicates_can_be_kept_or_linked(copies: Path, tmp_path: Path) -> None:
    _bulk(copies, tmp_path / "kept", "--already-clean", "--duplicates", "keep")
    pages = _pages(tmp_path / "kept")
    assert {page["status"] for page in pages.values()} == {"kept"}
    assert pages["b/short.txt"]["duplicate_of"] == "a/1.txt"
    assert (tmp_path / "kept" / "clean" / "b" / "short.txt.txt").exists()
    _bulk(copies, tmp_path / "linked", "--already-clean", "--duplicates", "link")
    link = tmp_path / "linked" / "clean" / "b" / "short.txt.txt"
    assert os.readlink(link) == "../a/1.txt.txt"
    assert link.read_bytes() == (tmp_path / "linked" / "clean" / "a" / "1.txt.txt").read_bytes()


def test_copies_of_records_are_left_out_or_named(copies: Path, tmp_path: Path) -> None:
    records = [{"id": path.stem, "text": path.read_text("utf-8")} for path in sorted(copies.rglob("*.txt"))]
    source = tmp_path / "all.jsonl"
    source.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    _bulk(source, tmp_path / "out", "--already-clean")
    left = {row["id"] for row in _rows(tmp_path / "out" / "clean" / "all.jsonl.jsonl")}
    assert len(left) == 9
    assert "short" not in left
    _bulk(source, tmp_path / "linked", "--already-clean", "--duplicates", "link")
    rows = {row["id"]: row for row in _rows(tmp_path / "linked" / "clean" / "all.jsonl.jsonl")}
    assert len(rows) == len(records)
    assert (rows["short"]["clean_text"], rows["short"]["duplicate_of"]) == (None, "all.jsonl#1")
    assert "duplicate_of" not in rows["1"]
    expected = {record["id"]: record["text"] for record in records}
    for name in ("all.jsonl#other", "all.jsonl#short"):
        assert _run("restore", tmp_path / "linked", name)[1] == expected[name.partition("#")[2]]


# --- the same bytes, whatever happens


def test_the_same_bytes_with_more_jobs_another_order_and_after_kills(tmp_path: Path) -> None:
    count = 70
    tree = site(tmp_path / "tree", count)
    texts = [{"id": str(number), "html": html(f"r{number % 30}")} for number in range(40)]
    (tree / "more.jsonl").write_text("".join(f"{json.dumps(text)}\n" for text in texts), "utf-8")
    (tree / "packed.jsonl.gz").write_bytes(gzip.compress((tree / "more.jsonl").read_bytes()))
    before = _tree(tree)
    _bulk(tree, tmp_path / "one")
    expected = _tree(tmp_path / "one")
    assert len(_pages(tmp_path / "one")) == count + 80

    shuffled = site(tmp_path / "shuffled", count, random.Random(3).shuffle)
    for name in ("packed.jsonl.gz", "more.jsonl"):
        shutil.copy(tree / name, shuffled / name)
    _bulk(shuffled, tmp_path / "two", "--jobs", "2")
    assert _tree(tmp_path / "two") == expected

    rng = random.Random(os.urandom(8))
    kills = 0
    while kills < 5:
        process = _start("bulk", tree, "-o", tmp_path / "three", "--jobs", "2", "--resume")
        try:
            process.wait(rng.uniform(0.2, 0.5 + kills / 2))  # the first one comes early on any machine
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
    assert kills, "the run was over before the first kill"
    _bulk(tree, tmp_path / "three", "--resume")
    assert _tree(tmp_path / "three") == expected
    assert not (tmp_path / "three" / ".dedupe-work").exists()
    assert _tree(tree) == before


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 120)
    process = _start("bulk", tree, "-o", tmp_path / "out", "--jobs", "2", start_new_session=True)
    _wait_for(process, tmp_path / "out" / ".dedupe-work", "*.shard")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "--resume" in err.decode()
    assert err.count(b"\n") == 1
    assert not (tmp_path / "out" / "pages.jsonl").exists()
    _bulk(tree, tmp_path / "out", code=2)
    _bulk(tree, tmp_path / "out", "--resume")
    assert len(_pages(tmp_path / "out")) == 120


def _wait_for(process: subprocess.Popen[bytes], folder: Path, pattern: str) -> None:
    """Wait until a running process has written such a file."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if any(folder.glob(pattern)):
            return
        time.sleep(0.002)
    raise AssertionError(f"no {pattern} in {folder} while the run went on")


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 400)
    process = _start("bulk", tree, "-o", tmp_path / "out", "--jobs", "1")
    try:
        _wait_for(process, tmp_path / "out" / ".dedupe-work", "*.shard")
        err = _bulk(tree, tmp_path / "out", "--resume", code=1)
        assert "another run is at work there" in err
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on file sizes")
def test_a_full_disk_ends_the_run_in_a_state_that_can_be_resumed(tmp_path: Path) -> None:
    import resource

    tree = site(tmp_path / "tree", 40)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    err = _bulk(tree, tmp_path / "out", code=1, preexec_fn=limit)
    assert "run the same command with --resume" in err
    assert err.count("\n") == 1
    _bulk(tree, tmp_path / "out", "--resume")
    assert len(_pages(tmp_path / "out")) == 40


def test_a_finished_run_is_resumed_at_once_and_replaced_only_on_demand(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small / "tree", tmp_path / "tree")
    _bulk(tmp_path / "tree", tmp_path / "out", code=1)
    before = (tmp_path / "out" / "run.json").read_bytes()
    _bulk(tmp_path / "tree", tmp_path / "out", "--resume", code=1)
    assert (tmp_path / "out" / "run.json").read_bytes() == before
    assert "finished run" in _bulk(tmp_path / "tree", tmp_path / "out", code=2)
    (tmp_path / "tree" / "dump.txt").unlink()
    assert "have changed" in _bulk(tmp_path / "tree", tmp_path / "out", "--resume", code=2)
    _bulk(tmp_path / "tree", tmp_path / "out", "--overwrite", code=1)
    assert "dump.txt" not in _pages(tmp_path / "out")
    assert not (tmp_path / "out" / "clean" / "dump.txt.txt").exists()


_KILLER = """
import os, signal
from dedupe.cleaning.cleaner import Cleaner
clean = Cleaner.clean
def killed(self, page, *args, **kwargs):
    if isinstance(page, bytes) and b"<title>Victim" in page:
        done = len(os.listdir({folder!r}))
        if done < {times}:
            open(os.path.join({folder!r}, str(done)), "x").close()
            os.kill(os.getpid(), signal.SIGKILL)
    return clean(self, page, *args, **kwargs)
Cleaner.clean = killed
"""


@pytest.mark.parametrize("times", [1, 2])
def test_a_page_whose_worker_was_killed_is_no_failure_for_ever(tmp_path: Path, times: int) -> None:
    tree = site(tmp_path / "tree", 40)
    victim = html("victim").replace("<title>", "<title>Victim ")
    (tree / "a.html").write_text(victim, "utf-8")
    (tree / "z.html").write_text(victim.replace("<title>Victim", "<title>"), "utf-8")  # a copy of it
    _bulk(tree, tmp_path / "expected")
    packages, kills = tmp_path / "packages", tmp_path / "kills"
    packages.mkdir()
    kills.mkdir()
    (packages / "sitecustomize.py").write_text(_KILLER.format(folder=str(kills), times=times), "utf-8")
    environment = _environment(first=str(packages))
    err = _bulk(tree, tmp_path / "out", code=times - 1, env=environment)
    assert len(list(kills.iterdir())) == times
    if times == 2:
        assert "a.html: crashed the process that cleaned it, twice (SIGKILL)" in err
        assert _pages(tmp_path / "out")["z.html"]["status"] == "kept"
        _bulk(tree, tmp_path / "out", "--resume", env=environment)
    assert _tree(tmp_path / "out") == _tree(tmp_path / "expected")
    assert not (tmp_path / "out" / ".dedupe-work").exists()


_KINDS = ("page.html", "lines.jsonl", "packed.jsonl.gz", "packed.html.gz")


def _same_size(path: Path) -> None:
    """Write other content into a file, and give it back its size and time."""
    before = path.stat()
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for old, new in ((b"harbour", b"airport"), (b"valley", b"canyon"), (b"Valley", b"Canyon")):
        data = data.replace(old, new, 1)
    path.write_bytes(gzip.compress(data, 0, mtime=0) if path.suffix == ".gz" else data)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _kinds(tree: Path) -> Path:
    site(tree, 200)
    lines = "".join(json.dumps({"text": "\n".join(sentences(f"l{at}"))}) + "\n" for at in range(3)).encode()
    page = html("kinds of sources").encode()
    for name, data in zip(_KINDS, (page, lines, lines, page), strict=True):
        (tree / name).write_bytes(gzip.compress(data, 0, mtime=0) if name.endswith(".gz") else data)
    return tree


@pytest.mark.parametrize("name", _KINDS)
@pytest.mark.parametrize("is_finished", [True, False])
def test_a_source_that_changed_behind_its_time_and_size_is_noticed(
    tmp_path: Path, name: str, is_finished: bool
) -> None:
    tree = _kinds(tmp_path / "tree")
    if is_finished:
        _bulk(tree, tmp_path / "out")
    else:
        process = _start("bulk", tree, "-o", tmp_path / "out", "--jobs", "1")
        _wait_for(process, tmp_path / "out" / ".dedupe-work", "*.counts")
        process.kill()
        process.communicate()
    shutil.copytree(tree, tmp_path / "copy")
    for path in tree.rglob("*"):  # other files with the same content are the same sources
        if path.is_file():
            shutil.copy2(path, tmp_path / "one")
            path.unlink()
            shutil.move(tmp_path / "one", path)
    shutil.copytree(tmp_path / "out", tmp_path / "again")
    _bulk(tree, tmp_path / "again", "--resume")
    _same_size(tree / name)
    assert "the sources have changed" in _bulk(tree, tmp_path / "out", "--resume", code=2)


# --- refusals


def test_a_resumed_run_must_have_the_same_options(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 2)
    work = tmp_path / "out" / ".dedupe-work"
    _bulk(tree, tmp_path / "done")
    work.mkdir(parents=True)
    state = json.loads((tmp_path / "done" / "run.json").read_bytes())["state"]
    (work / "state.json").write_text(json.dumps(state), "utf-8")
    err = _bulk(tree, tmp_path / "out", "--resume", "--format", "json", code=2)
    assert "--format = 'text', now it is 'json'" in err
    err = _bulk(tree, tmp_path / "out", code=2)
    assert "unfinished run; add --resume" in err
    _bulk(tree, tmp_path / "out", "--resume")
    assert _tree(tmp_path / "out") == _tree(tmp_path / "done")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["tree", "-o", "tree/out"], "is inside the source"),
        (["tree", "-o", "tree"], "is inside the source"),
        (["tree", "-o", "link/out"], "is inside the source"),
        (["tree", "-o", "new", "--report", "tree/r.html"], "is inside the source"),
        (["tree/site0/000.html", "-o", "new", "--report", "tree/site0/000.html"], "is"),
        (["tree", "-o", "new", "--report", "none/r.html"], "there is no folder"),
        (["tree", "-o", "new", "--report", "other"], "is a folder"),
        (["tree", "-o", "done", "--overwrite", "--report", "done/pages.jsonl"], "is an output of the run"),
        (["tree", "-o", "done", "--overwrite", "--report", "done/Run.json"], "is an output of the run"),
        (["tree", "-o", "done", "--overwrite", "--report", "done/clean/r.html"], "is an output of the run"),
        (["tree", "-o", "new", "--report", "new/removals.jsonl"], "is an output of the run"),
        (["tree", "-o", "done", "--resume", "--report", "list.html"], "is an output of the run"),
        (["tree", "-o", "new", "--index", "seen.db", "--report", "seen.db"], "belongs to the index"),
        (
            ["tree", "-o", "new", "--index", "sqlite:///seen.db", "--report", "seen.html"],
            "belongs to the index",
        ),
        (["tree", "-o", "new", "--index", "seen.db", "--report", "seen.db-wal"], "belongs to the index"),
        (["tree", "-o", "done", "--overwrite", "--index", "done/clean/seen.db"], "the index"),
        (["done/clean", "-o", "done", "--overwrite"], "is inside done"),
        (["done/clean/site0/*.txt", "-o", "done", "--overwrite"], "is inside done"),
        (["done/**", "-o", "done", "--overwrite"], "is inside"),
        (["done/clean/site0/000.html.txt", "-o", "done", "--overwrite"], "is inside done"),
        (["to-done", "-o", "done", "--overwrite"], "is inside done"),
        (["linked", "-o", "done", "--overwrite", "--follow-links"], "is inside done"),
        (["linked", "-o", "other/deep/out", "--follow-links"], "is inside the source"),
        (["tree", "-o", "foreign", "--overwrite"], "holds a run.json, which no run has written"),
        (["tree", "-o", "foreign", "--resume"], "holds a run.json, which no run has written"),
        (["tree", "-o", "alike", "--overwrite"], "holds a run.json, which no run has written"),
        (["tree", "-o", "working", "--overwrite"], "is a link, which no run has written"),
        (["tree", "-o", "cleaning", "--resume"], "is a link, which no run has written"),
        (["tree", "-o", "odd", "--overwrite"], "holds 'mine.txt', which no run has written"),
        (["tree", "-o", "odd", "--resume"], "holds 'mine.txt', which no run has written"),
        (["tree", "-o", "d" * 250 + ("/" + "d" * 250) * 12], "name a shorter one"),
        (["tree", "-o", "other", "--dry-run"], "is not empty"),
        (["tree", "-o", "other"], "is not empty"),
        (["tree", "-o", "other/file"], "is not a folder"),
        (["none", "-o", "new"], "there is no 'none'"),
        (["empty", "-o", "new"], "no pages"),
        (["tree", "-o", "new", "--keep", "repeat", "--drop", "repeat"], "both keep and drop"),
        (["tree", "-o", "new", "--resume", "--overwrite"], "choose one"),
        (["tree", "-o", "new", "--max-seconds", "0"], "above 0"),
        (["tree"], "Missing option"),
        (["-o", "new"], "Missing argument"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_written(
    tmp_path: Path, args: list[str], message: str
) -> None:
    site(tmp_path / "tree", 2)
    (tmp_path / "link").symlink_to(tmp_path / "tree")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("precious", "utf-8")
    (tmp_path / "empty").mkdir()
    _precious(tmp_path)
    before = _tree(tmp_path, skip=())
    code, out, err = _run("bulk", *args, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert _tree(tmp_path, skip=()) == before
    assert not (tmp_path / "new").exists()


def _precious(folder: Path) -> None:
    """Folders and files that look like those of a run, and links that lead to some."""
    clean = folder / "done" / "clean"
    clean.mkdir(parents=True)
    site(clean, 2)
    (clean / "site0" / "000.html").rename(clean / "site0" / "000.html.txt")
    state = {"work folder": 2, "dedupe": "0", "sources": "", "--format": "text"}
    counts = {"pages": {}, "removed": {}, "chars_in": 0, "chars_kept": 0, "seconds": {}}
    (folder / "done" / "run.json").write_text(json.dumps({"state": state, **counts}), "utf-8")
    (folder / "done" / "pages.jsonl").write_text("", "utf-8")
    for name, run in (("foreign", {}), ("alike", {"state": "done", **counts})):
        (folder / name / "clean").mkdir(parents=True)
        (folder / name / "clean" / "mine.txt").write_text("precious", "utf-8")
        (folder / name / "run.json").write_text(json.dumps(run), "utf-8")
    for name, link in (("working", ".dedupe-work"), ("cleaning", "clean")):
        (folder / name).mkdir()
        (folder / name / link).symlink_to(folder / "other")
    (folder / "cleaning" / ".dedupe-work").mkdir()
    (folder / "odd" / ".dedupe-work").mkdir(parents=True)
    (folder / "odd" / ".dedupe-work" / "mine.txt").write_text("precious", "utf-8")
    (folder / "list.html").symlink_to(folder / "done" / "pages.jsonl")
    dedupe.open_index(str(folder / "seen.db")).close()
    (folder / "seen.html").symlink_to(folder / "seen.db")
    (folder / "to-done").symlink_to(folder / "done" / "clean")
    (folder / "linked").mkdir()
    (folder / "linked" / "page.html").write_text("<p>x</p>", "utf-8")
    (folder / "linked" / "more").symlink_to(clean)
    (folder / "linked" / "deep").symlink_to(folder / "other" / "deep")
    (folder / "other" / "deep").mkdir()


def test_links_out_of_the_sources_are_named_on_every_way(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 3)
    (tmp_path / "secret.txt").write_text("\n".join(sentences("secret")), "utf-8")
    (tree / "x.txt").symlink_to(tmp_path / "secret.txt")
    word = "x.txt: left out: it is a link out of the sources"
    assert word in _bulk(tree, tmp_path / "out")
    assert "x.txt" not in _pages(tmp_path / "out")
    assert word in _bulk(tree, tmp_path / "out", "--resume")
    assert word in _run("bulk", tree, "-o", tmp_path / "new", "--dry-run")[2]
    assert json.loads((tmp_path / "out" / "run.json").read_bytes())["links_left_out"] == ["x.txt"]
    assert "left out" not in _bulk(tree, tmp_path / "followed", "--follow-links")
    assert _pages(tmp_path / "followed")["x.txt"]["status"] == "kept"


def test_pages_whose_names_or_paths_are_too_long_are_cleaned_all_the_same(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 3)
    deep = tree
    for _ in range(10):
        deep = deep / ("d" * 150)
        deep.mkdir()
    names = [f"{'新闻' * 41}{number}.html" for number in range(3)]
    for number, name in enumerate(names):
        (tree / name).write_text(html(f"long {number}"), "utf-8")
    (deep / "page.html").write_text(html("deep"), "utf-8")
    lines = "".join(json.dumps({"text": "\n".join(sentences(f"line {at}"))}) + "\n" for at in range(3))
    (tree / f"{'n' * 248}.jsonl").write_text(lines, "utf-8")
    outs = [tmp_path / "out", tmp_path / ("a-longer-name" * 15)]
    for out in outs:
        _bulk(tree, out, "--jobs", "2")
    assert _tree(outs[0]) == _tree(outs[1])
    pages = _pages(outs[0])
    assert {page["status"] for page in pages.values()} == {"kept"}
    long = [*names, (deep / "page.html").relative_to(tree).as_posix()]
    texts = {path.read_text("utf-8") for path in (outs[0] / "clean").rglob("*.txt")}
    for name in long:
        assert dedupe.clean(tree / name).text in texts
        (warning,) = pages[name]["warnings"]
        output = outs[0] / warning.rpartition("it is ")[2]
        assert output.read_text("utf-8") == dedupe.clean(tree / name).text
    for name in (*long, f"{'n' * 248}.jsonl#2"):
        assert _run("restore", outs[0], name)[0] == 0
    assert len(list((outs[0] / "clean").rglob("*.jsonl"))) == 1


def test_pages_with_odd_names_are_linked_and_records_are_not(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "https:" / "a").mkdir(parents=True)
    names = ["a#1.html", "https:/a/#x.html", "#.html", "b.jsonl#1.html"]
    for number, name in enumerate(names):
        lines = sentences(f"odd {number}", 16)
        (tree / name).write_text("".join(f"<p>{line}</p>" for line in lines), "utf-8")
        (tree / f"z{number}.html").write_text("".join(f"<p>{line}</p>" for line in lines[:12]), "utf-8")
    record = {"id": "r", "text": "\n\n".join(sentences("record", 16))}
    (tree / "b.jsonl").write_text(json.dumps(record) + "\n", "utf-8")
    (tree / "zz.txt").write_text("\n\n".join(sentences("record", 16)[:12]), "utf-8")
    _bulk(tree, tmp_path / "out", "--already-clean", "--duplicates", "link")
    clean = tmp_path / "out" / "clean"
    for number, name in enumerate(names):
        assert os.readlink(clean / f"z{number}.html.txt") == f"{name}.txt"
    assert _pages(tmp_path / "out")["zz.txt"]["duplicate_of"] == "b.jsonl#r"
    assert not os.path.lexists(clean / "zz.txt.txt")


def test_outputs_beside_single_sources_are_fine(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 3)
    check_places(find([tree / "site0" / "*.html"]), str(tree / "site0" / "out"))
    with pytest.raises(OptionsError):
        check_places(find([tree]), str(tree / "site0" / "out"))


# --- bad pages among good ones


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_every_good_page_is_cleaned_and_every_broken_one_named(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 40)
    bad = broken(tree)
    assert len(bad) >= 30
    err = _bulk(tree, tmp_path / "out", "--max-page", "2", code=1)
    pages = _pages(tmp_path / "out")
    good = {path: page for path, page in pages.items() if path.startswith("site")}
    assert len(good) == 40
    assert {page["status"] for page in good.values()} == {"kept"}
    errors = {row["path"]: row["reason"] for row in _rows(tmp_path / "out" / "errors.jsonl")}
    by_file = {path.partition("#")[0]: reason for path, reason in errors.items()}
    for name, reason in bad.items():
        assert reason in by_file.get(name, "no error"), name
        assert f"{name[:40]}" in err
    assert {path for path, page in pages.items() if page["status"] == "error"} == set(errors)


def test_a_page_that_takes_too_long_or_too_much_is_given_up(tmp_path: Path) -> None:
    tree = site(tmp_path / "tree", 6)
    cells = "".join(f"<p>{word} <b>{word}</b> {number}</p>" for number in range(15_000) for word in WORDS[:8])
    (tree / "site1" / "0-huge.html").write_text(f"<html><body>{cells}</body></html>", "utf-8")
    for number, (option, value, reason) in enumerate(
        [("--max-seconds", "1", "took longer than 1 s"), ("--max-memory", "100", "needs more than 100 MiB")]
    ):
        if option == "--max-memory" and sys.platform != "linux":
            continue
        out = tmp_path / f"out{number}"
        _bulk(tree, out, option, value, code=1)
        (error,) = _rows(out / "errors.jsonl")
        assert error["path"] == "site1/0-huge.html"
        assert reason in error["reason"]
        assert json.loads((out / "run.json").read_bytes())["pages"] == {"error": 1, "kept": 6}


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [
        ("pyarrow", "a.parquet", "parquet"),
        ("fastwarc", "a.warc.gz", "warc"),
        ("zstandard", "a.html.zst", "zstd"),
    ],
)
def test_a_missing_extra_is_named_and_the_rest_is_done(
    tmp_path: Path, package: str, name: str, extra: str
) -> None:
    tree = site(tmp_path / "tree", 2)
    (tree / name).write_bytes(
        b"\x28\xb5\x2f\xfd" if name.endswith(".zst") else gzip.compress(b"WARC/1.0\r\n")
    )
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / f"{package}.py").write_text("raise ImportError('not here')", "utf-8")
    environment = _environment(first=str(tmp_path / "packages"))
    err = _bulk(tree, tmp_path / "out", code=1, env=environment)
    assert f"{name}: needs {package}; install it with: pip install 'news-dedupe[{extra}]'" in err
    assert len([page for page in _pages(tmp_path / "out").values() if page["status"] == "kept"]) == 2


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    names = ["a\nb.html", "\x1b[31mred.html", "a#b.html", "..html", "<script>.html", "ä 新闻.html", "-o.html"]
    raw = [*map(os.fsencode, names), b"bad-\xff\xfe.html"]
    for name in raw:
        (tree / os.fsdecode(name)).write_text(html(repr(name)), "utf-8")
    (tree / "broken\x1b[31m.html.gz").write_bytes(b"")
    err = _bulk(tree, tmp_path / "out", "--report", tmp_path / "r.html", code=1)
    assert "\x1b" not in err
    pages = _pages(tmp_path / "out")
    assert {os.fsencode(name) for name in pages} == {*raw, b"broken\x1b[31m.html.gz"}
    for name in raw:
        assert (tmp_path / "out" / "clean" / f"{os.fsdecode(name)}.txt").exists()


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    tree = site(tmp_path / "tree", 100)
    assert "\r" not in _bulk(tree, tmp_path / "out")
    ours, theirs = pty.openpty()
    process = _start("bulk", tree, "-o", tmp_path / "out2", "--jobs", "1", stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass  # the other end is closed
    assert process.wait(PATIENCE) == 0
    assert b"pages" in shown
    assert b"/s" in shown
    assert b"left" in shown


# --- the stages


def _page(*texts: str, removed: str = "", **fields: Any) -> CleanedPage:
    """A page with these kept blocks, and one removed block between the first and the others."""
    blocks = [Block(2 * number, text) for number, text in enumerate(texts)]
    removals = (Removal(Block(1, removed), "share", "r", 0.9, tuple(blocks[:1])),) if removed else ()
    cleaner = _Given(CleanResult(tuple(blocks), removals, title="T", **fields))
    (page,) = prepare([RawPage("b", "text", record=b"{}")], cleaner, whole=True)
    return page


class _Given(Cleaner):
    """Finds the same in every page."""

    def __init__(self, result: CleanResult) -> None:
        super().__init__()
        self.result = result

    def clean(self, page: Any, *args: Any, **kwargs: Any) -> CleanResult:
        return self.result


def _finish(page: CleanedPage, verdict: PageDecision, **rendering: Any) -> Any:
    (found,) = finish([page], [verdict], Rendering(**rendering))
    return found


def _removals(found: Any) -> list[tuple[int, str, str]]:
    rows = map(json.loads, found.removals.splitlines())
    return [(row["block"], row["text"], row["reason"]) for row in rows]


def test_template_blocks_are_removed_with_that_reason() -> None:
    page = _page("one", "Sign up", "two", removed="Share")
    found = _finish(page, PageDecision(template=(1,)))
    assert found.output == "one\n\ntwo\n"
    assert _removals(found) == [(1, "Share", "share"), (2, "Sign up", "template")]
    assert found.page["removals"] == {"share": 1, "template": 1}
    assert found.page["chars_in"] == len("oneSign uptwoShare")
    assert _finish(page, PageDecision()).output == "one\n\nSign up\n\ntwo\n"


def test_template_blocks_go_from_json_too() -> None:
    found = _finish(_page("one", "Sign up", removed="one"), PageDecision(template=(0,)), format="json")
    result = CleanResult.from_dict(json.loads(found.output))
    assert [block.text for block in result.blocks] == ["Sign up"]
    assert [(removal.reason, removal.original) for removal in result.removals] == [
        ("template", None),
        ("share", None),
    ]


@pytest.mark.parametrize("duplicates", ["drop", "keep", "link"])
def test_what_becomes_of_a_duplicate(duplicates: str) -> None:
    page = _page("one", "two", removed="Share")
    verdict = PageDecision("a", "a", "near", 0.9, 0.95, linked=("c",))
    found = _finish(page, verdict, duplicates=duplicates)
    row = found.page
    assert [row[name] for name in ("cluster", "duplicate_of", "relation", "similarity", "containment")] == [
        "a", "a", "near", 0.9, 0.95,
    ]  # fmt: skip
    assert row["linked"] == ("c",)
    assert row["chars_in"] == len("onetwoShare")
    if duplicates == "keep":
        assert (row["status"], row["chars_kept"], found.output) == ("kept", 6, "one\n\ntwo\n")
        assert row["removals"] == {"share": 1}
    else:
        assert (row["status"], row["chars_kept"], found.output) == ("duplicate", 0, None)
        assert row["removals"] == {"duplicate": 2, "share": 1}
        assert _removals(found) == [(0, "one", "duplicate"), (1, "Share", "share"), (2, "two", "duplicate")]
        assert found.removed == {"duplicate": (2, 6), "share": (1, 5)}
        assert found.link == ("a" if duplicates == "link" else None)


def test_a_page_that_is_no_article_is_written_all_the_same() -> None:
    found = _finish(_page("a list", is_article=False), PageDecision())
    assert (found.page["status"], found.output) == ("no-article", "a list\n")


@given(st.lists(st.text(st.characters(), min_size=1)), st.text(st.characters()), st.text(st.characters()))
def test_cleaned_pages_survive_their_plain_form(texts: list[str], removed: str, path: str) -> None:
    page = _page(*texts, removed=removed)
    for case in (page, renamed(page, path), CleanedPage(path, error="why \ud800"), CleanedPage(path)):
        data = case.to_json()
        assert CleanedPage.from_json(data) == case
        assert article_texts(data) == tuple(block.text for block in case.article)
    assert [json.loads(line)["path"] for line in renamed(page, path).removals.splitlines()] == (
        [path] if removed and texts else [path][: bool(removed)]
    )


def test_the_lines_of_removals_are_what_json_makes_of_them() -> None:
    result = dedupe.clean(html("lines"))
    (page,) = prepare([RawPage('a "b"\n', html("lines"))], Cleaner())
    for line, removal in zip(page.removals.splitlines(), result.removals, strict=True):
        row = {
            "path": 'a "b"\n',
            "block": removal.block.number,
            "text": removal.block.text,
            "role": removal.block.role,
            "reason": removal.reason,
            "rule": removal.rule,
            "score": removal.score,
            "originals": [block.number for block in removal.originals],
        }
        assert json.loads(line) == row
        assert list(json.loads(line)) == list(row)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (b'{"a": 1.50}', b'{"a": 1.50,"clean_text":"x"}\n'),
        (b"{}", b'{"clean_text":"x"}\n'),
        (b'{"clean_text": "old", "b": 2}', b'{"clean_text":"x","b":2}\n'),
        (b'{"t": "\\"clean_text\\""}', b'{"t": "\\"clean_text\\"","clean_text":"x"}\n'),
    ],
)
def test_a_record_gets_its_text_without_being_rewritten(record: bytes, expected: bytes) -> None:
    assert record_line(record, {"clean_text": "x"}) == expected


def test_a_page_that_cannot_be_cleaned_is_an_error_of_that_page() -> None:
    class Broken(Cleaner):
        def clean(self, page: Any, *args: Any, **kwargs: Any) -> CleanResult:
            raise {"bug": ZeroDivisionError("oops"), "deep": RecursionError(), "read": InputError("no text")}[
                page
            ]

    found = prepare([RawPage(name, name) for name in ("bug", "deep", "read")], Broken())
    assert [page.error for page in found] == [
        "cannot be cleaned: ZeroDivisionError: oops",
        "is nested too deeply to be cleaned",
        "no text",
    ]


def test_counts_add_up_and_lose_nothing() -> None:
    page = _finish(_page("one"), PageDecision())
    empty = Counts({"kept": 1}, {"advert": 2}, {"advert": 0}, 5, 5)
    total = count([page]).plus(empty).plus(Counts())
    assert total.pages == {"kept": 2}
    assert (total.blocks["advert"], total.chars["advert"]) == (2, 0)
    assert total.chars_in == 3 + 5
    assert Counts.from_json(total.to_json()) == total


def test_options_have_sane_defaults() -> None:
    options = BulkOptions()
    assert options.rendering.duplicates == "drop"
    assert options.limits == Limits()
