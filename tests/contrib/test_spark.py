"""The bulk job on a cluster: the same answers as on one machine, whatever happens on the way."""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from bulk_pages import html, sentences
from click.testing import CliRunner
from conftest import ON_CI
from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.bulk.compare import prepared
from dedupe.bulk.records import CleanedPage, KeptBlock
from dedupe.bulk.run import run as bulk_run
from dedupe.bulk.tasks import BulkOptions
from dedupe.cli.main import cli
from dedupe.corpus.candidates import candidates
from dedupe.corpus.components import components
from dedupe.corpus.records import Document, Signatures
from dedupe.corpus.signatures import compute_signatures
from dedupe.corpus.thresholds import CANDIDATE_RULES
from dedupe.corpus.verify import by_sentences
from dedupe.errors import DedupeError, OptionsError
from dedupe.sources.chunks import Chunk, chunks, container_chunks
from dedupe.sources.chunks import pages as raw_pages
from dedupe.sources.find import Plan, SourceFile, find
from dedupe.sources.limits import Limits
from dedupe.sources.records import Fields, RawPage
from dedupe.text.minhash import grouped_pairs

_MISSING = [name for name in ("pyspark", "pandas") if importlib.util.find_spec(name) is None]
_MISSING += [] if shutil.which("java") else ["Java"]
if _MISSING and not ON_CI:
    pytest.skip(f"needs {' and '.join(_MISSING)}", allow_module_level=True)

import pyarrow as pa  # noqa: E402
from spark_cluster import SETTINGS, Cluster, cluster, dying, outputs  # noqa: E402

from dedupe.contrib import spark  # noqa: E402
from dedupe.contrib.spark import components as stars  # noqa: E402
from dedupe.contrib.spark import flow, job, reading, records, tasks  # noqa: E402
from dedupe.contrib.spark.stages import Stages  # noqa: E402

pytestmark = pytest.mark.xdist_group("spark")  # one cluster, whatever the number of test processes


# ---------------------------------------------------------------- sources


def source(folder: Path) -> Path:
    """Pages and records: copies of many kinds, site templates, ids that stand twice, broken ones."""
    folder.mkdir(parents=True)
    rows = [_record(number) for number in range(90)]
    rows += [_wall(number) for number in range(9)]
    rows += [{**rows[3], "url": "https://s1.example/again"}, {"id": "3", "text": rows[4]["text"]}]
    rows += [{"id": "empty", "text": ""}, {"id": "none"}, {"id": "odd", "text": f"{rows[5]['text']} \ud800"}]
    random.Random(1).shuffle(rows)
    lines = [json.dumps(row) + "\n" for row in rows]
    (folder / "a.jsonl").write_text("".join(lines[:60]))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress("".join(lines[60:]).encode()))
    (folder / "bad.html.gz").write_bytes(b"no gzip")
    for number in range(12):
        (folder / f"page{number:02}.html").write_text(html(str(number - number % 4 // 3)))
    return folder


def _record(number: int) -> dict[str, Any]:
    """An article; every tenth is an edited copy, some pages hold several of the others."""
    story = number - 3 if number % 10 == 7 else number
    lines = sentences(f"story {story}", 14)
    if story != number:
        lines[5] = sentences(f"edit {number}", 1)[0]
    body = [" ".join(lines[at : at + 3]) for at in range(0, 14, 3)]
    if number % 40 == 39:
        body = [" ".join(sentences(f"story {other}", 14)) for other in (1, 2, 4)]
    site = f"s{number % 3}.example"
    body.append(f"The newsroom of {site} invites all of its readers to write to its editors this week.")
    return {"id": str(number), "url": f"https://{site}/{number}", "text": "\n\n".join(body)}


def _wall(number: int) -> dict[str, Any]:
    return {
        "id": f"wall{number}",
        "url": f"https://s{number % 3}.example/wall{number}",
        "text": "Subscribe to read the whole of this article with all of its pictures.",
    }


# ---------------------------------------------------------------- without a cluster


@st.composite
def signatures(draw: st.DrawFn) -> Signatures:
    texts = draw(st.lists(st.lists(st.text("abc 你好.7\ud800", max_size=40), max_size=3), max_size=5))
    names = st.text("ab/\ud800", max_size=4)
    return compute_signatures(
        [Document(draw(names), tuple(text), draw(names), draw(names)) for text in texts]
    )


@given(signatures())
def test_signatures_survive_the_way_through_arrow(signed: Signatures) -> None:
    batch = records.rows(records.signed_columns(signed))
    padded = records.one_batch(pa.Table.from_batches([batch, batch]))
    found = records.signed_from(padded.slice(len(signed)))
    for name in Signatures.__slots__:
        before, after = getattr(signed, name), getattr(found, name)
        assert before == after if isinstance(before, tuple) else np.array_equal(before.ravel(), after.ravel())


def test_evidence_survives_the_way_through_arrow() -> None:
    signed = compute_signatures([Document(str(at), tuple(sentences(str(at // 2)))) for at in range(6)])
    evidence = by_sentences(signed, np.array([0, 1, 2]), np.array([1, 2, 3]))
    found = records.evidence_from(records.evidence_column(evidence).slice(1))
    for name in evidence.__slots__:
        assert np.array_equal(getattr(evidence, name)[1:], getattr(found, name))


_ORDERS = st.tuples(
    st.sampled_from([0.0, -1.5]) | st.floats(allow_nan=False).map(lambda value: value + 0.0),
    st.text("a\0\1", max_size=3) | st.text("ab\ud800~é", max_size=4),
    st.integers(0, 2),
    st.integers(0, 2**64 - 1),
    st.text("ab\0", max_size=4),
)


@given(_ORDERS, _ORDERS)
@example((0.0, "a", 1, 0, ""), (0.0, "a\0", 0, 0, ""))
def test_orders_sort_as_bytes_as_they_do_as_tuples(one: tuple[Any, ...], two: tuple[Any, ...]) -> None:
    assert (one < two) == (records.sortable(one) < records.sortable(two))


@given(st.lists(st.integers(1, 40), max_size=5), st.lists(st.integers(1, 40), max_size=20), st.integers(1, 4))
def test_groups_in_pieces_give_the_pairs_of_whole_groups(
    sizes: list[int], cuts: list[int], neighbours: int
) -> None:
    keys = [key for key, size in enumerate(sizes) for _ in range(size)]
    column, nodes = np.array(keys, np.int64), np.arange(len(keys))
    batch = records.rows({"key": column, "node": nodes, "size": np.ones(len(keys), np.int32)})
    at = np.unique(np.minimum(np.cumsum([0, *cuts]), len(keys))).tolist()
    pieces = [batch.slice(low, high - low) for low, high in zip(at, [*at[1:], len(keys)], strict=True)]
    found = [row for part in tasks.proposed(neighbours, 15, pieces) for row in part.to_pylist()]
    expected = grouped_pairs(column.view(np.uint64), nodes, neighbours=neighbours)
    pairs = sorted(zip(*(side.tolist() for side in expected), strict=True))
    assert sorted((row["a"], row["b"]) for row in found if row["b"] is not None) == pairs
    heavy = {row["a"]: row["shared"] for row in found if row["b"] is None}
    assert heavy == {key: keys.count(key) for key in set(keys) if keys.count(key) > 15}


def test_proposed_pairs_are_those_of_one_machine() -> None:
    pages = [CleanedPage(str(number), kept=_rows(number)) for number in range(60)]
    batches = [reading.prepared_rows([b""] * 6, pages[at : at + 6]) for at in range(0, 60, 6)]
    samples = _proposed(tasks.sample_keys, CANDIDATE_RULES.neighbour_articles, batches)
    bands = _proposed(tasks.band_keys, 3, batches)
    shared = Counter((row["a"], row["b"]) for row in samples)
    sizes = {(row["a"], row["b"]): row["size"] for row in samples}
    summed = [{"a": a, "b": b, "shared": shared[a, b], "size": size} for (a, b), size in sizes.items()]
    enough = tasks.enough([pa.RecordBatch.from_pylist(summed)])
    found = {(row["a"], row["b"]) for batch in enough for row in batch.to_pylist()}
    assert len(found) < len(sizes)  # some share too little
    signed = compute_signatures([prepared(page) for page in pages])
    one, two = (records.nodes(signed.digests[side]) for side in candidates(signed, np.arange(60)))
    expected = zip(np.minimum(one, two).tolist(), np.maximum(one, two).tolist(), strict=True)
    assert found | {(row["a"], row["b"]) for row in bands} == set(expected)


def _rows(number: int) -> tuple[KeptBlock, ...]:
    """Long and short articles, edited copies, and what half of them say."""
    lines = sentences(f"story {number - number % 3}", 2 if number % 5 == 0 else 40)
    lines[number % len(lines)] = sentences(f"edit {number}", 1)[0]
    lines += sentences(f"refrain {number % 2}", 3)
    return tuple(KeptBlock(at, line) for at, line in enumerate(lines))


def _proposed(keys: Callable[..., Any], neighbours: int, batches: list[Any]) -> list[dict[str, Any]]:
    found = pa.Table.from_batches(keys(batches))
    ordered = found.sort_by([(name, "ascending") for name in ("key", "least", "node")]).to_batches()
    return [row for batch in tasks.proposed(neighbours, 1000, ordered) for row in batch.to_pylist()]


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=12))
def test_the_driver_names_components_by_their_smallest_node(links: list[tuple[int, int]]) -> None:
    columns = [pa.array([link[side] for link in links], pa.int64()) for side in (0, 1)]
    found = stars._labels(pa.table(columns, ["a", "b"]))
    least = {node: node for link in links for node in link}
    for one, two in links * len(links):
        least[one] = least[two] = min(least[one], least[two])
    assert dict(zip(found["node"].to_pylist(), found["label"].to_pylist(), strict=True)) == least


@pytest.mark.parametrize("count", [1, 2, 7])
def test_partitions_hold_the_input_in_its_order(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_BATCH", 7)
    plan = find([str(source(tmp_path / "in"))])
    everything = sorted(reading.units(plan, list(enumerate(plan.files))), key=lambda unit: unit.first)
    parts = job._parts(everything, count)
    assert len(parts) == count
    assert [unit for part in parts for unit in part] == everything
    work = reading.preparing(plan, BulkOptions(already_clean=True))
    batches = [batch for unit in everything for _, batch in work(unit, {}, lambda at, items=1: None)]
    lines = [page.path for chunk in chunks(plan, _streamed(plan)) for page in _raw(plan, chunk)]
    places = [place for batch in batches for place in batch.column("place").to_pylist()]
    assert places == sorted(set(places))
    assert [name for batch in batches for name in records.texts_from(batch.column("name"))] == lines


def _streamed(plan: Plan) -> Callable[[SourceFile], Iterator[Chunk]]:
    return lambda file: container_chunks(plan, file, Fields(), Limits())


def _raw(plan: Plan, chunk: Chunk) -> Iterator[RawPage]:
    return raw_pages(plan, chunk, Fields(), Limits(), {})


def test_a_machine_without_java_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    page = tmp_path / "page.txt"
    page.write_text("x")
    found = CliRunner().invoke(cli, ["spark", str(page), "-o", str(tmp_path / "out")], obj={})
    assert isinstance(found.exception, DedupeError)
    assert "needs Java 17" in str(found.exception)


# ---------------------------------------------------------------- on a cluster


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if _MISSING:
        pytest.fail(f"missing: {' and '.join(_MISSING)}")
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def session(machines: Cluster) -> Iterator[Any]:
    made = spark.session(machines.master, SETTINGS)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return source(tmp_path_factory.mktemp("source") / "in")


@pytest.fixture(scope="module")
def expected(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    dest = tmp_path_factory.mktemp("bulk") / "out"
    bulk_run([str(pages)], str(dest), BulkOptions())
    found = outputs(dest)
    rows = [json.loads(line) for line in found["pages"]]
    # what is compared is worth comparing
    assert {row["relation"] for row in rows} >= {"exact", "near"}
    assert {row["status"] for row in rows} >= {"kept", "duplicate", "error"}
    assert any(row["linked"] for row in rows)
    assert any("template" in row["removals"] for row in rows)
    assert any("~" in row["path"] for row in rows)
    return found


def test_the_same_answers_after_an_interruption(
    session: Any, pages: Path, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = str(tmp_path / "out")
    tuning = spark.Tuning(partitions=2, wave=1, isolated=True)
    run = Stages.done

    def stopped(self: Stages, name: str, make: Callable[[], Any]) -> Any:
        return _stop() if name == "articles" else run(self, name, make)

    monkeypatch.setattr(Stages, "done", stopped)
    with pytest.raises(KeyboardInterrupt):
        spark.run(session, [str(pages)], dest, BulkOptions(), tuning)
    monkeypatch.undo()
    with pytest.raises(OptionsError, match="--resume"):
        spark.run(session, [str(pages)], dest, BulkOptions(), tuning)
    with pytest.raises(OptionsError, match="already-clean"):
        spark.run(session, [str(pages)], dest, BulkOptions(already_clean=True), tuning, "resume")
    assert not (tmp_path / "out" / "clean").exists()
    shutil.rmtree(tmp_path / "out" / ".dedupe-spark" / "prepared" / "00001")
    summary = spark.run(session, [str(pages)], dest, BulkOptions(), tuning, "resume")
    assert {name for name in summary.seconds if name.startswith("prepared")} == {"prepared/00001"}
    assert outputs(tmp_path / "out") == expected
    _check_manifest(tmp_path / "out")


def _stop() -> NoReturn:
    raise KeyboardInterrupt


def _check_manifest(dest: Path) -> None:
    manifest = json.loads((dest / "manifest.json").read_text())
    files = {
        f"{name}/{file}": size for name, part in manifest["files"].items() for file, size in part.items()
    }
    found = {str(file.relative_to(dest)): file.stat().st_size for file in dest.rglob("part-*")}
    assert files == found
    assert {path.name for path in dest.iterdir()} == {
        "clean",
        "pages",
        "removals",
        "errors",
        "manifest.json",
    } | {path.name for path in dest.glob(".*.crc")}


def test_a_data_frame_in_and_out(session: Any, tmp_path: Path) -> None:
    session.conf.set("spark.sql.shuffle.partitions", "1")
    rows = [(row["id"], row["url"], row["text"]) for row in map(_record, range(30))]
    rows += [("copy", "https://s0.example/copy", rows[5][2])]
    random.Random(2).shuffle(rows)
    frame = session.createDataFrame(rows, "id string, url string, text string").repartition(1)
    found = {
        row["path"]: row
        for row in spark.deduplicate(
            frame, str(tmp_path / "work"), tuning=spark.Tuning(partitions=1)
        ).collect()
    }
    assert len(found) == len(rows)
    assert (found["copy"]["duplicate_of"], found["copy"]["relation"]) == ("5", "exact")  # the shorter name
    assert found["17"]["cluster"] == found["14"]["cluster"] is not None
    assert found["copy"]["clean_text"] is None
    assert sentences("story 5", 14)[0] in found["5"]["clean_text"]


def test_ids_that_stand_twice_in_a_data_frame_are_refused(session: Any, tmp_path: Path) -> None:
    frame = session.createDataFrame([("one", "text"), ("one", "more")], "id string, text string")
    with pytest.raises(OptionsError, match="'one' stands 2 times"):
        spark.deduplicate(frame, str(tmp_path / "work"))
    with pytest.raises(OptionsError, match="no column 'id'"):
        spark.deduplicate(frame.drop("id"), str(tmp_path / "work"))


def test_stars_find_the_components_of_any_graph(session: Any, tmp_path: Path) -> None:
    rng = np.random.RandomState(3)
    ends = [rng.randint(0, 60, 40), rng.randint(0, 60, 40)]
    path = rng.permutation(np.arange(100, 130))  # the hardest: a long path in no order
    ends = [np.concatenate([ends[0], path[:-1]]), np.concatenate([ends[1], path[1:]])]
    nodes = [(side * 7919 % 1009 - 500).astype(np.int64) for side in ends]
    links = session.createDataFrame(pa.table({"a": nodes[0], "b": nodes[1]}))
    stages = Stages(session, str(tmp_path))
    found = {row["node"]: row["label"] for row in stars.components(stages, "stars", links, 0).collect()}
    labels = components(130, *ends)
    name = dict(zip(np.concatenate(nodes).tolist(), labels[np.concatenate(ends)].tolist(), strict=True))
    least: dict[int, int] = {}
    for node, label in name.items():
        least[label] = min(node, least.get(label, node))
    alone = {int(one) for one, two in zip(*nodes, strict=True) if one == two} - found.keys()
    assert found == {node: least[label] for node, label in name.items() if node not in alone}


def test_giant_components_are_cut_into_pieces_of_likely_copies(session: Any, tmp_path: Path) -> None:
    stages = Stages(session, str(tmp_path))
    labels = session.createDataFrame(
        [(node, 7 if node < 10 else 8) for node in range(12)], "node long, label long"
    )
    samples = [np.array([node // 5, 50], records.kind_of("samples")).tobytes() for node in range(12)]
    articles = session.createDataFrame(list(enumerate(samples)), "node long, samples binary")
    pieces = flow._pieces(stages, articles, labels, 5).collect()
    parts: dict[int, set[int]] = {}
    for row in pieces:
        parts.setdefault(row["label"], set()).add(row["node"])
    assert sorted(map(sorted, parts.values())) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
    assert [row["count"] for row in stages.spark.read.parquet(f"{tmp_path}/giants").collect()] == [10]


def test_the_same_answers_when_workers_die(
    machines: Cluster, session: Any, pages: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    session.conf.set("spark.sql.shuffle.partitions", "7")
    tuning = spark.Tuning(partitions=7, heavy=20, isolated=False, gathered=0)
    before = list(machines.workers)
    verifying, connecting = "first-signatures", "first-labels-1"  # a round of the stars
    with dying(machines, session, verifying) as one, dying(machines, session, connecting) as two:
        summary = spark.run(session, [str(pages)], str(tmp_path / "out"), BulkOptions(), tuning)
    assert one
    assert verifying in one[0]
    assert two
    assert connecting in two[0]
    assert all(worker.poll() is not None for worker in before)
    assert summary.failed == 2
    assert summary.heavy
    assert outputs(tmp_path / "out") == expected
